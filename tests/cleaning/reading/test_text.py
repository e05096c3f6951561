"""Lines, records and layouts of texts: every line is in exactly one place."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from salesops_lib.cleaning import reading
from salesops_lib.cleaning.reading import lines as physical
from salesops_lib.cleaning.reading.lines import Lines


def read(tmp_path: Path, text: str | bytes, name: str = "a.csv") -> reading.Read:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    found = reading.read(path)
    covered = [number for number, _ in found.preamble] + [*found.blank, *found.aside.line]
    covered += found.layout.header_lines
    for line, span in zip(found.lines, found.spans):
        covered += range(line, line + span)
    assert sorted(covered) == list(range(1, found.n_lines + 1))
    return found


def told(found: reading.Read) -> list[tuple[int, str]]:
    return list(zip(found.aside.line, found.aside.reason))


@pytest.mark.parametrize("block", [3, 7, 1 << 22])
def test_lines_end_in_three_ways(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(physical, "_BLOCK", block)
    text = "a\nb\r\n\rc\r\r\nd\u2028e\x0bf\x85\n北京"
    expected = [
        ("a", "\n"),
        ("b", "\r\n"),
        ("", "\r"),
        ("c", "\r"),
        ("", "\r\n"),
        ("d\u2028e\x0bf\x85", "\n"),
        ("北京", ""),
    ]
    for encoding in ("utf-8", "utf-16-le", "gb18030"):
        found = [(line.text, line.end) for line in Lines(io.BytesIO(text.encode(encoding)), encoding)]
        assert found == expected, encoding


def test_rows_with_too_few_and_too_many_cells_are_set_aside(tmp_path: Path) -> None:
    found = read(tmp_path, "id,on,n\n1,2026-01-01,3\n2,2026-01-02\n3,2026-01-03,4,5\n4,2026-01-04,9\n")
    assert found.rows == [("1", "2026-01-01", "3"), ("4", "2026-01-04", "9")]
    assert found.lines.tolist() == [2, 5]
    assert told(found) == [(3, "line has too few columns"), (4, "line has too many columns")]


def test_a_row_with_another_delimiter_is_read_and_counted(tmp_path: Path) -> None:
    found = read(tmp_path, "id,on,n\n1,2026-01-01,3\n2;2026-01-02;7\n3,2026-01-03,4\n")
    assert found.rows[1] == ("2", "2026-01-02", "7")
    assert found.repairs.values.tolist() == [[3, "2;2026-01-02;7", "delimiter differs from the file's"]]
    assert found.notes == ("delimiter differs from the file's: 1 lines, first line 3",)


def test_a_quoted_cell_goes_on_over_lines(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,note,n\n1,"one\n\ntwo, ""x""\n",3\n2,plain,4\n')
    assert found.rows == [("1", 'one\n\ntwo, "x"\n', "3"), ("2", "plain", "4")]
    assert (found.lines.tolist(), found.spans.tolist()) == ([2, 6], [4, 1])


def test_an_unclosed_quote_costs_one_line(tmp_path: Path) -> None:
    rows = "".join(f'{k},"note {k}, so",{k}\n' for k in range(5, 9))
    found = read(tmp_path, f'id,note,n\n1,"never closed,3\n2,plain,4\n{rows}')
    assert told(found) == [(2, "quotation mark is not closed")]
    assert len(found.rows) == 5


def test_lines_that_look_like_records_inside_quotes_are_set_aside_with_them(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,note,n\n0,x,1\n1,"a\n2,b,3\n3,c",4\n4,d,5\n')
    assert [line for line, _ in told(found)] == [3, 4, 5]
    assert found.rows == [("0", "x", "1"), ("4", "d", "5")]


def test_inches_are_no_quotes(tmp_path: Path) -> None:
    found = read(tmp_path, 'id,item,n\n1,5" pipe,3\n2,"6"" pipe, long",4\n')
    assert [row[1] for row in found.rows] == ['5" pipe', '6" pipe, long']


def test_titles_comments_and_footers_are_told_from_rows(tmp_path: Path) -> None:
    found = read(
        tmp_path, "Report\nfrom;to\n\nid,on,n\n1,2026-01-01,3\n# checked\n2,2026-01-02,4\n\nPrinted by Ann\n"
    )
    assert found.preamble == ((1, "Report"), (2, "from;to"))
    assert (found.headers, len(found.rows), found.blank) == (("id", "on", "n"), 2, (3, 8))
    assert list(zip(found.aside.line, found.aside.reason, found.aside.fate)) == [
        (6, "comment line", "excluded"),
        (9, "line below the table", "excluded"),
    ]


def test_a_cut_last_line_is_no_footer(tmp_path: Path) -> None:
    found = read(tmp_path, "id,on,n\n1,2026-01-01,3\n2,2026-01-02,4\n3")
    assert list(found.aside.fate) == ["set_aside"]
    assert told(found) == [(4, "line has too few columns")]


def test_a_second_table_is_set_aside(tmp_path: Path) -> None:
    first = "id,on,n\n" + "".join(f"{k},2026-01-0{k},{k}\n" for k in range(1, 8))
    for second in ("name,city\nAnn,Bern\nBo,Oslo\n", "name,city,team\nAnn,Bern,East\nBo,Oslo,West\n"):
        found = read(tmp_path, f"{first}\n{second}")
        assert len(found.rows) == 7
        assert told(found) == [(line, "belongs to another table in the file") for line in (10, 11, 12)]


def test_a_header_repeated_in_the_body_stays_a_row(tmp_path: Path) -> None:
    found = read(tmp_path, "id,on,n\n1,2026-01-01,3\n\nid,on,n\n2,2026-01-02,4\n")
    assert found.rows[1] == ("id", "on", "n")


def test_a_file_without_header_says_so(tmp_path: Path) -> None:
    found = read(tmp_path, "1,2026-01-01,3.5\n2,2026-01-02,4\n")
    assert (found.headers, len(found.rows)) == (("column 1", "column 2", "column 3"), 2)
    assert "the file has no header" in found.notes
    assert (found.layout.header_row, found.layout.header_rows) == (1, 0)


def test_a_header_of_another_width_is_not_guessed(tmp_path: Path) -> None:
    body = "".join(f"{k},2026-01-0{k},{k}\n" for k in range(1, 5))
    found = read(tmp_path, f"id,on n\n{body}")
    assert (found.headers, len(found.rows)) == (("column 1", "column 2", "column 3"), 4)
    assert told(found) == [(1, "header has 2 names, but rows have 3 cells")]
    assert read(tmp_path, f"id,,on,n\n{body}").headers == ("id", "on", "n")


def test_two_header_rows_are_joined(tmp_path: Path) -> None:
    found = read(tmp_path, "地区,2024,,2025,\n,金额,数量,金额,数量\n华东,12.5,3,14,4\n华北,9,2,11,3\n")
    assert found.headers == ("地区", "2024 / 金额", "2024 / 数量", "2025 / 金额", "2025 / 数量")
    assert (found.layout.header_row, found.layout.header_rows, len(found.rows)) == (1, 2, 2)


def test_marks_and_zero_bytes_inside_the_file(tmp_path: Path) -> None:
    found = read(
        tmp_path, "id,on,n\n1,2026-01-01,3\n\ufeff2,2026-01-02,4\n3,2026-\x0001-03,5\n4,2026-01-04,6\n"
    )
    assert [row[0] for row in found.rows] == ["1", "2", "4"]
    assert told(found) == [(4, "line holds a zero byte")]
    assert "byte order marks inside the file taken away: 1" in found.notes


def test_a_carriage_return_in_a_cell(tmp_path: Path) -> None:
    found = read(tmp_path, "id,on,n\n1,2026-01-01,3\n2,2026\r-01-02,4\n3,2026-01-03,5\n")
    assert found.rows[1] == ("2", "2026\r-01-02", "4")
    assert found.lines.tolist() == [2, 3, 5]


def test_mixed_line_ends(tmp_path: Path) -> None:
    found = read(tmp_path, "id,on,n\r\n1,2026-01-01,3\n2,2026-01-02,4\r3,2026-01-03,5\r\n")
    assert [row[0] for row in found.rows] == ["1", "2", "3"]


def test_glob_characters_in_the_path(tmp_path: Path) -> None:
    folder = tmp_path / "[2026] *?"
    folder.mkdir()
    assert len(read(folder, "id,n\n1,2\n", "a[1].csv").rows) == 1


def test_other_containers_are_read_blind_too(tmp_path: Path) -> None:
    import xlsxwriter

    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("S")
        for number, row in enumerate([["Report"], [], ["id", "n"], ["A1", 2.5]]):
            sheet.write_row(number, 0, row)
    found = reading.read(path)
    assert (found.headers, found.rows, found.lines.tolist()) == (("id", "n"), [("A1", "2.5")], [4])
