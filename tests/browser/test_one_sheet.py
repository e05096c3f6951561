"""A person's page is one sheet of A4, with as much on it as the rules let stand there."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from IPython.utils.capture import capture_output
from opening import in_browser

from salesops_lib.metrics import Exhibit, Finding
from salesops_lib.reporting import Page, pdf, render
from salesops_lib.workspace import open_workspace
from tests.notebooks.built_once import sample_company  # noqa: F401

WORDS = "Shanghai Precision Machinery Import and Export Company"


def long_table(id: str, columns: list[str], n: int) -> Exhibit:
    frame = pd.DataFrame([{c: WORDS if c in ("customer", "name") else 1_234_567.0 for c in columns}] * n)
    return Exhibit(id, "table", frame, findings=(Finding("own_quiet.some", {"n": n, "of": 14, "amount": 12_345_678, "multiple": 5}),),
                   units={"annual_amount": "money", "amount": "money", "silent_days": "count"})  # fmt: skip


def band(id: str, n: int) -> Exhibit:
    frame = pd.DataFrame(
        [
            {"label": f"stage {k}", "value": 0.5, "low": 0.4, "high": 0.7, "n": 5, "base": 0.6}
            for k in range(n)
        ]
    )
    told = {
        "measure": "win_rate",
        "value": 0.5,
        "cases": 31,
        "low": 0.4,
        "high": 0.7,
        "n": 5,
        "level": "of_company",
    }
    return Exhibit(
        id,
        "bands",
        frame,
        findings=(Finding("rep_page.band_within", told),),
        notes=(Finding("note.own_funnel"),),
    )


@pytest.mark.browser
@in_browser[1]
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_fullest_page_is_one_sheet(sample_company, tmp_path, lang):  # noqa: F811
    ws = open_workspace(sample_company, period="2025-11", lang=lang)
    try:
        from salesops_lib import targets

        burn_up = targets.burn_up(ws)
        with capture_output() as shown:
            page = Page(ws, "36_rep_onepager", one_sheet=True)
            page.headline(
                burn_up,
                movers=[
                    Finding(
                        "rep_page.strength",
                        {
                            "measure": "win_rate",
                            "value": 0.5,
                            "low": 0.2,
                            "high": 0.4,
                            "n": 5,
                            "level": "of_team",
                        },
                    )
                ]
                * 3,
            )
            page.section(targets.standing(ws, "region"), burn_up)  # five bars where a person has two
            page.section(long_table("own_pay", ["component", "amount"], 4))
            page.section(long_table("own_deals", ["customer", "amount", "stage"], 5))
            page.section(long_table("own_quiet", ["name", "annual_amount", "silent_days"], 5))
            page.section(band("own_funnel", 6))
            page.section(band("own_discipline", 3))
            page.close()
    finally:
        ws.close()
    outputs = [{"output_type": "display_data", "data": o.data, "metadata": o.metadata} for o in shown.outputs]
    path = tmp_path / "page.html"
    path.write_text(
        render({"cells": [{"cell_type": "code", "outputs": outputs}]}, lang=lang, title="My page"), "utf-8"
    )
    printed = pdf(path, tmp_path / "page.pdf").read_bytes()
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 1
