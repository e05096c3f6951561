"""One report: made in its turn, checked, rendered in all its languages, and published whole."""

from __future__ import annotations

import contextlib
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.errors import RunError, SalesopsError
from salesops_lib.runs import inputs, ledger, publish
from salesops_lib.runs.execute import Executed, Fault, Limits, execute
from salesops_lib.runs.turns import turn
from salesops_lib.runs.units import WHOLE, ScopedWorkspaces, Unit

if TYPE_CHECKING:
    from salesops_lib.runs.inputs import Inputs
    from salesops_lib.runs.kernels import Zygote

Status = Literal["begun", "published", "failed", "up-to-date"]


@dataclass(frozen=True)
class Result:
    """What became of one report in one language.

    `path` is the published page (the last good one when the run failed, None when there is
    none); `cause` is one of error, exit, kernel-death, timeout, deadline, unfinished,
    input-changed, render, publish, busy, or empty; `message` says it to the user; `run_folder`
    keeps the evidence; `attempts` counts how often it was begun; `unit` is empty for the whole
    company.
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


Watch = Callable[[Result], None]


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

    def key(self, lang: str) -> str:
        return self.inputs.key(self.notebook, lang, self.given, self.data)

    def values(self, workspace: Path) -> dict[str, Any]:
        own = {"period": self.inputs.period, "lang": ",".join(self.languages)}
        return {**self.given, **own, "workspace": str(workspace)}

    def result(self, lang: str, status: Status, **facts: Any) -> Result:
        return Result(self.notebook.stem, self.inputs.period, lang, status, unit=self.unit.name, **facts)

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


def due(task: Task) -> tuple[list[Result], Task]:
    """Results of languages whose page is up to date, and the task of the others."""
    entries = {publish.identity(entry): entry for entry in publish.manifest(task.reports)}
    current = []
    for lang in task.languages:
        entry = entries.get((task.inputs.period, task.notebook.stem, task.unit.name, lang))
        if entry and entry["key"] == task.key(lang) and publish.is_intact(task.reports, entry):
            current.append(task.result(lang, "up-to-date", path=task.page(lang)))
    done = {result.lang for result in current}
    return current, replace(task, languages=tuple(lang for lang in task.languages if lang not in done))


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
    except RunError as busy:
        results = task.failed("busy", str(busy), seconds=time.perf_counter() - started)
    for result in results:
        watch(result)
    return results


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
) -> tuple[Path, Fault | None]:
    named = (task.notebook.stem, task.inputs.period, ",".join(task.languages))
    folder = ledger.begin(task.reports, *named, unit=task.unit.name, attempt=attempt)
    begun_at = ledger.now()
    ended = execute(
        task.notebook,
        task.values(workspace),
        folder=folder,
        cwd=workspace if task.unit else task.notebook.parent,
        room=kitchen.room,
        zygote=kitchen.zygote,
        limits=task.limits,
    )
    fault = ended if isinstance(ended, Fault) else _deliver(task, ended, folder, begun_at, started)
    if fault is None:
        ledger.record(folder, state="PUBLISHED", finished_at=ledger.now())
    else:
        ledger.record(folder, state="FAILED", **asdict(fault), finished_at=ledger.now())
        _leave_page(task, folder)
    return folder, fault


def _deliver(task: Task, executed: Executed, folder: Path, begun_at: str, started: float) -> Fault | None:
    """Render and publish all languages at once; a Fault when either is refused."""
    read = {page.get("data") or task.data for page in executed.pages.values()}
    if read != {task.data}:
        said = f"{task.notebook.stem}: the facts were loaded anew while it ran. Run it again."
        return Fault("input-changed", said)
    files: dict[str, bytes] = {}
    entries: list[publish.Entry] = []
    try:
        for lang, page in executed.pages.items():
            own = _files(task, executed, lang, folder.name)
            times = (begun_at, round(time.perf_counter() - started, 2))
            entries.append(_entry(task, lang, page, folder.name, times, list(own)))
            files |= own
        publish.publish(task.reports, entries, files)
    except SalesopsError as refused:
        return Fault("publish", str(refused))
    except Exception as mistake:
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        message = (
            f"{task.notebook.stem} ran, but its page could not be made: {type(mistake).__name__}: {mistake}."
        )
        return Fault("render", f"{message}\nThis is our mistake; the traceback is in {folder / 'error.txt'}.")
    return None


def _files(task: Task, executed: Executed, lang: str, run_id: str) -> dict[str, bytes]:
    """Page and workbook of one language, by path below the reports."""
    stem, book = f"{task.stem}.{lang}", executed.workbook(lang)
    workbook = Path(stem).name + ".xlsx" if book else ""
    title = str(executed.pages[lang].get("title") or task.notebook.stem)
    page = _render(executed.notebook, task, lang, title, run_id, workbook)
    return {f"{stem}.html": page.encode(), **({f"{stem}.xlsx": book.read_bytes()} if book else {})}


def _entry(
    task: Task,
    lang: str,
    page: Mapping[str, Any],
    run_id: str,
    times: tuple[str, float],
    files: list[str],
) -> publish.Entry:
    return {
        "report": task.notebook.stem,
        "period": task.inputs.period,
        "unit": task.unit.name,
        "by": task.unit.by,
        "lang": lang,
        "run_id": run_id,
        "key": task.key(lang),
        "parameters": dict(task.given),
        "policy": {"version": task.inputs.policy_version, "sha256": task.inputs.policy_sha256},
        "data": task.inputs.data,
        "packages": inputs.packages(),
        "state": "published",
        **{name: page.get(name) or "" for name in ("title", "headline", "grade", "as_of")},
        "started_at": times[0],
        "finished_at": ledger.now(),
        "seconds": times[1],
        "files": files,
    }


def _render(notebook: Any, task: Task, lang: str, title: str, run_id: str, workbook: str) -> str:
    from salesops_lib import reporting

    index = "" if task.unit else "../index.html"
    meta = {"workbook": workbook, "index": index, "run": run_id, "data": task.data[:16]}
    return reporting.render(notebook, lang=lang, title=title, meta=meta)


def _leave_page(task: Task, folder: Path) -> None:
    """Pages of the failed run, with the failing cell, for its run directory only."""
    import nbformat

    with contextlib.suppress(Exception):  # evidence for people; the run has failed already
        executed = nbformat.read(folder / task.notebook.name, as_version=4)
        for lang in task.languages:
            page = _render(executed, task, lang, task.notebook.stem, folder.name, "")
            (folder / task.page(lang).name).write_text(page, encoding="utf-8")
