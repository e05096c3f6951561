"""The coming months against their targets, with the range that past errors give (M1.8, M6.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.seasonal import SEASON, Backtest, backtest, forecast_rates
from salesops_lib.metrics import Exhibit, Finding, Missing, totals

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

#: Errors that an interval must rest on before it is shown.
ENOUGH_ERRORS = 12


def outlook(ws: Workspace, metric: str = "bookings", *, shown_months: int = 12) -> Exhibit | Missing:
    """Past months, and forecast months with median and intervals; one row a month.

    The forecast starts after the last complete month; a month under way counts what it has
    and adds the forecast rate for its remaining working days.
    """
    if absent := ws.facts.missing("sales.net_amount"):
        return Missing("outlook", absent)
    months = _history(ws)
    if len(months) < SEASON:
        return Missing("outlook", ("order_lines",), "note.year_needed")
    amounts = _amounts(ws, metric, months)
    rates = _rates(ws, months, amounts)
    horizon = ws.policy.forecast.horizon_months
    tested = backtest(rates, horizon, ws.policy.forecast.folds)
    coming = [ws.calendar.shift(months[-1], ahead + 1) for ahead in range(horizon)]
    median = _landing(ws, metric, coming, forecast_rates(rates, horizon, tested.damping))
    frame = _frame(ws, months[-shown_months:], amounts, coming, median, tested, metric)
    return Exhibit(
        "outlook", "fan", frame, metric=metric, findings=_told(ws, frame, coming, median, tested), sources=("order_lines", "targets"),
        window=ws.trailing(), notes=(_method(tested),),
    )  # fmt: skip


def _history(ws: Workspace) -> list[Period]:
    """Complete months with data up to the period's end, oldest first, at most five years."""
    last = ws.calendar.last_complete(ws.window.end)
    day = ws.facts.query("SELECT MIN(dated_on) AS day FROM sales WHERE kind = 'order'").day.iloc[0]
    if pd.isna(day):
        return []
    first = day.date()
    months = [ws.calendar.shift(last, -back) for back in range(59, -1, -1)]
    return [month for month in months if month.start >= first or (first - month.start).days <= 3]


def _amounts(ws: Workspace, metric: str, months: list[Period]) -> dict[str, float]:
    windows = {m.label: ws.calendar.window(m, ws.as_of) for m in months}
    return totals(ws.facts, [metric], windows)[metric].fillna(0).astype(float).to_dict()


def _rates(ws: Workspace, months: list[Period], amounts: dict[str, float]) -> np.ndarray:
    """Money a working day; January and February at their common rate where the festival moves (C8)."""
    days = np.array([max(ws.calendar.working_days(m.start, m.end), 1) for m in months], dtype=float)
    values = np.array([amounts[m.label] for m in months])
    rates = values / days
    if ws.calendar.keeps_spring_festival:
        for i, month in enumerate(months[:-1]):
            if month.start.month == 1 and months[i + 1].start.month == 2:
                rates[i : i + 2] = values[i : i + 2].sum() / days[i : i + 2].sum()
    return rates


def _landing(ws: Workspace, metric: str, coming: list[Period], rates: np.ndarray) -> np.ndarray:
    """Median of each coming month; what a month under way already has is kept."""
    landed = []
    for month, rate in zip(coming, rates):
        if month.start <= ws.window.end and not ws.window.is_complete:
            so_far = totals(ws.facts, [metric], {"now": ws.calendar.window(month, ws.window.end)})[
                metric
            ].iloc[0]
            left = ws.calendar.working_days(ws.window.end, month.end) - ws.calendar.is_workday(ws.window.end)
            landed.append(float(so_far) + rate * left)
        else:
            landed.append(rate * ws.calendar.working_days(month.start, month.end))
    return np.array(landed)


def _frame(
    ws: Workspace,
    past: list[Period],
    amounts: dict[str, float],
    coming: list[Period],
    median: np.ndarray,
    tested: Backtest,
    metric: str,
) -> pd.DataFrame:
    both = [*past, *coming]
    year_before = {m.label: amounts.get(ws.calendar.year_before(m).label, np.nan) for m in both}
    frame = pd.DataFrame(
        {
            "label": [m.label for m in both],
            "actual": [amounts[m.label] for m in past] + [np.nan] * len(coming),
            "base": [year_before[m.label] for m in both],
            "target": _targets(ws, metric, both),
            "median": [np.nan] * len(past) + list(median),
        }
    )
    errors = tested.ratios[np.isfinite(tested.ratios)]
    for level in ws.policy.forecast.levels:
        tail = (1 - level) / 2
        low, high = (
            np.quantile(errors, [tail, 1 - tail]) if len(errors) >= ENOUGH_ERRORS else (np.nan, np.nan)
        )
        percent = round(100 * level)
        frame[f"low_{percent}"], frame[f"high_{percent}"] = frame["median"] * low, frame["median"] * high
    return frame


def _targets(ws: Workspace, metric: str, months: list[Period]) -> list[float]:
    found = ws.facts.query(
        "SELECT period, CAST(SUM(value) AS DOUBLE) AS target FROM ("
        "  SELECT period, value, ROW_NUMBER() OVER (PARTITION BY scope_id, period ORDER BY version DESC NULLS LAST) AS newest"
        "  FROM targets WHERE scope_type = 'company' AND measure = ?) AS versions WHERE newest = 1 GROUP BY period",
        [metric],
    )
    by_period = dict(zip(found.period, found.target * 10**ws.policy.semantics.minor_digits))
    return [by_period.get(m.label, np.nan) for m in months]


def _told(
    ws: Workspace, frame: pd.DataFrame, coming: list[Period], median: np.ndarray, tested: Backtest
) -> tuple[Finding, ...]:
    quarter = min(3, len(coming))
    percent = round(100 * ws.policy.forecast.levels[0])
    ahead = frame[frame["median"].notna()].head(quarter)
    values = {"from": coming[0].label, "to": coming[quarter - 1].label, "median": median[:quarter].sum(),
              "low": ahead[f"low_{percent}"].sum(min_count=quarter), "high": ahead[f"high_{percent}"].sum(min_count=quarter),
              "level": percent / 100, "base": ahead.base.sum(min_count=quarter), "n": quarter}  # fmt: skip
    values["growth"] = values["median"] / values["base"] - 1 if values["base"] else np.nan
    known = pd.notna(values["low"])
    found = [Finding("outlook.range" if known else "outlook.point", values, "forecast", figure="median")]
    errors = tested.ratios[np.isfinite(tested.ratios)]
    target = ahead.target.iloc[0] if len(ahead) else np.nan
    if pd.notna(target) and len(errors) >= ENOUGH_ERRORS:
        chance = (int((errors * median[0] >= target).sum()) + 1) / (len(errors) + 2)
        found.append(
            Finding(
                "outlook.target",
                {"month": coming[0].label, "target": target, "chance": chance},
                "landing",
                "bad" if chance < 0.5 else "good",
            )
        )
    if tested.n_origins:
        poor = tested.wape > ws.policy.forecast.wape_max
        told = {"wape": tested.wape, "naive": tested.naive_wape, "n": tested.n_origins}
        better = tested.wape < tested.naive_wape
        found.append(
            Finding(
                "outlook.poor" if poor else "outlook.error" if better else "outlook.error_naive",
                told,
                "forecast_error",
                "bad" if poor else "neutral",
            )
        )
    return tuple(found)


def _method(tested: Backtest) -> Finding:
    if not tested.n_origins:
        return Finding("note.outlook_untested")
    return Finding("note.outlook_method", {"damping": tested.damping, "n": tested.n_origins})
