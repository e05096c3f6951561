"""A small company all of whose names attack, through the notebooks to pages, workbooks and the index (FAULTS.md S01, S25, S62, S64)."""

from __future__ import annotations

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from hostile import AWKWARD, PAYLOADS, faults, words

from salesops_lib import runs
from salesops_lib.policy import DEFAULT
from salesops_lib.reporting.visible import visible
from salesops_lib.tables import TABLES

CONTROLS = re.compile(r"[\x00\ud800-\udfff]")
NAMES = [CONTROLS.sub("", name)[:300] for name in dict.fromkeys((*PAYLOADS, *AWKWARD))]


def name(n: int) -> str:
    return NAMES[n % len(NAMES)]


def _accounted(table: str, n: int) -> dict[str, object]:
    """A file of a hostile name, all of whose rows are used."""
    none = dict.fromkeys(("merged", "set_aside", "excluded", "suspected", "orphans"), 0)
    totals = {"raw_total": 1.0, "stored_total": 1.0, "set_aside_total": 0.0, "rounding_residual": 0.0}
    return {
        "source": f"{name(3)} {table}",
        "table_name": table,
        "kind": "file",
        "rows_in": n,
        "used": n,
        **none,
        **totals,
    }


def _filled(table: str, column: str, n: int) -> dict[str, object]:
    known = {"source": f"{name(3)} {table}", "table_name": table, "column_name": column, "header": name(8)}
    return {
        **known,
        "type": "money",
        "is_required": True,
        "n_rows": n,
        "n_filled": n,
        "confidence": 1.0,
        "rule": name(9),
    }


@pytest.fixture(scope="module")
def company(tmp_path_factory, shared_store) -> Path:
    """Facts as a load leaves them, every text of them a payload; the suite's own notebooks."""
    root = tmp_path_factory.mktemp("company")
    (root / "data").mkdir()
    lines = [
        {
            "order_id": f"{name(n)}-{n}", "line_id": "1", "ordered_on": f"{year}-{month:02}-{1 + n % 27:02}",
            "customer_id": f"c{n % 12}", "product_id": f"p{n % 7}", "product_name": name(n % 7 + 20), "rep_id": f"r{n % 4}",
            "region": name(n % 3), "channel": name(n % 2 + 30), "category": name(n % 4 + 40), "quantity": 2,
            "net_amount": 1000_00 + n * 10_00, "list_price": 900_00, "currency": "CNY",
        }
        for year in (2024, 2025) for month in range(1, 13) for n in range(40)
    ]  # fmt: skip
    known = set(TABLES["order_lines"].names)
    lines = [{key: value for key, value in row.items() if key in known} for row in lines]
    shared_store(
        path=root / "data" / "facts.duckdb",
        currency="CNY",
        order_lines=[{**row, "order_id": f"o{n}"} for n, row in enumerate(lines)],
        customers=[{"customer_id": f"c{n}", "name": name(n + 5), "region": name(n % 3)} for n in range(12)],
        audit_sources=[
            _accounted("order_lines", len(lines)),
            _accounted("customers", 12),
            _accounted("reps", 4),
        ],
        audit_columns=[_filled("order_lines", "net_amount", len(lines))],
        reps=[{"rep_id": f"r{n}", "name": name(n + 50)} for n in range(4)],
    ).close()
    shutil.copy(DEFAULT, root / "policy.yaml")
    return root


@pytest.fixture(scope="module")
def results(company):
    made = runs.run(company, ["10", "20"], period="2025-12", lang="en,zh")
    assert {result.status for result in made} == {"published"}, [result.message for result in made]
    return made


def test_pages_of_a_hostile_company_are_inert_and_show_its_names(results):
    for result in results:
        html = result.path.read_text("utf-8")
        assert faults(html) == []
        assert [c for c in set(html) if visible(c) != c] == []
    said = "".join(words(results[0].path.read_text("utf-8")).split())
    shown = [n for n in range(12) if "".join(visible(name(n + 5)).split()) in said]
    assert len(shown) >= 8


def test_its_workbooks_hold_no_formula_and_no_link(results):
    for result in results:
        with zipfile.ZipFile(result.path.with_suffix(".xlsx")) as archive:
            sheets = b"".join(archive.read(n) for n in archive.namelist())
        assert b"<f>" not in sheets
        assert b"<f " not in sheets
        assert b"hyperlink" not in sheets


def test_its_index_is_inert(results, company):
    assert faults((company / "reports" / "index.html").read_text("utf-8")) == []


def test_units_of_hostile_names_get_pages_inside_the_folder(company, results):
    made = runs.run(company, ["10"], period="2025-12", lang="en", by="region")
    assert {result.status for result in made} == {"published"}, [result.message for result in made]
    assert {result.unit for result in made} == {name(0), name(1), name(2)}
    for result in made:
        assert result.path.parent == company / "reports" / "2025-12"
        assert re.fullmatch(r"[\w.-]+", result.path.name)
        assert faults(result.path.read_text("utf-8")) == []
    assert faults((company / "reports" / "index.html").read_text("utf-8")) == []
