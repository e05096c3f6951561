"""Periods, windows of days, and what may be compared with what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from salesops_lib.errors import DataError

#: Ways to find the days of the base period that match the days of an incomplete one (C6).
ALIGNMENTS = ("workday", "weekday", "date", "fiscal_week")

#: What growth is measured against: the same period a year before, or the adjoining one.
BASES = ("previous_year", "previous_period")


@dataclass(frozen=True)
class Period:
    """A named span of whole fiscal months or weeks; both ends are included.

    `kind` is month, quarter, half, year, week or span; `label` is how it is written, for
    example 2026-03, 2026-Q1, 2026-H1, 2026, 2026-W05 or 2026-01..2026-02.
    """

    kind: str
    label: str
    start: date
    end: date

    def __str__(self) -> str:
        return self.label

    @property
    def n_days(self) -> int:
        """Number of calendar days."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Window:
    """A closed interval of days that a number covers.

    Parameters
    ----------
    start, end
        First and last day, both included.
    n_workdays
        Working days in the window.
    is_complete
        True when the window stands for the whole of its period, False when it is "to date".
        The base of a comparison to date is to date itself, even where its days happen to
        reach the end of the base period.
    label
        Label of the period that the window belongs to.
    of_workdays
        Working days of the whole period: "11 of 22 working days".
    """

    start: date
    end: date
    n_workdays: int
    is_complete: bool
    label: str = ""
    of_workdays: int = 0

    @property
    def n_days(self) -> int:
        """Number of calendar days."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True)
class Comparison:
    """A window and the base it is compared with.

    Parameters
    ----------
    current, base
        The two windows; always comparable.
    align
        How `base` was found: one of `ALIGNMENTS`.
    base_kind
        previous_year or previous_period.
    others
        The base windows under the other alignments, and `whole`, the whole base period; the
        last is for pace per working day and must not be compared in amounts.
    week_53
        Days of a 53rd fiscal week inside `current` that have no partner a year before.
    """

    current: Window
    base: Window
    align: str
    base_kind: str
    others: Mapping[str, Window] = field(default_factory=dict)
    week_53: Window | None = None


def require_comparable(current: Window, base: Window) -> None:
    """Refuse to compare an incomplete window with a complete one (C6).

    Raises
    ------
    DataError
        If exactly one of the two windows is complete.

    Examples
    --------
    >>> march = Window(date(2026, 3, 1), date(2026, 3, 16), 11, False, "2026-03", 22)
    >>> require_comparable(march, Window(date(2025, 3, 1), date(2025, 3, 31), 21, True, "2025-03", 21))
    Traceback (most recent call last):
    salesops_lib.errors.DataError: 2026-03 has 11 of 22 working days and cannot be compared with the \
whole of 2025-03. Compare with its first 11 working days (Calendar.compare), or wait for the close.
    """
    if current.is_complete == base.is_complete:
        return
    part, whole = (base, current) if current.is_complete else (current, base)
    raise DataError(
        f"{part.label or part.start} has {part.n_workdays} of {part.of_workdays} working days and cannot be "
        f"compared with the whole of {whole.label or whole.start}. Compare with its first "
        f"{part.n_workdays} working days (Calendar.compare), or wait for the close."
    )
