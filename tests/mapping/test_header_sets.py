"""The mapper against the header sets of real products: needed columns found, nothing surely wrong."""

from __future__ import annotations

import pytest
from header_sets import SURE, HeaderSet, all_sets, judge, report, write_file

from salesops_lib.cleaning import Source
from salesops_lib.tables import TABLES
from salesops_lib.tables.canonical.pay import PAY

SETS = all_sets()


def test_sets_cover_products_and_tables():
    assert len(SETS) >= 72
    assert len({made.id for made in SETS}) == len(SETS)
    of_pay = {table.name for table in PAY}  # no published export of them is among the sets
    assert {made.table for made in SETS if made.table} == set(TABLES) - of_pay
    assert 0.4 <= sum(made.is_holdout for made in SETS) / len(SETS) <= 0.6
    assert not {made.id for made in SETS if len({h for h, _, _ in made.columns}) < len(made.columns)}


@pytest.mark.parametrize("made", SETS, ids=lambda made: made.id)
def test_no_column_is_surely_wrong(made, verdicts):
    verdict = verdicts[made.id]
    assert not verdict.sure_and_wrong + verdict.of("crash"), "\n" + report([verdict])


def test_needed_columns_are_found(verdicts):
    n_needed = sum(verdict.n_needed for verdict in verdicts.values())
    n_right = sum(verdict.n_right for verdict in verdicts.values())
    assert n_right >= 0.95 * n_needed, f"{n_right} of {n_needed}\n" + report(list(verdicts.values()))


def test_settings_that_the_file_decides(verdicts):
    n_settings = sum(verdict.n_settings for verdict in verdicts.values())
    wrong = [str(miss) for verdict in verdicts.values() for miss in verdict.of("setting")]
    assert len(wrong) <= 0.05 * n_settings, f"{len(wrong)} of {n_settings}\n" + "\n".join(wrong)


def example(**changes) -> HeaderSet:
    columns = (
        ("单号", "order_id", "order"),
        ("日期", "ordered_on", "ordered"),
        ("金额", "net_amount", "net"),
        ("优惠", "discount_amount?", "discount"),
        ("制单人", None, "clerk"),
        ("备注", "any", "note"),
    )
    plain = {"id": "x", "product": "x", "source": "", "file": "x.csv", "table": "order_lines", "lang": "zh"}
    return HeaderSet(**{**plain, "columns": columns, **changes})


def test_judging_counts_right_missing_wrong_and_stray():
    columns = {"order_id": "单号", "net_amount": "优惠", "rep_id": "制单人", "channel": "备注"}
    sure = {"order_id": 1.0, "net_amount": 0.7, "rep_id": 0.9, "channel": 0.9}
    verdict = judge(example(), [Source("x.csv", "order_lines", columns, confidences=sure)])
    assert (verdict.n_needed, verdict.n_right) == (3, 1)
    assert [(m.what, m.place) for m in verdict.misses] == [
        ("wrong", "order_lines.net_amount"),
        ("stray", "order_lines.rep_id"),
        ("missing", "order_lines.ordered_on"),
    ]
    assert [m.got for m in verdict.sure_and_wrong] == ["制单人"]
    assert verdict.columns == ((1.0, True), (0.7, False), (0.9, False), (0.9, True))


def test_judging_a_wrong_table_finds_every_column_wrong():
    source = Source("x.csv", "invoices", {"invoice_id": "单号", "net_amount": "金额"}, confidence=0.9)
    verdict = judge(example(settings={"date_order": "ymd"}), [source])
    assert verdict.n_right == 0
    assert len(verdict.sure_and_wrong) == 2
    assert len(verdict.of("missing")) == 3
    assert [m.place for m in verdict.of("setting")] == ["date_order"]


def test_the_same_file_is_written_each_time(tmp_path):
    first, second = (write_file(SETS[0], tmp_path / name) for name in ("a", "b"))
    if first.suffix != ".xlsx":
        assert first.read_bytes() == second.read_bytes()
    assert SURE == 0.8
