"""One entry: histories in, forecasts with intervals out, and what was done to the data told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.forecasting.calendar_effects import near_christmas
from salesops_lib.forecasting.closed import closed_days
from salesops_lib.forecasting.expected import expected_miss
from salesops_lib.forecasting.explained import prophet_forecast
from salesops_lib.forecasting.inputs import calendar_of, check_levels
from salesops_lib.forecasting.intermittent import is_dead, is_intermittent
from salesops_lib.forecasting.intervals import SEASON_AT_MOST, belief, plain_reach, reach
from salesops_lib.forecasting.members import AUTO, MEMBERS
from salesops_lib.forecasting.panel import Panel, read_panel
from salesops_lib.forecasting.regressors import Kinds, kinds_of_days
from salesops_lib.forecasting.rolling import LEAST_SCALE, Run, backtest, blended, run_members, seasons
from salesops_lib.forecasting.short_season import YEARS
from salesops_lib.forecasting.start_up import without_start_up
from salesops_lib.periods import Calendar

#: Share of a forecast that is as good as no miss.
NOTHING = 1e-9


def forecast(
    history: pd.DataFrame,
    horizon: int,
    freq: str,
    *,
    levels: Sequence[int] = (80, 95),
    calendar: str | Calendar | None = None,
    regressors: pd.DataFrame | None = None,
    as_of: date | None = None,
    model: str | Sequence[str] = "auto",
    cumulative: bool = False,
) -> pd.DataFrame:
    """Forecasts of every series, with intervals that past errors give.

    Parameters
    ----------
    history
        `unique_id, ds, y`, one row a series and period, in any order; a table of pandas, polars or Arrow.  Dates written
        as text have the year first; without a time zone, or at midnight in one.
    horizon
        Periods ahead, counted from each series' own last known period.
    freq
        YS, QS, MS (or their ends), W, D or B; "fiscal_month" for the months of the calendar's fiscal years, each
        dated by a day in it: the one with a 53rd week is read and forecast by its weeks.
    levels
        Intervals in per cent.
    calendar
        The company's calendar, or a country's ISO code: working days, public holidays, Spring Festival, the
        company's events.  Weekdays, Easter and Christmas are looked at without it.
    regressors
        `ds`, one column a regressor, and `unique_id` where series differ; past and coming periods.  Their effect is
        a ratio, as the calendar's, and is used where the backtest says that it helps.
    as_of
        Last day of complete data: periods that end later are set aside, and told.
    model
        "auto" combines members by backtest; else the name of one, or of several to combine: ["auto", "additive"] adds
        Prophet's model, fitted here, to the usual ones, with the weight that the backtest gives it.  "prophet" is Prophet
        itself, alone: slow and less accurate.
    cumulative
        Each period's row is of the total up to it, whose errors in part even out; not with "prophet".

    Returns
    -------
    pd.DataFrame
        `unique_id, ds, mean, lo-80, hi-80, …`; never negative where the history is not.  `attrs["treatments"]`
        lists what was done to which series, with the number of its periods: `gap` (closed, not scored), `closed` (days without sales
        of series that else sell every day), `starting_up`, `too_old` and `not_ended` (left out), `no_value` (no forecast), `stopped` (ends a season before others), `short`,
        `intermittent`, `dead`, `no_calendar` (periods at or below zero, so neither calendar nor regressors act);
        `after_today` counts rows whose date is still to come.  `attrs["backtest"]` (of "auto") lists
        `unique_id, n_origins, wape, naive_wape`: what the same rule missed before, and the repeated season.

    Raises
    ------
    DataError
        If the history has duplicate periods, infinite values, dates that do not fit `freq` or could be read in two ways,
        or no value at all; or if an argument is not what it should be.

    Examples
    --------
    >>> history = pd.DataFrame({"unique_id": "north", "ds": pd.date_range("2024-01-01", periods=24, freq="MS"), "y": 100.0})
    >>> forecast(history, 2, "MS")["mean"].round(6).tolist()
    [100.0, 100.0]
    """
    _check_arguments(levels, model, cumulative)
    made = calendar_of(calendar)
    panel = in_usual_lengths(read_panel(history, freq, as_of, made.fiscal if made else None))
    panel.check_horizon(horizon)
    panel, closed = closed_days(without_start_up(panel), horizon, made)
    tested: dict[str, np.ndarray] = {}
    if model == "prophet":
        if regressors is not None:
            raise DataError(
                "regressors: model 'prophet' takes none here; use model 'auto', or leave them out."
            )
        columns = prophet_forecast(panel, horizon, levels, made)
    else:
        kinds = kinds_of_days(panel, horizon, made, regressors)
        columns, tested = _combined(panel, horizon, levels, kinds, _members(model), ~closed, cumulative)
    if not cumulative:
        columns = {name: np.where(closed, 0.0, value) for name, value in columns.items()}
    lowest = np.where((np.nan_to_num(panel.values) >= 0).all(axis=1), 0.0, -np.inf)[:, None]
    dates = panel.grid.dates(_ahead(panel, horizon).ravel())
    frame = pd.DataFrame(
        {"unique_id": np.repeat(panel.ids, horizon), "ds": dates}
        | {name: np.maximum(value, lowest).ravel() for name, value in columns.items()}
    )
    frame.attrs["treatments"] = panel.treatments + _stated(
        panel, acts=made is not None or regressors is not None
    )
    if tested:
        frame.attrs["backtest"] = pd.DataFrame({"unique_id": panel.ids} | tested).to_dict("records")
    return frame


def _ahead(panel: Panel, horizon: int) -> np.ndarray:
    """Ordinals that are forecast, series × horizon."""
    return panel.last[:, None] + np.arange(1, horizon + 1)[None, :]


def in_usual_lengths(panel: Panel) -> Panel:
    """The panel as if no month held a 53rd week."""
    longer = panel.grid.lengths(panel.last[:, None] + np.arange(1 - panel.filled.shape[1], 1)[None, :])
    return replace(panel, values=panel.values / longer, filled=panel.filled / longer)


def _combined(
    panel: Panel,
    horizon: int,
    levels: Sequence[int],
    kinds: Kinds,
    names: list[str],
    is_open: np.ndarray,
    cumulative: bool,
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Point and interval columns, series × horizon, of one member or of several; what the same rule missed before."""
    run = run_members(panel, names, horizon, kinds)
    point, errors = blended(run)
    longer = panel.grid.lengths(_ahead(panel, horizon)[run.order])
    point = _sane(panel, run.order, point)
    tested = backtest(run, errors, names.index("seasonal_naive")) if "seasonal_naive" in names else {}
    expected, missed = _missed(panel, run, point, errors, cumulative=cumulative)
    point, expected = point * longer * is_open[run.order], expected * longer
    if cumulative:
        point = point.cumsum(axis=1)
    columns = {"mean": point}
    reaches = _reaches(panel, run, missed, tuple(levels), cumulative=cumulative)
    for level, (below, above) in zip(levels, reaches, strict=True):
        columns[f"lo-{level}"], columns[f"hi-{level}"] = point - below * expected, point + above * expected
    back = np.argsort(run.order)
    return {name: value[back] for name, value in columns.items()}, {
        name: value[back] for name, value in tested.items()
    }


def _missed(
    panel: Panel, run: Run, point: np.ndarray, errors: np.ndarray, *, cumulative: bool
) -> tuple[np.ndarray, np.ndarray]:
    """What is expected to be missed now, series × horizon, and what origins missed in units of what was expected of them then.

    Of origins at which a series had as many seasons as now; others were forecast otherwise.
    """
    lengths, season = panel.lengths[run.order], panel.grid.season
    errors = errors * run.scales[:, :, None]
    made = [*np.nan_to_num(run.actuals - errors), point]
    shown = run.shown.measured(lengths < YEARS * season)
    expected = []
    for i, k in enumerate([*run.held, 0]):
        feast = _unseen_feast(panel, run.order, k, point.shape[1])
        expected.append(expected_miss(shown, i, lengths - k, season, made[i], feast, cumulative=cumulative))
    now = np.maximum(expected.pop(), NOTHING * np.maximum(np.abs(point).max(axis=1, keepdims=True), NOTHING))
    if cumulative:
        errors = errors.cumsum(axis=2)
    for i, k in enumerate(run.held):
        alike = seasons(lengths - k, season) == seasons(lengths, season)
        errors[i] = np.where(alike[:, None], errors[i] / np.maximum(expected[i], LEAST_SCALE * now), np.nan)
    return now, errors


def _unseen_feast(panel: Panel, order: np.ndarray, held: int, horizon: int) -> np.ndarray:
    """Weeks around a Christmas of series that have not lived through one, series × horizon."""
    if panel.grid.kind != "W":
        return np.zeros((len(order), horizon), dtype=bool)
    ahead = panel.last[order, None] - held + np.arange(1, horizon + 1)[None, :]
    return near_christmas(panel.grid, ahead) & (panel.lengths[order, None] - held < panel.grid.season)


def _reaches(
    panel: Panel, run: Run, missed: np.ndarray, levels: tuple[int, ...], *, cumulative: bool
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Of each level, how far intervals reach below and above forecasts, series × horizon, in expected misses.

    Intermittent series have a pool of their own, and intervals from nothing on: what is not left out below, where there is
    nothing to leave out, is left out above.  They have no season that it would take years to know.
    """
    lengths, season, horizon = panel.lengths[run.order], panel.grid.season, missed.shape[2]
    never = int(lengths.max()) + 1
    values, start = np.nan_to_num(panel.filled[run.order]), panel.filled.shape[1] - lengths
    rare = is_intermittent(values, start) & (not cumulative)
    sides = np.empty((2, len(levels), len(lengths), horizon))
    tails = tuple((1 - level / 100) / 2 for level in levels)
    twice = tuple(2 * tail for tail in tails)
    for rows, left_out, known_after in ((~rare, tails, min(season, SEASON_AT_MOST)), (rare, twice, never)):
        found = np.stack(reach(missed[:, rows], run.held, left_out))
        plain = plain_reach(left_out)[None, :, None, None]
        believed = belief(lengths[rows], known_after, horizon)[None, None, :, None]
        sides[:, :, rows] = plain + believed * (found[:, :, None, :] - plain)
    sides[0][:, rare] = np.inf
    return list(zip(*sides, strict=True))


def _sane(panel: Panel, order: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Forecasts within reason: nothing for dead series, others within their range and its width beyond it."""
    values, start = panel.filled[order], panel.filled.shape[1] - panel.lengths[order]
    low, high = np.nanmin(values, axis=1), np.nanmax(values, axis=1)
    room = np.maximum(high - low, 0.5 * np.maximum(np.abs(low), np.abs(high)))
    point = np.clip(point, (low - room)[:, None], (high + room)[:, None])
    return np.where(is_dead(np.nan_to_num(values), start, panel.grid.season)[:, None], 0.0, point)


def _stated(panel: Panel, *, acts: bool) -> list[dict[str, Any]]:
    """Treatments that series get for what they are; `acts`: a calendar or regressors were given."""
    start = panel.filled.shape[1] - panel.lengths
    values = np.nan_to_num(panel.filled)
    found = {
        "short": panel.lengths < 2 * panel.grid.season,
        "intermittent": is_intermittent(values, start),
        "dead": is_dead(values, start, panel.grid.season),
    }
    told = [
        {"unique_id": panel.ids[i], "treatment": name, "n": int(panel.lengths[i])}
        for name, rows in found.items()
        for i in np.flatnonzero(rows)
    ]
    low = (panel.filled <= 0).sum(axis=1) if acts else np.zeros(len(panel.ids), dtype=int)
    return told + [
        {"unique_id": panel.ids[i], "treatment": "no_calendar", "n": int(low[i])} for i in np.flatnonzero(low)
    ]


def _members(model: str | Sequence[str]) -> list[str]:
    """Names of members, each once."""
    asked = [model] if isinstance(model, str) else model
    return list(dict.fromkeys(name for one in asked for name in (AUTO if one == "auto" else [one])))


def _check_arguments(levels: Sequence[int], model: str | Sequence[str], cumulative: bool) -> None:
    check_levels(levels)
    if not isinstance(model, str | Sequence):
        raise DataError(f'model: {model!r} is not a name; use "auto".')
    if model != "prophet":
        asked, known = _members(model), [*MEMBERS, "auto", "prophet"]
        if not asked:
            raise DataError('model: no name is given; use "auto".')
        if "prophet" in asked:
            raise DataError(
                "model: 'prophet' is combined with no other; 'additive' is its model, fitted here, and can be."
            )
        for name in asked:
            if name not in MEMBERS:
                raise DataError(
                    f"model: {name!r} is not known; {nearest(str(name), known, shown=len(known))}"
                )
    if cumulative and model == "prophet":
        raise DataError("cumulative: model 'prophet' has no errors of totals; use model 'auto'.")
