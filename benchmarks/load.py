"""Order lines from CSV into the store, against DuckDB's bare `CREATE TABLE AS SELECT * FROM read_csv`.

    python benchmarks/load.py [--lines N] [--rounds N]

makes the sample company's orders.csv, then loads it in turn bare and with `cleaning.load`, each in
a fresh process: with the derived tables that reports read, without them, and with one line in
twenty made dirty.  Prints wall and CPU seconds, ratios, the share of accounting (lines, fates,
totals, changed cells, the lists and files of the audit) and peak memory.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
ORDERS = Path("data") / "raw" / "orders.csv"
MADE_AT_ONCE = 1_000_000
DIRTY_EVERY = 20


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--lines", type=int, default=1_000_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--scratch", type=Path, default=None)
    options.add_argument("--one", nargs="+", metavar="WHAT", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.one:
        print(json.dumps(ONE[chosen.one[0]](Path(chosen.one[1]))))
        return
    with tempfile.TemporaryDirectory(dir=chosen.scratch) as folder:
        measure(Path(folder), chosen.lines, chosen.rounds)


def measure(folder: Path, lines: int, rounds: int) -> None:
    clean, dirty = folder / "clean", folder / "dirty"
    in_process("make", folder, str(lines))
    for root in (clean, dirty):
        in_process("add", root)
    size = (clean / ORDERS).stat().st_size / 1e6
    print(f"{lines:,} order lines, {size:.0f} MB of CSV, {os.cpu_count()} cores, {rounds} rounds in turn")
    runs = (("bare", clean), ("load", clean), ("load without derived tables", clean), ("load dirty", dirty))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name, _ in runs}
    for _ in range(rounds):
        for name, root in runs:
            found[name].append(in_process(name, root))
    for name, _ in runs:
        print(summary(name, found[name], found["bare"]))


def summary(name: str, runs: list[dict[str, Any]], bare: list[dict[str, Any]]) -> str:
    """Medians of one way to load, and its ratios to the bare one of the same round."""
    wall, cpu = (statistics.median(run[kind] for run in runs) for kind in ("wall", "cpu"))
    text = (
        f"{name:28} {wall:6.2f} s wall {cpu:6.2f} s CPU, peak {max(r['peak'] for r in runs) / 1e6:6,.0f} MB"
    )
    if name == "bare":
        return text
    times = (
        statistics.median(run[kind] / other[kind] for run, other in zip(runs, bare, strict=True))
        for kind in ("wall", "cpu")
    )
    text += ", {:.2f} × wall, {:.2f} × CPU".format(*times)
    share = statistics.median(run["accounting"] / run["wall"] for run in runs)
    return f"{text}, accounting {share:.1%}; {runs[0]['rows']}"


def make(folder: Path) -> dict[str, Any]:
    """Both files; in a process of its own, for its memory would count as that of those it starts."""
    clean = make_orders(folder / "clean", int(sys.argv[-1]))
    make_dirty(clean, folder / "dirty" / ORDERS)
    return {}


def make_orders(root: Path, lines: int) -> Path:
    """orders.csv of the sample company; above a million lines its orders are repeated under other numbers."""
    from salesops_lib import synthetic

    raw = (root / ORDERS).parent
    synthetic.generate(root, lines=min(lines, MADE_AT_ONCE))
    for other in raw.iterdir():
        if other.name != "orders.csv":
            other.unlink()
    made = root / ORDERS
    times = -(-lines // MADE_AT_ONCE)
    if times > 1:
        with made.open("rb") as source, (raw / "many.csv").open("wb") as target:
            target.write(source.readline())
            start = source.tell()
            for k in range(times):
                source.seek(start)
                target.writelines(f"{k}-".encode() + line for line in source)
        os.replace(raw / "many.csv", made)
    return made


def make_dirty(clean: Path, dirty: Path) -> None:
    """The same file with dates, amounts and blanks as people write them in one line of twenty."""
    dirty.parent.mkdir(parents=True)
    with clean.open(encoding="utf-8") as source, dirty.open("w", encoding="utf-8") as target:
        header = source.readline()
        target.write(header)
        names = header.strip().split(",")
        day, amount = names.index("订单日期"), names.index("金额")
        for number, line in enumerate(source):
            if number % DIRTY_EVERY == 0 and '"' not in line:
                line = _dirty(line.rstrip("\n").split(","), number // DIRTY_EVERY % 5, day, amount)
            target.write(line)


def _dirty(cells: list[str], kind: int, day: int, amount: int) -> str:
    if kind == 0:
        cells[amount] = f"￥{cells[amount]}"
    elif kind == 1 and cells[amount].replace(".", "").isascii():
        cells[amount] = f"{float(cells[amount] or 0) / 10_000:.6f}万"
    elif kind == 2:
        cells[day] = f"{cells[day][8:10]}/{cells[day][5:7]}/{cells[day][:4]}"
    elif kind == 3:
        cells[day] = f"{cells[day][:4]}年{cells[day][5:7]}月{cells[day][8:10]}日"
    else:
        cells[amount] = "N/A"
    return ",".join(cells) + "\n"


def in_process(what: str, root: Path, *others: str) -> dict[str, Any]:
    """What one step measures of itself in a fresh process."""
    command = [sys.executable, str(Path(__file__).resolve()), "--one", what, str(root), *others]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


def add(root: Path) -> dict[str, Any]:
    from salesops_lib import cleaning

    cleaning.add(root, [root / ORDERS], yes=True)
    return {}


def bare(root: Path) -> dict[str, Any]:
    """DuckDB alone, into a file of its own."""
    import duckdb

    store = root / "bare.duckdb"
    store.unlink(missing_ok=True)
    clock = Clock()
    with duckdb.connect(str(store)) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute("CREATE TABLE orders AS SELECT * FROM read_csv(?)", [str(root / ORDERS)])
    return clock.read()


def load(root: Path) -> dict[str, Any]:
    """The library, with the functions that account for rows timed."""
    from salesops_lib import cleaning, policy
    from salesops_lib.cleaning import accounts, store
    from salesops_lib.cleaning.reading import records

    spent = [0.0]
    for module, names in (
        (accounts, ("locate", "account")),
        (store, ("begin", "summarise", "copy_out")),
        (records, ("census", "record_lines", "lines_by_reader")),
    ):
        for name in names:
            if hasattr(module, name):
                setattr(module, name, timed(getattr(module, name), spent))
    clock = Clock()
    audit = cleaning.load(root, policy=policy.load(ROOT / "policy.yaml"))
    (source,) = (s for s in audit.sources if s.kind == "file")
    counts = f"{source.rows_in:,} rows in = {source.used:,} used + {source.merged:,} merged + {source.set_aside:,} set aside + {source.excluded:,} excluded"
    changed = sum(change.n_cells for change in audit.changes)
    return clock.read() | {"accounting": spent[0], "rows": f"{counts}; {changed:,} cells changed"}


def without_derived(root: Path) -> dict[str, Any]:
    """The canonical tables and their account only."""
    import importlib

    loading = importlib.import_module("salesops_lib.cleaning.load")
    from salesops_lib.cleaning import history

    loading._derived_tables = history.carry = lambda *_: None  # type: ignore[attr-defined]
    return load(root)


def timed(function: Callable[..., Any], spent: list[float]) -> Callable[..., Any]:
    def wrapped(*arguments: Any, **named: Any) -> Any:
        started = time.perf_counter()
        try:
            found = function(*arguments, **named)
            return list(found) if isinstance(found, Iterator) else found
        finally:
            spent[0] += time.perf_counter() - started

    return wrapped


class Clock:
    """Wall and CPU seconds since it was made, and peak memory of the process in bytes."""

    def __init__(self) -> None:
        self.wall, self.cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, Any]:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return {
            "wall": time.perf_counter() - self.wall,
            "cpu": time.process_time() - self.cpu,
            "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit,
        }


ONE: dict[str, Callable[[Path], dict[str, Any]]] = {
    "make": make,
    "add": add,
    "bare": bare,
    "load": load,
    "load without derived tables": without_derived,
    "load dirty": load,
}


if __name__ == "__main__":
    main()
