"""Statements: hand-computed lines, slices and steps; sums to the minor unit; what a store of one's own holds."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from salesops_lib import incentives
from salesops_lib.incentives import pay_office
from salesops_lib.incentives.own_statement import OwnStatement
from salesops_lib.incentives.releases import PLACES
from salesops_lib.incentives.statements import read, rerated, statements, write
from salesops_lib.metrics import Missing
from salesops_lib.policy.incentives import PayRules, Plan, Spiff
from salesops_lib.policy.payments import Payments
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.tables.facts import Facts
from tests.incentives.test_due_facts import CASH, CORE

MARGINAL = CORE | {"mode": "marginal"}
TEAM = {"id": "team", "en": "Team", "zh": "团队", "kind": "tiered", "basis": "amount", "mode": "marginal", "credit": "roll_up",
        "tiers": ({"from": 0, "rate": 0.01},)}  # fmt: skip
SPAN = {"from": "2025-01-01"}


@pytest.fixture
def company(workspace):
    """Ann and Bob sell, Max leads both: 2,000.00 in January and 4,000.00 in February by Ann, 1,000.00 by Bob."""

    def make(core: dict = CORE, *, period: str = "2025-02", **payments: object):
        orders = [
            ("S1", "2025-01-10", 200_000, "ann"),
            ("S2", "2025-02-10", 400_000, "ann"),
            ("B1", "2025-02-03", 100_000, "bob"),
        ]
        paid_for = {"invoice_id": "I1", "order_id": "S1", "customer_id": "c", "invoiced_on": "2025-01-20", "due_on": "2025-02-20",
                    "net_amount": 200_000, "tax_amount": 26_000}  # fmt: skip
        plans = [("ae", "ae", core), ("lead", "manager", TEAM)]
        policy = {
            "incentives.plans": tuple(
                Plan.model_validate(
                    {"id": name, "roles": (role,), "effective": SPAN, "components": (component,)}
                )
                for name, role, component in plans
            ),
            "incentives.rules": PayRules.model_validate(
                {"tier_edge": "lower_inclusive", "start_day": "included"}
            ),
            "incentives.payments": Payments.model_validate(payments),
        }
        return workspace(
            period=period, as_of="2025-12-31", policy=policy,
            order_lines=[
                {"order_id": o, "line_id": "1", "ordered_on": day, "net_amount": net, "quantity": 3, "customer_id": "c", "rep_id": rep}
                for o, day, net, rep in orders
            ],
            customers=[{"customer_id": "c", "name": "Customer c"}],
            reps=[{"rep_id": r, "name": r.title(), "role": role} for r, role in (("ann", "ae"), ("bob", "ae"), ("max", "manager"))],
            org=[{"rep_id": r, "manager_id": "max", "role": "ae", "valid_from": "2025-01-01"} for r in ("ann", "bob")]
            + [{"rep_id": "max", "role": "manager", "valid_from": "2025-01-01"}],
            invoices=[paid_for],
            receipts=[{"receipt_id": "Z", "invoice_id": "I1", "received_on": "2025-02-28", "amount": 226_000}],
        )  # fmt: skip

    return make


def exact(made) -> None:
    """Slices and changes are what was earned; earned is somewhere; steps are what is paid."""
    own = made.months[made.months.is_own]
    assert made.slices.pay.sum() + rerated(made).pay.sum() == own.earned.sum()
    assert (made.lines.earned == made.lines[PLACES].sum(axis=1)).all()
    assert made.lines.released.sum() == own.released.sum()


def test_a_line_across_an_edge_has_a_slice_in_each_tier(company):
    """A tenth up to 3,000.00 and a fifth above: of February's 4,000.00, 1,000.00 are in the first tier and 3,000.00 in the second."""
    made = statements(company(MARGINAL)).of("ann")
    shown = made.slices[["order_id", "tier", "credited", "pay", "customer"]].to_numpy().tolist()
    assert shown == [["S2", 1, 100_000, 10_000, "Customer c"], ["S2", 2, 300_000, 60_000, "Customer c"]]
    assert rerated(made).empty
    exact(made)


def test_a_retroactive_tier_changes_what_earlier_lines_earned(company):
    """6,000.00 in the second tier: a fifth of February's 4,000.00, and another tenth of January's 2,000.00."""
    made = statements(company()).of("ann")
    assert made.slices[["order_id", "tier", "pay"]].to_numpy().tolist() == [["S2", 2, 80_000]]
    assert rerated(made)[["order_id", "pay"]].to_numpy().tolist() == [["S1", 20_000]]
    exact(made)


def test_steps_lead_from_earned_to_paid(company):
    """Half is due on booking, half as cash comes in; January's order is paid for in February, February's is not."""
    ws = company(release=(CASH,))
    made = statements(ws).of("ann")
    own = OwnStatement(ws, made)
    steps = own.steps().frame.set_index("step").amount
    assert steps.to_dict() == {
        "pay_new_sales": 80_000, "pay_rerated": 20_000, "pay_sum_earned": 100_000, "pay_waiting": -40_000,
        "pay_earlier": 10_000, "pay_sum_released": 70_000, "pay_paid": 70_000,
    }  # fmt: skip
    told = own.steps().findings[0].values
    assert told["paid"] == told["earned"] + told["kept"] + told["earlier"] + told["other"] == 70_000
    places = own.places().frame.set_index("order_line")
    assert places.loc["S1-1", ["earned", "released", "waiting"]].tolist() == [20_000, 30_000, -10_000]
    assert places.loc["S2-1", ["earned", "released", "waiting"]].tolist() == [80_000, 40_000, 40_000]
    assert places.loc["total", ["earned", "released", "waiting"]].tolist() == [100_000, 70_000, 30_000]
    exact(made)


def test_a_spiff_is_a_step_of_its_own(company):
    """10.00 for each order line from February on, beside the plan: Ann sold one."""
    spiff = {
        "id": "push",
        "roles": ("ae",),
        "window": {"from": "2025-02-01", "to": "2025-03-31"},
        "per_unit": 10,
    }
    ws = company()
    pay = ws.policy.incentives.model_copy(update={"spiffs": (Spiff.model_validate(spiff),)})
    ws = replace(ws, policy=ws.policy.model_copy(update={"incentives": pay}))
    own = OwnStatement(ws, statements(ws).of("ann"))
    steps = own.steps().frame.set_index("step").amount
    assert steps[["pay_new_sales", "pay_rerated", "pay_prizes", "pay_paid"]].tolist() == [
        80_000,
        20_000,
        3_000,
        103_000,
    ]
    assert [part.id for part in own.tiers().parts] == [
        "statement_slices",
        "statement_prize",
        "statement_earlier",
    ]


def test_the_year_reconciles_earned_and_paid(company):
    ws = company(release=(CASH,))
    own = OwnStatement(ws, statements(ws).of("ann"))
    steps = own.year().parts[0].frame.set_index("step").amount
    assert steps.to_dict() == {"pay_earned": 120_000, "pay_closing": -40_000, "pay_paid": 80_000}
    assert own.open().findings[0].values["open"] == 40_000
    months = own.year().frame.set_index("month")
    assert months.paid.to_dict() == {"2025-01": 10_000, "2025-02": 70_000, "total": 80_000}


def test_the_tiers_of_a_statement_add_up_to_what_was_earned(company):
    ws = company(MARGINAL)
    frame = OwnStatement(ws, statements(ws).of("ann")).tiers().frame
    rows = frame[["tier", "n_lines", "credited", "rate", "pay"]].to_numpy().tolist()
    assert [row[1:] for row in rows[:2]] == [[1, 100_000, 0.1, 10_000], [1, 300_000, 0.2, 60_000]]
    assert frame.pay.iloc[-1] == frame.pay.iloc[:-1].sum() == 70_000


def test_a_managers_statement_names_no_order_of_others(company):
    """1 % of 7,000.00 to date, 5,000.00 of it in February; which orders these were is not said."""
    ws = company()
    made = statements(ws).of("max")
    assert made.slices[["n_lines", "credited", "pay"]].to_numpy().tolist() == [[2, 500_000, 5_000]]
    for name, frame in made.frames():
        told = frame.to_csv()
        assert not any(other in told for other in ("S1", "S2", "B1", "ann", "bob", "Customer")), name
    own = OwnStatement(ws, made)
    assert own.paid == 5_000
    assert own.steps().findings[0].id == "statement.paid_all"
    assert own.places().frame.order_line.iloc[0].id == "statement.people"
    exact(made)


def test_a_quarters_statement_is_its_months_together(company):
    ws = company(period="2025-Q1")
    own = OwnStatement(ws, statements(ws).of("ann"))
    assert own.paid == 120_000
    assert own.made.slices.pay.sum() == 120_000  # all of the quarter's lines, in the state at its end


def test_a_store_of_ones_own_gives_back_ones_own_statement(company, tmp_path):
    ws = company(release=(CASH,))
    made = statements(ws)
    engine = DuckDBEngine(tmp_path / "own.duckdb")
    write(made, engine, "ann", ws.period.label)
    back = read(replace(ws, facts=Facts(engine)))
    assert back is not None
    for (name, here), (_, there) in zip(made.of("ann").frames(), back.frames(), strict=True):
        pd.testing.assert_frame_equal(here, there, check_dtype=False, obj=name)
    assert OwnStatement(ws, back).steps().frame.equals(OwnStatement(ws, made.of("ann")).steps().frame)
    other = replace(ws, facts=Facts(engine), period=ws.calendar.parse("2025-03"))
    assert read(other) is None
    engine.close()


def test_posted_statements_are_corrected_in_this_one(company, monkeypatch):
    """January was posted at 150.00 and is 200.00 by now: the statement of February pays 50.00 for it."""
    ws = company()
    posted = {"statement": "2025-01", "payee": "ann", "plan": "ae", "component": "core", "month": "2025-01", "order_id": "S1",
              "line_id": "1", "amount": 15_000}  # fmt: skip
    monkeypatch.setattr("salesops_lib.incentives.statements.posted", lambda root: pd.DataFrame([posted]))
    made = statements(ws).of("ann")
    assert made.adjusted[["month", "order_id", "amount"]].to_numpy().tolist() == [["2025-01", "S1", 5_000]]
    own = OwnStatement(ws, made)
    assert own.paid == 100_000 + 5_000
    assert own.corrections()[0].frame.amount.tolist() == [5_000, 5_000]


def test_the_pay_offices_rows_and_totals_agree(company):
    ws = company(release=(CASH,))
    made = statements(ws)
    frame = pay_office.payees(ws, made).frame.set_index("payee_id")
    assert frame.paid.to_dict() == {"ann": 70_000, "bob": 5_000, "max": 2_500 + 1_000, "total": 78_500}
    assert frame.loc["total", "earned"] == frame.earned.iloc[:-1].sum() == 100_000 + 10_000 + 5_000


def test_credit_of_nobody_is_named(company):
    """Whoever left before the sale does not get it: the house account does."""
    ws = company()
    assert pay_office.nobody(ws).frame.empty
    ws.facts.engine.execute("UPDATE sales SET rep_id = NULL WHERE order_id = 'B1'")
    frame = pay_office.nobody(ws).frame
    assert frame[["n_lines", "credited"]].to_numpy().tolist() == [[1, 100_000]]
    assert frame.whose.iloc[0].id == "statement.nobody.house"


@pytest.mark.parametrize("kind", ["region", "team"])
def test_by_region_or_team_there_is_no_statement(company, kind):
    ws = company()
    ws.facts.engine.execute("INSERT INTO store_facts VALUES ('scope_kind', ?), ('scope', 'North')", [kind])
    assert incentives.statement(ws).lead == (Missing("statement_steps", (), "note.statement_scope"),)


def test_without_plans_it_says_so(workspace):
    ws = workspace(period="2025-02", as_of="2025-12-31", order_lines=[], reps=[])
    assert incentives.statement(ws).lead == (Missing("statement_payees", (), "note.no_plans"),)
