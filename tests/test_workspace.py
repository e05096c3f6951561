"""Opening a workspace: which period, which language, and what a user is told when there is nothing to open."""

from __future__ import annotations

from datetime import date

import pytest

from salesops_lib.errors import DataError, PolicyError
from salesops_lib.workspace import find_root, open_workspace


@pytest.fixture
def root(tmp_path, store, line):
    """A workspace on disk, with sales from 10 January to Tuesday 31 March 2026."""
    (tmp_path / "data").mkdir()
    store(
        path=tmp_path / "data" / "facts.duckdb",
        order_lines=[line("2026-01-10", 100), line("2026-02-10", 200), line("2026-03-31", 300)],
    ).close()
    return tmp_path


@pytest.fixture
def mid_month(tmp_path, store, line):
    """Sales from 10 February to Monday 16 March 2026."""
    (tmp_path / "data").mkdir()
    store(
        path=tmp_path / "data" / "facts.duckdb",
        order_lines=[line("2026-02-10", 200), line("2026-03-16", 300)],
    ).close()
    return tmp_path


def one_screen(problem) -> str:
    text = str(problem.value)
    assert len(text.splitlines()) <= 6
    assert "Traceback" not in text
    return text


def test_a_month_that_ends_with_the_data_is_complete(root):
    ws = open_workspace(root)
    assert (ws.period.label, ws.as_of, ws.window.is_complete) == ("2026-03", date(2026, 3, 31), True)
    assert ws.base.start == date(2025, 3, 1)
    assert ws.windows == {"actual": ws.window, "base": ws.base}
    assert ws.lang == "en"
    ws.close()


def test_a_month_under_way_gives_way_to_the_one_before(mid_month):
    ws = open_workspace(mid_month)
    assert ws.period.label == "2026-02"
    ws.close()


def test_a_month_under_way_is_reported_to_date_when_asked_for(mid_month):
    ws = open_workspace(mid_month, period="2026-03", lang="zh")
    # 16 March is the 11th working day of 22; 2025's 11th working day is Monday 17 March
    assert (ws.window.end, ws.window.n_workdays, ws.window.is_complete) == (date(2026, 3, 16), 11, False)
    assert ws.base.end == date(2025, 3, 17)
    assert ws.lang == "zh"
    ws.close()


def test_when_only_the_month_under_way_has_data_it_is_the_period(tmp_path, store, line):
    (tmp_path / "data").mkdir()
    store(path=tmp_path / "data" / "facts.duckdb", order_lines=[line("2026-03-05", 1)]).close()
    ws = open_workspace(tmp_path)
    assert (ws.period.label, ws.window.is_complete) == ("2026-03", False)
    ws.close()


def test_the_policy_may_say_up_to_which_day_the_data_are_complete(root):
    (root / "policy.yaml").write_text(
        "apiVersion: salespolicy/v1\nkind: SalesPolicy\n"
        "metadata: {id: x, version: 1.0.0, title: {en: X, zh: X}, effective: {from: 2026-01-01}}\n"
        "semantics: {currency: CNY, as_of: 2026-02-27}\nreport: {language: zh}\n"
    )
    ws = open_workspace(root)
    assert (ws.as_of, ws.period.label, ws.lang) == (date(2026, 2, 27), "2026-02", "zh")
    ws.close()


def test_two_workspaces_may_be_open_at_once(root):
    first, second = open_workspace(root), open_workspace(root, period="2026-02")
    assert first.facts.rows == second.facts.rows
    first.close()
    assert second.facts.query("SELECT 1 AS one").one.item() == 1
    second.close()


def test_trailing_months_end_with_the_last_complete_one(workspace, line):
    rows = [line("2024-01-10", 1), line("2026-03-16", 1)]
    to_date = workspace(period="2026-03", order_lines=rows)
    assert (to_date.trailing().start, to_date.trailing().end) == (date(2025, 3, 1), date(2026, 2, 28))
    assert (to_date.trailing(3, years_back=2).start, to_date.trailing(3, years_back=2).end) == (
        date(2023, 12, 1),
        date(2024, 2, 29),
    )
    past = workspace(period="2025-12", order_lines=rows)
    assert (past.trailing().start, past.trailing().end) == (date(2025, 1, 1), date(2025, 12, 31))
    assert past.trailing().is_complete


@pytest.mark.parametrize(("first", "last"), [("2026-02-01", "2026-02-28"), ("2024-02-01", "2024-02-29")])
def test_a_complete_month_to_date_is_the_month(workspace, line, first, last):
    """Whatever is loaded after it, a month that is over gives the same figures (MTD = month)."""
    from salesops_lib.metrics import totals

    rows = [line(first, 10), line(last, 20), line("2026-03-16", 40)]
    found = []
    for as_of in (last, "2026-03-16"):
        ws = workspace(period=first[:7], as_of=as_of, order_lines=rows)
        assert (str(ws.window.start), str(ws.window.end), ws.window.is_complete) == (first, last, True)
        found.append(totals(ws.facts, ["bookings"], ws.windows).bookings["actual"])
    assert found == [30, 30]


@pytest.mark.parametrize(
    ("period", "words"),
    [
        ("2026-04", ["2026-04 begins on 2026-04-01, after the last day loaded", "2026-01-10 to 2026-03-31"]),
        ("2019-05", ["2019-05 holds no data", "2026-01-10 to 2026-03-31"]),
        ("2026-13", ["'2026-13'", "months 1 to 12", "2026-Q1"]),
        ("mars", ["'mars' is not understood", "2026-03"]),
        ("2026-02..2026-01", ["earlier month first"]),
    ],
)
def test_a_wrong_period_is_told_with_what_to_write(root, period, words):
    with pytest.raises(DataError) as problem:
        open_workspace(root, period=period)
    text = one_screen(problem)
    for word in words:
        assert word in text


def test_an_unknown_language_is_told_with_the_known(root):
    with pytest.raises(DataError, match=r"'fr' is not a language.*en, zh"):
        open_workspace(root, lang="fr")


def test_without_facts_the_way_to_them_is_told(tmp_path):
    with pytest.raises(DataError) as problem:
        open_workspace(tmp_path)
    assert "salesops add" in one_screen(problem)


def test_an_empty_store_is_told(tmp_path, store):
    (tmp_path / "data").mkdir()
    store(path=tmp_path / "data" / "facts.duckdb").close()
    with pytest.raises(DataError, match="neither sales nor opportunities"):
        open_workspace(tmp_path)


def test_an_empty_store_is_told_even_when_the_policy_names_the_day(tmp_path, store):
    (tmp_path / "data").mkdir()
    store(path=tmp_path / "data" / "facts.duckdb").close()
    (tmp_path / "policy.yaml").write_text(
        "apiVersion: salespolicy/v1\nkind: SalesPolicy\n"
        "metadata: {id: x, version: 1.0.0, title: {en: X, zh: X}, effective: {from: 2026-01-01}}\n"
        "semantics: {as_of: 2026-02-27}\n"
    )
    with pytest.raises(DataError, match="neither sales nor opportunities"):
        open_workspace(tmp_path)


def test_a_policy_with_faults_is_told_and_leaves_the_store_free(root):
    (root / "policy.yaml").write_text("apiVersion: salespolicy/v1\nkind: SalesPolicy\nmetdata: {}\n")
    with pytest.raises(PolicyError, match=r"policy\.yaml:3"):
        open_workspace(root)


def test_the_workspace_is_found_from_below(root, monkeypatch):
    monkeypatch.delenv("SALESOPS_WORKSPACE", raising=False)
    (root / "policy.yaml").write_text("")
    below = root / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert find_root() == root.resolve()


def test_the_variable_wins_over_the_present_directory(tmp_path, monkeypatch):
    monkeypatch.setenv("SALESOPS_WORKSPACE", str(tmp_path))
    assert find_root() == tmp_path.resolve()
    assert find_root(tmp_path.parent) == tmp_path.parent.resolve()


def test_a_workspace_that_is_no_directory_is_told(tmp_path):
    with pytest.raises(DataError, match="is not a directory"):
        find_root(tmp_path / "nowhere")


def test_no_workspace_above_is_told(tmp_path, monkeypatch):
    monkeypatch.delenv("SALESOPS_WORKSPACE", raising=False)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match="No workspace at") as problem:
        find_root()
    assert "--workspace" in one_screen(problem)
