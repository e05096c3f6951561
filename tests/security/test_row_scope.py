"""A unit's report holds nothing of another unit: in pages, workbooks, file names and what the kernel could read."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import duckdb
import pytest

from salesops_lib import cleaning, runs
from salesops_lib.tables import TABLES, scope, stores
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.workspace import load_policy, open_workspace

REGIONS = ("North", "South", "West")


def canary(region: str) -> str:
    return f"Canary{region.upper()}"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three regions of two teams of two persons; every name of a region carries its canary."""
    root = tmp_path_factory.mktemp("company")
    lines, customers, reps, org, targets, deals = [], [], [], [], [], []
    for r, region in enumerate(REGIONS):
        mark = canary(region)
        customers += [f"{mark}-C{c},{mark} customer {c},{region}" for c in range(6)]
        for p in range(4):
            rep, team = f"{mark}-R{p}", f"{mark} team {p // 2}"
            reps.append(f"{rep},{mark} person {p},seller")
            org.append(f"{rep},{team},{region},2023-01-01")
            targets.append(f"v1,rep,{rep},bookings,2025-06,{1000 + r}")
            for month in range(1, 7):
                for c in range(6):
                    amount = (r + 1) * 1000 + p * 100 + c * 10 + month
                    for year in (2024, 2025):
                        order = f"{mark}-{year}{month:02}{p}{c}"
                        lines.append(
                            f"{order},1,{year}-{month:02}-15,{mark}-C{c},{mark}-P{c % 2},{mark} product {c % 2},"
                            f"3,{amount},{rep},{region},{mark} channel,order"
                        )
            deals.append(f"{mark}-D{p},{mark}-C{p},{rep},{5000 + p},lead,2025-05-0{p + 1},2025-07-30")
        targets.append(f"v1,region,{region},bookings,2025-06,{90_000 + r}")
    targets.append("v1,company,company,bookings,2025-06,271828")
    files = {
        "orders": ("order_id,line_id,ordered_on,customer_id,product_id,product_name,quantity,net_amount,rep_id,region,channel,status", lines),
        "customers": ("customer_id,name,region", customers),
        "reps": ("rep_id,name,role", reps),
        "org": ("rep_id,team,region,valid_from", org),
        "targets": ("version,scope_type,scope_id,measure,period,value", targets),
        "opportunities": ("opportunity_id,customer_id,rep_id,amount,stage,created_on,expected_close_on", deals),
    }  # fmt: skip
    paths = []
    for name, (head, rows) in files.items():
        paths.append(root / f"{name}.csv")
        paths[-1].write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    for path in paths:
        cleaning.add(root, [path], table=path.stem.replace("orders", "order_lines"), yes=True)
    cleaning.load(root, policy=load_policy(root))
    return root


def write_scoped(source: Path, target: Path, by: str, unit: str) -> None:
    engine = DuckDBEngine(source, read_only=True)
    try:
        scope.write_scoped(engine, target, by, unit)
    finally:
        engine.close()


def texts(path: Path) -> str:
    """Everything that a file says; of a zip, its members."""
    content = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_pages_and_workbooks_of_a_region_hold_no_canary_of_another(company):
    results = runs.run(company, ["10", "20"], period="2025-06", by="region", lang="en,zh")
    assert {(r.unit, r.status) for r in results} == {(region, "published") for region in REGIONS}
    for region in REGIONS:
        own = list((company / "reports").glob(f"2*/*.{region}.*"))
        assert len(own) == 8
        assert_own_alone(own, region)


def assert_own_alone(pages: list[Path], region: str) -> None:
    said = "\n".join(f"{path.name}\n{texts(path)}" for path in pages)
    assert canary(region) in said
    for other in set(REGIONS) - {region}:
        assert canary(other).lower() not in said.lower()
        assert not re.search(rf"\b{other}\b", said)
    assert "271,828" not in said
    assert "271828" not in said


@pytest.mark.postgres
def test_facts_in_postgresql_make_the_same_units(company, server, tmp_path):
    """The units' stores hold the same rows, their pages no canary; a second run finds them up to date."""
    root, store = tmp_path / "elsewhere", f"{server}#units"
    (root / "data").mkdir(parents=True)
    (root / "data" / "sources.yaml").write_text(f"store: {store}\n", encoding="utf-8")
    stores.publish(company / stores.FACTS, store)
    for by, unit in (("region", "North"), ("team", "CanaryWEST team 1"), ("rep", "CanarySOUTH-R3")):
        source = stores.open_facts(root)
        scope.write_scoped(source, tmp_path / f"{by}.there", by, unit)
        source.close()
        write_scoped(company / stores.FACTS, tmp_path / f"{by}.here", by, unit)
        assert held(tmp_path / f"{by}.there") == held(tmp_path / f"{by}.here")
    for status in ("published", "up-to-date"):
        results = runs.run(root, ["10"], period="2025-06", by="region", lang="en")
        assert {(r.unit, r.status) for r in results} == {(region, status) for region in REGIONS}
    for region in REGIONS:
        assert_own_alone(list((root / "reports").glob(f"2*/*.{region}.*")), region)


def held(path: Path) -> dict[str, list[str]]:
    """Every row of every table, in an order of their own."""
    with duckdb.connect(str(path), read_only=True) as store:
        tables = [table for (table,) in store.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        return {
            t: sorted(map(repr, store.execute(f'SELECT * FROM "{t}"').fetchall())) for t in sorted(tables)
        }


def test_the_company_index_links_every_units_pages(company):
    index = (company / "reports" / "index.html").read_text(encoding="utf-8")
    for region in REGIONS:
        assert f'href="2025-06/10_performance_review.{region}.en.html"' in index
    page = (company / "reports" / "2025-06" / "10_performance_review.North.en.html").read_text("utf-8")
    assert "index.html" not in page


@pytest.mark.parametrize(("by", "column"), [("region", "region"), ("team", "team"), ("rep", "rep_id")])
def test_the_store_that_a_kernel_opens_holds_only_the_units_rows(company, tmp_path, by, column):
    source = company / "data" / "facts.duckdb"
    ws = open_workspace(company)
    units = scope.units(ws.facts, by, ws.window.start, ws.window.end)
    ws.close()
    assert len(units) == {"region": 3, "team": 6, "rep": 12}[by]
    totals = 0
    for unit in units[:4]:
        target = tmp_path / f"{len(list(tmp_path.iterdir()))}.duckdb"
        write_scoped(source, target, by, unit)
        own = next(canary(region) for region in REGIONS if canary(region) in unit or region == unit)
        others = [canary(region) for region in REGIONS if canary(region) != own]
        with duckdb.connect(str(target), read_only=True) as store:
            for (table,) in store.execute("SELECT table_name FROM duckdb_tables()").fetchall():
                told = str(store.execute(f'SELECT * FROM "{table}"').fetchall())
                assert not any(other in told for other in others), table
                if by == "rep" and table not in ("customers", "products"):
                    people = set(re.findall(rf"{own}-R\d", told))
                    assert people <= {unit}, table
            (n,) = store.execute("SELECT COUNT(*) FROM sales").fetchall()[0]
            totals += n
        with duckdb.connect(str(source), read_only=True) as whole:
            expected = whole.execute(f"SELECT COUNT(*) FROM sales WHERE {column} = ?", [unit]).fetchall()[0][
                0
            ]
        assert n == expected > 0
    assert totals


def test_in_its_own_store_a_unit_takes_the_companys_place(company, tmp_path):
    write_scoped(company / "data" / "facts.duckdb", tmp_path / "n.duckdb", "region", "North")
    with duckdb.connect(str(tmp_path / "n.duckdb"), read_only=True) as store:
        whole = store.execute("SELECT scope_id, value FROM targets WHERE scope_type = 'company'").fetchall()
        assert [(unit, float(value)) for unit, value in whole] == [("company", 90_000.0)]
        kinds = store.execute("SELECT DISTINCT scope_type FROM targets ORDER BY 1").fetchall()
        assert kinds == [("company",), ("region",), ("rep",)]
        said = dict(store.execute("SELECT name, value FROM store_facts").fetchall())
    assert (said["scope"], said["scope_kind"], said["last_day"]) == ("North", "region", "2025-06-15")


def test_every_canonical_table_is_ruled_or_withheld_on_purpose():
    """A table added to the contracts is withheld from units until somebody says what they may see."""
    special = {"targets", "market", "expenses"}
    derived = {"sales", "deals", "billings", "collections", "deal_changes", "deal_states"}
    assert set(scope._RULES) - set(TABLES) == derived | {"calendar"}
    assert set(TABLES) - set(scope._RULES) - special == set()


def test_regions_add_up_to_the_company(company, tmp_path):
    source = company / "data" / "facts.duckdb"
    parts = 0
    for n, region in enumerate(REGIONS):
        write_scoped(source, tmp_path / f"{n}.duckdb", "region", region)
        with duckdb.connect(str(tmp_path / f"{n}.duckdb"), read_only=True) as store:
            parts += store.execute("SELECT CAST(SUM(net_amount) AS BIGINT) FROM sales").fetchall()[0][0]
    with duckdb.connect(str(source), read_only=True) as store:
        whole = store.execute("SELECT CAST(SUM(net_amount) AS BIGINT) FROM sales").fetchall()[0][0]
    assert parts == whole


def test_an_unknown_kind_of_unit_is_refused(company):
    from salesops_lib.errors import DataError

    with pytest.raises(DataError, match="did you mean 'region'"):
        runs.run(company, ["10"], by="regoin")
