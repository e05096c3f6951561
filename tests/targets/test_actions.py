"""What a report asks for."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import targets
from salesops_lib.metrics import Exhibit, Finding, Missing


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    return shared_workspace(
        period="2026-03",
        as_of="2026-03-16",
        order_lines=[line("2026-03-16", 1, region="East")],
        reps=[{"rep_id": "m1", "name": "Zhang San"}],
        org=[
            {"rep_id": "r1", "team": "T1", "region": "East", "manager_id": "m0", "valid_to": "2026-02-28"},
            {"rep_id": "r1", "team": "T1", "region": "East", "manager_id": "m1", "valid_from": "2026-03-01"},
            {"rep_id": "r2", "team": "T2", "region": "West", "manager_id": "m2"},
        ],
    )


def exhibit(*found: Finding, parts=()) -> Exhibit:
    return Exhibit("x", "table", pd.DataFrame(), findings=found, parts=parts)


def bad(message, stake, **values) -> Finding:
    return Finding(message, {"at_stake": stake, **values}, "growth", "bad")


def test_problems_are_ranked_by_the_money_at_stake_and_owned(ws):
    part = exhibit(bad("c", 900, unit="r1"))
    made = targets.actions(
        ws, exhibit(bad("a", 100, unit="East"), bad("b", 300, unit="West"), parts=(part,)), Missing("m", ())
    )
    frame = made.frame
    assert [what.id for what in frame.what] == ["ask.c", "ask.b", "ask.a"]
    assert frame.amount.tolist() == [900, 300, 100]
    # the manager of the as-of day; by name where the list of people has one
    assert frame.owner.tolist() == ["Zhang San", "m2", "Zhang San"]
    assert made.findings[0].values == {"n": 3, "amount": 1300}


def test_due_day_is_the_tenth_working_day_after_the_data(ws):
    due = targets.actions(ws, exhibit(bad("a", 1))).frame.due_on[0]
    assert str(due)[:10] == "2026-03-30"  # 17 … 20, 23 … 27 are nine days, then Monday 30


def test_what_nobody_manages_falls_to_the_default_owner(ws):
    assert targets.actions(ws, exhibit(bad("a", 1, unit="Mars"))).frame.owner.tolist() == ["sales_director"]


@pytest.mark.parametrize(
    "finding",
    [
        Finding("good", {"at_stake": 5}, tone="good"),
        Finding("plain", {"at_stake": 5}),
        Finding("nothing named", {}, tone="bad"),
        bad("zero", 0),
        bad("unknown", float("nan")),
        bad("none", None),
    ],
    ids=lambda f: f.id,
)
def test_what_asks_for_nothing(ws, finding):
    made = targets.actions(ws, exhibit(finding))
    assert made.frame.empty
    assert made.frame.columns.tolist() == ["what", "owner", "due_on", "amount"]
    assert made.findings[0].id == "actions.none"


def test_the_list_is_cut_at_the_policys_length(ws):
    made = targets.actions(ws, exhibit(*(bad(f"f{n}", n + 1) for n in range(9))))
    assert made.frame.amount.tolist() == [9, 8, 7, 6, 5]
