"""Maximum likelihood of models with positive parameters: estimates and their standard errors."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Floats = NDArray[np.float64]
#: Mean log-likelihood at the parameters, and its slopes.
Likelihood = Callable[[Floats], tuple[float, Floats]]
#: Logarithms of parameters stay within this; one that gets there is not identified by the data.
_FURTHEST = 12.0
#: The likelihood is flat towards a border, so that a search may stop this much before it.
_NEAR_BORDER = 0.5
_STEP = 1e-4
#: A last step below this leaves an error of its square.
_NEAR = 1e-5
_MOST_STEPS = 10


class Estimate(NamedTuple):
    """Logarithms of the parameters, and their covariance for one observation; a parameter at a border has none."""

    log_params: Floats
    covariance: Floats


def maximise(likelihood: Likelihood, start: Floats, sketch: Likelihood | None = None) -> Estimate:
    """The parameters at which the mean log-likelihood is largest.

    Parameters
    ----------
    sketch
        The mean log-likelihood of a part of many observations, drawn by lot.  Where it is given the way
        to the largest is sought on it, and only the last steps are taken on all observations.

    Notes
    -----
    L-BFGS within borders, then Newton's steps on differences of the analytic slopes, which also give
    the covariance (inverse of the observed information).
    """

    def loss(at: Floats) -> tuple[float, Floats]:
        params = np.exp(at)
        value, slopes = likelihood(params)
        return -value, -params * slopes

    if sketch is not None:
        rough = maximise(sketch, start)
        if np.isfinite(rough.covariance).all() and (near := _from_near(loss, rough)) is not None:
            return near
    found = minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=[(-_FURTHEST, _FURTHEST)] * len(start),
        options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
    )  # fmt: skip
    at, steepest = found.x, np.abs(found.jac).max()
    is_free = np.abs(at) < _FURTHEST - _NEAR_BORDER
    curved = _curvature(loss, at, is_free)
    for _ in range(3):
        step = np.linalg.lstsq(curved, loss(at)[1][is_free], rcond=None)[0]
        tried = at.copy()
        tried[is_free] -= step
        if np.abs(tried).max() >= _FURTHEST or np.abs(loss(tried)[1][is_free]).max() >= steepest:
            break
        at, steepest = tried, np.abs(loss(tried)[1][is_free]).max()
    covariance = np.full((len(start), len(start)), np.nan)
    covariance[np.ix_(is_free, is_free)] = _inverse(_curvature(loss, at, is_free))
    return Estimate(at, covariance)


def _from_near(loss: Likelihood, rough: Estimate) -> Estimate | None:
    """The least loss from an estimate near it: steps with its curvature, a last one with that of `loss`; None where they lead away."""
    at, slopes = rough.log_params, loss(rough.log_params)[1]
    for _ in range(_MOST_STEPS):
        step, before = rough.covariance @ slopes, slopes
        at = at - step
        if np.abs(at).max() >= _FURTHEST:
            return None
        slopes = loss(at)[1]
        if not np.abs(slopes).max() < np.abs(before).max():
            return None
        if np.abs(step).max() < _NEAR:
            break
    else:
        return None
    covariance = _inverse(_curvature(loss, at, np.ones(len(at), dtype=bool)))
    at = at - covariance @ slopes
    return Estimate(at, covariance) if np.abs(at).max() < _FURTHEST else None


def _curvature(loss: Likelihood, at: Floats, is_free: NDArray[np.bool_]) -> Floats:
    """Second derivatives along the free parameters, by central differences of the slopes."""
    rows = []
    for place in np.flatnonzero(is_free):
        aside = np.zeros(len(at))
        aside[place] = _STEP
        rows.append((loss(at + aside)[1] - loss(at - aside)[1])[is_free] / (2 * _STEP))
    curved = np.array(rows).reshape(len(rows), len(rows))
    return (curved + curved.T) / 2


def _inverse(curved: Floats) -> Floats:
    """Inverse of a positive definite matrix; missing where it is none."""
    try:
        np.linalg.cholesky(curved)
    except np.linalg.LinAlgError:
        return np.full(curved.shape, np.nan)
    return np.asarray(np.linalg.inv(curved), dtype=float)
