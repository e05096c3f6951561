"""Price discipline: from list to net, and what is sold below the policy's floor (M15.1–M15.3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, totals
from salesops_lib.metrics.definitions.metric import rounded
from salesops_lib.metrics.formulas import ratio

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.workspace import Workspace


def price_waterfall(ws: Workspace) -> Exhibit | Missing:
    """From sales at list price over discount and returns to net sales, and to margin where every line has a cost.

    Lines with a list price only; the cost of returned goods is taken back.
    """
    if absent := ws.facts.missing("sales.list_amount"):
        return Missing("price", absent)
    values = totals(ws.facts, ["list_sales", "discounted", "price_realisation"], ws.windows)
    if pd.isna(values.at["actual", "discounted"]):
        return Missing("price", ("sales.list_amount",), "note.nothing_in_period")
    listed, discount = int(values.at["actual", "list_sales"]), int(values.at["actual", "discounted"])
    steps = [("list_sales", listed, "start"), ("discount", -discount, "effect")]
    extra = ws.facts.query(
        "SELECT CAST(-SUM(net_amount) FILTER (WHERE kind = 'return') AS BIGINT) AS returned,"
        " CASE WHEN COUNT(*) FILTER (WHERE kind IN ('order', 'return') AND cost_amount IS NULL) = 0"
        " THEN CAST(SUM(cost_amount) FILTER (WHERE kind IN ('order', 'return')) AS BIGINT) END AS cost FROM sales"
        " WHERE list_amount IS NOT NULL AND list_amount <> 0 AND dated_on BETWEEN ? AND ?",
        [ws.window.start, ws.window.end],
    ).iloc[0]
    left = listed - discount
    for step, amount in (("returns", extra.returned), ("cost", extra.cost)):
        if pd.notna(amount) and amount:
            steps.append((step, -int(amount), "effect"))
            left -= int(amount)
    steps.append(("margin_after_returns" if pd.notna(extra.cost) else "net_sales", left, "end"))
    now, before = values.price_realisation["actual"], values.price_realisation["base"]
    told = {"rate": now, "delta": now - before, "discount": discount}
    finding = (
        Finding("price.realised", told, "price_realisation")
        if pd.isna(before)
        else Finding("price.realisation", told, "price_realisation", "bad" if now < before else "good")
    )
    frame = pd.DataFrame(steps, columns=["step", "amount", "role"])
    return Exhibit(
        "price",
        "bridge",
        frame,
        metric="list_sales",
        window=ws.window,
        base=ws.base if values.at["base", "list_sales"] > 0 else None,
        findings=(finding,),
        sources=("order_lines", "returns"),
    )


def floor_breaches(ws: Workspace, *, at_most: int = 10, window: Window | None = None) -> Exhibit | Missing:
    """Lines sold below floor = the policy's share of list price; one row a unit, most leakage first.

    The unit is the salesperson, or the first of channel, region and category that the sales name.
    Leakage is Σ max(0, floor − net) over the lines, in money; of the period unless a window is given.
    """
    span = window or ws.window
    by = next(
        (d for d in ("rep_id", "channel", "region", "category") if ws.facts.has(f"sales.{d}")), "rep_id"
    )
    if absent := ws.facts.missing("sales.list_amount", f"sales.{by}"):
        return Missing("floor", absent)
    default, cases, bound = floors(ws)
    days = [span.start, span.end]
    name = "rep_name" if by == "rep_id" else by
    leakage = rounded("SUM(floor_amount - net_amount) FILTER (WHERE net_amount < floor_amount)")
    frame = ws.facts.query(
        f"WITH floored AS (SELECT {by} AS unit, {name} AS name, region, net_amount, list_amount, list_amount * {cases} AS floor_amount"
        "  FROM sales WHERE kind = 'order' AND list_amount > 0 AND dated_on BETWEEN ? AND ?)"
        " SELECT unit, MAX(name) AS name, MAX(region) AS region, COUNT(*) AS n_lines, COUNT(*) FILTER (WHERE net_amount < floor_amount) AS n_below,"
        " CAST(SUM(net_amount) FILTER (WHERE net_amount < floor_amount) AS BIGINT) AS below_amount,"
        f" {leakage} AS leakage,"
        " 1 - CAST(SUM(net_amount) AS DOUBLE) / SUM(list_amount) AS discount_rate, CAST(SUM(list_amount) AS BIGINT) AS list_amount,"
        " CAST(SUM(net_amount) AS BIGINT) AS net_amount"
        " FROM floored GROUP BY unit ORDER BY leakage DESC NULLS LAST, unit",
        [*bound, *days],
    )
    leaking = frame[frame.n_below > 0]
    listed = frame.list_amount.sum()
    values = {"n": int(frame.n_below.sum()), "amount": leaking.below_amount.sum(), "leakage": leaking.leakage.sum(), "floor": default,
              "share": ratio(leaking.leakage.sum(), listed), "limit": ws.policy.pricing.leakage.max_share_of_list,
              "amount_share": ratio(leaking.below_amount.sum(), frame.net_amount.sum())}  # fmt: skip
    over = pd.notna(values["share"]) and values["share"] > ws.policy.pricing.leakage.max_share_of_list
    found = [
        Finding(
            "floor.total" if len(leaking) else "floor.none",
            values,
            "floor_breach",
            "bad" if over else "neutral",
        )
    ]
    if len(leaking) > 1 and leaking.leakage.iloc[0] > 2 * leaking.leakage.iloc[1]:
        worst = leaking.iloc[0]
        told = {"name": worst["name"], "unit": worst.unit, "n": int(worst.n_below), "leakage": worst.leakage, "at_stake": worst.leakage,
                "share": ratio(worst.leakage, leaking.leakage.sum()), "discount": worst.discount_rate}  # fmt: skip
        found.append(Finding("floor.concentrated", told, "floor_breach", "bad"))
    columns = ["name", "region", "leakage", "below_amount", "n_below", "n_lines", "discount_rate"]
    shown = leaking.head(at_most)[[c for c in columns if c != "region" or by != "region"]]
    return Exhibit(
        "floor", "ranking", shown.reset_index(drop=True), metric="floor_breach", window=span, findings=tuple(found), sources=("order_lines",),
        units={"region": "text", "leakage": "money", "below_amount": "money", "n_below": "count", "n_lines": "count", "discount_rate": "ratio"},
    )  # fmt: skip


def beyond_authority(ws: Workspace, window: Window | None = None) -> Exhibit | Missing:
    """Sales at a discount beyond what the salesperson's role may grant alone; one row a role.

    Roles that the policy gives no authority are left out; their number of lines is in the finding.
    """
    span = window or ws.window
    if absent := ws.facts.missing("sales.list_amount", "sales.rep_id", "reps.role"):
        return Missing("authority", absent)
    granted = ws.policy.pricing.discounts.authority
    if not granted:
        return Missing("authority", (), "note.no_authority")
    cases = " ".join("WHEN r.role = ? THEN CAST(? AS DOUBLE)" for _ in granted)
    frame = ws.facts.query(
        f"WITH judged AS (SELECT r.role, s.net_amount, s.list_amount, CASE {cases} END AS authority"
        "  FROM sales AS s JOIN reps AS r ON r.rep_id = s.rep_id"
        "  WHERE s.kind = 'order' AND s.list_amount > 0 AND s.dated_on BETWEEN ? AND ?)"
        " SELECT role AS name, COUNT(*) FILTER (WHERE net_amount < list_amount * (1 - authority)) AS n_beyond, COUNT(*) AS n_lines,"
        " CAST(COALESCE(SUM(net_amount) FILTER (WHERE net_amount < list_amount * (1 - authority)), 0) AS BIGINT) AS beyond_amount,"
        " CAST(SUM(net_amount) AS BIGINT) AS net_amount, MAX(authority) AS authority"
        " FROM judged GROUP BY role ORDER BY beyond_amount DESC, role",
        [*(value for pair in granted.items() for value in pair), span.start, span.end],
    )
    judged = frame[frame.authority.notna()].reset_index(drop=True)
    values = {"n": int(judged.n_beyond.sum()), "amount": judged.beyond_amount.sum(), "n_unjudged": int(frame[frame.authority.isna()].n_lines.sum()),
              "share": ratio(judged.beyond_amount.sum(), judged.net_amount.sum())}  # fmt: skip
    return Exhibit(
        "authority", "ranking", judged[["name", "beyond_amount", "n_beyond", "n_lines", "authority"]], window=span, sources=("order_lines", "reps"),
        findings=(Finding("authority.total", values, tone="bad" if values["n"] else "neutral"),),
        units={"name": "text", "beyond_amount": "money", "n_beyond": "count", "n_lines": "count", "authority": "ratio"},
    )  # fmt: skip


def floors(ws: Workspace) -> tuple[float, str, list[object]]:
    """The policy's floors as SQL: share of list price by category, with its default."""
    rules = ws.policy.pricing.floors
    cases = "".join(" WHEN category = ? THEN CAST(? AS DECIMAL(12, 9))" for _ in rules.categories)
    bound: list[object] = [value for pair in rules.categories.items() for value in pair]
    sql = f"(CASE{cases} ELSE CAST(? AS DECIMAL(12, 9)) END)" if cases else "CAST(? AS DECIMAL(12, 9))"
    return rules.default, sql, [*bound, rules.default]
