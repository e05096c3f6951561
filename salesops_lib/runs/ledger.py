"""What has been run, and what is published: the records in `reports/.runs/` and the manifest."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.runs import publish

if TYPE_CHECKING:
    import pandas as pd

KEPT_RUNS = 50
DAY_SECONDS = 86_400
RECORD = "run.json"
STAMP = "%Y%m%dT%H%M%S%fZ"
CUT_OFF = "the run was cut off"
INTERRUPTED = "the run was interrupted"
COLUMNS = ("report", "period", "unit", "lang", "state", "grade", "published_at", "headline", "path", "cause")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def begin(folder: Path, report: str, period: str, lang: str, *, unit: str = "", attempt: int = 1) -> Path:
    """A new run directory below `reports/`, with the record of a run that has begun.

    `lang` names one language, or several with commas between.
    """
    runs = folder / ".runs"
    room = runs / f"{_stamp(runs)}-{report}-{lang}-{secrets.token_hex(2)}"
    _with_reserve(folder, room.mkdir)
    named = {"report": report, "period": period, "unit": unit, "lang": lang, "attempt": attempt}
    pid = os.getpid()
    record(room, **named, state="RUNNING", pid=pid, process=_process(pid), started_at=now())
    return room


def _stamp(runs: Path) -> str:
    """The moment, or the one after the latest run's where the clock was set back since: order is kept."""
    with os.scandir(runs) as found:
        latest = max((entry.name.partition("-")[0] for entry in found if entry.name[0].isdigit()), default="")
    moment = datetime.now(UTC)
    with contextlib.suppress(ValueError):
        after = datetime.strptime(latest, STAMP).replace(tzinfo=UTC) + timedelta(microseconds=1)
        moment = max(moment, after)
    return moment.strftime(STAMP)


def _with_reserve(folder: Path, write: Callable[[], object]) -> None:
    """Do `write`; where the disk is full, again with the room that was put by for that."""
    try:
        write()
    except OSError as problem:
        if problem.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        publish.release_reserve(folder)
        write()


def settle(folder: Path) -> None:
    """Mark as ABORTED the runs whose process has ended without a word."""
    for known in records(folder):
        if known["state"] == "RUNNING" and not _goes_on(known):
            record(folder / ".runs" / known["run_id"], state="ABORTED", cause="aborted", message=CUT_OFF)


def interrupt(folder: Path) -> None:
    """Mark as ABORTED the runs of this process, which was told to end."""
    for known in records(folder):
        if known["state"] == "RUNNING" and known["pid"] == os.getpid():
            told = {"cause": "interrupted", "message": INTERRUPTED, "finished_at": now()}
            with contextlib.suppress(OSError):  # its own thread may be saying so at this moment
                record(folder / ".runs" / known["run_id"], state="ABORTED", **told)


def record(room: Path, **facts: Any) -> None:
    """Add `facts` to the record of the run in `room`."""
    path = room / RECORD
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"run_id": room.name}
    text = json.dumps({**known, **facts}, ensure_ascii=False, indent=1)
    draft = room / (RECORD + ".new")
    try:
        _with_reserve(room.parent.parent, lambda: draft.write_text(text, encoding="utf-8"))
    except OSError:
        if not path.exists():
            raise
        path.write_text(text, encoding="utf-8")  # no room for a second file: over the first
    else:
        draft.replace(path)


def records(folder: Path) -> list[dict[str, Any]]:
    """Records of the runs that are kept, oldest first; unreadable ones are left out."""
    found = []
    for path in sorted((folder / ".runs").glob(f"*/{RECORD}")):
        with contextlib.suppress(OSError, ValueError):
            found.append(json.loads(path.read_text(encoding="utf-8")))
    return found


def latest(folder: Path) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    """The last record of each period, report, unit and language."""
    return {
        publish.identity(one): one
        for known in records(folder)
        for one in ({**known, "lang": lang} for lang in known["lang"].split(","))
    }


def forget_old(folder: Path) -> None:
    """Remove old run directories: kept are the latest that failed and the latest of the others.

    A run that goes on is never removed; a directory without a readable record counts as failed.
    """
    known = {one["run_id"]: one for one in records(folder)}
    rooms = sorted(path for path in (folder / ".runs").iterdir() if path.is_dir() and path.name[0].isdigit())
    ended = [room for room in rooms if not (room.name in known and _goes_on(known[room.name]))]
    failed = [room for room in ended if known.get(room.name, {}).get("state") != "PUBLISHED"]
    others = [room for room in ended if room not in set(failed)]
    for room in (*failed[:-KEPT_RUNS], *others[:-KEPT_RUNS]):
        if room.name in known or _is_old(room):
            shutil.rmtree(room, ignore_errors=True)


def _is_old(room: Path) -> bool:
    """Whether a directory without a record is not one that is just being made."""
    with contextlib.suppress(OSError):
        return time.time() - room.stat().st_mtime > DAY_SECONDS
    return False


def _goes_on(known: dict[str, Any]) -> bool:
    return known["state"] == "RUNNING" and _process(known["pid"]) == known["process"]


def _process(pid: int) -> str:
    """What tells a living process from all others, of earlier boots as well; empty for a dead one.

    On systems without /proc it is the number alone.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return ""
        except PermissionError:
            pass
        return str(pid)
    try:
        started = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""
    return f"{pid} {started} {boot}"


def status(root: Path | str) -> pd.DataFrame:
    """State of every report that was ever published or tried: one row a report, period,
    unit and language.

    Returns
    -------
    pd.DataFrame
        Columns report, period, unit, lang, state, grade, published_at (UTC), headline, path (of the
        page, relative to the workspace), cause.  `state` is published; stale: data or policy
        are not those of the page; missing: its files are gone or changed; failed: the last run
        failed, `path` is the last good page if there is one; running.

    Raises
    ------
    DataError, PolicyError
        If the workspace cannot be opened.
    """
    import pandas as pd

    from salesops_lib.runs import inputs

    present = inputs.read(Path(root))
    folder = present.root / "reports"
    rows = {publish.identity(entry): _published(folder, entry, present) for entry in publish.manifest(folder)}
    for identity, known in latest(folder).items():
        if known["state"] == "PUBLISHED":
            continue
        state = "running" if _goes_on(known) else "failed"
        named = {name: known[name] for name in ("report", "period", "unit", "lang")}
        base = rows.get(identity, {**dict.fromkeys(COLUMNS, ""), **named})
        cause = known.get("message", "") or ("" if state == "running" else CUT_OFF)
        rows[identity] = {**base, "state": state, "cause": cause}
    return pd.DataFrame([rows[identity] for identity in sorted(rows)], columns=list(COLUMNS))


def _published(folder: Path, entry: publish.Entry, present: Any) -> dict[str, Any]:
    state, cause = standing(entry, present, is_whole=publish.is_intact(folder, entry))
    page = next((name for name in entry["files"] if name.endswith(".html")), "")
    shown = {name: entry.get(name, "") for name in ("report", "period", "unit", "lang", "grade", "headline")}
    return {
        **shown,
        "state": state,
        "published_at": entry["finished_at"],
        "path": f"reports/{page}",
        "cause": _TOLD.get(cause, ""),
    }


#: Why a published report does not stand as it is, on the terminal; the index words it by the catalogue.
_TOLD = {
    "files": "its files are gone or were changed",
    "data": "the data have changed",
    "policy": "the policy has changed",
}


def standing(entry: publish.Entry, present: Any, *, is_whole: bool) -> tuple[str, str]:
    """State of a published report against the `present` inputs, and which part is the cause."""
    if not is_whole:
        return "missing", "files"
    if entry["data"] != present.data:
        return "stale", "data"
    if entry["policy"]["sha256"] != present.policy_sha256:
        return "stale", "policy"
    return "published", ""
