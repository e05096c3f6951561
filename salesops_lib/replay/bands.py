"""Bands by bootstrap: what a total could have been with other people, or quarters, like these.

The band is the symmetric studentized one: each draw is measured in its own standard error, and the
band reaches as far to both sides as `level` of the draws stray.  Two tails read one by one stretch
where few people carry most of a change, as a draw with hardly any of them has next to no spread;
their distance together errs by 1/n² instead of 1/n.
Source: Hall, On symmetric bootstrap confidence intervals, J. R. Statist. Soc. B 50 (1988), 35–45.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from salesops_lib.policy.replay import Bootstrap

Floats = NDArray[np.float64]
#: Values drawn at a time: 8 million floats are 64 MB.
_AT_A_TIME = 8_000_000
#: Fewer changed values than this say nothing about their spread: there is no band then.
FEWEST = 5


class Band(NamedTuple):
    """Low and high end; both missing where too few values differ to tell."""

    low: float
    high: float


def drawn(values: Any, strata: Any, rules: Bootstrap) -> Iterator[Floats]:
    """Totals of resamples, stratum by stratum: an array draws × strata × columns at a time.

    Within a stratum (a role) as many are drawn as it has; strata smaller than `FEWEST` are drawn
    from together, as a person alone would always be drawn again.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table.reshape(len(table), -1)
    groups = _groups(np.asarray(strata))
    rng = np.random.default_rng(rules.seed)
    step = max(1, _AT_A_TIME // max(1, max(map(len, groups), default=1) * table.shape[1]))
    for begin in range(0, rules.resamples, step):
        n = min(step, rules.resamples - begin)
        yield np.stack(
            [table[group[rng.integers(len(group), size=(n, len(group)))]].sum(axis=1) for group in groups],
            axis=1,
        )


def _groups(strata: NDArray[Any]) -> list[NDArray[np.int64]]:
    names, members = np.unique(strata.astype(str), return_inverse=True)
    groups = [np.flatnonzero(members == number) for number in range(len(names))]
    small = [group for group in groups if len(group) < FEWEST]
    together = [np.concatenate(small)] if small else []
    return [group for group in groups if len(group) >= FEWEST] + together


def total_band(values: Any, strata: Any, rules: Bootstrap) -> Band:
    """The band of Σ values, of `rules.level`.

    >>> from salesops_lib.policy.replay import Bootstrap
    >>> band = total_band(np.arange(40.0), ["ae"] * 40, Bootstrap())
    >>> bool(band.low < 780 < band.high)
    True
    """
    each = np.asarray(values, dtype=np.float64)
    if np.count_nonzero(each) < FEWEST:
        return Band(np.nan, np.nan)
    groups = _groups(np.asarray(strata))
    sizes = np.array([len(group) for group in groups], dtype=np.float64)
    total, error = (
        each.sum(),
        np.sqrt(sum(_variance(each[g].sum(), (each[g] ** 2).sum(), float(len(g))) for g in groups)),
    )
    if error == 0:
        return Band(total, total)
    squares = np.stack([each, each**2], axis=1)
    scores = []
    for draws in drawn(squares, strata, rules):
        spread = np.sqrt(_variance(draws[:, :, 0], draws[:, :, 1], sizes).sum(axis=1))
        away = draws[:, :, 0].sum(axis=1) - total
        with np.errstate(divide="ignore", invalid="ignore"):
            scores.append(np.where(away == 0, 0.0, away / spread))
    half = error * np.quantile(np.abs(np.concatenate(scores)), rules.level, method="inverted_cdf")
    return Band(total - half, total + half) if np.isfinite(half) else Band(np.nan, np.nan)


def _variance(total: Any, squares: Any, n: Any) -> Any:
    """Variance of a total of n draws, from their sum and their sum of squares."""
    return np.maximum(squares - total**2 / n, 0) * n / np.maximum(n - 1, 1)
