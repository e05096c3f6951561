"""Pages in a real browser: nothing runs or is fetched, nothing overlaps, all widths and schemes."""

from __future__ import annotations

import importlib.util
import os
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import pytest
from opening import in_browser, open_page

ROOT = Path(__file__).parents[1]
pytestmark = in_browser

OVERLAPS = """() => {
  const found = [];
  for (const svg of document.querySelectorAll('svg.plot')) {
    if (!svg.getBoundingClientRect().width) continue;
    const frame = svg.getBoundingClientRect();
    const texts = [...svg.querySelectorAll('text')].map(t => [t.textContent, t.getBoundingClientRect()]);
    texts.forEach(([a, p], i) => {
      if (p.left < frame.left - 1 || p.right > frame.right + 1) found.push('cut: ' + a);
      texts.slice(i + 1).forEach(([b, q]) => {
        const wide = Math.min(p.right, q.right) - Math.max(p.left, q.left);
        const high = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top);
        if (wide > 1 && high > 5) found.push(a + ' over ' + b);
      });
    });
  }
  return found;
}"""
CONTRAST = """() => {
  const shown = e => e.getBoundingClientRect().width > 0 && e.textContent.trim();
  const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(Number).map(v => v / 255)
      .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
      if (!/, 0\\)$/.test(c)) return c; } return 'rgb(255, 255, 255)'; };
  const low = new Set();
  for (const e of document.querySelectorAll('p, h1, h2, h3, li, td, th, dt, dd, small, b, a, summary, span, text')) {
    if (!shown(e)) continue;
    const style = getComputedStyle(e), ink = e.tagName === 'text' ? style.fill : style.color;
    const [a, b] = [light(ink), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.4) low.add(e.tagName + ' ' + e.className + ' ' + e.textContent.slice(0, 30));
  }
  return [...low];
}"""


def _samples():
    spec = importlib.util.spec_from_file_location("reporting_samples", ROOT / "reporting" / "samples.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Pages of all samples in both languages, and one a hostile payload, served on a port of this machine."""
    from salesops_lib import metrics
    from salesops_lib.reporting import Page, catalogue, render, render_index

    samples, folder = _samples(), tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        known = {**catalogue.messages(), **samples.messages()}
        patch.setattr(catalogue, "messages", lambda: known)
        patch.setattr(metrics, "REGISTRY", samples.REGISTRY, raising=False)
        for lang in ("en", "zh"):
            (folder / f"{lang}.html").write_text(_page(patch, samples, Page, render, lang), encoding="utf-8")
    (folder / "index.html").write_text(render_index(_entries()), encoding="utf-8")
    for n, payload in enumerate(samples.HOSTILE):
        mark = {"salesops": {"part": "section", "id": payload, "label": payload}}
        output = {"output_type": "display_data", "data": {"text/html": payload}, "metadata": mark}
        error = {"output_type": "error", "ename": "DataError", "evalue": payload}
        cells = [{"cell_type": "code", "outputs": [output, error]}]
        html = render({"cells": cells}, lang="en", title=payload, meta={"run": payload, "workbook": payload})
        (folder / f"hostile{n}.html").write_text(html, encoding="utf-8")
    return folder


def _entries():
    """A report in both languages and of twelve units, one of them failed, and one that failed."""
    known = {
        "report": "10_performance_review",
        "period": "2026-03",
        "grade": "A",
        "as_of": "2026-03-31",
        "pdf": "a.pdf",
    }
    lead = "Bookings reached ¥68.0M, a higher share +¥8.4M (index 101.4)."
    entries = [
        {**known, "lang": lang, "html": "a.html", "xlsx": "a.xlsx", "headline": lead} for lang in ("en", "zh")
    ]
    entries += [
        {**known, "lang": lang, "unit": f"Region {n}", "html": "b.html"}
        for n in range(12)
        for lang in ("en", "zh")
    ]
    return [*entries, {"report": "20_market_review", "period": "2026-03", "lang": "en", "state": "failed"}]


def _page(patch, samples, Page, render, lang):  # noqa: N803
    from salesops_lib.reporting.edition import Edition

    outputs = []

    def caught(self, html, **mark):
        data = {"text/html": str(html)}
        outputs.append({"output_type": "display_data", "data": data, "metadata": {"salesops": mark}})

    patch.setattr(Edition, "_display", caught)
    page = Page(samples.workspace(lang), "10_performance_review")
    page.headline(samples.scorecard().findings[0], movers=samples.standing(lang).findings)
    for exhibit in samples.exhibits(lang):
        page.section(exhibit)
    page.close()
    notebook = {"cells": [{"cell_type": "code", "outputs": outputs}]}
    return render(
        notebook,
        lang=lang,
        title=page.editions[0].title,
        meta={"workbook": "a.xlsx", "index": "../index.html"},
    )


@pytest.fixture(scope="module")
def address(pages):
    handler = partial(SimpleHTTPRequestHandler, directory=str(pages))
    handler.log_message = lambda *_: None
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_nothing_hostile_runs_or_is_fetched(browser, address, pages):
    for file in sorted(pages.glob("*.html")):
        page = open_page(browser, f"{address}/{file.name}")
        page.wait_for_timeout(60)
        assert page.evaluate("window.marked") == 0, file.name
        assert [u for u in page.requests if not u.endswith(("/" + file.name, "/favicon.ico"))] == []
        assert page.url.endswith(file.name)
        unwanted = "script:not(body > script), iframe, form, base, meta[http-equiv=refresh], a[href^='javascript'], main style"
        assert page.evaluate(f'document.querySelectorAll("{unwanted}").length') == 0
        page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [390, 768, 1280, 1920])
def test_nothing_overlaps_or_runs_over_the_edge(browser, address, lang, width):
    page = open_page(browser, f"{address}/{lang}.html", width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.evaluate(OVERLAPS) == []
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(browser, address, scheme):
    page = open_page(browser, f"{address}/en.html", scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    page.context.close()


def test_dark_scheme_reaches_the_charts(browser, address):
    fills = {}
    for scheme in ("light", "dark"):
        page = open_page(browser, f"{address}/en.html", scheme=scheme)
        read = "getComputedStyle(document.querySelector('svg.wide .f-actual')).fill"
        fills[scheme] = page.evaluate(read)
        page.context.close()
    assert fills == {"light": "rgb(39, 49, 63)", "dark": "rgb(216, 222, 231)"}


def test_folds_open_and_links_arrive(browser, address):
    page = open_page(browser, f"{address}/en.html")
    fold = page.locator("details.def").first
    assert not fold.locator("dl").is_visible()
    fold.locator("summary").click()
    assert fold.locator("dl").is_visible()
    page.locator(".so.sec h2 a").first.click()
    assert page.url.endswith("#def-bookings")
    assert page.locator("dt#def-bookings").is_visible()
    page.locator("nav a").nth(3).click()
    assert page.evaluate("document.querySelector(location.hash).getBoundingClientRect().top") < 60
    page.context.close()


def test_print_breaks_no_chart_and_hides_what_needs_a_screen(browser, address):
    page = open_page(browser, f"{address}/zh.html", width=680)
    page.emulate_media(media="print", color_scheme="dark")
    for hidden in ("nav", "details", "svg.narrow"):
        assert page.locator(hidden).first.is_hidden()
    assert page.evaluate("getComputedStyle(document.querySelector('.chart')).breakInside") == "avoid"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.evaluate("document.documentElement.scrollWidth") <= 680
    assert page.pdf(prefer_css_page_size=True)[:5] == b"%PDF-"
    page.context.close()


AXE = os.environ.get("SALESOPS_AXE", "")


@pytest.mark.skipif(not AXE, reason="name a copy of axe.min.js in SALESOPS_AXE")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["en", "zh", "index"])
def test_axe_finds_nothing_serious(browser, address, name, width, scheme):
    page = open_page(browser, f"{address}/{name}.html", width=width, scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    page.evaluate(Path(AXE).read_text(encoding="utf-8"))
    found = page.evaluate(
        "axe.run().then(r => r.violations.map(v => [v.impact, v.id, v.nodes[0].html.slice(0, 200)]))"
    )
    assert [fault for fault in found if fault[0] in ("serious", "critical")] == []
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_every_picture_says_what_it_shows(browser, address, lang):
    page = open_page(browser, f"{address}/{lang}.html")
    pictures = page.locator("svg")
    assert pictures.count() == 2 * 11
    named = """svgs => svgs.map(s => [s.getAttribute('role'),
      ...s.getAttribute('aria-labelledby').split(' ').map(id => document.getElementById(id).textContent.trim())])"""
    for role, title, *description in pictures.evaluate_all(named):
        assert role == "img"
        assert title
        assert all(description)
    assert page.locator("img, canvas, object").count() == 0
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_headings_form_an_outline_and_contents_lead_to_them(browser, address, lang):
    page = open_page(browser, f"{address}/{lang}.html")
    levels = page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in pairwise(levels))
    broken = page.evaluate(
        "[...document.querySelectorAll('a[href^=\"#\"]')].filter(a => !document.querySelector('[id=\"' + a.hash.slice(1) + '\"]')).map(a => a.hash)"
    )
    assert broken == []
    twice = page.evaluate(
        "[...document.querySelectorAll('[id]')].map(e => e.id).filter((id, n, all) => all.indexOf(id) !== n)"
    )
    assert twice == []
    page.context.close()


def test_pages_are_small_and_say_nothing_on_the_console(browser, address, pages):
    for name in ("en", "zh", "index"):
        assert (pages / f"{name}.html").stat().st_size <= 2_000_000
        page = open_page(browser, f"{address}/{name}.html")
        assert page.said == page.faults == []
        assert [u for u in page.requests if not u.endswith((f"/{name}.html", "/favicon.ico"))] == []
        page.context.close()


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_the_index_with_units_keeps_its_width(browser, address, width):
    page = open_page(browser, f"{address}/index.html", width=width)
    page.locator("details.units summary").click()
    assert page.locator("details.units li").count() == 12
    assert page.locator("details.units li a").first.is_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.context.close()


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_on_paper_every_figure_stands_on_one_sheet(browser, address, lang):
    """A4 less its margins: 180 by 263 mm; whatever may not be broken fits on one sheet."""
    page = open_page(browser, f"{address}/{lang}.html", width=680)
    page.emulate_media(media="print")
    sheet = 263 / 25.4 * 96
    heights = page.locator(".chart, .scroll, .tiles").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().height)"
    )
    assert max(heights) <= sheet
    rights = page.locator(".chart svg.wide, .scroll table").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().right)"
    )
    assert max(rights) <= 680.5
    page.context.close()
