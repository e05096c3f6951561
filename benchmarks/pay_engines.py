"""Do the two engines of pay agree, on policies and histories drawn at random?

    python benchmarks/pay_engines.py [--pairs N] [--processes N] [--seed N]

Draws policies with the histories of two payees each, with tests/incentives/random_pay.py, and holds pay to date
of the fast engine at two months against the reference in fractions: a pair is a policy and a payee's year.  Prints pairs, figures compared and differences; exit
status 1 if there are any.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.incentives.test_pay_engines import differences

#: Payees that each policy is drawn with.
PAYEES = 2
#: Policies of one task; its seed is the run's with the task's number, so any of them can be run again alone.
TASK = 500


def compared(seed: int, task: int, n_policies: int) -> tuple[int, list[str]]:
    """Figures compared, and the differences in words."""
    draw = random.Random(f"{seed}/{task}")
    n_figures, found = 0, []
    for number in range(n_policies):
        n, said = differences(draw, f"seed {seed}, task {task}, pair {number}")
        n_figures += n
        found += said
    return n_figures, found


def main() -> int:
    """Print the comparison."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--seed", type=int, default=20261125)
    chosen = parser.parse_args()
    n_policies = -(-chosen.pairs // PAYEES)
    sizes = [min(TASK, n_policies - begun) for begun in range(0, n_policies, TASK)]
    began, n_figures, n_differences = time.perf_counter(), 0, 0
    with ProcessPoolExecutor(chosen.processes) as pool:
        for n, said in pool.map(compared, [chosen.seed] * len(sizes), range(len(sizes)), sizes):
            n_figures += n
            n_differences += len(said)
            for one in said[:3]:
                print(one)
    seconds = time.perf_counter() - began
    print(
        f"seed {chosen.seed}: {PAYEES * n_policies:,} pairs of {n_policies:,} policies, {n_figures:,} figures compared, {n_differences:,} differences; "
        f"{seconds:.0f} s, {chosen.pairs / seconds:.0f} pairs a second, {chosen.processes} processes"
    )
    return min(n_differences, 1)


if __name__ == "__main__":
    raise SystemExit(main())
