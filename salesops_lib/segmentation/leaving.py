"""The integral of Pareto/NBD over the unseen moment of leaving, by Gauss's rule in log time.

∫ ((α + t)/(α + τ))^p ((β + t)/(β + τ))^q dτ from t to T.  Every term is positive, so nothing cancels:
the usual difference of two hypergeometric functions loses all digits where t is close to T, and
overflows for many purchases.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from salesops_lib.segmentation.histories import Floats

#: Gauss–Legendre of 16 points is exact to 1e-15 over a panel on which the integrand falls by e^16
#: at most and which is no longer than 5 in log time (the nearest singularity is π away).
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(16)
_FALL, _LENGTH = 16.0, 5.0
#: What lies below e^-40 of the integrand's value at t adds nothing to a double.
_FORGOTTEN = 40.0


class Leaving(NamedTuple):
    """Logarithm of the integral, and means over the moment τ of leaving that its slopes consist of.

    `log_alpha` is the mean of ln((α + τ)/(α + t)), `over_alpha` of 1/(α + τ); the same for β.
    """

    log_value: Floats
    log_alpha: Floats
    over_alpha: Floats
    log_beta: Floats
    over_beta: Floats


def leaving(p: Floats, alpha: float, q: float, beta: float, t: Floats, T: Floats) -> Leaving:
    """The integral for each history; p and q are the exponents of α and β.

    Notes
    -----
    y = ln((m + τ)/(m + t)) with m the smaller of α and β; the other one is 1 + ρ(e^y − 1) times its value at t.
    """
    if alpha <= beta:
        return _in_order(p, alpha, np.full(len(p), q), beta, t, T)
    swapped = _in_order(np.full(len(p), q), beta, p, alpha, t, T)
    return Leaving(
        swapped.log_value, swapped.log_beta, swapped.over_beta, swapped.log_alpha, swapped.over_alpha
    )


def _in_order(near: Floats, m: float, far: Floats, other: float, t: Floats, T: Floats) -> Leaving:
    """The integral with the smaller of α and β first: `near` is the exponent of m, `far` of the other."""
    start, rho = m + t, (m + t) / (other + t)
    end = _forgotten(near - 1, far, rho, np.log1p((T - t) / start))
    steepest = np.maximum(np.abs(near - 1 + far * rho), np.abs(_steepness(near - 1, far, rho, end)))
    panels = np.maximum(np.ceil(np.maximum(steepest * end / _FALL, end / _LENGTH)), 1).astype(int)
    sums = np.zeros((5, len(t)))
    for n in np.unique(panels):
        own = np.flatnonzero(panels == n)
        sums[:, own] = _sums(near[own] - 1, far[own], start[own], other - m, rho[own], end[own], n)
    with np.errstate(divide="ignore"):
        log_value = np.log(sums[0]) + np.log(start)
    nothing = sums[0] == 0  # T is t: there was no time to leave, and the means are those at t
    means = sums[1:] / np.where(nothing, 1, sums[0])
    return Leaving(
        log_value,
        means[0],
        np.where(nothing, 1 / start, means[1]),
        means[2],
        np.where(nothing, 1 / (other + t), means[3]),
    )


def _sums(near: Floats, far: Floats, start: Floats, apart: float, rho: Floats, end: Floats, n: int) -> Floats:
    """Sums over `n` panels of the weight, and of it with ln and 1/ of both times."""
    sums = np.zeros((5, len(near)))
    half = end / (2 * n)
    for panel in range(n):
        for point, weight in zip(_POINTS, _WEIGHTS, strict=True):
            y = half * (2 * panel + 1 + point)
            grown = np.expm1(y)
            log_other = np.log1p(rho * grown)
            time = start * (1 + grown)
            share = weight * half * np.exp(-near * y - far * log_other)
            sums[0] += share
            sums[1] += share * y
            sums[2] += share / time
            sums[3] += share * log_other
            sums[4] += share / (time + apart)
    return sums


def _steepness(near: Floats, far: Floats, rho: Floats, y: Floats) -> Floats:
    """How fast the logarithm of the integrand falls at y."""
    return near + far * rho * np.exp(y) / (1 + rho * np.expm1(y))


def _forgotten(near: Floats, far: Floats, rho: Floats, end: Floats) -> Floats:
    """Where the integrand has fallen by e^-40, or the end where that comes first.

    The fall is convex, so Newton's steps from the end come down to the place and never pass it.
    """
    y = end.copy()
    for _ in range(30):
        excess = near * y + far * np.log1p(rho * np.expm1(y)) - _FORGOTTEN
        over = excess > 1
        if not over.any():
            break
        y[over] -= excess[over] / _steepness(near[over], far[over], rho[over], y[over])
    return y
