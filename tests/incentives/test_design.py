"""The design of the sample company's plans: figures against independent ones, limits, groups, wording."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from salesops_lib.incentives import crediting
from salesops_lib.incentives.design import design
from salesops_lib.incentives.people import potentials, profiles
from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.reporting import Page
from salesops_lib.workspace import open_workspace


@pytest.fixture(scope="module")
def ws(sample_company):
    opened = open_workspace(sample_company, period="2025-12", lang="en,zh")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def made(ws):
    return design(ws)


def changed(ws, **blocks):
    """The workspace under a policy with parts of `incentives`, `targets` and `report` replaced."""
    update = {name: getattr(ws.policy, name).model_copy(update=values) for name, values in blocks.items()}
    return replace(ws, policy=ws.policy.model_copy(update=update))


def curve_of(made, plan):
    return next(one for one in made.curves if one.id == f"design_curve.{plan}").frame


def test_dots_are_credit_over_quota_of_those_who_served_all_year(ws, made):
    """Account executives with one stay: their credited lines, added up with pandas, over their targets of the year."""
    first, last = ws.window.start.replace(month=1, day=1), ws.window.end
    lines = crediting.credited_lines(ws, "bookings", first, last)
    done = lines[lines.credit == "direct"].groupby("payee").amount.sum()
    targets = ws.facts.query(
        "SELECT scope_id, period, version, value FROM targets WHERE scope_type = 'rep' AND measure = 'bookings'"
    )
    newest = (
        targets[targets.period.str.startswith("2025-")]
        .sort_values("version")
        .groupby(["scope_id", "period"])
        .value.last()
    )
    asked = newest.astype(float).groupby("scope_id").sum() * 100
    stays = ws.facts.query(
        "SELECT r.rep_id, r.hired_on, r.left_on, COUNT(*) AS n, MIN(o.valid_from) AS since FROM reps AS r JOIN org AS o ON o.rep_id = r.rep_id WHERE r.role = 'ae' GROUP BY ALL"
    )
    since, left = pd.to_datetime(stays.since), pd.to_datetime(stays.left_on)
    whole = stays[(stays.n == 1) & left.isna() & ~(since > pd.Timestamp(first))].rep_id
    expected = (done / asked).reindex(whole).dropna()
    dots = curve_of(made, "ae-2025")
    shown = dots[dots.is_unit].attainment.to_numpy()
    assert len(expected) > 10
    assert [person for person, one in expected.items() if np.abs(shown - one).min() > 1e-9] == []


def test_linear_stretches_of_the_curve_are_the_plans(made):
    line = curve_of(made, "director-2025")
    line = line[~line.is_unit].set_index("attainment").pays
    assert line[0.5] == 0
    assert line[1.1] == pytest.approx(1 + 0.8 * 0.1 / 0.15, abs=1e-6)
    assert line[2.0] == pytest.approx(1.8, abs=1e-6)


def test_cost_adds_up_and_is_held_against_the_limit(ws, made):
    frame = made.cost[0].frame.set_index("label")
    assert (frame.low <= frame.value).all()
    assert (frame.value <= frame.high).all()
    table = made.cost[1].frame
    assert table.pay_p50.tolist() == frame.value.tolist()
    assert (table[["rate_p05", "rate_p50", "rate_p95"]].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    told = made.cost[0].findings[0].values
    assert told["pay_low"] < told["pay"] < told["pay_high"]
    assert told["low"] == table.rate_p05.iloc[-1]
    assert made.cost[0].findings[0].id == "design.cost"
    limit = ws.policy.incentives.sustainability.model_copy(update={"cost_of_sales_max": 0.001})
    dear = design(changed(ws, incentives={"sustainability": limit}))
    assert dear.cost[0].findings[0].id == "design.cost_over"
    assert "design.ask_cost" in [ask.id for ask in dear.asks]


def test_a_retroactive_plan_shows_its_cliffs(ws):
    plan = ws.policy.incentives.plans[0]
    core = plan.components[0].model_copy(update={"mode": "retroactive"})
    steep = plan.model_copy(update={"components": (core,), "links": ()})
    found = design(changed(ws, incentives={"plans": (steep,)}))
    cliffs, _ = found.shape
    assert cliffs.findings[0].id == "design.cliffs_over"
    # at goal all of the quota goes from 1.5 to 2 times: half of 80 % of the target, 4.8 months of it
    at_goal = [edge.values["edge"] == 1.0 for edge in cliffs.frame.edge]
    assert cliffs.frame.months[at_goal].tolist() == pytest.approx([0.8 * 0.5 * 12], abs=0.01)
    assert "design.ask_cliffs" in [ask.id for ask in found.asks]


def test_groups_below_the_policys_least_are_not_shown(ws, made):
    below = ws.policy.report.suppress_below
    regions = next(one for one in made.fairness if one.id == "design_region")
    assert (regions.frame.n >= below).all()
    few = design(changed(ws, report={"suppress_below": 14}))
    shown = next(one for one in few.fairness if one.id == "design_region")
    assert set(shown.frame.label) == set(regions.frame[regions.frame.n >= 14].label)
    none = design(changed(ws, report={"suppress_below": 10_000}))
    assert isinstance(none.fairness[0], Missing)


def test_a_few_people_are_not_drawn_on_their_curve(ws, made):
    below = ws.policy.report.suppress_below
    for one in made.curves:
        n = int(one.frame.is_unit.sum())
        assert (n == 0) == (one.findings[0].id == "design.curve_alone")
        assert n == 0 or n >= below
    none = design(changed(ws, report={"suppress_below": 10_000}))
    assert not any(one.frame.is_unit.any() for one in none.curves)


def test_only_suspects_are_listed_and_each_with_the_odds(made):
    gaming = made.gaming[2]
    assert list(gaming.frame.name) == [one.values["payee"] for one in gaming.findings]
    assert gaming.frame.p_value.between(0.001, 0.01).all()


def test_last_days_of_the_company_are_those_of_the_orders(ws, made):
    """Orders of 2024 Q4 by their day, against its last three working days, with pandas."""
    orders = ws.facts.query(
        "SELECT DISTINCT order_id, rep_id, dated_on FROM sales WHERE kind = 'order' AND rep_id IS NOT NULL "
        "AND dated_on BETWEEN DATE '2024-10-01' AND DATE '2024-12-31'"
    )
    orders = orders.assign(day=pd.to_datetime(orders.dated_on)).drop_duplicates(["order_id", "rep_id", "day"])
    calendar = ws.calendar.frame(pd.Timestamp("2024-10-01").date(), pd.Timestamp("2024-12-31").date())
    workdays = pd.to_datetime(calendar[calendar.is_workday].date).sort_values()
    row = made.gaming[1].frame.set_index("label").loc["2024-Q4"]
    assert row.n == len(orders)
    assert row.value == pytest.approx((orders.day >= workdays.iloc[-3]).mean())
    assert row.base == pytest.approx(3 / len(workdays))


def test_a_limit_is_judged_by_the_whole_interval(made):
    """And what cannot be told says why, on the page itself."""
    frame, notes = made.fairness[0].frame, made.fairness[0].notes
    reasons = {note.values["gate"]: note.id for note in notes if "gate" in note.values}
    for row in frame.itertuples():
        gate, verdict = row.gate.values["value"], row.status.values["value"]
        least, most = (row.limit.values[end] for end in ("low", "high"))
        low, high = -np.inf if least is None else least, np.inf if most is None else most
        if row.found is None:
            assert verdict == "unknown"
            assert reasons.pop(gate).startswith("note.gate_unknown.")
            continue
        found = row.found.values
        inside = low <= found["low"] and found["high"] <= high
        outside = found["high"] < low or found["low"] > high
        assert verdict == ("pass" if inside else "fail" if outside else "open")
        assert (verdict == "open") == reasons.pop(gate, "").startswith("note.gate_open.")
    assert not reasons
    assert {"at_goal", "gini", "size_correlation"} <= {row.values["value"] for row in frame.gate}


def test_a_year_that_is_not_over_is_held_against_its_months(sample_company):
    opened = open_workspace(sample_company, period="2025-06")
    try:
        dots = curve_of(design(opened), "ae-2025")
        half = dots[dots.is_unit].attainment
        assert half.between(0.2, 2).all()  # six months against six months' quota, not against the year's
    finally:
        opened.close()


def test_without_plans_or_quotas_it_says_what_it_needs(ws, workspace, line):
    assert design(changed(ws, incentives={"plans": ()})).cost == (
        Missing("design_cost", (), "note.no_plans"),
    )
    bare = workspace(order_lines=[line("2025-03-03", 100)], period="2025-03")
    (missing,) = design(bare).cost
    assert isinstance(missing, Missing)


def test_potential_goes_to_who_sells_most(workspace, line):
    made = workspace(
        order_lines=[
            line("2025-03-01", 100, customer_id="a", rep_id="r1"),
            line("2025-03-02", 300, customer_id="a", rep_id="r2"),
            line("2025-03-02", 50, customer_id="b", rep_id="r1"),
            line("2025-03-02", 50, customer_id="b", rep_id="r2"),
        ],
        customers=[
            {"customer_id": "a", "name": "A", "potential_amount": 1000},
            {"customer_id": "b", "name": "B", "potential_amount": 500},
        ],
        period="2025-03",
    )
    window = made.window
    assert potentials(made, window.start, window.end).to_dict() == {"r1": 500, "r2": 1000}


def test_profiles_know_the_length_of_service(ws):
    found = profiles(ws, ws.window.end, (1, 3))
    hired = pd.to_datetime(ws.facts.query("SELECT rep_id, hired_on FROM reps").set_index("rep_id").hired_on)
    new = hired[hired > pd.Timestamp(ws.window.end) - pd.Timedelta(days=365)].index
    assert set(found.loc[new].tenure) <= {"tenure_new"}
    assert {"tenure_settled", "tenure_long"} <= set(found.tenure.dropna())


def test_the_page_is_worded_in_both_languages(ws, made, tmp_path):
    page = Page(ws, "32_incentive_design")
    page.headline(*made.cost, movers=made.movers, asks=made.asks)
    for section in (made.cost, made.curves, made.shape, made.fairness, made.gaming):
        page.section(*section)
    page.close(tmp_path)
    for lang, words in (("en", "of sales"), ("zh", "占销售额")):
        assert words in json.loads((tmp_path / f"page.{lang}.json").read_text("utf-8"))["headline"]


def test_nobody_is_named_on_a_pay_curve(made):
    for exhibit in made.curves:
        assert isinstance(exhibit, Exhibit)
        assert list(exhibit.frame.columns) == ["attainment", "pays", "is_unit"]
