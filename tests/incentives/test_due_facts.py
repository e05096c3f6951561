"""Payments of a workspace of hand-written rows."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives.facts import cases
from salesops_lib.incentives.payments import paid
from salesops_lib.policy.incentives import PayRules, Plan
from salesops_lib.policy.payments import Crediting, Payments
from tests.incentives.test_payments import conserved

TIERS = ({"from": 0, "rate": 0.1}, {"from": 3_000, "rate": 0.2})
CORE = {
    "id": "core",
    "en": "Core",
    "zh": "提成",
    "kind": "tiered",
    "basis": "amount",
    "mode": "retroactive",
    "tiers": TIERS,
}
CASH = {"schedule": ({"event": "booking", "share": 0.5}, {"event": "cash_in", "share": 0.5})}


@pytest.fixture
def company(workspace):
    """Ann sells two orders; the first is paid for in April, a half of the second goes back in March."""

    def make(
        payments: dict,
        *,
        components: tuple[dict, ...] = (CORE,),
        period: str = "2025-06",
        policy: dict | None = None,
        **tables,
    ):
        plan = {"id": "ae", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": components}
        orders = [("S1", "2025-01-10", 200_000), ("S2", "2025-02-10", 400_000)]
        data = {
            "order_lines": [
                {"order_id": o, "line_id": "1", "ordered_on": day, "net_amount": net, "customer_id": "c", "rep_id": "ann"}
                for o, day, net in orders
            ],
            "reps": [{"rep_id": "ann", "role": "ae", "hired_on": "2025-01-01", "target_variable": 1_200_000}],
            "returns": [{"return_id": "R", "order_id": "S2", "line_id": "1", "returned_on": "2025-03-05", "net_amount": 200_000}],
            "invoices": [
                {"invoice_id": "I1", "order_id": "S1", "customer_id": "c", "invoiced_on": "2025-01-20", "due_on": "2025-02-20",
                 "net_amount": 200_000, "tax_amount": 26_000},
            ],
            "receipts": [
                {"receipt_id": "Z1", "invoice_id": "I1", "received_on": "2025-03-31", "amount": 113_000},
                {"receipt_id": "Z2", "invoice_id": "I1", "received_on": "2025-04-10", "amount": 113_000},
            ],
        }  # fmt: skip
        rules = {"tier_edge": "lower_inclusive", "start_day": "included"}
        policy = (policy or {}) | {
            "incentives.plans": (Plan.model_validate(plan),),
            "incentives.rules": PayRules.model_validate(rules),
            "incentives.payments": Payments.model_validate(payments),
        }
        return workspace(period=period, as_of="2025-12-31", policy=policy, **{**data, **tables})

    return make


def test_half_on_booking_half_as_cash_comes_in(company):
    """A tenth of 2,000; in February a fifth of 6,000, so 200 more for January's order."""
    found = paid(company({"release": (CASH,)}))
    conserved(found)
    months = found.months
    assert months.month.tolist()[:4] == ["2025-01", "2025-02", "2025-03", "2025-04"]
    assert months.earned.tolist()[:4] == [20_000, 100_000, 0, 0]
    assert months.paid.tolist()[:4] == [10_000, 50_000, 10_000, 10_000]
    assert months.waiting.tolist()[:4] == [10_000, 50_000, -10_000, -10_000]
    first = found.lines[found.lines.order_id == "S1"]
    assert first.earned.tolist() == [20_000, 20_000, 0, 0]
    assert first.released.tolist() == [10_000, 10_000, 10_000, 10_000]


def test_return_that_reduces_attainment_takes_back_what_its_line_was_paid(company):
    claw = {"event": "returned", "within_days": 180}
    found = paid(company({"clawbacks": (claw,)}))
    conserved(found)
    assert found.months.earned.tolist()[:3] == [20_000, 100_000, -40_000]
    assert found.months.asked_back.tolist()[:3] == [0, 0, 40_000]
    assert found.months.carried_back.tolist()[2] == 40_000  # March pays nothing that it could be taken from
    assert found.clawbacks[["month", "order_id", "event", "asked", "beyond"]].to_numpy().tolist() == [
        ["2025-03", "S2", "returned", 40_000, 0]
    ]


def test_return_that_keeps_attainment_takes_its_share_of_the_line(company):
    claw = {"event": "returned", "within_days": 180, "share": 0.5, "attainment": "keep"}
    found = paid(company({"clawbacks": (claw,)}))
    assert found.months.earned.tolist()[:3] == [20_000, 100_000, 0]
    assert found.months.clawed_back.tolist()[2] == 20_000  # a half of the half of 800.00


def test_overdue_customer_holds_pay(company):
    lasts = {
        "when": "customer_overdue",
        "overdue_days": 8,
    }  # from 1 March to 9 April, and March has nothing new
    assert not paid(company({"holds": (lasts,)})).months.held.any()
    early = paid(company({"holds": ({**lasts, "overdue_days": 7},)})).months  # from 28 February
    assert early.held.tolist() == [0, 100_000, 0, -100_000, 0, 0]


def test_a_dispute_holds_pay_until_it_is_settled(company):
    event = {"order_id": "S2", "event": "disputed", "happened_on": "2025-02-20", "ended_on": "2025-04-30"}
    found = paid(company({"holds": ({"when": "deal_disputed"},)}, order_events=[event]))
    assert found.months.held.tolist() == [0, 80_000, 0, -80_000, 0, 0]
    assert set(found.lines[found.lines.held != 0].reason) == {"deal_disputed"}


def test_a_windfall_waits_until_it_is_granted(company):
    hold = {"holds": ({"when": "windfall", "max_days": 90},)}
    large = {"incentives.crediting": Crediting(windfall=Decimal(3_000))}
    assert paid(company(hold, policy=large)).months.held.tolist() == [0, 80_000, 0, 0, -80_000, 0]
    granted = [{"order_id": "S2", "event": "granted", "happened_on": "2025-03-31"}]
    assert paid(company(hold, policy=large, order_events=granted)).months.held.tolist() == [
        0,
        80_000,
        -80_000,
        0,
        0,
        0,
    ]


def test_a_contract_that_ends_early_costs_the_share_of_its_term_that_was_left(company):
    claw = {"event": "churned", "within_days": 180, "amount": "remaining_term", "attainment": "keep"}
    event = {"order_id": "S2", "event": "churned", "happened_on": "2025-05-10", "share": 0.75}
    found = paid(company({"clawbacks": (claw,)}, order_events=[event]))
    conserved(found)
    assert found.months.clawed_back.tolist() == [0, 0, 0, 0, 60_000, 0]


def test_draws_for_the_first_months_and_further_earnings(company):
    draw = {
        "id": "d",
        "roles": ("ae",),
        "kind": "recoverable",
        "months": (1, 2),
        "share_of_target": 0.5,
        "recovery_from": 3,
    }
    spiff = pd.DataFrame({"payee": ["ann"], "month": ["2025-03"], "component": ["spiff"], "amount": [25_000]})
    found = paid(company({"draws": (draw,)}), further=spiff)
    conserved(found)
    assert found.months.draw.tolist()[:3] == [30_000, 0, 0]
    assert found.months.recovered.tolist()[:3] == [0, 0, 25_000]
    assert set(found.lines.component) == {"core", "spiff"}


def test_months_before_the_first_sale_and_people_who_come_later(company):
    """A fixed amount is paid from the plan's first month on; who begins in August has no statement before."""
    flat = {"id": "flat", "en": "F", "zh": "固", "kind": "flat", "amount": 1200}
    reps = [
        {"rep_id": "ann", "role": "ae", "hired_on": "2024-01-01"},
        {"rep_id": "bob", "role": "ae", "hired_on": "2025-08-01"},
    ]
    sold = [{"order_id": "S1", "line_id": "1", "ordered_on": "2025-03-10", "net_amount": 10, "rep_id": "ann"}]
    ws = company({}, components=(flat,), period="2025-04", reps=reps, order_lines=sold)
    months = paid(ws).months
    assert months[["payee", "month", "paid"]].to_numpy().tolist() == [
        ["ann", f"2025-{n:02}", 10_000] for n in range(1, 5)
    ]


def test_movements_add_up_to_pay_to_date(company):
    flat = {"id": "flat", "en": "F", "zh": "固", "kind": "flat", "amount": 1200}
    monthly = {**CORE, "id": "monthly", "mode": "marginal", "interval": "quarter", "basis": "amount"}
    ws = company({}, components=(CORE, flat, monthly))
    found = paid(ws)
    (case,) = cases(ws, ws.calendar.period_of(ws.period.end, "year"))
    for component in case.plan.components:
        rows = found.lines[found.lines.component == component.id].groupby("month").earned.sum()
        expected = case.earned.monthly(case.history, component.id)[0]
        assert [int(rows.get(f"2025-{n:02}", 0)) for n in range(1, 7)] == expected[:6].tolist(), component.id


@pytest.mark.parametrize(
    ("payments", "tables", "says"),
    [
        ({"release": (CASH,)}, {"receipts": []}, "waits for cash_in, and receipts hold nothing"),
        (
            {"holds": ({"when": "deal_disputed"},)},
            {},
            "holds: deal_disputed needs the days of disputes, and the table order_events holds nothing",
        ),
        (
            {"clawbacks": ({"event": "churned", "within_days": 9},)},
            {},
            "churned needs the days on which contracts ended, and the table order_events",
        ),
        (
            {"caps": ({"scope": "person_year", "times_target": 4},)},
            {"reps": [{"rep_id": "ann", "role": "ae"}]},
            "by target incentive, and ann have none",
        ),
        (
            {"guarantees": ({"event": "hire", "of": "average_last_6", "months": 1},)},
            {"reps": [{"rep_id": "ann", "role": "ae"}]},
            "by months since hire, and ann have no day of hire",
        ),
    ],
)
def test_what_the_tables_do_not_say_is_refused(company, payments, tables, says):
    with pytest.raises(DataError, match=says):
        paid(company(payments, **tables))


def test_a_store_of_an_older_version_has_no_events(company, monkeypatch):
    """Stores that were loaded before the table was known pay what they paid."""
    ws = company({"holds": ({"when": "windfall"},)})
    without = paid(ws).months
    asked = []
    query = type(ws.facts).query
    monkeypatch.setattr(
        type(ws.facts), "query", lambda self, sql, values=(): asked.append(sql) or query(self, sql, values)
    )
    assert paid(ws).months.equals(without)
    assert not [sql for sql in asked if "order_events" in sql]
