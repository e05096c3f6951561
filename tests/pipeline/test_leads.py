"""Leads: how fast they are answered, and what becomes of them; by hand."""

from __future__ import annotations

import math

import pytest
from deals import deal

from salesops_lib import pipeline

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}
LIMIT = {"process.response.lead_hours": 4}


def lead(number, created="2026-03-02", **values):
    return {"lead_id": str(number), "created_on": created, "source": "web", **values}


def some(workspace, leads, **values):
    return workspace(**{**MARCH, **values}, policy=LIMIT, leads=leads, opportunities=[deal(1)])


def test_hours_and_the_limit(workspace, found):
    leads = [lead(n, response_hours=hours) for n, hours in enumerate((1, 2, 3, 4, 30))]
    leads += [
        lead(9),
        lead(10, "2026-03-31"),
    ]  # never answered: late; come today: may still be answered in time
    exhibit = pipeline.lead_speed(some(workspace, leads))
    total = exhibit.frame.iloc[-1]
    assert (total.n, total.n_late, total.n_open) == (7, 2, 1)
    assert total.rate == pytest.approx(4 / 6)
    assert total.median_wait == 4  # the fourth of seven, the unanswered being longest
    assert found(exhibit)["lead_speed.late"].values["n_late"] == 2


def test_days_where_the_data_hold_no_hours(workspace, found):
    """Monday 2 March 2026: answered on Tuesday may be within four hours; on Wednesday surely not; a weekend is no time."""
    leads = [
        lead(1, first_response_on="2026-03-02"), lead(2, first_response_on="2026-03-03"), lead(3, first_response_on="2026-03-04"),
        lead(4, "2026-03-06", first_response_on="2026-03-09"),  # Friday to Monday: one working day
    ]  # fmt: skip
    exhibit = pipeline.lead_speed(some(workspace, leads))
    total = exhibit.frame.iloc[-1]
    assert (total.n_late, total.rate, total.median_wait) == (1, 0.75, 1)
    assert found(exhibit)["note.lead_days_only"].values["hours"] == 8


def test_an_answer_that_comes_later_is_not_known(workspace):
    leads = [lead(1, first_response_on="2026-03-03"), lead(2, first_response_on="2026-04-10")]
    total = pipeline.lead_speed(some(workspace, leads, as_of="2026-04-30")).frame.iloc[-1]
    assert (total.n_late, total.rate) == (1, 0.5)


def test_half_unanswered_has_no_median(workspace, found):
    exhibit = pipeline.lead_speed(some(workspace, [lead(1, response_hours=2), lead(2), lead(3)]))
    assert math.isnan(exhibit.frame.median_wait.iloc[-1])
    assert found(exhibit)["lead_speed.unanswered"]


def test_leads_becoming_opportunities(workspace):
    """Of ten of January four became one after 10 days; of March's none is old enough to judge."""
    leads = [
        lead(n, "2026-01-05", **({"qualified_on": "2026-01-15", "opportunity_id": "1"} if n < 4 else {}))
        for n in range(10)
    ]
    leads += [lead(20 + n, "2026-03-25") for n in range(50)]
    frame = pipeline.lead_conversion(some(workspace, leads)).frame
    assert frame.label.tolist() == ["total", "web"]
    assert (frame.value[0], frame.n[0], frame.median_days[0]) == (0.4, 10, 10)


def test_a_conversion_after_the_day_is_not_known(workspace):
    leads = [
        lead(n, "2026-01-05", qualified_on="2026-01-15" if n < 4 else "2026-04-05", opportunity_id="1")
        for n in range(10)
    ]
    assert pipeline.lead_conversion(some(workspace, leads, as_of="2026-04-30")).frame.value[0] == 0.4


def test_what_is_needed(workspace):
    ws = workspace(**MARCH, opportunities=[deal(1)])
    assert pipeline.lead_speed(ws).needs == ("leads.created_on",)
    assert pipeline.lead_conversion(ws).needs == ("leads.created_on", "leads.opportunity_id")
