"""What the notebooks say of a workspace: every exhibit's frame and every page's summary, made without a kernel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pandas as pd
import pytest
from IPython.utils.capture import capture_output

from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.reporting import Page
from salesops_lib.tables.facts import Facts

#: Notebooks by name, and what they are asked beside the usual.
Asked = Mapping[str, Mapping[str, str]]
REVIEWS: Asked = {
    "01_data_quality": {},
    "10_performance_review": {},
    "11_target_attainment": {},
    "13_pipeline": {},
    "14_customers": {},
    "20_market_review": {},
    "21_forecast": {},
    "22_segments": {},
    "23_customer_value": {},
    "30_target_setting": {},
    "37_customer_onepager": {"customer": ""},
}
PAY: Asked = {
    "31_incentive_statement": {},
    "32_incentive_design": {},
    "33_policy_replay": {
        "against": "",
        "since": "",
        "changes": "incentives.plans[id=ae-2025].components[id=core].tiers[2].times=2.5",
    },
}
_FOLDER = Path(__file__).parents[2] / "notebooks"


@dataclass
class Told:
    """What all notebooks said: frames by notebook, section and part; summaries by notebook and language; SQL."""

    frames: dict[tuple[str, ...], pd.DataFrame] = field(default_factory=dict)
    missing: set[tuple[str, str]] = field(default_factory=set)
    pages: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    statements: dict[str, list[object]] = field(default_factory=dict)


def told(root: Path, output: Path, notebooks: Asked = REVIEWS) -> Told:
    """Run the cells of each notebook on the workspace `root`."""
    found = Told()
    with pytest.MonkeyPatch.context() as patch, capture_output():
        _watch(found, patch)
        for name, asked in notebooks.items():
            path = _FOLDER / f"{name}.ipynb"
            given = {
                "period": "",
                "lang": "en,zh",
                "workspace": str(root),
                "output": str(output / name),
                **asked,
            }
            patch.setattr(Page, "_notebook", name, raising=False)
            for cell in nbformat.read(path, as_version=4).cells:
                if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", ()):
                    exec(compile(cell.source, path.name, "exec"), given)
            for lang in ("en", "zh"):
                page = (output / name / f"page.{lang}.json").read_text("utf-8")
                found.pages[name, lang] = json.loads(page)
            given["ws"].close()
    return found


def _watch(found: Told, patch: pytest.MonkeyPatch) -> None:
    section, query = Page.section, Facts.query

    def watched(page: Page, *exhibits: Exhibit | Missing) -> None:
        for shown in exhibits:
            if isinstance(shown, Missing):
                found.missing.add((page._notebook, shown.id))
                continue
            for number, part in enumerate((shown, *shown.parts)):
                found.frames[page._notebook, shown.id, str(number)] = part.frame
        section(page, *exhibits)

    def asked(facts: Facts, sql: str, values: Any = ()) -> pd.DataFrame:
        found.statements[sql] = list(values)
        return query(facts, sql, values)

    patch.setattr(Page, "section", watched)
    patch.setattr(Facts, "query", asked)


def assert_equal(theirs: Told, mine: Told) -> None:
    """The same figures: whole numbers and texts exactly, floats to 1e-9 as sums of them depend on their order."""
    assert theirs.missing == mine.missing
    assert theirs.frames.keys() == mine.frames.keys()
    for key, frame in mine.frames.items():
        other = theirs.frames[key]
        if "what" in frame:  # findings, which the pages' summaries hold too
            frame, other = (f.assign(what=[str(finding.id) for finding in f.what]) for f in (frame, other))
        pd.testing.assert_frame_equal(
            other, frame, check_exact=False, rtol=1e-9, atol=0, check_dtype=False, obj=str(key)
        )
        for column in frame.select_dtypes("integer"):
            assert other[column].tolist() == frame[column].tolist(), (key, column)
    assert theirs.pages.keys() == mine.pages.keys()
    for key, page in mine.pages.items():
        _assert_same(theirs.pages[key], page, "/".join(key))


def _assert_same(theirs: Any, mine: Any, where: str) -> None:
    if isinstance(mine, dict):
        assert theirs.keys() == mine.keys(), where
        for name, value in mine.items():
            _assert_same(theirs[name], value, f"{where}/{name}")
    elif isinstance(mine, list):
        assert len(theirs) == len(mine), where
        for number, value in enumerate(mine):
            _assert_same(theirs[number], value, f"{where}/{number}")
    elif isinstance(mine, float) and isinstance(theirs, float):
        assert theirs == pytest.approx(mine, rel=1e-9, nan_ok=True), where
    else:
        assert theirs == mine, where
