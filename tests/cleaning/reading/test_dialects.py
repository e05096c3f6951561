"""Dialects are told from the first lines; a tie is decided for the common one, and said."""

from __future__ import annotations

import io

import pytest

from salesops_lib.cleaning.reading.dialects import RUN, Dialect, State, detect
from salesops_lib.cleaning.reading.lines import Line, Lines

ROWS = [
    ["id", "date", "customer", "note", "amount"],
    ["1", "2024-01-05", "Smith, John", 'said "hi"', "1234.50"],
    ["2", "2024-01-06 10:00:00", "北京华联", "a; b", "899"],
    ["3", "2024-01-07", "O'Neil", "", "12,5"],
    ["4", "2024-01-08", "x", "y|z", "7"],
]


def lines(text: str) -> list[Line]:
    return list(Lines(io.BytesIO(text.encode()), "utf-8"))


@pytest.mark.parametrize(
    "delimiter", [",", ";", "\t", "|", " ", "~", "^", ":", "\x01", "\x1f", "||", "::", "<|>", " | ", ", "]
)
def test_the_delimiter_is_found(delimiter: str) -> None:
    core = delimiter.strip() or delimiter
    text = "\n".join(
        delimiter.join('"' + c.replace('"', '""') + '"' if core in c or '"' in c else c for c in row)
        for row in ROWS
    )
    found, _ = detect(lines(text))
    assert (found.delimiter, found.quote) == (delimiter, '"')


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("a,b\n'x, y',1\n'it''s, so',2\n", Dialect(",", "'", "'")),
        ('a,b\n"x \\" y",1\n"z, \\" w",2\n', Dialect(",", '"', "\\")),
        ('a,b\n"C:\\dir\\",1\n"C:\\x, y\\",2\n', Dialect(",", '"', '"')),
        ('a,b\n"say "hi" to",1\n"a "b" c",2\n"d "e" f",3\n"g",4\n', Dialect(",", '"', "")),
        ("a\n1\n2\n", Dialect()),
        (" 0001 19970101  1   11.77\n 0002 19970112  1   12.00\n 0002 19970112  5   77.00\n", Dialect(RUN)),
        ("", Dialect()),
    ],
)
def test_quotes_and_escapes(text: str, dialect: Dialect) -> None:
    assert detect(lines(text))[0] == dialect


def test_of_two_equal_readings_the_common_one_is_taken_and_the_other_named() -> None:
    found, notes = detect(lines("a;b,c\nd;e,f\ng;h,i\n"))
    assert found.delimiter == ","
    assert notes == ("the delimiter could also be ';'; ',' is taken",)


@pytest.mark.parametrize(
    ("dialect", "text", "cells", "state"),
    [
        (Dialect(), '1,"a ""b"", c",', ["1", 'a "b", c', ""], State.REGULAR),
        (Dialect(), ' "a, b" , "c"', ["a, b", "c"], State.REGULAR),
        (Dialect(), 'x,5" pipe', ["x", '5" pipe'], State.STRAY),
        (Dialect(), '1,"say "hi" now",2', ["1", 'say "hi" now', "2"], State.ODD),
        (Dialect(), '1,"open, 2', ["1", '"open', " 2"], State.OPEN),
        (Dialect(), '"",""', ["", ""], State.REGULAR),
        (Dialect(escape=""), '1,"say "hi" now",2', ["1", 'say "hi" now', "2"], State.REGULAR),
        (Dialect(escape="\\"), r'1,"a \" b \\",2', ["1", 'a " b \\', "2"], State.REGULAR),
        (Dialect("|", "", "\\"), r"a\|b|c\\|d", ["a|b", "c\\", "d"], State.REGULAR),
        (Dialect("||"), '1||"a||b"||', ["1", "a||b", ""], State.REGULAR),
        (Dialect(RUN), '  a   "b c" d ', ["a", "b c", "d"], State.REGULAR),
        (Dialect("\t"), "a\t b \t", ["a", " b ", ""], State.REGULAR),
    ],
)
def test_a_record_is_split(dialect: Dialect, text: str, cells: list[str], state: State) -> None:
    assert dialect.split(text) == (cells, state)
