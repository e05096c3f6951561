"""What to offer: products bought together, orders and products that are due, products a segment buys and a customer does not."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import wilson
from salesops_lib.segmentation.grades import yearly
from salesops_lib.segmentation.pairs import linked, product_pairs
from salesops_lib.segmentation.reviews import names
from salesops_lib.segmentation.rhythm import came_true, common, gaps, next_due, shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
#: Days ahead that an order or a product is called due in.
DUE_WITHIN = 30
#: Days back of the view that is held against what came.
_TESTED = 180
#: Largest customers whose products are looked at one by one.
_MOST_CUSTOMERS = 500
_SHOWN_PRODUCTS = 3


def what_to_offer(ws: Workspace) -> Section:
    """Orders that are due, products bought together, and what each segment leaves unbought."""
    return orders_due(ws), bought_together(ws), product_gaps(ws)


def bought_together(ws: Workspace) -> Exhibit | Missing:
    """Pairs of products that stand together in orders of twelve months more often than chance explains; one row a pair.

    Each row reads: of the orders with `product`, the share that also hold `with_product`.
    """
    if absent := ws.facts.missing("sales.product_id", "sales.order_id"):
        return Missing("pairs", absent)
    window = ws.trailing()
    looked_at = product_pairs(ws.facts, window.start, window.end)
    n_orders = int(looked_at.attrs["n_orders"])
    if looked_at.empty:
        return Missing("pairs", ("order_lines",), "note.no_pairs")
    found = looked_at[linked(looked_at, n_orders)]
    rule = {"n": len(looked_at), "n_orders": n_orders}
    if found.empty:
        finding = Finding("pairs.none", rule, "pair_lift")
        shown = pd.DataFrame(columns=["product", "with_product", "n", "confidence", "lift", "low", "high"])
    else:
        shown = _in_direction(found).assign(product=lambda f: f["product"].map(product_names(ws)))
        shown = shown.assign(with_product=shown.with_product.map(product_names(ws)))
        shown = shown.sort_values(["low", "product", "with_product"], ascending=[False, True, True], ignore_index=True)  # fmt: skip
        first = shown.iloc[0]
        finding = Finding("pairs.found", rule | {"n_linked": len(found), "one": first["product"], "other": first.with_product,
                          "share": first.confidence, "lift": first.lift, "low": first.low, "high": first.high}, "pair_lift")  # fmt: skip
    return Exhibit(
        "pairs", "table", shown, metric="pair_lift", findings=(finding,), sources=("order_lines",), window=window,
        units={"product": "text", "with_product": "text", "n": "count", "confidence": "ratio"} | dict.fromkeys(("lift", "low", "high"), "multiple"),
        notes=(Finding("note.pairs", rule),),
    )  # fmt: skip


def _in_direction(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair from the product whose orders hold the other one more often."""
    turned = pairs.back_confidence > pairs.confidence
    return pd.DataFrame(
        {
            "product": pairs.other_id.where(turned, pairs.product_id),
            "with_product": pairs.product_id.where(turned, pairs.other_id),
            "n": pairs.n_both,
            "confidence": pairs.back_confidence.where(turned, pairs.confidence),
            "lift": pairs.lift,
            "low": pairs.low,
            "high": pairs.high,
        }
    )


def orders_due(ws: Workspace) -> Exhibit | Missing:
    """Customers whose next order is due within the days ahead, with the interval and the products due; the largest first."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("orders_due", absent)
    end, least = ws.window.end, ws.policy.customers.quiet_min_orders - 1
    known = gaps(ws.facts, end, least=least)
    if known.empty:
        return Missing("orders_due", ("order_lines",), "note.no_rhythm")
    told = next_due(known, end, by=shape(ws.facts, end, least=least))
    due = told[(told.due_on <= pd.Timestamp(end) + timedelta(days=DUE_WITHIN)) & (told.silent_days < 365)]
    due = due.assign(name=due.customer_id.map(names(ws)), annual_amount=due.customer_id.map(yearly(ws)))
    ranked = due.sort_values(["annual_amount", "customer_id"], ascending=[False, True], ignore_index=True)
    listed = ranked.customer_id.head(_MOST_CUSTOMERS).tolist()
    products = _due_products(ws, listed)
    ranked = ranked.assign(products=[products.get(customer, "") for customer in ranked.customer_id])
    columns = [
        "name",
        "annual_amount",
        "due_on",
        "earliest_on",
        "latest_on",
        "usual_gap",
        "silent_days",
        "products",
    ]
    values = {
        "n": len(ranked),
        "amount": ranked.annual_amount.sum(),
        "days": DUE_WITHIN,
        "n_known": len(told),
    }
    return Exhibit(
        "orders_due", "ranking", ranked[columns], metric="bookings", window=ws.trailing(), sources=("order_lines", "customers"),
        findings=(Finding("orders_due.some" if len(ranked) else "orders_due.none", values, "bookings"), *_how_well(ws, least)),
        units={"annual_amount": "money", "usual_gap": "days", "silent_days": "days", "products": "text"}
        | dict.fromkeys(("due_on", "earliest_on", "latest_on"), "date"),
        notes=(Finding("note.orders_due", {"n": least + 1}),),
    )  # fmt: skip


def _how_well(ws: Workspace, least: int) -> tuple[Finding, ...]:
    """How often the interval of half a year ago held the order that came, and how many have not ordered since."""
    known = came_true(ws.facts, ws.window.end, _TESTED, least=least)
    n = int(known.came_on.notna().sum())
    if n < max(ws.policy.report.suppress_below, 1):
        return ()
    share = wilson(float(known.weight[known.is_inside].sum()) * n, n)
    late = known.error.abs().median()
    told = {
        "n": n,
        "n_silent": len(known) - n,
        "share": share.value,
        "low": share.low,
        "high": share.high,
        "days": _TESTED,
        "error": late,
    }
    return (Finding("orders_due.tested", told),)


def _due_products(ws: Workspace, customers: Sequence[str]) -> dict[str, str]:
    """Names of the products that each customer is due to buy again, the longest overdue first."""
    due = products_due(ws, customers)
    if due.empty:
        return {}
    return {
        str(customer): " · ".join(own["product"].head(_SHOWN_PRODUCTS))
        for customer, own in due.groupby("customer_id")
    }


def products_due(ws: Workspace, customers: Sequence[str]) -> pd.DataFrame:
    """Products that `customers` have bought on three days or more and are due to buy again; one row a customer and product.

    Columns customer_id, product_id, product (name), due_on, usual_gap, last_on, n_days.
    """
    columns = ["customer_id", "product_id", "product", "due_on", "usual_gap", "last_on", "n_days"]
    if not customers or not ws.facts.has("sales.product_id"):
        return pd.DataFrame(columns=columns)
    end = ws.window.end
    known = gaps(ws.facts, end, ("customer_id", "product_id"), least=2, customers=customers)
    if known.empty:
        return pd.DataFrame(columns=columns)
    told = next_due(known, end, of=common(known))
    due = told[(told.due_on <= pd.Timestamp(end) + timedelta(days=DUE_WITHIN)) & (told.silent_days < 365)]
    due = due.assign(product=due.product_id.map(product_names(ws)), n_days=due.n_gaps + 1)
    return due.sort_values(["customer_id", "due_on", "product_id"], ignore_index=True)[columns]


def product_gaps(ws: Workspace) -> Exhibit | Missing:
    """What each segment leaves unbought, by category; one row a segment and category.

    White space: customers of the segment that do not buy the category × share that does × what the
    middle one of those spends a year.
    """
    if absent := ws.facts.missing("sales.customer_id", "sales.segment", "sales.category"):
        return Missing("product_gaps", absent)
    frame = penetration(ws)
    enough = frame.n_buyers >= max(ws.policy.report.suppress_below, 1)
    if not enough.any():
        return Missing("product_gaps", ("sales.segment",), "note.nothing_in_period")
    few, frame = int((~enough).sum()), frame[enough]
    ranked = frame.sort_values(["white_space", "segment", "category"], ascending=[False, True, True], ignore_index=True)  # fmt: skip
    first = ranked.iloc[0]
    told = {"total": ranked.white_space.sum(), "segment": first.segment, "category": first.category, "n": first.n_customers - first.n_buyers,
            "n_customers": first.n_customers, "share": first.share, "spend": first.median_spend, "top": first.white_space}  # fmt: skip
    notes = (
        Finding("note.product_gaps"),
        *((Finding("note.few_buyers", {"n": few}),) if few else ()),
    )
    columns = ["segment", "category", "white_space", "n_customers", "n_buyers", "share", "median_spend"]
    return Exhibit(
        "product_gaps", "table", ranked[columns], metric="product_white_space", findings=(Finding("product_gaps.largest", told, "product_white_space"),),
        units={"segment": "text", "category": "text", "white_space": "money", "n_customers": "count", "n_buyers": "count", "share": "ratio", "median_spend": "money"},
        window=ws.trailing(), sources=("order_lines", "customers"), notes=notes,
    )  # fmt: skip


def penetration(ws: Workspace) -> pd.DataFrame:
    """Customers of each segment that buy each category within twelve months, and what the middle one spends.

    Columns segment, category, n_customers (that buy anything), n_buyers, share, median_spend, white_space.
    """
    window = ws.trailing()
    days = [window.start, window.end]
    frame = ws.facts.query(
        "WITH bought AS ("
        "  SELECT segment, category, customer_id, SUM(net_amount) AS amount FROM sales WHERE kind IN ('order', 'return')"
        "  AND customer_id IS NOT NULL AND segment IS NOT NULL AND category IS NOT NULL AND dated_on BETWEEN ? AND ?"
        "  GROUP BY segment, category, customer_id HAVING SUM(net_amount) > 0"
        "), everybody AS (SELECT segment, COUNT(DISTINCT customer_id) AS n_customers FROM bought GROUP BY segment)"
        " SELECT b.segment, b.category, MAX(e.n_customers) AS n_customers, COUNT(*) AS n_buyers,"
        " CAST(quantile_cont(b.amount, 0.5) AS DOUBLE) AS median_spend"
        " FROM bought AS b JOIN everybody AS e ON e.segment = b.segment GROUP BY b.segment, b.category ORDER BY b.segment, b.category",
        days,
    )
    share = frame.n_buyers / frame.n_customers
    space = (frame.n_customers - frame.n_buyers) * share * frame.median_spend
    return frame.assign(share=share, white_space=space)


def product_names(ws: Workspace) -> pd.Series:
    """Name of each product; index product_id."""
    found = ws.facts.query(
        "SELECT product_id, MAX(product_name) AS name FROM sales WHERE product_id IS NOT NULL GROUP BY product_id"
    )
    return found.set_index("product_id").name
