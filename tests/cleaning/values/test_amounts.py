"""What each way of writing a number is read as; what has two readings, or none, is set aside."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

ASIDE = None
COMMA = "has a point or comma that is neither decimal mark nor thousands separator"
UNREAD = "cannot be read as money"

#: Text → amount and rule; '' for a rule where DuckDB's own cast reads it.
POINT = {
    "12.5": ("12.5", ""), "0.00": ("0", ""), "-1234": ("-1234", ""), "+5": ("5", ""), ".5": ("0.5", ""),
    "1.234": ("1.234", ""), "1e5": ("100000", ""), "1.2E+06": ("1200000", ""), "731.9399999999999": ("731.94", ""),
    "1,234.50": ("1234.5", "thousands separators"), "12,345,678": ("12345678", "thousands separators"),
    "12,34,567": ("1234567", "thousands separators"), "1 234 567": ("1234567", "thousands separators"),
    "1'234.50": ("1234.5", "thousands separators"), "1’234.50": ("1234.5", "thousands separators"),
    "1\u202f234.50": ("1234.5", "thousands separators"), "1 234,56": ("1234.56", "comma is the decimal mark"),
    "12 345 678,9": ("12345678.9", "comma is the decimal mark"),
    "￥1,234.50": ("1234.5", "currency mark removed"), "¥ 1,234.50": ("1234.5", "currency mark removed"),
    "¥-1,234": ("-1234", "currency mark removed"), "-¥1,234": ("-1234", "currency mark removed"),
    "RMB 15": ("15", "currency mark removed"), "人民币15元": ("15", "currency mark removed"),
    "￥12元": ("12", "currency mark removed"), "1,234元整": ("1234", "currency mark removed"),
    "15 CNY": ("15", "currency mark removed"),
    "(1,234)": ("-1234", "brackets are minus"), "（1,234.50）": ("-1234.5", "brackets are minus"),
    "(￥1,234.50)": ("-1234.5", "brackets are minus"), "1234-": ("-1234", "trailing minus"),
    "−1234": ("-1234", "special characters"), "–1234": ("-1234", "special characters"),
    "－１２３": ("-123", "full-width characters"), "１２３．４５": ("123.45", "full-width characters"),
    "１，２３４": ("1234", "thousands separators"),
    "1.2万": ("12000", "万 is 10^4"), "3亿": ("300000000", "亿 is 10^8"), "5千": ("5000", "千 is 10^3"),
    "1.2万元": ("12000", "万 is 10^4"), "１．２萬": ("12000", "万 is 10^4"), "0.3百万": ("300000", "百万 is 10^6"),
    "-1.5万": ("-15000", "万 is 10^4"), "1.23456789万": ("12345.6789", "万 is 10^4"),
    "1.2k": ("1200", "k is 10^3"), "3M": ("3000000", "m is 10^6"), "2.5bn": ("2500000000", "bn is 10^9"),
    "¥1.2 million": ("1200000", "m is 10^6"),
    "壹万贰仟叁佰元整": ("12300", "amount in words"), "一万二千": ("12000", "amount in words"),
    "人民币壹佰零伍元叁角贰分": ("105.32", "amount in words"), "十二万": ("120000", "amount in words"),
    "一亿零三百万": ("103000000", "amount in words"), "零元": ("0", "amount in words"),
    # two readings, or none
    "1,23": (ASIDE, COMMA), "1,2345": (ASIDE, COMMA), "0,123": (ASIDE, COMMA), "1.234,56": (ASIDE, COMMA),
    "3,5万": (ASIDE, COMMA), "1,234,56": (ASIDE, COMMA), "1,234.5.6": (ASIDE, UNREAD), "1.2.3": (ASIDE, UNREAD),
    "1,234 CR": (ASIDE, "CR and DR do not say which of them is minus"), "5DR": (ASIDE, "CR and DR do not say which of them is minus"),
    "12%": (ASIDE, UNREAD), "8折": (ASIDE, UNREAD), "abc": (ASIDE, UNREAD), "--5": (ASIDE, UNREAD), "(5": (ASIDE, UNREAD),
    "(-5)": (ASIDE, UNREAD), "-5-": (ASIDE, UNREAD), "100-200": (ASIDE, UNREAD), "~100": (ASIDE, UNREAD), "5 kg": (ASIDE, UNREAD),
    "一万二": (ASIDE, UNREAD), "亿": (ASIDE, UNREAD), "一二三": (ASIDE, UNREAD), "1e5万": (ASIDE, "has a unit of its own beside the header's unit"),
    "1²": (ASIDE, UNREAD), "①": (ASIDE, UNREAD), "1/2": (ASIDE, UNREAD), "12:30": (ASIDE, UNREAD), "￥12 USD": (ASIDE, UNREAD),
    "$12": (ASIDE, "is in another currency than its row or file"), "1000000000000": (ASIDE, "is larger than 999,999,999,999"),
    "9" * 30: (ASIDE, "is larger than 999,999,999,999"), "1.2万亿": (ASIDE, "is larger than 999,999,999,999"),
}  # fmt: skip


@pytest.fixture(scope="module")
def points(staged):
    records = [["A1", "2026-03-05", text] for text in POINT]
    return dict(zip(POINT, staged("order_lines", "order_id ordered_on net_amount", *records)))


@pytest.mark.parametrize("text", POINT)
def test_an_amount_is_read_exactly_or_set_aside_with_its_reason(points, text: str) -> None:
    (amount, told), row = POINT[text], points[text]
    if amount is ASIDE:
        assert row.fault == ("net_amount", told)
        return
    assert row.fault is None
    assert row.exact["net_amount"] == Decimal(amount)
    assert [change[3] for change in row.changes] == ([told] if told else [])
    assert all(
        change[:2] == ("net_amount", text) and Decimal(change[2]) == Decimal(amount) for change in row.changes
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.234,56", "1234.56"),
        ("1.234", "1234"),
        ("1,234", "1.234"),
        ("1,5", "1.5"),
        ("-12,50", "-12.5"),
        ("1.234.567,89", "1234567.89"),
        ("1 234,56", "1234.56"),
        ("(1.234,5)", "-1234.5"),
        ("3,5万", "35000"),
        ("¥ 1.234,50", "1234.5"),
        ("1234", "1234"),
        ("1,234.5", ASIDE),
        ("1.23", ASIDE),
        ("1.23.456", ASIDE),
    ],
)
def test_amounts_of_a_file_whose_decimal_mark_is_a_comma(staged, text: str, expected: str | None) -> None:
    rows = staged("order_lines", "order_id ordered_on net_amount", ["A1", "2026-03-05", text], decimal=",")
    assert rows[0].exact["net_amount"] == (expected and Decimal(expected))
    assert (rows[0].fault is None) == (expected is not None)
    assert ("net_amount", "comma is the decimal mark") in {(rule.column, rule.rule) for rule in rows.rules}


@pytest.mark.parametrize(
    "text", ["-", "--", "—", "N/A", "n/a", "NULL", "null", "None", "NaN", "\\N", "无", "", None, "  "]
)
def test_words_for_nothing_are_no_amounts(staged, text: str | None) -> None:
    (row,) = staged("order_lines", "order_id ordered_on net_amount", ["A1", "2026-03-05", text])
    assert (row.fault, row.values.get("net_amount"), row.changes) == (None, None, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.15", 0.15), ("15%", 0.15), ("１５％", 0.15), ("15 % off", 0.15), ("15‰", 0.015), ("8折", 0.2), ("85折", 0.15),
        ("8.5折", 0.15), ("八折", 0.2), ("八五折", 0.15), ("对折", 0.5), ("10折", ASIDE), ("x", ASIDE), ("1.5", ASIDE), ("-0.1", ASIDE),
    ],
)  # fmt: skip
def test_discounts(staged, text: str, expected: float | None) -> None:
    (row,) = staged("order_lines", "order_id ordered_on discount_rate", ["A1", "2026-03-05", text])
    assert (row.values["discount_rate"] if row.fault is None else None) == expected


def test_a_share_in_percent_without_the_mark(staged) -> None:
    records = [["A1", "2026-03-05", "15"], ["A2", "2026-03-05", "15%"], ["A3", "2026-03-05", "8折"]]
    rows = staged("order_lines", "order_id ordered_on discount_rate", *records, units={"discount_rate": 0.01})
    assert [row.values["discount_rate"] for row in rows] == [0.15, 0.15, 0.2]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3", "3"),
        ("10件", "10"),
        ("10 pcs", "10"),
        ("1.2万", "12000"),
        ("3k", "3000"),
        ("3m", ASIDE),
        ("2箱", ASIDE),
        ("¥5", ASIDE),
    ],
)
def test_quantities_know_pieces_and_no_other_measure(staged, text: str, expected: str | None) -> None:
    (row,) = staged("order_lines", "order_id ordered_on quantity", ["A1", "2026-03-05", text])
    assert (row.values["quantity"] if row.fault is None else None) == (expected and Decimal(expected))


@pytest.mark.parametrize(
    ("text", "factor", "expected"),
    [
        ("1.25", 10_000, "12500"),
        ("1.23456789", 10_000, "12345.6789"),
        ("(1.5)", 10_000, "-15000"),
        ("1,200.5", 1_000, "1200500"),
        ("2", 12, "24"),
        ("(2)", 12, "-24"),
        ("1.2万", 10_000, ASIDE),
        ("一万", 10_000, ASIDE),
    ],
)
def test_units_of_the_header(staged, text: str, factor: int, expected: str | None) -> None:
    columns = "order_id ordered_on net_amount"
    rows = staged("order_lines", columns, ["A1", "2026-03-05", text], units={"net_amount": factor})
    assert rows[0].exact["net_amount"] == (expected and Decimal(expected))
    assert [rule.detail for rule in rows.rules] == [f"×{factor:,}"]
    if expected is None:
        assert rows[0].fault == ("net_amount", "has a unit of its own beside the header's unit")


def test_large_amounts_where_tables_are_small(staged) -> None:
    rows = staged(
        "market",
        "period market_amount",
        ["2026-Q1", "1.2万亿"],
        ["2026-Q1", "999999999999999.99"],
        ["2026-Q1", "1e15"],
    )
    assert [row.values["market_amount"] for row in rows[:2]] == [120_000_000_000_000, 99_999_999_999_999_999]
    assert rows[2].fault == ("market_amount", "is larger than 999,999,999,999,999")


def test_a_large_line_is_multiplied_exactly(staged) -> None:
    columns = "order_id ordered_on quantity unit_price"
    rows = staged(
        "order_lines",
        columns,
        ["A1", "2026-03-05", "98765", "123456.78"],
        ["A2", "2026-03-05", "1e11", "1e11"],
    )
    assert rows[0].exact["net_amount"] == Decimal("98765") * Decimal("123456.78")
    assert rows[1].fault == ("net_amount", "is out of range")


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(-(10**17) + 1, 10**17 - 1), st.sampled_from(["", ",", "()", "full", "trailing"])
        ),
        min_size=1,
        max_size=40,
    )
)
def test_what_was_read_and_is_written_again_reads_the_same(written: list[tuple[int, str]]) -> None:
    import duckdb

    from salesops_lib.cleaning.clean import staging
    from salesops_lib.cleaning.settings import Settings
    from salesops_lib.cleaning.sources import Source

    def read(texts: list[str]) -> list[Decimal]:
        names = ["order_id", "ordered_on", "net_amount"]
        with duckdb.connect() as connection:
            connection.execute("CREATE TABLE raw (c0 VARCHAR, c1 VARCHAR, c2 VARCHAR)")
            connection.executemany(
                "INSERT INTO raw VALUES ('A', '2026-03-05', ?)", [[text] for text in texts]
            )
            connection.execute(
                staging(
                    Source("f.csv", "order_lines", dict(zip(names, names))), names, "raw", Settings(), "s"
                ).sql
            )
            return [
                row[0]
                for row in connection.execute("SELECT exact_net_amount FROM s ORDER BY rowid").fetchall()
            ]

    meant = [Decimal(millionths).scaleb(-6) for millionths, _ in written]
    first = read([_written(amount, how) for amount, (_, how) in zip(meant, written)])
    assert first == meant
    assert read([f"{amount:f}" for amount in first]) == first
    assert (
        read([_written(amount, how) for amount, (_, how) in zip(meant[::-1], written[::-1])]) == first[::-1]
    )


def _written(amount: Decimal, how: str) -> str:
    if how == "()" and amount < 0:
        return f"({-amount:,f})"
    if how == "trailing" and amount < 0:
        return f"{-amount:f}-"
    if how == "full":
        return f"{amount:f}".translate(str.maketrans("0123456789.-", "０１２３４５６７８９．－"))
    return f"{amount:,f}" if how == "," else f"{amount:f}"
