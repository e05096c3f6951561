"""A plain text is told from one that needs care without a parser."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning import reading
from salesops_lib.cleaning.reading import records
from salesops_lib.cleaning.reading.dialects import Dialect


def counted(tmp_path: Path, text: str, skip: int = 1, dialect: Dialect = Dialect()) -> tuple[int, bool]:  # noqa: B008
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    found = records.census(path, skip, dialect)
    return found.n_records, found.is_plain


@pytest.mark.parametrize(
    ("text", "n_records"),
    [
        ("a,b\n1,2\n3,4\n", 2),
        ("a,b\n1,2\n3,4", 2),
        ("a,b\r\n1,2\r\n3,4\r\n", 2),
        ("a,b\r\n1,2\r\n3,4", 2),
        ("a,b\n1,2\n\n\n", 1),
        ('a,b\n"x, y",2\n"x ""y""",""\n', 2),
        ('a,b\n"""x""",2\n', 1),
        ("a,b\n", 0),
        ("a,b", 0),
    ],
)
def test_plain_texts(tmp_path: Path, text: str, n_records: int) -> None:
    assert counted(tmp_path, text) == (n_records, True)


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n\n3,4\n",
        "a,b\r\n1,2\r\n\r\n3,4\r\n",
        "a,b\n1,2\r\n3,4\n",
        "a,b\r1,2\r3,4\r",
        'a,b\n"x\ny",2\n',
        'a,b\n1,"never closed\n3,4\n',
        'a,b\n5" pipe,1\n6 pipe,2\n',
        'a,b\n5" pipe,1\n6" pipe,2\n',
        'a,b\n"x"y,2\n',
        'a,b\n1, "x, y"\n',
        "a,b\n1,\x002\n",
        "a,b\n1,2\n\ufeffa,b\n3,4\n",
        "a,b\n# note\n1,2\n",
        "a,b\n1,2\n-- 2 rows",
    ],
)
def test_texts_that_need_care(tmp_path: Path, text: str) -> None:
    assert not counted(tmp_path, text)[1]


def test_other_marks(tmp_path: Path) -> None:
    assert counted(tmp_path, "a;b\n'x; y';2\n", dialect=Dialect(";", "'", "'")) == (1, True)
    assert counted(tmp_path, 'a;b\n5" x;2\n', dialect=Dialect(";", "", "")) == (1, True)


def test_pieces_do_not_change_the_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(records, "_CHUNK", 7)
    assert counted(tmp_path, "h,i\n" + 'x,"a, b"\n1,2\n' * 50 + "\n\n") == (100, True)
    assert not counted(tmp_path, "h,i\n" + 'x,"a, b"\n1,2\n' * 50 + "\n1,2\n")[1]


_CELLS = st.text(alphabet='ab ,"\n中#', max_size=4)


@given(rows=st.lists(st.tuples(_CELLS, _CELLS), max_size=8), end=st.sampled_from(["\n", "\r\n"]))
def test_what_is_plain_is_read_alike_by_a_parser(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], end: str
) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerows([("a", "b"), *rows])
    path = tmp_path_factory.mktemp("records") / "a.csv"
    path.write_text(text.getvalue(), "utf-8", newline="")
    found = records.census(path, 1, Dialect())
    if found.is_plain:
        assert found.n_records == len(rows)
        with path.open(newline="", encoding="utf-8") as handle:
            parsed = list(csv.reader(handle))[1:]
        source = reading.Sample(reading.Part(path), ("a", "b"), ()).as_source()
        assert [list(row) for row in reading.read(path, source=source).rows] == [row for row in parsed if row]
