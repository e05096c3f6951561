"""Next year's targets as a page: the proposal, how it was made, what it was held against, and the SMART tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import REGISTRY, Exhibit, Finding, Missing
from salesops_lib.targets import checks
from salesops_lib.targets.attainment import target_values
from salesops_lib.targets.decomposition import COMPANY
from salesops_lib.targets.proposal import NEEDS, Proposal, company_targets, propose
from salesops_lib.targets.smart import TESTS, Aim, Landing, aims, landings, verdicts

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
_SOURCES = ("targets", "order_lines", "customers", "reps", "org")


@dataclass(frozen=True)
class Setting:
    """Sections of the page, in its order."""

    units: Section
    method: Section = ()
    checks: Section = ()
    smart: Section = ()
    asks: tuple[Finding, ...] = ()


def setting(ws: Workspace) -> Setting:
    """Targets proposed for the year after the workspace's period."""
    if ws.facts.scope:
        return Setting((Missing("target_units", (), "note.company_shares_out"),))
    if absent := ws.facts.missing(*NEEDS):
        return Setting((Missing("target_units", absent),))
    year = ws.calendar.shift(ws.calendar.period_of(ws.window.end, "year"), 1)
    if not company_targets(ws, year):
        return Setting((Missing("target_units", ("targets.value",), "note.no_company_target"),))
    proposal = propose(ws, year)
    lead = next(iter(proposal.tree.totals))
    units = _units(proposal, lead)
    checked, asks = _checks(proposal, lead)
    return Setting(
        (units, _tree(proposal, lead), _people(proposal, lead)),
        (_method(proposal), _months(proposal, lead)),
        checked,
        smart(ws, year),
        asks,
    )


def _units(proposal: Proposal, metric: str) -> Exhibit:
    """Last year, target and growth of each unit above the person, and what the present targets say instead."""
    found = proposal.by_unit[(proposal.by_unit.measure == metric) & (proposal.by_unit.level != "rep")]
    months = [month.label for month in proposal.ws.calendar.months(proposal.year)]
    present = {
        level: target_values(proposal.ws, level, (metric,), months).set_index("scope_id").target
        for level in ("region", "team")
    } if proposal.ws.facts.has("targets") else {}  # fmt: skip
    now = [
        present[row.level].get(row.unit, np.nan) if row.level in present else np.nan
        for row in found.itertuples()
    ]
    frame = found.assign(present=now)[["level", "unit", "base", "target", "growth", "present"]]
    frame["change"] = frame.target / frame.present - 1
    frame = frame.assign(level=[Finding("value.label", {"value": level}) for level in frame.level])
    moved = frame.dropna(subset=["change"])
    told = {"year": proposal.year.label, "target": proposal.tree.totals[metric], "growth": proposal.growth.get(metric, np.nan),
            "n": len(proposal.people)}  # fmt: skip
    findings = [Finding("setting.proposed", told, metric)]
    if len(moved):
        far = moved.loc[moved.change.abs().idxmax()]
        findings.append(
            Finding("setting.moved", {"unit": far.unit, "change": far.change, "n": len(moved)}, metric)
        )
    return Exhibit(
        "target_units", "table", frame, metric=metric, findings=tuple(findings), sources=_SOURCES,
        units={"level": "text", "unit": "text", "base": "money", "target": "money", "growth": "ratio", "present": "money", "change": "ratio"},
        notes=(Finding("note.present_targets"),),
    )  # fmt: skip


def _tree(proposal: Proposal, metric: str) -> Exhibit:
    """The company's target, its regions', their teams', their people's: each unit before its parts, the largest first."""
    found = proposal.by_unit[proposal.by_unit.measure == metric].sort_values(
        ["target", "unit"], ascending=[False, True]
    )
    levels = {level: depth for depth, level in enumerate(dict.fromkeys(proposal.by_unit.level), start=1)}
    whole = pd.DataFrame(
        [{"level": COMPANY, "unit": COMPANY, "parent": "", "target": proposal.tree.totals[metric],
          "growth": proposal.growth.get(metric, np.nan)}]
    )  # fmt: skip
    frame = pd.concat([whole, found[["level", "unit", "parent", "target", "growth"]]], ignore_index=True)
    frame["share"] = frame.target / frame.groupby(["level", "parent"]).target.transform("sum")
    frame["is_above"] = frame.growth > frame.groupby("level").growth.transform("median")
    frame["depth"] = frame.level.map(levels).fillna(0).astype(int)
    frame = frame.loc[_parents_first(frame, 0, "")].reset_index(drop=True)
    largest, people = frame[frame.depth == 1], frame[frame.depth == frame.depth.max()]
    unit, person = largest.loc[largest.target.idxmax()], people.loc[people.target.idxmax()]
    told = {"unit": unit.unit, "share": unit.share, "n": len(people), "person": person.unit, "person_share": person.share, "team": person.parent}  # fmt: skip
    return Exhibit(
        "target_tree", "icicle", frame, metric=metric, findings=(Finding("setting.tree", told, metric),), sources=_SOURCES,
        units={"level": "text", "unit": "text", "parent": "text", "target": "money"}, notes=(Finding("note.target_tree"),), shown=len(frame),
    )  # fmt: skip


def _parents_first(frame: pd.DataFrame, depth: int, parent: str) -> list[int]:
    """Index of what belongs to a unit, each followed by what belongs to it."""
    own = frame[(frame.depth == depth) & (frame.parent == parent)]
    return [row for at, unit in own.unit.items() for row in (at, *_parents_first(frame, depth + 1, unit))]


def _people(proposal: Proposal, metric: str) -> Exhibit:
    """Targets of people, largest growth first."""
    found = proposal.by_unit[(proposal.by_unit.measure == metric) & (proposal.by_unit.level == "rep")]
    frame = found.sort_values(["growth", "unit"], ascending=[False, True], ignore_index=True)[
        ["unit", "parent", "base", "target", "growth"]
    ]
    low, high = frame.growth.min(), frame.growth.max()
    told = {"n": len(frame), "low": low, "high": high, "middle": frame.growth.median()}
    n, share = proposal.without_owner
    notes = [Finding("note.reserve_in_growth")]
    notes += [Finding("note.without_owner", {"n": n, "share": share})] if n else []
    return Exhibit(
        "target_people", "table", frame, metric=metric, findings=(Finding("setting.people", told, metric),), sources=_SOURCES,
        units={"unit": "text", "parent": "text", "base": "money", "target": "money", "growth": "ratio"}, notes=tuple(notes),
    )  # fmt: skip


def _method(proposal: Proposal) -> Exhibit:
    """Weights, reserve and growth bounds that the policy prescribes."""
    rules = proposal.ws.policy.targets
    weights = rules.decomposition.weights
    shares = {
        name: getattr(weights, name) for name in ("history", "potential", "pipeline", "capacity", "even")
    }
    rows = [(f"basis_{name}", share) for name, share in shares.items() if share]
    rows += [
        (f"reserve_{level}", getattr(rules.over_assignment, level) - 1)
        for level in rules.decomposition.levels[1:]
    ]
    rows += [
        ("growth_least", rules.decomposition.growth_bounds[0]),
        ("growth_most", rules.decomposition.growth_bounds[1]),
    ]
    frame = pd.DataFrame(
        [(Finding("value.label", {"value": name}), value) for name, value in rows], columns=["rule", "value"]
    )
    reserve = (
        float(np.prod([getattr(rules.over_assignment, level) for level in rules.decomposition.levels[1:]]))
        - 1
    )
    no_commits = "commit" not in proposal.tree.units and rules.decomposition.method != "top_down"
    return Exhibit(
        "target_method", "table", frame, findings=(Finding("setting.method", {"reserve": reserve}),), sources=_SOURCES,
        units={"rule": "text", "value": "ratio"}, notes=(Finding("note.reachable"), *((Finding("note.no_commits"),) if no_commits else ())),
    )  # fmt: skip


def _months(proposal: Proposal, metric: str) -> Exhibit:
    """Month × region."""
    made = proposal.targets[(proposal.targets.measure == metric) & (proposal.targets.level == "region")]
    frame = made.rename(columns={"period": "row", "unit": "column"})[["row", "column", "value"]]
    frame = frame.assign(base=np.nan, growth=np.nan).reset_index(drop=True)
    months = (
        proposal.targets[(proposal.targets.measure == metric) & (proposal.targets.level == COMPANY)]
        .set_index("period")
        .value
    )
    told = {
        "month": months.idxmax(),
        "most": months.max() / months.sum(),
        "least_month": months.idxmin(),
        "least": months.min() / months.sum(),
    }
    return Exhibit(
        "target_months", "matrix", frame, metric=metric, findings=(Finding("setting.months", told, metric),), sources=_SOURCES,
    )  # fmt: skip


def _checks(proposal: Proposal, metric: str) -> tuple[Section, tuple[Finding, ...]]:
    """Equity, ratchet and capacity, each against the policy's limit where it has one."""
    limits = proposal.ws.policy.targets.fairness
    people = proposal.by_unit[
        (proposal.by_unit.measure == metric) & (proposal.by_unit.level == "rep")
    ].set_index("unit")
    size = proposal.territories.groupby("rep_id").potential.sum()
    frame = checks.equity(
        people.assign(size=size.reindex(people.index)),
        (limits.size_correlation_max, limits.potential_correlation_max, limits.gini_max),
    )
    before = checks.last_year(proposal, metric).reindex(people.index)
    ratchet = checks.ratchet(before.actual / before.target, people.target / before.target - 1)
    frame.loc[len(frame)] = ["ratchet", *ratchet, 0.0]
    frame["verdict"] = [_verdict(row) for row in frame.itertuples()]
    missed = int((frame.verdict == "fail").sum())
    told = {
        "n": len(people),
        **{name: int((frame.verdict == name).sum()) for name in ("pass", "fail", "open")},
    }
    shown = frame.assign(
        gate=[Finding("value.label", {"value": name}) for name in frame.gate],
        verdict=[Finding("value.label", {"value": f"verdict_{one}"}) for one in frame.verdict],
    )
    equity = Exhibit(
        "target_checks", "table", shown, findings=(Finding("setting.checks", told, tone="bad" if missed else "neutral"),), sources=_SOURCES,
        units={"gate": "text", "verdict": "text"} | dict.fromkeys(("value", "low", "high", "most"), "quantity"),
        notes=(Finding("note.on_last_year"), Finding("note.fairness_intervals")),
    )  # fmt: skip
    asks = (Finding("setting.ask_checks", {"fail": missed}),) if missed else ()
    return (equity, _capacity(proposal, metric)), asks


def _verdict(row: object) -> str:
    value, low, high, most = (float(getattr(row, name)) for name in ("value", "low", "high", "most"))
    if np.isnan(most):
        return "unlimited"
    if np.isnan(value):
        return "unknown"
    lowest = -np.inf if getattr(row, "gate", "") == "ratchet" else -most
    if lowest <= low and high <= most:
        return "pass"
    return "fail" if low > most or high < lowest else "open"


def _capacity(proposal: Proposal, metric: str) -> Exhibit:
    """Target of each region over what its people sold last year on average."""
    units = proposal.by_unit[(proposal.by_unit.measure == metric) & (proposal.by_unit.level == "region")]
    sold = float(proposal.territories[f"{metric}_year"].sum())
    productivity = sold / len(proposal.people)
    frame = checks.capacity(units, productivity).sort_values("load", ascending=False, ignore_index=True)
    top = frame.iloc[0]
    return Exhibit(
        "target_capacity", "table", frame[["unit", "capacity", "target", "load"]], metric=metric, sources=_SOURCES,
        findings=(Finding("setting.capacity", {"unit": top.unit, "load": top.load, "productivity": productivity}, metric),),
        units={"unit": "text", "capacity": "quantity", "target": "money", "load": "ratio"},
    )  # fmt: skip


def smart(ws: Workspace, year: Period) -> Section:
    """Each target of a year: five tests, each with its reason, and where it will land."""
    chosen = aims(ws, year)
    if not chosen:
        return (Missing("target_smart", ("targets.value",), "note.no_company_target"),)
    landed = landings(ws, chosen)
    rows = [_tested(ws, aim, landed[aim]) for aim in chosen]
    frame = pd.DataFrame(rows)
    is_over = all(one.is_over for one in landed.values())
    good = int((frame.chance == 1).sum() if is_over else (frame.score == len(TESTS)).sum())
    told = {"n": len(rows), "passed": good, "year": year.label}
    table = frame[["unit", "measure", "score", *TESTS]]
    tests = Exhibit(
        "target_smart", "table", table, sources=_SOURCES,
        findings=(Finding("setting.smart_over" if is_over else "setting.smart", told, tone="bad" if good < len(rows) else "good"),),
        units={"unit": "text", "measure": "text", "score": "count"} | dict.fromkeys(TESTS, "text"),
    )  # fmt: skip
    n_origins = max(len(one.draws) for one in landed.values())
    is_money = np.array([REGISTRY[aim.measure].unit == "money" for aim in chosen])
    return (
        tests,
        *(
            _landing(year, frame[chosen_rows].reset_index(drop=True), chosen_aims[0].measure, unit, n_origins)
            for unit, chosen_rows in (("money", is_money), ("count", ~is_money))
            if (chosen_aims := [aim for aim, own in zip(chosen, chosen_rows, strict=True) if own])
        ),
    )


def _tested(ws: Workspace, aim: Aim, landing: Landing) -> dict[str, object]:
    """One target as a row: score, verdicts with their reasons, landing."""
    found = verdicts(ws, aim, landing)
    chance, median = landing.chance(aim.value), landing.quantile(0.5)
    told = {
        "chance": chance,
        "to_median": aim.value / median if median else np.nan,
        "owner": aim.owner,
        "n": aim.n_reviews,
    }
    return {
        "unit": aim.unit,
        "measure": Finding("value.metric", {"value": aim.measure}),
        "score": sum(passed is True for passed, _ in found.values()),
        "target": aim.value,
        "landing_p10": landing.quantile(0.1),
        "landing_p50": median,
        "landing_p90": landing.quantile(0.9),
        "chance": chance,
        "paced": landing.paced,
        **{test: Finding(reason, told) for test, (_, reason) in found.items()},
    }


def _landing(year: Period, frame: pd.DataFrame, metric: str, unit: str, n_origins: int) -> Exhibit:
    """Landing of targets in one kind of unit."""
    first = frame.iloc[0]
    told = {
        "year": year.label,
        "metric": metric,
        "p50": first.landing_p50,
        "p10": first.landing_p10,
        "p90": first.landing_p90,
        "chance": first.chance,
    }
    told["attainment"] = first.landing_p50 / first.target
    saying = "setting.landed" if first.landing_p10 == first.landing_p90 else "setting.landing"
    figures = [
        "target",
        "landing_p10",
        "landing_p50",
        "landing_p90",
        *(["paced"] if frame.paced.notna().any() else []),
    ]
    return Exhibit(
        "target_landing" if unit == "money" else "target_landing_counts", "table",
        frame[["unit", "measure", *figures, "chance"]], sources=_SOURCES,
        findings=() if pd.isna(first.chance) else (Finding(saying if unit == "money" else f"{saying}_count", told, metric),),
        units={"unit": "text", "measure": "text", "chance": "ratio"} | dict.fromkeys(figures, unit),
        notes=(Finding("note.landing", {"n": n_origins}),) if n_origins > 1 else (),
    )  # fmt: skip
