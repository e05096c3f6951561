"""How long customers stay: share still there after each length of tenure (Kaplan–Meier), and the chance to leave in each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

_Z = 1.959963984540054


def survival(tenure: ArrayLike, left: ArrayLike) -> pd.DataFrame:
    """Share of customers still there after each tenure at which one left.

    Parameters
    ----------
    tenure
        How long each customer has been there, or was until it left; one unit of time.
    left
        1 (or True) where it left at that tenure, 0 where it was still there when last seen.

    Returns
    -------
    pd.DataFrame
        Index `tenure`; `at_risk` customers just before it, `n_left` at it, `hazard` = n_left / at_risk, the discrete chance to
        leave then, `survival` after it with a 95 % interval `low` to `high`.

    Raises
    ------
    DataError
        If a tenure is missing or negative, or there is none.

    Notes
    -----
    Kaplan and Meier, JASA 53 (1958) 457; Greenwood's variance on the scale log(−log S), which keeps the interval
    within 0 and 1.

    Examples
    --------
    >>> survival([1, 2, 2, 3], [1, 1, 0, 0]).survival.round(3).to_dict()
    {1.0: 0.75, 2.0: 0.5}
    """
    time, event = np.asarray(tenure, dtype=float), np.asarray(left, dtype=float)
    wrong = ~np.isfinite(time) | (time < 0)
    if wrong.any() or not len(time):
        raise DataError(
            f"Tenure: {int(wrong.sum())} of {len(time)} values are missing or negative; give time since the start, in one unit."
        )
    table = pd.DataFrame({"tenure": time, "n_left": event, "n": 1.0}).groupby("tenure").sum()
    table["at_risk"] = table.n[::-1].cumsum()[::-1]
    table = table[table.n_left > 0].astype({"at_risk": int, "n_left": int})
    table["hazard"] = table.n_left / table.at_risk
    share = (1 - table.hazard).cumprod()
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (table.n_left / (table.at_risk * (table.at_risk - table.n_left))).cumsum()
        width = _Z * np.sqrt(spread) / np.abs(np.log(share))
        low, high = share ** np.exp(width), share ** np.exp(-width)
    unknown = share <= 0
    return table[["at_risk", "n_left", "hazard"]].assign(
        survival=share, low=low.mask(unknown), high=high.mask(unknown)
    )
