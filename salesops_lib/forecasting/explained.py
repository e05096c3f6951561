"""Prophet itself, as analysts know it: slower and less accurate than the members here; `additive` is its model, fitted here."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.panel import Grid, Panel

if TYPE_CHECKING:
    from salesops_lib.periods import Calendar

#: Draws that intervals rest on.
DRAWS = 500


def prophet_forecast(
    panel: Panel, horizon: int, levels: Sequence[int], calendar: Calendar | None
) -> dict[str, np.ndarray]:
    """Mean and intervals of each series, series × horizon by column name, as Prophet alone gives them.

    Multiplicative season where a series is positive, holidays of the calendar's country.  The same numbers at
    every run: fits are by optimisation, draws are seeded for each series.  A series that Prophet cannot fit (fewer
    than two periods, or no variation) is continued as it is.  Series are fitted one after another, or side by side
    under `joblib.parallel_config` (processes, a Dask cluster).
    """
    from joblib import Parallel, delayed

    fit = delayed(_one)
    found = Parallel()(fit(panel, row, horizon, levels, calendar) for row in range(len(panel.ids)))
    return {name: np.array([each[name] for each in found]) for name in found[0]}


def _one(
    panel: Panel, row: int, horizon: int, levels: Sequence[int], calendar: Calendar | None
) -> dict[str, np.ndarray]:
    length = int(panel.lengths[row])
    y = panel.values[row, -length:]
    known = y[np.isfinite(y)]
    if len(known) < 2 or np.ptp(known) == 0:
        flat = np.full(horizon, known[-1])
        return {"mean": flat} | {f"{side}-{level}": flat for level in levels for side in ("lo", "hi")}
    with quiet():
        return _fitted(panel.grid, panel.last[row], y, row, horizon, levels, calendar)


def _fitted(
    grid: Grid,
    last: int,
    y: np.ndarray,
    seed: int,
    horizon: int,
    levels: Sequence[int],
    calendar: Calendar | None,
) -> dict[str, np.ndarray]:
    from prophet import Prophet

    seasonal = len(y) >= 2 * grid.season
    model = Prophet(
        seasonality_mode="multiplicative" if np.nanmin(y) > 0 else "additive",
        yearly_seasonality=(seasonal and grid.season in (4, 12, 52)) or len(y) > 730,
        weekly_seasonality=seasonal and grid.kind == "D",
        daily_seasonality=False,
        uncertainty_samples=DRAWS,
        n_changepoints=min(25, max(0, int(0.8 * np.isfinite(y).sum()) - 1)),
    )
    if calendar is not None and calendar.country:
        model.add_country_holidays(calendar.country)
    dates = grid.dates(last + np.arange(1 - len(y), horizon + 1))
    model.fit(pd.DataFrame({"ds": dates[: len(y)], "y": y}), seed=0)
    coming = pd.DataFrame({"ds": dates[len(y) :]})
    state = np.random.get_state()  # Prophet draws from numpy's global state; it is left as it was found
    np.random.seed(seed)
    draws = model.predictive_samples(coming)["yhat"]
    mean = model.predict(coming)["yhat"].to_numpy()
    np.random.set_state(state)
    found = {"mean": mean}
    for level in levels:
        tail = (1 - level / 100) / 2
        low, high = np.quantile(draws, [tail, 1 - tail], axis=1)
        found[f"lo-{level}"], found[f"hi-{level}"] = np.minimum(low, mean), np.maximum(high, mean)
    return found


@contextmanager
def quiet() -> Iterator[None]:
    """No line and no warning from Prophet and Stan: cmdstanpy sets its logger's level at import, so loggers are disabled, then given back."""
    loggers = [logging.getLogger(name) for name in ("cmdstanpy", "prophet", "prophet.plot", "prophet.models")]
    before = [logger.disabled for logger in loggers]
    for logger in loggers:
        logger.disabled = True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Prophet's own: of pandas' coming changes
            yield
    finally:
        for logger, was in zip(loggers, before):
            logger.disabled = was
