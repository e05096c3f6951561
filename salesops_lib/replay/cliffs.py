"""Cliffs and marginal rates of each role's plan, before and after a change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives import cliffs as shape
from salesops_lib.replay.past import plan_for, with_target

if TYPE_CHECKING:
    from salesops_lib.policy import Policy
    from salesops_lib.replay.paying import Replayed

_KEY = ["role", "component", "measure", "unit", "edge"]


def cliffs(replayed: Replayed) -> pd.DataFrame:
    """One row per edge at which pay jumps under either policy.

    Columns role, component, measure, unit, edge (as of `incentives.cliffs`), before, after (the jump under each
    policy, missing where it has none), months (the larger, in months of target incentive) and change: added,
    removed, larger, smaller or same.
    """
    before, after = (_of_policy(replayed, policy) for policy in (replayed.old, replayed.new))
    both = before.merge(after, on=_KEY, how="outer", suffixes=("_before", "_after"))
    both = both.rename(columns={"jump_before": "before", "jump_after": "after"})
    months = both[["months_before", "months_after"]].astype(float).abs().max(axis=1)
    change = [_change(a, b) for a, b in zip(both.before, both.after, strict=True)]
    found = both[[*_KEY, "before", "after"]].assign(months=months, change=change)
    return found.sort_values(["months", *_KEY], ascending=[False, *[True] * len(_KEY)], ignore_index=True)


def steepest(replayed: Replayed, policy: Policy) -> float:
    """The largest marginal rate of a component, in multiples of its pay per unit at target; missing without one."""
    found = [shape.rates(typical).rate.max() for _, typical in _typical(replayed, policy)]
    return max((rate for rate in found if pd.notna(rate)), default=float("nan"))


def _change(before: float, after: float) -> str:
    if pd.isna(before) or pd.isna(after):
        return "added" if pd.isna(before) else "removed"
    return "same" if before == after else "larger" if abs(after) > abs(before) else "smaller"


def _of_policy(replayed: Replayed, policy: Policy) -> pd.DataFrame:
    frames = [shape.cliffs(typical).assign(role=role) for role, typical in _typical(replayed, policy)]
    return (
        pd.concat(frames)[[*_KEY, "jump", "months"]]
        if frames
        else pd.DataFrame(columns=[*_KEY, "jump", "months"])
    )


def _typical(replayed: Replayed, policy: Policy) -> Iterator[tuple[str, shape.Typical]]:
    """The person of each role with a plan, by the role's latest year."""
    for role in dict.fromkeys(played.past.role for played in replayed.played):
        pasts = [played.past for played in replayed.played if played.past.role == role]
        past = max(pasts, key=lambda past: past.start)
        plan = plan_for(policy, past)
        if plan is not None and any(len(past.history.payees) for past in pasts):
            history = with_target(past.history, plan)
            yield role, shape.Typical.of(plan, policy.incentives.rules, history)
