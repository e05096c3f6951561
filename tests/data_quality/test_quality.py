"""Rows accounted for, keys found, freshness, completeness, and the grade they give."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import data_quality
from salesops_lib.errors import DataError

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


def source(name, rows_in, used, merged, set_aside, **values):
    return {"source": name, "table_name": "order_lines", "kind": "file", "rows_in": rows_in, "used": used, "merged": merged,
            "set_aside": set_aside, "suspected": 0, "orphans": 0, **values}  # fmt: skip


def orphans(n):
    return {
        "source": "",
        "table_name": "order_lines",
        "outcome": "orphan",
        "reason": "1 key is not in customers",
        "column_name": "customer_id",
        "n_rows": n,
        "example": "'x'",
    }


@pytest.fixture(scope="module")
def lines(line):
    return [line(f"2026-03-{day:02}", 100, customer_id="a" if day < 20 else "x") for day in (2, 3, 4, 20)]


@pytest.fixture(scope="module")
def ws(shared_workspace, lines):
    return shared_workspace(
        **MARCH,
        order_lines=lines,
        customers=[{"customer_id": "a"}],
        receipts=[{"receipt_id": "r", "received_on": "2026-01-05", "amount": 5}],
        audit_sources=[
            source("a.csv", 100, 95, 3, 2, raw_total=1234.567, stored_total=1234.57, set_aside_total=20.0, rounding_residual=-0.003),
            source("b.csv", 100, 98, 0, 2, suspected=4, orphans=1),
            {"source": "notes.txt", "table_name": "", "kind": "skipped", "rows_in": 0, "used": 0, "merged": 0, "set_aside": 0},
            {"source": "derived: order_lines", "table_name": "reps", "kind": "derived", "rows_in": 7, "used": 7, "merged": 0, "set_aside": 0},
        ],
        audit_columns=[
            {"source": "a.csv", "table_name": "order_lines", "column_name": "net_amount", "header": "Amount", "type": "money", "is_required": True, "n_rows": 95, "n_filled": 95},
            {"source": "a.csv", "table_name": "order_lines", "column_name": "region", "header": "Region", "type": "text", "is_required": False, "n_rows": 95, "n_filled": 19},
            {"source": "b.csv", "table_name": "order_lines", "column_name": "region", "header": "区域", "type": "text", "is_required": False, "n_rows": 98, "n_filled": 98},
            {"source": "b.csv", "table_name": "order_lines", "column_name": "line_id", "header": "", "type": "text", "is_required": False, "n_rows": 98, "n_filled": 98},
        ],
        audit_reasons=[
            {"source": "a.csv", "table_name": "order_lines", "outcome": "set_aside", "reason": "not a date", "column_name": "ordered_on", "n_rows": 2, "example": "32.13."},
            {"source": "a.csv", "table_name": "order_lines", "outcome": "merged", "reason": "exact duplicate", "column_name": "", "n_rows": 3, "example": ""},
            orphans(1),
        ],
    )  # fmt: skip


def test_every_row_of_every_file_is_accounted_for(ws, found):
    exhibit = data_quality.accounted(ws)
    total = exhibit.frame.iloc[-1]
    assert total[["rows_in", "used", "merged", "set_aside", "suspected", "orphans"]].tolist() == [
        200,
        193,
        3,
        4,
        4,
        1,
    ]
    assert exhibit.frame.is_total.tolist() == [False, False, True]
    told = found(exhibit)
    assert (told["accounted.all"].tone, told["accounted.all"].values["n"]) == ("good", 2)
    assert told["note.skipped_sources"].values["names"] == ["notes.txt"]
    assert told["note.derived_tables"].values["names"] == ["reps"]


def test_rows_that_vanished_are_told(workspace, lines, found):
    told = found(
        data_quality.accounted(
            workspace(**MARCH, order_lines=lines, audit_sources=[source("a.csv", 100, 95, 3, 1)])
        )
    )
    assert (told["accounted.open"].tone, told["accounted.open"].values["open"]) == ("bad", 1)


def test_reasons_most_rows_first(ws, found):
    exhibit = data_quality.reasons(ws)
    assert exhibit.frame.n_rows.tolist() == [3, 2]  # orphans are told elsewhere
    assert found(exhibit)["reasons.first"].values["reason"] == "exact duplicate"


def test_control_totals_are_shown_in_minor_units(ws, found):
    exhibit = data_quality.control_totals(ws)
    row = exhibit.frame.iloc[0]
    assert (len(exhibit.frame), row.raw_total, row.stored_total, row.set_aside_total) == (
        1,
        123457,
        123457,
        2000,
    )
    assert found(exhibit)["control_totals.rounding"].values["residual"] == pytest.approx(0.3)  # fen


def test_mapping_shows_the_headers_of_the_files(ws):
    frame = data_quality.mapping(ws).frame
    assert frame.header.tolist() == ["Amount", "Region", "区域"]
    assert frame.completeness.tolist() == [1.0, 0.2, 1.0]


def test_keys_found(ws, found):
    exhibit = data_quality.keys(ws)
    row = exhibit.frame.set_index(["table", "column"]).loc[("order_lines", "customer_id")]
    assert (row.n_keys, row.n_orphans, row.found_rate) == (4, 1, 0.75)
    assert found(exhibit)["keys.orphans"].values["rate"] == 0.75


def test_freshness_against_the_policys_limit(ws, found):
    exhibit = data_quality.freshness(ws)
    frame = exhibit.frame.set_index("table")
    # 20 to 31 March is 11 days; 5 January to 31 March 85, above the default of 35
    assert frame.age_days.to_dict() == {"order_lines": 11, "receipts": 85}
    assert frame.is_stale.to_dict() == {"order_lines": False, "receipts": True}
    assert (str(frame.first_on["order_lines"])[:10], frame.rows["order_lines"]) == ("2026-03-02", 4)
    assert found(exhibit)["freshness.stale"].values["names"] == ["receipts"]


def test_completeness_lists_columns_with_gaps(ws, found):
    exhibit = data_quality.completeness(ws)
    # region: 19 + 98 of 193
    assert exhibit.frame[["column", "n_missing", "n_rows"]].values.tolist() == [["region", 76, 193]]
    assert exhibit.frame.completeness[0] == pytest.approx(117 / 193)
    assert found(exhibit)["completeness.gaps"].values["column"] == "region"


def test_the_score_is_rows_kept_times_keys_found(ws):
    # 196 of 200 rows; one reference with 3 of 4 keys
    assert data_quality.quality_score(ws) == pytest.approx(0.98 * 0.75)
    assert data_quality.grade(ws) == "D"


@pytest.mark.parametrize(
    ("aside", "grade"), [(0, "A"), (10, "A"), (11, "B"), (30, "B"), (31, "C"), (100, "C"), (101, "D")]
)
def test_grades_by_the_policys_limits(workspace, aside, grade):
    """Limits 99, 97 and 90 %: 10, 30 and 100 of 1,000 rows set aside still reach them."""
    assert (
        data_quality.grade(workspace(**MARCH, audit_sources=[source("a.csv", 1000, 1000 - aside, 0, aside)]))
        == grade
    )


def test_a_store_without_faults_is_said_to_be_one(workspace, line, found):
    ws = workspace(
        **MARCH, order_lines=[line("2026-03-30", 1, customer_id="a")], customers=[{"customer_id": "a"}],
        audit_sources=[source("a.csv", 1, 1, 0, 0)],
        audit_columns=[{"source": "a.csv", "table_name": "order_lines", "column_name": "net_amount", "header": "x", "type": "money", "is_required": True, "n_rows": 1, "n_filled": 1}],
    )  # fmt: skip
    assert "reasons.none" in found(data_quality.reasons(ws))
    assert "keys.all_found" in found(data_quality.keys(ws))
    assert "freshness.fresh" in found(data_quality.freshness(ws))
    assert "completeness.full" in found(data_quality.completeness(ws))


def test_without_an_audit_there_is_no_score(workspace, line):
    ws = workspace(**MARCH, order_lines=[line("2026-03-30", 1)])
    assert pd.isna(data_quality.quality_score(ws))
    assert data_quality.grade(ws) == "D"
    assert data_quality.accounted(ws).frame.rows_in.tolist() == [0]
    assert data_quality.control_totals(ws).frame.empty
    assert data_quality.mapping(ws).frame.empty


def test_data_of_a_bad_grade_are_not_published(workspace, lines):
    bad = {"order_lines": lines, "audit_sources": [source("a.csv", 100, 80, 0, 20)]}
    with pytest.raises(DataError, match=r"grade D \(score 0\.80\).*\n.*01_data_quality"):
        data_quality.gate(workspace(**MARCH, **bad))
    assert data_quality.gate(workspace(**MARCH, policy={"report.quality_gate": "none"}, **bad)) == "D"


def test_years_without_published_make_up_days_are_named(workspace, line):
    ws = workspace(
        period="2031-03",
        as_of="2031-03-31",
        policy={"calendar.country": "CN"},
        order_lines=[line("2031-03-03", 1)],
        audit_sources=[],
    )
    assert [note.values for note in data_quality.freshness(ws).notes] == [{"years": ["2031"]}]
