"""Payments of the sample company: conserved, as earned, and the same from a shorter run."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.incentives.facts import cases
from salesops_lib.incentives.payments import paid
from salesops_lib.workspace import open_workspace
from tests.incentives.test_payments import conserved

pytestmark = pytest.mark.slow  # a year of 60,000 order lines, twice


@pytest.fixture(scope="module")
def year(sample_company):
    ws = open_workspace(sample_company, period="2025-12")
    yield ws, paid(ws)
    ws.close()


def test_everything_earned_is_somewhere(year):
    ws, found = year
    conserved(found)
    expected = 0
    for case in cases(ws, ws.calendar.parse("2025")):
        expected += sum(int(case.earned.monthly(case.history, c.id).sum()) for c in case.plan.components)
    assert found.lines.earned.sum() == found.months.earned.sum() == expected
    assert set(found.lines.reason) >= {"customer_overdue", "returned"}
    assert found.months.draw.sum() > 0 < found.months.recovered.sum()


def test_a_run_of_june_says_what_the_run_of_the_year_says_of_june(year):
    ws, whole = year
    part = paid(ws, ws.calendar.parse("2025-06"))
    for name in ("lines", "months", "clawbacks"):
        told, said = getattr(whole, name), getattr(part, name)
        told = told[told.month <= "2025-06"].reset_index(drop=True)
        pd.testing.assert_frame_equal(told, said, check_dtype=False)
