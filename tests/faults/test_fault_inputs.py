"""What a run depends on, changed before or while it runs; records and manifests that are damaged."""

import json
import subprocess
import sys
import threading

import pytest
from invariants import Guard
from standin import CLOSE, SHOW, write_facts, write_notebook

from salesops_lib import runs
from salesops_lib.errors import RunError
from salesops_lib.runs import inputs, ledger, publish


@pytest.fixture
def published(standin, warm):
    """A workspace whose 10_first of March is published."""
    assert [r.status for r in runs.run(standin, ["10"], period="2026-03")] == ["published"]
    return standin


def entry_of(root):
    return next(e for e in publish.manifest(root / "reports") if e["report"] == "10_first")


def test_f27_nothing_changed(published):
    before = entry_of(published)
    with Guard(published) as guard:
        assert [r.status for r in runs.run(published, ["10"], period="2026-03")] == ["up-to-date"]
    guard.holds()
    assert entry_of(published) == before
    assert guard.records() == []


CHANGES = {
    "data": lambda root, patch: write_facts(root, "2026-04-30"),
    "policy": lambda root, patch: (root / "policy.yaml").open("a").write("\n# changed\n"),
    "notebook": lambda root, patch: write_notebook(root / "notebooks" / "10_first.ipynb", SHOW, "1"),
    "library": lambda root, patch: patch.setattr(inputs, "library", lambda: "another"),
    "packages": lambda root, patch: patch.setattr(inputs, "packages", lambda: {"pandas": "2.0"}),  # F35
    "parameters": lambda root, patch: None,
    "files": lambda root, patch: (root / "reports/2026-03/10_first.en.html").write_text("changed</html>"),
}


@pytest.mark.parametrize("part", CHANGES)
def test_f28_f35_what_changed_makes_a_new_run_which_says_so(published, monkeypatch, part):
    """The old run is kept; the record of the new one names the part of the key."""
    old = entry_of(published)
    CHANGES[part](published, monkeypatch)
    given = {"top": 5} if part == "parameters" else {}
    (result,) = runs.run(published, ["10"], period="2026-03", parameters=given)
    assert result.status == "published"
    first, second = ledger.records(published / "reports")
    assert first["because"] == ["new"]
    assert second["because"] == [part]
    assert (entry_of(published)["key"] == old["key"]) == (part == "files")
    assert (published / "reports" / ".runs" / old["run_id"]).is_dir()


def test_f34_a_notebook_edited_while_it_runs(published):
    """What ran is the copy, and the manifest has the copy's key; the edited one is run the next time."""
    notebook = published / "notebooks" / "10_first.ipynb"
    edit = f"open({str(notebook)!r}, 'a').write(' ')"
    write_notebook(notebook, edit, SHOW)
    (result,) = runs.run(published, ["10"], period="2026-03")
    assert result.status == "published"
    copy = result.run_folder / "source.ipynb"
    assert entry_of(published)["parts"]["notebook"] == publish.sha256(copy.read_bytes())
    assert copy.read_bytes() != notebook.read_bytes()
    assert [r.status for r in runs.run(published, ["10"], period="2026-03")] == ["published"]


@pytest.mark.parametrize(
    ("part", "words"), [("data", "the facts changed"), ("policy_sha256", "the policy changed")]
)
def test_f36_input_replaced_while_it_runs(published, part, words):
    close = CLOSE.replace('"grade": "A"', f'"grade": "A", "{part}": "another"')
    write_notebook(published / "notebooks" / "10_first.ipynb", SHOW, close, close=False)
    with Guard(published) as guard:
        (result,) = runs.run(published, ["10"], period="2026-03")
    assert words in result.message
    guard.holds("input-changed")
    guard.mended(period="2026-03")


def test_f33_a_back_fill_after_later_data_came(published):
    """With other facts it is made anew, and the record says why; `test_fault_restated.py` has what its page says."""
    assert [r.status for r in runs.run(published, ["10"], period="2025-06")] == ["published"]
    write_facts(published, "2026-04-30")
    (again,) = runs.run(published, ["10"], period="2025-06")
    assert again.status == "published"
    assert ledger.records(published / "reports")[-1]["because"] == ["data"]


def damage(path, how):
    content = path.read_bytes()
    middle = len(content) // 2
    path.write_bytes(
        {
            "half": content[:middle],
            "empty": b"",
            "bit": content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :],
            "not json": b"{]",
            "digest": content.replace(b'"grade": "A"', b'"grade": "B"'),
        }[how]
    )
    assert path.read_bytes() != content


@pytest.mark.parametrize("how", ["half", "empty", "bit", "not json", "digest"])
def test_f58_a_damaged_manifest_is_made_again(published, caplog, how):
    runs.run(published, ["20"], period="2026-02")
    before = publish.manifest(published / "reports")
    damage(published / "reports" / publish.MANIFEST, how)
    with pytest.raises(RunError, match="damaged"):
        runs.status(published)
    results = runs.run(published, ["10"], period="2026-03")
    assert [r.status for r in results] == ["up-to-date"]
    assert "was damaged. It was made again of what had been published: 2 entries" in caplog.text
    assert publish.manifest(published / "reports") == before
    assert (published / "reports" / "manifest.damaged.json").is_file()


def test_f58_a_damaged_history_loses_the_damaged_line_alone(published):
    runs.run(published, ["20"], period="2026-02")
    reports = published / "reports"
    history = reports / publish.HISTORY
    lines = history.read_bytes().splitlines()
    history.write_bytes(b"\n".join([lines[0].replace(b"2026", b"2027"), *lines[1:]]) + b"\nhalf a li")
    damage(reports / publish.MANIFEST, "empty")
    assert "1 entries" in publish.mend(reports)
    assert [e["report"] for e in publish.manifest(reports)] == ["20_second"]
    publish.publish(reports, [{**entry_of_second(reports), "files": []}], {})
    assert len(publish._history(reports)) == 2


def entry_of_second(reports):
    return publish.manifest(reports)[0]


@pytest.mark.parametrize("how", ["half", "empty", "not json"])
def test_f58_a_damaged_record_is_not_counted(published, how):
    damage(published / "reports" / ".runs" / entry_of(published)["run_id"] / ledger.RECORD, how)
    assert runs.status(published).state.item() == "published"
    with Guard(published) as guard:
        assert [r.status for r in runs.run(published, ["10"], period="2026-03", force=True)] == ["published"]
    guard.holds(is_unchanged=False)


def test_f59_reports_deleted_and_made_again(standin, warm):
    import shutil

    labels = ["2025-12", "2026-01", "2026-02"]
    runs.run(standin, period=labels, lang="en,zh")
    before = {publish.identity(e): e["figures"] for e in publish.manifest(standin / "reports")}
    shutil.rmtree(standin / "reports")
    assert {r.status for r in runs.run(standin, period=labels, lang="en,zh")} == {"published"}
    after = {publish.identity(e): e["figures"] for e in publish.manifest(standin / "reports")}
    assert after == before
    assert len(after) == 12


HOLD = """
import sys, time
from pathlib import Path
from salesops_lib.runs.turns import turn
with turn(Path(sys.argv[1]), "2026-03/10_first", 0):
    print("held", flush=True)
    time.sleep(60)"""


def test_f25_whoever_held_the_turn_was_killed(published):
    command = [sys.executable, "-c", HOLD, str(published / "reports")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder, Guard(published) as guard:
        assert holder.stdout.readline().strip() == "held"
        limits = runs.Limits(run_seconds=0.3)
        (busy,) = runs.run(published, ["10"], period="2026-03", force=True, limits=limits)
        assert (busy.status, busy.cause) == ("failed", "busy")
        holder.kill()
        holder.wait()
        (result,) = runs.run(published, ["10"], period="2026-03", force=True)
        assert result.status == "published"
    guard.holds(is_unchanged=False)


def test_f43_a_job_that_the_clock_fires_twice_publishes_once(published):
    before = entry_of(published)
    assert [r.status for r in runs.run(published, ["10"], period="2026-03")] == ["up-to-date"]
    assert entry_of(published) == before


@pytest.mark.parametrize("hours", [-2, 24])
def test_f42_a_clock_that_jumps(published, monkeypatch, hours):
    """Durations are those of the monotonic clock, the period is the parameter, the last run stays last."""
    import datetime as clocks

    real = ledger.datetime

    class Jumped(clocks.datetime):
        @classmethod
        def now(cls, zone=None):
            return real.now(zone) + clocks.timedelta(hours=hours)

    write_notebook(published / "notebooks" / "10_first.ipynb", "1/0")
    monkeypatch.setattr(ledger, "datetime", Jumped)
    with Guard(published) as guard:
        (failed,) = runs.run(published, ["10"])
    assert (failed.status, failed.period) == ("failed", "2026-03")
    assert 0 < failed.seconds < 60
    guard.holds("error")
    assert runs.status(published).state.item() == "failed"
    monkeypatch.setattr(ledger, "datetime", real)
    guard.mended()
    assert runs.status(published).state.item() == "published"


def test_f57_retention_beside_readers_and_publishers(published, monkeypatch):
    """Removing old runs takes nothing that is published, and no run that goes on."""
    monkeypatch.setattr(ledger, "KEPT_RUNS", 1)
    reports, over = published / "reports", threading.Event()

    def forget():
        while not over.is_set():
            ledger.forget_old(reports)

    worker = threading.Thread(target=forget)
    with Guard(published) as guard:
        worker.start()
        try:
            for _ in range(5):
                assert [r.status for r in runs.run(published, ["10"], force=True)] == ["published"]
        finally:
            over.set()
            worker.join()
    guard.holds(is_unchanged=False)
    assert sum(known["state"] == "PUBLISHED" for known in ledger.records(reports)) == 1


def test_failed_runs_are_kept_beside_many_published_ones(published, monkeypatch):
    """I6"""
    monkeypatch.setattr(ledger, "KEPT_RUNS", 2)
    notebook = published / "notebooks" / "10_first.ipynb"
    write_notebook(notebook, "1/0")
    (failed,) = runs.run(published, ["10"])
    write_notebook(notebook, SHOW)
    for _ in range(3):
        runs.run(published, ["10"], force=True)
    states = [known["state"] for known in ledger.records(published / "reports")]
    assert states == ["FAILED", "PUBLISHED", "PUBLISHED"]
    assert json.loads((failed.run_folder / ledger.RECORD).read_text())["cause"] == "error"
