"""Rows excluded, cells changed, customers merged, returns matched, totals of the books."""

from __future__ import annotations

import pytest

from salesops_lib import data_quality
from salesops_lib.cleaning.matching import PARTLY
from salesops_lib.metrics import Missing

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


@pytest.fixture
def opened(workspace, line):
    def make(**tables):
        return workspace(**MARCH, order_lines=[line("2026-03-15", 100)], **tables)

    return make


def source(**values):
    whole = {"source": "a.csv", "table_name": "order_lines", "kind": "file", "rows_in": 10, "used": 6, "merged": 1, "set_aside": 1, "excluded": 2}  # fmt: skip
    return whole | {"suspected": 0, "orphans": 0} | values


def reason(outcome, reason, n_rows, example="", **values):
    whole = {"source": "a.csv", "table_name": "order_lines", "column_name": ""}
    return whole | {"outcome": outcome, "reason": reason, "n_rows": n_rows, "example": example} | values


def test_excluded_rows_are_accounted_for(opened, found):
    exhibit = data_quality.accounted(opened(audit_sources=[source()]))
    assert exhibit.frame.columns.tolist() == [
        "source", "table", "rows_in", "used", "merged", "set_aside", "excluded", "is_total",
    ]  # fmt: skip
    assert found(exhibit)["accounted.all"].values["excluded"] == 2


def test_excluded_rows_do_not_lower_the_score(opened):
    assert data_quality.quality_score(opened(audit_sources=[source()])) == pytest.approx(0.9)
    assert data_quality.grade(opened(audit_sources=[source(set_aside=0, used=7)])) == "A"


def test_a_reason_names_the_fate_and_an_example(opened):
    ws = opened(
        audit_reasons=[
            reason("excluded", "totals row", 1, "line 9: '合计'"), reason("set_aside", "cannot be read as date", 3, 'line 4: "it\'s"'),
            reason("merged", "exact duplicate", 2, "line 5"), reason("unmatched", "customer unknown", 7, "C1"), reason("orphan", "2 keys", 2),
        ]
    )  # fmt: skip
    frame = data_quality.reasons(ws).frame
    assert frame[["outcome", "n_rows", "line", "value"]].values.tolist() == [
        ["set_aside", 3, 4, "it's"],
        ["merged", 2, 5, ""],
        ["excluded", 1, 9, "合计"],
    ]


def test_cells_changed_by_rule(opened, found):
    cell = {"source": "a.csv", "table_name": "order_lines", "column_name": "net_amount"}
    ws = opened(
        audit_changes=[
            cell | {"rule": "brackets mean minus", "n_cells": 2, "example": "line 7: '(1,234)' → '-1234'"},
            cell | {"rule": "万 is 10,000", "n_cells": 5, "example": "line 3: '1.2万' → '12000'"},
        ]
    )  # fmt: skip
    exhibit = data_quality.changed(ws)
    assert exhibit.frame[["reason", "n_cells", "line", "before", "after"]].values.tolist() == [
        ["万 is 10,000", 5, 3, "1.2万", "12000"],
        ["brackets mean minus", 2, 7, "(1,234)", "-1234"],
    ]
    told = found(exhibit)["changed.cells"].values
    assert (told["n"], told["n_rules"], told["before"], told["first"]) == (7, 2, "1.2万", 5)
    assert "changed.none" in found(data_quality.changed(opened()))


def test_mapping_begins_with_the_least_sure(opened, found):
    column = {
        "source": "a.csv",
        "table_name": "order_lines",
        "type": "money",
        "is_required": False,
        "n_rows": 1,
        "n_filled": 1,
    }
    ws = opened(
        audit_columns=[
            column | {"column_name": "net_amount", "header": "金额", "confidence": 0.97, "rule": "万元 × 10,000"},
            column | {"column_name": "cost_amount", "header": "成本", "confidence": 0.55},
        ]
    )  # fmt: skip
    exhibit = data_quality.mapping(ws)
    assert exhibit.frame[["header", "confidence", "rule"]].values.tolist() == [
        ["成本", 0.55, ""],
        ["金额", 0.97, "万元 × 10,000"],
    ]
    assert found(exhibit)["mapping.least_sure"].values["header"] == "成本"


def test_customers_merged_and_pairs_waiting(opened, found):
    merge = {
        "master_id": "c1",
        "master_name": "华夏有限公司",
        "name": "华夏有限责任公司",
        "rule": "same name",
    }
    ws = opened(
        customer_merges=[
            merge | {"customer_id": "c2", "probability": 1.0, "decided_by": "person"},
            merge | {"customer_id": "c3", "probability": 0.992, "decided_by": "automatic"},
        ],
        audit_reasons=[reason("suspected", "pairs may be one customer", 4, table_name="customers", column_name="customer_id")],
    )  # fmt: skip
    exhibit = data_quality.merged_customers(ws)
    assert exhibit.frame.customer_id.tolist() == ["c3", "c2"]
    told = found(exhibit)
    assert told["merged_customers.merged"].values == {"n": 2, "n_masters": 1, "by_hand": 1}
    assert told["merged_customers.waiting"].values == {"n": 4}


def test_no_customers_merged(opened, found):
    assert "merged_customers.none" in found(data_quality.merged_customers(opened()))


def test_returns_matched_and_not(opened, found):
    piece = {"table_name": "order_lines", "line_id": "1", "order_id": "o1", "matched_quantity": 1}
    ws = opened(
        return_matches=[
            piece | {"return_order_id": "c1", "return_line_id": "1", "matched_amount": 100, "rule": "same order and product"},
            piece | {"return_order_id": "c1", "return_line_id": "1", "matched_amount": 50, "rule": "same order and product"},
            piece | {"return_order_id": "c2", "return_line_id": "1", "matched_amount": 70, "rule": "order named"},
        ],
        audit_reasons=[reason("unmatched", "customer unknown", 2, "c3"), reason("unmatched", PARTLY, 1, "c2")],
    )  # fmt: skip
    exhibit = data_quality.returned(ws)
    assert exhibit.frame[["outcome", "reason", "n_returns"]].values.tolist() == [
        ["matched", "order named", 1],
        ["matched", "same order and product", 1],
        ["unmatched", "customer unknown", 2],
        ["unmatched", PARTLY, 1],
    ]
    # four returns: c1 wholly, c2 in part, two of unknown customers
    assert found(exhibit)["returned.matched"].values == {"n": 4, "matched": 2, "rate": 0.5, "amount": 220}
    assert "returned.none" in found(data_quality.returned(opened()))


def control(column, stated, read, **values):
    whole = {
        "source": "a.csv",
        "table_name": "order_lines",
        "column_name": column,
        "stated": stated,
        "stated_by": "books",
    }
    return whole | {"read_total": read, "used_total": read, "difference": read - stated} | values


def test_stated_totals_worst_first(opened, found):
    ws = opened(
        audit_controls=[
            control("net_amount", 1000, 1000.01, is_within=True),
            control("cost_amount", 500, 400, is_within=False),
            control("tax_amount", 0, 0, is_within=True),
        ]
    )
    exhibit = data_quality.reconciled(ws)
    assert exhibit.frame.column.tolist() == ["cost_amount", "tax_amount", "net_amount"]
    row = exhibit.frame.iloc[0]
    assert (row.stated, row.read_less_stated, row.difference_rate) == (50_000, -10_000, -0.2)  # fen
    told = found(exhibit)["reconciled.outside"]
    assert (told.tone, told.values["n"], told.values["n_controls"], told.values["column"]) == (
        "bad",
        1,
        3,
        "cost_amount",
    )


def test_stated_totals_that_agree(opened, found):
    exhibit = data_quality.reconciled(opened(audit_controls=[control("net_amount", 10, 10, is_within=True)]))
    assert found(exhibit)["reconciled.within"].values == {"n_controls": 1, "tolerance": 0.005}


def test_without_a_stated_total_the_page_says_how_to_state_one(opened):
    missing = data_quality.reconciled(opened())
    assert isinstance(missing, Missing)
    assert missing.why == "note.finance_total"


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_finding_is_worded_in_both_languages(opened, lang):
    from salesops_lib.metrics import Exhibit
    from salesops_lib.reporting.sentences import plain
    from salesops_lib.reporting.voice import Voice

    merge = {"customer_id": "c2", "master_id": "c1", "probability": 1.0, "decided_by": "person"}
    piece = {
        "table_name": "returns",
        "return_order_id": "r1",
        "order_id": "o1",
        "matched_amount": 100,
        "rule": "order named",
    }
    column = {
        "source": "a.csv",
        "table_name": "order_lines",
        "column_name": "net_amount",
        "header": "金额",
        "type": "money",
    }
    full = opened(
        audit_sources=[source()], audit_columns=[column | {"n_rows": 2, "n_filled": 1, "is_required": True, "confidence": 0.5}],
        audit_reasons=[reason("set_aside", "cannot be read as date", 3), reason("unmatched", "customer unknown", 2)],
        audit_changes=[{"source": "a.csv", "table_name": "order_lines", "column_name": "net_amount", "rule": "x", "n_cells": 1, "example": "line 3: '1.2万' → '12000'"}],
        audit_controls=[control("net_amount", 1000, 900, is_within=False)], customer_merges=[merge], return_matches=[piece],
    )  # fmt: skip
    for ws in (full, opened(), opened(audit_controls=[control("net_amount", 1000, 1000, is_within=True)])):
        for name in data_quality.__all__:
            exhibit = (
                getattr(data_quality, name)(ws) if name not in ("gate", "grade", "quality_score") else None
            )
            if isinstance(exhibit, Exhibit):
                said = [plain(finding, Voice(lang)) for finding in (*exhibit.findings, *exhibit.notes)]
                assert all(said), exhibit.id
                assert not any("nan" in sentence for sentence in said), said
