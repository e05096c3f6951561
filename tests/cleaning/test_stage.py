"""Staging of texts: plain ones go to DuckDB as they are, others as a copy of their rows; both account alike."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from salesops_lib.cleaning import stage as staging_module
from salesops_lib.cleaning.reading import Part, relation
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import Source, digest
from salesops_lib.cleaning.stage import Staged, stage
from salesops_lib.errors import DataError

HEADER = "Order ID,Date,Customer,Amount\n"
ROWS = [f'A{k},2026-03-{1 + k % 28:02d},"Customer {k % 7}, Ltd",{k}.50\n' for k in range(300)]
COLUMNS = {"order_id": "Order ID", "ordered_on": "Date", "customer_name": "Customer", "net_amount": "Amount"}


def staged(
    tmp_path: Path, data: str | bytes, name: str = "a.csv", **fields: Any
) -> tuple[Staged, list[tuple]]:
    """What became of a file, and (line, order_id, amount) of its rows."""
    path = tmp_path / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    source = Source(name, "order_lines", COLUMNS, currency="EUR", **fields)
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    serial = len(list(scratch.iterdir())) + 1
    with duckdb.connect() as connection:
        connection.execute("ATTACH ':memory:' AS work")
        one = stage(connection, serial, source, tmp_path, scratch, Settings())
        found = connection.execute(
            f"SELECT rowid, order_id, customer_name, net_amount FROM {one.table} ORDER BY rowid"
        ).fetchnumpy()
    lines = one.lines_of(found.pop("rowid"))
    return one, list(zip(lines.tolist(), *(column.tolist() for column in found.values())))


def is_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str | bytes, **fields: Any) -> bool:
    taken: list[str] = []
    with monkeypatch.context() as patch:
        whole = staging_module.normalised
        patch.setattr(staging_module, "normalised", lambda *a: taken.append("copy") or whole(*a))
        staged(tmp_path, data, **fields)
    return not taken


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_both_ways_give_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    text = (HEADER + "".join(ROWS)).replace("\n", end)
    assert is_plain(tmp_path, monkeypatch, text)
    fast, fast_rows = staged(tmp_path, text)
    monkeypatch.setattr(staging_module, "plain", lambda *a: None)
    slow, slow_rows = staged(tmp_path, text)
    assert fast_rows == slow_rows
    assert len(fast_rows) == fast.n_records == slow.n_records == 300
    assert fast_rows[0][:3] == (2, "A0", "Customer 0, Ltd")
    assert not len(fast.rejects) + len(slow.rejects)


@pytest.mark.parametrize(
    ("data", "fields"),
    [
        (HEADER + "".join(ROWS), {}),
        (gzip.compress((HEADER + "".join(ROWS)).encode()), {"name": "a.csv.gz"}),
        ((HEADER + "".join(ROWS) + "B,2026-01-01,北京,1\n").encode("gb18030"), {"encoding": "gb18030"}),
        ((HEADER + "".join(ROWS)).encode("utf-16"), {"encoding": "utf-16"}),
        ((HEADER + "".join(ROWS)).encode("utf-8-sig"), {}),
        ("Report\n\n" + HEADER + "".join(ROWS), {"header_row": 3}),
        ((HEADER + "".join(ROWS)).replace('"', "'"), {"quote": "'", "escape": "'"}),
        ((HEADER + "".join(ROWS)).replace(", Ltd", "").replace('"', ""), {"quote": "", "escape": ""}),
        (HEADER + "".join(ROWS), {"name": "a[1].csv"}),
    ],
)
def test_plain_files_are_not_copied_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str | bytes, fields: dict[str, Any]
) -> None:
    assert is_plain(tmp_path, monkeypatch, data, **fields)


@pytest.mark.parametrize(
    "odd",
    [
        "B,2026-01-01,x\n",
        "B,2026-01-01,x,1,2\n",
        'B,2026-01-01,"never closed,1\n',
        'B,2026-01-01,a "so" b,1\n',
        'B,2026-01-01,"two\nlines",1\n',
        "B,2026-01-01,x,1\r\n",
        "\n",
        "# note\n",
        "B;2026-01-01;x;1\n",
        "B,2026-01-01,\x00x,1\n",
        "\ufeffB,2026-01-01,x,1\n",
        b"B,2026-01-01,Caf\xe9,1\n",
    ],
)
def test_an_odd_line_changes_nothing_for_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str | bytes
) -> None:
    head, tail = (HEADER + "".join(ROWS[:100])).encode(), "".join(ROWS[100:]).encode()
    data = head + (odd if isinstance(odd, bytes) else odd.encode()) + tail
    assert not is_plain(tmp_path, monkeypatch, data)
    one, rows = staged(tmp_path, data)
    n_more = data.count(b"\n") - 301
    lines = {order: line for line, order, *_ in rows}
    assert [lines[f"A{k}"] for k in (0, 99)] == [2, 101]
    assert [lines[f"A{k}"] for k in (100, 299)] == [102 + n_more, 301 + n_more]
    assert one.n_records == len(rows) + len(one.rejects)
    assert len(rows) + len(one.rejects) == 300 + (odd != "\n")
    assert set(one.rejects.line) <= {102}


def test_a_cut_last_row_is_set_aside_with_its_line(tmp_path: Path) -> None:
    text = HEADER + "".join(ROWS)
    one, rows = staged(tmp_path, text[: len(text) - 20])
    assert one.rejects[["line", "reason", "fate"]].values.tolist() == [
        [301, "quotation mark is not closed", "set_aside"]
    ] or one.rejects.line.tolist() == [301]
    assert (len(rows), one.n_records) == (299, 300)


def test_a_file_that_changes_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill = staging_module._filled

    def changing(*arguments: Any) -> Any:
        with (tmp_path / "a.csv").open("a") as handle:
            handle.write("B,2026-01-01,x,1\n")
        return fill(*arguments)

    monkeypatch.setattr(staging_module, "_filled", changing)
    with pytest.raises(DataError, match="changed while it was read"):
        staged(tmp_path, HEADER + "".join(ROWS))


def test_the_file_is_hashed_once_and_its_change_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[Path] = []
    monkeypatch.setattr(staging_module, "digest", lambda path: hashed.append(path) or digest(path))
    one, _ = staged(tmp_path, HEADER + ROWS[0], sha256="0" * 64)
    assert one.source.sha256 == digest(tmp_path / "a.csv")
    assert one.notes[0] == "the file has changed since it was added"
    assert len(hashed) == 1


def test_a_missing_file_or_header_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no header 'Order ID'"):
        staged(tmp_path, "Order No,Date,Customer,Amount\nA,2026-01-01,x,1\n")
    with duckdb.connect() as connection, pytest.raises(DataError, match="there is no such file"):
        stage(connection, 1, Source("gone.csv", "order_lines", COLUMNS), tmp_path, tmp_path, Settings())


def test_the_copy_of_rows_keeps_every_character(tmp_path: Path) -> None:
    cells = ["", " x ", 'say "hi"', "a\r\nb", "a\rb", "'", "#", "\u2028", "\ttab", "北京", "NULL", "\\N", '"']
    rows = [("k", cell, str(k)) for k, cell in enumerate(cells)]
    text = "id;text;n\n" + "".join(
        'k;"' + cell.replace('"', '""') + f'";{k}\n' for k, (_, cell, _) in enumerate(rows)
    )
    path = tmp_path / "a.csv"
    path.write_bytes(text.encode())
    source = replace(Source("a.csv", ""), delimiter=";")
    copied = relation.normalised(Part(path), source, tmp_path)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT * FROM {copied.sql()}").fetchall()
    assert [(a, b or "", c) for a, b, c in found] == rows
    assert copied.n_rows == len(rows)
