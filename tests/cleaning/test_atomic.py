"""A load replaces the store at once or not at all."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from salesops_lib import cleaning
from salesops_lib.errors import DataError

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
    return {p.name: p.read_bytes() for p in (root / "data").iterdir() if p.name != ".lock"}


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
