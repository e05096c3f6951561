"""The index of reports."""

from __future__ import annotations

import re

from salesops_lib.reporting import render_index

ENTRIES = [
    {"report": "10_performance_review", "period": "2026-02", "lang": "en", "html": "2026-02/10.en.html", "state": "published"},
    {"report": "10_performance_review", "period": "2026-03", "lang": "en", "html": "2026-03/10.en.html", "xlsx": "2026-03/10.en.xlsx",
     "state": "published", "headline": "Bookings <b>up</b>", "as_of": "2026-03-16", "grade": "B"},
    {"report": "10_performance_review", "period": "2026-03", "lang": "zh", "html": "2026-03/10.zh.html", "state": "published"},
    {"report": "20_market_review", "period": "2026-Q1", "lang": "en", "html": "javascript:mark()", "state": "failed", "cause": "needs market"},
]  # fmt: skip


def test_newest_first_one_card_a_report():
    html = render_index(ENTRIES, "en")
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["Q1 2026", "Mar 2026", "Feb 2026"]
    assert html.count("<article>") == 3
    assert "3 reports, newest first" in html


def test_card_says_headline_freshness_grade_and_links():
    html = render_index(ENTRIES, "en")
    assert "Bookings &lt;b&gt;up&lt;/b&gt;" in html
    assert "As of 16 Mar 2026" in html
    assert "Data grade B" in html
    assert 'href="2026-03/10.en.xlsx"' in html
    assert 'href="2026-03/10.zh.html">中文</a>' in html


def test_the_pages_language_leads_a_card():
    assert '<h3><a href="2026-03/10.zh.html">经营分析</a>' in render_index(ENTRIES, "zh")


def test_failures_are_marked_and_bad_addresses_dropped():
    html = render_index(ENTRIES, "en")
    assert 'class="flag bad">Failed' in html
    assert "needs market" in html
    assert "javascript" not in html


def test_units_are_links_below_the_companys_report_and_say_nothing():
    own = {"report": "10_performance_review", "period": "2026-03", "lang": "en", "headline": "of one <unit>"}
    units = [{**own, "unit": unit, "html": f"2026-03/10.{unit}.en.html"} for unit in ("华东", "<b>")]
    html = render_index([*ENTRIES, *units], "en")
    assert html.count("<article>") == 3
    assert "2 reports of units" in html
    assert '<b>华东</b><a href="2026-03/10.华东.en.html">' in html
    assert "&lt;b&gt;" in html
    assert "of one" not in html
    assert "of one" not in render_index(units, "en")


def test_no_reports_yet():
    assert "No reports yet. Run: salesops run" in render_index([], "en")


def test_same_entries_same_bytes_in_any_order():
    assert render_index(ENTRIES, "en") == render_index(ENTRIES[::-1], "en")
