"""From list price to margin, and lines below the floor."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from salesops_lib import pricing

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    return shared_workspace(
        **MARCH,
        policy={"pricing.floors.default": 0.7, "pricing.floors.categories": {"Sensors": 0.9}},
        reps=[{"rep_id": "r1", "name": "Zhang San"}],
        order_lines=[
            line(
                "2026-03-02",
                900,
                order_id="o1",
                rep_id="r1",
                region="East",
                category="Drives",
                quantity=10,
                list_price=100,
                cost_amount=500,
            ),
            line(
                "2026-03-03",
                600,
                rep_id="r1",
                region="East",
                category="Drives",
                quantity=10,
                list_price=100,
                cost_amount=450,
            ),
            line("2026-03-04", 850, rep_id="r2", category="Sensors", quantity=10, list_price=100),
            line("2026-03-05", 70, rep_id="r3", category="Drives", quantity=1, list_price=100),
            line("2026-03-06", 400, rep_id="r3"),
            line("2025-03-06", 95, rep_id="r3", quantity=1, list_price=100),
        ],
        returns=[{"return_id": "x", "order_id": "o1", "returned_on": "2026-03-20", "net_amount": 90}],
    )


def test_waterfall(ws, found):
    exhibit = pricing.price_waterfall(ws)
    # list 3100, sold for 2420; 90 came back; one line states no cost, so there is no margin to show
    assert exhibit.frame[["step", "amount"]].values.tolist() == [
        ["list_sales", 3100], ["discount", -680], ["returns", -90], ["net_sales", 2330],
    ]  # fmt: skip
    told = found(exhibit)["price.realisation"]
    assert (told.values["rate"], told.tone) == (pytest.approx(2420 / 3100), "bad")  # 95 % the year before
    assert told.values["delta"] == pytest.approx(2420 / 3100 - 0.95)


def test_the_waterfall_closes(ws):
    frame = pricing.price_waterfall(ws).frame
    assert frame.amount[0] + frame.amount[1:-1].sum() == frame.amount.iloc[-1]


def test_without_cost_it_ends_at_net_sales(workspace, line):
    made = pricing.price_waterfall(
        workspace(**MARCH, order_lines=[line("2026-03-02", 900, quantity=10, list_price=100)])
    )
    assert made.frame[["step", "amount"]].values.tolist() == [
        ["list_sales", 1000],
        ["discount", -100],
        ["net_sales", 900],
    ]


def test_lines_below_the_floor(ws, found):
    exhibit = pricing.floor_breaches(ws)
    frame = exhibit.frame.set_index("name")
    # Drives' floor 700: 600 leaks 100; Sensors' 900: 850 leaks 50; 70 of 100 is the floor itself
    assert frame.leakage.to_dict() == {"Zhang San": 100, "r2": 50}
    assert frame.below_amount.to_dict() == {"Zhang San": 600, "r2": 850}
    assert frame.n_lines.to_dict() == {"Zhang San": 2, "r2": 1}
    assert frame.discount_rate["Zhang San"] == pytest.approx(0.25)  # 1500 of 2000
    told = found(exhibit)["floor.total"]
    assert (told.values["n"], told.values["leakage"], told.values["amount"]) == (2, 150, 1450)
    assert told.values["share"] == pytest.approx(150 / 3100)
    assert told.tone == "bad"  # above 2 % of list
    assert "floor.concentrated" not in found(exhibit)  # 100 is not more than twice 50


def test_one_who_leaks_most_is_named(workspace, line, found):
    rows = [
        line("2026-03-02", 100, rep_id="r1", quantity=10, list_price=100),
        line("2026-03-02", 690, rep_id="r2", quantity=10, list_price=100),
    ]
    told = found(pricing.floor_breaches(workspace(**MARCH, order_lines=rows)))["floor.concentrated"].values
    # 700 − 100 = 600 of 610
    assert (told["unit"], told["at_stake"], told["share"]) == ("r1", 600, pytest.approx(600 / 610))


def test_nothing_below_the_floor(workspace, line, found):
    exhibit = pricing.floor_breaches(
        workspace(
            **MARCH, order_lines=[line("2026-03-02", 900, channel="direct", quantity=10, list_price=100)]
        )
    )
    assert exhibit.frame.empty
    assert found(exhibit)["floor.none"].values["leakage"] == 0 or pd.isna(
        found(exhibit)["floor.none"].values["leakage"]
    )


def test_what_is_needed(workspace, line):
    ws = workspace(**MARCH, order_lines=[line("2026-03-02", 900)])
    assert pricing.price_waterfall(ws).needs == ("sales.list_amount",)
    assert pricing.floor_breaches(ws).needs == ("sales.list_amount", "sales.rep_id")


def test_discounts_beyond_authority_by_role(shared_workspace, line):
    """ae may grant 10 %: 880 of list 1,000 is beyond, 900 is not; a role without authority is counted apart."""
    ws = shared_workspace(
        **MARCH,
        policy={"pricing.discounts.authority": {"ae": 0.1}},
        reps=[{"rep_id": "r1", "role": "ae"}, {"rep_id": "r2", "role": "clerk"}],
        order_lines=[
            line("2026-03-02", 880, rep_id="r1", quantity=10, list_price=100),
            line("2026-03-03", 900, rep_id="r1", quantity=10, list_price=100),
            line("2026-03-04", 100, rep_id="r2", quantity=10, list_price=100),
            line("2026-02-04", 100, rep_id="r1", quantity=10, list_price=100),
        ],
    )
    exhibit = pricing.beyond_authority(ws)
    assert exhibit.frame.values.tolist() == [["ae", 880, 1, 2, 0.1]]
    assert exhibit.findings[0].values == {
        "n": 1,
        "amount": 880,
        "n_unjudged": 1,
        "share": pytest.approx(880 / 1780),
    }


def test_a_window_of_its_own_takes_the_periods_place(ws):
    from salesops_lib.periods import Window

    whole = Window(date(2025, 3, 1), date(2026, 3, 31), 0, is_complete=True)
    assert pricing.floor_breaches(ws, window=whole).window == whole
    assert (
        pricing.floor_breaches(ws, window=whole).frame.n_lines.sum()
        == pricing.floor_breaches(ws).frame.n_lines.sum()
    )
