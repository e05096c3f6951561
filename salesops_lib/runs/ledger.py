"""What has been run, and what is published: the records in `reports/.runs/` and the manifest."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.runs import publish

if TYPE_CHECKING:
    import pandas as pd

KEPT_RUNS = 50
RECORD = "run.json"
CUT_OFF = "the run was cut off"
COLUMNS = ("report", "period", "unit", "lang", "state", "grade", "published_at", "headline", "path", "cause")


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def begin(folder: Path, report: str, period: str, lang: str, *, unit: str = "", attempt: int = 1) -> Path:
    """A new run directory below `reports/`, with the record of a run that has begun.

    `lang` names one language, or several with commas between.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    room = folder / ".runs" / f"{stamp}-{report}-{lang}-{secrets.token_hex(2)}"
    room.mkdir()
    named = {"report": report, "period": period, "unit": unit, "lang": lang, "attempt": attempt}
    pid = os.getpid()
    record(room, **named, state="RUNNING", pid=pid, process=_process(pid), started_at=now())
    return room


def settle(folder: Path) -> None:
    """Mark as ABORTED the runs whose process has ended without a word."""
    for known in records(folder):
        if known["state"] == "RUNNING" and not _goes_on(known):
            record(folder / ".runs" / known["run_id"], state="ABORTED", cause="aborted", message=CUT_OFF)


def record(room: Path, **facts: Any) -> None:
    """Add `facts` to the record of the run in `room`."""
    path = room / RECORD
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"run_id": room.name}
    draft = room / (RECORD + ".new")
    draft.write_text(json.dumps({**known, **facts}, ensure_ascii=False, indent=1), encoding="utf-8")
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
    """Remove all but the latest run directories; a run that goes on is never removed."""
    for known in records(folder)[:-KEPT_RUNS]:
        if not _goes_on(known):
            shutil.rmtree(folder / ".runs" / known["run_id"], ignore_errors=True)


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
    state, cause = "published", ""
    if not publish.is_intact(folder, entry):
        state, cause = "missing", "its files are gone or were changed"
    elif entry["data"] != present.data:
        state, cause = "stale", "the data have changed"
    elif entry["policy"]["sha256"] != present.policy_sha256:
        state, cause = "stale", "the policy has changed"
    page = next((name for name in entry["files"] if name.endswith(".html")), "")
    shown = {name: entry.get(name, "") for name in ("report", "period", "unit", "lang", "grade", "headline")}
    return {
        **shown,
        "state": state,
        "published_at": entry["finished_at"],
        "path": f"reports/{page}",
        "cause": cause,
    }
