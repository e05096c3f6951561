"""data/sources.yaml: where each table comes from, so that a second load guesses nothing."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from salesops_lib.errors import DataError, nearest
from salesops_lib.tables import TABLES

SOURCES = Path("data") / "sources.yaml"
_HEADER = (
    "Where each table comes from.  Written by `salesops add`, read by `salesops load`; edit it freely.\n"
    "columns: canonical column → header in the file.  An empty table means: known, not used.\n"
)


@dataclass(frozen=True)
class Source:
    """One file (or member of a zip, or sheet) that feeds one table.

    Attributes
    ----------
    file
        Path as recorded: relative to the workspace when the file lies in it.
    table
        Canonical table; empty when nothing in the file is used, `reasons` says why.
    columns
        Canonical column → header in the file.
    encoding, delimiter, quote, escape
        How a text file is written.  `quote` is empty where nothing is quoted; `escape` is the
        quotation mark itself where it is doubled inside quoted text, else e.g. a backslash.
    header_row, header_rows
        Line or sheet row of the (first) header, from 1, and how many rows it has.
    date_order
        `ymd`, `dmy` or `mdy`, for dates written with numbers only.
    decimal
        Decimal mark of the file, `.` or `,`.
    currency
        Currency of amounts in rows that do not state one.
    units
        Canonical column → number of currency units (or pieces) that one unit in the file
        means, where it is not 1; 10000 for amounts in 万元.
    amounts
        `net` or `gross` where the file says which; empty: as the policy says.
    returns
        `signed` where returned lines have negative amounts; `marked` where they are positive
        and a status or type says that they are returns.
    control
        Money column → total that the books state for this file, in currency units, as text.
    float_codes
        Columns of codes that were exported as numbers (`17850.0`).
    confidence
        0 to 1: how well headers and values agree with the table's contract.
    confidences
        The same for each mapped column; in the file, columns that are not listed are sure.
    samples
        Header → up to three values, for showing; not recorded.
    """

    file: str
    table: str
    columns: Mapping[str, str] = field(default_factory=dict)
    member: str = ""
    sheet: str = ""
    sha256: str = ""
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header_row: int = 1
    header_rows: int = 1
    date_order: str = "ymd"
    decimal: str = "."
    currency: str = ""
    units: Mapping[str, float] = field(default_factory=dict)
    amounts: str = ""
    returns: str = "signed"
    control: Mapping[str, str] = field(default_factory=dict)
    float_codes: tuple[str, ...] = ()
    unmapped: tuple[str, ...] = ()
    confidence: float = 0.0
    confidences: Mapping[str, float] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """How messages call the source: file, and member or sheet.

        >>> Source("raw/a.zip", "reps", member="x/teams.csv").name
        'a.zip/teams.csv'
        """
        base = self.file.replace("\\", "/").rsplit("/", 1)[-1]
        if self.member:
            base += "/" + self.member.rsplit("/", 1)[-1]
        return f"{base}#{self.sheet}" if self.sheet else base

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What identifies the entry: adding the same place again replaces it."""
        return (self.file, self.member, self.sheet, self.table)

    def path(self, root: Path) -> Path:
        return root / self.file


def recorded_path(root: Path, path: Path) -> str:
    """`path` as it is written in sources.yaml."""
    resolved, base = path.resolve(), root.resolve()
    return resolved.relative_to(base).as_posix() if resolved.is_relative_to(base) else str(resolved)


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_sources(root: Path) -> list[Source]:
    """Entries of data/sources.yaml, checked against the contracts; empty without the file.

    Raises
    ------
    DataError
        If the file is not YAML, or names a table, column or key that does not exist.
    """
    path = root / SOURCES
    if not path.is_file():
        return []
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        document = YAML(typ="rt").load(path.read_text("utf-8")) or {}
    except (YAMLError, UnicodeDecodeError) as problem:
        raise DataError(f"{path} is not readable as YAML: {' '.join(str(problem).split())}") from problem
    entries = document.get("sources", []) if isinstance(document, Mapping) else None
    if not isinstance(entries, list):
        raise DataError(f"{path} must hold a list under `sources:`. Write it anew with `salesops add FILE…`.")
    for key in document:
        if key not in ("sources", "store"):
            raise DataError(f"{path}: unknown key {key!r}; {nearest(str(key), ('sources', 'store'))}")
    return [_source(path, entry) for entry in entries]


def _source(path: Path, entry: Any) -> Source:
    if not isinstance(entry, Mapping):
        raise DataError(f"{path}: each source must be a block of `key: value` lines; got {entry!r}.")
    where = f"{path}:{entry.lc.line + 1}" if hasattr(entry, "lc") else str(path)
    known = {name for name in Source.__dataclass_fields__ if name != "samples"}
    for key in entry:
        if key not in known:
            raise DataError(f"{where}: unknown key {key!r}; {nearest(str(key), sorted(known))}")
    if "file" not in entry or "table" not in entry:
        raise DataError(f"{where}: a source needs `file` and `table`.")
    values = {key: _plain(value) for key, value in entry.items()}
    table = values["table"] = values["table"] or ""
    if table and table not in TABLES:
        raise DataError(f"{where}: there is no table {table!r}; {nearest(table, TABLES)}")
    for column in values.get("columns", {}):
        if column not in TABLES[table].names:
            raise DataError(
                f"{where}: {table} has no column {column!r}; {nearest(column, TABLES[table].names)}"
            )
    for key in ("float_codes", "unmapped", "reasons"):
        values[key] = tuple(values.get(key, ()))
    values["control"] = {column: str(total) for column, total in values.get("control", {}).items()}
    sure = dict.fromkeys(values.get("columns", ()), 1.0)
    values["confidences"] = sure | {c: float(share) for c, share in values.get("confidences", {}).items()}
    values.setdefault("escape", values.get("quote", '"'))
    source = Source(**values)
    for key, fault in _faults(source):
        raise DataError(f"{where}: {key} is {getattr(source, key)!r}; {fault}")
    return source


def _faults(source: Source) -> Iterator[tuple[str, str]]:
    """Keys whose value cannot be meant, and what to write instead."""
    try:
        codecs.lookup(source.encoding)
    except (LookupError, TypeError):
        yield "encoding", "there is no such encoding. Write e.g. utf-8, gb18030 or cp1252."
    if not isinstance(source.delimiter, str) or not source.delimiter:
        yield "delimiter", 'write the characters between cells, e.g. "," or "\\t".'
    if not isinstance(source.quote, str) or len(source.quote) > 1:
        yield "quote", "write one quotation mark, or '' where nothing is quoted."
    if source.escape not in ("", source.quote, "\\"):
        yield "escape", "write the quotation mark itself, a backslash, or '' for none."
    for key, least in (("header_row", 1), ("header_rows", 0)):
        if not isinstance(getattr(source, key), int) or getattr(source, key) < least:
            yield key, f"write a whole number from {least}."
    for key, valid in (("amounts", ("net", "gross")), ("returns", ("signed", "marked"))):
        if getattr(source, key) not in ("", *valid):
            yield key, nearest(str(getattr(source, key)), valid)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [str(item) for item in value]
    if isinstance(value, float):
        return float(value)
    return int(value) if isinstance(value, int) else value


def write_sources(root: Path, added: Iterable[Source], *, whole_parts: bool = True) -> None:
    """Put `added` into data/sources.yaml; entries of other places, and comments, stay.

    With `whole_parts`, entries of the same sheet or file for other tables go, too.
    """
    from io import StringIO

    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.width = 110
    yaml.indent(mapping=2, sequence=4, offset=2)
    path = root / SOURCES
    document = yaml.load(path.read_text("utf-8")) if path.is_file() else None
    if not document:
        document = yaml.load("sources: []\n")
        document.yaml_set_start_comment(_HEADER)
    added = list(added)
    width = 3 if whole_parts else 4
    replaced = {source.place[:width] for source in added}
    entries = document["sources"]
    for index in reversed(range(len(entries))):
        if _place(entries[index])[:width] in replaced:
            del entries[index]
    entries.extend(_entry(source) for source in added)
    text = StringIO()
    yaml.dump(document, text)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        temporary.write_text(text.getvalue(), "utf-8")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _place(entry: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(entry.get(key) or "" for key in ("file", "member", "sheet", "table"))


def _entry(source: Source) -> dict[str, Any]:
    """What is written of a source: everything that differs from the default."""
    entry: dict[str, Any] = {"file": source.file}
    for name in ("member", "sheet"):
        if getattr(source, name):
            entry[name] = getattr(source, name)
    entry |= {"table": source.table, "sha256": source.sha256}
    if source.table:
        entry |= {"header_row": source.header_row} if source.header_row else {}
        entry |= {
            "date_order": source.date_order,
            "currency": source.currency,
        }
        if not source.sheet:
            entry |= {"encoding": source.encoding, "delimiter": source.delimiter}
        entry |= _beyond_default(source, ("quote", "escape", "header_rows", "decimal", "amounts", "returns"))
        entry["columns"] = dict(source.columns)
        entry |= _beyond_default(source, ("units", "control", "float_codes", "unmapped"))
        entry["confidence"] = round(source.confidence, 3)
        doubted = {c: round(share, 3) for c, share in source.confidences.items() if round(share, 3) < 1}
        if doubted:
            entry["confidences"] = doubted
    if source.reasons:
        entry["reasons"] = list(source.reasons)
    return entry


def _beyond_default(source: Source, names: Iterable[str]) -> dict[str, Any]:
    """Fields whose value is not the one that a missing key means."""
    fields = Source.__dataclass_fields__
    entry: dict[str, Any] = {}
    for name in names:
        value, usual = getattr(source, name), fields[name].default
        if isinstance(value, Mapping):
            usual, value = {}, dict(value)
        elif isinstance(value, tuple):
            value = list(value)
            usual = []
        if value != usual and not (name == "escape" and value == source.quote):
            entry[name] = value
    return entry
