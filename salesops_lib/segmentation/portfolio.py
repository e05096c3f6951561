"""Customers by grade and by how steadily they buy, and the service that each grade is promised."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import ratio
from salesops_lib.segmentation.grades import amounts, unnamed
from salesops_lib.segmentation.reviews import GRADES, held_grades, held_rule

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

_STEADINESS = ("X", "Y", "Z")


def grade_standing(ws: Workspace) -> Exhibit | Missing:
    """Number of customers of each grade, what they bring, and what service they are promised; one row a grade."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("grades", absent)
    frame = pd.DataFrame({"grade": held_grades(ws).iloc[:, -1], "amount": amounts(ws, ws.trailing())})
    own = frame.dropna(subset=["grade"]).fillna({"amount": 0}).groupby("grade").amount
    table = own.agg(["size", "sum"]).reindex(list(GRADES)).fillna(0)
    if not table["sum"].sum():
        return Missing("grades", ("sales.customer_id",), "note.nothing_in_period")
    promised = {str(grade): own.contact_days for grade, own in ws.policy.customers.service.items()}
    shown = pd.DataFrame(
        {
            "grade": list(GRADES),
            "n": table["size"].astype(int).to_numpy(),
            "n_share": (table["size"] / table["size"].sum()).to_numpy(),
            "actual": table["sum"].to_numpy(),
            "share": (table["sum"] / table["sum"].sum()).to_numpy(),
            "contact_days": [promised.get(grade, float("nan")) for grade in GRADES],
        }
    )
    best = shown.iloc[0]
    told = {
        "n": best.n,
        "n_share": best.n_share,
        "share": best.share,
        "per_customer": ratio(best.actual, best.n),
    }
    return Exhibit(
        "grades", "table", shown, metric="bookings", findings=(Finding("grades.standing", told, "abc_grade"),), window=ws.trailing(),
        units={"grade": "text", "n_share": "ratio", "contact_days": "days"}, sources=("order_lines",),
        notes=(*held_rule(ws), *unnamed(ws, ws.trailing())),
    )  # fmt: skip


def abc_xyz(ws: Workspace) -> Exhibit | Missing:
    """Grade against steadiness of monthly sales: number of customers and their money; one row a pair."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("abc_xyz", absent)
    windows = _months(ws)
    bought = (
        measure(ws.facts, ["bookings"], windows, ["customer_id"])
        .dropna(subset=["customer_id"])
        .pivot(index="customer_id", columns="window", values="bookings")
        .reindex(columns=list(windows))
        .fillna(0)
    )
    bought = bought[bought.sum(axis="columns") > 0]
    if bought.empty:
        return Missing("abc_xyz", ("sales.customer_id",), "note.nothing_in_period")
    frame = pd.DataFrame(
        {
            "row": held_grades(ws).iloc[:, -1].reindex(bought.index),
            "column": steadiness(bought, ws.policy.customers.grades.steadiness),
            "now": bought.sum(axis="columns"),
        }
    )
    cells = frame.groupby(["row", "column"]).agg(value=("now", "size"), now=("now", "sum")).reset_index()
    uneven = frame[frame.row.isin(["A", "B"]) & (frame.column == "Z")]
    steady = frame[frame.column == "X"]
    told = {"n": len(uneven), "amount": uneven.now.sum(), "share": steady.now.sum() / frame.now.sum()}
    return Exhibit(
        "abc_xyz", "matrix", cells, findings=(Finding("abc_xyz.found", told, "abc_grade"),), units={"value": "count", "now": "money"},
        window=ws.trailing(), sources=("order_lines",),
        notes=(Finding("note.steadiness", dict(zip(("low", "high"), ws.policy.customers.grades.steadiness, strict=True))),),
    )  # fmt: skip


def steadiness(monthly: pd.DataFrame, edges: tuple[float, float]) -> pd.Series:
    """X, Y or Z by the variation (standard deviation over mean) of a customer's months, one column each.

    >>> steadiness(pd.DataFrame([[5, 5, 5], [9, 0, 9], [0, 0, 9]], index=list("abc")), (0.5, 1.0)).to_dict()
    {'a': 'X', 'b': 'Y', 'c': 'Z'}
    """
    variation = monthly.std(axis="columns", ddof=0) / monthly.mean(axis="columns")
    level = (variation > edges[0]).astype(int) + (variation > edges[1])
    return level.map(dict(enumerate(_STEADINESS)))


def _months(ws: Workspace) -> dict[str, Window]:
    last = ws.calendar.period_of(ws.trailing().end, "month")
    shifted = [ws.calendar.shift(last, -back) for back in reversed(range(12))]
    return {month.label: ws.calendar.trailing(month, 1) for month in shifted}
