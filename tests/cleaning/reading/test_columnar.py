"""Parquet and JSON lines: every value as text without loss, every line accounted for."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning.reading import columnar, json_records
from salesops_lib.cleaning.reading.containers import Part
from salesops_lib.cleaning.reading.grids import Grid
from salesops_lib.errors import DataError


@pytest.fixture
def parquet(tmp_path: Path) -> Callable[..., Part]:
    """Write columns as a Parquet file; gives its part."""

    def make(columns: dict[str, Any], **options: Any) -> Part:
        pq.write_table(pa.table(columns), tmp_path / "orders.parquet", **options)
        return Part(tmp_path / "orders.parquet")

    return make


@pytest.fixture
def lines(tmp_path: Path) -> Callable[..., Part]:
    """Write a text (or bytes) as a JSON file; gives its part."""

    def make(content: str | bytes, name: str = "orders.jsonl") -> Part:
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        return Part(tmp_path / name)

    return make


def records(grid: Grid) -> list[dict[str, str | None]]:
    """Records by name, blank cells left out."""
    rows = zip(*(column.to_pylist() for column in grid.table.columns))
    return [{name: cell for name, cell in zip(grid.headers, row) if cell is not None} for row in rows]


UTC = dt.UTC
NOON = dt.datetime(2024, 1, 31, 12, 30, 15, 500000)
TYPES: dict[str, tuple[Any, list[str | None]]] = {
    "codes": (pa.array(["007", "NA", None]), ["007", "NA", None]),
    "whole numbers": (pa.array([1, 2**62, None]), ["1", "4611686018427387904", None]),
    "unsigned": (pa.array([2**64 - 1, 0, None], pa.uint64()), ["18446744073709551615", "0", None]),
    "decimals": (
        pa.array([Decimal("1.10"), Decimal("0.0000001"), None], pa.decimal128(20, 7)),
        ["1.1000000", "0.0000001", None],
    ),
    "long decimals": (
        pa.array([Decimal(10) ** 40, Decimal("-1.5"), None], pa.decimal256(50, 2)),
        [f"{10**40}.00", "-1.50", None],
    ),
    "floats": (pa.array([0.1, 1e20, float("nan")]), ["0.1", "100000000000000000000", None]),
    "small floats": (pa.array([0.1, 1.5, None], pa.float32()), ["0.1", "1.5", None]),
    "days": (pa.array([dt.date(2024, 1, 31), dt.date(1, 1, 1), None]), ["2024-01-31", "0001-01-01", None]),
    "moments": (
        pa.array([NOON, dt.datetime(2024, 1, 31), None]),
        ["2024-01-31 12:30:15.500000", "2024-01-31 00:00:00", None],
    ),
    "moments that are days": (
        pa.array([dt.datetime(2024, 1, 31)] * 3, pa.timestamp("ns")),
        ["2024-01-31"] * 3,
    ),
    "moments with a zone": (
        pa.array(
            [dt.datetime(2024, 1, 31, 16, 30, tzinfo=UTC), None, None], pa.timestamp("us", "Asia/Shanghai")
        ),
        ["2024-02-01 00:30:00+08:00", None, None],
    ),
    "dictionary": (pa.array(["a", "b", "a"]).dictionary_encode(), ["a", "b", "a"]),
    "truths": (pa.array([True, False, None]), ["true", "false", None]),
    "bytes": (pa.array(["甲".encode(), b"\xff", None]), ["甲", "ff", None]),
    "nothing": (pa.nulls(3), [None, None, None]),
}


@pytest.mark.parametrize("name", TYPES)
def test_types_become_text_without_loss(parquet: Callable[..., Part], name: str) -> None:
    values, expected = TYPES[name]
    grid = columnar.grid(parquet({"id": ["a", "b", "c"], "value": values}))
    assert grid.table.column(1).to_pylist() == expected


def test_parquet_numbers_names_and_notes(parquet: Callable[..., Part]) -> None:
    part = parquet({"id": ["a", "b"], "amount": [1.5, float("nan")]})
    grid = columnar.grid(part)
    assert (grid.headers, grid.numbers.tolist()) == (("id", "amount"), [1, 2])
    assert grid.notes == ("amount: NaN taken as missing: 1",)
    assert columnar.sample_grid(part, 1) == [(0, ("id", "amount")), (1, ("a", "1.5"))]


def test_parquet_in_row_groups_and_batches(parquet: Callable[..., Part]) -> None:
    n_rows = 120_001
    grid = columnar.grid(parquet({"n": list(range(n_rows))}, row_group_size=7_000))
    assert grid.table.column(0).to_pylist() == list(map(str, range(n_rows)))
    assert grid.numbers[-1] == n_rows


def test_nested_columns_are_named(parquet: Callable[..., Part]) -> None:
    part = parquet({"id": ["a"], "lines": [[1, 2]]})
    with pytest.raises(DataError, match=r"column 'lines' holds list<.*> instead of single values"):
        columnar.parts(part)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_parquet_file_that_breaks_off(parquet: Callable[..., Part], share: float) -> None:
    part = parquet({"n": list(range(1000))})
    whole = part.path.read_bytes()
    part.path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(DataError, match=r"orders\.parquet is not a whole Parquet file"):
        columnar.grid(part)


def test_parquet_in_a_zip(parquet: Callable[..., Part], tmp_path: Path) -> None:
    part = parquet({"n": [1, 2]})
    with zipfile.ZipFile(tmp_path / "mail.zip", "w") as archive:
        archive.write(part.path, "orders.parquet")
    assert columnar.grid(Part(tmp_path / "mail.zip", "orders.parquet")).table.num_rows == 2


def test_lines_nested_blocks_late_keys_and_mixed_types(lines: Callable[..., Part]) -> None:
    part = lines(
        '{"id": "007", "customer": {"name": "甲", "tags": ["a", 1.0], "place": {"city": "杭州"}}, "amount": 1.10}\n'
        "\n"
        '{"id": 8, "amount": "1,5", "paid": true, "note": null}\n'
    )
    grid = columnar.grid(part)
    assert grid.headers == (
        "id",
        "customer.name",
        "customer.tags",
        "customer.place",
        "amount",
        "paid",
        "note",
    )
    assert records(grid) == [
        {
            "id": "007",
            "customer.name": "甲",
            "customer.tags": '["a", 1.0]',
            "customer.place": '{"city": "杭州"}',
            "amount": "1.10",
        },
        {"id": "8", "amount": "1,5", "paid": "true"},
    ]
    assert grid.numbers.tolist() == [1, 3]
    assert grid.notes == (
        "customer.tags: lists or blocks kept as JSON text: 1",
        "customer.place: lists or blocks kept as JSON text: 1",
    )


def test_bad_lines_are_set_aside_with_line_and_text(lines: Callable[..., Part]) -> None:
    bad = ["{bad", '{"id": 1, "id": 2}', "[1]", "{}", '{"a.b": 1, "a": {"b": 2}}', "[" * 100_000]
    good = '{"id": 1}'
    grid = columnar.grid(lines("\n".join([good, *bad, good, '{"id": 3'])))
    assert grid.numbers.tolist() == [1, 8]
    assert grid.aside.line.tolist() == [2, 3, 4, 5, 6, 7, 9]
    assert grid.aside.value.tolist()[:5] == bad[:5]
    assert grid.aside.reason.tolist() == [
        "not JSON",
        "key 'id' stands twice",
        "no record in braces",
        "record is empty",
        "key 'a.b' stands twice",
        "nested too deeply",
        "not JSON",
    ]
    assert set(grid.aside.fate) == {"set_aside"}


def test_a_line_in_another_encoding_is_set_aside(lines: Callable[..., Part]) -> None:
    grid = columnar.grid(lines('{"a": "甲"}\n'.encode() + '{"a": "乙"}\n'.encode("gb18030")))
    assert records(grid) == [{"a": "甲"}]
    assert grid.aside.reason.tolist() == ["characters are not in UTF-8"]


def test_a_line_beyond_measure_is_set_aside(
    lines: Callable[..., Part], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_records, "_LONGEST_LINE", 1000)
    grid = columnar.grid(lines('{"a": 1}\n{"a": "' + "x" * 5000 + '"}\n{"a": 2}\n'))
    assert [record["a"] for record in records(grid)] == ["1", "2"]
    assert (grid.aside.line.tolist(), grid.numbers.tolist()) == ([2], [1, 3])


DOCUMENTS = {
    "list over lines": '[\n{"a": 1},\n{"a": 2}\n]',
    "list on one line": '[{"a": 1}, {"a": 2}]',
    "list in a block": '{"totalSize": 2, "done": true, "records": [{"a": 1}, {"a": 2}]}',
    "printed block": '{\n "meta": {"n": 2},\n "rows": [\n {"a": 1},\n {"a": 2}\n]}',
    "lines": '{"a": 1}\n{"a": 2}\n',
    "mark of UTF-8": '\ufeff{"a": 1}\n{"a": 2}',
    "Windows lines": '{"a": 1}\r\n{"a": 2}\r\n',
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_documents_and_lines(lines: Callable[..., Part], name: str) -> None:
    grid = columnar.grid(lines(DOCUMENTS[name], "orders.json"))
    assert records(grid) == [{"a": "1"}, {"a": "2"}]
    assert grid.numbers.tolist() == [1, 2]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
def test_encodings_with_a_mark(lines: Callable[..., Part], encoding: str) -> None:
    assert records(columnar.grid(lines('{"a": "甲"}\n{"a": "乙"}\n'.encode(encoding)))) == [
        {"a": "甲"},
        {"a": "乙"},
    ]


def test_items_of_a_list_that_are_no_records(lines: Callable[..., Part]) -> None:
    grid = columnar.grid(lines('[{"a": 1}, 5, {"a": 1, "a": 2}]', "orders.json"))
    assert grid.numbers.tolist() == [1]
    assert grid.aside[["line", "value"]].to_numpy().tolist() == [[2, "5"], [3, '{"a": 1, "a": 2}']]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        ('[{"a": 1}, {"a":', "orders.json", "breaks off or is damaged at line 1"),
        ('[{"a": 1},\n\n{"a" 2}]', "orders.json", "damaged at line 3"),
        ("[" * 100_000, "orders.json", "breaks off or is damaged"),
        ("", "orders.jsonl", r"holds no record \(the file is empty\)"),
        ("id,amount\n1,2\n", "orders.jsonl", r"holds no record \(line 1: not JSON\)"),
        ("\x00\x01", "orders.jsonl", "holds no record"),
        ('{"a": ', "orders.json", "is not whole JSON|holds no record"),
    ],
)
def test_what_holds_no_record_is_refused(
    lines: Callable[..., Part], content: str, name: str, said: str
) -> None:
    with pytest.raises(DataError, match=said):
        columnar.grid(lines(content, name))


def test_packed_lines(lines: Callable[..., Part]) -> None:
    packed = gzip.compress(b'{"a": 1}\n' * 5000)
    assert columnar.grid(lines(packed, "orders.jsonl.gz")).table.num_rows == 5000


def test_half_a_packed_file_is_refused(lines: Callable[..., Part]) -> None:
    packed = gzip.compress("".join(f'{{"a": {n * n}}}\n' for n in range(5000)).encode())
    with pytest.raises(DataError, match=r"orders\.jsonl\.gz is damaged"):
        columnar.grid(lines(packed[: len(packed) // 2], "orders.jsonl.gz"))


def test_keys_over_several_batches(lines: Callable[..., Part], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "_BATCH", 3)
    written = [{"id": str(n), **({f"k{n}": "x"} if n % 2 else {})} for n in range(10)]
    assert records(columnar.grid(lines("\n".join(map(json.dumps, written))))) == written


@given(
    st.lists(
        st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=8), min_size=1),
        min_size=1,
        max_size=8,
    )
)
def test_records_of_text_come_back_as_they_were(
    tmp_path_factory: pytest.TempPathFactory, written: list[dict[str, str]]
) -> None:
    path = tmp_path_factory.mktemp("json") / "orders.jsonl"
    path.write_text("\n".join(map(json.dumps, written)), "utf-8")
    grid = columnar.grid(Part(path))
    keys = list(dict.fromkeys(key for record in written for key in record))
    named = [
        {keys[k]: row[f"c{k}"] for k in range(len(keys)) if row[f"c{k}"] is not None}
        for row in grid.table.to_pylist()
    ]
    assert named == written
