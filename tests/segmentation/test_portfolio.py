"""Grades with their service, steadiness, RFM cells and moves, on twelve months that can be added up by hand."""

from __future__ import annotations

import pytest

from salesops_lib import segmentation
from salesops_lib.metrics import Missing

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """steady 100 a month in both years, once 600 in June 2025, gone 1,200 in 2024 alone."""
    rows = [
        line(f"{year}-{month:02}-10", 10_000, customer_id="steady")
        for year in (2024, 2025)
        for month in range(1, 13)
    ]
    rows += [line("2025-06-20", 60_000, customer_id="once"), line("2025-06-25", -10_000, customer_id="once")]
    rows += [line(f"2024-{month:02}-15", 10_000, customer_id="gone") for month in range(1, 13)]
    policy = {
        "customers.grades.cuts": (0.6, 0.9),
        "customers.rfm": {"silent_days": (90, 180), "order_days": (2, 6), "amount": (100, 1_000)},
    }
    rfm = policy.pop("customers.rfm")
    return shared_workspace(
        **YEAR,
        order_lines=rows,
        policy=policy | {f"customers.rfm.{name}": edges for name, edges in rfm.items()},
    )


def test_grades_bring(ws, found):
    frame = segmentation.grade_standing(ws).frame.set_index("grade")
    # steady brings 1,200 of 1,800 (crosses 60 %): A; once the other third: B; gone has nothing: D
    assert frame.n.to_dict() == {"A": 1, "B": 1, "C": 0, "D": 1}
    assert frame.actual.to_dict() == {"A": 120_000, "B": 60_000, "C": 0, "D": 0}
    told = found(segmentation.grade_standing(ws))["grades.standing"].values
    assert told["share"] == pytest.approx(2 / 3)


def test_steadiness(ws):
    cells = segmentation.abc_xyz(ws).frame.set_index(["row", "column"]).value.to_dict()
    # one month of twelve: standard deviation over mean is √11
    assert cells == {("A", "X"): 1, ("B", "Z"): 1}


def test_cells_and_what_became_of_them(ws):
    frame = segmentation.rfm_cells(ws).frame
    frame = frame.set_index(frame.cell.map(lambda named: named.values["value"]))
    assert frame.n[frame.n > 0].to_dict() == {"rfm_core": 1, "rfm_asleep": 2}
    assert (
        frame.actual.to_dict()["rfm_asleep"] == 50_000
    )  # once: 600 less 100 sent back, silent since 20 June
    # a year ago steady and gone were both core: 2,400 then, 1,200 since
    assert frame.kept["rfm_core"] == pytest.approx(0.5)


def test_customers_that_only_sent_back_are_counted_and_left_out(workspace, line, found):
    rows = [line("2025-06-10", 500, customer_id="a"), line("2025-06-11", -500, customer_id="b")]
    exhibit = segmentation.rfm_cells(workspace(**YEAR, order_lines=rows))
    assert exhibit.frame.n.sum() == 1
    assert found(exhibit)["note.only_returns"].values["n"] == 1


def test_moves_in_money(ws, found):
    frame = segmentation.grade_moves(ws).frame
    assert frame[["name", "grade_before", "grade", "change"]].to_numpy().tolist() == [
        ["gone", "A", "D", -120_000]
    ]
    value = segmentation.grade_value(ws).frame.set_index("grade")
    assert value.loc["A", ["n", "base", "actual", "kept"]].tolist() == [2, 240_000, 120_000, 0.5]


def test_one_year_of_history_is_not_enough(workspace, line):
    ws = workspace(**YEAR, order_lines=[line("2025-06-10", 5, customer_id="a")])
    for function in (segmentation.abc_migration, segmentation.grade_moves, segmentation.grade_value):
        assert function(ws).why == "note.two_years_needed"
    assert segmentation.grade_standing(ws).frame.n.tolist() == [1, 0, 0, 0]


def test_what_is_needed(workspace, line):
    ws = workspace(order_lines=[line("2026-03-02", 5)])
    for function in (
        segmentation.abc_xyz,
        segmentation.grade_moves,
        segmentation.grade_standing,
        segmentation.grade_value,
        segmentation.rfm_cells,
    ):
        made = function(ws)
        assert isinstance(made, Missing)
        assert made.needs == ("sales.customer_id",)
