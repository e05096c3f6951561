"""What has no place is shown in one of its own: no row leaves a total in silence."""

from __future__ import annotations

import pandas as pd

from salesops_lib import channels, data_quality, market, pipeline, segmentation, targets
from salesops_lib.metrics import Missing, totals

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


def test_sales_without_a_region_are_a_unit(workspace, line):
    ws = workspace(
        **MARCH,
        order_lines=[
            line("2026-03-02", 700, region="East", category="Drives"),
            line("2026-03-03", 300, category="Drives"),
            line("2025-03-03", 200, region="West"),
        ],
    )
    frame = targets.standing(ws).frame.set_index("unit")
    assert frame.actual.to_dict() == {"East": 700, "unassigned": 300, "West": 0, "total": 1000}
    assert frame.growth_kind["East"] == "new"  # the data hold the year before, and East sold nothing then
    cells = market.heat_map(ws).frame
    assert cells.value.sum() == 1000
    assert ("West", "unassigned") in set(zip(cells.row, cells.column))


def test_a_return_without_its_order_counts_and_is_an_orphan(workspace, line):
    ws = workspace(
        **MARCH,
        order_lines=[line("2026-03-02", 700, order_id="o1", line_id="1")],
        returns=[
            {
                "return_id": "r1",
                "order_id": "o1",
                "line_id": "1",
                "returned_on": "2026-03-09",
                "net_amount": 100,
            },
            {"return_id": "r2", "order_id": "o0", "returned_on": "2026-03-10", "net_amount": 40},
        ],
    )
    measured = totals(ws.facts, ["bookings", "returned", "net_sales"], {"actual": ws.window}).iloc[0]
    assert (measured.bookings, measured.returned, measured.net_sales) == (700, 140, 560)


def test_customers_unnamed_are_told(workspace, line):
    ws = workspace(
        **MARCH,
        order_lines=[line("2026-03-02", 750, customer_id="c1"), line("2026-03-03", 250)],
    )
    (note,) = segmentation.top_customers(ws).notes
    assert (note.id, note.values["amount"], note.values["share"]) == ("note.no_customer", 250, 0.25)


def test_amounts_without_a_rate_are_told(workspace, line):
    ws = workspace(
        **MARCH,
        policy={"semantics.currency": "CNY"},
        order_lines=[line("2026-03-02", 750, currency="CNY"), line("2026-03-03", 250, currency="USD")],
        audit_sources=[],
    )
    told = {finding.id: finding.values for finding in data_quality.accounted(ws).findings}
    assert told["accounted.unrated"] == {"n": 1, "names": ["USD"]}
    assert totals(ws.facts, ["bookings"], {"actual": ws.window}).bookings.item() == 750


def test_expense_of_a_channel_that_sold_nothing_stays(workspace, line):
    ws = workspace(
        **MARCH,
        order_lines=[line("2026-03-02", 1000, channel="direct", cost_amount=600)],
        expenses=[
            {"period": "2026-03", "channel": "direct", "category": "pay", "amount": 50},
            {"period": "2026-03", "channel": "fairs", "category": "rent", "amount": 30},
        ],
    )
    frame = channels.profit_and_loss(ws).frame.set_index("name")
    assert frame.expense.to_dict() == {"direct": 50, "fairs": 30, "total": 80}
    assert frame.contribution.to_dict() == {"direct": 350, "fairs": -30, "total": 320}
    assert frame.margin_rate["total"] == 0.4


def test_open_deals_of_a_past_day_stand_at_their_stage_of_that_day(workspace, line):
    ws = workspace(
        period="2026-02",
        as_of="2026-03-31",
        order_lines=[line("2026-02-02", 1), line("2026-03-31", 1)],
        opportunities=[
            {"opportunity_id": "a", "stage": "won", "outcome": "won", "amount": 10, "created_on": "2026-01-05", "closed_on": "2026-03-10"},
            {"opportunity_id": "b", "stage": "quote", "outcome": "open", "amount": 20, "created_on": "2026-02-05"},
            {"opportunity_id": "c", "stage": "lost", "outcome": "lost", "amount": 40, "created_on": "2026-01-05", "closed_on": "2026-02-10"},
            {"opportunity_id": "d", "stage": "lost", "outcome": "lost", "amount": 80, "created_on": "2026-01-05", "closed_on": "2026-03-05"},
        ],
        opportunity_changes=[
            {"opportunity_id": "a", "changed_on": "2026-01-20", "field": "stage", "old_value": "lead", "new_value": "demo"},
            {"opportunity_id": "a", "changed_on": "2026-03-10", "field": "stage", "old_value": "demo", "new_value": "won"},
            {"opportunity_id": "b", "changed_on": "2026-03-01", "field": "stage", "old_value": "needs", "new_value": "quote"},
        ],
    )  # fmt: skip
    exhibit = pipeline.open_deals(ws)
    assert not isinstance(exhibit, Missing)
    amounts = exhibit.frame.set_index("step").amount
    pd.testing.assert_series_equal(
        amounts.sort_index(),
        pd.Series({"closed_since": 80.0, "demo": 10.0, "needs": 20.0}),
        check_names=False,
        check_index_type=False,
    )
    assert exhibit.notes[0].id == "note.stage_then"
