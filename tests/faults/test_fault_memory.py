"""Killed by the kernel for want of memory, in a control group of its own (FAULTS.md F13, F14); needs root."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from invariants import Guard
from standin import SHOW, write_notebook

from salesops_lib import runs

pytestmark = pytest.mark.slow
LIMIT = 1_500_000_000  #: the runner, its zygote and a kernel take about a third of it
EATEN = 4_000_000_000
EAT = f"x = bytearray({EATEN})\nfor n in range(0, {EATEN}, 4096): x[n] = 1"
RUN = """
import json, os, sys
from pathlib import Path
Path(sys.argv[1], "cgroup.procs").write_text(str(os.getpid()))
from salesops_lib import runs
(result,) = runs.run(sys.argv[2], ["10"], limits=runs.Limits(attempts=1))
print(json.dumps([result.status, result.cause, result.message]))"""


@pytest.fixture
def group():
    """A control group with little memory, of version 2 or 1."""
    name = f"salesops-{os.getpid()}"
    for parent, file in (("", "memory.max"), ("memory", "memory.limit_in_bytes")):
        made = Path("/sys/fs/cgroup", parent, name)
        limit = made / file
        try:
            made.mkdir()
            with limit.open("r+") as handle:  # a control group brings the file with it
                handle.write(str(LIMIT))
        except OSError:
            if made.is_dir():
                made.rmdir()
            continue
        yield made
        made.rmdir()
        return
    pytest.skip("no control group with a limit of memory can be made here (not root, or read-only)")


def run_in(group, root):
    done = subprocess.run([sys.executable, "-c", RUN, str(group), str(root)], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture
def published(standin, warm):
    assert [r.status for r in runs.run(standin, ["10"])] == ["published"]
    return standin


def test_f13_the_kernel_is_killed(published, group):
    write_notebook(published / "notebooks" / "10_first.ipynb", EAT, SHOW)
    with Guard(published) as guard:
        status, cause, message = run_in(group, published)
    assert (status, cause) == ("failed", "memory"), message
    assert "In [3] killed its kernel (the system was out of memory)" in message
    guard.holds("memory")
    guard.mended()


def test_f14_a_child_is_killed_and_the_notebook_does_not_look(published, group):
    """Its page would be whole and wrong."""
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {EAT!r}])"
    write_notebook(published / "notebooks" / "10_first.ipynb", child, SHOW)
    with Guard(published) as guard:
        status, cause, message = run_in(group, published)
    assert (status, cause) == ("failed", "memory"), message
    assert "its figures may lack a part" in message
    guard.holds("memory")
    guard.mended()


def test_with_room_enough_nothing_is_said(published, group):
    write_notebook(published / "notebooks" / "10_first.ipynb", "x = bytearray(100_000_000)", SHOW)
    assert run_in(group, published)[:2] == ["published", ""]
