"""How well own columns are found: the header sets of tests/mapping, by product, dev and hold-out apart.

    python benchmarks/mapping.py [--misses] [--dev | --holdout] [ID…]

Hold-out misses are listed only when asked for by --holdout --misses.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "mapping"))

from header_sets import SURE, all_sets, look, report

BINS = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)


def line(name: str, verdicts: Sequence[Any]) -> str:
    """Figures of some sets in one line."""
    needed = sum(v.n_needed for v in verdicts)
    right = sum(v.n_right for v in verdicts)
    counts = [len([m for v in verdicts for m in v.of(what)]) for what in ("missing", "wrong", "stray")]
    sure = sum(len(v.sure_and_wrong) for v in verdicts)
    settings = sum(v.n_settings for v in verdicts)
    kept = settings - len([m for v in verdicts for m in v.of("setting")])
    share = f"{right / needed:7.1%}" if needed else "      –"
    figures = "".join(f"{count:8d}" for count in (needed, right))
    others = "".join(f"{count:8d}" for count in (*counts, sure))
    return f"{name:34.34}{len(verdicts):5d}{figures}{share}{others}{kept:6d}/{settings}"


def calibration(verdicts: Iterable[Any]) -> list[str]:
    """Confidence bins against the share of columns that are right."""
    columns = [column for verdict in verdicts for column in verdict.columns]
    lines = []
    for low, high in pairwise(BINS):
        found = [right for confidence, right in columns if low <= confidence < high]
        share = f"{sum(found) / len(found):7.1%}" if found else "      –"
        lines.append(f"  {low:.2f} to {min(high, 1):.2f}{len(found):8d} columns{share} right")
    return lines


def main(arguments: Sequence[str]) -> int:
    """Print the figures; 1 where a column is surely wrong or fewer than 95 % are found."""
    flags = {argument for argument in arguments if argument.startswith("--")}
    wanted = set(arguments) - flags
    sets = [made for made in all_sets() if not wanted or made.id in wanted]
    if flags & {"--dev", "--holdout"}:
        sets = [made for made in sets if made.is_holdout == ("--holdout" in flags)]
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        verdicts = [look(made, Path(folder) / made.id) for made in sets]
    spent = time.perf_counter() - started
    by_product = defaultdict(list)
    for verdict in verdicts:
        by_product[verdict.made.product].append(verdict)
    print(f"{'product':34} sets  needed   right  share missing   wrong   stray  >{SURE:g}  settings")
    for product in sorted(by_product):
        print(line(product, by_product[product]))
    held = [[v for v in verdicts if v.made.is_holdout == is_holdout] for is_holdout in (False, True)]
    print("-" * 100)
    for name, some in (("dev", held[0]), ("hold-out", held[1]), ("all", verdicts)):
        print(line(name, some))
    crashes = [miss for v in verdicts for miss in v.of("crash")]
    print("\n".join(str(miss) for miss in crashes))
    print(f"confidence against accuracy ({len(sets)} sets, {spent / max(len(sets), 1):.3f} s a set)")
    print("\n".join(calibration(verdicts)))
    if "--misses" in flags:
        print(report(verdicts if "--holdout" in flags or wanted else held[0]))
    needed, right = sum(v.n_needed for v in verdicts), sum(v.n_right for v in verdicts)
    return int(any(v.sure_and_wrong for v in verdicts) or right < 0.95 * needed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
