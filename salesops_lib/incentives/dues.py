"""What payments are computed from: earned lines, and what has happened to orders and people since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray


@dataclass(frozen=True)
class Statement:
    """A span of months that one statement is made for.

    Attributes
    ----------
    label
        Its last month: "2025-03".
    year
        Fiscal year, which a cap by person and year adds up within.
    """

    label: str
    start: date
    end: date
    year: str
    n_months: int = 1


def day_numbers(days: object) -> NDArray[np.int64]:
    """Days since 1970.

    >>> day_numbers([date(1970, 1, 3)]).tolist()
    [2]
    """
    found = pd.to_datetime(pd.Series(days)).to_numpy().astype("datetime64[D]")
    numbers: NDArray[np.int64] = found.astype(np.int64)
    return numbers


def _none(*columns: str) -> pd.DataFrame:
    return pd.DataFrame({column: [] for column in columns})


@dataclass(frozen=True)
class Dues:
    """Facts of payments, each with its day; what is later than a statement's end does not count in it.

    Attributes
    ----------
    statements
        In order, without gaps.
    earned
        Movements of pay: payee, at (position of the statement), plan, component, order_id, line_id, kind,
        credited_on, amount in minor units.  Pay that no line earns has empty order_id and line_id.
    people
        Months of payees: payee, at, number (counts all months), role, tenure (months since hire, from 1), moved (months since a transfer,
        from 1; 0 without one), target (annual, in minor units), served and days of the month, left_on.
    progress
        How far orders are: order_id, event (expected, invoice, cash_in), day, amount to date.  `expected` is what
        is ordered and neither returned nor written off.
    holds
        Spans in which an order waits: order_id, rule (position in payments.holds), first_day, last_day (missing
        while it lasts).
    losses
        What happened to lines: order_id, line_id (empty for the order), event, day, and the shares concerned, as
        part and whole: lost of lines, left of term, unpaid of due.
    """

    statements: Sequence[Statement]
    earned: pd.DataFrame
    people: pd.DataFrame = field(
        default_factory=lambda: _none(
            "payee", "at", "number", "role", "tenure", "moved", "target", "served", "days", "left_on"
        )
    )
    progress: pd.DataFrame = field(default_factory=lambda: _none("order_id", "event", "day", "amount"))
    holds: pd.DataFrame = field(default_factory=lambda: _none("order_id", "rule", "first_day", "last_day"))
    losses: pd.DataFrame = field(
        default_factory=lambda: _none(
            "order_id", "line_id", "event", "day", "lost", "lines", "left", "term", "unpaid", "due"
        )
    )
    minor: int = 100
