"""The movement bridge: by hand, always closing, against pandas, and against the sample company's plan."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib import pipeline
from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.pipeline import moves

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}
START, END, DUE = date(2026, 2, 28), date(2026, 3, 31), date(2026, 6, 30)


def deal(number, amount, created="2026-01-10", due="2026-05-10", outcome="open", **values):
    closed = {"closed_on": values.pop("closed_on")} if "closed_on" in values else {}
    return {"opportunity_id": str(number), "stage": "Proposal", "amount": amount, "created_on": created, "expected_close_on": due,
            "outcome": outcome, **closed, **values}  # fmt: skip


def change(number, day, field, old, new):
    return {"opportunity_id": str(number), "changed_on": day, "field": field, "old_value": str(old), "new_value": str(new)}  # fmt: skip


#: One deal for each way in which a deal can move; amounts in fen, those of changes in yuan.
DEALS = [
    deal(1, 100), deal(2, 200, "2026-03-05"), deal(3, 300), deal(4, 450), deal(5, 250), deal(6, 600, due="2026-09-01"),
    deal(7, 700, outcome="won", closed_on="2026-03-20"), deal(8, 800, outcome="lost", closed_on="2026-03-09"),
    deal(9, 900, rep_id="b"), deal(10, 1000, outcome="won", closed_on="2026-02-01"), deal(11, 1100, "2026-04-02"),
    deal(12, 120, "2026-03-02", outcome="lost", closed_on="2026-03-30"), deal(13, 130, outcome="won", closed_on="2026-04-10"),
]  # fmt: skip
CHANGES = [
    change(3, "2026-03-10", "expected_close_on", "2026-08-01", "2026-05-10"), change(4, "2026-03-11", "amount", "4.00", "4.50"),
    change(5, "2026-03-12", "Amount", "3.00", "2.50"), change(6, "2026-03-13", "close date", "2026-05-10", "2026-09-01"),
    change(7, "2026-03-14", "amount", "6.00", "7.00"), change(9, "2026-03-15", "owner", "a", "b"),
    change(1, "2026-02-10", "stage", "New", "Proposal"),
]  # fmt: skip
ORG = [{"rep_id": "a", "team": "A", "region": "North"}, {"rep_id": "b", "team": "B", "region": "South"}]


@pytest.fixture(scope="module")
def ws(shared_workspace):
    return shared_workspace(**MARCH, opportunities=DEALS, opportunity_changes=CHANGES, org=ORG)


def test_every_reason_by_hand(ws):
    found = moves.movement(ws, START, END, DUE).iloc[0]
    # open on 28 February and due by June: 1, 4 (400), 5 (300), 6, 7 (600), 8, 9, 13
    assert found.open_before == 100 + 400 + 300 + 600 + 600 + 800 + 900 + 130
    effects = found[[*moves.CAME, *moves.CHANGED, *moves.WENT]].to_dict()
    assert effects == {"created": 200, "pulled_in": 300, "owner_added": 0, "increased": 50 + 100, "decreased": -50, "pushed_out": -600,
                       "won": -700, "lost": -800, "deleted": 0, "owner_removed": 0}  # fmt: skip
    assert found.open_after == 100 + 200 + 300 + 450 + 250 + 900 + 130
    assert (found.n_created, found.n_increased, found.n_won, found.n_open_after) == (1, 2, 1, 7)


def test_a_deal_that_moves_leaves_one_unit_and_comes_to_another(ws):
    found = moves.movement(ws, START, END, DUE, "region")
    assert (found.owner_removed["North"], found.owner_added["South"]) == (-900, 900)
    assert (found.open_before["North"], found.open_after["South"]) == (900, 900)
    company = moves.movement(ws, START, END, DUE).iloc[0]
    assert found.open_before.sum() == company.open_before
    assert found.open_after.sum() == company.open_after


def test_the_movers_are_the_largest(ws):
    found = moves.movers(ws, START, END, DUE, 3)
    assert found.opportunity_id.tolist() == ["8", "6", "7"]
    assert found.delta.tolist() == [-800, -600, -600]  # 7 was won at 700, of which 100 came in March


def test_without_history_it_is_refused(workspace):
    found = pipeline.bridge(workspace(**MARCH, opportunities=DEALS))
    assert [type(x) for x in found] == [Missing]
    assert found[0].why == "note.bridge_unknown"


def test_a_snapshot_before_the_period_is_enough(workspace):
    seen = [
        {"day": day, "opportunity_id": number, "stage": "Proposal", "amount": amount, "expected_close_on": "2026-05-10"}
        for day, number, amount in (
            ("2026-02-27", "1", 90), ("2026-02-27", "gone", 77), ("2026-03-20", "1", 100), ("2026-03-20", "2", 200),
        )
    ]  # fmt: skip
    ws = workspace(**MARCH, opportunities=DEALS[:2], pipeline_snapshots=seen)
    found = moves.movement(ws, START, END, DUE).iloc[0]
    assert (found.open_before, found.increased, found.created, found.deleted, found.open_after) == (
        167,
        10,
        200,
        -77,
        300,
    )
    late = workspace(
        **MARCH,
        opportunities=DEALS[:2],
        pipeline_snapshots=[row for row in seen if row["day"] > "2026-03-01"],
    )
    assert pipeline.bridge(late)[0].why == "note.bridge_unknown"


def by_pandas(deals, changes, start, end, due):
    """The bridge once more, deal by deal, from the raw rows."""

    def state(row, day):
        if row["created_on"] > str(day):
            return None
        own = [c for c in changes if c["opportunity_id"] == row["opportunity_id"]]
        held = {}
        for field in ("amount", "expected_close_on"):
            mine = sorted((c for c in own if c["field"] == field), key=lambda c: c["changed_on"])
            past, ahead = (
                [c for c in mine if c["changed_on"] <= str(day)],
                [c for c in mine if c["changed_on"] > str(day)],
            )
            value = past[-1]["new_value"] if past else ahead[0]["old_value"] if ahead else row[field]
            held[field] = round(float(value) * 100) if field == "amount" and (past or ahead) else value
        closed = row.get("closed_on", "9999") <= str(day)
        if closed:  # with what it was closed at, unless that was put right later
            later = [
                c for c in own if c["field"] == "amount" and row["closed_on"] < c["changed_on"] <= str(day)
            ]
            held["amount"] = (
                round(float(max(later, key=lambda c: c["changed_on"])["new_value"]) * 100)
                if later
                else row["amount"]
            )
        return held | {"outcome": row["outcome"] if closed else "open"}

    steps = dict.fromkeys((*moves.CAME, *moves.CHANGED, *moves.WENT, "open_before", "open_after"), 0)
    for row in deals:
        a, b = state(row, start), state(row, end)
        if b is None:
            continue
        was = a is not None and a["outcome"] == "open" and a["expected_close_on"] <= str(due)
        stands = b["outcome"] == "open" and b["expected_close_on"] <= str(due)
        if not was and not stands:
            continue
        steps["open_before"] += a["amount"] if was else 0
        steps["open_after"] += b["amount"] if stands else 0
        if a is None:
            steps["created"] += b["amount"]
            continue
        if not stands:
            steps["pushed_out" if b["outcome"] == "open" else b["outcome"]] -= b["amount"]
        elif not was:
            steps["pulled_in"] += a["amount"]
        diff = b["amount"] - a["amount"]
        steps["increased" if diff > 0 else "decreased"] += diff
    return steps


days = st.dates(date(2026, 1, 1), date(2026, 5, 31)).map(str)


@st.composite
def histories(draw):
    deals, changes = [], []
    for number in range(draw(st.integers(1, 8))):
        outcome = draw(st.sampled_from(["open", "open", "won", "lost"]))
        created = draw(days)
        row = deal(number, draw(st.integers(0, 10**6)), created, draw(st.dates(date(2026, 1, 1), date(2026, 12, 31)).map(str)), outcome,
                   rep_id=draw(st.sampled_from(["a", "b"])))  # fmt: skip
        if outcome != "open":
            row["closed_on"] = max(created, draw(days))
        deals.append(row)
        for field, values in (("amount", st.decimals(0, 9999, places=2)), ("expected_close_on", st.dates(date(2026, 1, 1), date(2026, 12, 31)))):  # fmt: skip
            at = sorted(d for d in set(draw(st.lists(days, max_size=3))) if d > created)
            value = draw(values)
            for day in at:
                new = draw(values)
                changes.append(change(number, day, field, value, new))
                value = new
        if draw(st.booleans()):
            changes.append(
                change(number, max(created, draw(days)), "owner", draw(st.sampled_from("ab")), row["rep_id"])
            )
    changes.append(change("other", "2026-01-01", "amount", "1", "2"))
    return deals, changes


@given(histories(), days, days)
def test_it_closes_and_agrees_with_pandas(workspace, history, one, other):
    deals, changes = history
    start, end = (date.fromisoformat(day) for day in sorted((one, other)))
    ws = workspace(**MARCH, opportunities=deals, opportunity_changes=changes, org=ORG)
    for unit in ("", "region", "team", "rep_id"):
        moves.movement(ws, start, end, None, unit)  # asserts that each closes
        found = moves.movement(ws, start, end, DUE, unit)
        total = found.sum()
        if not unit:
            assert total[[*moves.CAME, *moves.CHANGED, *moves.WENT, "open_before", "open_after"]].to_dict() == by_pandas(deals, changes, start, end, DUE)  # fmt: skip
            whole = total
        assert (total.open_before, total.open_after) == (whole.open_before, whole.open_after)


def test_it_is_worded_in_both_languages(ws, tmp_path, worded):
    found = pipeline.bridge(ws)
    assert all(isinstance(one, Exhibit) for one in found)
    assert [one.id for one in found] == [
        "pipeline_bridge",
        "pipeline_bridge_region",
        "pipeline_bridge_team",
        "pipeline_movers",
    ]
    said = worded(ws, found, tmp_path)
    assert "lost" in said["en"]
    assert "输单" in said["zh"]


def test_refusals_are_worded_too(workspace, tmp_path, worded):
    ws = workspace(**MARCH, opportunities=DEALS)
    assert worded(ws, pipeline.bridge(ws), tmp_path)
