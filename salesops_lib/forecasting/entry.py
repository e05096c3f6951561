"""One entry: histories in, forecasts with intervals out, and what was done to the data told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.forecasting.intervals import conformal
from salesops_lib.forecasting.members import AUTO, MEMBERS
from salesops_lib.forecasting.panel import read_panel
from salesops_lib.forecasting.rolling import blended, run_members
from salesops_lib.periods import Calendar


def forecast(
    history: pd.DataFrame,
    horizon: int,
    freq: str,
    *,
    levels: Sequence[int] = (80, 95),
    calendar: str | Calendar | None = None,
    model: str = "auto",
) -> pd.DataFrame:
    """Forecasts of every series, with intervals that past errors give.

    Parameters
    ----------
    history
        `unique_id, ds, y`, one row a series and period.
    horizon
        Periods ahead, counted from each series' own last known period.
    freq
        YS, QS, MS (or their ends), W, D or B.
    levels
        Intervals in per cent.
    calendar
        The company's calendar, or a country's ISO code: working days, public holidays, Spring Festival, the
        company's events.  Weekdays, Easter and Christmas are looked at without it.
    model
        "auto" combines all members by backtest; else the name of one.

    Returns
    -------
    pd.DataFrame
        `unique_id, ds, mean, lo-80, hi-80, …`; never negative where the history is not.  `attrs["treatments"]`
        lists what was done to which series (gaps closed, periods left out, series that stopped).

    Raises
    ------
    DataError
        If the history has duplicate periods, infinite values, dates that do not fit `freq`, or no value at all.

    Examples
    --------
    >>> history = pd.DataFrame({"unique_id": "north", "ds": pd.date_range("2024-01-01", periods=24, freq="MS"), "y": 100.0})
    >>> forecast(history, 2, "MS")["mean"].round(6).tolist()
    [100.0, 100.0]
    """
    _check_arguments(horizon, levels, model)
    panel = read_panel(history, freq)
    names = list(AUTO) if model == "auto" else [model]
    run = run_members(panel, names, horizon, calendar_of(calendar))
    point, errors = blended(run)
    bounds = conformal(errors, tuple(levels))
    order, sizes = run.order, run.sizes
    lowest = np.where((np.nan_to_num(panel.values[order]) >= 0).all(axis=1), 0.0, -np.inf)[:, None]
    columns: dict[str, Any] = {"mean": np.maximum(point, lowest)}
    for level in levels:
        low, high = bounds[level]
        columns[f"lo-{level}"] = np.maximum(point + sizes[:, None] * low, lowest)
        columns[f"hi-{level}"] = np.maximum(point + sizes[:, None] * high, lowest)
    back = np.argsort(order)
    dates = panel.grid.dates((panel.last[:, None] + np.arange(1, horizon + 1)[None, :]).ravel())
    frame = pd.DataFrame(
        {"unique_id": np.repeat(panel.ids, horizon), "ds": dates}
        | {name: value[back].ravel() for name, value in columns.items()}
    )
    frame.attrs["treatments"] = panel.treatments
    return frame


def _check_arguments(horizon: int, levels: Sequence[int], model: str) -> None:
    if not isinstance(horizon, int | np.integer) or isinstance(horizon, bool) or horizon < 1:
        raise DataError(f"horizon: {horizon!r} is not a number of periods; use 1 or more.")
    for level in levels:
        if not 0 < level < 100:
            raise DataError(f"levels: {level!r} is not between 0 and 100 per cent.")
    if model != "auto" and model not in MEMBERS:
        raise DataError(f"model: {model!r} is not known; {nearest(str(model), ['auto', *MEMBERS])}")


def calendar_of(calendar: str | Calendar | None) -> Calendar | None:
    """A calendar from the code of a country, or as it is."""
    return Calendar(country=calendar) if isinstance(calendar, str) else calendar
