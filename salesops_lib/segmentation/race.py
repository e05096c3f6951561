"""Which purchase model a customer base follows: all of them foretell a stretch that is known already."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator

from salesops_lib.metrics.calibration import LogOddsLine, expected_calibration_error, log_odds_correction
from salesops_lib.segmentation.boosting import BoostedPurchases, lessons, standing
from salesops_lib.segmentation.histories import Floats, histories
from salesops_lib.segmentation.purchases import MODELS, PurchaseModel
from salesops_lib.segmentation.summary import customer_summary, purchase_days

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

#: The candidate that learns from earlier stretches instead of a law of buying.
BOOSTED = "gradient_boosting"
#: Customers that bought, and that did not, which a correction of chances needs.
_LEAST_OUTCOMES = 50
#: Models whose errors differ by less are alike, as they are where nobody leaves; the simplest of them comes first.
_DIGITS_THAT_TELL = 4


class NaiveRate(BaseEstimator):
    """Everybody goes on at the rate so far: repeat purchases over time since the first one.

    Examples
    --------
    >>> seen = pd.DataFrame({"frequency": [4, 0], "recency": [30, 0], "T": [40, 40]})
    >>> NaiveRate().fit(seen).expected_purchases(seen, 10).tolist()
    [1.0, 0.0]
    """

    def fit(self, X: pd.DataFrame | ArrayLike, y: object = None) -> Self:
        self.is_fitted_ = True
        return self

    def expected_purchases(self, X: pd.DataFrame | ArrayLike, time: ArrayLike) -> Floats:
        """Purchases in the `time` ahead."""
        seen = histories(X)
        expected: Floats = seen.x / np.maximum(seen.T, 1.0) * np.asarray(time, dtype=float)
        return expected

    def probability_active(self, X: pd.DataFrame | ArrayLike, time: ArrayLike) -> Floats:
        """Chance of at least one purchase in the `time` ahead, if they come at random."""
        return -np.expm1(-self.expected_purchases(X, time))


class Recalibrated(BaseEstimator):
    """A model whose chances of a purchase are corrected by how such chances came true before.

    Parameters
    ----------
    model
        The model, fitted.
    line
        From the model's log-odds to those that came true.

    Examples
    --------
    >>> seen = pd.DataFrame({"frequency": [4], "recency": [30], "T": [40]})
    >>> Recalibrated(NaiveRate().fit(seen), LogOddsLine(np.log(2))).probability_active(seen, 40 * np.log(2) / 4).round(3)
    array([0.667])
    """

    def __init__(self, model: Model, line: LogOddsLine = LogOddsLine()) -> None:  # noqa: B008  # a value, not a place
        self.model = model
        self.line = line

    def expected_purchases(self, X: pd.DataFrame, time: ArrayLike) -> Floats:
        """Purchases in the `time` ahead, as the model says."""
        return self.model.expected_purchases(X, time)

    def probability_active(self, X: pd.DataFrame, time: ArrayLike) -> Floats:
        """Chance of at least one purchase in the `time` ahead."""
        return self.line(self.model.probability_active(X, time))


Model = NaiveRate | PurchaseModel | BoostedPurchases
Candidate = Model | Recalibrated


class Learnt(NamedTuple):
    """A model as it could be fitted on a day.

    Attributes
    ----------
    model
        The model, its chances as they are.
    seen
        Purchase histories of that day, with the columns that the model reads.
    n_lessons, n_known
        Customers of earlier days that boosting learnt from, and of how many they were drawn; 0 for other models.
    """

    model: Model
    seen: pd.DataFrame
    n_lessons: int = 0
    n_known: int = 0


class Choice(NamedTuple):
    """The model that foretold best, fitted to all that is known.

    Attributes
    ----------
    scores
        One row a candidate, the winner first: see `scored`.
    summary
        Purchase histories at the end.
    horizon
        Days that were foretold, and that the model is asked for.
    n_lessons, n_known
        Customers of earlier days that boosting learnt from in the race, of how many they were drawn; 0 where it was left out.
    """

    model: Candidate
    scores: pd.DataFrame
    summary: pd.DataFrame
    horizon: int
    n_lessons: int = 0
    n_known: int = 0

    @property
    def winner(self) -> str:
        """Name of the model."""
        return str(self.scores.model.iloc[0])

    @property
    def is_corrected(self) -> bool:
        """Whether the chances are corrected by how those of the days before came true."""
        return isinstance(self.model, Recalibrated)


def choose(facts: Facts | Engine, end: date, horizon: int) -> Choice | None:
    """Let the candidates foretell the last `horizon` days before `end`; the least RMSE wins.

    None where nobody had bought before those days.  The winner's error is that of the same days
    on which it won: with five candidates it flatters little, and it is the only one that is known.
    """
    split = end - timedelta(days=horizon)
    boosted = learnt(facts, BOOSTED, split, horizon)
    earlier = boosted.seen if boosted else customer_summary(facts, split)
    if earlier.empty:
        return None
    scores = scored(earlier, _bought(facts, earlier, split, end), horizon, boosted.model if boosted else None)
    told = fitted(facts, str(scores.model.iloc[0]), end, horizon)
    assert told is not None  # what could be fitted before the stretch can be after it
    lessons_of = (boosted.n_lessons, boosted.n_known) if boosted else (0, 0)
    return Choice(told.model, scores, told.seen, horizon, *lessons_of)


def learnt(facts: Facts | Engine, name: str, day: date, horizon: int) -> Learnt | None:
    """The candidate of that name as it could be fitted on `day`; None where too little was known.

    What comes after `day` does not enter.
    """
    if name != BOOSTED:
        seen = customer_summary(facts, day)
        return None if seen.empty else Learnt(candidates()[name].fit(seen), seen)
    known = lessons(facts, day, horizon)
    if known is None:
        return None
    model = BoostedPurchases(horizon).fit(known.seen, known.bought)
    return Learnt(model, standing(facts, day), len(known.seen), known.n)


class Told(NamedTuple):
    """A model with its chances corrected where that can be, and the histories that it was fitted on."""

    model: Candidate
    seen: pd.DataFrame


def fitted(facts: Facts | Engine, name: str, day: date, horizon: int) -> Told | None:
    """The candidate of that name as it could be fitted on `day`, its chances corrected by the `horizon` days before.

    What comes after `day` enters neither.  Where too little is known of those days they stay the model's.
    """
    now = learnt(facts, name, day, horizon)
    if now is None:
        return None
    split = day - timedelta(days=horizon)
    before = learnt(facts, name, split, horizon)
    if before is None or len(before.seen) < 2 * _LEAST_OUTCOMES:
        return Told(now.model, now.seen)
    ordered = _bought(facts, before.seen, split, day) > 0
    return Told(
        recalibrated(now.model, before.model.probability_active(before.seen, horizon), ordered), now.seen
    )


def _bought(facts: Facts | Engine, seen: pd.DataFrame, start: date, end: date) -> NDArray[np.float64]:
    """Purchase days of each customer after `start` and up to `end`."""
    return purchase_days(facts, start, end).reindex(seen.index).fillna(0).to_numpy(dtype=float)


def recalibrated(model: Model, chance: NDArray[np.float64], happened: NDArray[np.bool_]) -> Candidate:
    """`model` corrected by chances that it gave before and what came; as it is where too few bought, or too few did not."""
    n_happened = int(happened.sum())
    if min(n_happened, len(happened) - n_happened) < _LEAST_OUTCOMES:
        return model
    line = log_odds_correction(chance, happened)
    return Recalibrated(model, line) if line.slope > 0 else model


def candidates() -> dict[str, NaiveRate | PurchaseModel]:
    """The models that are fitted to the histories of one day, by their names in the catalogue."""
    return {"naive_rate": NaiveRate(), **{_NAMES[kind]: kind() for kind in MODELS}}


_NAMES = dict(zip(MODELS, ("bg_nbd", "mbg_nbd", "pareto_nbd"), strict=True))


def scored(
    earlier: pd.DataFrame,
    bought: NDArray[np.float64],
    horizon: float,
    boosted: Model | None = None,
) -> pd.DataFrame:
    """How well each candidate, fitted to `earlier`, foretold the purchases that came.

    Parameters
    ----------
    boosted
        Boosting, which learns from earlier days still, where there is enough of them.

    Returns
    -------
    pd.DataFrame
        One row a candidate, the least `rmse` first (alike to four digits: the simplest first): model, rmse and mae (purchases a customer), bias
        (foretold over actual, less 1), brier and calibration_error of the chance of a purchase, n.  Boosting comes first only
        where its lead in squared error is more than one standard error: it has the freedom to win by chance.

    Notes
    -----
    One standard error: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees (1984), 3.4.3.
    """
    models: dict[str, Model] = {name: model.fit(earlier) for name, model in candidates().items()}
    if boosted is not None:
        models[BOOSTED] = boosted
    off = {name: model.expected_purchases(earlier, horizon) - bought for name, model in models.items()}
    chances = {name: model.probability_active(earlier, horizon) for name, model in models.items()}
    table = pd.DataFrame([{"model": name, **_errors(off[name], chances[name], bought)} for name in models])
    best = table.rmse.min()
    behind = ((table.rmse - best) / max(best, 1e-9)).round(_DIGITS_THAT_TELL)
    order = behind.argsort(kind="stable").to_numpy(copy=True)
    names = table.model.to_numpy()[order]
    if names[0] == BOOSTED and not _leads(off[names[0]], off[names[1]]):
        order[:2] = order[1], order[0]
    return table.iloc[order].reset_index(drop=True)


def _leads(one: Floats, other: Floats) -> bool:
    """Whether the squared errors of `one` are smaller by more than a standard error of the mean difference."""
    gained = other**2 - one**2
    return bool(gained.mean() > gained.std() / np.sqrt(len(gained)))


def _errors(off: Floats, chance: Floats, bought: Floats) -> dict[str, float]:
    return {
        "rmse": float(np.sqrt(np.mean(off**2))),
        "mae": float(np.mean(np.abs(off))),
        "bias": float(off.sum() / bought.sum()) if bought.any() else float("nan"),
        "brier": float(np.mean((chance - (bought > 0)) ** 2)),
        "calibration_error": expected_calibration_error(chance, bought > 0),
        "n": len(off),
    }
