"""When customers buy again: BG/NBD, MBG/NBD and Pareto/NBD as estimators in scikit-learn's manner.

Each model says how a customer's purchases come and how it leaves unseen.  What a likelihood has
to say is the sum of two: the customer is still there, or it left after its last purchase.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar, NamedTuple, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.linalg import eigh_tridiagonal
from scipy.special import digamma, exprel, gammaln
from sklearn.base import BaseEstimator

from salesops_lib.segmentation.histories import Floats, Histories, histories
from salesops_lib.segmentation.leaving import leaving
from salesops_lib.segmentation.likelihood import Likelihood, maximise

_N_NODES = 40
#: Histories drawn of many, on which the estimates are first sought.
_N_SKETCHED = 20_000


class Terms(NamedTuple):
    """Log-likelihoods of each history with the customer still there (`stays`) and left (`left`).

    `slopes` takes how many customers of each history count as still there, the rest as left, and sums
    the slopes by parameter over them.
    """

    stays: Floats
    left: Floats
    slopes: Callable[[Floats], Floats]

    @property
    def total(self) -> Floats:
        # np.logaddexp takes one value after the other, these take several at once
        return np.maximum(self.stays, self.left) + np.log1p(np.exp(-np.abs(self.stays - self.left)))

    @property
    def share_staying(self) -> Floats:
        return np.exp(self.stays - self.total)


class PurchaseModel(BaseEstimator):
    """A customer base whose purchases and departures follow one law.

    Parameters
    ----------
    horizon
        Time ahead that `predict` looks, in the unit of the histories.

    Attributes
    ----------
    params_
        Estimates, by name.
    standard_errors_
        Of `params_`; missing for a parameter that the data do not identify.
    log_likelihood_
        Of all customers.
    """

    names: ClassVar[tuple[str, ...]]

    def __init__(self, horizon: float = 52.0) -> None:
        self.horizon = horizon

    @abstractmethod
    def _terms(self, params: Floats, seen: Histories) -> Terms: ...

    @abstractmethod
    def _expected_of_staying(self, params: Floats, seen: Histories, time: Floats) -> Floats:
        """Purchases in `time` ahead of customers that are there now."""

    def fit(
        self,
        X: pd.DataFrame | ArrayLike,
        y: object = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Estimate the parameters of histories: columns frequency, recency, T.

        Parameters
        ----------
        sample_weight
            Customers that have each history; one each where it is not given.
        """
        seen = histories(X, sample_weight).alike_together()
        unit = float(np.average(seen.T, weights=seen.weight)) or 1.0
        scaled, n = seen.in_units_of(unit), seen.weight.sum()
        few = scaled.drawn(_N_SKETCHED)
        sketch = None if few is scaled else self._mean_likelihood(few)
        found = maximise(self._mean_likelihood(scaled), np.zeros(len(self.names)), sketch)
        unscaled = np.where([name in ("alpha", "beta") for name in self.names], unit, 1.0)
        estimates = np.exp(found.log_params) * unscaled
        self.params_ = pd.Series(estimates, self.names)
        self.standard_errors_ = pd.Series(estimates * np.sqrt(np.diag(found.covariance) / n), self.names)
        self.log_likelihood_ = n * self._mean_likelihood(seen)(estimates)[0]
        return self

    def _mean_likelihood(self, seen: Histories) -> Likelihood:
        """Mean log-likelihood of the customers at parameters, and its slopes."""
        n = seen.weight.sum()

        def likelihood(params: Floats) -> tuple[float, Floats]:
            terms = self._terms(params, seen)
            total = terms.total
            stay = np.exp(terms.stays - total) * seen.weight
            return _dot(total, seen.weight) / n, terms.slopes(stay) / n

        return likelihood

    def log_likelihood(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Log-likelihood of each history."""
        return self._terms(self._params, histories(X)).total

    def probability_active(self, X: pd.DataFrame | ArrayLike, time: ArrayLike) -> Floats:
        """Chance of at least one purchase in the `time` ahead.

        Notes
        -----
        One minus the likelihood of the history watched for `time` more in vain, over that of the
        history as it is: the same for all models.
        """
        seen = histories(X)
        silent = self._terms(self._params, seen.extended(time)).total
        ratio = np.minimum(silent - self._terms(self._params, seen).total, 0)  # above 0 by rounding alone
        return -np.expm1(ratio)

    def expected_purchases(self, X: pd.DataFrame | ArrayLike, time: ArrayLike) -> Floats:
        """Purchases that each customer is expected to make in the `time` ahead."""
        seen = histories(X)
        ahead = np.broadcast_to(np.asarray(time, dtype=float), seen.x.shape)
        share = self._terms(self._params, seen).share_staying
        return share * self._expected_of_staying(self._params, seen, ahead)

    def predict(self, X: pd.DataFrame | ArrayLike) -> Floats:
        """Purchases expected within `horizon`."""
        return self.expected_purchases(X, self.horizon)

    @property
    def _params(self) -> Floats:
        return self.params_.to_numpy()


class BetaGeometric(PurchaseModel):
    """BG/NBD: purchases at random (gamma rates), a chance to leave after each repeat purchase (beta).

    Notes
    -----
    Parameters r, alpha (rate), a, b (leaving).  Source: Fader, Hardie and Lee, Marketing Science 24
    (2005), 275–284.  A customer without repeat purchase has had no chance to leave.

    Examples
    --------
    >>> seen = pd.DataFrame({"frequency": [0, 1, 2, 5], "recency": [0, 10, 20, 30.0], "T": [39.0] * 4})
    >>> model = BetaGeometric()
    >>> model.params_ = pd.Series({"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426})
    >>> model.expected_purchases(seen, 39).round(3)
    array([0.195, 0.418, 0.914, 2.679])
    """

    names = ("r", "alpha", "a", "b")
    #: Chances to leave beside those after repeat purchases.
    _more_chances: ClassVar[int] = 0

    def _terms(self, params: Floats, seen: Histories) -> Terms:
        r, alpha, a, b = params
        chances = seen.counts + self._more_chances
        refused = np.maximum(chances - 1, 0)
        bought = _bought(r, alpha, seen.counts) - _rising(a + b, chances)
        if_left = np.where(chances > 0, bought + np.log(a) + _rising(b, refused), -np.inf)
        shape, in_all, until_last = r + seen.x, np.log1p(seen.T / alpha), np.log1p(seen.t / alpha)

        def slopes(stay: Floats) -> Floats:
            left, n_stay = seen.weight - stay, seen.by_count(stay)
            n_left = seen.customers - n_stay
            refusals = n_stay @ (digamma(b + chances) - digamma(b)) + n_left @ (digamma(b + refused) - digamma(b))  # fmt: skip
            any_way = seen.customers @ (digamma(a + b) - digamma(a + b + chances))
            of_r = _rate_slope(r, seen) - _dot(stay, in_all) - _dot(left, until_last)
            over = stay / (alpha + seen.T) + left / (alpha + seen.t)
            of_alpha = seen.customers.sum() * r / alpha - _dot(shape, over)
            return np.array([of_r, of_alpha, any_way + n_left.sum() / a, any_way + refusals])

        return Terms(
            (bought + _rising(b, chances))[seen.at] - shape * in_all,
            if_left[seen.at] - shape * until_last,
            slopes,
        )

    def _expected_of_staying(self, params: Floats, seen: Histories, time: Floats) -> Floats:
        r, alpha, a, b = params
        ahead = time / (alpha + seen.T)
        expected = np.zeros(len(ahead))
        for count in seen.counts:
            of_count = seen.x == count
            own = ahead[of_count]
            for chance, weight in zip(*_beta_nodes(a, b + count + self._more_chances), strict=True):
                expected[of_count] -= weight * np.expm1(-(r + count) * np.log1p(chance * own)) / chance
        return expected


class ModifiedBetaGeometric(BetaGeometric):
    """MBG/NBD: BG/NBD with a chance to leave after the first purchase as well.

    Notes
    -----
    Source: Batislam, Denizel and Filiztekin, International Journal of Research in Marketing 24
    (2007), 201–209.
    """

    _more_chances = 1


class ParetoNBD(PurchaseModel):
    """Pareto/NBD: purchases at random (gamma rates), departures at any time (gamma rates).

    Notes
    -----
    Parameters r, alpha (purchases), s, beta (departures).  Source: Schmittlein, Morrison and
    Colombo, Management Science 33 (1987), 1–24.
    """

    names = ("r", "alpha", "s", "beta")

    def _terms(self, params: Floats, seen: Histories) -> Terms:
        r, alpha, s, beta = params
        bought = _bought(r, alpha, seen.counts)[seen.at]
        shape, in_all, until_last = r + seen.x, np.log1p(seen.T / alpha), np.log1p(seen.t / alpha)
        stayed_all, stayed_until_last = np.log1p(seen.T / beta), np.log1p(seen.t / beta)
        gone = leaving(shape, alpha, s + 1, beta, seen.t, seen.T)

        def slopes(stay: Floats) -> Floats:
            left, n = seen.weight - stay, seen.customers.sum()
            of_r = _rate_slope(r, seen) - _dot(stay, in_all) - _dot(left, until_last + gone.log_alpha)
            of_alpha = n * r / alpha - _dot(shape, stay / (alpha + seen.T) + left * gone.over_alpha)
            of_s = left.sum() / s - _dot(stay, stayed_all) - _dot(left, stayed_until_last + gone.log_beta)
            of_beta = s * (n / beta - _dot(stay, 1 / (beta + seen.T))) - (s + 1) * _dot(left, gone.over_beta)
            return np.array([of_r, of_alpha, of_s, of_beta])

        return Terms(
            bought - shape * in_all - s * stayed_all,
            bought - shape * until_last - s * stayed_until_last
            + np.log(s) - np.log(beta + seen.t) + gone.log_value,
            slopes,
        )  # fmt: skip

    def _expected_of_staying(self, params: Floats, seen: Histories, time: Floats) -> Floats:
        r, alpha, s, beta = params
        later = np.log1p(time / (beta + seen.T))
        return (r + seen.x) * (beta + seen.T) / (alpha + seen.T) * later * exprel((1 - s) * later)


MODELS: tuple[type[PurchaseModel], ...] = (BetaGeometric, ModifiedBetaGeometric, ParetoNBD)


def _rising(z: float, n: Floats) -> Floats:
    """ln Γ(z + n) − ln Γ(z), without the loss of digits that the difference has for a large z.

    >>> bool(abs(_rising(1e9, np.array([1.0]))[0] - np.log(1e9)) < 1e-13)
    True
    """
    if z < 1e4:
        return gammaln(z + n) - gammaln(z)
    return (z - 0.5) * np.log1p(n / z) + n * (np.log(z + n) - 1) + (1 / (z + n) - 1 / z) / 12


def _bought(r: float, alpha: float, counts: Floats) -> Floats:
    """What the log-likelihood of purchases at a gamma rate has beside −(r + x) ln(1 + time/α)."""
    return _rising(r, counts) - counts * np.log(alpha)


def _rate_slope(r: float, seen: Histories) -> float:
    """Slope by r of `_bought`, summed over customers."""
    return float(seen.customers @ (digamma(r + seen.counts) - digamma(r)))


def _dot(one: Floats, other: Floats) -> float:
    """Sum of products; `@` starts threads that cost more than the sum."""
    return float(np.einsum("i,i->", one, other))


def _beta_nodes(a: float, b: float) -> tuple[Floats, Floats]:
    """Points and weights of Gauss's rule for means over Beta(a, b).

    >>> points, weights = _beta_nodes(0.5, 3.0)
    >>> round(float(points @ weights), 12) == round(0.5 / 3.5, 12)
    True
    """
    n = np.arange(1, _N_NODES)
    one, other = a - 1, b - 1
    both = 2 * n + one + other
    centre = np.empty(_N_NODES)
    centre[0] = (one - other) / (one + other + 2)
    centre[1:] = (one - other) * (one + other) / (both * (both + 2))
    spread = np.empty(_N_NODES - 1)
    spread[0] = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    m, both = n[1:], both[1:]
    spread[1:] = 4 * m * (m + one) * (m + other) * (m + one + other) / (both**2 * (both**2 - 1))
    points, vectors = eigh_tridiagonal(centre, np.sqrt(spread))
    return np.maximum((1 + points) / 2, np.finfo(float).tiny), vectors[0] ** 2
