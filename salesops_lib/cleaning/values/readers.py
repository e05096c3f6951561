"""Which reader a column of a source has, and whether a row can do without its cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from salesops_lib.cleaning.settings import Range, Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.cleaning.values.amounts import Number
from salesops_lib.cleaning.values.dates import Day
from salesops_lib.cleaning.values.periods import Period
from salesops_lib.cleaning.values.spelling import text_sql
from salesops_lib.tables import Column, Table

#: Tables with a row for each sale, bill or payment.
LONG_TABLES = frozenset({"order_lines", "returns", "invoices", "receipts"})
#: Days on which something has happened, beside the day that dates a table.
_EVENTS = frozenset({"shipped_on"})
#: Columns where a blank says something: still here, still open, always so.
_BLANK_SPEAKS = frozenset({"left_on", "valid_from", "valid_to", "closed_on"})


class Reader(Protocol):
    """Reads one column: DuckDB's own cast, then four steps for the texts that it refuses.

    `pieces` takes the text apart, `written` puts a plain one together, `found` casts it, and
    `read` judges: a struct of `value`, `why` (there is none) and `rule`.
    """

    def fast(self, text: str) -> str: ...
    def pieces(self, text: str) -> str: ...
    def written(self, text: str, p: str) -> str: ...
    def found(self, p: str, w: str) -> str: ...
    def read(self, text: str, p: str, w: str, q: str) -> str: ...
    def reasons(self) -> dict[int, str]: ...


@dataclass(frozen=True)
class CellReader:
    """Steps that read one column of a source, as SQL.

    The steps are columns of subqueries, one on top of the other: `f_` the fast cast, then for what it
    refuses `t_` the text, `g_` the number in groups of thousands, else `p_` its pieces, `w_` the plain text, `q_` its cast and `r_` the judgement, and `v_`
    the value.  Steps, not nested expressions: an expression in a lambda is slow even for few rows.
    """

    column: Column
    reader: Reader
    can_be_blank: bool
    range: Range | None = None

    @property
    def name(self) -> str:
        return self.column.name

    @property
    def is_sound(self) -> str:
        """Whether the fast cast found a value that can be."""
        day = self.reader
        return day.is_sound(f"f_{self.name}") if isinstance(day, Day) else f"f_{self.name} IS NOT NULL"

    def fast(self, raw: str) -> str:
        """DuckDB's cast of the text as the file has it."""
        return self.reader.fast(raw)

    def text(self, raw: str) -> str:
        """The text, where the cast refused it."""
        return f"CASE WHEN ({self.is_sound}) IS NOT TRUE THEN {text_sql(raw)} END"

    def steps(self) -> dict[str, str]:
        """Prefix of each step's column → its expression, in order."""
        t, g, p, w, q = (f"{prefix}_{self.name}" for prefix in "tgpwq")
        reader, odd, usual = self.reader, f"{t} IS NOT NULL AND {g} IS NULL", ""
        if isinstance(reader, Number):
            usual = (
                f"WHEN {g} IS NOT NULL THEN struct_pack(value := {g}, why := NULL::INTEGER, "
                f"rule := 'thousands separators', marks := NULL::VARCHAR) "
            )
        return {
            "g": f"CASE WHEN {t} IS NOT NULL THEN {reader.usual(t)} END"
            if isinstance(reader, Number)
            else "NULL",
            "p": f"CASE WHEN {odd} THEN {reader.pieces(t)} END",
            "w": f"CASE WHEN {odd} THEN {reader.written(t, p)} END",
            "q": f"CASE WHEN {odd} THEN {reader.found(p, w)} END",
            "r": f"CASE {usual}WHEN {t} IS NOT NULL THEN {reader.read(t, p, w, q)} END",
        }

    @property
    def value(self) -> str:
        if isinstance(self.reader, Day):
            return f"CASE WHEN {self.is_sound} THEN f_{self.name} ELSE r_{self.name}.value END"
        return f"COALESCE(f_{self.name}, r_{self.name}.value)"

    @property
    def shown(self) -> str:
        """The value as text."""
        text = f"CAST(v_{self.name} AS VARCHAR)"
        return f"rtrim(rtrim({text}, '0'), '.')" if isinstance(self.reader, Number) else text

    @property
    def has_marks(self) -> bool:
        """Whether a currency may be written in the cell."""
        return isinstance(self.reader, Number) and self.reader.kind in ("money", "number")


def readers(table: Table, source: Source, settings: Settings) -> Mapping[str, CellReader]:
    """Readers of the mapped columns that are not text, in the order of the source's columns."""
    ranges = {entry.column: entry for entry in settings.ranges}
    return {
        name: CellReader(
            table[name],
            _reader(table, table[name], source, settings),
            _can_be_blank(table, table[name], settings),
            ranges.get(f"{table.name}.{name}"),
        )
        for name in source.columns
        if table[name].type != "text" or name == "period"
    }


def _reader(table: Table, column: Column, source: Source, settings: Settings) -> Reader:
    header = source.columns[column.name]
    if column.name == "period":
        return Period("quarter" in column.about, header)
    if column.type == "date":
        is_event = column.name == table.dated_by or column.name in _EVENTS
        return Day(source.date_order, header, settings.time_zone, _last_day(settings) if is_event else None)
    assert column.type != "text"
    return Number(
        column.type,
        source.decimal,
        source.units.get(column.name, 1),
        table.name in LONG_TABLES and column.type != "ratio",
        column.name == "discount_rate",
    )


def _last_day(settings: Settings) -> date:
    return settings.today + timedelta(days=settings.future_days)


def _can_be_blank(table: Table, column: Column, settings: Settings) -> bool:
    """Whether a row is used without a cell that cannot be read."""
    return (
        settings.unreadable == "blank"
        and column.type in ("date", "number", "integer")
        and not column.required
        and column.name not in (*table.key, table.dated_by, *_BLANK_SPEAKS)
    )
