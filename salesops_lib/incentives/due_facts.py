"""Payments' facts from the tables: how far orders are, what holds them, what they lost, who served."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives import crediting
from salesops_lib.incentives.due_lines import earned_lines
from salesops_lib.incentives.dues import Dues, Statement
from salesops_lib.incentives.exact import quotient
from salesops_lib.incentives.facts import Case, cases

if TYPE_CHECKING:
    from collections.abc import Sequence

    from salesops_lib.periods import Period
    from salesops_lib.policy.payments import Hold
    from salesops_lib.workspace import Workspace

_EARNED = ["payee", "at", "plan", "component", "order_id", "line_id", "kind", "credited_on", "amount"]


def dues(ws: Workspace, through: Period, further: pd.DataFrame | None = None) -> Dues:
    """What is due under the policy's plans to the end of a period; see `payments.paid`."""
    months = _months(ws, through)
    every = ws.policy.incentives.payments.every
    statements, at_of = _statements(ws, months, every)
    found = [case for year in _years(ws, months) for case in cases(ws, year)]
    place = {month.label: n for n, month in enumerate(months)}
    rows = [_placed(case, place) for case in found]
    if further is not None and len(further):
        rows.append(_further(further, months, place))
    columns = [*_EARNED[:1], "number", *_EARNED[2:]]
    earned = pd.concat(rows, ignore_index=True)[columns] if rows else pd.DataFrame(columns=columns)
    earned = earned.assign(at=np.array(at_of)[earned.number.to_numpy(dtype=int)] if len(earned) else 0)
    earned = earned[earned["at"] >= 0]
    return Dues(
        statements,
        earned[_EARNED].reset_index(drop=True),
        _people(ws, found, months, at_of),
        _progress(ws, earned),
        _holds(ws, earned),
        _losses(ws, earned),
        10**ws.policy.semantics.minor_digits,
    )


# ---- months, and what was earned in them ----


def _months(ws: Workspace, through: Period) -> list[Period]:
    """Months from the first that a plan and the data cover to the last of the period."""
    starts = [plan.effective.start for plan in ws.policy.incentives.plans if plan.effective.start]
    if not starts:
        raise DataError("The policy pays nobody: incentives.plans is empty, so there is nothing to pay out.")
    sold = ws.facts.engine.rows("SELECT CAST(MIN(dated_on) AS DATE) AS day FROM sales")[0][0]
    first = ws.calendar.period_of(max([min(starts), *([sold] if sold else [])]), "month")
    if first.start > through.end:
        raise DataError(
            f"No plan pays anybody up to {through.label}: the first begins on {min(starts)}.\nName a later period."
        )
    months = [first]
    while months[-1].end < through.end:
        months.append(ws.calendar.shift(months[-1], 1))
    return months


def _statements(ws: Workspace, months: Sequence[Period], every: str) -> tuple[list[Statement], list[int]]:
    """Statements, and the position of the one that each month is in; −1 where it is not complete."""
    found: list[Statement] = []
    at_of: list[int] = []
    begun: list[Period] = []
    for month in months:
        begun.append(month)
        span = month if every == "month" else ws.calendar.period_of(month.end, every)
        if span.end == month.end:
            year = ws.calendar.period_of(month.end, "year").label
            found.append(Statement(month.label, begun[0].start, month.end, year, len(begun)))
            at_of += [len(found) - 1] * len(begun)
            begun = []
    return found, at_of + [-1] * len(begun)


def _years(ws: Workspace, months: Sequence[Period]) -> list[Period]:
    return list(dict.fromkeys(ws.calendar.period_of(month.end, "year") for month in months))


def _placed(case: Case, place: dict[str, int]) -> pd.DataFrame:
    """Movements of a case, with the number of their month among all of them."""
    number = np.array([place.get(month.label, -1) for month in case.months])
    n_months = int(np.flatnonzero(number >= 0).max()) + 1 if (number >= 0).any() else 0
    rows = earned_lines(case, n_months)
    first = int(number.max()) - n_months + 1  # months before the first sale have no pay
    return rows.assign(number=rows.month.astype(int) + first)


def _further(rows: pd.DataFrame, months: Sequence[Period], place: dict[str, int]) -> pd.DataFrame:
    """Amounts that others earned for the payees, in the form of movements."""
    early = sorted({month for month in rows.month if month < months[0].label})
    if early:
        raise DataError(
            f"{', '.join(map(str, rows[rows.month == early[0]].component.unique()))} earned in {early[0]}, before the plans' "
            f"first month, {months[0].label}.\nBegin the plans earlier (effective.from)."
        )
    rows = rows[rows.month.isin(list(place))]  # what is later is not due yet
    ends = {month.label: month.end for month in months}
    found = rows.reindex(columns=["plan", "order_id", "line_id"]).astype(object).fillna("")
    found = found.assign(
        payee=rows.payee, component=rows.component, amount=rows.amount, number=rows.month.map(place)
    )
    found["kind"] = np.where(found.order_id == "", "", np.where(rows.amount < 0, "return", "order"))
    days = rows.credited_on if "credited_on" in rows else pd.Series(pd.NaT, index=rows.index)
    found["credited_on"] = pd.to_datetime(days).fillna(pd.to_datetime(rows.month.map(ends)))
    return found


# ---- people ----


def _people(
    ws: Workspace, found: Sequence[Case], months: Sequence[Period], at_of: Sequence[int]
) -> pd.DataFrame:
    """Each payee's months from the first one served; later ones, without service, too."""
    about = ws.facts.query("SELECT rep_id, hired_on, left_on FROM reps").set_index("rep_id")
    hired, left = (pd.to_datetime(about[name]) for name in ("hired_on", "left_on"))
    moves = _moves(ws)
    served, roles, targets = _served(found)
    rows = []
    for payee in sorted(served):
        first = (
            min(n for n, month in enumerate(months) if month.label in served[payee]) if served[payee] else 0
        )
        role, target = "", 0
        for number in range(first, len(months)):
            month = months[number]
            if at_of[number] < 0:
                break
            role = roles.get((payee, month.label), role)
            target = targets.get((payee, month.label), target)
            begun = hired.get(payee)
            moved = [day for day in moves.get(payee, ()) if day <= month.end]
            rows.append({
                "payee": payee, "at": at_of[number], "number": number, "role": role,
                "tenure": _since(begun, month.end) if begun is not None and not pd.isna(begun) else 0,
                "moved": _since(moved[-1], month.end) if moved else 0, "target": target,
                "served": served[payee].get(month.label, 0), "days": month.n_days,
                "left_on": left.get(payee, pd.NaT),
            })  # fmt: skip
    columns = ["payee", "at", "number", "role", "tenure", "moved", "target", "served", "days", "left_on"]
    people = pd.DataFrame(rows, columns=columns)
    _demand_hire_days(ws, people)
    return people


def _served(
    found: Sequence[Case],
) -> tuple[dict[str, dict[str, int]], dict[tuple[str, str], str], dict[tuple[str, str], int]]:
    """Days that payees served in each month, their last role in it and its target incentive."""
    served: dict[str, dict[str, int]] = {}
    roles: dict[tuple[str, str], str] = {}
    targets: dict[tuple[str, str], int] = {}
    latest: dict[tuple[str, str], date] = {}
    for case in found:
        target = dict(zip(case.history.payees, (int(value) for value in case.history.target), strict=True))
        for span in case.spans.itertuples():
            start, stop = span.start.date(), span.stop.date()
            for month in case.months:
                n_days = (min(stop, month.end) - max(start, month.start)).days + 1
                if n_days <= 0:
                    continue
                key = (str(span.rep_id), month.label)
                days = served.setdefault(key[0], {})
                days[month.label] = days.get(month.label, 0) + n_days
                if stop >= latest.get(key, date.min):
                    latest[key], roles[key], targets[key] = stop, str(span.role), target[key[0]]
    return served, roles, targets


def _moves(ws: Workspace) -> dict[str, list[date]]:
    """Days on which people changed team, region or role; the first place is no change."""
    places = ws.facts.query(
        "SELECT rep_id, team, region, role, CAST(valid_from AS DATE) AS valid_from FROM org "
        "WHERE valid_from IS NOT NULL ORDER BY rep_id, valid_from, team"
    )
    found: dict[str, list[date]] = {}
    former: tuple[str, ...] = ()
    for row in places.itertuples():
        here = tuple(str(value) for value in (row.rep_id, row.team, row.region, row.role))
        if former and here[0] == former[0] and here != former:
            found.setdefault(here[0], []).append(pd.Timestamp(row.valid_from).date())
        former = here
    return found


def _since(day: date | pd.Timestamp, end: date) -> int:
    """Months from the one of `day` to the one that ends on `end`, both counted.

    >>> _since(date(2025, 1, 31), date(2025, 3, 31))
    3
    """
    return (end.year - day.year) * 12 + end.month - day.month + 1


def _demand_hire_days(ws: Workspace, people: pd.DataFrame) -> None:
    """Refuse draws of people of whom nobody says when they began."""
    rules = ws.policy.incentives.payments
    roles = {role for draw in rules.draws for role in draw.roles}
    by_hire = any(guarantee.event == "hire" for guarantee in rules.guarantees)
    lacking = people[(people.tenure == 0) & (people.served > 0) & (by_hire | people.role.isin(roles))]
    if len(lacking):
        names = lacking.payee.unique()
        named = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        raise DataError(
            f"incentives.payments has draws or guarantees by months since hire, and {named} have no day of hire.\n"
            "Load reps.hired_on, or leave these roles out of the draws."
        )


# ---- orders ----


def _events(ws: Workspace) -> set[str]:
    return {part.event for rule in ws.policy.incentives.payments.release for part in rule.schedule}


def _progress(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
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


def _holds(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Spans in which orders wait, by rule of the policy."""
    columns = ["order_id", "rule", "first_day", "last_day"]
    found = [pd.DataFrame({name: [] for name in columns})]
    for number, hold in enumerate(ws.policy.incentives.payments.holds):
        if hold.when == "windfall":
            found.append(_windfalls(ws, earned).assign(rule=number))
        elif hold.when == "customer_overdue":
            found.append(_overdue(ws, earned, hold).assign(rule=number))
        else:
            raise DataError(
                "incentives.payments.holds: deal_disputed holds pay of disputed orders, and no table says which they are.\n"
                "Leave it out, or hold by customer_overdue or windfall."
            )
    return pd.concat([part for part in found if len(part)] or found, ignore_index=True)[columns]


def _windfalls(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Orders above the policy's windfall, from the first day of their credit."""
    large = ws.facts.query(crediting.large(ws, ws.policy.incentives)).order_id
    rows = earned[(earned.order_id != "") & earned.order_id.isin(large)]
    return (
        rows.groupby("order_id", as_index=False)
        .credited_on.min()
        .rename(columns={"credited_on": "first_day"})
        .assign(last_day=pd.NaT)
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


def _losses(ws: Workspace, earned: pd.DataFrame) -> pd.DataFrame:
    """Returns and bad debts, with the shares that clawbacks go by."""
    rules = ws.policy.incentives.payments.clawbacks
    columns = ["order_id", "line_id", "event", "day", "lost", "lines", "left", "term", "unpaid", "due"]
    found = [pd.DataFrame({name: [] for name in columns})]
    for rule in rules:
        if rule.event == "churned" or rule.amount == "remaining_term":
            raise DataError(
                f"incentives.payments.clawbacks: {rule.event}, {rule.amount} needs the terms of contracts, and no table holds them.\n"
                "Leave it out, or take back full or unpaid_share of what was cancelled, returned or not paid."
            )
    events = {rule.event for rule in rules}
    if "returned" in events:
        found.append(_returned(ws))
    if "bad_debt" in events:
        found.append(_bad_debts(ws))
    rows = pd.concat([part for part in found if len(part)] or found, ignore_index=True)
    return rows[rows.order_id.isin(earned.order_id.unique())].reindex(columns=columns).reset_index(drop=True)


def _returned(ws: Workspace) -> pd.DataFrame:
    """What share of a line went back on each day."""
    rows = ws.facts.query(
        "SELECT r.order_id, COALESCE(r.line_id, '') AS line_id, CAST(r.dated_on AS DATE) AS day, "
        "CAST(-SUM(r.net_amount) AS BIGINT) AS lost, CAST(MAX(o.net_amount) AS BIGINT) AS lines FROM sales AS r JOIN ("
        "SELECT order_id, COALESCE(line_id, '') AS line_id, SUM(net_amount) AS net_amount FROM sales WHERE kind = 'order' GROUP BY ALL"
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
