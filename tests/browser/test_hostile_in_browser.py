"""Payloads in a real browser: nothing runs, nothing is fetched, nothing is said on the console (FAULTS.md S01-S23, S63, S64)."""

from __future__ import annotations

import os
import random

import pytest
from hostile import (
    AWKWARD,
    EXHIBITS,
    MESSAGES,
    PAYLOADS,
    foreign_notebook,
    index,
    marked,
    mutated,
    page,
    section,
    styled,
)
from opening import in_browser, open_page

from salesops_lib.reporting import Voice, catalogue, render
from salesops_lib.reporting.template import POLICY

pytestmark = in_browser
NAMES = (*PAYLOADS, *AWKWARD)
#: The index has one script of its own, at the end of its body, where no name can stand.
UNWANTED = "script:not(body > script), iframe, form, base, object, embed, img, meta[http-equiv=refresh], a[href^='javascript' i], main style"
#: Everything that a reader could set off.
TOUCH = """() => {
  for (const fold of document.querySelectorAll('details')) fold.open = true;
  for (const e of document.querySelectorAll('*'))
    for (const kind of ['mouseover', 'mouseenter', 'focus', 'load', 'error', 'begin', 'toggle'])
      e.dispatchEvent(new Event(kind));
  for (const a of document.querySelectorAll('a[href^="#"], a:not([href])')) a.click();
}"""


@pytest.fixture(scope="module")
def generated():
    seed = int(os.environ.get("SALESOPS_SEED") or random.SystemRandom().randrange(10**9))
    print(f"seed {seed} (again with SALESOPS_SEED={seed})")
    state = random.Random(seed)
    return [mutated(state) for _ in range(300)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, generated):
    """Pages that hold all payloads at once: each kind of exhibit, everything raw, foreign outputs, the index."""
    made = tmp_path_factory.mktemp("hostile")
    with pytest.MonkeyPatch.context() as patch:
        known = {**catalogue.messages(), **MESSAGES}
        patch.setattr(catalogue, "messages", lambda: known)
        for lang in ("en", "zh"):
            names = NAMES if lang == "en" else list(dict.fromkeys(generated))[:80]
            for make in EXHIBITS:
                html = page(names, Voice(lang), make)
                (made / f"{make.__name__}.{lang}.html").write_text(html, encoding="utf-8", errors="replace")
        raw = [
            marked(name, id=str(n), label=name, number=name) for n, name in enumerate((*NAMES, *generated))
        ]
        raw += [marked(html, id="x", label="x") for html in styled(NAMES)]
        raw += [marked(section(make(NAMES[:20]), Voice("en")), id="s", label="s") for make in EXHIBITS]
        notebook = {"cells": [{"cell_type": "code", "outputs": raw}]}
        pages = {
            "raw": render(notebook, lang="en", title=NAMES[0], meta={"run": NAMES[1]}),
            "foreign": render(foreign_notebook(), lang="en", title="t"),
            "index": index((*NAMES, *generated)),
        }
    for name, html in pages.items():
        (made / f"{name}.html").write_text(html, encoding="utf-8", errors="replace")
    return made


def test_s23_s64_nothing_runs_is_fetched_or_said(browser, folder):
    files = sorted(folder.glob("*.html"))
    assert len(files) == 2 * len(EXHIBITS) + 3
    for file in files:
        opened = open_page(browser, file.as_uri())
        opened.evaluate(TOUCH)
        opened.wait_for_timeout(50)
        assert opened.evaluate("window.marked") == 0, file.name
        assert opened.requests == [file.as_uri()], file.name
        assert (opened.faults, opened.said) == ([], []), file.name
        assert opened.url.split("#")[0] == file.as_uri()
        assert opened.evaluate(f'document.querySelectorAll("{UNWANTED}").length') == 0, file.name
        opened.context.close()


def test_s22_the_content_policy_alone_stops_what_runs(browser, tmp_path):
    """The second line: payloads as they are, behind the policy; those that only navigate are the sanitiser's."""
    alone = [p for p in PAYLOADS if "http-equiv" not in p and not p.startswith("<base")]
    body = "\n".join(f"<div>{payload}</div>" for payload in alone)
    for n, head in enumerate((f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">', "")):
        file = tmp_path / f"{n}.html"
        file.write_text(f"<!DOCTYPE html><meta charset=utf-8>{head}<body>{body}</body>", encoding="utf-8")
        opened = open_page(browser, file.as_uri())
        opened.wait_for_timeout(80)
        if head:
            opened.evaluate(
                "document.querySelectorAll('[autofocus], a').forEach(e => { e.focus(); e.click(); })"
            )
            opened.wait_for_timeout(80)
        outside = [url for url in opened.requests if "evil.example" in url]
        if head:
            assert opened.evaluate("window.marked") == 0
            assert [url for url in outside if url not in opened.stopped] == []
        else:
            assert opened.evaluate("window.marked") > 5  # the payloads do bite where nothing holds them
        opened.context.close()


@pytest.mark.parametrize("width", [390, 1280])
def test_long_and_hostile_names_keep_the_page_in_its_width(browser, folder, width):
    for file in sorted(
        set(folder.glob("*.html")) - {folder / "raw.html"}
    ):  # markup that none of our functions makes
        opened = open_page(browser, file.as_uri(), width=width)
        assert opened.evaluate("document.documentElement.scrollWidth") <= width, file.name
        opened.context.close()
