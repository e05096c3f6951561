"""The order of work: small tables, big tables, plans, files, truth."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from salesops_lib.synthetic import (
    actuals,
    catalogue,
    company,
    customers,
    days,
    dirt,
    leads,
    market,
    money,
    orders,
    organisation,
    pipeline,
    raw,
    targets,
    truth,
)
from salesops_lib.synthetic.draws import Draws
from salesops_lib.synthetic.files import RawFiles

if TYPE_CHECKING:
    import duckdb


def write(root: Path, lines: int, seed: int, threads: int | None, *, memory: str, in_file: bool) -> Path:
    """Make everything in a folder beside `data/raw`, then move it into place file by file."""
    import duckdb

    data = root / "data"
    data.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".sample-", dir=data) as scratch:
        made = Path(scratch) / "raw"
        made.mkdir()
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory,
            "temp_directory": str(Path(scratch) / "spill"),
        }
        if threads:
            settings["threads"] = str(threads)
        with duckdb.connect(
            str(Path(scratch) / "work.duckdb") if in_file else ":memory:", config=settings
        ) as con:
            with contextlib.suppress(
                duckdb.InvalidInputException
            ):  # Jupyter without ipywidgets has no bar to hide
                con.execute("SET enable_progress_bar = false")
            facts = _make(con, made, lines, seed)
        (data / "raw").mkdir(exist_ok=True)
        (data / "demo").mkdir(exist_ok=True)
        for path in sorted(made.iterdir()):
            shutil.move(path, data / "raw" / path.name)
        told = made / "truth.json"
        told.write_text(json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        shutil.move(told, data / "demo" / "truth.json")
    return data / "raw"


def _make(con: duckdb.DuckDBPyConnection, folder: Path, lines: int, seed: int) -> dict[str, object]:
    """All files of one company; returns the truth."""
    draws, scale = Draws(seed), lines / company.DEFAULT_LINES
    calendar, people, products = days.build(draws), organisation.build(draws), catalogue.build(draws)
    accounts = customers.build(draws, people, scale)
    orders.store_dimensions(con, people, products, accounts, catalogue.usd_rates(draws))
    orders.store_choices(con, draws, products, accounts)
    holds = orders.store_days(con, calendar, accounts, people, lines)
    orders.make_orders(con, draws, lines)
    orders.make_lines(con, draws, lines)
    orders.make_returns(con, draws)
    money.make_invoices(con, draws)
    money.make_receipts(con, draws)
    booked = actuals.measure(con, people.n_sellers)
    plan = _targets(con, calendar, people, accounts, booked, holds)
    deals = pipeline.build(draws, calendar, people, products, accounts, scale)
    size = market.sizes(draws, booked.category_region[0])
    files = RawFiles(folder, con)
    raw.write_orders(files, draws)
    faults = raw.write_money(files, draws) | raw.write_customers(files, draws, accounts)
    raw.write_people(files, people)
    raw.write_products(files, products)
    raw.write_targets(files, plan, targets.revisions(plan, people))
    for name, columns in {
        "deals": deals.deals | leads.care(draws, deals),
        "deal_changes": deals.changes,
        "made_leads": leads.leads(draws, deals),
        "filed": leads.evidence(draws, deals),
        "market_report": market.report(draws, size, products),
        "rival_report": market.rivals(draws, size, products),
        "rival_prices": market.rival_prices(draws, products),
        "spent": money.expenses(draws, booked.channel),
    }.items():
        orders.keep(con, name, columns)
    answers = market.answers(draws, accounts)
    orders.keep(con, "survey_answers", answers | {"survey": np.arange(len(answers["d"]))})
    faults |= raw.write_deals(files, draws)
    raw.write_history(files)
    raw.write_leads(files)
    raw.write_market(files)
    raw.write_rates(files)
    raw.write_expenses(files)
    company_facts = truth.Company(
        draws, calendar, people, products, accounts, booked, plan, deals, size, holds
    )
    return {
        "about": {
            "lines": lines,
            "seed": seed,
            "scale": scale,
            "currency": "CNY",
            "first_day": str(company.FIRST_DAY),
            "last_day": str(company.LAST_DAY),
        },
        "files": files.written,
        "dirt": _dirt(files, faults, dirt.count(con, draws)),
        **truth.tell(con, company_facts),
    }


def _targets(
    con: duckdb.DuckDBPyConnection,
    calendar: days.Days,
    people: organisation.Organisation,
    accounts: customers.Customers,
    booked: actuals.Actuals,
    holds: dict[str, int],
) -> list[targets.Row]:
    until = actuals.until_hold(con, people.sandbagger, holds)
    rows = targets.bookings(calendar, people, booked.team, booked.rep, until)
    for measure, values in booked.company.items():
        rows += targets.company_level(calendar, measure, values)
    return rows + targets.next_year(calendar, booked.team)


def _dirt(
    files: RawFiles, faults: dict[str, dict[str, int]], line_faults: dict[str, dict[str, object]]
) -> dict[str, dict[str, object]]:
    """For each file its rows and faults."""
    told: dict[str, dict[str, object]] = {}
    for name, about in files.written.items():
        found = (
            line_faults
            if name == raw.ORDERS
            else {kind: {"n": n} for kind, n in faults.get(name, {}).items()}
        )
        told[name] = {"rows": about["rows"], "faults": found}
    return told
