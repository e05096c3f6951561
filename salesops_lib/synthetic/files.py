"""Writing raw files as other systems would: csv by DuckDB, a GB18030 file, an Excel sheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb


@dataclass
class RawFiles:
    """The raw folder being filled, and what was written into it (the truth's `files`)."""

    folder: Path
    con: duckdb.DuckDBPyConnection
    written: dict[str, dict[str, object]] = field(default_factory=dict)

    def query(
        self, name: str, table: str, columns: dict[str, tuple[str, str]], source: str, **about: object
    ) -> None:
        """Write a csv (UTF-8) from SQL.

        Parameters
        ----------
        table
            The canonical table the file is meant for.
        columns
            Header → (canonical column, SQL expression).
        source
            What follows FROM, with an ORDER BY that fixes the order of all rows.
        """
        chosen = ", ".join(f'{sql} AS "{header}"' for header, (_, sql) in columns.items())
        path = str(self.folder / name).replace("'", "''")
        copied = self.con.execute(
            f"COPY (SELECT {chosen} FROM {source}) TO '{path}' (FORMAT csv, HEADER)"
        ).fetchall()
        self._note(
            name, table, {header: column for header, (column, _) in columns.items()}, copied[0][0], about
        )

    def rows(
        self,
        name: str,
        table: str,
        columns: dict[str, str],
        rows: Sequence[Sequence[object]],
        *,
        encoding: str = "utf-8",
        **about: object,
    ) -> None:
        """Write a small csv from rows of values; None is an empty cell."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)
        (self.folder / name).write_bytes(text.getvalue().encode(encoding))
        self._note(name, table, columns, len(rows), {"encoding": encoding} | about)

    def sheet(
        self,
        name: str,
        table: str,
        columns: dict[str, str],
        rows: Iterable[Sequence[object]],
        *,
        title: str,
        sheet: str,
    ) -> None:
        """Write an Excel sheet with a title row and an empty row above the header."""
        import xlsxwriter

        count = 0
        with xlsxwriter.Workbook(
            self.folder / name, {"strings_to_formulas": False, "strings_to_urls": False}
        ) as book:
            book.set_properties({"title": title, "created": datetime(2026, 1, 5)})
            page = book.add_worksheet(sheet)
            page.merge_range(
                0, 0, 0, len(columns) - 1, title, book.add_format({"bold": True, "font_size": 14})
            )
            page.write_row(2, 0, list(columns), book.add_format({"bold": True, "bottom": 1}))
            for count, row in enumerate(rows, start=1):
                page.write_row(2 + count, 0, row)
        self._note(name, table, columns, count, {"format": "xlsx", "sheet": sheet, "header_row": 3})

    def _note(
        self, name: str, table: str, mapping: dict[str, str], rows: int, about: dict[str, object]
    ) -> None:
        self.written[name] = {
            "table": table,
            "mapping": mapping,
            "rows": rows,
            "encoding": "utf-8",
            "format": "csv",
        } | about
