"""Runs killed at random moments: what is published must stay whole, and nothing may live on.

`python benchmarks/kills.py [--kills 1000] [--seed N] [--workers 2]` makes a small report again and
again in processes of its own, kills each with SIGKILL, SIGTERM or SIGINT at a moment drawn
uniformly from the time that a whole run takes, and checks after each

I1 every file of the manifest has its digest, and is of a run that was begun;
I2 a reader, at 50 Hz from beginning to end, finds each file whole;
I3 no record says RUNNING once the next run has looked, and what was killed is not PUBLISHED
   unless its page is;
I4 no process of it is alive ten seconds later;
I5 a run that is let alone publishes (after every 10 kills, and at the end).

A worker has a workspace of its own.  Importing the runner takes about a second, so that a kill
costs about one and a half; to save that, runs are forked from a process with the imports done
unless `--cold` is given.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path += [str(ROOT / "tests" / "runs"), str(ROOT / "tests" / "faults")]

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
CHANGE = """
from pathlib import Path
print(period)
top = int(Path(workspace, "serial").read_text())"""
BETWEEN = 10


def attempt(root: Path) -> None:
    """One run of the command line, in this process; its exit status is the process's."""
    from salesops_lib.cli import main

    os.setsid()
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main(["-w", str(root), "run", "10", "--force"])


def begin(root: Path, is_cold: bool) -> Any:
    context = multiprocessing.get_context("spawn" if is_cold else "fork")
    process = context.Process(target=attempt, args=(root,))
    process.start()
    return process


def command(pid: int) -> str:
    """What the process runs, or its number where it has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
    except OSError:
        return str(pid)


class Trial:
    """A workspace whose report is published, and its runs."""

    def __init__(self, root: Path, is_cold: bool) -> None:
        from standin import SHOW, write_facts, write_notebook

        self.root, self.reports, self.is_cold, self.serial = root, root / "reports", is_cold, 0
        self.seconds = 0.0
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        write_facts(root)
        write_notebook(root / "notebooks" / "10_first.ipynb", CHANGE, SHOW)
        self.let_alone()
        self.let_alone()  # the first has things to compile and to read for the first time

    def let_alone(self) -> None:
        """I5: a run without a fault; how long it takes is the span of the kills that follow."""
        self.serial += 1
        started = time.monotonic()
        (self.root / "serial").write_text(str(self.serial))
        process = begin(self.root, self.is_cold)
        process.join(120)
        self.seconds = time.monotonic() - started
        page = self.reports / "2026-03" / "10_first.en.html"
        if process.exitcode != 0 or f"2026-03 team {self.serial}<" not in page.read_text():
            self.violations.append(f"I5: not published, exit status {process.exitcode}")

    def kill(self, number: signal.Signals, after: float) -> None:
        self.serial += 1
        (self.root / "serial").write_text(str(self.serial))
        process = begin(self.root, self.is_cold)
        process.join(after)
        self.counts["ended before" if process.exitcode is not None else number.name] += 1
        with contextlib.suppress(ProcessLookupError):
            os.kill(process.pid, number)
        process.join(10)
        if process.exitcode is None:
            self.violations.append(f"{number.name} after {after:.2f} s: the runner lives on")
            process.kill()
            process.join()
        self._check(f"{number.name} after {after:.2f} s")

    def _check(self, fault: str) -> None:
        from invariants import processes

        from salesops_lib.runs import ledger, publish

        self.counts["cut off while publishing"] += (self.reports / ".staging" / "journal.json").exists()
        with publish.locked(self.reports):  # what the next run does first
            entries = publish.manifest(self.reports)
        if len(entries) != 1 or not publish.is_intact(self.reports, entries[0]):
            self.violations.append(f"I1 {fault}")
        self.counts["new page all the same"] += f"team {self.serial}<" in self._page(entries)
        ledger.settle(self.reports)
        known = ledger.records(self.reports)
        if any(one["state"] == "RUNNING" for one in known):
            self.violations.append(f"I3 {fault}: RUNNING")
        claimed = {one["run_id"] for one in known if one["state"] == "PUBLISHED"}
        self.counts[f"recorded {known[-1]['state']} {known[-1].get('cause', '')}".rstrip()] += 1
        if known[-1]["run_id"] in claimed and known[-1]["run_id"] != entries[0]["run_id"]:
            self.violations.append(f"I3 {fault}: PUBLISHED, but the page is another's")
        deadline = time.monotonic() + 10
        while (alive := processes(self.root)) and time.monotonic() < deadline:
            time.sleep(0.02)
        for pid in alive:
            self.violations.append(f"I4 {fault}: {command(pid)}")
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)  # or each kill that follows would be blamed for it

    def _page(self, entries: list[dict[str, Any]]) -> str:
        name = next(name for name in entries[0]["files"] if name.endswith(".html"))
        return (self.reports / name).read_text(encoding="utf-8")


def killed(kills: int, seed: int, is_cold: bool) -> dict[str, Any]:
    """Counts and violations of `kills` kills in a workspace of their own."""
    if not is_cold:
        import salesops_lib.cli.reports
        import salesops_lib.runs.batch  # noqa: F401
        from salesops_lib.reporting import template  # noqa: F401
        from salesops_lib.runs.execute import import_papermill

        import_papermill()
    from invariants import Reader

    chance = random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        trial = Trial(Path(folder), is_cold)
        reader = Reader(trial.root)
        reader.start()
        for number in range(1, kills + 1):
            trial.kill(chance.choice(SIGNALS), chance.uniform(0, 1.05 * trial.seconds))
            if number % BETWEEN == 0 or number == kills:
                trial.let_alone()
        reader.end()
        trial.violations += [f"I2 {wrong}" for wrong in reader.wrong]
        trial.counts["reads"] = reader.n_reads
        return {"counts": dict(trial.counts), "violations": trial.violations, "whole": trial.seconds}


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--kills", type=int, default=1000)
    options.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--cold", action="store_true", help="start each run in a fresh interpreter")
    options.add_argument("--part", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.part:
        print(json.dumps(killed(chosen.kills, chosen.seed, chosen.cold)))
        return 0
    return _spread(chosen.kills, chosen.seed, chosen.workers, chosen.cold)


def _spread(kills: int, seed: int, workers: int, is_cold: bool) -> int:
    import subprocess

    print(f"seed {seed}, {kills} kills, {workers} workers", flush=True)
    started = time.monotonic()
    shares = [kills // workers + (n < kills % workers) for n in range(workers)]
    command = [sys.executable, str(Path(__file__).resolve()), "--part", *(["--cold"] if is_cold else [])]
    parts = [
        subprocess.Popen(
            [*command, "--kills", str(share), "--seed", str(seed + n)], stdout=subprocess.PIPE, text=True
        )
        for n, share in enumerate(shares)
    ]
    found = [json.loads(part.communicate()[0]) for part in parts]
    counts = sum((Counter(part["counts"]) for part in found), Counter())
    violations = [wrong for part in found for wrong in part["violations"]]
    print(f"a whole run takes {max(part['whole'] for part in found):.2f} s")
    for name, n in sorted(counts.items()):
        print(f"{n:8,}  {name}")
    print(f"{len(violations)} violations in {kills} kills, {time.monotonic() - started:.0f} s")
    for wrong in violations:
        print(f"  {wrong}")
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main())
