"""What is played again: the people of each role in each fiscal year, and the plan that pays them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from salesops_lib.incentives.history import History, Lines

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Plan


@dataclass(frozen=True)
class Past:
    """One role in one fiscal year.

    Attributes
    ----------
    role, year
        Id of the role, and label of the fiscal year.
    start, end
        First and last day of the year.
    history
        What its people did and were asked for, all twelve months.
    kept
        Months that are replayed.
    """

    role: str
    year: str
    start: date
    end: date
    history: History
    kept: NDArray[np.bool_]


def plan_for(policy: Policy, past: Past) -> Plan | None:
    """The plan that pays a role in a year, as if it had held then.

    Of the role's plans the one in force in that year, the latest begun where several were; where
    none was, the one nearest in time: a plan of next year is replayed on this year's history.
    """
    plans = [plan for plan in policy.incentives.plans if past.role in plan.roles]
    return min(plans, key=lambda plan: _distance(plan, past)) if plans else None


def _distance(plan: Plan, past: Past) -> tuple[int, int]:
    span = plan.effective
    days = max((span.start - past.end).days, (past.start - span.end).days if span.end else 0, 0)
    return days, -span.start.toordinal()


def with_target(history: History, plan: Plan) -> History:
    """The history with the target incentive that a plan sets for everybody, where it sets one."""
    if plan.target_incentive is None:
        return history
    amount = int(plan.target_incentive * history.minor)
    return replace(history, target=np.full(len(history.payees), amount, dtype=np.int64))


def rows(history: History, chosen: Sequence[int]) -> History:
    """The history of the payees at positions `chosen`, which may repeat.

    >>> history = History(["a", "b"], ["1"], {("bookings", "direct"): np.array([[1], [2]])})
    >>> rows(history, [1, 1, 0]).of(("bookings", "direct")).ravel().tolist()
    [2, 2, 1]
    """
    at = np.asarray(chosen, dtype=np.int64)

    def picked(values: NDArray[np.int64] | None) -> NDArray[np.int64] | None:
        return values if values is None or values.ndim == 1 else values[at]

    return replace(
        history,
        payees=[history.payees[n] for n in at],
        actual={key: values[at] for key, values in history.actual.items()},
        quota={key: values[at] for key, values in history.quota.items()},
        target=history.target[at] if len(history.target) else history.target,
        served=picked(history.served),
        days=picked(history.days),
        ratios={name: (above[at], below[at]) for name, (above, below) in history.ratios.items()},
        scores={name: values[at] for name, values in history.scores.items()},
        lines={key: _lines(lines, at) for key, lines in history.lines.items()},
    )


def _lines(lines: Lines, at: NDArray[np.int64]) -> Lines:
    """The lines of payees at positions `at`, in the order of credit of each."""
    order = np.argsort(lines.payee, kind="stable")
    first = np.searchsorted(lines.payee[order], at, side="left")
    last = np.searchsorted(lines.payee[order], at, side="right")
    chosen = np.concatenate([order[a:b] for a, b in zip(first, last, strict=True)] or [order[:0]])
    owner = np.repeat(np.arange(len(at)), last - first)
    return Lines(owner, lines.month[chosen], lines.amount[chosen])
