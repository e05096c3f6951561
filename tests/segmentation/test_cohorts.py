"""Cohorts, counted by hand."""

from __future__ import annotations

from salesops_lib import segmentation

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


def test_shares_of_each_later_quarter(workspace, line, found):
    rows = [line(day, 10, customer_id=name) for name, days in {
        "a": ("2024-11-01", "2024-12-05", "2025-02-01", "2025-10-03"),
        "b": ("2024-12-31", "2025-03-31"),
        "c": ("2025-01-01", "2025-12-31"),
    }.items() for day in days]  # fmt: skip
    exhibit = segmentation.cohorts(workspace(**YEAR, order_lines=rows))
    cells = exhibit.frame.set_index(["row", "column"]).value.to_dict()
    assert cells == {("2024Q4", "+1"): 1.0, ("2024Q4", "+4"): 0.5, ("2025Q1", "+3"): 1.0}
    told = found(exhibit)["cohorts.kept"].values
    assert (told["share"], told["n"], told["n_cohorts"]) == (0.5, 2, 1)


def test_a_quarter_that_is_not_over_is_left_out(workspace, line):
    rows = [line(day, 10, customer_id="a") for day in ("2024-06-01", "2025-06-01", "2025-11-20")]
    exhibit = segmentation.cohorts(workspace(period="2025-11", as_of="2025-11-30", order_lines=rows))
    assert exhibit.frame.column.tolist() == ["+4"]


def test_what_is_needed(workspace, line):
    assert segmentation.cohorts(workspace(order_lines=[line("2026-03-02", 5)])).needs == (
        "sales.customer_id",
    )
    young = workspace(**YEAR, order_lines=[line("2025-12-02", 5, customer_id="a")])
    assert segmentation.cohorts(young).why == "note.two_years_needed"
