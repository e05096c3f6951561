"""Grades from review to review: a customer rises at once and falls only when it stays below (M10.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.segmentation.grades import amounts, grades

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

#: Grades from the best down; D has bought before and nothing (or no more than it sent back) in the window.
GRADES = ("A", "B", "C", "D")
#: What stands for the grade of a customer before its first order.
NOT_YET = "not_yet"
_MONTHS_BETWEEN = {"quarterly": 3, "half_yearly": 6, "yearly": 12}
#: Reviews looked back over, at least a year and more than any patience of the policy.
_MOST_REVIEWS = 16


def held_grades(ws: Workspace) -> pd.DataFrame:
    """Grade of each customer at each review, one column a review (its last day), the present one last.

    A cell is missing as long as the customer has bought nothing.
    """
    began = ws.facts.query(
        "SELECT customer_id, CAST(MIN(dated_on) AS DATE) AS first_on FROM sales"
        " WHERE kind = 'order' AND customer_id IS NOT NULL GROUP BY customer_id ORDER BY customer_id"
    ).set_index("customer_id")
    windows = _reviews(ws, began.first_on.min())
    bookings = measure(ws.facts, ["bookings"], windows, ["customer_id"]).pivot(
        index="customer_id", columns="window", values="bookings"
    )
    bookings = bookings.reindex(index=began.index, columns=list(windows)).fillna(0)
    rule = ws.policy.customers.grades
    raw, lenient = (
        pd.DataFrame(
            {
                day: grades(bookings[day], cuts).fillna("D").where(began.first_on <= pd.Timestamp(window.end))
                for day, window in windows.items()
            }
        )
        for cuts in (rule.cuts, eased(rule.cuts, rule.fall_margin))
    )
    return held(raw, rule.downgrade_after, lenient)


def eased(cuts: tuple[float, float], margin: float) -> tuple[float, float]:
    """Cuts that a customer must have passed to fall: each moved through that part of the grade below it.

    >>> eased((0.80, 0.95), 0.5)
    (0.875, 0.975)
    """
    first, second = cuts
    return round(first + margin * (second - first), 9), round(second + margin * (1 - second), 9)


def held_rule(ws: Workspace) -> tuple[Finding, ...]:
    """How grades are held, by the policy."""
    rule = ws.policy.customers.grades
    margin = (Finding("note.grades_margin", {"margin": rule.fall_margin}),) if rule.fall_margin else ()
    return (Finding("note.grades_held", {"n": rule.downgrade_after}), *margin)


def held(raw: pd.DataFrame, downgrade_after: int, lenient: pd.DataFrame | None = None) -> pd.DataFrame:
    """Grades that stand, of those that each review's sales alone would give (columns in time).

    A better grade is taken at once.  A grade is lost after `downgrade_after` reviews in a row below
    it, to the best of those.  Below it is whom `lenient`, the grades by `eased` cuts, puts below it too.

    Examples
    --------
    >>> raw = pd.DataFrame([list("ABAB"), list("ABCC"), list("CAAB")])
    >>> held(raw, 2).to_numpy().tolist()
    [['A', 'A', 'A', 'A'], ['A', 'A', 'B', 'C'], ['C', 'A', 'A', 'A']]
    >>> held(pd.DataFrame([list("ABB")]), 1, pd.DataFrame([list("AAB")])).to_numpy().tolist()
    [['A', 'A', 'B']]
    """
    own, ranks = _ranks(raw), _ranks(raw if lenient is None else lenient)
    standing = own.iloc[:, 0]
    columns = [standing]
    for place in range(1, own.shape[1]):
        now = own.iloc[:, place]
        if place + 1 >= downgrade_after:
            best = ranks.iloc[:, place + 1 - downgrade_after : place + 1].min(axis="columns")
            kept = standing.where(standing >= best, best)
        else:
            kept = standing
        standing = now.where(standing.isna() | (now <= standing), kept)
        columns.append(standing)
    names = dict(enumerate(GRADES))
    found = pd.concat(columns, axis="columns", keys=raw.columns)
    return found.map(names.get, na_action="ignore").astype(object)


def _ranks(graded: pd.DataFrame) -> pd.DataFrame:
    order = {grade: place for place, grade in enumerate(GRADES)}
    return graded.map(order.get, na_action="ignore").astype("float64")


def moves(ws: Workspace) -> pd.DataFrame:
    """Each customer's grade a year ago and now (`not_yet` before its first order), and its bookings of both years.

    Columns then, now (grades), before, after (money); empty where the year before is not loaded.
    """
    graded, back = held_grades(ws), 12 // _months_between(ws)
    if graded.shape[1] <= back:
        return pd.DataFrame(columns=["then", "now", "before", "after"])
    frame = pd.DataFrame({"then": graded.iloc[:, -1 - back], "now": graded.iloc[:, -1]})
    frame = frame.fillna(NOT_YET).assign(
        before=amounts(ws, ws.trailing(years_back=1)), after=amounts(ws, ws.trailing())
    )
    return frame.fillna({"before": 0, "after": 0})


def abc_migration(ws: Workspace) -> Exhibit | Missing:
    """Grade a year ago against grade now: number of customers and their money; one row a pair."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("migration", absent)
    frame = moves(ws)
    if frame.empty:
        return Missing("migration", ("order_lines",), "note.two_years_needed")
    cells = (
        frame.groupby(["then", "now"])
        .agg(value=("after", "size"), now_amount=("after", "sum"), before=("before", "sum"))
        .drop(index=[(NOT_YET, NOT_YET)], errors="ignore")
        .rename_axis(["row", "column"])
        .rename(columns={"now_amount": "now"})
        .reset_index()
    )
    down = frame[(frame.then == "A") & (frame.now != "A")]
    up = frame[frame.then.isin(GRADES[1:]) & (frame.now == "A")]
    values = {
        "n_down": len(down),
        "n_up": len(up),
        "lost": (down.before - down.after).sum(),
        "gained": (up.after - up.before).sum(),
    }
    return Exhibit(
        "migration", "matrix", cells.assign(base=float("nan"), growth=float("nan")), metric="abc_grade", findings=(Finding("migration.moved", values, "abc_grade"),),
        units={"value": "count", "now": "money", "before": "money"}, window=ws.trailing(), base=ws.trailing(years_back=1), sources=("order_lines",),
        notes=held_rule(ws),
    )  # fmt: skip


def grade_value(ws: Workspace) -> Exhibit | Missing:
    """What customers of each grade of a year ago have bought since; one row a grade."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("grade_value", absent)
    frame = moves(ws)
    if frame.empty:
        return Missing("grade_value", ("order_lines",), "note.two_years_needed")
    own = frame[frame.then != NOT_YET].groupby("then")
    table = own.agg(n=("after", "size"), before=("before", "sum"), after=("after", "sum")).reset_index()
    table = table.assign(kept=table.after.div(table.before).where(table.before > 0))
    top = table.iloc[0]
    told = {"grade": top.then, "n": top.n, "before": top.before, "after": top.after, "kept": top.kept}
    return Exhibit(
        "grade_value", "table", table.rename(columns={"then": "grade", "after": "actual", "before": "base"}), metric="bookings",
        findings=(Finding("grade_value.kept", told, "abc_grade"),), units={"grade": "text", "kept": "ratio"},
        window=ws.trailing(), base=ws.trailing(years_back=1), sources=("order_lines",),
    )  # fmt: skip


def grade_moves(ws: Workspace) -> Exhibit | Missing:
    """Customers whose grade changed within the year, the most money first; one row a customer."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("grade_moves", absent)
    frame = moves(ws)
    if frame.empty:
        return Missing("grade_moves", ("order_lines",), "note.two_years_needed")
    moved = frame[(frame.then != frame.now) & (frame.then != NOT_YET)]
    moved = moved.assign(change=moved.after - moved.before, name=names(ws))
    ranked = moved.sort_index().sort_values("change", key=abs, ascending=False, kind="stable")
    columns = {"then": "grade_before", "now": "grade", "before": "base", "after": "actual"}
    shown = ranked.rename(columns=columns)[["name", "grade_before", "grade", "base", "actual", "change"]]
    down = moved[moved.now > moved.then]
    told = {"n": len(moved), "n_down": len(down), "lost": -down.change.sum(), "n_up": len(moved) - len(down)}
    return Exhibit(
        "grade_moves", "table", shown.reset_index(drop=True), metric="bookings", findings=(Finding("grade_moves.found", told, "abc_grade"),),
        units={"grade_before": "text", "grade": "text", "change": "money"}, window=ws.trailing(), base=ws.trailing(years_back=1), sources=("order_lines", "customers"),
    )  # fmt: skip


def names(ws: Workspace) -> pd.Series:
    """Name of each customer; index customer_id."""
    found = ws.facts.query(
        "SELECT customer_id, MAX(customer_name) AS name FROM sales WHERE customer_id IS NOT NULL GROUP BY customer_id"
    )
    return found.set_index("customer_id").name


def _months_between(ws: Workspace) -> int:
    return _MONTHS_BETWEEN.get(ws.policy.customers.grades.review, 1)


def _reviews(ws: Workspace, first: pd.Timestamp) -> dict[str, Window]:
    """Windows of the policy's months by their last day, the oldest first; those whose first month is loaded."""
    step = _months_between(ws)
    last = ws.calendar.period_of(ws.trailing().end, "month")
    windows = [
        ws.calendar.trailing(ws.calendar.shift(last, -step * back), ws.policy.customers.grades.window_months)
        for back in range(_MOST_REVIEWS)
    ]
    loaded = [w for w in windows if (first - pd.Timestamp(w.start)).days <= 31] or windows[:1]
    return {str(window.end): window for window in reversed(loaded)}
