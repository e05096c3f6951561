"""Who is likely to fall silent, and how such lists did before."""

from __future__ import annotations

import pytest

from salesops_lib.metrics import Exhibit
from salesops_lib.segmentation.silence import silence

YEAR = {"period": "2025-12", "as_of": "2025-12-31", "policy": {"customers.repeat.winback_days": 90}}


@pytest.fixture(scope="module")
def section(shared_workspace, line):
    """Forty customers order every month or second month; five of the monthly ones stop in March, five in 2024."""
    rows = []
    for number in range(40):
        step, last = (1 if number % 2 else 2), (2025, 12)
        if number < 10:
            step, last = 1, ((2025, 3) if number < 5 else (2024, 6))
        rows += [
            line(f"{year}-{month:02}-{3 + number % 20:02}", 100 + number, customer_id=f"c{number:02}")
            for year in (2023, 2024, 2025)
            for month in range(1 + number % 2, 13, step)
            if (year, month) <= last
        ]
    return silence(shared_workspace(**YEAR, order_lines=rows))


def test_those_who_stopped_within_the_year_are_listed_and_nobody_else(section):
    listed, *_ = section
    assert set(listed.frame.name) == {f"c{number:02}" for number in range(5)}
    assert listed.frame.loss.is_monotonic_decreasing
    told = listed.findings[0].values
    assert told["n"] == 5
    assert told["at_stake"] == pytest.approx(listed.frame.loss.sum())


def test_the_lists_of_a_horizon_ago_are_held_against_what_came(section):
    _, tested, raced = section
    frame = tested.frame.set_index("label")
    # on 2 October five of the 35 that had bought within a year were silent; none of them has ordered since
    assert frame.n.to_dict() == {"own_rhythm": 5, "chance_halved": 5, "bought_within_year": 35}
    assert frame.value["chance_halved"] == 1.0
    assert frame.value["bought_within_year"] == pytest.approx(5 / 35)
    assert frame.base["chance_halved"] > frame.base["bought_within_year"]
    assert raced.frame.n.tolist() == [40] * 4


def test_without_history_it_says_so(workspace, line):
    (made,) = silence(workspace(**YEAR, order_lines=[line("2025-12-01", 5, customer_id="a")]))
    assert made.why == "note.history_short"
    (made,) = silence(workspace(order_lines=[line("2025-12-01", 5)]))
    assert made.needs == ("sales.customer_id",)


def test_one_customer_alone_breaks_nothing(workspace, line):
    rows = [line(day, 5, customer_id="a") for day in ("2025-01-01", "2025-03-01", "2025-08-01")]
    listed, *_ = silence(workspace(**YEAR, order_lines=rows))
    assert isinstance(listed, Exhibit)
