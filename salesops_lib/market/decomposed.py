"""Trend, season and what is left of monthly sales, working days taken out (M6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.metrics import Exhibit, Finding, Missing, totals

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

Floats = NDArray[np.float64]
#: Months looked back on; as many as the forecast looks back on.
_MOST_MONTHS = 60
#: Resampled histories that the interval of the trend's growth rests on, and the length of their blocks in months.
_DRAWS, _BLOCK, _SEED = 199, 4, 6_03
#: A month is out of line where what is left lies this many deviations (robust) from none.
_OUT_OF_LINE = 3.0


class Parts(NamedTuple):
    """What a series is made of; the three add up to it."""

    trend: Floats
    season: Floats
    rest: Floats


def stl(y: Floats, period: int, *, robust: int = 5) -> Parts:
    """Seasonal-trend decomposition by loess, with one seasonal pattern for all years.

    Parameters
    ----------
    y
        Values at equal distances, at least two periods of them.
    robust
        Rounds in which values far from trend and season lose weight; 0 for plain least squares.

    Raises
    ------
    ValueError
        If there are fewer than two periods.

    Notes
    -----
    Cleveland, Cleveland, McRae and Terpenning, STL: a seasonal-trend decomposition procedure based on loess (1990),
    with a periodic seasonal, which few years call for: their cycle-subseries are averaged.  Spans of low-pass and trend are the paper's.

    Examples
    --------
    >>> y = np.tile([3.0, 1.0, -2.0, -2.0], 6) + 0.5 * np.arange(24)
    >>> parts = stl(y, 4)
    >>> parts.season[:4].round(6).tolist(), bool(np.allclose(np.diff(parts.trend), 0.5))
    ([3.0, 1.0, -2.0, -2.0], True)
    """
    n = len(y)
    if n < 2 * period:
        raise ValueError(f"{n} values are fewer than two periods of {period}")
    low_span, trend_span = _odd(period), _odd(1.5 * period)
    weight, trend = np.ones(n), np.zeros(n)
    at = np.arange(n) % period
    for round_ in range(robust + 1):
        for _ in range(2 if robust else 10):
            pattern = np.array([_mean((y - trend)[at == p], weight[at == p]) for p in range(period)])
            cycle = np.resize(pattern, n + 2 * period)  # one period more at either end
            season = pattern[at] - loess(_low_pass(cycle, period), low_span, np.ones(n))
            trend = loess(y - season, trend_span, weight)
        rest = y - trend - season
        if round_ < robust and (width := 6 * float(np.median(np.abs(rest)))) > 0:
            weight = np.square(1 - np.square(np.minimum(np.abs(rest) / width, 1)))
    return Parts(trend, season, rest)


def loess(y: Floats, span: int, weight: Floats) -> Floats:
    """Local straight lines through the `span` nearest values, the nearer and those with more `weight` counting more.

    >>> loess(np.arange(6.0), 3, np.ones(6)).round(9).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    n = len(y)
    distance = np.abs(np.arange(n)[:, None] - np.arange(n)[None, :]).astype(float)
    reach = np.sort(distance, axis=1)[:, min(span, n) - 1] + max(0, span - n) / 2
    near = np.clip(1 - (distance / np.maximum(reach, 1e-9)[:, None]) ** 3, 0, 1) ** 3 * weight
    near = np.where(near.sum(axis=1, keepdims=True) > 0, near, distance <= reach[:, None])
    near = near / near.sum(axis=1, keepdims=True)
    x = np.arange(n, dtype=float)
    middle = near @ x
    spread = near @ x**2 - middle**2
    slope = np.divide(near @ (x * y) - middle * (near @ y), spread, out=np.zeros(n), where=spread > 1e-6)
    return near @ y + slope * (x - middle)


def trend_parts(ws: Workspace, metric: str = "bookings") -> Exhibit | Missing:
    """Each complete month at the usual number of working days, its trend, season and rest; one row a month.

    `actual` and `trend` are money; `season` and `rest` are shares of the trend.  January and February stand at their
    common rate a day where the festival moves between them (C8).
    """
    if absent := ws.facts.missing("sales.net_amount"):
        return Missing("trend_parts", absent)
    months, amounts = _history(ws, metric)
    period = len(ws.calendar.months(ws.calendar.period_of(ws.window.end, "year")))
    if len(months) < 2 * period or not (amounts > 0).all():
        return Missing("trend_parts", (), "note.two_years_of_months")
    days = np.array([max(ws.calendar.working_days(m.start, m.end), 1) for m in months], dtype=float)
    rate = _rates(ws, months, amounts, days)
    usual = float(days[-period:].mean())
    y = np.log(rate)
    parts = stl(y, period)
    rest_width = 1.4826 * float(np.median(np.abs(parts.rest)))
    frame = pd.DataFrame(
        {
            "label": [m.label for m in months], "actual": rate * usual, "trend": np.exp(parts.trend) * usual,
            "season": np.expm1(parts.season), "rest": np.expm1(parts.rest),
            "is_unusual": np.abs(parts.rest) > _OUT_OF_LINE * rest_width,
        }
    )  # fmt: skip
    found = _told(frame, y, parts, period)
    if not frame.is_unusual.any():
        frame = frame.drop(columns="is_unusual")
    return Exhibit(
        "trend_parts", "decomposition", frame, metric=metric, findings=found, sources=("order_lines",),
        units={"season": "ratio", "rest": "ratio"}, notes=(Finding("note.trend_parts", {"n": len(frame)}),),
    )  # fmt: skip


def growth_interval(y: Floats, parts: Parts, period: int) -> tuple[float, float, float]:
    """Growth of the trend over the last period, of logarithms `y`, and its 95 % interval.

    Notes
    -----
    Blocks of what is left are drawn anew about trend and season, and decomposed again; the moving-block bootstrap
    (Künsch 1989), basic interval, with a fixed seed.
    """
    grown = float(parts.trend[-1] - parts.trend[-1 - period])
    rng, n = np.random.default_rng(_SEED), len(y)
    drawn = []
    for _ in range(_DRAWS):
        starts = rng.integers(0, n - _BLOCK + 1, -(-n // _BLOCK))
        rest = np.concatenate([parts.rest[s : s + _BLOCK] for s in starts])[:n]
        trend = stl(parts.trend + parts.season + rest - rest.mean(), period, robust=0).trend
        drawn.append(trend[-1] - trend[-1 - period])
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(np.expm1(grown)), float(np.expm1(2 * grown - high)), float(np.expm1(2 * grown - low))


def _history(ws: Workspace, metric: str) -> tuple[list[Period], Floats]:
    """Complete months from the first whole one on, and what each brought."""
    last = ws.calendar.last_complete(ws.window.end)
    first = ws.facts.query("SELECT MIN(dated_on) AS day FROM sales WHERE kind = 'order'").day.iloc[0]
    if pd.isna(first):
        return [], np.array([])
    months = [ws.calendar.shift(last, -back) for back in range(_MOST_MONTHS - 1, -1, -1)]
    months = [m for m in months if (first.date() - m.start).days <= 3]
    windows = {m.label: ws.calendar.window(m, ws.as_of) for m in months}
    if not windows:
        return [], np.array([])
    brought = totals(ws.facts, [metric], windows)[metric].astype(float).reindex(list(windows)).fillna(0.0)
    return months, brought.to_numpy()


def _rates(ws: Workspace, months: list[Period], amounts: Floats, days: Floats) -> Floats:
    rate = amounts / days
    if ws.calendar.keeps_spring_festival:
        for i in [i for i, m in enumerate(months[:-1]) if m.start.month == 1]:
            rate[i : i + 2] = amounts[i : i + 2].sum() / days[i : i + 2].sum()
    return rate


def _told(frame: pd.DataFrame, y: Floats, parts: Parts, period: int) -> tuple[Finding, ...]:
    growth, low, high = growth_interval(y, parts, period)
    turned = low <= 0 <= high
    tone = "neutral" if turned else "good" if growth > 0 else "bad"
    season = frame.tail(period)
    top, bottom = season.loc[season.season.idxmax()], season.loc[season.season.idxmin()]
    found = [
        Finding("trend_parts.flat" if turned else "trend_parts.moved", {"growth": growth, "low": low, "high": high}, "trend_growth", tone),
        Finding("trend_parts.season", {"month": top.label, "most": top.season, "least_month": bottom.label, "least": bottom.season}, "trend_growth"),
    ]  # fmt: skip
    unusual = frame[frame.is_unusual]
    if len(unusual):
        far = unusual.loc[unusual.rest.abs().idxmax()]
        values = {"n": len(unusual), "month": far.label, "rest": far.rest}
        found.append(Finding("trend_parts.unusual", values, "trend_growth"))
    return tuple(found)


def _odd(span: float) -> int:
    """The least odd number that is not below `span`."""
    least = int(np.ceil(span))
    return least + (least % 2 == 0)


def _mean(values: Floats, weight: Floats) -> float:
    total = float(weight.sum())
    return float(values @ weight / total) if total > 0 else float(np.median(values))


def _low_pass(cycle: Floats, period: int) -> Floats:
    """Moving averages over the period twice and over three; shorter by two periods."""
    for width in (period, period, 3):
        cycle = np.convolve(cycle, np.full(width, 1 / width), "valid")
    return cycle
