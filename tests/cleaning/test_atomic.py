"""A load replaces the store at once or not at all."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from salesops_lib import cleaning
from salesops_lib.cleaning import store
from salesops_lib.cleaning.audit import Audit
from salesops_lib.errors import DataError
from salesops_lib.tables.engine import DuckDBEngine

loading = importlib.import_module("salesops_lib.cleaning.load")
ORDERS = "Order ID,Order Date,Customer Name,Amount\nA1,2026-03-05,Ann,10\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    cleaning.add(tmp_path, [file])
    cleaning.load(tmp_path)
    return tmp_path


def contents(root: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (root / "data").iterdir() if p.is_file() and p.name != ".lock"}


@pytest.mark.parametrize("stop", [RuntimeError, KeyboardInterrupt, DataError])
def test_a_load_that_ends_early_changes_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch, stop: type
) -> None:
    before = contents(root)

    def fail(*_: object) -> None:
        raise stop("stopped")

    monkeypatch.setattr(loading, "_derived_tables", fail)
    with pytest.raises(stop):
        cleaning.load(root)
    assert contents(root) == before


_KILLED = """
import importlib, os, sys
from salesops_lib import cleaning
store = importlib.import_module("salesops_lib.cleaning.store")
left, replace = int(sys.argv[2]), os.replace

def failing(source, target):
    global left
    if str(target).endswith((".duckdb", "set_aside.csv", "audit.json")):
        if left == 0:
            os._exit(9)
        left -= 1
    replace(source, target)

store.os.replace = failing
cleaning.load(sys.argv[1])
"""


@pytest.mark.parametrize("n_replaced", [0, 1, 2, 3])
def test_a_kill_between_two_files_leaves_no_mix_that_is_not_found_out(root: Path, n_replaced: int) -> None:
    data, before = root / "data", contents(root)
    (root / "orders.csv").write_text(ORDERS + "A2,2026-03-06,Bo,5\nA3,never,Bo,5\n")
    ended = subprocess.run([sys.executable, "-c", _KILLED, str(root), str(n_replaced)], check=False)
    assert ended.returncode == (0 if n_replaced == 3 else 9)
    mixed = {0: (), 1: ("audit.json", "set_aside.csv"), 2: ("audit.json",), 3: ()}[n_replaced]
    assert store.stale(data) == mixed
    with DuckDBEngine(data / "facts.duckdb", read_only=True).connection as facts:
        n_used, n_aside = facts.execute(
            "SELECT (SELECT count(*) FROM order_lines), (SELECT count(*) FROM set_aside)"
        ).fetchall()[0]
    assert (n_used, n_aside) == ((1, 0) if n_replaced == 0 else (2, 1))
    store.mend(data, data)
    assert store.stale(data) == ()
    if n_replaced == 0:
        assert {name: contents(root)[name] for name in before} == before
    else:
        assert Audit.read(data / "audit.json").sources[0].used == 2
        assert (data / "set_aside.csv").read_text("utf-8-sig").count("never") == 1


def test_a_copy_that_was_edited_is_made_anew_even_by_a_load_that_fails(root: Path) -> None:
    copy = root / "data" / "set_aside.csv"
    before = copy.read_bytes()
    copy.write_text("edited")
    (root / "orders.csv").unlink()
    with pytest.raises(DataError, match="no such file"):
        cleaning.load(root)
    assert copy.read_bytes() == before


def test_leftovers_of_a_killed_load_are_removed(root: Path) -> None:
    left = root / "data" / ".load-killed"
    left.mkdir()
    (left / "facts.duckdb").write_text("half")
    cleaning.load(root)
    assert not left.exists()


def test_a_corrupt_store_is_built_anew(root: Path) -> None:
    (root / "data" / "facts.duckdb").write_bytes(b"rubbish" * 1000)
    assert cleaning.load(root).sources[0].used == 1


def test_two_loads_do_not_race(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from salesops_lib.cleaning.locking import exclusive\n"
        "with exclusive(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(root / "data")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(DataError, match=rf"Another salesops process \(process {other.pid}\) is writing"):
            cleaning.load(root)
        other.communicate("")
    assert cleaning.load(root).sources[0].used == 1


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(ORDERS)
    root = tmp_path / "w"
    root.mkdir()
    (root / "data").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="data cannot be written"):
        cleaning.add(root, [file])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_named(root: Path) -> None:
    (root / "data").chmod(0o500)
    try:
        with pytest.raises(DataError, match="cannot be written"):
            cleaning.load(root)
    finally:
        (root / "data").chmod(0o700)


def test_no_sources_yet(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="salesops add"):
        cleaning.load(tmp_path)


def test_a_file_that_has_changed_is_loaded_and_said(root: Path) -> None:
    (root / "orders.csv").write_text(ORDERS + "A2,2026-03-06,Bo,5\n")
    source = cleaning.load(root).sources[0]
    assert source.used == 2
    assert "changed since it was added" in source.notes[0]
