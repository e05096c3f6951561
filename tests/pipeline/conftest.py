"""The drawn company of the process's tests, and pages made of what is found of hand-written deals."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib.reporting import Page

sys.path.append(str(Path(__file__).parent))

from deals import drawn

CUSTOMERS = [{"customer_id": name, "name": f"{name} Ltd", "region": name} for name in ("East", "West")]


@pytest.fixture(scope="module")
def company(shared_workspace):
    """Eight hundred drawn deals as of 2025-12-31, and what is true of each."""
    deals, changes, truth = drawn(800, seed=11)
    ws = shared_workspace(
        period="2025-12",
        as_of="2025-12-31",
        opportunities=deals,
        opportunity_changes=changes,
        customers=CUSTOMERS,
    )
    return ws, pd.DataFrame(truth)


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
