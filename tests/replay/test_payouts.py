"""What is paid out under two policies: nothing changes by the same, and caps, draws and releases by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.policy.incentives import PayRules, Plan
from salesops_lib.policy.payments import Payments
from salesops_lib.replay.histories import histories, span
from salesops_lib.replay.paying import replay
from salesops_lib.replay.payouts import STEPS, as_if, paid_out, pay_alike

CASH = {"schedule": ({"event": "booking", "share": 0.6}, {"event": "cash_in", "share": 0.4})}
CAP = {"scope": "person_year", "amount": 500, "excess": "forfeited"}
DRAW = {"id": "d", "roles": ("ae",), "kind": "non_recoverable", "months": (1, 3), "share_of_target": 0.5}


def incentives(ws, payments: dict, *, rate: float = 0.1, effective: str = "2025-01-01"):
    """The workspace's policy with a plan that pays a rate of bookings."""
    core = {"id": "core", "en": "Core", "zh": "提成", "kind": "tiered", "basis": "amount", "mode": "marginal",
            "tiers": ({"from": 0, "rate": rate},)}  # fmt: skip
    plan = Plan.model_validate(
        {"id": "ae", "roles": ("ae",), "effective": {"from": effective}, "components": (core,)}
    )
    rules = PayRules(tier_edge="lower_inclusive", start_day="included")
    found = ws.policy.incentives.model_copy(
        update={"plans": (plan,), "rules": rules, "payments": Payments.model_validate(payments)}
    )
    return ws.policy.model_copy(update={"incentives": found})


@pytest.fixture
def ws(workspace):
    """Ann sells 2,000 in January and 6,000 in February; January's order is paid for in April."""
    return workspace(
        period="2025-06", as_of="2025-12-31",
        order_lines=[
            {"order_id": o, "line_id": "1", "ordered_on": day, "net_amount": net, "customer_id": "c", "rep_id": "ann"}
            for o, day, net in (("S1", "2025-01-10", 200_000), ("S2", "2025-02-10", 600_000))
        ],
        reps=[{"rep_id": "ann", "role": "ae", "hired_on": "2025-01-01", "target_variable": 1_200_000}],
        targets=[{"measure": "bookings", "scope_type": "rep", "scope_id": "ann", "period": "2025-01", "value": 2_000}],
        invoices=[{"invoice_id": "I1", "order_id": "S1", "customer_id": "c", "invoiced_on": "2025-01-20", "due_on": "2025-02-20",
                   "net_amount": 200_000, "tax_amount": 0}],
        receipts=[{"receipt_id": "Z1", "invoice_id": "I1", "received_on": "2025-04-10", "amount": 200_000}],
    )  # fmt: skip


def played(ws, old, new, since: str = ""):
    window = span(ws, old, since)
    plans = (*old.incentives.plans, *new.incentives.plans)
    past, other = (histories(ws, policy, window, plans) for policy in (old, new))
    run = replay(past, old, new, under_new=other)
    return run, paid_out(ws, run, window)


def test_the_same_policy_pays_out_the_same_to_the_minor_unit(ws):
    policy = incentives(ws, {"release": (CASH,), "caps": (CAP,), "draws": (DRAW,)})
    run, paid = played(ws, policy, policy)
    assert pay_alike(policy, policy)
    pd.testing.assert_frame_equal(paid.before, paid.after)
    assert not paid.steps.difference.any()
    assert paid.steps.before["earned"] == run.totals["before"] == 80_000


@pytest.mark.parametrize(
    ("payments", "step", "amount", "paid"),
    [
        ({"release": (CASH,)}, "waiting", 24_000, -24_000),  # 40 % of 600 is not paid for
        ({"caps": (CAP,)}, "forfeited", 30_000, -30_000),
        ({"draws": (DRAW,)}, "draw", 80_000, 80_000),  # 500 a month: 300 lacks in January, 500 in March
    ],
)
def test_a_change_of_payments_changes_what_is_paid_but_not_what_is_earned(ws, payments, step, amount, paid):
    run, found = played(ws, incentives(ws, {}), incentives(ws, payments))
    assert run.totals["difference"] == found.steps.difference["earned"] == 0
    assert not pay_alike(run.old, run.new)
    assert found.steps.difference["paid"] == paid == found.people["ann"]
    assert found.steps.difference[step] == amount


def test_a_change_of_plan_is_paid_out_too(ws):
    run, found = played(
        ws, incentives(ws, {"release": (CASH,)}), incentives(ws, {"release": (CASH,)}, rate=0.2)
    )
    assert found.steps.difference["earned"] == run.totals["difference"] == 80_000
    assert found.steps.difference["paid"] == 20_000 + 36_000


def test_only_the_replayed_months_are_summed(ws):
    _, found = played(
        ws, incentives(ws, {"release": (CASH,)}), incentives(ws, {"release": (CASH,)}), "2025-04"
    )
    assert found.steps.before[["earned", "paid"]].tolist() == [0, 8_000]


def test_next_years_plan_is_in_force_in_the_years_that_are_replayed(ws):
    later = incentives(ws, {}, effective="2026-01-01")
    run, found = played(ws, incentives(ws, {}), later)
    assert {
        plan.effective.start.year for plan in as_if(later, [one.past for one in run.played]).incentives.plans
    } == {2025}
    assert found.steps.difference["paid"] == 0
    assert list(found.before.columns) == list(STEPS)


def test_without_plans_nothing_is_paid(ws):
    none = ws.policy.model_copy(update={"incentives": ws.policy.incentives.model_copy(update={"plans": ()})})
    _, found = played(ws, incentives(ws, {}), none)
    assert found.steps.after["paid"] == 0
    assert found.people["ann"] == -80_000
