"""Fiscal calendars, working days, and windows of days that may be compared.

Everything here is pure: the day up to which data is complete (`as_of`) is always an argument.
"""

from __future__ import annotations

from salesops_lib.periods.calendar import Calendar
from salesops_lib.periods.growth import Growth, growth, growth_frame, growth_per_workday
from salesops_lib.periods.windows import ALIGNMENTS, Comparison, Period, Window, require_comparable

#: Short for `Calendar.compare`, for callers that read better with a verb.
compare = Calendar.compare

__all__ = [
    "ALIGNMENTS",
    "Calendar",
    "Comparison",
    "Growth",
    "Period",
    "Window",
    "compare",
    "growth",
    "growth_frame",
    "growth_per_workday",
    "require_comparable",
]
