"""Rolling-origin backtest: what each member would have said, and the weights that follow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from salesops_lib.forecasting.members import Batch

#: Origins looked back from, at most.
FOLDS = 6
#: Periods that a history must have before an origin, so that its forecast counts.
LEAST = 3


@dataclass(frozen=True)
class Tested:
    """Forecasts of members from past origins: origins × members × series × horizon, with actuals and scales.

    `actuals` is NaN where there is no actual, or where the series had no history yet.
    """

    forecasts: np.ndarray
    actuals: np.ndarray
    scales: np.ndarray


def origins(width: int, horizon: int) -> list[int]:
    """Periods held back at each origin: first the whole horizon, then further back by thirds of it.

    Examples
    --------
    >>> origins(108, 12)
    [12, 16, 20, 24, 28, 32]
    >>> origins(6, 12)
    [1, 2, 3]
    """
    step = max(1, horizon // 3)
    held = [horizon + step * i for i in range(FOLDS)]
    fitting = [k for k in held if width - k >= LEAST]
    short = [k for k in range(1, horizon) if width - k >= LEAST]
    while len(fitting) < FOLDS and short:
        fitting.append(short.pop())
    return sorted(fitting)


def losses(tested: Tested, members: slice | None = None) -> np.ndarray:
    """Mean absolute error, in scales, of each origin × member × series (NaN where nothing could be compared)."""
    error = np.abs(tested.forecasts - tested.actuals[:, None]) / tested.scales[:, None, :, None]
    known = np.isfinite(tested.actuals).any(axis=2)
    total = np.nansum(error, axis=3)
    count = np.isfinite(tested.actuals).sum(axis=2)[:, None, :]
    return np.where(known[:, None, :], total / np.maximum(count, 1), np.nan)


def weights(loss: np.ndarray, *, power: float = 4.0, pooling: float = 2.0) -> np.ndarray:
    """Members × series weights from origins × members × series losses.

    A series' own loss is drawn towards what the panel found of each member, as much as `pooling` origins would;
    weights fall with the `power` of the loss.
    """
    own = np.nansum(loss, axis=0)
    n = np.isfinite(loss).sum(axis=0)
    relative = own / np.maximum(own.min(axis=0, keepdims=True), 1e-12)
    typical = own.sum(axis=1, keepdims=True) / max(own.min(axis=0).sum(), 1e-12)
    share = n / (n + pooling)
    mixed = share * np.minimum(relative, 10) + (1 - share) * typical
    weight = np.maximum(mixed, 1e-6) ** -power
    return weight / weight.sum(axis=0, keepdims=True)


def combine(forecasts: np.ndarray, weight: np.ndarray, shrinkage: float) -> np.ndarray:
    """Members × series × horizon forecasts as one: the weighted mean, drawn to the plain median by `shrinkage`."""
    weighted = np.einsum("mn,mnh->nh", weight, forecasts)
    return (1 - shrinkage) * weighted + shrinkage * np.median(forecasts, axis=0)


def truncated(batch: Batch, held: int) -> Batch:
    """The batch as it was `held` periods ago; series that had not begun get their first period."""
    x = batch.x[:, : batch.x.shape[1] - held]
    return Batch(x, np.minimum(batch.start, x.shape[1] - 1), batch.season)
