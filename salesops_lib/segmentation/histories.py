"""What purchase models read of customers: repeat purchases, the last one, and the time they were watched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.float64]
COLUMNS = ("frequency", "recency", "T")


@dataclass(frozen=True)
class Histories:
    """Repeat purchases `x`, time `t` of the last one and `T` until now, all since the first purchase.

    `weight` says how many customers have the history; `counts[at]` is `x`, so that what depends on
    `x` alone is computed once a count.
    """

    x: Floats
    t: Floats
    T: Floats
    weight: Floats

    @cached_property
    def _distinct(self) -> tuple[Floats, NDArray[np.intp]]:
        at, counts = pd.factorize(self.x)
        return counts, at

    @property
    def counts(self) -> Floats:
        return self._distinct[0]

    @property
    def at(self) -> NDArray[np.intp]:
        return self._distinct[1]

    @cached_property
    def customers(self) -> Floats:
        """How many have each of `counts`."""
        return self.by_count(self.weight)

    def by_count(self, values: Floats) -> Floats:
        """Sums of `values` over the histories of each of `counts`."""
        return np.asarray(np.bincount(self.at, weights=values, minlength=len(self.counts)), dtype=float)

    def extended(self, time: ArrayLike) -> Histories:
        """The same purchases, watched for `time` more without another one."""
        return Histories(self.x, self.t, self.T + np.asarray(time, dtype=float), self.weight)

    def in_units_of(self, time: float) -> Histories:
        return Histories(self.x, self.t / time, self.T / time, self.weight)

    def drawn(self, n: int) -> Histories:
        """`n` of the histories drawn by lot, always the same; all where there are fewer than twice as many."""
        if len(self.x) < 2 * n:
            return self
        at = np.random.default_rng(0).choice(len(self.x), n, replace=False)
        return Histories(self.x[at], self.t[at], self.T[at], self.weight[at])

    def alike_together(self) -> Histories:
        """Each distinct history once, with the sum of its weights."""
        frame = pd.DataFrame({"x": self.x, "t": self.t, "T": self.T, "weight": self.weight})
        found = frame.groupby(["x", "t", "T"], as_index=False, sort=False).weight.sum()
        return Histories(*(found[name].to_numpy() for name in ("x", "t", "T", "weight")))


def histories(frame: pd.DataFrame | ArrayLike, weight: ArrayLike | None = None) -> Histories:
    """Checked histories of a frame with the columns frequency, recency and T, or an array of these three.

    Raises
    ------
    DataError
        If a value is missing or no such history can be: a count that is not whole, a last purchase
        after the end, a first one only with a later last one.

    Examples
    --------
    >>> histories(pd.DataFrame({"frequency": [2, 0], "recency": [30.4, 0], "T": [38.9, 38.9]})).x
    array([2., 0.])
    """
    columns = _columns(frame)
    x, t, T = (np.asarray(column, dtype=float) for column in columns)
    faults = {
        "with a missing or infinite value": ~np.isfinite(x + t + T),
        "whose frequency is not a count": (x < 0) | (x != np.floor(x)),
        "whose recency lies outside 0 to T": (t < 0) | (t > T),
        "with a recency but no repeat purchase, or the reverse": (x > 0) != (t > 0),
    }
    for fault, is_so in faults.items():
        if is_so.any():
            raise DataError(
                f"Purchase histories: {int(is_so.sum())} of {len(x)} rows {fault}, the first is row {int(is_so.argmax())} "
                f"(frequency {x[is_so][0]:g}, recency {t[is_so][0]:g}, T {T[is_so][0]:g}).\n"
                "Take them from `segmentation.summary.customer_summary`, which counts purchase days since the first one."
            )
    own = np.ones(len(x)) if weight is None else np.asarray(weight, dtype=float)
    return Histories(x, t, T, own)


def _columns(frame: pd.DataFrame | ArrayLike) -> Sequence[ArrayLike]:
    if not isinstance(frame, pd.DataFrame):
        return tuple(np.asarray(frame, dtype=float).reshape(-1, len(COLUMNS)).T)
    absent = [name for name in COLUMNS if name not in frame]
    if absent:
        raise DataError(
            f"Purchase histories need the columns {', '.join(COLUMNS)}; missing: {', '.join(absent)}."
        )
    return [frame[name].to_numpy() for name in COLUMNS]
