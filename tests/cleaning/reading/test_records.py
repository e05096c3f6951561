"""Records are counted and located without a CSV parser, whatever stands in them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning.reading import records


def counted(tmp_path: Path, text: str, skip: int = 1) -> tuple[int, list[int]]:
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    return records.census(path, skip).n_records, records.record_lines(path, skip).tolist()


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a,b\n1,2\n3,4\n", [2, 3]),
        ("a,b\n1,2\n3,4", [2, 3]),
        ("a,b\r\n1,2\r\n\r\n3,4\r\n", [2, 4]),
        ('a,b\n"x\ny",2\n3,4\n', [2, 4]),
        ('a,b\n"x\n\n\ny",2\n\n3,4\n', [2, 7]),
        ('a,b\n"x""y",2\n3,4\n', [2, 3]),
        ('a,b\n1,"never closed\n3,4\n', [2]),
        ("a,b\n", []),
        ("a,b", []),
    ],
)
def test_records_and_their_lines(tmp_path: Path, text: str, lines: list[int]) -> None:
    assert counted(tmp_path, text) == (len(lines), lines)


def test_a_dense_file_needs_no_list_of_lines(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a\n1\n2\n")
    assert records.census(path, 1).is_dense
    path.write_text("a\n1\n\n2\n")
    assert not records.census(path, 1).is_dense


def test_pieces_do_not_change_the_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "h,i\n" + 'x,"a\n\nb"\n\n1,2\n' * 50
    whole = counted(tmp_path, text)
    monkeypatch.setattr(records, "_CHUNK", 7)
    assert counted(tmp_path, text) == whole
    assert whole[0] == 100


def test_the_reader_decides_where_a_stray_quote_stands(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('a,b\n5" pipe,1\n6 pipe,2\n')
    assert records.census(path, 1).n_records == 1
    assert records.lines_by_reader(path, 1, ",").tolist() == [2, 3]


def test_mixed_newlines_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    for text, mixed in (("a\r\nb\n", True), ("a\r\nb\r\n", False), ("a\nb\n", False)):
        path.write_bytes(text.encode())
        assert records.has_mixed_newlines(path) is mixed


_CELLS = st.text(alphabet='ab ,"\n中', max_size=4)


@given(rows=st.lists(st.tuples(_CELLS, _CELLS), max_size=8))
def test_the_count_agrees_with_a_parser_on_well_formed_files(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([("a", "b"), *rows])
    path = tmp_path_factory.mktemp("records") / "a.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")
    assert records.census(path, 1).n_records == len(rows)
    assert records.record_lines(path, 1).tolist() == records.lines_by_reader(path, 1, ",").tolist()
