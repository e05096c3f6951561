"""Polluted copies of tables with a known truth: rows are read exactly or set aside, none is wrong or lost.

The kinds of pollution follow those that Vitagliano et al. found in files of open data portals
("Pollock: A Data Loading Benchmark", PVLDB 16, 2023); tables and copies are made here.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from salesops_lib.cleaning import reading

SEED = 20260401
ORDERS = [
    ["order_id", "ordered_on", "customer", "comment", "quantity", "amount"],
    *(
        [
            f"SO-{1000 + k}",
            f"2026-{1 + k % 12:02d}-{1 + k % 28:02d}",
            ["Smith, John", "Café Zürich", "O'Neil & Sons", "ACME Inc.", "Lee"][k % 5],
            ["", 'said "now"', "a; b", "two\nlines", "plain", "x|y"][k % 6],
            str(1 + k % 9),
            f"{12.5 + 7 * k:.2f}",
        ]
        for k in range(40)
    ),
]
CHINESE = [
    ["订单编号", "下单日期", "客户名称", "产品", "数量", "金额", "备注"],
    *(
        [
            f"DD{2026000 + k}",
            f"2026年{1 + k % 12}月{1 + k % 28}日",
            ["北京华联商贸有限公司", "上海晨光文具(集团)股份有限公司", "深圳市腾飞科技, 南山"][k % 3],
            ["激光打印机", "办公椅", "A4 复印纸, 80g", "订书机"][k % 4],
            str(1 + k % 20),
            f"{100 + 3.5 * k:.2f}",
            ["", "加急“优先”", '含"发票"', "第一行\n第二行"][k % 4],
        ]
        for k in range(30)
    ),
]
NAMES = [
    ["name", "city", "team", "remark"],
    *(
        [
            ["Ann Lee", "Bo Chen", "Cy Young", "Di Xu", "Ed Poe"][k % 5] + f" {'ABCDEFGH'[k % 8]}",
            ["Bern", "Oslo", "Rome"][k % 3],
            ["East", "West"][k % 2],
            ["none", "likes tea, coffee", "late", ""][k % 4],
        ]
        for k in range(24)
    ),
]
GERMAN = [
    ["Nr", "Datum", "Kunde", "Betrag"],
    *(
        [str(k), f"{1 + k:02d}.03.2026", ["Müller GmbH", "Söhne & Co", "Weiß"][k % 3], f"{k},50"]
        for k in range(20)
    ),
]
TABLES = {"orders": ORDERS, "chinese": CHINESE, "names": NAMES, "german": GERMAN}


@dataclass
class Polluted:
    """A file, the line on which each row of the truth begins, and the rows that were touched."""

    name: str
    data: bytes
    headers: list[str]
    rows: dict[int, list[str]]
    touched: set[int] = field(default_factory=set)
    also_right: dict[int, list[str]] = field(default_factory=dict)


def written(
    cells: list[str], delimiter: str = ",", quote: str = '"', escape: str = "", every: bool = False
) -> str:
    """One record, quoted where need be."""
    texts = []
    for cell in cells:
        core = delimiter.strip() or delimiter
        if quote and (
            every
            or any(mark in cell for mark in (delimiter, core, quote, "\n", "\r"))
            or cell != cell.strip()
        ):
            inner = (
                cell.replace(escape, escape * 2).replace(quote, escape + quote)
                if escape
                else cell.replace(quote, quote * 2)
            )
            cell = quote + inner + quote
        texts.append(cell)
    return delimiter.join(texts)


def composed(
    name: str,
    table: list[list[str]],
    record: Callable[[list[str]], str] = written,
    *,
    end: str = "\n",
    above: tuple[str, ...] = (),
    below: tuple[str, ...] = (),
    between: dict[int, list[str]] | None = None,
    replaced: dict[int, str] | None = None,
    header: bool = True,
    encoding: str = "utf-8",
    final: str | None = None,
) -> Polluted:
    """A file of a table; `between` and `replaced` count records from 0, the header among them."""
    lines, rows, touched = list(above), {}, set()
    for index, cells in enumerate(table):
        lines += (between or {}).get(index, [])
        if index == 0 and not header:
            continue
        at = 1 + sum(1 + line.count("\n") for line in lines)
        text = (replaced or {}).get(index)
        if text is not None:
            touched.add(at)
        if index:
            rows[at] = cells
        lines.append(record(cells) if text is None else text)
    lines += below
    whole = end.join(line.replace("\n", end) for line in lines) + (end if final is None else final)
    rows = {at: [cell.replace("\n", end) for cell in cells] for at, cells in rows.items()}
    names = [cell or f"column {k}" for k, cell in enumerate(table[0], start=1)] if header else []
    return Polluted(name, whole.encode(encoding), names, rows, touched)


def check(found: reading.Read, polluted: Polluted) -> tuple[int, int]:
    """Rows read exactly, and set aside; fails for a row that is wrong, lost, or made up."""
    told = f"{polluted.name} (seed {SEED})"
    aside = set(found.aside.line)
    covered = [number for number, _ in found.preamble] + list(found.blank) + sorted(aside)
    covered += list(found.layout.header_lines)
    for line, span in zip(found.lines, found.spans):
        covered += range(line, line + span)
    assert sorted(covered) == list(range(1, found.n_lines + 1)), told
    assert all(found.aside.reason)
    assert set(found.aside.fate) <= {"set_aside", "excluded"}
    read = {int(line): list(row) for line, row in zip(found.lines, found.rows)}
    for line, row in read.items():
        right = [polluted.rows.get(line), polluted.also_right.get(line)]
        assert row in right, f"{told}\nline {line}: {row} instead of {polluted.rows.get(line)}"
    lost = set(polluted.rows) - set(read) - aside
    assert not lost, f"{told}\nlost lines {lost}"
    may_go_on = set(found.aside.line[found.aside.reason == "last cell may go on in the next line"])
    untouched = set(polluted.rows) - set(read) - polluted.touched - may_go_on
    assert not untouched, (
        f"{told}\nsound lines set aside: {found.aside[found.aside.line.isin(untouched)].to_dict('records')}"
    )
    if not (polluted.touched and min(polluted.touched) < min(polluted.rows, default=1)):
        expected = polluted.headers or [f"column {k}" for k in range(1, len(found.headers) + 1)]
        assert list(found.headers) == expected, told
    elif list(found.headers) not in (polluted.headers, polluted.also_right.get(0)):
        assert min(polluted.touched) in aside, told
    return len(read), len(polluted.rows) - len(read)


def whole_files() -> Iterator[Polluted]:
    for name, table in TABLES.items():
        yield composed(f"{name} plain", table)
        for end in ("\r\n", "\r"):
            yield composed(f"{name} line end {end!r}", table, end=end)
        yield composed(f"{name} no final newline", table, final="")
        yield composed(f"{name} two final newlines", table, final="\n\n")
        for delimiter in (";", "\t", "|", "||", " , ", ", ", "\x1f", "~", "^", "::", "<|>", " "):
            for quote in '"', "'":
                yield composed(
                    f"{name} delimiter {delimiter!r} quote {quote}",
                    table,
                    lambda c, d=delimiter, q=quote: written(c, d, q),
                )
        yield composed(f"{name} backslash", table, lambda c: written(c, escape="\\"))
        yield composed(f"{name} all quoted", table, lambda c: written(c, every=True))
        yield composed(f"{name} trailing delimiter", [[*row, ""] for row in table])
        yield composed(f"{name} spaced", table, lambda c: " , ".join(written([x]) for x in c))
        yield composed(f"{name} preamble", table, above=("Sales report 2026",))
        yield composed(
            f"{name} long preamble", table, above=("Sales report", "as of, 2026-01-31", "", "Unit: CNY", "")
        )
        yield composed(f"{name} footer", table, below=("", "Printed on Monday"))
        yield composed(f"{name} blank lines", table, between={3: [""], 9: ["", "  "], 11: [""]})
        yield composed(f"{name} comments", table, between={1: ["# made by hand"], 7: ["# checked, twice"]})
        yield composed(f"{name} header only", table[:1])
        yield composed(f"{name} one row", table[:2])
        if name != "names":
            yield composed(f"{name} no header", table, header=False)
        encodings = ["utf-8-sig", "utf-16", "utf-16-le", "utf-32", "gb18030"]
        for encoding in encodings if name == "chinese" else ["utf-8-sig", "utf-16", "utf-16-be", "cp1252"]:
            yield composed(f"{name} {encoding}", table, encoding=encoding)
        other = [["sku", "list", "price"], *([f"K{k}", "b", str(k)] for k in range(6))]
        yield composed(f"{name} second table", table, below=("", *(",".join(row) for row in other)))
        width = len(table[0])
        alike = [[f"field {chr(97 + k)}" for k in range(width)], *[[f"u{k}"] * width for k in range(4)]]
        if name != "names":
            yield composed(
                f"{name} second table of the same width", table, below=("", *(",".join(row) for row in alike))
            )


def rows_at(table: list[list[str]], rng: random.Random, n_rows: int) -> list[int]:
    """Header, first and last row, and a few between."""
    return sorted({0, 1, len(table) - 1, *rng.sample(range(2, len(table) - 1), min(n_rows, len(table) - 3))})


def touched_rows(every: bool) -> Iterator[Polluted]:
    rng = random.Random(SEED)
    for name, table in TABLES.items():
        for quoted in (False, True) if every else (False,):
            for row in rows_at(table, rng, 10 if every else 3):
                for kind, text, cells in _touched(table[row], quoted, rng):
                    told = f"{name} {kind} row {row} quoted {quoted}"
                    made = composed(told, table, partial(written, every=quoted), replaced={row: text})
                    if cells is not None:
                        made.also_right[min(made.touched) if row else 0] = cells
                    yield made


def _touched(
    cells: list[str], quoted: bool, rng: random.Random
) -> Iterator[tuple[str, str, list[str] | None]]:
    """Kinds of pollution of a record, its text then, and cells that are right beside the true ones."""
    text = written(cells, every=quoted)
    width = len(cells)
    parts = [written([cell], every=quoted) for cell in cells]
    for column in range(width):
        yield f"extra delimiter {column}", ",".join([*parts[:column], "", *parts[column:]]), None
        if column:
            joined = [*parts[: column - 1], parts[column - 1] + parts[column], *parts[column + 1 :]]
            yield f"missing delimiter {column}", ",".join(joined), None
        part = parts[column]
        for place in sorted({0, len(part) // 2, len(part)}):
            broken = part[:place] + '"' + part[place:]
            kept = [*cells[:column], broken, *cells[column + 1 :]] if '"' not in part else None
            yield (
                f"extra quote {column} {place}",
                ",".join([*parts[:column], broken, *parts[column + 1 :]]),
                kept,
            )
        if part.startswith('"'):
            for lost in part[1:], part[:-1]:
                yield f"lost quote {column}", ",".join([*parts[:column], lost, *parts[column + 1 :]]), None
    for delimiter in ";", "\t", "|", " ":
        yield f"other delimiter {delimiter!r}", written(cells, delimiter, every=quoted), None
    if "\n" not in text:
        for share in (0.3, 0.6, 0.9):
            cut = text[: int(len(text) * share)]
            if cut.count(",") < width - 1:
                yield f"cut {share}", cut, None
        yield "zero byte", text[:3] + "\x00" + text[3:], None
    yield "more cells", text + ",x,y", None
    yield "fewer cells", ",".join(parts[: rng.randint(1, width - 1)]), None


def exact(tmp_path: Path, made: Iterator[Polluted]) -> None:
    path = tmp_path / "polluted.csv"
    n_files = n_exact = n_rows = n_aside = 0
    failures = []
    for polluted in made:
        path.write_bytes(polluted.data)
        n_files += 1
        try:
            read, aside = check(reading.read(path), polluted)
        except Exception as problem:
            failures.append(f"{polluted.name}: {str(problem)[:900]}")
            continue
        n_exact, n_rows, n_aside = n_exact + (aside == 0), n_rows + read, n_aside + aside
    print(f"seed {SEED}: {n_files} files, {n_exact} exact, {n_rows} rows read, {n_aside} set aside")
    assert not failures, f"{len(failures)} of {n_files} files:\n" + "\n".join(failures[:15])


def test_files_in_other_dialects_are_read_exactly(tmp_path: Path) -> None:
    exact(tmp_path, whole_files())


def test_a_broken_row_is_read_exactly_or_set_aside(tmp_path: Path) -> None:
    exact(tmp_path, touched_rows(every=False))


@pytest.mark.slow
def test_any_broken_row_is_read_exactly_or_set_aside(tmp_path: Path) -> None:
    exact(tmp_path, touched_rows(every=True))
