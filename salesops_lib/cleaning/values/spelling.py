"""How values are spelt: characters that mean the same, blanks, text and codes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

#: White space around a value, with the invisible characters that exports leave there.
SPACES = " \t\r\n\v\f\u0085\u00a0\u2007\u2009\u202f\u3000\u200b\ufeff"
_INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\ufeff"
_FULL = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000"
_HALF = "".join(map(chr, range(0x21, 0x7F))) + " "
#: Beyond full-width forms: signs that stand for plain ones in numbers and dates.
_SIGNS = "￥￡￦−–—‐‑﹣’‘ʼ´`\u00a0\u2007\u2009\u202f\t"
_PLAIN = "¥£₩------'''''    " + " "
_BLANK = (
    r"(?i)-+|—+|–+|－+|/|\\n|n\.?/?a\.?|#n/a|#null!|nan|nat|none|null|\(?(null|none|blank|empty)\)?|"
    r"无|空|暂无|没有|不适用|未知|未填|未填写"
)


def literal(text: str) -> str:
    """`text` as an SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def matches(text: str, pattern: str) -> str:
    """Whether the whole of `text` matches `pattern`."""
    return f"regexp_full_match({text}, {literal(pattern)})"


def lookup(key: str, entries: Mapping[str, str | int]) -> str:
    """Entry of a text `key`, as text; NULL for none.  Keys and entries hold neither `|` nor `=`.

    Not `CASE` or `MAP`: of a hundred branches each costs its time for every block of rows, and a
    hundred constants are slow to plan.
    """
    table = "|" + "".join(f"{word}={entry}|" for word, entry in entries.items())
    assert table.count("|") == table.count("=") + 1 == len(entries) + 1
    return f"nullif(split_part(split_part({literal(table)}, '|' || {key} || '=', 2), '|', 1), '')"


def is_one_of(text: str, words: Sequence[str]) -> str:
    """Whether `text` is one of `words`.

    Not `IN`: DuckDB makes a hash join of a long list, and a join loses the order of the file.
    """
    return matches(text, "|".join(map(re.escape, words)))


def is_blank(text: str, also: str = "") -> str:
    """Whether `text` says that there is no value: `-`, `N/A`, `NULL`, 无.

    Only for columns that are not text.  In text, NULL, NA and None are names and codes like
    any other: there is a customer called Null, and NO is a country.
    """
    return matches(text, f"{_BLANK}|{also}" if also else _BLANK)


def plain(text: str) -> str:
    """`text` with full-width forms, other dashes, quotes and spaces as their plain ones."""
    given, meant = _FULL + _SIGNS, _HALF + _PLAIN
    assert len(given) == len(meant)
    return f"trim(translate({text}, {literal(given + _INVISIBLE)}, {literal(meant)}))"


def text_sql(raw: str) -> str:
    r"""Text without blanks, tabs and line ends around it; empty text, NULL and ``\N`` are missing.

    Text that begins and ends with a printable ASCII character or an ideograph needs no trimming:
    asking costs a third of doing.
    """
    begins = f"({raw} BETWEEN ' ~' AND '\x7f' OR {raw} BETWEEN '一' AND '龥')"
    ends = f"({raw}[-1] BETWEEN '!' AND '~' OR {raw}[-1] BETWEEN '一' AND '龥')"
    trimmed = f"nullif(trim({raw}, {literal(SPACES)}), '')"
    return f"nullif(CASE WHEN {begins} AND {ends} THEN {raw} ELSE {trimmed} END, '\\N')"


def code_sql(text: str, *, is_float: bool) -> str:
    """A code: full-width characters narrowed; a code exported as a number without its `.0`.

    Nothing else changes: 007, 12345678901234567890, NA and NULL are codes as they stand.
    """
    narrowed = f"translate({text}, {literal(_FULL + _INVISIBLE)}, {literal(_HALF)})"
    narrow = f"CASE WHEN strlen({text}) <> length({text}) THEN {narrowed} ELSE {text} END"
    return f"regexp_replace({narrow}, '^(\\d+)\\.0+$', '\\1')" if is_float else narrow
