"""The forecast page: where periods land, who brings it, of what it is made, how it moved, how good it was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.forecasting.ahead import COMPANY, PART, Ahead, ahead, chance, season_and_days
from salesops_lib.forecasting.cells import cells
from salesops_lib.forecasting.graded import graded
from salesops_lib.forecasting.kept import earlier
from salesops_lib.forecasting.months_ahead import of_company, outlook
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import ratio
from salesops_lib.metrics.goals import targets_of

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
#: Months that units and parts are shown for: the coming quarter.
QUARTER = 3


@dataclass(frozen=True)
class Review:
    """Sections of the page, in its order."""

    landing: Section
    fans: Section = ()
    units: Section = ()
    parts: Section = ()
    change: Section = ()
    accuracy: Section = ()
    treatments: Section = ()

    @property
    def movers(self) -> list[Exhibit | Missing]:
        """What the headline says besides the landing."""
        return [section[0] for section in (self.change, self.accuracy, self.units, self.parts) if section]


def review(ws: Workspace) -> Review:
    """All sections; without a year of history the first says what it needs."""
    seen = ahead(ws)
    if seen is None:
        return Review((Missing("landing", ("order_lines",), "note.year_needed"),))
    measures = list(dict.fromkeys(seen.months.measure))
    fans = [replace(outlook(ws, m, seen=seen), id=f"outlook.{m}") for m in measures]
    lead = measures[0]
    return Review(
        (landing(ws, seen, measures),),
        tuple(fans),
        (*units(ws, seen, lead), cells(ws, seen, lead)),
        (parts(ws, seen, lead),),
        (change(ws, seen, lead),),
        graded(ws, seen),
        (treatments(ws, seen),),
    )


def landing(ws: Workspace, seen: Ahead, measures: list[str]) -> Exhibit:
    """Where the month, quarter and year under way, or next, will land, against their targets; one row each."""
    percent = round(100 * ws.policy.forecast.levels[0])
    rows = [row for m in measures for row in _landings(ws, seen, m, percent)]
    frame = pd.DataFrame(rows)
    money = dict.fromkeys(("so_far", "forecast", "forecast_low", "forecast_high", "goal"), "money")
    return Exhibit(
        "landing", "table", frame, metric="landing", findings=_landing_told(frame, measures[0], percent),
        sources=("order_lines", "invoices", "receipts", "targets"), units={**money, "metric": "text", "chance": "ratio"},
        notes=(Finding("note.landing_range", {"level": percent / 100}),),
    )  # fmt: skip


def _landings(ws: Workspace, seen: Ahead, metric: str, percent: int) -> Iterator[dict[str, Any]]:
    totals, actual = of_company(seen.totals, metric), of_company(seen.past, metric).set_index("label").actual
    labels = totals.label.tolist()
    for kind in ("month", "quarter", "year"):
        span = ws.calendar.period_of(seen.coming[0].start, kind)
        months = ws.calendar.months(span) if kind != "month" else [span]
        row, known = totals.iloc[labels.index(months[-1].label)], actual.reindex([m.label for m in months])
        so_far = float(known.sum())
        if known.notna().sum() + sum(m.label in labels for m in months) < len(months):
            continue  # a part of it lies before the data
        goal = float(np.sum(targets_of(ws, metric, months)))
        yield {
            "metric": metric, "period": span.label, "so_far": so_far, "forecast": so_far + row["median"],
            "forecast_low": so_far + row[f"low_{percent}"], "forecast_high": so_far + row[f"high_{percent}"], "goal": goal,
            "chance": chance(row, goal - so_far) if pd.notna(goal) else np.nan,
        }  # fmt: skip


def _landing_told(frame: pd.DataFrame, lead: str, percent: int) -> tuple[Finding, ...]:
    found = []
    for row in frame[frame.metric == lead].itertuples():
        values = {"period": row.period, "expected": row.forecast, "low": row.forecast_low, "high": row.forecast_high,
                  "goal": row.goal, "chance": row.chance, "level": percent / 100}  # fmt: skip
        has_goal = pd.notna(row.goal)
        tone = "neutral" if not has_goal else "good" if row.chance >= 0.5 else "bad"
        found.append(Finding("landing.chance" if has_goal else "landing.range", values, "landing", tone))
    return tuple(found)


def units(ws: Workspace, seen: Ahead, metric: str) -> Section:
    """What each unit should bring in the coming quarter; regions, then teams, each adding up to the company."""
    levels = [name for name in dict.fromkeys(seen.months.level) if name not in (COMPANY, PART)]
    found = [_units(ws, seen, metric, level) for level in levels]
    return tuple(found) or (Missing("forecast_units", (), "note.one_unit"),)


def _units(ws: Workspace, seen: Ahead, metric: str, level: str) -> Exhibit:
    percent = round(100 * ws.policy.forecast.levels[0])
    months = seen.coming[:QUARTER]
    last = seen.totals[(seen.totals.measure == metric) & (seen.totals.label == months[-1].label)]
    bases = [ws.calendar.year_before(m).label for m in months]
    past = seen.past[(seen.past.measure == metric) & seen.past.label.isin(bases)]
    base = past.groupby(["level", "unit"]).actual.agg(["sum", "size"])
    chosen = last[last.level.isin([level, COMPANY])].sort_values("median", ascending=False)
    chosen = pd.concat([chosen[chosen.level == level], chosen[chosen.level == COMPANY]])
    whole = base["sum"].where(base["size"] == len(months)).reindex(
        list(chosen[["level", "unit"]].itertuples(index=False, name=None))
    ).to_numpy()  # fmt: skip
    goals = [
        float(np.sum(targets_of(ws, metric, months, row.level, row.unit))) for row in chosen.itertuples()
    ]
    frame = pd.DataFrame(
        {
            "unit": chosen.unit.where(chosen.level == level, "total").to_numpy(), "forecast": chosen["median"].to_numpy(),
            "forecast_low": chosen[f"low_{percent}"].to_numpy(), "forecast_high": chosen[f"high_{percent}"].to_numpy(), "base": whole,
            "growth": chosen["median"].to_numpy() / np.where(whole > 0, whole, np.nan) - 1, "goal": goals,
            "chance": [chance(row, goal) if pd.notna(goal) else np.nan for (_, row), goal in zip(chosen.iterrows(), goals, strict=True)],
            "is_total": (chosen.level == COMPANY).to_numpy(),
        }
    )  # fmt: skip
    first = frame[~frame.is_total].iloc[0]
    values = {"unit": first.unit, "expected": first.forecast, "share": ratio(first.forecast, frame.forecast[frame.is_total].iloc[0]),
              "from": months[0].label, "to": months[-1].label, "growth": first.growth, "n": int((~frame.is_total).sum())}  # fmt: skip
    money = dict.fromkeys(("forecast", "forecast_low", "forecast_high", "base", "goal"), "money")
    return Exhibit(
        f"forecast_units.{level}", "table", frame, metric=metric, findings=(Finding("units_ahead.largest", values, "forecast"),),
        units={**money, "unit": "text", "chance": "ratio"}, sources=("order_lines", "targets"),
        notes=(Finding("note.units_add_up"),),
    )  # fmt: skip


def parts(ws: Workspace, seen: Ahead, metric: str) -> Exhibit | Missing:
    """The coming quarter's forecast, from usual months to what is expected; closes to the minor unit (C19).

    Usual months are those of the last twelve.  The calendar's effect is what more or fewer weekdays and holidays
    make at the usual rate a day; the season's, what these months bring above or below a year's average in past
    years; the rest is trend.
    """
    found = season_and_days(ws, seen, metric, QUARTER)
    if found is None:
        return Missing("forecast_parts", ("order_lines",), "note.two_years_needed")
    expected = float(of_company(seen.months, metric)["median"].head(QUARTER).sum())
    effects = {name: float(round(amount)) for name, amount in found.items()}
    usual = effects.pop("usual_months")
    effects["trend_ahead"] = expected - usual - sum(effects.values())
    steps = [{"step": "usual_months", "amount": usual, "role": "start"}]
    steps += [
        {"step": name, "amount": amount, "role": "effect"} for name, amount in effects.items() if amount
    ]
    steps += [{"step": "expected_ahead", "amount": expected, "role": "end"}]
    most, *others = sorted(effects, key=lambda name: -abs(effects[name]))
    values = {"from": seen.coming[0].label, "to": seen.coming[QUARTER - 1].label, "expected": expected, "usual": usual,
              "first": most, "first_amount": effects[most], "second": others[0], "second_amount": effects[others[0]],
              "rest": sum(effects[name] for name in others[1:])}  # fmt: skip
    return Exhibit(
        "forecast_parts", "bridge", pd.DataFrame(steps), metric=metric, findings=(Finding("parts_ahead.most", values, "forecast"),),
        units={"amount": "money"}, sources=("order_lines",), notes=(Finding("note.parts_ahead"),),
    )  # fmt: skip


def change(ws: Workspace, seen: Ahead, metric: str) -> Exhibit | Missing:
    """From what was forecast last to what is known and forecast now, of the same months; closes (C19)."""
    said = earlier(ws.root, ws.window.end)
    said = said[(said.measure == metric) & (said.level == COMPANY)]
    if said.empty:
        return Missing("forecast_change", (), "note.no_forecast_kept")
    last = said[said.said_on == said.said_on.max()].set_index("month").expected
    came = of_company(seen.past, metric).set_index("label").actual
    ahead_now = of_company(seen.months, metric).set_index("label")["median"]
    now = pd.concat([came, ahead_now]).reindex(last.index).dropna()
    moved = now - last[now.index]
    is_over = moved.index.isin(came.index)
    effects = {"months_over": moved[is_over].sum(), "months_ahead": moved[~is_over].sum()}
    before, after = last[now.index].sum(), now.sum()
    steps = [{"step": "said_before", "amount": before, "role": "start"}]
    steps += [{"step": name, "amount": amount, "role": "effect"} for name, amount in effects.items()]
    steps += [{"step": "said_now", "amount": after, "role": "end"}]
    values = {"day": pd.Timestamp(said.said_on.max()), "from": now.index.min(), "to": now.index.max(), "before": before, "now": after,
              "change": after - before, "rate": (after - before) / before if before else np.nan,
              "over": effects["months_over"], "ahead": effects["months_ahead"]}  # fmt: skip
    tone = "good" if after > before else "bad" if after < before else "neutral"
    return Exhibit(
        "forecast_change", "bridge", pd.DataFrame(steps), metric=metric, findings=(Finding("forecast_change.moved", values, "forecast", tone),),
        units={"amount": "money"}, sources=("order_lines",),
    )  # fmt: skip


def treatments(ws: Workspace, seen: Ahead) -> Exhibit:
    """What was done to which history before it was forecast; one row a treatment and level."""
    found = seen.treatments
    groups = found.groupby(["measure", "level", "treatment"], sort=False)
    frame = groups.agg(
        n_series=("unit", "size"), n_periods=("n", "sum"), unit=("unit", "first")
    ).reset_index()
    frame = frame.rename(columns={"measure": "metric", "unit": "example"})
    n_series = len(seen.months[["measure", "level", "unit"]].drop_duplicates())
    touched = found.drop_duplicates(["measure", "level", "unit"])
    values = {"n": len(touched), "of": n_series}
    name = "treatments.some" if len(touched) else "treatments.none"
    return Exhibit(
        "treatments", "table", frame[["metric", "level", "treatment", "n_series", "n_periods", "example"]],
        findings=(Finding(name, values),),
        units={**dict.fromkeys(("metric", "level", "treatment", "example"), "text"), "n_series": "count", "n_periods": "count"},
        notes=(Finding("note.treatments"),),
    )  # fmt: skip
