"""Which purchase model a customer base follows: all of them foretell a stretch that is known already."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression

from salesops_lib.segmentation.histories import Floats, histories
from salesops_lib.segmentation.purchases import MODELS, PurchaseModel
from salesops_lib.segmentation.summary import customer_summary, purchase_days

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.tables.facts import Facts

_N_BINS = 10
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
    slope, intercept
        Of the line from the model's log-odds to those that came true.

    Notes
    -----
    Source: Platt, Advances in Large Margin Classifiers (1999), 61–74.

    Examples
    --------
    >>> seen = pd.DataFrame({"frequency": [4], "recency": [30], "T": [40]})
    >>> Recalibrated(NaiveRate().fit(seen), 1.0, np.log(2)).probability_active(seen, 40 * np.log(2) / 4).round(3)
    array([0.667])
    """

    def __init__(self, model: NaiveRate | PurchaseModel, slope: float = 1.0, intercept: float = 0.0) -> None:
        self.model = model
        self.slope = slope
        self.intercept = intercept

    def expected_purchases(self, X: pd.DataFrame | ArrayLike, time: ArrayLike) -> Floats:
        """Purchases in the `time` ahead, as the model says."""
        return self.model.expected_purchases(X, time)

    def probability_active(self, X: pd.DataFrame | ArrayLike, time: ArrayLike) -> Floats:
        """Chance of at least one purchase in the `time` ahead."""
        odds = _log_odds(self.model.probability_active(X, time))
        chance: Floats = expit(self.intercept + self.slope * odds)
        return chance


Candidate = NaiveRate | PurchaseModel | Recalibrated


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
    """

    model: Candidate
    scores: pd.DataFrame
    summary: pd.DataFrame
    horizon: int

    @property
    def is_corrected(self) -> bool:
        """Whether the chances are corrected by how those of the days before came true."""
        return isinstance(self.model, Recalibrated)


def choose(facts: Facts, end: date, horizon: int) -> Choice | None:
    """Let the candidates foretell the last `horizon` days before `end`; the least RMSE wins.

    None where nobody had bought before those days.  The winner's error is that of the same days
    on which it won: with four candidates it flatters little, and it is the only one that is known.
    """
    split = end - timedelta(days=horizon)
    earlier = customer_summary(facts, split)
    if earlier.empty:
        return None
    bought = purchase_days(facts, split, end).reindex(earlier.index).fillna(0).to_numpy(dtype=float)
    scores = scored(earlier, bought, horizon)
    summary = customer_summary(facts, end)
    model = fitted(facts, str(scores.model.iloc[0]), summary, end, horizon)
    return Choice(model, scores, summary, horizon)


def fitted(facts: Facts, name: str, summary: pd.DataFrame, end: date, horizon: int) -> Candidate:
    """The candidate of that name, fitted to the `summary` of `end`; its chances corrected by the `horizon` days before.

    What comes after `end` enters neither.  Where too little is known of those days they stay the model's.
    """
    model = candidates()[name].fit(summary)
    split = end - timedelta(days=horizon)
    earlier = customer_summary(facts, split)
    if len(earlier) < 2 * _LEAST_OUTCOMES:
        return model
    before = candidates()[name].fit(earlier)
    ordered = earlier.index.isin(purchase_days(facts, split, end).index)
    return recalibrated(model, before.probability_active(earlier, horizon), ordered)


def recalibrated(
    model: NaiveRate | PurchaseModel, chance: NDArray[np.float64], happened: NDArray[np.bool_]
) -> Candidate:
    """`model` corrected by chances that it gave before and what came; as it is where too few bought, or too few did not."""
    n_happened = int(happened.sum())
    if min(n_happened, len(happened) - n_happened) < _LEAST_OUTCOMES:
        return model
    line = LogisticRegression(C=1e6).fit(_log_odds(chance)[:, None], happened)
    slope, intercept = float(line.coef_[0, 0]), float(line.intercept_[0])
    return Recalibrated(model, slope, intercept) if slope > 0 else model


def _log_odds(chance: Floats) -> Floats:
    odds: Floats = logit(np.clip(chance, 1e-9, 1 - 1e-9))
    return odds


def candidates() -> dict[str, NaiveRate | PurchaseModel]:
    """Every model that races, by its name in the catalogue."""
    return {"naive_rate": NaiveRate(), **{_NAMES[kind]: kind() for kind in MODELS}}


_NAMES = dict(zip(MODELS, ("bg_nbd", "mbg_nbd", "pareto_nbd"), strict=True))


def scored(earlier: pd.DataFrame, bought: NDArray[np.float64], horizon: float) -> pd.DataFrame:
    """How well each candidate, fitted to `earlier`, foretold the purchases that came.

    Returns
    -------
    pd.DataFrame
        One row a candidate, the least `rmse` first (alike to four digits: the simplest first): model, rmse and mae (purchases a customer), bias
        (foretold over actual, less 1), brier and calibration_error of the chance of a purchase, n.
    """
    rows = []
    for name, model in candidates().items():
        model.fit(earlier)
        expected, chance = (
            model.expected_purchases(earlier, horizon),
            model.probability_active(earlier, horizon),
        )
        rows.append(
            {
                "model": name,
                "rmse": float(np.sqrt(np.mean((expected - bought) ** 2))),
                "mae": float(np.mean(np.abs(expected - bought))),
                "bias": float(expected.sum() / bought.sum() - 1) if bought.any() else float("nan"),
                "brier": float(np.mean((chance - (bought > 0)) ** 2)),
                "calibration_error": calibration_error(chance, bought > 0),
                "n": len(earlier),
            }
        )
    table = pd.DataFrame(rows)
    best = table.rmse.min()
    behind = ((table.rmse - best) / max(best, 1e-9)).round(_DIGITS_THAT_TELL)
    return table.iloc[behind.argsort(kind="stable")].reset_index(drop=True)


def calibration_error(chance: NDArray[np.float64], happened: NDArray[np.bool_]) -> float:
    """Mean distance between what was foretold and what came, over tenths of customers by chance (ECE).

    >>> calibration_error(np.array([0.25, 0.25, 0.25, 0.25]), np.array([True, False, False, False]))
    0.0
    """
    table = calibration(chance, happened)
    return float(np.average((table.foretold - table.came).abs(), weights=table.n))


def calibration(chance: NDArray[np.float64], happened: NDArray[np.bool_]) -> pd.DataFrame:
    """Tenths of customers by their chance: foretold and came (shares), n.  Equal chances stay together."""
    rank = pd.Series(chance).rank(method="average", pct=True)
    tenth = np.ceil(rank * _N_BINS).clip(1, _N_BINS).astype(int)
    frame = pd.DataFrame({"tenth": tenth, "foretold": chance, "came": happened.astype(float)})
    return frame.groupby("tenth").agg(
        foretold=("foretold", "mean"), came=("came", "mean"), n=("came", "size")
    )
