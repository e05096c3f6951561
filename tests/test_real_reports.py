"""Reports of other people's files against figures that pandas computes from the same bytes.

Money is rounded to minor units line by line, half to even, before it is summed; so sums are
compared as whole numbers, and rates to 1e-9, which is float arithmetic alone.
"""

from __future__ import annotations

import io
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from salesops_lib import (
    Workspace,
    cleaning,
    data_quality,
    market,
    open_workspace,
    pipeline,
    pricing,
    segmentation,
    targets,
)
from salesops_lib.cli import main
from salesops_lib.metrics import Missing, measure, totals
from salesops_lib.workspace import load_policy

sys.path.append(str(Path(__file__).parent / "notebooks"))

from built_once import built_once, common_folder

FILES = {
    "superstore": Path("superstore") / "Sample - Superstore.xls",
    "superstore_zh": Path("superstore_zh") / "示例 - 超市.xls",
    "crm_maven": Path("crm_maven") / "CRM+Sales+Opportunities.zip",
    "online_retail": Path("online_retail") / "online_retail.csv.gz",
}
#: Headers of the Chinese book as those of the English one.
IN_ENGLISH = {
    "订单 ID": "Order ID", "订单日期": "Order Date", "客户 ID": "Customer ID", "客户名称": "Customer Name", "地区": "Region",
    "类别": "Category", "子类别": "Sub-Category", "产品 ID": "Product ID", "销售额": "Sales", "数量": "Quantity",
    "折扣": "Discount", "利润": "Profit",
}  # fmt: skip
exactly = {"rel": 1e-9, "abs": 1e-9}
Open = Callable[..., Workspace]


class Span(NamedTuple):
    """Days from first to last, both included, as `metrics.measure` wants them."""

    start: Any
    end: Any


def year(number: int) -> Span:
    return Span(pd.Timestamp(number, 1, 1).date(), pd.Timestamp(number, 12, 31).date())


def within(frame: pd.DataFrame, span: Span, column: str = "day") -> pd.DataFrame:
    return frame[frame[column].between(pd.Timestamp(span.start), pd.Timestamp(span.end))]


def minor(amounts: pd.Series) -> pd.Series:
    """Amounts in minor units, each rounded half to even on exact decimals."""
    return amounts.map(lambda value: int(round(round(Decimal(repr(float(value))), 6), 2) * 100))


def wilson(won: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval by its textbook formula."""
    z = 1.959963984540054
    p, spread = won / n, z**2 / n
    half = z * sqrt(p * (1 - p) / n + spread / (4 * n))
    return (p + spread / 2 - half) / (1 + spread), (p + spread / 2 + half) / (1 + spread)


@pytest.fixture(scope="session")
def source(shared_data: Path) -> Callable[[str], Path]:
    def find(name: str) -> Path:
        file = shared_data / FILES[name]
        if not file.is_file():
            pytest.skip(f"no {FILES[name]} in {shared_data}")
        return file

    return find


@pytest.fixture(scope="module")
def opened(source: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """`opened("superstore", "2017")`: what `salesops report` loads, opened for a period."""
    known: dict[tuple[str, str], Workspace] = {}

    def open_set(name: str, period: str = "") -> Workspace:
        if (name, period) not in known:
            file = source(name)

            def build(root: Path) -> None:
                policy = load_policy(root)
                cleaning.add(root, [file], yes=True, policy=policy)
                cleaning.load(root, policy=policy)

            root = built_once(common_folder(tmp_path_factory) / f"real-{name}", build)
            known[name, period] = open_workspace(root, period=period, lang="en")
        return known[name, period]

    yield open_set
    for ws in known.values():
        ws.close()


# --- Superstore, in English and in Chinese -----------------------------------------------------


@pytest.fixture(scope="module", params=["superstore", "superstore_zh"])
def book(request: pytest.FixtureRequest, source: Callable[[str], Path]) -> tuple[str, pd.DataFrame]:
    """Name of the set, and its order lines: day, amounts in minor units, whether sent back."""
    sheets = pd.read_excel(source(request.param), sheet_name=None, engine="calamine")
    orders, returns = (
        sheets[s].rename(columns=IN_ENGLISH) for s in list(sheets) if "eople" not in s and "人员" not in s
    )
    lines = pd.DataFrame(
        {
            "day": orders["Order Date"],
            "order": orders["Order ID"],
            "customer": orders["Customer ID"],
            "name": orders["Customer Name"],
            "region": orders["Region"],
            "category": orders["Category"],
            "fen": minor(orders["Sales"]),
            "margin": minor(orders["Profit"]),
            "is_returned": orders["Order ID"].isin(returns["Order ID"]),
        }
    )
    return request.param, lines


def test_every_metric_of_a_year(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    years = [2014, 2015, 2016, 2017]
    ids = [
        "bookings",
        "returned",
        "net_sales",
        "gross_margin",
        "n_orders",
        "n_lines",
        "active_customers",
        "new_customers",
        "margin_rate",
    ]
    found = totals(opened(name).facts, ids, {str(y): year(y) for y in years})
    first = lines.groupby("customer").day.min()
    for number in years:
        mine, got = within(lines, year(number)), found.loc[str(number)]
        sent_back = mine.fen[mine.is_returned].sum()
        assert got.bookings == mine.fen.sum()
        assert got.returned == sent_back
        assert got.net_sales == mine.fen.sum() - sent_back
        assert got.gross_margin == mine.margin.sum()
        assert got.margin_rate == pytest.approx(mine.margin.sum() / mine.fen.sum(), **exactly)
        assert (got.n_orders, got.n_lines) == (mine.order.nunique(), len(mine))
        assert got.active_customers == mine.customer.nunique()
        assert got.new_customers == (first.dt.year == number).sum()


def test_scorecard_and_growth_on_the_year_before(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    rows = targets.scorecard(opened(name, "2017")).frame.set_index("metric")
    now, before = within(lines, year(2017)), within(lines, year(2016))
    for metric, column in (("bookings", "fen"), ("gross_margin", "margin")):
        assert (rows.actual[metric], rows.base[metric]) == (now[column].sum(), before[column].sum())
        assert rows.growth[metric] == pytest.approx(now[column].sum() / before[column].sum() - 1, **exactly)


def test_regions_add_up_to_the_company(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    frame = targets.standing(opened(name, "2017")).frame.set_index("unit")
    mine = within(lines, year(2017)).groupby("region").fen.sum()
    assert frame.actual.drop("total").to_dict() == mine.to_dict()
    assert frame.actual["total"] == mine.sum()


def test_best_and_worst_cell_of_the_heat_map(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    exhibit = market.heat_map(opened(name, "2017"))
    cells = pd.DataFrame(
        {y: within(lines, year(y)).groupby(["region", "category"]).fen.sum() for y in (2016, 2017)}
    ).fillna(0)
    change = cells[2017] - cells[2016]
    found = {f.id: f.values for f in exhibit.findings}
    assert (found["where.gained"]["row"], found["where.gained"]["column"]) == change.idxmax()
    assert found["where.gained"]["delta"] == change.max()
    assert found["where.gained"]["growth"] == pytest.approx(
        change.max() / cells[2016][change.idxmax()], **exactly
    )
    assert (found["where.lost"]["row"], found["where.lost"]["column"]) == change.idxmin()
    assert found["where.lost"]["delta"] == change.min()
    assert len(exhibit.frame) == len(cells)
    assert exhibit.frame.value.sum() == cells[2017].sum()


def test_months_beside_those_of_the_year_before(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    exhibit = market.trend(opened(name))
    by_month = lines.groupby(lines.day.dt.strftime("%Y-%m")).fen.sum()
    months = [str(m) for m in pd.period_range("2016-12", "2017-12", freq="M")]
    assert list(exhibit.frame.label) == months
    assert list(exhibit.frame.actual) == list(by_month[months])
    assert list(exhibit.frame.base) == [by_month[f"{int(m[:4]) - 1}{m[4:]}"] for m in months]
    annual = {f.id: f.values for f in exhibit.findings}["trend.annual"]
    assert annual["actual"] == by_month[months[1:]].sum()
    assert annual["growth"] == pytest.approx(
        within(lines, year(2017)).fen.sum() / within(lines, year(2016)).fen.sum() - 1, **exactly
    )


def test_share_of_the_ten_largest_customers(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    exhibit = segmentation.top_customers(opened(name))
    spent = within(lines, year(2017)).groupby("customer").fen.sum().sort_values(ascending=False)
    values = exhibit.findings[0].values
    assert list(exhibit.frame.actual) == list(spent.head(10))
    assert values["share"] == pytest.approx(spent.head(10).sum() / spent.sum(), **exactly)
    assert values["hhi"] == pytest.approx(((spent / spent.sum()) ** 2).sum(), **exactly)
    assert values["name"] == lines.name[lines.customer == spent.index[0]].iloc[0]


def test_customers_kept_won_and_lost(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    exhibit = segmentation.customer_bridge(opened(name))
    spent = pd.DataFrame(
        {y: within(lines, year(y)).groupby("customer").fen.sum() for y in (2016, 2017)}
    ).fillna(0)
    first = lines.groupby("customer").day.min().dt.year.reindex(spent.index)
    change = spent[2017] - spent[2016]
    had, has = spent[2016] > 0, spent[2017] > 0
    who = {
        "previous_year": had, "new_customers": has & ~had & (first == 2017), "reactivated": has & ~had & (first < 2017),
        "expansion": had & has & (change > 0), "contraction": had & has & (change < 0), "lost_customers": had & ~has, "actual": has,
    }  # fmt: skip
    money = {"previous_year": spent[2016], "actual": spent[2017]}
    expected = {step: (money.get(step, change)[mask].sum(), mask.sum()) for step, mask in who.items()}
    assert {r.step: (r.amount, r.n) for r in exhibit.frame.itertuples()} == expected
    kept = exhibit.findings[0].values
    start = spent[2016].sum()
    held = start + expected["contraction"][0] + expected["lost_customers"][0]
    assert kept["gross"] == pytest.approx(held / start, **exactly)
    assert kept["net"] == pytest.approx((held + expected["expansion"][0]) / start, **exactly)


def test_the_bridge_from_year_to_year_closes(book: tuple[str, pd.DataFrame], opened: Open) -> None:
    name, lines = book
    frame = pricing.price_volume_mix(opened(name, "2017")).frame.set_index("step")
    assert frame.amount["previous_year"] == within(lines, year(2016)).fen.sum()
    assert frame.amount["actual"] == within(lines, year(2017)).fen.sum()
    assert frame.amount[frame.role != "end"].sum() == frame.amount["actual"]


def test_superstore_is_the_book_its_publisher_describes(opened: Open) -> None:
    """Totals that SOURCE.txt states, so that the files themselves are the ones meant."""
    found = totals(
        opened("superstore").facts, ["bookings", "n_orders"], {"all": Span(year(2014).start, year(2017).end)}
    )
    assert (found.bookings["all"], found.n_orders["all"]) == (pytest.approx(229_720_086, abs=100), 5009)


# --- Online Retail: one year, no cost, no currency ---------------------------------------------


@pytest.fixture(scope="module")
def invoices(source: Callable[[str], Path]) -> pd.DataFrame:
    raw = pd.read_csv(source("online_retail"), dtype={"InvoiceNo": str, "StockCode": str, "CustomerID": str})
    thousandths = raw.Quantity * (raw.UnitPrice * 1000).round().astype("int64")
    return pd.DataFrame(
        {
            "day": pd.to_datetime(raw.InvoiceDate).dt.normalize(),
            "order": raw.InvoiceNo,
            "customer": raw.CustomerID.str.removesuffix(".0"),
            "country": raw.Country,
            "fen": np.rint(thousandths / 10).astype("int64"),  # half to even
        }
    )


def test_online_retail_in_november(opened: Open, invoices: pd.DataFrame) -> None:
    ws = opened("online_retail")
    assert (ws.period.label, ws.as_of.isoformat()) == ("2011-11", "2011-12-09")
    november = within(invoices, Span(ws.window.start, ws.window.end))
    sold, back = november[november.fen >= 0], november[november.fen < 0]
    ids = ["bookings", "returned", "net_sales", "n_orders", "active_customers", "new_customers"]
    got = totals(ws.facts, ids, {"now": ws.window}).loc["now"]
    assert (got.bookings, got.returned) == (sold.fen.sum(), -back.fen.sum())
    assert got.net_sales == november.fen.sum()
    assert got.n_orders == sold.order.nunique()
    assert got.active_customers == sold.customer.nunique()
    first = invoices[invoices.fen >= 0].groupby("customer").day.min()
    assert got.new_customers == first.between("2011-11-01", "2011-11-30").sum()


def test_online_retail_by_country_and_month(opened: Open, invoices: pd.DataFrame) -> None:
    ws = opened("online_retail")
    sold = invoices[invoices.fen >= 0]
    november = within(invoices, Span(ws.window.start, ws.window.end))
    november = november.fen.clip(lower=0).groupby(november.country).sum()  # a country may only send back
    frame = targets.standing(ws).frame.set_index("unit")
    assert frame.actual.drop("total").to_dict() == november.to_dict()
    assert frame.base.isna().all()
    trend = market.trend(ws).frame
    by_month = sold.groupby(sold.day.dt.strftime("%Y-%m")).fen.sum()
    assert dict(zip(trend.label, trend.actual)) == by_month.drop("2011-12").to_dict()
    assert trend.base.isna().all()


def test_online_retail_names_what_it_cannot_show(opened: Open) -> None:
    ws = opened("online_retail")
    shown = [
        market.heat_map(ws), segmentation.customer_bridge(ws), pricing.price_waterfall(ws), pipeline.open_deals(ws),
        pricing.price_volume_mix(ws), market.size_and_share(ws),
    ]  # fmt: skip
    assert [type(x) for x in shown] == [Missing] * len(shown)
    assert all(x.needs for x in shown)


def test_online_retail_customers(opened: Open, invoices: pd.DataFrame) -> None:
    ws = opened("online_retail")
    values = segmentation.top_customers(ws).findings[0].values
    year_to_november = within(invoices[invoices.fen >= 0], Span("2010-12-01", "2011-11-30"))
    spent = year_to_november.groupby("customer").fen.sum().nlargest(10)
    assert values["name"] == spent.index[0]
    assert values["share"] == pytest.approx(
        spent.sum() / year_to_november.fen[year_to_november.customer.notna()].sum(), **exactly
    )


# --- CRM: deals, no orders ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def deals(source: Callable[[str], Path]) -> pd.DataFrame:
    with zipfile.ZipFile(source("crm_maven")) as archive:
        tables = {
            Path(name).stem: pd.read_csv(io.BytesIO(archive.read(name)), encoding="latin-1")
            for name in archive.namelist()
            if name.endswith(".csv")
        }
    pipeline_of = tables["sales_pipeline"].merge(tables["sales_teams"], on="sales_agent", how="left")
    series = tables["products"].set_index("product").series
    return pd.DataFrame(
        {
            "stage": pipeline_of.deal_stage,
            "opened": pd.to_datetime(pipeline_of.engage_date),
            "closed": pd.to_datetime(pipeline_of.close_date),
            "region": pipeline_of.regional_office,
            "category": pipeline_of["product"].map(series),
            "fen": pipeline_of.close_value * 100,
        }
    )


def test_crm_deals_closed_in_december(opened: Open, deals: pd.DataFrame) -> None:
    ws = opened("crm_maven")
    december = within(deals, Span(ws.window.start, ws.window.end), "closed")
    won, lost = (int((december.stage == s).sum()) for s in ("Won", "Lost"))
    rows = pipeline.closed_deals(ws).frame.set_index("metric").actual
    assert (rows.deals_won, rows.deals_lost) == (won, lost)
    assert rows.won_amount == december.fen[december.stage == "Won"].sum()
    assert rows.win_rate == pytest.approx(won / (won + lost), **exactly)
    assert rows.deal_size == round(rows.won_amount / won)  # in minor units
    told = pipeline.closed_deals(ws).findings[0].values
    assert (told["low"], told["high"]) == pytest.approx(wilson(won, won + lost), **exactly)
    bookings = totals(ws.facts, ["bookings"], {"now": ws.window}).bookings["now"]
    assert bookings == rows.won_amount


def test_crm_win_rate_of_each_region(opened: Open, deals: pd.DataFrame) -> None:
    ws = opened("crm_maven", "2017-12")
    frame = market.win_rates(ws).frame.set_index("label")
    closed = within(deals, year(2017), "closed")
    closed = closed[closed.stage.isin(["Won", "Lost"])]
    for region, mine in closed.groupby("region"):
        won, n = int((mine.stage == "Won").sum()), len(mine)
        assert frame.n[region] == n
        assert frame.value[region] == pytest.approx(won / n, **exactly)
        assert (frame.low[region], frame.high[region]) == pytest.approx(wilson(won, n), **exactly)
    assert len(frame) == closed.region.nunique()


def test_crm_open_deals_by_stage(opened: Open, deals: pd.DataFrame) -> None:
    ws = opened("crm_maven")
    frame = pipeline.open_deals(ws).frame.set_index("step").n
    open_now = deals[deals.stage.isin(["Engaging", "Prospecting"])].stage.value_counts()
    assert sorted(frame) == sorted(open_now)
    assert frame.sum() == open_now.sum() == 2089


def test_crm_sales_by_region_and_series(opened: Open, deals: pd.DataFrame) -> None:
    ws = opened("crm_maven")
    won = deals[deals.stage == "Won"]
    got = measure(ws.facts, ["bookings"], {"all": Span("2016-01-01", "2017-12-31")}, ["region", "category"])
    found = {(r.region, r.category): r.bookings for r in got.dropna(subset=["category"]).itertuples()}
    assert found == won.groupby(["region", "category"]).fen.sum().to_dict()
    unknown = got.bookings[got.category.isna()].sum()  # the deals of 'GTXPro', which no product is called
    assert unknown == won.fen[won.category.isna()].sum() > 0
    assert data_quality.grade(ws) == "C"


# --- the pages ---------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(("name", "lang"), [(n, "en") for n in FILES] + [("superstore_zh", "zh")])
def test_report_command(
    name: str, lang: str, source: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`salesops report FILE`: three pages, each saying what the domain functions say."""
    with pytest.raises(SystemExit) as ended:
        main(["report", str(source(name)), "--workspace", str(tmp_path), "--yes", "--lang", lang])
    assert ended.value.code == 0, capsys.readouterr()
    pages = sorted((tmp_path / "reports").glob(f"*/*.{lang}.html"))
    assert [page.name.split(".")[0] for page in pages] == [
        "01_data_quality",
        "10_performance_review",
        "20_market_review",
    ]
    manifest = json.loads((tmp_path / "reports" / "manifest.json").read_text("utf-8"))
    assert {entry["state"] for entry in manifest["reports"]} == {"published"}
    ws = open_workspace(tmp_path, lang=lang)
    try:
        bookings = totals(ws.facts, ["bookings"], {"now": ws.window}).bookings["now"]
    finally:
        ws.close()
    headline = next(e["headline"] for e in manifest["reports"] if e["report"] == "10_performance_review")
    number, unit = re.search(r"([\d,.]+)(k|M|万|亿)", headline).groups()
    told = float(number.replace(",", "")) * {"k": 1e3, "M": 1e6, "万": 1e4, "亿": 1e8}[unit] * 100
    assert told == pytest.approx(bookings, rel=0.005)  # three digits are shown
    for page in pages:
        text = page.read_text("utf-8")
        assert len(text.encode()) < 2_000_000
        assert not re.search(
            r"¤|XXX|未知货币|\bnan\b|NaN|None\b|Traceback", re.sub(r"<style.*?</style>", "", text, flags=re.S)
        )
        assert not re.search(r"""(?:src|href)=["']?https?:""", text)
        assert page.with_suffix(".xlsx").is_file()
