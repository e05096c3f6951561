"""Forecasts that add up."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.forecasting import reconcile


def made(means: dict[str, float], widths: dict[str, float]) -> pd.DataFrame:
    rows = [
        (u, pd.Timestamp("2024-01-01"), m, m - widths[u] / 2, m + widths[u] / 2) for u, m in means.items()
    ]
    return pd.DataFrame(rows, columns=["unique_id", "ds", "mean", "lo-80", "hi-80"])


SUMS = pd.DataFrame({"unique_id": ["all"] * 2, "leaf": ["a", "b"]})


def test_the_surer_node_moves_less_by_hand() -> None:
    # gap 100 − 94 = 6; variances all 4, a 1, b 1: each leaf moves by 1 / (4 + 1 + 1) of it, the sum by the rest
    found = reconcile(made({"all": 100, "a": 50, "b": 44}, {"all": 2, "a": 1, "b": 1}), SUMS)
    assert found["mean"].tolist() == [96, 51, 45]
    assert (found["hi-80"] - found["lo-80"]).tolist() == [2, 1, 1]


@pytest.mark.parametrize("seed", range(5))
def test_every_sum_of_a_crossed_hierarchy_is_exact(seed: int) -> None:
    rng = np.random.default_rng(seed)
    leaves = [f"{team}/{product}" for team in "abcd" for product in "xyz"]
    groups = {"all": leaves} | {k: [leaf for leaf in leaves if k in leaf.split("/")] for k in "abcdxyz"}
    sums = pd.DataFrame(
        [(node, leaf) for node, below in groups.items() for leaf in below], columns=["unique_id", "leaf"]
    )
    means = {name: rng.uniform(0, 1e7) for name in [*leaves, *groups]}
    found = reconcile(made(means, {name: rng.uniform(0, 1e5) for name in means}), sums).set_index(
        "unique_id"
    )["mean"]
    for node, below in groups.items():
        assert found[node] == found[below].sum()
    assert (found == found.round()).all()
    assert (found >= 0).all()


def test_coherent_forecasts_stay() -> None:
    found = reconcile(made({"all": 94, "a": 50, "b": 44}, {"all": 2, "a": 1, "b": 1}), SUMS)
    assert found["mean"].tolist() == [94, 50, 44]


def test_what_does_not_belong_is_told() -> None:
    good = made({"all": 100, "a": 50, "b": 44}, {"all": 2, "a": 1, "b": 1})
    with pytest.raises(DataError, match="no forecast of b"):
        reconcile(good[good.unique_id != "b"], SUMS)
    with pytest.raises(DataError, match="b is in no sum"):
        reconcile(good, SUMS.head(1))
    with pytest.raises(DataError, match="a is a sum and a leaf"):
        reconcile(good, pd.concat([SUMS, pd.DataFrame({"unique_id": ["a"], "leaf": ["b"]})]))


def test_an_interval_from_nothing_on_stays_so() -> None:
    # the sum says 12 more than its leaves: both move up, and what may be nothing may still be
    forecasts = made({"all": 112, "a": 50, "b": 50}, {"all": 2, "a": 100, "b": 1})
    found = reconcile(forecasts, SUMS).set_index("unique_id")
    assert found.loc["a", "mean"] > 50
    assert found.loc["a", "lo-80"] == 0
    assert found.loc["b", "lo-80"] == found.loc["b", "mean"] - 0.5
