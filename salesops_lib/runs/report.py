"""One report: made in its turn, checked, rendered in all its languages, and published whole."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.errors import BusyError, RunError, SalesopsError
from salesops_lib.runs import inputs, ledger, publish, restated
from salesops_lib.runs import said as said_before
from salesops_lib.runs.execute import Executed, Fault, Limits, execute
from salesops_lib.runs.notebooks import is_on_request
from salesops_lib.runs.turns import turn
from salesops_lib.runs.units import WHOLE, ScopedWorkspaces, Unit

if TYPE_CHECKING:
    from salesops_lib.runs.inputs import Inputs
    from salesops_lib.runs.zygote import Zygote

Status = Literal["begun", "published", "failed", "up-to-date"]


@dataclass(frozen=True)
class Result:
    """What became of one report in one language.

    `path` is the published page (the last good one when the run failed, None when there is
    none); `cause` is one of error, memory, exit, kernel-death, timeout, deadline, unfinished,
    input-changed, render, publish, disk, busy, interrupted, internal, or empty; `message` says it
    to the user; `run_folder` keeps the evidence; `attempts` counts how often it was begun; `unit`
    and its kind, `by`, are empty for the whole company.
    """

    notebook: str
    period: str
    lang: str
    status: Status
    path: Path | None = None
    seconds: float = 0.0
    cause: str = ""
    message: str = ""
    run_folder: Path | None = None
    attempts: int = 1
    unit: str = ""
    by: str = ""


Watch = Callable[[Result], None]

#: What the system says of a file system that is away for a moment.
_MAY_RETURN = {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENOTCONN, errno.EHOSTDOWN, errno.ENETUNREACH}


@dataclass(frozen=True)
class Task:
    """One notebook for one period, in the languages that are due."""

    notebook: Path
    languages: tuple[str, ...]
    given: Mapping[str, Any]
    inputs: Inputs
    reports: Path
    limits: Limits
    unit: Unit = WHOLE
    pdf: bool = False

    @property
    def stem(self) -> str:
        """Path of its pages below the reports, without language and ending."""
        unit = f".{self.unit.file_name}" if self.unit else ""
        return f"{self.inputs.period}/{self.notebook.stem}{unit}"

    @property
    def data(self) -> str:
        """Fingerprint of the facts that the notebook reads."""
        return self.unit.data(self.inputs.data)

    def page(self, lang: str) -> Path:
        return self.reports / f"{self.stem}.{lang}.html"

    def parts(self, lang: str, notebook: Path | None = None) -> dict[str, Any]:
        """What its page in `lang` depends on; `notebook` is the copy that ran, where it has run."""
        return self.inputs.parts(notebook or self.notebook, lang, self.given, self.data)

    def values(self, workspace: Path) -> dict[str, Any]:
        own = {"period": self.inputs.period, "lang": ",".join(self.languages)}
        return {**self.given, **own, "workspace": str(workspace)}

    def result(self, lang: str, status: Status, **facts: Any) -> Result:
        return Result(
            self.notebook.stem,
            self.inputs.period,
            lang,
            status,
            unit=self.unit.name,
            by=self.unit.by,
            **facts,
        )

    def failed(self, cause: str, message: str, **facts: Any) -> list[Result]:
        """A result for each language; its path is the last good page."""
        paths = {lang: self.page(lang) for lang in self.languages}
        said = {"cause": cause, "message": message, **facts}
        return [
            self.result(lang, "failed", path=path if path.exists() else None, **said)
            for lang, path in paths.items()
        ]


@dataclass(frozen=True)
class Kitchen:
    """What runs share: a directory with a short path for sockets, and where kernels are forked from."""

    room: Path
    zygote: Zygote | None
    workspaces: ScopedWorkspaces
    ending: threading.Event = field(default_factory=threading.Event)


def due(task: Task) -> tuple[list[Result], Task]:
    """Results of languages whose page is up to date, and the task of the others."""
    entries = {publish.identity(entry): entry for entry in publish.manifest(task.reports)}
    current = []
    for lang in task.languages:
        entry = entries.get((task.inputs.period, task.notebook.stem, task.unit.name, lang))
        if entry is None or (task.pdf and not any(name.endswith(".pdf") for name in entry["files"])):
            continue
        key = restated.key(task.parts(lang), entry.get("restates", {}))
        if entry["key"] == key and publish.is_intact(task.reports, entry):
            current.append(task.result(lang, "up-to-date", path=task.page(lang)))
    done = {result.lang for result in current}
    return current, replace(task, languages=tuple(lang for lang in task.languages if lang not in done))


def reasons(task: Task) -> list[str]:
    """Why its pages are not up to date: parts of the key that changed, `files`, or `new`."""
    entries = {publish.identity(entry): entry for entry in publish.manifest(task.reports)}
    found: set[str] = set()
    for lang in task.languages:
        entry = entries.get((task.inputs.period, task.notebook.stem, task.unit.name, lang))
        if entry is None:
            found.add("new")
            continue
        parts, known = task.parts(lang), entry.get("parts", {})
        found |= {name for name in parts.keys() | known.keys() if parts.get(name) != known.get(name)}
        if not publish.is_intact(task.reports, entry):
            found.add("files")
    return sorted(found)


def make(task: Task, kitchen: Kitchen, force: bool, watch: Watch) -> list[Result]:
    """One report, in its turn: whoever waited for another run of it takes that one's pages."""
    for lang in task.languages:
        watch(task.result(lang, "begun"))
    started = time.perf_counter()
    try:
        with turn(task.reports, task.stem, task.limits.run_seconds):
            current, task = ([], task) if force else due(task)
            if task.languages:
                with kitchen.workspaces.of(task.unit) as workspace:
                    results = current + _tried(task, kitchen, workspace, started)
            else:
                results = current
    except RunError as refused:
        cause = "busy" if isinstance(refused, BusyError) else "publish"
        results = task.failed(cause, str(refused), seconds=time.perf_counter() - started)
    except Exception as mistake:  # its unit's store could not be made; the other reports go on
        results = _not_begun(task, mistake, started)
    for result in results:
        watch(result)
    return results


def _not_begun(task: Task, mistake: Exception, started: float) -> list[Result]:
    """A failed run of a report whose kernel was never asked for."""
    folder = ledger.begin(
        task.reports, task.notebook.stem, task.inputs.period, ",".join(task.languages), unit=task.unit.name
    )
    fault = _our_mistake(task, folder, "internal", "could not be prepared", mistake)
    _close(task, folder, fault)
    told = {"seconds": time.perf_counter() - started, "run_folder": folder}
    return task.failed(fault.cause, fault.message, **told)


def _tried(task: Task, kitchen: Kitchen, workspace: Path, started: float) -> list[Result]:
    """The report after as many attempts as its faults allow."""
    limits = task.limits
    for attempt in range(1, limits.attempts + 1):
        folder, fault = _attempt(task, kitchen, workspace, started, attempt)
        if fault is None or not fault.is_passing or attempt == limits.attempts:
            break
        time.sleep(limits.pause_seconds * 2 ** (attempt - 1))
    told = {"seconds": time.perf_counter() - started, "run_folder": folder, "attempts": attempt}
    if fault is not None:
        return task.failed(fault.cause, fault.message, **told)
    return [task.result(lang, "published", path=task.page(lang), **told) for lang in task.languages]


def _attempt(
    task: Task, kitchen: Kitchen, workspace: Path, started: float, attempt: int
) -> tuple[Path | None, Fault | None]:
    named = (task.notebook.stem, task.inputs.period, ",".join(task.languages))
    try:
        folder = ledger.begin(task.reports, *named, unit=task.unit.name, attempt=attempt)
        ledger.record(folder, because=reasons(task))
    except OSError as problem:
        return None, _no_room(task, problem)
    begun_at = ledger.now()
    try:
        ended = execute(
            task.notebook,
            task.values(workspace),
            folder=folder,
            cwd=workspace if task.unit.is_scoped else task.notebook.parent,
            room=kitchen.room,
            zygote=kitchen.zygote,
            limits=task.limits,
        )
    except OSError as problem:
        ended = _no_room(task, problem)
    except Exception as mistake:
        ended = _our_mistake(task, folder, "internal", "could not be run", mistake)
    if kitchen.ending.is_set():
        ended = Fault("interrupted", f"{task.notebook.stem}: {ledger.INTERRUPTED}.")
    fault = ended if isinstance(ended, Fault) else _deliver(task, ended, folder, begun_at, started)
    _close(task, folder, fault)
    return folder, fault


def _close(task: Task, folder: Path, fault: Fault | None) -> None:
    """Write how the run ended; what cannot be written now is found ABORTED by the next run."""
    with contextlib.suppress(OSError):
        if fault is None:
            ledger.record(folder, state="PUBLISHED", finished_at=ledger.now())
            return
        state = "ABORTED" if fault.cause == "interrupted" else "FAILED"
        ledger.record(folder, state=state, **asdict(fault), finished_at=ledger.now())
        _leave_page(task, folder)


def _no_room(task: Task, problem: OSError) -> Fault:
    return Fault("disk", f"{task.notebook.stem}: {publish.unwritable(task.reports, problem)}")


def _our_mistake(task: Task, folder: Path, cause: str, what: str, mistake: Exception) -> Fault:
    path = folder / "error.txt"
    with contextlib.suppress(OSError):
        path.write_text(traceback.format_exc(), encoding="utf-8")
    said = f"{task.notebook.stem} {what}: {type(mistake).__name__}: {mistake}."
    return Fault(cause, f"{said}\nThis is our mistake; the traceback is in {path}.")


def _deliver(task: Task, executed: Executed, folder: Path, begun_at: str, started: float) -> Fault | None:
    """Render and publish all languages at once; a Fault when either is refused."""
    changed = _changed(task, executed)
    if changed:
        message = f"{task.notebook.stem}: {changed} changed while it ran. Run it again."
        return Fault("input-changed", message)
    files: dict[str, bytes] = {}
    entries: list[publish.Entry] = []
    try:
        known = publish.manifest(task.reports)
        before = restated.earlier(known, task.notebook.stem, task.inputs.period, task.unit)
        for lang, page in executed.pages.items():
            parts = task.parts(lang, executed.source)
            said = {**page, "restates": restated.restates(before, page, parts)}
            own = _files(task, executed, said, lang, folder.name)
            times = (begun_at, round(time.perf_counter() - started, 2))
            entries.append(_entry(task, said, parts, folder.name, times, list(own)))
            files |= own
        said_before.keep(task.inputs.root, task.unit, task.notebook.stem, executed.output)
        publish.publish(task.reports, entries, files)
    except SalesopsError as refused:
        number = getattr(refused.__cause__, "errno", None)
        cause = "busy" if isinstance(refused, BusyError) else "publish"
        return Fault(cause, str(refused), is_passing=number in _MAY_RETURN)
    except Exception as mistake:
        return _our_mistake(task, folder, "render", "ran, but its page could not be made", mistake)
    return None


def _changed(task: Task, executed: Executed) -> str:
    """What the notebook read that is not what it was begun with; empty when all of it is."""
    known = {"data": task.data, "policy_sha256": task.inputs.policy_sha256}
    told = {"data": "the facts", "policy_sha256": "the policy"}
    read = {name: {page.get(name) or now for page in executed.pages.values()} for name, now in known.items()}
    return " and ".join(told[name] for name, now in known.items() if read[name] != {now})


def _files(
    task: Task, executed: Executed, said: Mapping[str, Any], lang: str, run_id: str
) -> dict[str, bytes]:
    """Page, workbook and, where asked for, PDF of one language, by path below the reports."""
    from salesops_lib import reporting

    stem, book = f"{task.stem}.{lang}", executed.workbook(lang)
    workbook = Path(stem).name + ".xlsx" if book else ""
    title = str(said.get("title") or task.notebook.stem)
    page = _render(executed.notebook, task, lang, title, run_id, workbook, said)
    made = {f"{stem}.html": page.encode()}
    if book:
        made[f"{stem}.xlsx"] = book.read_bytes()
    if task.pdf:
        source = executed.output / f"page.{lang}.html"
        source.write_text(page, encoding="utf-8")
        made[f"{stem}.pdf"] = reporting.pdf(source, source.with_suffix(".pdf")).read_bytes()
    return made


#: Words of `page.<lang>.json` that its entry repeats.
_SAID = ("title", "scope", "headline", "grade", "as_of", "currency", "display_unit")


def _entry(
    task: Task,
    said: Mapping[str, Any],
    parts: Mapping[str, Any],
    run_id: str,
    times: tuple[str, float],
    files: list[str],
) -> publish.Entry:
    return {
        "report": task.notebook.stem,
        "period": task.inputs.period,
        "unit": task.unit.name,
        "by": task.unit.by,
        "lang": parts["lang"],
        "run_id": run_id,
        "key": restated.key(parts, said["restates"]),
        "parts": dict(parts),
        "figures": figures(said),
        "parameters": dict(task.given),
        "policy": {"version": task.inputs.policy_version, "sha256": task.inputs.policy_sha256},
        "data": task.inputs.data,
        "packages": inputs.packages(),
        "state": "published",
        **{name: said.get(name) or "" for name in _SAID},
        "is_complete": bool(said.get("is_complete")),
        "on_request": is_on_request(task.notebook),
        "key_figures": dict(said.get("key_figures", {})),
        **({"restates": said["restates"]} if said["restates"] else {}),
        "started_at": times[0],
        "finished_at": ledger.now(),
        "seconds": times[1],
        "files": files,
    }


def figures(page: Mapping[str, Any]) -> str:
    """Digest of what a page says, of `page.<lang>.json`: equal where all its figures are.

    >>> figures({"headline": "Sales rose", "data": "1"}) == figures({"headline": "Sales rose", "data": "2"})
    True
    """
    said = {name: value for name, value in page.items() if name not in ("data", "policy_sha256", "restates")}
    text = json.dumps(said, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _render(
    notebook: Any,
    task: Task,
    lang: str,
    title: str,
    run_id: str,
    workbook: str,
    said: Mapping[str, Any] | None = None,
) -> str:
    from salesops_lib import reporting

    index = "" if task.unit else f"../{publish.index_name(lang)}"
    meta = {"workbook": workbook, "index": index, "run": run_id, "data": task.data[:16]}
    return reporting.render(notebook, lang=lang, title=title, meta=meta, said=said)


def _leave_page(task: Task, folder: Path) -> None:
    """Pages of the failed run, with the failing cell, for its run directory only."""
    import nbformat

    with contextlib.suppress(Exception):  # evidence for people; the run has failed already
        executed = nbformat.read(folder / task.notebook.name, as_version=4)
        for lang in task.languages:
            page = _render(executed, task, lang, task.notebook.stem, folder.name, "")
            (folder / task.page(lang).name).write_text(page, encoding="utf-8")
