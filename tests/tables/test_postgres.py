"""The metrics in PostgreSQL, and what a load does there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.metrics import REGISTRY, measure, totals
from salesops_lib.periods import Window
from salesops_lib.tables import postgres as room
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.tables.facts import Facts
from salesops_lib.tables.postgres import PostgresEngine

pytestmark = pytest.mark.postgres

WINDOWS = {
    "april": Window(date(2026, 4, 1), date(2026, 4, 30), 22, True),
    "so far": Window(date(2026, 1, 1), date(2026, 4, 30), 84, True),
    "never": Window(date(2020, 1, 1), date(2020, 1, 31), 23, True),
}


@pytest.fixture(scope="module")
def duck(shared_store, line) -> Facts:
    """Sales in two currencies, with returns, cancelled lines and gaps; deals, invoices and receipts."""
    deal = {"stage": "Quote", "created_on": "2026-04-01", "amount": 100, "customer_id": "a"}
    return shared_store(
        currency="CNY",
        order_lines=[
            line("2026-03-02", 1001, order_id="o1", customer_id="a", rep_id="r1", product_id="p", quantity=10, list_price=120, cost_amount=600, currency="CNY"),
            line("2026-03-31", 333, order_id="o1", line_id="2", customer_id="b", region="West", quantity=2.5, currency="USD", discount_rate=0.1),
            line("2026-04-01", 800, customer_id="a", rep_id="r1", channel="agents", quantity=8, list_price=125, cost_amount=500),
            line("2026-04-15", 701, customer_id="c", region="East", channel="direct's", quantity=7),
            line("2026-04-16", 2**52 + 1, customer_id="c", region="East"),
            line("2026-04-20", 250, customer_id="c", status="取消"),
            line("2026-04-21", -99, customer_id="b", region="West"),
            line("2026-04-22", 500, currency="EUR", region="区域"),
        ],
        returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02", "net_amount": 100}],
        customers=[{"customer_id": "a", "name": "Acme", "region": "North"}, {"customer_id": "b", "region": "West"}],
        org=[{"rep_id": "r1", "team": "T1", "region": "East", "valid_from": "2026-04-01"}],
        fx=[{"currency": "USD", "period": "2026-03", "rate_type": "avg", "rate": 7.1}],
        invoices=[{"invoice_id": "i1", "customer_id": "a", "invoiced_on": "2026-04-02", "net_amount": 500, "tax_amount": 65}],
        receipts=[{"receipt_id": "p1", "invoice_id": "i1", "received_on": "2026-04-30", "amount": 60}],
        opportunities=[
            deal | {"opportunity_id": "1", "outcome": "won", "closed_on": "2026-04-10"},
            deal | {"opportunity_id": "2", "outcome": "won", "closed_on": "2026-04-30", "amount": 301, "customer_id": "b"},
            deal | {"opportunity_id": "3", "outcome": "lost", "closed_on": "2026-04-20"},
            deal | {"opportunity_id": "4", "amount": None},
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def postgres(server: str, duck: Facts) -> Iterator[Facts]:
    """The same tables in PostgreSQL."""
    room.publish(duck.engine, f"{server}#metrics")
    facts = Facts(PostgresEngine(f"{server}#metrics"))
    yield facts
    facts.close()


def keyed(frame: pd.DataFrame, keys: list[str], metric: str) -> dict[tuple, float | None]:
    return {
        tuple(None if pd.isna(row[key]) else row[key] for key in keys): None
        if pd.isna(row[metric])
        else row[metric]
        for row in frame.to_dict("records")
    }


@pytest.mark.parametrize("metric", [m for m in REGISTRY.values() if m.sql], ids=lambda m: m.id)
def test_every_metric_is_what_duckdb_makes_of_it(duck, postgres, metric):
    for by in ([], ["region"], ["region", "customer_id"]):
        mine, theirs = (
            keyed(measure(f, [metric.id], WINDOWS, by), ["window", *by], metric.id) for f in (duck, postgres)
        )
        assert mine
        if metric.unit in ("money", "count"):
            assert theirs == mine
        else:
            assert theirs.keys() == mine.keys()
            for key, value in mine.items():
                assert theirs[key] == (value if value is None else pytest.approx(value, rel=1e-12))


def test_totals_keep_windows_without_rows(duck, postgres):
    ids = ["bookings", "net_sales", "revenue", "win_rate"]
    mine, theirs = (totals(f, ids, WINDOWS, {"region": ["East", "North", "West"]}) for f in (duck, postgres))
    pd.testing.assert_frame_equal(theirs.astype(float), mine.astype(float), check_exact=False, rtol=1e-12)
    assert theirs.loc["never"].isna().all()


def test_the_facts_know_the_same(duck, postgres):
    assert postgres.last_day == duck.last_day == date(2026, 4, 22)
    assert postgres.rows == duck.rows
    assert postgres.fingerprint == duck.fingerprint
    assert postgres.missing("sales.region", "surveys.score") == ("surveys.score",)
    assert postgres.columns("sales") == duck.columns("sales")


def test_days_and_decimals_arrive_as_days_and_numbers(postgres):
    row = postgres.query("SELECT dated_on, quantity, net_amount FROM sales WHERE region = ?", ["West"]).dtypes
    assert str(row.dated_on).startswith("datetime64")
    assert (str(row.quantity), str(row.net_amount)) == ("float64", "int64")


def test_the_reader_cannot_write(postgres):
    import psycopg

    for statement in ("CREATE TABLE more (x INTEGER)", "DELETE FROM sales"):
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            postgres.engine.connection.execute(statement)


def test_texts_arrive_as_they_are_whatever_they_hold(server, tmp_path):
    """A cell that would end a cell, a line or the data in COPY's format, and the order of code points."""
    texts = ["\\.", "\\N", "a\tb", "a\nb\r\n", "", "\\", "Zoë", "zoe", "甲", "'; DROP TABLE t; --", "100%"]
    source = DuckDBEngine()
    source.execute("CREATE TABLE t (place INTEGER, text VARCHAR, shares DOUBLE[])")
    for place, text in enumerate(texts):
        source.execute("INSERT INTO t VALUES (?, ?, ?)", [place, text, [0.1, 2.5, None]])
    source.execute("INSERT INTO t VALUES (?, NULL, NULL)", [len(texts)])
    room.publish(source, f"{server}#texts")
    engine = PostgresEngine(f"{server}#texts")
    assert engine.query("SELECT text FROM t WHERE text = ?", ["100%"]).text.tolist() == ["100%"]
    assert engine.rows("SELECT place, text FROM t ORDER BY place") == [*enumerate(texts), (len(texts), None)]
    assert [t for (t,) in engine.rows("SELECT text FROM t WHERE text IS NOT NULL ORDER BY text")] == sorted(
        texts
    )
    assert engine.rows("SELECT shares FROM t WHERE place = 0") == [([0.1, 2.5, None],)]
    engine.close()
    source.close()


@pytest.fixture
def told():
    """A store of one row; `told.execute` changes it."""
    source = DuckDBEngine()
    source.execute("CREATE TABLE t AS SELECT 1 AS load")
    yield source
    source.close()


def loads(engine: PostgresEngine) -> list[int]:
    return [
        *engine.query("SELECT load FROM t").load,
        *(n for batch in engine.stream("SELECT load FROM t") for n in batch["load"].to_pylist()),
    ]


def test_who_reads_keeps_the_facts_that_he_began_with(server, told):
    place = f"{server}#swapped"
    room.publish(told, place)
    first = PostgresEngine(place)
    assert loads(first) == [1, 1]
    told.execute("UPDATE t SET load = 2")
    room.publish(told, place)
    second = PostgresEngine(place)
    assert (loads(first), loads(second)) == ([1, 1], [2, 2])
    told.execute("UPDATE t SET load = 3")
    room.publish(told, place)
    assert loads(second) == [2, 2]
    with pytest.raises(DataError, match="loaded twice"):
        loads(first)
    first.close()
    second.close()


def test_a_load_that_fails_leaves_the_facts_of_the_one_before(server, told):
    place = f"{server}#kept"
    room.publish(told, place)
    told.execute("CREATE TABLE u AS SELECT chr(0) AS text")  # which PostgreSQL cannot hold
    with pytest.raises(DataError, match="It holds what it held before"):
        room.publish(told, place)
    engine = PostgresEngine(place)
    assert engine.columns() == {"t": ["load"]}
    engine.close()


def test_two_loads_at_once_are_refused(server, told):
    with room.connected(server) as other:
        other.execute("SELECT pg_advisory_lock(hashtext('busy'))")
        with pytest.raises(DataError, match="Another load is writing"):
            room.publish(told, f"{server}#busy")


def test_where_nothing_was_loaded_that_is_said(server):
    with pytest.raises(DataError, match=r"There are no facts at .*#nothing yet"):
        PostgresEngine(f"{server}#nothing")


def test_a_server_that_is_not_there_is_told():
    with pytest.raises(DataError, match="PostgreSQL cannot be reached"):
        PostgresEngine("postgresql://nobody@127.0.0.1:1/none")
