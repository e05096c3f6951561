"""How long a text takes from file to rows of text, against DuckDB's bare read_csv of the same file.

    python benchmarks/reading.py [FILE]

Without FILE, a file of a million order lines is made.  Printed are the least of three runs, for
the plain way (the file goes to DuckDB as it is, and its lines are counted) and for the tolerant
one (a copy of its rows is made first).
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import duckdb

from salesops_lib.cleaning import reading
from salesops_lib.cleaning.reading.relation import normalised, plain

N_LINES = 1_000_000
RUNS = 3


def order_lines(path: Path) -> None:
    """A hundred megabytes of order lines, one column in quotation marks."""
    with path.open("w", encoding="utf-8") as handle:
        handle.write(
            "order_id,line_id,ordered_on,customer_name,product_name,region,quantity,unit_price,net_amount\n"
        )
        for k in range(N_LINES):
            handle.write(
                f'SO{k // 3:07d},{k % 3 + 1},2026-{k % 12 + 1:02d}-{k % 28 + 1:02d},"Customer {k % 5000}, Ltd",'
                f"Product {k % 300} of the list,Region {k % 7},{k % 9 + 1},{k % 100}.5,{(k % 9 + 1) * (k % 100 + 0.5):.2f}\n"
            )


def least(work: Callable[[], int]) -> tuple[float, int]:
    """Least seconds of the runs, and the rows that came out."""
    seconds, n_rows = [], 0
    for _ in range(RUNS):
        began = time.perf_counter()
        n_rows = work()
        seconds.append(time.perf_counter() - began)
    return min(seconds), n_rows


def filled(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    connection.execute(f"CREATE OR REPLACE TABLE texts AS SELECT * FROM {relation}")
    return int(connection.execute("SELECT count(*) FROM texts").fetchall()[0][0])


def main(path: Path, scratch: Path) -> None:
    """Print the times for one file."""
    connection = duckdb.connect()
    part = reading.parts(path)[0]
    began = time.perf_counter()
    source = reading.sample(part).as_source()
    detected = time.perf_counter() - began
    bare, n_bare = least(lambda: filled(connection, f"read_csv('{path}')"))

    def by_plain() -> int:
        relation = plain(part, source, scratch)
        return filled(connection, relation.sql()) if relation else 0

    fast, n_fast = least(by_plain)
    slow, n_slow = least(lambda: filled(connection, normalised(part, source, scratch).sql()))
    print(f"{path.name}: {path.stat().st_size / 1e6:,.0f} MB; dialect and header found in {detected:.2f} s")
    print(f"{'':18}{'seconds':>8}{'ratio':>7}{'rows':>12}")
    for name, seconds, n_rows in (
        ("bare read_csv", bare, n_bare),
        ("plain", fast, n_fast),
        ("tolerant", slow, n_slow),
    ):
        told = f"{seconds:8.2f}{seconds / bare:7.2f}{n_rows:12,}" if n_rows else "  (the file is not plain)"
        print(f"{name:18}{told}")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        given = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(folder) / "order_lines.csv"
        if len(sys.argv) == 1:
            order_lines(given)
        main(given, Path(folder))
