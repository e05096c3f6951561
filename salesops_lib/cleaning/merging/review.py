"""data/customer_review.csv: pairs of customers for a person to decide, and what was decided.

A row stays for ever once its `decision` is filled: `merge` or `apart`, in Chinese 合并 or 分开.
Rows without one are made anew by every load.  The file is meant for Excel: UTF-8 with a mark,
no cell that Excel would take for a formula, and a `pair` key from which the pair is known again
after Excel has taken the zeros off its ids.
"""

from __future__ import annotations

import csv
import hashlib
import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from salesops_lib.errors import DataError, nearest

NAME = "customer_review.csv"
FIXED = (
    "pair",
    "decision",
    "proposal",
    "probability",
    "reason",
    "left_id",
    "right_id",
    "left_name",
    "right_name",
)
_WORDS = {
    "merge": "merge",
    "合并": "merge",
    "合併": "merge",
    "apart": "apart",
    "分开": "apart",
    "分開": "apart",
}
_FORMULA = frozenset("=+-@\t\r")


@dataclass(frozen=True)
class Decision:
    """A person's word on one pair: `merge` or `apart`; `line` is where in the file."""

    line: int
    word: str
    left: str
    right: str
    row: Mapping[str, str]


def pair_key(left: str, right: str) -> str:
    """Name of a pair of ids, whichever comes first; text to every spreadsheet.

    >>> pair_key("007", "8") == pair_key("8", "007"), pair_key("007", "8")[0]
    (True, 'P')
    """
    return "P" + hashlib.sha256("\0".join(sorted((left, right))).encode()).hexdigest()[:12]


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `plain` takes it back.

    >>> [safe(c) for c in ("=1+1", "-3", "'=x", "'quoted", "Acme")]
    ["'=1+1", "'-3", "''=x", "'quoted", 'Acme']
    >>> all(plain(safe(c)) == c for c in ("=1+1", "'=x", "''", "'quoted", "'", ""))
    True
    """
    return f"'{cell}" if (cell[:1] in _FORMULA and cell) or _is_marked(cell) else cell


def plain(cell: str) -> str:
    """What `safe` was given."""
    return cell[1:] if _is_marked(cell) else cell


def _is_marked(cell: str) -> bool:
    return len(cell) > 1 and cell[0] == "'" and (cell[1] in _FORMULA or cell[1] == "'")


def read(path: Path) -> list[Decision]:
    """The decided rows of a review file, in its order; none where there is no file.

    Raises
    ------
    DataError
        If a column is missing, a word is no decision, or a pair is decided both ways.
    """
    if not path.is_file():
        return []
    found: list[Decision] = []
    first: dict[str, Decision] = {}
    for line, row in _rows(path):
        written = row["decision"].strip()
        if not written:
            continue
        word = _WORDS.get(written.casefold())
        if word is None:
            raise DataError(
                f"{path.name}, line {line}: the decision is {written!r}; {nearest(written, _WORDS)}\n"
                "Write merge or apart (合并 or 分开), or leave the cell empty."
            )
        made = Decision(line, word, row["left_id"], row["right_id"], row)
        before = first.setdefault(row["pair"] or pair_key(made.left, made.right), made)
        if before.word != word:
            raise DataError(
                f"{path.name}: {made.left!r} and {made.right!r} are decided twice, {before.word} in line {before.line} "
                f"and {word} in line {line}. Empty the decision of one of them."
            )
        found.append(made)
    return found


def _rows(path: Path) -> Iterable[tuple[int, dict[str, str]]]:
    text = _text(path)
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    missing = [name for name in ("decision", "left_id", "right_id") if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(
            f"{path} has no column {missing[0]}. Put its header back, or delete the file: the next load writes it anew "
            "without the decisions."
        )
    for row in reader:
        yield reader.line_num, {"pair": ""} | {name: plain(cell or "") for name, cell in row.items() if name}


def _text(path: Path) -> str:
    """The file as text: ours is UTF-8, a Chinese Excel saves GB18030."""
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DataError(f"{path} is neither UTF-8 nor GB18030. Save it as CSV UTF-8 and load again.")


def write(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Replace a review file at once, if what it would hold has changed; without rows there is none."""
    if not rows:
        path.unlink(missing_ok=True)
        return
    columns = list(dict.fromkeys([*FIXED, *(name for row in rows for name in row)]))
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([safe(row.get(name, "")) for name in columns] for row in rows)
    content = out.getvalue().encode("utf-8-sig")
    if path.is_file() and path.read_bytes() == content:
        return
    made = path.with_name(f".{path.name}.new")
    made.write_bytes(content)
    os.replace(made, path)
