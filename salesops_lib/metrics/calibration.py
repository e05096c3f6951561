"""Whether chances come true: tenths of them against what came, the distance in one number, and a line that mends them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
import pandas as pd
from scipy.special import expit, logit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    #: What tenths are of: of the observations, as many in each, or of the scale from 0 to 1, as wide each.
    By = Literal["count", "scale"]

_TENTHS = 10
#: Chances nearer to 0 or 1 count as this near: log odds need an end.
_EDGE = 1e-6
#: What the line is held to (0, 1) by at least, so that it is one where all chances are alike or part the outcomes.
_LEAST_HELD = 1e-6
#: Newton steps at most, the longest of them, and the one that ends them.
_STEPS, _LONG, _SMALL = 100, 1.0, 1e-9


class LogOddsLine(NamedTuple):
    """A straight correction of log odds; as it stands it leaves chances as they are.

    >>> LogOddsLine()(np.array([0.25])).round(9).tolist(), LogOddsLine(np.log(2))(np.array([0.5])).round(3).tolist()
    ([0.25], [0.667])
    """

    intercept: float = 0.0
    slope: float = 1.0

    def __call__(self, chance: Floats) -> Floats:
        """The corrected chances."""
        return np.asarray(expit(self.intercept + self.slope * _log_odds(chance)))


def log_odds_correction(
    chance: Floats, happened: NDArray[np.bool_], weight: Floats | None = None, *, held: float = 0.0
) -> LogOddsLine:
    """The line through log odds that makes `chance` agree best with what `happened` (Platt's scaling).

    Parameters
    ----------
    chance, happened
        Chances between 0 and 1, and whether it came, one each.
    weight
        Weight of each, 1 where None.
    held
        Observations that speak for leaving the chances as they are.

    Returns
    -------
    LogOddsLine
        Of greatest likelihood; the one that changes nothing where all happened, or nothing did.

    Notes
    -----
    Source: Platt, Advances in Large Margin Classifiers (1999), 61–74.

    Examples
    --------
    >>> said, came = np.repeat([0.2, 0.5], 10), np.array(([True] * 4 + [False] * 6) * 2)
    >>> log_odds_correction(said, came)(np.array([0.2, 0.5])).round(3).tolist()
    [0.4, 0.4]
    """
    if happened.all() or not happened.any():
        return LogOddsLine()
    x = _log_odds(chance)
    w = np.ones(len(x)) if weight is None else np.asarray(weight, dtype=float)
    design = np.column_stack([np.ones(len(x)), x])
    spread = 0.25 * held * np.array([1.0, max(float(np.average(x**2, weights=w)), _EDGE)])
    pull = np.diag(np.maximum(spread, _LEAST_HELD))
    middle = np.array([0.0, 1.0])
    beta = middle.copy()
    for _ in range(_STEPS):
        p = expit(design @ beta)
        slope = design.T @ (w * (happened - p)) - pull @ (beta - middle)
        curve = (design * (w * p * (1 - p))[:, None]).T @ design + pull
        step = np.linalg.solve(curve, slope)
        beta = beta + np.clip(step, -_LONG, _LONG)
        if np.abs(step).max() < _SMALL:
            break
    return LogOddsLine(float(beta[0]), float(beta[1]))


def tenth_of(chance: Floats, weight: Floats | None = None, *, by: By = "count") -> NDArray[np.int64]:
    """The tenth, 1 to 10, in which each of the observations lies by its chance.

    Parameters
    ----------
    by
        `count`: each tenth holds as many observations (the "adaptive" bins of Nixon et al., CVPR Workshops 2019), for chances most
        of which are alike; equal chances stay together, so that there may be fewer than ten.  `scale`: each is as wide a piece of
        the scale (Naeini et al., AAAI 2015), for chances spread over it.

    Examples
    --------
    >>> tenth_of(np.array([0.25, 0.25, 0.75])).tolist(), tenth_of(np.array([0.25, 0.25, 0.75]), by="scale").tolist()
    ([5, 5, 10], [3, 3, 8])
    """
    if by == "scale":
        return np.minimum((chance * _TENTHS).astype(int), _TENTHS - 1) + 1
    w = np.ones(len(chance)) if weight is None else np.asarray(weight, dtype=float) / np.mean(weight)
    alike = pd.DataFrame({"chance": chance, "w": w}).groupby("chance").w.sum()
    rank = alike.cumsum() - (alike - 1) / 2
    tenth = np.ceil(rank / w.sum() * _TENTHS).clip(1, _TENTHS).astype(int)
    return pd.Series(chance).map(tenth).to_numpy()


def tenths(
    chance: Floats, happened: NDArray[np.bool_], weight: Floats | None = None, *, by: By = "count"
) -> pd.DataFrame:
    """Tenths of the observations by their chance: foretold and came (shares), n (their weight).

    Returns
    -------
    pd.DataFrame
        Index `tenth`, 1 to 10; see `tenth_of`.

    Examples
    --------
    >>> tenths(np.array([0.25, 0.25, 0.75]), np.array([True, False, True])).came.tolist()
    [0.5, 1.0]
    """
    w = np.ones(len(chance)) if weight is None else np.asarray(weight, dtype=float) / np.mean(weight)
    frame = pd.DataFrame({"foretold": w * chance, "came": w * happened, "n": w})
    sums = frame.groupby(pd.Series(tenth_of(chance, weight, by=by), name="tenth")).sum()
    whole = sums.n if weight is not None else sums.n.round().astype(int)
    return sums.div(sums.n, axis=0).assign(n=whole)


def expected_calibration_error(
    chance: Floats, happened: NDArray[np.bool_], weight: Floats | None = None, *, by: By = "count"
) -> float:
    """Mean distance between what was foretold and what came over `tenths`, by their weight (ECE); 0 is perfect.

    >>> expected_calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False]))
    0.0
    """
    table = tenths(chance, happened, weight, by=by)
    return float(np.average((table.foretold - table.came).abs(), weights=table.n))


def _log_odds(chance: Floats) -> Floats:
    return np.asarray(logit(np.clip(chance, _EDGE, 1 - _EDGE)))
