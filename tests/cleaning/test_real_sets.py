"""Real files against figures that pandas computes on its own from the same bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from salesops_lib import cleaning
from salesops_lib.cleaning import Audit

Query = Callable[[str], list[tuple]]


def loaded(root: Path, file: Path) -> tuple[Audit, Query]:
    cleaning.add(root, [file], yes=True)
    audit = cleaning.load(root)

    def query(sql: str) -> list[tuple]:
        with duckdb.connect(str(root / "data" / "facts.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return audit, query


def books(file: Path) -> dict[str, pd.DataFrame]:
    return pd.read_excel(file, sheet_name=None, engine="calamine")


def cents(values: pd.Series) -> int:
    """Sum of amounts after rounding each one half to even, on exact decimals of ten places."""
    exact = values.map(lambda v: round(round(Decimal(repr(float(v))), 6), 2))
    return int(exact.sum() * 100)


def test_crm_maven(tmp_path: Path, shared_data: Path) -> None:
    file = shared_data / "crm_maven" / "CRM+Sales+Opportunities.zip"
    audit, query = loaded(tmp_path, file)
    with zipfile.ZipFile(file) as archive:
        raw = {
            n.rsplit("/", 1)[-1]: pd.read_csv(io.BytesIO(archive.read(n)))
            for n in archive.namelist()
            if n.endswith(".csv")
        }
    pipeline = raw["sales_pipeline.csv"]
    won = pipeline[pipeline.deal_stage == "Won"]
    assert query("SELECT count(*), sum(amount)::BIGINT FROM opportunities WHERE stage = 'Won'") == [
        (len(won), int(won.close_value.sum() * 100))
    ]
    assert (len(won), int(won.close_value.sum())) == (4238, 10_005_534)
    assert query(
        "SELECT count(*) - count(created_on), count(*) - count(customer_id), count(*) - count(closed_on) FROM opportunities"
    ) == [(500, 1425, 2089)]
    stages = dict(query("SELECT stage, count(*) FROM opportunities GROUP BY stage"))
    assert stages == pipeline.deal_stage.value_counts().to_dict()
    assert query(
        "SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM products), (SELECT count(*) FROM reps)"
    ) == [(85, 7, 35)]
    (orphan,) = [r for r in audit.reasons if r.outcome == "orphan"]
    assert (orphan.column, orphan.example, orphan.n_rows) == (
        "product_id",
        "'GTXPro'",
        int((pipeline["product"] == "GTXPro").sum()),
    )
    assert sorted({(s.source.split("/")[1], s.table) for s in audit.sources if s.kind == "file"}) == [
        ("accounts.csv", "customers"),
        ("products.csv", "products"),
        ("sales_pipeline.csv", "opportunities"),
        ("sales_teams.csv", "org"),
    ]
    assert [s.source.split("/")[1] for s in audit.sources if s.kind == "skipped"] == ["data_dictionary.csv"]


def test_crm_maven_with_month_first_dates(tmp_path: Path, shared_data: Path) -> None:
    folder = shared_data / "crm_maven"
    raw = pd.read_csv(folder / "sales_pipeline.csv")
    _, query = loaded(tmp_path, folder / "sales_pipeline.csv")
    expected = pd.to_datetime(raw.engage_date, format="%m/%d/%Y")
    assert query(
        "SELECT min(created_on)::VARCHAR, max(created_on)::VARCHAR, count(created_on) FROM opportunities"
    ) == [(str(expected.min().date()), str(expected.max().date()), int(expected.count()))]


@pytest.mark.slow
def test_online_retail(tmp_path: Path, shared_data: Path) -> None:
    file = shared_data / "online_retail" / "online_retail.csv.gz"
    audit, query = loaded(tmp_path, file)
    raw = pd.read_csv(file, dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": str})
    source = audit.sources[0]
    assert (source.rows_in, source.used, source.merged, source.set_aside) == (541_909, 541_909, 0, 0)
    assert audit.reasons[0].n_rows == int(raw.duplicated().sum()) == 5268
    value = raw.Quantity * raw.UnitPrice
    control = next(c for c in audit.controls if c.column == "net_amount")
    assert control.raw_total == Decimal("9747747.934") == round(Decimal(str(round(value.sum(), 3))), 3)
    assert query("SELECT sum(net_amount)::BIGINT FROM order_lines") == [(cents(value),)] == [(974_774_793,)]
    assert query("SELECT count(*) FROM order_lines WHERE quantity < 0") == [(10_624,)]
    assert query("SELECT count(*) FROM order_lines WHERE order_id LIKE 'C%'") == [(9_288,)]
    assert query(
        "SELECT count(DISTINCT customer_id), count(DISTINCT order_id), count(DISTINCT region) FROM order_lines"
    ) == [(4372, 25_900, 38)]
    assert (
        query("SELECT count(*) - count(customer_id), count(*) - count(product_name) FROM order_lines")
        == [(135_080, int(raw.Description.isna().sum()))]
        == [(135_080, 1454)]
    )
    assert query("SELECT count(*) FROM order_lines WHERE customer_id LIKE '%.%'") == [(0,)]
    by_country = (value.groupby(raw.Country).sum()).round(2)
    stored = dict(query("SELECT region, sum(net_amount)::BIGINT / 100.0 FROM order_lines GROUP BY region"))
    assert all(abs(stored[country] - total) < 0.02 for country, total in by_country.items())


def test_superstore(tmp_path: Path, shared_data: Path) -> None:
    file = shared_data / "superstore" / "Sample - Superstore.xls"
    audit, query = loaded(tmp_path, file)
    raw = books(file)
    orders = raw["Orders"]
    controls = {c.column: c for c in audit.controls}
    assert controls["net_amount"].raw_total == Decimal("2297200.8603")
    assert controls["margin_amount"].raw_total == Decimal("286397.0217")
    assert float(controls["net_amount"].raw_total) == pytest.approx(orders.Sales.sum(), abs=1e-4)
    assert query("SELECT sum(net_amount)::BIGINT, sum(margin_amount)::BIGINT, count(*) FROM order_lines") == [
        (cents(orders.Sales), cents(orders.Profit), 9994)
    ]
    for c in ("net_amount", "margin_amount"):
        assert controls[c].stored_total + controls[c].rounding_residual == controls[c].raw_total
    assert query(
        "SELECT count(DISTINCT order_id), max(discount_rate), min(ordered_on)::VARCHAR, max(ordered_on)::VARCHAR FROM order_lines"
    ) == [(5009, 0.8, "2014-01-03", "2017-12-30")]
    assert query("SELECT count(*) FROM order_lines WHERE net_amount - cost_amount <> margin_amount") == [(0,)]
    assert query("SELECT count(*) FROM returns") == [(len(raw["Returns"]),)] == [(296,)]
    assert dict(query("SELECT region, rep_id FROM org")) == raw["People"].set_index("Region").Person.to_dict()
    assert sorted(query("SELECT DISTINCT region FROM order_lines")) == [
        ("Central",),
        ("East",),
        ("South",),
        ("West",),
    ]


def test_superstore_zh(tmp_path: Path, shared_data: Path) -> None:
    file = shared_data / "superstore_zh" / "示例 - 超市.xls"
    audit, query = loaded(tmp_path, file)
    orders = books(file)["订单"]
    controls = {c.column: c for c in audit.controls}
    assert controls["net_amount"].raw_total == Decimal("16117548.237")
    assert controls["margin_amount"].raw_total == Decimal("2156559.517")
    assert query("SELECT sum(net_amount)::BIGINT, sum(margin_amount)::BIGINT, count(*) FROM order_lines") == [
        (cents(orders["销售额"]), cents(orders["利润"]), 10_000)
    ]
    stored = dict(query("SELECT region, sum(quantity)::BIGINT FROM order_lines GROUP BY region"))
    assert stored == orders.groupby("地区")["数量"].sum().to_dict()
    assert query("SELECT (SELECT count(*) FROM returns), (SELECT count(*) FROM org)") == [(296, 6)]
    assert all("国家" not in s.columns.values() for s in cleaning.read_sources(tmp_path))


@pytest.mark.parametrize(
    "name", ["comma_in_quotes", "escaped_quotes", "newlines", "quotes_and_newlines", "utf8"]
)
def test_awkward_csvs_are_read_as_their_truth_says(tmp_path: Path, shared_data: Path, name: str) -> None:
    import json

    from salesops_lib.cleaning import reading

    found = reading.sample(reading.parts(shared_data / "csv_spectrum" / "csvs" / f"{name}.csv")[0])
    truth = json.loads((shared_data / "csv_spectrum" / "json" / f"{name}.json").read_text("utf-8"))
    assert [dict(zip(found.headers, row, strict=True)) for row in found.rows] == truth
