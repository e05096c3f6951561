"""Tables of databases by URL, read as text; passwords reach no file, message or picture of an object."""

from __future__ import annotations

import copy
import os
import pickle
import pwd
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from salesops_lib.cleaning.reading import databases
from salesops_lib.cleaning.reading.addresses import address, is_url
from salesops_lib.cleaning.reading.containers import Part
from salesops_lib.cleaning.reading.grids import Grid
from salesops_lib.errors import DataError

CANARY = "s3cr3t-canary"


def records(grid: Grid) -> list[tuple[str | None, ...]]:
    return list(zip(*(column.to_pylist() for column in grid.table.columns)))


def table(url: str) -> Part:
    """The only table that `url` names."""
    (part,) = databases.parts(url)
    return part


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """Orders with a key that is out of order, lines without one, and a view."""
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.executescript(
            """
            CREATE TABLE orders (number INTEGER, year INTEGER, "net ""eur"" amount" REAL, note, PRIMARY KEY (year, number));
            INSERT INTO orders VALUES (2, 2024, 0.1, '007'), (1, 2024, 1e20, NULL), (9, 2023, 17850.0, x'FF00');
            CREATE TABLE "order.lines" (product TEXT, quantity);
            INSERT INTO "order.lines" VALUES ('b', 1), ('a', 'two');
            CREATE VIEW recent AS SELECT number FROM orders WHERE year = 2024;
            """
        )
    connection.close()
    return f"sqlite:///{tmp_path / 'shop.db'}"


def test_tables_and_views_are_listed(sqlite_url: str) -> None:
    found = databases.parts(sqlite_url)
    assert [part.sheet for part in found] == ["orders", '"order.lines"', "recent"]
    assert {part.url for part in found} == {sqlite_url}


def test_sqlite_values_in_the_order_of_the_key(sqlite_url: str) -> None:
    grid = databases.grid(table(f"{sqlite_url}#orders"))
    assert grid.headers == ("number", "year", 'net "eur" amount', "note")
    assert records(grid) == [
        ("9", "2023", "17850", "ff00"),
        ("1", "2024", "1e+20", None),
        ("2", "2024", "0.1", "007"),
    ]
    assert (grid.numbers.tolist(), grid.notes) == ([1, 2, 3], ())


def test_a_table_without_a_key_says_how_it_is_numbered(sqlite_url: str) -> None:
    part = next(part for part in databases.parts(sqlite_url) if "lines" in part.sheet)
    grid = databases.grid(part)
    assert records(grid) == [("b", "1"), ("a", "two")]
    assert grid.notes == ('shop.db#"order.lines" has no primary key; rows are numbered as they were entered',)


def test_sample_is_the_head_under_the_names(sqlite_url: str) -> None:
    assert databases.sample_grid(table(f"{sqlite_url}#recent"), 1) == [(0, ("number",)), (1, ("1",))]


def test_connections_only_read(sqlite_url: str, tmp_path: Path) -> None:
    with (
        databases._connected(address(sqlite_url)) as database,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        database.connection.execute("DELETE FROM orders")
    assert len(records(databases.grid(table(f"{sqlite_url}#orders")))) == 3


def test_fingerprint_changes_with_any_cell_and_not_with_the_order(sqlite_url: str) -> None:
    part = table(f"{sqlite_url}#orders")
    before = databases.fingerprint(part)
    path = sqlite_url.removeprefix("sqlite:///")

    def change(statement: str) -> str:
        with sqlite3.connect(path) as connection:
            connection.execute(statement)
        connection.close()
        return databases.fingerprint(part)

    assert databases.fingerprint(part) == before
    changed = change("UPDATE orders SET note = '7' WHERE number = 2")
    assert changed != before
    assert change("UPDATE orders SET note = '007' WHERE number = 2") == before
    assert change("INSERT INTO orders VALUES (3, 2024, 1, '')").startswith("4-")


@pytest.fixture
def duck_url(tmp_path: Path) -> str:
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as connection:
        connection.execute(
            "CREATE SCHEMA sales; CREATE TABLE sales.orders (id VARCHAR PRIMARY KEY, amount DECIMAL(20, 4), day DATE)"
        )
        connection.execute(
            "INSERT INTO sales.orders VALUES ('b', 1.5, '2024-01-31'), ('a', 12345678901234.5678, NULL)"
        )
        connection.execute("CREATE TABLE lines AS SELECT range AS n, range / 10 AS share FROM range(3)")
        connection.execute(
            "CREATE VIEW days AS SELECT TIMESTAMP '2024-01-31 12:30:00.5' AS moment, [1, 2] AS list"
        )
    return f"duckdb:///{tmp_path / 'shop.duckdb'}"


def test_duckdb_tables_and_views(duck_url: str) -> None:
    assert [part.sheet for part in databases.parts(duck_url)] == ["main.days", "main.lines", "sales.orders"]
    orders = databases.grid(table(f"{duck_url}#sales.orders"))
    assert records(orders) == [("a", "12345678901234.5678", None), ("b", "1.5000", "2024-01-31")]
    assert records(databases.grid(table(f"{duck_url}#days"))) == [("2024-01-31 12:30:00.5", "[1, 2]")]
    assert records(databases.grid(table(f"{duck_url}#lines"))) == [("0", "0.0"), ("1", "0.1"), ("2", "0.2")]


def test_a_table_that_is_not_there_is_named_with_the_nearest(duck_url: str) -> None:
    with pytest.raises(DataError, match=r"has no table 'sales\.order'; did you mean 'sales\.orders'\?"):
        databases.parts(f"{duck_url}#sales.order")


def test_names_of_tables_are_quoted(tmp_path: Path) -> None:
    evil = 'x"; DROP TABLE orders; --'
    with sqlite3.connect(tmp_path / "evil.db") as connection:
        connection.execute("CREATE TABLE orders (a)")
        connection.execute(f'CREATE TABLE "{evil.replace(chr(34), chr(34) * 2)}" ("select" TEXT)')
    connection.close()
    parts = databases.parts(f"sqlite:///{tmp_path / 'evil.db'}")
    assert [databases.grid(part).headers for part in parts] == [("a",), ("select",)]


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_a_file_that_is_no_database(tmp_path: Path, kind: str) -> None:
    (tmp_path / "orders.db").write_text("id,amount\n" * 1000)
    with pytest.raises(DataError, match=r"cannot be read: .*Check that the file is a"):
        databases.parts(f"{kind}:///{tmp_path / 'orders.db'}")
    with pytest.raises(DataError, match="there is no file"):
        databases.parts(f"{kind}:///{tmp_path / 'gone.db'}")
    assert not (tmp_path / "gone.db").exists()


def test_a_variable_holds_the_address(duck_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_DB", duck_url)
    part = table("${SALES_DB}#sales.orders")
    assert part.url == "${SALES_DB}"
    assert databases.grid(part).table.num_rows == 2
    monkeypatch.delenv("SALES_DB")
    with pytest.raises(DataError, match=r"variable SALES_DB.* is not set"):
        databases.parts("${SALES_DB}")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"postgresql://ann:{CANARY}@db.example:5433/sales", "postgresql://ann@db.example:5433/sales"),
        (f"postgres://ann:{CANARY}@db.example/sales#public.orders", "postgres://ann@db.example/sales"),
        (
            f"postgresql://db.example/sales?user=ann&password={CANARY}&sslmode=require",
            "postgresql://db.example/sales?user=ann&sslmode=require",
        ),
        (f"postgresql://ann:{CANARY}@[::1]:5432/sales", "postgresql://ann@[::1]:5432/sales"),
        ("postgresql:///sales?host=/run/postgresql", "postgresql:///sales?host=/run/postgresql"),
        ("sqlite:////data/a.db#orders", "sqlite:////data/a.db"),
    ],
)
def test_an_address_is_written_without_its_password(url: str, shown: str) -> None:
    found = address(url)
    assert found == shown
    assert found.password == (CANARY if CANARY in url else "")
    for text in (repr(found), str(found), f"{found}", repr(copy.deepcopy(found)), repr(pickle.dumps(found))):
        assert CANARY not in text
    assert CANARY not in repr(Part(Path("sales"), sheet="public.orders", url=found))


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://ann:{CANARY}#1@db.example/sales",
        f"postgresql://ann:{CANARY}/1@db.example/sales",
        f"postgresql://ann:{CANARY}@1@db.example/sales",
        f"postgresql://ann:{CANARY}?1@db.example/sales",
        f"postgresql://ann@db.example:{CANARY}/sales",
        f"mysql://ann:{CANARY}@db.example/sales",
    ],
)
def test_a_malformed_address_does_not_show_its_password(url: str) -> None:
    with pytest.raises(DataError) as caught:
        databases.parts(url)
    assert CANARY not in "".join(traceback.format_exception(caught.value, chain=True)).replace(url, "")
    assert CANARY not in str(caught.value)


def test_an_unreachable_server_does_not_show_the_password() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(DataError, match="PGPASSWORD") as caught:
        databases.parts(f"postgresql://ann:{CANARY}@127.0.0.1:9/sales")
    assert CANARY not in str(caught.value)
    assert caught.value.__suppress_context__


def test_without_the_driver_the_command_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(DataError, match=re.escape("pip install 'salesops[postgres]'")):
        databases.parts("postgresql://ann@127.0.0.1:9/sales")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("duckdb:///a.duckdb", True),
        ("${DB}", True),
        ("${DB}#a.b", True),
        ("C:/a.csv", False),
        ("s3://a/b", False),
        ("${HOME}/a.csv", False),
    ],
)
def test_which_texts_name_a_database(text: str, expected: bool) -> None:
    assert is_url(text) is expected


NORTHWIND = {
    "orders": "order_id customer_id employee_id order_date required_date shipped_date ship_via freight ship_name "
    "ship_address ship_city ship_region ship_postal_code ship_country",
    "order_details": "order_id product_id unit_price quantity discount",
}


@pytest.fixture(scope="module")
def northwind(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, list[list[str]]]:
    """URL of a SQLite file with the orders of a script for PostgreSQL, and its order lines as written."""
    script = (shared_data / "northwind" / "northwind.sql").read_text("utf-8")
    path = tmp_path_factory.mktemp("northwind") / "northwind.db"
    with sqlite3.connect(path) as connection:
        for name, columns in NORTHWIND.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(columns.split())})")
        for statement in re.findall(
            r"^INSERT INTO (?:orders|order_details) VALUES .*;$", script, re.MULTILINE
        ):
            connection.execute(statement)
    connection.close()
    lines = re.findall(r"^INSERT INTO order_details VALUES \((.*)\);$", script, re.MULTILINE)
    return f"sqlite:///{path}", [line.split(", ") for line in lines]


def test_northwind_counts_and_total(northwind: tuple[str, list[list[str]]]) -> None:
    url, written = northwind
    lines = databases.grid(table(f"{url}#order_details"))
    assert databases.grid(table(f"{url}#orders")).table.num_rows == 830
    assert lines.table.num_rows == 2_155
    assert records(lines) == [tuple(line) for line in written]

    def net(rows: Iterator[tuple[str | None, ...]] | list[tuple[str, ...]]) -> Decimal:
        return sum(
            (Decimal(p or 0) * Decimal(q or 0) * (1 - Decimal(d or 0)) for _, _, p, q, d in rows), Decimal(0)
        )

    total = net(iter(records(lines)))
    assert total == net([tuple(line) for line in written])
    assert round(total, 2) == Decimal("1265793.04")


def _program(name: str) -> str:
    for folder in ("", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)):
        if found := shutil.which(name, path=folder or None):
            return found
    pytest.skip(f"this machine has no {name}; install PostgreSQL's server to run this test")


def _account() -> list[str]:
    """Words that run a command as somebody other than root, whom the server refuses."""
    if os.geteuid() != 0:
        return []
    names = {user.pw_name for user in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names and shutil.which("setpriv"):
            user = pwd.getpwnam(name)
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    pytest.skip("as root, setpriv and a user postgres or nobody are needed to start PostgreSQL")


@pytest.fixture(scope="module")
def server() -> Iterator[int]:
    """Port of a server, with a password for every user, that lives as long as this module's tests."""
    initdb, ctl, switch = _program("initdb"), _program("pg_ctl"), _account()
    folder = Path(tempfile.mkdtemp(prefix="salesops-postgres-"))
    (folder / "password").write_text(CANARY)
    if switch:
        for path in (folder, folder / "password"):
            os.chown(path, int(switch[1].split("=")[1]), int(switch[2].split("=")[1]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run([*switch, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
    data = str(folder / "data")
    secret = ("-A", "scram-sha-256", f"--pwfile={folder / 'password'}")
    try:
        run(initdb, "-D", data, "-U", "tester", *secret, "-E", "UTF8", "--locale=C", "--no-sync")
        run(ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield port
        finally:
            run(ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def postgres_url(server: int) -> str:
    """A database with a schema of its own, filled, as a URL with the password."""
    import psycopg

    url = f"postgresql://tester:{CANARY}@127.0.0.1:{server}/postgres"
    with psycopg.connect(url) as connection:
        connection.execute(
            """
            CREATE SCHEMA sales;
            CREATE TABLE sales."Orders" (id text, line int, amount numeric(20, 4), share float8, day date,
                booked timestamptz, note text, tags text[], paid boolean, raw bytea, PRIMARY KEY (id, line));
            INSERT INTO sales."Orders" VALUES
                ('b', 1, 1.5, 0.1, '2024-01-31', '2024-01-31 16:30:00+00', '007', '{x,y}', true, '\\xff'),
                ('a', 2, 12345678901234.5678, 0.30000000000000004, NULL, NULL, NULL, NULL, false, NULL),
                ('a', 1, -2, 'NaN', '0001-01-01', NULL, '', NULL, NULL, NULL);
            CREATE TABLE lines AS SELECT n FROM generate_series(1, 120001) AS n;
            CREATE VIEW sales.recent AS SELECT id FROM sales."Orders" WHERE day IS NOT NULL;
            """
        )
    return url


@pytest.mark.postgres
def test_postgresql_tables_and_values(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGTZ", "UTC")
    assert [part.sheet for part in databases.parts(postgres_url)] == [
        "public.lines",
        "sales.Orders",
        "sales.recent",
    ]
    orders = databases.grid(table(f"{postgres_url}#sales.Orders"))
    assert records(orders) == [
        ("a", "1", "-2.0000", "NaN", "0001-01-01", None, "", None, None, None),
        ("a", "2", "12345678901234.5678", "0.30000000000000004", None, None, None, None, "false", None),
        ("b", "1", "1.5000", "0.1", "2024-01-31", "2024-01-31 16:30:00+00", "007", "{x,y}", "true", "\\xff"),
    ]
    assert orders.notes == ()


@pytest.mark.postgres
def test_postgresql_in_batches_without_a_key(postgres_url: str) -> None:
    grid = databases.grid(table(f"{postgres_url}#lines"))
    assert sum(map(int, grid.table.column(0).to_pylist())) == 120_001 * 120_002 // 2
    assert "as the database gives them, which may change" in grid.notes[0]


@pytest.mark.postgres
def test_postgresql_only_reads_and_the_password_comes_from_outside(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    part = table(f"{postgres_url}#sales.Orders")
    with (
        databases._connected(part.url) as database,
        pytest.raises(psycopg.errors.ReadOnlySqlTransaction),
    ):
        database.connection.execute('DELETE FROM sales."Orders"')
    recorded = Part(part.path, sheet=part.sheet, url=str(part.url))
    with pytest.raises(DataError) as caught:
        databases.grid(recorded)
    assert CANARY not in str(caught.value)
    monkeypatch.setenv("PGPASSWORD", CANARY)
    assert databases.fingerprint(recorded) == databases.fingerprint(part)


@pytest.mark.postgres
def test_postgresql_refuses_a_wrong_password_without_showing_it(server: int) -> None:
    with pytest.raises(DataError, match="PGPASSWORD") as caught:
        databases.parts(f"postgresql://tester:wrong-{CANARY}@127.0.0.1:{server}/postgres")
    assert CANARY not in str(caught.value)
