"""Workbooks that are damaged, disguised or made to exhaust memory: one clear message each."""

from __future__ import annotations

import io
import random
import struct
import zipfile
from pathlib import Path

import openpyxl
import pytest

from salesops_lib.cleaning.reading import books, limits
from salesops_lib.cleaning.reading.containers import Part
from salesops_lib.cleaning.sources import Source
from salesops_lib.errors import DataError

SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'


def workbook(rows: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def with_sheet(path: Path, rows: str, prefix: str = "", compression: int = zipfile.ZIP_DEFLATED) -> Part:
    """A workbook whose only sheet has the XML `rows`."""
    return replaced(path, "xl/worksheets/sheet1.xml", prefix + SHEET.format(rows=rows), compression)


def replaced(path: Path, member: str, text: str | bytes, compression: int = zipfile.ZIP_DEFLATED) -> Part:
    with (
        zipfile.ZipFile(io.BytesIO(workbook([["id", "amount"], ["a", 1]]))) as old,
        zipfile.ZipFile(path, "w", compression) as new,
    ):
        for info in old.infolist():
            if info.filename != member:
                new.writestr(info.filename, old.read(info))
        new.writestr(member, text)
    return Part(path)


def read(part: Part) -> int:
    """Number of rows of the first sheet."""
    return len(books.sample_grid(books.parts(part)[0], 100))


def test_two_cells_at_the_ends_of_the_grid_do_not_exhaust_memory(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    with pytest.raises(DataError, match=r"uses 16,384 columns; at most 4,096 are read"):
        read(with_sheet(tmp_path / "corners.xlsx", rows))


def test_a_table_and_a_cell_far_below_do_not_exhaust_memory(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c><c r="AAA1"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>'
    with pytest.raises(DataError, match=r"reaches over 1,048,576 rows and 703 columns"):
        read(with_sheet(tmp_path / "tall.xlsx", rows))


def test_sixteen_thousand_columns_are_refused(tmp_path: Path) -> None:
    (tmp_path / "wide.xlsx").write_bytes(workbook([[f"c{k}" for k in range(16_384)], list(range(16_384))]))
    with pytest.raises(DataError, match=r"uses 16,384 columns"):
        read(Part(tmp_path / "wide.xlsx"))


def test_blank_cells_with_a_format_reach_as_far_as_they_like(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c><c r="XFD1" s="0"/></row>'
        '<row r="2"><c r="A2"><v>7</v></c></row><row r="1048576"><c r="XFD1048576" s="0"></c></row>'
    )
    part = with_sheet(tmp_path / "styled.xlsx", rows.replace('s="0"></c>', 's="0"/>'))
    assert read(part) == 2


def test_a_zip_bomb_is_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UNPACKED_SMALL", 1 << 20)
    cell = '<row><c t="inlineStr"><is><t>' + "0" * 50_000_000 + "</t></is></c></row>"
    with pytest.raises(DataError, match=r"unpacks to 0\.1 GB from .* as only a zip bomb does"):
        read(with_sheet(tmp_path / "bomb.xlsx", cell))


def test_a_package_that_lies_about_its_size_is_damaged(tmp_path: Path) -> None:
    part = with_sheet(tmp_path / "lie.xlsx", '<row r="1"><c r="A1"><v>1</v></c></row>' * 20_000)
    data = bytearray(part.path.read_bytes())
    at = data.rfind(b"xl/worksheets/sheet1.xml") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = struct.pack("<I", 300)
    part.path.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        read(part)


@pytest.mark.parametrize("member", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml"])
def test_entities_are_refused(tmp_path: Path, member: str) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("do not show")
    bad = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "{secret.as_uri()}">]><x>&e;</x>'
    with pytest.raises(DataError, match="declares XML entities") as caught:
        read(replaced(tmp_path / "entities.xlsx", member, bad))
    assert "do not show" not in str(caught.value)


def test_entities_of_an_xml_spreadsheet_are_refused(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 30))
    text = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">{laughs}]><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">&e29;</Workbook>'
    (tmp_path / "laughs.xls").write_text(text)
    with pytest.raises(DataError, match="entities"):
        read(Part(tmp_path / "laughs.xls"))


def test_a_password_is_named_as_the_reason(tmp_path: Path) -> None:
    path = tmp_path / "locked.xlsx"
    path.write_bytes(
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(1016)
        + "EncryptedPackage".encode("utf-16-le")
        + bytes(4096)
    )
    with pytest.raises(
        DataError, match=r"is protected by a password\. Open it in Excel, save it without one"
    ):
        read(Part(path))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"%PDF-1.7\n", "it is a PDF"),
        (b"\x1f\x8b\x08\x00", "it is gzip"),
        (b"PAR1" + bytes(100), "it is Parquet"),
        (b"\x00\x01\x02\x03" * 100, "no workbook, and no text either"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "cannot be read as a workbook"),
        (b"PK\x03\x04" + bytes(100), "damaged"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n", "is a web archive"),
        (b"<html><body><p>Session expired</p></body></html>", "web page without a table"),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet>',
            "damaged",
        ),
    ],
)
def test_what_is_no_workbook_is_named(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "export.xlsx"
    path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        read(Part(path))


def test_a_zip_of_other_files_is_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "photos.xlsx", "w") as archive:
        archive.writestr("a.jpg", b"x")
    with pytest.raises(DataError, match=r"is a zip, but no workbook: it holds a\.jpg"):
        read(Part(tmp_path / "photos.xlsx"))


def test_all_sheets_hidden(tmp_path: Path) -> None:
    part = replaced(
        tmp_path / "hidden.xlsx",
        "xl/workbook.xml",
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Sheet" sheetId="1" state="hidden" r:id="rId1"/></sheets></workbook>',
    )
    with pytest.raises(DataError, match="shows no worksheet"):
        read(part)


def test_half_a_workbook_at_every_length_is_a_message(tmp_path: Path) -> None:
    whole = workbook([["id", "amount"], *([f"r{k}", k] for k in range(200))])
    path = tmp_path / "half.xlsx"
    for share in (0.01, 0.1, 0.5, 0.9, 0.99):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(DataError, match=r"half\.xlsx"):
            read(Part(path))


def outcome(part: Part) -> str:
    """`read`, or the message."""
    try:
        read(part)
    except DataError as problem:
        return str(problem)
    return "read"


def test_flipped_bytes_are_read_or_refused(tmp_path: Path) -> None:
    whole = workbook([["id", "amount"], *([f"r{k}", k] for k in range(50))])
    seed = 20240131
    draw = random.Random(seed)
    path = tmp_path / "flipped.xlsx"
    for _ in range(60):
        data = bytearray(whole)
        for _ in range(3):
            data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        path.write_bytes(data)
        said = outcome(Part(path))
        assert said == "read" or "flipped.xlsx" in said, f"seed {seed}"


def test_cells_out_of_order_are_read_or_refused(tmp_path: Path) -> None:
    rows = '<row r="5"><c r="C5"><v>1</v></c></row><row r="1"><c r="A1"><v>2</v></c></row>'
    said = outcome(with_sheet(tmp_path / "disorder.xlsx", rows))
    assert said == "read" or "disorder.xlsx" in said


def test_a_merge_over_the_whole_grid_costs_nothing(tmp_path: Path) -> None:
    rows = '<row r="1"><c r="A1" t="inlineStr"><is><t>id</t></is></c></row><row r="2"><c r="A2"><v>1</v></c></row>'
    sheet = SHEET.format(rows=rows).replace(
        "</sheetData>", '</sheetData><mergeCells count="1"><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    )
    part = books.parts(replaced(tmp_path / "merged.xlsx", "xl/worksheets/sheet1.xml", sheet))[0]
    assert books.grid(part, Source("merged.xlsx", "")).table.num_rows == 1


def test_a_sheet_of_libreoffice_with_repeated_content_does_not_exhaust_memory(tmp_path: Path) -> None:
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">'
        '<office:body><office:spreadsheet><table:table table:name="Orders"><table:table-row table:number-rows-repeated="1000000">'
        '<table:table-cell table:number-columns-repeated="1000" office:value-type="float" office:value="1"><text:p>1</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(tmp_path / "repeated.ods", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    with pytest.raises(DataError, match="reaches over 1,000,000 rows and 1,000 columns"):
        read(Part(tmp_path / "repeated.ods"))
