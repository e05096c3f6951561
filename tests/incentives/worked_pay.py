"""What the engine pays for published cases: their inputs as plans and histories, nothing computed here."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import numpy as np

from salesops_lib.incentives.history import History, Lines
from salesops_lib.incentives.pay import Reading, earned
from salesops_lib.policy.incentives import PayRules, Plan

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
