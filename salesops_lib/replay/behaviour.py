"""How people might answer to a change: assumed ranges of the policy, never a forecast.

Effort: sales answer to the change of what the next sale pays.  Pull-forward: sales of a next
interval's first month are brought forward by those whom the new plan pays more for it than the old.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.history import MONTHS
from salesops_lib.replay.paying import Months, pay_of

if TYPE_CHECKING:
    from salesops_lib.incentives.history import History
    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Plan
    from salesops_lib.replay.paying import Played, Replayed, Side

#: Share of sales by which a marginal rate is felt: too little to cross many edges.
_NUDGE = 100
#: Elasticities and shares are taken as whole parts of this, so that sales stay whole numbers.
_PARTS = 10_000


def responses(replayed: Replayed) -> pd.DataFrame:
    """One row a response: response, assumed_low, assumed_high, low, high (cost differences), sales_low, sales_high.

    The first row is the static replay, whose ends are equal.
    """
    static = replayed.totals["difference"]
    ranges = replayed.new.replay.behaviour
    found: list[tuple[str, float, float, int, int, int, int]] = [
        ("static", np.nan, np.nan, static, static, 0, 0)
    ]
    for name, (low, high), answer in (
        ("effort", ranges.effort_elasticity, _effort),
        ("pull_forward", ranges.pull_forward, _pulled),
    ):
        ends = [_total(replayed, answer, share) for share in (low, high)]
        costs, sales = [static + cost for cost, _ in ends], [sold for _, sold in ends]
        found.append((name, low, high, min(costs), max(costs), min(sales), max(sales)))
    columns = ["response", "assumed_low", "assumed_high", "low", "high", "sales_low", "sales_high"]
    return pd.DataFrame(found, columns=columns)


def _total(replayed: Replayed, answer: object, share: float) -> tuple[int, int]:
    ends = [answer(played, replayed, share) for played in replayed.played if played.after.plan]  # type: ignore[operator]
    return sum(cost for cost, _ in ends), sum(sold for _, sold in ends)


def _effort(played: Played, replayed: Replayed, elasticity: float) -> tuple[int, int]:
    """Change of pay under the new plan, and of sales, when sales answer to its marginal rate."""
    felt = _felt(played, replayed)
    grown = np.rint(felt * elasticity * _PARTS).astype(np.int64)
    history, sold = _scaled(played.after.history, grown)
    return _paid(played, history, replayed.new) - _sum(played, played.after.pay), int(
        sold[:, played.past.kept].sum()
    )


def _felt(played: Played, replayed: Replayed) -> NDArray[np.float64]:
    """Relative change of what the next 1 % of sales pays each payee, by the mean of both (arc elasticity)."""
    more = []
    for side, policy in ((played.before, replayed.old), (played.after, replayed.new)):
        nudged, _ = _scaled(side.history, np.full(len(side.history.payees), _PARTS // _NUDGE))
        gains = _by_payee(played, pay_of(side.plan, policy, nudged)) - _by_payee(played, side.pay)
        more.append(np.maximum(gains, 0).astype(np.float64))
    old, new = more
    middle = (old + new) / 2
    return np.where(middle > 0, (new - old) / np.where(middle > 0, middle, 1), 0.0)


def _scaled(history: History, parts: NDArray[np.int64]) -> tuple[History, NDArray[np.int64]]:
    """A history whose own credit grows by `parts` of 10,000; and by how much its bookings do."""
    actual = {
        key: values + values * parts[:, None] // _PARTS
        for key, values in history.actual.items()
        if key[1] == "direct"
    }
    key = ("bookings", "direct")
    sold = actual[key] - history.actual[key] if key in actual else np.zeros(history.shape, dtype=np.int64)
    return replace(history, actual={**history.actual, **actual}), sold


def _pulled(played: Played, replayed: Replayed, share: float) -> tuple[int, int]:
    """Change of pay under the new plan when those who gain more by it than before bring sales forward."""
    parts = round(share * _PARTS)
    gains = []
    for side, policy in ((played.before, replayed.old), (played.after, replayed.new)):
        moved = _brought_forward(side.history, side.plan or played.after.plan, parts)
        gains.append(_by_payee(played, pay_of(side.plan, policy, moved)) - _by_payee(played, side.pay))
    old, new = gains
    movers = (new > 0) & (new > old)
    return int(new[movers].sum()), 0


def gains_by_pulling(played: Played, side: Side, policy: Policy, share: float) -> NDArray[np.int64]:
    """What each payee gains under one plan by bringing forward a share of each next interval's first month."""
    moved = _brought_forward(side.history, side.plan, round(share * _PARTS))
    return _by_payee(played, pay_of(side.plan, policy, moved)) - _by_payee(played, side.pay)


def _brought_forward(history: History, plan: Plan | None, parts: int) -> History:
    """Part of each interval's first month moved into the month before it, within the fiscal year."""
    intervals = {part.interval or plan.interval for part in plan.components} if plan else set()
    width = min((MONTHS[name] for name in intervals if name != "year"), default=12)
    actual = {}
    for key, values in history.actual.items():
        table = np.array(values)
        for first in range(width, 12, width):
            moved = table[:, first] * parts // _PARTS
            table[:, first - 1] += moved
            table[:, first] -= moved
        actual[key] = table
    return replace(history, actual=actual)


def _by_payee(played: Played, pay: Months) -> NDArray[np.int64]:
    zeros = np.zeros(len(played.past.history.payees), dtype=np.int64)
    return sum((months[:, played.past.kept].sum(axis=1) for months in pay.values()), zeros)


def _paid(played: Played, history: History, policy: Policy) -> int:
    return _sum(played, pay_of(played.after.plan, policy, history))


def _sum(played: Played, pay: Months) -> int:
    return int(_by_payee(played, pay).sum())
