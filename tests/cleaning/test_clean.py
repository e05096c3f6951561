"""The statement that stages a source: order, cost and names, whatever the table."""

from __future__ import annotations

import duckdb
import pytest

from salesops_lib.cleaning import clean
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.tables import TABLES


def _plan(table: str, relation: str, **source: object) -> clean.Staging:
    names = list(TABLES[table].names)
    return clean.staging(
        Source("f.csv", table, dict(zip(names, names)), **source), names, relation, Settings(), "staged"
    )


@pytest.mark.parametrize("table", TABLES)
def test_staging_never_joins(table: str) -> None:
    """A join would lose the order of the file, on which line numbers rest."""
    texts = ", ".join(f"CAST(i AS VARCHAR) AS c{k}" for k in range(len(TABLES[table].names)))
    plan = _plan(
        table,
        f"(SELECT {texts} FROM range(9) AS r(i))",
        date_order="dmy",
        decimal=",",
        returns="marked",
        amounts="gross",
    )
    explained = duckdb.execute(f"EXPLAIN (FORMAT json) {plan.sql}").fetchall()[0][1]
    assert "JOIN" not in explained


def test_every_fault_has_a_code_of_its_own_and_a_known_fate() -> None:
    plan = _plan("order_lines", "raw")
    assert [fault.code for fault in plan.faults] == list(range(1, len(plan.faults) + 1))
    assert {fault.fate for fault in plan.faults} == {"set_aside", "excluded"}
    assert len({(fault.column, fault.reason) for fault in plan.faults}) == len(plan.faults)


def test_headers_with_quotes_are_text_and_nothing_else() -> None:
    header = "a'); DROP TABLE raw; --"
    source = Source("f.csv", "customers", {"customer_id": header})
    with duckdb.connect() as connection:
        connection.execute("CREATE TABLE raw AS FROM (VALUES ('C1')) AS r(c0)")
        connection.execute(clean.staging(source, [header], "raw", Settings(), "staged").sql)
        assert connection.execute("SELECT customer_id FROM staged").fetchall() == [("C1",)]
        assert connection.execute("SELECT count(*) FROM raw").fetchone() == (1,)


def test_the_hash_of_a_record_is_taken_where_its_key_is_not_whole() -> None:
    source = Source("f.csv", "order_lines", {"order_id": "o", "line_id": "l", "ordered_on": "d"})
    with duckdb.connect() as connection:
        connection.execute(
            "CREATE TABLE raw AS FROM (VALUES ('A', '1', '2026-03-05'), ('A', NULL, '2026-03-05')) AS r(c0, c1, c2)"
        )
        connection.execute(clean.staging(source, ["o", "l", "d"], "raw", Settings(), "staged").sql)
        assert connection.execute("SELECT record_hash IS NULL FROM staged").fetchall() == [(True,), (False,)]
