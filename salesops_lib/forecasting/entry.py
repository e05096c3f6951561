"""One entry: histories in, forecasts with intervals out, and what was done to the data told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.forecasting.intervals import conformal
from salesops_lib.forecasting.members import MEMBERS, Batch, scale
from salesops_lib.forecasting.panel import Panel, read_panel
from salesops_lib.forecasting.rolling import Tested, combine, losses, origins, truncated, weights

#: Series that are smoothed at once: bounds memory.
CHUNK = 256


def forecast(
    history: pd.DataFrame,
    horizon: int,
    freq: str,
    *,
    levels: Sequence[int] = (80, 95),
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
    order = np.argsort(panel.lengths, kind="stable")
    parts = [panel.filled[order[i : i + CHUNK]] for i in range(0, len(order), CHUNK)]
    names = list(MEMBERS) if model == "auto" else [model]
    tested, ahead, sizes = _members(panel, order, names, horizon, len(parts))
    loss = losses(tested)
    weight = weights(loss)
    point = combine(ahead, weight, 0.5)
    held_out = _held_out(tested, loss)
    errors = (tested.actuals - held_out) / tested.scales[:, :, None]
    bounds = conformal(errors, tuple(levels))
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


def _members(
    panel: Panel, order: np.ndarray, names: list[str], horizon: int, n_chunks: int
) -> tuple[Tested, np.ndarray, np.ndarray]:
    """Every member from every origin and from the end, chunk by chunk."""
    n, width = panel.filled.shape
    held = origins(width, horizon)
    past = np.full((len(held), len(names), n, horizon), np.nan)
    actuals = np.full((len(held), n, horizon), np.nan)
    scales = np.ones((len(held), n))
    ahead, sizes = np.empty((len(names), n, horizon)), np.empty(n)
    for chunk in range(n_chunks):
        rows = slice(chunk * CHUNK, (chunk + 1) * CHUNK)
        chosen = order[rows]
        longest = int(panel.lengths[chosen].max())
        x, seen = panel.filled[chosen, width - longest :], panel.values[chosen, width - longest :]
        batch = Batch(x, longest - panel.lengths[chosen], panel.grid.season)
        for i, k in enumerate(held):
            if longest - k < 1:
                continue
            then = truncated(batch, k)
            for j, name in enumerate(names):
                past[i, j, rows] = MEMBERS[name](then, horizon)
            scales[i, rows] = scale(then)
            came = seen[:, longest - k : longest - k + horizon]
            begun = panel.lengths[chosen] - k >= min(3, longest - k)
            actuals[i, rows, : came.shape[1]] = np.where(begun[:, None], came, np.nan)
        for j, name in enumerate(names):
            ahead[j, rows] = MEMBERS[name](batch, horizon)
        sizes[rows] = scale(batch)
    small = 1e-9 * np.maximum(np.abs(ahead[0]).max(axis=1), 1e-9)
    return Tested(past, actuals, np.maximum(scales, small)), ahead, np.maximum(sizes, small)


def _held_out(tested: Tested, loss: np.ndarray) -> np.ndarray:
    """Combined forecast of each origin, with the weights that the other origins give."""
    made = np.empty(tested.actuals.shape)
    for i in range(len(loss)):
        others = np.delete(loss, i, axis=0)
        made[i] = combine(tested.forecasts[i], weights(others), 0.5)
    return made
