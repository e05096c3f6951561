"""The design of a year's plans: what they cost, how they bend, whom they favour, how they are played.

Plans are looked at as they stand, on the people and quotas of the fiscal year of the period; what is
already earned counts to the end of the period.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives import cliffs, cost, facts, fairness, gaming, shape
from salesops_lib.incentives.people import potentials, profiles
from salesops_lib.incentives.signals import company, signals
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import wilson

if TYPE_CHECKING:
    from salesops_lib.incentives.facts import Case
    from salesops_lib.incentives.history import History
    from salesops_lib.workspace import Workspace

Floats = NDArray[np.float64]
Section = tuple[Exhibit | Missing, ...]
NEEDS = ("sales.rep_id", "reps.rep_id", "org.rep_id", "targets.value")
_SOURCES = ("order_lines", "reps", "org", "targets")
#: Attainments that a page shows pay at; people beyond stand at the border, and are counted.
_SHOWN = 2.0
#: What the table of cost calls the quantiles of cost over sales.
_RATES = {name: f"rate_{name}" for name in ("p05", "p50", "p95")}


@dataclass(frozen=True)
class Design:
    """Sections of the page, in its order."""

    cost: Section
    curves: Section = ()
    shape: Section = ()
    fairness: Section = ()
    gaming: Section = ()
    asks: tuple[Finding, ...] = ()

    @property
    def movers(self) -> list[Exhibit | Missing]:
        """What the headline says besides cost."""
        return [section[0] for section in (self.shape, self.fairness, self.gaming) if section]


@dataclass(frozen=True)
class Studied:
    """A plan that is held against quotas: its curve, and its people to the end of the period.

    Attributes
    ----------
    n_months
        Months of the fiscal year that are over with the period.
    """

    case: Case
    curve: shape.PayCurve
    n_months: int

    @property
    def id(self) -> str:
        return self.case.plan.id

    @cached_property
    def people(self) -> pd.DataFrame:
        """One row a payee: payee, plan, quota and actual (to date), attainment, earned (to date), target (incentive of the months)."""
        history = _upto(self.case.history, self.n_months)
        lead = shape.lead_key(self.case.plan, history)
        quota, actual = (
            np.asarray(values[lead]).sum(axis=1).astype(float) for values in (history.quota, history.actual)
        )
        earned = sum(
            self.case.earned.monthly(self.case.history, component)[:, : self.n_months].sum(axis=1)
            for component in self.case.earned.to_date
        )
        return pd.DataFrame(
            {
                "payee": history.payees,
                "plan": self.id,
                "quota": quota,
                "actual": actual,
                "attainment": np.divide(actual, quota, out=np.full(len(quota), np.nan), where=quota > 0),
                "earned": earned,
                "target": self.curve.target * self._served,
            }
        )

    @property
    def _served(self) -> Floats:
        """Share of a year's days that each payee has served by the end of the period."""
        history = self.case.history
        if history.served is None or history.days is None:
            return np.full(len(history.payees), self.n_months / len(history.months))
        served = np.asarray(history.served)[:, : self.n_months].sum(axis=1)
        shares: Floats = served / np.broadcast_to(history.days, history.shape).sum(axis=1)
        return shares


def design(ws: Workspace) -> Design:
    """The plans of the fiscal year of the workspace's period.

    Raises
    ------
    DataError
        If what a plan pays for is not known.
    """
    if not ws.policy.incentives.plans:
        return Design((Missing("design_cost", (), "note.no_plans"),))
    if absent := ws.facts.missing(*NEEDS):
        return Design((Missing("design_cost", absent),))
    year = ws.calendar.period_of(ws.window.end, "year")
    cases = facts.cases(ws, year)
    found, left_out = _studied(ws, cases)
    if not found:
        return Design((Missing("design_cost", ("targets.value",), "note.no_quotas"),))
    people = pd.concat([one.people for one in found], ignore_index=True)
    costs, shapes = _cost(ws, found, people, left_out), _shapes(ws, cases)
    fair = _fairness(ws, people)
    return Design(
        cost=costs,
        curves=tuple(_curve(one, max(ws.policy.report.suppress_below, 1)) for one in found),
        shape=shapes,
        fairness=fair,
        gaming=(_bunching(ws, people, found), company(ws), signals(ws)),
        asks=_asks(*costs, *shapes, *fair),
    )


def _studied(ws: Workspace, cases: Sequence[Case]) -> tuple[list[Studied], list[str]]:
    """The plans with a quota to hold them against, and the ids of those without."""
    rules, zero = ws.policy.incentives.rules, ws.policy.semantics.zero_quota
    found, left_out = [], []
    for case in cases:
        n_months = sum(month.end <= ws.window.end for month in case.months)
        try:
            shape.lead_key(case.plan, case.history)
        except DataError:
            left_out.append(case.plan.id)
            continue
        curve = shape.pay_curve(case.plan, rules, case.history, upto=_SHOWN, zero_quota=zero)
        found.append(Studied(case, curve, max(n_months, 1)))
    return found, left_out


def _upto(history: History, n: int) -> History:
    """What was done and asked for in the first n months."""
    actual, quota = (
        {key: np.asarray(values)[:, :n] for key, values in part.items()}
        for part in (history.actual, history.quota)
    )
    return replace(history, months=list(history.months)[:n], actual=actual, quota=quota)


def _cost(ws: Workspace, found: Sequence[Studied], people: pd.DataFrame, left_out: Sequence[str]) -> Section:
    """What each plan and all cost in 10,000 drawn years, in money and of sales: P05, P50 and P95."""
    limits = ws.policy.incentives.sustainability
    drawn = {
        one.id: cost.drawn(one.case.plan, _upto(one.case.history, one.n_months), one.curve) for one in found
    }
    costs = cost.cost_of_sales(drawn)
    sizes = {one.id: len(one.case.history.payees) for one in found}
    n = [sizes.get(plan, len(people)) for plan in costs.plan]
    total = costs.iloc[-1]
    told = {"pay": total.pay, "pay_low": total.pay_p05, "pay_high": total.pay_p95, "rate": total.rate, "low": total.p05,
            "high": total.p95, "earned": float(people.earned.sum()), "n": len(people),
            "limit": limits.cost_of_sales_max, "limit_p95": limits.cost_of_sales_p95_max}  # fmt: skip
    is_over = [
        limit is not None and value > limit
        for value, limit in (
            (total.rate, limits.cost_of_sales_max),
            (total.p95, limits.cost_of_sales_p95_max),
        )
    ]
    has_limit = limits.cost_of_sales_max is not None or limits.cost_of_sales_p95_max is not None
    limit_note = (Finding("note.cost_limits", told),) if has_limit else ()
    notes = [Finding("note.drawn_years")]
    notes += [Finding("note.plans_left_out", {"names": tuple(left_out)})] if left_out else []
    chart = pd.DataFrame(
        {"label": costs.plan, "value": costs.pay_p50, "low": costs.pay_p05, "high": costs.pay_p95, "n": n}
    )
    table = costs.drop(columns=["pay", "rate"]).assign(
        plan=[_named(plan) for plan in costs.plan], is_total=costs.plan == "total"
    )
    return (
        Exhibit(
            "design_cost", "intervals", chart, units=dict.fromkeys(("value", "low", "high"), "money"), sources=_SOURCES,
            findings=(
                Finding("design.cost_over" if any(is_over) else "design.cost", told, tone="bad" if any(is_over) else "neutral"),
                Finding("design.earned", told),
            ), notes=tuple(notes),
        ),
        Exhibit(
            "design_ccos", "table", table.rename(columns=_RATES), findings=(Finding("design.ccos", told),), sources=_SOURCES, notes=limit_note,
            units=dict.fromkeys(("pay_p05", "pay_p50", "pay_p95"), "money") | dict.fromkeys(_RATES.values(), "rate"),
        ),
    )  # fmt: skip


def _curve(one: Studied, below: int) -> Exhibit:
    """What a plan pays at each attainment, as a share of the target incentive; everybody is a dot without a name.

    Fewer people than `below` are not drawn: each would be known without a name.
    """
    people = one.people.dropna(subset=["attainment"])
    is_shown = len(people) >= below
    is_promised = (people.target > 0).all()
    shown = one.curve.attainment <= _SHOWN
    pay = one.curve.share() if is_promised else np.median(one.curve.pay, axis=0)
    own = people.earned / people.target if is_promised else people.earned
    dots = pd.DataFrame({"attainment": people.attainment, "pays": own, "is_unit": True})
    frame = pd.concat(
        [
            pd.DataFrame({"attainment": one.curve.attainment[shown], "pays": pay[shown], "is_unit": False}),
            dots if is_shown else dots.head(0),
        ],
        ignore_index=True,
    )
    at_goal = fairness.share_at_goal(people.attainment.to_numpy())
    best = shape.leverage(one.curve, people.attainment.to_numpy()) if len(people) else float("nan")
    told = {"plan": one.id, "n": len(people), "at_goal": at_goal.value, "low": at_goal.low, "high": at_goal.high,
            "leverage": best}  # fmt: skip
    return Exhibit(
        f"design_curve.{one.id}", "profile", frame,
        findings=(Finding("design.curve" if is_shown else "design.curve_alone", told),),
        notes=() if is_shown else (Finding("note.groups_below", {"n": below}),),
        units={"attainment": "ratio", "pays": "ratio" if is_promised else "money"}, sources=_SOURCES,
    )  # fmt: skip


def _shapes(ws: Workspace, cases: Sequence[Case]) -> Section:
    """Where pay jumps, and how steep it is between edges: on a typical person of each plan."""
    limits, rules = ws.policy.incentives.sustainability, ws.policy.incentives.rules
    typical = {one.plan.id: cliffs.Typical.of(one.plan, rules, one.history) for one in cases}
    jumps, rates = _by_component(typical, cliffs.cliffs), _by_component(typical, cliffs.rates)
    jumps = jumps.sort_values("months", key=abs, ascending=False, kind="stable", ignore_index=True)
    sold = jumps[jumps.unit != "ratio"]  # the limit is of what one more unit sold pays
    largest, steepest = sold.months.abs().max(), rates.rate.max()
    is_over = [
        limit is not None and value > limit
        for value, limit in ((largest, limits.cliff_max_months), (steepest, limits.rate_jump_max))
    ]
    told = {
        "n": len(jumps),
        "months": largest if is_over[0] else jumps.months.abs().max(),
        "limit": limits.cliff_max_months,
    }
    which = "design.no_cliffs" if jumps.empty else "design.cliffs_over" if is_over[0] else "design.cliffs"
    steep = {"rate": steepest, "limit": limits.rate_jump_max}
    return (
        Exhibit(
            "design_cliffs", "table",
            jumps.assign(edge=cliffs.in_words(jumps))[["component", "edge", "jump", "months"]],
            findings=(Finding(which, told, tone="bad" if is_over[0] else "neutral"),), sources=_SOURCES,
            units={"jump": "money", "months": "quantity"}, notes=(Finding("note.replay_typical"),),
        ),
        Exhibit(
            "design_slopes", "table", rates,
            findings=(Finding("design.steep_over" if is_over[1] else "design.steep", steep, tone="bad" if is_over[1] else "neutral"),)
            if len(rates) else (),
            units={"start": "ratio", "end": "ratio", "rate": "multiple"}, sources=_SOURCES, shown=len(rates),
        ),
    )  # fmt: skip


def _by_component(
    typical: Mapping[str, cliffs.Typical], measure: Callable[[cliffs.Typical], pd.DataFrame]
) -> pd.DataFrame:
    """What is measured of each plan, its components named with it."""
    frames = [(plan, measure(one)) for plan, one in typical.items()]
    return pd.concat(
        [found.assign(component=[_part(plan, one) for one in found.component]) for plan, found in frames],
        ignore_index=True,
    )


def _fairness(ws: Workspace, people: pd.DataFrame) -> Section:
    """Is success within reach of everyone alike: each measure with its interval and the policy's limit."""
    below = max(ws.policy.report.suppress_below, 1)
    known = people.dropna(subset=["attainment"])
    if len(known) < below:
        return (Missing("design_fairness", (), "note.too_few_people"),)
    measures = list(fairness.measures(_grouped(ws, known), ws.policy.targets.fairness, below))
    judged = [one[:4] for one in measures]  # gate, interval, limits
    verdicts = [fairness.verdict(*one[1:]) for one in judged]
    frame = pd.DataFrame(
        {
            "gate": [_named(gate) for gate, *_ in judged],
            "found": [fairness.figure(gate, found) for gate, found, *_ in judged],
            "limit": [fairness.limit(fairness.unit(gate), least, most) for gate, _, least, most in judged],
            "status": [_named(verdict) for verdict in verdicts],
        }
    )
    told = {"n": len(known), **{name: verdicts.count(name) for name in ("pass", "fail", "open")}}
    lead = Exhibit(
        "design_fairness", "table", frame, sources=_SOURCES,
        findings=(Finding("design.fairness", told, tone="bad" if told["fail"] else "neutral"),),
        notes=(Finding("note.fairness_intervals"), *filter(None, (fairness.reason(*one) for one in judged))),
    )  # fmt: skip
    groups = [
        (one.gate.removeprefix("impact_"), one.groups, one.odds)
        for one in measures
        if one.groups is not None and len(one.groups) > 1
    ]
    return lead, *(_group(*one, below) for one in groups)


def _grouped(ws: Workspace, known: pd.DataFrame) -> pd.DataFrame:
    """People with what they can be grouped by, and the potential of a year's customers per quota."""
    about = profiles(ws, ws.window.end, ws.policy.replay.tenure_years)
    year_before = (pd.Timestamp(ws.window.end) - pd.DateOffset(years=1)).date()
    own = potentials(ws, year_before, ws.window.end)
    return known.assign(
        **{by: known.payee.map(about[by]) for by in ("region", "team", "tenure")},
        role=known.plan.map({plan.id: plan.roles[0] for plan in ws.policy.incentives.plans}),
        potential=known.payee.map({} if own is None else own).astype(float) / known.quota,
    )


def _group(by: str, table: pd.DataFrame, odds: float, below: int) -> Exhibit:
    """Share at goal of each group, with its interval."""
    shares = [wilson(int(row.at_goal), int(row.n)) for row in table.itertuples()]
    frame = pd.DataFrame(
        {"label": table.group.astype(str), "value": table.share, "low": [s.low for s in shares],
         "high": [s.high for s in shares], "n": table.n}
    ).sort_values("value", ascending=False, ignore_index=True)  # fmt: skip
    told = {"top": frame.label.iloc[0], "most": frame.value.iloc[0], "bottom": frame.label.iloc[-1],
            "least": frame.value.iloc[-1], "odds": odds}  # fmt: skip
    return Exhibit(
        f"design_{by}", "intervals", frame, units=dict.fromkeys(("value", "low", "high"), "ratio") | {"n": "count"},
        findings=(Finding("design.groups_differ" if odds < 0.05 else "design.groups_alike", told),), sources=_SOURCES,
        notes=(Finding("note.groups_below", {"n": below}),),
    )  # fmt: skip


def _bunching(ws: Workspace, people: pd.DataFrame, found: Sequence[Studied]) -> Exhibit | Missing:
    """People just above each edge of the plans, against how many a smooth distribution has there."""
    rows = []
    for one in found:
        own = people[people.plan == one.id].attainment.to_numpy()
        edges = one.curve.attainment[np.flatnonzero(np.diff(one.curve.attainment) == 0)]
        rows += [(one.id, *gaming.bunching(own, float(edge))) for edge in edges]
    frame = pd.DataFrame(rows, columns=["plan", "edge", "observed", "expected", "excess", "p_value"])
    told = frame.dropna(subset=["p_value"]).reset_index(drop=True)
    if told.empty:
        return Missing("design_bunching", (), "note.too_few_people")
    seen = told[told.p_value * len(told) < ws.policy.incentives.gaming.named_odds]
    finding = (
        Finding("design.bunched", seen.iloc[0].to_dict() | {"plan": seen.iloc[0].plan}, tone="bad")
        if len(seen)
        else Finding("design.not_bunched", {"n": len(told)})
    )
    return Exhibit(
        "design_bunching", "table",
        told.assign(plan=[_named(plan) for plan in told.plan])[["plan", "edge", "observed", "expected", "p_value"]],
        findings=(finding,), sources=_SOURCES,
        units={"plan": "text", "edge": "ratio", "observed": "count", "expected": "quantity", "p_value": "quantity"},
    )  # fmt: skip


def _asks(*exhibits: Exhibit | Missing) -> tuple[Finding, ...]:
    """What has to be decided: each limit that is passed."""
    decided: Mapping[str, str] = {
        "design.cost_over": "design.ask_cost",
        "design.cliffs_over": "design.ask_cliffs",
        "design.steep_over": "design.ask_steep",
        "design.fairness": "design.ask_fairness",
    }
    return tuple(
        Finding(decided[finding.id], finding.values)
        for exhibit in exhibits
        if isinstance(exhibit, Exhibit)
        for finding in exhibit.findings
        if finding.id in decided and finding.tone == "bad"
    )


def _named(id: str) -> Finding:
    return Finding("value.label", {"value": id})


def _part(plan: str, component: str) -> Finding:
    return Finding("value.part", {"plan": plan, "component": f"{plan}.{component}"})
