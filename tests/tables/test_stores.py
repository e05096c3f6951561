"""Where the facts are is said once, in data/sources.yaml."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from salesops_lib import cleaning
from salesops_lib.errors import DataError
from salesops_lib.tables import stores
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.workspace import open_workspace


def told(root: Path, store: str) -> None:
    (root / "data").mkdir(exist_ok=True)
    (root / "data" / "sources.yaml").write_text(f"store: {store}\nsources: []\n", "utf-8")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql://me@db:5432/sales", "postgresql://me@db:5432/sales"),
        ("postgresql://me@[::1]:5432/sales#north", "postgresql://me@[::1]:5432/sales#north"),
        ("sc://cluster:15002#/mnt/facts", "sc://cluster:15002#/mnt/facts"),
        ("spark://cluster:7077#/mnt/facts", "spark://cluster:7077#/mnt/facts"),
        ("local[2]#data/parquet", "local[2]#{root}/data/parquet"),
        ("", ""),
    ],
)
def test_a_store_is_named_by_its_address(tmp_path, written, meant):
    told(tmp_path, written)
    assert stores.named(tmp_path) == meant.format(root=tmp_path)


def test_without_a_store_the_facts_are_in_the_workspace(tmp_path):
    assert stores.named(tmp_path) == ""
    with pytest.raises(DataError, match=r"no facts at .*facts.duckdb yet"):
        stores.open_facts(tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://me:canary@db/sales",
        "postgresql://me:can@ry@db/sales",
        "postgresql://me:can#ry@db/sales",
        "postgresql://db/sales?password=canary",
        "postgresql://db/sales?sslmode=require&sslpassword=canary",
        "sc://cluster:443/;use_ssl=true;token=canary#/mnt/facts",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(tmp_path, address):
    told(tmp_path, address)
    with pytest.raises(DataError, match="store holds a password") as refused:
        stores.named(tmp_path)
    assert "sources.yaml" in str(refused.value)
    assert not any(part in str(refused.value) for part in ("canary", "can@", "can#"))


@pytest.mark.parametrize(
    "address", ["mysql://db/sales", "facts.duckdb", "local[2]", "[1, 2]", "sc://cluster:15002"]
)
def test_what_is_no_address_is_refused_with_the_forms(tmp_path, address):
    told(tmp_path, address)
    with pytest.raises(DataError, match=r"no address.*postgresql://user@host"):
        stores.named(tmp_path)


def test_a_misspelt_key_is_not_passed_over(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sources.yaml").write_text("stroe: postgresql://db/sales\nsources: []\n", "utf-8")
    with pytest.raises(DataError, match=r"unknown key 'stroe'; .*store"):
        cleaning.read_sources(tmp_path)


def one_order(root: Path, amount: int) -> None:
    path = root / "orders.csv"
    path.write_text(f"order_id,ordered_on,net_amount\nA1,2026-03-02,{amount}\n", "utf-8")
    cleaning.add(root, [path], table="order_lines", yes=True)


def test_a_load_that_cannot_be_published_changes_nothing(tmp_path):
    one_order(tmp_path, 100)
    cleaning.load(tmp_path)
    before = (tmp_path / "data" / "facts.duckdb").read_bytes()
    one_order(tmp_path, 200)
    sources = tmp_path / "data" / "sources.yaml"
    sources.write_text("store: postgresql://nobody@127.0.0.1:1/none\n" + sources.read_text("utf-8"), "utf-8")
    with pytest.raises(DataError, match="PostgreSQL cannot be reached"):
        cleaning.load(tmp_path)
    assert (tmp_path / "data" / "facts.duckdb").read_bytes() == before


def test_adding_a_file_keeps_the_store(tmp_path):
    told(tmp_path, "postgresql://me@db/sales")
    one_order(tmp_path, 100)
    assert stores.named(tmp_path) == "postgresql://me@db/sales"


@pytest.mark.postgres
def test_a_load_goes_to_the_store_and_a_workspace_without_a_file_reads_it(tmp_path, server):
    root, reader = tmp_path / "loads", tmp_path / "reads"
    reader.mkdir()
    told(reader, f"{server}#of_a_load")
    for amount in (100, 250):
        one_order_in(root, f"{server}#of_a_load", amount)
        ws = open_workspace(reader)
        assert ws.facts.query("SELECT net_amount FROM sales").net_amount.tolist() == [amount * 100]
        with duckdb.connect(str(root / "data" / "facts.duckdb"), read_only=True) as local:
            (said,) = local.execute("SELECT value FROM store_facts WHERE name = 'fingerprint'").fetchall()
        assert said == (ws.facts.fingerprint,)
        ws.close()


def one_order_in(root: Path, store: str, amount: int) -> None:
    root.mkdir(exist_ok=True)
    if not (root / "data" / "sources.yaml").exists():
        told(root, store)
    one_order(root, amount)
    cleaning.load(root)


def test_parquet_of_a_load_that_fails_leaves_the_one_before(tmp_path):
    """The files are DuckDB's work; no Spark is needed to see which of them are current."""
    source = DuckDBEngine()
    source.execute("CREATE TABLE t AS SELECT 1 AS load")
    from salesops_lib.tables import spark

    folder = tmp_path / "parquet"
    for _ in range(3):
        spark.publish(source, f"local#{folder}")
    current = (folder / "current").read_text("utf-8")
    assert len(list(folder.glob("load-*"))) == 2
    source.execute("CREATE VIEW broken AS SELECT * FROM t")
    source.execute("DROP TABLE t")
    with pytest.raises(DataError, match="It holds what it held before"):
        spark.publish(source, f"local#{folder}")
    source.close()
    assert (folder / "current").read_text("utf-8") == current
    assert duckdb.sql(f"SELECT load FROM '{folder / current / 't.parquet'}'").fetchall() == [(1,)]
    assert len(list(folder.glob("load-*"))) == 2
