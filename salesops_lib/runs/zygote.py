"""A process with the imports done, from which kernels are forked.

Most of a short notebook's time goes into importing pandas, DuckDB and Matplotlib.  This
process imports them once and becomes a kernel by forking, on request.  It is started as
``python -m salesops_lib.runs.zygote``, reads one JSON request a line on its standard input and
answers with the process id of the kernel.  When its input ends, because the runner closed it
or died, it kills every kernel it started; when it is killed itself, the system kills them.
`Zygote` is the runner's end of it.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

#: What kernels import when they start or run their first cell.
_OF_KERNELS = (
    *("ipykernel.kernelapp", "ipykernel.debugger", "tornado.platform.asyncio", "http.server"),
    *(f"IPython.core.{name}" for name in ("completerlib", "debugger", "logger", "oinspect")),
    "IPython.extensions.storemagic",
)
#: What the library imports where it is first used.
_OF_REPORTS = (
    *("pandas", "pandas.core.methods.to_dict", "pyarrow.pandas_compat", "duckdb"),
    *("matplotlib.figure", "matplotlib.backends.backend_svg", "PIL.features", "xlsxwriter"),
    *("babel.dates", "babel.numbers", "holidays.countries", "ruamel.yaml"),
)
#: One thread for linear algebra in each kernel: runs share the cores among them.
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
#: Of Linux's `prctl`: a signal when one's parent ends, and to inherit the children of those that end.
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
NOT_FOR_NOTEBOOKS = ("cli", "runs", "cleaning", "synthetic")


class Zygote:
    """The runner's end of a `zygote` process; `start` gives None where it cannot be had."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._has_kernels = False
        self.is_closed = False
        self._turn = threading.Lock()

    @classmethod
    def start(cls) -> Zygote | None:
        """A zygote that begins to import now, or None on systems without `pidfd_open`."""
        if not hasattr(os, "pidfd_open"):
            return None
        command = [sys.executable, "-P", "-m", "salesops_lib.runs.zygote"]
        return cls(
            subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment(),
                text=True,
                start_new_session=True,
            )
        )

    def fork(self, argv: list[str], env: dict[str, str], cwd: Path, log: Path) -> int:
        """Process id of a new kernel; RuntimeError when the zygote has died."""
        request = {"argv": argv, "env": env, "cwd": str(cwd), "log": str(log)}
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._turn:
            try:
                print(json.dumps(request), file=self._process.stdin, flush=True)
                pid = int(self._process.stdout.readline())
            except (OSError, ValueError) as problem:
                raise RuntimeError("the process that forks kernels has died") from problem
            self._has_kernels = True
            return pid

    def close(self) -> None:
        """End the zygote, and with it every kernel of it and their children; twice does no harm."""
        if self.is_closed:
            return
        self.is_closed = True
        if not self._has_kernels:
            self._process.kill()  # it may be importing still
        try:
            self._process.communicate(timeout=5)  # its input ends, so it kills and buries its kernels
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()


def environment(**extra: str) -> dict[str, str]:
    """The runner's environment as kernels get it."""
    return {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline", **_ONE_THREAD, **extra}


@contextlib.contextmanager
def absent(name: str) -> Iterator[None]:
    """Let `name` be a module that is not installed; what is imported already stays."""
    is_blocked = sys.modules.setdefault(name, None) is None  # type: ignore[arg-type]
    try:
        yield
    finally:
        if is_blocked:
            del sys.modules[name]


def preload() -> None:
    """Import what kernels and notebooks import; what is missing is for the notebook to report."""
    with absent("debugpy"):  # nobody steps through a report, and each kernel would import it
        _import(_OF_KERNELS)
    _import(_OF_REPORTS)
    _import(_rooms())
    _read_words()


def _rooms() -> Iterator[str]:
    """The library's modules that notebooks may come to; each room is imported before it is looked into."""
    import salesops_lib

    for room in pkgutil.iter_modules(salesops_lib.__path__, "salesops_lib."):
        if room.name.rpartition(".")[2] not in NOT_FOR_NOTEBOOKS:
            yield room.name
            inner = getattr(sys.modules.get(room.name), "__path__", ())
            yield from (module.name for module in pkgutil.walk_packages(inner, f"{room.name}."))


def _read_words() -> None:
    """Read what reports say: the catalogue, and how figures and dates are written."""
    with contextlib.suppress(Exception):
        from babel import localedata

        from salesops_lib.reporting import catalogue

        catalogue.messages()
        for locale in ("en_US", "zh_Hans_CN"):
            localedata.load(locale)


def _import(names: Iterable[str]) -> None:
    for name in names:
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def become_kernel(argv: list[str], env: dict[str, str], cwd: str, log: str) -> None:
    """Run an IPython kernel in this forked process until it is told to stop."""
    import random

    import numpy
    from ipykernel.kernelapp import IPKernelApp

    os.setsid()
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    quiet = os.open(os.devnull, os.O_RDONLY)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for source, target in ((quiet, 0), (written, 1), (written, 2)):
        os.dup2(source, target)
    random.seed(0)
    numpy.random.seed(0)
    IPKernelApp.launch_instance(argv=argv)


def _fork(request: dict[str, Any]) -> int:
    zygote = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            _tell_the_system(_PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() == zygote:  # else it was killed before the system knew
                become_kernel(**request)
        finally:
            os._exit(0)
    return pid


def serve() -> None:
    """Fork a kernel for each request; kill them and all their descendants when the requests end."""
    kernels: list[int] = []
    try:
        for line in sys.stdin:
            kernels.append(_fork(json.loads(line)))
            print(kernels[-1], flush=True)
    except BrokenPipeError:  # the runner was killed between its request and our answer
        # what is left to flush has no reader
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115
    finally:
        _end(kernels)


def _end(kernels: list[int]) -> None:
    for pid in kernels:  # none was reaped, so no number can belong to someone else
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        os.kill(pid, signal.SIGKILL)  # one just forked has no group of its own yet
        os.waitpid(pid, 0)
    _end_orphans()


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends, daemons of a cell among them (Linux)."""
    _tell_the_system(_PR_SET_CHILD_SUBREAPER, 1)


def _tell_the_system(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def _end_orphans() -> None:
    """Kill children until there are none: each that ends leaves its own ones to us."""
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    with contextlib.suppress(OSError):
        while pids := children.read_text().split():
            for pid in map(int, pids):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


if __name__ == "__main__":
    adopt_orphans()
    gc.disable()  # nothing imported is garbage, and each collection would look through all of it
    preload()
    gc.enable()
    gc.freeze()
    serve()
