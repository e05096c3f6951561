"""Every row of every source is used, merged or set aside, with its reason and its line."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from salesops_lib import cleaning
from salesops_lib.cleaning.audit import Audit
from salesops_lib.cleaning.merging.review import plain
from salesops_lib.cleaning.settings import Settings
from salesops_lib.errors import DataError

HEAD = "Order ID,Line,Order Date,Customer Name,Product,Amount\n"


def reasons(audit: Audit, outcome: str = "set_aside") -> dict[str, int]:
    return {f"{r.column} {r.reason}".strip(): r.n_rows for r in audit.reasons if r.outcome == outcome}


def test_rows_are_used_merged_or_set_aside(loaded) -> None:
    audit, query = loaded(
        orders=HEAD + "A1,1,2026-03-05,Ann,P,10.00\n"
        "A1,2,2026-03-05,Ann,P,soon\n"  # line 3
        "A2,1,31.31.2026,Bo,P,5\n"  # line 4
        ",1,2026-03-06,Bo,P,5\n"  # line 5
        "A1,1,2026-03-05,Ann,P,10.00\n"  # line 6: the same again
        "A1,1,2026-03-05,Ann,P,11.00\n"  # line 7: the same key, another amount
        "A3,1,2026-03-06,Bo\n"  # line 8: too short
        ",,,,,\n"  # line 9
        '"A,4",1,2026-03-07,"Bo ""B"" Bee",P,"1,234.5"\n'
    )
    source = audit.sources[0]
    assert (source.rows_in, source.used, source.merged, source.set_aside, source.excluded) == (9, 2, 1, 5, 1)
    assert reasons(audit) == {
        "net_amount cannot be read as money": 1,
        "ordered_on cannot be read as date": 1,
        "order_id required value is blank": 1,
        "order_id, line_id same key, other values": 1,
        "line has too few columns": 1,
    }
    assert reasons(audit, "excluded") == {"blank row": 1}
    assert reasons(audit, "merged") == {"exact duplicate": 1}
    assert query("SELECT line, column_name, value FROM set_aside ORDER BY line") == [
        (3, "net_amount", "soon"),
        (4, "ordered_on", "31.31.2026"),
        (5, "order_id", ""),
        (7, "order_id, line_id", "line 2 is kept"),
        (8, "", "A3,1,2026-03-06,Bo"),
        (9, "", ""),
    ]
    assert query("SELECT order_id, customer_name, net_amount FROM order_lines ORDER BY order_id DESC") == [
        ("A1", "Ann", 1000),
        ("A,4", 'Bo "B" Bee', 123450),
    ]


def test_a_set_aside_row_is_kept_in_a_file_too(loaded, tmp_path: Path) -> None:
    loaded(orders=HEAD + "A1,1,2026-03-05,安,P,soon\n")
    with (tmp_path / "data" / "set_aside.csv").open(encoding="utf-8-sig") as handle:
        (row,) = csv.DictReader(handle)
    assert (row["source"], row["line"], row["value"]) == ("orders.csv", "2", "soon")
    assert json.loads(row["record"])["customer_name"] == "安"


def test_line_numbers_hold_after_multi_line_fields_and_blank_lines(loaded) -> None:
    audit, query = loaded(
        orders="Sales,,,,,\n\n"
        + HEAD
        + 'A1,1,2026-03-05,"Ann\nB",P,10\n\nA2,1,never,Bo,P,1\nA3,1\nA4,1,never,Bo,P,1\n'
    )
    assert query("SELECT line, reason FROM set_aside ORDER BY line") == [
        (7, "cannot be read as date"),
        (8, "line has too few columns"),
        (9, "cannot be read as date"),
    ]
    assert audit.sources[0].rows_in == 4


def test_lines_are_right_in_a_file_of_several_buffers(loaded) -> None:
    """DuckDB reads in parallel, and some plans lose the order of the file."""
    pad = "x" * 90
    rows = [f"A{k},1,{'never' if k % 9973 == 7 else '2026-03-05'},{pad},P,10" for k in range(250_000)]
    rows[60_000] += ",extra"
    _, query = loaded(orders=HEAD + "\n".join(rows) + "\n")
    found = query("SELECT line, record FROM set_aside WHERE column_name = 'ordered_on' ORDER BY line")
    assert [line for line, _ in found] == [k + 2 for k in range(250_000) if k % 9973 == 7]
    assert [json.loads(record)["order_id"] for _, record in found] == [f"A{line - 2}" for line, _ in found]
    assert query("SELECT line FROM set_aside WHERE column_name = ''") == [(60_002,)]


@pytest.mark.parametrize("rest", [500, 20_000])
def test_an_unclosed_quote_costs_one_line_not_the_rest_of_the_file(loaded, rest: int) -> None:
    lines = "".join(f"B{k},1,2026-03-06,Bo,P,1\n" for k in range(rest))
    audit, query = loaded(orders=HEAD + 'A1,1,2026-03-05,"Ann,P,10\n' + lines + 'C1,1,2026-03-06,"Cy",P,1\n')
    assert audit.sources[0].used == rest + 1
    assert query("SELECT line, reason, value FROM set_aside") == [
        (2, "quotation mark is not closed", 'A1,1,2026-03-05,"Ann,P,10')
    ]


def test_inches_are_no_quotation_marks(loaded) -> None:
    audit, query = loaded(orders=HEAD + 'A1,1,2026-03-05,Ann,5" pipe,10\nA2,1,2026-03-05,Ann,6 pipe,10\n')
    assert audit.sources[0].used == 2
    assert query("SELECT product_name FROM order_lines ORDER BY order_id") == [('5" pipe',), ("6 pipe",)]


def test_mixed_line_ends_and_other_encodings(loaded) -> None:
    text = "订单编号,行号,订单日期,客户,产品,金额\r\n甲1,1,2026年3月5日,北京公司,泵,１２３．５\n甲2,1,2026/3/6,北京公司,阀,(2)\r\n"
    audit, query = loaded(orders=text.encode("gb18030"))
    assert audit.sources[0].encoding == "gb18030"
    assert query("SELECT order_id, strftime(ordered_on, '%d'), customer_id, net_amount FROM order_lines") == [
        ("甲1", "05", "北京公司", 12350),
        ("甲2", "06", "北京公司", -200),
    ]


def test_exact_rows_without_a_line_key_are_kept_and_counted(loaded) -> None:
    text = "Order ID,Order Date,Product,Amount\nA1,2026-03-05,P,10\nA1,2026-03-05,P,10\nA1,2026-03-05,Q,10\n"
    audit, query = loaded(orders=text)
    assert audit.sources[0].used == 3
    assert reasons(audit, "suspected") == {"row equals an earlier one": 1}
    assert query("SELECT count(DISTINCT line_id) FROM order_lines") == [(3,)]
    strict, _ = loaded(policy=Settings(duplicates="set_aside"), orders=text)
    assert (strict.sources[0].used, reasons(strict)) == (2, {"order_id, line_id suspected duplicate": 1})


def test_two_files_of_one_table_and_a_row_in_both(loaded) -> None:
    audit, query = loaded(
        january=HEAD + "A1,1,2026-01-05,Ann,P,10\n",
        february=HEAD + "A1,1,2026-01-05,Ann,P,10\nA2,1,2026-02-05,Bo,P,7\n",
    )
    assert [(s.rows_in, s.used, s.merged) for s in audit.sources[:2]] == [(1, 1, 0), (2, 1, 1)]
    assert query("SELECT sum(net_amount)::BIGINT FROM order_lines") == [(1700,)]


def test_net_amount_is_derived_and_rounded_half_to_even(loaded) -> None:
    audit, query = loaded(
        orders="Order No,Order Date,Item,Qty,Unit Price,Discount\nA1,2026-03-05,P,3,0.335,0\nA2,2026-03-05,P,1,0.125,0\nA3,2026-03-05,P,-2,10,0.1\n"
    )
    assert query("SELECT net_amount FROM order_lines ORDER BY order_id") == [(100,), (12,), (-1800,)]
    control = next(c for c in audit.controls if c.column == "net_amount")
    assert (control.raw_total, control.stored_total) == (Decimal("-16.87"), Decimal("-16.88"))
    assert control.rounding_residual == Decimal("0.01")
    assert any("quantity × unit_price × (1 − discount_rate)" in note for note in audit.sources[0].notes)


def test_amounts_with_tax_become_net(loaded) -> None:
    text = "Order No,Order Date,Amount\nA1,2026-03-05,113\n"
    _, query = loaded(policy=Settings(vat=0.13, amounts="gross"), orders=text)
    assert query("SELECT net_amount FROM order_lines") == [(10000,)]


def test_cost_is_net_less_margin_in_each_row(loaded) -> None:
    _, query = loaded(
        orders="Order No,Order Date,Sales,Profit\nA1,2026-03-05,10.005,3.335\nA2,2026-03-05,1.015,0.005\n"
    )
    assert query("SELECT net_amount - cost_amount = margin_amount FROM order_lines") == [(True,), (True,)]


def test_units_and_currencies(loaded) -> None:
    _, query = loaded(orders="订单编号,订单日期,销售额（万元）\nA1,2026-03-05,1.25\n")
    assert query("SELECT net_amount, currency FROM order_lines") == [(1250000, "CNY")]
    _, query = loaded(orders="Order No,Order Date,Amount (JPY)\nA1,2026-03-05,1500\n")
    assert query("SELECT net_amount, currency FROM order_lines") == [(1500, "JPY")]


def test_several_currencies_need_one_to_add_up_in(loaded) -> None:
    orders = "Order No,Order Date,Amount,Currency\nA1,2026-03-05,1500,JPY\nA2,2026-03-05,15,USD\n"
    with pytest.raises(DataError, match=r"amounts in JPY, USD, and the policy names no currency"):
        loaded(orders=orders)
    _, query = loaded(orders=orders, policy=Settings(currency="JPY"))
    assert query("SELECT net_amount, currency FROM order_lines ORDER BY order_id") == [
        (1500, "JPY"),
        (1500, "USD"),
    ]


def test_missing_is_not_zero_and_markers_are_blanks(loaded) -> None:
    audit, query = loaded(orders="Order No,Order Date,Qty,Amount\nA1,2026-03-05,N/A,10\nA2,2026-03-05,,-\n")
    assert query("SELECT quantity, net_amount FROM order_lines ORDER BY order_id") == [
        (None, 1000),
        (None, None),
    ]
    column = next(c for c in audit.columns if c.column == "net_amount")
    assert (column.n_filled, column.completeness) == (1, 0.5)


def test_dimensions_are_derived_and_orphans_counted(loaded) -> None:
    audit, query = loaded(
        orders="Order No,Order Date,Customer ID,Customer Name,Segment,Amount\nA1,2026-01-05,C1,Ann Ltd,Big,1\n"
        "A2,2026-02-05,C1,Ann Group,Big,1\nA3,2026-02-05,C2,Bo,Big,1\nA4,2026-02-05,C2,Bo,Small,1\n"
    )
    assert query("SELECT customer_id, name, segment FROM customers ORDER BY 1") == [
        ("C1", "Ann Group", "Big"),
        ("C2", "Bo", None),
    ]
    assert next(s for s in audit.sources if s.table == "customers").kind == "derived"
    audit, query = loaded(
        orders="Order No,Order Date,Customer ID,Amount\nA1,2026-01-05,C1,1\nA2,2026-01-05,C9,1\nA3,2026-01-05,,1\n",
        customers="Customer ID,Industry\nC1,Steel\n",
    )
    orphan = next(r for r in audit.reasons if r.outcome == "orphan")
    assert (orphan.table, orphan.column, orphan.n_rows, orphan.example) == (
        "order_lines",
        "customer_id",
        1,
        "'C9'",
    )
    assert query("SELECT count(*) FROM order_lines") == [(3,)]


def test_the_audit_is_stored_and_comes_back(loaded, tmp_path: Path) -> None:
    audit, query = loaded(orders=HEAD + "A1,1,2026-03-05,Ann,P,10\nA1,2,x,Ann,P,10\n")
    again = Audit.read(tmp_path / "data" / "audit.json")
    assert again == audit
    assert query("SELECT rows_in, used, set_aside FROM audit_sources WHERE kind = 'file'") == [(2, 1, 1)]
    assert query("SELECT reason, n_rows FROM audit_reasons") == [("cannot be read as date", 1)]
    assert query("SELECT value FROM store_facts WHERE name = 'fingerprint'") == [(audit.fingerprint,)]
    frame = audit.frame
    assert (frame.rows_in == frame.used + frame.merged + frame.set_aside).all()
    assert frame["ordered_on cannot be read as date"].tolist() == [1, 0, 0]


def test_a_header_without_rows_loads_as_an_empty_table(loaded) -> None:
    audit, query = loaded(orders=HEAD)
    assert audit.sources[0].rows_in == 0
    assert query("SELECT count(*) FROM order_lines") == [(0,)]


def test_the_same_sources_have_the_same_fingerprint(loaded, tmp_path: Path) -> None:
    first, _ = loaded(orders=HEAD + "A1,1,2026-03-05,Ann,P,10\n")
    assert cleaning.load(tmp_path).fingerprint == first.fingerprint
    assert cleaning.load(tmp_path, policy=Settings(vat=0.13)).fingerprint != first.fingerprint


_CELL = st.sampled_from(
    ["A1", "A2", "1", "2", "", "2026-01-05", "x", '"', 'a"b', "\n", ",", "10", "-", "（1）", "é"]
)

_ENTRY = """sources:
  - file: orders.csv
    table: order_lines
    columns: {order_id: Order ID, line_id: Line, ordered_on: Order Date, customer_name: Customer Name, product_name: Product, net_amount: Amount}
"""


def query_of(root: Path, sql: str) -> tuple:
    with duckdb.connect(str(root / "data" / "facts.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()[0]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(_CELL, min_size=5, max_size=7), max_size=6), st.booleans())
def test_rows_in_are_always_accounted_for(tmp_path: Path, rows: list[list[str]], quoted: bool) -> None:
    body = "".join(
        ",".join(f'"{c.replace(chr(34), chr(34) * 2)}"' if quoted else c.replace("\n", "") for c in r) + "\n"
        for r in rows
    )
    (tmp_path / "orders.csv").write_text(HEAD + "A0,1,2026-01-01,Ann,P,1\n" + body)
    (tmp_path / "data").mkdir(exist_ok=True)
    (tmp_path / "data" / "sources.yaml").write_text(_ENTRY)
    audit = cleaning.load(tmp_path)
    source = audit.sources[0]
    n_used, n_merged, n_aside, n_excluded = query_of(
        tmp_path,
        "SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM merged_rows), "
        "(SELECT count(*) FROM set_aside WHERE fate = 'set_aside'), (SELECT count(*) FROM set_aside WHERE fate = 'excluded')",
    )
    assert source.rows_in == n_used + n_merged + n_aside + n_excluded >= 1
    assert (source.used, source.merged, source.set_aside, source.excluded) == (
        n_used,
        n_merged,
        n_aside,
        n_excluded,
    )


def test_raw_text_in_set_aside_csv_is_no_formula_and_comes_back(loaded, tmp_path: Path) -> None:
    body = "A1,1,=1+1,Ann,P,1\nA2,1,@x,Ann,P,1\nA3,1,'=x,Ann,P,1\nA4,1,2026-01-01,Ann,P,1\n"
    _, query = loaded(orders=HEAD + body)
    with (tmp_path / "data" / "set_aside.csv").open(encoding="utf-8-sig", newline="") as file:
        written = [row["value"] for row in csv.DictReader(file)]
    assert written == ["'=1+1", "'@x", "''=x"]
    assert [plain(value) for value in written] == [value for (value,) in query("SELECT value FROM set_aside")]
