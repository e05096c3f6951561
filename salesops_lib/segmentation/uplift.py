"""What a campaign changed, and for whom: effect, Qini curve and a T-learner, of randomised campaigns alone (M12.4).

A campaign is a frame of one row a customer: `treated` says whether it was drawn, `outcome` what it did
since, and further columns what was known of it before the draw.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
from scipy.stats import chi2, norm
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import StratifiedKFold

from salesops_lib.errors import DataError
from salesops_lib.metrics import Exhibit, Finding

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from salesops_lib.segmentation.histories import Floats

#: A draw whose balance is less likely than this by chance is not believed to be one.
_BALANCE_LEVEL = 0.001
_LEVEL = 0.95
_N_RESAMPLES = 500
_N_FOLDS = 5
_LEAST_OF_EACH = 30
_N_POINTS = 100


class Effect(NamedTuple):
    """A difference with its interval."""

    value: float
    low: float
    high: float

    @property
    def is_detectable(self) -> bool:
        return self.low > 0 or self.high < 0


class Balance(NamedTuple):
    """How alike the treated and the others were before the draw.

    Attributes
    ----------
    differences
        Of each column's means, in standard deviations.
    chance
        Of differences at least as large where the draw was random.
    """

    differences: pd.Series
    chance: float


class TLearner(BaseEstimator):
    """What the treatment changes for each customer: one model of the treated, one of the others, and their difference.

    Parameters
    ----------
    model
        A regressor in scikit-learn's manner; a shrunk gradient boosting where left out.

    Notes
    -----
    Source: Künzel, Sekhon, Bickel and Yu, PNAS 116 (2019), 4156–4165.

    Examples
    --------
    >>> from sklearn.linear_model import LinearRegression
    >>> X = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0] * 2})
    >>> treated = np.array([True] * 4 + [False] * 4)
    >>> y = np.where(treated, 3.0, 1.0) * X.x
    >>> TLearner(LinearRegression()).fit(X, y, treated).predict(X).round(6).tolist()[:4]
    [0.0, 2.0, 4.0, 6.0]
    """

    def __init__(self, model: BaseEstimator | None = None) -> None:
        self.model = model

    def fit(self, X: pd.DataFrame, y: ArrayLike, treated: ArrayLike) -> Self:
        outcome, is_treated = np.asarray(y, dtype=float), np.asarray(treated, dtype=bool)
        own = self.model if self.model is not None else _default_model()
        self.treated_ = clone(own).fit(X[is_treated], outcome[is_treated])
        self.others_ = clone(own).fit(X[~is_treated], outcome[~is_treated])
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Outcome with the treatment less outcome without."""
        change: Floats = self.treated_.predict(X) - self.others_.predict(X)
        return change


def _default_model() -> BaseEstimator:
    return HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, min_samples_leaf=50, l2_regularization=10.0, random_state=0
    )  # fmt: skip


def balance(known_before: pd.DataFrame, treated: ArrayLike) -> Balance:
    """Whether treated and others differ, before the draw, by more than a random draw makes them differ.

    Notes
    -----
    d'V⁻¹d of the differences of means d, with the variance V that re-drawing the same number of
    customers gives them, is χ² with as many degrees of freedom as columns (Hansen and Bowers,
    Statistical Science 23 (2008), 219–236).  Columns that never change say nothing; missing values are
    compared as a column of their own.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> size = pd.DataFrame({"size": rng.normal(size=500)})
    >>> bool(balance(size, rng.random(500) < 0.5).chance > 0.01), bool(balance(size, size["size"] > 0).chance < 1e-9)
    (True, True)
    """
    is_treated = np.asarray(treated, dtype=bool)
    columns = _as_numbers(known_before)
    matrix = columns.to_numpy(float)
    n, n_treated = len(is_treated), int(is_treated.sum())
    centred = matrix - matrix.mean(axis=0)
    difference = matrix[is_treated].mean(axis=0) - matrix[~is_treated].mean(axis=0)
    covariance = centred.T @ centred / max(n - 1, 1)
    drawn = covariance * n / (n_treated * (n - n_treated))
    inverse = np.linalg.pinv(drawn, rcond=1e-9, hermitian=True)
    statistic = float(difference @ inverse @ difference)
    rank = int(np.linalg.matrix_rank(drawn, hermitian=True)) if matrix.shape[1] else 0
    spread = np.sqrt(np.diag(covariance))
    return Balance(pd.Series(difference / spread, columns.columns), float(chi2.sf(statistic, rank)) if rank else 1.0)  # fmt: skip


def _as_numbers(frame: pd.DataFrame) -> pd.DataFrame:
    """Numbers, a column for each category and for what is missing; columns that never change left out."""
    wide = pd.get_dummies(frame, dummy_na=False, dtype=float)
    for name in frame.columns[frame.isna().any()]:
        wide[f"{name} (missing)"] = frame[name].isna().astype(float)
    filled = wide.fillna(wide.mean())
    return filled.loc[:, filled.std(ddof=0) > 0]


def average_effect(outcome: ArrayLike, treated: ArrayLike) -> Effect:
    """Mean outcome of the treated less that of the others, with its interval (unequal variances).

    >>> average_effect([3, 4, 5, 1, 2, 3], [1, 1, 1, 0, 0, 0]).value
    2.0
    """
    y, is_treated = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    with_it, without = y[is_treated], y[~is_treated]
    value = float(with_it.mean() - without.mean())
    reach = norm.isf((1 - _LEVEL) / 2) * np.sqrt(with_it.var(ddof=1) / len(with_it) + without.var(ddof=1) / len(without))  # fmt: skip
    return Effect(value, value - float(reach), value + float(reach))


def qini_curve(outcome: ArrayLike, treated: ArrayLike, score: ArrayLike) -> pd.DataFrame:
    """What treating the best-scored first brings: x (share of customers), y (outcome gained a customer of all).

    Notes
    -----
    y = (Y_t − Y_c · n_t / n_c) / n_t of the whole, over the customers so far: what the treated among
    them did beyond the others, these scaled to their number.  Equal scores are taken together.
    Source: Radcliffe, Direct Marketing Analytics Journal 1 (2007), 14–21.

    Examples
    --------
    >>> curve = qini_curve([1, 0, 0, 0], [1, 0, 1, 0], [2, 2, 1, 1])
    >>> curve.y.tolist()
    [0.0, 0.5, 0.5]
    """
    y, t, s = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool), np.asarray(score, dtype=float)  # fmt: skip
    return _curve(y, t, s, np.ones(len(y)))


def _curve(y: Floats, t: NDArray[np.bool_], s: Floats, weight: Floats) -> pd.DataFrame:
    order = np.argsort(-s, kind="stable")
    y, t, s, w = y[order], t[order], s[order], weight[order]
    ends = np.flatnonzero(np.append(s[1:] != s[:-1], True))
    n_t, n_c = np.cumsum(w * t)[ends], np.cumsum(w * ~t)[ends]
    y_t, y_c = np.cumsum(w * y * t)[ends], np.cumsum(w * y * ~t)[ends]
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = np.where(n_c > 0, y_t - y_c * n_t / n_c, y_t) / n_t[-1]
    share = (n_t + n_c) / (n_t[-1] + n_c[-1])
    return pd.DataFrame({"x": np.append(0.0, share), "y": np.append(0.0, gained)})


def qini_coefficient(curve: pd.DataFrame) -> float:
    """Area between the curve and the straight line of a random order, in outcome a customer.

    >>> qini_coefficient(pd.DataFrame({"x": [0.0, 0.5, 1.0], "y": [0.0, 0.5, 0.5]}))
    0.125
    """
    return float(np.trapezoid(curve.y, curve.x) - curve.y.iloc[-1] / 2)


def qini(outcome: ArrayLike, treated: ArrayLike, score: ArrayLike, *, seed: int = 0) -> Effect:
    """The Qini coefficient with the interval of customers drawn again (bootstrap within treated and others).

    The score must not have seen the outcome of the customers that it ranks: see `scored_out_of_fold`.
    """
    y, t, s = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool), np.asarray(score, dtype=float)  # fmt: skip
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(_N_RESAMPLES):
        weight = np.empty(len(y))
        for group in (t, ~t):
            weight[group] = rng.multinomial(group.sum(), np.full(group.sum(), 1 / group.sum()))
        found.append(qini_coefficient(_curve(y, t, s, weight)))
    low, high = np.quantile(found, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    return Effect(qini_coefficient(qini_curve(y, t, s)), float(low), float(high))


def scored_out_of_fold(
    known_before: pd.DataFrame, outcome: ArrayLike, treated: ArrayLike, model: BaseEstimator | None = None
) -> Floats:
    """Change that the treatment makes for each customer, by a T-learner that has not seen it."""
    X = _as_numbers(known_before)
    y, is_treated = np.asarray(outcome, dtype=float), np.asarray(treated, dtype=bool)
    score = np.empty(len(y))
    for train, held in StratifiedKFold(_N_FOLDS, shuffle=True, random_state=0).split(X, is_treated):
        learner = TLearner(model).fit(X.iloc[train], y[train], is_treated[train])
        score[held] = learner.predict(X.iloc[held])
    return score


def campaign(
    frame: pd.DataFrame,
    *,
    outcome: str = "outcome",
    treated: str = "treated",
    model: BaseEstimator | None = None,
    unit: str = "money",
) -> Exhibit:
    """What a randomised campaign changed, and whether it pays to choose whom to treat; one row a share of customers.

    Raises
    ------
    DataError
        If a value is missing, too few were treated or left out, or the treated differ from the others,
        before the campaign, by more than a random draw explains: no effect can be read from such data.
    """
    known_before = frame.drop(columns=[outcome, treated])
    y, is_treated = _checked(frame, outcome, treated)
    alike = balance(known_before, is_treated)
    if alike.chance < _BALANCE_LEVEL:
        worst = alike.differences.abs().sort_values(ascending=False).head(3)
        named = ", ".join(
            f"{name} ({alike.differences[name]:+.2f} standard deviations)" for name in worst.index
        )
        raise DataError(
            f"The campaign was not randomised: treated and others differed before it, most in {named}; chance alone makes "
            f"such differences with a probability of {alike.chance:.1g}.\n"
            "Draw who is treated by lot and keep a group untouched; what is measured without a draw is no effect."
        )
    effect = average_effect(y, is_treated)
    score = scored_out_of_fold(known_before, y, is_treated, model)
    choosing = qini(y, is_treated, score)
    told = {"effect": effect.value, "low": effect.low, "high": effect.high, "n": len(y), "n_treated": int(is_treated.sum())}  # fmt: skip
    gain = {"qini": choosing.value, "low": choosing.low, "high": choosing.high}
    first = (
        "uplift.none" if not effect.is_detectable else "uplift.more" if effect.value > 0 else "uplift.less"
    )
    chooses = "uplift.choose" if choosing.low > 0 else "uplift.no_choice"
    curve = qini_curve(y, is_treated, score)
    picked = curve.iloc[sorted({round(i * (len(curve) - 1) / _N_POINTS) for i in range(_N_POINTS + 1)})]
    total = curve.y.iloc[-1]
    table = pd.DataFrame({"share": picked.x, "gained": picked.y, "at_random": picked.x * total}).reset_index(drop=True)  # fmt: skip
    tone = "neutral" if not effect.is_detectable else "good" if effect.value > 0 else "bad"
    return Exhibit(
        "uplift", "table", table, metric="qini",
        findings=(Finding(f"{first}_{unit}", told, "qini", tone), Finding(f"{chooses}_{unit}", gain, "qini")),
        units={"share": "ratio", "gained": unit, "at_random": unit},
        notes=(Finding("note.balance", {"n": len(alike.differences), "chance": alike.chance}), Finding("note.qini")),
    )  # fmt: skip


def _checked(frame: pd.DataFrame, outcome: str, treated: str) -> tuple[Floats, NDArray[np.bool_]]:
    """Outcome and draw, without a missing value and with enough of each."""
    gone = frame[[outcome, treated]].isna().any(axis=1)
    if gone.any():
        raise DataError(
            f"Campaign: {int(gone.sum())} of {len(frame)} rows lack {outcome} or {treated}, the first is row {int(gone.to_numpy().argmax())}.\n"
            "Say what became of every customer that was drawn or left out: whom one cannot find again is not a zero."
        )
    others = sorted({repr(value) for value in frame[treated].unique() if value not in (0, 1)})
    if others:
        raise DataError(f"Campaign: {treated} holds {others[0]}; it must be true or false, or 1 or 0.")
    is_treated = frame[treated].to_numpy(dtype=bool)
    n_treated, n_others = int(is_treated.sum()), int((~is_treated).sum())
    if min(n_treated, n_others) < _LEAST_OF_EACH:
        raise DataError(
            f"Campaign: {n_treated} were treated and {n_others} left out; at least {_LEAST_OF_EACH} of each are needed to tell an effect from chance."
        )
    return frame[outcome].to_numpy(dtype=float), is_treated
