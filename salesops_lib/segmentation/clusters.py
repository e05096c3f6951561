"""Groups of customers that are there by themselves: found again in resampled bases, and with a gap between them.

k-means finds k groups in anything.  A number of groups counts only where bootstrap samples agree on them (adjusted
Rand index) and where fewer customers lie between two neighbouring groups than in each: an oblong cloud is cut alike
in each sample, and is still one cloud.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score, silhouette_score
from threadpoolctl import threadpool_limits

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

#: Customers that the search looks at, and that the final centroids are fitted to; all are assigned.
_SEARCHED, _FITTED, _SHOWN_TO_SILHOUETTE = 5_000, 50_000, 2_000
_BOOTSTRAPS, _STARTS = 20, 4
_FEWEST = 30
#: Robust units beyond which a customer is taken to lie on the edge, so that no giant is a group of its own.
_EDGE = 3.0
#: Customers around the middle between two centroids, over those around the emptier centroid, in windows of
#: this half-width of their distance.
_WINDOW = 0.15
#: Gains of the next period's variance explained that say nothing.
_ALIKE = 0.01


@dataclass(frozen=True)
class Scale:
    """How features become comparable: log(1 + x), less the median, over the middle half's width (1 where normal)."""

    names: tuple[str, ...]
    center: Floats
    width: Floats

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Scale:
        """The scale of `frame`; features that are alike in all customers are left out."""
        logs = _logs(frame)
        center = np.median(logs, axis=0)
        low, high = np.quantile(logs, [0.25, 0.75], axis=0)
        width = np.where(high > low, (high - low) / 1.349, logs.std(axis=0))
        told = width > 1e-9
        return cls(tuple(np.array(frame.columns)[told]), center[told], width[told])

    def __call__(self, frame: pd.DataFrame) -> Floats:
        """Features of each customer in robust units."""
        scaled = (_logs(frame[list(self.names)]) - self.center) / self.width
        return np.clip(scaled, -_EDGE, _EDGE)


@dataclass(frozen=True)
class Clusters:
    """Groups found, and how sure they are.

    Attributes
    ----------
    labels
        Group of each customer, 1 to k, the first one with the largest centroid of the first feature; 0 where there are none.
    centroids
        In robust units, one row a group.
    trials
        One row a number of groups tried: k, agreement (mean ARI over pairs of bootstraps), gap (the worst pair's
        density between over density in), next_r2 (next period's log value explained, adjusted), silhouette.
    why
        Empty where groups were found; else `no_stable`, `too_few` (customers) or `all_alike`.
    distance
        Mean squared distance of customers to their centroid, which later drift is held against.
    """

    labels: pd.Series
    scale: Scale
    centroids: Floats
    trials: pd.DataFrame
    why: str
    distance: float

    @property
    def k(self) -> int:
        return len(self.centroids)


def find_clusters(
    frame: pd.DataFrame,
    next_value: pd.Series | None = None,
    *,
    k_max: int = 8,
    agreement_min: float = 0.9,
    gap_max: float = 0.5,
    seed: int = 0,
) -> Clusters:
    """Groups of customers by their features, or the finding that there are none.

    Parameters
    ----------
    frame
        One row a customer; features that are not negative and skewed to the right.
    next_value
        What each has bought in the period after (any unit): of the numbers of groups that hold, the one that explains it best
        is taken, and of those that explain it alike the largest.
    k_max, agreement_min, gap_max
        Most groups tried; least mean adjusted Rand index of pairs of bootstrap samples; most customers midway between two
        groups, as a share of those around the emptier of them.

    Raises
    ------
    DataError
        If a feature is missing or negative.

    Notes
    -----
    k-means on log features.  The search looks at 5,000 customers, centroids are fitted to 50,000, all are assigned.
    The order of rows changes nothing.  Sources: Hubert and Arabie, Comparing partitions, J. Classification 2 (1985) 193;
    von Luxburg, Clustering stability: an overview, 2010, for why agreement alone does not show groups.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame({"amount": np.exp(rng.normal([[2], [6], [10]], 0.3, (3, 100)).ravel())})
    >>> found = find_clusters(frame)
    >>> found.k, found.labels.value_counts().tolist()
    (3, [100, 100, 100])
    """
    _checked(frame)
    nobody = pd.Series(0, frame.index, name="cluster")
    if len(frame) < _FEWEST:
        return Clusters(
            nobody, Scale((), np.zeros(0), np.zeros(0)), np.zeros((0, 0)), _no_trials(), "too_few", np.nan
        )
    scale = Scale.of(frame)
    if not scale.names:
        return Clusters(nobody, scale, np.zeros((0, 0)), _no_trials(), "all_alike", np.nan)
    points = scale(frame)
    later = None if next_value is None else np.log1p(np.clip(next_value.to_numpy(dtype=float), 0, None))
    order = np.lexsort([*([] if later is None else [later]), *points.T[::-1]])
    mixed = order[np.random.default_rng(seed).permutation(len(order))]
    searched = mixed[:_SEARCHED]
    with threadpool_limits(1):  # many small fits, which threads slow down
        trials = _tried(points[searched], None if later is None else later[searched], k_max, seed)
        k = _chosen(trials, agreement_min, gap_max)
        if not k:
            return Clusters(nobody, scale, np.zeros((0, 0)), trials, "no_stable", np.nan)
        fitted = KMeans(k, n_init=10, random_state=seed).fit(points[mixed[:_FITTED]])
    centroids = fitted.cluster_centers_[np.argsort(-fitted.cluster_centers_[:, 0], kind="stable")]
    labels, distance = assigned(points, centroids)
    return Clusters(
        pd.Series(labels + 1, frame.index, name="cluster"), scale, centroids, trials, "", distance
    )


def assigned(points: Floats, centroids: Floats) -> tuple[NDArray[np.intp], float]:
    """Nearest centroid of each point, and the mean squared distance to it."""
    labels, total = np.empty(len(points), dtype=np.intp), 0.0
    square = (centroids**2).sum(axis=1)
    for start in range(0, len(points), 100_000):
        part = points[start : start + 100_000]
        apart = (part**2).sum(axis=1)[:, None] - 2 * part @ centroids.T + square
        labels[start : start + len(part)] = apart.argmin(axis=1)
        total += float(np.maximum(apart.min(axis=1), 0).sum())
    return labels, total / max(len(points), 1)


def _checked(frame: pd.DataFrame) -> None:
    values = frame.to_numpy(dtype=float)
    for word, wrong in (("missing", ~np.isfinite(values)), ("negative", values < 0)):
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            raise DataError(
                f"Clusters: {int(wrong.any(axis=1).sum())} of {len(frame)} customers have a {word} feature, the first is"
                f" {frame.columns[column]} of {frame.index[row]!r}. Say what such a customer counts as, or leave it out."
            )


def _logs(frame: pd.DataFrame) -> Floats:
    return np.log1p(frame.to_numpy(dtype=float))


def _no_trials() -> pd.DataFrame:
    return pd.DataFrame(columns=["k", "agreement", "gap", "next_r2", "silhouette"])


def _tried(points: Floats, later: Floats | None, k_max: int, seed: int) -> pd.DataFrame:
    n_distinct = len(np.unique(points, axis=0))
    rows = [_trial(points, later, k, seed) for k in range(2, min(k_max, n_distinct, len(points) // 10) + 1)]
    return pd.DataFrame(rows) if rows else _no_trials()


def _trial(points: Floats, later: Floats | None, k: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng([seed, k])
    whole = KMeans(k, n_init=_STARTS, random_state=seed).fit(points)
    told = []
    for n in range(_BOOTSTRAPS):
        drawn = points[rng.integers(0, len(points), len(points))]
        told.append(
            assigned(points, KMeans(k, n_init=_STARTS, random_state=n).fit(drawn).cluster_centers_)[0]
        )
    seen = slice(0, _SHOWN_TO_SILHOUETTE)
    alike = [adjusted_rand_score(a[seen], b[seen]) for a, b in combinations(told, 2)]
    is_split = len(np.unique(whole.labels_[seen])) > 1
    return {
        "k": k,
        "agreement": float(np.mean(alike)),
        "gap": _gap(points, whole.labels_, whole.cluster_centers_),
        "next_r2": np.nan if later is None else _explained(later, whole.labels_, k),
        "silhouette": float(silhouette_score(points[seen], whole.labels_[seen])) if is_split else np.nan,
    }


def _gap(points: Floats, labels: NDArray[np.intp], centroids: Floats) -> float:
    """Density between two centroids over that around the emptier of them, of the worst pair of neighbours."""
    worst = 0.0
    for a, b in combinations(range(len(centroids)), 2):
        apart = centroids[b] - centroids[a]
        own = points[(labels == a) | (labels == b)]
        along = (own - centroids[a]) @ apart / max(apart @ apart, 1e-12)
        between, at_a, at_b = (int((np.abs(along - place) <= _WINDOW).sum()) for place in (0.5, 0.0, 1.0))
        worst = max(worst, between / max(min(at_a, at_b), 1))
    return worst


def _explained(later: Floats, labels: NDArray[np.intp], k: int) -> float:
    """Share of the variance that the groups' means explain, adjusted for their number."""
    total = float(((later - later.mean()) ** 2).sum())
    if total <= 0 or len(later) <= k:
        return 0.0
    means = pd.Series(later).groupby(labels).transform("mean").to_numpy()
    return 1 - float(((later - means) ** 2).sum()) / (len(later) - k) / (total / (len(later) - 1))


def _chosen(trials: pd.DataFrame, agreement_min: float, gap_max: float) -> int:
    """Groups that hold; of several numbers the one that tells most of the next period; 0 where none holds."""
    hold = trials[(trials.agreement >= agreement_min) & (trials.gap <= gap_max)]
    if hold.empty:
        return 0
    told = hold.next_r2.fillna(0)
    return int(hold.k[told >= told.max() - _ALIKE].max())
