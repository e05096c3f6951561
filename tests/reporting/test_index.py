"""The index of reports."""

from __future__ import annotations

import base64
import hashlib
import re
import shlex

import pytest

from salesops_lib.reporting import render_index
from salesops_lib.reporting.assets import stylesheet

ENTRIES = [
    {"report": "10_performance_review", "period": "2026-02", "lang": "en", "html": "2026-02/10.en.html", "state": "published"},
    {"report": "10_performance_review", "period": "2026-03", "lang": "en", "html": "2026-03/10.en.html", "xlsx": "2026-03/10.en.xlsx",
     "state": "published", "headline": "Bookings <b>up</b>", "as_of": "2026-03-16", "grade": "B"},
    {"report": "10_performance_review", "period": "2026-03", "lang": "zh", "html": "2026-03/10.zh.html", "state": "published"},
    {"report": "20_market_review", "period": "2026-Q1", "lang": "en", "html": "javascript:mark()", "state": "failed", "cause": "needs market"},
]  # fmt: skip


def test_newest_first_one_card_a_report():
    html = render_index(ENTRIES, "en")
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["Reports by period", "Q1 2026", "Mar 2026", "Feb 2026"]
    assert html.count("<article ") == 3
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
    assert "last good one" not in html  # its address was no address


def test_units_are_links_below_the_companys_report_and_say_nothing():
    own = {"report": "10_performance_review", "period": "2026-03", "lang": "en", "headline": "of one <unit>"}
    units = [{**own, "unit": unit, "html": f"2026-03/10.{unit}.en.html"} for unit in ("华东", "<b>")]
    html = render_index([*ENTRIES, *units], "en")
    assert html.count("<article ") == 3
    assert "2 reports of units" in html
    assert '<b>华东</b><a href="2026-03/10.华东.en.html">' in html
    assert "&lt;b&gt;" in html
    assert "of one" not in html
    assert "of one" not in render_index(units, "en")


def test_no_reports_yet():
    assert "No reports yet. Run: salesops run" in render_index([], "en")


def test_same_entries_same_bytes_in_any_order():
    assert render_index(ENTRIES, "en") == render_index(ENTRIES[::-1], "en")


def rows(html):
    """The calendar: text of each row's cells, marks and links left out."""
    table = html.partition('class="calendar"')[2].partition("</table>")[0]
    cells = [re.findall(r"<t[hd].*?</t[hd]>", row, re.S) for row in table.split("<tr")[1:]]
    return [[" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in row] for row in cells]


def test_calendar_has_a_cell_for_each_period_and_report():
    assert rows(render_index(ENTRIES, "en")) == [
        ["Period", "Performance review", "Market review"],
        ["Q1 2026", "Not made yet. To make it: salesops run 10_performance_review --period 2026-Q1", "Failed"],
        ["Mar 2026", "English 中文 Published · Grade B · 16 Mar 2026",
         "Not made yet. To make it: salesops run 20_market_review --period 2026-03"],
        ["Feb 2026", "English Published", "Not made yet. To make it: salesops run 20_market_review --period 2026-02"],
    ]  # fmt: skip


def test_calendar_speaks_the_pages_language():
    assert rows(render_index(ENTRIES, "zh"))[2][1] == "中文 English 已发布"
    assert "尚未生成，命令： salesops run" in rows(render_index(ENTRIES, "zh"))[1][1]


def test_a_command_can_be_pasted_whatever_a_report_is_called():
    odd = [{"report": "10 a; rm -rf ~", "period": "2026-03", "lang": "en"}, *ENTRIES]
    (cell,) = [row[1] for row in rows(render_index(odd, "en")) if row[0] == "Feb 2026"]
    assert shlex.split(cell.partition("it: ")[2].replace("&#39;", "'")) == [
        "salesops", "run", "10 a; rm -rf ~", "--period", "2026-02",
    ]  # fmt: skip


def test_earlier_periods_are_folded():
    months = [{**ENTRIES[0], "period": f"{year}-{n:02}"} for year in (2024, 2025) for n in range(1, 13)]
    html = render_index(months, "en")
    assert len(rows(html)) == 1 + 12
    assert "12 earlier periods" in html
    assert html.count("<tr data-period") == 24


@pytest.mark.parametrize(
    ("state", "cause", "said"),
    [
        ("stale", "data", "The data have changed since it was made."),
        ("stale", "policy", "The policy has changed since it was made."),
        ("missing", "files", "Its files are gone. The next run makes them again."),
        ("failed", "kernel-death", "The program that ran it was killed. The page linked here is the last good one."),
        ("failed", "error", "A cell stopped with an error. The page linked here is the last good one."),
    ],
)  # fmt: skip
def test_what_does_not_stand_says_why(state, cause, said):
    html = render_index([{**ENTRIES[1], "state": state, "cause": cause}], "en")
    assert f">{said}</p>" in html
    assert ('class="flag bad"' in html) == (state != "stale")


def test_every_cause_of_a_fault_has_words():
    """Of `Fault`s, of the ledger and of `standing`; busy ones leave no record."""
    from salesops_lib.reporting import catalogue

    told = "error memory exit kernel-death timeout deadline unfinished input-changed render publish disk interrupted internal"
    for cause in (*told.split(), "aborted", "data", "policy", "files"):
        assert catalogue.find(f"cause.{cause}", "zh"), cause


def test_a_language_that_failed_is_seen_from_the_other():
    html = render_index([ENTRIES[1], {**ENTRIES[2], "state": "failed", "cause": "timeout"}], "en")
    assert html.count('<span class="flag bad">Failed</span>') == 2  # calendar and card
    assert "Bookings" in html


def test_failed_units_are_counted_where_they_are_folded():
    units = [
        {**ENTRIES[0], "unit": f"Team {n}", "state": "failed" if n < 2 else "published"} for n in range(5)
    ]
    html = render_index([*ENTRIES, *units], "en")
    assert '5 reports of units <span class="flag bad">2 failed</span>' in html
    assert "5 units · 2 failed" in html


FIGURES = {
    "key_figures": {"win_rate": 0.27, "bookings": 12_500_000_00},
    "currency": "CNY",
    "is_complete": True,
}
EARLIER = {**FIGURES, "key_figures": {"win_rate": 0.282, "bookings": 12_000_000_00}}
FEBRUARY, MARCH = {**ENTRIES[0], **EARLIER}, {**ENTRIES[1], **FIGURES}
RESTATES = {
    "run_id": "run-1",
    "finished_at": "2026-03-03T10:00:00+00:00",
    "because": ["data"],
    "currency": "CNY",
}


def changes(html):
    part = html.partition('class="so sec changes"')[2].partition("</section>")[0]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


def test_newest_figures_stand_against_those_of_the_period_before():
    said = changes(render_index([MARCH, FEBRUARY], "en"))
    assert "Measure Feb 2026 Mar 2026 Change" in said
    assert "Bookings ¥12.0M ¥12.5M +¥0.5M Win rate" in said
    assert "Win rate 28.2% 27.0% −1.2 pp" in said.replace("\u00a0", " ")
    assert "签约额 1,200万元 1,250万元 +50万元 赢单率" in changes(render_index([MARCH, FEBRUARY], "zh"))


def test_only_like_is_compared():
    to_date = {**MARCH, "is_complete": False}
    assert "Feb 2026" in changes(render_index([to_date, FEBRUARY], "en"))
    assert "Mar 2026" not in changes(render_index([to_date, FEBRUARY], "en"))
    quarter = {**MARCH, "period": "2026-Q1"}
    said = changes(render_index([quarter, MARCH, FEBRUARY], "en"))
    assert "Feb 2026 Mar 2026" in said
    assert "Q1" not in said
    assert changes(render_index([{**MARCH, "unit": "华东"}, {**FEBRUARY, "unit": "华东"}], "en")) == ""


def test_the_first_report_has_figures_and_no_changes():
    said = changes(render_index([MARCH], "en"))
    assert "Key figures" in said
    assert "¥12.5M" in said
    assert "Change" not in said


def test_a_restated_report_is_marked_and_says_what_was():
    again = {**FEBRUARY, "restates": {**RESTATES, "key_figures": {"bookings": 11_800_000_00}}}
    html = render_index([MARCH, again], "en")
    assert html.count('<span class="flag">Restated</span>') == 2
    assert "Bookings: ¥11.8M in the report of 3 Mar 2026, now ¥12.0M (+¥0.2M)" in html
    assert "Restated: <a" in " ".join(html.split())
    assert ">Restated</" not in render_index([MARCH, FEBRUARY], "en")
    assert "签约额：2026年3月3日的报告为1,180万元，现为1,200万元（+20万元）" in render_index(
        [MARCH, again], "zh"
    )


def test_one_script_is_allowed_and_named_by_its_digest():
    html = render_index(ENTRIES, "en")
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.S)
    assert script == stylesheet("index.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', html)[1].replace("&#39;", "'")
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'sha256-{digest}'"


def test_a_card_is_found_in_both_languages():
    (found,) = re.findall(r'id="c-1-0" data-find="([^"]*)"', render_index(ENTRIES, "zh"))
    for word in (
        "10_performance_review",
        "2026-03",
        "Mar 2026",
        "2026年3月",
        "经营分析",
        "Performance review",
        "Bookings",
    ):
        assert word in found


def test_two_thousand_entries_stay_small():
    """200 units and the company in ten periods, with workbooks; 2 MB is what a phone opens at once."""
    entries = [
        {**MARCH, "period": f"2026-{n:02}", "unit": unit, "html": f"2026-{n:02}/10_performance_review.{unit}.en.html",
         "xlsx": f"2026-{n:02}/10_performance_review.{unit}.en.xlsx"}
        for n in range(1, 11)
        for unit in ("", *(f"Team {k:03}" for k in range(200)))
    ]  # fmt: skip
    assert len(render_index(entries, "zh").encode()) < 2_000_000
