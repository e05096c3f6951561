"""Policies of payment and what they are applied to, drawn at random."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import pandas as pd

from salesops_lib.incentives.dues import Dues, Statement
from salesops_lib.policy.payments import Payments

START = date(2025, 1, 1)
COMPONENTS = ("core", "bonus", "spiff")


def share(draw: random.Random) -> float:
    return float(Decimal(draw.choice((10, 25, 33, 50, 60, 75, 100))) / 100)


def policy(draw: random.Random) -> Payments:
    some = lambda n, make: tuple(make() for _ in range(draw.randint(0, n)))  # noqa: E731
    clawbacks = some(4, lambda: clawback(draw))
    about = {
        "release": releases(draw, can_be_lost=bool(clawbacks)),
        "holds": some(2, lambda: hold(draw)),
        "draws": tuple(advance(draw, number) for number in range(draw.randint(0, 3))),
        "guarantees": some(2, lambda: guarantee(draw)),
        "clawbacks": clawbacks,
        "caps": some(3, lambda: cap(draw)),
        "leaver_days": draw.choice((0, 30, 90)),
        "absence": draw.choice(("quota_and_target", "target", "none")),
    }
    if draw.random() < 0.5:
        about["clawback_limit"] = share(draw)
    return Payments.model_validate(about)


def releases(draw, *, can_be_lost):
    found = []
    for components in draw.choice(
        ((), ((),), (("core",),), (("core",), ()), (("core", "spiff"), ("bonus",)))
    ):
        known = (
            "booking",
            "invoice",
            "cash_in",
            "period_close",
            *(("clawback_over",) if can_be_lost else ()),
        )
        events = draw.sample(known, draw.randint(1, 4))
        cuts = sorted(draw.sample(range(1, 100), len(events) - 1))
        parts = [Decimal(high - low) / 100 for low, high in zip([0, *cuts], [*cuts, 100], strict=True)]
        schedule = tuple({"event": e, "share": float(part)} for e, part in zip(events, parts, strict=True))
        found.append({"components": components, "schedule": schedule})
    return tuple(found)


def hold(draw):
    when = draw.choice(("customer_overdue", "deal_disputed", "windfall"))
    return {"when": when, "max_days": draw.choice((1, 45, 180))}


def advance(draw, number):
    first = draw.randint(1, 6)
    last = first + draw.randint(0, 5)
    about = {"id": f"d{number}", "roles": draw.choice((("ae",), ("ae", "am"))), "months": (first, last)}
    about["kind"] = draw.choice(("recoverable", "recoverable", "non_recoverable"))
    about |= (
        {"amount": draw.choice((1, 40, 999.99))} if draw.random() < 0.5 else {"share_of_target": share(draw)}
    )
    about |= {"recovery_from": draw.randint(1, 10), "recovery_share": share(draw)}
    if draw.random() < 0.5:
        about["recovery_months"] = draw.randint(1, 6)
    return about


def guarantee(draw):
    event, of = draw.choice(("hire", "transfer")), draw.choice(("target", "average_last_6"))
    return {"event": event, "of": of, "months": draw.randint(1, 8), "share": share(draw)}


def clawback(draw):
    return {
        "event": draw.choice(("cancelled", "returned", "bad_debt", "churned")),
        "within_days": draw.choice((20, 90, 365, 365)),
        "amount": draw.choice(("full", "remaining_term", "unpaid_share")), "share": share(draw),
        "attainment": draw.choice(("reduce", "keep", "keep")),
    }  # fmt: skip


def cap(draw):
    excess, scope = draw.choice(("forfeited", "withheld")), draw.choice(("deal", "person_year"))
    most = {"amount": draw.choice((0, 5, 200.5, 5000))}
    if draw.random() < 0.5:
        most = {"times_target": draw.choice((0.01, 0.333333, 1, 4))}
    return {"scope": scope, "excess": excess} | most


def statements(quarterly: bool) -> list[Statement]:
    edges = [date(2025 + m // 12, m % 12 + 1, 1) for m in range(0, 19, 3 if quarterly else 1)]
    found = []
    for first, following in pairwise(edges):
        end = following - timedelta(days=1)
        found.append(Statement(f"{end:%Y-%m}", first, end, str(end.year), 3 if quarterly else 1))
    return found


def dues(draw: random.Random, n: int = 1, *, n_holds: int = 2) -> Dues:
    """Several histories at once: their people and orders have nothing in common."""
    spans = statements(draw.random() < 0.25)
    each = [history(draw, spans, f"{number}.", n_holds) for number in range(n)]
    return Dues(spans, *(pd.concat(frames, ignore_index=True) for frames in zip(*each, strict=True)))


def history(draw: random.Random, spans: list[Statement], name: str, n_holds: int) -> tuple[pd.DataFrame, ...]:
    n_days = (spans[-1].end - START).days
    ends = [span.end for span in spans]

    def any_day(after: int = 0) -> date:
        return START + timedelta(days=min(after + draw.randint(0, n_days), n_days + 20))

    orders = [f"{name}S{n}" for n in range(draw.randint(1, 6))]
    payees = [f"{name}p{n}" for n in range(draw.randint(1, 3))]
    big = draw.choice((3, 1000, 100_000, 2**40))
    earned = []
    for _ in range(draw.randint(1, 40)):
        at = draw.randrange(len(spans))
        order, kind = draw.choice([*orders, ""]), draw.choice(("order", "order", "return"))
        amount = draw.randint(-big, big // 9) if kind == "return" else draw.randint(-big // 9, big)
        day = spans[at].start + timedelta(days=draw.randint(0, (spans[at].end - spans[at].start).days))
        if draw.random() < 0.2:  # a correction of an earlier line
            day = START + timedelta(days=draw.randint(0, (day - START).days))
        line = draw.choice(("1", "2")) if order else ""
        key = (draw.choice(payees), at, draw.choice(("a", "b")), draw.choice(COMPONENTS), order, line)
        earned.append((*key, kind if order else "", day, amount))
    columns = ["payee", "at", "plan", "component", "order_id", "line_id", "kind", "credited_on", "amount"]
    return (
        pd.DataFrame(earned, columns=columns), people(draw, payees, ends), progress(draw, orders, any_day),
        waits(draw, orders, any_day, n_holds), losses(draw, [row for row in earned if row[4]], any_day),
    )  # fmt: skip


def people(draw, payees, ends):
    rows = []
    n_months = 18
    for payee in payees:
        hired, moved = draw.randint(-10, 12), draw.choice((99, draw.randint(1, 17)))
        left = draw.choice((None, START + timedelta(days=draw.randint(30, 500))))
        target = draw.choice((0, 12_000, 100_001, 2**36))
        for number in range(max(hired, 0), n_months):
            month = date(2025 + number // 12, number % 12 + 1, 1)
            at = next(n for n, end in enumerate(ends) if month <= end)
            served = draw.choice((0, 10, 30, 30)) if left is None or month <= left else 0
            role = draw.choice(("ae", "ae", "am"))
            since = number - moved + 1 if number >= moved else 0
            rows.append((payee, at, number, role, number - hired + 1, since, target, served, 30, left))
    columns = ["payee", "at", "number", "role", "tenure", "moved", "target", "served", "days", "left_on"]
    return pd.DataFrame(rows, columns=columns)


def progress(draw, orders, any_day):
    rows = []
    for order in orders:
        for event in ("expected", "invoice", "cash_in"):
            days = sorted({any_day() for _ in range(draw.randint(0, 3))})
            if event == "expected" and draw.random() < 0.8:
                days = sorted({START, *days})
            rows += [(order, event, day, draw.choice((0, 1, 3, 700, 1000, -5))) for day in days]
    return pd.DataFrame(rows, columns=["order_id", "event", "day", "amount"])


def waits(draw, orders, any_day, n_holds):
    rows = []
    for _ in range(draw.randint(0, 6) if n_holds else 0):
        first = any_day()
        last = draw.choice((None, first + timedelta(days=draw.randint(0, 200))))
        rows.append((draw.choice(orders), draw.randrange(n_holds), first, last))
    return pd.DataFrame(rows, columns=["order_id", "rule", "first_day", "last_day"])


def losses(draw, earned, any_day):
    """What befalls credited lines, often on the last day that a clawback counts, or the day after."""
    rows = []
    for _ in range(draw.randint(0, 10) if earned else 0):
        row = draw.choice(earned)
        order, line, credited_on = row[4], row[5], row[7]
        day = credited_on + timedelta(days=draw.choice((0, 20, 21, 90, 91)))
        day = draw.choice((day, any_day()))
        shares = [value for _ in range(3) for value in (draw.choice((0, 1, 2, 3)), draw.choice((0, 3, 3, 4)))]
        event = draw.choice(("cancelled", "returned", "bad_debt", "churned"))
        rows.append((order, draw.choice(("", line, "1")), event, day, *shares))
    columns = ["order_id", "line_id", "event", "day", "lost", "lines", "left", "term", "unpaid", "due"]
    return pd.DataFrame(rows, columns=columns)
