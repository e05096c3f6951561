"""What each way of writing a day is read as; what has two readings, or none, is set aside."""

from __future__ import annotations

from datetime import date

import pytest

from salesops_lib.cleaning.settings import Settings

DAY = date(2024, 1, 31)
ASIDE = None
UNREAD = "cannot be read as date"
BLANK = "required value is blank"
TODAY = date(2026, 11, 23)

#: Text → day and rule, or the reason.
YEAR_FIRST = {
    "2024-01-31": (DAY, ""), "2024-1-5": (date(2024, 1, 5), ""), "2024/1/31": (DAY, ""), "2024.01.31": (DAY, ""), "20240131": (DAY, ""),
    "2024年1月31日": (DAY, ""), "2024年1月31号": (DAY, ""), "2024 01 31": (DAY, ""), "２０２４－０１－３１": (DAY, ""),
    "2024/1/31 13:05": (DAY, ""), "2024-01-31 23:59:59.999": (DAY, ""), "2024-01-31T17:30:00Z": (DAY, ""),
    "2024-01-31T17:30:00+08:00": (DAY, ""), "2024-01-31 24:00": (DAY, ""), "2024-01-31 1:05 PM": (DAY, ""),
    "2024年1月31日 下午1:05": (DAY, ""), "2024年1月31日13:05": (DAY, ""), "2024/1/31 上午 9:05": (DAY, ""), "20240131 130500": (DAY, ""),
    "20240131130500": (DAY, ""), "2024-01-31（周三）": (DAY, ""), "\u200b2024-01-31": (DAY, ""),
    "Jan 31, 2024": (DAY, "text month"), "January 31st, 2024": (DAY, "text month"), "31-Jan-24": (DAY, "text month"), "31-Jan-2024": (DAY, "text month"),
    "31 January 2024": (DAY, "text month"), "31Jan2024": (DAY, "text month"), "Wed, 31 Jan 2024 13:05:00 +0000": (DAY, "text month"),
    "2024-Jan-31": (DAY, "text month"), "民国113年1月31日": (DAY, "民国 year"), "24年1月31日": (DAY, "two-digit year"),
    "二〇二四年一月三十一日": (DAY, "day in words"), "二零二四年十二月十日": (date(2024, 12, 10), "day in words"),
    "二〇二四年二月廿九日": (date(2024, 2, 29), "day in words"), "45322": (DAY, "Excel serial day"), "45322.5": (DAY, "Excel serial day"),
    # two readings, or none
    "31/01/2024": (ASIDE, UNREAD), "01/31/2024": (ASIDE, UNREAD), "01/02/2024": (ASIDE, UNREAD), "31.01.24": (ASIDE, UNREAD), "11/1/24": (ASIDE, UNREAD),
    "24-01-31": (ASIDE, UNREAD), "113/01/31": (ASIDE, UNREAD), "1706659200": (ASIDE, UNREAD), "2024-01": (ASIDE, UNREAD), "2024年": (ASIDE, UNREAD),
    "2023-02-29": (ASIDE, UNREAD), "2024-13-45": (ASIDE, UNREAD), "20230229": (ASIDE, UNREAD), "Feb 30, 2024": (ASIDE, UNREAD), "民国113年2月30日": (ASIDE, UNREAD),
    "2024-01-31 25:00": (ASIDE, UNREAD), "2024-01-31 or so": (ASIDE, UNREAD), "13:05": (ASIDE, UNREAD), "待定": (ASIDE, UNREAD), "123": (ASIDE, UNREAD),
    "0000-00-00": (ASIDE, BLANK), "0000-00-00 00:00:00": (ASIDE, BLANK), "1900-01-00": (ASIDE, BLANK), "0": (ASIDE, BLANK), "  /  /    ": (ASIDE, BLANK),
    "N/A": (ASIDE, BLANK), "-": (ASIDE, BLANK), "1899-12-31": (ASIDE, "is before 1900-01-01"), "0024-01-31": (ASIDE, "is before 1900-01-01"),
    "2099-01-01": (ASIDE, "is in the future"), "9999-12-31": (ASIDE, "is in the future"),
}  # fmt: skip


@pytest.fixture(scope="module")
def days(staged):
    return dict(
        zip(YEAR_FIRST, staged("order_lines", "order_id ordered_on", *[["A1", text] for text in YEAR_FIRST]))
    )


@pytest.mark.parametrize("text", YEAR_FIRST)
def test_a_day_is_read_or_set_aside_with_its_reason(days, text: str) -> None:
    (day, told), row = YEAR_FIRST[text], days[text]
    if day is ASIDE:
        assert row.fault == ("ordered_on", told)
        return
    assert (row.fault, row.values["ordered_on"]) == (None, day)
    assert row.changes == ((("ordered_on", text, str(day), told),) if told else ())


ORDERED = {
    "31/01/2024": (DAY, ASIDE), "31-01-2024": (DAY, ASIDE), "31.1.2024 13:05": (DAY, ASIDE), "31.01.24": (DAY, ASIDE), "01/31/2024": (ASIDE, DAY),
    "1/31/24 1:05 PM": (ASIDE, DAY), "05/03/2026": (date(2026, 3, 5), date(2026, 5, 3)), "11/1/24": (date(2024, 1, 11), date(2024, 11, 1)),
    "1/12/2024": (date(2024, 12, 1), date(2024, 1, 12)), "03.04.2026, 10:00": (date(2026, 4, 3), date(2026, 3, 4)), "2024-01-31": (DAY, DAY),
    "2024/1/31": (DAY, DAY), "20240131": (DAY, DAY), "2024年1月31日": (DAY, DAY), "31/31/2024": (ASIDE, ASIDE), "00/01/2024": (ASIDE, ASIDE),
}  # fmt: skip


@pytest.mark.parametrize(("order", "told"), [("dmy", "day first"), ("mdy", "month first")])
def test_the_order_of_the_file_is_kept_for_every_day(staged, order: str, told: str) -> None:
    rows = staged("order_lines", "order_id ordered_on", *[["A1", text] for text in ORDERED], date_order=order)
    expected = {text: pair[order == "mdy"] for text, pair in ORDERED.items()}
    assert dict(zip(ORDERED, [row.values.get("ordered_on") for row in rows])) == expected
    assert [(rule.column, rule.rule) for rule in rows.rules] == [("ordered_on", told)]


@pytest.mark.parametrize(
    ("text", "header", "order", "rule"),
    [
        ("113/01/31", "日期（民国）", "ymd", "民国 year"),
        ("113/01/31", "日期", "roc", "民国 year"),
        ("1706659200", "Unix timestamp", "ymd", "seconds since 1970"),
        ("1706659200123", "时间戳", "ymd", "seconds since 1970"),
        ("1706659200", "created", "epoch", "seconds since 1970"),
    ],
)
def test_what_the_column_says_of_its_years_and_counts(
    staged, text: str, header: str, order: str, rule: str
) -> None:
    (row,) = staged(
        "order_lines", "order_id ordered_on", ["A1", text], headers=("no", header), date_order=order
    )
    assert (row.values.get("ordered_on"), row.changes) == (DAY, (("ordered_on", text, "2024-01-31", rule),))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-01-31T17:30:00Z", date(2024, 2, 1)),
        ("2024-01-31 17:30:00 +0000", date(2024, 2, 1)),
        ("2024-01-31 15:59:00+00:00", DAY),
        ("2024-01-31T17:30:00+08:00", DAY),
        ("2024-01-31 17:30:00", DAY),
        ("2024-01-31", DAY),
    ],
)
def test_moments_count_on_the_days_of_the_companys_zone(staged, text: str, expected: date) -> None:
    settings = Settings(time_zone="Asia/Shanghai", today=TODAY)
    (row,) = staged("order_lines", "order_id ordered_on", ["A1", text], settings=settings)
    assert row.values["ordered_on"] == expected


def test_only_events_cannot_be_in_the_future(staged) -> None:
    columns = "order_id ordered_on requested_on shipped_on"
    rows = staged(
        "order_lines",
        columns,
        ["A1", "2027-11-24", "2099-01-01", ""],
        ["A2", "2027-11-25", "", ""],
        ["A3", "2026-03-05", "", "2099-01-01"],
    )
    assert [row.fault for row in rows] == [None, ("ordered_on", "is in the future"), None]
    assert rows[0].values["requested_on"] == date(2099, 1, 1)
    assert rows[2].changes == (("shipped_on", "2099-01-01", None, "is in the future; left blank"),)


@pytest.mark.parametrize(
    ("text", "month", "quarter"),
    [
        ("2026-03", "2026-03", "2026-Q1"), ("2026-3-01", "2026-03", "2026-Q1"), ("202603", "2026-03", "2026-Q1"), ("2026年3月", "2026-03", "2026-Q1"),
        ("2026年3月份", "2026-03", "2026-Q1"), ("2026/05/01", "2026-05", "2026-Q2"), ("20260501", "2026-05", "2026-Q2"), ("Mar 2026", "2026-03", "2026-Q1"),
        ("Mar-2026", "2026-03", "2026-Q1"), ("3/2026", "2026-03", "2026-Q1"), ("二〇二六年三月", "2026-03", "2026-Q1"), ("2026M03", "2026-03", "2026-Q1"),
        ("46086", "2026-03", "2026-Q1"), ("2026-Q1", "2026-Q1", "2026-Q1"), ("2026Q2", "2026-Q2", "2026-Q2"), ("Q3 2026", "2026-Q3", "2026-Q3"),
        ("2026年第2季度", "2026-Q2", "2026-Q2"), ("2026年二季度", "2026-Q2", "2026-Q2"), ("FY2026", "FY2026", "FY2026"), ("2026", "2026", "2026"),
        ("Spring", ASIDE, ASIDE), ("2026-13", ASIDE, ASIDE), ("Mar-26", ASIDE, ASIDE), ("合计", ASIDE, ASIDE),
    ],
)  # fmt: skip
def test_periods(periods, text: str, month: str | None, quarter: str | None) -> None:
    assert (periods["expenses"][text], periods["market"][text]) == (month, quarter)


@pytest.fixture(scope="module")
def periods(staged):
    texts = next(m for m in test_periods.pytestmark if m.name == "parametrize").args[1]
    written = [text for text, *_ in texts]
    found = {}
    for table, column in (("expenses", "amount"), ("market", "market_amount")):
        rows = staged(table, f"period {column}", *[[text, "1"] for text in written])
        found[table] = {text: row.values.get("period") for text, row in zip(written, rows)}
    return found
