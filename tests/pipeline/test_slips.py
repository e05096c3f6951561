"""Close dates that did not hold, and faults of deals, by hand and in words."""

from __future__ import annotations

import pytest

from salesops_lib import pipeline

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


def deal(number, amount, created="2026-01-10", due="2026-05-10", outcome="open", **values):
    closed = {"closed_on": values.pop("closed_on")} if "closed_on" in values else {}
    return {"opportunity_id": str(number), "stage": "Proposal", "amount": amount, "created_on": created, "expected_close_on": due,
            "outcome": outcome, **closed, **values}  # fmt: skip


def change(number, day, field, old, new):
    return {"opportunity_id": str(number), "changed_on": day, "field": field, "old_value": str(old), "new_value": str(new)}  # fmt: skip


DUE = [
    deal(1, 100, due="2026-05-01"), deal(2, 200, due="2026-03-15", outcome="won", closed_on="2026-03-20"),
    deal(3, 300, due="2026-03-31", outcome="lost", closed_on="2026-03-31"), deal(4, 400, due="2026-03-20"),
    deal(5, 500, due="2026-07-01"), deal(6, 600, "2026-03-02", due="2026-03-20"), deal(7, 700, due="2026-04-20"),
]  # fmt: skip
MOVED = [
    change(1, "2026-03-10", "expected_close_on", "2026-03-05", "2026-05-01"),
    change(5, "2026-01-20", "expected_close_on", "2026-02-01", "2026-03-01"), change(5, "2026-03-02", "expected_close_on", "2026-03-01", "2026-05-01"),
    change(5, "2026-03-20", "expected_close_on", "2026-05-01", "2026-07-01"), change(7, "2026-03-20", "expected_close_on", "2026-06-01", "2026-04-20"),
]  # fmt: skip


def test_slip_rate_and_pushes(workspace, found, tmp_path, worded):
    ws = workspace(**MARCH, opportunities=DUE, opportunity_changes=MOVED)
    rate, pushes = shown = pipeline.slips(ws)
    # due in March on 28 February: 1 (5th), 2, 3, 4, 5 (1st); of these 1 and 5 moved out
    assert rate.frame.set_index("step").n.to_dict() == {
        "won_deals": 1,
        "lost_deals": 1,
        "slipped": 2,
        "overdue": 1,
    }
    told = found(rate)["slips.rate"].values
    assert (told["n"], told["due"], told["rate"], told["amount"]) == (2, 5, 0.4, 600)
    assert pushes.frame[["deal", "n_pushes", "amount"]].values.tolist() == [["5", 3, 500.0]]
    assert worded(ws, shown, tmp_path)


def test_slips_need_to_know_the_dates(workspace, tmp_path, worded):
    ws = workspace(**MARCH, opportunities=DUE)
    shown = pipeline.slips(ws)
    assert [x.why for x in shown] == ["note.slips_unknown"]
    assert worded(ws, shown, tmp_path)


@pytest.fixture
def faulty(workspace):
    return workspace(
        **MARCH,
        opportunities=[
            deal(1, 100, outcome="lost", closed_on="2026-01-02"), deal(2, None, outcome="won", closed_on="2026-03-02"), deal(3, 300, outcome="won"),
            deal(4, 400, closed_on="2026-03-02"), deal(5, 500, "2026-05-01"), deal(6, 600, outcome="won", closed_on="2026-04-02"),
            deal(7, 700) | {"stage": "Odd"}, deal(8, 800), deal(9, 900),
        ],
        opportunity_changes=[change(8, "2026-02-01", "stage", "Proposal", "New"), change(9, "2026-02-01", "stage", "New", "Proposal")],
        audit_reasons=[
            {"source": "o", "table_name": "opportunities", "outcome": "set_aside", "reason": "same key, other values", "n_rows": 2, "example": "line 3"},
            {"source": "o", "table_name": "opportunities", "outcome": "flagged", "reason": "two owners", "n_rows": 1, "example": "line 3"},
        ],
        audit_sources=[{"source": "o", "table_name": "opportunities", "set_aside_total": 12.5}],
    )  # fmt: skip


def test_faults_are_counted_with_their_money(faulty, tmp_path, worded):
    exhibit = pipeline.faults(faulty)
    rows = {
        f.id.removeprefix("label."): (n, a)
        for f, n, a in zip(exhibit.frame.deal_fault, exhibit.frame.n, exhibit.frame.amount.fillna(-1))
    }
    assert rows == {
        "closed_before_created": (1, 100), "won_without_amount": (1, -1), "closed_without_day": (1, 300), "closed_but_open": (1, 400),
        "created_in_future": (1, 500), "closed_in_future": (1, 600), "stage_unknown": (1, 700), "went_backwards": (1, 800),
        "row_set_aside": (2, 1250), "two_owners": (1, -1),
    }  # fmt: skip
    assert worded(faulty, [exhibit], tmp_path)


def test_no_fault_is_an_answer(workspace, found, tmp_path, worded):
    ws = workspace(
        **MARCH,
        opportunities=DUE[:3],
        opportunity_changes=[change(1, "2026-02-10", "stage", "New", "Proposal")],
    )
    exhibit = pipeline.faults(ws)
    assert found(exhibit)["pipeline_faults.none"].values["n"] == 3
    assert worded(ws, [exhibit], tmp_path)
