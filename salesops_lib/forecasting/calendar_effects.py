"""What the calendar does to a period: trading days, Easter, Christmas weeks, the Spring Festival, holidays.

Effects are ratios, estimated on what is left without trend (and season), for the panel as a whole and drawn from
there to each series.  The history is divided by them before it is smoothed, and forecasts are multiplied after.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from dateutil.easter import easter

from salesops_lib.forecasting.members import Batch
from salesops_lib.forecasting.panel import Grid
from salesops_lib.forecasting.seasonality import centred_average
from salesops_lib.periods import Calendar
from salesops_lib.periods.working_days import country_year, festival_offset

#: Belief before data: an effect of one day, as standard deviation of its logarithm; in a week or day, in a month or quarter.
USUAL_EFFECT = (0.1, 0.01)
#: How far series' effects are from the panel's at least, as a share of a usual effect.
OWN_LEAST = 0.1
#: Median of a squared standard normal variable.
MEDIAN_OF_SQUARE = 0.455
#: Times that the panel's effects are estimated, each with the noise that the last left.
ROUNDS = 3
#: How much more a day of the Spring Festival may move than a weekday or a day before Easter.
FESTIVAL_WEIGHT = 4.0
#: Variance of logarithms below which a series does not move.
STILL = 1e-12
#: Weeks whose average is the trend of a week.
WEEKS = 13

_CHRISTMAS = ((-14, -8), (-7, -1), (0, 6))
_EASTER = ((-7, -1), (0, 1))
_FESTIVAL = ((-20, -8), (-7, -1), (0, 6), (7, 20))


def features(grid: Grid, first: int, last: int, calendar: Calendar | None) -> np.ndarray:
    """Days of each kind in the periods from ordinal `first` to `last`: periods × kinds; no kind for years.

    Months and quarters count weekdays, days around Easter, working days and days around the Spring Festival;
    weeks and days count Christmas, Easter, the company's events and each public holiday.
    """
    starts, ends = grid.bounds(np.arange(first, last + 1))
    if grid.kind == "Y":
        return np.zeros((len(starts), 0))
    begin, end = starts.min().astype(object), ends.max().astype(object)
    days = _kinds_of_days(begin, end, grid.kind, calendar)
    sums = np.concatenate([np.zeros((1, days.shape[1])), np.cumsum(days, axis=0)])
    at = (starts - starts.min()).astype(int), (ends - starts.min()).astype(int) + 1
    return sums[at[1]] - sums[at[0]]


def near_christmas(grid: Grid, ordinals: np.ndarray) -> np.ndarray:
    """Periods with a day in the two weeks before Christmas, or the one from it on; for weeks.

    Examples
    --------
    >>> near_christmas(Grid("W", residue=4), np.array([2865, 2866, 2869, 2870])).tolist()
    [False, True, True, False]
    """
    days = grid.bounds(ordinals)[1][..., None] - np.arange(7)
    months = days.astype("datetime64[M]")
    of_month = (days - months.astype("datetime64[D]")).astype(int) + 1
    last = months.astype(int) % 12 == 11
    first_day, last_day = 25 + _CHRISTMAS[0][0], 25 + _CHRISTMAS[-1][1]
    return (last & (of_month >= first_day) & (of_month <= last_day)).any(axis=-1)


def _kinds_of_days(begin: date, end: date, kind: str, calendar: Calendar | None) -> np.ndarray:
    n = (end - begin).days + 1
    years = range(begin.year - 1, end.year + 2)
    easters = _near([easter(year) for year in years], begin, n)
    columns = [_within(easters, window) for window in _EASTER]
    if kind in "MQ":
        weekday = (begin.weekday() + np.arange(n)) % 7
        columns += [np.ones(n), *((weekday == w) - 1 / 7.0 for w in range(7))]
        if calendar is not None:
            columns.append(calendar.working_mask(begin, end))
    else:
        christmas = _near([date(year, 12, 25) for year in years], begin, n)
        columns += [_within(christmas, window) for window in _CHRISTMAS]
        columns += _named_days(begin, n, years, calendar)
    if calendar is not None and calendar.keeps_spring_festival:
        offset = festival_offset(begin, end)
        columns += [FESTIVAL_WEIGHT * _within(offset, window) for window in _FESTIVAL]
    return np.column_stack(columns).astype(float)


def _named_days(begin: date, n: int, years: range, calendar: Calendar | None) -> list[np.ndarray]:
    """Public holidays by name, and the company's events with fixed dates, as truths of days."""
    if calendar is None:
        return []
    named: dict[str, set[date]] = {}
    if calendar.country and not calendar.keeps_spring_festival:
        for year in years:
            for day, name in country_year(calendar.country, year).holidays.items():
                named.setdefault(name, set()).add(day)
    for day, name in calendar.holidays.items():
        named.setdefault(name, set()).add(day)
    for name, (first, last) in calendar.events.items():
        if isinstance(first, str) and isinstance(last, str):
            named[name] = {day for year in years for day in _days_between(year, first, last)}
    return [np.isin(np.arange(n), [(day - begin).days for day in days]) for days in named.values()]


def _days_between(year: int, first: str, last: str) -> list[date]:
    (m, d), (to_m, to_d) = (map(int, edge.split("-")) for edge in (first, last))
    start, end = date(year, m, d), date(year, to_m, to_d)
    return [start + timedelta(days=i) for i in range((end - start).days + 1)]


def _near(feasts: list[date], begin: date, n: int) -> np.ndarray:
    """Days since the nearest feast, for each day from `begin`."""
    distance = np.arange(n)[:, None] - np.array([(feast - begin).days for feast in feasts])[None, :]
    return distance[np.arange(n), np.abs(distance).argmin(axis=1)]


def _within(offset: np.ndarray, window: tuple[int, int]) -> np.ndarray:
    return (offset >= window[0]) & (offset <= window[1])


@dataclass(frozen=True)
class PanelEffects:
    """Effects of one day of each kind on the whole panel (logarithms), and how far a series' own may differ."""

    effect: np.ndarray
    spread: np.ndarray


def panel_effects(batch: Batch, days: np.ndarray) -> PanelEffects:
    """Effects that the series of a panel share; `days` is series × periods × kinds."""
    squares, cross, noise, rest, plain = _moments(batch, days)
    useful = noise > 0
    usual = USUAL_EFFECT[batch.season in (4, 12, 13)]
    belief = np.eye(days.shape[2]) / usual**2
    effect = np.zeros(days.shape[2])
    left = rest[useful]
    for _ in range(ROUNDS):  # what the effects explain is no noise
        if not useful.any():
            break
        each = 1 / np.maximum((left**2).mean(axis=1) * rest.shape[1] / batch.lengths[useful], STILL)
        common = (
            left * np.sqrt(each)[:, None]
        )  # series move together: n of them tell less than n times as much
        each = each / max(1.0, float((common.sum(axis=0) ** 2).sum() / (common**2).sum()))
        weighed = np.einsum("n,nij->ij", each, squares[useful]) + belief
        effect = np.linalg.solve(weighed, np.einsum("n,ni->i", each, cross[useful]))
        left = rest[useful] - np.einsum("ntk,k->nt", plain[useful], effect)
    return PanelEffects(effect, _spread(squares[useful], cross[useful], noise[useful], effect, usual))


def _spread(
    squares: np.ndarray, cross: np.ndarray, noise: np.ndarray, effect: np.ndarray, usual: float
) -> np.ndarray:
    """Standard deviation of series' own effects about the panel's, beyond what chance gives them."""
    least = OWN_LEAST * usual
    if len(noise) < 5:
        return np.full(len(effect), usual)
    inverse = np.linalg.inv(squares / noise[:, None, None] + np.eye(len(effect)) / (10 * usual) ** 2)
    own = np.einsum("nij,nj->ni", inverse, cross / noise[:, None])
    chance = np.diagonal(inverse, axis1=1, axis2=2)
    beyond = np.median((own - effect) ** 2 / chance, axis=0) / MEDIAN_OF_SQUARE - 1
    return np.sqrt(np.clip(beyond * np.median(chance, axis=0), least**2, usual**2))


def series_effects(batch: Batch, days: np.ndarray, panel: PanelEffects) -> np.ndarray:
    """Effects of each series, series × kinds: the panel's, moved by what the series itself shows."""
    squares, cross, noise, rest, plain = _moments(batch, days)
    left = rest - np.einsum("ntk,k->nt", plain, panel.effect)
    noise = np.where(noise > 0, np.maximum(np.minimum(noise, noise * _share(left, rest)), STILL), 0.0)
    belief = 1 / panel.spread**2
    safe = np.where(noise > 0, noise, 1.0)
    left = squares / safe[:, None, None] + np.diag(belief)
    right = cross / safe[:, None] + belief * panel.effect
    own = np.linalg.solve(left, right[:, :, None])[:, :, 0]
    own = np.where((noise > 0)[:, None], own, panel.effect)
    return np.where(batch.is_positive[:, None], own, 0.0)


def _share(left: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Share of a series' movement that is left."""
    whole = (rest**2).sum(axis=1)
    return np.where(whole > 0, (left**2).sum(axis=1) / np.where(whole > 0, whole, 1.0), 1.0)


def _moments(
    batch: Batch, days: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Σ days², Σ days × rest, the rest's variance (0 where a series is not positive, or too short), the rest, days alike."""
    rest, usable = _rest(batch.logs, batch)
    plain = np.empty_like(days)
    for kind in range(days.shape[2]):
        plain[:, :, kind] = _rest(days[:, :, kind], batch)[0]
    count = usable.sum(axis=1)
    squares = np.einsum("nti,ntj->nij", plain, plain, optimize=True)
    cross = np.einsum("nti,nt->ni", plain, rest, optimize=True)
    free = batch.is_positive & (count > 2 * batch.season if batch.season < 52 else count > 26)
    noise = np.where(free, (rest**2).sum(axis=1) / np.maximum(count, 1), 0.0)
    noise[noise < STILL] = 0.0
    return squares, cross, noise, rest, plain


def _rest(values: np.ndarray, batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Values without trend and, below the week's 52 places, without season; 0 where not known."""
    n, width = values.shape
    m = WEEKS if batch.season == 52 else batch.season
    usable = batch.seen.copy()
    half = m // 2
    if width <= 2 * half:
        return np.zeros_like(values), np.zeros_like(usable)
    usable[:, -half:] = False
    usable[:, :half] = False
    usable[:, half:] &= batch.seen[:, : width - half]
    rest = np.where(usable, values - centred_average(np.where(batch.seen, values, 0.0), m), 0.0)
    if batch.season != 52:
        pad = -width % m
        folded = np.pad(rest, ((0, 0), (pad, 0))).reshape(n, -1, m)
        counts = np.pad(usable, ((0, 0), (pad, 0))).reshape(n, -1, m).sum(axis=1)
        means = folded.sum(axis=1) / np.maximum(counts, 1)
        rest = np.where(usable, rest - np.take(means, (np.arange(width) - width) % m, axis=1), 0.0)
    return rest, usable
