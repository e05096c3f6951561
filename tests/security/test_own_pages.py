"""A person's page holds own rows alone: no name, id, order, customer or amount of another in page, workbook, summary or store."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from salesops_lib import cleaning, runs
from salesops_lib.runs.peers import put
from salesops_lib.runs.units import ScopedWorkspaces, Unit
from salesops_lib.team import peers
from salesops_lib.workspace import load_policy, open_workspace
from tests.security.test_own_statements import texts

PEOPLE = ("ANN", "BOB", "CAT", "DAN", "EVE", "FAY", "GUS")
POLICY = """
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata: {id: p, version: 1.0.0, title: {en: Policy, zh: 政策}, effective: {from: 2025-01-01, to: 2025-12-31}}
semantics: {currency: CNY}
process:
  stages:
    - {id: lead, en: Lead, zh: 线索, rank: 1, p_prior: 0.1, max_age_days: 30, category: pipeline}
    - {id: quote, en: Quotation, zh: 报价, rank: 2, p_prior: 0.5, max_age_days: 30, category: best_case}
    - {id: won, en: Won, zh: 赢单, rank: 3, p_prior: 1, category: won}
    - {id: lost, en: Lost, zh: 输单, rank: 4, p_prior: 0, category: lost}
incentives:
  rules: {tier_edge: lower_inclusive, start_day: included}
  crediting: {windfall: null}
  plans:
    - id: ae
      roles: [ae]
      effective: {from: 2025-01-01, to: 2025-12-31}
      components:
        - {id: core, en: Core, zh: 提成, kind: tiered, basis: amount, mode: marginal, interval: quarter, tiers: [{from: 0, rate: 0.1}, {from: 90000, rate: 0.2}]}
"""


def canary(person: str) -> str:
    return f"Canary{person}"


def sold(person: str, month: int) -> int:
    """An order of a month: no two are alike."""
    return 10_000 + 1_111 * PEOPLE.index(person) + 17 * month


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Seven sellers of one team led by a manager; whatever is a seller's carries the seller's canary."""
    root = tmp_path_factory.mktemp("company")
    (root / "policy.yaml").write_text(POLICY, encoding="utf-8")
    lines, customers, deals, changes, goals = [], [], [], [], []
    reps, org = ["CanaryMAX,CanaryMAX the manager,manager,2019-01-01"], ["CanaryMAX,T,R,,manager,2019-01-01"]
    for person in PEOPLE:
        mark = canary(person)
        customers += [f"{mark}-C{n},{mark} customer {n}" for n in range(3)]
        reps.append(f"{mark},{mark} the seller,ae,2020-03-01")
        org.append(f"{mark},T,R,CanaryMAX,ae,2020-03-01")
        for month in range(1, 12):
            lines.append(
                f"{mark}-{month},1,2025-{month:02}-15,{mark}-C0,{sold(person, month)},1,{sold(person, month) + 2_000},{mark},order"
            )
            goals.append(f"1,rep,{mark},bookings,2025-{month:02},{20_000 + PEOPLE.index(person)}")
        for n in range(12):
            outcome = "won" if n % 3 == PEOPLE.index(person) % 3 else "lost" if n < 9 else "open"
            closed = f"2025-0{n % 8 + 1}-20" if outcome != "open" else ""
            deals.append(
                f"{mark}-D{n},{mark}-C{n % 3},{mark},{50_000 + 77 * n + PEOPLE.index(person)},2025-01-0{n % 9 + 1},{outcome if outcome != 'open' else 'quote'},{closed},2025-0{n % 8 + 1}-25,{outcome}"
            )
            changes.append(f"{mark}-D{n},2025-01-10,stage,lead,quote")
    files = {
        "orders": ("order_id,line_id,ordered_on,customer_id,net_amount,quantity,list_price,rep_id,status", lines),
        "customers": ("customer_id,name", customers),
        "reps": ("rep_id,name,role,hired_on", reps),
        "org": ("rep_id,team,region,manager_id,role,valid_from", org),
        "opportunities": ("opportunity_id,customer_id,rep_id,amount,created_on,stage,closed_on,expected_close_on,outcome", deals),
        "opportunity_changes": ("opportunity_id,changed_on,field,old_value,new_value", changes),
        "targets": ("version,scope_type,scope_id,measure,period,value", goals),
    }  # fmt: skip
    for name, (head, rows) in files.items():
        path = root / f"{name}.csv"
        path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
        cleaning.add(
            root, [path], table=name.replace("orders", "order_lines") if name == "orders" else name, yes=True
        )
    cleaning.load(root, policy=load_policy(root))
    return root


def test_a_page_says_nothing_of_another_person(company):
    results = runs.run(company, ["36"], period="2025-11", by="rep", lang="en,zh")
    assert {(r.unit, r.status) for r in results} == {(canary(p), "published") for p in PEOPLE}, results
    for person in PEOPLE:
        who = canary(person)
        own = [p for p in (company / "reports").rglob(f"*{who}*") if p.is_file()]
        kept = [r.run_dir for r in results if r.unit == who and getattr(r, "run_dir", None)]
        own += [p for folder in kept for p in Path(folder).rglob("*") if p.is_file()]
        assert len([p for p in own if "36_" in p.name]) >= 4  # a page and a workbook in two languages
        said = "\n".join(f"{path.name}\n{texts(path)}" for path in own)
        assert f"{who} the seller" in said
        assert set(re.findall(r"Canary[A-Z]{3}", said)) == {who}
        for other in PEOPLE:
            amounts = {str(sold(other, 11)), f"{sold(other, 11):,}", f"{sold(other, 11):,}.00"}
            assert other == person or not any(amount in said for amount in amounts)


def test_everything_that_a_run_leaves_behind_names_no_other_person(company):
    """The kept runs with their notebooks and summaries, each by the person it is of."""
    runs.run(company, ["36"], period="2025-11", by="rep", lang="en", force=True)
    seen = 0
    for folder in sorted((company / "reports" / ".runs").iterdir()):
        told = "\n".join(texts(p) for p in folder.rglob("*") if p.is_file())
        named = set(re.findall(r"Canary[A-Z]{3}", told)) - {"CanaryMAX"}
        if "36_rep_onepager" in folder.name:
            seen += 1
            assert len(named) == 1, folder.name
    assert seen >= len(PEOPLE)


def test_a_store_is_given_quartiles_and_own_customers_alone(company, tmp_path):
    unit = Unit("rep", canary("BOB"))

    def complete(store: Path, of: Unit) -> None:
        put(company, store, of, ["2025-11"])

    with ScopedWorkspaces(company, tmp_path, [unit], complete).of(unit) as folder:
        store = duckdb.connect(str(folder / "data" / "facts.duckdb"), read_only=True)
        tables = [name for (name,) in store.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        told = {name: str(store.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables}
        band = store.execute('SELECT * FROM "peer_bands 2025-11"').df()
        mine = store.execute('SELECT customer_id FROM "own_customers 2025-11"').df()
        store.close()
    for name, rows in told.items():
        assert set(re.findall(r"Canary[A-Z]{3}", rows)) <= {unit.name, "CanaryMAX"}, name
    assert list(band.columns) == peers.BANDS
    assert len(band) >= 4
    assert band.n.min() >= 5
    assert mine.customer_id.tolist() == ["CanaryBOB-C0"]


def test_the_band_is_of_the_others_and_agrees_with_their_values(company):
    ws = open_workspace(company, period="2025-10")
    try:
        found = peers.context(ws).bands
    finally:
        ws.close()
    reached = {p: sold(p, 10) / (20_000 + PEOPLE.index(p)) for p in PEOPLE if p != "BOB"}
    row = found[(found.rep_id == canary("BOB")) & (found.measure == "attainment")].iloc[0]
    wanted = pd.Series(reached).quantile([0.25, 0.5, 0.75]).round(3).tolist()
    assert [row.low, row.middle, row.high] == pytest.approx(wanted)
    assert (row.level, row.n) == ("team", 6)


def test_fewer_than_five_others_make_no_band(company):
    own = pd.DataFrame({"rep_id": list("abcde"), "measure": "win_rate", "value": 0.5})
    places = pd.DataFrame({"rep_id": list("abcde"), "team": "T", "region": "R"})
    assert peers.bands(own, places, 1).empty


def test_the_whole_company_gets_no_such_page(company):
    (result,) = runs.run(company, ["36"], period="2025-11", lang="en")
    assert result.status == "published"
    said = "\n".join(texts(p) for p in (company / "reports" / "2025-11").glob("36_rep_onepager.en.*"))
    assert "--by rep" in said
    assert not re.findall(r"Canary[A-Z]{3}", said)


def test_a_statement_that_cannot_be_made_keeps_no_page_back(company, tmp_path):
    """A policy that pays on invoices, of which none are loaded: the page is there, without its pay."""
    broken = tmp_path / "company"
    (broken / "data").mkdir(parents=True)
    (broken / "data" / "facts.duckdb").write_bytes((company / "data" / "facts.duckdb").read_bytes())
    asks = "payments: {release: [{schedule: [{event: invoice, share: 1}]}]}\n  plans:"
    (broken / "policy.yaml").write_text(POLICY.replace("plans:", asks, 1), encoding="utf-8")
    results = runs.run(broken, ["36"], period="2025-11", by="rep", lang="en")
    assert {result.status for result in results} == {"published"}
    said = texts(broken / "reports" / "2025-11" / "36_rep_onepager.CanaryANN.en.html")
    assert "Pay and the next tier" in said
    assert "earned in 2025" not in said
    assert "statements cannot be made" in said
