"""Who holds the market, and at what price, on a market that can be reckoned by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import market, open_workspace
from salesops_lib.market.rival_shares import concentration
from salesops_lib.metrics import Missing

QUARTERS = [f"{year}-Q{q}" for year in (2024, 2025) for q in range(1, 5)]
DAYS = [f"{year}-{month:02d}-15" for year in (2024, 2025) for month in (2, 5, 8, 11)]


def whole(period, amount=1000, **more):
    return {"period": period, "category": "Drives", "region": "East", "market_amount": amount, "market_low": 800,
            "market_high": 1250, "market_units": 100, "published_on": "2025-12-20", **more}  # fmt: skip


def rival(period, name, amount, **more):
    return {"period": period, "category": "Drives", "region": "East", "rival": name, "market_amount": amount,
            "published_on": "2025-12-20", **more}  # fmt: skip


@pytest.fixture
def made(workspace, line):
    """We sell 120 of 1,000 each quarter with 10 pieces of 100; Big 300, then 280; Small 200, then 240."""

    def make(rows=None, quantity=10, net=120):
        given = [whole(q) for q in QUARTERS]
        given += [rival(q, "Big", 300 if q < "2025" else 280) for q in QUARTERS]
        given += [rival(q, "Small", 200 if q < "2025" else 240) for q in QUARTERS]
        lines = [line(day, net, region="East", category="Drives", quantity=quantity) for day in DAYS]
        return workspace(
            period="2025-12", as_of="2025-12-31", order_lines=lines, market=given if rows is None else rows
        )

    return make


def test_shares_of_rivals_and_of_us_make_the_market(made, found):
    told = market.rival_shares(made())
    named = [x if isinstance(x, str) else x.values["value"] for x in told.frame.label]
    assert named == ["us", "Big", "Small", "other_rivals"]
    assert told.frame.share.tolist() == pytest.approx([0.12, 0.28, 0.24, 0.36])
    assert told.frame.delta.tolist() == pytest.approx([0.0, -0.02, 0.04, -0.02])
    assert (told.frame.low[0], told.frame.high[0]) == (pytest.approx(120 / 1250), pytest.approx(120 / 800))
    assert told.frame.amount.sum() == 4000
    assert found(told)["rival_shares.standing"].values["relative"] == pytest.approx(12 / 28)
    hhi = found(told)["rival_shares.hhi"].values
    assert hhi["low"] == pytest.approx(1504)  # 12² + 28² + 24²
    assert hhi["high"] == pytest.approx(1504 + 28**2 + 8**2)


def test_rows_of_rivals_add_nothing_to_the_market(made):
    told = market.size_and_share(made())
    assert told.frame.market.tolist() == [1000] * 8
    assert market.growth_split(made()).frame.amount.tolist() == [480, 0, 0, 0, 480]


def test_a_quarter_without_rivals_is_told(made, found):
    rows = [whole(q) for q in QUARTERS] + [rival(q, "Big", 300) for q in QUARTERS[:-1]]
    told = market.rival_shares(made(rows))
    late = found(told)["note.rivals_late"].values
    assert (late["n"], late["last"]) == (1, "2025-Q3")
    assert told.frame.base.isna().all()  # seven quarters are no two years


def test_what_is_published_later_is_not_known_yet(made):
    rows = [whole(q) for q in QUARTERS] + [rival(q, "Big", 300, published_on="2026-02-14") for q in QUARTERS]
    assert isinstance(market.rival_shares(made(rows)), Missing)


def test_rivals_that_sell_more_than_the_market_are_told(made, found):
    rows = [whole(q) for q in QUARTERS] + [rival(q, "Big", 990) for q in QUARTERS]
    assert found(market.rival_shares(made(rows)))["rival_shares.impossible"].tone == "bad"


def test_relative_price_is_share_of_value_over_share_of_units(made, found):
    row = market.relative_price(made()).frame.iloc[0]
    assert (row["share"], row.unit_share) == (pytest.approx(0.12), pytest.approx(0.10))
    assert (row.relative_price, row.base) == (pytest.approx(1.2), pytest.approx(1.2))
    told = market.relative_price(made(quantity=101))
    assert found(told)["relative_price.impossible"].values["names"] == ["Drives"]


def test_without_rivals_or_units_a_line_says_what_is_missing(made):
    rows = [whole(q, market_units=None) for q in QUARTERS]
    assert market.rival_shares(made(rows)).needs == ("market.rival",)
    assert market.relative_price(made(rows)).needs == ("market.market_units",)


def test_concentration_of_a_market_nobody_names():
    assert concentration(pd.Series(dtype=float), 1.0).high == 10_000


def test_the_sample_company_finds_the_planted_drift(sample_company):
    ws = open_workspace(sample_company, period="2025-12", lang="en")
    frame = market.rival_shares(ws).frame
    change = dict(zip([x for x in frame.label if isinstance(x, str)], frame.delta[1:]))
    assert change["Nordwerk"] < 0 < change["恒力传动"]  # −3 % and +6 % a year
    ws.close()
