"""Which canonical table a part of a file feeds, and which header is which column.

Evidence is the header's name (in any language, compared after folding) and whether the
values agree with the column's type.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

from rapidfuzz import fuzz

from salesops_lib.cleaning.reading import Sample
from salesops_lib.tables import TABLES, Column, Table

NEAR = 90
_AGREES = 0.5
_EXACT = 0.95
_FEW = 5
_PARENTHESES = re.compile(r"[(\[{【（].*?[)\]}】）]")
_BLANKS = {"null", "n/a", "na", "#n/a", "nan", "none", "-", "--", "—", "无", "空", "\\n"}
_NUMBER = re.compile(
    r"[(（]?[-+−]?\s*(?:CNY|RMB|USD|EUR|GBP|[¥￥$€£])?\s*[-+]?(?:\d[\d,. ]*|[.,]\d+)\s*[万亿千元%]*\s*-?[)）]?",
    re.I,
)
_DATE = re.compile(
    r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*|(?:19|20)\d{6}"
    r"|\d{1,2}[- ][A-Za-z]{3,9}[- ,]+\d{2,4}.*|[A-Za-z]{3,9} \d{1,2},? \d{4}"
)

#: Headers seen in real files that the contracts do not list.
_MORE: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("order_lines", "discount_amount"): ("discount", "折扣"),
    ("org", "rep_id"): ("person", "地区经理", "区域经理", "regional manager"),
}
#: Required columns that rows get by their number where a file has no such header.
NUMBERED = frozenset({("order_lines", "order_id")})
#: Tables that the same part may feed beside its main one.
_COMPANIONS: Mapping[str, str] = {"reps": "org"}
_CURRENCIES = {
    "USD": "USD",
    "EUR": "EUR",
    "GBP": "GBP",
    "RMB": "CNY",
    "CNY": "CNY",
    "JPY": "JPY",
    "HKD": "HKD",
    "¥": "CNY",
    "￥": "CNY",
    "€": "EUR",
    "£": "GBP",
    "$": "USD",
    "元": "CNY",
}
_UNITS = {"亿": 100_000_000, "万": 10_000, "千": 1_000, "k": 1_000, "thousand": 1_000, "million": 1_000_000}


@dataclass(frozen=True)
class Match:
    """How well a part fits a table.

    `columns` maps canonical columns to headers, no header and no column twice.  `missing`
    are required columns without a header.  `rank` orders tables for one part.
    """

    table: str
    columns: Mapping[str, str]
    scores: Mapping[str, float]
    missing: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    rank: float = 0.0
    reasons: tuple[str, ...] = field(default=())

    @property
    def confidence(self) -> float:
        """Mean agreement of the mapped columns, 0 to 1."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else 0.0


def fold(text: str) -> str:
    """`text` without case, width, spaces, punctuation and anything in parentheses.

    >>> fold("Invoice_No.") == fold("ＩＮＶＯＩＣＥ　ＮＯ"), fold("销售额（万元）")
    (True, '销售额')
    """
    wide = unicodedata.normalize("NFKC", text).casefold()
    bare = _PARENTHESES.sub("", wide) or wide
    return "".join(character for character in bare if character.isalnum())


def matches(sample: Sample, tables: Iterable[str] | None = None) -> list[Match]:
    """All tables that share a column with the part, best first."""
    found = [_match(sample, TABLES[name]) for name in (tables or TABLES)]
    found = [match for match in found if match.columns]
    return sorted(found, key=lambda match: (bool(match.missing), -match.rank))


def companion(sample: Sample, main: Match) -> Match | None:
    """The second table that the part feeds, e.g. `reps` beside `org`."""
    name = _COMPANIONS.get(main.table)
    if name is None:
        return None
    match = _match(sample, TABLES[name])
    own = set(match.columns) - set(main.columns)
    useful = bool(own & {"team", "region", "manager_id"}) if name == "org" else True
    return match if not match.missing and useful else None


def candidates(sample: Sample, match: Match, column: str) -> list[str]:
    """Unmapped headers whose values agree with the type of `column`."""
    wanted = TABLES[match.table][column]
    return [h for h in match.unmapped if agreement(sample.values(sample.headers.index(h)), wanted) >= 0.8]


def agreement(values: list[str], column: Column) -> float:
    """Share of `values` that can be read as the column's type; 1 without values.

    >>> agreement(["2026-01-05", "x"], TABLES["order_lines"]["ordered_on"])
    0.5
    """
    present = [value for value in values if value.casefold() not in _BLANKS]
    if not present or column.type == "text":
        return 1.0
    return sum(_fits(value, column.type) for value in present) / len(present)


def _fits(value: str, kind: str) -> bool:
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "date":
        is_serial = text.replace(".0", "").isdigit() and 20_000 <= float(text) <= 80_000
        return bool(_DATE.fullmatch(text)) or is_serial
    if not _NUMBER.fullmatch(text):
        return False
    if kind == "ratio" and not text.endswith("%"):
        try:
            return abs(float(text)) <= 1
        except ValueError:
            return False
    return True


@cache
def _names(table: str, column: str) -> tuple[tuple[str, float], ...]:
    """Folded names of a column with their weight: its own name first, then its synonyms."""
    contract = TABLES[table][column]
    own = [(fold(contract.name), 1.0), (fold(contract.zh), 1.0)]
    others = [(fold(name), 0.98 - 0.002 * index) for index, name in enumerate(contract.synonyms)]
    more = [(fold(name), 0.90) for name in _MORE.get((table, column), ())]
    return tuple((name, weight) for name, weight in own + others + more if name)


@cache
def _name_score(table: str, column: str, header: str) -> float:
    best = 0.0
    for name, weight in _names(table, column):
        if name == header:
            best = max(best, weight)
        elif min(len(name), len(header)) >= 5 and (near := fuzz.ratio(name, header)) >= NEAR:
            best = max(best, weight * near / 100 * 0.95)
    return best


def _match(sample: Sample, table: Table) -> Match:
    pairs = []
    refused = []
    for index, header in enumerate(sample.headers):
        folded = fold(header)
        for column in table.columns:
            by_name = _name_score(table.name, column.name, folded)
            if not by_name:
                continue
            values = sample.values(index)
            agrees = agreement(values, column)
            is_certain = by_name >= _EXACT and (column.required or len(values) < _FEW)
            if agrees < _AGREES and not is_certain:
                refused.append(
                    f"{header!r} is not {column.name}: {agrees:.0%} of its values are of type {column.type}"
                )
                continue
            pairs.append((by_name * (0.7 + 0.3 * agrees), index, column.name))
    columns, scores = _assigned(pairs, sample.headers)
    missing = tuple(c for c in table.required if c not in columns and (table.name, c) not in NUMBERED)
    unmapped = tuple(header for header in sample.headers if header not in columns.values())
    rank = sum(scores.values()) + _hint(sample, table) + 0.2 * sum(key in columns for key in table.key)
    return Match(table.name, columns, scores, missing, unmapped, rank, tuple(refused))


def _assigned(
    pairs: list[tuple[float, int, str]], headers: tuple[str, ...]
) -> tuple[dict[str, str], dict[str, float]]:
    """Each header to at most one column and each column to at most one header, best pair first."""
    columns: dict[str, str] = {}
    scores: dict[str, float] = {}
    used: set[int] = set()
    for score, index, column in sorted(pairs, key=lambda pair: (-pair[0], pair[1])):
        if column not in columns and index not in used:
            columns[column], scores[column] = headers[index], score
            used.add(index)
    return columns, scores


def _hint(sample: Sample, table: Table) -> float:
    """A little weight when the file or sheet is named like the table."""
    name = fold(f"{sample.part.path.stem} {sample.part.member} {sample.part.sheet}")
    words = {fold(table.name), fold(table.name).rstrip("s"), fold(table.zh)}
    return 0.5 if any(word and word in name for word in words) else 0.0


def units(match: Match) -> dict[str, int]:
    """Scale of money columns whose header names one: 销售额（万元） → 10000."""
    found = {}
    for column, header in match.columns.items():
        if TABLES[match.table][column].type == "money":
            inside = " ".join(_PARENTHESES.findall(header)).casefold()
            for word, factor in _UNITS.items():
                if re.search(rf"(?<![a-z]){word}(?![a-z])" if word.isascii() else word, inside):
                    found[column] = factor
                    break
    return found


def currency(sample: Sample, match: Match) -> str:
    """Currency that headers or values of money columns name; empty when they name none."""
    for column, header in match.columns.items():
        if TABLES[match.table][column].type != "money":
            continue
        texts = [header.upper(), *sample.values(sample.headers.index(header))[:50]]
        for mark, code in _CURRENCIES.items():
            if any(_names_currency(text, mark) for text in texts):
                return code
    return ""


def _names_currency(text: str, mark: str) -> bool:
    return bool(re.search(rf"\b{mark}\b", text, re.I)) if mark.isalpha() and mark.isascii() else mark in text


def decimal_mark(sample: Sample, match: Match) -> str:
    """`,` when amounts are written 1.234,50; else `.`."""
    commas = points = 0
    for column, header in match.columns.items():
        if TABLES[match.table][column].type in ("money", "quantity", "number"):
            values = sample.values(sample.headers.index(header))
            commas += sum(bool(re.fullmatch(r"-?(\d{1,3}(\.\d{3})+|\d+),\d{1,2}", value)) for value in values)
            points += sum(bool(re.fullmatch(r"-?(\d{1,3}(,\d{3})+|\d+)\.\d+", value)) for value in values)
    return "," if commas > points else "."


def float_codes(sample: Sample, match: Match) -> tuple[str, ...]:
    """Code columns whose values were all exported as numbers: 17850.0."""
    found = []
    for column, header in match.columns.items():
        values = sample.values(sample.headers.index(header))
        if column.endswith("_id") and values and all(re.fullmatch(r"\d+\.0+", value) for value in values):
            found.append(column)
    return tuple(found)
