"""Growth under every alignment of a period with the year before (C6, C7): does the answer hang on the days compared?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, totals
from salesops_lib.periods import growth, growth_per_workday

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace


def alignments(ws: Workspace, metric: str = "bookings") -> Exhibit | Missing:
    """The period and the year to date against each stretch of the year before that they may be held against.

    One row a stretch; alignments that come to the same days share one, named by the policy's where it is among
    them.  `growth_workday` is the growth of the amount per working day.
    """
    if absent := ws.facts.missing("sales.net_amount"):
        return Missing("alignments", absent)
    chosen = ws.policy.calendar.align
    spans = {
        "period": ws.calendar.compare(ws.period, ws.as_of, align=chosen),
        "year_to_date": ws.calendar.compare_year_to_date(ws.period, ws.as_of, chosen),
    }
    bases = {
        f"{span} {name}": (span, name, window)
        for span, pair in spans.items()
        for name, window in _distinct({chosen: pair.base, **pair.others}).items()
    }
    windows = {label: window for label, (_, _, window) in bases.items()}
    measured = totals(ws.facts, [metric], windows | {span: pair.current for span, pair in spans.items()})[
        metric
    ]
    first = ws.facts.query("SELECT MIN(dated_on) AS first_day FROM sales").first_day.iloc[0]
    rows = []
    for label, (span, name, window) in bases.items():
        now, current = measured[span], spans[span].current
        before = float("nan") if _begins_late(first, window) else measured[label]
        rows.append({
            "span": span, "alignment": name, "growth": growth(now, before).rate,
            "growth_workday": growth_per_workday(now, current, before, window).rate, "base": before,
            "base_from": window.start, "base_to": window.end, "base_workdays": window.n_workdays,
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    shown = frame.assign(
        **{name: [Finding(f"label.{value}") for value in frame[name]] for name in ("span", "alignment")}
    )
    return Exhibit(
        "alignments", "table", shown, metric=metric, findings=_findings(frame), sources=("order_lines",),
        window=spans["period"].current, base=spans["period"].base,
        units={"base_from": "date", "base_to": "date", "base_workdays": "count", "growth": "ratio", "growth_workday": "ratio"},
    )  # fmt: skip


def _begins_late(first: pd.Timestamp, window: Window) -> bool:
    """Whether the data miss the head of a stretch, more than a quiet week or a tenth of it."""
    days = (window.end - window.start).days + 1
    return pd.notna(first) and (first.date() - window.start).days > max(7, days / 10)


def _distinct(windows: dict[str, Window]) -> dict[str, Window]:
    """The first of those that come to the same days; the whole base is for pace alone."""
    days = {name: (window.start, window.end) for name, window in windows.items() if name != "whole"}
    return {name: windows[name] for name in days if next(n for n in days if days[n] == days[name]) == name}


def _findings(frame: pd.DataFrame) -> tuple[Finding, ...]:
    own = frame.iloc[0]
    rates = frame.loc[frame.span == "period", ["growth", "growth_workday"]].stack().dropna().astype(float)
    if rates.empty:
        return (Finding("alignments.new"),)
    low, high = rates.min(), rates.max()
    values = {"growth": own.growth, "low": low, "high": high, "workday": own.growth_workday}
    turns = low < 0 <= high
    return (Finding("alignments.turns" if turns else "alignments.agree", values, "growth"),)
