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
from salesops_lib.metrics import Exhibit, totals
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
#: What people are put into groups by: their profile's, and their role.
GROUPINGS = ("region", "team", "tenure", "role")


@dataclass(frozen=True)
class Gate:
    """A figure under both policies, and the band that the new policy sets for it; missing where it cannot be measured."""

    group: str
    gate: str
    before: float
    after: float
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> str:
        """pass, fail, or unknown where there is no figure."""
        return self._judged(self.after)

    @property
    def why(self) -> str:
        """What a gate lacks that cannot be measured: grouping, groups, potential, prices, quotas or sales."""
        if self.gate.startswith("impact_"):
            return "groups" if self.gate.removeprefix("impact_") in GROUPINGS else "grouping"
        known = {"potential_correlation": "potential", "rate_jump": "target"}
        return known.get(self.gate, {"pricing": "prices", "targets": "quotas"}.get(self.group, "sales"))

    @property
    def fails_anew(self) -> bool:
        """Whether the old policy does not fail it."""
        return self.verdict == "fail" and self._judged(self.before) != "fail"

    def _judged(self, value: float) -> str:
        if pd.isna(value):
            return "unknown"
        is_outside = (self.low is not None and value < self.low) or (
            self.high is not None and value > self.high
        )
        return "fail" if is_outside else "pass"


def _gate(
    group: str, gate: str, sides: Sequence[float], *, low: float | None = None, high: float | None = None
) -> Gate:
    before, after = sides
    return Gate(group, gate, float(before), float(after), low, high)


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
    limits = replayed.new.targets.fairness
    sides = [attainments(replayed, policy) for policy in (replayed.old, replayed.new)]
    low, high = limits.at_goal or (None, None)
    at_goal = [fairness.share_at_goal(one.attainment.to_numpy(dtype=float)).value for one in sides]
    yield _gate("targets", "at_goal", at_goal, low=low, high=high)
    yield _gate("targets", "gini", [fairness.gini(one.attainment) for one in sides], high=limits.gini_max)
    sizes = [_correlation(one, one.quota) for one in sides]
    yield _gate("targets", "size_correlation", sizes, high=limits.size_correlation_max)
    own = potentials(ws, window.start, window.end)
    known = [one.payee.map(own if own is not None else {}).astype(float) / one.quota for one in sides]
    potential = [_correlation(one, rate) for one, rate in zip(sides, known, strict=True)]
    yield _gate("targets", "potential_correlation", potential, high=limits.potential_correlation_max)
    groups = {name: profiles[name].to_dict() for name in GROUPINGS if name in profiles}
    for by in limits.impact_by:
        labels = [one.role if by == "role" else one.payee.map(groups.get(by, {})) for one in sides]
        least = replayed.new.report.suppress_below
        ratios = [_impact(one, label, least) for one, label in zip(sides, labels, strict=True)]
        yield _gate("targets", f"impact_{by}", ratios, low=limits.impact_ratio_min)


def _correlation(frame: pd.DataFrame, other: pd.Series) -> float:
    """|Rank correlation| of attainment and something else."""
    pair = frame.attainment.to_numpy(dtype=float), other.to_numpy(dtype=float)
    return abs(fairness.rank_correlation(*pair).value)


def _impact(frame: pd.DataFrame, labels: pd.Series, least: int) -> float:
    """Share at goal of the worst group over that of the best, of groups of at least so many people."""
    sizes = labels.map(labels.value_counts())
    kept = labels.where(sizes >= least)
    return fairness.impact_ratio(frame.attainment.to_numpy(dtype=float), list(kept))[0].value


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
