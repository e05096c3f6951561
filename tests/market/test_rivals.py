"""Win rates with intervals, and prices against rivals'."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import market

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


def deals(rival, won, lost, *, day="2025-06-02", **values):
    return [
        {"opportunity_id": f"{rival}{day}{n}{values}", "stage": "x", "created_on": "2024-01-02", "closed_on": day, "competitor": rival,
         "outcome": "won" if n < won else "lost", "amount": 10} | values
        for n in range(won + lost)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def ws(shared_workspace):
    return shared_workspace(
        **YEAR,
        opportunities=[
            *deals("Alpha", 6, 14),
            *deals("Beta", 60, 20),
            *deals(None, 3, 1),
            *deals("Alpha", 5, 5, day="2024-06-03"),
            *deals("Beta", 1, 1, day="2024-06-03"),
        ],
    )


def test_win_rates_by_rival(ws):
    frame = market.win_rates(ws).frame.set_index("label")
    # Wilson of 6 in 20: 15 … 52 %
    assert [round(frame.loc["Alpha", c], 2) for c in ("value", "low", "high")] == [0.30, 0.15, 0.52]
    assert (frame.n["Alpha"], frame.base["Alpha"], frame.lost_amount["Alpha"]) == (20, 0.5, 140)
    assert frame.value["Beta"] == 0.75
    assert pd.isna(frame.base["Beta"])  # two deals are too few for a rate


def test_rivals_of_few_deals_are_held_back_and_cannot_be_worked_out(workspace, found):
    """Of 4 with Gamma nothing is shown, nor of the 6 with Beta: the overall rate would give Gamma away."""
    few = [*deals("Alpha", 6, 14), *deals("Beta", 3, 3), *deals("Gamma", 4, 0), *deals(None, 1, 1)]
    exhibit = market.win_rates(workspace(**YEAR, opportunities=few))
    assert exhibit.frame.label.tolist() == ["Alpha"]
    assert found(exhibit)["note.suppressed"].values == {"n": 3, "below": 5}
    assert found(exhibit)["rivals.alike"].values["rate"] == pytest.approx(13 / 30)


def test_a_rival_is_named_only_when_its_interval_excludes_the_rest(ws, workspace, found):
    told = found(market.win_rates(ws))["rivals.weak"].values
    # 66 of 100 against named rivals
    assert (told["label"], told["at_stake"], told["overall"]) == ("Alpha", 140, pytest.approx(0.66))
    alike = workspace(**YEAR, opportunities=[*deals("Alpha", 6, 4), *deals("Beta", 5, 5)])
    assert "rivals.alike" in found(market.win_rates(alike))


def test_without_rivals_another_dimension_is_taken(workspace, found):
    ws = workspace(
        **YEAR,
        opportunities=[row | {"customer_id": "a"} for row in deals(None, 3, 3)],
        customers=[{"customer_id": "a", "region": "East"}],
    )
    exhibit = market.win_rates(ws)
    assert (exhibit.frame.label.tolist(), exhibit.metric) == (["East"], "win_rate")
    assert "note.no_competitor" in found(exhibit)


def test_price_index_of_matched_products(workspace, line, found):
    ws = workspace(
        **YEAR,
        order_lines=[line("2025-05-05", 1100, product_id="p", quantity=10), line("2025-05-06", 500, product_id="q", quantity=10), line("2025-08-06", 900, product_id="p", quantity=10)],
        competitor_prices=[{"observed_on": "2025-04-02", "competitor": "Alpha", "product_id": "p", "price": 100}, {"observed_on": "2025-06-02", "competitor": "Alpha", "product_id": "q", "price": 40},
                           {"observed_on": "2025-01-15", "competitor": "Alpha", "product_id": "p", "price": 1}],
    )  # fmt: skip
    exhibit = market.price_index(ws)
    row = exhibit.frame.iloc[0]
    # Q2: 110/100 and 50/40 → 110 and 125; median 117.5, quartiles 113.75 and 121.25; Q1 and Q3 have no match
    assert (row.label, row.n) == ("Alpha", 2)
    assert (row.value, row.low, row.high) == (
        pytest.approx(117.5),
        pytest.approx(113.75),
        pytest.approx(121.25),
    )
    assert found(exhibit)["price_index.above"].values["over"] == pytest.approx(0.175)


def test_what_is_needed(workspace, line):
    ws = workspace(**YEAR, order_lines=[line("2025-05-05", 1100)])
    assert market.win_rates(ws).needs == ("deals.closed_on", "opportunities.competitor")
    assert market.price_index(ws).needs == ("competitor_prices.price", "sales.quantity", "sales.product_id")
