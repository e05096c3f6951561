"""What a series is made of, in its own unit: trend, season, calendar, regressors, by Prophet's model fitted here."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd

from salesops_lib.forecasting.additive import Terms, fit, orders_of
from salesops_lib.forecasting.entry import in_usual_lengths
from salesops_lib.forecasting.inputs import calendar_of
from salesops_lib.forecasting.panel import Panel, read_panel
from salesops_lib.forecasting.regressors import Kinds, kinds_of_days
from salesops_lib.periods import Calendar

PARTS = ("trend", "season", "calendar", "regressors")


def explain(
    history: pd.DataFrame,
    horizon: int,
    freq: str,
    *,
    calendar: str | Calendar | None = None,
    regressors: pd.DataFrame | None = None,
    as_of: date | None = None,
) -> pd.DataFrame:
    """Parts of every period of each series, past and coming: they add up to `mean`, what the model says.

    To be read, not to be planned with: `forecast` combines several models, and misses less.

    Parameters
    ----------
    history, horizon, freq, calendar, regressors, as_of
        As `forecast` takes them; gaps are closed as there.

    Returns
    -------
    pd.DataFrame
        `unique_id, ds, y, mean, trend, season, calendar, regressors`, one row a series and period, in the unit of `y`, which
        is missing in gaps and ahead.  Effects of positive series grow with their trend; others' are the same at every level.

    Notes
    -----
    The most probable coefficients of Prophet's model (`additive.fit`); `calendar` holds the days that `forecast` looks at, each kind
    as a regressor.

    Examples
    --------
    >>> history = pd.DataFrame({"unique_id": "north", "ds": pd.date_range("2024-01-01", periods=24, freq="MS"), "y": 100.0})
    >>> explain(history, 1, "MS")[["trend", "season"]].round(3).abs().iloc[-1].tolist()
    [100.0, 0.0]
    """
    made = calendar_of(calendar)
    panel = read_panel(history, freq, as_of, made.fiscal if made else None)
    panel.check_horizon(horizon)
    usual = in_usual_lengths(panel)
    kinds = kinds_of_days(usual, horizon, made, regressors)
    return pd.concat(
        [_of_series(panel, usual, kinds, row, horizon) for row in range(len(panel.ids))], ignore_index=True
    )


def _of_series(panel: Panel, usual: Panel, kinds: Kinds, row: int, horizon: int) -> pd.DataFrame:
    n = int(panel.lengths[row])
    ordinals = panel.last[row] + np.arange(1 - n, horizon + 1)
    dates = panel.grid.dates(ordinals)
    y = usual.filled[row : row + 1, -n:]
    columns = kinds.beside(np.array([row]), ordinals[None, :])[0]
    spread = columns[:n].std(axis=0)
    columns = np.where(spread > 0, columns, 0.0) / np.where(spread > 0, spread, 1.0)
    orders = orders_of(panel.grid.season, n)
    terms = Terms.of(dates.astype("datetime64[D]").astype(float), n, orders, columns)
    found = fit(y, terms, multiplicative=bool(y.min() > 0))
    waves = 2 * sum(orders.values())
    ends = [0, waves, waves + kinds.shared.shape[1], waves + kinds.n]
    level = found.trend[0] if found.is_multiplicative else 1.0
    longer = panel.grid.lengths(ordinals) * found.scale[0, 0]
    effects = [found.others[0, a:b] @ terms.others[0, a:b] * level for a, b in pairwise(ends)]
    parts = {name: part * longer for name, part in zip(PARTS, [found.trend[0], *effects], strict=True)}
    seen = np.concatenate([panel.values[row, -n:], np.full(horizon, np.nan)])
    return pd.DataFrame(
        {"unique_id": panel.ids[row], "ds": dates, "y": seen, "mean": sum(parts.values())} | parts
    )
