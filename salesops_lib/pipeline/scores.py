"""How good odds were: Brier score, calibration and its error, and how sure a difference is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics.formulas import Interval, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Odds are compared in tenths.
BINS = 10
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
    odds: NDArray[np.float64],
    won: NDArray[np.bool_],
    weight: NDArray[np.float64] | None = None,
    deal: pd.Series | None = None,
) -> pd.DataFrame:
    """Mean odds against the share won, by tenths of the odds.

    Returns
    -------
    pd.DataFrame
        A row a tenth with any odds in it: tenth (0 to 9), odds, share, low, high (Wilson, 95 %, of as many deals),
        n (deals), weight.
    """
    w = np.ones(len(odds)) if weight is None else weight
    rows = pd.DataFrame(
        {
            "tenth": np.minimum((odds * BINS).astype(int), BINS - 1),
            "odds": w * odds,
            "share": w * won,
            "weight": w,
            "deal": np.arange(len(odds)) if deal is None else deal.to_numpy(),
        }
    )
    found = rows.groupby("tenth").agg(
        odds=("odds", "sum"), share=("share", "sum"), weight=("weight", "sum"), n=("deal", "nunique")
    )
    found = found.assign(odds=found.odds / found.weight, share=found.share / found.weight).reset_index()
    ranges = [wilson(row.share * row.n, row.n) for row in found.itertuples()]
    return found.assign(low=[r.low for r in ranges], high=[r.high for r in ranges])


def calibration_error(
    odds: NDArray[np.float64], won: NDArray[np.bool_], weight: NDArray[np.float64] | None = None
) -> float:
    """Expected calibration error: the mean distance of share and odds over the tenths, by their weight (Naeini et al. 2015).

    >>> round(calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False])), 4)
    0.0
    """
    table = calibration(odds, won, weight)
    return float(np.average((table.share - table.odds).abs(), weights=table.weight))


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
