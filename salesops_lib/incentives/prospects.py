"""Where people stand in their plans, and what the next tier takes and is worth."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.history import MONTHS, History, Key
from salesops_lib.incentives.ladders import Ladder
from salesops_lib.incentives.pay import Reading

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from salesops_lib.policy.incentives import Component, PayRules, Plan

STANDING = [
    "payee", "plan", "component", "kind", "measure", "credit", "interval", "first", "last", "is_over", "actual", "quota",
    "tier", "n_tiers", "is_closed", "pay_to_date", "by_quota", "edge", "short", "worth", "rate_now", "rate_next",
]  # fmt: skip
#: Whole numbers that may be missing, and shares.
_TYPES = dict.fromkeys(("actual", "quota", "tier", "short", "worth"), "Int64")
_TYPES |= dict.fromkeys(("edge", "rate_now", "rate_next"), "float64")
#: Whole units of a measure that a rate is read from: small beside a tier, large beside the rounding of pay.
_PROBE = 10_000


def standing(
    plan: Plan, rules: PayRules, history: History, month: int, *, zero_quota: str = "undefined"
) -> pd.DataFrame:
    """Each payee's measure, quota, tier and pay to date in each component, and the way to the next tier.

    Parameters
    ----------
    month
        Position of the last month that counts.

    Returns
    -------
    pd.DataFrame
        One row a payee and component: payee, plan, component, kind, measure (that picks the tier), credit, interval, first
        and last (labels of its months), is_over, actual and quota (in parts of the measure; quota missing where there is none), tier
        (from 1, 0 below the first; missing where tiers are none, or each transaction has its own), n_tiers, is_closed (does a condition close the next tier?), pay_to_date, by_quota (is the edge a
        multiple of the quota?), edge (where the next tier begins), short (what is still to be sold), worth (what exactly that
        adds to pay, all else as it is), rate_now and rate_next (pay for a unit, before the edge and behind it).
        The last five are missing at the top tier, where the next is closed, and when the interval is over.

    Examples
    --------
    3 % up to 1,000.00 and 5 % above; 900.00 sold:

    >>> from salesops_lib.policy.incentives import PayRules, Plan
    >>> tiers = {"from": 0, "rate": 0.03}, {"from": 1000, "rate": 0.05}
    >>> core = {"id": "core", "kind": "tiered", "basis": "amount", "mode": "marginal"}
    >>> core |= {"en": "Core", "zh": "提成", "tiers": tiers}
    >>> span = {"from": "2025-01-01", "to": "2025-12-31"}
    >>> plan = Plan.model_validate({"id": "p", "roles": ("ae",), "effective": span, "components": (core,)})
    >>> sold = np.array([[90_000] + [0] * 11])
    >>> months = [f"2025-{n:02}" for n in range(1, 13)]
    >>> history = History(["ann"], months, {("bookings", "direct"): sold}, parts={"bookings": 100})
    >>> found = standing(plan, PayRules(tier_edge="lower_inclusive"), history, 0).iloc[0]
    >>> int(found.tier), int(found.short), int(found.worth), float(found.rate_now), float(found.rate_next)
    (1, 10000, 300, 0.03, 0.05)
    """
    reading = Reading(plan, rules, history, zero_quota)
    frames = [_Standing(reading, component, month).frame() for component in plan.components]
    return pd.concat(frames, ignore_index=True)[STANDING].astype(_TYPES)


class _Standing:
    """One component of all payees at the end of a month."""

    def __init__(self, reading: Reading, component: Component, month: int) -> None:
        self.reading, self.component, self.month = reading, component, month
        self.history = reading.history
        self.interval = reading.interval(component)
        width = MONTHS[self.interval]
        self.first = month - month % width
        self.last = min(self.first + width, len(self.history.months)) - 1
        self.edges, self.by_quota = _edges(component)
        self.measure = getattr(component, "tier_measure", None) or component.measure
        self.paid = self._paid(reading)

    def frame(self) -> pd.DataFrame:
        history, component = self.history, self.component
        n = len(history.payees)
        about = {
            "plan": self.reading.plan.id, "component": component.id, "kind": component.kind, "measure": self.measure,
            "credit": component.credit, "interval": self.interval, "first": history.months[self.first],
            "last": history.months[self.last], "is_over": self.month == self.last, "n_tiers": len(self.edges),
            "by_quota": self.by_quota, "is_closed": False,
        }  # fmt: skip
        found: dict[str, Any] = {
            "payee": list(history.payees),
            "pay_to_date": self.paid,
            **about,
            **dict.fromkeys(
                ("actual", "quota", "tier", "edge", "short", "worth", "rate_now", "rate_next"), [None] * n
            ),
        }
        measured = {measure for measure, _ in history.actual}
        if component.kind not in ("flat", "scored", "matrix") and self.measure in measured:
            key = self.reading.key(self.measure, component)
            found["actual"] = self._at(history.done(key, self.interval))
            if key in history.quota:
                found["quota"] = self._at(history.asked(key, self.interval, self.reading.plan.quota_of))
            if self.edges:
                found |= self._tiers(key, found["quota"])
        return pd.DataFrame(found)

    def _tiers(self, key: Key, quota: Sequence[int | None]) -> dict[str, list[Any]]:
        ladder = Ladder.of(self.edges, self.edges, upper=self.reading.rules.tier_edge != "upper_inclusive")
        n = len(self.history.payees)
        sold = self._at(self.history.done(key, self.interval))
        part = int(self.history.parts.get(self.measure, 1))
        yard = [int(q or 0) for q in quota] if self.by_quota else [part] * n
        tier = [
            int(ladder.rank(np.array([x], dtype=object), np.array([y], dtype=object))[0]) + 1 if y > 0 else None
            for x, y in zip(sold, yard, strict=True)
        ]  # fmt: skip
        n_open = self._open()
        closed = [place is not None and place >= k for place, k in zip(tier, n_open, strict=True)]
        closed = [shut and k < len(self.edges) for shut, k in zip(closed, n_open, strict=True)]
        tier = [None if place is None else min(place, k) for place, k in zip(tier, n_open, strict=True)]
        goes_on = self.month < self.last
        short = [
            _reach(ladder, place, y) - x
            if goes_on and place is not None and place < len(self.edges) and not shut
            else None
            for x, y, place, shut in zip(sold, yard, tier, closed, strict=True)
        ]
        edge = [
            float(self.edges[place]) if missing is not None and place is not None else None
            for place, missing in zip(tier, short, strict=True)
        ]
        way = np.array([int(one or 0) for one in short], dtype=np.int64)
        probe = np.full(n, _PROBE * part, dtype=np.int64)
        beyond = self._beyond(ladder, yard, tier, sold, short, probe)
        before = np.minimum(probe, way)
        at_edge, begun, behind = (self._with(key, more) for more in (way, before, way + beyond))
        here = [one is not None for one in short]
        return {
            "tier": tier, "is_closed": closed, "edge": edge, "short": short,
            "worth": [int(a - b) if k else None for a, b, k in zip(at_edge, self.paid, here, strict=True)],
            "rate_now": _rates(begun - self.paid, before, here),
            "rate_next": _rates(behind - at_edge, beyond, here),
        }  # fmt: skip

    def _open(self) -> list[int]:
        """How many tiers are open to each payee."""
        n = len(self.edges)
        n_open = self.reading.scale(self.component).n_open if self.component.kind == "tiered" else None
        return [n] * len(self.history.payees) if n_open is None else self._at(n_open)

    def _beyond(
        self,
        ladder: Ladder,
        yard: list[int],
        tier: list[int | None],
        sold: list[int],
        short: list[int | None],
        probe: NDArray[np.int64],
    ) -> NDArray[np.int64]:
        """How far behind the edge a rate is read: not across the edge after it."""
        found = probe.copy()
        for n, (y, place, x, missing) in enumerate(zip(yard, tier, sold, short, strict=True)):
            if missing is not None and place is not None and place + 1 < len(self.edges):
                found[n] = max(min(found[n], _reach(ladder, place + 1, y) - 1 - x - missing), 1)
        return found

    def _with(self, key: Key, more: NDArray[np.int64]) -> NDArray[np.int64]:
        """Pay to date if so much more were credited in the month."""
        actual = np.array(self.history.actual[key], dtype=object)
        actual[:, self.month] += more
        history = replace(self.history, actual={**self.history.actual, key: actual})
        own = self.reading
        return self._paid(Reading(own.plan, own.rules, history, own.zero_quota))

    def _paid(self, reading: Reading) -> NDArray[np.int64]:
        share = reading.share(self.component)
        paid = share.rounded(reading.rules, self.component, self.history.minor)
        return np.broadcast_to(paid, self.history.shape)[:, self.month].astype(np.int64)

    def _at(self, values: Any) -> list[int]:
        return [int(one) for one in np.broadcast_to(values, self.history.shape)[:, self.month]]


def _edges(component: Component) -> tuple[list[Decimal], bool]:
    """Where tiers begin, or points lie, and whether as multiples of quota; nothing where there are none."""
    if component.kind == "tiered" and component.mode != "per_transaction":
        by_quota = component.basis == "attainment" or component.tier_measure is not None
        return [tier.start for tier in component.tiers], by_quota
    if component.kind == "curve":
        return [edge for edge, _ in component.points], True
    if component.kind == "unit_rate" and component.from_attainment:
        return [component.from_attainment], True
    return [], False


def _reach(ladder: Ladder, place: int, yard: int) -> int:
    """The least whole measure that lies in the tier at `place`, from 0."""
    at, scale = yard * ladder.edges[place], ladder.scale
    return -(-at // scale) if ladder.upper else at // scale + 1


def _rates(pay: NDArray[np.int64], sold: NDArray[np.int64], here: list[bool]) -> list[float | None]:
    return [
        float(p) / float(s) if known and s > 0 else None for p, s, known in zip(pay, sold, here, strict=True)
    ]
