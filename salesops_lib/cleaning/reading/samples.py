"""The head of a part: enough to tell which table it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.cleaning.reading import headers
from salesops_lib.cleaning.reading.containers import Part, opened
from salesops_lib.errors import DataError

if TYPE_CHECKING:
    from salesops_lib.cleaning.reading.grids import Grid
    from salesops_lib.cleaning.sources import Source

HEAD_ROWS = 1000
_TITLE_ROWS = 30

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Sample:
    """The head of a part: how it is written, its headers, and up to 1,000 rows as text.

    `header_row` is the line or sheet row of the header's first row, `header_rows` how many rows
    it has (0 where there is none), `notes` what a reader should know.
    """

    part: Part
    headers: tuple[str, ...]
    rows: tuple[Row, ...]
    header_row: int = 1
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    escape: str = '"'
    header_rows: int = 1
    preamble: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def values(self, index: int) -> list[str]:
        """Non-blank values of one column."""
        found = (row[index] if index < len(row) else None for row in self.rows)
        return [value.strip() for value in found if value and value.strip()]

    def as_source(self) -> Source:
        """The part as a source that feeds no table yet."""
        from salesops_lib.cleaning.sources import Source

        return Source(
            str(self.part.path),
            "",
            member=self.part.member,
            sheet=self.part.sheet,
            encoding=self.encoding,
            delimiter=self.delimiter,
            quote=self.quote,
            escape=self.escape,
            header_row=self.header_row,
            header_rows=self.header_rows,
        )


def sample(part: Part) -> Sample:
    """Head of a part, with its header found below title rows.

    Raises
    ------
    DataError
        If the part is empty, damaged, or no table.
    """
    if part.kind != "text":
        return _of_grid(part)
    from salesops_lib.cleaning.reading.reads import head_of, layout_for, unchanged
    from salesops_lib.cleaning.reading.text import Reader

    with unchanged(part), opened(part) as stream:
        lines, head = head_of(part, stream)
        layout = layout_for(part, head, lines.encoding, None)
        reader = Reader(head, layout)
        rows = tuple(tuple(record.cells) for record in reader if record.cells is not None)[:HEAD_ROWS]
    dialect = layout.dialect
    return Sample(
        part,
        layout.headers,
        rows,
        layout.header_row,
        layout.encoding,
        dialect.delimiter,
        dialect.quote,
        dialect.escape,
        layout.header_rows,
        tuple(text for _, text in reader.preamble),
        layout.notes,
    )


def _of_grid(part: Part) -> Sample:
    numbered = _module(part).sample_grid(part, HEAD_ROWS + _TITLE_ROWS)
    if not numbered:
        raise DataError(f"{part.name} is empty. Export it again and add it once more.")
    rows = [row for _, row in numbered]
    block = headers.find(rows) if part.kind == "sheet" else headers.block(rows[:1], 0, 1)
    width = max(map(len, rows))
    names = headers.unique_headers([*block.names, *[""] * (width - len(block.names))])
    body = tuple(tuple(row) for row in rows[block.body : block.body + HEAD_ROWS])
    number = numbered[block.index][0]
    return Sample(part, names, body, number, header_rows=block.n_rows, preamble=block.preamble)


def _module(part: Part) -> Any:
    from salesops_lib.cleaning.reading import books, columnar, databases

    return {"sheet": books, "columnar": columnar, "database": databases}[part.kind]


def grid_of(part: Part, source: Source) -> Grid:
    """All records of a part that is no text."""
    return _module(part).grid(part, source)


def column_values(taken: Sample, index: int) -> list[str]:
    """Distinct non-blank values of one column of the whole part, in order of appearance."""
    from salesops_lib.cleaning.reading.reads import text_reader

    found: dict[str, None] = {}
    if taken.part.kind != "text":
        values = grid_of(taken.part, taken.as_source()).table.column(index).unique().to_pylist()
        return list(dict.fromkeys(value.strip() for value in values if value and value.strip()))
    with text_reader(taken.part, taken.as_source()) as (reader, _):
        for record in reader:
            if record.cells and (value := record.cells[index].strip()):
                found[value] = None
    return list(found)
