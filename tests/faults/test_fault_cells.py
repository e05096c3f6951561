"""Faults inside a notebook: each leaves the last good page, names its cause, and passes when mended."""

import pytest
from invariants import Guard
from standin import CLOSE, SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.runs import engine, ledger

QUICK = runs.Limits(cell_seconds=1, run_seconds=30)
DAEMON = """
import os, subprocess, time
subprocess.Popen(["sleep", "120"])
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sleep", ["sleep", "120"])
    os._exit(0)
import threading
threading.Thread(target=time.sleep, args=(120,)).start()"""
CELLS = {
    "F01": (("import os, threading, time\nthreading.Timer(0.2, os.kill, (os.getpid(), 9)).start()\ntime.sleep(60)",), "kernel-death"),
    "F02": (("import os; os.kill(os.getpid(), 9)",), "kernel-death"),
    "F09": (("import time; time.sleep(60)",), "timeout"),
    "F11": (("import itertools; sum(itertools.repeat(1))",), "timeout"),
    "F11 SIGINT ignored": (("import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",), "timeout"),
    "F12": (("import resource\nresource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\nx = bytearray(2**33)",), "memory"),
    "F12 numpy": (("import numpy, resource\nresource.setrlimit(resource.RLIMIT_AS, (2**32, 2**32))\nx = numpy.ones(2**30)",), "memory"),
    "F14": (("from joblib import Parallel, delayed\nimport os\nParallel(2)(delayed(os.abort)() for _ in range(2))",), "error"),
    "F15": (("import sys; sys.exit(0)",), "exit"),
    "F16": (("import sys\ntry:\n    1 / 0\nexcept BaseException:\n    sys.exit(0)",), "exit"),
    "F18": (("import logging; logging.error('sums differ')\nassert 1 == 2, 'sums differ'",), "error"),
    "F29": (("1 / 0",), "error"),
    "F52": (("input('name?')",), "error"),
    "F52 debugger": (("import pdb; pdb.set_trace()",), "error"),
}  # fmt: skip


@pytest.fixture
def published(standin, warm):
    """A workspace whose 10_first is published; the fault comes after."""
    assert [r.status for r in runs.run(standin, ["10"])] == ["published"]
    return standin


@pytest.mark.parametrize("case", CELLS)
def test_a_fault_in_a_cell(published, case):
    cells, cause = CELLS[case]
    write_notebook(published / "notebooks" / "10_first.ipynb", *cells, SHOW)
    limits = QUICK if cause == "timeout" else None
    with Guard(published) as guard:
        (result,) = runs.run(published, ["10"], limits=limits)
    assert (result.status, result.cause) == ("failed", cause), result.message
    assert result.path is not None
    assert "In [3]" in result.message
    guard.holds(cause)
    guard.mended()


def test_f17_an_error_that_a_tag_allows(published):
    import nbformat

    path = write_notebook(published / "notebooks" / "10_first.ipynb", "1/0", SHOW)
    document = nbformat.read(path, as_version=4)
    document.cells[2].metadata["tags"] = ["raises-exception"]
    nbformat.write(document, path)
    with Guard(published) as guard:
        runs.run(published, ["10"])
    guard.holds("error")
    guard.mended()


def test_f10_a_deadline_of_the_whole_run(published):
    write_notebook(published / "notebooks" / "10_first.ipynb", *["import time; time.sleep(0.6)"] * 4)
    with Guard(published) as guard:
        runs.run(published, ["10"], limits=runs.Limits(run_seconds=1.5))
    guard.holds("deadline")
    guard.mended()


def test_f01_cells_after_a_killed_kernel_were_not_run(published):
    """papermill calls them completed; the record names the cell that was running."""
    write_notebook(
        published / "notebooks" / "10_first.ipynb", "1", "import os; os.kill(os.getpid(), 9)", SHOW
    )
    (result,) = runs.run(published, ["10"])
    assert "In [4] killed its kernel" in result.message
    (record,) = [k for k in ledger.records(published / "reports") if k["state"] == "FAILED"]
    assert record["cell"] == 4


@pytest.mark.parametrize(
    "printing",
    [
        "print('line 1\\n' * 1_000_000)",
        pytest.param("for n in range(1_000_000): print('line', n)", marks=pytest.mark.slow),
        pytest.param("for n in range(50): print('line 1' * 1_700_000)", marks=pytest.mark.slow),
    ],
)
def test_f51_a_cell_that_prints_a_million_lines(published, printing):
    """What it shows is cut and that is said; the run goes on, and the page has none of it."""
    display = "from IPython.display import display, HTML\nfor n in range(3):\n    display(HTML('<p>' + 'x' * 600_000))"
    write_notebook(published / "notebooks" / "10_first.ipynb", printing, display, SHOW)
    with Guard(published) as guard:
        (result,) = runs.run(published, ["10"])
    assert result.status == "published", result.message
    kept = result.run_folder / "10_first.ipynb"
    assert kept.stat().st_size < 5 * engine.MOST_SHOWN
    assert kept.read_text().count("The rest is left out: the cell showed more than 1,000,000 characters") == 2
    assert "line 1" not in result.path.read_text()
    guard.holds(is_unchanged=False)


def test_f51_what_a_kernel_writes_past_its_outputs_is_cut_too(published):
    write_notebook(published / "notebooks" / "10_first.ipynb", "import os; os.system('yes | head -c 3000000')", SHOW)  # fmt: skip
    (result,) = runs.run(published, ["10"])
    assert result.status == "published"
    assert (result.run_folder / "kernel.log").stat().st_size <= 1_000_000


def test_f53_children_daemons_and_threads_end_with_the_run(standin):
    assert [r.status for r in runs.run(standin, ["10"])] == ["published"]
    write_notebook(standin / "notebooks" / "10_first.ipynb", DAEMON, SHOW)
    with Guard(standin) as guard:
        (result,) = runs.run(standin, ["10"])
    assert result.status == "published"
    guard.holds(is_unchanged=False)


def test_f53_a_cell_that_never_ends_after_the_page_was_closed(published):
    write_notebook(
        published / "notebooks" / "10_first.ipynb", SHOW, CLOSE, "import time; time.sleep(60)", close=False
    )
    with Guard(published) as guard:
        runs.run(published, ["10"], limits=QUICK)
    guard.holds("timeout")
    guard.mended()
