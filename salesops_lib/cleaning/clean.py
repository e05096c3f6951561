"""SQL that turns text into typed values, and says why when it cannot.

Each expression takes DuckDB's own cast first and the tolerant path only for what that refuses.
Nothing here reads data: statements are built from contracts and from entries of sources.yaml.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source
from salesops_lib.tables import SQL_TYPES, TABLES, Column, Table
from salesops_lib.tables.engine import quoted

EXACT = "DECIMAL(17, 6)"
BLANK_ROW = "blank row"
_SPACES = " \t\r\n\v\f\u3000\u00a0\u200b\ufeff"
_WIDE = "".join(map(chr, range(0xFF01, 0xFF5F))) + "\u3000￥−"
_NARROW = "".join(map(chr, range(0x21, 0x7F))) + " ¥-"
_BLANKS = (
    "N/A",
    "n/a",
    "NA",
    "#N/A",
    "NaN",
    "nan",
    "None",
    "none",
    "null",
    "-",
    "--",
    "—",
    "无",
    "空",
    "\\N",
)
_CURRENCY = r"(?i)(cny|rmb|usd|eur|gbp|jpy|hkd|元|[¥￥$€£\s])"
_AMOUNT = r"[-+]?(\d{1,3}(,\d{3})+|\d+|)(\.\d*)?"
_DMY = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
_MDY = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S")
_NAMED = (
    "%Y%m%d",
    "%Y.%m.%d",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M",
    "%Y年%m月%d日",
    "%d-%b-%Y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%B %d, %Y",
)


@dataclass(frozen=True)
class Fault:
    """Why a row is set aside: a code in the staged table stands for column and reason."""

    code: int
    column: str
    reason: str


@dataclass(frozen=True)
class Staging:
    """The statement that stages one source, and how to read its fault codes and notes."""

    sql: str
    faults: tuple[Fault, ...]
    money: tuple[str, ...]
    filled: tuple[str, ...]
    notes: tuple[str, ...]


def literal(text: str) -> str:
    """`text` as an SQL string.

    >>> literal("it's")
    "'it''s'"
    """
    return "'" + text.replace("'", "''") + "'"


def _is_one_of(text: str, words: Sequence[str]) -> str:
    """Whether `text` is one of `words`.

    Not `IN`: DuckDB makes a hash join of a long list, and a join loses the order of the file.
    """
    return f"regexp_full_match({text}, {literal('|'.join(map(re.escape, words)))})"


def digits_of(currency: str) -> int:
    """Decimal places of a currency's minor unit; 2 for an unknown one.

    >>> digits_of("CNY"), digits_of("JPY")
    (2, 0)
    """
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency) if currency else 2


def date_sql(text: str, order: str) -> str:
    """Day that `text` writes, NULL when it is none.

    Without a stated `order` (`dmy`, `mdy`), a date like 03/04/2026 is not read at all.  Years of
    two digits are of this century.
    """
    slashed = {"dmy": _DMY, "mdy": _MDY}.get(order, ())
    narrow = f"translate({text}, {literal(_WIDE)}, {literal(_NARROW)})"
    formats = "[" + ", ".join(map(literal, (*slashed, *_NAMED))) + "]"
    serial = f"regexp_full_match({narrow}, '[2-7]\\d{{4}}(\\.\\d+)?')"
    tolerant = (
        f"CASE WHEN {serial} THEN DATE '1899-12-30' + CAST(floor(TRY_CAST({narrow} AS DOUBLE)) AS INTEGER)"
        f" ELSE COALESCE({_year_first(narrow)}, CAST(try_strptime({narrow}, {formats}) AS DATE)) END"
    )
    first = _year_first(text)
    if slashed:
        short = f"regexp_full_match({narrow}, '\\d{{1,2}}/\\d{{1,2}}/\\d{{2}}')"
        long = f"regexp_replace({narrow}, '(\\d{{2}})$', '20\\1')"
        tolerant = f"CASE WHEN {short} THEN CAST(try_strptime({long}, {literal(slashed[0])}) AS DATE) ELSE {tolerant} END"
        read = f"CAST(try_strptime({text}, {literal(slashed[0])}) AS DATE)"
        first = f"CASE WHEN {text}[-3:-3] NOT IN ('/', '-', '.') THEN {read} END"
    return f"CASE WHEN {text} IS NOT NULL THEN COALESCE({first}, {tolerant}) END"


def _year_first(text: str) -> str:
    return f"CASE WHEN {text}[5:5] IN ('-', '/') THEN TRY_CAST({text} AS DATE) END"


def exact_sql(text: str, decimal: str = ".") -> str:
    """Number that `text` writes, exact to six decimals, NULL when it is none.

    Reads 1,234.50, ￥1,234.50, (1,234), 1234-, 1.2万, 15 USD; with `decimal` "," also 1.234,50.
    """
    narrow = f"translate({text}, {literal(_WIDE)}, {literal(_NARROW)})"
    if decimal == ",":
        narrow = f"translate({narrow}, '.,', ',.')"
    bare = f"regexp_replace({narrow}, {literal(_CURRENCY)}, '', 'g')"
    signed = f"regexp_replace(regexp_replace({bare}, '^\\((.*)\\)$', '-\\1'), '^([^-].*)-$', '-\\1')"
    body = f"rtrim({signed}, '万亿千')"
    scale = f"CASE right({signed}, 1) WHEN '万' THEN 10000 WHEN '亿' THEN 100000000 WHEN '千' THEN 1000 ELSE 1 END"
    number = f"TRY_CAST(replace({body}, ',', '') AS {EXACT})"
    tolerant = f"CASE WHEN regexp_full_match({body}, {literal(_AMOUNT)}) THEN TRY_CAST({number} * {scale} AS {EXACT}) END"
    if decimal == ",":
        return f"CASE WHEN {text} IS NOT NULL THEN {tolerant} END"
    return f"COALESCE(TRY_CAST({text} AS {EXACT}), CASE WHEN {text} IS NOT NULL THEN {tolerant} END)"


def ratio_sql(text: str, decimal: str = ".") -> str:
    """Share that `text` writes: 0.15 or 15%."""
    number = exact_sql(f"rtrim({text}, '%％')", decimal)
    return (
        f"CASE WHEN {text} LIKE '%\\%' ESCAPE '\\' OR {text} LIKE '%％' THEN {number} / 100 ELSE {number} END"
    )


def text_sql(raw: str) -> str:
    """Text without blanks, tabs and line ends around it; empty text and NULL are missing.

    Text that begins and ends with a printable ASCII character or an ideograph needs no trimming:
    asking costs a third of doing.
    """
    begins = f"({raw} BETWEEN ' ~' AND '\x7f' OR {raw} BETWEEN '一' AND '龥')"
    ends = f"({raw}[-1] BETWEEN '!' AND '~' OR {raw}[-1] BETWEEN '一' AND '龥')"
    trimmed = f"nullif(trim({raw}, {literal(_SPACES)}), '')"
    return f"nullif(CASE WHEN {begins} AND {ends} THEN {raw} ELSE {trimmed} END, 'NULL')"


def code_sql(text: str, *, is_float: bool) -> str:
    """A code: full-width characters narrowed; a code exported as a number without its `.0`."""
    narrow = f"CASE WHEN strlen({text}) <> length({text}) THEN translate({text}, {literal(_WIDE)}, {literal(_NARROW)}) ELSE {text} END"
    return f"regexp_replace({narrow}, '^(\\d+)\\.0+$', '\\1')" if is_float else narrow


def period_sql(text: str, *, by_quarter: bool) -> str:
    """A month as 2026-03 or a quarter as 2026-Q1, when `text` writes one; else `text`."""
    year = f"{text}[:4]"
    month = f"TRY_CAST(regexp_extract({text}, '^\\d{{4}}\\s*[-/.年]?\\s*(\\d{{1,2}})', 1) AS INTEGER)"
    if by_quarter:
        stated = f"regexp_extract({text}, '^\\d{{4}}.*?[QqＱ第季]\\s*([1-4])', 1)"
        return (
            f"CASE WHEN {stated} <> '' THEN {year} || '-Q' || {stated} "
            f"WHEN {month} BETWEEN 1 AND 12 THEN {year} || '-Q' || CAST((({month} - 1) // 3 + 1) AS VARCHAR) ELSE {text} END"
        )
    return f"CASE WHEN {month} BETWEEN 1 AND 12 THEN {year} || '-' || lpad(CAST({month} AS VARCHAR), 2, '0') ELSE {text} END"


def minor_units(exact: str, digits: int) -> str:
    """Money in minor units, rounded once, half to even."""
    whole = 17 - 6 + digits
    factor = 10**digits
    return f"CAST(CAST(round_even({exact}, {digits}) AS DECIMAL({whole}, {digits})) * {factor} AS BIGINT)"


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
    table = TABLES[source.table]
    raw = {name: f"c{headers.index(header)}" for name, header in source.columns.items()}
    texts = ", ".join(f"{text_sql(column)} AS t_{name}" for name, column in raw.items())
    every = ", ".join(f"c{index}" for index in range(len(headers)))
    parsed = ", ".join(f"{_parsed(table[name], source)} AS v_{name}" for name in raw)
    derived, notes = _derived(table, source, settings)
    faults, fault_sql, value_sql = _faults(table, raw, derived)
    values = _values(table, source, derived, raw)
    exact = {name: expression for name, expression in values.items() if table[name].type == "money"}
    columns = [
        f"{_stored(table[c.name], values.get(c.name), source)} AS {quoted(c.name)}" for c in table.columns
    ]
    sql = (
        f"CREATE OR REPLACE TABLE {target} AS WITH texts AS NOT MATERIALIZED (SELECT {texts}, hash({every}) AS record_hash FROM {relation}), "
        f"read AS NOT MATERIALIZED (SELECT *, {parsed} FROM texts), parsed AS NOT MATERIALIZED ({_in_range(table, raw)}) "
        f"SELECT {', '.join(columns)}, {''.join(f'{e} AS exact_{n}, ' for n, e in exact.items())}"
        f"{fault_sql} AS fault, {value_sql} AS fault_value, record_hash FROM parsed"
    )
    filled = tuple(name for name in values if name not in raw)
    return Staging(sql, faults, tuple(exact), filled, tuple(notes))


def _in_range(table: Table, raw: dict[str, str]) -> str:
    """Days before 1900 are none: they come from clocks that were never set, or from short years."""
    days = [name for name in raw if table[name].type == "date"]
    if not days:
        return "SELECT * FROM read"
    checked = ", ".join(
        f"CASE WHEN v_{name} >= DATE '1900-01-01' THEN v_{name} END AS v_{name}" for name in days
    )
    return f"SELECT * REPLACE ({checked}) FROM read"


def _parsed(column: Column, source: Source) -> str:
    text = f"t_{column.name}"
    if column.type == "date":
        return date_sql(text, source.date_order)
    if column.type == "ratio":
        return ratio_sql(text, source.decimal)
    if column.type in ("money", "quantity", "number", "integer"):
        number = exact_sql(text, source.decimal)
        factor = source.units.get(column.name, 1)
        number = number if factor == 1 else f"TRY_CAST({number} * {int(factor)} AS {EXACT})"
        return (
            f"CASE WHEN {number} = trunc({number}) THEN {number} END" if column.type == "integer" else number
        )
    if column.name == "period":
        return period_sql(text, by_quarter="quarter" in column.about)
    return code_sql(text, is_float=column.name in source.float_codes) if column.name.endswith("_id") else text


def _faults(table: Table, raw: dict[str, str], derived: dict[str, str]) -> tuple[tuple[Fault, ...], str, str]:
    """Fault codes, the SQL of a row's first fault, and the SQL of the value at fault."""
    faults = [Fault(1, "", BLANK_ROW)]
    checks, shown = [], []
    nothing = (
        f"COALESCE({', '.join(f't_{name}' for name in raw)}) IS NULL"
        if len(raw) > 1
        else f"t_{next(iter(raw))} IS NULL"
    )
    for name in raw:
        column = table[name]
        if column.required:
            code = len(faults) + 1
            faults.append(Fault(code, name, "required value is blank"))
            blank = (
                f"t_{name} IS NULL"
                if column.type == "text"
                else f"(t_{name} IS NULL OR {_is_one_of(f't_{name}', _BLANKS)})"
            )
            checks.append(f"CASE WHEN {blank} THEN CASE WHEN {nothing} THEN 1 ELSE {code} END END")
        if column.type != "text":
            code = len(faults) + 1
            faults.append(Fault(code, name, f"cannot be read as {column.type}"))
            checks.append(
                f"CASE WHEN v_{name} IS NULL AND t_{name} IS NOT NULL THEN CASE WHEN NOT {_is_one_of(f't_{name}', _BLANKS)} THEN {code} END END"
            )
            shown.append(f"WHEN {code} THEN t_{name}")
    if "net_amount" in derived and {"quantity", "unit_price"} <= raw.keys():
        code = len(faults) + 1
        faults.append(Fault(code, "net_amount", "is out of range"))
        checks.append(
            f"CASE WHEN {derived['net_amount']} IS NULL AND v_quantity IS NOT NULL AND v_unit_price IS NOT NULL THEN {code} END"
        )
    value = f"CASE fault {' '.join(shown)} END" if shown else "CAST(NULL AS VARCHAR)"
    first = f"COALESCE({', '.join(checks)})" if len(checks) > 1 else (checks or ["NULL"])[0]
    return tuple(faults), f"CAST({first} AS SMALLINT)", value


def _values(table: Table, source: Source, derived: dict[str, str], raw: dict[str, str]) -> dict[str, str]:
    """Column → expression of its value before rounding: mapped ones, then derived ones."""
    values = {name: f"v_{name}" for name in raw}
    if "currency" in table.names and "currency" not in raw and source.currency:
        values["currency"] = literal(source.currency)
    return values | derived


def _derived(table: Table, source: Source, settings: Settings) -> tuple[dict[str, str], list[str]]:
    """Amounts and keys that the file states in other columns, each with a note for the audit."""
    has = set(source.columns)
    if "name" in table.names and "name" not in has:
        return {"name": f"v_{table.key[0]}"}, [f"name = {table.key[0]}, for want of a name"]
    if table.name != "order_lines":
        return {}, []
    found: dict[str, str] = {}
    notes: list[str] = []
    net, how = _net(has, settings)
    if how:
        found["net_amount"] = net
        notes.append(f"net_amount = {how}")
    if "cost_amount" not in has and "margin_amount" in has and net:
        places = digits_of(
            source.currency
        )  # of rounded amounts, so that net − cost = margin holds in each row
        found["cost_amount"] = (
            f"CAST(round_even({net}, {places}) - round_even(v_margin_amount, {places}) AS {EXACT})"
        )
        notes.append("cost_amount = net_amount − margin_amount")
    for key, name in (("customer_id", "customer_name"), ("product_id", "product_name")):
        if key not in has and name in has:
            found[key] = f"v_{name}"
            notes.append(f"{key} = {name}, for want of a key")
    return found, notes


def _net(has: set[str], settings: Settings) -> tuple[str, str]:
    """Expression of the net amount, and how it is derived when no column states it."""
    with_tax = f"CAST({1 + settings.vat:.6f} AS DECIMAL(7, 6))"
    if "net_amount" in has and settings.amounts != "gross":
        return "v_net_amount", ""
    if "net_amount" in has:
        return _divided("v_net_amount", with_tax), f"amount with tax ÷ {1 + settings.vat:g}"
    if {"gross_amount", "tax_amount"} <= has:
        return f"CAST(v_gross_amount - v_tax_amount AS {EXACT})", "gross_amount − tax_amount"
    if "gross_amount" in has:
        return _divided("v_gross_amount", with_tax), f"gross_amount ÷ {1 + settings.vat:g}"
    if {"quantity", "unit_price"} <= has:
        value, how = f"TRY_CAST(v_quantity * v_unit_price AS {EXACT})", "quantity × unit_price"
        if "discount_rate" in has:
            value = f"CAST({value} * (1 - COALESCE(v_discount_rate, 0)) AS {EXACT})"
            how += " × (1 − discount_rate)"
        return value, how
    return "", ""


def _divided(amount: str, by: str) -> str:
    return f"CAST(round_even(CAST({amount} AS DOUBLE) / CAST({by} AS DOUBLE), 6) AS {EXACT})"


def _stored(column: Column, value: str | None, source: Source) -> str:
    kind = SQL_TYPES[column.type]
    if value is None:
        return f"CAST(NULL AS {kind})"
    if column.type != "money":
        return value if column.type in ("text", "date") else f"CAST({value} AS {kind})"
    digits = digits_of(source.currency)
    usual = minor_units(value, digits)
    if "currency" not in source.columns:
        return usual
    other = "".join(
        f"WHEN {_is_one_of('v_currency', codes)} THEN {minor_units(value, places)} "
        for places, codes in _currencies_by_digits().items()
        if places != digits
    )
    return f"CASE {other} ELSE {usual} END"


@cache
def _currencies_by_digits() -> dict[int, tuple[str, ...]]:
    from babel.numbers import list_currencies

    found: dict[int, list[str]] = {}
    for code in sorted(list_currencies("en")):
        found.setdefault(digits_of(code), []).append(code)
    return {places: tuple(codes) for places, codes in found.items()}
