"""What each kind of text is read as: one small case a rule."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning import clean
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.tables import TABLES

DAY = dt.date(2026, 3, 5)


def value(sql: str, text: str | None) -> object:
    return duckdb.execute(f"SELECT {sql} FROM (SELECT CAST(? AS VARCHAR) AS t)", [text]).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12.5", "12.5"),
        ("1,234.50", "1234.50"),
        ("12,345,678", "12345678"),
        ("￥1,234.50", "1234.50"),
        ("¥ 1,234.50", "1234.50"),
        ("(1,234)", "-1234"),
        ("($1,234.50)", "-1234.50"),
        ("1234-", "-1234"),
        ("-5", "-5"),
        ("1.2万", "12000"),
        ("3亿", "300000000"),
        ("１２３．４５", "123.45"),
        ("USD 15", "15"),
        ("15 元", "15"),
        ("731.9399999999999", "731.94"),
        ("1e3", "1000"),
    ],
)
def test_amounts_are_read_exactly(text: str, expected: str) -> None:
    assert value(clean.exact_sql("t"), text) == Decimal(expected)


@pytest.mark.parametrize(
    "text", ["1,23", "12,34,567", "abc", "1.2.3", "--5", "(5", "", "9" * 30, "NaN", None]
)
def test_what_is_no_amount_stays_unread(text: str | None) -> None:
    assert value(clean.exact_sql("t"), text) is None


def test_a_comma_is_a_decimal_mark_only_where_the_source_says_so() -> None:
    assert value(clean.exact_sql("t", ","), "1.234,50") == Decimal("1234.50")
    assert value(clean.exact_sql("t", "."), "1.234,50") is None


@pytest.mark.parametrize(
    ("text", "order", "expected"),
    [
        ("2026-03-05", "ymd", DAY),
        ("2026/3/5", "ymd", DAY),
        ("2026.03.05", "ymd", DAY),
        ("20260305", "ymd", DAY),
        ("2026年3月5日", "ymd", DAY),
        ("2026-03-05 23:59:59", "ymd", DAY),
        ("2026-03-05T08:00", "ymd", DAY),
        ("２０２６－０３－０５", "ymd", DAY),
        ("46086", "ymd", DAY),
        ("46086.75", "ymd", DAY),
        ("5-Mar-2026", "ymd", DAY),
        ("Mar 05, 2026", "ymd", DAY),
        ("05/03/2026", "dmy", DAY),
        ("5/3/2026", "dmy", DAY),
        ("5.3.2026", "dmy", DAY),
        ("5/3/26", "dmy", DAY),
        ("05/03/2026 14:30", "dmy", DAY),
        ("03/05/2026", "mdy", DAY),
        ("3/5/26", "mdy", DAY),
        ("2026-03-05", "mdy", DAY),
        ("03/05/2026", "ymd", None),
        ("2026-02-30", "ymd", None),
        ("31/31/2026", "dmy", None),
        ("soon", "ymd", None),
        (None, "ymd", None),
    ],
)
def test_days(text: str | None, order: str, expected: dt.date | None) -> None:
    assert value(clean.date_sql("t", order), text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("0.15", "0.15"), ("15%", "0.15"), ("１５％", "0.15"), ("x", None)]
)
def test_ratios(text: str, expected: str | None) -> None:
    read = value(clean.ratio_sql("t"), text)
    assert (None if read is None else Decimal(str(read))) == (None if expected is None else Decimal(expected))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("　华东　", "华东"),
        ("\tEast\r", "East"),
        (" a b ", "a b"),
        ("华东", "华东"),
        ("华东 ", "华东"),
        ("", None),
        ("   ", None),
        ("NULL", None),
        ("Null island", "Null island"),
    ],
)
def test_text_is_trimmed_and_kept(text: str, expected: str | None) -> None:
    assert value(clean.text_sql("t"), text) == expected


def test_codes_stay_text() -> None:
    assert value(clean.code_sql("t", is_float=False), "00123") == "00123"
    assert value(clean.code_sql("t", is_float=False), "10.0") == "10.0"
    assert value(clean.code_sql("t", is_float=True), "17850.0") == "17850"
    assert value(clean.code_sql("t", is_float=False), "ＳＫＵ－００１") == "SKU-001"


@pytest.mark.parametrize(
    ("text", "by_quarter", "expected"),
    [
        ("2026-03", False, "2026-03"),
        ("2026-3-01", False, "2026-03"),
        ("2026年3月", False, "2026-03"),
        ("202603", False, "2026-03"),
        ("2026-Q1", True, "2026-Q1"),
        ("2026年第2季度", True, "2026-Q2"),
        ("2026-05-01", True, "2026-Q2"),
        ("Spring", False, "Spring"),
    ],
)
def test_periods(text: str, by_quarter: bool, expected: str) -> None:
    assert value(clean.period_sql("t", by_quarter=by_quarter), text) == expected


@given(st.integers(-(10**15), 10**15))
def test_money_is_rounded_once_half_to_even(millionths: int) -> None:
    from decimal import ROUND_HALF_EVEN

    amount = Decimal(millionths).scaleb(-6)
    expected = int(amount.quantize(Decimal("0.01"), ROUND_HALF_EVEN) * 100)
    assert value(clean.minor_units("CAST(t AS DECIMAL(17, 6))", 2), str(amount)) == expected


def test_minor_units_follow_the_currency() -> None:
    assert [clean.digits_of(code) for code in ("CNY", "JPY", "KWD", "")] == [2, 0, 3, 2]
    assert value(clean.minor_units("CAST(t AS DECIMAL(17, 6))", 0), "2.5") == 2


@pytest.mark.parametrize("table", ["order_lines", "opportunities", "targets", "market"])
def test_staging_never_joins(table: str) -> None:
    """A join would lose the order of the file, on which line numbers rest."""
    contract = TABLES[table]
    columns = {name: name for name in contract.names}
    relation = f"(SELECT {', '.join(f'CAST(i AS VARCHAR) AS c{k}' for k in range(len(columns)))} FROM range(9) AS r(i))"
    plan = clean.staging(Source("f.csv", table, columns), list(columns), relation, Settings(), "staged")
    explained = duckdb.execute(f"EXPLAIN (FORMAT json) {plan.sql}").fetchall()[0][1]
    assert "JOIN" not in explained
