"""Grouping of the big tables, against sums made by hand and by independent loops."""

from __future__ import annotations

import math
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import DataError
from salesops_lib.metrics import REGISTRY, measure, totals
from salesops_lib.periods import Window

APRIL = Window(date(2026, 4, 1), date(2026, 4, 30), 22, True, "2026-04")
MARCH = Window(date(2026, 3, 1), date(2026, 3, 31), 22, True, "2026-03")
QUARTER = Window(date(2026, 2, 1), date(2026, 4, 30), 63, True)
WINDOWS = {"april": APRIL, "march": MARCH}


@pytest.fixture(scope="module")
def shop(shared_store, line):
    """Nine lines of two months: two customers, a cancelled line, a return, lines without region, cost or list."""
    return shared_store(
        order_lines=[
            line("2026-03-02", 1000, customer_id="a", region="East", channel="direct", rep_id="r1", quantity=10, list_price=120, cost_amount=600),
            line("2026-03-31", 500, customer_id="b", region="West", channel="direct", rep_id="r1", quantity=5, list_price=100),
            line("2026-04-01", 800, customer_id="a", region="East", channel="agents", rep_id="r2", quantity=8, list_price=125, cost_amount=500),
            line("2026-04-15", 700, order_id="twice", customer_id="a", region="East", channel="agents", quantity=7),
            line("2026-04-30", 300, customer_id="c", channel="agents", quantity=3, cost_amount=100),
            line("2026-04-30", 250, customer_id="c", status="Cancelled", quantity=2),
            line("2026-04-20", -200, customer_id="b", region="West", quantity=-2),
            line("2026-05-01", 9999, customer_id="d", region="East"),
            line("2026-04-15", 100, order_id="twice", customer_id="a", region="East"),
        ]
    )  # fmt: skip


ORACLE = {
    "bookings": (1900, 1500),  # 800 + 700 + 300 + 100; 1000 + 500
    "net_sales": (1700, 1500),  # 1900 − 200
    "returned": (200, None),
    "cancelled": (250, None),
    "gross_margin": (500, 400),  # (800 − 500) + (300 − 100); 1000 − 600
    "margin_rate": (500 / 1100, 0.4),
    "list_sales": (1000, 1700),  # 8·125; 10·120 + 5·100
    "discounted": (200, 200),  # 1000 − 800; 1700 − 1500
    "price_realisation": (0.8, 1500 / 1700),
    "n_lines": (4, 2),
    "n_orders": (3, 2),  # two of the four lines stand on one order
    "average_order": (633, 750),  # 1900/3
    "quantity": (18.0, 15.0),
    "active_customers": (2, 2),
    "new_customers": (1, 2),  # only c orders first in April
    "active_reps": (1, 1),
}


@pytest.mark.parametrize("metric", ORACLE)
def test_each_metric_of_sales(shop, metric):
    values = totals(shop, [metric], WINDOWS)[metric]
    for label, expected in zip(WINDOWS, ORACLE[metric], strict=True):
        if expected is None:
            assert pd.isna(values[label])
        else:
            assert values[label] == pytest.approx(expected, rel=1e-12)


def test_every_sql_metric_of_sales_has_an_oracle():
    assert set(ORACLE) == {m.id for m in REGISTRY.values() if m.relation == "sales"}


def test_windows_may_overlap_and_keep_their_order(shop):
    frame = measure(shop, ["bookings"], {"quarter": QUARTER, "april": APRIL})
    assert frame.window.tolist() == ["quarter", "april"]
    assert frame.bookings.tolist() == [3400, 1900]


def test_by_several_dimensions_keeps_what_has_none(shop):
    frame = measure(shop, ["bookings", "n_lines"], {"april": APRIL}, ["region", "channel"])
    found = {
        (None if pd.isna(r.region) else r.region, None if pd.isna(r.channel) else r.channel): (
            r.bookings,
            r.n_lines,
        )
        for r in frame.itertuples()
    }
    assert found.pop(("West", None))[1] == 0  # a return only: no line, no bookings
    assert found.pop((None, None))[1] == 0  # the cancelled line
    assert found == {("East", "agents"): (1500, 2), ("East", None): (100, 1), (None, "agents"): (300, 1)}


def test_where_keeps_one_or_several_values(shop):
    assert totals(shop, ["bookings"], WINDOWS, {"region": "East"}).bookings.tolist() == [1600, 1000]
    both = totals(shop, ["bookings"], WINDOWS, {"region": ["East", "West"], "customer_id": "b"})
    assert pd.isna(both.bookings["april"])
    assert both.bookings["march"] == 500


def test_where_on_nothing_keeps_nothing(shop):
    assert totals(shop, ["bookings"], WINDOWS, {"region": []}).bookings.isna().all()


def test_values_of_where_are_bound_not_pasted(shop):
    nasty = "East') OR 1=1 --"
    assert totals(shop, ["bookings"], WINDOWS, {"region": nasty}).bookings.isna().all()


def test_metrics_of_several_relations_meet_in_one_frame(store, line):
    facts = store(
        order_lines=[line("2026-04-01", 800, region="East", customer_id="a")],
        customers=[{"customer_id": "a", "region": "East"}, {"customer_id": "b", "region": "West"}],
        invoices=[{"invoice_id": "i1", "customer_id": "a", "invoiced_on": "2026-04-02", "net_amount": 500},
                  {"invoice_id": "i2", "customer_id": "b", "invoiced_on": "2026-04-03", "net_amount": 70}],
        receipts=[{"receipt_id": "p1", "invoice_id": "i2", "received_on": "2026-04-30", "amount": 60}],
    )  # fmt: skip
    frame = measure(facts, ["bookings", "revenue", "cash_in"], {"april": APRIL}, ["region"]).set_index(
        "region"
    )
    assert frame.loc["East", ["bookings", "revenue"]].tolist() == [800, 500]
    assert pd.isna(frame.cash_in["East"])
    assert frame.loc["West", ["revenue", "cash_in"]].tolist() == [
        70,
        60,
    ]  # the receipt's customer is its invoice's


def test_metrics_of_deals(store):
    deal = {"stage": "Quote", "created_on": "2026-04-01", "amount": 100}
    facts = store(
        opportunities=[
            deal | {"opportunity_id": "1", "outcome": "Won", "closed_on": "2026-04-10"},
            deal | {"opportunity_id": "2", "outcome": "won", "closed_on": "2026-04-30", "amount": 301},
            deal | {"opportunity_id": "3", "stage": "Closed Lost", "closed_on": "2026-04-20"},
            deal
            | {
                "opportunity_id": "4",
                "outcome": "输单",
                "closed_on": "2026-04-20",
                "created_on": "2026-03-01",
            },
            deal | {"opportunity_id": "5", "amount": None},
        ]
    )
    ids = [
        "pipeline_created",
        "deals_created",
        "deals_won",
        "deals_lost",
        "won_amount",
        "win_rate",
        "deal_size",
    ]
    april = totals(facts, ids, WINDOWS).loc["april"]
    # created in April: 100 + 301 + 100, and one unpriced; won 100 + 301; deal size 401/2 rounds half away from zero
    assert april.tolist() == [501, 4, 2, 2, 401, 0.5, 201]


def test_a_window_without_any_row_is_missing_not_zero(shop):
    empty = Window(date(2020, 1, 1), date(2020, 1, 31), 23, True)
    values = totals(shop, ["bookings", "n_orders"], {"then": empty, "april": APRIL})
    assert values.loc["then"].isna().all()
    assert values.bookings["april"] == 1900


def test_a_metric_whose_columns_were_never_loaded_is_missing(store, line):
    facts = store(order_lines=[line("2026-04-01", 800)])
    values = totals(facts, ["bookings", "gross_margin", "active_customers"], {"april": APRIL}).loc["april"]
    assert values.bookings == 800
    assert values[["gross_margin", "active_customers"]].isna().all()  # not 0 customers


def test_an_unknown_metric_names_the_nearest(shop):
    with pytest.raises(DataError, match=r"'booking' is not a metric.*did you mean 'bookings'\?"):
        measure(shop, ["booking"], WINDOWS)


def test_a_formula_is_not_measured(shop):
    with pytest.raises(DataError, match="'attainment' is not a metric that is computed in SQL"):
        measure(shop, ["attainment"], WINDOWS)


@pytest.mark.parametrize("place", ["by", "where"])
def test_an_unknown_dimension_names_the_nearest(shop, place):
    arguments = {"by": ["regoin"]} if place == "by" else {"where": {"regoin": "East"}}
    with pytest.raises(DataError, match=r"sales has no dimension 'regoin'; did you mean 'region'\?"):
        measure(shop, ["bookings"], WINDOWS, **arguments)


# Random frames, against plain loops over the rows.

START = date(2026, 1, 1)
FEW = settings(max_examples=settings.default.max_examples // 4)  # each example builds a store
ROW = st.fixed_dictionaries(
    {
        "day": st.integers(0, 89),
        "net": st.one_of(st.none(), st.integers(-(10**9), 10**12)),
        "cost": st.one_of(st.none(), st.integers(0, 10**12)),
        "listed": st.one_of(st.none(), st.integers(0, 10**9)),
        "quantity": st.one_of(st.none(), st.integers(0, 1000)),
        "order": st.integers(1, 6),
        "customer": st.sampled_from([None, "a", "b", "c"]),
        "region": st.sampled_from([None, "East", "West"]),
        "channel": st.sampled_from([None, "direct", "agents"]),
        "status": st.sampled_from([None, "done", "cancelled", "作废"]),
    }
)
SPAN = st.tuples(st.integers(0, 89), st.integers(0, 89)).map(sorted)
DIMENSIONS = st.lists(st.sampled_from(["region", "channel", "customer_id"]), unique=True, max_size=3)


def kind_of(row):
    if row["status"] in ("cancelled", "作废"):
        return "cancelled"
    return "return" if row["net"] is not None and row["net"] < 0 else "order"


def reckoned(rows, everything) -> dict[str, float | None]:
    """The metrics of `rows`, line by line."""

    def total(values):
        known = [v for v in values if v is not None]
        return sum(known) if known else None

    orders = [r for r in rows if kind_of(r) == "order"]
    first: dict[str, int] = {}
    for r in everything:
        if kind_of(r) == "order" and r["customer"] is not None:
            first[r["customer"]] = min(first.get(r["customer"], 999), r["day"])
    listed = [
        r
        for r in orders
        if r["listed"] is not None and r["quantity"] is not None and r["listed"] * r["quantity"] > 0
    ]
    list_sales = total(r["listed"] * r["quantity"] for r in listed)
    return {
        "bookings": total(r["net"] for r in orders),
        "net_sales": total(r["net"] for r in rows if kind_of(r) != "cancelled"),
        "returned": total(-r["net"] for r in rows if kind_of(r) == "return"),
        "cancelled": total(r["net"] for r in rows if kind_of(r) == "cancelled"),
        "gross_margin": total(
            r["net"] - r["cost"] for r in orders if r["cost"] is not None and r["net"] is not None
        ),
        "list_sales": list_sales,
        "n_lines": len(orders),
        "n_orders": len({r["order"] for r in orders}),
        "active_customers": len({r["customer"] for r in orders} - {None}),
        "quantity": total(r["quantity"] for r in orders),
        "_first": first,
    }


def as_lines(rows):
    return [
        {
            "order_id": f"o{r['order']}",
            "line_id": str(number),
            "ordered_on": START + timedelta(days=r["day"]),
            "net_amount": r["net"],
            "cost_amount": r["cost"],
            "list_price": r["listed"],
            "quantity": r["quantity"],
            "customer_id": r["customer"],
            "region": r["region"],
            "channel": r["channel"],
            "status": r["status"],
        }
        for number, r in enumerate(rows)
    ]


def same(found, expected) -> bool:
    return pd.isna(found) if expected is None else math.isclose(found, expected, rel_tol=0, abs_tol=0)


@FEW
@given(
    rows=st.lists(ROW, min_size=1, max_size=12), spans=st.lists(SPAN, min_size=1, max_size=3), by=DIMENSIONS
)
def test_measure_equals_loops_over_the_rows(store, rows, spans, by):
    facts = store(order_lines=as_lines(rows))
    windows = {
        f"w{i}": Window(START + timedelta(days=a), START + timedelta(days=b), 1, True)
        for i, (a, b) in enumerate(spans)
    }
    ids = ["bookings", "net_sales", "returned", "cancelled", "gross_margin", "list_sales", "n_lines", "n_orders", "active_customers", "new_customers", "quantity"]  # fmt: skip
    frame = measure(facts, ids, windows, by)
    groups: dict[tuple, list] = {}
    for i, (a, b) in enumerate(spans):
        for r in rows:
            if a <= r["day"] <= b:
                key = (f"w{i}", *(r["customer" if d == "customer_id" else d] for d in by))
                groups.setdefault(key, []).append(r)
    assert len(frame) == len(groups)
    loaded = {
        name
        for name in ("cost", "listed", "quantity", "customer", "net")
        if any(r[name] is not None for r in rows)
    }
    for record in frame.to_dict("records"):
        key = (record["window"], *(None if pd.isna(record[d]) else record[d] for d in by))
        expected = reckoned(groups[key], rows)
        first = expected.pop("_first")
        a, b = spans[int(key[0][1:])]
        bought = {r["customer"] for r in groups[key] if kind_of(r) == "order"} - {None}
        expected["new_customers"] = sum(a <= first[c] <= b for c in bought)
        if "customer" not in loaded:
            expected["active_customers"] = expected["new_customers"] = None
        if "net" not in loaded:
            expected["n_lines"] = None
        for metric, value in expected.items():
            assert same(record[metric], value), (metric, key, record[metric], value)


ADDITIVE = [
    "bookings",
    "net_sales",
    "returned",
    "cancelled",
    "gross_margin",
    "list_sales",
    "discounted",
    "n_lines",
    "quantity",
]


@FEW
@given(rows=st.lists(ROW, min_size=1, max_size=15), by=DIMENSIONS)
def test_the_parts_add_up_to_the_company(store, rows, by):
    facts = store(order_lines=as_lines(rows))
    whole = {"all": Window(START, START + timedelta(days=89), 64, True)}
    company = totals(facts, ADDITIVE, whole).loc["all"].fillna(0)
    parts = measure(facts, ADDITIVE, whole, by)[ADDITIVE].apply(pd.to_numeric).sum()
    assert parts.tolist() == company.tolist()


@FEW
@given(rows=st.lists(ROW, min_size=1, max_size=15))
def test_the_months_add_up_to_the_quarter(store, rows):
    facts = store(order_lines=as_lines(rows))
    quarter = {"q": Window(START, date(2026, 3, 31), 64, True)}
    months = {
        "1": Window(START, date(2026, 1, 31), 22, True),
        "2": Window(date(2026, 2, 1), date(2026, 2, 28), 20, True),
        "3": Window(date(2026, 3, 1), date(2026, 3, 31), 22, True),
    }
    whole = totals(facts, [*ADDITIVE, "new_customers"], quarter).loc["q"].fillna(0)
    parts = totals(facts, [*ADDITIVE, "new_customers"], months).apply(pd.to_numeric).sum()
    assert parts.tolist() == whole.tolist()
