"""The engines: what is refused when facts are only read, and how statements are carried over."""

from __future__ import annotations

import duckdb
import pytest

from salesops_lib.errors import DataError
from salesops_lib.metrics import REGISTRY
from salesops_lib.tables.dialects import translated
from salesops_lib.tables.engine import DuckDBEngine, quoted


@pytest.fixture(scope="module")
def file(shared_store, line, tmp_path_factory):
    path = tmp_path_factory.mktemp("engine") / "facts.duckdb"
    shared_store(path=path, order_lines=[line("2026-03-10", 1000)]).close()
    return path


@pytest.fixture
def sealed(file):
    engine = DuckDBEngine(file, read_only=True)
    yield engine
    engine.close()


def test_a_sealed_engine_reads(sealed):
    assert (
        sealed.query("SELECT SUM(net_amount) AS net FROM sales WHERE kind = ?", ["order"]).net.item() == 1000
    )
    assert "net_amount" in sealed.columns()["sales"]


@pytest.mark.parametrize(
    "sql",
    [
        "COPY sales TO '{folder}/out.csv'",
        "EXPORT DATABASE '{folder}/out'",
        "SELECT * FROM read_csv('{folder}/secret.csv')",
        "SELECT * FROM '{folder}/secret.csv'",
        "SELECT * FROM read_text('{folder}/secret.csv')",
        "SELECT * FROM glob('{folder}/*')",
        "ATTACH '{folder}/other.duckdb' AS other",
        "INSTALL httpfs",
        "LOAD httpfs",
        "SET enable_external_access = true",
        "SET lock_configuration = false",
        "RESET enable_external_access",
        "DELETE FROM sales",
        "DROP TABLE sales",
        "CREATE TABLE more AS SELECT 1",
    ],
)
def test_a_sealed_engine_reaches_no_file_network_or_setting(sealed, tmp_path, sql):
    (tmp_path / "secret.csv").write_text("a\n1\n")
    with pytest.raises(duckdb.Error):
        sealed.query(sql.format(folder=tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["secret.csv"]


def test_two_readers_at_once(file, sealed):
    other = DuckDBEngine(file, read_only=True)
    assert other.query("SELECT COUNT(*) AS n FROM sales").n.item() == 1
    other.close()


def test_without_facts_the_reader_says_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"There are no facts at .*\n.*salesops load") as problem:
        DuckDBEngine(tmp_path / "facts.duckdb", read_only=True)
    assert len(str(problem.value).splitlines()) <= 3


@pytest.mark.parametrize("content", [b"", b"order_id,net\n1,2\n", b"\0" * 20_000])
def test_a_file_that_is_no_store_is_told_so(tmp_path, content):
    (tmp_path / "facts.duckdb").write_bytes(content)
    with pytest.raises(DataError, match="not a DuckDB file or is damaged"):
        DuckDBEngine(tmp_path / "facts.duckdb", read_only=True)


def test_a_cut_store_is_told_to_be_damaged(file, tmp_path):
    (tmp_path / "facts.duckdb").write_bytes(file.read_bytes()[:6000])
    with pytest.raises(DataError, match="damaged"):
        DuckDBEngine(tmp_path / "facts.duckdb", read_only=True)


def test_a_store_that_is_being_written_is_told_so(file):
    """Another process holds the lock; a second one that only reads is refused with advice."""
    import subprocess
    import sys

    holder = subprocess.Popen(
        [sys.executable, "-c", "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()", str(file)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataError, match="Another program is writing to it"):
            DuckDBEngine(file, read_only=True)
    finally:
        holder.communicate("")


@pytest.mark.parametrize("name", ["plain", "two words", 'qu"ote', "x; DROP TABLE sales", "区域"])
def test_quoted_names_are_names(name):
    engine = DuckDBEngine()
    engine.execute(f"CREATE TABLE {quoted(name)} (x INTEGER)")
    assert list(engine.columns()) == [name]
    engine.close()


def test_statements_are_carried_over_to_postgres():
    sql = 'SELECT CAST(SUM(a) FILTER (WHERE k = ?) AS DOUBLE) AS "x" FROM t WHERE d BETWEEN ? AND ?'
    assert translated(sql, "postgres") == (
        'SELECT CAST(SUM(a) FILTER(WHERE k = %s) AS DOUBLE PRECISION) AS "x" FROM t WHERE d BETWEEN %s AND %s'
    )


def test_question_marks_and_percent_signs_inside_texts_stay_what_they_are():
    assert (
        translated("SELECT '100 % sure?' AS a, ? AS b", "postgres") == "SELECT '100 %% sure?' AS a, %s AS b"
    )


@pytest.mark.parametrize("dialect", ["postgres", "spark"])
@pytest.mark.parametrize("metric", [m for m in REGISTRY.values() if m.sql], ids=lambda m: m.id)
def test_every_definition_can_be_carried_over(metric, dialect):
    assert translated(f"SELECT {metric.sql} AS x FROM t", dialect)


def test_quantiles_in_spark_are_exact():
    assert translated("SELECT quantile_cont(x, 0.5) AS m FROM t WHERE y = ?", "spark") == (
        "SELECT PERCENTILE(x, 0.5) AS m FROM t WHERE y = ?"
    )
