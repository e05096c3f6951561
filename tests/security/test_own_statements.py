"""A person's statement holds that person's rows alone: in the page, the workbook and the store that the kernel reads."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

import duckdb
import pytest

from salesops_lib import cleaning, runs
from salesops_lib.runs.statements import put, units
from salesops_lib.runs.units import ScopedWorkspaces, Unit
from salesops_lib.workspace import load_policy

PEOPLE = ("ANN", "BOB", "CAT")
POLICY = """
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata: {id: p, version: 1.0.0, title: {en: Policy, zh: 政策}, effective: {from: 2025-01-01, to: 2025-12-31}}
semantics: {currency: CNY}
incentives:
  rules: {tier_edge: lower_inclusive, start_day: included}
  crediting: {windfall: null}
  plans:
    - id: ae
      roles: [ae]
      effective: {from: 2025-01-01, to: 2025-12-31}
      components:
        - {id: core, en: Core, zh: 提成, kind: tiered, basis: amount, mode: marginal, tiers: [{from: 0, rate: 0.1}, {from: 3000, rate: 0.2}]}
    - id: lead
      roles: [manager]
      effective: {from: 2025-01-01, to: 2025-12-31}
      components:
        - {id: team, en: Team, zh: 团队, kind: tiered, basis: amount, mode: marginal, credit: roll_up, tiers: [{from: 0, rate: 0.01}]}
"""


def canary(person: str) -> str:
    return f"Canary{person}"


def sold(person: str, month: int) -> int:
    """What a seller's order of a month is worth: no two orders, and no two pays of 20 % of them (June's), are alike."""
    return 1_000 + 111 * PEOPLE.index(person) + month


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sellers led by a manager who sells nothing; what is a seller's carries the seller's canary."""
    root = tmp_path_factory.mktemp("company")
    (root / "policy.yaml").write_text(POLICY, encoding="utf-8")
    lines, customers = [], []
    reps, org = ["CanaryMAX,CanaryMAX the manager,manager"], ["CanaryMAX,,manager,2024-01-01"]
    for person in PEOPLE:
        mark = canary(person)
        customers.append(f"{mark}-C,{mark} customer")
        reps.append(f"{mark},{mark} the seller,ae")
        org.append(f"{mark},CanaryMAX,ae,2024-01-01")
        lines += [
            f"{mark}-{month},1,2025-{month:02}-15,{mark}-C,{sold(person, month)},{mark},order"
            for month in range(1, 7)
        ]
    files = {
        "orders": ("order_id,line_id,ordered_on,customer_id,net_amount,rep_id,status", lines),
        "customers": ("customer_id,name", customers),
        "reps": ("rep_id,name,role", reps),
        "org": ("rep_id,manager_id,role,valid_from", org),
    }
    paths = []
    for name, (head, rows) in files.items():
        paths.append(root / f"{name}.csv")
        paths[-1].write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    for path in paths:
        cleaning.add(root, [path], table=path.stem.replace("orders", "order_lines"), yes=True)
    cleaning.load(root, policy=load_policy(root))
    return root


def texts(path: Path) -> str:
    """Everything that a file says; of a zip, its members."""
    content = path.read_bytes()
    if not zipfile.is_zipfile(io.BytesIO(content)):
        return content.decode("utf-8")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(archive.read(name).decode("utf-8", "replace") for name in archive.namelist())


def test_everybody_who_is_paid_has_a_statement_of_ones_own_and_no_more(company):
    results = runs.run(company, ["31"], period="2025-06", by="rep", lang="en,zh")
    everybody = [*map(canary, PEOPLE), "CanaryMAX"]
    assert {(r.unit, r.status) for r in results} == {(who, "published") for who in everybody}, results
    for who in everybody:
        own = list((company / "reports").glob(f"2*/31_*.{who}.*"))
        assert len(own) == 4  # a page and a workbook in two languages
        said = "\n".join(f"{path.name}\n{texts(path)}" for path in own)
        assert who in said
        assert set(re.findall(r"Canary[A-Z]{3}", said)) == {who}
        numbers = set(re.findall(r"\d[\d,]*\.\d\d", said))
        for person in PEOPLE:
            amounts = {f"{share * sold(person, 6):,.2f}" for share in (1, 0.2)}
            assert (amounts <= numbers) if who == canary(person) else not (amounts & numbers)
    assert "1,006.00" in texts(company / "reports" / "2025-06" / "31_incentive_statement.CanaryANN.en.html")


def test_a_persons_store_holds_that_persons_statement_alone(company, tmp_path):
    """The manager's credit is in it by the month: 3 sellers' 6 months at 1 %."""
    assert [unit.name for unit in units(company, "2025-06")] == sorted([*map(canary, PEOPLE), "CanaryMAX"])
    for who in (canary("BOB"), "CanaryMAX"):
        unit = Unit("rep", who)

        def complete(store: Path, of: Unit) -> None:
            put(company, store, of, ["2025-06"])

        with ScopedWorkspaces(company, tmp_path / who, [unit], complete).of(unit) as folder:
            store = duckdb.connect(str(folder / "data" / "facts.duckdb"), read_only=True)
            tables = [name for (name,) in store.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
            told = {name: str(store.execute(f'SELECT * FROM "{name}"').fetchall()) for name in tables}
            stated = store.execute('SELECT SUM(earned) FROM "statement_months 2025-06"').fetchone()
            store.close()
        assert {name for name in tables if name.startswith("statement_")}
        for name, rows in told.items():
            assert set(re.findall(r"Canary[A-Z]{3}", rows)) <= {who, "CanaryMAX"}, name  # whom one reports to
            if name.startswith("statement_"):
                assert set(re.findall(r"Canary[A-Z]{3}", rows)) <= {who}, name
        whole = sum(100 * sold(person, month) for person in PEOPLE for month in range(1, 7))
        assert who != "CanaryMAX" or stated == (round(whole / 100),)


def test_other_notebooks_do_not_make_statements(company, monkeypatch):
    def refuse(*given: object) -> None:
        raise AssertionError("no statement was asked for")

    monkeypatch.setattr("salesops_lib.runs.statements.put", refuse)
    monkeypatch.setattr("salesops_lib.runs.statements.units", refuse)
    results = runs.run(company, ["01"], period="2025-06", by="rep", lang="en")
    assert {result.status for result in results} == {"published"}


def test_statements_that_cannot_be_made_fail_with_the_reason(company, tmp_path):
    """A policy that asks for rates that nobody loaded: each page fails in one sentence, none is half there."""
    broken = tmp_path / "company"
    broken.mkdir()
    (broken / "data").mkdir()
    (broken / "data" / "facts.duckdb").write_bytes((company / "data" / "facts.duckdb").read_bytes())
    asks = "payments: {release: [{schedule: [{event: invoice, share: 1}]}]}\n  plans:"
    (broken / "policy.yaml").write_text(POLICY.replace("plans:", asks, 1), encoding="utf-8")
    results = runs.run(broken, ["31"], period="2025-06", by="rep", lang="en")
    assert {result.status for result in results} == {"failed"}
    assert all("invoices hold nothing" in result.message for result in results), results[0]
    assert not list((broken / "reports").glob("2*/31_*"))
