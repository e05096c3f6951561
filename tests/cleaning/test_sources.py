"""data/sources.yaml: written once, edited by people, and checked when read."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from salesops_lib import cleaning
from salesops_lib.cleaning import proposals
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import SOURCES, Source, read_sources, write_sources
from salesops_lib.errors import DataError

ORDERS = "Order ID,Order Date,Customer Name,Amount\n"


def write(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.write_text(text)
    return path


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", ORDERS + "A1,2026-03-05,Ann,10\n")
    (source,) = cleaning.add(tmp_path, [file])
    assert read_sources(tmp_path) == [source]
    assert (source.file, source.table) == ("orders.csv", "order_lines")
    assert source.samples["Customer Name"] == ("Ann",)
    assert 0.9 < source.confidence <= 1


def test_adding_again_replaces_the_entry_and_keeps_the_others_and_comments(tmp_path: Path) -> None:
    orders = write(tmp_path, "orders.csv", ORDERS + "A1,2026-03-05,Ann,10\n")
    team = write(tmp_path, "teams.csv", "sales_agent,manager,regional_office\nAnn,Bo,East\n")
    cleaning.add(tmp_path, [orders, team])
    path = tmp_path / SOURCES
    path.write_text(path.read_text().replace("    table: org", "    # teams as of March\n    table: org"))
    cleaning.add(tmp_path, [orders])
    assert "# teams as of March" in path.read_text()
    assert sorted(source.table for source in read_sources(tmp_path)) == ["order_lines", "org"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "table: order_lines",
            "table: orders",
            r"sources.yaml:\d+: there is no table 'orders'; did you mean",
        ),
        ("ordered_on:", "orderd_on:", "did you mean 'ordered_on'"),
        ("Order Date", "Order Dat", "has no header 'Order Dat'.*did you mean 'Order Date'"),
        ("delimiter:", "delimitr:", "unknown key 'delimitr'; did you mean 'delimiter'"),
        ("sources:", "sources: [", "not readable as YAML"),
        ("file: orders.csv", "file: order.csv", "no such file"),
        ("header_row: 1", "header_row: 9", "expects the header"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    cleaning.add(tmp_path, [write(tmp_path, "orders.csv", ORDERS + "A1,2026-03-05,Ann,10\n")])
    path = tmp_path / SOURCES
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(DataError, match=message):
        cleaning.load(tmp_path)


def test_an_ambiguous_date_order_is_asked(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", ORDERS + "A1,03/05/2026,Ann,10\n")
    asked: list[cleaning.Question] = []

    def ask(question: cleaning.Question) -> str:
        asked.append(question)
        return "mdy"

    (source,) = cleaning.add(tmp_path, [file], ask=ask)
    assert (source.date_order, asked[0].kind, asked[0].values) == ("mdy", "date_order", ("03/05/2026",))
    (source,) = cleaning.add(tmp_path, [file], yes=True, ask=ask, policy=Settings(date_order="mdy"))
    assert (source.date_order, len(asked)) == ("mdy", 1)
    (source,) = cleaning.add(tmp_path, [file], yes=True)
    assert source.date_order == "dmy"
    assert "read as dmy" in source.reasons[0]


def test_a_telling_day_far_down_the_file_spares_the_question(tmp_path: Path) -> None:
    rows = "".join(f"A{k},03/05/2026,Ann,10\n" for k in range(2000)) + "B,03/25/2026,Ann,1\n"
    (source,) = cleaning.add(tmp_path, [write(tmp_path, "orders.csv", ORDERS + rows)], yes=True)
    assert (source.date_order, source.reasons) == ("mdy", ())


def test_a_missing_required_column_is_asked_for_or_refused(tmp_path: Path) -> None:
    file = write(
        tmp_path, "orders.csv", "Order ID,Booked,Customer Name,Product,Amount\nA1,2026-03-05,Ann,P,10\n"
    )
    with pytest.raises(
        DataError, match=r"(?s)looks like order_lines.*ordered_on \(date\); known as ordered_on, 订单日期"
    ):
        cleaning.add(tmp_path, [file], yes=True)
    (source,) = cleaning.add(tmp_path, [file], ask=lambda question: question.options[0])
    assert source.columns["ordered_on"] == "Booked"


def test_at_most_three_questions_are_put(tmp_path: Path) -> None:
    files = [write(tmp_path, f"o{k}.csv", ORDERS + "A1,03/05/2026,Ann,10\n") for k in range(5)]
    asked: list[cleaning.Question] = []
    cleaning.add(tmp_path, files, ask=lambda question: (asked.append(question), question.default)[1])
    assert len(asked) == proposals.MAX_QUESTIONS


def test_an_answer_outside_the_options_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path, "orders.csv", ORDERS + "A1,03/05/2026,Ann,10\n")
    with pytest.raises(DataError, match="'dym' is no answer; did you mean"):
        cleaning.add(tmp_path, [file], ask=lambda question: "dym")


def test_files_that_feed_nothing(tmp_path: Path) -> None:
    words = write(tmp_path, "words.csv", "Table,Field,Description\na,b,c\n")
    orders = write(tmp_path, "orders.csv", ORDERS + "A1,2026-03-05,Ann,10\n")
    with pytest.raises(DataError, match=r"(?s)None of the files feeds a table.*Table, Field, Description"):
        cleaning.add(tmp_path, [words])
    with pytest.raises(DataError, match="There is no table 'order'; did you mean 'order_lines'"):
        cleaning.add(tmp_path, [orders], table="order")
    skipped, used = cleaning.add(tmp_path, [words, orders])
    assert (skipped.table, used.table) == ("", "order_lines")
    audit = cleaning.load(tmp_path)
    assert [s.source for s in audit.sources if s.kind == "skipped"] == ["words.csv"]


FULL = Source(
    "orders.csv",
    "order_lines",
    {"order_id": "Order ID", "net_amount": "Amount"},
    sha256="0" * 64,
    encoding="gb18030",
    delimiter="||",
    quote="'",
    escape="\\",
    header_row=3,
    header_rows=2,
    decimal=",",
    units={"net_amount": 10_000},
    amounts="gross",
    returns="marked",
    control={"net_amount": "2297200.8603"},
    confidence=0.9,
    confidences={"order_id": 1.0, "net_amount": 0.8},
)


@pytest.mark.parametrize(
    "source",
    [
        FULL,
        replace(FULL, quote="", escape=""),
        replace(FULL, quote='"', escape=""),
        replace(FULL, quote="'", escape="'"),
        replace(FULL, delimiter="\t", header_rows=0),
        replace(FULL, sheet="Sheet 1", encoding="utf-8", delimiter=",", quote='"', escape='"'),
    ],
)
def test_every_field_comes_back(tmp_path: Path, source: Source) -> None:
    write_sources(tmp_path, [source])
    assert read_sources(tmp_path) == [source]


def test_only_what_is_unusual_is_written(tmp_path: Path) -> None:
    usual = Source(
        "a.csv", "order_lines", {"order_id": "Order ID"}, confidence=1.0, confidences={"order_id": 1.0}
    )
    write_sources(tmp_path, [usual])
    text = (tmp_path / SOURCES).read_text("utf-8")
    for key in (
        "quote",
        "escape",
        "header_rows",
        "amounts",
        "returns",
        "control",
        "confidences",
        "decimal",
        "units",
    ):
        assert f"{key}:" not in text
    assert read_sources(tmp_path) == [usual]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("encoding: utf-9", r"sources.yaml:\d+: encoding is 'utf-9'; there is no such encoding"),
        ("quote: '\"\"'", "write one quotation mark"),
        ("escape: x", "write the quotation mark itself, a backslash"),
        ("header_row: 0", "header_row is 0; write a whole number from 1"),
        ("header_rows: two", "header_rows is 'two'; write a whole number from 0"),
        ("amounts: brutto", "amounts is 'brutto'; .*Valid: net, gross"),
        ("returns: sign", "returns is 'sign'; did you mean 'signed'"),
        ("delimiter: ''", "write the characters between cells"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / SOURCES
    path.parent.mkdir()
    path.write_text(f"sources:\n  - file: a.csv\n    table: order_lines\n    {line}\n")
    with pytest.raises(DataError, match=message):
        read_sources(tmp_path)
