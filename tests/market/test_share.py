"""Market size, share, and what the market gave of our growth."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib import market
from salesops_lib.metrics import Missing
from salesops_lib.metrics.formulas import share_change

QUARTERS = ("2024-Q1", "2024-Q2", "2024-Q3", "2024-Q4", "2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4")
DAYS = (
    "2024-02-15",
    "2024-05-15",
    "2024-08-15",
    "2024-11-15",
    "2025-02-14",
    "2025-05-15",
    "2025-08-15",
    "2025-11-14",
)


def estimates(values, **more):
    return [
        {"period": q, "category": "Drives", "region": "East", "market_amount": v, **more}
        for q, v in zip(QUARTERS, values)
    ]


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """We sell 100 in a market of 1,000, then 132 in one of 1,100; ranges are ± 10 %, the leader sells a fifth."""
    sizes = [250] * 4 + [275] * 4
    return shared_workspace(
        period="2025-12", as_of="2025-12-31",
        order_lines=[line(day, net, region="East", category="Drives") for day, net in zip(DAYS, [25] * 4 + [33] * 4)],
        market=[row | {"market_low": round(0.9 * row["market_amount"]), "market_high": round(1.1 * row["market_amount"]),
                       "leader_amount": row["market_amount"] // 5, "published_on": "2025-12-20"} for row in estimates(sizes)],
    )  # fmt: skip


def test_growth_split_of_the_coverage_plan(ws, found):
    exhibit = market.growth_split(ws)
    assert dict(zip(exhibit.frame.step, exhibit.frame.amount)) == {
        "sales_before": 100, "market_effect": 10, "share_effect": 20, "joint_effect": 2, "sales_now": 132,
    }  # fmt: skip
    told = found(exhibit)["growth_split.gained"].values
    assert told["index"] == pytest.approx(120)
    assert (told["growth"], told["market_growth"]) == (pytest.approx(0.32), pytest.approx(0.10))
    assert (told["share_now"], told["delta_share"]) == (pytest.approx(0.12), pytest.approx(0.02))
    assert (told["from"], told["to"]) == ("2025-Q1", "2025-Q4")


def test_share_of_each_quarter_with_its_range(ws, found):
    exhibit = market.size_and_share(ws)
    last = exhibit.frame.iloc[-1]
    assert (last.label, last.market, last.sales) == ("2025-Q4", 275, 33)
    assert last.share == pytest.approx(0.12)
    assert (last.share_low, last.share_high) == (
        pytest.approx(33 / 302),
        pytest.approx(33 / 248),
    )  # 275 · 1.1 and 0.9
    assert exhibit.frame.label.tolist() == list(QUARTERS)
    # 12.0 % lies outside the range of a year ago, 25/275 … 25/225 = 9.1 … 11.1 %
    assert found(exhibit)["share.moved"].values["delta"] == pytest.approx(0.02)


def test_segments_have_share_growth_and_relative_share(ws):
    row = market.segments(ws).frame.iloc[0]
    assert (row["row"], row["column"]) == ("East", "Drives")
    assert (row.value, row.base, row.delta) == (pytest.approx(0.12), pytest.approx(0.10), pytest.approx(0.02))
    assert row.market_growth == pytest.approx(0.10)
    assert row.relative_share == pytest.approx(132 / 220)


def test_a_share_falls_by_mix_alone_where_the_weak_segment_grows(workspace, line, found):
    """East keeps 10 % and West 40 %; East grows from half of the market to three quarters."""
    sizes = {"East": [100] * 4 + [300] * 4, "West": [100] * 8}
    own = {"East": 0.1, "West": 0.4}
    ws = workspace(
        period="2025-12", as_of="2025-12-31",
        order_lines=[line(day, round(size * own[r]), region=r, category="Drives") for r in sizes for day, size in zip(DAYS, sizes[r])],
        market=[row | {"region": r} for r in sizes for row in estimates(sizes[r])],
    )  # fmt: skip
    told = found(market.segments(ws))["segments.mix"].values
    assert (told["delta"], told["within"], told["mix"]) == pytest.approx((0.175 - 0.25, 0, -0.075))


@given(
    st.lists(st.tuples(*[st.integers(0, 10**6)] * 2, *[st.integers(1, 10**9)] * 2), min_size=1, max_size=12)
)
def test_within_and_mix_add_up_to_the_change_of_share(rows):
    frame = pd.DataFrame(rows, columns=["s0", "s1", "m0", "m1"], dtype=float)
    before, now = (pd.DataFrame({"sales": frame[f"s{t}"], "market": frame[f"m{t}"]}) for t in (0, 1))
    change = now.sales.sum() / now.market.sum() - before.sales.sum() / before.market.sum()
    assert sum(share_change(before, now)) == pytest.approx(change, abs=1e-9)


def test_a_quarter_not_published_by_the_day_of_the_data_is_not_known(workspace, line):
    rows = estimates([250] * 8)
    rows[-1]["published_on"] = "2026-01-20"
    ws = workspace(period="2025-12", as_of="2025-12-31", order_lines=[line("2025-11-14", 25)], market=rows)
    assert market.size_and_share(ws).frame.label.tolist()[-1] == "2025-Q3"
    split = market.growth_split(ws)
    assert isinstance(split, Missing)
    assert split.why == "note.two_years_needed"


def test_a_quarter_that_is_not_over_is_left_out(workspace, line):
    ws = workspace(
        period="2025-11",
        as_of="2025-12-31",
        order_lines=[line("2025-11-14", 25)],
        market=estimates([250] * 8),
    )
    assert market.size_and_share(ws).frame.label.tolist()[-1] == "2025-Q3"
    none = workspace(
        period="2025-11",
        as_of="2025-12-31",
        order_lines=[line("2025-11-14", 25)],
        market=estimates([250] * 8)[-1:],
    )
    assert market.size_and_share(none).why == "note.market_not_published"


def test_white_space_is_potential_not_yet_sold(workspace, line, found):
    ws = workspace(
        period="2025-12", as_of="2025-12-31",
        order_lines=[line("2025-06-02", 300, customer_id="a"), line("2024-06-03", 999, customer_id="a"), line("2025-06-02", 70, customer_id="b")],
        customers=[{"customer_id": "a", "name": "Acme", "potential_amount": 1000}, {"customer_id": "b", "name": "Beta", "potential_amount": 50}, {"customer_id": "c", "name": "Cee", "potential_amount": 400}],
    )  # fmt: skip
    exhibit = market.white_space(ws)
    frame = exhibit.frame.set_index("name")
    assert frame.white_space.to_dict() == {"Acme": 700, "Cee": 400, "Beta": 0}  # never below nothing
    assert frame.wallet_share["Acme"] == pytest.approx(0.3)
    assert found(exhibit)["white_space.total"].values["total"] == 1100


def test_without_market_figures_our_own_segments_are_shown(workspace, line, found):
    ws = workspace(
        period="2025-12", as_of="2025-12-31",
        order_lines=[line("2025-06-02", 300, region="East", category="Drives"), line("2024-06-03", 200, region="East", category="Drives"), line("2025-06-02", 70, region="West", category="Drives")],
    )  # fmt: skip
    exhibit = market.segments(ws)
    frame = exhibit.frame.set_index(["row", "column"])
    assert frame.difference.to_dict() == {("East", "Drives"): 100, ("West", "Drives"): 70}
    assert frame.growth["East", "Drives"] == pytest.approx(0.5)
    assert pd.isna(frame.growth["West", "Drives"])
    assert "note.no_market" in found(exhibit)
    assert market.growth_split(ws).needs == ("market.market_amount",)
    assert market.size_and_share(ws).needs == ("market.market_amount",)
    assert market.white_space(ws).needs == ("customers.potential_amount", "sales.customer_id")


def test_quarters_without_a_market_figure_are_told(workspace, line):
    ws = workspace(
        period="2026-06", as_of="2026-06-30", market=estimates([250] * 8, published_on="2025-12-20"),
        order_lines=[line(day, 25, region="East", category="Drives") for day in (*DAYS, "2026-06-15")],
    )  # fmt: skip
    for exhibit in (market.size_and_share(ws), market.growth_split(ws), market.segments(ws)):
        (told,) = [note for note in exhibit.notes if note.id == "note.market_late"]
        assert told.values == {"last": "2025-Q4", "n": 2}
