"""All rows of a report as a workbook: one sheet an exhibit, numbers as numbers, text as text.

Nothing becomes a formula or a link, whatever a name begins with; the same exhibits give the
same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from salesops_lib.metrics import Exhibit, Finding
from salesops_lib.reporting import tables
from salesops_lib.reporting.charts.canvas import text_width
from salesops_lib.reporting.numbers import UNKNOWN_CURRENCY, currency_name, is_missing, precision
from salesops_lib.reporting.sections import name as section_name
from salesops_lib.reporting.sentences import plain
from salesops_lib.reporting.tables import Column
from salesops_lib.reporting.visible import one_line, visible
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    import pandas as pd
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

LONGEST_TEXT = 32_767
HEAD = 4  # row of the column labels, counted from 0
_FORMATS = {
    "ratio": "0.0%", "rate": "0.00%", "pp": "0.0%", "count": "#,##0", "days": "#,##0.0", "index": "0.0", "score": "0.0",
    "multiple": '0.0"×"', "quantity": "#,##0.###", "date": "yyyy-mm-dd", "text": "@", "code": "@",
}  # fmt: skip


def write(
    exhibits: Sequence[Exhibit], path: Path, *, voice: Voice, title: str = "", about: Sequence[str] = ()
) -> Path:
    """Write the workbook of a report; gives its path.

    Money stands in whole units of the currency (not minor units), rates as percentages.

    Parameters
    ----------
    exhibits
        In the order of the report; their parts get sheets of their own.
    path
        Replaced when it exists.
    voice, title, about
        Language and currency, the report's name, and lines on its origin for the first sheet.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), {**options, "default_date_format": "yyyy-mm-dd"}) as book:
        book.set_properties({"title": one_line(title), "created": datetime(2000, 1, 1)})
        looks = _Looks(book, voice)
        flat = list(_flat(exhibits))
        names = _sheet_names([e.id for e in flat])
        _write_index(book, flat, names, looks, title, about)
        for exhibit, sheet_name in zip(flat, names, strict=True):
            _write_sheet(book.add_worksheet(sheet_name), exhibit, looks)
    return path


def write_form(
    frame: pd.DataFrame,
    path: Path,
    sheet: str,
    *,
    keys: int = 0,
    hints: Mapping[str, str] = MappingProxyType({}),
) -> Path:
    """Write one sheet that people fill in and send back: names of columns, rows, nothing around them; gives its path.

    The first `keys` columns stay in sight; `hints` of columns show while one of their cells is chosen.
    """
    import xlsxwriter

    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        book.set_properties({"created": datetime(2000, 1, 1)})
        form = book.add_worksheet(sheet)
        form.freeze_panes(1, keys)
        form.set_column(0, len(frame.columns) - 1, 14)
        bold = book.add_format({"bold": True, "bottom": 1})
        amount, whole = (book.add_format({"num_format": shown}) for shown in ("#,##0.00", "#,##0"))
        for c, name in enumerate(frame.columns):
            form.write_string(0, c, _cell_text(str(name)), bold)
            for r, value in enumerate(frame[name], start=1):
                if isinstance(value, str):
                    form.write_string(r, c, _cell_text(value))
                elif not is_missing(value):
                    form.write_number(r, c, float(value), whole if float(value).is_integer() else amount)
            if hint := hints.get(str(name)):
                form.data_validation(
                    1,
                    c,
                    len(frame),
                    c,
                    {"validate": "any", "input_title": str(name)[:32], "input_message": hint},
                )
    return path


def _flat(exhibits: Sequence[Exhibit]) -> Iterator[Exhibit]:
    for exhibit in exhibits:
        yield exhibit
        yield from _flat(exhibit.parts)


def _sheet_names(ids: Sequence[str]) -> list[str]:
    """Names that Excel takes: at most 31 characters, no []:*?/\\ , each once whatever its case."""
    names: list[str] = []
    taken = {"history"}
    for exhibit_id in ids:
        plain_name = re.sub(r"[\[\]:*?/\\']", "-", one_line(exhibit_id)).strip() or "sheet"
        candidate, n = plain_name[:31], 1
        while candidate.lower() in taken:
            n += 1
            candidate = f"{plain_name[: 30 - len(str(n))]}-{n}"
        taken.add(candidate.lower())
        names.append(candidate)
    return names


class _Looks:
    """Cell formats of one workbook."""

    def __init__(self, book: Workbook, voice: Voice) -> None:
        self.voice = voice
        self._book = book
        self._made: dict[tuple[str, bool], Any] = {}
        self.title = book.add_format({"bold": True, "font_size": 14})
        self.quiet = book.add_format({"font_color": "#5f6b79"})
        self.head_text = self._head("left")
        self.head_number = self._head("right")

    def _head(self, align: str) -> Any:
        return self._book.add_format(
            {"bold": True, "bottom": 1, "align": align, "text_wrap": True, "valign": "bottom"}
        )

    def cell(self, unit: str, *, is_total: bool = False) -> Any:
        if (unit, is_total) not in self._made:
            digits = precision(self.voice.currency)
            money = "#,##0" + ("." + "0" * digits if digits else "")
            pattern = _FORMATS.get(unit, money)
            self._made[unit, is_total] = self._book.add_format({"num_format": pattern, "bold": is_total})
        return self._made[unit, is_total]


def _write_index(
    book: Workbook,
    exhibits: Sequence[Exhibit],
    names: Sequence[str],
    looks: _Looks,
    title: str,
    about: Sequence[str],
) -> None:
    word = looks.voice.word
    sheet = book.add_worksheet(_sheet_names([word("ui.contents")])[0])
    sheet.write_string(0, 0, _cell_text(title), looks.title)
    for n, line in enumerate(about, start=1):
        sheet.write_string(n, 0, _cell_text(line), looks.quiet)
    top = len(about) + 2
    sheet.set_column(0, 0, 28)
    sheet.set_column(1, 1, 30)
    sheet.set_column(2, 2, 100)
    for n, (exhibit, name) in enumerate(zip(exhibits, names, strict=True)):
        sheet.write_string(top + n, 0, name)
        sheet.write_string(top + n, 1, section_name(exhibit.id, looks.voice, exhibit.metric))
        if exhibit.findings:
            sheet.write_string(top + n, 2, _cell_text(plain(exhibit.findings[0], looks.voice)))


def _money_unit(voice: Voice) -> str:
    """What the amounts are in, as far as it is known."""
    if voice.currency == UNKNOWN_CURRENCY:
        return voice.word("ui.currency_unknown")
    return voice.word(
        "ui.unit_header", unit=f"{voice.currency} ({currency_name(voice.currency, voice.lang)})"
    )


def _write_sheet(sheet: Worksheet, exhibit: Exhibit, looks: _Looks) -> None:
    voice = looks.voice
    sheet.write_string(0, 0, section_name(exhibit.id, voice, exhibit.metric), looks.title)
    columns = tables.columns(exhibit, voice, hidden=frozenset())
    if any(c.unit in ("money", "exact") for c in columns) or "metric" in exhibit.frame:
        sheet.write_string(1, 0, _money_unit(voice), looks.quiet)
    if exhibit.window is not None:
        window = voice.word("ui.window", start=exhibit.window.start, end=exhibit.window.end)
        sheet.write_string(2, 0, window, looks.quiet)
    records = exhibit.frame.to_dict("records")
    for n, c in enumerate(columns):
        sheet.write_string(
            HEAD, n, _cell_text(c.label), looks.head_number if c.is_number else looks.head_text
        )
        sheet.set_column(n, n, _width(c, records, voice))
    for row, record in enumerate(records, start=HEAD + 1):
        is_total = record.get("is_total") is True
        for n, c in enumerate(columns):
            _write_cell(sheet, row, n, record, c, looks, is_total)
    sheet.freeze_panes(HEAD + 1, 1)
    if records:
        sheet.autofilter(HEAD, 0, HEAD + len(records), max(0, len(columns) - 1))


def _width(c: Column, records: list[dict[str, Any]], voice: Voice) -> float:
    texts = [c.label]
    if not c.is_number:
        texts += [tables.text(r, c, voice) for r in records[:200] if not isinstance(r[c.name], Finding)]
    widest = max(text_width(t, 1.0) for t in texts) / 0.6
    return min(60.0, max(12.0 if c.is_number else 10.0, widest + 3))


def _write_cell(
    sheet: Worksheet, row: int, n: int, record: dict[str, Any], c: Column, looks: _Looks, is_total: bool
) -> None:
    value, unit, voice = record[c.name], _unit(record, c), looks.voice
    look = looks.cell(unit, is_total=is_total)
    if isinstance(value, Finding):
        sheet.write_string(row, n, _cell_text(plain(value, voice)), looks.cell("text"))
    elif is_missing(value):
        sheet.write_blank(row, n, None, look)
    elif isinstance(value, bool) or type(value).__name__ == "bool_":
        sheet.write_boolean(row, n, bool(value), look)
    elif isinstance(value, (date, datetime)):
        sheet.write_datetime(
            row, n, value.replace(tzinfo=None) if isinstance(value, datetime) else value, looks.cell("date")
        )
    elif isinstance(value, str) or unit == "text" or c.name == "metric":
        shown = tables.text(record, c, voice) if c.name in ("metric", "growth") else str(value)
        sheet.write_string(row, n, _cell_text(shown), looks.cell("text", is_total=is_total))
    elif unit in ("money", "exact"):
        sheet.write_number(row, n, float(value) / 10 ** precision(voice.currency), look)
    else:
        sheet.write_number(row, n, float(value), look)


def _cell_text(text: str) -> str:
    """Text as a cell may hold it: invisible characters written out, not longer than Excel takes."""
    shown = visible(text)
    return shown if len(shown) <= LONGEST_TEXT else shown[: LONGEST_TEXT - 1] + "…"


def _unit(record: dict[str, Any], c: Column) -> str:
    if "metric" in record and c.name in ("actual", "target", "base", "gap", "difference", "value"):
        from salesops_lib.reporting.definitions import metric_unit

        return str(record.get("unit") or metric_unit(str(record["metric"])))
    return c.unit
