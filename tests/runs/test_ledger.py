import json
import os

from standin import SHOW, write_facts, write_notebook

from salesops_lib import runs
from salesops_lib.runs import ledger, publish


def states(root):
    table = runs.status(root)
    return {row.report: row.state for row in table.itertuples()}


def test_nothing_run_is_an_empty_table(standin):
    assert list(runs.status(standin).columns) == list(ledger.COLUMNS)
    assert runs.status(standin).empty


def test_states_follow_data_policy_files_and_failures(standin, warm):
    runs.run(standin)
    assert states(standin) == {"10_first": "published", "20_second": "published"}
    write_notebook(standin / "notebooks" / "20_second.ipynb", "1/0")
    runs.run(standin, ["20"])
    failed = runs.status(standin).set_index("report").loc["20_second"]
    assert (failed.state, failed.path) == ("failed", "reports/2026-03/20_second.en.html")
    assert "ZeroDivisionError" in failed.cause
    write_notebook(standin / "notebooks" / "20_second.ipynb", SHOW)
    runs.run(standin, ["20"])
    assert states(standin)["20_second"] == "published"
    write_facts(standin, "2026-04-30")
    assert states(standin) == {"10_first": "stale", "20_second": "stale"}
    write_facts(standin)
    policy = standin / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + "\n# changed\n", encoding="utf-8")
    table = runs.status(standin)
    assert set(table.cause) == {"the policy has changed"}
    (standin / "reports" / "2026-03" / "10_first.en.xlsx").unlink()
    assert states(standin)["10_first"] == "missing"


def test_a_run_cut_off_is_failed_and_one_that_goes_on_is_running(standin):
    folder = publish.reports_folder(standin)
    room = ledger.begin(folder, "10_first", "2026-03", "en")
    assert states(standin) == {"10_first": "running"}
    ledger.record(room, process="1 2 another boot")
    table = runs.status(standin)
    assert (table.state.item(), table.cause.item()) == ("failed", "the run was cut off")
    ledger.settle(folder)
    assert ledger.latest(folder)["2026-03", "10_first", "", "en"]["state"] == "ABORTED"
    assert runs.status(standin).cause.item() == "the run was cut off"


def test_old_runs_are_forgotten_but_not_those_that_go_on(tmp_path, monkeypatch):
    monkeypatch.setattr(ledger, "KEPT_RUNS", 2)
    folder = publish.reports_folder(tmp_path)
    rooms = [ledger.begin(folder, "a", "2026-01", "en") for _ in range(5)]
    for room in rooms[1:]:
        ledger.record(room, state="FAILED")
    ledger.forget_old(folder)
    assert [room.exists() for room in rooms] == [True, False, False, True, True]
    assert json.loads((rooms[0] / ledger.RECORD).read_text())["pid"] == os.getpid()


def test_an_unreadable_record_is_left_out(tmp_path):
    folder = publish.reports_folder(tmp_path)
    room = ledger.begin(folder, "a", "2026-01", "en")
    (room / ledger.RECORD).write_text("{")
    assert ledger.records(folder) == []
