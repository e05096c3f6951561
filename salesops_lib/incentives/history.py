"""What pay is computed from: what each payee did, was asked for and is promised, month by month."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from salesops_lib.errors import DataError
from salesops_lib.incentives.exact import Ints, held, ints, largest, total

#: Months of an interval.
MONTHS = {"month": 1, "quarter": 3, "half": 6, "year": 12}
#: A measure and whose credit of it counts.
Key = tuple[str, str]


@dataclass(frozen=True)
class Lines:
    """Credited lines of one measure, in the order of credit.

    Attributes
    ----------
    payee, month
        Position of each line's payee and month in the history.
    amount
        In minor units, or parts of a unit.
    """

    payee: NDArray[np.int64]
    month: NDArray[np.int64]
    amount: NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """Payees × months of one fiscal year, in whole numbers.

    Attributes
    ----------
    payees, months
        Labels of rows and columns of every array; months are those of a year, in order, from its first.
    actual
        (measure, credit) → what was credited in each month.
    quota
        (measure, credit) → what was asked for in each month, in the same units.
    target
        Annual target incentive of each payee, in minor units.
    served, days
        Days that each payee served in each month, and days of each month.
    parts
        Measure → parts of a unit that it is counted in: 100 for money in fen, 1 for a count.
    ratios
        Measure that is a quotient → numerator and denominator of each month.
    scores
        Scorecard → score to date in hundredths of a point.
    lines
        (measure, credit) → its lines, for components that need them.
    minor
        Minor units of a whole currency unit.
    """

    payees: Sequence[str]
    months: Sequence[str]
    actual: Mapping[Key, Ints]
    quota: Mapping[Key, Ints] = field(default_factory=dict)
    target: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    served: Ints | None = None
    days: Ints | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    ratios: Mapping[str, tuple[Ints, Ints]] = field(default_factory=dict)
    scores: Mapping[str, Ints] = field(default_factory=dict)
    lines: Mapping[Key, Lines] = field(default_factory=dict)
    minor: int = 100
    _known: dict[tuple[object, ...], Ints] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.payees), len(self.months)

    def of(self, key: Key) -> Ints:
        """What was credited of a measure.

        Raises
        ------
        DataError
            If the history does not hold the measure.
        """
        if key not in self.actual:
            known = ", ".join(f"{measure} ({credit})" for measure, credit in self.actual)
            raise DataError(
                f"Nothing is known of the measure {key[0]} with {key[1]} credit, which a plan pays for.\n"
                f"Known: {known or 'none'}. Load what it is computed from, or take the component out of the plan."
            )
        return self.actual[key]

    def to_date(self, values: Ints, interval: str) -> Ints:
        """Running totals of months, begun anew with each interval.

        >>> import numpy as np
        >>> history = History(["a"], ["1", "2", "3", "4"], {})
        >>> history.to_date(np.array([[1, 2, 3, 4]]), "quarter").tolist()
        [[1, 3, 6, 4]]
        """
        running = self._running(values)
        if MONTHS[interval] >= len(self.months):
            return running
        before = np.concatenate([np.zeros_like(running[..., :1]), running], axis=-1)
        return total(running, -before[..., self._first(interval)])

    def whole(self, values: Ints, interval: str) -> Ints:
        """The total of each month's whole interval."""
        running = self._running(values)
        before = np.concatenate([np.zeros_like(running[..., :1]), running], axis=-1)
        last = np.minimum(self._first(interval) + MONTHS[interval], len(self.months))
        return total(before[..., last], -before[..., self._first(interval)])

    def done(self, key: Key, interval: str) -> Ints:
        """What was credited of a measure to date; computed once, as every variant of a plan asks for it."""
        return self._once((key, interval), lambda: self.to_date(self.of(key), interval))

    def asked(self, key: Key, interval: str, quota_of: str) -> Ints:
        """The quota that a measure to date is held against: of the interval, or of its months so far."""
        sum_up = self.whole if quota_of == "interval" else self.to_date
        return self._once((key, interval, quota_of), lambda: sum_up(self.quota[key], interval))

    def _once(self, key: tuple[object, ...], make: Callable[[], Ints]) -> Ints:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]

    def _running(self, values: Ints) -> Ints:
        values = ints(values)
        return np.cumsum(held(values, largest(values) * len(self.months)), axis=-1)

    def months_so_far(self, interval: str) -> NDArray[np.int64]:
        """How many months of its interval are over with each month."""
        return np.arange(len(self.months)) - self._first(interval) + 1

    def _first(self, interval: str) -> NDArray[np.int64]:
        month = np.arange(len(self.months))
        return month - month % MONTHS[interval]
