"""How good odds were: Brier score, calibration by deals, and how sure a difference is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics.calibration import tenth_of, tenths
from salesops_lib.metrics.formulas import Interval, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Draws of deals that intervals rest on.
_DRAWS = 500


def brier(
    odds: NDArray[np.float64], won: NDArray[np.bool_], weight: NDArray[np.float64] | None = None
) -> float:
    """Mean squared distance of odds from what came (Brier 1950); 0 is perfect.

    >>> brier(np.array([0.1, 0.9, 0.8, 0.3]), np.array([False, True, True, False]))
    0.0375
    """
    return round(float(np.average((odds - won) ** 2, weights=weight)), 12)


def calibration(
    odds: NDArray[np.float64], won: NDArray[np.bool_], weight: NDArray[np.float64], deal: pd.Series
) -> pd.DataFrame:
    """Mean odds against the share won, by tenths of the scale.

    Returns
    -------
    pd.DataFrame
        Index `tenth`, 1 to 10, of those with any odds in them; columns odds, share, low, high (Wilson, 95 %, of as many
        deals), n (deals).
    """
    found = (
        tenths(odds, won, weight, by="scale")
        .drop(columns="n")
        .rename(columns={"foretold": "odds", "came": "share"})
    )
    found = found.assign(n=deal.groupby(tenth_of(odds, by="scale")).nunique())
    ranges = [wilson(row.share * row.n, row.n) for row in found.itertuples()]
    return found.assign(low=[r.low for r in ranges], high=[r.high for r in ranges])


def mean_by_deal(
    values: NDArray[np.float64], weight: NDArray[np.float64], deal: pd.Series, *, seed: int = 0
) -> Interval:
    """Weighted mean with its 95 % interval when whole deals are drawn again (Poisson bootstrap): rows of a deal are no news to each other."""
    codes, _ = pd.factorize(deal)
    n = int(codes.max()) + 1
    tops, bottoms = np.bincount(codes, weight * values, n), np.bincount(codes, weight, n)
    drawn = np.random.default_rng(seed).poisson(1.0, size=(_DRAWS, n)).astype(float)
    means = (drawn @ tops) / (drawn @ bottoms)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(tops.sum() / bottoms.sum()), float(low), float(high))
