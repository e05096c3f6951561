"""Rolling-origin backtest: what each member would have said, and the weights that follow."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from salesops_lib.forecasting.calendar_effects import panel_effects, series_effects
from salesops_lib.forecasting.expected import Shown
from salesops_lib.forecasting.members import MEMBERS, Batch, scale
from salesops_lib.forecasting.panel import Panel
from salesops_lib.forecasting.regressors import Kinds
from salesops_lib.forecasting.short_season import Season, season_of_panel, short_seasons, usual_season

#: Origins looked back from, at most.
FOLDS = 6
#: Periods that a history must have before an origin, so that its forecast counts.
LEAST = 3


#: Origins that the panel's finding of a member is worth, beside a series' own.
POOLING = 12.0
#: Members beyond this multiple of the best one's loss get no weight; how fast weights fall with the loss.
KEPT, POWER = 1.3, 8.0
#: Loss, in scales, that makes no difference.
NEGLIGIBLE = 0.05
#: Loss that the calendar of weeks and days may add: its feasts are rare, and most origins have met none of them.
HARMLESS = 0.01
#: How far the weighted mean is drawn to the plain median.
SHRINKAGE = 0.5
#: Members that are no smoothings: each is held against all before as one, since their median would outvote it.
APART = ("pooled", "additive")
#: Largest share of one; how far its share is drawn to none; origins that the panel's finding of it is worth.
MOST_APART, CAUTION, SHARE_POOLING = 0.7, 0.9, 12.0
#: Periods, if not a season, without which a series takes no share of the regression; seasons without which it takes none of Prophet's model.
LEAST_POOLED, LEAST_ADDITIVE = 13, 2
#: Scales beyond which an error counts no more for it.
CUT = 4.0
#: Least scale of a past origin, as a share of today's: a series that lay still then tells nothing of its surprises.
LEAST_SCALE = 0.1
#: Series that are smoothed at once: bounds memory.
CHUNK = 256
#: Series of the panel's calendar effects, at most.
SAMPLE = 1500


@dataclass(frozen=True)
class Run:
    """What members said from past origins and say now, without and with the calendar (`variants`).

    Series stand in `order`, by length.  `past` is origins × variants × members × series × horizon, `ahead` the
    same without origins; `actuals` (origins × series × horizon) is NaN where there is no actual, or where a
    series had no history to speak of.  `scales` and `sizes` are series' usual surprises, then and now.  The calendar is used
    where it made losses no greater than by the share `tolerance`.  Members `apart` are held against the others as one,
    for series that are long enough for each (`is_long`, members × series).  Periods `held` back tell the origins apart; `shown` is what
    histories showed at each, and now, of their surprises.
    """

    order: np.ndarray
    past: np.ndarray
    actuals: np.ndarray
    scales: np.ndarray
    ahead: np.ndarray
    sizes: np.ndarray
    tolerance: float
    apart: tuple[int, ...]
    is_long: np.ndarray
    held: list[int]
    shown: Shown


def origins(lengths: np.ndarray, horizon: int, season: int) -> list[int]:
    """Periods held back at each origin: the whole horizon, then further back by thirds of it, or so that a season passes.

    Where that would leave series with fewer seasons than they have, or with next to nothing, shorter ones too.

    Examples
    --------
    >>> origins(np.array([108]), 12, 12)
    [12, 16, 20, 24, 28, 32]
    >>> origins(np.array([6]), 12, 12)
    [1, 2]
    >>> origins(np.array([108]), 2, 12)
    [2, 4, 6, 8, 10, 12]
    """
    longest = int(lengths.max())
    step, whole = max(1, horizon // 3), -(-(season - horizon) // (FOLDS - 1))
    if np.median(lengths) >= horizon + (FOLDS - 1) * whole + 2 * season:
        step = max(step, whole)
    held = {horizon + step * i for i in range(FOLDS)}
    if needs_near(lengths, horizon, season).any():
        held |= {1, *(max(1, horizon * i // 6) for i in range(1, 6))}
    return sorted(k for k in held if longest - k >= LEAST)


def needs_near(lengths: np.ndarray, horizon: int, season: int) -> np.ndarray:
    """Series that holding a whole horizon back would leave with fewer seasons than they have, or with next to nothing."""
    fewer = seasons(lengths - horizon, season) < seasons(lengths, season)
    return fewer | (lengths < horizon + LEAST)


def seasons(lengths: np.ndarray, season: int) -> np.ndarray:
    """Whole seasons of a history, up to two: with fewer it is forecast otherwise."""
    return np.clip(lengths // season, 0, 2) if season > 1 else np.zeros_like(lengths)


def run_members(panel: Panel, names: list[str], horizon: int, kinds: Kinds) -> Run:
    """Every member from every origin and from the end, chunk by chunk."""
    n, width = panel.filled.shape
    order = np.argsort(panel.lengths, kind="stable")
    has_calendar = kinds.n > 0 and bool((np.where(np.isfinite(panel.filled), panel.filled, 1) > 0).any())
    n_variants = 2 if has_calendar else 1
    held = origins(panel.lengths, horizon, panel.grid.season)
    past = np.zeros((len(held), n_variants, len(names), n, horizon))
    actuals = np.full((len(held), n, horizon), np.nan)
    scales, sizes, shown = np.ones((len(held), n)), np.empty(n), Shown.of(len(held) + 1, n, horizon)
    ahead = np.empty((n_variants, len(names), n, horizon))
    sample = order[np.linspace(0, n - 1, min(n, SAMPLE)).astype(int)]
    shared = {}
    for k in [0, *held] if has_calendar else []:
        then = truncated(_batch(panel, sample), k)
        shared[k] = panel_effects(then, _days(kinds, panel, sample, then, k, 0))
    seasons_then = _panel_seasons(panel, sample, held)
    near = needs_near(panel.lengths, horizon, panel.grid.season)
    for i, k in enumerate([*held, 0]):
        asked = np.flatnonzero(near[order]) if 0 < k < horizon else np.arange(n)
        for at in range(0, len(asked), CHUNK):
            rows = asked[at : at + CHUNK]
            chosen = order[rows]
            batch = _batch(panel, chosen)
            if batch.x.shape[1] <= k:
                continue
            then = truncated(batch, k)
            if k in seasons_then:
                offsets, miss = short_seasons(seasons_then[k], then, panel.last[chosen] - k, horizon)
                then = replace(then, short=offsets)
                shown.miss[:, i, rows] = miss
            made = np.empty((n_variants, len(names), len(chosen), horizon))
            made[0] = [MEMBERS[name](then, horizon) for name in names]
            if has_calendar:
                around = _days(kinds, panel, chosen, then, k, horizon)
                effect = series_effects(then, around[:, :-horizon], shared[k])
                factor = np.exp(np.einsum("ntk,nk->nt", around, effect))
                level = replace(then, x=then.x / factor[:, :-horizon])
                made[1] = [MEMBERS[name](level, horizon) * factor[:, -horizon:] for name in names]
            size = scale(level if has_calendar else then)
            shown.note(i, rows, then, size)
            if k == 0:
                ahead[:, :, rows], sizes[rows] = made, size
                continue
            past[i][:, :, rows], scales[i, rows] = made, size
            came = panel.values[chosen, width - k : width - k + horizon]
            begun = panel.lengths[chosen] - k >= LEAST
            actuals[i, rows, : came.shape[1]] = np.where(begun[:, None], came, np.nan)
    actuals = _alike(actuals, panel, order, held)
    small = 1e-9 * np.maximum(np.abs(ahead[0, 0]).max(axis=1), 1e-9)
    sizes = np.maximum(sizes, small)
    tolerance = HARMLESS if panel.grid.kind in "WDB" else 0.0
    apart = tuple(names.index(name) for name in APART if name in names)
    apart = apart if len(apart) < len(names) else apart[1:]
    season = panel.grid.season
    enough = {"pooled": min(season, LEAST_POOLED), "additive": LEAST_ADDITIVE * season}
    is_long = np.array([panel.lengths[order] >= enough[names[i]] for i in apart]).reshape(len(apart), n)
    least = np.maximum(scales, LEAST_SCALE * sizes)
    return Run(order, past, actuals, least, ahead, sizes, tolerance, apart, is_long, held, shown)


def _panel_seasons(panel: Panel, sample: np.ndarray, held: list[int]) -> dict[int, Season]:
    """What is known of short histories' seasons at each origin, by periods held back; nothing of weeks and days."""
    usual = usual_season(panel.grid, int(panel.last.max()))
    if usual is None:
        return {}
    batch = _batch(panel, sample)
    reached = [k for k in (0, *held) if k < batch.x.shape[1]]
    return {k: season_of_panel(usual, truncated(batch, k), panel.last[sample] - k) for k in reached}


def _alike(actuals: np.ndarray, panel: Panel, order: np.ndarray, held: list[int]) -> np.ndarray:
    """Actuals of the origins at which a series had as many seasons as it has now; all, where there is none such."""
    now = seasons(panel.lengths[order], panel.grid.season)
    alike = np.array([seasons(panel.lengths[order] - k, panel.grid.season) == now for k in held])
    known = np.isfinite(actuals).any(axis=2)
    none = ~(alike & known).any(axis=0) if held else np.zeros(len(order), dtype=bool)
    return np.where((alike | none)[:, :, None], actuals, np.nan) if held else actuals


def _batch(panel: Panel, chosen: np.ndarray) -> Batch:
    lengths = panel.lengths[chosen]
    longest = int(lengths.max())
    return Batch(
        panel.filled[chosen, panel.filled.shape[1] - longest :], longest - lengths, panel.grid.season
    )


def _days(kinds: Kinds, panel: Panel, chosen: np.ndarray, then: Batch, held: int, horizon: int) -> np.ndarray:
    """Days of each kind beside a batch's columns and the `horizon` after it."""
    reach = np.arange(1 - then.x.shape[1], horizon + 1)
    return kinds.beside(chosen, panel.last[chosen, None] - held + reach[None, :])


def blended(run: Run) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts as one, series × horizon, and what the same rule would have missed at each origin, in scales.

    At each origin, the choice of the calendar, the weights and the shares of members apart come from the other origins.
    """
    loss = losses(run)
    made = np.full((1 + len(run.apart), *run.actuals.shape), np.nan)
    for i in range(len(loss)):
        made[:, i] = _views(run, run.past[i], np.delete(loss, i, axis=0))
    point, *beside = _views(run, run.ahead, loss)
    missed, *others = (run.actuals - made) / run.scales[:, :, None]
    for ahead, other, is_long in zip(beside, others, run.is_long, strict=True):
        now, then = _shares(missed, other, is_long)
        point = point + now[:, None] * (ahead - point)
        missed = missed + then[:, :, None] * (other - missed)
    return point, missed


def _views(run: Run, forecasts: np.ndarray, loss: np.ndarray) -> np.ndarray:
    """The other members as one, then each member apart, with the calendar where it helps.

    From variants × members × series × horizon forecasts, by origins × variants × members × series losses.
    """
    together = [member for member in range(loss.shape[2]) if member not in run.apart]
    chosen, lost = forecasts[0], loss[:, 0]
    if len(forecasts) > 1:
        helps = calendar_helps(loss[:, :, together], run.tolerance)
        chosen = np.where(helps[:, None], forecasts[1], forecasts[0])
        lost = np.where(helps, loss[:, 1], loss[:, 0])
    return np.stack([combine(chosen[together], weights(lost[:, together])), *chosen[list(run.apart)]])


def _shares(missed: np.ndarray, other: np.ndarray, is_long: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share that each series takes of a member apart, now, and at each origin by the other origins; from errors without and of it."""
    moves = np.where(np.isfinite(missed) & is_long[None, :, None], missed - other, 0.0)
    fit, size = _fit_and_size(missed, moves)
    then = [share(np.delete(fit, i, axis=0), np.delete(size, i, axis=0)) for i in range(len(fit))]
    now = share(fit, size)
    return np.where(is_long, now, 0.0), np.where(is_long, np.array(then).reshape(fit.shape), 0.0)


def _fit_and_size(missed: np.ndarray, moves: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each origin and series: how far the member apart moves towards what came, and how far at all."""
    error = np.nan_to_num(missed)
    believed = CUT / np.maximum(
        np.maximum(np.abs(error), np.abs(moves)), CUT
    )  # large ones count less, both sides alike
    return (believed**2 * error * moves).sum(axis=2), (believed**2 * moves**2).sum(axis=2)


def share(fit: np.ndarray, size: np.ndarray) -> np.ndarray:
    """Share that each series takes of the member apart: least squares over origins, drawn to the panel's.

    From origins × series sums of (error × move) and of squared moves.  Nothing where the panel gained nothing.

    Examples
    --------
    >>> share(np.full((6, 2), 0.5), np.ones((6, 2))).round(6).tolist()
    [0.45, 0.45]
    """
    if not size.any() or fit.mean() <= 0:
        return np.zeros(size.shape[1])
    gained = SHARE_POOLING * fit.mean() + fit.sum(axis=0)
    moved = SHARE_POOLING * size.mean() + size.sum(axis=0)
    return np.clip(CAUTION * gained / moved, 0.0, MOST_APART)


def backtest(run: Run, errors: np.ndarray, naive: int) -> dict[str, np.ndarray]:
    """Of each series: origins with an actual, Σ|error| / Σ|actual| of the combined forecast and of member `naive`."""
    known = np.isfinite(run.actuals)
    size = np.where(known, np.abs(run.actuals), 0.0).sum(axis=(0, 2))
    missed = np.nansum(np.abs(errors) * run.scales[:, :, None], axis=(0, 2))
    plain = np.where(known, np.abs(run.past[:, 0, naive] - run.actuals), 0.0).sum(axis=(0, 2))
    over = np.where(size > 0, size, np.nan)
    n = known.any(axis=2).sum(axis=0)
    return {"n_origins": n, "wape": missed / over, "naive_wape": plain / over}


def calendar_helps(loss: np.ndarray, tolerance: float) -> np.ndarray:
    """Series whose past forecasts were better with the calendar, seen with what it did to the panel."""
    both = loss.mean(axis=2)
    known = np.isfinite(both).all(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(known, np.log(np.maximum(both[:, 1], 1e-12) / np.maximum(both[:, 0], 1e-12)), 0.0)
    n = known.sum(axis=0)
    typical = gain.sum() / max(n.sum(), 1)
    return (gain.sum(axis=0) + POOLING / 2 * typical) / (n + POOLING / 2) < tolerance


def losses(run: Run) -> np.ndarray:
    """Mean absolute error, in scales, of each origin × variant × member × series (NaN where nothing came)."""
    known = np.isfinite(run.actuals)
    count = known.sum(axis=2)
    found = np.empty(run.past.shape[:4])
    for i, past in enumerate(run.past):  # one origin at a time bounds memory
        error = np.abs(past - np.where(known[i], run.actuals[i], 0.0)) * known[i]
        found[i] = np.nansum(error, axis=3) / np.maximum(count[i], 1) / run.scales[i]
    return np.where(count[:, None, None, :] > 0, found, np.nan)


def weights(loss: np.ndarray) -> np.ndarray:
    """Members × series weights from origins × members × series losses.

    A series' own loss is drawn towards what the panel found of each member, as much as `POOLING` origins would;
    members that lose more than `KEPT` times the panel's best get nothing, the others more the less they lose.
    """
    n = np.isfinite(loss).sum(axis=0)
    own = np.nansum(loss, axis=0) + NEGLIGIBLE * np.maximum(n, 1)
    relative = own / own.mean(axis=0)
    typical = relative.mean(axis=1, keepdims=True)
    share = n / (n + POOLING)
    mixed = share * relative + (1 - share) * typical
    weight = np.where(typical <= KEPT * typical.min(), np.maximum(mixed, NEGLIGIBLE) ** -POWER, 0.0)
    return weight / weight.sum(axis=0)


def combine(forecasts: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Members × series × horizon forecasts as one: the weighted mean, drawn to the plain median of those with weight."""
    weighted = np.einsum("mn,mnh->nh", weight, forecasts)
    median = np.nanmedian(np.where(weight[:, :, None] > 0, forecasts, np.nan), axis=0)
    return (1 - SHRINKAGE) * weighted + SHRINKAGE * median


def truncated(batch: Batch, held: int) -> Batch:
    """The batch as it was `held` periods ago; a series that had not begun is one zero, of which nothing is made."""
    x = batch.x[:, : batch.x.shape[1] - held]
    begun = batch.start < x.shape[1]
    return Batch(np.where(begun[:, None], x, 0.0), np.minimum(batch.start, x.shape[1] - 1), batch.season)
