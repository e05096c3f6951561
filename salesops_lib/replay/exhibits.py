"""A replay as exhibits: cost, winners and losers, cliffs, fairness, gates, explanations, assumed answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.incentives.cliffs import in_words
from salesops_lib.incentives.fairness import gini, limit
from salesops_lib.metrics import Exhibit, Finding
from salesops_lib.metrics.formulas import Interval
from salesops_lib.replay.bands import total_band
from salesops_lib.replay.behaviour import responses
from salesops_lib.replay.cliffs import cliffs, steepest
from salesops_lib.replay.explain import explained, largest
from salesops_lib.replay.gaming import exposure
from salesops_lib.replay.gates import Gate, attainments, largest_cliffs
from salesops_lib.replay.payouts import pay_alike

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.replay.paying import Replayed
    from salesops_lib.replay.payouts import PaidOut

_SOURCES = ("order_lines", "reps", "org", "targets")
_NOT_KNOWN = ("same_people", "common_shocks", "payments", "as_if", "recruiting")


def cost(replayed: Replayed, window: Window) -> Exhibit:
    """Pay before, what each role adds or takes, pay after; with the band of the difference."""
    by_role = replayed.people.groupby("role", sort=False).difference.sum()
    before, after, difference = (replayed.totals[name] for name in ("before", "after", "difference"))
    steps = [("pay_before", before, "start")]
    steps += [(str(role), int(amount), "effect") for role, amount in by_role.items() if amount]
    steps.append(("pay_after", after, "end"))
    rules = replayed.new.replay.bootstrap
    units = replayed.people if rules.unit == "rep" else replayed.quarters
    if rules.unit == "rep_quarter":
        units = units.groupby(["payee", "role", "quarter"], sort=False, as_index=False).difference.sum()
    band = total_band(units.difference, units.role, rules)
    told = {"before": before, "after": after, "difference": difference, "level": rules.level, "low": band.low,
            "high": band.high, "n": len(replayed.people), "share": difference / before if before else np.nan}  # fmt: skip
    which = (
        "replay.cost_same"
        if not replayed.people.difference.any()
        else "replay.cost"
        if band.low == band.low
        else "replay.cost_no_band"
    )
    return Exhibit(
        "replay_cost", "bridge", pd.DataFrame(steps, columns=["step", "amount", "role"]), units={"amount": "money"},
        findings=(Finding(which, told),), window=window, sources=_SOURCES,
        notes=(Finding("note.replay_basis", {"old": replayed.old.version, "new": replayed.new.version}),),
    )  # fmt: skip


def winners(replayed: Replayed, profiles: pd.DataFrame) -> tuple[Exhibit, ...]:
    """Mean difference a person by role, region and tenure, with intervals; groups too small to be shown (`report.suppress_below`) are counted."""
    people = replayed.people.join(profiles[["region", "tenure"]], on="payee")
    up, down = int((people.difference > 0).sum()), int((people.difference < 0).sum())
    lead = Finding(
        "replay.winners", {"up": up, "down": down, "same": len(people) - up - down, "n": len(people)}
    )
    shown = [_by(replayed, people, by) for by in ("role", "region", "tenure")]
    first, *others = [exhibit for exhibit in shown if len(exhibit.frame)] or shown[:1]
    return (replace(first, findings=(lead, *first.findings)), *others)


def _by(replayed: Replayed, people: pd.DataFrame, by: str) -> Exhibit:
    rules, rows, few = replayed.new.replay.bootstrap, [], 0
    least = replayed.new.report.suppress_below
    for label, group in people.groupby(people[by].fillna("unassigned"), sort=True):
        n = len(group)
        if n < least:
            few += 1
            continue
        band = total_band(group.difference, ["all"] * n, rules)
        told = (group.difference.mean(), band.low / n, band.high / n, n)
        rows.append((str(label), *told, int((group.difference > 0).sum()), int((group.difference < 0).sum())))
    frame = pd.DataFrame(rows, columns=["label", "value", "low", "high", "n", "n_winners", "n_losers"])
    frame = frame.sort_values("value", ascending=False, ignore_index=True)
    found = []
    if len(frame) > 1 and frame.value.iloc[0] != frame.value.iloc[-1]:
        top, bottom = frame.iloc[0], frame.iloc[-1]
        found = [
            Finding(
                "replay.group",
                {"top": top.label, "most": top.value, "bottom": bottom.label, "least": bottom.value},
            )
        ]
    notes = (Finding("note.replay_few", {"n": few, "fewest": least}),) if few else ()
    return Exhibit(
        f"replay_{by}", "intervals", frame, findings=tuple(found), notes=notes, sources=_SOURCES,
        units={"value": "money", "low": "money", "high": "money", "n_winners": "count", "n_losers": "count"},
    )  # fmt: skip


def payments(paid: PaidOut) -> Exhibit:
    """From what is earned to what is paid, under both policies; steps that move nothing are left out."""
    steps = paid.steps
    moved = steps[(steps[["before", "after"]] != 0).any(axis=1)]
    frame = moved.rename(columns={"before": "today", "after": "proposed"}).rename_axis("step").reset_index()
    frame["label"] = [Finding("value.label", {"value": f"paid_{step}"}) for step in frame.pop("step")]
    people, last = paid.people, steps.loc["paid"]
    told = {"before": int(last.before), "after": int(last.after), "difference": int(last.difference), "n": len(people),
            "up": int((people > 0).sum()), "down": int((people < 0).sum())}  # fmt: skip
    money = ["today", "proposed", "difference"]
    return Exhibit(
        "replay_payments", "table", frame[["label", *money]], units=dict.fromkeys(money, "money"),
        findings=(Finding("replay.payments" if people.any() else "replay.payments_same", told),),
        notes=(Finding("note.replay_payments"),), sources=(*_SOURCES, "invoices", "receipts"),
    )  # fmt: skip


def cliff_table(replayed: Replayed) -> Exhibit:
    """Edges at which pay jumps under either policy, in money and in months of target incentive."""
    found = cliffs(replayed)
    counted = found.change.value_counts()
    told = {name: int(counted.get(name, 0)) for name in ("added", "removed", "larger", "smaller", "same")}
    roles = [_named(role) for role in found.role]
    found["component"] = _components(replayed, found)
    changes = [_named(change) for change in found.change]
    frame = found.assign(role=roles, edge=in_words(found), change=changes).drop(columns=["measure", "unit"])
    which = "replay.cliffs" if len(found) else "replay.no_cliffs"
    return Exhibit(
        "replay_cliffs", "table", frame.rename(columns={"role": "paid_role", "before": "jump_before", "after": "jump_after"}),
        findings=(Finding(which, {**told, "n": len(found)}, tone="bad" if told["added"] + told["larger"] else "neutral"),),
        units={"jump_before": "money", "jump_after": "money", "months": "quantity"},
        notes=(Finding("note.replay_typical", {}),),
    )  # fmt: skip


def _components(replayed: Replayed, frame: pd.DataFrame) -> list[str]:
    """Components by plan and id, as the policy in force names them; by id alone where it has none."""
    named = {
        (role, component.id): f"{plan.id}.{component.id}"
        for plan in replayed.old.incentives.plans
        for role in plan.roles
        for component in plan.components
    }
    return [named.get(key, key[1]) for key in zip(frame.role, frame.component, strict=True)]


def _named(id: str) -> Finding:
    return Finding("value.label", {"value": id})


def fairness(replayed: Replayed) -> Exhibit:
    """How evenly pay is spread, and how far plans invite gaming, under both policies."""
    sides = ((replayed.old, "before"), (replayed.new, "after"))
    targets = _targets(replayed)
    paid = [replayed.people[side] / replayed.people.payee.map(targets) for _, side in sides]
    found = cliffs(replayed)
    rows = [
        ("gini_pay", *(Finding("value.quantity", {"value": gini(pay.dropna())}) for pay in paid)),
        (
            "without_pay",
            *(
                Finding("value.count", {"value": int((replayed.people[side] == 0).sum())})
                for _, side in sides
            ),
        ),
        (
            "n_cliffs",
            *(Finding("value.count", {"value": int(found[side].notna().sum())}) for _, side in sides),
        ),
        (
            "cliff_months",
            *(Finding("value.quantity", {"value": months}) for months in largest_cliffs(replayed)),
        ),
        (
            "rate_jump",
            *(Finding("value.multiple", {"value": steepest(replayed, policy)}) for policy, _ in sides),
        ),
    ]
    tempted = [
        exposure(replayed, attainments(replayed, policy), is_new=side == "after") for policy, side in sides
    ]
    for name in ("gain_by_pulling", "just_short", "above_edges", "above_expected"):
        kind = "quantity" if name == "above_expected" else "count"
        values = [getattr(one, name) for one in tempted]
        rows.append((name, *(Finding(f"value.{kind}", {"value": v}) if v == v else None for v in values)))
    frame = pd.DataFrame(rows, columns=["label", "today", "proposed"])
    change = gini(paid[1].dropna()) - gini(paid[0].dropna())
    told = {"before": gini(paid[0].dropna()), "after": gini(paid[1].dropna())}
    which = "replay.fairness" if change == change else "replay.fairness_unknown"
    return Exhibit(
        "replay_fairness",
        "table",
        frame,
        findings=(Finding(which, told, tone="bad" if change > 0 else "neutral"),),
        notes=(Finding("note.replay_gaming"),),
    )


def _targets(replayed: Replayed) -> pd.Series:
    """Annual target incentive of each payee, missing where there is none."""
    found = {
        payee: float(target)
        for played in replayed.played
        for payee, target in zip(played.after.history.payees, played.after.history.target, strict=False)
        if target > 0
    }
    return pd.Series(found, dtype="float64")


def gate_table(gates: list[Gate]) -> Exhibit:
    """Each gate under both policies, its limit, and whether the new policy passes."""
    rows = [
        (
            g.gate,
            _figure(g.unit, g.before),
            _figure(g.unit, g.after),
            limit(g.unit, g.low, g.high),
            _named(g.verdict),
        )
        for g in gates
    ]
    told = _counted(gates)
    which = "replay.gates_failed" if told["failed"] else "replay.gates_hold" if gates else "replay.gates_none"
    frame = pd.DataFrame(rows, columns=["label", "today", "proposed", "limit", "status"])
    tone = "bad" if told["failed"] else "good" if told["passed"] == len(gates) > 0 else "neutral"
    notes = tuple(filter(None, (g.reason for g in gates)))
    return Exhibit("replay_gates", "table", frame, findings=(Finding(which, told, tone=tone),), notes=notes)


def _counted(gates: list[Gate]) -> dict[str, int]:
    """Gates by verdict, and those that fail because of the change."""
    verdicts = [gate.verdict for gate in gates]
    counted = {"passed": "pass", "failed": "fail", "open": "open", "unknown": "unknown"}
    return {
        "n": len(gates),
        "newly": sum(gate.fails_anew for gate in gates),
        **{name: verdicts.count(verdict) for name, verdict in counted.items()},
    }


def _figure(unit: str, found: Interval) -> Finding | None:
    return None if pd.isna(found.value) else Finding(f"value.{unit}", {"value": found.value})


def changes(replayed: Replayed, profiles: pd.DataFrame) -> Exhibit:
    """The largest changes, each with the line that weighs most; all their lines are a part of it."""
    lines = explained(replayed, replayed.new.replay.explained).rename(
        columns={"line": "cause", "before": "today", "after": "proposed"}
    )
    lines = lines.assign(
        name=lines.payee.map(profiles.name).fillna(lines.payee),
        paid_role=[_named(role) for role in lines.role],
        component=_components(replayed, lines),
    )
    key = ["rank", "name", "paid_role", "component", "period", "cause"]
    money = ["today", "proposed", "difference"]
    weightiest = lines.difference.abs().groupby(lines["rank"]).idxmax()
    totals = lines.groupby("rank")[money].sum()
    most = lines.loc[weightiest, key].join(totals, on="rank").reset_index(drop=True)
    every = sum(abs(change.difference) for change in largest(replayed, len(replayed.quarters) * 12))
    share = int(totals.difference.abs().sum()) / every if every else float("nan")
    which = "replay.changes" if every else "replay.no_changes"
    units = {**dict.fromkeys(money, "money"), "rank": "count", "component": "text", "period": "text"}
    return Exhibit(
        "replay_changes", "table", most, findings=(Finding(which, {"n": len(most), "share": share}),), units=units, sources=_SOURCES,
        parts=(Exhibit("replay_lines", "table", lines[[*key, *money]], units=units),) if len(lines) else (),
    )  # fmt: skip


def behaviour(replayed: Replayed) -> Exhibit:
    """The cost difference when people answer to the change, as ranges that the policy assumes."""
    frame = responses(replayed)
    low, high = int(frame.low.min()), int(frame.high.max())
    kinds = {"effort": "quantity", "pull_forward": "ratio"}  # an elasticity is no share
    for end in ("assumed_low", "assumed_high"):
        pairs = zip(frame.response, frame[end], strict=True)
        frame[end] = [
            Finding(f"value.{kinds[name]}", {"value": value}) if name in kinds else None
            for name, value in pairs
        ]
    shown = frame.rename(columns={"response": "label", "low": "cost_low", "high": "cost_high"})
    return Exhibit(
        "replay_behaviour", "table", shown, findings=(Finding("replay.behaviour", {"low": low, "high": high}),),
        units=dict.fromkeys(("cost_low", "cost_high", "sales_low", "sales_high"), "money"), notes=(Finding("note.replay_assumed", {}),),
    )  # fmt: skip


def recommendation(replayed: Replayed, gates: list[Gate]) -> Exhibit:
    """What follows from it, and what a replay cannot know."""
    told = {**_counted(gates), "difference": abs(replayed.totals["difference"])}
    which = _verdict(replayed, told)
    frame = pd.DataFrame({"not_known": [Finding(f"replay.not_known.{name}", {}) for name in _NOT_KNOWN]})
    tone = {"revise": "bad", "none": "neutral", "as_today": "neutral", "paid_otherwise": "neutral"}.get(
        which, "good"
    )
    return Exhibit(
        "replay_verdict", "table", frame, findings=(Finding(f"replay.recommend.{which}", told, tone=tone),)
    )


def _verdict(replayed: Replayed, told: dict[str, int]) -> str:
    old, new = replayed.old, replayed.new
    is_as_before = not replayed.people.difference.any() and (old.pricing, old.targets) == (
        new.pricing,
        new.targets,
    )
    if is_as_before:
        return "none" if pay_alike(old, new) else "paid_otherwise"
    if told["failed"]:
        return "revise" if told["newly"] else "as_today"
    return "costs" if replayed.totals["difference"] > 0 else "saves"


def failed(gates: list[Gate]) -> Iterator[str]:
    """Names of the gates that the new policy does not pass."""
    yield from (gate.gate for gate in gates if gate.verdict == "fail")
