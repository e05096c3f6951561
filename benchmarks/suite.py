"""A million order lines from CSV to both reports, against a straight script that does the same.

`python benchmarks/suite.py [--lines N] [--rounds N]` makes the sample company, then runs in turn
the suite (load, performance review, market review) and benchmarks/straight.py, each in a fresh
process, and prints the ratio of their wall and CPU seconds.  Only orders.csv is loaded, so that
both do the same work; the suite's audit, contracts, derived tables and workbooks are its own.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUITE = """
import sys
from pathlib import Path
from salesops_lib import cleaning, policy, runs
root = Path(sys.argv[1])
cleaning.add(root, [root / "data" / "raw" / "orders.csv"], yes=True)
cleaning.load(root, policy=policy.load(root / "policy.yaml"))
results = runs.run(root, ["10_performance_review", "20_market_review"], lang="en", jobs=2)
sys.exit(any(result.status != "published" for result in results))
"""


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), chosen.lines, chosen.rounds)


def measure(folder: Path, lines: int, rounds: int) -> None:
    from salesops_lib import synthetic

    synthetic.generate(folder, lines=lines)
    raw = folder / "data" / "raw"
    for other in raw.iterdir():
        if other.name != "orders.csv":
            other.unlink()
    (folder / "policy.yaml").write_bytes((ROOT / "policy.yaml").read_bytes())
    size = (raw / "orders.csv").stat().st_size / 1e6
    print(
        f"{lines:,} order lines, {size:.0f} MB of CSV, {os.cpu_count()} cores, median of {rounds} rounds in turn"
    )
    commands = {
        "suite": [sys.executable, "-c", SUITE, str(folder)],
        "straight": [
            sys.executable,
            str(ROOT / "benchmarks" / "straight.py"),
            str(raw / "orders.csv"),
            str(folder / "straight"),
        ],
    }
    wall: dict[str, list[float]] = {name: [] for name in commands}
    cpu: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            wall[name].append(time.perf_counter() - started)
            cpu[name].append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    for label, times in (("wall", wall), ("CPU", cpu)):
        ratios = [ours / theirs for ours, theirs in zip(times["suite"], times["straight"], strict=True)]
        ours, theirs = statistics.median(times["suite"]), statistics.median(times["straight"])
        print(
            f"{label}: suite {ours:.1f} s, straight {theirs:.1f} s, ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
