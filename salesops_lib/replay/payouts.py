"""What is paid out of pay earned under two policies: caps, releases, holds, clawbacks, draws, guarantees.

Both sides begin with nothing owed or lent in the first fiscal year that is replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives.payments import paid
from salesops_lib.policy.values import Span
from salesops_lib.replay.past import Past, plan_for

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.policy import Policy
    from salesops_lib.replay.paying import Replayed
    from salesops_lib.workspace import Workspace

#: Movements that a page shows, from what is earned to what is paid.
STEPS = (
    "earned", "forfeited", "withheld", "clawed_back", "lapsed", "waiting", "held", "released", "asked_back", "taken_back",
    "draw", "recovered", "guarantee", "paid",
)  # fmt: skip


@dataclass(frozen=True)
class PaidOut:
    """Payments of the replayed months under both policies.

    Attributes
    ----------
    before, after
        One row a payee with the sum of each of `STEPS`, in minor units; see `incentives.payments.Payments.months`.
    """

    before: pd.DataFrame
    after: pd.DataFrame

    @property
    def people(self) -> pd.Series:
        """Difference of what each payee is paid."""
        return self.after.paid.sub(self.before.paid, fill_value=0).astype("int64")

    @property
    def steps(self) -> pd.DataFrame:
        """One row a step: before, after, difference."""
        sums = pd.DataFrame({"before": self.before.sum(), "after": self.after.sum()}).astype("int64")
        return sums.assign(difference=sums.after - sums.before)


def paid_out(ws: Workspace, replayed: Replayed, window: Window) -> PaidOut:
    """What would have been paid of what was earned, in the replayed months.

    Raises
    ------
    DataError
        If what either policy's payments ask for (invoices, receipts) is not loaded.
    """
    pasts = [played.past for played in replayed.played]
    sides = [as_if(policy, pasts) for policy in (replayed.old, replayed.new)]
    before = _paid(ws, sides[0], window)
    is_same = _pays(sides[0]) == _pays(sides[1])
    return PaidOut(before, before if is_same else _paid(ws, sides[1], window))


def as_if(policy: Policy, pasts: Sequence[Past]) -> Policy:
    """The policy with the plan that is replayed in each role and year in force for just that year."""
    roles: dict[tuple[str, object, object], list[str]] = {}
    plans = {plan.id: plan for plan in policy.incentives.plans}
    for past in pasts:
        plan = plan_for(policy, past)
        if plan is not None:
            roles.setdefault((plan.id, past.start, past.end), []).append(past.role)
    held = tuple(
        plans[plan_id].model_copy(
            update={"roles": tuple(own), "effective": Span.model_validate({"from": start, "to": end})}
        )
        for (plan_id, start, end), own in roles.items()
    )
    return policy.model_copy(update={"incentives": policy.incentives.model_copy(update={"plans": held})})


def _pays(policy: Policy) -> tuple[object, ...]:
    """All of a policy that payments depend on."""
    return policy.incentives, policy.semantics, policy.calendar, policy.collections, policy.org


def _paid(ws: Workspace, policy: Policy, window: Window) -> pd.DataFrame:
    if not policy.incentives.plans:
        return pd.DataFrame(0, index=pd.Index([], name="payee"), columns=list(STEPS))
    through = ws.calendar.period_of(window.end, "month")
    found = paid(replace(ws, policy=policy), through).months
    ends = found.month.map(lambda label: ws.calendar.parse(label).end)
    kept = found[(ends >= window.start) & (ends <= window.end)]
    return kept.groupby("payee")[list(STEPS)].sum()
