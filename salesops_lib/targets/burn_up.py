"""The fiscal year month by month, added up: actual against target and the year before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, totals
from salesops_lib.targets.attainment import target_values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace


def burn_up(ws: Workspace, metric: str = "bookings") -> Exhibit | Missing:
    """Cumulative actual, target and year before of the period's fiscal year; one row a month.

    A month that has not begun by the end of the period has no actual; one under way counts what it has, and one
    without sales adds nothing.
    """
    if absent := ws.facts.missing("sales.net_amount"):
        return Missing("burn_up", absent)
    year = ws.calendar.period_of(ws.window.end, "year")
    months = ws.calendar.months(year)
    goals = [target_values(ws, "company", (metric,), [month.label]).target for month in months]
    target = np.array([goal.iloc[0] if len(goal) else np.nan for goal in goals])
    if np.isnan(target).all():
        return Missing("burn_up", ("targets",))
    target = _from_the_first(ws, metric, months, target)
    begun = [month for month in months if month.start <= ws.window.end]
    windows = {
        m.label: ws.calendar.days(m.start, min(m.end, ws.window.end), m.end <= ws.window.end, m)
        for m in begun
    }
    before = {m.label: ws.calendar.year_before(m) for m in months}
    earlier = {label: ws.calendar.days(m.start, m.end, True, m) for label, m in before.items()}
    labels = [month.label for month in months]
    actual = totals(ws.facts, [metric], windows)[metric].astype(float).reindex(list(windows)).fillna(0.0)
    base = totals(ws.facts, [metric], earlier)[metric].astype(float).reindex(labels)
    if base.notna().any():
        base = base.fillna(0.0).cumsum()
    frame = pd.DataFrame(
        {"label": labels, "actual": actual.cumsum().reindex(labels).to_numpy(), "base": base.to_numpy(), "target": target.cumsum(),
         "is_complete": [month.end <= ws.window.end for month in months]}
    )  # fmt: skip
    done = frame[frame.actual.notna()].iloc[-1]
    told = {"year": year.label, "actual": done.actual, "attainment": done.actual / frame.target.iloc[-1],
            "expected": done.target / frame.target.iloc[-1], "gap": frame.target.iloc[-1] - done.actual}  # fmt: skip
    is_over = year.end <= ws.window.end
    tone = "bad" if told["attainment"] < told["expected"] else "good"
    return Exhibit(
        "burn_up", "series", frame, metric=metric, window=ws.window, sources=("order_lines", "targets"),
        findings=(Finding("burn_up.over" if is_over else "burn_up.under_way", told, "attainment", tone),),
    )  # fmt: skip


def _from_the_first(
    ws: Workspace, metric: str, months: list[Period], target: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Targets by month; months before the first one ask for nothing where nothing was sold in them: somebody came later."""
    first = int(np.flatnonzero(~np.isnan(target))[0])
    if not first:
        return target
    before = ws.calendar.days(months[0].start, months[first - 1].end, True, months[0])
    sold = totals(ws.facts, [metric], {"before": before})[metric].iloc[0]
    return np.where(np.arange(len(target)) < first, 0.0, target) if pd.isna(sold) or not sold else target
