"""From a file to the list of what was interpreted in it, through the public functions."""

from __future__ import annotations

from salesops_lib.cleaning.settings import Settings

EUROPEAN = """\
Bestellnr;Order Date;Customer;Sales
A1;31.01.2024;Müller;1.234,56
A2;01.02.2024;Müller;1.234
A3;28.02.24;Müller;12,50-
A4;29.02.2023;Müller;5,00
A5;13.02.2024;Müller;1,234.5
"""


def test_a_european_file(loaded) -> None:
    text = EUROPEAN.replace("Bestellnr", "Order No")
    audit, query = loaded(orders=text)
    found = query(
        "SELECT order_id, CAST(ordered_on AS VARCHAR), net_amount FROM order_lines ORDER BY order_id"
    )
    assert found == [
        ("A1", "2024-01-31", 123_456),
        ("A2", "2024-02-01", 123_400),
        ("A3", "2024-02-28", -1250),
    ]
    aside = query("SELECT line, column_name, value, reason FROM set_aside ORDER BY line")
    assert aside == [
        (5, "ordered_on", "29.02.2023", "cannot be read as date"),
        (
            6,
            "net_amount",
            "1,234.5",
            "has a point or comma that is neither decimal mark nor thousands separator",
        ),
    ]
    changed = query(
        'SELECT line, column_name, "before", "after", rule FROM changes ORDER BY line, column_name'
    )
    assert changed == [
        (2, "net_amount", "1.234,56", "1234.56", "thousands separators"),
        (3, "net_amount", "1.234", "1234", "thousands separators"),
        (4, "net_amount", "12,50-", "-12.5", "trailing minus"),
        (4, "ordered_on", "28.02.24", "2024-02-28", "two-digit year"),
    ]
    assert (audit.sources[0].rows_in, audit.sources[0].used, audit.sources[0].set_aside) == (5, 3, 2)


def test_a_chinese_file(loaded) -> None:
    text = (
        "订单编号,订单日期,客户名称,销售额,发货日期\n"
        "A1,2024年1月31日,甲公司,1.2万,待定\n"
        "A2,2024/2/1,NULL,（300）,2024-02-03\n"
        "合计,,,11700,\n"
    )
    audit, query = loaded(policy=Settings(currency="CNY"), orders=text)
    assert query(
        "SELECT order_id, customer_name, net_amount, shipped_on IS NULL FROM order_lines ORDER BY order_id"
    ) == [
        ("A1", "甲公司", 1_200_000, True),
        ("A2", "NULL", -30_000, False),
    ]
    assert query("SELECT line, column_name, rule FROM changes ORDER BY line, column_name") == [
        (2, "net_amount", "万 is 10^4"),
        (2, "shipped_on", "cannot be read as date; left blank"),
        (3, "net_amount", "brackets are minus"),
    ]
    assert query("SELECT line, reason, fate FROM set_aside") == [(4, "totals row", "excluded")]
    assert audit.sources[0].used == 2
