"""The forecast by person and product line: each team's months shared out, adding up to the minor unit."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.forecasting.ahead import COMPANY, MEASURES, PART
from salesops_lib.metrics import Exhibit, Finding, Missing, assigned, measure

if TYPE_CHECKING:
    from salesops_lib.forecasting.ahead import Ahead
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

#: Months that are shared out, and past months whose proportions they follow.
QUARTER, _YEAR = 3, 12
_KEYS = ["leaf", "rep_id", "category"]


def cells(ws: Workspace, seen: Ahead, metric: str = "bookings") -> Exhibit | Missing:
    """The coming quarter by person and product line; one row a team, person and line, the largest first.

    Rows of a team add up to its forecast in every month, and so to its region's and the company's.
    """
    if absent := ws.facts.missing("sales.rep_id", "sales.category"):
        return Missing("forecast_cells", absent)
    if MEASURES[metric][0] != "sales":  # bookings are too short to be forecast
        return Missing("forecast_cells", (), "note.year_needed")
    months = seen.coming[:QUARTER]
    whole = _leaves(seen, metric, [m.label for m in months])
    last = ws.calendar.shift(months[0], -1)
    past = _sold(ws, metric, whole.index, _months(ws, last, _YEAR))
    present = _presence(ws, past, last)
    parts = shared_out(whole, past, present)
    bases = [ws.calendar.year_before(m) for m in months]
    before = _sold(ws, metric, whole.index, bases).groupby(_KEYS).amount.sum()
    frame = parts.groupby(_KEYS, sort=True).amount.sum().rename("forecast").reset_index()
    frame["base"] = before.reindex(pd.MultiIndex.from_frame(frame[_KEYS])).to_numpy()
    frame["growth"] = frame.forecast / frame.base.where(frame.base > 0) - 1
    frame = frame.sort_values(["forecast", *_KEYS], ascending=[False, True, True, True], ignore_index=True)
    shown = frame.rename(columns={"leaf": "team"}).assign(team=frame.leaf.where(frame.leaf != "", "total"))
    n_quiet = len(past.groupby(_KEYS)) - len(frame[frame.forecast > 0])
    values = {
        "n": int((frame.forecast > 0).sum()), "n_people": frame.rep_id.nunique(), "from": months[0].label, "to": months[-1].label,
        "total": frame.forecast.sum(), "n_quiet": max(n_quiet, 0),
    }  # fmt: skip
    units = {
        "team": "text",
        "rep_id": "text",
        "category": "text",
        "forecast": "money",
        "base": "money",
        "growth": "ratio",
    }
    return Exhibit(
        "forecast_cells", "table", shown[list(units)], metric=metric, sources=("order_lines", "reps"), units=units, shown=10,
        findings=(Finding("forecast_cells.shared", values, "forecast"), *_tried(ws, metric, whole.index, last)),
        notes=(Finding("note.forecast_cells", {"n": _YEAR}),),
    )  # fmt: skip


#: Who was there for less than a day of three years counts as there for that long.
_LEAST_THERE = 1 / 1096


def shared_out(whole: pd.DataFrame, past: pd.DataFrame, present: pd.Series) -> pd.DataFrame:
    """Whole months in the proportions of the past, exact to the minor unit.

    Parameters
    ----------
    whole
        Leaves × months, whole minor units.
    past
        `leaf, rep_id, category, amount` of the past; of other leaves nothing is looked at.
    present
        By person: share of the past that it was there; 0 for one who has left.  Others were there throughout.

    Returns
    -------
    pd.DataFrame
        `leaf, rep_id, category, label, amount`, whole numbers.

    Notes
    -----
    Proportions of the past (Gross and Sohl 1990); what a person sold while there counts as if sold all the time, so that
    newcomers are not short and nothing goes to those who left.  A cell without sales gets nothing; a team none of whose cells counts is kept whole,
    with nobody named.  Largest remainders make the sums exact.

    Examples
    --------
    >>> whole = pd.DataFrame({"2026-01": [100]}, index=["T"])
    >>> past = pd.DataFrame({"leaf": "T", "rep_id": ["a", "b", "c"], "category": "x", "amount": [10.0, 10.0, 10.0]})
    >>> shared_out(whole, past, pd.Series({"a": 0.5, "c": 0.0})).amount.tolist()
    [67, 33]
    """
    sums = past.groupby(_KEYS, sort=True).amount.sum().clip(lower=0).reset_index()
    there = sums.rep_id.map(present).fillna(1.0)
    sums["weight"] = np.where(there > 0, sums.amount / there.clip(lower=_LEAST_THERE), 0.0)
    sums = sums[(sums.weight > 0) & sums.leaf.isin(whole.index)]
    lone = whole.index.difference(sums.leaf)
    nobody = pd.DataFrame({"leaf": lone, "rep_id": "unassigned", "category": "unassigned", "weight": 1.0})
    sums = pd.concat([sums.drop(columns="amount"), nobody], ignore_index=True)
    share = sums.weight / sums.groupby("leaf").weight.transform("sum")
    found = []
    for label in whole.columns:
        exact = share * sums.leaf.map(whole[label])
        floors = np.floor(exact)
        left = sums.leaf.map(whole[label]) - floors.groupby(sums.leaf).transform("sum")
        rank = (exact - floors).round(6).groupby(sums.leaf).rank(method="first", ascending=False)
        found.append(sums[_KEYS].assign(label=label, amount=(floors + (rank <= left)).astype("int64")))
    return pd.concat(found, ignore_index=True)


def _leaves(seen: Ahead, metric: str, labels: list[str]) -> pd.DataFrame:
    """Forecast of each smallest unit that the page forecasts, unit × month, in whole minor units."""
    own = seen.months[(seen.months.measure == metric) & seen.months.label.isin(labels)]
    levels = list(dict.fromkeys(own.level))
    level = next(one for one in (PART, "team", "region", COMPANY) if one in levels)
    wide = own[own.level == level].pivot(index="unit", columns="label", values="median")
    return wide[labels].round().astype("int64").rename_axis("leaf")


def _months(ws: Workspace, last: Period, n: int) -> list[Period]:
    return [ws.calendar.shift(last, -back) for back in range(n - 1, -1, -1)]


def _sold(ws: Workspace, metric: str, leaves: pd.Index, months: list[Period]) -> pd.DataFrame:
    """`leaf, rep_id, category, amount` of months, of the leaves that are forecast."""
    windows = {m.label: ws.calendar.days(m.start, m.end, True, m) for m in months}
    dims = [d for d in ("region", "team") if d in ws.facts.columns("sales")]
    by = [*dims, "rep_id", "category"]
    sold = assigned(measure(ws.facts, [metric], windows, by=by), by, metric)
    for chosen in (dims, dims[-1:], dims[:1], []):
        leaf = pd.Series(
            [" · ".join(names) for names in sold[chosen].itertuples(index=False)], sold.index, str
        )
        if leaf.isin(leaves).any():
            break
    found = sold.assign(leaf=leaf)[["leaf", "rep_id", "category", metric]].rename(columns={metric: "amount"})
    return found[found.leaf.isin(leaves)].assign(amount=found.amount.astype(float)).reset_index(drop=True)


def _presence(ws: Workspace, past: pd.DataFrame, last: Period) -> pd.Series:
    """Share of the past year that each person was there; 0 for one who had left by its end."""
    if ws.facts.missing("reps.rep_id"):
        return pd.Series(dtype=float)
    reps = ws.facts.query("SELECT rep_id, hired_on, left_on FROM reps ORDER BY rep_id").set_index("rep_id")
    first, end = pd.Timestamp(_months(ws, last, _YEAR)[0].start), pd.Timestamp(last.end)
    hired, left = pd.to_datetime(reps.hired_on).fillna(first), pd.to_datetime(reps.left_on)
    days = (end - hired.clip(lower=first)).dt.days + 1
    share = (days / ((end - first).days + 1)).clip(lower=1 / _YEAR, upper=1.0)
    return share.where(left.isna() | (left > end), 0.0)


def _tried(ws: Workspace, metric: str, leaves: pd.Index, last: Period) -> tuple[Finding, ...]:
    """How far the last quarter's cells were from the proportions known before it, given what each team brought."""
    months = _months(ws, last, QUARTER)
    came = _sold(ws, metric, leaves, months).groupby(_KEYS).amount.sum()
    before = ws.calendar.shift(months[0], -1)
    past = _sold(ws, metric, leaves, _months(ws, before, _YEAR))
    if past.empty or came.sum() <= 0:
        return ()
    whole = came.groupby("leaf").sum().clip(lower=0).round().astype("int64").to_frame("came")
    said = shared_out(whole, past, _presence(ws, past, before)).groupby(_KEYS).amount.sum()
    naive = (
        _sold(ws, metric, leaves, [ws.calendar.year_before(m) for m in months]).groupby(_KEYS).amount.sum()
    )
    missed = {
        name: float(one.sub(came, fill_value=0).abs().sum() / came.sum())
        for name, one in (("wape", said), ("naive", naive))
    }
    return (
        Finding(
            "forecast_cells.tried",
            {**missed, "from": months[0].label, "to": months[-1].label},
            "forecast_error",
        ),
    )
