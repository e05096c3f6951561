"""Where reports are made: by threads of this process, each with kernels of its own, or on a cluster."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import IO

from salesops_lib.errors import RunError
from salesops_lib.runs import peers, statements
from salesops_lib.runs.execute import import_papermill
from salesops_lib.runs.notebooks import reads_peers, reads_statements
from salesops_lib.runs.report import Kitchen, Result, Task, Watch, make
from salesops_lib.runs.units import ScopedWorkspaces, Unit
from salesops_lib.runs.zygote import Zygote

_ROOM, _HELD = "salesops-", ".held"


def here(
    tasks: list[Task],
    jobs: int,
    force: bool,
    watch: Watch,
    zygote: Zygote | None,
    meanwhile: Callable[[], object],
) -> list[list[Result]]:
    """Results of each task, `jobs` at a time.

    The work is done by kernels, which are processes; a thread waits for each and renders.
    `meanwhile` is done while `zygote`, which they are forked from, imports.
    """
    from joblib import Parallel, delayed

    with _kitchen(tasks, zygote) as kitchen:
        meanwhile()
        workers = Parallel(n_jobs=max(1, min(jobs, len(tasks))), backend="threading")
        return list(workers(delayed(make)(task, kitchen, force, watch) for task in tasks))


def on_cluster(tasks: list[Task], address: str, force: bool, watch: Watch) -> list[list[Result]]:
    """Results of each task, made by the workers of the Dask scheduler at `address`.

    They must see the workspace and its reports under the same path.

    Raises
    ------
    RunError
        If Dask is not installed, or no scheduler answers.
    """
    try:
        from distributed import Client
    except ImportError:
        raise RunError(
            "--cluster needs Dask, which is not installed.\nInstall it with `pip install 'salesops[cluster]'`."
        ) from None
    from joblib import Parallel, delayed, parallel_config

    try:
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as problem:
        raise RunError(
            f"No Dask scheduler answers at {address!r} ({type(problem).__name__}). Its address looks like tcp://host:8786."
        ) from problem
    with client, parallel_config(backend="dask", client=client):
        done = list(Parallel()(delayed(_make_there)(task, force) for task in tasks))
    for result in (result for results in done for result in results):
        watch(result)
    return done


def _make_there(task: Task, force: bool) -> list[Result]:
    """Make a report in a worker's process, whose kitchen stays open for the next one."""
    kitchen = _lasting_kitchen()
    room = Path(tempfile.mkdtemp(dir=kitchen.room))
    own = ScopedWorkspaces(task.inputs.root, room, [task.unit], _completing([task]))
    return make(task, Kitchen(kitchen.room, kitchen.zygote, own), force, lambda result: None)


def _completing(tasks: list[Task]) -> Callable[[Path, Unit], None]:
    """Puts their statements, and what they may know of colleagues, into the stores of people whose pages ask for it."""
    by_person = [task for task in tasks if task.unit.by == "rep"]
    stated = _periods(task for task in by_person if reads_statements(task.notebook))
    compared = _periods(task for task in by_person if reads_peers(task.notebook))

    def complete(store: Path, unit: Unit) -> None:
        root = by_person[0].inputs.root if by_person else store
        if unit in stated:
            statements.put(root, store, unit, stated[unit])
        if unit in compared:
            peers.put(root, store, unit, compared[unit])

    return complete


def _periods(tasks: Iterable[Task]) -> dict[Unit, list[str]]:
    """Unit → the periods that are asked of it."""
    found: dict[Unit, list[str]] = {}
    for task in tasks:
        found.setdefault(task.unit, []).append(task.inputs.period)
    return found


@cache
def _lasting_kitchen() -> Kitchen:
    opened = contextlib.ExitStack()
    atexit.register(opened.close)
    return opened.enter_context(_kitchen([], opened.enter_context(warm())))


@contextlib.contextmanager
def warm() -> Iterator[Zygote | None]:
    """A process that begins to import what kernels need; None where there cannot be one."""
    zygote = Zygote.start()
    try:
        yield zygote
    finally:
        if zygote is not None:
            zygote.close()


@contextlib.contextmanager
def _kitchen(tasks: list[Task], zygote: Zygote | None) -> Iterator[Kitchen]:
    _clear_abandoned()
    room = Path(tempfile.mkdtemp(prefix=_ROOM))
    ending = threading.Event()
    held = _hold(room)
    try:
        import_papermill()
        root = tasks[0].inputs.root if tasks else room
        workspaces = ScopedWorkspaces(root, room, (task.unit for task in tasks), _completing(tasks))
        yield Kitchen(room, zygote, workspaces, ending)
    finally:
        ending.set()
        if zygote is not None:
            zygote.close()
        shutil.rmtree(room, ignore_errors=True)
        if held is not None:
            held.close()


def _hold(room: Path) -> IO[str] | None:
    """A lock in `room` that lasts as long as this process; it gets its name when it is held."""
    held = _held(room / "held")
    (room / "held").rename(room / _HELD)
    return held


def _held(path: Path) -> IO[str] | None:
    """The file at `path`, locked by this process until it ends; None where another holds it."""
    import fcntl

    handle = path.open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        handle.close()
        return None
    return handle


def _clear_abandoned() -> None:
    """Remove rooms of runs that were killed: they may hold rows of units."""
    for path in Path(tempfile.gettempdir()).glob(f"{_ROOM}*/{_HELD}"):
        with contextlib.suppress(OSError):
            if path.stat().st_uid == os.getuid() and (held := _held(path)):
                shutil.rmtree(path.parent, ignore_errors=True)
                held.close()
