"""How attainment is spread over people, and each person's run through the year (M4.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.incentives.fairness import gini_interval, share_at_goal, verdict
from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import Interval, wilson
from salesops_lib.targets.attainment import expected_share, target_values
from salesops_lib.team.posts import spells

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_NEEDS = ("targets", "sales.rep_id", "reps")
#: Edges of the bars, as shares of quota.
EDGES = (0.0, 0.5, 0.7, 0.9, 1.0, 1.1, 1.3)
#: The band that counts as on target.
ON_TARGET = (0.9, 1.1)
#: Panels of one picture.
PANELS = 12


def attained(ws: Workspace) -> pd.DataFrame:
    """Bookings, target and attainment of each person with a target in the period; index rep_id.

    While the period runs, attainment is held against the working days that have passed.
    """
    goals = target_values(ws, "rep", ("bookings",)).set_index("scope_id").target.astype(float)
    goals = goals[goals > 0].sort_index()  # people are drawn by place
    sold = measure(ws.facts, ["bookings"], {"actual": ws.window}, ["rep_id"]).set_index("rep_id").bookings
    actual = sold.astype(float).reindex(goals.index).fillna(0.0)
    due = goals * expected_share(ws)
    return pd.DataFrame({"actual": actual, "target": goals, "attainment": actual / due.where(due > 0)})


def attainment_spread(ws: Workspace) -> Exhibit | Missing:
    """How many people are where: share at quota, share on target, P90/P50, Gini, what the best fifth brings.

    The limits are the policy's (targets.fairness): defaults from practice, not truths.
    """
    if absent := ws.facts.missing(*_NEEDS):
        return Missing("attainment_spread", absent)
    people = attained(ws).dropna(subset=["attainment"])
    least = ws.policy.report.suppress_below
    if len(people) < least:
        return Missing("attainment_spread", ("targets",), "note.few_people")
    limits = ws.policy.targets.fairness
    frame = measures_of(people, limits.at_goal, limits.gini_max)
    values = frame.set_index("measure")
    told = {
        "share": values.value["quota_share"],
        "n": len(people),
        "low": limits.at_goal[0],
        "high": limits.at_goal[1],
    }
    state = values.verdict["quota_share"]
    is_under = told["share"] < told["low"]
    which = "inside" if state == "pass" else "open" if state == "open" else "under" if is_under else "over"
    tone = "bad" if state == "fail" else "neutral"
    band, spread = values.value["on_target_share"], values.value["spread_p90_p50"]
    second = {
        "band": band,
        "spread": spread,
        "gini": values.value["attainment_gini"],
        "top": values.value["top_fifth_share"],
    }
    running = "" if expected_share(ws) == 1 else "_running"
    words = [
        Finding("value.label", {"value": f"verdict_{v}"}) if isinstance(v, str) else None
        for v in frame.verdict
    ]
    shown = frame.assign(measure=[Finding("value.label", {"value": m}) for m in frame.measure], verdict=words)
    shown = shown.assign(
        **{
            c: [_cell(m, v) for m, v in zip(frame.measure, frame[c])]
            for c in ("value", "low", "high", "least", "most")
        }
    )
    return Exhibit(
        "attainment_spread", "table", shown, findings=(Finding(f"spread.{which}", told, "quota_share", tone, "share"), Finding("spread.shape", second, "attainment")),
        window=ws.window, sources=("order_lines", "targets", "reps"), parts=(bars(people, least),),
        units=dict.fromkeys(("value", "low", "high", "least", "most", "verdict"), "text"), notes=(Finding(f"note.spread{running}", {}),),
    )  # fmt: skip


def measures_of(people: pd.DataFrame, at_goal: tuple[float, float], gini_max: float) -> pd.DataFrame:
    """The five measures of a spread with intervals of 95 % where there are, and the limits that are set.

    Parameters
    ----------
    people
        One row a person: actual, attainment.

    Returns
    -------
    pd.DataFrame
        `measure, value, low, high, least, most, verdict` (pass, fail or open; missing without limits).

    Examples
    --------
    >>> five = pd.DataFrame({"actual": [1.0, 1, 1, 1, 6], "attainment": [0.5, 0.95, 1.0, 1.05, 2.0]})
    >>> measures_of(five, (0.5, 0.7), 0.2).set_index("measure").value.round(3).to_dict()
    {'quota_share': 0.6, 'on_target_share': 0.6, 'spread_p90_p50': 1.62, 'attainment_gini': 0.225, 'top_fifth_share': 0.6}
    """
    reached = people.attainment.to_numpy(dtype=float)
    on_target = int(((reached >= ON_TARGET[0]) & (reached <= ON_TARGET[1])).sum())
    high, middle = np.quantile(reached, [0.9, 0.5])
    sold = np.sort(people.actual.to_numpy(dtype=float))[::-1]
    fifth = sold[: max(round(len(sold) / 5), 1)].sum() / sold.sum() if sold.sum() > 0 else np.nan
    bare = (np.nan, np.nan)
    rows: list[tuple[str, Interval, float | None, float | None]] = [
        ("quota_share", share_at_goal(reached), *at_goal),
        ("on_target_share", wilson(on_target, len(reached)), None, None),
        ("spread_p90_p50", Interval(float(high / middle) if middle > 0 else np.nan, *bare), None, None),
        ("attainment_gini", gini_interval(reached), None, gini_max),
        ("top_fifth_share", Interval(float(fifth), *bare), None, None),
    ]
    return pd.DataFrame(
        [(name, *found, least, most, verdict(found, least, most) if (least, most) != (None, None) else None)
         for name, found, least, most in rows],
        columns=["measure", "value", "low", "high", "least", "most", "verdict"],
    ).astype(dict.fromkeys(("value", "low", "high", "least", "most"), "float64"))  # fmt: skip


def bars(people: pd.DataFrame, least: int) -> Exhibit:
    """Number of people by attainment; bars of fewer than `least` join their smaller neighbour, on the same side of 100 %
    as long as there is one."""
    counts = pd.cut(people.attainment, [*EDGES, np.inf], right=False).value_counts(sort=False)
    merged: list[tuple[float, float, int]] = [(edge.left, edge.right, int(n)) for edge, n in counts.items()]
    while len(merged) > 1 and min(n for *_, n in merged) < least:
        at = min(range(len(merged)), key=lambda k: merged[k][2])
        beside = [k for k in (at - 1, at + 1) if 0 <= k < len(merged)]
        same = [k for k in beside if (merged[k][0] >= 1) == (merged[at][0] >= 1)] or beside
        first, second = sorted((at, min(same, key=lambda k: merged[k][2])))
        both = (merged[first][0], merged[second][1], merged[first][2] + merged[second][2])
        merged[first : second + 1] = [both]
    names = [_bar(low, high) for low, high, _ in merged]
    frame = pd.DataFrame({"name": names, "n": [n for *_, n in merged]})
    frame["share"] = frame.n / max(frame.n.sum(), 1)
    return Exhibit(
        "attainment_bars", "ranking", frame, units={"name": "text", "n": "count", "share": "ratio"}
    )


def runs(ws: Workspace) -> tuple[Exhibit | Missing, ...]:
    """Attainment of the year to date, month by month, a panel a person: the furthest first, one picture a region.

    A region of more people than a picture holds gets one a team; who is beyond that stands in the workbook.
    """
    if absent := ws.facts.missing(*_NEEDS):
        return (Missing("attainment_runs", absent),)
    year = ws.calendar.period_of(ws.window.end, "year")
    months = [m for m in ws.calendar.months(year) if m.end <= ws.window.end]
    if not months:
        return (Missing("attainment_runs", ("targets",), "note.first_month"),)
    frame = _run_of(
        ws, [m.label for m in months], {m.label: ws.calendar.days(m.start, m.end, True, m) for m in months}
    )
    last = frame[frame.month == months[-1].label].dropna(subset=["attainment"])
    people = spells(ws)
    people = people[
        (people.start <= pd.Timestamp(months[-1].end)) & (people.stop >= pd.Timestamp(months[-1].end))
    ]
    own = last.merge(people[["rep_id", "name", "team", "region"]], on="rep_id")
    own = own.assign(name=own.name.fillna(own.rep_id)).sort_values(
        ["attainment", "rep_id"], ascending=[False, True]
    )
    if own.empty:
        return (Missing("attainment_runs", ("targets",), "note.nobody_in_post"),)
    own.loc[own.name.duplicated(keep=False), "name"] += " " + own.rep_id
    groups = _grouped(own)
    shown = [_panels(frame, group, unit, n) for n, (unit, group) in enumerate(groups)]
    told = {"n": len(own), "best": own.attainment.iloc[0], "last": own.attainment.iloc[-1], "year": year.label,
            "reached": int((own.attainment >= 1).sum())}  # fmt: skip
    lead, *others = shown
    notes = [Finding("note.runs", {})]
    if gone := len(set(frame.rep_id)) - len(own):
        notes.append(Finding("note.runs_gone", {"n": gone}))
    if beyond := sum(max(len(group) - PANELS, 0) for _, group in groups):
        notes.append(Finding("note.runs_beyond", {"n": beyond, "most": PANELS}))
    lead = replace(
        lead,
        findings=(Finding("runs.people", told, "attainment"), *lead.findings),
        notes=tuple(notes),
        parts=tuple(others),
        sources=("order_lines", "targets", "org"),
    )
    return (lead,)


def _run_of(ws: Workspace, labels: list[str], windows: dict[str, object]) -> pd.DataFrame:
    """rep_id, month, attainment of the year up to the month (missing before the first target)."""
    sold = measure(ws.facts, ["bookings"], windows, ["rep_id"]).dropna(subset=["rep_id"])  # type: ignore[arg-type]
    done = sold.pivot(index="rep_id", columns="window", values="bookings").reindex(columns=labels).fillna(0.0)
    goals = pd.DataFrame(
        {
            label: target_values(ws, "rep", ("bookings",), [label]).set_index("scope_id").target
            for label in labels
        }
    )
    goals = goals[goals.notna().any(axis=1)].fillna(0.0).astype(float)
    # what somebody without a target in a month sold then is held against no target, and left out
    done = done.reindex(goals.index).fillna(0.0).astype(float).where(goals > 0, 0.0)
    asked = goals.cumsum(axis=1)
    reached = (done.cumsum(axis=1) / asked.where(asked > 0)).rename_axis("rep_id").reset_index()
    return reached.melt("rep_id", var_name="month", value_name="attainment")


def _grouped(own: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    found: list[tuple[str, pd.DataFrame]] = []
    for region, people in own.fillna({"region": "unassigned", "team": "unassigned"}).groupby(
        "region", sort=True
    ):
        if len(people) <= PANELS:
            found.append((str(region), people))
        else:
            found += [(str(team), group) for team, group in people.groupby("team", sort=True)]
    return found


def _panels(frame: pd.DataFrame, group: pd.DataFrame, unit: str, n: int) -> Exhibit:
    shown = group[["rep_id", "name"]].merge(frame, on="rep_id", sort=False)
    order = {rep: place for place, rep in enumerate(group.rep_id)}
    shown = shown.sort_values(
        ["rep_id", "month"], key=lambda c: c.map(order) if c.name == "rep_id" else c, kind="stable"
    )
    rows = pd.DataFrame(
        {"panel": shown["name"], "label": shown.month, "actual": shown.attainment, "target": 1.0}
    )
    told = {
        "unit": unit,
        "n": len(group),
        "reached": int((group.attainment >= 1).sum()),
        "middle": group.attainment.median(),
    }
    return Exhibit(
        f"attainment_runs.{n}" if n else "attainment_runs", "multiples", rows.reset_index(drop=True), metric="attainment",
        findings=(Finding("runs.unit", told),),
    )  # fmt: skip


def _cell(name: str, value: float) -> Finding | None:
    if pd.isna(value):
        return None
    kind = {"spread_p90_p50": "multiple", "attainment_gini": "quantity"}.get(name, "ratio")
    return Finding(f"value.{kind}", {"value": value})


def _bar(low: float, high: float) -> Finding:
    which = "under" if low == 0 else "over" if np.isinf(high) else "between"
    return Finding(f"spread.bar_{which}", {"low": low, "high": high})
