"""Whether 03/04/2026 is a day in April or in March: what the dates of a file themselves tell."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_SLASHED = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{2}|\d{4})(?:\D.*)?")
_ENOUGH = 3
#: Columns whose day is never before that of the order, deal or invoice.
_LATER = (
    "shipped_on",
    "requested_on",
    "due_on",
    "closed_on",
    "expected_close_on",
    "left_on",
    "valid_to",
    "returned_on",
)
_EARLIER = ("ordered_on", "created_on", "invoiced_on", "hired_on", "valid_from")


@dataclass(frozen=True)
class DateOrder:
    """Order of day and month in dates written with numbers only.

    `order` is `ymd`, `dmy`, `mdy`, or empty where nothing in the file tells; `likely` is then what
    the marks between the numbers suggest.
    """

    order: str
    why: str = ""
    likely: str = ""
    examples: tuple[str, ...] = ()


def date_order(columns: Mapping[str, Sequence[str | None]]) -> DateOrder:
    """What the dates of a file tell about their order.

    Parameters
    ----------
    columns
        Canonical date column → its values, row by row.

    Examples
    --------
    >>> date_order({"ordered_on": ["03/04/2026", "25/04/2026"]}).order
    'dmy'
    >>> date_order({"ordered_on": ["03.04.2026"]}).likely
    'dmy'
    """
    slashed = {
        value.strip(): found
        for values in columns.values()
        for value in values
        if value and (found := _SLASHED.fullmatch(value.strip()))
    }
    if not slashed:
        return DateOrder("ymd")
    pairs = [(int(found[1]), int(found[3])) for found in slashed.values()]
    firsts, seconds = sum(a > 12 for a, _ in pairs), sum(b > 12 for _, b in pairs)
    examples = tuple(slashed)[:3]
    if firsts or seconds:
        order = "dmy" if firsts >= seconds else "mdy"
        mixed = (
            f"dates are written in both orders: {firsts} day first, {seconds} month first; read as {order}"
        )
        return DateOrder(order, mixed if firsts and seconds else "", examples=examples)
    if told := _by_sequence(columns):
        return DateOrder(
            told, f"read as {told}: otherwise rows would end before they begin", examples=examples
        )
    dotted = all(found[2] == "." for found in slashed.values())
    return DateOrder("", likely="dmy" if dotted else "", examples=examples)


def _by_sequence(columns: Mapping[str, Sequence[str | None]]) -> str:
    """The order under which no row ends before it begins, where the other one has such rows."""
    earlier = next((columns[name] for name in _EARLIER if name in columns), ())
    wrong = {"dmy": 0, "mdy": 0}
    held = 0
    for later in (columns[name] for name in _LATER if name in columns):
        for first, last in zip(earlier, later, strict=False):
            begun, ended = _SLASHED.fullmatch((first or "").strip()), _SLASHED.fullmatch((last or "").strip())
            if begun and ended:
                held += 1
                for order in wrong:
                    wrong[order] += _day(begun, order) > _day(ended, order)
    best, worst = sorted(wrong, key=lambda order: wrong[order])
    return best if held and not wrong[best] and wrong[worst] >= _ENOUGH else ""


def _day(found: re.Match[str], order: str) -> tuple[int, int, int]:
    first, second = int(found[1]), int(found[3])
    month, day = (second, first) if order == "dmy" else (first, second)
    return int(found[4]), month, day
