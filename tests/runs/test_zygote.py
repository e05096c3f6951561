import contextlib
import os
import select
import signal

import pytest

from salesops_lib.runs.zygote import Zygote

pytestmark = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="the system cannot follow a process")


@pytest.mark.parametrize("ends", [lambda zygote: zygote.close(), lambda zygote: zygote._process.kill()])
def test_a_kernel_ends_with_what_it_was_forked_from(tmp_path, ends):
    """Even at once, when it has not yet seen whose child it is; a poller in it would be too late."""
    zygote = Zygote.start()
    arguments = ["-f", str(tmp_path / "connection.json")]
    pid = zygote.fork(arguments, dict(os.environ), tmp_path, tmp_path / "kernel.log")
    kernel = os.pidfd_open(pid)
    ends(zygote)
    watched = select.poll()
    watched.register(kernel, select.POLLIN)
    has_ended = watched.poll(10_000)
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(kernel, signal.SIGKILL)
    os.close(kernel)
    zygote.close()
    assert has_ended, "the kernel lives on"
