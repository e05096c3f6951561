"""What replays promise: bands that cover, and a hundred variants for the price of two.

`python benchmarks/replay.py [--worlds 4000] [--payees 1000] [--lines 10000000]` prints

(a) how often the 90 % band of a cost difference holds the true one, in simulated companies of 30 to
    300 people and three kinds of changes (an accelerator, a shift around quota, a bonus with an
    edge), beside the plain percentile bootstrap; and with people who differ lastingly, for drawing
    people and for drawing person-quarters (target: 88 % to 92 % for people);
(b) the time of reading credited lines into months and replaying 100 variants of a plan over them,
    beside reading them and replaying one (target: at most 2 times).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from salesops_lib.policy import Policy
from salesops_lib.policy.replay import Bootstrap
from salesops_lib.replay.bands import drawn, total_band
from salesops_lib.replay.paying import variants

SEED = 20261125
TARGET = 80_000

CHANGES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "accelerator": lambda a: TARGET * np.maximum(a - 1, 0) / 2,
    "shift at quota": lambda a: TARGET * np.where(a >= 1, 0.1, -0.05) * a,
    "bonus at 120 %": lambda a: np.where(a >= 1.2, TARGET / 4, 0) - TARGET * a / 40,
}


def attained(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return rng.lognormal(-0.05, 0.35, shape)


def percentile_band(values: np.ndarray, rules: Bootstrap) -> tuple[float, float]:
    totals = np.concatenate([d.sum(axis=(1, 2)) for d in drawn(values, ["ae"] * len(values), rules)])
    low, high = np.quantile(totals, [0.05, 0.95])
    return float(low), float(high)


def coverage(n_worlds: int) -> None:
    print(f"(a) coverage of 90 % bands, {n_worlds:,} worlds each, seed {SEED}, 1,000 resamples")
    print(f"{'change':18} {'people':>6} {'studentized':>12} {'percentile':>11}")
    for name, change in CHANGES.items():
        truth = change(attained(np.random.default_rng(1), (4_000_000,))).mean()
        for n in (30, 60, 100, 300):
            rng = np.random.default_rng(SEED)
            held = np.zeros(2)
            for world in range(n_worlds):
                values, rules = change(attained(rng, (n,))), Bootstrap(resamples=1000, seed=world)
                bands = (total_band(values, ["ae"] * n, rules), percentile_band(values, rules))
                held += [low <= n * truth <= high for low, high in bands]
            print(f"{name:18} {n:6} {held[0] / n_worlds:12.1%} {held[1] / n_worlds:11.1%}")


def lasting(n_worlds: int, n: int = 60, quarters: int = 8) -> None:
    """People who are lastingly better or worse: their quarters depend on each other."""

    def people(rng: np.random.Generator, n: int) -> np.ndarray:
        skill, luck = rng.lognormal(-0.05, 0.25, (n, 1)), rng.lognormal(0, 0.25, (n, quarters))
        return CHANGES["accelerator"](skill * luck)

    truth = people(np.random.default_rng(1), 400_000).sum(axis=1).mean() * n
    rng, held = np.random.default_rng(SEED), np.zeros(2)
    for world in range(n_worlds):
        values, rules = people(rng, n), Bootstrap(resamples=1000, seed=world)
        bands = (
            total_band(values.sum(axis=1), ["ae"] * n, rules),
            total_band(values.ravel(), ["ae"] * n * quarters, rules),
        )
        held += [low <= truth <= high for low, high in bands]
    print(
        f"people who differ lastingly, {n} × {quarters} quarters: drawing people {held[0] / n_worlds:.1%}, person-quarters {held[1] / n_worlds:.1%}"
    )


def hundred_variants(n_payees: int, n_lines: int) -> None:
    import duckdb

    from tests.replay import worlds

    store = duckdb.connect()
    store.execute("SET enable_progress_bar = false")
    store.execute(
        "CREATE TABLE lines AS SELECT hash(i) % ? AS payee, hash(i + 1) % 12 AS month, hash(i + 2) % 200000 AS amount FROM range(?) AS r(i)",
        [n_payees, n_lines],
    )
    quota = n_lines * 100_000 // n_payees
    plans = [
        worlds.plan(worlds.tiers((0, 0.5), (0.5, 1.5), (1, round(2 + n / 100, 2)), (1.5, 1)))
        for n in range(101)
    ]
    old, *new = [worlds.policy(plan) for plan in plans]

    def taken(policies: list[Policy]) -> float:
        started = time.perf_counter()
        months = store.execute(
            "SELECT payee, month, SUM(amount)::BIGINT AS amount FROM lines GROUP BY ALL"
        ).fetchnumpy()
        history = worlds.sellers(*[1.0] * n_payees, quota=quota)
        sold = np.zeros(history.shape, dtype=np.int64)
        sold[months["payee"].astype(np.int64), months["month"].astype(np.int64)] = months["amount"]
        past = worlds.past(replace(history, actual={("bookings", "direct"): sold}))
        for found in variants([past], old, policies):
            found.totals  # noqa: B018
        return time.perf_counter() - started

    taken(new[:1])
    one, hundred = min(taken(new[:1]) for _ in range(3)), min(taken(new) for _ in range(3))
    print(
        f"(b) {n_lines:,} lines, {n_payees:,} people × 12 months × 4 tiers: one variant {one:.2f} s, "
        f"100 variants {hundred:.2f} s, {hundred / one:.2f} times one"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--worlds", type=int, default=4000)
    parser.add_argument("--payees", type=int, default=1000)
    parser.add_argument("--lines", type=int, default=10_000_000)
    options = parser.parse_args()
    coverage(options.worlds)
    lasting(options.worlds)
    if options.lines:
        hundred_variants(options.payees, options.lines)


if __name__ == "__main__":
    main()
