"""What the books, or a totals row of the file, say that a file adds up to, against what was read of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from salesops_lib.cleaning.audit import Audit, Control
from salesops_lib.cleaning.clean import digits_of
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import SOURCES, Source
from salesops_lib.errors import DataError

TOTALS_ROW = "totals row"
_MONEY = "DECIMAL(28, 6)"
_CONTROLS = (
    f"source VARCHAR, table_name VARCHAR, column_name VARCHAR, stated {_MONEY}, stated_by VARCHAR, read_total {_MONEY}, "
    f"used_total {_MONEY}, difference {_MONEY}, is_within BOOLEAN"
)


@dataclass(frozen=True)
class Checked:
    """One stated total and what was read, in currency units; `difference` is read − stated."""

    source: str
    table_name: str
    column_name: str
    stated: Decimal
    stated_by: str
    read_total: Decimal | None
    used_total: Decimal | None
    difference: Decimal | None
    is_within: bool


def controls(connection: Any, sources: Iterable[Source], audit: Audit, settings: Settings) -> None:
    """Make table `audit_controls`: stated totals against the totals of all rows read.

    One row for each source, money column and stating party: `books` (the entry `control` of
    sources.yaml) or `totals row` (such a row of the file itself, which is excluded from the
    rows).  What was read is what is used, set aside, merged, and excluded for other reasons.
    Of several totals rows the last one counts, or all together where they come nearer to what
    was read: a grand total stands at the end, subtotals add up.

    Raises
    ------
    DataError
        If a total in sources.yaml is not a number.
    """
    read = {(c.source, c.table, c.column): c for c in audit.controls}
    excluded = _excluded(connection)
    rows = [
        checked
        for source in sources
        if source.table
        for checked in _of_source(source, read, excluded, Decimal(str(settings.tolerance)))
    ]
    connection.execute(f"CREATE OR REPLACE TABLE main.audit_controls ({_CONTROLS})")
    if rows:
        connection.executemany(
            f"INSERT INTO main.audit_controls VALUES ({', '.join('?' * len(asdict(rows[0])))})",
            [list(asdict(row).values()) for row in rows],
        )


def _of_source(
    source: Source,
    read: dict[tuple[str, str, str], Control],
    excluded: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]],
    tolerance: Decimal,
) -> Iterator[Checked]:
    aside = excluded.get((source.name, source.table), [])
    per_unit = 10 ** digits_of(source.currency)
    for column, text in source.control.items():
        control = read.get((source.name, source.table, column))
        others = _amounts(aside, column, per_unit, totals=False)
        yield _checked(source, column, "books", _number(source, column, text), control, others, tolerance)
    for (name, table, column), control in read.items():
        if (name, table) != (source.name, source.table) or not is_additive(column):
            continue
        stated = _amounts(aside, column, per_unit, totals=True)
        if stated:
            others = _amounts(aside, column, per_unit, totals=False)
            total = min((stated[-1], sum(stated, Decimal())), key=lambda v: abs(v - _read(control, others)))
            yield _checked(source, column, TOTALS_ROW, total, control, others, tolerance)


def is_additive(column: str) -> bool:
    """Whether a money column can be summed over rows; prices and limits cannot.

    >>> is_additive("net_amount"), is_additive("unit_price")
    (True, False)
    """
    return column == "amount" or column.endswith("_amount")


def _checked(
    source: Source,
    column: str,
    stated_by: str,
    stated: Decimal,
    control: Control | None,
    others: list[Decimal],
    tolerance: Decimal,
) -> Checked:
    place = (source.name, source.table, column, stated, stated_by)
    if control is None:
        return Checked(*place, None, None, None, is_within=False)
    read = _read(control, others)
    within = abs(read - stated) <= tolerance * abs(stated)
    return Checked(*place, read, control.raw_total, read - stated, is_within=within)


def _read(control: Control, others: list[Decimal]) -> Decimal:
    return control.raw_total + control.set_aside_total + control.merged_total + sum(others, Decimal())


def _number(source: Source, column: str, text: str) -> Decimal:
    try:
        return Decimal(str(text).replace(",", "").strip())
    except InvalidOperation:
        raise DataError(
            f"{SOURCES.as_posix()}: control of {source.name} says {text!r} for {column}, which is not a number. "
            "Write the total of the books in currency units, e.g. 1234567.89, or take the line out."
        ) from None


def _excluded(connection: Any) -> dict[tuple[str, str], list[tuple[str, dict[str, Any]]]]:
    """(source, table) → reason and cells of each row that is excluded, in the order of the file."""
    held = connection.execute(
        "SELECT count(*) FROM duckdb_columns() WHERE table_name = 'set_aside' AND column_name = 'fate'"
    ).fetchall()[0][0]
    found: dict[tuple[str, str], list[tuple[str, dict[str, Any]]]] = {}
    if held:
        for source, table, reason, record in connection.execute(
            "SELECT source, table_name, reason, record FROM main.set_aside WHERE fate = 'excluded' AND record <> '' ORDER BY line"
        ).fetchall():
            found.setdefault((source, table), []).append((reason, json.loads(record)))
    return found


def _amounts(
    rows: list[tuple[str, dict[str, Any]]], column: str, per_unit: int, *, totals: bool
) -> list[Decimal]:
    """What excluded rows state in a money column (minor units there), in currency units."""
    return [
        Decimal(cells[column]) / per_unit
        for reason, cells in rows
        if (reason == TOTALS_ROW) == totals and cells.get(column) is not None
    ]
