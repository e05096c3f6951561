"""The data quality of files that went through cleaning: its audit has what the exhibits read."""

from __future__ import annotations

import pytest

from salesops_lib import cleaning, data_quality, targets
from salesops_lib.workspace import open_workspace

ORDERS = """Order ID,Line ID,Order Date,Customer ID,Region,Sales
o1,1,2026-03-02,a,East,10.00
o1,2,2026-03-02,a,East,2.50
o2,1,2026-03-31,b,West,7.00
o2,1,2026-03-31,b,West,7.00
o3,1,not a day,b,West,9.00
"""


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    root = tmp_path_factory.mktemp("loaded")
    (root / "orders.csv").write_text(ORDERS, "utf-8")
    cleaning.add(root, [root / "orders.csv"], yes=True)
    cleaning.load(root)
    found = open_workspace(root, period="2026-03")
    yield found
    found.close()


def test_five_rows_are_three_used_one_merged_one_set_aside(ws):
    total = data_quality.accounted(ws).frame.iloc[-1]
    assert total[["rows_in", "used", "merged", "set_aside"]].tolist() == [5, 3, 1, 1]


def test_the_score_counts_what_was_kept(ws):
    assert data_quality.quality_score(ws) == pytest.approx(0.8)  # 4 of 5 rows, all keys found
    assert data_quality.grade(ws) == "D"


def test_every_exhibit_reads_the_audit_of_a_load(ws):
    assert len(data_quality.reasons(ws).frame) == 2
    assert data_quality.control_totals(ws).frame.stored_total.tolist() == [1950]
    assert "Sales" in data_quality.mapping(ws).frame.header.tolist()
    assert data_quality.freshness(ws).frame.age_days.tolist() == [0]
    assert data_quality.keys(ws).frame.found_rate.tolist() == [1.0]
    assert data_quality.completeness(ws).frame.empty


def test_money_arrives_in_minor_units(ws):
    frame = targets.standing(ws).frame.set_index("unit")
    assert frame.actual.to_dict() == {"East": 1250, "West": 700, "total": 1950}
