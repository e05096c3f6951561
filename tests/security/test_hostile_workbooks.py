"""Names that a spreadsheet would run or follow: no formula, no link, numbers stay numbers (FAULTS.md S25, S26, S50)."""

from __future__ import annotations

import re
import zipfile
from xml.etree import ElementTree as ET

import openpyxl
import pandas as pd
import pytest
from hostile import AWKWARD, EXHIBITS, MESSAGES, PAYLOADS

from salesops_lib.metrics import Exhibit
from salesops_lib.reporting import Voice, catalogue, write_workbook
from salesops_lib.reporting.visible import visible
from salesops_lib.reporting.workbook import HEAD, LONGEST_TEXT

#: What spreadsheets take for a formula, with what may stand before it.
FORMULAS = tuple(
    before + text
    for before in ("", " ", "\t", "\r", "\n", "'", '"')
    for text in ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "＝1+1", "＋1", "－1", "＠A1", "=HYPERLINK(\"https://evil.example\")",
                 "=cmd|' /C calc'!A0", "{=1+1}", "=WEBSERVICE(\"https://evil.example\")")
)  # fmt: skip
NAMES = tuple(dict.fromkeys((*PAYLOADS, *AWKWARD, *FORMULAS, "_x000D_", "_x0041_", "a" * 40_000)))


@pytest.fixture(scope="module", params=["en", "zh"])
def book(request, tmp_path_factory):
    """A workbook with every name as a cell, a header, a title and a line about its origin."""
    with pytest.MonkeyPatch.context() as patch:
        known = {**catalogue.messages(), **MESSAGES}
        patch.setattr(catalogue, "messages", lambda: known)
        exhibits = [make(NAMES) for make in EXHIBITS]
        headed = pd.DataFrame([range(len(NAMES))], columns=list(NAMES))
        hostile_ids = [Exhibit(name[:60], "table", headed.iloc[:, :2]) for name in NAMES]
        path = tmp_path_factory.mktemp("book") / "page.xlsx"
        every = [*exhibits, Exhibit("headers", "table", headed), *hostile_ids]
        return write_workbook(every, path, voice=Voice(request.param), title=NAMES[0], about=NAMES)


def members(path):
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_s26_the_file_holds_no_formula_no_link_and_nothing_from_outside(book):
    for name, content in members(book).items():
        root = ET.fromstring(content)
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not tags & {"f", "hyperlink", "hyperlinks", "oleObject", "externalLink", "ddeLink"}, name
        assert b'TargetMode="External"' not in content, name
        assert not re.search(rb"vbaProject|macro|connection", name.encode())


def test_s26_every_cell_is_a_string_or_a_number(book):
    for sheet in openpyxl.load_workbook(book):
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "d", "b"), (sheet.title, cell.coordinate)
                assert cell.hyperlink is None


def test_s25_names_arrive_equal_with_what_is_invisible_written_out(book):
    sheet = openpyxl.load_workbook(book)["top_customers"]
    found = [sheet.cell(HEAD + 2 + n, 1).value for n in range(len(NAMES))]
    for name, cell in zip(NAMES, found, strict=True):
        shown = visible(name) if len(name) <= LONGEST_TEXT else "a" * (LONGEST_TEXT - 1) + "…"
        if not name.startswith("_x"):
            assert (cell or "").replace("_x000D_", "\n") == shown.replace("\r", "\n"), ascii(name[:60])
    strings = members(book)["xl/sharedStrings.xml"].decode()
    assert "_x005F_x000D_" in strings  # so that Excel shows these as they are
    assert "_x005F_x0041_" in strings


def test_s25_headers_and_sheet_names_are_text(book):
    workbook = openpyxl.load_workbook(book)
    heads = [cell.value for cell in workbook["headers"][HEAD + 1]]
    assert len(heads) == len(NAMES)
    assert all(isinstance(head, str) for head in heads if head)
    for name in workbook.sheetnames:
        assert 0 < len(name) <= 31
        assert not re.search(r"[\[\]:*?/\\]", name)
        assert not name.startswith("'")
    assert len({name.lower() for name in workbook.sheetnames}) == len(workbook.sheetnames)


def test_s25_a_negative_number_stays_a_number(tmp_path):
    frame = pd.DataFrame(
        {"name": ["-5", "−5", "5e3", "007"], "value": [-5_00, 5_00, 0, 1], "n": [-5, 5, 0, 1]}
    )
    exhibit = Exhibit("numbers", "table", frame, units={"value": "money", "n": "count"})
    sheet = openpyxl.load_workbook(write_workbook([exhibit], tmp_path / "n.xlsx", voice=Voice()))["numbers"]
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=HEAD + 2)]
    assert rows == [["-5", -5, -5], ["−5", 5, 5], ["5e3", 0, 0], ["007", 0.01, 1]]
    assert sheet.cell(HEAD + 2, 1).data_type == "s"
