"""Purchase histories: by days, on hand-made rows, and on real ones against pandas."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib.segmentation import summary
from salesops_lib.segmentation.summary import customer_summary, purchase_days
from salesops_lib.tables import views
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.tables.facts import Facts

END = date(2025, 3, 31)


@pytest.fixture
def facts(store, line):
    return store(
        order_lines=[
            line("2025-01-01", 100, customer_id="twice"),
            line("2025-01-11", 70, customer_id="twice"),
            line("2025-01-11", 30, customer_id="twice"),  # the same day: one purchase of 100
            line("2025-03-02", 300, customer_id="twice"),
            line("2025-03-31", 50, customer_id="today"),
            line("2025-02-01", 10, customer_id="once"),
            line("2025-02-20", -10, customer_id="once"),  # a return is no purchase
            line("2025-02-21", 99, customer_id="once", status="cancelled"),
            line("2025-02-05", -40, customer_id="only returns"),
            line("2025-02-06", 40),
            line("2025-04-01", 1, customer_id="later"),
            line("2025-04-01", 1, customer_id="twice"),
        ]
    )


def test_purchases_are_days(facts):
    found = customer_summary(facts, END)
    assert found.index.tolist() == ["once", "today", "twice"]
    assert found.loc["twice"].tolist() == [2, 60, 89, 200]
    assert found.loc["once"].tolist()[:3] == [0, 0, 58]
    assert found.loc["today"].tolist()[:3] == [0, 0, 0]
    assert found.loc[["once", "today"], "monetary"].isna().all()


def test_what_came_later(facts):
    assert purchase_days(facts, END, date(2025, 4, 30)).to_dict() == {"later": 1, "twice": 1}
    assert purchase_days(facts, date(2025, 1, 1), END).to_dict() == {"once": 1, "today": 1, "twice": 2}


def by_pandas(lines: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """The same, written without the library: an independent computation."""
    days = lines[lines.day <= end].groupby(["customer", "day"]).fen.sum().reset_index()
    rows = {}
    for customer, own in days.groupby("customer"):
        own = own.sort_values("day")
        again = own.fen.iloc[1:]
        rows[customer] = {
            "frequency": len(again),
            "recency": (own.day.iloc[-1] - own.day.iloc[0]).days,
            "T": (end - own.day.iloc[0]).days,
            "monetary": again.sum() / len(again) if len(again) else float("nan"),
        }
    return pd.DataFrame(rows).T.sort_index()


def test_online_retail_is_what_pandas_finds(shared_data: Path):
    lines = pd.read_csv(shared_data / "online_retail" / "online_retail.csv.gz", dtype={"CustomerID": str})
    lines = lines.assign(
        fen=(lines.Quantity * lines.UnitPrice * 100).round().astype("int64"),
        day=pd.to_datetime(lines.InvoiceDate).dt.normalize(),
        customer=lines.CustomerID,
    )
    facts = real(lines)
    end = date(2011, 6, 10)
    found = customer_summary(facts, end)
    told = by_pandas(lines[(lines.fen >= 0) & lines.customer.notna()], pd.Timestamp(end))
    facts.close()
    pd.testing.assert_frame_equal(found, told, check_dtype=False, check_exact=True, check_names=False)


def real(lines: pd.DataFrame) -> Facts:
    """A store of the lines, as a load would leave it."""
    engine = DuckDBEngine()
    engine.register("raw", lines[["InvoiceNo", "customer", "day", "fen"]])
    engine.execute(
        "CREATE TABLE order_lines AS SELECT CAST(InvoiceNo AS VARCHAR) AS order_id, CAST(row_number() OVER () AS VARCHAR) AS line_id,"
        " CAST(day AS DATE) AS ordered_on, CAST(customer AS VARCHAR) AS customer_id, fen AS net_amount FROM raw"
    )
    views.build(engine)
    return Facts(engine)


def test_a_summary_in_parts_is_the_summary(facts, monkeypatch):
    whole = customer_summary(facts, END)
    monkeypatch.setattr(summary, "_LINES_AT_ONCE", 1)
    parts = summary._parts(facts, END)
    assert len(parts) > 1
    pd.testing.assert_frame_equal(customer_summary(facts, END), whole)


def test_customers_of_many_parts_are_each_in_one(monkeypatch):
    engine = DuckDBEngine()
    engine.execute(
        "CREATE TABLE sales AS SELECT 'order' AS kind, CASE WHEN i % 9 = 0 THEN 'Ä' || (i % 40) ELSE 'c' || CAST(SQRT(i) AS INTEGER) END AS customer_id,"
        " DATE '2024-01-01' + CAST(hash(i) % 400 AS INTEGER) AS dated_on, i AS net_amount FROM range(5000) AS t(i)"
    )
    whole = customer_summary(engine, END)
    for at_once in (2500, 700, 10):
        monkeypatch.setattr(summary, "_LINES_AT_ONCE", at_once)
        pd.testing.assert_frame_equal(customer_summary(engine, END), whole)
