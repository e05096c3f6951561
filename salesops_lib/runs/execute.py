"""One notebook, executed in a private run directory, and the gate it must pass.

papermill's own verdict is not trusted: it passes `sys.exit(0)` and calls the cells after a
killed kernel completed.  A run counts only when every code cell ran in it, none holds an
error, and the page was closed, which leaves `page.<lang>.json` in the output folder.
"""

from __future__ import annotations

import contextlib
import json
import logging
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import DataError, PolicyError, RunError, SalesopsError
from salesops_lib.runs.zygote import absent

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.runs.zygote import Zygote

START_SECONDS = 60
LONGEST_LOG = 1_000_000
#: Errors of the moment: the same run may well pass a little later.
PASSING = frozenset(
    f"{kind}Error"
    for kind in (
        *("Connection", "ConnectionReset", "ConnectionAborted", "ConnectionRefused"),
        *("BrokenPipe", "Timeout", "Operational", "Interface"),
    )
)
MEMORY_ERRORS = {"MemoryError", "_ArrayMemoryError", "OutOfMemoryException"}
USER_ERRORS = {kind.__name__ for kind in (SalesopsError, DataError, PolicyError, RunError)}
_PART_LOST = (
    "a process of this machine's group was killed for want of memory while it ran; its figures may lack a part.\n"
    "Give the runs more memory, or make fewer at a time (--jobs 1)."
)
ANSI = re.compile(r"\x1b(?:\[[0-9;?]*[A-Za-z]|\][^\x07\x1b]*(?:\x07|\x1b\\))")


@dataclass(frozen=True)
class Limits:
    """How long a run may take, and how often it is tried.

    Attributes
    ----------
    cell_seconds, run_seconds
        Longest time of one cell, and of all of them.
    attempts
        Times that a run is begun when it fails for a passing reason; others are begun once.
    pause_seconds
        Pause before the second attempt; doubled before each further one.
    """

    cell_seconds: float = 600
    run_seconds: float = 3600
    attempts: int = 3
    pause_seconds: float = 2


@dataclass(frozen=True)
class Executed:
    """A run that passed the gate: the notebook with outputs, and by language what its page says.

    `source` is the copy of the notebook that ran.
    """

    notebook: NotebookNode
    pages: Mapping[str, Mapping[str, Any]]
    output: Path
    source: Path

    def workbook(self, lang: str) -> Path | None:
        path = self.output / f"page.{lang}.xlsx"
        return path if path.is_file() else None


@dataclass(frozen=True)
class Fault:
    """Why a run did not pass.

    `cause` is one of error, memory, exit, kernel-death, timeout, deadline, unfinished; `cell` is the
    failing cell's number in the executed notebook (its `In [n]`); `message` is for the user.
    `is_passing` says that another attempt may succeed.
    """

    cause: str
    message: str
    cell: int | None = None
    is_passing: bool = False


def import_papermill() -> None:
    """Import papermill without the IRI grammars that jsonschema would build for 0.8 CPU seconds.

    No notebook has an IRI to check; jsonschema itself does without them when they are absent.
    """
    with absent("rfc3987_syntax"):
        import papermill
    logging.getLogger(papermill.__name__).addHandler(logging.NullHandler())


def execute(
    notebook: Path,
    values: Mapping[str, Any],
    *,
    folder: Path,
    cwd: Path,
    room: Path,
    zygote: Zygote | None,
    limits: Limits,
) -> Executed | Fault:
    """Execute `notebook` with the parameters `values` inside `folder`.

    Parameters
    ----------
    notebook
        The notebook; a copy of it is taken into `folder` first.
    values
        Values of declared parameters, `workspace` among them; `output` is set here.
    folder
        The private run directory; keeps the executed notebook and the kernel's log.
    cwd
        Working directory of the kernel.
    room
        Directory with a short path for the kernel's sockets.
    zygote
        Where kernels are forked from, or None.
    """
    import papermill
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    from salesops_lib.runs import engine, memory
    from salesops_lib.runs.kernels import kernel

    frozen, executed, output = folder / "source.ipynb", folder / notebook.name, folder / "output"
    output.mkdir()
    frozen.write_bytes(notebook.read_bytes())
    parameters = {**values, "output": str(output)}
    log, env = folder / "kernel.log", {"SALESOPS_WORKSPACE": str(values["workspace"])}
    deadline, kills = _Deadline(limits.run_seconds), memory.kills()
    try:
        with kernel(zygote, room=room, cwd=cwd, log=log, env=env) as manager, deadline.of(manager):
            papermill.execute_notebook(
                _literal(frozen),
                _literal(executed),
                parameters=parameters,
                engine_name=engine.NAME,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=START_SECONDS,
                execution_timeout=limits.cell_seconds,
                km=manager,
            )
    except papermill.PapermillExecutionError as stopped:
        return _stopped(notebook, stopped.exec_count, stopped)
    except CellTimeoutError:
        return _fault(
            notebook, "timeout", _last_started(executed), f"took longer than {limits.cell_seconds:g} s"
        )
    except (DeadKernelError, RuntimeError) as problem:
        if deadline.has_passed:
            what = f"was running when the whole run had taken {limits.run_seconds:g} s, its deadline"
            return _fault(notebook, "deadline", _last_started(executed), what)
        return _died(notebook, executed, log, problem, is_memory=memory.kills() > kills)
    finally:
        _shorten(log)
    ended = gate(notebook, executed, output, str(values["lang"]).split(","), frozen)
    if isinstance(ended, Executed) and memory.kills() > kills:
        return Fault("memory", f"{notebook.stem}: {_PART_LOST}", is_passing=True)
    return ended


def _shorten(log: Path) -> None:
    """Keep the end of what the kernel wrote past its outputs."""
    with contextlib.suppress(OSError), log.open("r+b") as handle:
        size = handle.seek(0, 2)
        if size > LONGEST_LOG:
            handle.seek(-LONGEST_LOG, 2)
            kept = handle.read()
            handle.seek(0)
            handle.write(kept)
            handle.truncate()


class _Deadline:
    """Kills a kernel that still runs when its time is up."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.has_passed = False

    @contextlib.contextmanager
    def of(self, manager: Any) -> Iterator[None]:
        def end() -> None:
            self.has_passed = True
            manager.provisioner.process.send_signal(signal.SIGKILL)

        timer = threading.Timer(self._seconds, end)
        timer.daemon = True  # a runner that was told to end does not wait for a report's deadline
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _literal(path: Path) -> str:
    """`path` for papermill, which fills `{…}` in paths."""
    return str(path).replace("{", "{{").replace("}", "}}")


def gate(
    notebook: Path, executed: Path, output: Path, languages: list[str], source: Path
) -> Executed | Fault:
    """What the run of `source` left in `executed` and `output`, if it is whole in all `languages`."""
    import nbformat

    document = nbformat.read(executed, as_version=4)
    codes = [cell for cell in document.cells if cell.cell_type == "code" and cell.source.strip()]
    for number, cell in enumerate(codes, start=1):
        for shown in cell.outputs:
            if shown.output_type == "error":
                return _stopped(notebook, cell.execution_count or number, shown)
        if cell.execution_count is None:
            return _fault(notebook, "unfinished", number, "was not run")
    markers = {lang: output / f"page.{lang}.json" for lang in languages}
    if not all(marker.is_file() for marker in markers.values()):
        return Fault(
            "unfinished",
            f"{notebook.stem} ran to its end but never closed its page.\n"
            "Its last code cell must call `page.close(output)`.",
        )
    pages = {lang: json.loads(marker.read_text(encoding="utf-8")) for lang, marker in markers.items()}
    return Executed(document, pages, output, source)


def _stopped(notebook: Path, number: int | None, error: Any) -> Fault:
    """The fault of an error output, or of papermill's exception with the same fields.

    The first line of its message names the error; what the error says may quote data or an
    address, and begins on the second, which stays on this machine.
    """
    text = ANSI.sub("", error.evalue).strip()
    if error.ename in USER_ERRORS:
        return Fault("error", text, number)
    if error.ename == "SystemExit":
        return _fault(notebook, "exit", number, f"ended the notebook early (SystemExit {text or 0})")
    said = f"{error.ename}\n{_short(text)}" if text else error.ename
    marked = [
        line for part in error.traceback for line in ANSI.sub("", part).splitlines() if line.startswith("-")
    ]
    lines = [line.lstrip("-> 0123456789") for line in marked if "->" in line[:12]]
    where = f" at `{lines[0].strip()}`" if lines else ""
    fault = Fault("error", f"{notebook.stem}: cell In [{number}] stopped{where} with {said}", number)
    cause = "memory" if error.ename in MEMORY_ERRORS else fault.cause
    return replace(fault, cause=cause, is_passing=error.ename in PASSING)


def _died(notebook: Path, executed: Path, log: Path, problem: Exception, *, is_memory: bool) -> Fault:
    last_words = (
        log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:] if log.exists() else []
    )
    why = "the system was out of memory" if is_memory else "out of memory, or a crash in native code"
    said = "\n".join([f"killed its kernel ({why})", *last_words])
    number = _last_started(executed)
    if number is None:
        message = f"{notebook.stem}: no kernel could be started: {problem}"
        return Fault("kernel-death", message, is_passing=True)
    return _fault(notebook, "memory" if is_memory else "kernel-death", number, said)


def _fault(notebook: Path, cause: str, number: int | None, what: str) -> Fault:
    return Fault(cause, f"{notebook.stem}: cell In [{number}] {what}.", number)


def _short(text: str, lines: int = 6, width: int = 400) -> str:
    kept = "\n".join(text.splitlines()[:lines])
    return kept if len(kept) <= width else kept[:width] + "…"


def _last_started(executed: Path) -> int | None:
    """Number of the last code cell that was begun; papermill's `status` does not tell."""
    try:
        cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError):
        return None
    codes = [cell for cell in cells if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    begun = [
        number
        for number, cell in enumerate(codes, start=1)
        if cell["metadata"].get("papermill", {}).get("start_time")
    ]
    return begun[-1] if begun else None
