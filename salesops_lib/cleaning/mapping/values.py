"""What the values of a column look like, apart from its header."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from salesops_lib.cleaning.reading import Sample
from salesops_lib.tables import Column

_LOOKED_AT = 400
_BLANKS = {"null", "n/a", "na", "#n/a", "nan", "none", "-", "--", "—", "无", "空", "\\n"}
_NUMBER = re.compile(
    r"[(（]?[-+−]?\s*(?:CNY|RMB|USD|EUR|GBP|[¥￥$€£])?\s*[-+]?(?:\d[\d,. ' ]*|[.,]\d+)\s*[万亿千元%]*\s*"
    r"(?:CNY|RMB|USD|EUR|GBP|[€$£])?\s*-?[)）]?",
    re.I,
)
_DATE = re.compile(
    r"\d{4}\s*[-/.年]\s*\d{1,2}\s*[-/.月]\s*\d{1,2}.*|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*|(?:19|20)\d{6}(?:\d{6})?"
    r"|\d{1,2}[- .]+[A-Za-zéûä]{3,9}\.?[- ,]+\d{2,4}.*|[A-Za-z]{3,9}\.?,?[- ]\d{1,2}[-, ]+(?:\d{4}|\d{2}).*"
)
_SERIAL = re.compile(r"[2-7]\d{4}(?:\.\d+)?")
_MONTH = re.compile(
    r"\d{4}\s*[-/.年]?\s*\d{1,2}\s*月?|\d{4}[-/ ]?Q[1-4]|Q[1-4][-/ ]?\d{4}|\d{4}年第?[一二三四1-4]季度|[A-Za-z]{3,9}[- ]\d{2,4}"
)
_CODE = re.compile(r"(?=.*\d)[\w#./\-]+|[A-Z][A-Z0-9_\-]{1,11}")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w+")
_FLAGS = {"true", "false", "yes", "no", "y", "n", "t", "f", "是", "否", "0", "1"}

#: Words of types and statuses that say that a line came back.
RETURNED = re.compile(
    r"return|refund|credit[ _-]?(memo|note)|reversal|gutschrift|retoure|storno|avoir|devoluci|退货|退款|红字|退回|红冲|返品|(?<![a-z])re(?![a-z])",
    re.I,
)
_STATUS = re.compile(
    r"draft|open|pending|paid|unpaid|done|complete|cancel|void|ship|deliver|confirm|process|new|sale|sent|hold|won|lost|"
    r"offen|erledigt|storniert|geliefert|已|待|完成|取消|关闭|成功|审核",
    re.I,
)


@dataclass(frozen=True)
class Values:
    """The non-blank values of a column in the head of a file, and what they have in common."""

    present: tuple[str, ...]
    n_rows: int

    @cached_property
    def distinct(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.present))

    @property
    def is_constant(self) -> bool:
        return len(self.distinct) == 1 and len(self.present) > 4

    @property
    def is_unique(self) -> bool:
        return len(self.distinct) == len(self.present)

    @property
    def is_blank(self) -> bool:
        return not self.present

    @cached_property
    def code_share(self) -> float:
        """Share of distinct values that look like codes: with digits and without blanks."""
        return self._share(_CODE)

    @cached_property
    def mail_share(self) -> float:
        return self._share(_MAIL)

    @cached_property
    def is_flag(self) -> bool:
        return bool(self.distinct) and all(value.casefold() in _FLAGS for value in self.distinct)

    @cached_property
    def runs_on(self) -> bool:
        """Whether the values count the rows: each is one more than that above."""
        whole = [int(value) for value in self.present if value.isdigit() and len(value) < 12]
        return len(whole) == len(self.present) > 2 and all(b - a == 1 for a, b in pairwise(whole))

    @cached_property
    def is_whole(self) -> bool:
        """Whether all values are whole numbers."""
        return bool(self.distinct) and all(value.isdigit() for value in self.distinct)

    @cached_property
    def is_fraction(self) -> bool:
        """Whether all values are between 0 and 1, and some strictly."""
        forms = [re.fullmatch(r"[01]?(\.\d+)?", value) for value in self.distinct]
        return all(forms) and any(0 < float(value) < 1 for value in self.distinct if value)

    @cached_property
    def may_be_percent(self) -> bool:
        """Whether all values are from 0 to 100 and few differ, as rates written without their mark do."""
        numbers = [_number(value, "," in value and "." not in value) for value in self.distinct]
        return 0 < len(numbers) <= 12 and all(0 <= number <= 100 for number in numbers)

    @cached_property
    def is_multiplier(self) -> bool:
        """Whether shares are what is left to pay, 0.95 for 5 % off: 1 occurs and none is below a half."""
        if not self.distinct or not all(re.fullmatch(r"1(\.0+)?|0?\.\d+", value) for value in self.distinct):
            return False
        return (
            any(float(v) == 1 for v in self.distinct)
            and all(float(v) >= 0.5 for v in self.distinct)
            and len(self.distinct) > 1
        )

    @cached_property
    def is_outcome(self) -> bool:
        """Whether values say won or lost."""
        return (
            any(re.search(r"won|lost|赢|输", value, re.I) for value in self.distinct)
            and len(self.distinct) <= 5
        )

    @cached_property
    def is_status(self) -> bool:
        """Whether most values are words for how far something has come."""
        return (
            bool(self.distinct)
            and sum(bool(_STATUS.match(v)) for v in self.distinct) > len(self.distinct) / 2
        )

    @cached_property
    def returned(self) -> tuple[str, ...]:
        """Values that say that a line came back."""
        if len(self.distinct) > 40:
            return ()
        return tuple(value for value in self.distinct if RETURNED.search(value))

    def _share(self, form: re.Pattern[str]) -> float:
        return (
            sum(bool(form.fullmatch(value)) for value in self.distinct) / len(self.distinct)
            if self.distinct
            else 0.0
        )

    def agreement(self, column: Column) -> float:
        """Share of values that can be read as the column's type; 1 without values."""
        return agreement(self.distinct, column)


class Evidence:
    """Values of every column of a sample, looked at once."""

    def __init__(self, sample: Sample) -> None:
        self.sample = sample
        self._columns: dict[int, Values] = {}
        self._numbers: dict[int, np.ndarray] = {}
        self._agreements: dict[tuple[int, str], float] = {}
        self.rows = sample.rows[:_LOOKED_AT]

    def values(self, index: int) -> Values:
        """Values of column `index` in the first rows."""
        if index not in self._columns:
            cells = (row[index] if index < len(row) else None for row in self.rows)
            stripped = (cell.strip() for cell in cells if cell)
            present = tuple(cell for cell in stripped if cell and cell.casefold() not in _BLANKS)
            self._columns[index] = Values(present, len(self.rows))
        return self._columns[index]

    def agreement(self, index: int, column: Column) -> float:
        """Share of the values of column `index` that are of the type of `column`."""
        kind = column.name if column.name in ("period", "rate") else column.type
        if (index, kind) not in self._agreements:
            self._agreements[index, kind] = self.values(index).agreement(column)
        return self._agreements[index, kind]

    def numbers(self, index: int) -> np.ndarray:
        """Column `index` as numbers, one per row; NaN where a cell is blank or no number."""
        if index not in self._numbers:
            cells = [row[index] if index < len(row) else None for row in self.rows]
            comma = sum(bool(re.search(r"\d,\d{1,2}$", cell or "")) for cell in cells) > len(cells) / 3
            self._numbers[index] = np.array([_number(cell, comma) for cell in cells], dtype=float)
        return self._numbers[index]

    def groups(self, index: int) -> dict[str, list[int]]:
        """Value of column `index` → the rows that hold it."""
        found: dict[str, list[int]] = {}
        for number, row in enumerate(self.rows):
            if index < len(row) and row[index]:
                found.setdefault(str(row[index]), []).append(number)
        return found


def agreement(values: Sequence[str], column: Column) -> float:
    """Share of `values` that can be read as the column's type; 1 without values.

    >>> from salesops_lib.tables import TABLES
    >>> agreement(["2026-01-05", "x"], TABLES["order_lines"]["ordered_on"])
    0.5
    """
    present = [value for value in values if value.casefold() not in _BLANKS]
    if column.name == "period" and present:
        return sum(bool(_MONTH.fullmatch(value)) or _fits(value, "date") for value in present) / len(present)
    if not present or column.type == "text":
        return 1.0
    kind = "share" if column.name.endswith("_rate") else column.type
    return sum(_fits(value, kind) for value in present) / len(present)


def _fits(value: str, kind: str) -> bool:
    text = unicodedata.normalize("NFKC", value).strip()
    if kind == "date":
        return bool(_DATE.fullmatch(text) or _SERIAL.fullmatch(text))
    if kind == "quantity":
        text = re.sub(r"(?<=[\d.,])\s*[A-Za-z\u4e00-\u9fff]{1,4}$", "", text)
    if not _NUMBER.fullmatch(text):
        return False
    if text.endswith("%") and kind not in ("ratio", "share"):
        return False
    if kind == "share" and not text.endswith("%"):
        number = _number(text, comma="," in text and "." not in text)
        return bool(abs(number) <= 1)
    return True


def _number(cell: str | None, comma: bool) -> float:
    """A cell as a rough number, for comparing columns; NaN when it is none."""
    text = unicodedata.normalize("NFKC", cell or "").strip()
    if not text or not _NUMBER.fullmatch(text):
        return float("nan")
    negative = text.startswith("(") or text.endswith("-") or "-" in text[:4] or "−" in text[:4]
    scale = 10_000 if "万" in text else 0.01 if text.endswith("%") else 1
    digits = re.sub(r"[^\d.,]", "", text)
    digits = digits.replace(".", "").replace(",", ".") if comma else digits.replace(",", "")
    try:
        return (-1 if negative else 1) * scale * float(digits)
    except ValueError:
        return float("nan")


def same(left: np.ndarray, right: np.ndarray, *, places: float = 0.011) -> float:
    """Share of rows where two columns of numbers are the same up to rounding, of those that hold both."""
    both = np.isfinite(left) & np.isfinite(right) & (np.abs(right) > 0)
    if both.sum() < 3:
        return 0.0
    apart = np.abs(left[both] - right[both])
    return float((apart <= np.maximum(places, 0.0051 * np.abs(right[both]) ** 0.5)).mean())
