"""From facts to a history: what each payee of a plan did, was asked for and is promised in a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives import crediting
from salesops_lib.incentives.exact import quotient
from salesops_lib.incentives.history import History, Key, Lines
from salesops_lib.incentives.pay import DIRECT, Earned, earned
from salesops_lib.metrics import REGISTRY
from salesops_lib.metrics.goals import newest_targets

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.periods import Period
    from salesops_lib.policy.incentives import Component, Plan
    from salesops_lib.workspace import Workspace

_EVER, _NEVER = pd.Timestamp("1900-01-01"), pd.Timestamp("2262-01-01")


@dataclass(frozen=True)
class Case:
    """A plan, a fiscal year and the facts that it is computed from.

    Attributes
    ----------
    spans
        Days on which people are paid by the plan: rep_id, role, start, stop; one row a stay.
    """

    ws: Workspace
    plan: Plan
    year: Period
    months: tuple[Period, ...]
    spans: pd.DataFrame
    history: History
    needs: Needs = field(repr=False)

    @cached_property
    def earned(self) -> Earned:
        """Pay to date of the plan's components."""
        rules = self.ws.policy.incentives.rules
        return earned(self.plan, rules, self.history, zero_quota=self.ws.policy.semantics.zero_quota)

    def lines(self, component: Component) -> pd.DataFrame:
        """Credited lines of a component, of the days its payees serve, with the position of their month."""
        key = (component.measure, component.credit)
        found = _credited(self.ws, key[0], self.year)
        found = found[found.credit == (key[1] if key in self.history.actual else DIRECT)]
        return _served_lines(found, self.spans, self.months)


def cases(ws: Workspace, year: Period) -> list[Case]:
    """A case for each plan that pays anybody in the fiscal year.

    Raises
    ------
    DataError
        If somebody has two roles on one day, or what a plan pays for is not known.
    """
    found = (case(ws, plan, year) for plan in ws.policy.incentives.plans)
    return [one for one in found if one is not None]


def case(ws: Workspace, plan: Plan, year: Period, *, also: Sequence[Key] = ()) -> Case | None:
    """The case of a plan in a fiscal year; None where it pays nobody.

    Parameters
    ----------
    also
        Measures, and whose credit of them, that the history holds beside those of the plan.
    """
    spans = _stays_of(ws, plan, year)
    if spans.empty:
        return None
    months, needs = tuple(ws.calendar.months(year)), Needs.of(plan)
    needs = replace(needs, actual=tuple(dict.fromkeys((*needs.actual, *also))))
    return Case(ws, plan, year, months, spans, _history(ws, plan, spans, months, needs), needs)


def _stays_of(ws: Workspace, plan: Plan, year: Period) -> pd.DataFrame:
    """Days of the year that a plan pays, one row a stay."""
    first, last = plan.effective.start, plan.effective.end or year.end
    return stays(ws, plan.roles, max(first, year.start), min(last, year.end))


def payees(ws: Workspace) -> list[str]:
    """Who is paid in the workspace's period: who serves in a plan, or left so lately that pay may still come due."""
    year, begin = ws.calendar.period_of(ws.period.end, "year"), ws.period.start
    latest = pd.Timestamp(begin) - pd.Timedelta(days=ws.policy.incentives.payments.leaver_days)
    found: set[str] = set()
    for plan in ws.policy.incentives.plans:
        spans = _stays_of(ws, plan, year)
        found |= set(spans[(spans.start <= pd.Timestamp(ws.period.end)) & (spans.stop >= latest)].rep_id)
    return sorted(found)


@dataclass(frozen=True)
class Needs:
    """What a plan is computed from: measures and whose credit, quotas, ratios, single lines."""

    actual: tuple[Key, ...]
    quota: tuple[Key, ...]
    ratios: tuple[Key, ...]
    lines: tuple[Key, ...]

    @classmethod
    def of(cls, plan: Plan) -> Needs:
        actual: dict[Key, None] = {}
        quota: dict[Key, None] = {}
        ratios: dict[Key, None] = {}
        lines: dict[Key, None] = {}
        for component in plan.components:
            for measure, by_quota in _measures(plan, component):
                key = (measure, component.credit)
                if measure in REGISTRY and REGISTRY[measure].quotient:
                    ratios.setdefault(key)
                    continue
                actual.setdefault(key)
                if by_quota:
                    quota.setdefault(key)
            if component.kind == "tiered" and component.mode == "per_transaction":
                lines.setdefault((component.measure, component.credit))
        return cls(tuple(actual), tuple(quota), tuple(ratios), tuple(lines))


def _measures(plan: Plan, component: Component) -> list[tuple[str, bool]]:
    """Measures that a component reads, and whether against a quota."""
    found: list[tuple[str, bool]] = []
    match component.kind:
        case "tiered":
            by_quota = component.basis == "attainment"
            found = [(component.measure, by_quota)]
            if component.tier_measure:
                found.append((component.tier_measure, True))
        case "curve":
            found = [(component.measure, True)]
        case "matrix":
            found = [(component.rows.measure, True), (component.columns.measure, True)]
        case "unit_rate":
            found = [(component.measure, component.from_attainment > 0)]
    for link in plan.links:
        if not link.applies_to or component.id in link.applies_to:
            what = link if link.kind == "modifier" else link.require
            found.append((what.measure, what.of == "attainment"))
    return found


def _history(
    ws: Workspace, plan: Plan, spans: pd.DataFrame, months: Sequence[Period], needs: Needs
) -> History:
    payees = sorted(spans.rep_id.unique())
    served = days_served(spans, payees, months)
    days = np.array([[month.n_days for month in months]]).repeat(len(payees), axis=0)
    absence = ws.policy.incentives.payments.absence
    shape = (len(payees), len(months))

    def actual(measure: str) -> dict[str, NDArray[np.int64]]:
        return _by_month(ws, measure, spans, payees, months)

    measured = {measure: actual(measure) for measure in dict.fromkeys(m for m, _ in needs.actual)}
    zero = np.zeros(shape, dtype=np.int64)
    ratios = {}
    for measure, credit in needs.ratios:
        if measure not in ratios:
            top, bottom = (actual(f"{measure}:{half}") for half in ("numerator", "denominator"))
            ratios[measure] = (top.get(credit, zero), bottom.get(credit, zero))
    quota = {}
    for key in needs.quota:
        asked = _asked(ws, plan, key, payees, months)
        if asked is not None:
            is_reduced = absence == "quota_and_target"
            quota[key] = quotient(asked, served, days) if is_reduced else np.where(served > 0, asked, 0)
    return History(
        payees=payees, months=[month.label for month in months],
        actual={(measure, credit): measured[measure].get(credit, zero) for measure, credit in needs.actual},
        quota=quota, target=_targets(ws, plan, payees),
        served=None if absence == "none" else served, days=days,
        parts={measure: crediting.parts_of(ws, measure) for measure, _ in needs.actual},
        ratios=ratios, lines={key: _lines(ws, key, spans, payees, months) for key in needs.lines},
        minor=10**ws.policy.semantics.minor_digits,
    )  # fmt: skip


def stays(ws: Workspace, roles: Sequence[str], first: date, last: date) -> pd.DataFrame:
    """Days from `first` to `last` on which people serve in `roles`: rep_id, role, start, stop; one row a stay.

    Raises
    ------
    DataError
        If somebody has two roles on one day.
    """
    reps = ws.facts.query("SELECT rep_id, role, hired_on, left_on FROM reps")
    places = ws.facts.query(
        "SELECT rep_id, role, valid_from, valid_to FROM org WHERE role IS NOT NULL ORDER BY rep_id, valid_from"
    )
    found = places.merge(reps[["rep_id", "hired_on", "left_on"]], on="rep_id", how="left")
    whole = reps[~reps.rep_id.isin(places.rep_id)].assign(valid_from=pd.NaT, valid_to=pd.NaT)
    found = pd.concat([found, whole], ignore_index=True)
    start = found[["valid_from", "hired_on"]].apply(pd.to_datetime).fillna(_EVER).max(axis=1)
    stop = found[["valid_to", "left_on"]].apply(pd.to_datetime).fillna(_NEVER).min(axis=1)
    found = found.assign(start=start, stop=stop).sort_values(["rep_id", "start"], kind="stable")
    following = found.groupby("rep_id").start.shift(-1)
    is_open = found.valid_to.isna() & following.notna()
    found["stop"] = found.stop.where(~is_open, np.minimum(found.stop, following - pd.Timedelta(days=1)))
    _demand_one_role(found)
    if ws.policy.incentives.rules.start_day == "excluded":
        found["start"] += pd.Timedelta(days=1)
    found["start"] = found.start.clip(lower=pd.Timestamp(first))
    found["stop"] = found.stop.clip(upper=pd.Timestamp(last))
    kept = found.role.isin(roles) & (found.start <= found.stop)
    return found.loc[kept, ["rep_id", "role", "start", "stop"]].reset_index(drop=True)


def _demand_one_role(stays: pd.DataFrame) -> None:
    """Refuse somebody who has two roles on one day."""
    former = stays.groupby("rep_id")[["stop", "role"]].shift(1)
    both = stays[(stays.start <= former.stop) & (stays.role != former.role) & former.role.notna()]
    if len(both):
        row = both.iloc[0]
        raise DataError(
            f"{row.rep_id} is {former.role[row.name]} and {row.role} on {row.start:%Y-%m-%d}"
            + (f", and {len(both) - 1} more have two roles on one day" if len(both) > 1 else "")
            + ", so two plans would pay the same.\nCorrect valid_from and valid_to in the table org."
        )


def days_served(spans: pd.DataFrame, payees: list[str], months: Sequence[Period]) -> NDArray[np.int64]:
    """Days of each month that payees serve, payees × months."""
    served = np.zeros((len(payees), len(months)), dtype=np.int64)
    place = {payee: at for at, payee in enumerate(payees)}
    for span in spans.itertuples():
        for n, month in enumerate(months):
            first = max(span.start, pd.Timestamp(month.start))
            last = min(span.stop, pd.Timestamp(month.end))
            served[place[span.rep_id], n] += max((last - first).days + 1, 0)
    return served


def _by_month(
    ws: Workspace, measure: str, spans: pd.DataFrame, payees: list[str], months: Sequence[Period]
) -> dict[str, NDArray[np.int64]]:
    """Credit → what was credited to each payee in each month, on days served."""
    stays = ", ".join("(CAST(? AS VARCHAR), CAST(? AS DATE), CAST(? AS DATE))" for _ in range(len(spans)))
    spread = ", ".join("(CAST(? AS INTEGER), CAST(? AS DATE), CAST(? AS DATE))" for _ in months)
    bound = [v for s in spans.itertuples() for v in (s.rep_id, s.start.date(), s.stop.date())]
    bound += [v for n, month in enumerate(months) for v in (n, month.start, month.end)]
    found = ws.facts.query(
        f"SELECT c.payee, c.credit, m.n, CAST(SUM(c.amount) AS BIGINT) AS amount "
        f"FROM ({crediting.statement(ws, measure, months[0].start, months[-1].end)}) AS c "
        f"JOIN (VALUES {stays}) AS s(payee, start, stop) ON s.payee = c.payee AND c.credited_on BETWEEN s.start AND s.stop "
        f"JOIN (VALUES {spread}) AS m(n, start, stop) ON c.credited_on BETWEEN m.start AND m.stop GROUP BY c.payee, c.credit, m.n",
        bound,
    )
    place = {payee: at for at, payee in enumerate(payees)}
    totals: dict[str, NDArray[np.int64]] = {}
    for credit, rows in found.groupby("credit"):
        totals[str(credit)] = np.zeros((len(payees), len(months)), dtype=np.int64)
        totals[str(credit)][rows.payee.map(place), rows.n] = rows.amount
    return totals


def _credited(ws: Workspace, measure: str, year: Period) -> pd.DataFrame:
    return crediting.credited_lines(ws, measure, year.start, year.end)


def _served_lines(lines: pd.DataFrame, spans: pd.DataFrame, months: Sequence[Period]) -> pd.DataFrame:
    """Lines of the days that their payees serve, with the position of their month."""
    day = pd.to_datetime(lines.credited_on)
    edges = np.array([np.datetime64(month.start) for month in months])
    month = np.searchsorted(edges, day.to_numpy().astype("datetime64[D]"), side="right") - 1
    lines = lines.assign(month=month, day=day).reset_index(names="at")
    stays = lines.merge(spans[["rep_id", "start", "stop"]], left_on="payee", right_on="rep_id")
    kept = stays[(stays.day >= stays.start) & (stays.day <= stays.stop)]
    return kept.drop(columns=["rep_id", "start", "stop", "day", "at"]).reset_index(drop=True)


def _lines(
    ws: Workspace, key: Key, spans: pd.DataFrame, payees: list[str], months: Sequence[Period]
) -> Lines:
    found = crediting.credited_lines(ws, key[0], months[0].start, months[-1].end)
    found = _served_lines(found[found.credit == key[1]], spans, months)
    place = {payee: at for at, payee in enumerate(payees)}
    at = found.payee.map(place).to_numpy(dtype=np.int64)
    return Lines(at, found.month.to_numpy(dtype=np.int64), found.amount.to_numpy(dtype=np.int64))


def _asked(
    ws: Workspace, plan: Plan, key: Key, payees: list[str], months: Sequence[Period]
) -> NDArray[np.int64] | None:
    """Quota of each payee and month; None where nobody has one.

    What managers are asked for of their people is the target of the team, or region, that they
    lead, unless they have a target of their own that no direct credit of the plan is held against.
    """
    measure, credit = key
    own = targets_of(ws, "rep", measure, months)
    asked = np.zeros((len(payees), len(months)), dtype=np.int64)
    has_own = {payee for payee, _ in own}
    pays_direct = any(c.credit == DIRECT and c.measure == measure for c in plan.components)
    units = _units(ws, payees, months) if credit == "roll_up" else {}
    of_units = {kind: targets_of(ws, kind, measure, months) for kind in ("team", "region")} if units else {}
    found = False
    for at, payee in enumerate(payees):
        for n in range(len(months)):
            if credit != "roll_up" or (payee in has_own and not pays_direct):
                value = own.get((payee, n))
            else:
                kind, unit = units.get((payee, n), ("team", ""))
                value = of_units[kind].get((unit, n)) if of_units else None
            asked[at, n] = value or 0
            found |= value is not None
    return asked if found else None


def targets_of(
    ws: Workspace, scope: str, measure: str, months: Sequence[Period]
) -> dict[tuple[str, int], int]:
    """(unit, position of month) → newest target in parts of the measure."""
    labels = [month.label for month in months]
    frame = newest_targets(ws, scope, [measure], labels)
    parts = crediting.parts_of(ws, measure)
    at = {label: n for n, label in enumerate(labels)}
    return {(row.scope_id, at[row.period]): round(row.value * parts) for row in frame.itertuples()}


def _units(
    ws: Workspace, payees: list[str], months: Sequence[Period]
) -> dict[tuple[str, int], tuple[str, str]]:
    """The team, else the region, in which each manager stands at the end of each month."""
    places = ws.facts.query(
        "SELECT rep_id, team, region, valid_from, valid_to FROM org ORDER BY rep_id, valid_from, team"
    )
    places = places[places.rep_id.isin(payees)]
    first = pd.to_datetime(places.valid_from).fillna(_EVER)
    last = pd.to_datetime(places.valid_to).fillna(_NEVER)
    found: dict[tuple[str, int], tuple[str, str]] = {}
    for n, month in enumerate(months):
        here = places[(first <= pd.Timestamp(month.end)) & (last >= pd.Timestamp(month.start))]
        for row in here.itertuples():
            team, region = (
                None if pd.isna(unit) or not unit else str(unit) for unit in (row.team, row.region)
            )
            found[str(row.rep_id), n] = ("team", team) if team else ("region", region or "")
    return found


def _targets(ws: Workspace, plan: Plan, payees: list[str]) -> NDArray[np.int64]:
    """Annual target incentive of each payee in minor units."""
    minor = 10**ws.policy.semantics.minor_digits
    if plan.target_incentive is not None:
        return np.full(len(payees), int(plan.target_incentive * minor))
    frame = ws.facts.query("SELECT rep_id, target_variable FROM reps WHERE target_variable IS NOT NULL")
    own = dict(zip(frame.rep_id, frame.target_variable, strict=True))
    lacking = [payee for payee in payees if payee not in own]
    if lacking and any(component.weight for component in plan.components):
        named = ", ".join(lacking[:5]) + (f" and {len(lacking) - 5} more" if len(lacking) > 5 else "")
        raise DataError(
            f"{plan.id} pays shares of a target incentive, and {named} have none.\n"
            "Load reps.target_variable, or set target_incentive in the plan."
        )
    return np.array([int(own.get(payee, 0)) for payee in payees], dtype=np.int64)
