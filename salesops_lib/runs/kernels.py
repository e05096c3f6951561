"""Kernels for notebooks: private sockets, one thread for linear algebra, started warm.

Kernels speak over Unix sockets in a directory that only this user can enter.  Where the
system can fork and follow a process safely (Linux), they are forked from `zygote`, which has
the imports done; elsewhere they are started plainly, with equal results.
"""

from __future__ import annotations

import contextlib
import math
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from typing import Any

import zmq
from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_core.utils import ensure_event_loop, run_sync

from salesops_lib.runs.zygote import Zygote, environment

#: Milliseconds that jupyter_client sleeps before it looks again whether a kernel has ended.
_LOOKS_AGAIN_AFTER = 100
#: Milliseconds between attempts to connect to a kernel that is still starting; ZeroMQ's own are 100.
_CONNECTS_AGAIN_AFTER = 5


class _Forked:
    """What a provisioner asks of a `Popen`, for a process that is the zygote's child."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._descriptor = os.pidfd_open(pid)

    def has_ended(self, milliseconds: int | None) -> bool:
        """Whether it has, after waiting so long for it; None waits until it has."""
        watched = select.poll()
        watched.register(self._descriptor, select.POLLIN)
        return bool(watched.poll(milliseconds))

    def poll(self) -> int | None:
        return 1 if self.has_ended(0) else None

    def wait(self) -> int:
        self.has_ended(None)
        os.close(self._descriptor)
        return 1

    def send_signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self._descriptor, number)


class _ForkProvisioner(LocalProvisioner):
    """Starts a kernel by asking the zygote instead of running a command."""

    zygote: Zygote
    process: Any

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> KernelConnectionInfo:
        argv = cmd[cmd.index("ipykernel_launcher") + 1 :]
        log = Path(kwargs["stdout"].name)
        self.pid = self.pgid = self.zygote.fork(argv, kwargs["env"], Path(kwargs["cwd"]), log)
        self.process = _Forked(self.pid)
        self.cwd = kwargs["cwd"]
        return self.connection_info

    async def kill(self, restart: bool = False) -> None:
        await super().kill(restart=restart)
        self.process.has_ended(_LOOKS_AGAIN_AFTER)


class _Client(AsyncKernelClient):
    """Is ready once the kernel has answered on both channels.

    jupyter_client's own client then listens for another 0.2 s to what has no cell to go to.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        deadline = time.monotonic() + (timeout or math.inf)
        while time.monotonic() < deadline:
            self.kernel_info()
            with contextlib.suppress(Empty):
                await self.get_shell_msg(timeout=1)
                await self.get_iopub_msg(timeout=0.2)
                return
            if not await self.is_alive():
                raise RuntimeError("it ended before it was ready")
        raise RuntimeError(f"it was not ready after {timeout:g} s")


class _Manager(AsyncKernelManager):
    """Remembers its client, which the notebook's executor leaves open."""

    open_client: Any = None

    def client(self, **settings: Any) -> Any:
        self.open_client = super().client(**settings)
        return self.open_client


def _manager(room: Path, zygote: Zygote | None) -> _Manager:
    manager = _Manager(
        kernel_name="python3",
        kernel_spec_manager=KernelSpecManager(kernel_dirs=[]),  # a spec found elsewhere may be another Python
        transport="ipc",
        client_factory=_Client,
        connection_file=str(room / ("forked.json" if zygote else "plain.json")),
    )
    manager.context.setsockopt(zmq.RECONNECT_IVL, _CONNECTS_AGAIN_AFTER)
    if zygote is not None:
        manager.provisioner = _ForkProvisioner(
            kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec, parent=manager
        )
        manager.provisioner.zygote = zygote
    return manager


def _start(room: Path, zygote: Zygote | None, launch: dict[str, Any]) -> _Manager:
    manager = _manager(room, zygote)
    try:
        run_sync(manager.start_kernel)(extra_arguments=["--HistoryManager.enabled=False"], **launch)
    except RuntimeError:
        if zygote is None or zygote.is_closed:  # closed means that the run is over: nothing may start now
            raise
        return _start(room, None, launch)
    return manager


@contextlib.contextmanager
def kernel(
    zygote: Zygote | None, *, room: Path, cwd: Path, log: Path, env: dict[str, str]
) -> Iterator[AsyncKernelManager]:
    """A running Python kernel of this very interpreter, killed on leaving.

    Parameters
    ----------
    zygote
        Where to fork it from; None starts it plainly, as does a zygote that has died.
    room
        A private directory for its sockets; a socket's path has at most 107 bytes.
    cwd
        Its working directory.
    log
        File for what it writes past the notebook's outputs.
    env
        Environment variables beyond the runner's own.
    """
    own = Path(tempfile.mkdtemp(dir=room))
    own_environment = environment(IPYTHONDIR=str(own / "ipython"), **env)
    manager = None
    try:
        with log.open("ab") as written:
            launch = {"cwd": str(cwd), "env": own_environment, "stdout": written, "stderr": written}
            manager = _start(own, zygote, launch)
        yield manager
    finally:
        if manager is not None:
            _stop(manager)
        shutil.rmtree(own, ignore_errors=True)


def _stop(manager: _Manager) -> None:
    if manager.open_client is not None:
        manager.open_client.stop_channels()
    with contextlib.suppress(RuntimeError):  # it has ended by itself
        run_sync(manager.shutdown_kernel)(now=True)
    loop = ensure_event_loop()
    if not loop.is_running():
        loop.close()
