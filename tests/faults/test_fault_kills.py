"""The runner itself is killed: at named points of publishing, by each signal, and at random."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from invariants import Guard
from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.runs import ledger, publish

SLEEP = "from pathlib import Path\nimport time\nPath(workspace, 'begun').touch()\ntime.sleep(120)"
FAILPOINTS = {
    "before publishing": "publish.publish = lambda *args: die()",
    "while staging": "real = publish._stage\npublish._stage = lambda *args: (real(*args), die())",
    "after the journal": "publish._move = lambda *args: die()",
    "between the moves": "real = os.replace\nseen = []\ndef replace(source, target):\n    real(source, target)\n    if '.staging' in str(source): die()\nos.replace = replace",
    "before the manifest": "real = os.replace\ndef replace(source, target):\n    if str(target).endswith('manifest.json'): die()\n    real(source, target)\nos.replace = replace",
    "after the manifest": "real = os.replace\ndef replace(source, target):\n    real(source, target)\n    if str(target).endswith('manifest.json'): die()\nos.replace = replace",
    "while clearing up": "publish._discard = lambda *args: die()",
    "before the record": "from salesops_lib.runs import report\nreport._close = lambda *args: die()",
}
RUN = """
import os, sys
from salesops_lib import runs
from salesops_lib.runs import publish
def die(): os.kill(os.getpid(), 9)
{failpoint}
runs.run(sys.argv[1], ["10"], force=True)"""


@pytest.fixture
def published(standin, warm):
    assert [r.status for r in runs.run(standin, ["10"])] == ["published"]
    return standin


# F07
@pytest.mark.slow
@pytest.mark.parametrize("point", FAILPOINTS)
def test_f07_killed_at_a_point_of_publishing(published, point):
    write_notebook(published / "notebooks" / "10_first.ipynb", "top = 7", SHOW)
    with Guard(published) as guard:
        done = subprocess.run(
            [sys.executable, "-c", RUN.format(failpoint=FAILPOINTS[point]), str(published)], check=False
        )
        assert done.returncode == -signal.SIGKILL
        with publish.locked(published / "reports"):
            pass
    ledger.settle(published / "reports")
    came_through = point not in ("before publishing", "while staging")
    assert ("team 7" in (published / "reports/2026-03/10_first.en.html").read_text()) == came_through
    guard.holds("aborted", state="ABORTED", is_unchanged=not came_through)
    guard.mended()


# F03 SIGTERM, F04 SIGINT, F05 SIGKILL: while a cell runs
@pytest.mark.parametrize(
    ("number", "cause"),
    [
        (signal.SIGTERM, "interrupted"),
        pytest.param(signal.SIGINT, "interrupted", marks=pytest.mark.slow),
        (signal.SIGKILL, "aborted"),
    ],
)
def test_f03_f04_f05_the_runner_is_told_to_end(published, number, cause):
    write_notebook(published / "notebooks" / "10_first.ipynb", SLEEP, SHOW)
    command = [sys.executable, "-m", "salesops_lib.cli", "-w", str(published), "run", "10"]
    with (
        Guard(published) as guard,
        subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as runner,
    ):
        deadline = time.monotonic() + 60
        while not (published / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        runner.send_signal(number)
        assert runner.wait(10) == (-9 if number == signal.SIGKILL else 130)
    if number == signal.SIGKILL:
        assert ledger.records(published / "reports")[-1]["state"] == "RUNNING"
        assert runs.status(published).state.item() == "failed"
        ledger.settle(published / "reports")
    guard.holds(cause, state="ABORTED")
    guard.mended()


def test_a_killed_runner_leaves_no_rows_behind(tmp_path, monkeypatch):
    """What it had put into the directory for temporary files is removed by the next run."""
    from salesops_lib.runs import workers

    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    killed, alive, foreign = (tmp_path / name for name in ("salesops-killed", "salesops-alive", "salesops-x"))
    for room in (killed, alive, foreign):
        room.mkdir()
    workers._hold(killed).close()
    held = workers._hold(alive)
    workers._clear_abandoned()
    assert [room.exists() for room in (killed, alive, foreign)] == [False, True, True]
    held.close()


def test_f06_killed_while_writing_a_notebook_of_40_mb(published):
    """What it leaves is in its own directory; nobody reads that as published."""
    big = f"from pathlib import Path\nPath(workspace, 'begun').touch()\nfrom IPython.display import display, HTML\nfor n in range(20):\n    display(HTML('x' * 2_000_000), metadata={{'salesops': {{'part': 'other', 'n': n}}}})\n{SLEEP}"
    write_notebook(published / "notebooks" / "10_first.ipynb", big, SHOW)
    command = [sys.executable, "-m", "salesops_lib.cli", "-w", str(published), "run", "10"]
    seed = random.SystemRandom().randrange(10**6)
    print("seed", seed)
    with Guard(published) as guard, subprocess.Popen(command, stderr=subprocess.DEVNULL) as runner:
        deadline = time.monotonic() + 60
        while not (published / "begun").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(random.Random(seed).uniform(0, 2))
        runner.kill()
    ledger.settle(published / "reports")
    guard.holds("aborted", state="ABORTED")
    guard.mended()


# F60: 50 of the thousand of benchmarks/kills.py
@pytest.mark.slow
def test_f60_random_kills():
    script = Path(__file__).parents[2] / "benchmarks" / "kills.py"
    seed = random.SystemRandom().randrange(10**6)
    done = subprocess.run(
        [sys.executable, script, "--kills", "50", "--seed", str(seed)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr
    assert "0 violations in 50 kills" in done.stdout
