"""Centroids that stay: kept in the workspace with the day they are of, so that a customer changes its group by what it does.

A file for each refit below `segments/` of the workspace, written by the run that made the report and never again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from salesops_lib.metrics import kept
from salesops_lib.segmentation.clusters import Clusters, Scale, assigned

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from salesops_lib.policy.selling import Groups

_ROWS = ("center", "width")


class Frozen(NamedTuple):
    """Centroids in robust units, how features become such, and what they were on the day of the fit."""

    fitted_on: pd.Timestamp
    scale: Scale
    centroids: np.ndarray
    distance: float

    @property
    def version(self) -> str:
        """The day of the fit and a digest of the centroids: 2025-12-31.3f2a."""
        digest = hashlib.sha256(np.round(self.centroids, 6).tobytes() + ",".join(self.scale.names).encode())
        return f"{self.fitted_on.date()}.{digest.hexdigest()[:4]}"

    def groups(self, frame: pd.DataFrame) -> tuple[pd.Series, float]:
        """Group of each customer, 1 to k, and their mean squared distance from it."""
        labels, distance = assigned(self.scale(frame), self.centroids)
        return pd.Series(labels + 1, frame.index, name="cluster"), distance


def freeze(found: Clusters, day: date) -> Frozen:
    """What is kept of groups found on `day`."""
    return Frozen(pd.Timestamp(day), found.scale, found.centroids, found.distance)


def table(frozen: Frozen) -> pd.DataFrame:
    """As it is kept: one row a group, and two for the scale; `fitted_on`, `row`, `distance`, and a column a feature.

    Examples
    --------
    >>> scale = Scale(("orders",), np.array([1.0]), np.array([0.5]))
    >>> held = Frozen(pd.Timestamp("2025-12-31"), scale, np.array([[1.5], [-0.5]]), 0.1)
    >>> table(held).row.tolist()
    ['center', 'width', '1', '2']
    """
    values = np.vstack([frozen.scale.center, frozen.scale.width, frozen.centroids])
    names = [*_ROWS, *(str(n + 1) for n in range(len(frozen.centroids)))]
    head = {"fitted_on": frozen.fitted_on.date().isoformat(), "row": names, "distance": frozen.distance}
    return pd.DataFrame({**head, **{name: values[:, n] for n, name in enumerate(frozen.scale.names)}})


def untable(frame: pd.DataFrame) -> Frozen:
    """The reverse of `table`."""
    names = tuple(frame.columns[3:])
    values = frame.set_index("row")[list(names)].astype(float)
    scale = Scale(names, values.loc["center"].to_numpy(), values.loc["width"].to_numpy())
    centroids = values.drop(index=list(_ROWS)).to_numpy()
    return Frozen(pd.Timestamp(frame.fitted_on.iloc[0]), scale, centroids, float(frame.distance.iloc[0]))


def latest(root: Path, before: date) -> Frozen | None:
    """The centroids that hold on `before`: the last kept on an earlier day; None where none are."""
    known = kept.files(root, kept.SEGMENTS, before)
    return untable(pd.read_csv(known[-1], dtype={"fitted_on": str, "row": str})) if known else None


def refit_because(held: Frozen | None, frame: pd.DataFrame, day: date, rule: Groups) -> str:
    """Why groups are looked for again: `none_kept`, `old`, `features`, `empty` (a group), `drift`; empty where they stay."""
    if held is None:
        return "none_kept"
    if not set(held.scale.names) <= set(frame.columns):
        return "features"
    if pd.Timestamp(day) >= held.fitted_on + pd.DateOffset(months=rule.refit_months):
        return "old"
    labels, distance = held.groups(frame)
    if labels.nunique() < len(held.centroids):
        return "empty"
    return "drift" if distance > held.distance * (1 + rule.drift_max) else ""
