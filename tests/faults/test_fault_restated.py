"""A period reported on again after later data came (FAULTS.md F33): the same, or restated with what was said before."""

import re

import pytest
from standin import SHOW, write_facts, write_notebook

from salesops_lib import runs
from salesops_lib.runs import publish

#: Closes a page whose bookings follow from the last day in the store, in a period that is over.
CLOSE = """
import duckdb, json
from pathlib import Path
with duckdb.connect(str(Path(workspace, "data", "facts.duckdb")), read_only=True) as store:
    (last,) = store.execute("SELECT MAX(dated_on) FROM sales").fetchone()
says = {"headline": "Sales", "grade": "A", "title": "First", "as_of": str(last), "is_complete": True, "currency": "CNY",
        "key_figures": {"bookings": last.month * 1_000_000_00, "new_customers": 7}}
for one in lang.split(","):
    Path(output, f"page.{one}.json").write_text(json.dumps(says))"""


@pytest.fixture
def published(standin, warm):
    """A workspace whose 10_first of June 2025 is published on facts up to March 2026."""
    write_notebook(standin / "notebooks" / "10_first.ipynb", SHOW, CLOSE, close=False)
    run(standin)
    return standin


def run(root, *, lang="en,zh", **options):
    results = runs.run(root, ["10"], period="2025-06", lang=lang, **options)
    assert {r.status for r in results} <= {"published", "up-to-date"}, results[0].message
    return results


def page(root, lang="en"):
    """The page, without the run's own number."""
    html = (root / "reports" / "2025-06" / f"10_first.{lang}.html").read_text("utf-8")
    return re.sub(r"<dt>(Run|运行编号)</dt><dd>[^<]*</dd>", "", html)


def words(html):
    return " ".join(re.sub(r"<style.*?</style>|<[^>]+>", " ", html, flags=re.S).split())


def index(root):
    return (root / "reports" / "index.html").read_text("utf-8")


def test_f33_with_the_facts_as_they_were_the_page_is_the_same(published):
    before = page(published)
    assert {r.status for r in run(published)} == {"up-to-date"}
    run(published, force=True)
    assert page(published) == before
    assert "Restated" not in words(before)
    assert ">Restated<" not in index(published)


def test_f33_other_facts_restate_the_page_with_a_difference(published):
    (first,) = {entry["run_id"] for entry in publish.manifest(published / "reports")}
    write_facts(published, "2026-04-30")
    run(published)
    said = words(page(published))
    assert "Restated The report of " in said
    assert "stated these figures otherwise. Changed since then: the data." in said
    assert "Measure Stated then Now Change Bookings ¥3.00M ¥4.00M +¥1.00M +33.3%" in said
    assert f"Earlier report: run {first}" in said
    assert "New customers" not in said
    assert "此后变更：数据。" in words(page(published, "zh"))
    assert "签约额 300.0万元 400.0万元 +100.0万元 +33.3%" in words(page(published, "zh"))
    assert '<span class="flag">Restated</span>' in index(published)


def test_f33_a_restated_page_is_made_again_as_it_was(published):
    write_facts(published, "2026-04-30")
    run(published)
    before = page(published)
    assert {r.status for r in run(published)} == {"up-to-date"}
    run(published, force=True)
    assert page(published) == before


def test_f33_facts_that_change_no_key_figure_restate_nothing(published):
    write_facts(published, "2026-03-30")
    assert {r.status for r in run(published)} == {"published"}
    assert "Restated" not in words(page(published))


def test_f33_a_language_made_later_restates_the_same(published):
    write_facts(published, "2026-04-30")
    run(published, lang="en")
    run(published, lang="zh")
    assert "此后变更：数据。" in words(page(published, "zh"))
    restates = [entry["restates"] for entry in publish.manifest(published / "reports")]
    assert restates[0] == restates[1]


def test_f33_the_notebook_is_not_told(published):
    """What was said before reaches the page alone: neither parameters nor the workbook of the run know it."""
    write_facts(published, "2026-04-30")
    (result, _) = run(published)
    source = (result.run_folder / "10_first.ipynb").read_text("utf-8")
    assert "restate" not in source.lower()
    assert "restates" not in str(publish.manifest(published / "reports")[0]["parts"])
