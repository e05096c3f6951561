import hashlib
import json
import os
from pathlib import Path

import pytest
from standin import SHOW, write_facts, write_notebook

from salesops_lib import runs
from salesops_lib.errors import RunError
from salesops_lib.runs import zygote


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_publishes_page_workbook_manifest_and_index(standin, warm):
    results = runs.run(standin, period="2026-02", lang="en,zh")
    assert [(r.notebook, r.lang, r.status) for r in results] == [
        ("10_first", "en", "published"),
        ("10_first", "zh", "published"),
        ("20_second", "en", "published"),
        ("20_second", "zh", "published"),
    ]
    reports = standin / "reports"
    page = reports / "2026-02" / "10_first.zh.html"
    assert results[1].path == page
    assert "2026-02 team 3" in page.read_text(encoding="utf-8")
    assert page.with_suffix(".xlsx").read_bytes() == b"workbook of 2026-02"
    entry = json.loads((reports / "manifest.json").read_text())["reports"][1]
    assert (entry["report"], entry["lang"], entry["headline"], entry["grade"]) == (
        "10_first",
        "zh",
        "Sales of 2026-02",
        "A",
    )
    assert entry["files"] == {name: digest(reports / name) for name in entry["files"]}
    assert set(entry["files"]) == {"2026-02/10_first.zh.html", "2026-02/10_first.zh.xlsx"}
    assert entry["policy"]["sha256"]
    assert entry["packages"]["pandas"]
    assert entry["data"] == "sales to 2026-03-31"
    assert "2026-02/10_first.zh.html" in (reports / "index.html").read_text(encoding="utf-8")
    document = (reports / "policy.zh.html").read_text(encoding="utf-8")
    assert entry["policy"]["sha256"] in document
    assert 'href="index.zh.html"' in document
    assert not (reports / ".staging").exists()


def test_no_period_is_the_last_complete_month_and_no_language_the_policys(standin, warm):
    (result,) = runs.run(standin, ["10"])
    assert (result.period, result.lang) == ("2026-03", "en")


def test_parameters_reach_the_notebook(standin, warm):
    (result,) = runs.run(standin, ["10_first"], parameters={"level": 'it\'s {a} "rep"', "top": "7"})
    assert "it's {a} &quot;rep&quot; 7" in result.path.read_text().replace("&#39;", "'").replace(
        '"rep"', "&quot;rep&quot;"
    )


def test_watch_hears_of_begin_and_end(standin, warm):
    heard = []
    runs.run(
        standin, ["10"], watch=lambda result: heard.append((result.notebook, result.lang, result.status))
    )
    assert heard == [("10_first", "en", "begun"), ("10_first", "en", "published")]


def test_unchanged_inputs_are_up_to_date_unless_forced(standin, warm):
    runs.run(standin, ["10"])
    page = standin / "reports" / "2026-03" / "10_first.en.html"
    before = page.stat().st_mtime_ns
    assert [r.status for r in runs.run(standin, ["10"])] == ["up-to-date"]
    assert page.stat().st_mtime_ns == before
    for change in (
        lambda: write_facts(standin, "2026-04-30"),
        lambda: write_notebook(standin / "notebooks" / "10_first.ipynb", SHOW, "1 + 1"),
        lambda: page.write_text("changed by hand"),
    ):
        change()
        assert [r.status for r in runs.run(standin, ["10"], period="2026-03")] == ["published"]
    assert [r.status for r in runs.run(standin, ["10"], period="2026-03", force=True)] == ["published"]


def test_several_periods_are_run_in_their_order(standin, warm):
    labels = ["2026-01", "2026-02", "2026-03"]
    results = runs.run(standin, ["10"], period=labels, jobs=1)
    assert [(r.period, r.status) for r in results] == [(label, "published") for label in labels]
    write_facts(standin, "2026-04-30")
    assert {r.status for r in runs.run(standin, ["10"], period=labels[:1])} == {"published"}
    assert [r.status for r in runs.run(standin, ["10"], period=labels)] == [
        "up-to-date",
        "published",
        "published",
    ]


def test_up_to_date_reports_start_no_kernel(standin, warm, monkeypatch):
    runs.run(standin, ["10"])
    monkeypatch.setattr(zygote.Zygote, "fork", lambda *args: pytest.fail("a kernel was asked for"))
    assert [r.status for r in runs.run(standin, ["10"])] == ["up-to-date"]


def test_notebooks_run_at_the_same_time(standin, warm):
    meet = """
import os, time, pathlib
room = pathlib.Path(workspace)
(room / f"met-{period}-{os.getpid()}").touch()
started = time.monotonic()
while len(list(room.glob("met-*"))) < 2 and time.monotonic() - started < 20: time.sleep(0.02)
assert len(list(room.glob("met-*"))) == 2"""
    for name in ("10_first", "20_second"):
        write_notebook(standin / "notebooks" / f"{name}.ipynb", meet, SHOW)
    assert {r.status for r in runs.run(standin, jobs=2)} == {"published"}


def test_kernels_are_private_single_threaded_and_gone(standin, warm):
    told = """
import json, os, stat, sys
from ipykernel.connect import get_connection_file
info = json.load(open(get_connection_file()))
room = os.path.dirname(get_connection_file())
assert info["transport"] == "ipc", info
assert not os.stat(room).st_mode & (stat.S_IRWXG | stat.S_IRWXO)
assert os.environ["OMP_NUM_THREADS"] == "1" and os.environ["SALESOPS_WORKSPACE"] == workspace
open(os.path.join(workspace, "told.json"), "w").write(json.dumps([os.getpid(), sys.executable, os.getcwd(), room]))"""
    write_notebook(standin / "notebooks" / "10_first.ipynb", told)
    (result,) = runs.run(standin, ["10"])
    assert result.status == "published", result.message
    pid, _, cwd, room = json.loads((standin / "told.json").read_text())
    assert cwd == str(standin / "notebooks")
    assert not os.path.exists(room)
    assert Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"  # dead; the session's zygote buries it


def test_plain_kernels_give_the_same_page(standin, monkeypatch):
    (forked,) = runs.run(standin, ["10"])
    body = forked.path.read_text().replace(forked.run_folder.name, "RUN")
    monkeypatch.setattr(zygote.Zygote, "start", classmethod(lambda cls: None))
    (plain,) = runs.run(standin, ["10"], force=True)
    assert plain.status == "published"
    assert plain.path.read_text().replace(plain.run_folder.name, "RUN") == body


def test_a_dead_zygote_is_replaced_by_plain_kernels(standin, monkeypatch):
    start = zygote.Zygote.start.__func__

    def stillborn(cls):
        zygote = start(cls)
        zygote._process.kill()
        zygote._process.wait()
        return zygote

    monkeypatch.setattr(zygote.Zygote, "start", classmethod(stillborn))
    (result,) = runs.run(standin, ["10"])
    assert result.status == "published", result.message


def test_nothing_is_said_on_the_terminal(standin, warm, capfd):
    write_notebook(
        standin / "notebooks" / "10_first.ipynb", "import os; print('hello'); os.write(1, b'raw'); 1/0"
    )
    runs.run(standin, jobs=2)
    assert capfd.readouterr() == ("", "")


def test_notebook_without_workbook_publishes_the_page_alone(standin, warm):
    drop = "import pathlib; (pathlib.Path(output) / 'page.en.xlsx').unlink()"
    from standin import CLOSE

    write_notebook(standin / "notebooks" / "10_first.ipynb", SHOW, CLOSE, drop, close=False)
    (result,) = runs.run(standin, ["10"])
    assert result.status == "published"
    assert not result.path.with_suffix(".xlsx").exists()


def test_an_empty_notebook_folder_is_said(standin):
    for path in (standin / "notebooks").iterdir():
        path.unlink()
    with pytest.raises(RunError, match="no notebooks"):
        runs.run(standin)


def test_a_report_that_cannot_be_prepared_fails_alone(standin, warm, monkeypatch):
    """What breaks before the kernel is asked for is told like any other failure, and the others go on."""
    from contextlib import contextmanager

    from salesops_lib.runs.units import ScopedWorkspaces

    whole = ScopedWorkspaces.of
    write_notebook(standin / "notebooks" / "20_second.ipynb", SHOW)
    broken = []

    @contextmanager
    def of(self, unit):
        if not broken:
            broken.append(unit)
            raise ZeroDivisionError("no store")
        with whole(self, unit) as folder:
            yield folder

    monkeypatch.setattr(ScopedWorkspaces, "of", of)
    results = runs.run(standin, ["10", "20"], jobs=1)
    assert [r.status for r in results] == ["failed", "published"]
    assert results[0].cause == "internal"
    assert "could not be prepared: ZeroDivisionError: no store" in results[0].message
    assert "no store" in (results[0].run_folder / "error.txt").read_text()


def test_nothing_starts_once_the_run_is_over(standin, monkeypatch):
    """A thread that waited for a kernel while the run was interrupted gets none, plain or forked."""
    start = zygote.Zygote.start.__func__

    def closed(cls):
        made = start(cls)
        made.close()
        return made

    monkeypatch.setattr(zygote.Zygote, "start", classmethod(closed))
    (result,) = runs.run(standin, ["10"], limits=runs.Limits(attempts=1))
    assert (result.status, result.cause) == ("failed", "kernel-death")
