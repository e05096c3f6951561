"""Deals and their histories, written by hand or drawn, for the tests of the process."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

STAGES = ("lead", "needs", "quote", "contract")  # the packaged policy's


def deal(number, stage="New", amount=1000, created="2026-01-05", expected="2026-05-10", **values):
    return {
        "opportunity_id": str(number), "stage": stage, "amount": amount, "created_on": created, "expected_close_on": expected,
        **values,
    }  # fmt: skip


def closed(number, outcome, created, on, amount=1000, **values):
    return deal(number, outcome, amount, created, on, outcome=outcome, closed_on=on, **values)


def moves(number, *steps):
    """Changes of stage: `moves(1, ("2026-01-10", "lead", "needs"))`."""
    return [
        {"opportunity_id": str(number), "changed_on": on, "field": "stage", "old_value": old, "new_value": new} for on, old, new in steps
    ]  # fmt: skip


def change(number, on, field, old, new):
    return {
        "opportunity_id": str(number),
        "changed_on": on,
        "field": field,
        "old_value": old,
        "new_value": new,
    }


def goal(month, value, scope="company", unit="company"):
    return {
        "version": "v1",
        "scope_type": scope,
        "scope_id": unit,
        "measure": "bookings",
        "period": month,
        "value": value,
    }


def drawn(n, seed, last=date(2025, 12, 31), days=900):
    """Deals worked through the stages at random, with their history up to `last`; the truth of each beside it."""
    rng = np.random.default_rng(seed)
    deals, changes, truth = [], [], []
    for number in range(n):
        created = last - timedelta(days=int(rng.integers(0, days)))
        reach = int(rng.choice(5, p=[0.3, 0.2, 0.15, 0.1, 0.25]))  # stages passed; 4 is won
        on, entered, end, ended = created, [created], None, None
        for place in range(min(reach + 1, 4)):
            on = on + timedelta(days=int(rng.integers(1, 40)))
            target = "lost" if place == reach else STAGES[place + 1] if place < 3 else "won"
            if on > last:
                break
            changes += moves(number, (on.isoformat(), STAGES[place], target))
            if target in ("won", "lost"):
                end, ended = target, on
            else:
                entered.append(on)
        stage = end or STAGES[len(entered) - 1]
        amount = int(rng.integers(1, 500)) * 1000
        region = str(rng.choice(["East", "West"]))
        deals.append(
            deal(number, stage, amount, created.isoformat(), (created + timedelta(days=90)).isoformat(), outcome=end or "open",
                 closed_on=ended.isoformat() if ended else None, rep_id=f"r{number % 7}", customer_id=region)
        )  # fmt: skip
        truth.append({"id": str(number), "created": created, "entered": entered, "end": end or "open", "ended": ended, "amount": amount,
                      "region": region})  # fmt: skip
    return deals, changes, truth
