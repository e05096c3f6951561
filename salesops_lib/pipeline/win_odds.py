"""The chance that an open deal is won: base rates of stages, and effects that small groups share.

A logistic regression on top of the stages' rates.  People, products, segments and the like are pooled
partially, as random effects: how far the effects of a column may lie from nothing is learnt from the
column itself, so that who has three deals is judged by the company's rate and who has three hundred by
his own, and a column that says nothing is quiet.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: Variance of effects at first, and the least and most it may come to; how often it is learnt again.
_VARIANCE, _LEAST, _MOST, _ROUNDS = 0.05, 1e-5, 4.0, 5
#: Knots of a number's curve, as quantiles of what was seen.
_KNOTS = (0.02, 0.25, 0.5, 0.75, 0.98)
#: Values of a group whose effect may differ from stage to stage, at most.
_FEW = 4
#: Rows that a group needs for an effect of its own, and groups of a column that have one at most, largest first.
_SEEN, _NAMES = 5, 150
#: Weight of the base rate's logit, so that the penalty hardly reaches it.
_FREE = 20.0
#: Share of the outcome's variance that one column alone explains only where it was written after the fact.
_TOO_GOOD = 0.9
_EDGE = 1e-3
#: Newton steps at most; the step of a coefficient that ends them, and the one after which the curvature is another.
_STEPS, _SMALL, _LONG = 50, 1e-5, 0.1


class WinOdds(ClassifierMixin, BaseEstimator):
    """Chance of winning by stage, and by whatever else is known of a deal on the day.

    Parameters
    ----------
    priors
        Odds of the policy by stage, which count like `prior_deals` observations; none where empty.
    prior_deals
        How many observations a prior counts for.
    effects
        False leaves the stages' rates alone.
    variances
        Of each column's effects, as an earlier fit learnt them (`variances_`); learnt from the data where None.
    stage
        The column with stages; it may be absent.

    Attributes
    ----------
    rates_
        Base rate of each stage.
    variances_
        How far the effects of each column lie from nothing, as the variance of their logits.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> deals = pd.DataFrame({"stage": ["lead"] * 40 + ["quote"] * 40})
    >>> won = np.tile([True, False, False, False], 10).tolist() + [True, False] * 20
    >>> odds = WinOdds(effects=False).fit(deals, won)
    >>> odds.predict_proba(deals)[[0, -1], 1].round(2).tolist()
    [0.27, 0.48]
    """

    def __init__(
        self,
        priors: Mapping[str, float] | None = None,
        *,
        prior_deals: float = 8.0,
        effects: bool = True,
        variances: Mapping[str, float] | None = None,
        stage: str = "stage",
    ) -> None:
        self.priors = priors
        self.prior_deals = prior_deals
        self.effects = effects
        self.variances = variances
        self.stage = stage

    def fit(
        self,
        X: pd.DataFrame,
        won: Any,
        *,
        weight: Any = None,
        deal: Any = None,
        overlap: float = 1.0,
    ) -> Self:
        """Learn from decided deals as they were seen on a day; a row a deal and day.

        Parameters
        ----------
        X
            Stages, groups (text) and numbers, all as known on the day; gaps are an answer of their own.
        won
            True where the deal was won in the end.
        weight
            Weight of each row, 1 where None.
        deal
            Whose row it is: several rows of a deal tell as much as one.
        overlap
            How many rows tell of the same outcome, where rows of a deal follow it for spans that overlap.

        Raises
        ------
        DataError
            If nothing was won or nothing was lost, or if a column tells the outcome: it was written after it.
        """
        y = np.asarray(won, bool)
        w = np.ones(len(y)) if weight is None else np.asarray(weight, float)
        if len(y) == 0 or y.all() or not y.any():
            raise DataError("Odds need deals won and deals lost; here is only one kind, or none.")
        _refuse_afterthoughts(X.drop(columns=[self.stage], errors="ignore"), y, w)
        self.classes_ = np.array([False, True])
        self._learn_rates(X, y, w, overlap)
        self.variances_: dict[str, float] = {}
        if self.effects:
            self._learn_columns(X)
            self._learn_effects(self._design(X), y, w * (_worth(w, deal) / overlap))
        return self

    def predict_proba(self, X: pd.DataFrame) -> NDArray[np.float64]:
        """Chances of losing and of winning; shape (rows, 2)."""
        check_is_fitted(self, "rates_")
        p = self._win(X)
        return np.column_stack([1 - p, p])

    def predict(self, X: pd.DataFrame) -> NDArray[np.bool_]:
        """True where winning is more likely than losing."""
        return self.predict_proba(X)[:, 1] > 0.5

    def contributions(self, X: pd.DataFrame) -> pd.DataFrame:
        """What each column adds to the logit of a deal's odds, against the rate of its stage; rows as in `X`."""
        check_is_fitted(self, "rates_")
        if not self.variances_:
            return pd.DataFrame(index=X.index)
        parts = self._design(X) * self._beta
        return pd.DataFrame(
            {name: parts[:, where].sum(axis=1) for name, where in self._columns.items()}, index=X.index
        )

    def uncertain(
        self, X: pd.DataFrame, n: int, rng: np.random.Generator
    ) -> tuple[NDArray[np.float64], NDArray[np.float32], NDArray[np.float64]]:
        """Logits of the chance of winning, what they take from each coefficient, and by how much coefficients may be wrong.

        Returns
        -------
        tuple
            Shapes (rows,), (rows, coefficients) and (coefficients, n); the product of the last two is added to the
            logits.  Rates of stages err as binomial shares do, effects as the curvature of their likelihood tells (Laplace).
        """
        check_is_fitted(self, "rates_")
        has_stages = bool(self.rates_) and self.stage in X
        stages = list(self.rates_) if has_stages else []
        rates = np.clip([self.rates_[s] for s in stages] or [self._overall], _EDGE, 1 - _EDGE)
        count = np.array([self._counts.get(s, 0.0) for s in stages] or [self._n])
        takes = _one_hot(X[self.stage], stages) if has_stages else np.ones((len(X), 1), np.float32)
        off = (
            rng.standard_normal((len(rates), n))
            / np.sqrt(np.maximum(count, 1.0) * rates * (1 - rates))[:, None]
        )
        if not self.variances_:
            return logit(np.clip(self._base(X), _EDGE, 1 - _EDGE)), takes, off
        design = self._design(X)
        root = np.linalg.cholesky(np.linalg.inv(self._curve[2:, 2:]))  # the level errs with the stages' rates
        effects = root @ rng.standard_normal((len(root), n))
        takes = np.hstack([takes, design[:, 2:]])
        return design @ self._beta, takes, np.vstack([off, effects])

    def _learn_effects(
        self, design: NDArray[np.float32], y: NDArray[np.bool_], w: NDArray[np.float64]
    ) -> None:
        """Effects and their variances in turn, by the evidence of the data (MacKay 1992)."""
        given = self.variances or {}
        variances = {name: given.get(name, _VARIANCE) for name in self._columns}
        rounds = 1 if self.variances is not None else _ROUNDS
        self._beta = np.r_[0.0, 1 / _FREE, np.zeros(design.shape[1] - 2)]
        for last in range(rounds):
            penalty = np.r_[0.0, 1.0, np.ones(design.shape[1] - 2)]
            for name, where in self._columns.items():
                penalty[where] = 1 / variances[name]
            with threadpool_limits(1):  # two threads on a busy machine wait for each other
                self._beta, self._curve = _newton(design, y, w, penalty, self._beta)
            if last == rounds - 1:
                break
            spread = np.diag(np.linalg.inv(self._curve)) * penalty
            for name, where in self._columns.items():
                told = max(float((1 - spread[where]).sum()), 1e-9)
                variances[name] = float(np.clip((self._beta[where] ** 2).sum() / told, _LEAST, _MOST))
        self.variances_ = variances

    def _learn_rates(
        self, X: pd.DataFrame, y: NDArray[np.bool_], w: NDArray[np.float64], overlap: float
    ) -> None:
        self._overall, self._n = (
            float(np.clip(np.average(y, weights=w), _EDGE, 1 - _EDGE)),
            float(w.sum()) / overlap,
        )
        self.rates_: dict[str, float] = {}
        self._counts: dict[str, float] = {}
        if self.stage not in X:
            return
        sums = pd.DataFrame({"stage": X[self.stage].to_numpy(), "n": w, "won": w * y}).groupby("stage").sum()
        priors = self.priors or {}
        for stage in sums.index.union(list(priors)):
            n, won = sums.loc[stage] if stage in sums.index else (0.0, 0.0)
            prior = priors.get(str(stage), self._overall)
            self.rates_[str(stage)] = float((self.prior_deals * prior + won) / (self.prior_deals + n))
            self._counts[str(stage)] = self.prior_deals + float(n) / overlap

    def _base(self, X: pd.DataFrame) -> NDArray[np.float64]:
        if not self.rates_ or self.stage not in X:
            return np.full(len(X), self._overall)
        return X[self.stage].map(self.rates_).fillna(self._overall).to_numpy(float)

    def _win(self, X: pd.DataFrame) -> NDArray[np.float64]:
        if not self.variances_:
            return self._base(X)
        return np.asarray(expit(self._design(X) @ self._beta))

    def _learn_columns(self, X: pd.DataFrame) -> None:
        self._levels: dict[str, list[Any]] = {}
        self._knots: dict[str, NDArray[np.float64]] = {}
        for name in X.columns.drop(self.stage, errors="ignore"):
            column = X[name]
            if pd.api.types.is_numeric_dtype(column) and not pd.api.types.is_bool_dtype(column):
                known = column.dropna().to_numpy(float)
                knots = np.unique(np.quantile(known, _KNOTS)) if len(known) else np.empty(0)
                if len(knots) > 1:
                    self._knots[name] = knots
            else:
                counts = column.dropna().value_counts()
                self._levels[name] = sorted(counts[counts >= _SEEN].index[:_NAMES], key=str)

    def _design(self, X: pd.DataFrame) -> NDArray[np.float32]:
        """A level, the base rate's logit, and the columns of effects, each at its place in `_columns`."""
        parts = {}
        stages = _one_hot(X[self.stage], list(self.rates_)) if self.rates_ else None
        for name, levels in self._levels.items():
            own = _one_hot(X[name], levels)
            if stages is not None and 1 < len(levels) <= _FEW:
                both = (stages[:, :, None] * own[:, None, :]).reshape(len(X), -1)
                own = np.hstack([own, both])
            parts[name] = own
        for name, knots in self._knots.items():
            parts[name] = _hats(X[name].to_numpy(float), knots)
        ends = np.cumsum([2, *(part.shape[1] for part in parts.values())])
        self._columns = {name: slice(a, b) for name, a, b in zip(parts, ends, ends[1:])}
        design = np.ones((len(X), ends[-1]), np.float32)
        design[:, 1] = _FREE * logit(np.clip(self._base(X), _EDGE, 1 - _EDGE))
        for name, part in parts.items():
            design[:, self._columns[name]] = part
        return design


def _newton(
    design: NDArray[np.float32],
    y: NDArray[np.bool_],
    w: NDArray[np.float64],
    penalty: NDArray[np.float64],
    start: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Coefficients of a logistic regression with normal priors of precision `penalty`, and the curvature at them.

    The curvature is computed again only after a long step: it decides how fast the slope comes to nothing, not where.
    """
    beta, curve, step = start, np.empty(0), np.inf
    for _ in range(_STEPS):
        p = expit(design @ beta)
        if step > _LONG:
            weight = (w * p * (1 - p)).astype(np.float32)
            curve = ((design * weight[:, None]).T @ design).astype(float) + np.diag(penalty)
        move = np.linalg.solve(curve, (w * (y - p)).astype(np.float32) @ design - penalty * beta)
        step = float(np.abs(move).max())
        beta = beta + move / max(1.0, step / 2)
        if step < _SMALL:
            break
    return beta, curve


def _worth(w: NDArray[np.float64], deal: Any) -> float:
    """What a unit of weight tells: rows of a deal repeat each other, and uneven weights tell less (Kish 1965).

    >>> _worth(np.array([1.0, 1.0, 2.0]), ["a", "a", "b"])
    0.5
    """
    own = w if deal is None else np.bincount(pd.factorize(np.asarray(deal))[0], w)
    return float(own.sum() / (own**2).sum())


def _one_hot(column: pd.Series, levels: list[Any]) -> NDArray[np.float32]:
    """One column a level; a value that was never seen has none, and so the effect nobody has."""
    codes, names = pd.factorize(column)
    place = np.r_[pd.Index(levels, dtype=object).get_indexer(pd.Index(names, dtype=object)), -1][codes]
    found = np.zeros((len(column), len(levels)), np.float32)
    rows = np.flatnonzero(place >= 0)
    found[rows, place[rows]] = 1.0
    return found


def _hats(values: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float32]:
    """A broken line through the knots, level outside them, and whether the value is missing."""
    missing = np.isnan(values)
    inside = np.clip(np.where(missing, knots[0], values), knots[0], knots[-1])
    right = np.clip(np.searchsorted(knots, inside, side="right"), 1, len(knots) - 1)
    share = (inside - knots[right - 1]) / (knots[right] - knots[right - 1])
    rows = np.arange(len(values))
    found = np.zeros((len(values), len(knots) + 1), np.float32)
    found[rows, right - 1] = 1 - share
    found[rows, right] = share
    found[missing] = 0.0
    found[missing, -1] = 1.0
    return found


def _refuse_afterthoughts(X: pd.DataFrame, y: NDArray[np.bool_], w: NDArray[np.float64]) -> None:
    """Raise where one column alone tells the outcome, be it by being filled for one kind only."""
    whole = np.average(y, weights=w)
    for name in X:
        codes = _coded(X[name])
        if codes.max() > len(y) / 10:
            continue  # names of single deals tell every outcome, and are pooled to nothing
        n, won = np.bincount(codes, w), np.bincount(codes, w * y)
        left = (won * (1 - won / np.maximum(n, 1e-12))).sum() / w.sum()
        if 1 - left / (whole * (1 - whole)) > _TOO_GOOD:
            raise DataError(
                f"Column {name} tells which deals were won: it was written after the decision.\n"
                "Odds need what was known on the day. Leave the column out, or give its value as of that day."
            )


def _coded(column: pd.Series) -> NDArray[np.int64]:
    """Values as numbers from 0, which stands for a gap; those of a number by eighths."""
    if not pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        return pd.factorize(column)[0] + 1
    values = column.to_numpy(float)
    known = values[np.isfinite(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, 9))) if len(known) else np.zeros(1)
    return np.where(np.isnan(values), 0, 1 + np.searchsorted(edges, values))
