"""The coming months against their targets, with the range that past errors give (M1.8, M6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.ahead import COMPANY, Ahead, ahead, chance, complete_months
from salesops_lib.forecasting.kept import said
from salesops_lib.metrics import REGISTRY, Exhibit, Finding, Missing, totals
from salesops_lib.metrics.goals import targets_of

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace


def outlook(
    ws: Workspace, metric: str = "bookings", *, shown_months: int = 12, seen: Ahead | None = None
) -> Exhibit | Missing:
    """Past months, and forecast months with median and intervals; one row a month.

    The forecast starts after the last complete month; a month under way counts what it
    has and adds the forecast for its remaining working days.  `seen` is `ahead`'s, where it is known.
    """
    if absent := ws.facts.missing(*REGISTRY[metric].needs):
        return Missing("outlook", absent)
    seen = seen or ahead(ws, (metric,))
    if seen is None or not (seen.past.measure == metric).any():
        return Missing("outlook", ("order_lines",), "note.year_needed")
    shown = of_company(seen.months, metric).head(ws.policy.forecast.horizon_months)
    coming = seen.coming[: len(shown)]
    past = complete_months(ws, ws.calendar.shift(coming[0], -1))[-shown_months:]
    frame = _frame(ws, metric, past, coming, shown)
    tested = of_company(seen.backtest, metric).iloc[0]
    return Exhibit(
        "outlook", "fan", frame, metric=metric, findings=_told(ws, frame, of_company(seen.totals, metric), shown, tested),
        sources=("order_lines", "targets"), window=ws.trailing(), notes=notes(seen, metric), kept=said(ws, seen),
    )  # fmt: skip


def of_company(frame: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Rows of the whole company's measure."""
    return frame[(frame.measure == metric) & (frame.level == COMPANY)].reset_index(drop=True)


def _frame(
    ws: Workspace, metric: str, past: list[Period], coming: list[Period], shown: pd.DataFrame
) -> pd.DataFrame:
    both = [*past, *coming]
    bases = [ws.calendar.year_before(month) for month in both]
    windows = {
        m.label: ws.calendar.window(m, ws.as_of)
        for m in [*past, *bases]
        if ws.calendar.is_complete(m, ws.as_of)
    }
    amounts = totals(ws.facts, [metric], windows)[metric].astype(float).to_dict()
    began = next((m.label for m in [*bases, *both] if pd.notna(amounts.get(m.label))), "")
    known = {label: 0.0 if pd.isna(v) and label >= began else v for label, v in amounts.items()}
    actual = [known.get(m.label, np.nan) for m in past] + [np.nan] * len(coming)
    frame = pd.DataFrame(
        {
            "label": [m.label for m in both],
            "actual": actual,
            "base": [known.get(m.label, np.nan) for m in bases],
            "target": targets_of(ws, metric, both),
        }
    )
    percents = [round(100 * level) for level in ws.policy.forecast.levels]
    columns = ["median", *(f"{side}_{percent}" for percent in percents for side in ("low", "high"))]
    for column in columns:
        frame[column] = [np.nan] * len(past) + shown[column].tolist()
    return frame


def _told(
    ws: Workspace, frame: pd.DataFrame, in_all: pd.DataFrame, shown: pd.DataFrame, tested: Any
) -> tuple[Finding, ...]:
    n = min(3, len(shown))
    percent = round(100 * ws.policy.forecast.levels[0])
    landing, rows = in_all.iloc[n - 1], frame[frame["median"].notna()].head(n)
    base = rows.base.sum(min_count=n)
    values = {"from": rows.label.iloc[0], "to": rows.label.iloc[-1], "median": landing["median"], "low": landing[f"low_{percent}"],
              "high": landing[f"high_{percent}"], "level": percent / 100, "base": base, "n": n,
              "growth": landing["median"] / base - 1 if base > 0 else np.nan}  # fmt: skip
    found = [Finding("outlook.range", values, "forecast", figure="median")]
    target = rows.target.iloc[0]
    if pd.notna(target):
        odds = chance(shown.iloc[0], target)
        told = {"month": rows.label.iloc[0], "target": target, "chance": odds}
        found.append(Finding("outlook.target", told, "landing", "bad" if odds < 0.5 else "good"))
    if pd.notna(tested.wape):
        poor = tested.wape > ws.policy.forecast.wape_max
        better = tested.wape < tested.naive_wape
        name = "outlook.poor" if poor else "outlook.error" if better else "outlook.error_naive"
        told = {"wape": tested.wape, "naive": tested.naive_wape, "n": int(tested.n_origins)}
        found.append(Finding(name, told, "forecast_error", "bad" if poor else "neutral"))
    return tuple(found)


def notes(seen: Ahead, metric: str) -> tuple[Finding, ...]:
    """How the forecast was made."""
    tested = of_company(seen.backtest, metric).iloc[0]
    if not tested.n_origins:
        return (Finding("note.outlook_untested"),)
    per_day = "note.outlook_per_day" if tested.per_day else "note.outlook_as_is"
    return (Finding("note.outlook_method", {"n": int(tested.n_origins)}), Finding(per_day))
