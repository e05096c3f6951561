"""How long pay takes: a trace of ten million credited lines, a hundred plans, ten million drawn payouts.

    python benchmarks/pay.py [--lines N] [--seed N]

Each is printed with its row counts and its peer in the same run; peaks of memory are those of a process
of its own.  The plain pandas way is timed on a sample and extrapolated.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

N_REPS, N_MONTHS, N_PLANS, N_DRAWS = 1_000, 12, 100, 10_000
#: Reps whose lines the plain pandas way is timed on.
SAMPLE = 2
RUNS = 5
KEY = ("bookings", "direct")
EDGES, TIMES = (0, 0.5, 1, 1.2), (0.5, 1, 1.5, 2)
GROUPED = "SELECT payee, month, sum(amount)::BIGINT AS amount FROM read_parquet(?) GROUP BY payee, month"


def made(path: Path, n_lines: int, seed: int) -> None:
    """Credited lines of a year as Parquet, in the order of days."""
    connection = duckdb.connect()
    connection.execute(f"SELECT setseed({seed % 1000 / 1000})")
    connection.execute(f"""
        COPY (SELECT 'rep' || lpad((hash(i, {seed}) % {N_REPS})::VARCHAR, 4, '0') AS payee,
                     month(day) - 1 AS month, day AS credited_on, 'SO' || lpad((i // 3)::VARCHAR, 8, '0') AS order_id,
                     (i % 3 + 1)::INTEGER AS line_id, (hash(i, {seed} + 1) % 500000)::BIGINT - 20000 AS amount
              FROM (SELECT i, DATE '2025-01-01' + (i * 365 // {n_lines})::INTEGER AS day FROM range({n_lines}) AS r(i)))
        TO '{path}' (FORMAT parquet)""")


def plan(number: int = 0) -> Any:
    """Four tiers on year-to-date attainment; each number is another variant."""
    from salesops_lib.policy.incentives import Plan

    tiers = tuple(
        {"from": edge, "times": round(times + number / 100, 2)}
        for edge, times in zip(EDGES, TIMES, strict=True)
    )
    core = {
        "id": "core", "en": "Commission", "zh": "提成", "kind": "tiered", "mode": "marginal", "weight": 1, "tiers": tiers,
    }  # fmt: skip
    about = {"id": "ae", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "interval": "year"}
    return Plan.model_validate(about | {"components": (core,)})


def rules() -> Any:
    from salesops_lib.policy.incentives import PayRules

    return PayRules(tier_edge="lower_inclusive", start_day="included")


def history(path: Path) -> Any:
    """Rep-months of the Parquet, and a quota near what is sold."""
    from salesops_lib.incentives import History

    found = duckdb.execute(GROUPED, [str(path)]).fetchnumpy()
    payees, place = np.unique(found["payee"].astype(str), return_inverse=True)
    actual = np.zeros((len(payees), N_MONTHS), dtype=np.int64)
    actual[place, found["month"]] = found["amount"]
    quota = np.broadcast_to(actual.mean().astype(np.int64), actual.shape)
    months = [f"2025-{month + 1:02}" for month in range(N_MONTHS)]
    target = np.full(len(payees), 8_000_000)
    return History(payees.tolist(), months, {KEY: actual}, {KEY: quota}, target, parts={"bookings": 100})


def bare(path: Path) -> int:
    return len(duckdb.execute(GROUPED, [str(path)]).fetchnumpy()["amount"])


def paid(path: Path) -> int:
    from salesops_lib.incentives import earned

    return earned(plan(), rules(), history(path)).to_date["core"].size


def replayed(path: Path) -> int:
    from salesops_lib.incentives import earned

    read = history(path)
    return sum(earned(one, rules(), read).to_date["core"].size for one in PLANS)


def traced(path: Path, out: Path) -> tuple[int, int]:
    """Trace every line into a Parquet file; lines, and minor units paid."""
    import pyarrow.parquet

    from salesops_lib.incentives import earned
    from salesops_lib.incentives.trace import trace

    about = {
        "memory_limit": "192MB",
        "temp_directory": str(out.parent / "spill"),
        "threads": os.cpu_count() or 1,
    }
    connection = duckdb.connect(config=about)
    connection.execute("SET enable_progress_bar = false")
    lines = connection.read_parquet(str(path))
    read = history(path)
    n_lines, total, writer = 0, 0, None
    for batch in trace(plan(), rules(), read, "core", lines):
        writer = writer or pyarrow.parquet.ParquetWriter(out, batch.lines.schema)
        writer.write_batch(batch.lines)
        n_lines += batch.lines.num_rows
        total += int(batch.lines.column("pay").to_numpy().sum())
    writer.close()
    assert total == int(earned(plan(), rules(), read).to_date["core"][:, -1].sum())
    return n_lines, total


def plain_pandas(path: Path) -> tuple[int, float, float]:
    """Lines of the sample, and seconds of a line: `groupby(...).apply` at line grain, and one apply a rep with whole columns in floats."""
    import pandas as pd

    frame = duckdb.execute(
        "SELECT * FROM read_parquet(?) WHERE payee IN ?", [str(path), [f"rep{at:04}" for at in range(SAMPLE)]]
    ).df()
    frame = frame.sort_values(["payee", "credited_on", "order_id", "line_id"])
    frame["after"] = frame.groupby("payee").amount.cumsum()
    quota = float(frame.groupby("payee").amount.sum().mean())

    def to_date(x: Any) -> Any:
        pay = 0.0
        for n, (edge, times) in enumerate(zip(EDGES, TIMES, strict=True)):
            top = EDGES[n + 1] * quota if n + 1 < len(EDGES) else np.inf
            pay = pay + np.clip(x - edge * quota, 0, top - edge * quota) * times / quota * 8e6
        return pay

    def one_line(group: pd.DataFrame) -> float:
        after = group.after.iloc[0]
        return round(to_date(after)) - round(to_date(after - group.amount.iloc[0]))

    began = time.perf_counter()
    frame.groupby(["payee", "order_id", "line_id"])[["after", "amount"]].apply(one_line)
    by_line = time.perf_counter() - began
    began = time.perf_counter()
    frame.groupby("payee")[["after", "amount"]].apply(
        lambda g: to_date(g.after).round() - to_date(g.after - g.amount).round()
    )
    return len(frame), by_line / len(frame), (time.perf_counter() - began) / len(frame)


def drawn(seed: int) -> tuple[float, float]:
    """Seconds of the drawn payouts, and of the bare interpolation of the same array."""
    from salesops_lib.incentives.cost import payouts

    rng = np.random.default_rng(seed)
    attainment = rng.lognormal(0, 0.3, (N_REPS, N_DRAWS))
    grid = np.linspace(0, 3, 61)
    pay = np.interp(grid, EDGES, np.cumsum(TIMES)) * rng.uniform(5e6, 1e7, (N_REPS, 1))
    return least(lambda: payouts(attainment, grid, pay)), least(lambda: np.interp(attainment, grid, pay[0]))


def least(work: Callable[[], Any]) -> float:
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def alone(work: Callable[..., Any], *arguments: Any) -> tuple[Any, float, float]:
    """Result, seconds and peak in MB of a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_measured, (work, arguments))


def _measured(work: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, float, float]:
    began = time.perf_counter()
    result = work(*arguments)
    return result, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


PLANS = [plan(number) for number in range(N_PLANS)]


def main() -> None:
    """Print the figures."""
    duckdb.execute("SET enable_progress_bar = false")
    parser = argparse.ArgumentParser()
    parser.add_argument("--lines", type=int, default=10_000_000)
    parser.add_argument("--seed", type=int, default=20261125)
    chosen = parser.parse_args()
    print(
        f"{os.cpu_count()} cores, seed {chosen.seed}, least of {RUNS} runs; {N_REPS:,} reps, {N_MONTHS} months"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lines.parquet"
        made(path, chosen.lines, chosen.seed)
        (n_lines, total), seconds, peak = alone(traced, path, Path(folder) / "trace.parquet")
        n_sampled, by_line, by_rep = plain_pandas(path)
        print(
            f"trace of {n_lines:,} lines, written as Parquet: {seconds:.1f} s, peak {peak:.0f} MB, {total:,} minor units, equal to the payout"
        )
        print(
            f"  groupby(...).apply at line grain, {n_sampled:,} lines, extrapolated: {by_line * n_lines:,.0f} s, {by_line * n_lines / seconds:.0f} times"
        )
        print(
            f"  one apply a rep with whole columns in floats, sorted in memory, no tiers, not exact, {n_sampled:,} lines, extrapolated: {by_rep * n_lines:,.1f} s"
        )
        group, one, many = (least(lambda work=work: work(path)) for work in (bare, paid, replayed))
        print(
            f"pay of {N_REPS * N_MONTHS:,} rep-months out of {n_lines:,} lines: {one:.3f} s; bare GROUP BY {group:.3f} s, {one / group:.2f} times"
        )
        print(f"{N_PLANS} plans over them: {many:.3f} s, {many / one:.2f} times one")
    ours, theirs = drawn(chosen.seed)
    print(
        f"{N_DRAWS:,} × {N_REPS:,} drawn payouts: {ours:.2f} s; bare interpolation {theirs:.2f} s, {ours / theirs:.2f} times"
    )


if __name__ == "__main__":
    main()
