"""What the engine pays for published cases: their inputs as plans and histories, nothing computed here."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from salesops_lib.incentives.crediting import credited_lines
from salesops_lib.incentives.dues import Dues, Statement
from salesops_lib.incentives.facts import cases
from salesops_lib.incentives.history import History, Lines
from salesops_lib.incentives.pay import Reading, earned
from salesops_lib.incentives.payments import Payments, payments
from salesops_lib.metrics import Exhibit
from salesops_lib.pipeline import state as pipeline
from salesops_lib.policy.incentives import PayRules, Plan
from salesops_lib.policy.payments import Crediting
from salesops_lib.policy.payments import Payments as Policy
from salesops_lib.policy.selling import Stage
from tests.conftest import make_workspace

#: Minor units of a whole currency unit in the cases that do not say otherwise.
MINOR = 100


def whole(value: Any, parts: int = MINOR) -> int:
    """A figure of a case in minor units, or another part of its unit."""
    scaled = Decimal(value) * parts
    assert scaled == int(scaled), f"{value} is no whole number of 1/{parts}"
    return int(scaled)


def component(kind: str, **about: Any) -> dict[str, Any]:
    return {"id": "core", "en": "Core", "zh": "主项", "kind": kind, **about}


def tiers(table: Sequence[Any], value: str = "rate") -> tuple[dict[str, Any], ...]:
    """Tiers of a case, written as objects or as (from, to, value)."""
    rows = [(one["lower"], one["rate"]) if isinstance(one, dict) else (one[0], one[2]) for one in table]
    return tuple({"from": start, value: paid} for start, paid in rows)


def by_amount(table: Sequence[Any], mode: str = "marginal", **about: Any) -> dict[str, Any]:
    return component("tiered", basis="amount", mode=mode, tiers=tiers(table), **about)


def by_attainment(
    table: Sequence[Any], value: str = "times", mode: str = "marginal", **about: Any
) -> dict[str, Any]:
    return component(
        "tiered", basis="attainment", mode=mode, tiers=tiers(table, value), **{"weight": 1, **about}
    )


def plan(*components: dict[str, Any], **more: Any) -> Plan:
    about = {
        "id": "case",
        "roles": ("ae",),
        "effective": {"from": "2025-01-01"},
        "interval": "year",
        "components": components,
    }
    return Plan.model_validate(about | more)


def rules(edge: str = "lower_inclusive") -> PayRules:
    return PayRules(tier_edge=edge, start_day="included")


def history(
    done: Sequence[Any], quota: Any = None, *, target: Any = 0, minor: int = MINOR, **more: Any
) -> History:
    """Bookings of a month of each payee (one figure each), or of the months of one (a list in a list)."""
    rows = [row if isinstance(row, list) else [row] for row in done]
    actual = np.array([[whole(value, minor) for value in row] for row in rows])
    asked = {}
    if quota is not None:
        whole_quota = np.zeros_like(actual)
        whole_quota[:, 0] = [
            whole(one, minor) for one in (quota if isinstance(quota, list) else [quota] * len(rows))
        ]
        asked = {("bookings", "direct"): whole_quota}
    incentives = target if isinstance(target, list) else [target] * len(rows)
    return History(
        payees=[f"p{number}" for number in range(len(rows))],
        months=[f"2025-{month + 1:02}" for month in range(actual.shape[1])],
        actual={("bookings", "direct"): actual, **more.pop("actual", {})},
        quota=asked | more.pop("quotas", {}),
        target=np.array([whole(one, minor) for one in incentives]),
        parts={"bookings": minor, **more.pop("parts", {})},
        minor=minor,
        **more,
    )


def lines(payees: Sequence[int], amounts: Sequence[Any]) -> dict[tuple[str, str], Lines]:
    of_month = np.zeros(len(amounts), dtype=np.int64)
    return {
        ("bookings", "direct"): Lines(
            np.array(payees), of_month, np.array([whole(amount) for amount in amounts])
        )
    }


def paid(
    of: Plan, past: History, *, edge: str = "lower_inclusive", zero_quota: str = "undefined"
) -> list[float]:
    """Pay of each payee at the end of the last month, all components, in whole currency units."""
    found = earned(of, rules(edge), past, zero_quota=zero_quota)
    return [
        float(sum(pay[at, -1] for pay in found.to_date.values()) / past.minor)
        for at in range(len(past.payees))
    ]


def parts(of: Plan, past: History) -> list[float]:
    """Pay of the only payee by component."""
    found = earned(of, rules(), past)
    return [float(pay[0, -1] / past.minor) for pay in found.to_date.values()]


def by_month(of: Plan, past: History) -> tuple[list[float], list[float]]:
    """Pay to date of the only payee's only component, and of each month."""
    found = earned(of, rules(), past)
    ((core, upto),) = found.to_date.items()
    return (upto[0] / past.minor).tolist(), (found.monthly(past, core)[0] / past.minor).tolist()


def attainment(of: Plan, past: History, zero_quota: str = "undefined") -> list[float]:
    """Measure to date over quota, as the engine holds them against each other."""
    reading = Reading(of, rules(), past, zero_quota)
    done, quota = reading.standing("bookings", of.components[0])
    return (done[:, -1] / quota[:, -1]).tolist()


# ---- payment ----


def settled(
    earned_in: Sequence[Any],
    *,
    losses: Sequence[dict[str, Any]] = (),
    components: Sequence[str] = ("core",),
    target: Any = 0,
    **policy: Any,
) -> Payments:
    """Statements of one payee, hired with the first month, who earns an amount a month (a list: one a component).

    Order `S1` is the first month's, ordered in full and not paid for by its customer.
    """
    spans = [
        Statement(f"2025-{n + 1:02}", date(2025, n + 1, 1), date(2025, n + 1, 28), "2025")
        for n in range(len(earned_in))
    ]
    rows = [
        {"payee": "ann", "at": n, "plan": "case", "component": name, "order_id": f"S{n + 1}", "line_id": "1",
         "kind": "order", "credited_on": spans[n].start, "amount": whole(amount)}
        for n, amounts in enumerate(earned_in)
        for name, amount in zip(components, amounts if isinstance(amounts, list) else [amounts], strict=True)
    ]  # fmt: skip
    people = [
        {"payee": "ann", "at": n, "number": n, "role": "ae", "tenure": n + 1, "moved": 0, "target": whole(target),
         "served": 28, "days": 28, "left_on": None}
        for n in range(len(earned_in))
    ]  # fmt: skip
    progress = [
        {"order_id": f"S{n + 1}", "event": "expected", "day": span.start, "amount": 100}
        for n, span in enumerate(spans)
    ]
    none = {"lost": 0, "lines": 1, "left": 0, "term": 1, "unpaid": 0, "due": 1}
    lost = [{"order_id": "S1", "line_id": "1", "day": spans[-1].end, **none, **one} for one in losses]
    columns = ["order_id", "line_id", "event", "day", *none]
    facts = Dues(
        spans, pd.DataFrame(rows), pd.DataFrame(people), pd.DataFrame(progress),
        losses=pd.DataFrame(lost, columns=columns), minor=MINOR,
    )  # fmt: skip
    return payments(facts, Policy.model_validate(policy), rules())


def draw(amount: Any, kind: str, months: tuple[int, int] = (1, 12), **more: Any) -> dict[str, Any]:
    named = f"from-{months[0]}"
    return {"id": named, "roles": ("ae",), "kind": kind, "months": months, "amount": amount, **more}


def figures(column: pd.Series) -> list[float]:
    """Minor units as whole currency units."""
    return (column / MINOR).tolist()


# ---- credit, and the quota of days served ----


def credited(deal: Any, shares: dict[str, Any]) -> dict[str, Decimal]:
    """What each person is credited with of one order whose shares the table credits holds."""
    order = {
        "order_id": "S1",
        "line_id": "1",
        "ordered_on": "2025-01-10",
        "net_amount": whole(deal),
        "rep_id": "house",
    }
    split = [{"order_id": "S1", "rep_id": person, "share": float(share)} for person, share in shares.items()]
    people = [{"rep_id": person, "hired_on": "2020-01-01"} for person in shares]
    ws = make_workspace(
        Path(), order_lines=[order], credits=split, reps=people,
        policy={"incentives.crediting": Crediting(by="splits")},
    )  # fmt: skip
    found = credited_lines(ws, "bookings", date(2025, 1, 1), date(2025, 12, 31))
    ws.close()
    return {row.payee: Decimal(int(row.amount)) / MINOR for row in found.itertuples()}


def credited_of_lines(lines: Sequence[tuple[Any, str]], *, without: tuple[str, ...]) -> Decimal:
    """What the salesperson of one order is credited with, of lines as (amount, product line)."""
    about = {"order_id": "S1", "ordered_on": "2025-01-10", "rep_id": "ann"}
    ws = make_workspace(
        Path(), reps=[{"rep_id": "ann", "hired_on": "2020-01-01"}],
        order_lines=[
            about | {"line_id": str(n), "net_amount": whole(amount), "product_id": name} for n, (amount, name) in enumerate(lines)
        ],
        products=[{"product_id": name, "category": name} for _, name in lines],
        policy={"incentives.crediting": Crediting(excluded_categories=without)},
    )  # fmt: skip
    found = credited_lines(ws, "bookings", date(2025, 1, 1), date(2025, 12, 31))
    ws.close()
    return Decimal(int(found.amount.sum())) / MINOR


def quota_of_first_month(goal: Any, day: int, start_day: str) -> float:
    """The quota of somebody who begins on a day of April, of 30 days."""
    asked = {
        "scope_type": "rep",
        "scope_id": "ann",
        "measure": "bookings",
        "period": "2025-04",
        "value": goal,
    }
    sold = {"order_id": "S1", "line_id": "1", "ordered_on": "2025-05-01", "net_amount": 1, "rep_id": "ann"}
    ws = make_workspace(
        Path(), as_of="2025-12-31", order_lines=[sold],
        reps=[{"rep_id": "ann", "role": "ae", "hired_on": f"2025-04-{day}", "target_variable": 0}],
        targets=[{"version": "1", **asked}],
        policy={
            "incentives.plans": (plan(by_attainment([(0, None, 1)])),),
            "incentives.rules": PayRules(tier_edge="lower_inclusive", start_day=start_day),
        },
    )  # fmt: skip
    (case,) = cases(ws, ws.calendar.parse("2025"))
    ws.close()
    return float(case.history.quota["bookings", "direct"][0, 3] / MINOR)


# ---- pipeline ----


def open_deals(amounts: Sequence[Any], odds: Sequence[Any]) -> pd.DataFrame:
    """The open deals of a pipeline whose stages have these odds, one deal a stage; amounts in minor units."""
    stages = [
        {"id": f"s{n}", "en": f"s{n}", "zh": f"s{n}", "rank": n + 1, "p_prior": float(p)}
        for n, p in enumerate(odds)
    ]
    deals = [
        {"opportunity_id": f"D{n}", "stage": f"s{n}", "amount": whole(amount), "created_on": "2025-01-02", "rep_id": "ann"}
        for n, amount in enumerate(amounts)
    ]  # fmt: skip
    ws = make_workspace(
        Path(), period="2025-01", as_of="2025-01-31", opportunities=deals,
        policy={"process.stages": tuple(map(Stage.model_validate, stages))},
    )  # fmt: skip
    found = pipeline.open_deals(ws)
    ws.close()
    assert isinstance(found, Exhibit)
    return found.frame
