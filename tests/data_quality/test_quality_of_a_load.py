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


BOOKS = """Order ID,Line ID,Order Date,Customer ID,Product ID,Quantity,Amount
o1,1,2026-01-05,a,p,4,40.00
o2,1,2026-02-09,a,p,2,"1,020.00"
c1,1,2026-03-02,a,p,-1,-10.00
合计,,,,,,1050.00
"""


@pytest.fixture
def loaded_again(tmp_path):
    """`loaded_again(text)`: the data after another load of this text."""
    file = tmp_path / "orders.csv"
    opened = []

    def make(text, control="1050"):
        file.write_text(text, "utf-8")
        if not opened:
            cleaning.add(tmp_path, [file], yes=True)
            entries = (tmp_path / "data" / "sources.yaml").read_text("utf-8")
            stated = f"table: order_lines\n    control:\n      net_amount: '{control}'\n"
            assert "table: order_lines\n" in entries
            (tmp_path / "data" / "sources.yaml").write_text(
                entries.replace("table: order_lines\n", stated), "utf-8"
            )
        for ws in opened:
            ws.close()
        cleaning.load(tmp_path)
        opened.append(open_workspace(tmp_path, period="2026-03"))
        return opened[-1]

    yield make
    for ws in opened:
        ws.close()


def test_the_books_and_the_totals_row_agree_with_what_was_read(loaded_again, found):
    ws = loaded_again(BOOKS)
    exhibit = data_quality.reconciled(ws)
    assert sorted(exhibit.frame.stated_by) == ["books", "totals row"]
    assert exhibit.frame.read_total.tolist() == exhibit.frame.stated.tolist() == [105_000, 105_000]
    assert "reconciled.within" in found(exhibit)
    assert data_quality.quality_score(ws) == 1  # the totals row is excluded, and accounted for
    assert found(data_quality.accounted(ws))["accounted.all"].values["excluded"] == 1


def test_changed_cells_and_matched_returns_of_a_load(loaded_again):
    ws = loaded_again(BOOKS)
    changed = data_quality.changed(ws).frame
    assert changed[["column", "before", "line"]].values.tolist() == [["net_amount", "1,020.00", 3]]
    assert data_quality.returned(ws).frame[["outcome", "net_amount"]].values.tolist() == [["matched", 1000]]


def test_a_load_of_the_same_is_none_and_a_changed_month_is_told(loaded_again, found):
    loaded_again(BOOKS)
    ws = loaded_again(BOOKS)
    assert data_quality.restatements(ws).why == "note.first_load"
    ws = loaded_again(BOOKS.replace("o1,1,2026-01-05,a,p,4,40.00", "o1,1,2026-01-05,a,p,4,44.00"))
    told = found(data_quality.restatements(ws))["restatements.sales"].values
    assert (told["month"], told["amount_before"], told["amount_now"]) == ("2026-01", 4_000, 4_400)
