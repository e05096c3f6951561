"""The metrics in PostgreSQL: the machine's own server, on a loopback port, in a directory of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib.metrics import REGISTRY, measure, totals
from salesops_lib.periods import Window
from salesops_lib.tables.engine import PostgresEngine, quoted
from salesops_lib.tables.facts import Facts

pytestmark = pytest.mark.postgres

WINDOWS = {
    "april": Window(date(2026, 4, 1), date(2026, 4, 30), 22, True),
    "so far": Window(date(2026, 1, 1), date(2026, 4, 30), 84, True),
    "never": Window(date(2020, 1, 1), date(2020, 1, 31), 23, True),
}
TYPES = {"VARCHAR": "text", "DOUBLE": "double precision"}


def program(name: str) -> str:
    """Path of a program of PostgreSQL; Debian keeps them off the search path."""
    for folder in ("", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)):
        if found := shutil.which(name, path=folder or None):
            return found
    pytest.skip(f"this machine has no {name}; install PostgreSQL's server to run this test")


def account() -> list[str]:
    """Words that run a command as somebody other than root, whom the server refuses."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("as root, setpriv is needed to start PostgreSQL as another user")
    names = {user.pw_name for user in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            user = pwd.getpwnam(name)
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    pytest.skip("as root, a user postgres or nobody is needed to start PostgreSQL")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Connection string of a server that lives as long as this module's tests."""
    initdb, ctl, switch = program("initdb"), program("pg_ctl"), account()
    folder = Path(tempfile.mkdtemp(prefix="salesops-postgres-"))
    if switch:
        os.chown(folder, int(switch[1].split("=")[1]), int(switch[2].split("=")[1]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run([*switch, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
    data = str(folder / "data")
    try:
        run(initdb, "-D", data, "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        run(ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"host=127.0.0.1 port={port} dbname=postgres user=tester"
        finally:
            run(ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def duck(shared_store, line) -> Facts:
    """Sales in two currencies, with returns, cancelled lines and gaps; deals, invoices and receipts."""
    deal = {"stage": "Quote", "created_on": "2026-04-01", "amount": 100, "customer_id": "a"}
    return shared_store(
        currency="CNY",
        order_lines=[
            line("2026-03-02", 1001, order_id="o1", customer_id="a", rep_id="r1", product_id="p", quantity=10, list_price=120, cost_amount=600, currency="CNY"),
            line("2026-03-31", 333, order_id="o1", line_id="2", customer_id="b", region="West", quantity=2.5, currency="USD", discount_rate=0.1),
            line("2026-04-01", 800, customer_id="a", rep_id="r1", channel="agents", quantity=8, list_price=125, cost_amount=500),
            line("2026-04-15", 701, customer_id="c", region="East", channel="direct's", quantity=7),
            line("2026-04-16", 2**52 + 1, customer_id="c", region="East"),
            line("2026-04-20", 250, customer_id="c", status="取消"),
            line("2026-04-21", -99, customer_id="b", region="West"),
            line("2026-04-22", 500, currency="EUR", region="区域"),
        ],
        returns=[{"return_id": "r", "order_id": "o1", "returned_on": "2026-04-02", "net_amount": 100}],
        customers=[{"customer_id": "a", "name": "Acme", "region": "North"}, {"customer_id": "b", "region": "West"}],
        org=[{"rep_id": "r1", "team": "T1", "region": "East", "valid_from": "2026-04-01"}],
        fx=[{"currency": "USD", "period": "2026-03", "rate_type": "avg", "rate": 7.1}],
        invoices=[{"invoice_id": "i1", "customer_id": "a", "invoiced_on": "2026-04-02", "net_amount": 500, "tax_amount": 65}],
        receipts=[{"receipt_id": "p1", "invoice_id": "i1", "received_on": "2026-04-30", "amount": 60}],
        opportunities=[
            deal | {"opportunity_id": "1", "outcome": "won", "closed_on": "2026-04-10"},
            deal | {"opportunity_id": "2", "outcome": "won", "closed_on": "2026-04-30", "amount": 301, "customer_id": "b"},
            deal | {"opportunity_id": "3", "outcome": "lost", "closed_on": "2026-04-20"},
            deal | {"opportunity_id": "4", "amount": None},
        ],
    )  # fmt: skip


@pytest.fixture(scope="module")
def postgres(server: str, duck: Facts) -> Iterator[Facts]:
    """The same tables in PostgreSQL."""
    writer = PostgresEngine(server, read_only=False)
    own = "load_profiles"  # lists and structures, which only the data page reads
    for table in duck.engine.columns().keys() - {own}:
        described = duck.engine.connection.execute(f"DESCRIBE {quoted(table)}").fetchall()
        body = ", ".join(f"{quoted(name)} {TYPES.get(kind, kind)}" for name, kind, *_ in described)
        writer.connection.execute(f"CREATE TABLE {quoted(table)} ({body})")
        with writer.connection.cursor().copy(f"COPY {quoted(table)} FROM STDIN") as copy:
            for row in duck.engine.connection.execute(f"SELECT * FROM {quoted(table)}").fetchall():
                copy.write_row(row)
    writer.close()
    facts = Facts(PostgresEngine(server))
    yield facts
    facts.close()


def keyed(frame: pd.DataFrame, keys: list[str], metric: str) -> dict[tuple, float | None]:
    return {
        tuple(None if pd.isna(row[key]) else row[key] for key in keys): None
        if pd.isna(row[metric])
        else row[metric]
        for row in frame.to_dict("records")
    }


@pytest.mark.parametrize("metric", [m for m in REGISTRY.values() if m.sql], ids=lambda m: m.id)
def test_every_metric_is_what_duckdb_makes_of_it(duck, postgres, metric):
    for by in ([], ["region"], ["region", "customer_id"]):
        mine, theirs = (
            keyed(measure(f, [metric.id], WINDOWS, by), ["window", *by], metric.id) for f in (duck, postgres)
        )
        assert mine
        if metric.unit in ("money", "count"):
            assert theirs == mine
        else:
            assert theirs.keys() == mine.keys()
            for key, value in mine.items():
                assert theirs[key] == (value if value is None else pytest.approx(value, rel=1e-12))


def test_totals_keep_windows_without_rows(duck, postgres):
    ids = ["bookings", "net_sales", "revenue", "win_rate"]
    mine, theirs = (totals(f, ids, WINDOWS, {"region": ["East", "North", "West"]}) for f in (duck, postgres))
    pd.testing.assert_frame_equal(theirs.astype(float), mine.astype(float), check_exact=False, rtol=1e-12)
    assert theirs.loc["never"].isna().all()


def test_the_facts_know_the_same(duck, postgres):
    assert postgres.last_day == duck.last_day == date(2026, 4, 22)
    assert postgres.rows == duck.rows
    assert postgres.fingerprint == duck.fingerprint
    assert postgres.missing("sales.region", "surveys.score") == ("surveys.score",)
    assert postgres.columns("sales") == duck.columns("sales")


def test_days_and_decimals_arrive_as_days_and_numbers(postgres):
    row = postgres.query("SELECT dated_on, quantity, net_amount FROM sales WHERE region = ?", ["West"]).dtypes
    assert str(row.dated_on).startswith("datetime64")
    assert (str(row.quantity), str(row.net_amount)) == ("float64", "int64")


def test_the_reader_cannot_write(postgres):
    import psycopg

    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        postgres.engine.execute("CREATE TABLE more (x INTEGER)")
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        postgres.engine.execute("DELETE FROM sales WHERE region = ?", ["West"])
