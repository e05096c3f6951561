"""How sales move over time, and where they grow (M6.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, assigned, measure, totals
from salesops_lib.periods import Comparison, Window, growth, growth_frame, growth_per_workday

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.workspace import Workspace


def trend(ws: Workspace, metric: str = "bookings", *, n_months: int = 13) -> Exhibit | Missing:
    """The last `n_months` fiscal months, each beside the same month of the year before; one row a month.

    A month that is not over stands beside the same stretch of its year before (C6) and is marked.
    """
    if absent := ws.facts.missing("sales.net_amount"):
        return Missing("trend", absent)
    months = _months(ws, n_months)
    pairs = [ws.calendar.compare(month, ws.as_of, align=ws.policy.calendar.align) for month in months]
    windows = {f"actual {m.label}": p.current for m, p in zip(months, pairs)} | {
        f"base {m.label}": p.base for m, p in zip(months, pairs)
    }
    measured = totals(ws.facts, [metric], windows)[metric]
    frame = pd.DataFrame(
        {
            "label": [m.label for m in months],
            "actual": [measured[f"actual {m.label}"] for m in months],
            "base": [measured[f"base {m.label}"] for m in months],
            "is_complete": [p.current.is_complete for p in pairs],
        }
    )
    found = [_annual(ws, metric), _two_months(ws, frame), _month(ws, pairs, frame)]
    return Exhibit(
        "trend", "series", frame, metric=metric, window=pairs[-1].current,
        base=pairs[-1].base if frame.base.notna().any() else None,
        findings=tuple(f for f in found if f), sources=("order_lines",),
    )  # fmt: skip


def panels(
    ws: Workspace, by: str = "region", metric: str = "bookings", *, n_months: int = 13, at_most: int = 6
) -> Exhibit | Missing:
    """The trend of each of the largest units, on one scale; one row per unit and month."""
    if absent := ws.facts.missing(f"sales.{by}"):
        return Missing("panels", absent)
    months = _months(ws, n_months)
    pairs = {m.label: ws.calendar.compare(m, ws.as_of, align=ws.policy.calendar.align) for m in months}
    windows = {f"actual {label}": p.current for label, p in pairs.items()} | {
        f"base {label}": p.base for label, p in pairs.items()
    }
    measured = assigned(measure(ws.facts, [metric], windows, [by]), [by], metric)
    scenario, label = measured.window.str.split(" ", n=1).str[0], measured.window.str.split(" ", n=1).str[1]
    wide = measured.assign(window=scenario, label=label).pivot(
        index=[by, "label"], columns="window", values=metric
    )
    wide = wide.reindex(columns=["actual", "base"])
    largest = wide.groupby(level=0).actual.sum().nlargest(at_most).index
    full = pd.MultiIndex.from_product([largest, list(pairs)], names=["panel", "label"])
    frame = wide.rename_axis(["panel", "label"]).reindex(full).fillna({"actual": 0}).reset_index()
    return Exhibit(
        "panels",
        "multiples",
        frame,
        metric=metric,
        sources=("order_lines",),
        findings=_turning(ws, frame, by),
    )


def heat_map(
    ws: Workspace, rows: str = "region", columns: str = "category", metric: str = "bookings"
) -> Exhibit | Missing:
    """Growth of each cell of two dimensions against the year before; one row a cell."""
    if absent := ws.facts.missing(f"sales.{rows}", f"sales.{columns}"):
        return Missing("where", absent)
    measured = assigned(measure(ws.facts, [metric], ws.windows, [rows, columns]), [rows, columns], metric)
    wide = (
        measured.pivot(index=[rows, columns], columns="window", values=metric)
        .reindex(columns=["actual", "base"])
        .fillna(0)
    )
    frame = wide.assign(
        **growth_frame(wide.actual, wide.base)[["growth", "growth_kind", "difference"]]
    ).reset_index()
    frame = frame.rename(columns={rows: "row", columns: "column", "actual": "value"})
    frame = frame.sort_values(["row", "column"], ignore_index=True)
    return Exhibit(
        "where", "matrix", frame, metric=metric, window=ws.window, base=ws.base if frame.base.any() else None, findings=_cells(frame), sources=("order_lines",),
        units={"growth": "ratio", "difference": "money"},
    )  # fmt: skip


def _months(ws: Workspace, n: int) -> list:
    """The last `n` months up to the period's window, from the first that holds data; the last one always."""
    last = ws.calendar.period_of(ws.window.end, "month")
    months = [ws.calendar.shift(last, -back) for back in range(n - 1, -1, -1)]
    first = ws.facts.query("SELECT MIN(dated_on) AS first_day FROM sales").first_day.iloc[0].date()
    return [month for month in months if month.end >= first or month == last]


def _annual(ws: Workspace, metric: str) -> Finding | None:
    """The trailing twelve months against the twelve before (C10)."""
    now, before = ws.trailing(), ws.trailing(years_back=1)
    values = totals(ws.facts, [metric], {"now": now, "before": before})[metric]
    first = ws.facts.query("SELECT MIN(dated_on) AS first_day FROM sales").first_day.iloc[0].date()
    change = growth(values["now"], values["before"])
    if change.rate is None or _misses_days(first, before):
        return None
    return Finding(
        "trend.annual",
        {"actual": values["now"], "growth": change.rate, "month": ws.calendar.period_of(now.end).label},
        "growth",
        "good" if change.rate >= 0 else "bad",
        "growth",
    )


def _misses_days(first_day: date, window: Window) -> bool:
    return first_day > window.end or (first_day - window.start).days > 31


def _two_months(ws: Workspace, frame: pd.DataFrame) -> Finding | None:
    """January and February together, as the festival moves between them (C8)."""
    if not ws.calendar.keeps_spring_festival or ws.period.start.month not in (1, 2, 3):
        return None
    pair = frame[frame.label.isin([f"{ws.period.start.year}-01", f"{ws.period.start.year}-02"])]
    change = (
        growth(pair.actual.sum(), pair.base.sum()) if len(pair) == 2 and pair.base.notna().all() else None
    )
    if change is None or change.rate is None:
        return None
    return Finding("trend.january_february", {"actual": pair.actual.sum(), "growth": change.rate}, "growth")


def _month(ws: Workspace, pairs: list[Comparison], frame: pd.DataFrame) -> Finding | None:
    """The last month against the one before, per working day; silent where the festival disturbs it (C7, C8)."""
    last = ws.calendar.period_of(ws.window.end, "month")
    if len(frame) < 2 or ws.calendar.is_festival_disturbed(last):
        return None
    now, before = frame.actual.iloc[-1], frame.actual.iloc[-2]
    change = growth_per_workday(now, pairs[-1].current, before, pairs[-2].current)
    if change.rate is None:
        return None
    values = {
        "month": last.label,
        "actual": now,
        "growth": change.rate,
        "n_workdays": pairs[-1].current.n_workdays,
    }
    return Finding("trend.month", values, "growth")


def _turning(ws: Workspace, frame: pd.DataFrame, by: str) -> tuple[Finding, ...]:
    """Units whose last three complete months all fell against the year before, at a rising rate."""
    found = []
    complete = ws.calendar.last_complete(ws.as_of).label
    for unit, rows in frame[frame.label <= complete].groupby("panel", sort=False):
        last = rows.dropna(subset=["base"]).tail(3)
        if len(last) == 3 and (last.actual < last.base).all():
            lost = int((last.base - last.actual).sum())
            values = {
                "unit": unit,
                "n": 3,
                "growth": last.actual.sum() / last.base.sum() - 1,
                "at_stake": lost,
                "by": by,
            }
            found.append(Finding("panels.falling", values, "growth", "bad"))
    found.sort(key=lambda f: f.values["at_stake"], reverse=True)
    return tuple(found[:2])


def _cells(frame: pd.DataFrame) -> tuple[Finding, ...]:
    """The cells that added and lost most money, with their share of the whole change."""
    if len(frame) and not frame.base.any():
        largest, total = frame.loc[frame.value.idxmax()], frame.value.sum()
        values = {"row": largest.row, "column": largest.column, "actual": largest.value}
        return (
            (Finding("where.largest", values | {"share": largest.value / total}, "bookings"),)
            if total
            else ()
        )
    comparable = frame[frame.growth_kind != "missing"]
    if comparable.empty or not comparable.difference.abs().sum():
        return (Finding("where.unchanged"),)
    total = comparable.difference.sum()
    best, worst = (
        comparable.loc[comparable.difference.idxmax()],
        comparable.loc[comparable.difference.idxmin()],
    )
    found = []
    for cell, message, tone in ((best, "where.gained", "good"), (worst, "where.lost", "bad")):
        if (cell.difference > 0) != (tone == "good"):
            continue
        growth_value = cell.growth if cell.growth_kind == "rate" else cell.growth_kind
        values = {
            "row": cell.row,
            "column": cell.column,
            "delta": cell.difference,
            "growth": growth_value,
            "total": total,
        }
        found.append(
            Finding(message, values | {"at_stake": abs(cell.difference), "unit": cell.row}, "growth", tone)
        )
    return tuple(found)
