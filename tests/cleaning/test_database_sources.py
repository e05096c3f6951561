"""Tables of a database from the address to the facts, from another directory than the one they were added in."""

import sqlite3

import duckdb

from salesops_lib import cleaning
from salesops_lib.cleaning import read_sources


def test_a_table_is_added_by_a_relative_address_and_loaded_from_elsewhere(tmp_path, monkeypatch):
    home, root = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    root.mkdir()
    with sqlite3.connect(home / "shop.db") as shop:
        shop.execute("CREATE TABLE 订单 (单号 TEXT PRIMARY KEY, 下单日期 TEXT, 客户名称 TEXT, 金额 TEXT)")
        rows = [
            ("S1", "2024年1月31日", "甲", "1.2万"),
            ("S2", "2024-02-01", "乙", "(34.50)"),
            ("S3", "x", "丙", "1"),
        ]
        shop.executemany("INSERT INTO 订单 VALUES (?, ?, ?, ?)", rows)
    shop.close()
    monkeypatch.chdir(home)
    cleaning.add(root, ["sqlite:///shop.db#订单"], yes=True)
    monkeypatch.chdir(tmp_path)
    (source,) = read_sources(root)
    assert (source.file, source.sheet) == (f"sqlite:///{home / 'shop.db'}", "订单")
    first = cleaning.load(root)
    assert (first.sources[0].rows_in, first.sources[0].used, first.sources[0].set_aside) == (3, 2, 1)
    with duckdb.connect(str(root / "data" / "facts.duckdb"), read_only=True) as facts:
        found = facts.execute(
            "SELECT order_id, CAST(ordered_on AS VARCHAR), net_amount FROM order_lines ORDER BY 1"
        )
        assert found.fetchall() == [("S1", "2024-01-31", 1_200_000), ("S2", "2024-02-01", -3450)]
    assert cleaning.load(root).fingerprint == first.fingerprint
