"""What a seller in post brings, and what a full one would: for the company and by unit (M4.1, M4.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import REGISTRY, Exhibit, Finding, Missing, measure, totals
from salesops_lib.metrics.formulas import held_back, ratio
from salesops_lib.team.posts import NEEDS, in_post, moves

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace

_UNITS_ID = "productivity_units"
#: What is held against people, the lead first; those whose columns hold nothing are left out.
MONEY, COUNTS = ("bookings", "gross_margin", "revenue", "cash_in"), ("new_customers",)


def productivity(ws: Workspace) -> Exhibit | Missing:
    """Sales, margin, revenue and receipts per person in post and per ramped full-time equivalent; one row a measure.

    Denominators are the average people in post of the days of each window, and those weighted by the policy's ramp.
    """
    if absent := ws.facts.missing(*NEEDS, "sales.rep_id", "sales.net_amount"):
        return Missing("productivity", absent)
    now, before = _staff(ws, ws.window), _staff(ws, ws.base)
    if not now.average:
        return Missing("productivity", ("reps",), "note.nobody_in_post")
    tables = [_per_head(ws, ids, now, before) for ids in (MONEY, COUNTS)]
    money, counted = tables
    lead = money.iloc[0]
    told = {"value": lead.per_person, "growth": lead.growth, "people": now.average, "ramped": now.ramped,
            "per_ramped": lead.per_ramped}  # fmt: skip
    which = "team_productivity.total" if pd.isna(lead.growth) else "team_productivity.grown"
    tone = "neutral" if pd.isna(lead.growth) else "bad" if lead.growth < 0 else "good"
    parts = [_headcount(ws, now, before)]
    if len(counted):
        parts.insert(0, _table("productivity_counts", counted, "quantity"))
    return Exhibit(
        "productivity", "table", _named(money), findings=(Finding(which, told, "productivity", tone, "value"),), units=_units("money"),
        window=ws.window, base=ws.base if money.base.notna().any() else None, sources=("order_lines", "invoices", "receipts", "reps", "org"),
        notes=(Finding("note.in_post", {}), *_undated(ws)), parts=tuple(parts),
    )  # fmt: skip


def productivity_by(ws: Workspace, by: str = "team") -> Exhibit | Missing:
    """Sales per person in post of each unit, most first, then everybody; units of few people are counted, not shown.

    Parameters
    ----------
    by
        team or region.
    """
    if absent := ws.facts.missing(*NEEDS, "sales.rep_id", f"sales.{by}", f"org.{by}"):
        return Missing(_UNITS_ID, absent)
    staff = in_post(ws, ws.window.start, ws.window.end, by).set_index("unit")
    sold = measure(ws.facts, ["bookings"], {"actual": ws.window}, [by]).set_index(by).bookings.astype(float)
    frame = staff.assign(actual=sold.reindex(staff.index).fillna(0.0))
    held = pd.Series(held_back(frame.people.tolist(), ws.policy.report.suppress_below), index=frame.index)
    shown = frame[~held & (frame.average > 0)]
    if shown.empty:
        return Missing(_UNITS_ID, ("reps",), "note.few_people")
    whole = _staff(ws, ws.window)
    total = totals(ws.facts, ["bookings"], {"actual": ws.window}).bookings.iloc[0]
    everybody = pd.DataFrame([{"unit": "total", **whole, "actual": total}])
    shown = shown.assign(per_person=shown.actual / shown.average).sort_values("per_person", ascending=False)
    frame = pd.concat([shown.rename_axis("unit").reset_index(), everybody], ignore_index=True)
    frame = frame.assign(
        per_person=frame.actual / frame.average,
        per_ramped=frame.actual / frame.ramped,
        is_total=frame.unit == "total",
    )[["unit", "per_person", "per_ramped", "actual", "average", "ramped", "is_total"]]
    best, last = frame.iloc[0], frame.iloc[-2]
    told = {"best": best.unit, "value": best.per_person, "last": last.unit, "least": last.per_person,
            "multiple": ratio(best.per_person, last.per_person)}  # fmt: skip
    finding = (
        Finding("team_productivity.units", told) if len(frame) > 2 else Finding("team_productivity.one", told)
    )
    notes = [Finding("note.units_differ", {})]
    if held.any():
        notes.append(
            Finding("note.few_held", {"n": int(held.sum()), "least": ws.policy.report.suppress_below})
        )
    return Exhibit(
        _UNITS_ID, "ranking", frame, metric="productivity", findings=(finding,), window=ws.window, sources=("order_lines", "reps", "org"),
        units={"per_person": "money", "per_ramped": "money", "actual": "money", "average": "score", "ramped": "score"}, notes=tuple(notes),
    )  # fmt: skip


def turnover(ws: Workspace, by: str = "region") -> Exhibit | Missing:
    """Leavers of the last twelve months over average people in post, this year and the one before (M4.4).

    By unit where units have enough people; one row a unit, then everybody.
    """
    if absent := ws.facts.missing(*NEEDS, "reps.left_on"):
        return Missing("turnover", absent)
    windows = {"now": ws.trailing(), "before": ws.trailing(years_back=1)}
    rows = []
    for unit_by in (by, ""):
        if unit_by and ws.facts.missing(f"org.{unit_by}"):
            continue
        found = {name: _left(ws, window, unit_by) for name, window in windows.items()}
        one = found["now"].join(found["before"].turnover.rename("earlier"))
        if unit_by:
            held = held_back(one.people.tolist(), ws.policy.report.suppress_below)
            one = one[[not h for h in held]].sort_values("turnover", ascending=False, kind="stable")
        rows.append(one.rename_axis("unit").reset_index())
    frame = pd.concat(rows, ignore_index=True)
    frame = frame.assign(is_total=frame.unit == "total")[
        ["unit", "turnover", "earlier", "n_left", "n_joined", "average", "is_total"]
    ]
    last = frame.iloc[-1]
    told = {
        "rate": last.turnover,
        "n": int(last.n_left),
        "joined": int(last.n_joined),
        "people": last.average,
        "before": last.earlier,
    }
    return Exhibit(
        "turnover", "table", frame, metric="turnover", findings=(Finding("turnover.rate", told, "turnover", figure="rate"),), window=windows["now"],
        base=windows["before"] if pd.notna(last.earlier) else None, sources=("reps", "org"),
        units={"turnover": "ratio", "earlier": "ratio", "n_left": "count", "n_joined": "count", "average": "score"},
    )  # fmt: skip


def account_coverage(ws: Workspace) -> Exhibit | Missing:
    """A customers visited as often as the policy asks: needs visits, which no table of the contract holds yet."""
    return Missing("account_coverage", ("activities",), "note.no_visits")


# ---- the parts ----


def _staff(ws: Workspace, window: Window) -> pd.Series:
    found = in_post(ws, window.start, window.end)
    if found.empty:
        return pd.Series({"people": 0, "average": 0.0, "ramped": 0.0})
    return found.iloc[0].drop("unit")


def _per_head(ws: Workspace, ids: tuple[str, ...], now: pd.Series, before: pd.Series) -> pd.DataFrame:
    known = [m for m in ids if ws.facts.has(*REGISTRY[m].needs)]
    columns = ["measure", "amount_total", "per_person", "per_ramped", "base", "growth"]
    if not known:
        return pd.DataFrame(columns=columns)
    values = totals(ws.facts, known, ws.windows)
    rows = []
    for metric in known:
        actual, base = float(values.at["actual", metric]), float(values.at["base", metric])
        each, earlier = ratio(actual, now.average), ratio(base, before.average)
        rows.append((metric, actual, each, ratio(actual, now.ramped), earlier, ratio(each, earlier) - 1))
    return pd.DataFrame(rows, columns=columns)


def _table(id: str, frame: pd.DataFrame, unit: str) -> Exhibit:
    return Exhibit(id, "table", _named(frame), units=_units(unit))


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(measure=[Finding("value.metric", {"value": m}) for m in frame.measure])


def _units(unit: str) -> dict[str, str]:
    return {**dict.fromkeys(("amount_total", "per_person", "per_ramped", "base"), unit), "growth": "ratio"}


def _headcount(ws: Workspace, now: pd.Series, before: pd.Series) -> Exhibit:
    joined, left = moves(ws, ws.window.start, ws.window.end)
    joined_before, left_before = moves(ws, ws.base.start, ws.base.end)
    rows = [
        ("average_in_post", now.average, before.average), ("ramped_fte", now.ramped, before.ramped),
        ("people_joined", len(joined), len(joined_before)), ("people_left", len(left), len(left_before)),
    ]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["measure", "value", "base"]).astype({"value": float, "base": float})
    frame["measure"] = [Finding("value.label", {"value": name}) for name in frame.measure]
    return Exhibit("headcount", "table", frame, units={"value": "quantity", "base": "quantity"})


def _undated(ws: Workspace) -> tuple[Finding, ...]:
    """A note on people whose day of joining is not known: they count as in post from the first day on."""
    n = ws.facts.query("SELECT COUNT(*) AS n FROM reps WHERE hired_on IS NULL").n.iloc[0]
    return (Finding("note.undated_people", {"n": int(n)}),) if n else ()


def _left(ws: Workspace, window: Window, by: str) -> pd.DataFrame:
    staff = in_post(ws, window.start, window.end, by).set_index("unit")
    joined, left = (
        frame.assign(unit=frame[by] if by else "total") for frame in moves(ws, window.start, window.end)
    )
    n_left, n_joined = (
        f.groupby("unit").rep_id.nunique().reindex(staff.index).fillna(0) for f in (left, joined)
    )
    rate = n_left / staff.average.where(staff.average > 0)  # of twelve months, so a year's
    return staff.assign(turnover=rate, n_left=n_left, n_joined=n_joined)
