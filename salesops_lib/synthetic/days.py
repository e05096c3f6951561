"""How orders spread over the days: working days, weekday, season, month end, Spring Festival."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.draws import Draws


@dataclass(frozen=True)
class Days:
    """One value a day, 2023-01-01 … 2025-12-31.

    `weight` is the number of orders a day would bring if demand stood still; `plan` is the
    same without day-to-day noise, which is what a planner knows beforehand.
    """

    month: NDArray[np.int32]
    is_workday: NDArray[np.bool_]
    weight: NDArray[np.float64]
    plan: NDArray[np.float64]

    def monthly_plan(self) -> NDArray[np.float64]:
        """What a planner expects of each month, relative to the others."""
        return np.bincount(self.month, weights=self.plan, minlength=company.N_MONTHS).astype(np.float64)

    def workdays_from(self, day: int, n: int) -> list[int]:
        """The first `n` working days on or after `day`."""
        return [int(d) for d in day + np.flatnonzero(self.is_workday[day:])[:n]]


def build(draws: Draws) -> Days:
    """The calendar of the sample company, with Chinese holidays and make-up days."""
    from salesops_lib.periods import Calendar

    calendar = Calendar(country="CN")
    dates = [company.FIRST_DAY + timedelta(days=d) for d in range(company.N_DAYS)]
    month = np.array([(d.year - company.FIRST_DAY.year) * 12 + d.month - 1 for d in dates], dtype=np.int32)
    is_workday = np.array([calendar.is_workday(d) for d in dates])
    weekday = np.array([company.WEEKDAY[d.weekday()] for d in dates])
    shape = np.where(is_workday, weekday, company.WEEKEND_SHARE) * _month_end(month, is_workday)
    plan = shape * _month_level(month, is_workday, shape) * _festival()
    noise = np.exp(draws.stream("days").normal(0.0, 0.06, company.N_DAYS))
    return Days(month, is_workday, plan * noise, plan)


def _month_end(month: NDArray[np.int32], is_workday: NDArray[np.bool_]) -> NDArray[np.float64]:
    factor = np.ones(company.N_DAYS)
    for m in range(company.N_MONTHS):
        last_first = np.flatnonzero((month == m) & is_workday)[::-1]
        factor[last_first[: len(company.MONTH_END)]] = company.MONTH_END
        if m % 3 == 2:
            factor[last_first[:5]] *= company.QUARTER_END
    return factor


def _month_level(
    month: NDArray[np.int32], is_workday: NDArray[np.bool_], shape: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Factor that makes a month's total season × (working days / 21)^elasticity × 21."""
    n_workdays = np.bincount(month, weights=is_workday, minlength=company.N_MONTHS)
    season = np.tile(company.SEASON, company.N_MONTHS // 12)
    level = 21.0 * season * (n_workdays / 21.0) ** company.WORKING_DAY_ELASTICITY
    return (level / np.bincount(month, weights=shape))[month]


def _festival() -> NDArray[np.float64]:
    factor = np.ones(company.N_DAYS)
    for festival in company.SPRING_FESTIVALS:
        new_year = company.day_number(festival)
        for (first, last), value in company.FESTIVAL_FACTORS.items():
            factor[max(0, new_year + first) : max(0, new_year + last + 1)] = value
    return factor
