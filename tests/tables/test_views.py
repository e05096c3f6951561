"""The derived tables, row by row: what is sold, returned, cancelled, translated, and whose it is."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salesops_lib.errors import DataError

FEW = settings(max_examples=settings.default.max_examples // 4)  # each example builds a store

ORDER = {
    "order_id": "o1",
    "line_id": "1",
    "ordered_on": "2026-03-10",
    "customer_id": "a",
    "net_amount": 1000,
    "quantity": 10,
}


def sales(facts, columns="kind, dated_on, net_amount", where="TRUE"):
    frame = facts.query(f"SELECT {columns} FROM sales WHERE {where} ORDER BY kind, dated_on, net_amount")
    for column in frame:
        if pd.api.types.is_datetime64_any_dtype(frame[column]):
            frame[column] = frame[column].dt.date.astype(str)
    return [
        tuple(None if pd.isna(value) else value for value in row) for row in frame.itertuples(index=False)
    ]


# Returns


def test_a_return_counts_on_its_own_day_with_its_own_amount(store):
    facts = store(
        order_lines=[ORDER],
        returns=[
            {
                "return_id": "r",
                "order_id": "o1",
                "line_id": "1",
                "returned_on": "2026-04-02",
                "net_amount": 300,
            }
        ],
    )
    assert sales(facts) == [("order", "2026-03-10", 1000), ("return", "2026-04-02", -300)]


def test_returns_may_count_on_the_day_of_the_order(store):
    returned = {"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02", "net_amount": 300}
    facts = store(order_lines=[ORDER], returns=[returned], returns_on="order_date")
    assert sales(facts)[1] == ("return", "2026-03-10", -300)


def test_a_return_without_a_day_counts_on_the_day_of_the_order(store):
    facts = store(order_lines=[ORDER], returns=[{"return_id": "r", "order_id": "o1"}])
    assert sales(facts)[1] == ("return", "2026-03-10", -1000)


def test_a_return_without_amount_and_quantity_takes_the_whole_line_back(store):
    line = ORDER | {"list_price": 120, "cost_amount": 600}
    facts = store(
        order_lines=[line], returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02"}]
    )
    assert sales(facts, "kind, quantity, list_amount, net_amount, cost_amount")[1] == (
        "return",
        -10,
        -1200,
        -1000,
        -600,
    )


def test_a_return_of_some_units_takes_their_part_of_the_line(store):
    line = ORDER | {"list_price": 120, "cost_amount": 600}
    facts = store(
        order_lines=[line],
        returns=[
            {"return_id": "r", "order_id": "o1", "line_id": "1", "returned_on": "2026-04-02", "quantity": 3}
        ],
    )
    # 3 of 10 units: 1000·0.3, list 1200·0.3, cost 600·0.3
    assert sales(facts, "kind, quantity, list_amount, net_amount, cost_amount")[1] == (
        "return",
        -3,
        -360,
        -300,
        -180,
    )


def test_a_stated_amount_wins_over_the_quantity(store):
    returned = {
        "return_id": "r",
        "order_id": "o1",
        "line_id": "1",
        "returned_on": "2026-04-02",
        "quantity": 3,
        "net_amount": 250,
    }
    facts = store(order_lines=[ORDER], returns=[returned])
    assert sales(facts, "kind, quantity, net_amount")[1] == ("return", -3, -250)


TWO_LINES = [ORDER, ORDER | {"line_id": "2", "net_amount": 500, "quantity": 4}]


def test_a_return_of_an_order_takes_all_its_lines_back(store):
    facts = store(
        order_lines=TWO_LINES, returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02"}]
    )
    assert sales(facts, "kind, line_id, net_amount", "kind = 'return'") == [
        ("return", "1", -1000),
        ("return", "2", -500),
    ]


def test_an_amount_returned_for_an_order_is_shared_by_its_lines_not_repeated(store):
    facts = store(
        order_lines=TWO_LINES,
        returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02", "net_amount": 100}],
    )
    # 100 · 1000/1500 and 100 · 500/1500: 67 and 33, together the 100 refunded
    assert sales(facts, "kind, line_id, net_amount", "kind = 'return'") == [
        ("return", "1", -67),
        ("return", "2", -33),
    ]


@FEW
@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=6), st.integers(0, 10**7))
def test_what_is_returned_of_an_order_is_what_was_refunded(store, amounts, refund):
    lines = [ORDER | {"line_id": str(i), "net_amount": amount} for i, amount in enumerate(amounts)]
    facts = store(
        order_lines=lines,
        returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02", "net_amount": refund}],
    )
    assert sum(row[0] for row in sales(facts, "net_amount", "kind = 'return'")) == -refund


def test_two_returns_of_one_line_both_count(store):
    returned = {"order_id": "o1", "line_id": "1", "returned_on": "2026-04-02"}
    facts = store(
        order_lines=TWO_LINES,
        returns=[
            returned | {"return_id": "x", "net_amount": 300},
            returned | {"return_id": "y", "net_amount": 200},
        ],
    )
    assert sales(facts, "kind, line_id, net_amount", "kind = 'return'") == [
        ("return", "1", -300),
        ("return", "1", -200),
    ]


def test_a_return_carries_the_dimensions_of_its_line(store):
    line = ORDER | {
        "region": "East",
        "channel": "agents",
        "product_id": "p",
        "rep_id": "r1",
        "segment": "small",
    }
    facts = store(
        order_lines=[line], returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02"}]
    )
    assert sales(facts, "kind, customer_id, region, channel, product_id, rep_id, segment")[1] == (
        "return",
        "a",
        "East",
        "agents",
        "p",
        "r1",
        "small",
    )


def test_a_cancelled_line_cannot_be_returned(store):
    facts = store(
        order_lines=[ORDER | {"status": "Cancelled"}], returns=[{"return_id": "r", "order_id": "o1"}]
    )
    assert sales(facts) == [("cancelled", "2026-03-10", 1000)]


@pytest.mark.parametrize("status", ["cancelled", "Canceled", "VOID", "取消", "已取消", "作废"])
def test_words_for_cancelled(store, status):
    assert sales(store(order_lines=[ORDER | {"status": status}]), "kind") == [("cancelled",)]


def test_a_negative_line_is_a_return(store):
    facts = store(
        order_lines=[ORDER, ORDER | {"line_id": "2", "net_amount": -400, "ordered_on": "2026-04-01"}]
    )
    assert sales(facts) == [("order", "2026-03-10", 1000), ("return", "2026-04-01", -400)]


# List amounts


@pytest.mark.parametrize(
    ("values", "listed"),
    [
        ({"list_price": 125}, 1250),  # 10 · 125
        ({"list_price": 125, "discount_rate": 0.5}, 1250),  # the price wins over the rate
        ({"discount_rate": 0.2}, 1250),  # 1000 / 0.8
        ({"discount_rate": 0.0}, 1000),
        ({"discount_amount": 250}, 1250),
        ({"discount_rate": 1.0}, None),  # given away: nothing says what it was worth
        ({}, None),
    ],
)
def test_list_amount(store, values, listed):
    assert sales(store(order_lines=[ORDER | values]), "list_amount") == [(listed,)]


# Currency


FX = [
    {"currency": "USD", "period": "2026-03", "rate_type": "avg", "rate": 7.0},
    {"currency": "USD", "period": "2026-03", "rate_type": "plan", "rate": 6.5},
    {"currency": "USD", "period": "2026-04", "rate_type": "avg", "rate": 7.2},
]


def test_amounts_are_translated_at_the_average_of_their_month(store):
    line = ORDER | {"currency": "USD", "list_price": 110, "cost_amount": 500}
    facts = store(
        order_lines=[line, line | {"order_id": "o2", "ordered_on": "2026-04-10"}, ORDER | {"order_id": "o3", "currency": "CNY"}],
        fx=FX, currency="CNY",
    )  # fmt: skip
    columns = "order_id, net_amount_tc, net_amount, list_amount, cost_amount"
    assert sorted(sales(facts, columns)) == [
        ("o1", 1000, 7000, 7700, 3500),
        ("o2", 1000, 7200, 7920, 3600),
        ("o3", 1000, 1000, None, None),
    ]


def test_a_missing_rate_leaves_the_amount_missing(store):
    facts = store(
        order_lines=[ORDER | {"currency": "USD", "ordered_on": "2026-05-10"}], fx=FX, currency="CNY"
    )
    assert sales(facts, "net_amount_tc, net_amount") == [(1000, None)]


def test_without_any_rate_a_foreign_amount_is_missing_not_taken_at_par(store):
    facts = store(
        order_lines=[ORDER | {"currency": "USD"}, ORDER | {"line_id": "2", "currency": "CNY"}], currency="CNY"
    )
    assert sales(facts, "currency, net_amount") == [("CNY", 1000), ("USD", None)]


@pytest.mark.parametrize("unknown", ["", "XXX"])
def test_one_currency_needs_no_policy_and_several_do(store, unknown):
    one = store(order_lines=[ORDER | {"currency": "USD"}], currency=unknown)
    assert sales(one, "net_amount") == [(1000,)]
    with pytest.raises(DataError, match=r"amounts in CNY, USD, and the policy names no currency"):
        store(
            order_lines=[ORDER | {"currency": "USD"}, ORDER | {"line_id": "2", "currency": "CNY"}],
            currency=unknown,
        )


def test_a_currency_without_minor_unit_is_translated_by_its_whole_units(store):
    rate = {"currency": "JPY", "period": "2026-03", "rate_type": "avg", "rate": 0.05}
    # 1,000 yen at 0.05 yuan are 50 yuan, 5,000 fen
    assert sales(
        store(order_lines=[ORDER | {"currency": "JPY"}], fx=[rate], currency="CNY"), "net_amount"
    ) == [(5000,)]


def test_half_a_minor_unit_is_rounded_to_even(store):
    rate = {"currency": "USD", "period": "2026-03", "rate_type": "avg", "rate": 0.5}
    lines = [ORDER | {"line_id": str(n), "net_amount": n, "currency": "USD"} for n in (1, 3, 5)]
    # 0.5 → 0, 1.5 → 2, 2.5 → 2
    assert sorted(sales(store(order_lines=lines, fx=[rate], currency="CNY"), "net_amount")) == [
        (0,),
        (2,),
        (2,),
    ]


def test_a_return_is_translated_at_the_rate_of_its_order(store):
    returned = {"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02", "net_amount": 100}
    facts = store(order_lines=[ORDER | {"currency": "USD"}], returns=[returned], fx=FX, currency="CNY")
    # April's rate is 7.2; a refund of what was booked at 7.0 leaves no gain
    assert sales(facts, "net_amount_tc, net_amount", "kind = 'return'") == [(-100, -700)]


def test_invoices_receipts_and_deals_are_translated_too(store):
    facts = store(
        invoices=[{"invoice_id": "i", "customer_id": "a", "invoiced_on": "2026-03-01", "net_amount": 100, "tax_amount": 13, "currency": "USD"}],
        receipts=[{"receipt_id": "p", "invoice_id": "i", "received_on": "2026-04-01", "amount": 100, "currency": "USD"}],
        opportunities=[{"opportunity_id": "d", "stage": "Won", "created_on": "2026-03-01", "closed_on": "2026-04-01", "amount": 100, "currency": "USD"}],
        fx=FX, currency="CNY",
    )  # fmt: skip
    assert facts.query("SELECT net_amount, tax_amount FROM billings").values.tolist() == [[700, 91]]
    assert facts.query("SELECT amount, customer_id FROM collections").values.tolist() == [[720, "a"]]
    assert facts.query("SELECT amount FROM deals").values.tolist() == [[720]]  # closing month


# Organisation


ORG = [
    {"rep_id": "r1", "team": "T1", "region": "East", "valid_from": None, "valid_to": "2026-03-31"},
    {"rep_id": "r1", "team": "T2", "region": "West", "valid_from": "2026-04-01", "valid_to": None},
]


def test_results_stay_with_the_team_of_the_day_and_move_with_the_person(store):
    line = ORDER | {"rep_id": "r1"}
    facts = store(order_lines=[line, line | {"order_id": "o2", "ordered_on": "2026-04-01"}], org=ORG)
    assert sales(facts, "dated_on, team, region, team_now, region_now") == [
        ("2026-03-10", "T1", "East", "T2", "West"),
        ("2026-04-01", "T2", "West", "T2", "West"),
    ]


def test_a_return_stays_with_the_team_of_its_own_day(store):
    facts = store(
        order_lines=[ORDER | {"rep_id": "r1"}],
        org=ORG,
        returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-05"}],
    )
    assert sales(facts, "kind, team") == [("order", "T1"), ("return", "T2")]


def test_overlapping_rows_of_the_organisation_never_double_a_sale(store):
    overlapping = [
        *ORG,
        {
            "rep_id": "r1",
            "team": "T3",
            "region": "South",
            "valid_from": "2026-03-01",
            "valid_to": "2026-12-31",
        },
    ]
    facts = store(order_lines=[ORDER | {"rep_id": "r1"}], org=overlapping)
    assert sales(facts, "team, team_now, net_amount") == [("T3", "T2", 1000)]  # the row that began last


def test_two_rows_of_one_day_give_one_team_both_then_and_now(store):
    twice = [ORG[1], ORG[1] | {"team": "T9", "region": "South"}]
    facts = store(order_lines=[ORDER | {"rep_id": "r1", "ordered_on": "2026-04-03"}], org=twice)
    assert sales(facts, "team, team_now") == [("T2", "T2")]


def test_before_the_first_row_of_the_organisation_there_is_no_team(store):
    facts = store(order_lines=[ORDER | {"rep_id": "r1"}], org=ORG[1:])
    assert sales(facts, "team, region, team_now") == [(None, None, "T2")]


def test_the_region_of_the_line_goes_before_that_of_team_and_customer(store):
    people = {"org": ORG[:1], "customers": [{"customer_id": "a", "region": "North", "name": "Acme"}]}
    assert sales(store(order_lines=[ORDER | {"rep_id": "r1", "region": "Line"}], **people), "region") == [
        ("Line",)
    ]
    assert sales(store(order_lines=[ORDER | {"rep_id": "r1"}], **people), "region") == [("East",)]
    assert sales(store(order_lines=[ORDER], **people), "region, customer_name") == [("North", "Acme")]


DAY = st.integers(0, 120)
PLACE = st.fixed_dictionaries(
    {
        "rep": st.sampled_from(["r1", "r2"]),
        "day": st.one_of(st.none(), DAY),
        "team": st.sampled_from("ABC"),
        "region": st.sampled_from(["East", "West"]),
    }
)
SOLD = st.fixed_dictionaries(
    {"rep": st.sampled_from(["r1", "r2", None]), "day": DAY, "net": st.integers(-1000, 1000)}
)


@FEW
@given(
    st.lists(PLACE, max_size=6, unique_by=lambda p: (p["rep"], p["day"])),
    st.lists(SOLD, min_size=1, max_size=6),
)
def test_as_was_and_as_is_have_the_totals_of_the_lines(store, places, sold):
    first = date(2026, 1, 1).toordinal()
    org = [
        {"rep_id": p["rep"], "team": p["team"], "region": p["region"], "valid_from": None if p["day"] is None else date.fromordinal(first + p["day"])}
        for p in places
    ]  # fmt: skip
    lines = [
        {"order_id": f"o{i}", "ordered_on": date.fromordinal(first + s["day"]), "rep_id": s["rep"], "net_amount": s["net"]}
        for i, s in enumerate(sold)
    ]  # fmt: skip
    facts = store(order_lines=lines, org=org)
    total = sum(s["net"] for s in sold)
    for by in ("team", "team_now", "region", "region_now"):
        assert facts.query(f"SELECT {by}, SUM(net_amount) AS net FROM sales GROUP BY {by}").net.sum() == total
    for row in facts.query("SELECT order_id, team, team_now FROM sales").itertuples():
        s = sold[int(row.order_id[1:])]
        mine = [(-1 if p["day"] is None else p["day"], p["team"]) for p in places if p["rep"] == s["rep"]]
        then = max([place for place in mine if place[0] <= s["day"]], default=(0, None))[1]
        assert (None if pd.isna(row.team) else row.team) == then
        assert (None if pd.isna(row.team_now) else row.team_now) == max(mine, default=(0, None))[1]


# Deals


DEAL = {
    "opportunity_id": "d1",
    "stage": "Proposal",
    "created_on": "2026-02-01",
    "amount": 5000,
    "customer_id": "a",
    "product_id": "p",
}


def test_without_order_lines_deals_won_are_the_sales(store):
    facts = store(
        opportunities=[
            DEAL | {"outcome": "won", "closed_on": "2026-03-05", "rep_id": "r1"},
            DEAL | {"opportunity_id": "d2", "outcome": "lost", "closed_on": "2026-03-06"},
            DEAL | {"opportunity_id": "d3"},
            DEAL | {"opportunity_id": "d4", "outcome": "won"},
        ],
        products=[{"product_id": "p", "list_price": 6000, "category": "Drives", "name": "Drive"}],
        org=ORG,
    )
    columns = (
        "order_id, kind, dated_on, net_amount, list_amount, quantity, category, product_name, team, region"
    )
    # d4 is won without a day: it cannot fall into any period
    assert sales(facts, columns) == [
        ("d1", "order", "2026-03-05", 5000, 6000, 1, "Drives", "Drive", "T1", "East")
    ]


def test_with_order_lines_deals_are_not_sold_twice(store):
    facts = store(order_lines=[ORDER], opportunities=[DEAL | {"outcome": "won", "closed_on": "2026-03-05"}])
    assert sales(facts, "order_id") == [("o1",)]


@pytest.mark.parametrize(
    ("values", "outcome"),
    [({"outcome": "Won"}, "won"), ({"stage": "Closed Won"}, "won"), ({"stage": "赢单"}, "won"), ({"outcome": "丢单"}, "lost"),
     ({"stage": "Closed Lost"}, "lost"), ({}, "open"), ({"outcome": "open", "stage": "Won"}, "open")],
)  # fmt: skip
def test_words_for_won_and_lost(store, values, outcome):
    assert store(opportunities=[DEAL | values]).query("SELECT outcome FROM deals").outcome.tolist() == [
        outcome
    ]


def test_the_first_order_of_a_customer_ignores_what_was_cancelled_or_returned(store):
    facts = store(
        order_lines=[
            ORDER | {"ordered_on": "2026-01-01", "status": "cancelled"},
            ORDER | {"line_id": "2", "ordered_on": "2026-02-01", "net_amount": -5},
            ORDER | {"line_id": "3"},
        ]
    )
    assert set(sales(facts, "first_ordered_on")) == {("2026-03-10",)}


def test_names_stand_in_for_missing_keys(store):
    line = ORDER | {"customer_id": None, "customer_name": "Acme", "product_name": "Bolt"}
    assert sales(store(order_lines=[line]), "customer_id, customer_name, product_id, product_name") == [
        ("Acme", "Acme", "Bolt", "Bolt")
    ]


def test_building_twice_changes_nothing(store):
    from salesops_lib.tables import views

    facts = store(order_lines=[ORDER], returns=[{"return_id": "r", "order_id": "o1"}])
    before = facts.query("SELECT * FROM sales ORDER BY kind")
    views.build(facts.engine)
    assert facts.query("SELECT * FROM sales ORDER BY kind").equals(before)


def test_the_days_of_the_calendar_stand_beside_the_facts(store):
    from salesops_lib.periods import Calendar
    from salesops_lib.tables import views

    facts = store(order_lines=[ORDER])
    views.build(facts.engine, calendar=Calendar().frame(date(2026, 3, 1), date(2026, 3, 31)))
    assert facts.query("SELECT COUNT(*) FILTER (WHERE is_workday) AS n FROM calendar").n.item() == 22
