"""A chance that is a sum: log odds of a yes added up column by column, so that each score has its reasons."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import SplineTransformer
from sklearn.utils.validation import check_is_fitted

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


#: A number with no more values than this is taken as it is: a curve through so few points is not one.
_FEW_VALUES = 10
#: Harrell, Regression Modeling Strategies, 2nd ed., table 2.3: the outer knots leave the tails straight.
_KNOTS = (0.05, 0.275, 0.5, 0.725, 0.95)
#: A category seen less often, or in a smaller share of rows, has no weight of its own.
_RARE, _RARE_SHARE = 10, 0.005


class _Column(NamedTuple):
    """How one column becomes numbers: its levels (text), or its curve (numbers)."""

    levels: tuple[str, ...]
    middle: float
    curve: SplineTransformer | None
    has_gaps: bool


class AdditiveClassifier(ClassifierMixin, BaseEstimator):
    """Logistic regression on a smooth curve of each number and a weight for each level of each text (a GAM).

    The log odds are `base_` plus one contribution a column; contributions of the training rows have mean zero.
    Fitted by penalised maximum likelihood, whose chances add up to what happened; ridge of strength 1/C.

    Parameters
    ----------
    C
        Inverse strength of the penalty on standardised columns.

    Notes
    -----
    Curves are cubic splines with five knots at quantiles, straight beyond the outer ones (5 and 95 %).  A missing value
    counts as the middle one, and as a fact of its own.  Source: Hastie, Tibshirani, Friedman, The Elements of
    Statistical Learning, 2nd ed., 4.4 and 5.2.

    Examples
    --------
    >>> X = pd.DataFrame({"plan": ["month", "year"] * 40, "visits": [1, 2, 3, 4] * 20})
    >>> y = [1, 0, 1, 0, 1, 0, 0, 0] * 10
    >>> model = AdditiveClassifier().fit(X, y)
    >>> told = model.contributions(X.head(2))
    >>> bool(np.allclose(told.sum(axis=1) + model.base_, model.decision_function(X.head(2))))
    True
    """

    def __init__(self, C: float = 1.0) -> None:
        self.C = C

    def fit(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """Fit to rows `X` whose answer is `y`, 0 or 1.

        Raises
        ------
        DataError
            If `y` has one value alone.
        """
        happened = np.asarray(y, dtype=int)
        self.classes_ = np.unique(happened)
        if len(self.classes_) < 2:
            raise DataError(
                f"All {len(happened)} rows have the same label, so there is nothing to tell apart."
            )
        self.feature_names_in_ = np.array(list(X.columns), dtype=object)
        self.n_features_in_ = X.shape[1]
        self._columns = {name: _learned(X[name]) for name in X}
        raw, owners = self._design(X)
        self._mean, spread = raw.mean(axis=0), raw.std(axis=0)
        self._spread = np.where(spread > 1e-9, spread, np.inf)
        self._owners = owners
        fitted = LogisticRegression(C=self.C, max_iter=3000).fit((raw - self._mean) / self._spread, happened)
        self.coef_, self.base_ = fitted.coef_[0], float(fitted.intercept_[0])
        return self

    def at_level_of(self, X: pd.DataFrame, y: ArrayLike) -> Self:
        """The same model with `base_` moved so that chances of rows `X` add up to what happened to them.

        What each column adds stays as it was.  Nothing is moved where all or none of them said yes.
        """
        happened, odds = np.asarray(y, dtype=float), self.decision_function(X)
        moved = copy(self)
        if not 0 < happened.mean() < 1:
            return moved
        shift = 0.0
        for _ in range(50):
            chance = 1 / (1 + np.exp(-(odds + shift)))
            step = float((happened - chance).sum() / np.maximum((chance * (1 - chance)).sum(), 1e-9))
            shift += float(np.clip(step, -1, 1))
            if abs(step) < 1e-10:
                break
        moved.base_ = self.base_ + shift
        return moved

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """Log odds that each column adds to a row's, against the mean of the training rows; one column each."""
        check_is_fitted(self, "coef_")
        raw, _ = self._design(X)
        parts = (raw - self._mean) / self._spread * self.coef_
        return pd.DataFrame({name: parts[:, self._owners == place].sum(axis=1) for place, name in enumerate(self._columns)}, X.index)  # fmt: skip

    def decision_function(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Log odds of each row."""
        return self.contributions(X).to_numpy().sum(axis=1) + self.base_

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Chances of no and of yes; two columns."""
        chance = 1 / (1 + np.exp(-self.decision_function(X)))
        return np.column_stack([1 - chance, chance])

    def predict(self, X: pd.DataFrame) -> NDArray[np.int64]:
        """1 where a yes is the likelier answer."""
        return (self.decision_function(X) > 0).astype(np.int64)

    def _design(self, X: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """Numbers of all columns side by side, and the place of the column that each is of."""
        absent = [name for name in self._columns if name not in X]
        if absent:
            raise DataError(
                f"The model was fitted with columns that are not here: {', '.join(map(str, absent))}."
            )
        blocks = [_numbers(X[name], how) for name, how in self._columns.items()]
        owners = np.repeat(np.arange(len(blocks)), [block.shape[1] for block in blocks])
        return np.hstack(blocks) if blocks else np.zeros((len(X), 0)), owners


def is_number(values: pd.Series) -> bool:
    """Whether a column is a quantity: numbers that are no truths."""
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _learned(values: pd.Series) -> _Column:
    if not is_number(values):
        counts = values.astype("object").where(values.notna(), "").astype(str).value_counts()
        return _Column(
            tuple(
                sorted(counts.index[counts >= min(max(_RARE, _RARE_SHARE * len(values)), len(values) // 4)])
            ),
            0.0,
            None,
            False,
        )
    seen = _finite(values)
    known = seen[~np.isnan(seen)]
    middle = float(np.median(known)) if len(known) else 0.0
    knots = np.unique(np.quantile(known, _KNOTS)) if len(known) else np.zeros(0)
    curve = None
    if len(np.unique(known)) > _FEW_VALUES and len(knots) > 2:
        curve = SplineTransformer(degree=3, knots=knots[:, None], extrapolation="linear").fit(known[:, None])
    return _Column((), middle, curve, bool(np.isnan(seen).any()))


def _numbers(values: pd.Series, how: _Column) -> NDArray[np.float64]:
    if how.levels:
        text = values.astype("object").where(values.notna(), "").astype(str).to_numpy()
        return (text[:, None] == np.array(how.levels, dtype=object)[None, :]).astype(float)
    if not is_number(values):
        return np.zeros((len(values), 1))
    seen = _finite(values)
    filled = np.where(np.isnan(seen), how.middle, seen)[:, None]
    block = filled if how.curve is None else how.curve.transform(filled)
    return np.hstack([block, np.isnan(seen)[:, None]]) if how.has_gaps else block


def _finite(values: pd.Series) -> NDArray[np.float64]:
    found = values.to_numpy(dtype=float, na_value=np.nan)
    return np.where(np.isfinite(found), found, np.nan)
