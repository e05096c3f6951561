"""What reports forecast, held against what came (M6.6, M6.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.forecasting.ahead import COMPANY, Ahead, complete_months
from salesops_lib.forecasting.kept import KEYS, earlier
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import ratio

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
#: Share of actuals that the kept intervals should hold.
LEVEL = 0.80
#: Months of which what was said last is shown one by one.
SHOWN_MONTHS = 12


def held(ws: Workspace, seen: Ahead) -> pd.DataFrame:
    """Forecasts that were said before their month began, of months that are over, with what came.

    Returns
    -------
    pd.DataFrame
        The columns that are kept, with `actual` and `is_late`: made when the data already reached beyond the
        month, of what was known before it.  A unit that brings nothing any more is left out.
    """
    starts = {m.label: m.start for m in complete_months(ws, ws.calendar.last_complete(ws.window.end))}
    came = seen.past.rename(columns={"label": "month"})
    found = earlier(ws.root, ws.window.end).merge(came, on=KEYS, validate="many_to_one")
    begun = pd.to_datetime(found.month.map(starts))
    found["is_late"] = pd.to_datetime(found.as_of) >= begun
    return found[pd.to_datetime(found.said_on) < begun].reset_index(drop=True)


def accuracy(found: pd.DataFrame) -> dict[str, Any]:
    """Errors of `held` rows: n, wape, mase, bias, coverage, naive_wape and value_added.

    Examples
    --------
    >>> rows = pd.DataFrame({"expected": [90.0, 120.0], "low_80": [80.0, 110.0], "high_80": [100.0, 130.0],
    ...                      "actual": [100.0, 100.0], "naive": [80.0, 90.0], "scale": [20.0, 20.0]})
    >>> {name: round(value, 3) for name, value in accuracy(rows).items()}
    {'n': 2, 'wape': 0.15, 'mase': 0.75, 'bias': 0.05, 'coverage': 0.5, 'naive_wape': 0.15, 'value_added': 0.0}
    """
    error, size = found.expected - found.actual, found.actual.abs()
    scaled = (error.abs() / found.scale)[found.scale > 0]
    both = found.naive.notna()
    naive = ratio((found.naive - found.actual)[both].abs().sum(), size[both].sum())
    inside = (found.low_80 <= found.actual) & (found.actual <= found.high_80)
    return {
        "n": len(found),
        "wape": ratio(error.abs().sum(), size.sum()),
        "mase": float(scaled.mean()),
        "bias": ratio(error.sum(), size.sum()),
        "coverage": float(inside.mean()),
        "naive_wape": naive,
        "value_added": naive - ratio(error.abs()[both].sum(), size[both].sum()),
    }


def graded(ws: Workspace, seen: Ahead) -> Section:
    """How good forecasts were, by measure and level; and month by month what was said last and what came."""
    if earlier(ws.root, ws.window.end).empty:
        return (Missing("forecast_accuracy", (), "note.no_forecast_kept"),)
    found = held(ws, seen)
    if found.empty:
        return (Missing("forecast_accuracy", (), "note.no_forecast_came"),)
    groups = found.groupby(["measure", "level"], sort=False)
    rows = [{"metric": m, "level": level} | accuracy(each) for (m, level), each in groups]
    frame = pd.DataFrame(rows)
    lead = found[(found.measure == frame.metric[0]) & (found.level == COMPANY)]
    ratios = dict.fromkeys(("wape", "bias", "coverage", "naive_wape"), "ratio")
    table = Exhibit(
        "forecast_accuracy", "table", frame, metric="forecast_wape", findings=_told(ws, frame.iloc[0], lead), notes=_notes(found),
        units={"metric": "text", "level": "text", "n": "count", "mase": "quantity", "value_added": "pp", **ratios},
    )  # fmt: skip
    return table, _last_said(lead)


def _told(ws: Workspace, row: Any, lead: pd.DataFrame) -> tuple[Finding, ...]:
    rules = ws.policy.forecast
    values = {"metric": row.metric, "n": int(row.n), "months": lead.month.nunique(), "wape": row.wape, "bias": row.bias,
              "naive": row.naive_wape, "added": row.value_added, "coverage": row.coverage, "level": LEVEL,
              "low": rules.coverage_band[0], "high": rules.coverage_band[1], "mase": row.mase}  # fmt: skip
    found = [
        Finding("graded.wape", values, "forecast_wape", "bad" if row.wape > rules.wape_max else "good"),
        Finding("graded.bias", values, "forecast_bias"),
    ]
    if pd.notna(row.value_added):
        better = row.value_added > 0 and row.value_added >= rules.beats_naive_by * row.naive_wape
        name = "graded.added" if row.value_added > 0 else "graded.not_added"
        found.append(Finding(name, values, "forecast_value_added", "good" if better else "bad"))
    within = rules.coverage_band[0] <= row.coverage <= rules.coverage_band[1]
    name = "graded.coverage" if within else "graded.coverage_off"
    found.append(Finding(name, values, "forecast_coverage", "good" if within else "bad"))
    return tuple(found)


def _notes(found: pd.DataFrame) -> tuple[Finding, ...]:
    late = int(found[["said_on", "month"]][found.is_late].drop_duplicates().shape[0])
    told = [Finding("note.graded_rule"), Finding("note.no_commit")]
    return (*told, Finding("note.graded_late", {"n": late})) if late else tuple(told)


def _last_said(lead: pd.DataFrame) -> Exhibit:
    """The last forecast of each month before it began, its interval, and what came."""
    last = lead.sort_values("said_on").groupby("month").tail(1).sort_values("month").tail(SHOWN_MONTHS)
    inside = (last.low_80 <= last.actual) & (last.actual <= last.high_80)
    frame = pd.DataFrame(
        {
            "label": last.month, "value": last.expected, "low": last.low_80, "high": last.high_80, "base": last.actual,
            "error_rate": (last.expected - last.actual) / last.actual.abs().where(last.actual != 0), "said_on": last.said_on,
        }
    )  # fmt: skip
    values = {"n": len(last), "inside": int(inside.sum()), "level": LEVEL}
    return Exhibit(
        "forecast_said", "intervals", frame.reset_index(drop=True), metric=str(last.measure.iloc[0]),
        findings=(Finding("graded.said", values, "forecast_coverage"),),
        units={**dict.fromkeys(("value", "low", "high", "base"), "money"), "error_rate": "ratio", "said_on": "text"},
        notes=(Finding("note.graded_mark"),),
    )  # fmt: skip
