"""What earlier loads measured, carried from store to store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from salesops_lib.cleaning import history
from salesops_lib.cleaning.audit import Audit
from salesops_lib.cleaning.settings import Settings
from salesops_lib.tables.engine import DuckDBEngine

TABLES = ("loads", "load_profiles", "load_months")


@pytest.fixture
def load(tmp_path: Path, store):
    """`load("f1", [lines])`: a store of these lines behind the one before; gives its three tables."""
    place = {"previous": None, "n": 0}

    def make(
        fingerprint: str, lines: list[dict[str, Any]], **others: Any
    ) -> dict[str, list[tuple[Any, ...]]]:
        place["n"] += 1
        path = tmp_path / f"{place['n']}.duckdb"
        engine = store(path=path, currency="CNY", order_lines=lines, **others).engine
        history.carry(engine.connection, place["previous"], Audit(fingerprint=fingerprint), Settings())
        found = {name: engine.rows(f"SELECT * FROM {name} ORDER BY rowid") for name in TABLES}
        engine.close()
        place["previous"] = path
        return found

    make.place = place
    return make


@pytest.fixture
def lines(line):
    return [line("2026-01-05", 100, region="East"), line("2026-02-06", 250, region="West"), line("2026-02-07", None, region="West")]  # fmt: skip


def test_the_first_load(load, lines):
    found = load("f1", lines)
    ((serial, fingerprint, table, n_rows, column, total, last_on, began),) = found["loads"]
    assert (serial, fingerprint, table, n_rows, column, total, str(last_on), began) == (
        1, "f1", "order_lines", 3, "net_amount", 350, "2026-02-07", history.FIRST,
    )  # fmt: skip
    assert found["load_months"] == [(1, "sales", "2026-01", 1, 100), (1, "sales", "2026-02", 2, 250)]
    profile = {row[2]: row[3:] for row in found["load_profiles"]}
    assert profile["net_amount"][:7] == ("money", 3, 2, 2, "100", "250", 175.0)
    assert (len(profile["net_amount"][7]), profile["net_amount"][7][0]) == (len(history.QUANTILES), 100.0)
    region = profile["region"]
    assert region[1:4] == (3, 3, 2)
    assert region[-1] == [{"value": "West", "share": 2 / 3}, {"value": "East", "share": 1 / 3}]
    assert profile["channel"][1:] == (3, 0, None, None, None, None, None, None)


def test_the_same_again_changes_nothing(load, lines):
    first = load("f1", lines)
    assert load("f1", list(reversed(lines))) == first
    assert load("f1", lines) == first


def test_other_files_are_another_load(load, lines, line):
    load("f1", lines)
    found = load("f2", [*lines, line("2026-01-20", 40, region="East")])
    assert [row[:2] for row in found["loads"]] == [(1, "f1"), (2, "f2")]
    assert found["loads"][1][-1] is None
    assert [row for row in found["load_months"] if row[2] == "2026-01"] == [
        (1, "sales", "2026-01", 1, 100),
        (2, "sales", "2026-01", 2, 140),
    ]


def test_the_same_fingerprint_with_other_figures_is_another_load(load, lines):
    load("f1", lines)
    assert [row[0] for row in load("f1", lines[:2])["loads"]] == [1, 2]


def test_the_last_loads_are_kept(monkeypatch, load, lines):
    monkeypatch.setattr(history, "KEPT_LOADS", 3)
    for n in range(history.KEPT_LOADS + 2):
        found = load(f"f{n}", lines)
    for rows in found.values():
        assert sorted({row[0] for row in rows}) == list(range(3, history.KEPT_LOADS + 3))


def test_no_total_over_several_currencies(load, lines):
    both = [dict(row, currency=c) for row, c in zip(lines, ("CNY", "USD", "USD"), strict=True)]
    assert load("f1", both)["loads"][0][5] is None


def test_cancelled_orders_have_no_part_in_what_months_say(load, lines):
    lines[1]["status"] = "cancelled"
    assert load("f1", lines)["load_months"][1] == (1, "sales", "2026-02", 2, None)


def test_dated_tables_that_feed_no_sum_are_counted(load, lines):
    answer = {"survey_id": "s", "answered_on": "2026-03-01", "instrument": "nps", "score": 9}
    receipt = {"receipt_id": "r", "received_on": "2026-03-02", "amount": 70}
    months = load("f1", lines, surveys=[answer], receipts=[receipt])["load_months"]
    assert {("surveys", "2026-03", 1, None), ("collections", "2026-03", 1, 70)} <= {row[1:] for row in months}


def test_a_store_that_is_none_is_said(load, lines, tmp_path):
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"this is no store" * 1000)
    load.place["previous"] = broken
    assert load("f1", lines)["loads"][0][-1] == history.UNREADABLE


def test_a_store_that_is_gone_is_a_first_load(load, lines, tmp_path):
    load.place["previous"] = tmp_path / "gone.duckdb"
    assert load("f1", lines)["loads"][0][-1] == history.FIRST


@pytest.mark.parametrize("layout", ["CREATE TABLE t (x INTEGER)", "CREATE TABLE loads (serial INTEGER)"])
def test_a_store_of_an_older_layout_is_said(load, lines, tmp_path, layout):
    older = tmp_path / "older.duckdb"
    with duckdb.connect(str(older)) as connection:
        connection.execute(layout)
    load.place["previous"] = older
    assert load("f1", lines)["loads"][0][-1] == history.WITHOUT


def test_a_store_that_is_being_read_can_be_carried_from(load, lines):
    first = load("f1", lines)
    reader = DuckDBEngine(load.place["previous"], read_only=True)
    try:
        assert load("f1", lines) == first
    finally:
        reader.close()


def test_long_tables_are_sampled_by_key_in_any_order_of_rows(monkeypatch, load, line):
    monkeypatch.setattr(history, "SAMPLE", 20)
    lines = [line("2026-01-05", n, region=f"r{n % 3}") for n in range(200)]
    first = load("f1", lines)
    quantiles = {row[2]: row[-2] for row in first["load_profiles"]}["net_amount"]
    assert quantiles != [float(n) for n in range(9, 190, 10)]  # those of all two hundred rows
    assert load("f1", list(reversed(lines))) == first
