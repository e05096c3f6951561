"""Fixtures for all tests: hand-made stores and workspaces, the shared real data, seeds that can be repeated."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from salesops_lib import policy as policies
from salesops_lib.periods import Calendar
from salesops_lib.tables import SQL_TYPES, TABLES, views
from salesops_lib.tables.engine import DuckDBEngine, quoted
from salesops_lib.tables.facts import Facts
from salesops_lib.workspace import Workspace

Rows = Iterable[Mapping[str, Any]]

settings.register_profile(
    "salesops",
    deadline=None,
    max_examples=int(os.environ.get("SALESOPS_EXAMPLES", "25")),
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("salesops")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Fix the seed of hypothesis before its plugin reads it, so that it can be printed."""
    if getattr(config.option, "hypothesis_seed", "") is None:
        config.option.hypothesis_seed = str(random.SystemRandom().randrange(10**9))


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how failing properties are met again."""
    if terminalreporter.stats.get("failed"):
        seed = getattr(config.option, "hypothesis_seed", None)
        terminalreporter.write_line(f"seed of properties: {seed} (again with --hypothesis-seed={seed})")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Directory of the real data sets."""
    named = os.environ.get("SALESOPS_SHARED_DATA", "")
    folder = Path(named) if named else Path(__file__).parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}; name their directory in SALESOPS_SHARED_DATA")
    return folder


def fill(engine: DuckDBEngine, tables: Mapping[str, Rows]) -> None:
    """Make canonical tables of `tables`, with the columns and types of their contracts.

    Money is in minor units; a column that a row leaves out is missing.
    """
    for name, rows in tables.items():
        table = TABLES[name]
        body = ", ".join(f"{quoted(c.name)} {SQL_TYPES[c.type]}" for c in table.columns)
        engine.execute(f"CREATE OR REPLACE TABLE {quoted(name)} ({body})")
        for row in rows:
            unknown = set(row) - set(table.names)
            assert not unknown, f"{name} has no column {', '.join(sorted(unknown))}"
        if rows := list(rows):
            marks = ", ".join("?" for _ in table.names)
            values = [[_plain(row.get(column)) for column in table.names] for row in rows]
            engine.connection.executemany(f"INSERT INTO {quoted(name)} VALUES ({marks})", values)


def _plain(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) and _is_day(value) else value


def _is_day(text: str) -> bool:
    return len(text) == 10 and text[4] == text[7] == "-" and text.replace("-", "").isdigit()


#: What data quality reads of the audit that a load leaves beside the facts.
AUDIT_TABLES = {
    "audit_sources": "source VARCHAR, table_name VARCHAR, kind VARCHAR, rows_in BIGINT, used BIGINT, merged BIGINT, "
    "set_aside BIGINT, excluded BIGINT, suspected BIGINT, orphans BIGINT, raw_total DOUBLE, stored_total DOUBLE, "
    "set_aside_total DOUBLE, rounding_residual DOUBLE",
    "audit_columns": "source VARCHAR, table_name VARCHAR, column_name VARCHAR, header VARCHAR, type VARCHAR, "
    "is_required BOOLEAN, n_rows BIGINT, n_filled BIGINT, confidence DOUBLE, rule VARCHAR",
    "audit_reasons": "source VARCHAR, table_name VARCHAR, outcome VARCHAR, reason VARCHAR, column_name VARCHAR, "
    "n_rows BIGINT, example VARCHAR",
    "audit_changes": "source VARCHAR, table_name VARCHAR, column_name VARCHAR, rule VARCHAR, n_cells BIGINT, example VARCHAR",
    "audit_controls": "source VARCHAR, table_name VARCHAR, column_name VARCHAR, stated DECIMAL(28, 6), stated_by VARCHAR, "
    "read_total DECIMAL(28, 6), used_total DECIMAL(28, 6), difference DECIMAL(28, 6), is_within BOOLEAN",
    "return_matches": "return_order_id VARCHAR, return_line_id VARCHAR, order_id VARCHAR, line_id VARCHAR, "
    "matched_quantity DECIMAL(18, 3), matched_amount BIGINT, rule VARCHAR, table_name VARCHAR",
    "customer_merges": "customer_id VARCHAR, master_id VARCHAR, name VARCHAR, master_name VARCHAR, probability DOUBLE, "
    "rule VARCHAR, decided_by VARCHAR, record VARCHAR",
    "loads": "serial INTEGER, fingerprint VARCHAR, table_name VARCHAR, n_rows BIGINT, total_column VARCHAR, total BIGINT, "
    "last_on DATE, began VARCHAR",
    "load_profiles": "serial INTEGER, table_name VARCHAR, column_name VARCHAR, type VARCHAR, n BIGINT, n_filled BIGINT, "
    'n_distinct BIGINT, "min" VARCHAR, "max" VARCHAR, mean DOUBLE, quantiles DOUBLE[], '
    'top_values STRUCT("value" VARCHAR, share DOUBLE)[]',
    "load_months": "serial INTEGER, table_name VARCHAR, month VARCHAR, n_rows BIGINT, total BIGINT",
}


def put_audit(engine: DuckDBEngine, tables: Mapping[str, Rows], fingerprint: str) -> None:
    """The audit tables and the store's facts; a cell that a row leaves out is missing."""
    for name, body in AUDIT_TABLES.items():
        engine.execute(f"CREATE TABLE {name} ({body})")
        for row in tables.get(name, ()):
            columns, marks = ", ".join(map(quoted, row)), ", ".join("?" for _ in row)
            engine.execute(f"INSERT INTO {name} ({columns}) VALUES ({marks})", list(row.values()))
    engine.execute("CREATE TABLE store_facts (name VARCHAR, value VARCHAR)")
    engine.execute("INSERT INTO store_facts VALUES ('fingerprint', ?)", [fingerprint])


def make_store(
    *,
    currency: str = "",
    returns_on: str = "return_date",
    fingerprint: str = "f00d",
    path: Path | str = ":memory:",
    **tables: Rows,
) -> Facts:
    """Facts of hand-written rows: `make_store(order_lines=[{...}], fx=[...], currency="CNY")`.

    `path` puts them into a file instead of memory.  Besides canonical tables, rows of the
    audit: the tables of `AUDIT_TABLES`.
    """
    engine = DuckDBEngine(path)
    engine.execute("SET threads = 1")
    fill(engine, {name: rows for name, rows in tables.items() if name not in AUDIT_TABLES})
    views.build(engine, currency=currency, returns_on=returns_on)
    put_audit(engine, tables, fingerprint)
    return Facts(engine)


def make_workspace(
    root: Path,
    *,
    period: str = "",
    as_of: str = "",
    lang: str = "en",
    policy: Mapping[str, Any] | None = None,
    **tables: Any,
) -> Workspace:
    """A workspace of hand-written rows: `make_workspace(root, period="2026-04", order_lines=[...])`.

    `policy` changes the packaged default (see `changed`); `as_of` is the last day with a sale
    unless given; without `period` it is the month of that day.
    """
    rules = changed(policies.load(None), {"semantics.currency": "CNY", **(policy or {})})
    facts = make_store(
        currency=rules.semantics.currency, **{"returns_on": rules.semantics.returns_date, **tables}
    )
    calendar = Calendar(**rules.calendar_settings())
    day = date.fromisoformat(as_of) if as_of else facts.last_day
    assert day, "name as_of, or give rows that have a day"
    chosen = calendar.parse(period) if period else calendar.period_of(day)
    return Workspace(root, rules, facts, calendar, day, chosen, lang)


def changed(policy: policies.Policy, changes: Mapping[str, Any]) -> policies.Policy:
    """`policy` with other values: {"report.suppress_below": 1, "semantics.currency": "CNY"}."""
    for path, value in changes.items():
        *blocks, name = path.split(".")
        held = [policy]
        for block in blocks:
            held.append(getattr(held[-1], block))
        for parent, key in zip(reversed(held), reversed([*blocks, name])):
            assert key in type(parent).model_fields, f"the policy has no {path}"
            value = parent.model_copy(update={key: value})
        policy = value
    return policy


def _stores() -> Iterator[Callable[..., Facts]]:
    opened: list[Facts] = []

    def make(**values: Any) -> Facts:
        opened.append(make_store(**values))
        return opened[-1]

    yield make
    for facts in opened:
        facts.close()


def _workspaces(root: Path) -> Iterator[Callable[..., Workspace]]:
    opened: list[Workspace] = []

    def make(**values: Any) -> Workspace:
        opened.append(make_workspace(root, **values))
        return opened[-1]

    yield make
    for ws in opened:
        ws.close()


@pytest.fixture
def store() -> Iterator[Callable[..., Facts]]:
    """Makes facts of hand-written rows; see `make_store`."""
    yield from _stores()


@pytest.fixture(scope="module")
def shared_store() -> Iterator[Callable[..., Facts]]:
    """`store` for fixtures that the tests of a module share."""
    yield from _stores()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Callable[..., Workspace]]:
    """Makes a workspace of hand-written rows; see `make_workspace`."""
    yield from _workspaces(tmp_path)


@pytest.fixture(scope="module")
def shared_workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Workspace]]:
    """`workspace` for fixtures that the tests of a module share."""
    yield from _workspaces(tmp_path_factory.mktemp("workspace"))


@pytest.fixture(scope="session")
def line():
    """Makes one order line: `line("2026-04-01", 1000, customer_id="c1")`; numbers orders by itself."""
    serial = iter(range(1, 10**6))

    def make(day: str, net: int | None, **values: Any) -> dict[str, Any]:
        number = next(serial)
        return {"order_id": f"o{number}", "line_id": "1", "ordered_on": day, "net_amount": net, **values}

    return make


def findings(exhibit: Any) -> dict[str, Any]:
    """Findings of an exhibit by id (the first of each id)."""
    return {finding.id: finding for finding in reversed([*exhibit.findings, *exhibit.notes])}


@pytest.fixture(scope="session")
def found():
    """`found(exhibit)["growth_split.gained"].values["index"]`"""
    return findings
