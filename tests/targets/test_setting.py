"""The proposal of the sample company's targets: nothing of the year is looked at, sums, sheet, tests and wording."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from salesops_lib.cli import main
from salesops_lib.errors import DataError
from salesops_lib.metrics import Exhibit
from salesops_lib.reporting import Page
from salesops_lib.targets import smart
from salesops_lib.targets.proposal import propose
from salesops_lib.targets.setting import setting
from salesops_lib.targets.sheet import laid_out, read_back
from salesops_lib.targets.smart import Aim, Landing, aims, landings, verdicts
from salesops_lib.workspace import open_workspace


@pytest.fixture(scope="module")
def ws(sample_company):
    opened = open_workspace(sample_company, period="2025-12", lang="en,zh")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def proposal(ws):
    return propose(ws)


@pytest.fixture(scope="module")
def sheet(proposal):
    return laid_out(proposal).astype(object)


@pytest.fixture(scope="module")
def made(ws):
    return setting(ws)


def test_every_level_makes_the_company_times_its_reserve(proposal):
    sums = proposal.targets[proposal.targets.measure == "bookings"].groupby("level").value.sum()
    assert sums.company == proposal.tree.totals["bookings"]
    assert sums.region == pytest.approx(sums.company * 1.03, abs=0.5 + 1e-3)
    # Half a unit for each of 5 regions, and for each of 10 teams.
    assert sums.team == pytest.approx(sums.region * 1.05, abs=2.5 + 1e-3)
    assert sums.rep == pytest.approx(sums.team * 1.08, abs=5 + 1e-3)


def test_territories_hold_all_customers_sales_of_last_year(ws, proposal):
    sold = ws.facts.query(
        "SELECT CAST(SUM(net_amount) AS DOUBLE) AS s FROM sales WHERE year(dated_on) = 2025 AND kind = 'order'"
    ).s[0]
    assert proposal.territories.bookings_year.sum() == pytest.approx(sold, abs=0.5)
    regions = proposal.tree.units[
        (proposal.tree.units.measure == "bookings") & (proposal.tree.units.level == "region")
    ]
    people = proposal.tree.units[
        (proposal.tree.units.measure == "bookings") & (proposal.tree.units.level == "rep")
    ]
    assert people.base.sum() == pytest.approx(regions.base.sum())


def test_nothing_of_the_planned_year_is_looked_at(sample_company):
    before = open_workspace(sample_company, period="2024-12")
    whole = propose(before)
    blind = replace(before, facts=Until(before.facts, "2024-12-31"))
    assert propose(blind).tree.units.equals(whole.tree.units)
    before.close()


class Until:
    """Facts whose sales end on a day; all else as it is."""

    def __init__(self, facts, day):
        self._facts, self._day = facts, day

    def __getattr__(self, name):
        return getattr(self._facts, name)

    def query(self, sql, parameters=()):
        cut = f"(SELECT * FROM sales WHERE dated_on <= DATE '{self._day}') AS sales"
        return self._facts.query(sql.replace("FROM sales", f"FROM {cut}"), parameters)


def test_locked_rows_come_back_and_stay(proposal, sheet):
    filled = sheet.copy()
    row = filled.index[(filled.level == "rep") & (filled.measure == "bookings")][3]
    months = list(proposal.tree.months)
    filled.loc[row, months] = [f"{1000 + n}.25" for n in range(12)]
    filled.loc[row, "locked"] = "x"
    locks, faults = read_back(filled, proposal)
    assert faults == []
    settled = proposal.with_locks(locks).targets
    own = settled[(settled.unit == sheet.unit[row]) & (settled.measure == "bookings")]
    assert own.value.tolist() == [100_025 + 100 * n for n in range(12)]
    sums = settled[settled.measure == "bookings"].groupby("level").value.sum()
    assert sums.rep == pytest.approx(sums.team * 1.08, abs=5 + 1e-3)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("unit", "R9999", "there is no such target"),
        ("2026-03", "many", "'many' is not a number"),
        ("2026-03", None, "is not a number"),
        ("2026-03", float("nan"), "the cell is empty"),
        ("2026-03", -5, "is negative"),
        ("2026-03", 1e30, "too large"),
        ("locked", "maybe", "locked is 'maybe'; write x, or months such as 2026-01"),
        ("2026-03", "10.005", "finer than the smallest unit"),
        ("2026-03", 12345, "changed but not locked"),
    ],
)
def test_each_fault_has_one_message(proposal, sheet, column, value, message):
    filled = sheet.copy()
    row = filled.index[filled.level == "rep"][0]
    filled.loc[row, column] = value
    _, faults = read_back(filled, proposal)
    assert len(faults) == 1
    assert message in faults[0]
    assert f"Row {row + 2} " in faults[0]


@pytest.mark.parametrize("mark", ["2026-01", "2026-01, 2026-03", datetime(2026, 1, 1), " X ", "是", True])
def test_what_is_locked_may_be_a_row_or_its_months(proposal, sheet, mark):
    filled = sheet.copy()
    row = filled.index[filled.level == "rep"][0]
    filled.loc[row, "2026-01"] = 10
    filled.at[row, "locked"] = mark
    locks, faults = read_back(filled, proposal)
    assert faults == []
    assert locks.value.iloc[0] == 1000
    assert len(locks) == {"2026-01": 1, "2026-01, 2026-03": 2, datetime(2026, 1, 1): 1}.get(mark, 12)


@pytest.mark.parametrize("mark", ["", None, "no", "否", False, 0])
def test_a_mark_that_says_no_locks_nothing(proposal, sheet, mark):
    filled = sheet.copy()
    filled.at[1, "locked"] = mark
    assert [len(part) for part in read_back(filled, proposal)] == [0, 0]


def test_rows_that_are_lost_or_blank_and_months_read_as_days(proposal, sheet):
    (fault,) = read_back(sheet.drop(index=5), proposal)[1]
    assert fault.startswith(
        f"No row for {', '.join(sheet.loc[5, ['measure', 'level', 'unit']])}: put it back"
    )
    blank = pd.concat([sheet, pd.DataFrame([dict.fromkeys(sheet.columns)])], ignore_index=True)
    assert read_back(blank.rename(columns={"2026-01": datetime(2026, 1, 1)}), proposal)[1] == []


def test_locks_that_leave_something_to_nobody_are_told_in_whole_units(proposal, sheet):
    filled = sheet.copy()
    regions = (filled.level == "region") & (filled.measure == "bookings")
    filled.loc[regions, "locked"] = "x"
    filled.loc[regions, "2026-01"] = 9_000_000
    locks, faults = read_back(filled, proposal)
    assert faults == []
    with pytest.raises(
        DataError, match=r"regions of company: all are locked and make [\d,]+\.\d\d, the parent has"
    ):
        _ = proposal.with_locks(locks).targets
    filled.loc[regions, "2026-01"] = 90_000_000
    with pytest.raises(
        DataError, match=r"locked targets make [\d,]+\.\d\d, the parent has only [\d,]+\.\d\d to give"
    ):
        _ = proposal.with_locks(read_back(filled, proposal)[0]).targets


def test_a_sheet_without_its_columns_and_a_locked_company_are_refused(proposal, sheet):
    assert "2026-05" in read_back(sheet.drop(columns="2026-05"), proposal)[1][0]
    filled = sheet.copy()
    filled.loc[filled.level == "company", "locked"] = "x"
    assert "company's target is no part" in read_back(filled, proposal)[1][0]


def test_smart_says_who_is_missing_and_what_is_too_low(ws):
    chosen = aims(ws, ws.calendar.parse("2026"))
    company, region = chosen[0], chosen[1]
    found = verdicts(ws, company, Landing(0.0, float("nan"), company.value * np.linspace(1.2, 1.4, 20)))
    assert found["specific"] == (False, "smart.no_owner")
    assert found["measurable"][0] is True
    assert found["achievable"] == (False, "smart.too_low")
    assert found["time_bound"] == (False, "smart.no_review")
    found = verdicts(ws, region, Landing(0.0, float("nan"), region.value * np.linspace(0.9, 1.1, 20)))
    assert [passed for passed, _ in found.values()] == [True] * 5
    found = verdicts(ws, region, Landing(0.0, float("nan"), np.array([])))
    assert found["achievable"] == (None, "smart.too_little_history")


def test_the_table_s_value_wins_and_the_policy_says_the_rest(ws):
    found = {(aim.unit, aim.measure): aim for aim in aims(ws, ws.calendar.parse("2025"))}
    whole = found["company", "bookings"]
    listed = ws.facts.query(
        "SELECT CAST(SUM(value) AS DOUBLE) AS s FROM targets WHERE scope_type = 'company' AND measure = 'bookings' AND period LIKE '2025-%'"
    ).s[0]
    assert whole.value == pytest.approx(listed * 100)
    assert (whole.owner, whole.n_reviews) == ("sales_director", 4)
    assert {unit for unit, measure in found if measure == "bookings"} == {
        "company", "East", "North", "South", "West", "Export"
    }  # fmt: skip


def test_a_unit_has_its_own_targets_alone(ws):
    class Own:
        scope = "West"

        def __getattr__(self, name):
            return getattr(ws.facts, name)

    found = aims(replace(ws, facts=Own()), ws.calendar.parse("2026"))
    assert [(aim.level, aim.measure) for aim in found] == [("company", "bookings")]
    assert found[0].owner


def test_chance_counts_draws_and_is_never_certain():
    landing = Landing(0.0, float("nan"), np.array([1.0, 2, 3, 4, 5, 6, 7, 8]))
    assert landing.chance(5.0) == pytest.approx(5 / 10)
    assert landing.chance(100.0) == pytest.approx(1 / 10)


def test_a_year_that_is_over_has_landed(ws):
    done = aims(ws, ws.calendar.parse("2025"))[0]
    landing = landings(ws, [done])[done]
    sold = ws.facts.query(
        "SELECT CAST(SUM(net_amount) AS DOUBLE) AS s FROM sales WHERE year(dated_on) = 2025 AND kind = 'order'"
    ).s[0]
    assert landing.draws.tolist() == [pytest.approx(sold, abs=0.5)]
    assert landing.paced == pytest.approx(sold)


def test_the_page_is_worded_in_both_languages(ws, made, tmp_path):
    page = Page(ws, "30_target_setting")
    page.headline(*made.units, movers=[*made.checks, *made.smart], asks=made.asks)
    for section in (made.units, made.method, made.checks, made.smart):
        assert all(isinstance(one, Exhibit) for one in section)
        page.section(*section)
    page.close(tmp_path)
    for lang in ("en", "zh"):
        assert json.loads((tmp_path / f"page.{lang}.json").read_text(encoding="utf-8"))


def test_a_unit_alone_shares_nothing_out(ws):
    class Own:
        scope = "East"

    assert setting(replace(ws, facts=Own())).units[0].why == "note.company_shares_out"


def test_the_command_writes_a_workbook_and_reads_it_back(sample_company, tmp_path, proposal, ws, monkeypatch):
    from salesops_lib.reporting.workbook import write_form

    frame = laid_out(proposal)
    frame.loc[0, "parent"] = "=1+1"
    written = write_form(frame, tmp_path / "t.xlsx", "targets")
    back = pd.read_excel(written, "targets", dtype=object, engine="calamine")
    assert back.parent[0] == "=1+1"  # text, not a formula
    locks, faults = read_back(back, proposal)
    assert faults == []
    assert locks.empty
    back.loc[1, "2026-01"] = "x"
    back.to_excel(tmp_path / "bad.xlsx", sheet_name="targets", index=False)
    result = CliRunner().invoke(main, ["targets", str(tmp_path / "bad.xlsx"), "-p", "x"])
    assert result.exit_code == 2
    result = CliRunner().invoke(
        main, ["targets", str(tmp_path / "bad.xlsx"), "--period", "2025-12", "-w", str(sample_company)]
    )
    assert result.exit_code == 1
    assert "'x' is not a number" in result.output


def test_months_before_the_targets_period_are_no_part_of_its_landing(workspace, line):
    lines = [line(f"{month}-10", 100) for month in pd.period_range("2021-01", "2025-06", freq="M")]
    ws = workspace(period="2025-06", as_of="2025-06-30", order_lines=lines)
    aim = Aim("company", "company", "bookings", ws.calendar.parse("2026"), 1000.0, "", "", 0)
    assert smart._ahead(ws, aim, smart._history(ws, aim)) == range(6, 18)
    landed = landings(ws, [aim])[aim]
    assert landed.quantile(0.5) == pytest.approx(1200, rel=0.01)  # twelve months, not the eighteen to come
    ws = workspace(
        period="2025-06",
        as_of="2025-06-30",
        order_lines=lines,
        policy={"calendar.fiscal_year_start": "02-01"},
    )
    fiscal = replace(aim, period=ws.calendar.period_of(ws.as_of, "year"))
    assert smart._ahead(ws, fiscal, smart._history(ws, fiscal)) == range(7)
    assert landings(ws, [fiscal])[fiscal].quantile(0.5) == pytest.approx(1200, rel=0.01)


def test_in_the_middle_of_a_year_the_last_twelve_months_are_those_known(sample_company):
    opened = open_workspace(sample_company, period="2025-06", lang="en")
    found = propose(opened)
    sold = opened.facts.query(
        "SELECT SUM(net_amount) AS n FROM sales WHERE kind = 'order' AND dated_on BETWEEN DATE '2024-07-01' AND DATE '2025-06-30'"
    ).n.iloc[0]
    assert found.growth["bookings"] == pytest.approx(found.tree.totals["bookings"] / float(sold) - 1)
    assert (
        found.targets.groupby(["measure", "level"]).value.sum()["bookings", "company"]
        == found.tree.totals["bookings"]
    )
    opened.close()
