"""Whole reports say the same wherever the facts are, to the minor unit."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import pytest
from built_once import built_once, common_folder
from whole_reports import PAY, REVIEWS, Told, assert_equal, told

from salesops_lib import cleaning, open_workspace, synthetic
from salesops_lib.cli.start import adopt_policy
from salesops_lib.forecasting import kept
from salesops_lib.forecasting.ahead import ahead
from salesops_lib.runs.statements import units as statement_units
from salesops_lib.tables import scope, stores
from salesops_lib.tables.dialects import translated
from salesops_lib.workspace import load_policy

#: The smallest sample company; what it says fills every section.
LINES, SEED = 10_000, 2026


#: Sections of which the sample company holds no data.
NOT_HELD = {("22_segments", "contract_churn")}


def build(root: Path) -> None:
    """A company loaded twice, the second time without some rows and with a total of its books, and a forecast kept, so that there is history."""
    raw = synthetic.generate(root, lines=LINES, seed=SEED)
    adopt_policy(root)
    policy = load_policy(root)
    cleaning.add(root, sorted(raw.iterdir()), yes=True, policy=policy)
    cleaning.load(root, policy=policy)
    sources = cleaning.read_sources(root)
    orders = next(s for s in sources if s.table == "order_lines")
    path = orders.path(root)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for number, line in enumerate(lines) if number % 50 != 49))
    text = (root / "data" / "sources.yaml").read_text("utf-8")
    entry = f"table: order_lines\n    sha256: {orders.sha256}\n"
    assert entry in text
    stated = f"{entry}    control: {{net_amount: 1000000}}\n"
    (root / "data" / "sources.yaml").write_text(text.replace(entry, stated, 1), "utf-8")
    cleaning.load(root, policy=policy)
    with closing(open_workspace(root, period="2025-11")) as ws:
        forecast = ahead(ws)
        assert forecast is not None
        kept_on = root / kept.FOLDER / ws.window.end.isoformat()
        kept_on.mkdir(parents=True)
        kept.said(ws, forecast).to_csv(kept_on / "21_forecast.csv", index=False)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return built_once(common_folder(tmp_path_factory) / "small-company", build)


@pytest.fixture(scope="module")
def on_duckdb(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return told(company, tmp_path_factory.mktemp("duckdb"))


@pytest.fixture(scope="module")
def pay_on_duckdb(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Told:
    return told(company, tmp_path_factory.mktemp("pay"), PAY)


@pytest.fixture
def elsewhere(company: Path, tmp_path: Path) -> Callable[[str], Path]:
    """Publishes the company's facts; a workspace that has its policy and the store's name alone."""

    def made(store: str) -> Path:
        root = tmp_path / "elsewhere"
        (root / "data").mkdir(parents=True)
        shutil.copy(company / "policy.yaml", root)
        shutil.copytree(company / kept.FOLDER, root / kept.FOLDER)
        (root / "data" / "sources.yaml").write_text(f"store: {store}\n", "utf-8")
        copied = shutil.copy(
            company / stores.FACTS, tmp_path
        )  # another worker may be reading the company's own
        stores.publish(Path(copied), stores.named(root))
        return root

    return made


def rows_of_a_unit(root: Path, folder: Path) -> dict[str, int]:
    """Rows by table of the store that the report of the first region gets (`--by region`)."""
    folder.mkdir()
    whole = stores.open_facts(root)
    unit = scope.units(whole, "region", date(2024, 1, 1), date(2025, 12, 31))[0]
    scope.write_scoped(whole, folder / "facts.duckdb", "region", unit)
    whole.close()
    with duckdb.connect(str(folder / "facts.duckdb"), read_only=True) as own:
        named = own.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
        counts = {name: own.execute(f'SELECT COUNT(*) FROM "{name}"').fetchall()[0][0] for (name,) in named}
    assert counts["order_lines"]
    return counts


@pytest.mark.slow
def test_the_company_asks_for_every_statement(on_duckdb):
    """What the other engines are held against: all sections filled, two loads compared."""
    assert on_duckdb.missing == NOT_HELD
    assert len(on_duckdb.frames) >= 40
    assert len(on_duckdb.pages) == 2 * len(REVIEWS)
    assert len(on_duckdb.statements) >= 70


@pytest.mark.postgres
def test_reports_on_postgresql_say_what_they_say_on_duckdb(on_duckdb, company, elsewhere, server, tmp_path):
    root = elsewhere(f"{server}#reports")
    there = told(root, tmp_path / "output")
    assert there.statements.keys() == on_duckdb.statements.keys()
    assert_equal(there, on_duckdb)
    assert rows_of_a_unit(root, tmp_path / "there") == rows_of_a_unit(company, tmp_path / "here")


@pytest.mark.slow
def test_the_company_pays_and_replays(pay_on_duckdb):
    """What PostgreSQL is held against: statements, the design of all plans, and a replay that changes pay."""
    assert not pay_on_duckdb.missing
    assert len(pay_on_duckdb.pages) == 2 * len(PAY)
    assert pay_on_duckdb.frames["31_incentive_statement", "statement_payees", "0"].paid.sum() > 0
    assert pay_on_duckdb.frames["33_policy_replay", "replay_changes", "0"].difference.any()


@pytest.mark.postgres
def test_pay_on_postgresql_is_what_it_is_on_duckdb(pay_on_duckdb, company, elsewhere, server, tmp_path):
    root = elsewhere(f"{server}#pay")
    there = told(root, tmp_path / "output", PAY)
    assert there.statements.keys() == pay_on_duckdb.statements.keys()
    assert_equal(there, pay_on_duckdb)
    assert statement_units(root, "2025-12") == statement_units(company, "2025-12")


@pytest.mark.postgres
def test_postgresql_plans_every_statement_of_the_reports(on_duckdb, elsewhere, server):
    """Also those of sections that the sample company fills in one engine alone."""
    elsewhere(f"{server}#statements")
    engine = stores.open_engine(f"{server}#statements")
    for sql, values in on_duckdb.statements.items():
        engine.connection.execute(f"EXPLAIN {translated(sql, 'postgres')}", values)
    engine.close()


@pytest.mark.spark
def test_reports_on_spark_say_what_they_say_on_duckdb(on_duckdb, company, elsewhere, tmp_path, monkeypatch):
    if not importlib.util.find_spec("pyspark"):
        pytest.skip("pyspark is not installed; pip install 'salesops[spark]'")
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        pytest.skip("this machine has no Java, which Spark runs on; install a JRE from 17 on")
    monkeypatch.setenv("PYSPARK_PYTHON", sys.executable)
    monkeypatch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
    root = elsewhere("local[2]#data/parquet")
    assert_equal(told(root, tmp_path / "output"), on_duckdb)
    assert rows_of_a_unit(root, tmp_path / "there") == rows_of_a_unit(company, tmp_path / "here")
