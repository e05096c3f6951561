"""How well customers that are one are found: made-up company names, Febrl's persons, and a big file.

    python benchmarks/merging.py [--data FOLDER] [--seed N] [--big N]

FOLDER holds febrl/dataset*.csv.  F1, precision and recall are pairwise; "proposed" is what is
merged or shown to a person, "automatic" what is merged without one.  Thresholds are the defaults
everywhere: automatic .99, review .80.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "cleaning" / "merging"))

from company_sets import febrl, judged, latin, registry, transcribed

from salesops_lib.cleaning.merging import duplicates

FEBRL = (("1",), ("2",), ("3",), ("4a", "4b"))


def line(name: str, frame: pd.DataFrame, *, ids: str = "customer_id", kind: str = "company") -> str:
    """Figures of one set in one line."""
    started = time.perf_counter()
    matches = duplicates(frame.drop(columns="truth"), ids=ids, kind=kind)
    seconds = time.perf_counter() - started
    truth = frame.set_index(ids).truth
    proposed, merged = judged(truth, matches.clusters), judged(truth, matches.merged)
    figures = "  ".join(f"{one[k]:.5f}" for one in (proposed, merged) for k in ("precision", "recall", "f1"))
    n_shown = int((matches.pairs.decision == "review").sum())
    return f"{name:34}{len(frame):8,}  {figures}{n_shown:8,}{seconds:8.1f}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--seed", type=int, default=20260)
    parser.add_argument("--big", type=int, default=100_000)
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}; proposed precision, recall, F1, then automatic precision, recall, F1")
    print(f"{'':34}{'records':>8}  {'proposed':27}{'automatic':27}{'review':>8}{'seconds':>8}")
    print(line("registry names", registry(10_000, chosen.seed)))
    print(line("registry names, phone, tax id, city", registry(10_000, chosen.seed, with_fields=True)))
    print(line("transcribed names", transcribed(10_000, chosen.seed)))
    print(line("Latin names", latin(10_000, chosen.seed)))
    if (chosen.data / "febrl").is_dir():
        for names in FEBRL:
            frame = pd.concat([febrl(chosen.data, name) for name in names], ignore_index=True)
            title = f"Febrl {'+'.join(names)}"
            print(line(title, frame, ids="rec_id", kind="person"))
            print(line(f"{title}, no soc_sec_id", frame.drop(columns="tax_id"), ids="rec_id", kind="person"))
    if chosen.big:
        print(line("transcribed names", transcribed(chosen.big, chosen.seed)))
        print(line("registry names (dense)", registry(chosen.big, chosen.seed)))


if __name__ == "__main__":
    main()
