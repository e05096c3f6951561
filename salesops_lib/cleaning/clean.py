"""One statement per source: text into typed values, with the reason wherever there is none.

A staged row is sound, or has a fault (it is set aside), or is no data at all (it is excluded): a
blank row, the headers once more, a row of totals.  What happens to a cell that cannot be read:

===========================  ======================================================
column                       the row is
===========================  ======================================================
required, or part of a key   set aside
money, quantity, share       set aside, for a sum without it would be wrong
the table's day              set aside, for the row would belong to no period
`left_on`, `valid_to`, …     set aside, for a blank there means something else
any other day or number      used; the cell is blank, and listed among the changes
                             (unless the policy says `data.unreadable: set_aside`)
===========================  ======================================================

`changes` of a staged row lists the cells whose meaning a rule had to interpret: 1.2万, (1,234),
31-Jan-24.  Not listed are white space around a value and the usual ways of writing a day with
year, month and day in this order (20240131, 2024年1月31日): nothing is interpreted there.  What
holds for all cells of a column (the decimal mark, the order of dates, 万元) is a rule of the column.

Nothing here reads data: statements are built from contracts and from entries of sources.yaml.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from salesops_lib.cleaning.settings import UNKNOWN_CURRENCY, Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.cleaning.values import rows
from salesops_lib.cleaning.values.amounts import Number
from salesops_lib.cleaning.values.currencies import (
    currency_sql,
    digits_of,
    minor_units,
    other_digits_sql,
)
from salesops_lib.cleaning.values.derived import Derived, derived, returned_sql
from salesops_lib.cleaning.values.readers import LONG_TABLES, CellReader, readers
from salesops_lib.cleaning.values.spelling import code_sql, literal, text_sql
from salesops_lib.tables import SQL_TYPES, TABLES, Column, Table
from salesops_lib.tables.engine import quoted

__all__ = ["Fault", "Rule", "Staging", "digits_of", "literal", "staging"]

_CHANGES = 'STRUCT(column_name VARCHAR, "before" VARCHAR, "after" VARCHAR, rule VARCHAR)[]'
#: Amounts and quantities that a line marked as returned states without their sign.
_SIZES = (
    "net_amount",
    "gross_amount",
    "quantity",
    "tax_amount",
    "discount_amount",
    "cost_amount",
    "margin_amount",
)
#: Name of a subquery, and prefix of its columns.
_STEPS = (("grouped", "g"), ("pieces", "p"), ("written", "w"), ("found", "q"), ("judged", "r"))
_CONFLICT = "is in another currency than its row or file"


@dataclass(frozen=True)
class Fault:
    """Why a row is not used: a code in the staged table stands for column and reason.

    `fate` is `set_aside`, or `excluded` for a row that is no data.
    """

    code: int
    column: str
    reason: str
    fate: str = "set_aside"


@dataclass(frozen=True)
class Rule:
    """How all cells of a column were read."""

    column: str
    rule: str
    detail: str = ""


@dataclass(frozen=True)
class Staging:
    """The statement that stages one source, and how to read its fault codes and notes.

    The staged table has the contract's columns, `exact_<column>` for each of `money` (currency
    units before rounding; also of rows with a fault), `changes`, `fault`, `fault_value` and
    `record_hash` (of rows without a key of their own).
    """

    sql: str
    faults: tuple[Fault, ...]
    money: tuple[str, ...]
    filled: tuple[str, ...]
    notes: tuple[str, ...]
    rules: tuple[Rule, ...] = ()


def staging(
    source: Source, headers: Sequence[str], relation: str, settings: Settings, target: str
) -> Staging:
    """Statement that makes `target`: one typed row per record, with its fault when it has one.

    Parameters
    ----------
    headers
        Headers of the source; column k of `relation` is `ck`.
    relation
        SQL that gives the records as text.
    """
    return _Statement(source, headers, settings).staging(relation, target)


class _Statement:
    """The parts of one source's statement; each step of it is a subquery on the one before."""

    def __init__(self, source: Source, headers: Sequence[str], settings: Settings) -> None:
        self.source = source
        self.table: Table = TABLES[source.table]
        self.raw = {name: f"c{headers.index(header)}" for name, header in source.columns.items()}
        self.every = [f"c{index}" for index in range(len(headers))]
        self.cells = readers(self.table, source, settings)
        self.home = "" if source.currency == UNKNOWN_CURRENCY else source.currency
        whole = 12 if self.table.name in LONG_TABLES else 15
        self.whole, self.exact = whole, f"DECIMAL({whole + 6}, 6)"
        self.derived: Derived = derived(self.table, source, settings, self.exact)
        self.faults = [Fault(code, "", reason, "excluded") for code, reason in rows.REASONS.items()]

    def staging(self, relation: str, target: str) -> Staging:
        places = {"other_places": other_digits_sql("v_currency", self.home)} if self._has_places else {}
        steps = {
            "fast": {f"f_{name}": cell.fast(self.raw[name]) for name, cell in self.cells.items()},
            "texts": self._texts(),
            **{
                step: {f"{prefix}_{name}": cell.steps()[prefix] for name, cell in self.cells.items()}
                for step, prefix in _STEPS
            },
            "valued": self._valued(),
            "noted": self._noted(),
            "settled": self._settled(),
            "listed": {"changed": self._changes(), "record_hash": self._hash()},
            "derived": {f"v_{name}": sql for name, sql in self.derived.first.items()},
            "complete": {f"v_{name}": sql for name, sql in self.derived.second.items()},
            "checked": {"first_fault": self._first_fault(), **places},
            "weighed": {"fault": f"CAST({self._fault()} AS SMALLINT)"},
        }
        known: set[str] = set()
        subqueries, source = [], relation
        for name, columns in steps.items():
            if columns:
                subqueries.append(f"{name} AS NOT MATERIALIZED ({_step(columns, known, source)})")
                source = name
        money = tuple(n for n in self._filled() if self.table[n].type == "money")
        stored = [f"{self._stored(column)} AS {quoted(column.name)}" for column in self.table.columns]
        stored += [f"v_{name} AS exact_{name}" for name in money]
        sql = (
            f"CREATE OR REPLACE TABLE {target} AS WITH {', '.join(subqueries)} SELECT {', '.join(stored)}, "
            f"CASE WHEN len(changed) > 0 THEN changed END AS changes, fault, {self._shown()} AS fault_value, record_hash FROM {source}"
        )
        filled = tuple(name for name in self._filled() if name not in self.raw)
        return Staging(
            sql, tuple(self.faults), money, filled, tuple(self.derived.notes), tuple(self._rules())
        )

    def _filled(self) -> list[str]:
        """Columns with a value: mapped ones, then those that follow."""
        names = dict.fromkeys((*self.raw, *self.derived.first, *self.derived.second))
        if "currency" in self.table.names and (self.home or self._takes_currency):
            names["currency"] = None
        return list(names)

    def _texts(self) -> dict[str, str]:
        """Texts of text columns, and those that the fast casts refused."""
        return {
            f"t_{name}": self.cells[name].text(column) if name in self.cells else text_sql(column)
            for name, column in self.raw.items()
        }

    def _hash(self) -> str:
        """Hash of the whole record, for rows that have no whole key to be told apart by."""
        whole = f"hash({', '.join(self.every)})"
        if not self.raw.keys() >= set(self.table.key):
            return whole
        blank = " OR ".join(f"{'v' if key in self.cells else 't'}_{key} IS NULL" for key in self.table.key)
        return f"CASE WHEN {blank} THEN {whole} END"

    def _valued(self) -> dict[str, str]:
        found = {}
        for name in self.raw:
            text = f"t_{name}"
            if name in self.cells:
                found[f"v_{name}"] = self.cells[name].value
            elif name == "currency":
                found["v_currency"] = currency_sql(text)
            elif name.endswith("_id"):
                found[f"v_{name}"] = code_sql(text, is_float=name in self.source.float_codes)
            else:
                found[f"v_{name}"] = text
        return found

    def _noted(self) -> dict[str, str]:
        """Whether the row is a returned line, and the currency that its amounts name."""
        found = {}
        if self._turned:
            found["is_returned"] = returned_sql("v_status", f"v_{self._turned[0]}")
        if self._takes_currency:
            marks = [f"r_{name}.marks" for name in self._marked]
            named = ", ".join(
                f"CASE WHEN strlen({m}) = 3 AND {m} <> {literal(self.home)} THEN {m} END" for m in marks
            )
            odd = " OR ".join(f"r_{name} IS NOT NULL" for name in self._marked)
            found["named_currency"] = f"CASE WHEN {odd} THEN COALESCE({named}, NULL) END"
        return found

    def _settled(self) -> dict[str, str]:
        """Values with the sign and currency of their row."""
        found = {f"v_{n}": f"CASE WHEN is_returned THEN -v_{n} ELSE v_{n} END" for n in self._turned}
        if "currency" in self.table.names:
            stated = "v_currency" if "currency" in self.raw else ""
            named = "named_currency" if self._takes_currency else ""
            home = literal(self.home) if self.home and not stated else ""
            if parts := [part for part in (stated, named, home) if part]:
                found["v_currency"] = f"COALESCE({', '.join([*parts, 'NULL'])})"
        return found

    @property
    def _turned(self) -> list[str]:
        """Amounts of which returned lines state the size only."""
        if self.source.returns != "marked" or "status" not in self.raw:
            return []
        return [name for name in _SIZES if name in self.raw]

    @property
    def _marked(self) -> list[str]:
        return [name for name, cell in self.cells.items() if cell.has_marks]

    @property
    def _takes_currency(self) -> bool:
        return "currency" in self.table.names and bool(self._marked)

    def _changes(self) -> str:
        """The cells of the row that a rule had to interpret; NULL or empty for none."""
        entries, odd = [], []
        for name, cell in self.cells.items():
            cases, r = "", f"r_{name}"
            if name in self._turned:
                cases += f"WHEN is_returned THEN {_change(name, self.raw[name], cell.shown, literal('returned line is minus'))} "
            cases += f"WHEN {r}.rule IS NOT NULL AND {r}.value IS NOT NULL THEN {_change(name, self.raw[name], cell.shown, f'{r}.rule')} "
            if cell.can_be_blank:
                rule = " ".join(
                    f"WHEN {k} THEN {literal(f'{why}; left blank')}"
                    for k, why in cell.reader.reasons().items()
                )
                cases += f"WHEN {r}.why IS NOT NULL THEN {_change(name, self.raw[name], 'NULL', f'CASE {r}.why {rule} END')} "
            odd.append(f"{r} IS NOT NULL")
            if cell.range and cell.range.otherwise == "keep":
                outside = " OR ".join(condition for condition, _ in _outside(cell))
                cases += f"WHEN {outside} THEN {_change(name, self.raw[name], cell.shown, literal('out of range; kept'))} "
                odd.append(outside)
            entries.append(f"CASE {cases}END")
        for name in self.raw:
            if name == "currency" or (name.endswith("_id") and name not in self.source.float_codes):
                rule = "currency name" if name == "currency" else "full-width characters"
                odd.append(f"t_{name} <> v_{name}")
                entries.append(
                    f"CASE WHEN {odd[-1]} THEN {_change(name, self.raw[name], f'v_{name}', literal(rule))} END"
                )
        if self._takes_currency:
            entries.append(
                f"CASE WHEN named_currency = v_currency THEN {_change('currency', 'NULL', 'v_currency', literal('currency written in the amount'))} END"
            )
        odd += ["is_returned"] if self._turned else []
        if not entries:
            return f"CAST(NULL AS {_CHANGES})"
        listed = f"list_filter([{', '.join(entries)}], lambda change: change IS NOT NULL)"
        return f"CASE WHEN {' OR '.join(odd)} THEN CAST({listed} AS {_CHANGES}) END"

    def _first_fault(self) -> str:
        """Code of the row's first fault, in the order of the mapped columns."""
        checks = [check for name in self.raw for check in self._checks(name)]
        if self.derived.product:
            factors = [f"v_{name} IS NOT NULL" for name in self.derived.factors]
            code = self._add(self.derived.product, "is out of range")
            checks.append(
                f"CASE WHEN v_{self.derived.product} IS NULL AND {' AND '.join(factors)} THEN {code} END"
            )
        return f"COALESCE({', '.join([*checks, 'NULL'])})"

    def _checks(self, name: str) -> Iterator[str]:
        """What can be wrong with one cell: each an expression of its fault's code."""
        text, r, cell = f"t_{name}", f"r_{name}", self.cells.get(name)
        if self.table[name].required:
            blank = f"v_{name} IS NULL AND {r} IS NULL" if cell else f"{text} IS NULL"
            yield f"CASE WHEN {blank} THEN {self._add(name, 'required value is blank')} END"
        if cell is None:
            return
        if not cell.can_be_blank:
            codes = {why: self._add(name, reason) for why, reason in cell.reader.reasons().items()}
            yield f"CASE WHEN {r}.why IS NOT NULL THEN {r}.why + {codes[1] - 1} END"
        if cell.range and cell.range.otherwise == "set_aside":
            for condition, reason in _outside(cell):
                yield f"CASE WHEN {condition} THEN {self._add(name, reason)} END"
        if cell.has_marks:
            own = (
                "v_currency"
                if "currency" in self.table.names and (self.home or self._takes_currency)
                else literal(self.home)
            )
            certain = f" AND strlen({r}.marks) = 3" if "currency" in self.raw else ""
            conflict = (
                f"{r}.marks IS NOT NULL{certain} AND strlen({own}) = 3 AND NOT contains({r}.marks, {own})"
            )
            yield f"CASE WHEN {conflict} THEN {self._add(name, _CONFLICT)} END"

    def _add(self, column: str, reason: str) -> int:
        self.faults.append(Fault(len(self.faults) + 1, column, reason))
        return len(self.faults)

    @property
    def _words(self) -> list[str]:
        return [self._text(n) for n in self.raw if self.table[n].type in ("text", "date")]

    def _text(self, name: str) -> str:
        """What the file holds, whether a cast read it or not."""
        return self.raw[name] if name in self.cells else f"t_{name}"

    def _fault(self) -> str:
        """The row's fault: that it is no data, else its first one."""
        texts = {self._text(name): header for name, header in self.source.columns.items()}
        key = [
            f"t_{n}"
            for n in dict.fromkeys((*self.table.key, *self.table.required))
            if n in self.raw and n not in self.cells
        ]
        day = next((self.raw[n] for n in (self.table.dated_by, "period") if n in self.raw), "")
        cases = f"WHEN {rows.nothing(self.every)} THEN {rows.BLANK} WHEN {rows.headers(texts)} THEN {rows.HEADERS}"
        cases += f" WHEN {rows.totals(key, day, self._words)} THEN {rows.TOTALS}" if self._words else ""
        sound = ""
        if key:
            sound = (
                f"WHEN {key[0]} = {literal(texts[key[0]].strip())} AND {rows.headers(texts)} THEN {rows.HEADERS} "
                f"WHEN {rows.total_key(key[0], [text for text in self._words if text.startswith('t_')])} THEN {rows.TOTALS}"
            )
        return f"CASE WHEN first_fault IS NOT NULL THEN CASE {cases} ELSE first_fault END {sound} END"

    def _shown(self) -> str:
        """The value at fault."""
        cases = "".join(
            f"WHEN {f.code} THEN {self.raw[f.column]} " for f in self.faults if f.column in self.cells
        )
        totals = f"WHEN {rows.TOTALS} THEN {rows.total_word(self._words)} " if self._words else ""
        return f"CASE fault {cases}{totals}ELSE CAST(NULL AS VARCHAR) END"

    def _stored(self, column: Column) -> str:
        kind, value = SQL_TYPES[column.type], f"v_{column.name}"
        if column.name not in self._filled():
            return f"CAST(NULL AS {kind})"
        if column.type != "money":
            return value if column.type in ("text", "date") else f"CAST({value} AS {kind})"
        usual = minor_units(value, digits_of(self.home), self.whole)
        if not self._has_places:
            return usual
        others = " ".join(f"WHEN {n} THEN {minor_units(value, n, self.whole)}" for n in (0, 2, 3, 4))
        return f"CASE WHEN other_places IS NULL THEN {usual} ELSE CASE other_places {others} END END"

    @property
    def _has_places(self) -> bool:
        """Whether rows can have a currency with other minor units than the usual one."""
        return "currency" in self.raw or self._takes_currency

    def _rules(self) -> Iterator[Rule]:
        orders = {"dmy": "day first", "mdy": "month first", "roc": "民国 year", "epoch": "seconds since 1970"}
        for name, cell in self.cells.items():
            if cell.column.type == "date" and self.source.date_order in orders:
                yield Rule(name, orders[self.source.date_order])
            if isinstance(cell.reader, Number):
                if self.source.decimal == ",":
                    yield Rule(name, "comma is the decimal mark")
                if cell.reader.factor != 1:
                    yield Rule(name, "unit in the header", f"×{cell.reader.factor:,}")
            if name in self._turned:
                yield Rule(name, "returned lines are minus", f"where {self.source.columns['status']} says so")
        for name in self.source.float_codes:
            yield Rule(name, "float code")
        for name, rule in self.derived.rules:
            yield Rule(name, *rule.split(": ", 1))


def _step(columns: dict[str, str], known: set[str], source: str) -> str:
    """One subquery: new columns beside, and known ones replaced."""
    replaced = ", ".join(f"{sql} AS {name}" for name, sql in columns.items() if name in known)
    added = "".join(f", {sql} AS {name}" for name, sql in columns.items() if name not in known)
    known.update(columns)
    return f"SELECT *{f' REPLACE ({replaced})' if replaced else ''}{added} FROM {source}"


def _change(column: str, before: str, after: str, rule: str) -> str:
    return f'struct_pack(column_name := {literal(column)}, "before" := {before}, "after" := {after}, rule := {rule})'


def _outside(cell: CellReader) -> Iterator[tuple[str, str]]:
    """Conditions under which a value is out of its range, each with what to tell."""
    assert cell.range is not None
    for limit, sign, told in (
        (cell.range.least, "<", "is less than"),
        (cell.range.most, ">", "is larger than"),
    ):
        if limit is not None:
            shown = str(limit) if isinstance(limit, date) else f"{Decimal(str(limit)):f}"
            yield (
                f"v_{cell.name} {sign} {f'DATE {literal(shown)}' if isinstance(limit, date) else shown}",
                f"{told} {shown}",
            )
