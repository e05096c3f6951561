"""What goes wrong in a run: said on one screen, with the right status, the last good report as it was."""

import hashlib
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from click.testing import CliRunner
from standin import CLOSE, SHOW, write_facts, write_notebook

from salesops_lib import runs
from salesops_lib.cli import main
from salesops_lib.runs import ledger, publish
from salesops_lib.runs.turns import turn


def salesops(*args):
    return CliRunner().invoke(main, [str(arg) for arg in args])


def digests(root):
    """Every published file but the index, which shows failures too."""
    reports = root / "reports"
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in [*reports.glob("2*/*"), reports / "manifest.json"]
        if path.is_file()
    }


def one_screen(result, *words):
    said = result.stderr
    assert "Traceback" not in said
    assert len(said.splitlines()) <= 24
    for word in words:
        assert word in said
    return True


@pytest.fixture
def published(standin, warm):
    """A workspace whose 10_first is published; the fault comes after."""
    assert salesops("-w", standin, "run", "10").exit_code == 0
    return standin


CELLS = {
    "error": ("x = {}\nx['region']", "cell In [3] stopped at `x['region']` with KeyError\n'region'"),
    "exit": ("import sys; sys.exit(0)", "cell In [3] ended the notebook early (SystemExit 0)"),
    "exit inside try": (
        "try:\n    raise SystemExit\nexcept BaseException:\n    raise",
        "cell In [3] ended the notebook",
    ),
    "kernel-death": ("import os; os.kill(os.getpid(), 9)", "cell In [3] killed its kernel"),
    "kernel ends": ("import os; os._exit(0)", "cell In [3] killed its kernel"),
    "data": (
        "from salesops_lib.errors import DataError\nraise DataError('orders: no rows.\\nAdd a file.')",
        "orders: no rows.\nAdd a file.",
    ),
    "input": ("input('name?')", "cell In [3] stopped"),
}


CAUSES = {
    "exit": "exit",
    "exit inside try": "exit",
    "kernel-death": "kernel-death",
    "kernel ends": "kernel-death",
}


def test_cells_that_fail_leave_the_last_good_reports(standin, warm):
    """Every fault in a notebook of its own, published first and run again once the fault is there."""
    notebooks = {fault: standin / "notebooks" / f"{n}_x.ipynb" for n, fault in enumerate(CELLS, start=30)}
    names = [notebook.stem for notebook in notebooks.values()]
    for notebook in notebooks.values():
        write_notebook(notebook, SHOW)
    assert {r.status for r in runs.run(standin, names)} == {"published"}
    before = digests(standin)
    for fault, (source, _) in CELLS.items():
        write_notebook(notebooks[fault], source, SHOW)
    failed = runs.run(standin, names)
    for result, (fault, (_, words)) in zip(failed, CELLS.items(), strict=True):
        assert (result.status, result.cause) == ("failed", CAUSES.get(fault, "error")), fault
        assert words in result.message
        assert result.path is not None
    assert digests(standin) == before


def test_a_failed_run_says_what_where_and_what_is_left(published):
    before = digests(published)
    notebook = published / "notebooks" / "10_first.ipynb"
    write_notebook(notebook, *CELLS["error"][:1], SHOW)
    result = salesops("-w", published, "run", "10")
    assert result.exit_code == 3
    assert one_screen(result, CELLS["error"][1], "The last good page is untouched", "The run is kept in")
    assert digests(published) == before
    write_notebook(notebook, SHOW)
    assert salesops("-w", published, "run", "10").exit_code == 0


def test_other_reports_are_published_all_the_same(standin, warm):
    write_notebook(standin / "notebooks" / "10_first.ipynb", "1/0")
    results = {r.notebook: r for r in runs.run(standin)}
    assert (results["10_first"].status, results["10_first"].cause) == ("failed", "error")
    assert results["10_first"].path is None
    assert results["20_second"].status == "published"
    kept = results["10_first"].run_folder
    assert "ZeroDivisionError" in (kept / "10_first.ipynb").read_text()
    assert (kept / "10_first.en.html").is_file()


def test_a_page_never_closed_is_unfinished(standin, warm):
    write_notebook(standin / "notebooks" / "10_first.ipynb", SHOW, close=False)
    (result,) = runs.run(standin, ["10"])
    assert (result.status, result.cause) == ("failed", "unfinished")
    assert "page.close(output)" in result.message


def test_exit_after_the_page_was_closed_is_not_passed(standin, warm):
    write_notebook(
        standin / "notebooks" / "10_first.ipynb", SHOW, CLOSE, "raise SystemExit", "1", close=False
    )
    (result,) = runs.run(standin, ["10"])
    assert (result.status, result.cause) == ("failed", "exit")


def test_an_error_that_a_tag_allows_is_not_passed(standin, warm):
    import nbformat

    path = write_notebook(standin / "notebooks" / "10_first.ipynb", "1/0", SHOW)
    document = nbformat.read(path, as_version=4)
    document.cells[2].metadata["tags"] = ["raises-exception"]
    nbformat.write(document, path)
    (result,) = runs.run(standin, ["10"])
    assert (result.status, result.cause) == ("failed", "error")


def test_a_cell_that_takes_too_long_is_stopped(standin, warm):
    write_notebook(standin / "notebooks" / "10_first.ipynb", "while True: pass")
    (result,) = runs.run(standin, ["10"], limits=runs.Limits(cell_seconds=1))
    assert (result.status, result.cause) == ("failed", "timeout")
    assert "cell In [3] took longer than 1 s" in result.message


def test_a_run_that_takes_too_long_is_stopped_though_each_cell_is_quick(standin, warm):
    cells = ["import time; time.sleep(0.7)"] * 4
    write_notebook(standin / "notebooks" / "10_first.ipynb", *cells)
    (result,) = runs.run(standin, ["10"], limits=runs.Limits(cell_seconds=60, run_seconds=1.5))
    assert (result.status, result.cause) == ("failed", "deadline")
    assert "the whole run had taken 1.5 s" in result.message


TWICE = """
from pathlib import Path
tries = Path(workspace, "tries")
tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
if len(tries.read_text()) < 3:
    raise {error}
"""


def test_a_passing_fault_is_tried_again_and_a_lasting_one_is_not(standin, warm):
    limits = runs.Limits(pause_seconds=0.01)
    notebook = standin / "notebooks" / "10_first.ipynb"
    write_notebook(notebook, TWICE.format(error="ConnectionResetError('by peer')"), SHOW)
    (result,) = runs.run(standin, ["10"], limits=limits)
    assert (result.status, result.attempts) == ("published", 3)
    states = [(known["attempt"], known["state"]) for known in ledger.records(standin / "reports")]
    assert states == [(1, "FAILED"), (2, "FAILED"), (3, "PUBLISHED")]
    (standin / "tries").unlink()
    write_notebook(notebook, TWICE.format(error="AssertionError('sums differ')"), SHOW)
    (result,) = runs.run(standin, ["10"], limits=limits)
    assert (result.status, result.attempts) == ("failed", 1)


def test_facts_loaded_anew_during_a_run_are_not_published(standin, warm):
    close = CLOSE.replace('"grade": "A"', '"grade": "A", "data": "sales to another day"')
    write_notebook(standin / "notebooks" / "10_first.ipynb", SHOW, close, close=False)
    (result,) = runs.run(standin, ["10"])
    assert (result.status, result.cause) == ("failed", "input-changed")


def test_runs_of_one_report_take_turns(standin, warm):
    """Of four at once one publishes; the others wait for it and find it up to date."""
    count = "from pathlib import Path\nimport time\nwith Path(workspace, 'made').open('a') as f: f.write('x')\ntime.sleep(0.3)"
    write_notebook(standin / "notebooks" / "10_first.ipynb", count, SHOW)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: runs.run(standin, ["10"])[0].status, range(4)))
    assert sorted(found) == ["published", "up-to-date", "up-to-date", "up-to-date"]
    assert (standin / "made").read_text() == "x"


def test_a_turn_kept_too_long_is_busy(standin, warm):
    reports = publish.reports_folder(standin)
    with turn(reports, "2026-03/10_first", 0):
        (result,) = runs.run(standin, ["10"], limits=runs.Limits(run_seconds=0.2))
    assert (result.status, result.cause) == ("failed", "busy")
    assert "BUSY" in result.message
    assert runs.run(standin, ["10"])[0].status == "published"


def test_children_of_a_kernel_end_with_the_run(standin):
    child = "import subprocess, pathlib\np = subprocess.Popen(['sleep', '60'])\npathlib.Path(workspace, 'child').write_text(str(p.pid))"
    write_notebook(standin / "notebooks" / "10_first.ipynb", child)
    runs.run(standin, ["10"])
    pid = int((standin / "child").read_text())
    assert not is_alive(pid)


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_page_that_cannot_be_rendered_is_our_mistake_and_changes_nothing(published, monkeypatch):
    from salesops_lib import reporting

    def broken(*args, **settings):
        raise ValueError("no such template")

    before = digests(published)
    monkeypatch.setattr(reporting, "render", broken)
    result = salesops("-w", published, "run", "10", "--force")
    assert result.exit_code == 3
    assert one_screen(
        result, "page could not be made: ValueError: no such template", "our mistake", "error.txt"
    )
    assert digests(published) == before


def test_a_publication_refused_by_the_system_changes_nothing(published, monkeypatch):
    before, real = digests(published), os.replace

    def refuse(source, target):
        if Path(target).suffix == ".xlsx":
            raise PermissionError(13, "Permission denied", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    result = salesops("-w", published, "run", "10", "--force")
    assert result.exit_code == 3
    assert one_screen(result, "Cannot write", "Permission denied", "writable")
    assert digests(published) == before


def test_no_right_to_write_is_refused_before_a_kernel_starts(standin):
    (standin / "reports").write_text("in the way")
    result = salesops("-w", standin, "run")
    assert result.exit_code == 1
    assert one_screen(result, "Cannot write", "reports")


def test_wrong_requests_are_refused_before_a_kernel_starts(published):
    before = digests(published)
    requests = {
        ("run", "10_frist"): ("did you mean '10_first'",),
        ("run", "10", "-p", "levle=rep"): ("no parameter 'levle'", "did you mean 'level'"),
        ("run", "10", "-p", "top=many"): ("top must be a whole number, not 'many'",),
        ("run", "10", "-p", "period=2026-01"): ("use --period",),
        ("run", "10", "--lang", "fr"): ("'fr' is not a language",),
        ("run", "10", "--period", "2031-01"): ("2031-01", "2026-03-31"),
        ("run", "10", "--period", "2019-01"): ("2019-01", "2025-01-02"),
        ("run", "10", "--period", "../../x"): ("is not understood", "2026-03"),
        ("run", "10", "--period", "Marz"): ("is not understood", "2026-03"),
    }
    for request, words in requests.items():
        result = salesops("-w", published, *request)
        assert result.exit_code == 1, (request, result.output)
        assert one_screen(result, *words)
    assert len(list((published / "reports" / ".runs").glob("*/run.json"))) == 1
    assert digests(published) == before


def test_no_data_yet(tmp_path):
    (tmp_path / "policy.yaml").write_text("")
    (tmp_path / "policy.yaml").unlink()
    result = salesops("-w", tmp_path, "run")
    assert result.exit_code == 1
    assert one_screen(result, "salesops demo", "salesops load")


def test_no_workspace_at_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SALESOPS_WORKSPACE", raising=False)
    for verb in ("run", "status", "load", "check"):
        result = salesops(verb)
        assert result.exit_code == 1
        assert one_screen(result, "No workspace", "--workspace")
    result = salesops("-w", tmp_path / "nowhere", "run")
    assert result.exit_code == 1
    assert one_screen(result, "not a directory")


def test_a_corrupt_store(published):
    before = digests(published)
    (published / "data" / "facts.duckdb").write_bytes(b"not a database" * 1000)
    for verb in ("run", "status"):
        result = salesops("-w", published, verb)
        assert result.exit_code == 1
        assert one_screen(result, "facts.duckdb", "salesops load")
    assert digests(published) == before


def test_an_empty_store(standin):
    write_facts(standin)
    import duckdb

    with duckdb.connect(str(standin / "data" / "facts.duckdb")) as store:
        store.execute("DELETE FROM sales; UPDATE table_columns SET n_filled = 0, n_rows = 0")
    result = salesops("-w", standin, "run")
    assert result.exit_code == 1
    assert one_screen(result, "nothing to report", "salesops add")


def test_a_policy_with_faults(published):
    before = digests(published)
    policy = published / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("semantics:", "semantix:"), encoding="utf-8")
    result = salesops("-w", published, "run")
    assert result.exit_code == 1
    assert one_screen(result, "policy.yaml", "semantix", "semantics")
    assert digests(published) == before


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow), signal.SIGKILL]
)
def test_an_interrupted_run_leaves_nothing(published, number):
    before = digests(published)
    wait = "import os, pathlib, time\npathlib.Path(workspace, 'pid-{__name}').write_text(str(os.getpid()))\ntime.sleep(120)"
    for name in ("10_first", "20_second"):
        write_notebook(published / "notebooks" / f"{name}.ipynb", wait.replace("{__name}", name))
    command = [sys.executable, "-m", "salesops_lib.cli", "-w", str(published), "run", "--lang", "en,zh"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    notes = [published / "pid-10_first", published / "pid-20_second"]
    deadline = time.monotonic() + 30
    while not all(note.exists() and note.read_text() for note in notes) and time.monotonic() < deadline:
        time.sleep(0.05)
    pids = [int(note.read_text()) for note in notes]
    process.send_signal(number)
    said = process.communicate(timeout=15)[1]
    if number != signal.SIGKILL:
        assert process.returncode == 130, said
        assert said.strip() == "Interrupted; nothing is half-written."
    deadline = time.monotonic() + 10
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, pids))
    assert digests(published) == before
    write_notebook(published / "notebooks" / "10_first.ipynb", SHOW)
    assert salesops("-w", published, "run", "10").exit_code == 0
