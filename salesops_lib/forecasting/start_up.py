"""The first periods of something that was only beginning: no season, and no level to go by."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from salesops_lib.forecasting.intermittent import is_intermittent
from salesops_lib.forecasting.panel import Panel

#: Times the usual growth from one year to the next beyond which a period was one of starting up, and comparisons that tell the usual one.
BEYOND, LEAST = 2.0, 6


def without_start_up(panel: Panel) -> Panel:
    """The panel without the periods in which a series was starting up, a season of them at most.

    From its first period on, those that were more than doubled a year later, beside what the series usually grows in a year, and grew more than any
    of the later half: a season would be read into them.  Told as `starting_up`.  Intermittent series, and those with negative values, stay as they are.

    Examples
    --------
    >>> from salesops_lib.forecasting.panel import read_panel
    >>> import pandas as pd
    >>> y = [2.0, 18, 33, 46] + [50.0] * 20
    >>> history = pd.DataFrame({"unique_id": "new", "ds": pd.date_range("2023-01-01", periods=24, freq="MS"), "y": y})
    >>> without_start_up(read_panel(history, "MS")).lengths.tolist()
    [22]
    """
    season, width = panel.grid.season, panel.filled.shape[1]
    start = width - panel.lengths
    steady = (np.nan_to_num(panel.filled) >= 0).all(axis=1)
    steady &= ~is_intermittent(np.nan_to_num(panel.filled), start)
    values, told = panel.values.copy(), []
    for i in np.flatnonzero(steady & (panel.lengths >= season + LEAST) & (season > 1)):
        y = panel.filled[i, start[i] :]
        with np.errstate(divide="ignore", invalid="ignore"):
            growth = y[season:] / y[:-season]
        usual = max(BEYOND * np.nanmedian(growth), np.nanmax(growth[len(growth) // 2 :]))
        stays = ~(growth > usual)
        n = int(np.argmax(stays)) if stays.any() else len(stays)
        if n := min(n, season):
            values[i, : start[i] + n] = np.nan
            told.append({"unique_id": panel.ids[i], "treatment": "starting_up", "n": n})
    filled = np.where(np.isnan(values) & (np.cumsum(np.isfinite(values), axis=1) == 0), np.nan, panel.filled)
    return replace(panel, values=values, filled=filled, treatments=panel.treatments + told)
