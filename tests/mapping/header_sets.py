"""Header sets of real products with the truth beside each column, and how a mapping is judged.

A set is a YAML file under sets/.  Each of its columns is [header, truth, kind]:

- truth `null`: must not be mapped to anything; `any`: whatever is done with it is right;
- `net_amount`: needed, right only there (two headers may both be right: one of them is needed);
- `net_amount?`: right there, but nobody needs it;
- `a|b?`: several; `org.team`: a column of another table that the file may feed, too (listed in `also`).

What the truths hold to: a code rather than a name where the file has both and the table has no column
for the name; the line's amount rather than the order's total repeated on its lines; the price without
tax beside the amount without tax; the sales region rather than the country of the address; who made or
changed a record is nobody's salesperson.  Where people who know the product could differ, both are right.
A column is wrong in any table that the file must not feed, whatever it is called there.

Sets whose file is named holdout_* are not looked at by whoever improves the mapping.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from drawn_rows import World, cell_text, draw

from salesops_lib import cleaning
from salesops_lib.errors import DataError
from salesops_lib.tables import TABLES

SETS = Path(__file__).parent / "sets"
SURE = 0.8

#: (table, column) places, one of which is needed.
Needed = frozenset[tuple[str, str]]

_GRAINS = {"order_lines": "line", "customers": "customer", "products": "product", "reps": "rep", "org": "rep"}
_SETTINGS = ("amounts", "units", "date_order", "returns", "decimal")


@dataclass(frozen=True)
class HeaderSet:
    """One export: its columns with their truth, and the settings that the file decides."""

    id: str
    product: str
    source: str
    file: str
    table: str
    columns: tuple[tuple[str, str | None, str], ...]
    also: tuple[str, ...] = ()
    settings: Mapping[str, Any] = field(default_factory=dict)
    lang: str = "en"
    grain: str = ""
    rows: int = 12
    negative_rows: int = 0
    encoding: str = "utf-8"
    delimiter: str = ","
    title: tuple[str, ...] = ()
    totals: str = ""
    is_holdout: bool = False

    @property
    def needed(self) -> frozenset[Needed]:
        """What a report needs and this file has; each is satisfied by any one of its places."""
        groups = (
            frozenset(self._place(t) for t in _tokens(truth) if t != "any" and not t.endswith("?"))
            for _, truth, _ in self.columns
        )
        return frozenset(group for group in groups if group)

    def right(self, table: str, column: str, header: str) -> bool:
        """Whether feeding `table`.`column` from `header` is right."""
        if table not in (self.table, *self.also):
            return False
        truths = [truth for name, truth, _ in self.columns if name == header]
        tokens = [token for truth in truths for token in _tokens(truth)]
        return "any" in tokens or (table, column) in {
            self._place(token) for token in tokens if token != "any"
        }

    def _place(self, token: str) -> tuple[str, str]:
        table, _, column = token.rstrip("?").rpartition(".")
        return (table or self.table, column)


def _tokens(truth: str | None) -> list[str]:
    return [token.strip() for token in truth.split("|")] if truth else []


def read_set(path: Path) -> HeaderSet:
    """A set from its YAML file; a truth that names no canonical column is our own mistake."""
    from ruamel.yaml import YAML

    document = YAML(typ="safe").load(path.read_text("utf-8"))
    document["columns"] = tuple((str(h), t, k) for h, t, k in document["columns"])
    for key in ("also", "title"):
        document[key] = tuple(document.get(key, ()))
    made = HeaderSet(**document, is_holdout=path.stem.startswith("holdout_"))
    for header, truth, _ in made.columns:
        for token in _tokens(truth):
            table, column = made._place(token)
            known = token == "any" or (table in (made.table, *made.also) and column in TABLES[table].names)
            assert known, f"{path.name}: {header}: no column {token}"
    assert set(made.settings) <= set(_SETTINGS), f"{path.name}: settings {sorted(made.settings)}"
    return made


def all_sets() -> list[HeaderSet]:
    """Every set, in the order of their names."""
    return [read_set(path) for path in sorted(SETS.glob("*.yaml"))]


def write_file(made: HeaderSet, folder: Path) -> Path:
    """The export of the set as a file; the same bytes each time."""
    grain = made.grain or _GRAINS.get(made.table, "row")
    world = World(made.id, made.lang, grain, made.rows, made.negative_rows)
    rows = draw([kind for _, _, kind in made.columns], world)
    if made.totals:
        rows.append(_totals(made, rows))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / made.file
    headers = [header for header, _, _ in made.columns]
    if path.suffix == ".xlsx":
        _write_sheet(path, made.title, headers, rows)
    else:
        path.write_bytes(_text(made, headers, rows).encode(made.encoding))
    return path


def _totals(made: HeaderSet, rows: Sequence[Sequence[Any]]) -> list[Any]:
    words = ("qty", "net", "gross", "tax", "cost", "margin")
    cells: list[Any] = []
    for index, (_, _, kind) in enumerate(made.columns):
        numbers = [row[index] for row in rows if isinstance(row[index], int | float)]
        summed = kind.split(" ")[0] in words and len(numbers) == len(rows)
        cells.append(round(sum(numbers), 2) if summed else "")
    return [made.totals, *cells[1:]]


def _text(made: HeaderSet, headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=made.delimiter, lineterminator="\r\n")
    writer.writerows([line] for line in made.title)
    writer.writerow(headers)
    writer.writerows([cell_text(cell) for cell in row] for row in rows)
    return buffer.getvalue()


def _write_sheet(
    path: Path, title: Sequence[str], headers: Sequence[str], rows: Sequence[Sequence[Any]]
) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(str(path)) as book:
        sheet, day = book.add_worksheet("Sheet1"), book.add_format({"num_format": "yyyy-mm-dd"})
        for index, line in enumerate(title):
            sheet.write_string(index, 0, line)
        for column, header in enumerate(headers):
            sheet.write_string(len(title), column, header)
        for index, row in enumerate(rows, len(title) + 1):
            for column, cell in enumerate(row):
                if isinstance(cell, date):
                    sheet.write_datetime(index, column, cell, day)
                elif cell != "":
                    sheet.write(index, column, cell)


@dataclass(frozen=True)
class Miss:
    """One thing that is not as the truth says."""

    set_id: str
    what: str  # missing, wrong, stray, setting or crash
    place: str
    expected: str
    got: str
    confidence: float = 0.0

    def __str__(self) -> str:
        sure = f" at {self.confidence:.2f}" if self.what in ("wrong", "stray") else ""
        return f"{self.set_id}: {self.what} {self.place}: expected {self.expected or 'nothing'}, got {self.got or 'nothing'}{sure}"


@dataclass(frozen=True)
class Verdict:
    """How the mapping of one set fared.

    `columns` holds (confidence, right) of every mapped column, needed or not.
    """

    made: HeaderSet
    n_right: int
    misses: tuple[Miss, ...]
    columns: tuple[tuple[float, bool], ...]
    n_settings: int

    @property
    def n_needed(self) -> int:
        return len(self.made.needed)

    def of(self, *what: str) -> list[Miss]:
        return [miss for miss in self.misses if miss.what in what]

    @property
    def sure_and_wrong(self) -> list[Miss]:
        return [miss for miss in self.of("wrong", "stray") if miss.confidence > SURE]


def look(made: HeaderSet, folder: Path) -> Verdict:
    """Write the file, let the mapper propose without asking, and judge.

    A file that it refuses is a file that feeds nothing; an error that is not meant for the user is a
    miss of its own, so that one of them does not hide all other sets.
    """
    path = write_file(made, folder)
    try:
        sources = [source for source in cleaning.propose(folder, [path]) if source.table]
    except DataError:
        sources = []
    except Exception as problem:
        verdict = judge(made, [])
        crash = Miss(made.id, "crash", made.file, "", f"{type(problem).__name__}: {problem}")
        return replace(verdict, misses=(crash, *verdict.misses))
    return judge(made, sources)


def judge(made: HeaderSet, sources: Sequence[cleaning.Source]) -> Verdict:
    """Compare a proposal with the truth of its set."""
    done: set[tuple[str, str]] = set()
    misses: list[Miss] = []
    columns: list[tuple[float, bool]] = []
    for source in sources:
        for column, header in source.columns.items():
            place = (source.table, _meant(source, column))
            confidence = source.confidences.get(column, source.confidence)
            is_right = made.right(*place, header)
            columns.append((confidence, is_right))
            if is_right:
                done.add(place)
            else:
                what = "wrong" if any(place in group for group in made.needed) else "stray"
                misses.append(
                    Miss(made.id, what, ".".join(place), _expected(made, place), header, confidence)
                )
    found = [group for group in made.needed if group & done]
    spoiled = {miss.place for miss in misses}
    for group in sorted(map(sorted, made.needed - set(found))):
        names = [".".join(place) for place in group]
        if not spoiled & set(names):
            misses.append(Miss(made.id, "missing", " or ".join(names), _expected(made, group[0]), ""))
    settings = list(_settings(made, sources))
    return Verdict(made, len(found), (*misses, *settings), tuple(columns), len(made.settings))


def _meant(source: cleaning.Source, column: str) -> str:
    """A net amount of a file whose amounts are stated as gross is its gross amount."""
    is_gross = column == "net_amount" and source.amounts == "gross" and "gross_amount" not in source.columns
    return "gross_amount" if is_gross else column


def _expected(made: HeaderSet, place: tuple[str, str]) -> str:
    return " or ".join(header for header, _, _ in made.columns if made.right(*place, header))


def _settings(made: HeaderSet, sources: Sequence[cleaning.Source]) -> Iterator[Miss]:
    main = next((source for source in sources if source.table == made.table), None)
    for key, truth in made.settings.items():
        got = _stated(main, key) if main else ""
        if got != truth:
            yield Miss(made.id, "setting", key, str(truth), str(got))


def _stated(source: cleaning.Source, key: str) -> Any:
    """A setting of `source`; amounts that feed the gross amount alone are gross, stated or not."""
    got = getattr(source, key)
    if key == "units":
        return {_meant(source, column): unit for column, unit in got.items()}
    if key == "amounts" and "gross_amount" in source.columns and "net_amount" not in source.columns:
        return "gross"
    return got


def report(verdicts: Sequence[Verdict]) -> str:
    """Every miss, one a line, the surest first."""
    misses = [miss for verdict in verdicts for miss in verdict.misses]
    return "\n".join(str(miss) for miss in sorted(misses, key=lambda miss: (-miss.confidence, str(miss))))
