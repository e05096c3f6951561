"""Actual against target and against the year before (M1.1–M1.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.metrics import REGISTRY, Exhibit, Finding, Missing, assigned, measure, totals
from salesops_lib.metrics.formulas import ratio, required_run_rate
from salesops_lib.metrics.goals import newest_targets
from salesops_lib.periods import growth_frame

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

#: What a director asks about first, in this order (report template 1).
HEADLINE = ("bookings", "revenue", "cash_in", "gross_margin", "pipeline_created", "new_customers")


def target_values(
    ws: Workspace, scope_type: str, measures: tuple[str, ...], months: list[str] | None = None
) -> pd.DataFrame:
    """Targets of the period's months, summed, of the newest version of each.

    Returns
    -------
    pd.DataFrame
        One row per scope and measure: `scope_id`, `measure`, `target`; money in minor units.
    """
    of_period = [] if ws.period.kind == "week" else ws.calendar.months(ws.period)
    wanted = months if months is not None else [month.label for month in of_period]
    if not wanted:  # targets are set by month
        return pd.DataFrame({"scope_id": [], "measure": [], "target": []})
    each = newest_targets(ws, scope_type, measures, wanted)
    frame = (
        each.groupby(["scope_id", "measure"], as_index=False).value.sum().rename(columns={"value": "target"})
    )
    minor = 10**ws.policy.semantics.minor_digits
    in_money = frame.measure.map(lambda m: m in REGISTRY and REGISTRY[m].unit == "money")
    return frame.assign(target=frame.target.where(~in_money, (frame.target * minor).round()))


def expected_share(ws: Workspace) -> float:
    """Share of a target that working days alone say should be reached by now (M1.4)."""
    return ratio(ws.window.n_workdays, ws.calendar.working_days(ws.period.start, ws.period.end))


def scorecard(ws: Workspace) -> Exhibit | Missing:
    """The headline measures of the period against target and year before; one row a measure."""
    known = [m for m in HEADLINE if ws.facts.has(*REGISTRY[m].needs)]
    if not known:
        return Missing("scorecard", ("order_lines", "opportunities"))
    measured = totals(ws.facts, known, ws.windows)
    goals = target_values(ws, "company", HEADLINE).set_index("measure").target
    frame = pd.DataFrame(
        {
            "metric": known,
            "actual": [measured.at["actual", m] for m in known],
            "target": [goals.get(m) for m in known],
            "base": [measured.at["base", m] for m in known],
        }
    )
    frame = _held_against(frame, expected_share(ws))
    lead = frame.iloc[0]
    return Exhibit(
        "scorecard", "scorecard", frame, metric=str(lead.metric), window=ws.window, base=_base(ws, frame),
        findings=tuple(_headline(ws, row) for row in frame.itertuples()),
        sources=("order_lines", "invoices", "receipts", "opportunities", "targets"),
        notes=(*_sales_notes(ws), *_alignment(ws, frame)),
    )  # fmt: skip


def standing(
    ws: Workspace, by: str = "region", metric: str = "bookings", *, id: str = "attainment"
) -> Exhibit | Missing:
    """Each unit's actual, target, attainment and pace; one row a unit, then the total.

    `by` is a dimension of the sales: region, team, rep_id, channel, category.  Sales that name
    none are a unit of their own, so that the units add up to the company.
    """
    if absent := ws.facts.missing(f"sales.{by}"):
        return Missing(id, absent)
    scope = {"rep_id": "rep"}.get(by, by)
    measured = assigned(measure(ws.facts, [metric], ws.windows, [by]), [by], metric)
    wide = measured.pivot(index=by, columns="window", values=metric).reindex(columns=["actual", "base"])
    goals = target_values(ws, scope, (metric,)).set_index("scope_id").target
    if wide.base.notna().any():
        wide = wide.fillna({"base": 0})
    units = wide.index.union(goals.index)
    frame = wide.reindex(units).assign(target=goals.reindex(units)).rename_axis("unit").reset_index()
    frame["actual"] = frame.actual.fillna(0)
    if frame.empty:
        return Missing(id, (f"sales.{by}",), "note.nothing_in_period")
    total = frame[["actual", "base"]].sum(min_count=1)
    goal = _company_target(ws, metric)
    parts = frame.target.sum(min_count=1)
    last = pd.DataFrame([{"unit": "total", **total, "target": parts if pd.isna(goal) else goal}])
    frame = pd.concat([frame.sort_values("actual", ascending=False), last], ignore_index=True)
    frame = _held_against(frame.assign(is_total=frame.unit == "total"), expected_share(ws))
    has_targets = frame.target.notna().any()
    return Exhibit(
        id, "standing", frame, metric=metric, window=ws.window, base=_base(ws, frame),
        findings=_attained(ws, frame, by) if has_targets else _grown(frame, by),
        sources=("order_lines", "targets") if has_targets else ("order_lines",),
        notes=(*_target_notes(frame, parts), *_alignment(ws, frame)),
    )  # fmt: skip


def plan_bridge(ws: Workspace, by: str = "region", metric: str = "bookings") -> Exhibit | Missing:
    """From the company's target to actual, unit by unit; closes to the minor unit (C19).

    What units are assigned over the company's target (M2.3) is a step of its own.
    """
    found = standing(ws, by, metric)
    if isinstance(found, Missing) or found.frame.target.isna().all():
        return Missing("plan_bridge", ("targets",))
    share = expected_share(ws)
    expected = (found.frame.target.fillna(0) * share).round()
    units, total = found.frame[~found.frame.is_total], found.frame[found.frame.is_total].iloc[0]
    effects = (
        (units.actual - expected[units.index]).set_axis(units.unit).sort_values(ascending=False, key=abs)
    )
    start = expected[total.name]
    over = expected[units.index].sum() - start
    if over:
        effects = pd.concat([pd.Series({"over_assigned": over}), effects])
    frame = pd.DataFrame(
        {
            "step": ["target" if share == 1 else "target_to_date", *effects.index, "actual"],
            "amount": [start, *effects, total.actual],
            "role": ["start", *["effect"] * len(effects), "end"],
        }
    )
    values = {
        "gap": start - total.actual,
        "n": int((effects.drop("over_assigned", errors="ignore") < 0).sum()),
    }
    title = Finding(
        "plan_bridge.short" if values["gap"] > 0 else "plan_bridge.over",
        values | {"over": -values["gap"]},
        "gap",
    )
    return Exhibit(
        "plan_bridge", "bridge", frame, metric=metric, window=ws.window, findings=(title,), sources=("order_lines", "targets"),
    )  # fmt: skip


def _company_target(ws: Workspace, metric: str) -> float:
    found = target_values(ws, "company", (metric,)).target
    return float(found.iloc[0]) if len(found) else float("nan")


def _target_notes(frame: pd.DataFrame, parts: float) -> tuple[Finding, ...]:
    """What to know about the targets: none, or parts that add up to more than the whole."""
    goal = frame.target.iloc[-1]
    if pd.isna(parts):
        return (Finding("note.no_targets"),)
    rate = ratio(parts, goal)
    if pd.isna(rate) or abs(rate - 1) < 0.0005:
        return ()
    return (Finding("note.over_assigned", {"rate": rate}),)


def _held_against(frame: pd.DataFrame, share: float) -> pd.DataFrame:
    """Add gap, attainment, pace and growth to `actual`, `target`, `base`."""
    target = frame.target.astype(float)
    attained = frame.actual.astype(float) / target.where(target > 0)
    grown = growth_frame(frame.actual, frame.base)
    return frame.assign(
        gap=target - frame.actual,
        attainment=attained,
        expected_share=share,
        pace=attained / share if share else float("nan"),
        growth=grown.growth,
        growth_kind=grown.growth_kind,
    )


def _base(ws: Workspace, frame: pd.DataFrame) -> Window | None:
    """The days compared with; none where they hold no data."""
    return ws.base if frame.base.notna().any() else None


def _alignment(ws: Workspace, frame: pd.DataFrame) -> tuple[Finding, ...]:
    """How the year before was cut to the same stretch; nothing where it holds no data."""
    if _base(ws, frame) is None:
        return ()
    kind = "whole" if ws.window.is_complete else ws.comparison.align
    days = {"n_workdays": ws.window.n_workdays, "n_workdays_base": ws.base.n_workdays}
    return (Finding(f"note.alignment.{kind}", {"start": ws.base.start, "end": ws.base.end, **days}),)


def _sales_notes(ws: Workspace) -> tuple[Finding, ...]:
    """What stands in for orders where none are loaded."""
    return () if ws.facts.has("order_lines") else (Finding("note.sales_are_deals"),)


def _headline(ws: Workspace, row: Any) -> Finding:
    """The sentence of one measure: value, growth and attainment, as far as they are known."""
    values = {
        name: getattr(row, name)
        for name in ("metric", "actual", "growth", "attainment", "expected_share", "gap")
    }
    floor = ws.policy.report.comment_band[0]
    grown, aimed = not pd.isna(row.growth), not pd.isna(row.attainment)
    kind = {(True, True): "attainment", (False, True): "attainment_only", (True, False): "growth"}.get(
        (grown, aimed), "value"
    )
    if aimed and row.expected_share == 1:
        kind += "_done"
    counted = "" if REGISTRY[row.metric].unit == "money" else "_count"
    measure_of = row.pace if aimed else 1 + row.growth if grown else 1.0
    tone = (
        "bad"
        if measure_of < (floor if aimed else 1)
        else "good"
        if measure_of >= 1 and (aimed or grown)
        else "neutral"
    )
    return Finding(f"headline.{kind}{counted}", values, row.metric, tone, "actual")


def _attained(ws: Workspace, frame: pd.DataFrame, by: str) -> tuple[Finding, ...]:
    """Who is outside the comment band, and what the rest of the period must bring."""
    units, total = frame[~frame.is_total], frame[frame.is_total].iloc[0]
    low, high = ws.policy.report.comment_band
    due = units.assign(late=(units.target * units.expected_share - units.actual).round())
    behind = due[due.pace < low].sort_values("late", ascending=False)
    ahead = units[units.pace > high].sort_values("pace", ascending=False)
    found = [
        Finding(
            "attainment.total",
            {
                "attainment": total.attainment,
                "gap": total.gap,
                "n_behind": len(behind),
                "n_units": int(units.target.notna().sum()),
                "units": f"units_{by}" if by in ("region", "team") else "units",
                "expected_share": total.expected_share,
            },
            "attainment",
            "bad" if total.pace < low else "good" if total.pace >= 1 else "neutral",
        )
    ]
    until_now = "" if total.expected_share == 1 else "_to_date"
    for row in behind.head(2).itertuples():
        values = {"unit": row.unit, "attainment": row.attainment, "gap": row.late, "growth": row.growth}
        told = {**values, "expected_share": row.expected_share, "by": by, "at_stake": row.late}
        found.append(Finding(f"attainment.behind{until_now}", told, "attainment", "bad"))
    if len(ahead):
        best = ahead.iloc[0]
        values = {"unit": best.unit, "attainment": best.attainment, "expected_share": best.expected_share}
        over = round(best.actual - best.target * best.expected_share)
        found.append(Finding(f"attainment.ahead{until_now}", values | {"over": over}, "attainment", "good"))
    left = ws.calendar.working_days(ws.period.start, ws.period.end) - ws.window.n_workdays
    if left > 0 and total.gap > 0:
        rate = required_run_rate(total.actual, total.target, left)
        values = {"rate": rate, "present": ratio(total.actual, ws.window.n_workdays), "n_workdays": left}
        found.append(Finding("attainment.run_rate", values, "required_run_rate"))
    return tuple(found)


def _grown(frame: pd.DataFrame, by: str) -> tuple[Finding, ...]:
    """Without targets: who added most, who lost most against the year before."""
    units = frame[~frame.is_total & frame.base.notna()]
    if units.empty:
        largest = frame[~frame.is_total].iloc[0]
        share = ratio(largest.actual, frame[frame.is_total].actual.iloc[0])
        return (
            Finding(
                "standing.largest",
                {"unit": largest.unit, "actual": largest.actual, "share": share},
                "bookings",
            ),
        )
    change = (units.actual - units.base).set_axis(units.unit)
    found = []
    for pick, message, tone in (
        (change.idxmax(), "standing.gained", "good"),
        (change.idxmin(), "standing.lost", "bad"),
    ):
        delta = change[pick]
        if (delta > 0) == (tone == "good") and delta != 0:
            row = units[units.unit == pick].iloc[0]
            values = {"unit": pick, "delta": delta, "growth": row.growth, "by": by, "at_stake": abs(delta)}
            found.append(Finding(message, values, "growth", tone))
    return tuple(found)
