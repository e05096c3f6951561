"""What a store says it holds."""

from __future__ import annotations

from datetime import date

import pytest

from salesops_lib.tables import TABLES
from salesops_lib.tables.views import DERIVED


@pytest.fixture(scope="module")
def facts(shared_store):
    return shared_store(
        order_lines=[
            {"order_id": "o1", "ordered_on": "2026-03-10", "net_amount": 1000},
            {"order_id": "o2", "ordered_on": "2026-03-12", "net_amount": 500, "region": "East"},
        ],
        opportunities=[{"opportunity_id": "d", "stage": "Quote", "created_on": "2026-04-01"}],
        fingerprint="abc",
    )


def test_every_contract_stands_in_the_store_even_when_it_was_never_loaded(facts):
    for table in TABLES.values():
        assert set(table.names) <= set(facts.columns(table.name))
    assert set(DERIVED) <= set(facts.rows)
    assert facts.columns("nothing") == []


def test_has_knows_tables_and_columns_with_values(facts):
    assert facts.has("order_lines", "order_lines.region", "sales.net_amount")
    assert not facts.has("order_lines", "order_lines.channel")
    assert not facts.has("customers")
    assert facts.missing("order_lines.region", "order_lines.channel", "receipts", "nothing.at_all") == (
        "order_lines.channel",
        "receipts",
        "nothing.at_all",
    )


def test_counts(facts):
    assert facts.rows["order_lines"] == 2
    assert facts.rows["customers"] == 0
    assert (facts.filled("order_lines", "net_amount"), facts.filled("order_lines", "region")) == (2, 1)
    assert facts.filled("order_lines", "channel") == 0


def test_fingerprint_is_that_of_the_load(facts):
    assert facts.fingerprint == "abc"


def test_the_last_day_is_that_of_sales_before_that_of_deals(facts, store):
    assert facts.last_day == date(2026, 3, 12)
    assert store(
        opportunities=[{"opportunity_id": "d", "stage": "Quote", "created_on": "2026-04-01"}]
    ).last_day == date(2026, 4, 1)
    assert store().last_day is None


def test_a_table_without_some_columns_of_its_contract_is_completed(store):
    from salesops_lib.tables import views

    facts = store()
    facts.engine.execute("DROP TABLE receipts")
    facts.engine.execute(
        "CREATE TABLE receipts AS SELECT 'p' AS receipt_id, DATE '2026-03-01' AS received_on, 5::BIGINT AS amount"
    )
    views.build(facts.engine)
    assert facts.query("SELECT amount, customer_id FROM collections").amount.tolist() == [5]


def test_a_contract_is_read_by_column():
    table = TABLES["fx"]
    assert table["rate"].type == "ratio"
    assert table.required == ("currency", "period", "rate_type", "rate")
    with pytest.raises(KeyError, match="fx has no column 'raet'"):
        table["raet"]
