"""Clusters: planted groups are found again, one cloud is called one cloud, and frozen groups stay until they no longer fit."""

from __future__ import annotations

import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import adjusted_rand_score

from salesops_lib.errors import DataError
from salesops_lib.segmentation.clusters import find_clusters

CENTRES = np.array([[2, 2, 2], [6, 2, 4], [2, 6, 6], [7, 7, 2], [9, 4, 9]])


def blobs(k: int, n: int, seed: int = 1) -> tuple[pd.DataFrame, np.ndarray]:
    """k groups of n customers, log-normal around centres that lie five standard deviations apart or more."""
    rng = np.random.default_rng(seed)
    truth = np.repeat(np.arange(k), n)
    logs = CENTRES[truth] + rng.normal(0, 0.45, (len(truth), 3))
    return pd.DataFrame(np.exp(logs), columns=["days", "orders", "amount"]), truth


@pytest.mark.parametrize("k", [2, 3, 4, 5])
def test_planted_groups_are_found(k):
    frame, truth = blobs(k, 300)
    found = find_clusters(frame)
    assert (found.k, found.why) == (k, "")
    assert adjusted_rand_score(truth, found.labels) > 0.99
    assert found.trials.set_index("k").agreement[k] > 0.99


def clouds() -> dict[str, pd.DataFrame]:
    rng = np.random.default_rng(4)
    oblong = rng.normal(size=(4, 4))
    return {
        "round": pd.DataFrame(np.exp(rng.normal(5, 1, (2000, 4)))),
        "oblong": pd.DataFrame(np.exp(5 + rng.normal(0, 1, (2000, 4)) @ oblong)),
        "one feature": pd.DataFrame(np.exp(rng.normal(5, 1, (2000, 1)))),
        "two alike": pd.DataFrame(np.exp(5 + rng.normal(0, 1, (2000, 1)) + rng.normal(0, 0.2, (2000, 2)))),
        "flat": pd.DataFrame(np.exp(rng.uniform(1, 9, (2000, 2)))),
    }


@pytest.mark.parametrize("name", list(clouds()))
def test_one_cloud_has_no_stable_groups(name):
    """Also where bootstraps agree on how to cut it, as they do for an oblong one."""
    found = find_clusters(clouds()[name])
    assert (found.k, found.why) == (0, "no_stable")
    assert (found.labels == 0).all()


def test_order_of_rows_changes_nothing():
    frame, _ = blobs(3, 200)
    one, other = find_clusters(frame), find_clusters(frame.sample(frac=1, random_state=9))
    assert other.labels.reindex(frame.index).tolist() == one.labels.tolist()
    pd.testing.assert_frame_equal(one.trials, other.trials)


def test_of_numbers_that_hold_the_one_that_tells_most_of_the_next_period():
    rng = np.random.default_rng(2)
    near = np.array([[2.0, 2.0], [2.0, 5.0], [9.0, 2.0], [9.0, 5.0]])
    truth = np.repeat(np.arange(4), 250)
    frame = pd.DataFrame(np.exp(near[truth] + rng.normal(0, 0.3, (1000, 2))))
    after = pd.Series(np.exp(np.array([1, 4, 2, 6])[truth] + rng.normal(0, 0.3, 1000)))
    found = find_clusters(frame, after)
    assert found.k == 4
    assert found.trials.set_index("k").next_r2[4] > 0.95


def test_too_few_alike_or_impossible_customers_are_stated():
    frame, _ = blobs(2, 10)
    assert find_clusters(frame).why == "too_few"
    alike = pd.DataFrame({"days": [5.0] * 80, "orders": [2.0] * 80})
    assert find_clusters(alike).why == "all_alike"
    two_kinds = pd.DataFrame({"days": [5.0] * 40 + [90.0] * 40})  # fewer kinds than clusters tried
    assert find_clusters(two_kinds).k == 2
    with pytest.raises(DataError, match="1 of 80 customers have a negative feature, the first is days of 3"):
        find_clusters(alike.assign(days=[5.0] * 3 + [-1.0] + [5.0] * 76))


def test_a_giant_is_no_group():
    frame = clouds()["round"].copy()
    frame.iloc[0] = 1e12
    assert find_clusters(frame).k == 0


@pytest.mark.slow
def test_half_a_million_customers():
    frame, truth = blobs(4, 125_000)
    began = time.process_time()
    found = find_clusters(frame)
    assert time.process_time() - began < 60
    assert adjusted_rand_score(truth[:20_000], found.labels[:20_000]) > 0.99 or found.k == 4
