"""What the measures of the sales process cost, beside one bare scan and grouping of the history.

    python benchmarks/process.py [--deals N] [--store FILE]

Makes N deals (1 million) of three years with five changes each, so that a history is as large as those of real systems, and
builds the facts as a load does.  Prints for each measure the least of three times and its ratio to the bare
`SELECT … FROM opportunity_changes GROUP BY opportunity_id` of the same run.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from salesops_lib import pipeline, policy
from salesops_lib.periods import Calendar
from salesops_lib.tables import SQL_TYPES, TABLES, views
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.tables.facts import Facts
from salesops_lib.workspace import Workspace

REPEATS = 3
LAST = "DATE '2025-12-31'"
_TABLES = ("opportunities", "opportunity_changes", "leads", "targets")
_STAGES = "['lead', 'needs', 'quote', 'contract', 'won']"

_DRAWN = """
CREATE TABLE drawn AS SELECT i, 'O' || i AS id, DATE '2023-01-01' + CAST(hash(i, 1) % 1095 AS INTEGER) AS created_on,
       [5 + hash(i, k) % 30 FOR k IN [3, 4, 5, 6]] AS stays, [300, 480, 600, 700, 1001] AS edges, hash(i, 2) % 1000 AS u FROM range({n}) AS t(i)
"""
_MOVES = """
CREATE TABLE moves AS
SELECT i, id, created_on + CAST(list_sum(stays[:k]) AS INTEGER) AS day, {stages}[k] AS old_value,
       CASE WHEN u < edges[k] THEN 'lost' ELSE {stages}[k + 1] END AS new_value
FROM drawn CROSS JOIN range(1, 5) AS steps(k)
WHERE (k = 1 OR u >= edges[k - 1]) AND created_on + CAST(list_sum(stays[:k]) AS INTEGER) <= {last}
"""
_FILL = (
    "INSERT INTO opportunity_changes BY NAME SELECT id AS opportunity_id, day AS changed_on, 'stage' AS field, old_value, new_value FROM moves",
    "INSERT INTO opportunity_changes BY NAME SELECT id AS opportunity_id, created_on + CAST(k * 7 AS INTEGER) AS changed_on,"
    " CASE WHEN k % 2 = 0 THEN 'amount' ELSE 'expected_close_on' END AS field,"
    " CASE WHEN k % 2 = 0 THEN CAST(100000 + k AS VARCHAR) ELSE CAST(created_on + 60 + CAST(k * 10 AS INTEGER) AS VARCHAR) END AS old_value,"
    " CASE WHEN k % 2 = 0 THEN CAST(100000 + k * 5 AS VARCHAR) ELSE CAST(created_on + 70 + CAST(k * 10 AS INTEGER) AS VARCHAR) END AS new_value"
    " FROM drawn CROSS JOIN range(1, 5) AS steps(k) WHERE created_on + CAST(k * 7 AS INTEGER) <= {last} LIMIT {rest}",
    "INSERT INTO opportunities BY NAME SELECT d.id AS opportunity_id, 'R' || (d.i % 80) AS rep_id, 'C' || (d.i % 20000) AS customer_id,"
    " CAST(1000000 + hash(d.i, 9) % 90000000 AS BIGINT) AS amount, COALESCE(m.stage, 'lead') AS stage, d.created_on, d.created_on + 60 AS expected_close_on,"
    " CASE WHEN m.stage IN ('won', 'lost') THEN m.day END AS closed_on, CASE WHEN m.stage IN ('won', 'lost') THEN m.stage ELSE 'open' END AS outcome,"
    " CASE WHEN m.stage = 'lost' THEN ['price', 'fit', 'time'][1 + d.i % 3] END AS loss_reason, CASE WHEN d.i % 4 = 0 THEN 'Rival' || (d.i % 5) END AS competitor"
    " FROM drawn AS d LEFT JOIN (SELECT i, arg_max(new_value, day) AS stage, MAX(day) AS day FROM moves GROUP BY i) AS m ON m.i = d.i",
    "INSERT INTO leads BY NAME SELECT 'L' || i AS lead_id, created_on - 3 AS created_on, 'web' AS source, created_on - 2 AS first_response_on,"
    " 1 + i % 9 AS response_hours, created_on AS qualified_on, id AS opportunity_id FROM drawn WHERE i % 4 = 0",
    "INSERT INTO targets BY NAME SELECT 'v1' AS version, 'company' AS scope_type, 'company' AS scope_id, 'bookings' AS measure,"
    " '2026-0' || k AS period, 1e9 AS value FROM range(1, 4) AS months(k)",
)


def store(path: Path, n: int) -> DuckDBEngine:
    """Facts of `n` deals in a file, made where it is not there yet."""
    is_new = not path.exists()
    engine = DuckDBEngine(path)
    if is_new:
        for name in _TABLES:
            body = ", ".join(f"{c.name} {SQL_TYPES[c.type]}" for c in TABLES[name].columns)
            engine.execute(f"CREATE TABLE {name} ({body})")
        engine.execute(_DRAWN.format(n=n))
        engine.execute(_MOVES.format(stages=_STAGES, last=LAST))
        rest = 5 * n - engine.rows("SELECT COUNT(*) FROM moves")[0][0]
        for statement in _FILL:
            engine.execute(statement.format(last=LAST, rest=rest))
        engine.execute("DROP TABLE moves")
        engine.execute("DROP TABLE drawn")
        views.build(engine)
        engine.execute("CREATE TABLE store_facts (name VARCHAR, value VARCHAR)")
    return engine


def least(what: Callable[[], object]) -> float:
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        what()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--deals", type=int, default=1_000_000)
    options.add_argument("--store", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        engine = store(given.store or Path(folder) / "facts.duckdb", given.deals)
        rules = policy.load(None)
        calendar = Calendar(**rules.calendar_settings())
        facts = Facts(engine)
        ws = Workspace(
            Path(folder), rules, facts, calendar, date(2025, 12, 31), calendar.parse("2025-12"), "en"
        )
        bare = least(
            lambda: engine.query(
                "SELECT COUNT(*), MAX(n) FROM (SELECT opportunity_id, COUNT(*) AS n, MIN(changed_on) AS first_on, MAX(changed_on) AS last_on"
                " FROM opportunity_changes GROUP BY opportunity_id) AS grouped"
            )
        )
        print(
            f"{facts.rows['deals']:,} deals, {facts.rows['opportunity_changes']:,} changes; bare scan and grouping {bare:.3f} s"
        )
        every = 0.0
        for name in pipeline.__all__:
            if name in ("Review", "review"):
                continue
            taken = least(partial(getattr(pipeline, name), ws))
            every += taken
            print(f"  {name:18s} {taken:7.3f} s {taken / bare:6.2f} ×")
        print(f"  {'all':18s} {every:7.3f} s {every / bare:6.2f} ×")
        engine.close()


if __name__ == "__main__":
    main()
