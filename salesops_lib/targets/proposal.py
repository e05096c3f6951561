"""A proposal of next year's targets, made of what the company knows before the year begins."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.metrics import REGISTRY, measure, totals
from salesops_lib.targets.attainment import target_values
from salesops_lib.targets.decomposition import COMPANY, Tree, decompose
from salesops_lib.targets.handovers import owners

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

NEEDS = ("sales.customer_id", "sales.rep_id", "reps.rep_id", "org.rep_id", "customers.customer_id")
#: Level → the column of `territories` that names it.
_NAMES = {"region": "region", "team": "team", "rep": "rep_id"}


@dataclass(frozen=True)
class Proposal:
    """Targets proposed, and what they rest on.

    Attributes
    ----------
    year
        The fiscal year that targets are for; nothing after the day before it, or after the workspace's period, is looked at.
    tree
        What was taken apart.
    people
        Salespeople on board on that day: `rep_id, region, team, hired_on`.
    territories
        Whose each customer is: `customer_id, rep_id, region, team, potential`, its sales before the year by measure, and
        what is reachable of its potential: the company's share of the potential of the customer's region times it.
    without_owner
        Customers whose sellers have all left, and their share of last year's sales; their team has them in equal parts.
    growth
        Measure → target / last year − 1 of the company.
    """

    ws: Workspace
    year: Period
    tree: Tree
    people: pd.DataFrame
    territories: pd.DataFrame
    without_owner: tuple[int, float]
    growth: dict[str, float]

    @cached_property
    def targets(self) -> pd.DataFrame:
        """`measure, level, unit, parent, period, value`, minor units or counts."""
        rules = self.ws.policy.targets
        return decompose(self.tree, rules.decomposition, rules.over_assignment)

    @cached_property
    def by_unit(self) -> pd.DataFrame:
        """One row a measure and unit: what it rests on, `target` of the year, and its growth over `base`."""
        year = self.targets.groupby(["measure", "level", "unit"], sort=False).value.sum().rename("target")
        found = self.tree.units.merge(year.reset_index(), on=["measure", "level", "unit"], validate="1:1")
        return found.assign(growth=found.target / found.base.where(found.base > 0) - 1)

    def with_locks(self, locks: pd.DataFrame) -> Proposal:
        """The same proposal with targets that stay."""
        return replace(self, tree=replace(self.tree, locks=locks))


def propose(ws: Workspace, year: Period | None = None) -> Proposal:
    """Targets of the year after the workspace's period, or of `year`.

    Raises
    ------
    DataError
        If customers, people or the company's target of that year are not known.
    """
    if absent := ws.facts.missing(*NEEDS):
        raise DataError(
            f"Targets cannot be broken down without {', '.join(absent)}; add the table with `salesops add`."
        )
    aimed = year or ws.calendar.shift(ws.calendar.period_of(ws.window.end, "year"), 1)
    last = ws.calendar.shift(ws.calendar.months(aimed)[0], -1)
    last = min(last, ws.calendar.last_complete(ws.window.end), key=lambda month: month.end)
    company = company_targets(ws, aimed)
    if not company:
        raise DataError(
            f"There is no company target of {aimed.label} to break down. Load one with the table targets "
            "(scope_type company), or write it under targets.company in policy.yaml."
        )
    measures = tuple(company)
    people = _people(ws, last.end)
    territories, without = _territories(ws, people, last, measures)
    units = _units(ws, people, territories, measures, aimed, last)
    months = [month.label for month in ws.calendar.months(aimed)]
    tree = Tree(
        units, company, {name: _season(ws, name, aimed, last) for name in measures}, months,
        presence=_ramps(ws, people, aimed),
        digits={name: ws.policy.semantics.minor_digits for name in measures if REGISTRY[name].unit == "money"},
    )  # fmt: skip
    before = totals(ws.facts, list(measures), {"before": ws.calendar.trailing(last, 12)}).loc["before"]
    growth = {name: company[name] / float(before[name]) - 1 for name in measures if before[name] > 0}
    return Proposal(ws, aimed, tree, people, territories, without, growth)


def company_targets(ws: Workspace, year: Period) -> dict[str, int]:
    """The company's target of a year by measure, minor units or counts: of the table, else of the policy."""
    measures = tuple(name for name in ws.policy.targets.measures if name in REGISTRY) or ("bookings",)
    months = [month.label for month in ws.calendar.months(year)]
    listed = (
        target_values(ws, COMPANY, measures, months).set_index("measure").target.to_dict()
        if ws.facts.has("targets")
        else {}
    )
    minor = 10**ws.policy.semantics.minor_digits
    said = {
        target.measure: target.value * (minor if REGISTRY[target.measure].unit == "money" else 1)
        for target in ws.policy.targets.company
        if target.period == year.label and target.measure in REGISTRY
    }
    found = {name: round(float(listed.get(name, said.get(name, 0)))) for name in measures}
    return {name: value for name, value in found.items() if value > 0}


def _people(ws: Workspace, day: date) -> pd.DataFrame:
    """Who sells on a day, and where; people without a team carry no target of their own."""
    return ws.facts.query(
        "SELECT r.rep_id, COALESCE(r.name, r.rep_id) AS name, r.role, r.hired_on, o.region, o.team FROM reps AS r JOIN org AS o ON o.rep_id = r.rep_id "
        "WHERE o.team IS NOT NULL AND o.region IS NOT NULL "
        "AND COALESCE(o.valid_from, DATE '1900-01-01') <= ? AND COALESCE(o.valid_to, DATE '9999-12-31') >= ? "
        "AND COALESCE(r.hired_on, DATE '1900-01-01') <= ? AND COALESCE(r.left_on, DATE '9999-12-31') > ? "
        "QUALIFY ROW_NUMBER() OVER (PARTITION BY r.rep_id ORDER BY o.valid_from DESC NULLS LAST, o.team) = 1 ORDER BY r.rep_id",
        [day, day, day, day],
    )


def _territories(
    ws: Workspace, people: pd.DataFrame, last: Period, measures: tuple[str, ...]
) -> tuple[pd.DataFrame, tuple[int, float]]:
    """Whose each customer is (see `handovers.owners`), with its sales before the year."""
    sellers = ws.facts.query(
        "SELECT customer_id, rep_id, COALESCE(team, '') AS team, MIN(dated_on) AS first_on, MAX(dated_on) AS last_on FROM sales "
        "WHERE kind = 'order' AND rep_id IS NOT NULL AND customer_id IS NOT NULL AND dated_on <= ? "
        "GROUP BY customer_id, rep_id, COALESCE(team, '') ORDER BY customer_id, last_on DESC, rep_id, team",
        [last.end],
    )
    filled = dict(zip(people.rep_id + "\t" + people.team, people.rep_id, strict=True))
    placed = sellers.assign(place=sellers.rep_id + "\t" + sellers.team)
    owner = owners(placed, filled).map(filled).rename("rep_id")
    left_by = sellers.drop_duplicates("customer_id").set_index("customer_id").team
    rules = ws.policy.targets.decomposition
    windows = {
        "year": ws.calendar.trailing(last, 12),
        "past": ws.calendar.trailing(last, rules.history_months),
    }
    sold = measure(ws.facts, list(measures), windows, ["customer_id"])
    wide = sold.pivot(index="customer_id", columns="window", values=list(measures)).fillna(0.0).astype(float)
    wide.columns = [f"{name}_{window}" for name, window in wide.columns]
    potential = (
        ws.facts.query("SELECT customer_id, CAST(potential_amount AS DOUBLE) AS potential FROM customers").set_index("customer_id").potential
        if ws.facts.has("customers.potential_amount") else pd.Series(dtype=float)
    )  # fmt: skip
    found = wide.join(owner).assign(potential=potential)
    team_of = people.set_index("rep_id").team
    found["team"] = found.rep_id.map(team_of).fillna(left_by)
    found["region"] = found.team.map(people.drop_duplicates("team").set_index("team").region)
    for name in measures:
        in_region = found[[f"{name}_past", "potential"]].groupby(found.region).transform("sum")
        found[f"{name}_reachable"] = (
            found.potential * in_region[f"{name}_past"].clip(lower=0) / in_region.potential
        )
    found = found.fillna({f"{name}_reachable": 0.0 for name in measures})
    lost, lead = found.rep_id.isna(), f"{measures[0]}_year"
    share = float(found.loc[lost, lead].sum() / found[lead].sum()) if found[lead].sum() else 0.0
    return found.rename_axis("customer_id").reset_index(), (int(lost.sum()), share)


def _units(
    ws: Workspace,
    people: pd.DataFrame,
    territories: pd.DataFrame,
    measures: tuple[str, ...],
    year: Period,
    last: Period,
) -> pd.DataFrame:
    """What each unit's part can rest on; a unit has what its people's customers have."""
    rules = ws.policy.targets.decomposition
    pipeline = _open_deals(ws, last.end)
    capacity = _ramps(ws, people, year).mean(axis=1)
    own = people.assign(
        pipeline=people.rep_id.map(pipeline).fillna(0.0), capacity=people.rep_id.map(capacity)
    )
    rows = []
    for level in rules.levels[1:]:
        column, above = _NAMES[level], rules.levels[rules.levels.index(level) - 1]
        head = own.groupby(column, sort=True)[["pipeline", "capacity"]].sum()
        parent = COMPANY if above == COMPANY else own.groupby(column)[_NAMES[above]].first()
        sold = territories.groupby(column).sum(numeric_only=True).reindex(head.index).fillna(0.0)
        if level == "rep":
            sold = sold + _orphaned(people, territories).reindex(sold.index)[sold.columns]
        rows += [
            head.assign(
                measure=name,
                level=level,
                parent=parent,
                potential=sold[f"{name}_reachable"],
                history=sold[f"{name}_past"].clip(lower=0),
                base=sold[f"{name}_year"] if REGISTRY[name].unit == "money" else np.nan,
            )
            .rename_axis("unit")
            .reset_index()
            for name in measures
        ]
    return pd.concat(rows, ignore_index=True)


def _orphaned(people: pd.DataFrame, territories: pd.DataFrame) -> pd.DataFrame:
    """Each person's equal part of the team's customers whose sellers have all left."""
    team = people.set_index("rep_id").team
    left = territories[territories.rep_id.isna()].groupby("team").sum(numeric_only=True)
    left = left.reindex(team.unique()).fillna(0.0).div(team.value_counts(), axis=0)
    return left.loc[team].set_axis(team.index)


def _open_deals(ws: Workspace, day: date) -> pd.Series:
    """Amount of the deals of each person that were open on a day."""
    if ws.facts.missing("opportunities.amount", "opportunities.rep_id", "opportunities.created_on"):
        return pd.Series(dtype=float)
    frame = ws.facts.query(
        "SELECT rep_id, CAST(SUM(amount) AS DOUBLE) AS amount FROM deals WHERE created_on <= ? "
        "AND (closed_on IS NULL OR closed_on > ?) AND rep_id IS NOT NULL GROUP BY rep_id ORDER BY rep_id",
        [day, day],
    )
    return frame.set_index("rep_id").amount


def _ramps(ws: Workspace, people: pd.DataFrame, year: Period) -> pd.DataFrame:
    """Person × month of the year: share of a full quota by month of service (the policy's ramp)."""
    ramp, months = ws.policy.targets.ramp, ws.calendar.months(year)
    shares = {
        person.rep_id: [
            ramp.share(str(person.role), _served(person.hired_on, month.start)) for month in months
        ]
        for person in people.itertuples()
    }
    return pd.DataFrame.from_dict(
        shares, orient="index", columns=[month.label for month in ws.calendar.months(year)]
    )


def _served(hired_on: date, first: date) -> int | None:
    """Calendar months from that of joining to the one that begins on a day; None where joining is not known."""
    if pd.isna(hired_on):
        return None
    return (first.year - hired_on.year) * 12 + first.month - hired_on.month


def _season(ws: Workspace, metric: str, year: Period, last: Period) -> list[float]:
    """Weight of each month (M2.2): past rate of a working day × working days of the month, or as the policy says."""
    rules = ws.policy.targets.decomposition.seasonality
    months = ws.calendar.months(year)
    days = np.array([max(ws.calendar.working_days(m.start, m.end), 1) for m in months], dtype=float)
    if rules.method == "even":
        return [1.0] * len(months)
    if rules.method == "working_days":
        return list(days)
    rates = []
    for back in range(1, rules.years + 1):
        past = ws.calendar.months(ws.calendar.shift(year, -back))
        windows = {m.label: ws.calendar.days(m.start, m.end, True, m) for m in past}
        sold = totals(ws.facts, [metric], windows)[metric].astype(float).reindex(list(windows)).to_numpy()
        if len(past) != len(months) or past[-1].end > last.end or np.isnan(sold).any() or (sold <= 0).any():
            continue
        worked = np.array([max(ws.calendar.working_days(m.start, m.end), 1) for m in past], dtype=float)
        rate = sold / worked
        early = [i for i, m in enumerate(past) if m.start.month in (1, 2)]
        if ws.calendar.keeps_spring_festival and early:
            rate[early] = sold[early].sum() / worked[early].sum()  # the festival moves between them (C8)
        rates.append(rate / rate.mean())
    return list(np.mean(rates, axis=0) * days) if rates else list(days)
