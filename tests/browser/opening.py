"""Headless Chromium, and pages opened in it with everything counted that they do."""

from __future__ import annotations

from pathlib import Path

import pytest

CHROMIUM = Path("/usr/bin/chromium")
in_browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"no browser at {CHROMIUM}"),
]


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with playwright.sync_playwright() as p:
        chromium = p.chromium.launch(
            executable_path=str(CHROMIUM),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


def open_page(browser, url, *, width=1280, scheme="light", **options):
    """A page of a context of its own; counts `requests`, those `stopped`, `faults`, what is `said` on the console, calls of `mark()`."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
    page = context.new_page()
    page.requests, page.faults, page.said, page.stopped = [], [], [], {}
    page.on("request", lambda r: page.requests.append(r.url))
    page.on("requestfailed", lambda r: page.stopped.update({r.url: r.failure}))
    page.on("pageerror", lambda e: page.faults.append(str(e)))
    page.on("console", lambda m: page.said.append(m.text))
    page.on("dialog", lambda d: (page.faults.append(d.message), d.dismiss()))
    page.add_init_script("window.marked = 0; window.mark = () => { window.marked += 1; };")
    page.goto(url)
    return page
