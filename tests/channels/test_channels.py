"""Channels: sales, margin and expense of each."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import channels

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


@pytest.fixture(scope="module")
def exhibit(shared_workspace, line):
    return channels.profit_and_loss(
        shared_workspace(
            **MARCH,
            order_lines=[
                line("2026-03-02", 600, channel="direct", cost_amount=300), line("2026-03-02", -100, channel="direct"),
                line("2026-03-03", 300, channel="agents", cost_amount=240), line("2025-03-03", 400, channel="direct", cost_amount=1),
            ],
            expenses=[
                {"period": "2026-03", "channel": "direct", "category": "ads", "amount": 60}, {"period": "2026-03", "channel": "direct", "category": "fairs", "amount": 40},
                {"period": "2026-03", "channel": "agents", "amount": 15}, {"period": "2026-02", "channel": "agents", "amount": 999},
            ],
        )
    )  # fmt: skip


def test_each_channel(exhibit):
    frame = exhibit.frame.set_index("name")
    assert frame.net_sales.to_dict() == {"direct": 500, "agents": 300, "total": 800}  # 600 − 100 came back
    assert frame.share.to_dict() == {"direct": 0.625, "agents": 0.375, "total": 1.0}
    assert frame.growth["direct"] == pytest.approx(0.25)
    assert pd.isna(frame.growth["agents"])
    assert frame.gross_margin.to_dict() == {"direct": 300, "agents": 60, "total": 360}
    assert frame.expense.to_dict() == {"direct": 100, "agents": 15, "total": 115}
    assert frame.expense_ratio.to_dict() == pytest.approx({"direct": 0.2, "agents": 0.05, "total": 115 / 800})
    assert frame.contribution.to_dict() == {"direct": 200, "agents": 45, "total": 245}
    assert frame.is_total.tolist() == [False, False, True]


def test_what_is_told(exhibit, found):
    told = found(exhibit)
    assert (told["channels.largest"].values["unit"], told["channels.largest"].values["share"]) == (
        "direct",
        0.625,
    )
    assert told["channels.expense"].values == {
        "unit": "direct",
        "ratio": 0.2,
        "other": "agents",
        "other_ratio": 0.05,
    }


def test_without_cost_and_expense_only_sales_are_shown(workspace, line):
    frame = channels.profit_and_loss(
        workspace(**MARCH, order_lines=[line("2026-03-02", 600, channel="direct")])
    ).frame
    assert frame.columns.tolist() == ["name", "net_sales", "growth", "share", "is_total"]


def test_what_is_needed(workspace, line):
    assert channels.profit_and_loss(workspace(order_lines=[line("2026-03-02", 600)])).needs == (
        "sales.channel",
    )
