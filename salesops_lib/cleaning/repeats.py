"""Rows that are there twice: by key, in overlapping exports, within one file.

Which of several rows is kept depends on what they say, never on where they stand, so that the
order of rows and files changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.stage import Staged
from salesops_lib.tables import Table
from salesops_lib.tables.engine import quoted

#: Keys that tell rows of one order apart; numbered by us when the file has none.
LINE_KEYS = {"order_lines": "line_id", "returns": "return_id"}
EXACT, ELSEWHERE = "exact duplicate", "also in another file"
OTHER_VALUES, SUSPECTED = "same key, other values", "suspected duplicate"


def find(connection: Any, table: Table, staged: Sequence[Staged], settings: Settings) -> None:
    """Fill work.dropped and work.suspected (serial, record, fate, reason, kept_serial, kept).

    Rows of one key: equal ones are merged into one.  Where they differ, the version in the file
    that reaches to the latest day is kept; of one day, the version that most rows state, then
    the fullest, then the greatest in order of the columns.  The others are set aside.

    Rows without a line key: what several files hold is as often there as in the file that
    holds it most often; the copies in other files are merged.  Repeats within a file are real
    until the policy (data.duplicates) sets them aside.
    """
    for name in ("dropped", "suspected"):
        connection.execute(
            f"CREATE OR REPLACE TABLE work.{name} (serial INTEGER, record BIGINT, fate VARCHAR, reason VARCHAR, "
            "kept_serial INTEGER, kept BIGINT)"
        )
    numbered = LINE_KEYS.get(table.name)
    keyed = [one for one in staged if numbered is None or numbered in one.source.columns]
    if keyed:
        _by_key(connection, table, keyed, numbered)
    unkeyed = [one for one in staged if one not in keyed] + [
        one for one in keyed if numbered and _has_rows(connection, one, f"{quoted(numbered)} IS NULL")
    ]
    if unkeyed:
        where = f" AND {quoted(numbered)} IS NULL" if numbered else ""
        if len(unkeyed) > 1:
            _across_files(connection, table, unkeyed, where)
        _within_files(connection, table, unkeyed, where, settings)


def _has_rows(connection: Any, one: Staged, condition: str) -> bool:
    return bool(
        connection.execute(
            f"SELECT 1 FROM {one.table} WHERE fault IS NULL AND {condition} LIMIT 1"
        ).fetchall()
    )


def _union(staged: Sequence[Staged], columns: str, where: str = "") -> str:
    """All sound rows of staged sources."""
    return " UNION ALL ".join(
        f"SELECT {one.serial} AS serial, rowid AS record, {columns} FROM {one.table} WHERE fault IS NULL{where}"
        for one in staged
    )


def _exports(connection: Any, table: Table, staged: Sequence[Staged]) -> tuple[str, str]:
    """SQL of a source's place among its sources, and of how late its last day is.

    The export that ends first has the first place, whatever the order in sources.yaml.
    """
    if len(staged) == 1:
        return "0", "0"
    spans = {one.serial: ("", "") for one in staged}
    if table.dated_by:
        span = f"CAST(min({table.dated_by}) AS VARCHAR), CAST(max({table.dated_by}) AS VARCHAR)"
        for one in staged:
            first, last = connection.execute(f"SELECT {span} FROM {one.table} WHERE fault IS NULL").fetchone()
            spans[one.serial] = (last or "", first or "")
    ranked = sorted(staged, key=lambda one: (*spans[one.serial], one.source.place))
    days = sorted({last for last, _ in spans.values()})
    place = " ".join(f"WHEN {one.serial} THEN {k}" for k, one in enumerate(ranked))
    recency = " ".join(f"WHEN {serial} THEN {days.index(last)}" for serial, (last, _) in spans.items())
    return f"CASE serial {place} END", f"CASE serial {recency} END"


def _of_repeated(connection: Any, staged: Sequence[Staged], columns: str, where: str, hashed: str) -> bool:
    """Table work.candidates: the rows whose `hashed` another row has too; whether there are any."""
    rows = _union(staged, f"{hashed} AS found", where)
    connection.execute(
        f"CREATE OR REPLACE TABLE work.repeated AS SELECT found FROM ({rows}) GROUP BY found HAVING count(*) > 1"
    )
    if not connection.execute("SELECT 1 FROM work.repeated LIMIT 1").fetchall():
        return False
    connection.execute(
        "CREATE OR REPLACE TABLE work.alike AS SELECT serial, record FROM "
        f"({rows}) WHERE found IN (SELECT found FROM work.repeated)"
    )
    rows = " UNION ALL ".join(
        f"SELECT {one.serial} AS serial, rowid AS record, {columns} FROM {one.table} "
        f"WHERE rowid IN (SELECT record FROM work.alike WHERE serial = {one.serial})"
        for one in staged
    )
    connection.execute(f"CREATE OR REPLACE TABLE work.candidates AS {rows}")
    return True


def _by_key(connection: Any, table: Table, staged: Sequence[Staged], numbered: str | None) -> None:
    filled = {name for one in staged for name in (*one.source.columns, *one.plan.filled)}
    keys = ", ".join(quoted(key) for key in table.key if key in filled)
    where = f" AND {quoted(numbered)} IS NOT NULL" if numbered else ""
    columns = [quoted(name) for name in table.names]
    if not _of_repeated(connection, staged, ", ".join(columns), where, f"hash({keys})"):
        return
    n_filled = " + ".join(f"({column} IS NOT NULL)::INTEGER" for column in columns)
    best = ", ".join(["n_alike DESC", "n_filled DESC", *(f"{c} DESC NULLS LAST" for c in columns)])
    place, recency = _exports(connection, table, staged)
    connection.execute(
        f"INSERT INTO work.dropped WITH hashed AS (SELECT *, hash({', '.join(columns)}) AS content, {n_filled} AS n_filled, "
        f"{place} AS place, {recency} AS recency FROM work.candidates), "
        f"counted AS (SELECT *, count(*) OVER (PARTITION BY {keys}, content) AS n_alike, "
        f"max(recency) OVER (PARTITION BY {keys}, content) AS newest FROM hashed), "
        f"versions AS (SELECT *, first(content) OVER (PARTITION BY {keys} ORDER BY newest DESC, {best}) AS kept_content "
        "FROM counted), ranked AS (SELECT *, first(serial) OVER w AS kept_serial, first(record) OVER w AS kept, "
        "row_number() OVER w AS position FROM versions "
        f"WINDOW w AS (PARTITION BY {keys} ORDER BY content <> kept_content, place, record)) "
        "SELECT serial, record, CASE WHEN content = kept_content THEN 'merged' ELSE 'set_aside' END, "
        f"CASE WHEN content <> kept_content THEN '{OTHER_VALUES}' WHEN serial = kept_serial THEN '{EXACT}' "
        f"ELSE '{ELSEWHERE}' END, kept_serial, kept FROM ranked WHERE position > 1"
    )


def _across_files(connection: Any, table: Table, staged: Sequence[Staged], where: str) -> None:
    """Merge what several files hold: the union of their rows, each as often as in one of them at most."""
    content = f"hash({', '.join(map(quoted, table.names))})"
    if not _of_repeated(connection, staged, f"{content} AS content", where, content):
        return
    place, _ = _exports(connection, table, staged)
    connection.execute(
        f"INSERT INTO work.dropped WITH placed AS (SELECT *, {place} AS place, "
        "row_number() OVER (PARTITION BY content, serial ORDER BY record) AS copy, "
        "count(*) OVER (PARTITION BY content, serial) AS n_copies FROM work.candidates), "
        "kept AS (SELECT content, arg_max(serial, (n_copies, -place)) AS kept_serial FROM placed GROUP BY content "
        "HAVING count(DISTINCT serial) > 1) "
        f"SELECT p.serial, p.record, 'merged', '{ELSEWHERE}', k.kept_serial, o.record FROM placed AS p "
        "JOIN kept AS k ON k.content = p.content AND k.kept_serial <> p.serial "
        "JOIN placed AS o ON o.content = p.content AND o.serial = k.kept_serial AND o.copy = p.copy"
    )


def _within_files(
    connection: Any, table: Table, staged: Sequence[Staged], where: str, settings: Settings
) -> None:
    """Rows that are equal in every cell of the file, whether it is mapped or not."""
    for one in staged:
        held = columns_of(connection, one)
        alike = "record_hash" if "record_hash" in held else f"hash({', '.join(map(quoted, table.names))})"
        if not _of_repeated(connection, [one], f"{alike} AS alike", where, alike):
            continue
        is_aside = settings.duplicates == "set_aside"
        connection.execute(
            f"INSERT INTO work.{'dropped' if is_aside else 'suspected'} "
            f"SELECT serial, record, 'set_aside', '{SUSPECTED}', serial, first(record) OVER w FROM work.candidates AS c "
            "WHERE NOT EXISTS (SELECT 1 FROM work.dropped AS d WHERE d.serial = c.serial AND d.record = c.record) "
            "WINDOW w AS (PARTITION BY alike ORDER BY record) QUALIFY row_number() OVER w > 1"
        )


def columns_of(connection: Any, one: Staged) -> set[str]:
    """Columns of a staged table."""
    return {row[0] for row in connection.execute(f"DESCRIBE {one.table}").fetchall()}
