"""Rates of few people are on no page, nor to be worked out from one (FAULTS.md S51)."""

from __future__ import annotations

import pytest

from salesops_lib import customer_voice
from salesops_lib.metrics import Missing
from salesops_lib.policy import DEFAULT
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.tables.scope import write_scoped
from salesops_lib.workspace import open_workspace

ANSWERS = {"East": 40, "West": 4}  #: of the two the packaged policy shows one: suppress_below is 5


@pytest.fixture(scope="module")
def company(tmp_path_factory, shared_store, line):
    root = tmp_path_factory.mktemp("company")
    (root / "data").mkdir()
    (root / "policy.yaml").write_bytes(DEFAULT.read_bytes())
    shared_store(
        path=root / "data" / "facts.duckdb",
        order_lines=[line("2025-12-30", 100, region=r, customer_id=r, order_id=r) for r in ANSWERS],
        customers=[{"customer_id": r, "region": r} for r in ANSWERS],
        surveys=[
            {
                "survey_id": f"{r}{n}",
                "customer_id": r,
                "answered_on": "2025-06-02",
                "instrument": "nps",
                "score": n % 11,
            }
            for r, n_answers in ANSWERS.items()
            for n in range(n_answers)
        ],
    ).close()
    return root


def of_unit(company, tmp_path, region):
    (tmp_path / "data").mkdir()
    (tmp_path / "policy.yaml").write_bytes((company / "policy.yaml").read_bytes())
    source = DuckDBEngine(company / "data" / "facts.duckdb", read_only=True)
    write_scoped(source, tmp_path / "data" / "facts.duckdb", "region", region)
    source.close()
    ws = open_workspace(tmp_path, period="2025-12")
    try:
        return customer_voice.promoter_score(ws)
    finally:
        ws.close()


def test_a_unit_of_few_answers_gets_none_on_its_own_page(company, tmp_path):
    assert isinstance(of_unit(company, tmp_path, "West"), Missing)


def test_a_unit_of_many_answers_gets_its_own_alone(company, tmp_path):
    exhibit = of_unit(company, tmp_path, "East")
    assert (
        exhibit.frame.n.tolist() == [ANSWERS["East"]] * 2
    )  # the total, which is the region's, and the region


def test_the_companys_page_does_not_give_the_few_away(company):
    ws = open_workspace(company, period="2025-12")
    exhibit = customer_voice.promoter_score(ws)
    ws.close()
    assert exhibit.frame.n.tolist() == [sum(ANSWERS.values())]  # East is held back with West
