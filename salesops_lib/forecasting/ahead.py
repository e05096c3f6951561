"""What a workspace's measures should bring: company and units, month by month and in all, adding up to the minor unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.entry import forecast
from salesops_lib.forecasting.hierarchy import reconcile
from salesops_lib.forecasting.panel import FISCAL, grid_of
from salesops_lib.metrics import REGISTRY, assigned, measure

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

#: Measure → where and by which day it is first known.
MEASURES = {
    "bookings": ("sales", "dated_on"),
    "revenue": ("billings", "invoiced_on"),
    "cash_in": ("collections", "received_on"),
}
#: Months looked back on, and months that a forecast needs.
MOST_MONTHS, LEAST_MONTHS = 60, 12
#: Days of a first month that may lack for it to count as whole.
DAYS_LATE = 3
#: Intervals that a chance is read off, beside the policy's own, in per cent.
STEPS = (20, 40, 60, 70, 80, 90, 95, 98)
#: Level of the whole company, and of the smallest parts where units cross, which only add up.
COMPANY, PART = "company", "part"
_KEYS = ["measure", "level", "unit"]
_COMPANY = f"\t{COMPANY}\t"


@dataclass(frozen=True)
class Ahead:
    """Past and coming months of each measure and unit.

    `past` has `measure, level, unit, label, actual`; `months` and `totals` have `measure, level, unit, label,
    median` and, by level in per cent, `low_…`, `high_…`.  `totals` are of all coming months up to the
    labelled one.  Amounts in minor units; `treatments` as `forecast` tells them, with months left out because
    they are `too_old` or, the first one, `not_whole`; `backtest` too, and whether it was made `per_day`.
    """

    coming: list[Period]
    past: pd.DataFrame
    months: pd.DataFrame
    totals: pd.DataFrame
    backtest: pd.DataFrame
    treatments: pd.DataFrame


def ahead(ws: Workspace, measures: tuple[str, ...] = tuple(MEASURES)) -> Ahead | None:
    """Forecast each measure from its complete months; None where none has a year of them.

    Each measure is forecast as it stands and per working day, and kept as its company was better forecast before.
    A month under way counts what it has, and the forecast's share for its working days left.
    """
    last = ws.calendar.last_complete(ws.window.end)
    found = [_measured(ws, m, last) for m in measures if not ws.facts.missing(*REGISTRY[m].needs)]
    frames = zip(*(each for each in found if each is not None), strict=True)
    whole = [pd.concat(each, ignore_index=True) for each in frames]
    return Ahead(_coming(ws, last), *whole) if whole else None


def _measured(ws: Workspace, metric: str, last: Period) -> tuple[pd.DataFrame, ...] | None:
    """The frames of `Ahead` for one measure."""
    known = _known(ws, metric, last)
    if known is None:
        return None
    brought, sums, left_out = known
    coming = _coming(ws, last)
    under_way, left = _under_way(ws, coming[0])
    past, so_far = brought.drop(index=under_way), brought.reindex(under_way).fillna(0.0).sum()
    fitted = past.mask(_not_delivered(past[_id(metric, COMPANY, "")]), axis=0)
    candidates = {per_day: _made(ws, fitted, coming, per_day=per_day) for per_day in (True, False)}
    per_day = min(candidates, key=lambda each: _missed_before(candidates[each]))
    made = candidates[per_day]
    in_all = _made(ws, fitted, coming, per_day=per_day, cumulative=True)
    months = _landed(made, sums, left, so_far)
    totals = _about(in_all, months)
    flat = past.rename_axis("label").melt(ignore_index=False, var_name="unique_id", value_name="actual")
    tested = pd.DataFrame(made.attrs["backtest"]).assign(per_day=per_day)
    told = left_out + made.attrs["treatments"]
    treatments = pd.DataFrame(told, columns=["unique_id", "treatment", "n"])
    shown = (
        flat.dropna().reset_index(),
        _labelled(months, coming),
        _labelled(totals, coming),
        tested,
        treatments,
    )
    return tuple(_keyed(frame) for frame in shown)


def _not_delivered(company: pd.Series) -> pd.Series:
    """Months without a single row between months that sold, at most one in twelve, unless the same month of most
    years is empty too: their rows are missing, not their sales."""
    empty = (company == 0) & company.ne(0).cummax() & company[::-1].ne(0).cummax()
    if empty.sum() > len(company) / LEAST_MONTHS:
        return empty & False
    of_year = company.index.str.split("-").str[-1]
    return empty & (company.groupby(of_year).transform("median") != 0)


def _missed_before(made: pd.DataFrame) -> float:
    """WAPE of the company's past forecasts; infinite where there are none."""
    (company,) = (row for row in made.attrs["backtest"] if _COMPANY in row["unique_id"])
    return float(np.nan_to_num(company["wape"], nan=np.inf))


def chance(row: Any, target: float) -> float:
    """Probability that a row of `Ahead` reaches `target`, read off its intervals; between 1 and 99 per cent.

    Examples
    --------
    >>> row = pd.Series({"median": 100.0, "low_80": 60.0, "high_80": 140.0})
    >>> round(chance(row, 120.0), 2), round(chance(row, 60.0), 2)
    (0.3, 0.9)
    """
    levels = sorted(int(name.removeprefix("low_")) for name in row.index if name.startswith("low_"))
    lows = [(row[f"low_{n}"], (1 - n / 100) / 2) for n in reversed(levels)]
    highs = [(row[f"high_{n}"], (1 + n / 100) / 2) for n in levels]
    amounts, below = zip(*lows, (row["median"], 0.5), *highs, strict=True)
    return 1 - float(np.interp(target, np.maximum.accumulate(amounts), below))


def complete_months(ws: Workspace, last: Period) -> list[Period]:
    """Months up to `last`, oldest first, as many as are looked back on."""
    return [ws.calendar.shift(last, -back) for back in range(MOST_MONTHS - 1, -1, -1)]


def _coming(ws: Workspace, last: Period) -> list[Period]:
    """The policy's months ahead, and on to the end of the fiscal year that the next one lies in."""
    first = ws.calendar.shift(last, 1)
    year = ws.calendar.period_of(first.start, "year")
    left = sum(month.start >= first.start for month in ws.calendar.months(year))
    n = max(ws.policy.forecast.horizon_months, left)
    return [ws.calendar.shift(first, ahead) for ahead in range(n)]


def _under_way(ws: Workspace, month: Period) -> tuple[list[str], float]:
    """Label of a month that has begun, as a list, and the share of its working days that is left."""
    if ws.window.is_complete or month.start > ws.window.end:
        return [], 1.0
    left = ws.calendar.working_days(ws.window.end, month.end) - ws.calendar.is_workday(ws.window.end)
    return [month.label], left / max(ws.calendar.working_days(month.start, month.end), 1)


def _known(
    ws: Workspace, metric: str, last: Period
) -> tuple[pd.DataFrame, pd.DataFrame, list[dict[str, Any]]] | None:
    """Months × series of a measure, missing before a series begins; which leaves each sum adds; months left out."""
    table, day = MEASURES[metric]
    kind = " WHERE kind = 'order'" if table == "sales" else ""
    began = ws.facts.query(f"SELECT MIN({day}) AS day FROM {table}{kind}").day.iloc[0]
    if pd.isna(began):
        return None
    months = [m for m in complete_months(ws, last) if (began.date() - m.start).days <= DAYS_LATE]
    if len(months) < LEAST_MONTHS:
        return None
    coming = ws.calendar.shift(last, 1)
    windows = {m.label: ws.calendar.window(m, ws.as_of) for m in months}
    if _under_way(ws, coming)[0]:
        windows[coming.label] = ws.calendar.window(coming, ws.window.end)
    dims = [d for d in ("region", "team") if d in ws.facts.columns(table)]
    brought = assigned(measure(ws.facts, [metric], windows, by=dims), dims, metric)
    dims = [d for d in dims if brought[d].nunique() > 1]
    keys = list(zip(*(brought[d] for d in dims), strict=True)) if dims else [()] * len(brought)
    wide = brought.assign(part=keys).groupby(["window", "part"])[metric].sum(min_count=1).unstack("part")
    wide = wide.reindex(list(windows)).astype(float)
    nodes, leaves = _nodes(metric, list(wide.columns), dims)
    added = pd.DataFrame({name: wide[parts].sum(axis=1, min_count=1) for name, parts in nodes.items()})
    begun = added.notna().cummax()
    begun.loc[last.label :] = True  # what began only now was nothing before
    sums = [(name, leaves[part]) for name, parts in nodes.items() for part in parts if name != leaves[part]]
    n_before = len(list(ws.calendar.fiscal.between("month", began.date(), months[0].start))) - 1
    why = "too_old" if len(months) == MOST_MONTHS else "not_whole"
    left_out = (
        [{"unique_id": _id(metric, COMPANY, ""), "treatment": why, "n": n_before}] if n_before > 0 else []
    )
    return added.fillna(0.0).where(begun), pd.DataFrame(sums, columns=["unique_id", "leaf"]), left_out


def _nodes(metric: str, parts: list[Any], dims: Sequence[str]) -> tuple[dict[str, list[Any]], dict[Any, str]]:
    """Parts of the company and of each unit, by id; and the id of each part's own series."""
    nodes = {_id(metric, COMPANY, ""): parts}
    for position, dim in enumerate(dims):
        for name in sorted({part[position] for part in parts}):
            nodes[_id(metric, dim, name)] = [part for part in parts if part[position] == name]
    if len(dims) > 1:
        nodes |= {_id(metric, PART, " · ".join(part)): [part] for part in parts}
    leaves = {
        columns[0]: name for name, columns in nodes.items() if len(columns) == 1
    }  # the last one: its own
    return nodes, leaves


def _id(*key: str) -> str:
    return "\t".join(key)


def _keyed(frame: pd.DataFrame) -> pd.DataFrame:
    """`frame` with measure, level and unit in place of their series' id."""
    keys = frame.unique_id.astype(str).str.split("\t", expand=True).reindex(columns=range(3))
    return keys.set_axis(_KEYS, axis=1).join(frame.drop(columns="unique_id"))


def _made(
    ws: Workspace, past: pd.DataFrame, coming: list[Period], *, per_day: bool, cumulative: bool = False
) -> pd.DataFrame:
    """Forecasts of all series, or of their totals up to each month; in amounts, made of rates where `per_day`."""
    months = [ws.calendar.parse(label) for label in past.index]
    days = _days(ws, [*months, *coming]) if per_day else np.ones(len(months) + len(coming))
    rates = _rates(ws, past, months, days)
    history = (
        rates.rename_axis("label").melt(ignore_index=False, var_name="unique_id", value_name="y").dropna()
    )
    history["ds"] = history.index.map({month.label: pd.Timestamp(month.start) for month in months})
    levels = tuple(sorted({*STEPS, *(round(100 * level) for level in ws.policy.forecast.levels)}))
    rates_ahead = forecast(
        history, len(coming), FISCAL, levels=levels, calendar=ws.calendar, cumulative=cumulative
    )
    ahead_days = days[len(months) :]
    usual = ahead_days.cumsum() / np.arange(1, len(coming) + 1)
    return _in_amounts(rates_ahead, usual if cumulative else ahead_days)


def _rates(ws: Workspace, past: pd.DataFrame, months: list[Period], days: np.ndarray) -> pd.DataFrame:
    """Amounts a day; January and February at their common rate where the festival moves between them (C8)."""
    rates = past.div(days[: len(months)], axis=0)
    if ws.calendar.keeps_spring_festival and days.max() > 1:
        for i in [i for i, month in enumerate(months[:-1]) if month.start.month == 1]:
            both = slice(i, i + 2)
            rates.iloc[both] = (past.iloc[both].sum(skipna=False) / days[both].sum()).to_numpy()
    return rates


def season_and_days(ws: Workspace, seen: Ahead, metric: str, n: int) -> dict[str, float] | None:
    """What makes the company's next `n` months, in minor units, beside their trend; None without two years of months
    that bring something.

    Returns
    -------
    dict
        `usual_months`, as those of the last year; `weekdays` and `holidays`, at the usual rate, more or fewer than
        usual (0 where the forecast is not made per day); `season`, of these months in past years.
    """
    own = seen.past[(seen.past.measure == metric) & (seen.past.level == COMPANY)].set_index("label").actual
    own = own.mask(_not_delivered(own)).interpolate()
    months = [ws.calendar.parse(label) for label in own.index]
    year = ws.calendar.fiscal.count("month", ws.calendar.fiscal.year_of(seen.coming[0].start))
    if len(own) < 2 * year:
        return None
    both = [*months, *seen.coming[:n]]
    tested = seen.backtest[(seen.backtest.measure == metric) & (seen.backtest.level == COMPANY)]
    per_day = bool(tested.per_day.iloc[0])
    days = _days(ws, both) if per_day else np.ones(len(both))
    weekdays = np.array([np.busday_count(m.start, m.end + timedelta(days=1)) for m in both], dtype=float)
    last, coming = slice(len(months) - year, len(months)), slice(len(months), None)
    rate = own.iloc[-year:].sum() / days[last].sum()
    more = days[coming].sum() - n * days[last].mean()
    more_weekdays = weekdays[coming].sum() - n * weekdays[last].mean() if per_day else 0.0
    rates = _rates(ws, own.to_frame(), months, days)[own.name].to_numpy()
    years = slice(len(rates) % year, len(rates))
    whole, days_then = (values[years].reshape(-1, year) for values in (rates, days[: len(rates)]))
    level = (whole * days_then).sum(axis=1, keepdims=True) / days_then.sum(axis=1, keepdims=True)
    if (level <= 0).any():
        return None
    season = (whole / level).mean(axis=0)[np.arange(n) % year]
    return {
        "usual_months": own.iloc[-year:].sum() / year * n,
        "weekdays": rate * more_weekdays,
        "holidays": rate * (more - more_weekdays),
        "season": rate * float((days[coming] * (season - 1)).sum()),
    }


def _days(ws: Workspace, months: list[Period]) -> np.ndarray:
    """Working days of months; of one with a 53rd week as of its usual length, which is what `forecast` makes of it."""
    grid, at = grid_of(FISCAL, pd.Series([pd.Timestamp(m.start) for m in months]), ws.calendar.fiscal)
    days = np.array([max(ws.calendar.working_days(m.start, m.end), 1) for m in months], dtype=float)
    return days / grid.lengths(at)


def _in_amounts(rates: pd.DataFrame, days: np.ndarray) -> pd.DataFrame:
    amounts = [c for c in rates.columns if c not in ("unique_id", "ds")]
    made = rates.copy()
    made[amounts] = made[amounts].mul(days[_step(rates)], axis=0)
    return made


def _landed(made: pd.DataFrame, sums: pd.DataFrame, left: float, so_far: pd.Series) -> pd.DataFrame:
    """Months in whole minor units, units adding up to their company; the first one with what it has."""
    amounts = [c for c in made.columns if c not in ("unique_id", "ds")]
    months, is_first = made.copy(), _step(made) == 0
    months.loc[is_first, amounts] *= left
    tied = months.unique_id.isin(sums.unique_id) | months.unique_id.isin(sums.leaf)
    if tied.any():
        months.loc[tied, amounts] = reconcile(months[tied], sums)[amounts]
    months["mean"] = months["mean"].round()
    begun = months.unique_id.map(so_far).where(is_first, 0.0)
    months[amounts] = months[amounts].add(begun, axis=0)
    return months


def _step(frame: pd.DataFrame) -> pd.Series:
    """Number of each row's month ahead, from 0."""
    return frame.groupby("unique_id").cumcount()


def _about(totals: pd.DataFrame, months: pd.DataFrame) -> pd.DataFrame:
    """Intervals of totals laid about the sums of the months that are shown; the first total is the first month."""
    shown = months[["unique_id", "ds"]].assign(sum=months.groupby("unique_id")["mean"].cumsum())
    moved = totals.merge(shown, on=["unique_id", "ds"], validate="one_to_one")
    bounds = [c for c in totals.columns if c not in ("unique_id", "ds", "mean")]
    moved[bounds] = moved[bounds].add(moved["sum"] - moved["mean"], axis=0)
    moved = moved.assign(mean=moved["sum"]).drop(columns="sum")
    firsts = months[_step(months) == 0]
    return pd.concat([firsts, moved[_step(moved) > 0]]).sort_values(["unique_id", "ds"], ignore_index=True)


def _labelled(frame: pd.DataFrame, coming: list[Period]) -> pd.DataFrame:
    """Columns as reports name them."""
    renamed = {c: c.replace("lo-", "low_").replace("hi-", "high_") for c in frame.columns} | {
        "mean": "median"
    }
    labels = {pd.Timestamp(month.start): month.label for month in coming}
    return frame.assign(label=frame.ds.map(labels)).drop(columns="ds").rename(columns=renamed)
