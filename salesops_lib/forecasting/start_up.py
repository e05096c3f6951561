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
    season, width, lengths = panel.grid.season, panel.filled.shape[1], panel.lengths
    y = np.nan_to_num(panel.filled)
    known = (y >= 0).all(axis=1) & ~is_intermittent(y, width - lengths) & (lengths >= season + LEAST)
    if season == 1 or not known.any():
        return panel
    rows = np.flatnonzero(known)
    since = np.arange(width - season)[None, :] - (width - lengths[rows, None])  # periods since the first one
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = np.where(since >= 0, y[rows, season:] / y[rows, :-season], np.nan)
    later = np.where(since >= (lengths[rows, None] - season) // 2, growth, -np.inf)
    usual = np.maximum(BEYOND * np.nanmedian(growth, axis=1), np.nanmax(later, axis=1))
    in_one = np.logical_and.accumulate((since < 0) | (growth > usual[:, None]), axis=1) & (since >= 0)
    n = np.zeros(len(lengths), dtype=int)
    n[rows] = np.minimum(in_one.sum(axis=1), season)
    before = np.arange(width)[None, :] < (width - lengths + n)[:, None]
    told = [
        {"unique_id": panel.ids[i], "treatment": "starting_up", "n": int(n[i])} for i in np.flatnonzero(n)
    ]
    return replace(
        panel,
        values=np.where(before, np.nan, panel.values),
        filled=np.where(before, np.nan, panel.filled),
        treatments=panel.treatments + told,
    )
