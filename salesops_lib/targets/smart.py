"""The five SMART tests of each target, every verdict with its reason (M1.9), and where it will land (M1.8)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting import forecast
from salesops_lib.forecasting.panel import FISCAL
from salesops_lib.metrics import REGISTRY, measure
from salesops_lib.targets.attainment import target_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

TESTS = ("specific", "measurable", "achievable", "relevant", "time_bound")
_ROUNDS_A_YEAR = {"yearly": 1, "half_yearly": 2, "quarterly": 4}
#: Months of history an origin must have, and origins that a distribution must rest on.
_LEAST_HISTORY, ENOUGH_ORIGINS = 12, 6


@dataclass(frozen=True)
class Aim:
    """One target of a period: whose, of what, how much, and what is written about it.

    Attributes
    ----------
    value
        Minor units or a count.
    serves
        The target above it, or the company's aim that it names; empty where none is.
    n_reviews
        Days or rounds of review within the period.
    """

    level: str
    unit: str
    measure: str
    period: Period
    value: float
    owner: str
    serves: str
    n_reviews: int


@dataclass(frozen=True)
class Landing:
    """Where a measure will end: what came so far, and draws of the whole period.

    Attributes
    ----------
    paced
        What came so far over the share of working days that have passed; missing before the period begins.
    draws
        Totals of the period, one for each past origin whose error is known; empty where there is too little history.
    is_over
        The period has ended: the one draw is what came.
    """

    so_far: float
    paced: float
    draws: np.ndarray
    is_over: bool = False

    def quantile(self, share: float) -> float:
        return float(np.quantile(self.draws, share)) if len(self.draws) else float("nan")

    def chance(self, target: float) -> float:
        """P(attain), drawn towards one half by one miss and one hit, so that it is 0 or 1 only when the period is over."""
        if not len(self.draws):
            return float("nan")
        if self.is_over:
            return float(self.draws[0] >= target)
        return (int((self.draws >= target).sum()) + 1) / (len(self.draws) + 2)


def aims(ws: Workspace, year: Period) -> list[Aim]:
    """Targets of a year: the policy's and the table's, of the company and of its regions; of a unit, its own alone."""
    is_unit = bool(ws.facts.scope)
    said = {
        target.measure: target
        for target in ws.policy.targets.company
        if target.period == year.label and target.measure in REGISTRY and not is_unit
    }
    measures = tuple(m for m in dict.fromkeys([*ws.policy.targets.measures, *said]) if m in REGISTRY)
    months = [month.label for month in ws.calendar.months(year)]
    rounds = _ROUNDS_A_YEAR.get(ws.policy.targets.review.cycle, len(months))
    heads, minor = _heads(ws), 10**ws.policy.semantics.minor_digits
    found = {
        name: Aim(
            "company", "company", name, year, target.value * (minor if REGISTRY[name].unit == "money" else 1),
            target.owner, getattr(target.relevant, ws.lang) if target.relevant else "", len(target.reviews),
        )
        for name, target in said.items()
    }  # fmt: skip
    parts: list[Aim] = []
    if ws.facts.has("targets"):
        for row in target_values(ws, "company", measures, months).itertuples():
            own = Aim("company", "company", str(row.measure), year, float(row.target),
                      heads.get(ws.facts.scope, "") if is_unit else "", "company" if is_unit else "", rounds if is_unit else 0)  # fmt: skip
            found[own.measure] = replace(found.get(own.measure, own), value=own.value)
        regions = target_values(ws, "region", measures, months).sort_values("scope_id")
        parts = [
            Aim("region", str(row.scope_id), str(row.measure), year, float(row.target),
                heads.get(str(row.scope_id), ""), "company" if row.measure in found else "", rounds)
            for row in regions.itertuples() if not is_unit
        ]  # fmt: skip
    known = [name for name in measures if name in found]
    return [aim for name in known for aim in (found[name], *(part for part in parts if part.measure == name))]


def landings(ws: Workspace, chosen: list[Aim]) -> Mapping[Aim, Landing]:
    """Landing of each target, by working-day pacing and by the forecast engine.

    Notes
    -----
    The months of the target's period still to come are forecast; months as far ahead are forecast from every past origin that
    has a year of history, and actual / forecast of their sums is what the landing is drawn from.
    """
    histories = {aim: _history(ws, aim) for aim in chosen}
    ahead = {aim: _ahead(ws, aim, histories[aim]) for aim in chosen}
    rows, horizon = [], max((months.stop for months in ahead.values()), default=0)
    for number, (aim, values) in enumerate(histories.items()):
        if len(values) < _LEAST_HISTORY or not ahead[aim]:
            continue
        ends = [*range(_LEAST_HISTORY, len(values) - ahead[aim].stop + 1), len(values)]
        known = values.rename("y").rename_axis("ds").reset_index()
        rows += [known.iloc[:end].assign(unique_id=f"{number}|{end}") for end in ends]
    made = {}
    if rows:
        table = forecast(
            pd.concat(rows, ignore_index=True)[["unique_id", "ds", "y"]],
            horizon,
            FISCAL,
            calendar=ws.calendar,
        )
        made = {name: own["mean"].to_numpy() for name, own in table.groupby("unique_id")}
    return {
        aim: _landing(ws, aim, number, histories[aim], ahead[aim], made) for number, aim in enumerate(chosen)
    }


def _landing(
    ws: Workspace, aim: Aim, number: int, history: pd.Series, ahead: range, made: Mapping[str, np.ndarray]
) -> Landing:
    begun = history[history.index >= pd.Timestamp(aim.period.start)]
    so_far = float(begun.sum())
    passed = (
        ws.calendar.working_days(aim.period.start, min(ws.window.end, aim.period.end)) if len(begun) else 0
    )
    share = passed / max(ws.calendar.working_days(aim.period.start, aim.period.end), 1)
    paced = so_far / share if share else float("nan")
    if not ahead:
        return Landing(so_far, paced, np.array([so_far]), is_over=True)
    point = made.get(f"{number}|{len(history)}")
    ratios = []
    months = slice(ahead.start, ahead.stop)
    for end in range(_LEAST_HISTORY, len(history) - ahead.stop + 1):
        said = float(made[f"{number}|{end}"][months].sum())
        if said > 0:
            ratios.append(float(history.iloc[end:][months].sum()) / said)
    if point is None or len(ratios) < ENOUGH_ORIGINS:
        return Landing(so_far, paced, np.array([]))
    return Landing(so_far, paced, so_far + float(point[months].sum()) * np.array(ratios))


def verdicts(ws: Workspace, aim: Aim, landing: Landing) -> dict[str, tuple[bool | None, str]]:
    """Test → passed (None: cannot be told) and the reason, a message of the catalogue."""
    rules = ws.policy.targets
    absent = ws.facts.missing(*REGISTRY[aim.measure].needs)
    chance, median = landing.chance(aim.value), landing.quantile(0.5)
    low, high = rules.achievable_chance
    least, most = rules.achievable_to_median
    achievable: tuple[bool | None, str]
    if np.isnan(chance):
        achievable = (None, "smart.too_little_history")
    elif landing.is_over:
        achievable = (None, "smart.over")
    elif chance < low or aim.value > most * median:
        achievable = (False, "smart.too_high")
    elif chance > high or aim.value < least * median:
        achievable = (False, "smart.too_low")
    else:
        achievable = (True, "smart.within_reach")
    return {
        "specific": (bool(aim.owner), "smart.owned" if aim.owner else "smart.no_owner"),
        "measurable": (not absent, "smart.not_loaded" if absent else "smart.computed"),
        "achievable": achievable,
        "relevant": (bool(aim.serves), "smart.serves" if aim.serves else "smart.serves_nothing"),
        "time_bound": (aim.n_reviews > 0, "smart.reviewed" if aim.n_reviews else "smart.no_review"),
    }


def _history(ws: Workspace, aim: Aim) -> pd.Series:
    """Complete months of a measure up to the period's end, by their first day."""
    last = ws.calendar.last_complete(ws.window.end)
    day = ws.facts.query("SELECT MIN(dated_on) AS day FROM sales WHERE kind = 'order'").day.iloc[0]
    if pd.isna(day):
        return pd.Series(dtype=float)
    months = [ws.calendar.shift(last, -back) for back in range(59, -1, -1)]
    months = [m for m in months if m.start >= day.date() or (day.date() - m.start).days <= 3]
    windows = {m.label: ws.calendar.days(m.start, m.end, True, m) for m in months}
    where = {aim.level: aim.unit} if aim.level != "company" else None
    sold = measure(ws.facts, [aim.measure], windows, where=where).set_index("window")[aim.measure]
    values = sold.reindex(list(windows)).astype(float).fillna(0.0)
    return values.set_axis(pd.DatetimeIndex([pd.Timestamp(m.start) for m in months]))


def _ahead(ws: Workspace, aim: Aim, history: pd.Series) -> range:
    """Which of the months after the last complete one, counted from 0, lie in the target's period."""
    if not len(history):
        return range(0)
    begins = n = 0
    month = ws.calendar.shift(ws.calendar.last_complete(ws.window.end), 1)
    while month.start <= aim.period.end:
        n += 1
        begins += month.start < aim.period.start
        month = ws.calendar.shift(month, 1)
    return range(begins, n)


def _heads(ws: Workspace) -> dict[str, str]:
    """Region → who answers for it: its director, or the person that its managers report to."""
    frame = ws.facts.query(
        "SELECT o.region, COALESCE(r.name, o.rep_id) AS name FROM org AS o LEFT JOIN reps AS r ON r.rep_id = o.rep_id "
        "WHERE o.team IS NULL AND o.region IS NOT NULL AND COALESCE(o.valid_to, DATE '9999-12-31') >= ? "
        "AND COALESCE(o.valid_from, DATE '1900-01-01') <= ? ORDER BY o.region, name",
        [ws.window.end, ws.window.end],
    ) if not ws.facts.missing("org.region") else pd.DataFrame({"region": [], "name": []})  # fmt: skip
    return frame.drop_duplicates("region").set_index("region").name.to_dict()
