"""One notebook, executed in a private run directory, and the gate it must pass.

papermill's own verdict is not trusted: it passes `sys.exit(0)` and calls the cells after a
killed kernel completed.  A run counts only when every code cell ran in it, none holds an
error, and the page was closed, which leaves `page.json` in the output folder.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from salesops_lib.errors import DataError, PolicyError, RunError, SalesopsError

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from salesops_lib.runs.kernels import Zygote

CELL_SECONDS = 600
START_SECONDS = 60
END_MARKER = "page.json"
USER_ERRORS = {kind.__name__ for kind in (SalesopsError, DataError, PolicyError, RunError)}
ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


@dataclass(frozen=True)
class Executed:
    """A run that passed the gate: the notebook with outputs, what the page says, its workbook."""

    notebook: NotebookNode
    page: Mapping[str, Any]
    workbook: Path | None


@dataclass(frozen=True)
class Fault:
    """Why a run did not pass.

    `cause` is one of error, exit, kernel-death, timeout, unfinished; `cell` is the failing
    cell's number in the executed notebook (its `In [n]`); `message` is for the user.
    """

    cause: str
    message: str
    cell: int | None = None


def import_papermill() -> None:
    """Import papermill without the IRI grammars that jsonschema would build for 0.8 CPU seconds.

    No notebook has an IRI to check; jsonschema itself does without them when they are absent.
    """
    name = "rfc3987_syntax"
    is_blocked = sys.modules.setdefault(name, None) is None  # type: ignore[arg-type]
    try:
        import papermill
    finally:
        if is_blocked:
            del sys.modules[name]
    logging.getLogger(papermill.__name__).addHandler(logging.NullHandler())


def execute(
    notebook: Path, values: Mapping[str, Any], *, folder: Path, cwd: Path, room: Path, zygote: Zygote | None
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

    from salesops_lib.runs.kernels import kernel

    frozen, executed, output = folder / "source.ipynb", folder / notebook.name, folder / "output"
    output.mkdir()
    frozen.write_bytes(notebook.read_bytes())
    parameters = {**values, "output": str(output)}
    log, env = folder / "kernel.log", {"SALESOPS_WORKSPACE": str(values["workspace"])}
    try:
        with kernel(zygote, room=room, cwd=cwd, log=log, env=env) as manager:
            papermill.execute_notebook(
                _literal(frozen),
                _literal(executed),
                parameters=parameters,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                start_timeout=START_SECONDS,
                execution_timeout=CELL_SECONDS,
                km=manager,
            )
    except papermill.PapermillExecutionError as stopped:
        return _stopped(notebook, stopped.exec_count, stopped)
    except CellTimeoutError:
        return _fault(notebook, "timeout", _last_started(executed), f"took longer than {CELL_SECONDS} s")
    except (DeadKernelError, RuntimeError) as problem:
        return _died(notebook, executed, log, problem)
    return gate(notebook, executed, output)


def _literal(path: Path) -> str:
    """`path` for papermill, which fills `{…}` in paths."""
    return str(path).replace("{", "{{").replace("}", "}}")


def gate(notebook: Path, executed: Path, output: Path) -> Executed | Fault:
    """What the run left in `executed` and `output`, if it is whole."""
    import nbformat

    document = nbformat.read(executed, as_version=4)
    codes = [cell for cell in document.cells if cell.cell_type == "code" and cell.source.strip()]
    for number, cell in enumerate(codes, start=1):
        for shown in cell.outputs:
            if shown.output_type == "error":
                return _stopped(notebook, cell.execution_count or number, shown)
        if cell.execution_count is None:
            return _fault(notebook, "unfinished", number, "was not run")
    marker = output / END_MARKER
    if not marker.is_file():
        return Fault(
            "unfinished",
            f"{notebook.stem} ran to its end but never closed its page.\n"
            "Its last code cell must call `page.close(output)`.",
        )
    workbook = next(iter(sorted(output.glob("*.xlsx"))), None)
    return Executed(document, json.loads(marker.read_text(encoding="utf-8")), workbook)


def _stopped(notebook: Path, number: int | None, error: Any) -> Fault:
    """The fault of an error output, or of papermill's exception with the same fields."""
    text = ANSI.sub("", error.evalue).strip()
    if error.ename in USER_ERRORS:
        return Fault("error", text, number)
    if error.ename == "SystemExit":
        return _fault(notebook, "exit", number, f"ended the notebook early (SystemExit {text or 0})")
    said = f"{error.ename}: {_short(text)}" if text else error.ename
    marked = [
        line for part in error.traceback for line in ANSI.sub("", part).splitlines() if line.startswith("-")
    ]
    lines = [line.lstrip("-> 0123456789") for line in marked if "->" in line[:12]]
    where = f" at `{lines[0].strip()}`" if lines else ""
    return _fault(notebook, "error", number, f"stopped{where} with {said}")


def _died(notebook: Path, executed: Path, log: Path, problem: Exception) -> Fault:
    last_words = (
        log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:] if log.exists() else []
    )
    said = "\n".join(["killed its kernel (out of memory, or a crash in native code)", *last_words])
    number = _last_started(executed)
    if number is None:
        return Fault("kernel-death", f"{notebook.stem}: no kernel could be started: {problem}")
    return _fault(notebook, "kernel-death", number, said)


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
