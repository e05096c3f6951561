"""One history under two policies: what everybody is paid by each, and the difference."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives.pay import earned
from salesops_lib.replay.past import Past, plan_for, with_target

if TYPE_CHECKING:
    from salesops_lib.incentives.history import History
    from salesops_lib.policy import Policy
    from salesops_lib.policy.incentives import Plan

#: Component → pay of each payee and month, in minor units.
Months = Mapping[str, NDArray[np.int64]]
_QUARTER = 3


@dataclass(frozen=True)
class Side:
    """A role's year under one policy: the plan, the history it reads, and what it pays by month."""

    plan: Plan | None
    history: History
    pay: Months


@dataclass(frozen=True)
class Played:
    """A role's year under both policies; payees stand in the same order on both sides."""

    past: Past
    before: Side
    after: Side

    @property
    def components(self) -> list[str]:
        """Components of either plan, those of the old plan first."""
        return list(dict.fromkeys([*self.before.pay, *self.after.pay]))

    def quarters(self, side: Side, component: str) -> NDArray[np.int64]:
        """Pay of the replayed months by quarter of the fiscal year."""
        months = side.pay.get(component)
        shape = (len(self.past.history.payees), 12 // _QUARTER)
        if months is None:
            return np.zeros(shape, dtype=np.int64)
        kept: NDArray[np.int64] = np.where(self.past.kept, months, 0)
        return kept.reshape(*shape, _QUARTER).sum(axis=2)


@dataclass(frozen=True)
class Replayed:
    """What the same people would have earned under each of two policies."""

    old: Policy
    new: Policy
    played: tuple[Played, ...]

    @cached_property
    def quarters(self) -> pd.DataFrame:
        """One row per payee, fiscal quarter and component: payee, role, year, quarter, component, before, after, difference.

        Money in minor units, exact; a component that one policy does not have pays nothing there.
        """
        frames = [frame for played in self.played for frame in _frames(played)]
        columns = ["payee", "role", "year", "quarter", "component", "before", "after"]
        frame = pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)
        return frame.assign(difference=frame.after - frame.before)

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row per payee and role: before, after, difference."""
        money = ["before", "after", "difference"]
        return self.quarters.groupby(["payee", "role"], sort=False, as_index=False)[money].sum()

    @cached_property
    def totals(self) -> dict[str, int]:
        """Cost before and after, and the difference."""
        before, after = (
            sum(
                int(months[:, played.past.kept].sum())
                for played in self.played
                for months in pay(played).values()
            )
            for pay in (lambda played: played.before.pay, lambda played: played.after.pay)
        )
        return {"before": before, "after": after, "difference": after - before}


def _frames(played: Played) -> Iterator[pd.DataFrame]:
    past = played.past
    n, n_quarters = len(past.history.payees), 12 // _QUARTER
    held = past.kept.reshape(n_quarters, _QUARTER).any(axis=1)
    labels = np.array([f"{past.year}-Q{number + 1}" for number in range(n_quarters)])
    for component in played.components:
        before, after = (played.quarters(side, component) for side in (played.before, played.after))
        yield pd.DataFrame({
            "payee": np.repeat(np.asarray(past.history.payees, dtype=object), int(held.sum())),
            "role": past.role, "year": past.year, "quarter": np.tile(labels[held], n), "component": component,
            "before": before[:, held].ravel(), "after": after[:, held].ravel(),
        })  # fmt: skip


def replay(
    pasts: Sequence[Past], old: Policy, new: Policy, *, under_new: Sequence[Past] | None = None
) -> Replayed:
    """The pay of one history under two policies, exact to the minor unit.

    Parameters
    ----------
    pasts
        Roles and fiscal years, credited as the old policy says.
    under_new
        The same as the new policy credits them, where it credits otherwise.

    Raises
    ------
    DataError
        If a plan needs what the history does not hold, or neither policy pays any of the roles.
    """
    before = [_side(past, old) for past in pasts]
    return _replayed(old, new, pasts, before, pasts if under_new is None else _paired(pasts, under_new))


def variants(pasts: Sequence[Past], old: Policy, policies: Iterable[Policy]) -> Iterator[Replayed]:
    """A replay against each of several policies that credit as the old one does; its pay is reckoned once."""
    before = [_side(past, old) for past in pasts]
    for new in policies:
        yield _replayed(old, new, pasts, before, pasts)


def _replayed(
    old: Policy, new: Policy, pasts: Sequence[Past], before: Sequence[Side], under_new: Sequence[Past]
) -> Replayed:
    after = [_side(other, new, like=past) for past, other in zip(pasts, under_new, strict=True)]
    if not any(side.plan for side in (*before, *after)):
        raise DataError(
            "Neither policy has a plan for anybody in the history, so there is nothing to replay.\n"
            "Write plans under incentives.plans, for roles that the table reps names."
        )
    return Replayed(old, new, tuple(map(Played, pasts, before, after)))


def pay_of(plan: Plan | None, policy: Policy, history: History) -> Months:
    """Pay of each month by component; nothing without a plan."""
    if plan is None:
        return {}
    found = earned(plan, policy.incentives.rules, history, zero_quota=policy.semantics.zero_quota)
    return {component: found.monthly(history, component) for component in found.to_date}


def _side(past: Past, policy: Policy, like: Past | None = None) -> Side:
    plan = plan_for(policy, past)
    history = past.history if plan is None else with_target(past.history, plan)
    if like is not None and list(like.history.payees) != list(history.payees):
        raise DataError(
            f"The policies credit different people of {past.role} in {past.year}; replay needs both to name the same."
        )
    return Side(plan, history, pay_of(plan, policy, history))


def _paired(first: Sequence[Past], second: Sequence[Past]) -> list[Past]:
    """The pasts of `second` in the order of `first`; a role that it does not pay stands for itself."""
    others = {(past.role, past.year): past for past in second}
    return [others.get((past.role, past.year), past) for past in first]
