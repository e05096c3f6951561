"""How a file writes its values: units, currency, decimal mark, codes, returns."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Protocol

from salesops_lib.cleaning.mapping.names import read
from salesops_lib.cleaning.mapping.scoring import in_percent
from salesops_lib.cleaning.mapping.values import RETURNED, Evidence, same
from salesops_lib.cleaning.reading import Sample
from salesops_lib.tables import TABLES

_INSIDE = re.compile(r"[(\[{【（]([^)\]}】）]*)|(?:单位|unit|in)\s*[:：]?\s*(\S+)", re.I)
_CURRENCIES = {
    "USD": "USD", "US$": "USD", "US DOLLAR": "USD", "美元": "USD", "EUR": "EUR", "欧元": "EUR", "GBP": "GBP", "英镑": "GBP",
    "RMB": "CNY", "CNY": "CNY", "人民币": "CNY", "JPY": "JPY", "日元": "JPY", "HKD": "HKD", "港币": "HKD", "港元": "HKD",
    "TWD": "TWD", "新台币": "TWD", "AUD": "AUD", "CAD": "CAD", "CHF": "CHF", "INR": "INR", "SGD": "SGD",
    "¥": "CNY", "￥": "CNY", "€": "EUR", "£": "GBP", "$": "USD", "元": "CNY",
}  # fmt: skip
_UNITS = (
    ("百万", 1_000_000), ("亿", 100_000_000), ("万", 10_000), ("千", 1_000), ("million", 1_000_000), ("millions", 1_000_000),
    ("mio", 1_000_000), ("mn", 1_000_000), ("thousand", 1_000), ("thousands", 1_000), ("tsd", 1_000), ("teur", 1_000), ("t€", 1_000),
    ("keur", 1_000), ("kusd", 1_000), ("krmb", 1_000), ("kcny", 1_000), ("k€", 1_000), ("k$", 1_000), ("$k", 1_000), ("€k", 1_000), ("$m", 1_000_000),
    ("'000", 1_000), ("000s", 1_000), ("k", 1_000),
)  # fmt: skip
_UNIT_LINE = re.compile(r"单位|unit|currency|in\s+(?:thousand|million)|千元|万元|百万|tsd|teur", re.I)
_MOST = 0.85
_SCALED = ("money", "number")


class Mapped(Protocol):
    """A table and its columns → headers."""

    @property
    def table(self) -> str: ...

    @property
    def columns(self) -> Mapping[str, str]: ...


def units(match: Mapped) -> dict[str, int]:
    """Scale of money columns whose header names one: 销售额（万元） → 10000."""
    found = {}
    for column, header in match.columns.items():
        if TABLES[match.table][column].type in _SCALED and (factor := unit_of(header)) != 1:
            found[column] = factor
    return found


def unit_of(header: str) -> int:
    """Factor that a header states; 1 when it states none.

    >>> unit_of("销售额（万元）"), unit_of("Revenue ($k)"), unit_of("Sales (in thousands)"), unit_of("万科销售额")
    (10000, 1000, 1000, 1)
    """
    text = unicodedata.normalize("NFKC", header).casefold()
    stated = [part for pair in _INSIDE.findall(text) for part in pair if part]
    tail = re.split(r"[\s_\-/,]+", text)
    stated += [tail[-1]] if len(tail) > 1 else []
    for inside in stated:
        for word, factor in _UNITS:
            rim = r"(?<![a-z$€])" if word[0].isalpha() else ""
            pattern = rf"{rim}{re.escape(word)}(?![a-z])" if word.isascii() or "€" in word else word
            if re.search(pattern, inside):
                return factor
    return 10_000 if re.search(r"万元$", text) else 1_000 if re.search(r"千元$", text) else 1


def stated_above(sample: Sample, match: Mapped) -> dict[str, int]:
    """Scale of amounts whose header names none, as a line above the header says: 单位：万元.

    Prices are in single units, as a rule, and stay so.
    """
    told = [int(unit_of(f"({line})")) for line in sample.preamble if _UNIT_LINE.search(line)]
    factor = next((factor for factor in told if factor != 1), 1)
    return {
        column: factor for column in _amounts(match) if factor != 1 and unit_of(match.columns[column]) == 1
    }


def implied(evidence: Evidence, match: Mapped) -> dict[str, int]:
    """Scale of amounts that quantity × price tells: 10,000 where they are that many times the amount."""
    wanted = {"quantity", "unit_price", "net_amount"}
    if not wanted <= match.columns.keys():
        return {}
    place = {column: evidence.sample.headers.index(match.columns[column]) for column in wanted}
    worth = evidence.numbers(place["quantity"]) * evidence.numbers(place["unit_price"])
    for factor in (1_000, 10_000, 1_000_000):
        if same(worth, evidence.numbers(place["net_amount"]) * factor, places=0.006 * factor) >= _MOST:
            return dict.fromkeys(_amounts(match), factor)
    return {}


def _amounts(match: Mapped) -> list[str]:
    kinds = {column.name: column.type for column in TABLES[match.table].columns}
    return [c for c in match.columns if kinds[c] == "money" and not c.endswith("_price")]


def currency(sample: Sample, match: Mapped) -> str:
    """Currency that headers or values of money columns name; empty when they name none or several."""
    found: set[str] = set()
    for column, header in match.columns.items():
        if TABLES[match.table][column].type == "money":
            values = sample.values(sample.headers.index(header))[:50]
            named = [code for text in (header, *values) if (code := _currency_in(text))]
            found |= set(named[:1])
    return found.pop() if len(found) == 1 else ""


def _currency_in(text: str) -> str:
    upper = text.upper()
    for mark, code in _CURRENCIES.items():
        if mark.isalpha() and mark.isascii():
            if re.search(rf"(?<![A-Z]){mark}(?![A-Z])", upper):
                return code
        elif mark in upper:
            return code
    return ""


def decimal_mark(sample: Sample, match: Mapped) -> str:
    """`,` when amounts are written 1.234,50; else `.`."""
    commas = points = 0
    for column, header in match.columns.items():
        if TABLES[match.table][column].type in ("money", "quantity", "number", "ratio"):
            for value in sample.values(sample.headers.index(header)):
                bare = re.sub(r"[^\d.,'\s]", "", value).strip()
                commas += bool(re.fullmatch(r"(\d{1,3}([.\s']\d{3})+|\d+),(\d{1,2}|\d{4,})", bare))
                points += bool(re.fullmatch(r"(\d{1,3}([,\s']\d{3})+|\d+)\.(\d{1,2}|\d{4,})", bare))
    return "," if commas > points else "."


def float_codes(sample: Sample, match: Mapped) -> tuple[str, ...]:
    """Code columns whose values were all exported as numbers: 17850.0."""
    found = []
    for column, header in match.columns.items():
        values = sample.values(sample.headers.index(header))
        if column.endswith("_id") and values and all(re.fullmatch(r"\d+\.0+", value) for value in values):
            found.append(column)
    return tuple(found)


def percent_columns(evidence: Evidence, match: Mapped) -> tuple[str, ...]:
    """Columns of shares that are written as 15 for 15 %."""
    found = []
    for column, header in match.columns.items():
        index = evidence.sample.headers.index(header)
        if column.endswith("_rate") and in_percent(evidence, index):
            found.append(column)
    return tuple(found)


def marked_returns(evidence: Evidence, match: Mapped) -> tuple[str, tuple[str, ...]]:
    """Header of the type or status that marks returns with positive amounts, and the values that do.

    Empty where no row is marked, or the marked rows are negative already.
    """
    if match.table != "order_lines":
        return "", ()
    amount = next((c for c in ("net_amount", "gross_amount", "quantity") if c in match.columns), "")
    if not amount:
        return "", ()
    numbers = evidence.numbers(evidence.sample.headers.index(match.columns[amount]))
    for index, header in enumerate(evidence.sample.headers):
        if not read(header).concepts & {"type", "status", "event"}:
            continue
        words = evidence.values(index).returned
        rows = [
            n for n, row in enumerate(evidence.rows) if index < len(row) and RETURNED.search(row[index] or "")
        ]
        held = [numbers[row] for row in rows if numbers[row] == numbers[row]]
        if words and held and all(number >= 0 for number in held):
            return header, words
    return "", ()
