"""Reports of a period: every notebook and language executed, rendered and published."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from salesops_lib.errors import RunError, SalesopsError
from salesops_lib.runs import inputs, ledger, publish
from salesops_lib.runs.execute import Executed, Fault, execute, import_papermill
from salesops_lib.runs.notebooks import checked, discover, find, folder

if TYPE_CHECKING:
    from salesops_lib.runs.inputs import Inputs
    from salesops_lib.runs.kernels import Zygote


@dataclass(frozen=True)
class Result:
    """What became of one report in one language.

    `path` is the published page (the last good one when the run failed, None when there is
    none); `cause` is one of error, exit, kernel-death, timeout, unfinished, render, publish, or
    empty; `message` says it to the user; `run_folder` keeps the evidence.
    """

    notebook: str
    period: str
    lang: str
    status: Literal["published", "failed", "up-to-date"]
    path: Path | None
    seconds: float
    cause: str = ""
    message: str = ""
    run_folder: Path | None = None


Watch = Callable[[str, Result | None], None]


@dataclass(frozen=True)
class _Task:
    notebook: Path
    lang: str
    given: Mapping[str, Any]
    inputs: Inputs
    reports: Path
    room: Path
    zygote: Zygote | None

    @property
    def label(self) -> str:
        return f"{self.notebook.stem} ({self.lang})"

    @property
    def page(self) -> str:
        return f"{self.inputs.period}/{self.notebook.stem}.{self.lang}.html"

    @property
    def key(self) -> str:
        return self.inputs.key(self.notebook, self.lang, self.given)

    @property
    def values(self) -> dict[str, Any]:
        own = {"period": self.inputs.period, "lang": self.lang, "workspace": str(self.inputs.root)}
        return {**self.given, **own}


def run(
    root: Path | str,
    notebooks: Sequence[str] | None = None,
    *,
    period: str = "",
    lang: str = "",
    jobs: int = 2,
    parameters: Mapping[str, Any] | None = None,
    force: bool = True,
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
        Label of the period; empty for the last complete month.
    lang
        `en`, `zh` or `en,zh`; empty for the policy's language.
    jobs
        How many notebooks run at the same time.
    parameters
        Values of further parameters that the notebooks declare.
    force
        False skips reports whose inputs are those of the page that is published.
    watch
        Called with a label when a report begins (result None) and when it has ended.

    Returns
    -------
    list[Result]
        One a notebook and language, in the order of the notebooks.  A report that fails does
        not stop the others and leaves its last good page as it was.

    Raises
    ------
    SalesopsError
        If nothing can be run: no data, a policy with faults, an unknown name or parameter,
        no right to write.
    """
    from salesops_lib.runs.kernels import Zygote

    place = Path(root).resolve()
    chosen = find(place, notebooks) if notebooks else discover(place)
    if not chosen:
        raise RunError(f"There are no notebooks in {folder(place)}.")
    given = {notebook: checked(notebook, parameters or {}) for notebook in chosen}
    zygote = Zygote.start()
    room = Path(tempfile.mkdtemp(prefix="salesops-"))
    try:
        known = inputs.read(place, period, lang)
        reports = publish.reports_folder(known.root)
        tasks = [
            _Task(notebook, language, given[notebook], known, reports, room, zygote)
            for notebook in chosen
            for language in known.languages
        ]
        import_papermill()
        results = _run_all(tasks, jobs, force, watch)
        _write_index(reports)
        ledger.forget_old(reports)
        return results
    finally:
        if zygote is not None:
            zygote.close()
        shutil.rmtree(room, ignore_errors=True)


def _run_all(tasks: list[_Task], jobs: int, force: bool, watch: Watch | None) -> list[Result]:
    from joblib import Parallel, delayed

    told = watch or (lambda label, result: None)
    workers = max(1, min(jobs, len(tasks)))
    results = Parallel(n_jobs=workers, backend="threading")(
        delayed(_report)(task, force, told) for task in tasks
    )
    return list(results)


def _report(task: _Task, force: bool, watch: Watch) -> Result:
    started = time.perf_counter()
    watch(task.label, None)
    result = _up_to_date(task) if not force else None
    result = result or _attempt(task, started)
    watch(task.label, result)
    return result


def _up_to_date(task: _Task) -> Result | None:
    for entry in publish.manifest(task.reports):
        wanted = (task.inputs.period, task.notebook.stem, task.lang)
        if (
            publish.identity(entry) == wanted
            and entry["key"] == task.key
            and publish.is_intact(task.reports, entry)
        ):
            return Result(*_named(task), "up-to-date", task.reports / task.page, 0.0)
    return None


def _named(task: _Task) -> tuple[str, str, str]:
    return task.notebook.stem, task.inputs.period, task.lang


def _attempt(task: _Task, started: float) -> Result:
    folder = ledger.begin(task.reports, *_named(task))
    begun_at = ledger.now()
    ended = execute(
        task.notebook,
        task.values,
        folder=folder,
        cwd=task.notebook.parent,
        room=task.room,
        zygote=task.zygote,
    )
    fault = ended if isinstance(ended, Fault) else _deliver(task, ended, folder, begun_at, started)
    seconds = time.perf_counter() - started
    page = task.reports / task.page
    if fault is not None:
        ledger.record(folder, state="FAILED", **asdict(fault), finished_at=ledger.now())
        _leave_page(task, folder)
        last_good = page if page.exists() else None
        return Result(*_named(task), "failed", last_good, seconds, fault.cause, fault.message, folder)
    ledger.record(folder, state="PUBLISHED", finished_at=ledger.now())
    return Result(*_named(task), "published", page, seconds, run_folder=folder)


def _deliver(task: _Task, executed: Executed, folder: Path, begun_at: str, started: float) -> Fault | None:
    """Render and publish; a Fault when either is refused."""
    entry = {
        "report": task.notebook.stem,
        "period": task.inputs.period,
        "lang": task.lang,
        "run_id": folder.name,
        "key": task.key,
        "parameters": dict(task.given),
        "policy": {"version": task.inputs.policy_version, "sha256": task.inputs.policy_sha256},
        "data": task.inputs.data,
        "packages": inputs.packages(),
        "state": "published",
        **{name: executed.page.get(name) or "" for name in ("title", "headline", "grade", "as_of")},
        "started_at": begun_at,
        "finished_at": ledger.now(),
        "seconds": round(time.perf_counter() - started, 2),
    }
    files, workbook = {}, Path(task.page).with_suffix(".xlsx")
    if executed.workbook is not None:
        files[str(workbook)] = executed.workbook.read_bytes()
    title = str(executed.page.get("title") or task.notebook.stem)
    try:
        page = _render(executed.notebook, task, title, folder.name, workbook.name if files else "")
        files[task.page] = page.encode()
        publish.publish(task.reports, entry, files)
    except SalesopsError as refused:
        return Fault("publish", str(refused))
    except Exception as mistake:
        (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
        message = (
            f"{task.notebook.stem} ran, but its page could not be made: {type(mistake).__name__}: {mistake}."
        )
        return Fault("render", f"{message}\nThis is our mistake; the traceback is in {folder / 'error.txt'}.")
    return None


def _render(notebook: Any, task: _Task, title: str, run_id: str, workbook: str) -> str:
    from salesops_lib import reporting

    meta = {"workbook": workbook, "index": "../index.html", "run": run_id, "data": task.inputs.data[:16]}
    return reporting.render(notebook, lang=task.lang, title=title, meta=meta)


def _leave_page(task: _Task, folder: Path) -> None:
    """A page of the failed run, with the failing cell, for its run directory only."""
    import nbformat

    with contextlib.suppress(Exception):  # evidence for people; the run has failed already
        executed = nbformat.read(folder / task.notebook.name, as_version=4)
        page = _render(executed, task, task.notebook.stem, folder.name, "")
        (folder / Path(task.page).name).write_text(page, encoding="utf-8")


def _write_index(reports: Path) -> None:
    from salesops_lib import reporting

    def page(entries: list[publish.Entry]) -> str:
        cards = {publish.identity(entry): {**entry, **_addresses(entry)} for entry in entries}
        for identity, known in ledger.latest(reports).items():
            if known["state"] == "FAILED":
                bare = {name: known[name] for name in ("report", "period", "lang")}
                cards[identity] = {**cards.get(identity, bare), "state": "failed"}
        return reporting.render_index(list(cards.values()), _language(entries))

    publish.publish_index(reports, page)


def _addresses(entry: publish.Entry) -> dict[str, str]:
    return {Path(name).suffix[1:]: name for name in entry["files"]}


def _language(entries: list[publish.Entry]) -> str:
    languages = {entry["lang"] for entry in entries}
    return "zh" if languages == {"zh"} else "en"
