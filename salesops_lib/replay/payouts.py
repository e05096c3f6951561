"""What is paid out of pay earned under two policies: caps, releases, holds, clawbacks, draws, guarantees.

What spiffs and contests earn comes to what the plans earn, as it does in statements.
Both sides begin with nothing owed or lent in the first fiscal year that is replayed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives.further import further
from salesops_lib.incentives.payments import paid
from salesops_lib.policy.values import Span
from salesops_lib.replay.past import Past, plan_for

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.policy import Policy
    from salesops_lib.replay.paying import Replayed
    from salesops_lib.workspace import Workspace

#: Movements that a page shows: what spiffs and contests earned (a part of what is earned), and on to what is paid.
STEPS = (
    "further", "earned", "forfeited", "withheld", "clawed_back", "lapsed", "waiting", "held", "released", "asked_back", "taken_back",
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
    return PaidOut(*(_paid(ws, side, window) for side in sides))


def pay_alike(old: Policy, new: Policy) -> bool:
    """Whether nothing that payments depend on differs."""
    return _pays(old) == _pays(new)


def as_if(policy: Policy, pasts: Sequence[Past]) -> Policy:
    """The policy with the plan that is replayed in each role and year in force for just that year."""
    roles: dict[tuple[str, object, object], list[str]] = {}
    plans = {plan.id: plan for plan in policy.incentives.plans}
    for past in pasts:
        plan = plan_for(policy, past)
        if plan is not None:
            roles.setdefault((plan.id, past.start, past.end), []).append(past.role)
    held = tuple(
        plans[name].model_copy(
            update={"roles": tuple(own), "effective": Span.model_validate({"from": start, "to": end})}
        )
        for (name, start, end), own in roles.items()
    )
    return policy.model_copy(update={"incentives": policy.incentives.model_copy(update={"plans": held})})


def _pays(policy: Policy) -> tuple[object, ...]:
    """All of a policy that payments depend on."""
    return policy.incentives, policy.semantics, policy.calendar, policy.collections, policy.org


def _paid(ws: Workspace, policy: Policy, window: Window) -> pd.DataFrame:
    if not policy.incentives.plans:
        return pd.DataFrame(0, index=pd.Index([], name="payee"), columns=list(STEPS))
    under, through = replace(ws, policy=policy), ws.calendar.period_of(window.end, "month")
    first = min(plan.effective.start for plan in policy.incentives.plans if plan.effective.start)
    beside = further(under, through)
    beside = beside[
        pd.to_datetime(beside.credited_on) >= pd.Timestamp(first)
    ]  # of years that are not replayed
    found = paid(under, through, further=beside).months
    sums = _within(ws, found, window).groupby("payee")[list(STEPS[1:])].sum()
    own = _within(ws, beside, window).groupby("payee").amount.sum()
    return sums.assign(further=own.reindex(sums.index, fill_value=0))[list(STEPS)].astype("int64")


def _within(ws: Workspace, rows: pd.DataFrame, window: Window) -> pd.DataFrame:
    ends = {label: ws.calendar.parse(label).end for label in rows.month.unique()}
    return rows[[window.start <= ends[label] <= window.end for label in rows.month]]
