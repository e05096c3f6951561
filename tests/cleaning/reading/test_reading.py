"""Files as their makers write them."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from salesops_lib.cleaning import reading
from salesops_lib.errors import DataError

TEXT = "Order ID,Order Date,Amount\nA1,2026-03-05,10\nA2,2026-03-06,12\n"


def sampled(path: Path) -> reading.Sample:
    return reading.sample(reading.parts(path)[0])


def book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    with xlsxwriter.Workbook(path) as workbook:
        for name, rows in sheets.items():
            sheet = workbook.add_worksheet(name)
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
    return path


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gb18030", "gb18030"), ("utf-16", "utf-16")],
)
def test_encodings_of_chinese_files(tmp_path: Path, encoding: str, expected: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("订单编号,订单日期,金额\n甲一,2026-03-05,10\n".encode(encoding))
    found = sampled(path)
    assert (found.encoding, found.headers, found.rows[0][0]) == (
        expected,
        ("订单编号", "订单日期", "金额"),
        "甲一",
    )


def test_western_accents_are_not_taken_for_chinese(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = "Café Zürich,Señor Muñoz,Gâteau à la crème,Österreich,Øresund"
    path.write_bytes(
        ("id,name\n" + "".join(f"{i},{n}\n" for i, n in enumerate(names.split(",")))).encode("cp1252")
    )
    found = sampled(path)
    assert found.rows[0][1] == "Café Zürich"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    path = tmp_path / "a.txt"
    path.write_text(TEXT.replace(",", delimiter).replace("10", "1.234"))
    found = sampled(path)
    assert (found.delimiter, found.headers) == (delimiter, ("Order ID", "Order Date", "Amount"))


def test_the_header_is_found_below_title_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Sales report 2026,,\n\n" + TEXT)
    assert sampled(path).header_row == 3
    rows = [["销售报表"], [], ["订单编号", "订单日期", "金额"], ["A1", "2026-03-05", 10.0]]
    found = sampled(book(tmp_path / "a.xlsx", {"明细": rows}))
    assert (found.header_row, found.headers, found.rows) == (3, tuple(rows[2]), (("A1", "2026-03-05", "10"),))


def test_packed_files(tmp_path: Path) -> None:
    packed = tmp_path / "a.csv.gz"
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert sampled(packed).headers[0] == "Order ID"
    archive = tmp_path / "a.zip"
    book(tmp_path / "b.xlsx", {"One": [["a", "b"], [1, 2]], "Two": [["c", "d"], [3, 4]]})
    with zipfile.ZipFile(archive, "w") as z:
        z.writestr("in/orders.csv", TEXT)
        z.writestr("__MACOSX/in/._orders.csv", "x")
        z.write(tmp_path / "b.xlsx", "b.xlsx")
    names = [part.name for part in reading.parts(archive)]
    assert names == ["a.zip/orders.csv", "a.zip/b.xlsx#One", "a.zip/b.xlsx#Two"]
    assert reading.sample(reading.parts(archive)[2]).headers == ("c", "d")


def test_a_text_that_bears_the_ending_of_a_workbook_is_read_as_text(tmp_path: Path) -> None:
    text = tmp_path / "text.xls"
    text.write_text(TEXT.replace(",", "\t"))
    found = sampled(text)
    assert (found.delimiter, found.headers) == ("\t", ("Order ID", "Order Date", "Amount"))


def test_values_of_a_column_of_the_whole_part(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Report\n" + TEXT + "A3,2026-03-06,\n")
    assert reading.column_values(sampled(path), 1) == ["2026-03-05", "2026-03-06"]
    whole = sampled(book(tmp_path / "a.xlsx", {"S": [["id", "n"], ["a", 1], ["b", 1], ["c", None]]}))
    assert reading.column_values(whole, 1) == ["1"]


def test_refusals_say_what_and_what_to_do(tmp_path: Path) -> None:
    empty, blank = tmp_path / "empty.csv", tmp_path / "blank.csv"
    empty.touch()
    blank.write_text("\n \n")
    fake = book(tmp_path / "real.xlsx", {"S": [["a"]]}).rename(tmp_path / "fake.csv")
    zeros = tmp_path / "zeros.csv"
    zeros.write_bytes(b"a,b\n\x00\x01,2\n")
    torn = tmp_path / "torn.csv.gz"
    torn.write_bytes(gzip.compress(TEXT.encode() * 100)[:-20])
    odd = tmp_path / "a.docx"
    odd.write_text("x")
    bad = tmp_path / "bad.zip"
    bad.write_text("x")
    cases = {
        empty: "is empty",
        blank: "is empty",
        fake: "an Excel workbook",
        zeros: "zero bytes",
        torn: "damaged",
        odd: "cannot read .docx",
        bad: "is not a zip",
        tmp_path: "is a directory",
        tmp_path / "emptyy.csv": "Did you mean 'empty.csv'",
        tmp_path / "no" / "x.csv": "There is no folder",
    }
    for path, message in cases.items():
        with pytest.raises(DataError, match=message):
            sampled(path)
