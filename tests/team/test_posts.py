"""Who is in post, and what a newcomer counts for: frames that can be computed by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from salesops_lib.policy.quotas import Ramp
from salesops_lib.team.posts import in_post, moves, spells

RAMP = Ramp(default=(0.0, 0.5), roles={"am": (0.25,)})
REPS = [
    {"rep_id": "a", "role": "ae", "hired_on": "2020-01-01"},
    {"rep_id": "b", "role": "ae", "hired_on": "2026-04-16"},  # 15 of April's 30 days, at 0 %
    {
        "rep_id": "c",
        "role": "am",
        "hired_on": "2026-03-10",
        "left_on": "2026-04-10",
    },  # 10 days, full from month 2
    {"rep_id": "d", "role": "ae"},  # nobody knows since when
    {"rep_id": "boss", "role": "director", "hired_on": "2015-01-01"},
]
ORG = [
    {"rep_id": "a", "team": "T1", "region": "R", "manager_id": "boss", "valid_from": "2020-01-01"},
    {"rep_id": "a", "team": "T2", "region": "R", "manager_id": "boss", "valid_from": "2026-04-21"},
    {"rep_id": "b", "team": "T1", "region": "R", "manager_id": "boss", "valid_from": "2026-04-01"},
]


@pytest.fixture
def ws(workspace, line):
    return workspace(
        period="2026-04", as_of="2026-04-30", reps=REPS, org=ORG, policy={"targets.ramp": RAMP},
        order_lines=[line("2026-04-30", 100, rep_id="a")],
    )  # fmt: skip


def test_days_in_post_and_ramped_equivalents(ws):
    row = in_post(ws, date(2026, 4, 1), date(2026, 4, 30)).iloc[0]
    assert row.people == 4  # the director leads and sells nothing
    assert row.average == pytest.approx((30 + 15 + 10 + 30) / 30)
    assert row.ramped == pytest.approx((30 + 0 + 10 + 30) / 30)


def test_a_newcomer_ramps_by_calendar_month_and_role(ws):
    march = in_post(ws, date(2026, 3, 1), date(2026, 3, 31)).iloc[0]
    assert march.ramped == pytest.approx((31 + 22 * 0.25 + 31) / 31)  # c joined on the 10th: month 1 of an am
    may = in_post(ws, date(2026, 5, 1), date(2026, 5, 31)).iloc[0]
    assert may.ramped == pytest.approx(2 + 0.5)


def test_who_changes_teams_counts_in_each_for_its_days(ws):
    by_team = in_post(ws, date(2026, 4, 1), date(2026, 4, 30), "team").set_index("unit")
    assert by_team.average.to_dict() == pytest.approx({"T1": (20 + 15) / 30, "T2": 10 / 30})
    own = spells(ws)
    assert own[own.rep_id == "a"].stop.tolist()[0] == pd.Timestamp("2026-04-20")


def test_joiners_and_leavers(ws):
    joined, left = moves(ws, date(2026, 4, 1), date(2026, 4, 30))
    assert joined.rep_id.tolist() == ["b"]
    assert left.rep_id.tolist() == ["c"]
