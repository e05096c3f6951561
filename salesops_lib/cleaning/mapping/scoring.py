"""How well each header of a part fits each column of a table: by its name, then by its values."""

from __future__ import annotations

from functools import cache

from rapidfuzz import fuzz

from salesops_lib.cleaning.mapping.names import Name, read
from salesops_lib.cleaning.mapping.patterns import literal_names, patterns
from salesops_lib.cleaning.mapping.values import Evidence, Values
from salesops_lib.tables import Column, Table

NEAR = 90
_UNKNOWN_WORD = 0.77
_GUESSED_WORD = 0.8
_SOFT_WORD = 0.996
_BESIDE_BRACKETS = 0.82
_LEAST = 0.33
_CERTAIN = 0.95
_FEW_CERTAIN = 0.9
_FEW = 5
_HALF = 0.5
_NAMED_BY = {"customer_name": "customer_id", "product_name": "product_id", "name": ""}
#: Columns that hold words or codes with letters: whole numbers there are keys of another table.
_WORDED = ("currency", "status", "channel", "region", "segment", "category", "stage", "role", "outcome")
_FLAGLESS = ("channel", "region", "category", "rep_id", "segment", "source", "role", "team")


def named(table: Table, name: Name) -> dict[str, float]:
    """Columns that a header may name, with how well it does, 0 to 1."""
    scores = {column.name: _name_score(table.name, column.name, name) for column in table.columns}
    return {column: score for column, score in scores.items() if score >= _LEAST}


@cache
def _name_score(table: str, column: str, name: Name) -> float:
    own = literal_names(table, column)
    if name.text in {text for text, weight in own if weight >= 0.99}:
        return 1.0
    best = 0.0
    for pattern in patterns(table, column):
        for concepts, weight in ((name.concepts, 1.0), (name.outside, _BESIDE_BRACKETS)):
            if concepts and pattern.must <= concepts <= pattern.must | pattern.may:
                best = max(best, pattern.weight * weight * _SOFT_WORD ** len(concepts - pattern.must))
    if best:
        return best * _UNKNOWN_WORD**name.n_unknown * (_GUESSED_WORD if name.is_guessed else 1.0)
    for text, weight in own:
        if text == name.text:
            best = max(best, weight)
        elif (
            min(len(text), len(name.text)) >= 5
            and name.n_unknown
            and (near := fuzz.ratio(text, name.text)) >= NEAR
        ):
            best = max(best, weight * near / 100 * 0.85)
    return best


def scores(evidence: Evidence, table: Table) -> tuple[dict[tuple[int, str], float], list[str]]:
    """(header, column) → fit by name and values; and headers refused because of their values."""
    found: dict[tuple[int, str], float] = {}
    refused = []
    for index, header in enumerate(evidence.sample.headers):
        name = read(header)
        for column, by_name in named(table, name).items():
            contract = table[column]
            agrees = _agreement(evidence, index, contract, name)
            few = len(evidence.values(index).present) < _FEW
            is_sure = by_name >= _CERTAIN and contract.required
            if agrees < _HALF and not (is_sure or (few and by_name >= _FEW_CERTAIN)):
                refused.append(
                    f"{header!r} is not {column}: {agrees:.0%} of its values are of type {contract.type}"
                )
                continue
            fit = by_name * (0.7 + 0.3 * agrees) * _by_values(evidence.values(index), contract, name, table)
            if fit >= _LEAST:
                found[index, column] = fit
    return found, refused


def _agreement(evidence: Evidence, index: int, column: Column, name: Name) -> float:
    if column.type == "ratio" and "percent" in name.concepts and in_percent(evidence, index):
        return 1.0
    return evidence.agreement(index, column)


def in_percent(evidence: Evidence, index: int) -> bool:
    """Whether shares are written as 15 for 15 %, without the mark: some are above 1, none above 100."""
    if any("%" in value or "％" in value for value in evidence.values(index).present):
        return False
    numbers = evidence.numbers(index)
    return bool((abs(numbers[numbers == numbers]) <= 100).all() and (abs(numbers) > 1).any())


def _by_values(values: Values, column: Column, name: Name, table: Table) -> float:
    """Factor by which the looks of the values lower the fit of a header, 0 to 1."""
    if not values.present:
        return 0.6 if values.n_rows >= _FEW else 0.9
    factor = 1.0
    if column.name in (*_FLAGLESS, "customer_name", "product_name", "name") and values.is_flag:
        factor *= 0.5
    if column.name.endswith("_id"):
        factor *= _as_key(values, column, name, table)
    elif column.name in _NAMED_BY and values.code_share >= 0.8:
        factor *= (
            (0.4 if values.is_whole else 0.78)
            if not name.concepts > {"name"}
            else 0.6
            if values.is_whole
            else 1.0
        )
    if column.name in _WORDED and values.is_whole:
        factor *= 0.6
    if column.name == "outcome" and "status" in name.concepts and not values.is_outcome:
        factor *= 0.4
    if "state" in name.concepts and column.name in ("status", "region"):
        factor *= 1.0 if values.is_status == (column.name == "status") else 0.4
    if column.name in ("customer_name", "customer_id") and values.is_constant:
        factor *= 0.5 if "company" in name.concepts else 0.9
    if column.name.startswith("discount_"):
        factor *= 0.4 if values.is_multiplier else 1.0
    if column.name == "discount_amount":
        factor *= 0.5 if values.is_fraction else 1.0
        factor *= 1.0 if "amount" in name.concepts or not values.may_be_percent else 0.8
    if column.name == "line_id" and "product" in name.concepts:
        factor *= 1.0 if values.is_whole and max(map(len, values.distinct)) <= 6 else 0.3
    if column.type == "money" and set(values.distinct) <= {"0", "0.0", "0.00"}:
        factor *= 0.6
    return factor


def _as_key(values: Values, column: Column, name: Name, table: Table) -> float:
    """The same for columns of codes."""
    if column.name == "order_id":
        if values.is_constant:
            return 0.4
        return 1.0 if "id" in name.concepts or values.code_share >= _HALF else 0.3
    is_bare = not name.concepts & {"id", "email", "login", "member_card"}
    has_names = column.name.removesuffix("_id") + "_name" in table.names
    if is_bare and has_names and values.code_share < 0.6:
        return 0.85
    if column.name == "line_id" and "line" in name.concepts and values.runs_on:
        return 0.8
    if column.name == table.key[0] and len(table.key) == 1 and not values.is_unique:
        return 0.9 if len(values.distinct) > 0.7 * len(values.present) else 0.75
    return 1.0
