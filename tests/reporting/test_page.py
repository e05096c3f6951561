"""A whole page: what it says, that it is safe, that it is the same every time."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import pytest

from salesops_lib.metrics import Missing
from salesops_lib.reporting import Page, render
from salesops_lib.reporting.edition import Edition
from salesops_lib.reporting.sanitise import sanitise


class _Reader(HTMLParser):
    """All tags, attributes and visible text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.text: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data):
        self.text.append(data)


def _assert_inert(html: str) -> None:
    """The static oracle: nothing runs, nothing is fetched, nothing navigates."""
    page = _Reader(html)
    assert not {"script", "iframe", "form", "base", "object", "embed", "img", "link", "input", "video"} & set(
        page.tags
    )
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert (
            name not in ("src", "srcdoc", "srcset", "formaction", "xlink:href", "http-equiv") or tag == "meta"
        )
        if name == "http-equiv":
            assert value == "Content-Security-Policy"
        assert not re.match(r"\s*(javascript|data|vbscript|https?):|//", value, re.IGNORECASE), value
    styles = "".join(re.findall(r"<style>(.*?)</style>", html, re.DOTALL))
    assert "@import" not in styles
    assert "url(" not in styles


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_page_is_whole_and_inert(notebook, lang):
    html = render(notebook(lang), lang=lang, title="t", meta={"workbook": "a.xlsx", "index": "../index.html"})
    _assert_inert(html)
    assert html.startswith("<!DOCTYPE html>")
    assert f'<html lang="{"zh-CN" if lang == "zh" else "en"}">' in html
    assert "default-src 'none'" in html.replace("&#39;", "'")
    assert len(html.encode()) < 400_000
    assert "secret_code" not in html
    assert html.count("<h1>") == 1


def test_contents_lead_to_sections_and_links_to_definitions(notebook):
    page = _Reader(render(notebook("en"), lang="en", title="t"))
    ids = [value for _, name, value in page.attributes if name == "id"]
    links = [
        value[1:]
        for tag, name, value in page.attributes
        if (tag, name) == ("a", "href") and value.startswith("#")
    ]
    assert len(ids) == len(set(ids))
    assert set(links) <= set(ids)
    assert {"s-attainment_by_region", "def-bookings", "s-end"} <= set(ids)


def test_header_says_period_day_grade_and_that_it_runs(notebook):
    text = " ".join(_Reader(render(notebook("en"), lang="en", title="t")).text)
    for said in (
        "Performance review",
        "Mar 2026",
        "to date: 11 of 22 working days",
        "As of 16 Mar 2026",
        "Data grade B",
        "Policy 2026.1.0",
        "3f6c3f6c3f6c3f6c",
    ):
        assert said in text


def test_sections_carry_findings_windows_and_definitions(notebook):
    text = re.sub(r"\s+", " ", "".join(_Reader(render(notebook("en"), lang="en", title="t")).text))
    assert "Southwest is −¥1.85M against plan (76.6%), the widest gap of 7 regions." in text
    assert "Window 1 Mar 2026 to 16 Mar 2026, compared with 1 Mar 2025 to 17 Mar 2025." in text
    assert "sum(net_amount)" in text
    assert "Not shown. This section needs Invoices and receipts.received_on: no receipts were loaded." in text


def test_charts_survive_the_sanitiser(notebook):
    html = render(notebook("zh"), lang="zh", title="t")
    assert html.count("<svg") == 2 * 11
    assert 'viewBox="0 0 760' in html
    assert 'patternUnits="userSpaceOnUse"' in html
    assert re.search(r'fill="url\(#c-bookings_by_month-w-h\)"', html)
    assert 'aria-labelledby="c-outlook-w-t c-outlook-w-d"' in html


def test_all_text_survives_the_sanitiser(notebook):
    made = notebook("zh")
    rendered = "".join(_Reader(render(made, lang="zh", title="t")).text)
    for output in made["cells"][0]["outputs"][1:]:
        for piece in _Reader(output["data"]["text/html"]).text:
            assert piece in rendered


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_same_inputs_same_bytes(notebook, lang):
    assert render(notebook(lang), lang=lang, title="t") == render(notebook(lang), lang=lang, title="t")


def test_hostile_outputs_are_disarmed(samples):
    for payload in samples.HOSTILE:
        mark = {"salesops": {"part": "section", "id": payload, "label": payload, "number": payload}}
        output = {"output_type": "display_data", "data": {"text/html": payload}, "metadata": mark}
        nb = {"cells": [{"cell_type": "code", "outputs": [output]}]}
        _assert_inert(render(nb, lang="en", title=payload, meta={"workbook": payload, "run": payload}))


def test_foreign_outputs_and_notes_are_not_shown():
    foreign = {"output_type": "execute_result", "data": {"text/html": "<p>foreign</p>"}, "metadata": {}}
    script = {
        "output_type": "display_data",
        "data": {"application/javascript": "mark()"},
        "metadata": {"salesops": {}},
    }
    cells = [
        {"cell_type": "markdown", "source": "# for analysts"},
        {"cell_type": "code", "outputs": [foreign, script]},
    ]
    html = render({"cells": cells}, lang="en", title="t")
    assert "foreign" not in html
    assert "for analysts" not in html
    assert "This report has no sections." in html


def test_a_failed_cell_shows_as_a_banner_without_private_data():
    error = {
        "output_type": "error",
        "ename": "ValueError",
        "evalue": "Zhang Wei 13800000000",
        "traceback": ["x"],
    }
    html = render({"cells": [{"cell_type": "code", "outputs": [error]}]}, lang="en", title="t")
    assert "This report did not finish." in html
    assert "an error inside (ValueError)" in html
    assert "Zhang" not in html
    own = {**error, "ename": "DataError", "evalue": "orders: no <rows>"}
    assert "orders: no &lt;rows&gt;" in render(
        {"cells": [{"cell_type": "code", "outputs": [own]}]}, lang="zh", title="t"
    )


@pytest.mark.parametrize(
    "address", ["javascript:x", "//evil.example/a", "/etc/passwd", "../../a", 'a b"c', "http://a"]
)
def test_only_plain_relative_addresses_become_links(address):
    assert f'href="{address}"' not in render({"cells": []}, lang="en", title="t", meta={"workbook": address})


def test_sanitiser_keeps_what_a_report_needs():
    kept = '<p class="a" id="b">x<b class="num" data-metric="m"><a href="#def-m">1</a></b></p>'
    assert sanitise(kept) == kept
    assert (
        sanitise('<span class="ac" style="width:43.1%"></span>')
        == '<span class="ac" style="width:43.1%"></span>'
    )


@pytest.mark.parametrize(
    "bad",
    [
        '<a href="#a" target="_blank" onclick="x">a</a>',
        '<span style="background:url(http://e)">a</span>',
        '<span style="width:10%;position:fixed">a</span>',
        '<svg><use href="http://e#a"></use><path fill="url(http://e#a)" d="M0 0"></path></svg>',
        '<svg><a href="javascript:x"><text>a</text></a></svg>',
        '<svg><animate attributeName="href" values="javascript:x"></animate></svg>',
        "<math><mtext><table><mglyph><style><img src=x onerror=x>",
    ],
)
def test_sanitiser_removes_the_rest(bad):
    clean = sanitise(bad)
    for word in ("onclick", "target", "http", "javascript", "position", "animate", "<use", "<img"):
        assert word not in clean


def test_close_writes_a_summary_and_a_workbook(notebook, tmp_path):
    notebook("en", output=tmp_path)
    summary = json.loads((tmp_path / "page.en.json").read_text(encoding="utf-8"))
    assert summary["headline"].startswith("Bookings of ¥46.0M are +12.2%")
    assert summary["grade"] == "B"
    assert summary["period"] == "2026-03"
    assert summary["as_of"] == "2026-03-16"
    assert summary["findings"][1]["values"]["gap"] == -185000000
    assert (tmp_path / "page.en.xlsx").stat().st_size > 5000


def test_page_displays_in_a_notebook(monkeypatch, samples):
    import IPython.display

    shown = []
    monkeypatch.setattr(
        IPython.display, "display", lambda thing, metadata: shown.append((thing.data, metadata))
    )
    page = Page(samples.workspace("zh"), "10_performance_review")
    page.section(Missing("receivables", ("receipts",)))
    assert "<style>" in shown[0][0]
    assert shown[0][1] == {"salesops": {"part": "header", "id": "header", "label": "经营分析", "lang": "zh"}}
    assert "本节未显示：需要回款。" in shown[1][0]


def test_a_bare_workspace_is_enough():
    from types import SimpleNamespace

    from salesops_lib.reporting.imprint import imprint

    bare = imprint(SimpleNamespace(lang="en", period="2026-Q1"))
    assert (bare.period_name, bare.to_date, bare.voice.currency) == ("Q1 2026", "", "CNY")


@pytest.fixture
def page(monkeypatch, samples):
    """An English page and the list of what it shows."""
    shown: list[tuple[str, dict]] = []
    monkeypatch.setattr(Edition, "_display", lambda self, html, **mark: shown.append((str(html), mark)))
    return Page(samples.workspace("en"), "10_performance_review"), shown


def test_a_section_takes_several_exhibits_and_says_what_is_missing(page, samples):
    made, shown = page
    made.section(samples.ranking(), samples.curve(), Missing("outlook", ("order_lines",)))
    html, mark = shown[-1]
    assert mark == {"part": "section", "id": "top_customers", "label": "Largest customers", "number": 1}
    assert html.count("<h2>") == 1
    assert '<div class="part" id="s-concentration"><h3>Concentration</h3>' in html
    assert "Outlook: Not shown. This section needs Order lines." in html


def test_a_section_of_missing_exhibits_only_is_one_short_block(page):
    made, shown = page
    made.section(
        Missing("outlook", ("order_lines",), "note.no_open_deals"),
        Missing("price", ("order_lines.list_price",)),
    )
    html = shown[-1][0]
    assert "<h2>" not in html
    assert "note.no_open_deals" not in html  # the reason is a message of the catalogue
    assert "needs order_lines.list_price" in html


def test_headline_takes_the_first_that_found_anything(page, samples):
    made, shown = page
    made.headline(
        Missing("share", ("market",)), samples.multiples(), samples.scorecard(),
        movers=[samples.standing(), Missing("x", ("y",)), samples.ranking()], asks=samples.actions(),
    )  # fmt: skip
    html = shown[-1][0]
    assert '<p class="lead">Bookings of' in html
    assert html.count('<li class="bad">') == 2
    assert html.count('<li class="ask">') == 2
    assert "<small>王芳, by 10 Apr 2026</small>" in html
    assert "O&#39;Neil &lt;b&gt;" in html


def test_headline_of_nothing_shows_nothing(page):
    made, shown = page
    made.headline(Missing("share", ("market",)))
    assert len(shown) == 1


def test_what_the_headline_said_is_not_said_twice(page, samples):
    made, shown = page
    made.headline(samples.scorecard())
    made.section(samples.scorecard())
    assert "<h2>The measures at a glance</h2>" in shown[-1][0]


def test_digest_gives_the_first_finding_of_each_section(page, samples):
    made, _ = page
    made.section(samples.intervals(), samples.curve())
    assert made.digest() == {"win_rates": "No unit's win rate differs from the average by more than chance."}


def test_a_section_without_rows_says_so(page, samples):
    made, shown = page
    from dataclasses import replace

    empty = samples.ranking()
    made.section(replace(empty, frame=empty.frame.iloc[:0], findings=()))
    assert "Nothing to list." in shown[-1][0]
