"""Loads do not depend on the order of rows and files, change nothing when repeated, and lose no row."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from salesops_lib import cleaning
from salesops_lib.cleaning.audit import Audit
from salesops_lib.cleaning.settings import Settings
from salesops_lib.cleaning.sources import read_sources

FEW = settings(
    max_examples=max(3, settings.default.max_examples // 4),
    phases=[Phase.explicit, Phase.generate],  # each example loads twice: shrinking would take minutes
)
HEADERS = {
    "line_id": "Order ID,Line,Order Date,Customer Name,Product,Amount",
    "": "Order ID,Order Date,Customer Name,Product,Amount",
}
ROW = st.tuples(
    st.sampled_from(["A1", "A2", "A3", ""]),
    st.sampled_from(["1", "2", ""]),
    st.sampled_from(["2026-03-05", "2026-03-06", "2026-04-01", "31.31.2026"]),
    st.sampled_from(["Ann", "Bo"]),
    st.sampled_from(["P", "Q"]),
    st.sampled_from(["10", "10.00", "7", "soon"]),
)
FILES = st.lists(st.lists(ROW, min_size=1, max_size=8), min_size=1, max_size=3)
USED = "SELECT order_id, {line} ordered_on, customer_id, product_id, net_amount FROM order_lines"


def written(root: Path, files: dict[str, list[tuple[str, ...]]], key: str) -> None:
    """Write files and entries for them, in this order."""
    root.mkdir(exist_ok=True)
    (root / "data").mkdir(exist_ok=True)
    named = HEADERS[key].split(",")
    mapped = dict(
        zip(
            (
                "order_id",
                *([key] if key else []),
                "ordered_on",
                "customer_name",
                "product_name",
                "net_amount",
            ),
            named,
            strict=True,
        )
    )
    entries = []
    for name, rows in files.items():
        cells = [row if key else (row[0], *row[2:]) for row in rows]
        (root / name).write_text("\n".join([HEADERS[key], *map(",".join, cells)]) + "\n")
        columns = "".join(f"\n      {column}: {header}" for column, header in mapped.items())
        entries.append(f"  - file: {name}\n    table: order_lines\n    columns:{columns}\n")
    (root / "data" / "sources.yaml").write_text("sources:\n" + "".join(entries))


def used(root: Path, key: str) -> Counter[tuple]:
    """What is stated of each used row; a key that we numbered is not."""
    line = "CASE WHEN line_id NOT LIKE '#%' THEN line_id END AS line_id," if key else ""
    with duckdb.connect(str(root / "data" / "facts.duckdb"), read_only=True) as connection:
        return Counter(connection.execute(USED.format(line=line)).fetchall())


def counts(audit: Audit) -> Counter[tuple[str, str, str, str]]:
    found: Counter[tuple[str, str, str, str]] = Counter()
    for reason in audit.reasons:
        found[reason.source, reason.outcome, reason.column, reason.reason] += reason.n_rows
    return found


@pytest.fixture(params=["line_id", ""], ids=["keyed", "unkeyed"])
def key(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["keep", "set_aside"])
def policy(request: pytest.FixtureRequest) -> Settings:
    return Settings(duplicates=request.param)


@FEW
@given(files=FILES, seed=st.integers(0, 2**16))
def test_the_order_of_rows_and_files_changes_nothing(
    tmp_path: Path, key: str, policy: Settings, files: list[list[tuple[str, ...]]], seed: int
) -> None:
    named = {f"orders_{k}.csv": rows for k, rows in enumerate(files)}
    written(tmp_path / "a", named, key)
    first = cleaning.load(tmp_path / "a", policy=policy)
    shuffled = random.Random(seed)
    order = shuffled.sample(sorted(named), len(named))
    written(tmp_path / "b", {name: shuffled.sample(named[name], len(named[name])) for name in order}, key)
    second = cleaning.load(tmp_path / "b", policy=policy)
    assert used(tmp_path / "a", key) == used(tmp_path / "b", key)
    assert counts(first) == counts(second)
    for audit in (first, second):
        for source in audit.sources:
            assert source.rows_in == source.used + source.merged + source.set_aside + source.excluded
        assert sum(c.stored_total for c in first.controls) == sum(c.stored_total for c in second.controls)


@FEW
@given(files=FILES)
def test_two_files_hold_what_one_of_them_and_the_rest_hold(
    tmp_path: Path, files: list[list[tuple[str, ...]]]
) -> None:
    """Without a line key: the union of the files, each row as often as in one file at most."""
    written(tmp_path, {f"orders_{k}.csv": rows for k, rows in enumerate(files)}, "")
    audit = cleaning.load(tmp_path)
    sound = [
        Counter(
            (row[0], *row[2:5], "10" if row[5] == "10.00" else row[5])
            for row in rows
            if row[0] and "31" not in row[2] and row[5] != "soon"
        )
        for rows in files
    ]
    union: Counter[tuple[str, ...]] = Counter()
    for held in sound:
        union |= held
    assert sum(s.used for s in audit.sources if s.kind == "file") == union.total()


def tables(root: Path) -> Iterator[tuple[str, Counter[tuple]]]:
    with duckdb.connect(str(root / "data" / "facts.duckdb"), read_only=True) as connection:
        for (name,) in connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall():
            yield name, Counter(map(str, connection.execute(f'FROM "{name}"').fetchall()))


def test_a_second_load_changes_nothing(tmp_path: Path) -> None:
    rows = [("A1", "1", "2026-03-05", "Ann", "P", "10"), ("A1", "1", "2026-03-05", "Ann", "P", "9")]
    written(tmp_path, {"a.csv": [*rows, ("A2", "1", "x", "Bo", "P", "1")], "b.csv": rows[:1]}, "line_id")
    first, before = cleaning.load(tmp_path), dict(tables(tmp_path))
    again = cleaning.load(tmp_path)
    assert (again.fingerprint, again) == (first.fingerprint, first)
    assert dict(tables(tmp_path)) == before


def test_the_order_of_entries_has_no_part_in_the_fingerprint(tmp_path: Path) -> None:
    rows = [("A1", "1", "2026-03-05", "Ann", "P", "10")]
    other = [("A2", "1", "2026-03-06", "Ann", "P", "10")]
    written(tmp_path / "a", {"a.csv": rows, "b.csv": other}, "line_id")
    written(tmp_path / "b", {"b.csv": other, "a.csv": rows}, "line_id")
    assert cleaning.load(tmp_path / "a").fingerprint == cleaning.load(tmp_path / "b").fingerprint


def test_another_content_of_a_file_is_another_fingerprint(tmp_path: Path) -> None:
    written(tmp_path, {"a.csv": [("A1", "1", "2026-03-05", "Ann", "P", "10")]}, "line_id")
    first = cleaning.load(tmp_path).fingerprint
    written(tmp_path, {"a.csv": [("A1", "1", "2026-03-05", "Bo", "P", "10")]}, "line_id")
    assert cleaning.load(tmp_path).fingerprint != first


def test_facts_written_out_and_loaded_again_are_the_same(tmp_path: Path, key: str) -> None:
    rows = [("A1", "1", "2026-03-05", "Ann", "P", "1万"), ("A1", "2", "2026-03-05", "Ann", "P", "(7.5)")]
    written(tmp_path / "a", {"a.csv": rows}, key)
    cleaning.load(tmp_path / "a")
    out = [
        (row[0], row[1] if key else "1", str(row[-4]), row[-3], row[-2], f"{row[-1] / 100:.2f}")
        for row in used(tmp_path / "a", key)
    ]
    written(tmp_path / "b", {"a.csv": out}, key)
    cleaning.load(tmp_path / "b")
    assert used(tmp_path / "a", key) == used(tmp_path / "b", key)
    assert len(read_sources(tmp_path / "b")) == 1
