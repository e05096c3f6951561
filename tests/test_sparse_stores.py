"""Every domain function on stores with little in them: an exhibit, or a Missing that names what it needs."""

from __future__ import annotations

from dataclasses import fields

import pytest

from salesops_lib import (
    channels,
    customer_voice,
    forecasting,
    market,
    order_to_cash,
    pipeline,
    pricing,
    segmentation,
    targets,
)
from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.segmentation.groups import groups
from salesops_lib.segmentation.quiet_chance import quiet_risk
from salesops_lib.segmentation.segments import dependence, segment_moves, segment_worth
from salesops_lib.segmentation.silence import silence
from salesops_lib.segmentation.value import customer_value
from salesops_lib.tables import TABLES
from salesops_lib.tables.views import DERIVED

FUNCTIONS = [
    channels.profit_and_loss,
    customer_voice.loss_reasons,
    customer_voice.promoter_score,
    forecasting.outlook,
    market.alignments,
    market.growth_split,
    market.heat_map,
    market.panels,
    market.price_cut_effect,
    market.price_index,
    market.segments,
    market.size_and_share,
    market.trend,
    market.white_space,
    market.win_rates,
    order_to_cash.receivables,
    order_to_cash.top_debtors,
    *(
        getattr(pipeline, name)
        for name in pipeline.__all__
        if name not in ("Review", "bridge", "review", "slips")
    ),  # give several
    pricing.floor_breaches,
    pricing.price_volume_mix,
    pricing.price_waterfall,
    dependence,
    groups,
    quiet_risk,
    segment_moves,
    segmentation.abc_migration,
    segmentation.abc_xyz,
    segmentation.cohorts,
    segmentation.concentration,
    segmentation.customer_bridge,
    segmentation.going_quiet,
    segmentation.grade_moves,
    segmentation.grade_standing,
    segmentation.grade_value,
    segmentation.order_gaps,
    segmentation.repurchase,
    segmentation.rfm_cells,
    segmentation.top_customers,
    targets.plan_bridge,
    targets.scorecard,
    targets.standing,
]

FULL = {
    "customer_id": "a", "product_id": "p", "category": "Drives", "channel": "direct", "region": "East", "rep_id": "r1",
    "segment": "small", "quantity": 5, "list_price": 300, "cost_amount": 600, "currency": "CNY",
}  # fmt: skip


def rest(day: str, created: str, outcome: str | None) -> dict:
    """One row of each other table."""
    return {
        "opportunities": [
            {"opportunity_id": "d", "stage": "Quote", "created_on": created, "closed_on": day if outcome else None, "outcome": outcome,
             "expected_close_on": day, "competitor": "X", "loss_reason": "price", "amount": 9, "region": "East"} | {}
        ],
        "invoices": [{"invoice_id": "i", "customer_id": "a", "invoiced_on": day, "due_on": day, "net_amount": 100}],
        "receipts": [{"receipt_id": "r", "invoice_id": "i", "received_on": day, "amount": 100}],
        "market": [{"period": "2025-Q1", "category": "Drives", "region": "East", "market_amount": 10_000}],
        "surveys": [{"survey_id": "s", "customer_id": "a", "answered_on": day, "instrument": "nps", "score": 9}],
        "expenses": [{"period": day[:7], "channel": "agents", "amount": 5}],
        "competitor_prices": [{"observed_on": day, "competitor": "X", "product_id": "q", "price": 5}],
        "customers": [{"customer_id": "b", "name": "B", "potential_amount": 100}],
        "targets": [{"version": "1", "scope_type": "company", "scope_id": "company", "measure": "bookings", "period": "2027-01", "value": 5}],
    }  # fmt: skip


@pytest.fixture(
    scope="module",
    params=[
        "nothing",
        "one line",
        "one full line",
        "no sale in the month",
        "all cancelled",
        "returns only",
        "all of it once",
        "all of it long ago",
        "all of it later",
        "amounts missing",
        "deals only",
    ],
)
def sparse(request, shared_workspace, line):
    day = "2026-03-31"
    after = rest(day, "2026-03-02", None)
    for row in after["opportunities"]:
        row.pop("region")
    before = rest("2025-01-15", "2025-01-10", "lost")
    for row in before["opportunities"]:
        row.pop("region")
    later = rest("2026-04-15", "2026-04-10", "lost")
    for row in later["opportunities"]:
        row.pop("region")
    made = {
        "nothing": {"customers": [{"customer_id": "a"}]},
        "one line": {"order_lines": [line(day, 1000)]},
        "one full line": {"order_lines": [line(day, 1000, **FULL)]},
        "no sale in the month": {
            "order_lines": [line("2025-03-03", 1000, **FULL), line("2026-04-30", 5, **FULL)]
        },
        "all cancelled": {"order_lines": [line(day, 1000, **FULL, status="cancelled")]},
        "returns only": {"order_lines": [line(day, -1000, **FULL)]},
        "all of it once": {"order_lines": [line(day, 1000, **FULL)], **after},
        "all of it long ago": {
            "order_lines": [line("2025-01-15", 1000, **FULL), line("2026-04-30", 5, **FULL)],
            **before,
        },
        "all of it later": {"order_lines": [line("2026-04-30", 5, **FULL)], **later},
        "amounts missing": {"order_lines": [line(day, None, **FULL), line("2025-03-31", None, **FULL)]},
        "deals only": {"opportunities": after["opportunities"]},
    }
    return shared_workspace(period="2026-03", as_of="2026-04-30", **made[request.param])


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f"{f.__module__.split('.')[1]}.{f.__name__}")
def test_a_sparse_store_gives_an_exhibit_or_says_what_is_missing(sparse, function):
    made = function(sparse)
    assert isinstance(made, Exhibit | Missing)
    if isinstance(made, Missing):
        assert made.needs
        for need in made.needs:
            table, _, column = need.partition(".")
            assert table in TABLES or table in DERIVED
            assert not column or column in sparse.facts.columns(table)


@pytest.mark.parametrize("section", [silence, customer_value, segment_worth], ids=lambda f: f.__name__)
def test_a_sparse_store_gives_a_section_or_says_what_is_missing(sparse, section):
    made = section(sparse)
    assert made
    assert all(isinstance(one, Exhibit) or one.needs for one in made)


def test_actions_of_whatever_was_found(sparse):
    assert (
        targets.actions(
            sparse, *(function(sparse) for function in (targets.standing, market.panels, market.segments))
        ).kind
        == "actions"
    )


def test_the_pipeline_page_of_whatever_was_found(sparse):
    seen = pipeline.review(sparse)
    sections = [getattr(seen, field.name) for field in fields(seen)]
    assert sections[0]
    assert all(isinstance(shown, Exhibit | Missing) for section in sections for shown in section)


def test_the_forecast_page_of_whatever_was_found(sparse):
    seen = forecasting.review(sparse)
    sections = (seen.landing, seen.fans, seen.units, seen.parts, seen.change, seen.accuracy, seen.treatments)
    assert sections[0]
    assert all(isinstance(shown, Exhibit | Missing) for section in sections for shown in section)
