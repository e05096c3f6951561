"""Who carries the sales: top customers, ABC grades, concentration, customers going quiet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import herfindahl
from salesops_lib.periods import growth_frame

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace


def top_customers(ws: Workspace) -> Exhibit | Missing:
    """The largest customers of the trailing twelve months; one row a customer."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("top_customers", absent)
    windows = {"actual": ws.trailing(), "base": ws.trailing(years_back=1)}
    wide = measure(ws.facts, ["bookings"], windows, ["customer_id", "customer_name"]).dropna(
        subset=["customer_id"]
    )
    wide = (
        wide.pivot(index=["customer_id", "customer_name"], columns="window", values="bookings")
        .reindex(columns=["actual", "base"])
        .fillna({"actual": 0})
    )
    if wide.base.notna().any():
        wide = wide.fillna({"base": 0})
    if not wide.actual.sum():
        return Missing("top_customers", ("sales.customer_id",), "note.nothing_in_period")
    grown = growth_frame(wide.actual, wide.base)
    frame = wide.assign(
        growth=grown.growth, growth_kind=grown.growth_kind, share=wide.actual / wide.actual.sum()
    )
    ranked = (
        frame.nlargest(ws.policy.report.top_n, "actual")
        .reset_index()
        .rename(columns={"customer_name": "name"})
    )
    values = {
        "n": len(ranked),
        "share": ranked.share.sum(),
        "top": ranked.share.iloc[0],
        "name": ranked.name.iloc[0],
        "hhi": herfindahl(wide.actual),
    }
    return Exhibit(
        "top_customers", "ranking", ranked[["name", "actual", "share", "base", "growth", "growth_kind"]], metric="bookings", window=windows["actual"],
        base=windows["base"] if wide.base.notna().any() else None, findings=(Finding("top_customers.share", values, "concentration"),), sources=("order_lines", "customers"),
        units={"share": "ratio", "growth": "ratio", "growth_kind": "text", "actual": "money", "base": "money"},
        notes=unnamed(ws, windows["actual"]),
    )  # fmt: skip


def grades(bookings: pd.Series, cuts: tuple[float, float]) -> pd.Series:
    """ABC grade of each customer by cumulative share of the total (M10.1).

    The customer that crosses a cut still belongs to the higher grade; equal amounts are
    ranked by label, so that the order of rows does not matter.

    >>> grades(pd.Series({"a": 70, "b": 20, "c": 6, "d": 4}), (0.8, 0.95)).to_dict()
    {'a': 'A', 'b': 'A', 'c': 'B', 'd': 'C'}
    """
    bought = bookings[bookings > 0].sort_index().sort_values(ascending=False, kind="stable")
    before = (bought.cumsum() - bought) / bought.sum()
    graded = pd.Series("C", index=bought.index).mask(before < cuts[1], "B").mask(before < cuts[0], "A")
    return graded.reindex(bookings.index)


def concentration(ws: Workspace) -> Exhibit | Missing:
    """Cumulative share of sales by share of customers, largest first (Lorenz curve)."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("concentration", absent)
    bought = amounts(ws, ws.trailing()).sort_values(ascending=False)
    bought = bought[bought > 0]
    if bought.empty:
        return Missing("concentration", ("sales.customer_id",), "note.nothing_in_period")
    share = bought.cumsum() / bought.sum()
    frame = pd.DataFrame({"x": [0.0, *((pd.RangeIndex(len(share)) + 1) / len(share))], "y": [0.0, *share]})
    picked = frame.iloc[sorted({round(i * (len(frame) - 1) / 100) for i in range(101)})].assign(label="")
    fifth = share.iloc[max(round(0.2 * len(share)) - 1, 0)]
    rule = ws.policy.customers.concentration
    together = share.iloc[min(rule.top_n, len(share)) - 1]
    told = {
        "top": share.iloc[0],
        "n": min(rule.top_n, len(share)),
        "share": together,
        "hhi": herfindahl(bought),
    }
    findings = (
        Finding("concentration.fifth", {"share": fifth, "n": len(bought)}, "concentration"),
        Finding(
            "concentration.top", told, "concentration", "bad" if together >= rule.share_band[1] else "neutral"
        ),
    )
    return Exhibit(
        "concentration",
        "curve",
        picked,
        metric="concentration",
        findings=findings,
        sources=("order_lines",),
        window=ws.trailing(),
    )


def going_quiet(ws: Workspace) -> Exhibit | Missing:
    """A and B customers silent for longer than the policy's multiple of their own median gap.

    One row a customer, largest yearly sales first; the region is named where there is one alone.  Needs the policy's number of order days to know a rhythm.
    """
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("quiet", absent)
    rule = ws.policy.customers
    frame = quiet_customers(ws, ws.window.end)
    regions = ws.facts.query(
        "SELECT customer_id, MAX(customer_name) AS name,"
        " CASE WHEN MIN(region) = MAX(region) THEN MAX(region) END AS region FROM sales GROUP BY customer_id"
    )
    before = yearly(ws)
    frame = frame.merge(regions, on="customer_id")
    frame = frame.assign(annual_amount=frame.customer_id.map(before))
    frame = frame[frame.customer_id.map(grades(before, rule.grades.cuts)).isin(["A", "B"])]
    ranked = frame.sort_values(["annual_amount", "customer_id"], ascending=[False, True])
    shown = ranked.head(ws.policy.report.top_n)[
        ["name", "annual_amount", "region", "last_ordered_on", "silent_days", "usual_gap"]
    ].reset_index(drop=True)
    values = {"n": len(ranked), "amount": ranked.annual_amount.sum(), "at_stake": ranked.annual_amount.sum()}
    finding = (
        Finding("quiet.some", values, "customer_bridge", "bad") if len(ranked) else Finding("quiet.none")
    )
    return Exhibit(
        "quiet", "ranking", shown, metric="bookings", findings=(finding,), sources=("order_lines", "customers"), window=ws.trailing(),
        units={"annual_amount": "money", "region": "text", "last_ordered_on": "date", "silent_days": "days", "usual_gap": "days"},
        notes=(Finding("note.quiet_rule", {"multiple": rule.quiet_after}),),
    )  # fmt: skip


def quiet_customers(ws: Workspace, end: date) -> pd.DataFrame:
    """Customers that are silent on `end` for longer than the policy's multiple of their own median gap.

    Columns customer_id, last_ordered_on, usual_gap, n_days, silent_days.
    """
    rule = ws.policy.customers
    days = ws.facts.query(
        "WITH days AS (SELECT DISTINCT customer_id, dated_on FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL AND dated_on <= ?),"
        " gaps AS (SELECT customer_id, dated_on, date_diff('day', LAG(dated_on) OVER (PARTITION BY customer_id ORDER BY dated_on), dated_on) AS gap FROM days)"
        " SELECT customer_id, MAX(dated_on) AS last_ordered_on, CAST(quantile_cont(gap, 0.5) AS DOUBLE) AS usual_gap, COUNT(*) AS n_days"
        " FROM gaps GROUP BY customer_id HAVING COUNT(*) >= ?",
        [end, rule.quiet_min_orders],
    )
    silent = (pd.Timestamp(end) - pd.to_datetime(days.last_ordered_on)).dt.days
    return days.assign(silent_days=silent)[silent > rule.quiet_after * days.usual_gap.clip(lower=7)]


def yearly(ws: Workspace) -> pd.Series:
    """Bookings of each customer in a mean year: the last two, or the last one where no earlier is loaded."""
    years = [amounts(ws, ws.trailing()), amounts(ws, ws.trailing(years_back=1))]
    loaded = [year for year in years if year.any()] or years[:1]
    return pd.concat(loaded, axis=1).fillna(0).mean(axis=1)


def unnamed(ws: Workspace, window: Window) -> tuple[Finding, ...]:
    """A note on the bookings that name no customer and stay out of what is said of customers."""
    found = measure(ws.facts, ["bookings"], {"actual": window}, ["customer_id"])
    lost = found[found.customer_id.isna()].bookings.sum()
    if not lost:
        return ()
    return (Finding("note.no_customer", {"amount": lost, "share": lost / found.bookings.sum()}),)


def amounts(ws: Workspace, window: Window) -> pd.Series:
    """Bookings of each customer in a window; index customer_id."""
    found = measure(ws.facts, ["bookings"], {"actual": window}, ["customer_id"]).dropna(
        subset=["customer_id"]
    )
    return found.set_index("customer_id").bookings.fillna(0)
