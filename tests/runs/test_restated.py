"""What an earlier report said, and whose."""

from __future__ import annotations

from salesops_lib.runs import inputs, restated
from salesops_lib.runs.units import WHOLE, Unit

PARTS = {"data": "1", "policy": "p", "library": "l", "lang": "en"}


def entry(**facts):
    own = {"report": "10", "period": "2025-06", "unit": "", "by": "", "lang": "en", "run_id": "run-1"}
    said = {"is_complete": True, "key_figures": {"bookings": 100, "win_rate": 0.3}, "currency": "CNY"}
    return {**own, **said, "display_unit": "auto", "parts": PARTS, "finished_at": "2025-07-01T08:00", **facts}


def said(**figures):
    return {"key_figures": {"bookings": 100, "win_rate": 0.3, **figures}}


def test_only_the_units_own_report_is_an_earlier_one():
    """A region and a team may have one name; neither hears of the other, nor of the whole company."""
    known = [
        entry(unit="East", by="team"),
        entry(),
        entry(unit="West", by="region"),
        entry(period="2025-05", unit="East", by="region"),
        entry(report="20", unit="East", by="region"),
    ]
    assert restated.earlier(known, "10", "2025-06", Unit("region", "East")) is None
    assert restated.earlier(known, "10", "2025-06", Unit("team", "East")) is known[0]
    assert restated.earlier(known, "10", "2025-06", WHOLE) is known[1]


def test_the_newest_of_all_languages_is_the_last_that_was_said():
    old, new = entry(), entry(lang="zh", finished_at="2025-07-02T08:00")
    assert restated.earlier([new, old], "10", "2025-06", WHOLE) is new


def test_what_differs_is_kept_with_run_day_and_cause():
    found = restated.restates(entry(), said(bookings=120), {**PARTS, "data": "2", "lang": "zh"})
    assert found == {
        "run_id": "run-1",
        "finished_at": "2025-07-01T08:00",
        "currency": "CNY",
        "display_unit": "auto",
        "because": ["data"],
        "key_figures": {"bookings": 100},
    }


def test_equal_figures_restate_nothing_whatever_else_changed():
    assert restated.restates(entry(), said(), {**PARTS, "data": "2"}) == {}
    assert restated.restates(None, said(), PARTS) == {}


def test_a_figure_no_longer_stated_is_restated_and_a_new_one_is_not():
    assert restated.restates(entry(), {"key_figures": {"bookings": 100}}, PARTS)["key_figures"] == {
        "win_rate": 0.3
    }
    assert restated.restates(entry(), said(revenue=5), PARTS) == {}


def test_a_period_that_was_not_over_is_not_restated():
    assert restated.restates(entry(is_complete=False), said(bookings=120), {**PARTS, "data": "2"}) == {}
    assert restated.restates({**entry(), "is_complete": None}, said(bookings=120), PARTS) == {}


def test_made_again_of_the_same_it_restates_what_it_did():
    once = restated.restates(entry(), said(bookings=120), {**PARTS, "data": "2"})
    again = entry(key_figures=said(bookings=120)["key_figures"], restates=once, run_id="run-2")
    assert restated.restates(again, said(bookings=120), PARTS) == once
    later = restated.restates(again, said(bookings=130), {**PARTS, "data": "3"})
    assert (later["run_id"], later["key_figures"]) == ("run-2", {"bookings": 120})


def test_the_key_covers_what_is_restated():
    assert restated.key(PARTS, {}) == inputs.key(PARTS)
    once = restated.restates(entry(), said(bookings=120), {**PARTS, "data": "2"})
    other = {**once, "key_figures": {"bookings": 99}}
    assert len({restated.key(PARTS, r) for r in ({}, once, other)}) == 3
