"""What has happened to orders since they were credited: how far they are, what holds them, what they lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError, nearest
from salesops_lib.incentives import crediting
from salesops_lib.incentives.exact import quotient

if TYPE_CHECKING:
    from salesops_lib.policy.payments import Hold
    from salesops_lib.workspace import Workspace

#: Parts that a share of a contract's term is counted in.
_PARTS = 1_000_000


def _events(ws: Workspace) -> set[str]:
    return {part.event for rule in ws.policy.incentives.payments.release for part in rule.schedule}


def progress(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """What was ordered, invoiced and collected of each order, to date, where pay waits for it."""
    rules = ws.policy.incentives.payments
    events = _events(ws) & {"invoice", "cash_in"}
    unpaid = any(rule.amount == "unpaid_share" for rule in rules.clawbacks)
    empty = pd.DataFrame({"order_id": [], "event": [], "day": [], "amount": []})
    if not events and not unpaid:
        return empty
    needed = ("invoices", *(("receipts",) if "cash_in" in events or unpaid else ()))
    if absent := ws.facts.missing(*needed):
        raise DataError(
            f"incentives.payments waits for {' and '.join(sorted(events)) or 'what is not collected'}, "
            f"and {', '.join(absent)} hold nothing.\nLoad them, or release pay at booking or period_close."
        )
    orders = earned.order_id.unique()
    expected = ws.facts.query(
        "SELECT order_id, CAST(dated_on AS DATE) AS day, CAST(SUM(net_amount) AS BIGINT) AS amount FROM sales "
        "WHERE kind IN ('order', 'return') AND net_amount IS NOT NULL GROUP BY order_id, CAST(dated_on AS DATE)"
    )
    found = [expected.assign(event="expected")]
    if "invoice" in events:
        billed = _billed(ws).rename(columns={"invoiced_on": "day", "net_amount": "amount"})
        found.append(billed[["order_id", "day", "amount"]].assign(event="invoice"))
    if "cash_in" in events:
        found.append(_collected(ws)[["order_id", "day", "amount"]].assign(event="cash_in"))
    rows = pd.concat(found, ignore_index=True)
    rows = rows[rows.order_id.isin(orders)].assign(day=lambda one: pd.to_datetime(one.day))
    rows = rows.groupby(["order_id", "event", "day"], as_index=False).amount.sum()
    rows["amount"] = rows.groupby(["order_id", "event"]).amount.cumsum()
    return rows


def _billed(ws: Workspace) -> pd.DataFrame:
    """Invoices of orders: invoice_id, order_id, customer_id, invoiced_on, due_on, net_amount, gross_amount."""
    return ws.facts.query(
        "SELECT invoice_id, order_id, customer_id, CAST(invoiced_on AS DATE) AS invoiced_on, CAST(due_on AS DATE) AS due_on, "
        "CAST(net_amount AS BIGINT) AS net_amount, CAST(net_amount + COALESCE(tax_amount, 0) AS BIGINT) AS gross_amount "
        "FROM billings WHERE order_id IS NOT NULL AND net_amount IS NOT NULL ORDER BY invoice_id"
    )


def _collected(ws: Workspace) -> pd.DataFrame:
    """Receipts: invoice_id, order_id, day, amount (of the invoice's net amount), gross_to_date."""
    receipts = ws.facts.query(
        "SELECT invoice_id, CAST(received_on AS DATE) AS day, CAST(SUM(amount) AS BIGINT) AS received FROM collections "
        "WHERE invoice_id IS NOT NULL AND amount IS NOT NULL GROUP BY invoice_id, CAST(received_on AS DATE) ORDER BY invoice_id, day"
    )
    rows = receipts.merge(_billed(ws), on="invoice_id")
    rows = rows[rows.gross_amount > 0].reset_index(drop=True)
    rows["gross_to_date"] = rows.groupby("invoice_id").received.cumsum()
    net, gross = rows.net_amount.to_numpy(dtype=np.int64), rows.gross_amount.to_numpy(dtype=np.int64)
    upto = pd.Series(
        quotient(net, rows.gross_to_date.clip(0).to_numpy(dtype=np.int64).clip(max=gross), gross)
    )
    rows["amount"] = upto - upto.groupby(rows.invoice_id).shift(fill_value=0)
    return rows


def holds(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Spans in which orders wait, by rule of the policy."""
    columns = ["order_id", "rule", "first_day", "last_day"]
    found = [pd.DataFrame({name: [] for name in columns})]
    for number, hold in enumerate(ws.policy.incentives.payments.holds):
        if hold.when == "windfall":
            found.append(_windfalls(ws, earned).assign(rule=number))
        elif hold.when == "customer_overdue":
            found.append(_overdue(ws, earned, hold).assign(rule=number))
        else:
            found.append(_disputed(ws, earned).assign(rule=number))
    return pd.concat([part for part in found if len(part)] or found, ignore_index=True)[columns]


def _windfalls(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Orders above the policy's windfall, from the first day of their credit."""
    large = ws.facts.query(crediting.large(ws, ws.policy.incentives)).order_id
    rows = earned[(earned.order_id != "") & earned.order_id.isin(large)]
    first = rows.groupby("order_id").credited_on.min()
    granted = _befallen(ws, "granted").groupby("order_id").happened_on.min().reindex(first.index)
    return pd.DataFrame(
        {"order_id": first.index, "first_day": first.to_numpy(), "last_day": _before(granted)}
    )


def _disputed(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Orders that are disputed, from the first day to the one before it was settled."""
    _demand_events(ws, "holds: deal_disputed needs the days of disputes")
    rows = _befallen(ws, "disputed")
    rows = rows[rows.order_id.isin(earned.order_id.unique())]
    return pd.DataFrame(
        {"order_id": rows.order_id, "first_day": rows.happened_on, "last_day": _before(rows.ended_on)}
    )


def _before(days: pd.Series) -> pd.Series:
    return (pd.to_datetime(days) - pd.Timedelta(days=1)).to_numpy()


_EVENTS = ("disputed", "granted", "churned")


def _befallen(ws: Workspace, event: str) -> pd.DataFrame:
    """What the table order_events says of one kind; it knows no others than `_EVENTS`."""
    if not ws.facts.has("order_events"):  # a store of an earlier version does not even hold the table
        days = pd.Series(dtype="datetime64[ns]")
        return pd.DataFrame(
            {"order_id": [], "line_id": [], "event": [], "happened_on": days, "ended_on": days}
        )
    rows = ws.facts.query(
        "SELECT order_id, COALESCE(line_id, '') AS line_id, LOWER(TRIM(event)) AS event, "
        "CAST(happened_on AS DATE) AS happened_on, CAST(ended_on AS DATE) AS ended_on, share FROM order_events"
    )
    unknown = sorted({*rows.event} - {*_EVENTS})
    if unknown:
        raise DataError(
            f"order_events: {unknown[0]!r} is no event of an order; {nearest(unknown[0], _EVENTS)}"
        )
    days = {name: pd.to_datetime(rows[name]) for name in ("happened_on", "ended_on")}
    return rows.assign(**days)[rows.event == event].reset_index(drop=True)


def _demand_events(ws: Workspace, why: str) -> None:
    if not ws.facts.has("order_events"):
        raise DataError(
            f"incentives.payments.{why}, and the table order_events holds nothing.\n"
            "Load it (order_id, event, happened_on, ended_on, share), or leave this out of the policy."
        )


def _overdue(ws: Workspace, earned: pd.DataFrame, hold: Hold) -> pd.DataFrame:
    """Orders of customers who owe an invoice for too long, in spells without a gap."""
    if absent := ws.facts.missing("invoices.due_on", "receipts"):
        raise DataError(
            f"incentives.payments.holds: customer_overdue needs {', '.join(absent)}, and nothing is loaded.\n"
            "Load the invoices with their due days and the receipts, or leave the hold out."
        )
    billed = _billed(ws).dropna(subset=["due_on"])
    paid = _collected(ws)
    cleared = paid[paid.gross_to_date >= paid.gross_amount].groupby("invoice_id").day.min()
    first = pd.to_datetime(billed.due_on) + pd.Timedelta(days=hold.overdue_days + 1)
    last = pd.to_datetime(billed.invoice_id.map(cleared)) - pd.Timedelta(days=1)
    spans = pd.DataFrame({"customer_id": billed.customer_id, "first_day": first, "last_day": last})
    spans = spans[(billed.gross_amount > 0) & ~(spans.last_day < spans.first_day)]
    spells = _joined(spans)
    orders = ws.facts.query(
        "SELECT DISTINCT order_id, customer_id FROM sales WHERE kind = 'order' AND customer_id IS NOT NULL"
    )
    return orders[orders.order_id.isin(earned.order_id.unique())].merge(spells, on="customer_id")[
        ["order_id", "first_day", "last_day"]
    ]


def _joined(spans: pd.DataFrame) -> pd.DataFrame:
    """Spans of a customer that touch, as one."""
    spans = spans.sort_values(["customer_id", "first_day"], kind="stable").reset_index(drop=True)
    stop = spans.last_day.fillna(pd.Timestamp("2262-01-01"))
    furthest = stop.groupby(spans.customer_id).cummax().groupby(spans.customer_id).shift()
    begins = ~(spans.first_day <= furthest + pd.Timedelta(days=1))
    found = (
        spans.assign(stop=stop, spell=begins.cumsum())
        .groupby(["customer_id", "spell"], as_index=False)
        .agg(first_day=("first_day", "min"), stop=("stop", "max"))
    )
    found["last_day"] = found.stop.where(found.stop < pd.Timestamp("2262-01-01"))
    return found[["customer_id", "first_day", "last_day"]]


def losses(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Returns and bad debts, with the shares that clawbacks go by."""
    rules = ws.policy.incentives.payments.clawbacks
    columns = ["order_id", "line_id", "event", "day", "lost", "lines", "left", "term", "unpaid", "due"]
    found = [pd.DataFrame({name: [] for name in columns})]
    events = {rule.event for rule in rules}
    if "returned" in events:
        found.append(_returned(ws))
    if "bad_debt" in events:
        found.append(_bad_debts(ws))
    if "churned" in events:
        found.append(_churned(ws))
    rows = pd.concat([part for part in found if len(part)] or found, ignore_index=True)
    return rows[rows.order_id.isin(earned.order_id.unique())].reindex(columns=columns).reset_index(drop=True)


def _returned(ws: Workspace) -> pd.DataFrame:
    """What share of a line went back on each day."""
    rows = ws.facts.query(
        "SELECT r.order_id, COALESCE(r.line_id, '') AS line_id, CAST(r.dated_on AS DATE) AS day, "
        "CAST(-SUM(r.net_amount) AS BIGINT) AS lost, CAST(MAX(o.net_amount) AS BIGINT) AS lines FROM sales AS r JOIN ("
        "SELECT order_id, COALESCE(line_id, '') AS line_id, SUM(net_amount) AS net_amount FROM sales WHERE kind = 'order' "
        "GROUP BY order_id, COALESCE(line_id, '')"
        ") AS o ON o.order_id = r.order_id AND o.line_id = COALESCE(r.line_id, '') WHERE r.kind = 'return' AND o.net_amount > 0 "
        "GROUP BY r.order_id, COALESCE(r.line_id, ''), CAST(r.dated_on AS DATE)"
    )
    rows["lost"] = rows.lost.clip(0, rows.lines)
    return rows.assign(event="returned", left=0, term=0, unpaid=0, due=0)


def _bad_debts(ws: Workspace) -> pd.DataFrame:
    """Invoices that are overdue beyond the last class of age, and how much of their order they leave unpaid."""
    n_days = ws.policy.collections.ageing_days[-1]
    billed = _billed(ws).dropna(subset=["due_on"])
    billed["day"] = pd.to_datetime(billed.due_on) + timedelta(days=int(n_days) + 1)
    paid = _collected(ws)
    upto = paid.merge(billed[["invoice_id", "day"]], on="invoice_id", suffixes=("", "_lost"))
    upto = upto[pd.to_datetime(upto.day) < upto.day_lost].groupby("invoice_id").amount.sum()
    billed["unpaid"] = billed.net_amount - billed.invoice_id.map(upto).fillna(0).astype(int)
    ordered = ws.facts.query(
        "SELECT order_id, CAST(SUM(net_amount) AS BIGINT) AS due FROM sales WHERE kind = 'order' GROUP BY order_id HAVING SUM(net_amount) > 0"
    )
    rows = billed[billed.unpaid > 0].merge(ordered, on="order_id")
    rows = rows.groupby(["order_id", "day", "due"], as_index=False).agg(
        unpaid=("unpaid", "sum"), lost=("net_amount", "sum")
    )
    for name in ("unpaid", "lost"):
        rows[name] = rows[name].clip(upper=rows.due)
    return rows.assign(event="bad_debt", line_id="", lines=rows.due, left=0, term=0)


def _churned(ws: Workspace) -> pd.DataFrame:
    """Contracts that ended early, and the share of their term that was left."""
    _demand_events(ws, "clawbacks: churned needs the days on which contracts ended")
    rows = _befallen(ws, "churned")
    by_term = any(
        rule.event == "churned" and rule.amount == "remaining_term"
        for rule in ws.policy.incentives.payments.clawbacks
    )
    if by_term and rows.share.isna().any():
        named = ", ".join(rows[rows.share.isna()].order_id.head(5))
        raise DataError(
            f"order_events: {named} churned, and nothing says what was left of the term, which remaining_term goes by.\n"
            "Fill in share (0.5 is half of the term), or take back full."
        )
    left = (rows.share.fillna(0) * _PARTS).round().astype("int64")
    about = {
        "day": rows.happened_on,
        "left": left,
        "term": _PARTS,
        "lost": 1,
        "lines": 1,
        "unpaid": 0,
        "due": 0,
    }
    return rows[["order_id", "line_id", "event"]].assign(**about)
