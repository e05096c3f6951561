"""Stated totals against what was read: the books, totals rows, tolerance."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from salesops_lib.cleaning import reconcile
from salesops_lib.cleaning.audit import Audit, Control
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.errors import DataError
from salesops_lib.tables.engine import DuckDBEngine


def controls(*totals_rows, control=None, read=("900.50", "99.50", "0"), other=None, currency="CNY"):
    """(stated, stated_by, read, used, difference, is_within) of a.csv, of which 900.50 is used and 99.50 set aside."""
    engine = DuckDBEngine()
    engine.execute(
        "CREATE TABLE set_aside (source VARCHAR, table_name VARCHAR, line BIGINT, reason VARCHAR, record VARCHAR, fate VARCHAR)"
    )
    listed = [(reconcile.TOTALS_ROW, cells) for cells in totals_rows] + (
        [("test order", other)] if other else []
    )
    for line, (reason, cells) in enumerate(listed, 100):
        record = json.dumps(cells)
        engine.execute(
            "INSERT INTO set_aside VALUES ('a.csv', 'order_lines', ?, ?, ?, 'excluded')",
            [line, reason, record],
        )
    used, aside, merged = map(Decimal, read)
    audit = Audit(controls=[Control("a.csv", "order_lines", "net_amount", used, used, aside, merged)])
    audit.controls.append(Control("a.csv", "order_lines", "unit_price", used, used, aside, merged))
    source = Source("raw/a.csv", "order_lines", control=control or {}, currency=currency)
    reconcile.controls(engine.connection, [source, Source("raw/skipped.csv", "")], audit, Settings())
    return engine.rows(
        "SELECT stated, stated_by, read_total, used_total, difference, is_within FROM audit_controls ORDER BY stated_by, column_name"
    )


def test_the_books_agree_with_all_that_was_read():
    assert controls(control={"net_amount": "1,000.00"}) == [(1000, "books", 1000, Decimal("900.5"), 0, True)]


@pytest.mark.parametrize(("stated", "is_within"), [("1005.02", True), ("1005.03", False), ("995.03", True)])
def test_half_a_per_cent_of_what_is_stated_is_tolerated(stated, is_within):
    ((*_, difference, within),) = controls(control={"net_amount": stated})
    assert (difference, within) == (1000 - Decimal(stated), is_within)


def test_a_totals_row_states_the_total_of_its_file():
    """100000 fen are 1,000 yuan; a total of unit prices is none."""
    assert controls({"net_amount": 100_000, "unit_price": 777}) == [
        (1000, "totals row", 1000, Decimal("900.5"), 0, True)
    ]


def test_of_several_totals_rows_the_last_one_is_the_grand_total():
    ((stated, *_),) = controls({"net_amount": 30_000}, {"net_amount": 70_000}, {"net_amount": 100_000})
    assert stated == 1000


def test_subtotals_without_a_grand_total_add_up():
    ((stated, *_),) = controls({"net_amount": 30_000}, {"net_amount": 70_000})
    assert stated == 1000


def test_yen_have_no_minor_unit():
    ((stated, *_),) = controls({"net_amount": 1000}, currency="JPY")
    assert stated == 1000


def test_rows_excluded_for_other_reasons_were_read():
    ((_, _, read, *_),) = controls(control={"net_amount": "1"}, other={"net_amount": 5_000})
    assert read == 1050


def test_a_column_that_was_not_read_cannot_agree():
    assert controls(control={"gross_amount": "5"}) == [(5, "books", None, None, None, False)]


def test_nothing_stated_is_an_empty_table():
    assert controls() == []


def test_a_total_that_is_no_number_is_named():
    with pytest.raises(DataError, match=r"control of a\.csv says 'ca\. 5' for net_amount.*1234567\.89"):
        controls(control={"net_amount": "ca. 5"})


def test_without_a_list_of_rows_only_the_books_are_asked():
    engine = DuckDBEngine()
    audit = Audit(controls=[Control("a.csv", "order_lines", "net_amount", *map(Decimal, "5500"))])
    reconcile.controls(
        engine.connection, [Source("a.csv", "order_lines", control={"net_amount": "5"})], audit, Settings()
    )
    assert engine.rows("SELECT is_within FROM audit_controls") == [(True,)]
