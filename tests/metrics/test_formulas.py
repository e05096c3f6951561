"""The formulas against the worked numbers of the coverage plan, and their identities."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.errors import DataError
from salesops_lib.metrics import formulas

AMOUNT = st.integers(0, 10**12)
SOME = st.integers(1, 10**12)


def pvm_example() -> pd.DataFrame:
    """A 100@10 → 120@11, B 50@40 → 45@38, lost L 20@5, new N 10@30, rate 7.00 → 7.20."""
    return pd.DataFrame(
        {
            "q0": [100, 50, 20, 0],
            "q1": [120, 45, 0, 10],
            "s0": [1000, 2000, 100, 0],
            "s1": [1320, 1710, 0, 300],
        }
    ).assign(r0=7.0, r1=7.2)


@pytest.mark.parametrize(
    ("part", "whole", "expected"), [(1, 4, 0.25), (0, 4, 0.0), (-1, 4, -0.25), (3, 2, 1.5)]
)
def test_ratio(part, whole, expected):
    assert formulas.ratio(part, whole) == expected


@pytest.mark.parametrize(
    ("part", "whole"), [(1, 0), (None, 4), (4, None), (math.nan, 1), (1, math.nan), (0, 0)]
)
def test_a_ratio_over_nothing_is_missing_not_zero(part, whole):
    assert math.isnan(formulas.ratio(part, whole))


def test_pace_460_of_1000_after_11_of_22_days():
    assert formulas.pace_index(460, 1000, 11 / 22) == pytest.approx(0.92)  # 0.46 / 0.5
    assert math.isnan(formulas.pace_index(460, 0, 0.5))
    assert math.isnan(formulas.pace_index(0, 1000, 0.0))


def test_required_run_rate():
    assert formulas.required_run_rate(460, 1000, 11) == pytest.approx(540 / 11)  # 49.1 a day
    assert math.isnan(formulas.required_run_rate(460, 1000, 0))


def test_velocity_of_40_deals():
    assert formulas.velocity(40, 0.25, 25_000, 60) == pytest.approx(250_000 / 60)  # 4,167 a day


def test_coverage_is_open_over_what_is_missing():
    # 1800 / (1000 − 400); over the whole quota it would be 1.8, turned round 0.33
    assert formulas.pipeline_coverage(1800, 1000, 400) == 3.0
    assert math.isnan(formulas.pipeline_coverage(1800, 1000, 1000))


def test_wilson_of_6_in_20():
    share, low, high = formulas.wilson(6, 20)
    assert share == 0.3
    # centre (0.3 + 1.92073/20) / (1 + 3.84146/20) = 0.33223, half width 0.18678
    assert (round(low, 4), round(high, 4)) == (0.1455, 0.5190)


def test_wilson_of_nothing_is_missing():
    assert all(math.isnan(x) for x in formulas.wilson(0, 0))


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_share_within_0_and_1(case):
    share, low, high = formulas.wilson(*case)
    assert 0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1


@given(st.integers(0, 100), st.integers(0, 100))
def test_wilson_is_symmetric_in_wins_and_losses(won, lost):
    if won + lost:
        mine, other = formulas.wilson(won, won + lost), formulas.wilson(lost, won + lost)
        assert mine.low == pytest.approx(1 - other.high, abs=1e-12)


def test_net_promoter_score_is_25_plus_minus_15():
    score, low, high = formulas.net_promoter_score(45, 20, 100)
    assert score == pytest.approx(25)
    # 1.96 · 100 · √((0.45 + 0.20 − 0.25²)/100) = 15.0
    assert (score - low, high - score) == (pytest.approx(15.02, abs=0.01), pytest.approx(15.02, abs=0.01))
    assert all(math.isnan(x) for x in formulas.net_promoter_score(0, 0, 0))


def test_growth_split_of_100_to_132_in_a_market_of_1000_to_1100():
    split = formulas.growth_split(100, 132, 1000, 1100)
    # share 10 % → 12 %: 0.10·100, 1000·0.02, 100·0.02
    assert [round(x, 9) for x in split] == [10, 20, 2]
    assert split.total == pytest.approx(32)
    assert formulas.evolution_index(0.32, 0.10) == pytest.approx(120)


@given(AMOUNT, AMOUNT, SOME, SOME)
def test_growth_split_closes_to_the_minor_unit(before, now, market_before, market_now):
    split = formulas.growth_split(before, now, market_before, market_now)
    scale = max(before, now, market_now / market_before * before, market_before / market_now * now, 1)
    assert split.total == pytest.approx(now - before, abs=max(1e-12 * scale, 1e-6))


def test_herfindahl_of_four_equal_customers_is_a_quarter():
    assert formulas.herfindahl(pd.Series([5, 5, 5, 5])) == 0.25
    assert math.isnan(formulas.herfindahl(pd.Series([0, 0])))


def test_price_volume_mix_of_the_coverage_plan():
    # in dollars: volume (165/150 − 1)·3000 = 300; mix 10·120 + 40·45 − 3300 = −300; price 1·120 − 2·45 = 30
    # × 7.00, new 300·7, lost −100·7, FX 3330·0.2
    steps = formulas.price_volume_mix(pvm_example())
    assert [round(s) for s in steps] == [21_700, 666, 2_100, -700, 2_100, -2_100, 210, 23_976]


def test_price_volume_mix_names_the_columns_it_lacks():
    with pytest.raises(DataError, match="r0, r1"):
        formulas.price_volume_mix(pvm_example().drop(columns=["r0", "r1"]))


SOLD = st.one_of(st.just((0, 0)), st.tuples(st.integers(1, 10_000), st.integers(1, 10**9)))
RATE = st.floats(0.01, 100)


@given(st.lists(st.tuples(SOLD, SOLD, RATE, RATE), max_size=8))
def test_price_volume_mix_closes(products):
    rows = [(q0, q1, s0, s1, r0, r1) for (q0, s0), (q1, s1), r0, r1 in products]
    lines = pd.DataFrame(rows, columns=["q0", "q1", "s0", "s1", "r0", "r1"]).astype(float)
    steps = formulas.price_volume_mix(lines)
    moved = steps.fx + steps.new + steps.lost + steps.volume + steps.mix + steps.price
    largest = max(map(abs, steps), default=1)
    assert moved == pytest.approx(steps.end - steps.start, abs=max(1e-9 * largest, 1e-6))


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(1, 1000)), min_size=1, max_size=6))
def test_equal_price_changes_are_all_price(sold):
    """The same quantities at prices 10 % higher: no volume, no mix."""
    lines = pd.DataFrame(sold, columns=["q0", "p"]).assign(
        q1=lambda f: f.q0, s0=lambda f: f.q0 * f.p, s1=lambda f: f.q0 * f.p * 1.1, r0=1.0, r1=1.0
    )
    steps = formulas.price_volume_mix(lines)
    assert steps.price == pytest.approx(0.1 * steps.start)
    assert (steps.volume, steps.mix, steps.new, steps.lost) == pytest.approx((0, 0, 0, 0), abs=1e-6)


def test_retention_85_and_103_percent():
    kept = formulas.retention(10.0, 0.6, 0.9, 1.8)
    assert (kept.gross, kept.net) == (pytest.approx(0.85), pytest.approx(1.03))
    assert math.isnan(formulas.retention(0, 0, 0, 5).gross)


@given(SOME.flatmap(lambda start: st.tuples(st.just(start), st.integers(0, start), AMOUNT)))
def test_gross_retention_never_exceeds_one(case):
    start, lost, expansion = case
    kept = formulas.retention(start, 0, lost, expansion)
    assert 0 <= kept.gross <= 1
    assert kept.net >= kept.gross


def test_collection_rate_55_percent():
    assert formulas.collection_rate(800, 1200, 900) == 0.55  # (2000 − 900) / 2000
    assert math.isnan(formulas.collection_rate(0, 0, 0))


def test_collection_effectiveness_78_6_percent():
    assert formulas.collection_effectiveness(800, 1200, 900, 600) == pytest.approx(1100 / 1400)


def test_days_sales_outstanding():
    assert formulas.days_sales_outstanding(900, 1200, 30) == 22.5
    assert (
        formulas.days_sales_outstanding(600, 1200, 30) == 15.0
    )  # current receivables only: best possible DSO
    assert math.isnan(formulas.days_sales_outstanding(900, 0, 30))


def test_sell_through_by_both_definitions():
    assert formulas.sell_through(400, 500) == 0.8
    assert formulas.sell_through(400, 500, 100) == pytest.approx(2 / 3)


@given(st.lists(st.integers(1, 60), max_size=12), st.integers(1, 12))
def test_what_is_held_back_cannot_be_worked_out(counts, below):
    held = formulas.held_back(counts, below)
    hidden = sum(counts) - sum(n for n, is_held in zip(counts, held, strict=True) if not is_held)
    assert hidden == 0 or hidden >= below or all(held)
    assert all(is_held for n, is_held in zip(counts, held, strict=True) if n < below)
    assert any(held) == any(n < below for n in counts)
