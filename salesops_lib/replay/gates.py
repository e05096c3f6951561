"""What a change is held against: cost and shape of pay, fairness of targets, prices; before and after."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib import pricing
from salesops_lib.incentives import fairness
from salesops_lib.incentives.people import potentials
from salesops_lib.metrics import Exhibit, Finding, totals
from salesops_lib.metrics.formulas import Interval
from salesops_lib.replay.bands import drawn
from salesops_lib.replay.cliffs import cliffs, steepest
from salesops_lib.replay.past import Past, plan_for

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.policy import Policy
    from salesops_lib.replay.paying import Replayed
    from salesops_lib.workspace import Workspace

#: The share of outcomes that cost_of_sales_p95_max speaks of.
_P95 = 0.95


@dataclass(frozen=True)
class Gate:
    """A figure under both policies, and the band that the new policy sets for it; missing where it cannot be measured.

    Costs, rates and prices of the history are what they are; measures of fairness are judged by their intervals.
    """

    group: str
    gate: str
    before: Interval
    after: Interval
    low: float | None = None
    high: float | None = None

    @property
    def unit(self) -> str:
        """What the figure is: a ratio, a quantity or a multiple."""
        if self.group == "targets":
            return fairness.unit(self.gate)
        return {"rate_jump": "multiple", "cliff_months": "quantity"}.get(self.gate, "ratio")

    @property
    def verdict(self) -> str:
        """pass, fail, open where the interval includes the limit, or unknown where there is no figure."""
        return fairness.verdict(self.after, self.low, self.high)

    @property
    def reason(self) -> Finding | None:
        """Why it is open or unknown."""
        if self.group == "targets" or self.verdict != "unknown":
            return fairness.reason(self.gate, self.after, self.low, self.high)
        lacking = "target" if self.gate == "rate_jump" else "prices" if self.group == "pricing" else "sales"
        return Finding(f"note.gate_unknown.{lacking}", {"gate": self.gate})

    @property
    def fails_anew(self) -> bool:
        """Whether the old policy does not fail it."""
        return self.verdict == "fail" and fairness.verdict(self.before, self.low, self.high) != "fail"


def _gate(
    group: str, gate: str, sides: Sequence[float], *, low: float | None = None, high: float | None = None
) -> Gate:
    """A gate of figures that have no error."""
    before, after = (Interval(float(side), float(side), float(side)) for side in sides)
    return Gate(group, gate, before, after, low, high)


def gates(ws: Workspace, replayed: Replayed, profiles: pd.DataFrame, window: Window) -> list[Gate]:
    """The gates of `replay.must_hold` for which the new policy sets a limit."""
    groups = {
        "sustainability": lambda: _sustainability(ws, replayed, window),
        "targets": lambda: _targets(ws, replayed, profiles, window),
        "pricing": lambda: _pricing(ws, replayed, window),
    }
    found = [gate for name in replayed.new.replay.must_hold for gate in groups[name]()]
    return [gate for gate in found if gate.low is not None or gate.high is not None]


def _sustainability(ws: Workspace, replayed: Replayed, window: Window) -> Iterator[Gate]:
    limits = replayed.new.incentives.sustainability
    sold = totals(ws.facts, ["bookings"], {"all": window}).at["all", "bookings"]
    sales = float(sold) if pd.notna(sold) and sold > 0 else float("nan")
    cost = [replayed.totals[side] / sales for side in ("before", "after")]
    yield _gate("sustainability", "cost_of_sales", cost, high=limits.cost_of_sales_max)
    yield _gate(
        "sustainability", "cost_of_sales_p95", _p95(replayed, sales), high=limits.cost_of_sales_p95_max
    )
    rates = (steepest(replayed, replayed.old), steepest(replayed, replayed.new))
    yield _gate("sustainability", "rate_jump", rates, high=limits.rate_jump_max)
    yield _gate("sustainability", "cliff_months", largest_cliffs(replayed), high=limits.cliff_max_months)


def largest_cliffs(replayed: Replayed) -> tuple[float, float]:
    """The largest jump for one more unit sold under each policy, in months of target; quotients are not sold."""
    found = cliffs(replayed)
    sold = found[found.unit != "ratio"]
    jumps = sold[["before", "after"]].astype(float).abs()
    months = jumps.div(jumps.max(axis=1), axis=0).mul(sold.months, axis=0)
    before, after = (
        0.0 if months[side].isna().all() else float(months[side].max()) for side in ("before", "after")
    )
    return before, after


def _p95(replayed: Replayed, sales: float) -> tuple[float, float]:
    """Pay / bookings that 95 % of draws of people stay below; each brings the own sales along."""
    own = _own_sales(replayed)
    people = replayed.people.assign(
        sales=[own.get((row.payee, row.role), 0) for row in replayed.people.itertuples()]
    )
    values = people[["before", "after", "sales"]].to_numpy(dtype=np.float64)
    draws = np.concatenate([d.sum(axis=1) for d in drawn(values, people.role, replayed.new.replay.bootstrap)])
    rest = sales - values[:, 2].sum()  # sold by nobody in particular
    before, after = (np.quantile(draws[:, n] / (draws[:, 2] + rest), _P95) for n in (0, 1))
    return float(before), float(after)


def _own_sales(replayed: Replayed) -> dict[tuple[str, str], int]:
    found: dict[tuple[str, str], int] = {}
    for past in (played.past for played in replayed.played):
        sold = past.history.actual.get(("bookings", "direct"))
        if sold is None:
            continue
        for payee, amount in zip(past.history.payees, sold[:, past.kept].sum(axis=1).tolist(), strict=True):
            found[payee, past.role] = found.get((payee, past.role), 0) + amount
    return found


def _targets(ws: Workspace, replayed: Replayed, profiles: pd.DataFrame, window: Window) -> Iterator[Gate]:
    """How fair the quotas are; a grouping that people cannot be put into is not measured, and says so."""
    new = replayed.new
    own = potentials(ws, window.start, window.end)
    sides = []
    for policy in (replayed.old, new):
        people = attainments(replayed, policy)
        potential = people.payee.map(own if own is not None else {}).astype(float) / people.quota
        groups = {by: people.payee.map(profiles[by]) for by in fairness.GROUPINGS if by in profiles}
        known = people.assign(potential=potential, **groups)
        sides.append(list(fairness.measures(known, new.targets.fairness, new.report.suppress_below)))
    for before, after in zip(*sides, strict=True):
        yield Gate("targets", after.gate, before.found, after.found, after.least, after.most)


def attainments(replayed: Replayed, policy: Policy) -> pd.DataFrame:
    """One row per payee and fiscal year with a quota of the plan's main measure: payee, role, quota, attainment."""
    frames = [_attained(played.past, policy) for played in replayed.played]
    return pd.concat(
        [pd.DataFrame(columns=["payee", "role", "quota", "attainment"]), *frames], ignore_index=True
    )


def _attained(past: Past, policy: Policy) -> pd.DataFrame:
    plan = plan_for(policy, past)
    weighed = [part for part in plan.components if part.weight] if plan else []
    if not weighed:
        return pd.DataFrame()
    main = max(weighed, key=lambda part: part.weight)
    key = (
        (main.measure, main.credit)
        if (main.measure, main.credit) in past.history.quota
        else (main.measure, "direct")
    )
    if key not in past.history.quota:
        return pd.DataFrame()
    asked, sold = (
        table[key][:, past.kept].sum(axis=1) for table in (past.history.quota, past.history.actual)
    )
    frame = pd.DataFrame(
        {
            "payee": past.history.payees,
            "role": past.role,
            "quota": asked.astype(float),
            "attainment": sold / np.where(asked > 0, asked, np.nan),
        }
    )
    return frame.dropna()


def _pricing(ws: Workspace, replayed: Replayed, window: Window) -> Iterator[Gate]:
    """Lines of the history held against the floors and the authority of each policy."""
    limits = replayed.new.pricing
    sides = [_prices(replace(ws, policy=policy), window) for policy in (replayed.old, replayed.new)]
    for gate, high in (
        ("leakage", limits.leakage.max_share_of_list),
        ("below_floor", limits.compliance.below_floor_max),
        ("over_authority", limits.compliance.over_authority_max),
    ):
        yield _gate("pricing", gate, [side.get(gate, float("nan")) for side in sides], high=high)


def _prices(ws: Workspace, window: Window) -> dict[str, float]:
    floor, authority = pricing.floor_breaches(ws, window=window), pricing.beyond_authority(ws, window)
    found: dict[str, float] = {}
    if isinstance(floor, Exhibit):
        told = floor.findings[0].values
        found |= {"leakage": float(told["share"]), "below_floor": float(told["amount_share"])}
    if isinstance(authority, Exhibit):
        found["over_authority"] = float(authority.findings[0].values["share"])
    return found
