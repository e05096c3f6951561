"""Actual against target and year before, in figures that can be reckoned by hand (money in fen)."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib import targets
from salesops_lib.metrics import Missing

FEW = settings(max_examples=settings.default.max_examples // 4)  # each example builds a store


def goal(scope, value, *, kind="region", measure="bookings", period="2026-03", version="v1"):
    return {
        "version": version,
        "scope_type": kind,
        "scope_id": scope,
        "measure": measure,
        "period": period,
        "value": value,
    }


@pytest.fixture(scope="module")
def half(shared_workspace, line):
    """460 of 1,000 yuan after 11 of 22 working days; the year before 410 in its first 11 and 900 in all."""
    return shared_workspace(
        period="2026-03",
        as_of="2026-03-16",
        order_lines=[
            line("2026-03-02", 300_00, region="East"),
            line("2026-03-16", 160_00, region="West"),
            line("2025-03-03", 310_00, region="East"),
            line("2025-03-17", 100_00, region="West"),  # 11th working day of March 2025
            line("2025-03-18", 490_00, region="West"),
        ],
        targets=[goal("company", 1000, kind="company"), goal("East", 600), goal("West", 400)],
    )


def test_scorecard_of_a_month_half_over(half):
    row = targets.scorecard(half).frame.set_index("metric").loc["bookings"]
    assert (row.actual, row.target, row.base) == (460_00, 1000_00, 410_00)
    assert row.gap == 540_00
    assert row.attainment == pytest.approx(0.46)
    assert row.expected_share == pytest.approx(11 / 22)
    assert row.pace == pytest.approx(0.92)
    assert row.growth == pytest.approx(50 / 410)  # +12.2 %, not −48.9 % against the whole month


def test_scorecard_tells_growth_and_attainment_and_how_the_base_was_cut(half, found):
    exhibit = targets.scorecard(half)
    told = found(exhibit)["headline.attainment"]
    assert (told.metric, told.tone) == ("bookings", "neutral")  # pace 0.92 lies inside the band 0.9 … 1
    note = found(exhibit)["note.alignment.workday"].values
    assert (str(note["start"]), str(note["end"]), note["n_workdays"], note["n_workdays_base"]) == (
        "2025-03-01",
        "2025-03-17",
        11,
        11,
    )


def test_standing_of_regions(half):
    frame = targets.standing(half).frame.set_index("unit")
    # East 300/600 = 50 %, pace 1.0; West 160/400 = 40 %, pace 0.8
    assert frame.attainment.to_dict() == pytest.approx({"East": 0.5, "West": 0.4, "total": 0.46})
    assert frame.pace.to_dict() == pytest.approx({"East": 1.0, "West": 0.8, "total": 0.92})
    assert frame.gap.to_dict() == {"East": 300_00, "West": 240_00, "total": 540_00}
    assert frame.base.to_dict() == {"East": 310_00, "West": 100_00, "total": 410_00}
    assert frame.growth["West"] == pytest.approx(0.6)
    assert frame.index.tolist() == ["East", "West", "total"]
    assert frame.is_total.tolist() == [False, False, True]


def test_standing_says_who_is_behind_and_what_the_rest_must_bring(half, found):
    told = found(targets.standing(half))
    assert (told["attainment.total"].values["n_behind"], told["attainment.total"].values["n_units"]) == (1, 2)
    behind = told["attainment.behind_to_date"].values
    assert (behind["unit"], behind["at_stake"]) == ("West", 40_00)  # half of 400 is due, 160 is there
    assert not {"attainment.ahead", "attainment.ahead_to_date"} & set(told)
    rate = told["attainment.run_rate"].values
    # 540 yuan in 11 days: 49.1 a day, against 41.8 so far
    assert rate["rate"] == pytest.approx(540_00 / 11)
    assert rate["present"] == pytest.approx(460_00 / 11)
    assert rate["n_workdays"] == 11


def test_plan_bridge_starts_at_the_target_to_date(half):
    frame = targets.plan_bridge(half).frame
    # half of 600 and 400: East 300 − 300 = 0, West 160 − 200 = −40
    assert frame.step.tolist() == ["target_to_date", "West", "East", "actual"]
    assert frame.amount.tolist() == [500_00, -40_00, 0, 460_00]


def test_a_whole_month_starts_at_the_whole_target(workspace, line):
    ws = workspace(
        period="2026-03",
        as_of="2026-03-31",
        order_lines=[line("2026-03-02", 5, region="East")],
        targets=[goal("East", 1)],
    )
    frame = targets.plan_bridge(ws).frame
    assert (frame.step[0], frame.amount.tolist()) == ("target", [100, -95, 5])
    assert "attainment.run_rate" not in {f.id for f in targets.standing(ws).findings}


def test_ahead_and_behind_of_a_whole_month(workspace, line, found):
    ws = workspace(
        period="2026-03", as_of="2026-03-31",
        order_lines=[line("2026-03-02", 900_00, region="East"), line("2026-03-03", 100_00, region="West")],
        targets=[goal("East", 600), goal("West", 400), goal("North", 50)],
    )  # fmt: skip
    told = found(targets.standing(ws))
    assert told["attainment.ahead"].values["unit"] == "East"
    assert told["attainment.ahead"].values["over"] == 300_00
    assert told["attainment.behind"].values["unit"] == "West"
    assert told["attainment.total"].values["n_behind"] == 2  # North has a target and sold nothing
    frame = targets.standing(ws).frame.set_index("unit")
    assert (frame.actual["North"], frame.attainment["North"]) == (0, 0)


def test_a_target_of_zero_has_no_attainment(workspace, line, found):
    ws = workspace(
        period="2026-03",
        as_of="2026-03-31",
        order_lines=[line("2026-03-02", 900, region="East")],
        targets=[goal("East", 0)],
    )
    row = targets.standing(ws).frame.iloc[0]
    assert pd.isna(row.attainment)
    assert pd.isna(row.pace)
    assert row.gap == -900
    assert "note.over_assigned" not in found(targets.standing(ws))


def test_what_is_assigned_over_the_companys_target_is_a_step_of_its_own(workspace, line, found):
    ws = workspace(
        period="2026-03", as_of="2026-03-31", order_lines=[line("2026-03-02", 500_00, region="East")],
        targets=[goal("company", 1000, kind="company"), goal("East", 630), goal("West", 400)],
    )  # fmt: skip
    frame = targets.plan_bridge(ws).frame
    # 630 + 400 are 3 % over 1,000; East 500 − 630, West 0 − 400
    assert dict(zip(frame.step, frame.amount)) == {
        "target": 1000_00,
        "over_assigned": 30_00,
        "West": -400_00,
        "East": -130_00,
        "actual": 500_00,
    }
    assert found(targets.standing(ws))["note.over_assigned"].values["rate"] == pytest.approx(1.03)


def test_before_the_first_working_day_there_is_no_pace(workspace, line):
    """1 and 2 August 2026 are a weekend: nothing is expected yet."""
    ws = workspace(
        period="2026-08",
        as_of="2026-08-01",
        order_lines=[line("2026-08-01", 500, region="East")],
        targets=[goal("East", 100, period="2026-08")],
    )
    row = targets.standing(ws).frame.iloc[0]
    assert row.expected_share == 0
    assert pd.isna(row.pace)


def test_without_a_year_before_growth_is_missing_not_new(workspace, line):
    ws = workspace(period="2026-03", as_of="2026-03-31", order_lines=[line("2026-03-02", 900, region="East")])
    frame = targets.standing(ws).frame
    assert frame.growth_kind.tolist() == ["missing", "missing"]
    assert frame.base.isna().all()


def test_without_targets_the_movers_are_told(workspace, line, found):
    ws = workspace(
        period="2026-03", as_of="2026-03-31",
        order_lines=[
            line("2026-03-02", 900, region="East"), line("2026-03-02", 300, region="West"),
            line("2025-03-03", 500, region="East"), line("2025-03-03", 450, region="West"),
        ],
    )  # fmt: skip
    exhibit = targets.standing(ws)
    told = found(exhibit)
    assert (told["standing.gained"].values["unit"], told["standing.gained"].values["delta"]) == ("East", 400)
    assert (told["standing.lost"].values["unit"], told["standing.lost"].values["at_stake"]) == ("West", 150)
    assert "note.no_targets" in told
    assert isinstance(targets.plan_bridge(ws), Missing)
    assert targets.plan_bridge(ws).needs == ("targets",)


def test_without_targets_and_year_before_the_largest_is_told(workspace, line, found):
    ws = workspace(
        period="2026-03",
        as_of="2026-03-31",
        order_lines=[line("2026-03-02", 900, region="East"), line("2026-03-02", 100, region="West")],
    )
    told = found(targets.standing(ws))["standing.largest"].values
    assert (told["unit"], told["share"]) == ("East", 0.9)


def test_standing_by_person_uses_targets_of_persons(workspace, line):
    ws = workspace(
        period="2026-03", as_of="2026-03-31", order_lines=[line("2026-03-02", 80_00, rep_id="r1")],
        targets=[goal("r1", 100, kind="rep"), goal("r1", 999, kind="region")],
    )  # fmt: skip
    assert targets.standing(ws, by="rep_id").frame.attainment[0] == pytest.approx(0.8)


def test_the_newest_version_of_each_target_counts(workspace, line):
    ws = workspace(
        period="2026-Q1", as_of="2026-03-31", order_lines=[line("2026-03-02", 1, region="East")],
        targets=[
            goal("East", 100, period="2026-01"), goal("East", 110, period="2026-02"), goal("East", 120, period="2026-03"),
            goal("East", 150, period="2026-03", version="v2"), goal("West", 70, period="2026-02"),
            goal("East", 12, measure="new_customers"), goal("East", 999, period="2026-04"),
        ],
    )  # fmt: skip
    values = (
        targets.target_values(ws, "region", ("bookings", "new_customers"))
        .set_index(["scope_id", "measure"])
        .target
    )
    assert values.to_dict() == {
        ("East", "bookings"): 360_00,  # 100 + 110 + 150 of v2
        ("West", "bookings"): 70_00,
        ("East", "new_customers"): 12,  # a count stays a count
    }
    march = targets.target_values(ws, "region", ("bookings",), ["2026-03"])
    assert march.target.tolist() == [150_00]


def test_targets_are_whole_minor_units(workspace, line):
    ws = workspace(
        period="2026-03",
        as_of="2026-03-31",
        order_lines=[line("2026-03-02", 1, region="East")],
        targets=[goal("East", 19.99)],
    )
    assert targets.target_values(ws, "region", ("bookings",)).target.tolist() == [
        1999
    ]  # 19.99 · 100 is 1998.9999… in floats


def test_targets_of_a_currency_without_minor_unit(workspace, line):
    ws = workspace(
        period="2026-03", as_of="2026-03-31", policy={"semantics.currency": "JPY"},
        order_lines=[line("2026-03-02", 50, region="East")], targets=[goal("East", 100)],
    )  # fmt: skip
    assert targets.standing(ws).frame.attainment[0] == 0.5


def test_nothing_to_score(workspace):
    ws = workspace(as_of="2026-03-31", customers=[{"customer_id": "a"}])
    assert targets.scorecard(ws).needs == ("order_lines", "opportunities")
    assert targets.standing(ws).needs == ("sales.region",)
    assert targets.plan_bridge(ws).needs == ("targets",)


def test_a_month_without_any_sale_is_a_month_of_nothing(workspace, line):
    ws = workspace(
        period="2026-02",
        order_lines=[line("2025-01-02", 1, region="East"), line("2026-03-02", 1, region="East")],
    )
    targets.scorecard(ws)
    targets.standing(ws)
    targets.plan_bridge(ws)


UNITS = st.dictionaries(
    st.sampled_from(["East", "West", "North", "区"]),
    st.tuples(st.integers(0, 10**9), st.integers(0, 10**9), st.one_of(st.none(), st.integers(0, 10**7))),
    min_size=1,
)


@FEW
@given(UNITS, st.sampled_from(["2026-03-03", "2026-03-16", "2026-03-31"]))
def test_bridge_and_standing_close_to_the_minor_unit(workspace, line, units, as_of):
    lines, goals = [], []
    for unit, (now, before, target) in units.items():
        lines += [line("2026-03-02", now, region=unit), line("2025-03-03", before, region=unit)]
        goals += [goal(unit, target)] if target is not None else []
    ws = workspace(period="2026-03", as_of=as_of, order_lines=lines, targets=goals)
    frame = targets.standing(ws).frame
    parts, total = frame[~frame.is_total], frame[frame.is_total].iloc[0]
    assert total.actual == parts.actual.sum() == sum(now for now, _, _ in units.values())
    assert total.base == parts.base.sum()
    bridge = targets.plan_bridge(ws)
    if goals:
        frame = bridge.frame
        assert frame.amount[0] + frame.amount[1:-1].sum() == frame.amount.iloc[-1]
        assert (frame.amount % 1 == 0).all()
    else:
        assert isinstance(bridge, Missing)
