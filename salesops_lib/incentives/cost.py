"""What plans are expected to cost, and how much they may: payouts over drawn attainments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.shape import year_attainment

if TYPE_CHECKING:
    from salesops_lib.incentives.history import History
    from salesops_lib.incentives.shape import PayCurve
    from salesops_lib.policy.incentives import Plan

Floats = NDArray[np.float64]
#: A year has four of them; they are resampled together for all payees, so that markets move for all at once.
_QUARTERS = 4


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

    Examples
    --------
    >>> payouts(np.array([[0.5, 1.0, 1.1]]), np.array([0, 1, 1, 2]), np.array([[0, 10, 30, 40]])).tolist()
    [[5.0, 30.0, 31.0]]
    """
    found = np.empty(attainment.shape)
    curves = np.broadcast_to(pay, (len(attainment), len(grid)))
    for row, curve, out in zip(attainment, curves, found, strict=True):
        out[:] = np.interp(row, grid, curve)
    return found


@dataclass(frozen=True)
class Drawn:
    """A year drawn many times: total pay and own sales of a plan's payees, minor units."""

    pay: Floats
    sales: Floats


def drawn(plan: Plan, history: History, curve: PayCurve, *, n_draws: int = 10_000, seed: int = 0) -> Drawn:
    """The cost of a plan over resampled attainments.

    Notes
    -----
    A payee's attainment is a resampled payee's, relative to all of them, times the mean of four resampled quarters
    of all of them.  Plans that are drawn with one seed share the quarters.  One year has but four quarters: what
    never happened in it is not drawn, so bands are narrower than the truth.
    """
    own = year_attainment(plan, history)
    known = np.flatnonzero(np.isfinite(own))
    rng = np.random.default_rng(seed)
    picks = rng.random((n_draws, _QUARTERS))
    quarters = _quarters(history)
    common = quarters[(picks * len(quarters)).astype(np.int64)].mean(axis=1)
    others = rng.integers(0, len(known), (len(known), n_draws)) if len(known) else np.zeros((0, n_draws), int)
    level = float(own[known].mean()) if len(known) else 1.0
    attainment = own[known][others] * (common / quarters.mean())
    pay = payouts(attainment, curve.attainment, curve.pay[known]).sum(axis=0)
    sold = _own_sales(history)[known]
    each = np.where(own[known] > 0, own[known], level)
    return Drawn(pay, (attainment * (sold / each)[:, None]).sum(axis=0))


def cost_of_sales(plans: Mapping[str, Drawn]) -> pd.DataFrame:
    """Pay of each plan and of all, and pay over net sales (CCOS, M5.6), expected and in bands.

    Returns
    -------
    pd.DataFrame
        One row a plan, then `total`: `plan`, `pay` (expected, minor units), `pay_p05`, `pay_p50`, `pay_p95`, `rate`
        (expected CCOS), `p05`, `p50`, `p95` of it.  A plan's rate is its pay over the sales of all: the rates add up.
    """
    sales = np.sum([one.sales for one in plans.values()], axis=0)
    everyone = np.sum([one.pay for one in plans.values()], axis=0)
    bands = ("p05", "p50", "p95")
    rows = []
    for name, pay in ({name: one.pay for name, one in plans.items()} | {"total": everyone}).items():
        money, rates = (np.quantile(values, [0.05, 0.5, 0.95]) for values in (pay, pay / sales))
        rows.append((name, pay.mean(), *money, pay.mean() / sales.mean(), *rates))
    return pd.DataFrame(rows, columns=["plan", "pay", *(f"pay_{band}" for band in bands), "rate", *bands])


def _quarters(history: History) -> Floats:
    """Attainment of all payees together in each quarter."""
    keys = [key for key in history.quota if key in history.actual]
    months = len(history.months) - len(history.months) % 3 or len(history.months)
    firsts = range(0, months, 3)
    done, quota = (
        np.add.reduceat(np.asarray(values[keys[0]]).sum(axis=0)[:months].astype(float), firsts)
        for values in (history.actual, history.quota)
    )
    found: Floats = done[quota > 0] / quota[quota > 0]
    return found


def _own_sales(history: History) -> Floats:
    direct = [key for key in history.quota if key[1] == "direct" and key in history.actual]
    if not direct:
        return np.zeros(len(history.payees))
    return np.asarray(history.actual[direct[0]]).sum(axis=1).astype(float)
