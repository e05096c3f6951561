"""Formulas of the registry on plain numbers and small frames.

Each one is the single definition of its metric; the source stands beside it as the section
of the coverage plan (M1.5 …) and its reference.  Money may be in any one unit; rates are
between 0 and 1.  A ratio over zero is missing, never zero.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from salesops_lib.errors import DataError


def ratio(part: float | None, whole: float | None) -> float:
    """`part / whole`; missing when either is missing or the whole is zero.

    >>> ratio(1, 4)
    0.25
    >>> ratio(1, 0)
    nan
    """
    if part is None or whole is None or pd.isna(part) or pd.isna(whole) or whole == 0:
        return math.nan
    return float(part) / float(whole)


def pace_index(actual: float, target: float, expected_share: float) -> float:
    """Attainment against the share of the target expected by now (M1.5); 1 is on pace.

    >>> round(pace_index(460, 1000, 11 / 22), 2)
    0.92
    """
    return ratio(ratio(actual, target), expected_share)


def required_run_rate(actual: float, target: float, workdays_left: int) -> float:
    """Money a working day still needed to reach the target (M1.7); missing when no day is left.

    >>> round(required_run_rate(460, 1000, 11), 1)
    49.1
    """
    return ratio(target - actual, workdays_left)


def velocity(n_deals: float, win_rate: float, deal_value: float, cycle_days: float) -> float:
    """Money a day that the pipeline yields: N × W × D / L (M3.4, HubSpot's sales velocity).

    >>> round(velocity(40, 0.25, 25_000, 60))
    4167
    """
    return ratio(n_deals * win_rate * deal_value, cycle_days)


def pipeline_coverage(open_amount: float, target: float, won: float) -> float:
    """Open pipeline closing in the period over what is still missing (M3.5, Gong's definition).

    Other published readings of the word give other numbers: open over the whole quota
    (Quartz), or the missing amount over open pipeline (Salesforce Revenue Insights).

    >>> pipeline_coverage(1800, 1000, 400)
    3.0
    """
    return ratio(open_amount, target - won)


def pipeline_needed(target: float, actual: float, expected: float, win_rate: float) -> float:
    """Pipeline still to create: what is neither won nor expected from open deals, over the win rate (M3.6); at least 0.

    >>> pipeline_needed(1000, 400, 350, 0.25)
    1000.0
    """
    needed = ratio(target - actual - expected, win_rate)
    return max(needed, 0.0) if not math.isnan(needed) else needed


class Interval(NamedTuple):
    """A point with its 95 % interval."""

    value: float
    low: float
    high: float


def wilson(successes: float, trials: float, *, z: float = 1.959963984540054) -> Interval:
    """Share with its Wilson score interval (C17).  Source: E. B. Wilson, JASA 22 (1927), 209–212.

    >>> [round(x, 2) for x in wilson(6, 20)]
    [0.3, 0.15, 0.52]
    """
    if trials == 0:
        return Interval(math.nan, math.nan, math.nan)
    share = successes / trials
    scale = 1 + z * z / trials
    centre = (share + z * z / (2 * trials)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    return Interval(share, max(0.0, centre - half), min(1.0, centre + half))


def share_difference(
    now: tuple[float, float], before: tuple[float, float], *, z: float = 1.959963984540054
) -> Interval:
    """Difference of two shares, each (successes, trials), with its interval; missing where either has no trials.

    Source: R. G. Newcombe, Statist. Med. 17 (1998), 873-890, method 10, which joins the Wilson intervals of both.

    >>> [round(x, 4) for x in share_difference((56, 70), (48, 80))]
    [0.2, 0.0524, 0.3339]
    """
    one, other = wilson(*now, z=z), wilson(*before, z=z)
    change = one.value - other.value
    below = math.hypot(one.value - one.low, other.high - other.value)
    above = math.hypot(one.high - one.value, other.value - other.low)
    return Interval(change, change - below, change + above)


def net_promoter_score(
    promoters: int, detractors: int, answers: int, *, z: float = 1.959963984540054
) -> Interval:
    """NPS in points between −100 and 100, with its 95 % interval (M9.1).

    >>> [round(x) for x in net_promoter_score(45, 20, 100)]
    [25, 10, 40]
    """
    if answers == 0:
        return Interval(math.nan, math.nan, math.nan)
    p, d = promoters / answers, detractors / answers
    error = 100 * math.sqrt((p + d - (p - d) ** 2) / answers)
    score = 100 * (p - d)
    return Interval(score, score - z * error, score + z * error)


def held_back(counts: Sequence[int], below: int) -> list[bool]:
    """Which groups of a total are not shown (C17): those of fewer than `below` cases, and then the
    smallest others, until the total less the groups shown is no such small number either.

    >>> held_back([40, 3, 12, 9], below=5), held_back([40, 3, 2], below=5)
    ([False, True, False, True], [False, True, True])
    """
    held = [n < below for n in counts]
    for place in sorted(range(len(held)), key=lambda place: counts[place]):
        hidden = sum(n for n, is_held in zip(counts, held, strict=True) if is_held)
        if 0 < hidden < below:
            held[place] = True
    return held


class GrowthSplit(NamedTuple):
    """Change of our sales, split into what the market did, what our share did, and both."""

    market: float
    share: float
    joint: float

    @property
    def total(self) -> float:
        return sum(self)


def growth_split(
    sales_before: float, sales_now: float, market_before: float, market_now: float
) -> GrowthSplit:
    """ΔS = share₀·ΔV + V₀·Δshare + ΔV·Δshare (M6.2); the three close to the change exactly.

    >>> [round(x, 6) for x in growth_split(100, 132, 1000, 1100)]
    [10.0, 20.0, 2.0]
    """
    share_before, share_now = ratio(sales_before, market_before), ratio(sales_now, market_now)
    grown, gained = market_now - market_before, share_now - share_before
    return GrowthSplit(share_before * grown, market_before * gained, grown * gained)


class ShareChange(NamedTuple):
    """What a change of market share comes of: shares within segments, and the segments' weight in the market."""

    within: float
    mix: float


def share_change(before: pd.DataFrame, now: pd.DataFrame) -> ShareChange:
    """Δshare = Σ Δshareᵢ·weightᵢ + Σ Δweightᵢ·shareᵢ, each by the mean of both times (M7.6); the two close to it exactly.

    Parameters
    ----------
    before, now
        One row a segment, the same in both: sales, market (above 0).

    >>> then = pd.DataFrame({"sales": [10, 40], "market": [100, 100]})
    >>> later = pd.DataFrame({"sales": [30, 40], "market": [300, 100]})
    >>> [round(x, 4) for x in share_change(then, later)]
    [0.0, -0.075]
    """
    shares = [frame.sales / frame.market for frame in (before, now)]
    weights = [frame.market / frame.market.sum() for frame in (before, now)]
    within = ((shares[1] - shares[0]) * (weights[0] + weights[1])).sum() / 2
    mix = ((weights[1] - weights[0]) * (shares[0] + shares[1])).sum() / 2
    return ShareChange(float(within), float(mix))


def evolution_index(growth: float, market_growth: float) -> float:
    """(1 + our growth) / (1 + market growth) × 100 (M6.1); above 100 we gain share.

    >>> round(evolution_index(0.32, 0.10))
    120
    """
    return 100 * ratio(1 + growth, 1 + market_growth)


def herfindahl(amounts: pd.Series) -> float:
    """Sum of squared shares, between 0 and 1 (M10.5)."""
    total = amounts.sum()
    return float(((amounts / total) ** 2).sum()) if total else math.nan


class PriceVolumeMix(NamedTuple):
    """Steps from the sales of one window to those of another (M15.5), in money."""

    start: float
    fx: float
    new: float
    lost: float
    volume: float
    mix: float
    price: float
    end: float


def price_volume_mix(lines: pd.DataFrame) -> PriceVolumeMix:
    """Price, volume and mix of continuing products, with new, lost and currency apart (M15.5).

    Parameters
    ----------
    lines
        One row per product (and currency): `q0, q1` quantities and `s0, s1` sales in the
        transaction currency, `r0, r1` the rates into group currency.  A product is new when
        it was not sold before (`s0` and `q0` zero) and lost when it is not sold now.

    Notes
    -----
    In constant currency (rates of the earlier window) and for continuing products with unit
    prices p: volume (Q₁/Q₀ − 1)·S₀, mix Σp₀q₁ − S₀·Q₁/Q₀, price Σ(p₁ − p₀)q₁.  The steps
    close exactly.  Quantities of one frame must be additive; otherwise compute within each
    family and add up (M15.6).

    Examples
    --------
    >>> lines = pd.DataFrame(
    ...     dict(q0=[100, 50, 20, 0], q1=[120, 45, 0, 10], s0=[1000, 2000, 100, 0], s1=[1320, 1710, 0, 300]),
    ...     index=["A", "B", "L", "N"],
    ... ).assign(r0=7.0, r1=7.2)
    >>> [round(step) for step in price_volume_mix(lines)]
    [21700, 666, 2100, -700, 2100, -2100, 210, 23976]
    """
    absent = {"q0", "q1", "s0", "s1", "r0", "r1"} - set(lines.columns)
    if absent:
        raise DataError(f"price_volume_mix needs the columns {', '.join(sorted(absent))} as well.")
    before, now = lines.s0 * lines.r0, lines.s1 * lines.r0
    is_new, is_lost = (lines.q0 <= 0) | (lines.s0 <= 0), (lines.q1 <= 0) | (lines.s1 <= 0)
    both = lines[~is_new & ~is_lost]
    start, end = before.sum(), (lines.s1 * lines.r1).sum()
    kept_before, kept_now = before[both.index].sum(), now[both.index].sum()
    q0, q1 = both.q0.sum(), both.q1.sum()
    at_old_prices = (both.s0 / both.q0 * both.q1 * both.r0).sum()
    at_old_mix = kept_before * ratio(q1, q0) if q0 else 0.0
    return PriceVolumeMix(
        start=start,
        fx=end - now.sum(),
        new=now[is_new].sum() - before[is_new & ~is_lost].sum(),
        lost=-before[is_lost].sum() + now[is_lost & ~is_new].sum(),
        volume=at_old_mix - kept_before,
        mix=at_old_prices - at_old_mix,
        price=kept_now - at_old_prices,
        end=end,
    )


class Retention(NamedTuple):
    """Gross and net retention of a base of customers."""

    gross: float
    net: float


def retention(start: float, contraction: float, churn: float, expansion: float) -> Retention:
    """GRR = (start − contraction − churn)/start, NRR adds expansion (M11.5).

    >>> [round(x, 2) for x in retention(10.0, 0.6, 0.9, 1.8)]
    [0.85, 1.03]
    """
    kept = start - contraction - churn
    return Retention(ratio(kept, start), ratio(kept + expansion, start))


def collection_rate(opening: float, billed: float, closing: float) -> float:
    """回款率: cash collected over what could be collected, from receivables (M24.1).

    >>> collection_rate(800, 1200, 900)
    0.55
    """
    return ratio(opening + billed - closing, opening + billed)


def collection_effectiveness(opening: float, billed: float, closing: float, closing_current: float) -> float:
    """CEI: what was collected over what was due (M24.5).

    >>> round(collection_effectiveness(800, 1200, 900, 600), 3)
    0.786
    """
    return ratio(opening + billed - closing, opening + billed - closing_current)


def days_sales_outstanding(receivables: float, credit_sales: float, days: int) -> float:
    """Receivables over credit sales, in days (M24.3).

    >>> days_sales_outstanding(900, 1200, 30)
    22.5
    """
    return ratio(receivables, credit_sales) * days


def sell_through(sell_out: float, sell_in: float, opening: float = 0.0) -> float:
    """Sold on over received (M16.3); with `opening`, over all that could be sold on.

    >>> sell_through(400, 500), round(sell_through(400, 500, 100), 2)
    (0.8, 0.67)
    """
    return ratio(sell_out, opening + sell_in)
