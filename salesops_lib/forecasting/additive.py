"""Prophet's model fitted here: a trend that may bend, Fourier seasons, other columns; the most probable one, without Stan.

The density is Prophet's (Taylor and Letham, Forecasting at scale, The American Statistician 72, 2018, and the Stan
program of Prophet 1.x): of values over their largest one and of times from 0 to 1, slope and offset are N(0, 5), seasons
and other columns N(0, 10), bends Laplace(0, 0.05), noise half-normal(0.5).  Few bends are not zero, so Newton steps
go over those in use, and one joins where the slope of the density says so; noise follows in closed form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from salesops_lib.forecasting.members import Batch

#: Prophet's defaults: bends at most, the share of the history that may bend, scales of the priors.
BENDS, BENDING, BEND_SCALE = 25, 0.8, 0.05
STRAIGHT_SCALE, COLUMN_SCALE, NOISE_SCALE = 5.0, 10.0, 0.5
#: Orders of Prophet's seasons by their length in days.
YEAR, WEEK = 365.25, 7.0
ORDERS = {YEAR: 10, WEEK: 3}
#: Noise, as a share of the largest value, below which a series is taken as told: the density of one that can be
#: drawn through all its points has no maximum.
LEAST_NOISE = 1e-4
#: Steps at most; times that a step is halved; change of the noise, and of a coefficient, that ends them.
MOST_STEPS, HALVINGS, STILL = 400, 24, 1e-5
#: The same where a forecast is asked and not the coefficients: on retail it moves values by a thousandth of a usual change, 14 at most.
NEARLY_STILL = 1e-3


@dataclass(frozen=True)
class Terms:
    """Columns of the model: series (1 where all share them) × columns × periods, those of the horizon last.

    `straight` are offset and slope, `bends` slopes from a period on, `others` seasons, holidays and regressors.
    Periods before a series' first are zero; `counts` are those it has.
    """

    straight: np.ndarray
    others: np.ndarray
    bends: np.ndarray
    counts: np.ndarray

    @classmethod
    def of(
        cls,
        days: np.ndarray,
        n: int,
        orders: Mapping[float, int] = ORDERS,
        others: np.ndarray | None = None,
    ) -> Terms:
        """Columns of one history of `n` periods at `days`, which the horizon's follow.

        Parameters
        ----------
        days
            Days since any midnight, rising.
        orders
            Fourier orders of each season by its length in days.
        others
            Holidays and regressors, periods × columns.
        """
        t = (days - days[0]) / ((days[n - 1] - days[0]) or 1.0)
        bending = int(np.floor(n * BENDING))
        at = np.linspace(0, bending - 1, max(0, min(BENDS, bending - 1)) + 1).round().astype(int)[1:]
        waves = [fourier(days, length, order) for length, order in orders.items()]
        straight = np.stack([np.ones_like(t), t])
        seasons = np.concatenate([np.zeros((0, len(days))), *waves, *([] if others is None else [others.T])])
        bends = np.maximum(t[None, :] - t[at, None], 0.0)
        return cls(straight[None], seasons[None], bends[None], np.array([n]))

    @classmethod
    def stacked(cls, parts: list[Terms], which: np.ndarray, periods: int) -> Terms:
        """Columns of series that have those of `parts[which]`, aligned at the last of `periods`; columns that a part lacks are zero."""
        chosen = which if len(parts) > 1 else np.zeros(1, dtype=int)
        return cls(
            _piled([p.straight[0] for p in parts], periods)[chosen],
            _piled([p.others[0] for p in parts], periods)[chosen],
            _piled([p.bends[0] for p in parts], periods)[chosen],
            np.array([p.counts[0] for p in parts])[chosen],
        )


def fourier(days: np.ndarray, length: float, order: int) -> np.ndarray:
    """Sines and cosines of a season of `length` days: 2 × order rows, one column a day.

    Examples
    --------
    >>> fourier(np.array([0.0, 91.3125]), 365.25, 1).round(6).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    turns = 2 * np.pi / length * np.arange(1, order + 1)[:, None, None] * days
    return np.concatenate([np.sin(turns), np.cos(turns)], axis=1).reshape(2 * order, -1)


def _piled(parts: list[np.ndarray], periods: int) -> np.ndarray:
    made = np.zeros((len(parts), max(len(part) for part in parts), periods))
    for room, part in zip(made, parts, strict=True):
        room[: len(part), periods - part.shape[1] :] = part
    return made


@dataclass(frozen=True)
class Fit:
    """Most probable coefficients, one row a series, on values over `scale`; `energy` is minus the logarithm of their density.

    `trend` and `effect` cover the history and the horizon: values are trend + effect, or trend × (1 + effect).
    """

    straight: np.ndarray
    others: np.ndarray
    bends: np.ndarray
    variance: np.ndarray
    energy: np.ndarray
    scale: np.ndarray
    trend: np.ndarray
    effect: np.ndarray
    is_multiplicative: bool

    @property
    def values(self) -> np.ndarray:
        """What the model says, series × periods, in the history's unit."""
        made = self.trend * (1 + self.effect) if self.is_multiplicative else self.trend + self.effect
        return made * self.scale


def fit(y: np.ndarray, terms: Terms, *, multiplicative: bool = False, still: float = STILL) -> Fit:
    """The model's most probable coefficients for each row of `y`, whose columns are the history's periods.

    Effects are added to the trend, or multiply it; then there may be several maxima, and the search starts from added ones.  It ends
    where noise and coefficients change by less than `still`.

    Examples
    --------
    >>> days = 30.4375 * np.arange(60)
    >>> line = fit(np.arange(40.0)[None] + 5, Terms.of(days, 40))
    >>> line.values[0, [0, 59]].round(1).tolist()
    [5.0, 64.0]
    """
    scale = np.abs(y).max(axis=1, keepdims=True)
    scale = np.where(scale > 0, scale, 1.0)
    z = y / scale
    model = _Model(terms, y.shape[1], still, multiplicative=False)
    state = model.climbed(z, model.start(z))
    if multiplicative:
        model = _Model(terms, y.shape[1], still, multiplicative=True)
        state = model.climbed(z, model.from_added(state, z))
    theta, noise = state["theta"], state["noise"]
    trend, effect = model.parts(theta)
    return Fit(
        theta[:, :2], theta[:, 2 : model.first], theta[:, model.first :], noise,
        model.energy(theta, noise, state["missed"]), scale, trend, effect, multiplicative,
    )  # fmt: skip


State = dict[str, np.ndarray]


class _Model:
    """Columns and priors as one vector of coefficients: offset, slope, others, bends (from `first` on)."""

    def __init__(self, terms: Terms, n: int, still: float, *, multiplicative: bool) -> None:
        self.all = np.concatenate([terms.straight, terms.others, terms.bends], axis=1)
        self.columns = self.all[:, :, :n]
        self.first = 2 + terms.others.shape[1]
        self.counts, self.still, self.is_multiplicative = terms.counts, still, multiplicative
        self.tight = np.zeros(self.all.shape[1])
        self.tight[:2], self.tight[2 : self.first] = STRAIGHT_SCALE**-2, COLUMN_SCALE**-2
        self.is_effect = np.zeros(self.all.shape[1], dtype=bool)
        self.is_effect[2 : self.first] = True

    def parts(self, theta: np.ndarray, columns: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Trend and effect, series × periods."""
        z = self.all if columns is None else columns
        trend, effect = np.where(self.is_effect, 0.0, theta), np.where(self.is_effect, theta, 0.0)
        if len(z) == 1:
            return trend @ z[0], effect @ z[0]
        return (trend[:, None, :] @ z)[:, 0], (effect[:, None, :] @ z)[:, 0]

    def missed(self, theta: np.ndarray, y: np.ndarray, columns: np.ndarray) -> np.ndarray:
        trend, effect = self.parts(theta, columns)
        return y - (trend * (1 + effect) if self.is_multiplicative else trend + effect)

    def belief(self, theta: np.ndarray) -> np.ndarray:
        """Minus the logarithm of the coefficients' prior density."""
        bends = np.abs(theta[:, self.first :]).sum(axis=1) / BEND_SCALE
        return 0.5 * (theta**2) @ self.tight + bends

    def energy(self, theta: np.ndarray, noise: np.ndarray, missed: np.ndarray) -> np.ndarray:
        fits = self.counts * np.log(noise) / 2 + (missed**2).sum(axis=1) / (2 * noise)
        return fits + noise / (2 * NOISE_SCALE**2) + self.belief(theta)

    def start(self, y: np.ndarray) -> State:
        """A flat trend at the mean, no bend."""
        theta = np.zeros((len(y), self.all.shape[1]))
        theta[:, 0] = y.sum(axis=1) / self.counts
        return self._state(theta, y)

    def from_added(self, found: State, y: np.ndarray) -> State:
        """Coefficients of added effects, as shares of the mean trend."""
        theta = found["theta"].copy()
        level = self.parts(theta, self.columns)[0].sum(axis=1) / self.counts
        theta[:, self.is_effect] /= np.where(np.abs(level) > LEAST_NOISE, level, 1.0)[:, None]
        return self._state(theta, y)

    def _state(self, theta: np.ndarray, y: np.ndarray) -> State:
        missed = self.missed(theta, y, self.columns)
        noise = _noise((missed**2).sum(axis=1), np.broadcast_to(self.counts, len(y)))
        return {"theta": theta, "sign": np.sign(theta[:, self.first :]), "noise": noise, "missed": missed}

    def climbed(self, y: np.ndarray, state: State) -> State:
        """The state from which no step leads higher; series that are there leave the others to go on."""
        done = {name: value.copy() for name, value in state.items()}
        left = np.arange(len(y))
        counts = np.broadcast_to(self.counts, len(y))
        for _ in range(MOST_STEPS):
            columns = self.columns if len(self.columns) == 1 else self.columns[left]
            state, is_still = self.stepped(y[left], columns, counts[left], state)
            for name, value in state.items():
                done[name][left] = value
            left = left[~is_still]
            state = {name: value[~is_still] for name, value in state.items()}
            if not len(left):
                break
        return done

    def stepped(
        self, y: np.ndarray, columns: np.ndarray, counts: np.ndarray, state: State
    ) -> tuple[State, np.ndarray]:
        """One Newton step over straight line, others and bends in use, then the noise, then a bend more; truth of those at rest."""
        theta, sign, noise, first = state["theta"], state["sign"], state["noise"], self.first
        move, room = self._newton(columns, state)
        step = np.minimum(room.min(axis=1, initial=1.0), 1.0)
        is_whole = step == 1
        new, missed = self._moved(y, columns, state, move, room, step)
        sign = np.where(new[:, first:] == 0, 0.0, sign)
        now = _noise((missed**2).sum(axis=1), counts)
        pull = self._slopes(missed, new, columns)[:, first:] / now[:, None]
        beyond = np.where(sign == 0, np.abs(pull) - 1 / BEND_SCALE, -np.inf)
        joins = np.zeros(len(y), dtype=bool)
        if beyond.shape[1]:
            most = beyond.argmax(axis=1)
            rows = np.arange(len(y))
            joins = is_whole & (beyond[rows, most] > self.still / BEND_SCALE)
            sign[rows[joins], most[joins]] = np.sign(pull[rows, most])[joins]
        is_still = is_whole & ~joins & (np.abs(np.log(now / noise)) < self.still)
        if self.is_multiplicative:
            is_still &= np.abs(new - theta).max(axis=1) < self.still
        return {"theta": new, "sign": sign, "noise": now, "missed": missed}, is_still

    def _newton(self, columns: np.ndarray, state: State) -> tuple[np.ndarray, np.ndarray]:
        """Step of each coefficient, and the share of it that a bend can go before it is zero (inf where it never is)."""
        theta, sign, noise, first = state["theta"], state["sign"], state["noise"], self.first
        used = sign != 0
        bends = np.argsort(~used, axis=1, kind="stable")[:, : int(used.sum(axis=1).max())]
        chosen = np.concatenate(
            [np.broadcast_to(np.arange(first), (len(theta), first)), first + bends], axis=1
        )
        is_on = np.ones(chosen.shape, dtype=bool)
        is_on[:, first:] = np.take_along_axis(used, bends, axis=1)
        rows = np.zeros((1, 1), dtype=int) if len(columns) == 1 else np.arange(len(theta))[:, None]
        slopes = columns[rows, chosen]
        if self.is_multiplicative:
            trend, effect = self.parts(theta, columns)
            slopes[:, 2:first] *= trend[:, None, :]
            slopes[:, :2] *= 1 + effect[:, None, :]
            slopes[:, first:] *= 1 + effect[:, None, :]
        slopes[:, first:] *= is_on[:, first:, None]
        curve = slopes @ slopes.transpose(0, 2, 1)
        place = np.arange(chosen.shape[1])
        curve[:, place, place] += noise[:, None] * self.tight[chosen] + ~is_on
        prior = self.tight * theta
        prior[:, first:] += sign / BEND_SCALE
        pull = slopes @ state["missed"][:, :, None]
        pull -= (noise[:, None] * np.take_along_axis(prior, chosen, axis=1) * is_on)[:, :, None]
        move = np.zeros_like(theta)
        np.put_along_axis(move, chosen, np.linalg.solve(curve, pull)[:, :, 0] * is_on, axis=1)
        bent, to = theta[:, first:], theta[:, first:] + move[:, first:]
        crosses = sign * to < 0
        return move, np.where(crosses, bent / np.where(crosses, bent - to, 1.0), np.inf)

    def _moved(
        self,
        y: np.ndarray,
        columns: np.ndarray,
        state: State,
        move: np.ndarray,
        room: np.ndarray,
        step: np.ndarray,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Coefficients after the step, and what they miss; halved, at last to none, where effects multiply and it would not lead higher."""

        def at(step: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            new = state["theta"] + step[:, None] * move
            new[:, self.first :][room <= step[:, None]] = 0.0
            return new, self.missed(new, y, columns)

        new, missed = at(step)
        if not self.is_multiplicative:
            return new, missed
        noise = state["noise"]
        before = (state["missed"] ** 2).sum(axis=1) / (2 * noise) + self.belief(state["theta"])
        for shorter in (*[0.5] * HALVINGS, 0.0):
            is_worse = (missed**2).sum(axis=1) / (2 * noise) + self.belief(new) > before + self.still**2
            if not is_worse.any():
                break
            step = np.where(is_worse, step * shorter, step)
            new, missed = at(step)
        return new, missed

    def _slopes(self, missed: np.ndarray, theta: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Slope of the fit along each coefficient that makes the trend."""
        if self.is_multiplicative:
            missed = missed * (1 + self.parts(theta, columns)[1])
        return missed @ columns[0].T if len(columns) == 1 else (columns @ missed[:, :, None])[:, :, 0]


def _noise(squares: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Most probable variance of the noise, from sums of squares: root of 4v² + nv = Σe² (at NOISE_SCALE one half)."""
    prior = 4 / NOISE_SCALE**2
    return np.maximum(2 * squares / (counts + np.sqrt(counts**2 + prior * squares)), LEAST_NOISE**2)


def additive_path(batch: Batch, horizon: int) -> np.ndarray:
    """Forecasts, series × horizon: effects multiply the trend of positive series, and are added to others'.

    Periods are taken as equally long.
    """
    found = np.empty((len(batch.x), horizon))
    starts, which = np.unique(batch.start, return_inverse=True)
    width = batch.x.shape[1]
    y = np.where(batch.seen, batch.x, 0.0)
    for sign in (True, False):
        rows = np.flatnonzero(batch.is_positive == sign)
        if len(rows):
            own, of = np.unique(which[rows], return_inverse=True)
            parts = [_equal_periods(width - int(starts[i]), batch.season, horizon) for i in own]
            terms = Terms.stacked(parts, of, width + horizon)
            found[rows] = fit(y[rows], terms, multiplicative=sign, still=NEARLY_STILL).values[:, width:]
    return found


def _equal_periods(n: int, season: int, horizon: int) -> Terms:
    step = (WEEK if season in (5, 7) else YEAR) / season
    return Terms.of(step * np.arange(n + horizon), n, orders_of(season, n))


def orders_of(season: int, n: int) -> dict[float, int]:
    """Fourier orders by length in days of the seasons that a history of `n` periods can show, `season` of which make one.

    Orders beyond half a season, which repeat lower ones, are left out.

    Examples
    --------
    >>> orders_of(12, 60), orders_of(12, 23), orders_of(7, 800)
    ({365.25: 6}, {}, {7.0: 3, 365.25: 10})
    """
    length = WEEK if season in (5, 7) else YEAR
    found = {length: min(ORDERS[length], season // 2)} if season > 1 and n >= 2 * season else {}
    if length == WEEK and n * WEEK / season > 2 * YEAR:
        found[YEAR] = ORDERS[YEAR]
    return found
