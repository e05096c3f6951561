"""Rows that are no data: blank ones, the headers once more, totals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from salesops_lib.cleaning.values.spelling import SPACES, literal, matches

BLANK, HEADERS, TOTALS = 1, 2, 3
#: Code of the fault → its reason.
REASONS: Mapping[int, str] = MappingProxyType(
    {BLANK: "blank row", HEADERS: "headers repeated", TOTALS: "totals row"}
)
_WORD = (
    r"(?:grand[ -]?)?totals?|sub[ -]?totals?|sum|gesamt(?:summe)?|summe|somme|totale|suma|итого|"
    r"(?:本页|本月|本年|以上|全部|月|年)?(?:合计|总计|小计|共计|累计|总和|合計|總計|小計|総計)"
)
_ONLY = rf"(?i)(?:{_WORD})[ :：]*"
_AMONG = rf"(?i)(?:.{{0,40}}[^a-zа-я])?(?:{_WORD})(?:[^a-zа-я].{{0,40}})?|.{{0,20}}(?:合计|总计|小计|共计|累计).{{0,20}}"


def nothing(every: Sequence[str]) -> str:
    """Whether no cell of the row holds anything."""
    return f"trim(concat({', '.join(every)}), {literal(SPACES)}) = ''"


def headers(columns: Mapping[str, str]) -> str:
    """Whether each filled cell is its own header; `columns` are texts → headers."""
    same = " AND ".join(
        f"COALESCE(trim({text}), '') IN ('', {literal(header.strip())})" for text, header in columns.items()
    )
    return f"COALESCE({', '.join(columns)}, NULL) IS NOT NULL AND {same}"


def totals(key: Sequence[str], day: str, words: Sequence[str]) -> str:
    """Whether a row with a fault is one of totals.

    Some text says total, and neither key nor day says anything else: a customer of that name
    has orders with a number and a day.
    """
    held = [text for text in (*key, day) if text]
    alone = " AND ".join(f"({text} IS NULL OR {matches(text, _AMONG)})" for text in held) or "true"
    return f"({' OR '.join(matches(text, _AMONG) for text in words)}) AND {alone}"


def total_key(key: str, words: Sequence[str]) -> str:
    """Whether a row without a fault is one of totals: its key says so, and no other text says anything."""
    others = "".join(f" AND ({text} IS NULL OR {matches(text, _ONLY)})" for text in words if text != key)
    return f"{key}[-1] NOT BETWEEN '0' AND '9' AND {matches(key, _ONLY)}{others}"


def total_word(words: Sequence[str]) -> str:
    """The cell that says total."""
    return (
        f"COALESCE({', '.join(f'CASE WHEN {matches(text, _AMONG)} THEN {text} END' for text in words)}, NULL)"
    )
