"""What a purchase of each customer is worth: Gamma-Gamma as an estimator in scikit-learn's manner."""

from __future__ import annotations

from typing import Self

import numpy as np
import pandas as pd
from scipy.special import digamma, gammaln
from sklearn.base import BaseEstimator

from salesops_lib.errors import DataError
from salesops_lib.segmentation.histories import Floats
from salesops_lib.segmentation.likelihood import Likelihood, maximise

#: Customers drawn of many, on whom the estimates are first sought.
_N_SKETCHED = 20_000


class GammaGamma(BaseEstimator):
    """Mean spend of a customer drawn towards that of all, the more so the fewer its purchases.

    Attributes
    ----------
    params_, standard_errors_
        p and q (shapes), v (scale, in the unit of `monetary`).
    log_likelihood_
        Of the customers used.
    n_left_out_
        Customers without repeat purchase or with no spend above 0: they say nothing of p, q, v.

    Notes
    -----
    Takes the spend of a purchase to be unrelated to how often a customer buys.  Source: Fader and
    Hardie, "The Gamma-Gamma Model of Monetary Value" (2013).

    Examples
    --------
    >>> model = GammaGamma()
    >>> model.params_ = pd.Series({"p": 6.25, "q": 3.74, "v": 15.44})
    >>> model.predict(pd.DataFrame({"frequency": [0, 2], "monetary": [0, 22.35]})).round(2)
    array([35.22, 24.66])
    """

    names = ("p", "q", "v")

    def fit(self, X: pd.DataFrame, y: object = None) -> Self:
        """Estimate the parameters of the columns frequency and monetary (mean spend of a repeat purchase).

        Raises
        ------
        DataError
            If no customer has a repeat purchase with a spend above 0.
        """
        x, mean = X.frequency.to_numpy(dtype=float), X.monetary.to_numpy(dtype=float)
        is_used = (x > 0) & (mean > 0)
        if not is_used.any():
            raise DataError(
                f"None of {len(X)} customers has a repeat purchase with a spend above 0, so spending cannot be estimated.\n"
                "Take a longer history."
            )
        x, mean = x[is_used], mean[is_used]
        n, unit = len(x), float(np.median(mean))
        sketch = None
        if n > 2 * _N_SKETCHED:
            few = np.random.default_rng(0).choice(n, _N_SKETCHED, replace=False)
            sketch = _mean_density(x[few], mean[few] / unit)
        found = maximise(_mean_density(x, mean / unit), np.zeros(3), sketch)
        estimates = np.exp(found.log_params) * np.array([1, 1, unit])
        self.params_ = pd.Series(estimates, self.names)
        self.standard_errors_ = pd.Series(estimates * np.sqrt(np.diag(found.covariance) / n), self.names)
        self.log_likelihood_ = n * _mean_density(x, mean)(estimates)[0]
        self.n_left_out_ = len(X) - n
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Mean spend expected of a further purchase; infinite for newcomers where q is at most 1."""
        p, q, v = self.params_
        x = X.frequency.to_numpy(dtype=float)
        spent = np.where(x > 0, X.monetary.to_numpy(dtype=float) * x, 0.0)
        shape = p * x + q - 1
        return np.where(shape > 0, p * (v + spent) / np.where(shape > 0, shape, 1), np.inf)


def _mean_density(x: Floats, mean: Floats) -> Likelihood:
    """Mean log-density of mean spends of x purchases at parameters, and its slopes.

    Gamma functions are those of the distinct x, and what holds no parameter is summed once: of each
    customer ln(v + spent) is left.
    """
    at, counts = pd.factorize(x)
    share = np.bincount(at) / len(x)
    spent = x * mean
    log_spent, log_mean = float((x * np.log(spent)).mean()), float(np.log(mean).mean())

    def likelihood(params: Floats) -> tuple[float, Floats]:
        p, q, v = params
        shape = p * counts
        log_sum = np.log(v + spent)
        mean_log_sum, mean_of_purchases = log_sum.mean(), (x * log_sum).mean()
        value = (
            share @ (gammaln(shape + q) - gammaln(shape)) - gammaln(q) + p * (log_spent - mean_of_purchases)
            - log_mean + q * (np.log(v) - mean_log_sum)
        )  # fmt: skip
        both = digamma(shape + q)
        slopes = [
            (share * counts) @ (both - digamma(shape)) + log_spent - mean_of_purchases,
            share @ both - digamma(q) + np.log(v) - mean_log_sum,
            q / v - ((p * x + q) / (v + spent)).mean(),
        ]
        return float(value), np.array(slopes)

    return likelihood
