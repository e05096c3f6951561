"""The year added up month by month."""

from __future__ import annotations

import numpy as np
import pytest

from salesops_lib.metrics import Missing
from salesops_lib.targets import burn_up


def goals(*values: int) -> list[dict]:
    return [
        {"scope_type": "company", "scope_id": "company", "measure": "bookings", "period": f"2026-{m:02d}", "value": value}
        for m, value in enumerate(values, start=1)
    ]  # fmt: skip


def test_actual_ends_with_the_period_and_target_runs_to_the_year_s_end(shared_workspace, line):
    ws = shared_workspace(
        period="2026-02",
        as_of="2026-03-16",
        order_lines=[
            line("2025-01-10", 50), line("2025-03-10", 70),
            line("2026-01-12", 100), line("2026-02-12", 30), line("2026-03-16", 900),
        ],
        targets=goals(*[1] * 12),
    )  # fmt: skip
    found = burn_up(ws)
    frame = found.frame.set_index("label")
    assert frame.actual["2026-01"] == 100
    assert frame.actual["2026-02"] == 130
    assert np.isnan(frame.actual["2026-03"])
    assert frame.target.tolist() == [100.0 * n for n in range(1, 13)]  # whole currency units, in minor ones
    assert frame.is_complete.tolist() == [True] * 2 + [False] * 10
    told = found.findings[0]
    assert told.id == "burn_up.under_way"
    assert told.values["attainment"] == pytest.approx(130 / 1200)
    assert told.values["expected"] == pytest.approx(200 / 1200)
    assert told.tone == "bad"


def test_months_without_sales_add_nothing(shared_workspace, line):
    ws = shared_workspace(
        period="2026-04", as_of="2026-04-30", order_lines=[line("2026-02-12", 30), line("2026-04-13", 5)],
        targets=goals(1, 1),
    )  # fmt: skip
    frame = burn_up(ws).frame
    assert frame.actual.tolist()[:4] == [0, 30, 30, 35]
    assert frame.base.isna().all()


def test_without_targets_there_is_nothing_to_burn_up_to(shared_workspace, line):
    ws = shared_workspace(period="2026-02", as_of="2026-02-28", order_lines=[line("2026-02-12", 30)])
    assert isinstance(burn_up(ws), Missing)


def test_who_came_in_the_course_of_the_year_is_asked_for_nothing_before(shared_workspace, line):
    """A person's own store: targets from March on, nothing sold before."""
    later = [row for row in goals(0, 0, *[1] * 10) if row["value"]]
    sold = line("2026-03-10", 50)
    frame = burn_up(
        shared_workspace(period="2026-04", as_of="2026-04-30", order_lines=[sold], targets=later)
    ).frame
    assert frame.target.tolist() == [0.0, 0.0, *[100.0 * n for n in range(1, 11)]]
    early = [
        line("2026-02-10", 50),
        line("2026-03-10", 50),
    ]  # sold without a target: no attainment of such a year
    frame = burn_up(
        shared_workspace(period="2026-04", as_of="2026-04-30", order_lines=early, targets=later)
    ).frame
    assert frame.target.isna().all()
