"""What people decided about pairs, brought to the customers of this load."""

from __future__ import annotations

from collections import defaultdict

import pandas as pd

from salesops_lib.cleaning.merging.review import NAME, Decision, pair_key
from salesops_lib.errors import DataError, nearest

Pair = tuple[int, int]


def resolved(
    decisions: list[Decision], ids: list[str], found: pd.DataFrame
) -> tuple[dict[Pair, Decision], tuple[Decision, ...]]:
    """Decisions by pair of record numbers, and those whose customer is gone.

    A spreadsheet may have changed ids (007 becomes 7); the pair's key tells which they were.

    Raises
    ------
    DataError
        If an id is no customer's and the row is not one that a load wrote.
    """
    if not decisions:
        return {}, ()
    number = {customer: record for record, customer in enumerate(ids)}
    shown = {pair_key(ids[a], ids[b]): (int(a), int(b)) for a, b in zip(found.left, found.right, strict=True)}
    bare: dict[str, list[str]] = defaultdict(list)
    for customer in ids:
        bare[customer.strip().lstrip("0")].append(customer)
    pairs: dict[Pair, Decision] = {}
    stale = []
    for made in decisions:
        pair = _pair(made, number, shown, bare)
        if pair is None:
            stale.append(made)
        else:
            pairs.setdefault(pair, made)
    return pairs, tuple(stale)


def _pair(
    made: Decision, number: dict[str, int], shown: dict[str, Pair], bare: dict[str, list[str]]
) -> Pair | None:
    key = made.row.get("pair", "")
    if key in shown:
        return shown[key]
    if key:
        for left in bare.get(made.left.strip().lstrip("0"), ()):
            for right in bare.get(made.right.strip().lstrip("0"), ()):
                if pair_key(left, right) == key:
                    return _ordered(number[left], number[right])
        return None
    for customer in (made.left, made.right):
        if customer not in number:
            raise DataError(
                f"{NAME}, line {made.line}: there is no customer {customer!r}; {nearest(customer, number, shown=3)}\n"
                "Write an id of the customer table, or take the line out."
            )
    if made.left == made.right:
        raise DataError(f"{NAME}, line {made.line}: both ids are {made.left!r}. Write two customers.")
    return _ordered(number[made.left], number[made.right])


def _ordered(one: int, other: int) -> Pair:
    return (one, other) if one < other else (other, one)


def refuse_contradictions(decided: dict[Pair, Decision], group: list[int]) -> None:
    """Refuse `apart` for two customers whom other decisions merge.

    Raises
    ------
    DataError
        If there are such decisions.
    """
    for (left, right), made in decided.items():
        if made.word == "apart" and group[left] == group[right]:
            merges = [
                str(m.line)
                for pair, m in decided.items()
                if m.word == "merge" and group[pair[0]] == group[left]
            ]
            raise DataError(
                f"{NAME}, line {made.line}: {made.left!r} and {made.right!r} are to stay apart, but lines {', '.join(merges)} "
                "merge both with the same customers. Change one of these decisions."
            )
