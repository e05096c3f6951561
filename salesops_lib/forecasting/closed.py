"""Days on which nobody sells: weekdays and feasts on which a series that else sells every day is closed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from dateutil.easter import easter

from salesops_lib.forecasting.panel import Panel, bridged
from salesops_lib.periods import Calendar
from salesops_lib.periods.working_days import festival_offset

#: Share of days sold on from which a series sells every day, and up to which a weekday is closed.
EVERY_DAY, HARDLY = 0.9, 0.05
#: Weeks that tell which weekdays are closed, and the least of them.
WEEKS, LEAST_WEEKS = 26, 4
#: Series that must be there, and the share of their days that must be closed, for one closed feast to count as usual.
OTHERS, AGREED = 5, 0.5
#: Days from Easter Sunday that are feasts: Good Friday to Easter Monday, Ascension, Whit Sunday and Monday, Corpus Christi.
_EASTER = (-2, -1, 0, 1, 39, 49, 50, 60)
#: Days from the Spring Festival on which offices and shops are closed.
_FESTIVAL = (-1, 7)


def closed_days(panel: Panel, horizon: int, calendar: Calendar | None) -> tuple[Panel, np.ndarray]:
    """The panel as if it never closed, and which coming days are closed, series × horizon.

    Of days (freq D, B) of series that else sell every day.  A weekday is closed that hardly ever had sales in the last half year; a feast,
    known by its date or by its days from Easter or the Spring Festival, if it had none whenever it came: twice, or once if
    other series or the calendar agree.  What a closed day would have sold is bridged as a gap is; closed days that can be
    known beforehand are not scored, others are.
    """
    ahead = np.zeros((len(panel.ids), horizon), dtype=bool)
    values = np.nan_to_num(panel.values)
    if panel.grid.kind not in "DB" or (values < 0).any():
        return panel, ahead
    n, width = values.shape
    first, span = int(panel.last.min()) - width + 1, int(np.ptp(panel.last)) + width + horizon
    days = panel.grid.dates(first + np.arange(span)).astype("datetime64[D]")
    feasts, is_holiday = _feasts(days, calendar)
    at = (panel.last - first)[:, None] + np.arange(1 - width, horizon + 1)[None, :]
    weekday, feast = (days.astype(int)[at] + 3) % 7, feasts[at]
    begun = np.arange(width)[None, :] >= width - panel.lengths[:, None]
    sold = values > 0
    closed, sells_daily = _closed_weekdays(weekday, sold, begun)
    could = begun & ~closed[:, :width] & sells_daily[:, None]
    seen, sales = (
        _by_feast(feast[:, :width], there, int(feasts.max()) + 1) for there in (could, could & sold)
    )
    agreed = (seen.sum(axis=0) >= OTHERS) & (sales.sum(axis=0) <= (1 - AGREED) * seen.sum(axis=0))
    rows = np.arange(n)[:, None]
    never = (seen > 0) & (sales == 0)
    closed |= (never & ((seen > 1) | agreed))[rows, feast] | (never[rows, feast] & is_holiday[at])
    closed &= sells_daily[:, None]
    shut = begun & ~sold & sells_daily[:, None]
    made = np.where(shut & closed[:, :width], np.nan, panel.values)
    filled, bare = panel.filled.copy(), np.where(shut, np.nan, panel.values)
    for i in np.flatnonzero(shut.any(axis=1)):
        filled[i] = bridged(bare[i], panel.grid.season)
    told = [
        {"unique_id": panel.ids[i], "treatment": "closed", "n": int(shut[i].sum())}
        for i in np.flatnonzero(shut.any(axis=1))
    ]
    return replace(panel, values=made, filled=filled, treatments=panel.treatments + told), closed[:, width:]


def _closed_weekdays(
    weekday: np.ndarray, sold: np.ndarray, begun: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Truth of days, past and coming, that fall on closed weekdays; of series that sell on nearly all other days."""
    width = sold.shape[1]
    recent = begun & (np.arange(width) >= width - 7 * WEEKS)
    closed = np.zeros(weekday.shape, dtype=bool)
    for one in range(7):
        days = recent & (weekday[:, :width] == one)
        count = days.sum(axis=1)
        hardly = (count >= LEAST_WEEKS) & ((days & sold).sum(axis=1) <= HARDLY * count)
        closed |= (weekday == one) & hardly[:, None]
    open_days = begun & ~closed[:, :width]
    share = (open_days & sold).sum(axis=1) / np.maximum(open_days.sum(axis=1), 1)
    return closed, share >= EVERY_DAY


def _by_feast(feast: np.ndarray, there: np.ndarray, n_feasts: int) -> np.ndarray:
    """Days counted of each series and feast."""
    rows = np.nonzero(there)[0]
    counted = np.zeros((len(feast), n_feasts), dtype=int)
    np.add.at(counted, (rows, feast[there]), 1)
    return counted


def _feasts(days: np.ndarray, calendar: Calendar | None) -> tuple[np.ndarray, np.ndarray]:
    """Number of the feast that each day may be (the same number every year), and the calendar's public holidays."""
    begin, end = days[0].astype(object), days[-1].astype(object)
    months = days.astype("datetime64[M]")
    date_of_year = 31 * (months.astype(int) % 12) + (days - months.astype("datetime64[D]")).astype(int)
    found, number = date_of_year, 31 * 12
    for offset in _EASTER:
        there = [np.datetime64(easter(year)) + offset for year in range(begin.year - 1, end.year + 2)]
        found = np.where(np.isin(days, there), number, found)
        number += 1
    if calendar is None:
        return found, np.zeros(len(days), dtype=bool)
    if calendar.keeps_spring_festival:
        offset = festival_offset(begin, end)[(days - days[0]).astype(int)]
        near = (offset >= _FESTIVAL[0]) & (offset <= _FESTIVAL[1])
        found = np.where(near, number + offset - _FESTIVAL[0], found)
    worked = calendar.working_mask(begin, end)[(days - days[0]).astype(int)]
    return found, ~worked & ((days.astype(int) + 3) % 7 < 5)
