"""Forecasts of a hierarchy that add up: company, regions, teams, people, products, to the minor unit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError


def reconcile(forecasts: pd.DataFrame, sums: pd.DataFrame) -> pd.DataFrame:
    """Forecasts of all nodes made coherent: every sum is the sum of its leaves, in whole units.

    Parameters
    ----------
    forecasts
        Of every node and leaf, as `forecast` gives them, all with the same periods; amounts in minor units.
    sums
        `unique_id, leaf`: one row for each leaf that a node sums; any number of levels, crossed or not.

    Returns
    -------
    pd.DataFrame
        The same rows; `mean` in whole numbers.  Intervals move with their mean and keep their width; those that begin at
        nothing, below which nothing can be, go on doing so.

    Notes
    -----
    Minimum trace with the variances that the intervals show, without covariances (Wickramasuriya, Athanasopoulos
    and Hyndman, 2019): a node that is surer moves less.  Leaves that would turn negative, where none was
    forecast so, are held at zero.  Leaves are rounded so that their total is the rounded total.

    Examples
    --------
    >>> made = pd.DataFrame({"unique_id": ["all", "a", "b"], "ds": pd.Timestamp("2024-01-01"), "mean": [100.0, 50.0, 44.0],
    ...                      "lo-80": [99.0, 40.0, 34.0], "hi-80": [101.0, 60.0, 54.0]})
    >>> reconcile(made, pd.DataFrame({"unique_id": ["all", "all"], "leaf": ["a", "b"]}))["mean"].tolist()
    [100.0, 53.0, 47.0]
    """
    wide = forecasts.pivot(index="unique_id", columns="ds", values="mean")
    if wide.isna().any(axis=None):
        raise DataError("reconcile: forecasts of all nodes and leaves must have the same periods.")
    nodes, leaves, adds = _structure(wide.index, sums)
    point = wide.to_numpy(float)
    variance = _variances(forecasts, wide)
    upper, lower = point[nodes], point[leaves]
    moved = np.empty_like(lower)
    for step in range(point.shape[1]):
        spread = variance[leaves, step] * adds  # nodes × leaves
        gap = upper[:, step] - adds @ lower[:, step]
        moved[:, step] = spread.T @ np.linalg.solve(spread @ adds.T + np.diag(variance[nodes, step]), gap)
    coherent = lower + moved
    if (point >= 0).all():
        coherent = np.maximum(coherent, 0.0)
    whole = _whole(coherent)
    made = point.copy()
    made[leaves], made[nodes] = whole, adds @ whole
    return _with_means(forecasts, pd.DataFrame(made, index=wide.index, columns=wide.columns))


def _structure(ids: pd.Index, sums: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows of the nodes, rows of the leaves, and the matrix of ones that adds leaves to nodes."""
    named = pd.unique(pd.concat([sums.unique_id, sums.leaf]))
    if absent := [str(name) for name in named if name not in ids]:
        raise DataError(
            f"reconcile: no forecast of {', '.join(absent[:3])}; forecast every node and leaf of `sums`."
        )
    if lost := [str(name) for name in ids if name not in set(named)]:
        raise DataError(f"reconcile: {', '.join(lost[:3])} is in no sum; add it to `sums` or leave it out.")
    if both := sorted(set(sums.unique_id) & set(sums.leaf), key=str):
        raise DataError(
            f"reconcile: {both[0]} is a sum and a leaf; list the leaves of each sum, not its children."
        )
    nodes, leaves = pd.Index(pd.unique(sums.unique_id)), pd.Index(pd.unique(sums.leaf))
    adds = np.zeros((len(nodes), len(leaves)))
    adds[nodes.get_indexer(sums.unique_id), leaves.get_indexer(sums.leaf)] = 1.0
    return ids.get_indexer(nodes), ids.get_indexer(leaves), adds


def _variances(forecasts: pd.DataFrame, wide: pd.DataFrame) -> np.ndarray:
    """Squared width of the first interval; a small share of the largest where a node has none."""
    level = next((c.removeprefix("lo-") for c in forecasts.columns if c.startswith("lo-")), None)
    if level is None:
        raise DataError(
            "reconcile: forecasts have no interval (lo-80, hi-80); it says how sure each node is."
        )
    width = forecasts.assign(width=forecasts[f"hi-{level}"] - forecasts[f"lo-{level}"])
    squared = (
        width.pivot(index="unique_id", columns="ds", values="width").reindex_like(wide).to_numpy(float) ** 2
    )
    return np.maximum(squared, 1e-6 * max(float(squared.max()), 1e-12))


def _whole(values: np.ndarray) -> np.ndarray:
    """Leaves × periods in whole numbers whose total is the rounded total: the largest remainders are rounded up."""
    floors = np.floor(values)
    left = np.rint(values.sum(axis=0) - floors.sum(axis=0)).astype(int)
    rank = np.argsort(np.argsort(-(values - floors), axis=0, kind="stable"), axis=0, kind="stable")
    return floors + (rank < left[None, :])


def _with_means(forecasts: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    means = made.stack().rename("coherent").reset_index()
    joined = forecasts.merge(means, on=["unique_id", "ds"], how="left", validate="one_to_one")
    shift = joined.coherent - joined["mean"]
    result = forecasts.copy()
    floor = 0.0 if (forecasts["mean"] >= 0).all() else -np.inf
    for column in forecasts.columns.difference(["unique_id", "ds", "mean"]):
        bound = forecasts[column].to_numpy()
        moved = np.maximum(bound + shift.to_numpy(), floor)
        result[column] = np.where(bound == floor, floor, moved)
    result["mean"] = joined.coherent.to_numpy()
    return result
