"""The index in a real browser: search, widths, schemes, scripts off, and that its policy lets its own script run alone."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hostile import AWKWARD, PAYLOADS, index
from opening import in_browser, open_page

from salesops_lib.reporting import render_index

pytestmark = in_browser
REPORTS, PERIODS = (
    ("01_data_quality", "10_performance_review", "20_market_review"),
    [f"2025-{n:02}" for n in range(1, 13)],
)
SHOWN = "[...document.querySelectorAll('article')].filter(e => e.checkVisibility()).map(e => e.id)"


def entries():
    """Three reports of twelve months in both languages, sixty units of one, a failed, a stale, a restated one."""
    known = [
        {"report": report, "period": period, "lang": lang, "grade": "A", "as_of": f"{period}-28", "is_complete": True,
         "headline": f"Bookings of {period}" if lang == "en" else f"{period}签约额", "currency": "CNY",
         "key_figures": {"bookings": 68_000_000_00 + n * 1_111_111_00, "net_retention": 1.029, "new_customers": 12 + n},
         "html": f"{period}/{report}.{lang}.html", "xlsx": f"{period}/{report}.{lang}.xlsx"}
        for n, period in enumerate(PERIODS)
        for report in REPORTS
        for lang in ("en", "zh")
        if (report, period) != ("20_market_review", "2025-01")
    ]  # fmt: skip
    units = [
        {"report": REPORTS[1], "period": "2025-12", "lang": "en", "unit": f"Team {n:02}", "html": "a.html"}
        for n in range(60)
    ]
    restates = {
        "run_id": "run-1",
        "finished_at": "2025-12-03T09:00",
        "because": ["data"],
        "key_figures": {"bookings": 1_00},
    }
    known[2]["restates"] = known[3]["restates"] = restates
    known[6] |= {"state": "failed", "cause": "timeout"}
    known[8] |= {"state": "stale", "cause": "policy"}
    return [*known, *units]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("index")
    for lang in ("en", "zh"):
        page = render_index(entries(), lang, at="2026-01-05T08:00:00+00:00")
        (made / f"index.{lang}.html").write_text(page, encoding="utf-8")
    return made


def opened(browser, folder, lang="en", **options):
    return open_page(browser, (folder / f"index.{lang}.html").as_uri(), **options)


def typed(page, text):
    """Ids of the cards that are seen once `text` is in the box."""
    page.locator("#find").fill(text)
    return page.evaluate(SHOWN)


def test_search_finds_names_periods_and_words_in_both_languages(browser, folder):
    page = opened(browser, folder)
    assert len(page.evaluate(SHOWN)) == 35
    for text in ("Market dec 2025", "市场分析 2025年12月", "20_market 2025-12", "ｍａｒｋｅｔ 2025-12签约额"):
        assert typed(page, text) == ["c-0-2"], text
    assert typed(page, "restated") == typed(page, "已重述") == ["c-11-1"]
    assert page.locator("#found").text_content() == "1 of 35 found"
    assert page.locator("tr[data-period]:visible").count() == 1
    assert page.locator(".changes").is_hidden()
    assert typed(page, "no such report") == []
    assert len(typed(page, "")) == 35
    assert page.locator("#found").text_content() == ""
    assert (page.faults, page.said) == ([], [])
    page.context.close()


def test_search_opens_the_fold_of_a_unit_and_shows_it_alone(browser, folder):
    page = opened(browser, folder, "zh")
    assert typed(page, "team 07 2025年12月") == ["c-0-1"]
    assert page.locator(".units li:visible").all_text_contents() == ["Team 07English"]
    typed(page, "经营分析")
    assert page.locator(".units").evaluate_all("folds => folds.map(fold => fold.open)") == [False]
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_runs_over_the_edge_or_is_said(browser, folder, lang, width, scheme):
    page = opened(browser, folder, lang, width=width, scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert (page.faults, page.said, len(page.requests)) == ([], [], 1)
    page.context.close()


def test_without_scripts_everything_is_there_and_no_box(browser, folder):
    page = opened(browser, folder, java_script_enabled=False)
    assert page.locator("#find").is_hidden()
    assert page.locator("article:visible").count() == 35
    assert page.locator("tr[data-period]:visible").count() == 12
    page.context.close()


def test_the_policy_lets_no_other_script_run(browser, folder, tmp_path):
    """The same page with one byte more in its script, and with another script before it."""
    html = (folder / "index.en.html").read_text("utf-8")
    for n, other in enumerate((html.replace('"use strict";', '"use strict"; mark();', 1),
                               html.replace("<script>", "<script>mark()</script><script>", 1))):  # fmt: skip
        file = tmp_path / f"{n}.html"
        file.write_text(other, encoding="utf-8")
        page = open_page(browser, file.as_uri())
        assert page.evaluate("window.marked") == 0
        assert "violates" in " ".join(page.said)
        page.context.close()


def test_hostile_names_are_searched_as_text(browser, tmp_path):
    names = (*PAYLOADS, *AWKWARD)
    file = tmp_path / "hostile.html"
    file.write_text(index(names), encoding="utf-8", errors="replace")
    page = open_page(browser, file.as_uri())
    for name in names:
        page.locator("#find").fill(name.replace("\n", " ").replace("\r", " "))
    assert page.evaluate("window.marked") == 0
    assert (page.faults, page.said, len(page.requests)) == ([], [], 1)
    page.context.close()


def test_on_paper_the_calendar_fits_and_the_box_is_gone(browser, folder):
    page = opened(browser, folder, "zh", width=680)
    page.emulate_media(media="print", color_scheme="dark")
    assert page.locator("#find").is_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    page.context.close()


AXE = os.environ.get("SALESOPS_AXE", "")


@pytest.mark.skipif(not AXE, reason="name a copy of axe.min.js in SALESOPS_AXE")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_serious(browser, folder, lang, scheme):
    page = opened(browser, folder, lang, width=390, scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html.slice(0, 200)]))"
    )
    assert [fault for fault in found if fault[0] in ("serious", "critical")] == []
    page.context.close()
