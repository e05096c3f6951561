"""Codes and names stay text; currencies become ISO codes."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    "code",
    ["007", "12345678901234567890", "1e5", "NA", "NO", "NULL", "None", "nan", "N/A", "-", "0", "00.10"],
)
def test_a_code_is_what_the_file_says(staged, code: str) -> None:
    (row,) = staged("customers", "customer_id name region", [code, code, code])
    assert (row.fault, row.changes) == (None, ())
    assert [row.values[name] for name in ("customer_id", "name", "region")] == [code] * 3


def test_codes_exported_as_numbers_lose_their_decimals_only_where_the_column_is_known_for_it(staged) -> None:
    kept = staged("customers", "customer_id", ["17850.0"])
    assert kept[0].values["customer_id"] == "17850.0"
    cut = staged("customers", "customer_id", ["17850.0"], ["A1"], float_codes=("customer_id",))
    assert [row.values["customer_id"] for row in cut] == ["17850", "A1"]
    assert [(rule.column, rule.rule) for rule in cut.rules] == [("customer_id", "float code")]


def test_full_width_characters_of_codes_are_narrowed_and_listed(staged) -> None:
    (row,) = staged("customers", "customer_id name", ["ＳＫＵ－００１", "ＡＢＣ（上海）"])
    assert (row.values["customer_id"], row.values["name"]) == ("SKU-001", "ＡＢＣ（上海）")
    assert row.changes == (("customer_id", "ＳＫＵ－００１", "SKU-001", "full-width characters"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("　华东　", "华东"),
        ("\tEast\r", "East"),
        (" a b ", "a b"),
        ("华东 ", "华东"),
        ("", None),
        ("   ", None),
        ("\\N", None),
    ],
)
def test_white_space_around_text_is_taken_off_and_not_listed(staged, text: str, expected: str | None) -> None:
    (row,) = staged("customers", "customer_id region", ["C1", text])
    assert (row.values.get("region"), row.changes) == (expected, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CNY", "CNY"),
        ("人民币", "CNY"),
        ("RMB", "CNY"),
        ("usd", "USD"),
        ("美元", "USD"),
        ("HK$", "HKD"),
        ("$", "$"),
        ("Taler", "Taler"),
    ],
)
def test_a_currency_column_is_told_by_its_codes(staged, text: str, expected: str) -> None:
    (row,) = staged("order_lines", "order_id ordered_on currency", ["A1", "2026-03-05", text])
    assert row.values["currency"] == expected
    assert [change[3] for change in row.changes] == ([] if text == expected else ["currency name"])
