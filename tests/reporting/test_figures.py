"""Key figures of reports, and what they say of each other."""

from __future__ import annotations

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting import figures


def finding(metric, **values):
    return Finding("x", values, metric, figure="actual")


def rows(before, now, lang="en", metrics=None, **said):
    told = [{"key_figures": figures_, "currency": "CNY", **said} for figures_ in (before, now)]
    found = figures.compared(*told, lang, metrics or now)
    return [tuple(row[k] for k in ("name", "before", "now", "change", "share")) for row in found]


def test_what_the_head_names_as_its_figures_is_kept():
    """All findings of an exhibit count, the first of a metric; money and counts whole, rates as shown."""
    many = (
        finding("bookings", actual=123.4),
        finding("new_customers", actual=7),
        finding("bookings", actual=9),
    )
    exhibit = Exhibit("scorecard", "scorecard", pd.DataFrame(), findings=many)
    part = Finding("where.lost", {"growth": -0.4, "row": "East"}, "growth")
    shown = (exhibit, Missing("share", ("market",)), part, finding("win_rate", actual=0.62907))
    assert figures.stated(shown) == {"bookings": 123, "new_customers": 7, "win_rate": 0.629}


def test_a_missing_value_is_no_figure_and_a_dozen_is_enough():
    assert figures.stated([finding("bookings", actual=float("nan")), finding("win_rate")]) == {}
    assert list(figures.stated(finding(f"m{n}", actual=n) for n in range(20))) == [f"m{n}" for n in range(12)]


def test_amounts_share_a_unit_and_come_in_the_registrys_order():
    assert rows({"bookings": 12_300_000_00}, {"win_rate": 0.27, "bookings": 12_500_000_00}) == [
        ("Bookings", "¥12.3M", "¥12.5M", "+¥0.2M", "+1.6%"),
        ("Win rate", "–", "27.0%", "", ""),
    ]
    assert rows({"bookings": 12_300_000_00}, {"bookings": 12_500_000_00}, "zh") == [
        ("签约额", "1,230万元", "1,250万元", "+20万元", "+1.6%")
    ]


def test_a_change_too_small_for_the_unit_is_still_told():
    assert rows({"bookings": 12_300_000_00}, {"bookings": 12_300_050_00}) == [
        ("Bookings", "¥12.3M", "¥12.3M", "+¥50.00", "")
    ]


def test_rates_change_by_points_and_counts_by_number():
    found = rows({"win_rate": 0.312, "new_customers": 40}, {"win_rate": 0.3, "new_customers": 38})
    assert [row[3:] for row in found] == [("−2", "−5.0%"), ("−1.2\u00a0pp", "")]


def test_losses_have_no_rate_of_change():
    assert rows({"bookings": -5_00}, {"bookings": 5_00})[0][4] == ""
    assert rows({"bookings": 0}, {"bookings": 5_00})[0][4] == ""


def test_amounts_of_two_currencies_are_shown_and_not_compared():
    before, now = ({"key_figures": {"bookings": 5_00}, "currency": c} for c in ("CNY", "EUR"))
    (row,) = figures.compared(before, now, "en", ["bookings"])
    assert (row["before"], row["now"], row["change"], row["share"]) == ("¥5.00", "€5.00", "", "")


def test_a_figure_no_longer_stated_is_a_dash():
    assert rows({"bookings": 5_00}, {}, metrics=["bookings"]) == [("Bookings", "¥5.00", "–", "", "")]


RESTATES = {
    "run_id": "run-1",
    "finished_at": "2025-12-03T09:00:00+00:00",
    "because": ["data"],
    "currency": "CNY",
}
SAID = {"key_figures": {"bookings": 12_500_000_00, "win_rate": 0.3}, "currency": "CNY"}


def test_a_restatement_shows_what_changed_alone_and_why():
    said = {**SAID, "restates": {**RESTATES, "key_figures": {"bookings": 12_300_000_00}}}
    told = figures.restatement(said, "en")
    assert (told["day"], told["run"]) == ("2025-12-03", "run-1")
    assert (
        told["says"]
        == "The report of 3 Dec 2025 stated these figures otherwise. Changed since then: the data."
    )
    assert [row["name"] for row in told["rows"]] == ["Bookings"]
    assert figures.restatement(said, "zh")["says"] == "以下数据与2025年12月3日的报告不同。此后变更：数据。"
    assert figures.restatement(SAID, "en") == {}


def test_a_change_that_nothing_explains_is_called_so():
    said = {**SAID, "restates": {**RESTATES, "because": [], "key_figures": {"bookings": 1}}}
    assert "find out why" in figures.restatement(said, "en")["says"]


def test_the_newest_report_of_the_usual_kind_leads():
    base = {**SAID, "report": "10", "is_complete": True, "lang": "en"}
    entries = [{**base, "period": p} for p in ("2025-10", "2025-11", "2025-Q4")]
    told = figures.latest(entries, "en")["10"]
    assert (told["now"], told["before"]) == ("2025-11", "2025-10")
    assert figures.latest([{**base, "period": "2025-Q4"}], "en")["10"]["before"] == ""
    assert figures.latest([{**base, "period": "2025-11", "unit": "East"}], "en") == {}
