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
        used = X[(X.frequency > 0) & (X.monetary > 0)]
        if used.empty:
            raise DataError(
                f"None of {len(X)} customers has a repeat purchase with a spend above 0, so spending cannot be estimated.\n"
                "Take a longer history."
            )
        x, mean = used.frequency.to_numpy(dtype=float), used.monetary.to_numpy(dtype=float)
        unit = float(np.median(mean))

        sketch = None
        if len(x) > 2 * _N_SKETCHED:
            few = np.random.default_rng(0).choice(len(x), _N_SKETCHED, replace=False)
            sketch = _mean_density(x[few], mean[few] / unit)
        found = maximise(_mean_density(x, mean / unit), np.zeros(3), sketch)
        estimates = np.exp(found.log_params) * np.array([1, 1, unit])
        self.params_ = pd.Series(estimates, self.names)
        self.standard_errors_ = pd.Series(
            estimates * np.sqrt(np.diag(found.covariance) / len(used)), self.names
        )
        self.log_likelihood_ = float(_log_density(estimates, x, mean)[0].sum())
        self.n_left_out_ = len(X) - len(used)
        return self

    def predict(self, X: pd.DataFrame) -> Floats:
        """Mean spend expected of a further purchase; infinite for newcomers where q is at most 1."""
        p, q, v = self.params_
        x = X.frequency.to_numpy(dtype=float)
        spent = np.where(x > 0, X.monetary.to_numpy(dtype=float) * x, 0.0)
        shape = p * x + q - 1
        return np.where(shape > 0, p * (v + spent) / np.where(shape > 0, shape, 1), np.inf)


def _mean_density(x: Floats, mean: Floats) -> Likelihood:
    """Mean log-density at logarithms of the parameters, and its slopes."""

    def likelihood(at: Floats) -> tuple[float, Floats]:
        params = np.exp(at)
        values, slopes = _log_density(params, x, mean)
        return float(values.mean()), params * slopes.mean(axis=1)

    return likelihood


def _log_density(params: Floats, x: Floats, mean: Floats) -> tuple[Floats, Floats]:
    """Log-density of each mean spend of x purchases, and its slopes by p, q, v."""
    p, q, v = params
    total, shape = mean * x, p * x
    log_sum = np.log(v + total)
    values = (
        gammaln(shape + q) - gammaln(shape) - gammaln(q) + q * np.log(v) + (shape - 1) * np.log(mean)
        + shape * np.log(x) - (shape + q) * log_sum
    )  # fmt: skip
    both = digamma(shape + q)
    slopes = np.array(
        [
            x * (both - digamma(shape) + np.log(total) - log_sum),
            both - digamma(q) + np.log(v) - log_sum,
            q / v - (shape + q) / (v + total),
        ]
    )
    return values, slopes
