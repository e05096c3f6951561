"""Hand-written deals and changes, and pages made of what is found of them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from salesops_lib.reporting import Page


@pytest.fixture(scope="session")
def worded():
    """`worded(ws, found, folder)`: the headline of a page with these sections, in each language."""

    def say(ws, found, folder):
        said = {}
        for lang in ("en", "zh"):
            page = Page(replace(ws, lang=lang), "10_performance_review")
            page.headline(*found)
            page.section(*found)
            page.close(folder)
            said[lang] = json.loads((folder / f"page.{lang}.json").read_text("utf-8"))["headline"]
        return said

    return say
