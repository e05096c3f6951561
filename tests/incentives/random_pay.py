"""Plans and histories drawn at random, over all kinds, modes, edges and links; spiffs, contests and awards."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pandas as pd

from salesops_lib.incentives.history import History, Lines
from salesops_lib.incentives.standings import Standings
from salesops_lib.policy.incentives import Award, Contest, PayRules, Plan, Spiff

MODES = ("marginal", "retroactive", "overage_retroactive", "interpolated", "per_transaction")
N_MONTHS = 12


def _decimal(draw: random.Random, most: float, places: int) -> float:
    return float(Decimal(draw.randrange(int(most * 10**places) + 1)).scaleb(-places))


def _rising(draw: random.Random, n: int, most: float, places: int, first: float | None = None) -> list[float]:
    steps = draw.sample(range(1, int(most * 10**places)), n)
    found = [float(Decimal(step).scaleb(-places)) for step in sorted(steps)]
    return [first, *found[1:]] if first is not None else found


def component(draw: random.Random, number: int) -> dict:
    kind = draw.choice(("tiered", "tiered", "tiered", "curve", "matrix", "unit_rate", "flat", "scored"))
    common = {
        "id": f"c{number}", "en": "C", "zh": "项", "kind": kind,
        "measure": draw.choice(("bookings", "margin")), "weight": _decimal(draw, 1, draw.choice((1, 2, 4))),
        "credit": draw.choice(("direct", "direct", "roll_up")),
    }  # fmt: skip
    if draw.random() < 0.3:
        common["interval"] = draw.choice(("month", "quarter", "half", "year"))
    if draw.random() < 0.2:
        common["at_most"] = _decimal(draw, draw.choice((0, 100, 100_000)), 2)
    n, places = draw.randint(1, 5), draw.choice((1, 2, 4))
    points = tuple((edge, _decimal(draw, 3, draw.choice((0, 1, 3)))) for edge in _rising(draw, n, 2, places))
    if kind == "tiered":
        return common | _tiers(draw, n, places)
    if kind == "curve":
        return common | {"between": draw.choice(("line", "step")), "points": points}
    if kind == "matrix":
        rows, columns = _rising(draw, draw.randint(2, 4), 2, 1), _rising(draw, draw.randint(2, 4), 2, 2)
        return common | {
            "between": draw.choice(("line", "step")),
            "rows": {"measure": "bookings", "points": tuple(rows)},
            "columns": {"measure": "margin", "points": tuple(columns)},
            "payout": tuple(tuple(_decimal(draw, 2, 1) for _ in columns) for _ in rows),
        }
    if kind == "unit_rate":
        floor = _decimal(draw, 1, 1) if draw.random() < 0.5 else 0
        return common | {
            "measure": "meetings",
            "credit": "direct",
            "per_unit": _decimal(draw, 500, 2),
            "from_attainment": floor,
        }
    if kind == "flat":
        return common | {"amount": _decimal(draw, 5000, 2)}
    return common | {"scorecard": "card", "most": _decimal(draw, 2, 2)}


def _tiers(draw: random.Random, n: int, places: int) -> dict:
    basis = draw.choice(("attainment", "amount"))
    mode = draw.choice(MODES)
    if mode == "per_transaction":
        basis = "amount"
    pays = "rate" if basis == "amount" else draw.choice(("rate", "times"))
    most, digits = (2, places) if basis == "attainment" else (2_000_000, draw.choice((0, 2)))
    edges = _rising(draw, n, most, digits, first=0)
    values = [_decimal(draw, 0.2 if pays == "rate" else 3, draw.choice((1, 2, 5))) for _ in edges]
    found = {
        "basis": basis, "mode": mode,
        "tiers": tuple({"from": edge, pays: value} for edge, value in zip(edges, values, strict=True)),
    }  # fmt: skip
    if mode == "overage_retroactive":
        found["overage_from"] = draw.choice(edges)
    if mode in ("retroactive", "overage_retroactive") and basis == "attainment" and draw.random() < 0.3:
        found["tier_measure"] = "margin"
    return found


def _condition(draw: random.Random) -> dict:
    measure, of = draw.choice(
        (
            ("margin", "attainment"),
            ("bookings", "attainment"),
            ("margin_rate", "value"),
            ("meetings", "value"),
        )
    )
    most = {"meetings": 40, "margin_rate": 1}.get(measure, 2)
    bounds = draw.choice((("at_least",), ("at_most",), ("at_least", "at_most")))
    return {"measure": measure, "of": of, **{bound: _decimal(draw, most, 2) for bound in bounds}}


def links(draw: random.Random, components: list[dict]) -> tuple[dict, ...]:
    found = []
    ids = [one["id"] for one in components]
    if draw.random() < 0.3:
        found.append(
            {
                "kind": "gate",
                "applies_to": tuple(draw.sample(ids, 1)) if draw.random() < 0.7 else (),
                "require": _condition(draw),
            }
        )
    if draw.random() < 0.4:
        measure, of = draw.choice((("margin_rate", "value"), ("margin", "attainment")))
        starts = _rising(draw, draw.randint(1, 4), 1, 2)
        found.append({
            "kind": "modifier", "applies_to": tuple(draw.sample(ids, draw.randint(1, len(ids)))), "measure": measure, "of": of,
            "below": _decimal(draw, 1, 2), "steps": tuple({"from": s, "times": _decimal(draw, 2, 2)} for s in starts),
        })  # fmt: skip
    tiered = [one for one in components if one["kind"] == "tiered" and len(one["tiers"]) > 1]
    for _ in range(draw.choice((0, 1, 1, 2)) if tiered else 0):
        one = draw.choice(tiered)
        start = draw.choice(one["tiers"])["from"]
        found.append(
            {"kind": "hurdle", "applies_to": (one["id"],), "from": start, "require": _condition(draw)}
        )
    return tuple(found)


def plan(draw: random.Random) -> Plan:
    components = [component(draw, number) for number in range(draw.randint(1, 3))]
    return plan_of(
        *components,
        interval=draw.choice(("month", "quarter", "half", "year")),
        quota_of=draw.choice(("interval", "date")),
        links=links(draw, components),
    )


def plan_of(*components: dict, **more: object) -> Plan:
    about = {"id": "drawn", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": components}
    return Plan.model_validate(about | more)


def rules(draw: random.Random) -> PayRules:
    edge = draw.choice(("lower_inclusive", "upper_inclusive"))
    return PayRules(rounding=draw.choice(("half_even", "half_up")), tier_edge=edge, start_day="included")


def zero_quota(draw: random.Random) -> str:
    return draw.choice(("undefined", "undefined", "zero", "full"))


def history(draw: random.Random, plan: Plan, n: int = 2, zero_quota: str = "undefined") -> History:
    """Round figures as people agree on them, so that edges and ties are hit, and awkward ones."""
    rng = np.random.default_rng(draw.randrange(2**63))
    shape = (n, N_MONTHS)
    quota = rng.integers(1, 50, shape) * draw.choice((1_000_00, 25_000_00, 1))
    if draw.random() < 0.3:
        quota = rng.integers(1, 2 ** draw.choice((20, 40)), shape)
    if draw.random() < 0.1:  # what no company sells, and 64 bits do not hold once it is multiplied
        quota = rng.integers(2**44, 2**49, shape)
    actual = quota * rng.integers(0, 9, shape) // 4
    if draw.random() < 0.5:
        actual = actual + rng.integers(-(2 ** draw.choice((4, 30))), 2 ** draw.choice((4, 30)), shape)
    if draw.random() < 0.05:
        actual = -actual
    margin, asked = actual * rng.integers(0, 100, shape) // 100, np.maximum(quota * 2 // 5, 1)
    meetings, wanted = rng.integers(0, 30, shape), rng.integers(1, 25, shape)
    if zero_quota != "undefined":
        lacks = rng.random(shape) < draw.choice((0.2, 0.7, 1))
        quota, asked, wanted = (np.where(lacks, 0, values) for values in (quota, asked, wanted))
    days = np.array([[31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]]).repeat(n, axis=0)
    lines = _lines(rng, shape, margin=False), _lines(rng, shape, margin=True)
    rolled = actual * 3
    return History(
        payees=[f"p{i}" for i in range(n)], months=[f"2025-{m + 1:02}" for m in range(N_MONTHS)],
        actual={("bookings", "direct"): actual, ("bookings", "roll_up"): rolled, ("margin", "direct"): margin, ("meetings", "direct"): meetings},
        quota={("bookings", "direct"): quota, ("bookings", "roll_up"): quota * 3, ("margin", "direct"): asked, ("meetings", "direct"): wanted},
        target=rng.integers(0, 2 ** draw.choice((16, 26, 34)), n),
        served=np.minimum(rng.integers(0, 45, shape) * rng.integers(0, 4, shape), days) if draw.random() < 0.4 else None,
        days=days, parts={"bookings": 100, "margin": 100, "meetings": 1},
        ratios={"margin_rate": (margin, actual)},
        scores={"card": rng.integers(0, 15_000, shape)},
        lines={(measure, credit): one for measure, one in zip(("bookings", "margin"), lines, strict=True) for credit in ("direct", "roll_up")},
    )  # fmt: skip


def _lines(rng: np.random.Generator, shape: tuple[int, int], *, margin: bool) -> Lines:
    n = int(rng.integers(0, 40))
    return Lines(
        rng.integers(0, shape[0], n), rng.integers(0, shape[1], n), rng.integers(-10_000, 250_000_000, n)
    )


# ---- beside the plans ----

DAYS = [date(2025, 4, 1) + timedelta(days=n) for n in range(12)]


def spiff(draw: random.Random) -> Spiff:
    first, last = sorted(draw.choices(DAYS, k=2))
    return Spiff.model_validate({
        "id": "spiff", "roles": ("ae",), "window": {"from": first, "to": draw.choice((last, last, None))},
        "per_unit": _decimal(draw, 50, draw.choice((0, 2, 3))), "min_deal": draw.choice((0, 5_000)),
        "budget": draw.choice((None, 0, 100, 1_000, _decimal(draw, 500, 2))), "tie": draw.choice(("order_number", "shared")),
    })  # fmt: skip


def spiff_lines(draw: random.Random) -> list[dict]:
    """Sales of some orders, whole units and parts of them, and returns of these and of others."""
    sold = [
        {"payee": draw.choice("abc"), "credited_on": draw.choice(DAYS), "order_id": f"S{number % 7}", "line_id": f"{number}",
         "kind": "order", "amount": draw.choice((1_000, 2_000, 10_000, draw.randint(1, 50_000)))}
        for number in range(draw.randint(0, 14))
    ]  # fmt: skip
    back = [
        {**one, "credited_on": draw.choice(DAYS), "kind": "return", "amount": -draw.randint(1, one["amount"])}
        for one in draw.sample(sold, len(sold) // 3)
    ]
    large = {f"S{number}": draw.choice((499_999, 500_000, 900_000)) for number in range(7)}
    lines = [{**one, "order_amount": large[one["order_id"]]} for one in sold + back]
    draw.shuffle(lines)
    return lines


def contest(draw: random.Random) -> Contest:
    ranks = draw.sample(range(1, 6), draw.randint(1, 4))
    return Contest.model_validate({
        "id": "race", "roles": ("ae",), "measure": "bookings", "rank_by": draw.choice(("attainment", "value")),
        "window": {"from": DAYS[0], "to": DAYS[-1]}, "tie": draw.choice(("share", "each", "first")),
        "prizes": tuple({"rank": rank, "cash": _decimal(draw, 100, draw.choice((0, 2)))} for rank in ranks),
    })  # fmt: skip


def award(draw: random.Random) -> Award:
    return Award.model_validate({
        "id": "trip", "roles": ("ae", "am"), "measure": "bookings", "attainment_min": draw.choice((0, 0.5, 1)),
        "top_share": draw.choice((0.1, 0.25, 0.5, 1.0)), "tenure_months_min": draw.choice((0, 9)), "value": 100,
        "heads": draw.choice((None, 1, 2, 4)), "tie": draw.choice(("all_win", "none_wins")),
    })  # fmt: skip


def standings(draw: random.Random, zero_quota: str) -> Standings:
    """Few round figures, so that people tie."""
    payees = [f"p{number:02}" for number in range(draw.randint(0, 12))]
    people = pd.DataFrame({
        "payee": payees, "role": [draw.choice(("ae", "am")) for _ in payees], "asked": [draw.choice((0, 100, 100, 200)) for _ in payees],
        "tenure": pd.array([draw.choice((None, 3, 9, 40)) for _ in payees], dtype="Int64"),
        "stays": [draw.random() < 0.9 for _ in payees],
    })  # fmt: skip
    rows = [(p, day, draw.choice((-50, 50, 50, 100))) for p in payees for day in DAYS if draw.random() < 0.2]
    draw.shuffle(rows)
    daily = pd.DataFrame(rows, columns=["payee", "day", "done"]).astype({"done": "int64"})
    return Standings(people, daily, 100, zero_quota)
