"""Reports of a period: every notebook and language executed, rendered and published."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.errors import RunError, SalesopsError
from salesops_lib.runs import inputs, ledger, publish
from salesops_lib.runs.execute import Executed, Fault, Limits, execute, import_papermill
from salesops_lib.runs.notebooks import checked, discover, find, folder
from salesops_lib.runs.turns import turn
from salesops_lib.runs.units import WHOLE, ScopedWorkspaces, Unit

if TYPE_CHECKING:
    from salesops_lib.runs.inputs import Inputs
    from salesops_lib.runs.kernels import Zygote


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


Status = Literal["begun", "published", "failed", "up-to-date"]
Watch = Callable[[Result], None]


@dataclass(frozen=True)
class _Task:
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
class _Kitchen:
    """What runs share: a directory with a short path for sockets, and where kernels are forked from."""

    room: Path
    zygote: Zygote | None
    workspaces: ScopedWorkspaces


@contextlib.contextmanager
def _kitchen(tasks: list[_Task]) -> Iterator[_Kitchen]:
    from salesops_lib.runs.kernels import Zygote

    zygote = Zygote.start()
    room = Path(tempfile.mkdtemp(prefix="salesops-"))
    try:
        import_papermill()
        workspaces = ScopedWorkspaces(tasks[0].inputs.root, room, (task.unit for task in tasks))
        yield _Kitchen(room, zygote, workspaces)
    finally:
        if zygote is not None:
            zygote.close()
        shutil.rmtree(room, ignore_errors=True)


def run(
    root: Path | str,
    notebooks: Sequence[str] | None = None,
    *,
    period: str | Sequence[str] = "",
    by: str = "",
    lang: str = "",
    jobs: int = 2,
    parameters: Mapping[str, Any] | None = None,
    force: bool = False,
    limits: Limits | None = None,
    watch: Watch | None = None,
) -> list[Result]:
    """Run notebooks for a period and publish their pages into `reports/` of the workspace.

    Parameters
    ----------
    root
        The workspace.
    notebooks
        Names such as `10_performance_review`, or bare numbers; None for all.
    period
        Label of the period, or several, which are run in that order; empty for the last
        complete month.
    by
        `region`, `team` or `rep`: one report for each, which holds that one's rows alone;
        empty for one report of the whole company.
    lang
        `en`, `zh` or `en,zh`; empty for the policy's language.
    jobs
        How many notebooks run at the same time.
    parameters
        Values of further parameters that the notebooks declare.
    force
        True makes reports anew whose inputs are those of the page that is published.
    limits
        Time for a cell and for a report, and attempts where a fault may pass.
    watch
        Called with a result when a report begins (its status is `begun`) and when it has ended.

    Returns
    -------
    list[Result]
        One a period, unit, notebook and language, in that order.  A report that fails does not stop
        the others and leaves its last good page as it was.

    Raises
    ------
    SalesopsError
        If nothing can be run: no data, a policy with faults, an unknown name or parameter,
        no right to write.
    """
    place = Path(root).resolve()
    chosen = find(place, notebooks) if notebooks else discover(place)
    if not chosen:
        raise RunError(f"There are no notebooks in {folder(place)}.")
    given = {notebook: checked(notebook, parameters or {}) for notebook in chosen}
    labels = [period] if isinstance(period, str) else list(period)
    known = [inputs.read(place, label, lang, by) for label in labels]
    reports = publish.reports_folder(place)
    ledger.settle(reports)
    tasks = [
        _Task(notebook, one.languages, given[notebook], one, reports, limits or Limits(), unit)
        for one in known
        for unit in one.units
        for notebook in chosen
    ]
    return _run_all(tasks, jobs, force, watch or (lambda result: None))


def _run_all(tasks: list[_Task], jobs: int, force: bool, watch: Watch) -> list[Result]:
    from joblib import Parallel, delayed

    checked = [([], task) if force else _due(task) for task in tasks]
    for result in (result for current, _ in checked for result in current):
        watch(result)
    due = [task for _, task in checked if task.languages]
    if due:
        with _kitchen(due) as kitchen:
            workers = Parallel(n_jobs=max(1, min(jobs, len(due))), backend="threading")
            made = iter(workers(delayed(_report)(task, kitchen, force, watch) for task in due))
        _write_index(due[0].reports)
        ledger.forget_old(due[0].reports)
    found = [current + (next(made) if task.languages else []) for current, task in checked]
    return [
        result
        for task, results in zip(tasks, found, strict=True)
        for result in sorted(results, key=lambda r: task.languages.index(r.lang))
    ]


def _due(task: _Task) -> tuple[list[Result], _Task]:
    """Results of languages whose page is up to date, and the task of the others."""
    entries = {publish.identity(entry): entry for entry in publish.manifest(task.reports)}
    current = []
    for lang in task.languages:
        entry = entries.get((task.inputs.period, task.notebook.stem, task.unit.name, lang))
        if entry and entry["key"] == task.key(lang) and publish.is_intact(task.reports, entry):
            current.append(task.result(lang, "up-to-date", path=task.page(lang)))
    done = {result.lang for result in current}
    return current, replace(task, languages=tuple(lang for lang in task.languages if lang not in done))


def _report(task: _Task, kitchen: _Kitchen, force: bool, watch: Watch) -> list[Result]:
    """One report, in its turn: whoever waited for another run of it takes that one's pages."""
    for lang in task.languages:
        watch(task.result(lang, "begun"))
    started = time.perf_counter()
    try:
        with turn(task.reports, task.stem, task.limits.run_seconds):
            current, task = ([], task) if force else _due(task)
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


def _tried(task: _Task, kitchen: _Kitchen, workspace: Path, started: float) -> list[Result]:
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
    task: _Task, kitchen: _Kitchen, workspace: Path, started: float, attempt: int
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


def _deliver(task: _Task, executed: Executed, folder: Path, begun_at: str, started: float) -> Fault | None:
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


def _files(task: _Task, executed: Executed, lang: str, run_id: str) -> dict[str, bytes]:
    """Page and workbook of one language, by path below the reports."""
    stem, book = f"{task.stem}.{lang}", executed.workbook(lang)
    workbook = Path(stem).name + ".xlsx" if book else ""
    title = str(executed.pages[lang].get("title") or task.notebook.stem)
    page = _render(executed.notebook, task, lang, title, run_id, workbook)
    return {f"{stem}.html": page.encode(), **({f"{stem}.xlsx": book.read_bytes()} if book else {})}


def _entry(
    task: _Task,
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


def _render(notebook: Any, task: _Task, lang: str, title: str, run_id: str, workbook: str) -> str:
    from salesops_lib import reporting

    index = "" if task.unit else "../index.html"
    meta = {"workbook": workbook, "index": index, "run": run_id, "data": task.data[:16]}
    return reporting.render(notebook, lang=lang, title=title, meta=meta)


def _leave_page(task: _Task, folder: Path) -> None:
    """Pages of the failed run, with the failing cell, for its run directory only."""
    import nbformat

    with contextlib.suppress(Exception):  # evidence for people; the run has failed already
        executed = nbformat.read(folder / task.notebook.name, as_version=4)
        for lang in task.languages:
            page = _render(executed, task, lang, task.notebook.stem, folder.name, "")
            (folder / task.page(lang).name).write_text(page, encoding="utf-8")


def _write_index(reports: Path) -> None:
    from salesops_lib import reporting

    def page(entries: list[publish.Entry]) -> str:
        cards = {publish.identity(entry): {**entry, **_addresses(entry)} for entry in entries}
        for identity, known in ledger.latest(reports).items():
            if known["state"] == "FAILED":
                bare = {name: known[name] for name in ("report", "period", "unit", "lang")}
                cards[identity] = {**cards.get(identity, bare), "state": "failed"}
        return reporting.render_index(list(cards.values()), _language(entries))

    publish.publish_index(reports, page)


def _addresses(entry: publish.Entry) -> dict[str, str]:
    return {Path(name).suffix[1:]: name for name in entry["files"]}


def _language(entries: list[publish.Entry]) -> str:
    languages = {entry["lang"] for entry in entries}
    return "zh" if languages == {"zh"} else "en"
