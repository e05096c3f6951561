"""Repurchase with its window, and the time between orders."""

from __future__ import annotations

import pytest

from salesops_lib import segmentation

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


@pytest.fixture
def rows(line):
    often = [line(f"2025-{month:02}-01", 100, customer_id="often") for month in range(6, 12)]
    twice_a_day = [line("2025-05-05", 10, customer_id="one day") for _ in range(2)]
    before = [line("2024-12-30", 10, customer_id="before"), line("2025-02-01", 10, customer_id="before")]
    return [*often, *twice_a_day, *before, line("2025-03-03", 10, customer_id="once")]


def test_two_orders_of_one_day_are_no_repurchase(workspace, rows, found):
    ws = workspace(**YEAR, order_lines=rows, policy={"customers.repeat.window_days": 365})
    told = found(segmentation.repurchase(ws))["repurchase.rate"].values
    # within 2025: often bought again; one day, once, and before (its first order lies outside) did not
    assert (told["n"], told["n_again"], told["rate"], told["days"]) == (4, 1, 0.25, 365)


def test_the_window_is_named_and_moves_with_the_policy(workspace, rows):
    exhibit = segmentation.repurchase(
        workspace(**YEAR, order_lines=rows, policy={"customers.repeat.window_days": 400})
    )
    assert exhibit.frame.value[0] == 0.5
    assert (exhibit.window.end - exhibit.window.start).days + 1 == 400


def test_a_target_is_missed_only_beyond_the_interval(workspace, rows, found):
    ws = workspace(**YEAR, order_lines=rows, policy={"customers.repeat.rate_target": 0.5})
    assert "repurchase.rate" in found(segmentation.repurchase(ws))  # 1 of 4 may be 50 %
    ws = workspace(**YEAR, order_lines=rows, policy={"customers.repeat.rate_target": 0.9})
    assert found(segmentation.repurchase(ws))["repurchase.short"].tone == "bad"


def test_gaps(workspace, rows, found):
    told = found(segmentation.order_gaps(workspace(**YEAR, order_lines=rows)))["order_gaps.found"].values
    assert (told["n"], told["days"]) == (1, 31)  # 30 31 31 30 31 days from June to November
    assert segmentation.order_gaps(workspace(**YEAR, order_lines=rows[-3:])).why == "note.no_rhythm"
