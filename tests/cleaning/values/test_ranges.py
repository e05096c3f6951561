"""What values can be, and what happens to those that cannot."""

from __future__ import annotations

from datetime import date

import pytest

from salesops_lib.cleaning.settings import Range, Settings
from salesops_lib.errors import DataError

ORDER = "order_id ordered_on"


def test_ranges_that_hold_without_a_policy(staged) -> None:
    lines = staged(
        "order_lines",
        f"{ORDER} discount_rate",
        *[["A1", "2026-03-05", rate] for rate in ("0", "1", "1.01", "-0.01")],
    )
    assert [row.fault for row in lines] == [
        None,
        None,
        ("discount_rate", "is larger than 1"),
        ("discount_rate", "is less than 0"),
    ]
    scores = staged("surveys", "survey_id answered_on instrument score", ["S1", "2026-03-05", "nps", "11"])
    assert scores[0].fault == ("score", "is larger than 10")
    rates = staged(
        "fx",
        "currency period rate_type rate",
        ["USD", "2026-03", "avg", "0"],
        ["VND", "2026-03", "avg", "0.00027512"],
    )
    assert rates[0].fault == ("rate", "is less than 0.00000001")
    assert rates[1].values["rate"] == pytest.approx(0.00027512, rel=1e-9)


def test_the_policys_range_takes_the_place_of_the_usual_one(staged) -> None:
    ranges = (
        Range("order_lines.discount_rate", 0, 0.6),
        Range("order_lines.net_amount", None, 1000, "keep"),
        Range("order_lines.ordered_on", date(2020, 1, 1)),
    )
    records = [
        ["A1", "2026-03-05", "0.7", "5"],
        ["A2", "2019-12-31", "0.5", "5"],
        ["A3", "2026-03-05", "0.5", "1000.01"],
    ]
    rows = staged(
        "order_lines", f"{ORDER} discount_rate net_amount", *records, settings=Settings(ranges=ranges)
    )
    assert [row.fault for row in rows] == [
        ("discount_rate", "is larger than 0.6"),
        ("ordered_on", "is less than 2020-01-01"),
        None,
    ]
    assert rows[2].changes == (("net_amount", "1000.01", "1000.01", "out of range; kept"),)


def test_a_range_of_a_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"no column 'order_lines.discount'; did you mean 'order_lines.discount_rate'"
    ):
        Settings(ranges=(Range("order_lines.discount", 0, 1),))


def test_settings_of_a_policy(tmp_path) -> None:
    from salesops_lib import policy

    file = tmp_path / "policy.yaml"
    file.write_text(
        "apiVersion: salespolicy/v1\nkind: SalesPolicy\n"
        "metadata: {id: x, version: 2025.1.0, title: {en: A, zh: 甲}, effective: {from: 2025-01-01}}\n"
        "data:\n  ranges: [{column: surveys.score, min: 1, max: 5}, {column: order_lines.ordered_on, min: 2020-01-01}]\n"
        "  future_days: 7\n  unreadable: set_aside\n  time_zone: Asia/Shanghai\n  merging: {customers: review, review: 0.7}\n",
        "utf-8",
    )
    found = Settings.of(policy.load(file))
    assert found.ranges == (
        Range("surveys.score", 1, 5),
        Range("order_lines.ordered_on", date(2020, 1, 1)),
        *(entry for entry in Settings().ranges if entry.column != "surveys.score"),
    )
    assert (found.future_days, found.unreadable, found.time_zone) == (7, "set_aside", "Asia/Shanghai")
    assert (found.merging.customers, found.merging.automatic, found.merging.review) == ("review", 0.99, 0.7)


def test_settings_do_not_change_from_one_day_to_the_next() -> None:
    one, other = Settings(today=date(2026, 1, 1)), Settings(today=date(2026, 1, 2))
    assert one == other
    assert repr(one) == repr(other)


UNREAD = {
    ("order_lines", "requested_on"): True, ("order_lines", "shipped_on"): True, ("order_lines", "quantity"): False, ("order_lines", "cost_amount"): False,
    ("order_lines", "discount_rate"): False, ("order_lines", "ordered_on"): False, ("customers", "first_seen_on"): True, ("customers", "credit_days"): True,
    ("customers", "credit_limit"): False, ("reps", "hired_on"): True, ("reps", "left_on"): False, ("org", "valid_to"): False, ("org", "valid_from"): False,
    ("opportunities", "closed_on"): False, ("opportunities", "expected_close_on"): True, ("opportunities", "created_on"): False,
    ("invoices", "due_on"): True, ("trainings", "score"): True, ("trainings", "completed_on"): False, ("returns", "returned_on"): False,
}  # fmt: skip


@pytest.mark.parametrize(("table", "column"), UNREAD)
def test_a_row_is_used_without_a_cell_that_it_can_do_without(staged, table: str, column: str) -> None:
    from salesops_lib.tables import TABLES

    sound = {
        "date": "2026-03-05",
        "text": "x",
        "money": "5",
        "number": "5",
        "quantity": "5",
        "ratio": "0.1",
        "integer": "5",
    }
    needed = [name for name in TABLES[table].required if name != column]
    record = [*(sound[TABLES[table][name].type] for name in needed), "soon"]
    for unreadable in ("blank", "set_aside"):
        (row,) = staged(table, " ".join([*needed, column]), record, settings=Settings(unreadable=unreadable))
        reason = f"cannot be read as {TABLES[table][column].type}"
        if UNREAD[table, column] and unreadable == "blank":
            assert (row.fault, row.changes) == (None, ((column, "soon", None, f"{reason}; left blank"),))
        else:
            assert (row.fault, row.changes) == ((column, reason), ())
