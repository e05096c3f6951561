"""Sheets of workbooks as text: nothing bent, nothing hidden used, nothing left out without a word."""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning.reading import books, headers
from salesops_lib.cleaning.reading.containers import Part
from salesops_lib.cleaning.reading.grids import Grid
from salesops_lib.cleaning.reading.regions import main_region
from salesops_lib.cleaning.sources import Source
from salesops_lib.errors import DataError

Write = Callable[..., Part]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write sheets {name: {"A1": value, …}}, with merged ranges, as a workbook; gives its part."""

    def make(merged: Sequence[str] = (), name: str = "book.xlsx", **sheets: Mapping[str, Any]) -> Part:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, cells in sheets.items():
            sheet = book.create_sheet(title)
            for place, value in cells.items():
                sheet[place] = value
            for span in merged:
                sheet.merge_cells(span)
        book.save(tmp_path / name)
        return Part(tmp_path / name)

    return make


def rows_of(*rows: Sequence[Any], top: int = 1, left: str = "A") -> dict[str, Any]:
    """Cells of a block of rows: `rows_of(("id", "n"), (1, 2))`."""
    return {
        f"{chr(ord(left) + column)}{top + row}": value
        for row, cells in enumerate(rows)
        for column, value in enumerate(cells)
        if value is not None
    }


def read(part: Part, **values: Any) -> Grid:
    """The grid under the header that is found by itself."""
    sampled = books.sample_grid(part, 100)
    found = headers.find([row for _, row in sampled])
    source = Source(
        str(part.path),
        values.pop("table", ""),
        header_row=sampled[found.index][0],
        header_rows=found.n_rows,
        **values,
    )
    return books.grid(part, source)


def first(part: Part) -> Part:
    return books.parts(part)[0]


def records(grid: Grid) -> list[tuple[str | None, ...]]:
    return list(zip(*(column.to_pylist() for column in grid.table.columns)))


def test_values_of_every_kind_become_text_without_noise(write: Write) -> None:
    moments = [dt.datetime(2024, 1, 31, 12, 30), dt.date(2024, 1, 31), dt.time(9, 5), dt.timedelta(hours=30)]
    numbers = [0.1 + 0.2, 731.9399999999999, 17850.0, 1e-7, 12345678901234567890, -0.5, True]
    texts = ["007", "NA", " padded ", "1,5"]
    values = [*moments, *numbers, *texts]
    grid = read(
        first(write(Orders=rows_of(("id", "value", "n"), *((f"r{k}", v, 1) for k, v in enumerate(values)))))
    )
    assert [row[1] for row in records(grid)] == [
        "2024-01-31 12:30:00",
        "2024-01-31",
        "09:05:00",
        "30:00:00",
        "0.3",
        "731.94",
        "17850",
        "0.0000001",
        "12345678901234600000",
        "-0.5",
        "TRUE",
        "007",
        "NA",
        " padded ",
        "1,5",
    ]
    assert grid.numbers.tolist() == list(range(2, 2 + len(values)))


def test_percent_format_keeps_the_rate(write: Write, tmp_path: Path) -> None:
    part = write(Orders=rows_of(("id", "discount"), ("a", 0.25)))
    book = openpyxl.load_workbook(part.path)
    book["Orders"]["B2"].number_format = "0%"
    book.save(part.path)
    assert records(read(first(part))) == [("a", "0.25")]


@given(st.decimals(-(10**8), 10**8, places=4))
def test_numbers_of_fifteen_digits_come_back_exactly(value: Decimal) -> None:
    assert Decimal(books.cell_text(float(value)) or "") == value


def test_titles_blank_rows_and_blank_columns_around_the_table(write: Write) -> None:
    cells = {
        "C2": "销售明细",
        "C3": "单位：万元",
        **rows_of(("订单", "金额"), ("o1", 1.5), (None, None), ("o2", 2), top=5, left="C"),
    }
    grid = read(first(write(Orders=cells)))
    assert grid.headers == ("订单", "金额")
    assert records(grid) == [("o1", "1.5"), ("o2", "2")]
    assert grid.numbers.tolist() == [6, 8]


def test_merged_header_cells_hold_for_all_their_columns(write: Write) -> None:
    cells = rows_of(
        ("销售日报", None, None, None, None),
        ("地区", "2024", None, "2025", None),
        (None, "金额", "数量", "金额", "数量"),
        ("华东", 1.5, 2, 3.5, 4),
        ("华北", 2.5, 3, 4.5, 5),
    )
    part = first(write(["A1:E1", "A2:A3", "B2:C2", "D2:E2"], Orders=cells))
    grid = read(part)
    assert grid.headers == ("地区", "2024 / 金额", "2024 / 数量", "2025 / 金额", "2025 / 数量")
    assert grid.numbers.tolist() == [4, 5]


def test_units_row_belongs_to_the_header(write: Write) -> None:
    grid = read(
        first(
            write(
                Orders=rows_of(("客户", "金额", "数量"), (None, "万元", "件"), ("甲", 1.5, 2), ("乙", 2, 3))
            )
        )
    )
    assert grid.headers == ("客户", "金额（万元）", "数量（件）")
    assert len(records(grid)) == 2


ORDER = rows_of(
    ("订单编号", "产品", "金额"),
    (10248, "A", 300),
    (None, "B", None),
    (10249, "C", 50),
    (None, "D", 70),
    (None, None, None),
)


def test_an_order_number_merged_over_its_lines_is_filled_and_a_sum_is_not(write: Write) -> None:
    part = first(write(["A2:A3", "C2:C3"], Orders=ORDER))
    grid = read(part, table="order_lines", columns={"order_id": "订单编号", "net_amount": "金额"})
    assert records(grid) == [
        ("10248", "A", "300"),
        ("10248", "B", None),
        ("10249", "C", "50"),
        (None, "D", "70"),
    ]
    assert grid.notes == (
        "订单编号: cells filled from the merged cell above them: 1",
        "金额: sums merged over several rows, kept in the first row only: 1",
    )


def test_a_totals_label_merged_across_is_not_spread(write: Write) -> None:
    cells = rows_of(
        ("日期", "客户", "金额"), ("2024-01-01", "甲", 3), ("2024-01-02", "乙", 4), ("合计", None, 7)
    )
    assert records(read(first(write(["A4:B4"], Orders=cells))))[-1] == ("合计", None, "7")


def test_error_values_stay_and_are_counted(write: Write) -> None:
    grid = read(first(write(Orders=rows_of(("id", "amount"), ("a", 1), ("b", "#N/A"), ("c", 3)))))
    assert records(grid)[1] == ("b", "#N/A")
    assert grid.notes == ("cells that hold an error value such as #N/A: 1",)


def test_single_formulas_without_a_result_stay_as_formulas(write: Write) -> None:
    grid = read(first(write(Orders=rows_of(("id", "amount"), ("a", 1), ("b", "=B2*2"), ("c", 3)))))
    assert records(grid)[1] == ("b", "=B2*2")
    assert grid.notes == ("cells whose formulas were never calculated: 1",)


def test_a_column_of_formulas_that_were_never_calculated_is_refused(write: Write) -> None:
    part = first(write(Orders=rows_of(("id", "n", "amount"), ("a", 1, "=B2*2"), ("b", 2, "=B3*2"))))
    with pytest.raises(DataError, match=r"'amount' holds 2 formulas that were never calculated.*save it"):
        read(part)


def test_hidden_sheets_are_named_and_not_used(write: Write) -> None:
    part = write(
        Orders=rows_of(("id", "n"), ("a", 1)),
        Secret=rows_of(("x", "y"), (1, 2)),
        Deep=rows_of(("x", "y"), (1, 2)),
    )
    book = openpyxl.load_workbook(part.path)
    book["Secret"].sheet_state = "hidden"
    book["Deep"].sheet_state = "veryHidden"
    book.create_chartsheet("Chart")
    book.save(part.path)
    assert [part.sheet for part in books.parts(part)] == ["Orders"]
    assert books.hidden(part) == ("Secret", "Deep")
    assert read(first(part)).notes == ("hidden sheets, not read: Secret, Deep",)


def test_a_sheet_that_is_gone_is_named_with_those_that_are_there(write: Write) -> None:
    part = write(Orders=rows_of(("id", "n"), ("a", 1)))
    with pytest.raises(DataError, match="no such sheet; the workbook has Orders"):
        books.grid(Part(part.path, sheet="Ordres"), Source("book.xlsx", ""))


def test_a_blank_header_row_is_refused(write: Write) -> None:
    part = first(write(Orders=rows_of(("id", "n"), ("a", 1), top=2)))
    with pytest.raises(DataError, match=r"row 1, where data/sources\.yaml expects the header, is blank"):
        books.grid(part, Source("book.xlsx", "", header_row=1))


def test_empty_sheets_are_left_out(write: Write) -> None:
    part = write(Sheet1={}, Orders=rows_of(("id", "n"), ("a", 1)), Sheet3={})
    assert [part.sheet for part in books.parts(part)] == ["Orders"]
    assert books.sample_grid(Part(part.path, sheet="Sheet1"), 10) == []
    with pytest.raises(DataError, match="is empty: no sheet holds a cell"):
        books.parts(write(Sheet1={}, Sheet2={}))


MAIN = (("订单", "日期", "金额"), *((f"o{k}", f"2024-01-0{k}", k) for k in range(1, 7)))
OTHER = (("客户", "目标"), ("甲", 10), ("乙", 20), ("丙", 30))


def test_a_second_table_beside_is_set_aside(write: Write) -> None:
    grid = read(first(write(Orders={**rows_of(*MAIN), **rows_of(*OTHER, left="F")})))
    assert grid.headers == ("订单", "日期", "金额")
    assert len(records(grid)) == 6
    assert grid.aside.line.tolist() == [1, 2, 3, 4]
    assert grid.aside.value.tolist() == ["客户\t目标", "甲\t10", "乙\t20", "丙\t30"]
    assert set(grid.aside.reason) == {"belongs to another table on the sheet"}
    assert grid.notes == ("rows of other tables on the sheet, set aside: 4",)


def test_a_second_table_below_is_set_aside(write: Write) -> None:
    grid = read(first(write(Orders={**rows_of(*MAIN), **rows_of(*OTHER, top=10)})))
    assert len(records(grid)) == 6
    assert grid.aside.line.tolist() == [10, 11, 12, 13]


def test_a_small_table_above_the_main_one_is_set_aside(write: Write) -> None:
    grid = read(first(write(Orders={**rows_of(*OTHER), **rows_of(*MAIN, top=7)})))
    assert grid.headers == ("订单", "日期", "金额")
    assert grid.numbers.tolist() == list(range(8, 14))
    assert grid.aside.line.tolist() == [1, 2, 3, 4]


def test_one_table_with_blank_rows_repeated_headers_and_footers_stays_one(write: Write) -> None:
    cells = {
        **rows_of(*MAIN),
        **rows_of(*MAIN, top=10),
        **rows_of(("合计", None, 21), top=18),
        **rows_of(("制表人", "审核"), ("张三", "李四"), top=20),
        **rows_of(("Confidential Information - Do Not Distribute",), top=23),
    }
    grid = read(first(write(Orders=cells)))
    assert len(records(grid)) == 6 + 7 + 1 + 2 + 1
    assert grid.aside.empty


def test_a_blank_column_inside_the_table_parts_nothing(write: Write) -> None:
    cells = rows_of(
        ("订单", None, "日期", "金额"),
        ("o1", None, "2024-01-01", 3),
        ("o2", None, "2024-01-02", 4),
        ("o3", None, "2024-01-03", 5),
    )
    grid = read(first(write(Orders=cells)))
    assert grid.headers == ("订单", "日期", "金额")
    assert len(records(grid)) == 3


def test_sample_and_grid_agree(write: Write) -> None:
    part = first(write(["A2:A3"], Orders=ORDER))
    sampled = books.sample_grid(part, 3)
    assert [number for number, _ in sampled] == [1, 2, 3]
    assert sampled[0][1] == read(part).headers


def test_a_sheet_in_a_zip(write: Write, tmp_path: Path) -> None:
    part = write(Orders=rows_of(("id", "n"), ("a", 1)))
    with zipfile.ZipFile(tmp_path / "mail.zip", "w") as archive:
        archive.write(part.path, "in/book.xlsx")
    assert records(read(first(Part(tmp_path / "mail.zip", "in/book.xlsx")))) == [("a", "1")]


@pytest.mark.parametrize("ending", [".xlsm", ".xls"])
def test_the_content_decides_not_the_ending(write: Write, ending: str) -> None:
    part = write(Orders=rows_of(("id", "n"), ("a", 1)))
    renamed = part.path.rename(part.path.with_suffix(ending))
    assert records(read(first(Part(renamed)))) == [("a", "1")]


HTML = """<html><head><meta charset="{charset}"><style>td {{}}</style></head><body><table border=1>
<tr><th colspan="3">销售明细</th></tr><tr><th>订单</th><th>日期</th><th>金额</th></tr>
<tr><td rowspan="2">o1</td><td>2024-01-01</td><td>1,200.50</td></tr><tr><td>2024-01-02</td><td>3&nbsp;</td></tr>
<tr><td>o2</td><td>2024-01-03<br></td><td>4</table></body></html>"""


@pytest.mark.parametrize("charset", ["utf-8", "gb2312", "utf-16"])
def test_a_web_page_with_the_ending_of_a_workbook(tmp_path: Path, charset: str) -> None:
    path = tmp_path / "export.xls"
    path.write_bytes(HTML.format(charset=charset).encode(charset))
    part = first(Part(path))
    grid = read(part)
    assert part.sheet == "table 1"
    assert grid.headers == ("订单", "日期", "金额")
    assert records(grid) == [
        ("o1", "2024-01-01", "1,200.50"),
        ("o1", "2024-01-02", "3"),
        ("o2", "2024-01-03", "4"),
    ]


SPREADSHEET = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">
<Worksheet ss:Name="订单"><Table><Row ss:Index="2"><Cell><Data ss:Type="String">订单</Data></Cell>
<Cell ss:Index="3"><Data ss:Type="String">金额</Data></Cell></Row>
<Row><Cell ss:MergeDown="1"><Data ss:Type="String">o1</Data></Cell><Cell ss:Index="3"><Data ss:Type="Number">1.5</Data></Cell></Row>
<Row><Cell ss:Index="3"><Data ss:Type="Number">2</Data></Cell></Row></Table></Worksheet></Workbook>"""


def test_an_xml_spreadsheet_of_2003(tmp_path: Path) -> None:
    (tmp_path / "export.xls").write_text(SPREADSHEET, "utf-8")
    part = first(Part(tmp_path / "export.xls"))
    grid = read(part)
    assert (part.sheet, grid.headers) == ("订单", ("订单", "金额"))
    assert records(grid) == [("o1", "1.5"), ("o1", "2")]


def test_delimited_text_with_the_ending_of_a_workbook_is_left_to_the_readers_of_text(tmp_path: Path) -> None:
    path = tmp_path / "export.xls"
    path.write_text("id\tamount\n1\t2\n")
    assert books.parts(Part(path)) == [Part(path)]


ODS_CONTENT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Orders">{rows}</table:table>
</office:spreadsheet></office:body></office:document-content>"""


def write_ods(path: Path, rows: str) -> Part:
    """A sheet of LibreOffice with the given rows."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", ODS_CONTENT.format(rows=rows))
        archive.writestr(
            "META-INF/manifest.xml",
            '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>',
        )
    return Part(path)


def test_a_sheet_of_libreoffice(tmp_path: Path) -> None:
    cells = [("id", "amount"), ("a", 1.5), ("b", 2)]
    rows = ""
    for row in cells:
        rows += "<table:table-row>"
        for value in row:
            kind = 'string"' if isinstance(value, str) else f'float" office:value="{value}"'
            rows += f'<table:table-cell office:value-type="{kind}><text:p>{value}</text:p></table:table-cell>'
        rows += '<table:table-cell table:number-columns-repeated="16382"/></table:table-row>'
    rows += '<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>'
    assert records(read(first(write_ods(tmp_path / "book.ods", rows)))) == [("a", "1.5"), ("b", "2")]


CELLS = st.none() | st.sampled_from(["甲", "x", "合计", "2024-01-05"]) | st.integers(1, 99)


@given(st.lists(st.lists(CELLS, min_size=9, max_size=9), min_size=1, max_size=25))
def test_every_row_and_column_of_any_sheet_is_somewhere(cells: list[list[object]]) -> None:
    filled = np.array([[cell is not None for cell in row] for row in cells])

    def rows_at(rows: np.ndarray, columns: np.ndarray) -> list[tuple[str | None, ...]]:
        return [tuple(books.cell_text(cells[row][column]) for column in columns) for row in rows]

    found = main_region(filled, rows_at)
    seen = np.zeros_like(filled)
    for rows, columns in ((found.rows, found.columns), *found.others):
        assert not seen[np.ix_(rows, columns)].any()
        seen[np.ix_(rows, columns)] = True
    assert not (filled & ~seen).any()


def total(grid: Grid, name: str) -> Decimal:
    return sum(
        (Decimal(text) for text in grid.table.column(grid.headers.index(name)).to_pylist()), Decimal(0)
    )


def test_superstore_to_the_last_digit(shared_data: Path) -> None:
    part = books.parts(Part(shared_data / "superstore" / "Sample - Superstore.xls"))[0]
    grid = read(part)
    assert (part.sheet, grid.table.num_rows) == ("Orders", 9_994)
    assert total(grid, "Sales") == Decimal("2297200.8603")
    assert round(total(grid, "Profit"), 4) == Decimal("286397.0217")
    assert grid.notes == ()


def test_chinese_superstore_to_the_last_digit(shared_data: Path) -> None:
    part = books.parts(Part(shared_data / "superstore_zh" / "示例 - 超市.xls"))[0]
    grid = read(part)
    assert (part.sheet, grid.table.num_rows) == ("订单", 10_000)
    assert total(grid, "销售额") == Decimal("16117548.237")
