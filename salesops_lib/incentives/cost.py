"""What a plan is expected to cost, and how much it may: payouts over drawn attainments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def payouts(attainment: Floats, grid: Floats, pay: Floats) -> Floats:
    """Pay at each drawn attainment, by lines between the points of each payee's pay curve.

    Parameters
    ----------
    attainment
        Payees × draws.
    grid
        Attainments of the curves, rising; twice where pay jumps.
    pay
        Payees × points, or one row for all.
    """
    found = np.empty(attainment.shape)
    curves = np.broadcast_to(pay, (len(attainment), len(grid)))
    for row, curve, out in zip(attainment, curves, found, strict=True):
        out[:] = np.interp(row, grid, curve)
    return found
