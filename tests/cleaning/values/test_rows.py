"""Rows that are no data are excluded, each by a named rule; rows that look like it are not."""

from __future__ import annotations

import pytest

COLUMNS = "order_id ordered_on customer_name net_amount"


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ([None, None, None, None], "blank row"),
        (["", "  ", "　", "\t"], "blank row"),
        (["order_id", "ordered_on", "customer_name", "net_amount"], "headers repeated"),
        (["合计", None, None, "300"], "totals row"),
        ([None, "总计：", None, "300"], "totals row"),
        ([None, None, "小计", "300"], "totals row"),
        (["小计", "2026-03-05", None, "300"], "totals row"),
        (["Grand Total", None, None, "300"], "totals row"),
        (["East Total", None, None, "300"], "totals row"),
        (["Subtotal:", None, None, "300"], "totals row"),
        ([None, "2026年3月合计", None, "300"], "totals row"),
    ],
)
def test_excluded(staged, record: list[str | None], reason: str) -> None:
    (row,) = staged("order_lines", COLUMNS, record)
    assert (row.fault, row.fate) == (("", reason), "excluded")


def test_the_money_of_a_totals_row_stays_for_comparison(staged) -> None:
    (row,) = staged("order_lines", COLUMNS, ["合计", None, None, "1.2万"])
    assert row.exact["net_amount"] == 12_000


@pytest.mark.parametrize(
    ("record", "fault"),
    [
        (["A1", "2026-03-05", "Total", "3"], None),
        (["A1", "2026-03-05", "小计科技", "3"], None),
        (["A1", None, "Total", "3"], ("ordered_on", "required value is blank")),
        (["A1", "soon", "合计", "3"], ("ordered_on", "cannot be read as date")),
        (["SUMMIT-1", "2026-03-05", None, "3"], None),
        (["Confidential", None, None, None], ("ordered_on", "required value is blank")),
        (["制表人：张三", None, None, None], ("ordered_on", "required value is blank")),
    ],
)
def test_not_excluded(staged, record: list[str | None], fault: tuple[str, str] | None) -> None:
    (row,) = staged("order_lines", COLUMNS, record)
    assert row.fault == fault


def test_masters_have_totals_and_headers_in_their_keys(staged) -> None:
    rows = staged(
        "customers",
        "customer_id name credit_limit",
        ["Total", None, "5"],
        ["TOTAL", "TotalEnergies", "5"],
        ["customer_id", "name", "credit_limit"],
    )
    assert [row.fate for row in rows] == ["excluded", "used", "excluded"]


def test_cells_of_columns_that_are_not_used_make_a_row_more_than_blank(staged) -> None:
    (row,) = staged(
        "customers", "customer_id", ["", "a note"], headers=("id", "note"), columns={"customer_id": "id"}
    )
    assert row.fault == ("customer_id", "required value is blank")
