"""Bands: they cover what they promise, and say nothing where there is nothing to go by."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest

from salesops_lib.policy.replay import Bootstrap
from salesops_lib.replay.bands import drawn, total_band

SEED = int(os.environ.get("SALESOPS_SEED", "20261125"))
#: benchmarks/replay.py takes 4,000 worlds.
N_WORLDS = 400


def accelerated(rng: np.random.Generator, n: int) -> np.ndarray:
    """What an accelerator of half the target rate adds: nothing for most, much for a few."""
    return 40_000 * np.maximum(rng.lognormal(-0.05, 0.35, n) - 1, 0)


def test_ninety_percent_bands_cover_ninety_percent():
    """Of 400 worlds a true 90 % covers 90 ± 3 × 1.5 % (three binomial standard errors)."""
    print(f"SALESOPS_SEED={SEED}")
    rng = np.random.default_rng(SEED)
    truth = 60 * accelerated(np.random.default_rng(1), 4_000_000).mean()
    covered = 0
    for world in range(N_WORLDS):
        low, high = total_band(accelerated(rng, 60), ["ae"] * 60, Bootstrap(resamples=600, seed=world))
        covered += low <= truth <= high
    error = math.sqrt(0.9 * 0.1 / N_WORLDS)
    assert abs(covered / N_WORLDS - 0.9) < 3 * error


def test_roles_keep_their_number_of_people():
    """Two roles that differ much, but not within, leave nothing to chance."""
    values = np.repeat([100.0, -5000.0], [30, 10])
    assert total_band(values, ["ae"] * 30 + ["am"] * 10, Bootstrap()) == (-47_000, -47_000)


def test_persons_alone_in_their_role_are_drawn_together():
    totals = np.concatenate(list(drawn([1.0, 2.0, 4.0, 8.0], ["a", "b", "c", "d"], Bootstrap())))
    assert totals.shape == (2000, 1, 1)
    assert totals.std() > 0


@pytest.mark.parametrize("n", [0, 1, 4])
def test_fewer_than_five_changes_have_no_band(n):
    values = np.zeros(50)
    values[:n] = 7
    assert all(math.isnan(end) for end in total_band(values, ["ae"] * 50, Bootstrap()))


def test_the_same_seed_gives_the_same_band():
    values = np.arange(40.0) ** 2
    one, other = (total_band(values, ["ae"] * 40, Bootstrap(seed=7)) for _ in range(2))
    assert one == other
    assert one != total_band(values, ["ae"] * 40, Bootstrap(seed=8))
