"""What an audit holds, and how it is stored and read again."""

from __future__ import annotations

from decimal import Decimal

import pytest

from salesops_lib.cleaning.audit import Audit, Change, ColumnAudit, Control, Reason, SourceAudit


@pytest.fixture
def audit() -> Audit:
    return Audit(
        sources=[
            SourceAudit("a.csv", "order_lines", "file", 10, 5, 1, 2, 2, notes=("net_amount = derived",)),
            SourceAudit("b.csv", "", "skipped", 0, 0, 0, 0),
        ],
        columns=[ColumnAudit("a.csv", "order_lines", "net_amount", "金额", "money", True, 5, 4, 0.93, "× 10,000")],
        reasons=[
            Reason("a.csv", "order_lines", "merged", "exact duplicate", "", 1, "line 3: 'as line 2'"),
            Reason("a.csv", "order_lines", "set_aside", "cannot be read as date", "ordered_on", 2, "line 4: 'x'"),
            Reason("a.csv", "order_lines", "excluded", "totals row", "", 2, "line 11"),
            Reason("", "order_lines", "orphan", "1 keys are not in customers", "customer_id", 3, "'C9'"),
        ],
        controls=[Control("a.csv", "order_lines", "net_amount", Decimal("10.005"), Decimal("10.00"), Decimal(3), Decimal(1))],
        changes=[Change("a.csv", "order_lines", "net_amount", "万", 2, "line 5: '1.2万' → '12000'")],
        fingerprint="f00d",
    )  # fmt: skip


def test_a_row_has_one_fate() -> None:
    with pytest.raises(AssertionError):
        SourceAudit("a.csv", "order_lines", "file", 10, 5, 1, 2, 1)


def test_an_audit_comes_back_as_it_was(audit: Audit) -> None:
    assert Audit.of_json(audit.to_json()) == audit


def test_one_column_for_each_reason_a_row_is_not_used(audit: Audit) -> None:
    frame = audit.frame
    assert list(frame)[:10] == [
        *("source", "table", "kind", "rows_in", "used", "merged", "set_aside", "excluded", "suspected", "orphans")
    ]  # fmt: skip
    first, skipped = frame.to_dict("records")
    assert (first["excluded"], first["totals row"], first["exact duplicate"], first["orphans"]) == (
        2,
        2,
        1,
        3,
    )
    assert (skipped["totals row"], skipped["rows_in"]) == (0, 0)


def test_tables_of_the_store(audit: Audit) -> None:
    (first, _) = audit.sources_frame().to_dict("records")
    assert (first["excluded"], first["rounding_residual"], first["table_name"]) == (2, 0.005, "order_lines")
    (column,) = audit.columns_frame().to_dict("records")
    assert (column["completeness"], column["confidence"], column["rule"]) == (0.8, 0.93, "× 10,000")
    (change,) = audit.changes_frame().to_dict("records")
    assert (change["column_name"], change["n_cells"]) == ("net_amount", 2)
    assert list(Audit().changes_frame())[:2] == ["source", "table_name"]
