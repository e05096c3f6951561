"""Price, volume and mix of a whole store, with two currencies, against the worked example."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib import pricing
from salesops_lib.metrics import Missing

FEW = settings(max_examples=settings.default.max_examples // 4)  # each example builds a store
RATES = [
    {"currency": "USD", "period": "2025-03", "rate_type": "avg", "rate": 7.0},
    {"currency": "USD", "period": "2026-03", "rate_type": "avg", "rate": 7.2},
]


def sold(line, day, product, quantity, price, **values):
    return line(
        day,
        quantity * price,
        product_id=product,
        quantity=quantity,
        currency="USD",
        category="Drives",
        **values,
    )


@pytest.fixture(scope="module")
def example(shared_workspace, line):
    """A 100@10 → 120@11, B 50@40 → 45@38, L 20@5 lost, N 10@30 new, in dollars at 7.00 and 7.20."""
    then, now = "2025-03-10", "2026-03-10"
    return shared_workspace(
        period="2026-03", as_of="2026-03-31", fx=RATES,
        order_lines=[
            sold(line, then, "A", 100, 10), sold(line, then, "B", 50, 40), sold(line, then, "L", 20, 5),
            sold(line, now, "A", 70, 11), sold(line, now, "A", 50, 11), sold(line, now, "B", 45, 38), sold(line, now, "N", 10, 30),
            sold(line, now, "A", 9, 11, status="cancelled"), line(now, -500, product_id="A", quantity=-5, currency="USD"),
        ],
    )  # fmt: skip


def steps(exhibit) -> dict[str, int]:
    return dict(zip(exhibit.frame.step, exhibit.frame.amount, strict=True))


def test_the_bridge_of_the_coverage_plan(example):
    exhibit = pricing.price_volume_mix(example)
    assert steps(exhibit) == {
        "previous_year": 21_700, "fx": 666, "new_products": 2_100, "lost_products": -700,
        "volume": 2_100, "mix": -2_100, "price": 210, "actual": 23_976,
    }  # fmt: skip
    assert exhibit.frame.role.tolist() == ["start", *["effect"] * 6, "end"]


def test_the_two_largest_steps_are_told_and_the_rest(example, found):
    told = found(pricing.price_volume_mix(example))["bridge.drivers"]
    assert (told.values["delta"], told.values["growth"]) == (2_276, pytest.approx(2_276 / 21_700))
    assert {told.values["step1"], told.values["step2"]} <= {"new_products", "volume", "mix"}
    assert told.values["amount1"] + told.values["amount2"] + told.values["rest"] == 2_276


def test_a_second_currency_at_home_adds_its_own_steps(workspace, line):
    lines = [
        line("2025-03-10", 1000, product_id="H", quantity=10, currency="CNY", category="Home"),
        line("2026-03-10", 1320, product_id="H", quantity=12, currency="CNY", category="Home"),
        sold(line, "2025-03-10", "A", 100, 10), sold(line, "2026-03-10", "A", 100, 10),
    ]  # fmt: skip
    made = steps(
        pricing.price_volume_mix(workspace(period="2026-03", as_of="2026-03-31", fx=RATES, order_lines=lines))
    )
    # at home volume 0.2·1000 and price (110 − 100)·12; abroad only the rate: 1000·0.2
    assert made == {"previous_year": 8_000, "fx": 200, "volume": 200, "price": 120, "actual": 8_520}


def test_units_are_compared_within_a_category_only(workspace, line):
    """Half the tonnes and twice the pieces: two volumes, and no mix across units of measure."""

    def row(day, product, quantity, price):
        return line(day, quantity * price, product_id=product, category=product, quantity=quantity)

    lines = [
        row("2025-03-10", "tonnes", 10, 100),
        row("2025-03-10", "pieces", 1000, 1),
        row("2026-03-10", "tonnes", 5, 100),
        row("2026-03-10", "pieces", 2000, 1),
    ]
    made = steps(pricing.price_volume_mix(workspace(period="2026-03", as_of="2026-03-31", order_lines=lines)))
    assert made == {"previous_year": 2000, "volume": 500, "actual": 2500}


def test_a_fall_in_price_is_money_at_stake(workspace, line, found):
    lines = [
        line("2025-03-10", 1000, product_id="A", quantity=10),
        line("2026-03-10", 900, product_id="A", quantity=10),
    ]
    exhibit = pricing.price_volume_mix(workspace(period="2026-03", as_of="2026-03-31", order_lines=lines))
    assert found(exhibit)["bridge.price_fell"].values["at_stake"] == 100
    assert found(exhibit)["bridge.change"].tone == "bad"


def test_what_the_bridge_needs(workspace, line):
    assert pricing.price_volume_mix(workspace(order_lines=[line("2026-03-10", 5)])).needs == (
        "sales.quantity",
        "sales.product_id",
    )
    alone = pricing.price_volume_mix(
        workspace(order_lines=[line("2026-03-10", 5, product_id="A", quantity=1)])
    )
    assert isinstance(alone, Missing)
    assert alone.why == "note.no_year_before"


ITEM = st.tuples(
    st.sampled_from("ABCD"),
    st.sampled_from(["X", "Y", None]),
    st.sampled_from(["USD", "CNY", None]),
    st.integers(0, 500),
    st.integers(0, 10**9),
    st.booleans(),
)


@FEW
@given(st.lists(ITEM, min_size=1, max_size=8))
def test_the_bridge_closes_to_the_minor_unit(workspace, line, items):
    lines = [
        line("2026-03-10" if is_now else "2025-03-10", net, product_id=product, category=category, currency=currency, quantity=quantity)
        for product, category, currency, quantity, net, is_now in items
    ]  # fmt: skip
    ws = workspace(period="2026-03", as_of="2026-03-31", fx=RATES, order_lines=lines)
    exhibit = pricing.price_volume_mix(ws)
    if isinstance(exhibit, Missing):
        return
    amounts = exhibit.frame.amount
    assert amounts.iloc[0] + amounts.iloc[1:-1].sum() == amounts.iloc[-1]
    booked = ws.facts.query(
        "SELECT SUM(net_amount) FILTER (WHERE dated_on < DATE '2026-01-01') AS b0, SUM(net_amount) FILTER (WHERE dated_on > DATE '2026-01-01') AS b1 FROM sales"
    ).fillna(0)
    assert amounts.iloc[0] == pytest.approx(float(booked.b0[0]), abs=0.6)
    assert amounts.iloc[-1] == pytest.approx(float(booked.b1[0]), abs=0.6)
