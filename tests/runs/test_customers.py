"""Pages of one customer each: a file for each, whatever its id is."""

from __future__ import annotations

import json
from types import SimpleNamespace

import nbformat
import pytest
from standin import PARAMETERS, write_facts, write_notebook

from salesops_lib.errors import SalesopsError
from salesops_lib.runs import run, status
from salesops_lib.runs.deliver import _is_for
from salesops_lib.runs.units import CUSTOMER, Unit

SHOW = """
from IPython.display import HTML, display
display(HTML(f"<section><h2>{len(customer)}</h2></section>"), metadata={"salesops": {"part": "section", "id": "one", "label": "One", "number": 1}})
import json
from pathlib import Path
for one in lang.split(","):
    Path(output, f"page.{one}.json").write_text(json.dumps({"headline": ascii(customer), "grade": "A", "title": "One", "scope": "Name of " + customer}))"""

#: The largest first.
HOSTILE = (
    "../../etc/passwd",
    "<script>alert(1)</script>",
    "华东\u2028客户 №1",
    "Ж" * 300,
    "a/b",
    "a_b",
    "a\\b",
    "A_B",
    "quote\"s and {braces} and 'more'",
    "C001",
    "c001",
    "..",
)


def test_each_hostile_id_has_a_file_name_of_its_own_in_any_file_system():
    names = [Unit(CUSTOMER, one).file_name for one in HOSTILE]
    assert len({name.casefold() for name in names}) == len(names)
    for name in names:
        assert name.replace("-", "").replace("_", "").isalnum() or set(name) <= set("_-0123456789abcdef")
        assert len(f"37_customer_onepager.{name}.en.html".encode()) < 200
    assert Unit(CUSTOMER, "C001").file_name == "C001"
    assert Unit("region", "East").file_name == "East"  # names of others stay as they were


@pytest.fixture
def company(tmp_path, store, line):
    root = tmp_path / "work space"
    write_facts(root)
    (root / "data" / "facts.duckdb").unlink()
    rows = [
        line("2026-03-31", 1_000 - place, customer_id=one, region="North")
        for place, one in enumerate(HOSTILE)
    ]
    store(path=root / "data" / "facts.duckdb", order_lines=rows, customers=[]).close()
    path = write_notebook(
        root / "notebooks" / "37_customer_onepager.ipynb",
        SHOW,
        close=False,
        parameters=f'{PARAMETERS}\ncustomer: str = ""',
    )
    document = nbformat.read(path, as_version=4)
    document.cells[1].metadata["tags"] = ["parameters", "on-request", "one-customer"]
    nbformat.write(document, path)
    write_notebook(root / "notebooks" / "10_first.ipynb", SHOW.replace("customer", "level"), close=False)
    return root


def test_the_largest_customers_have_a_page_each(company, warm):
    found = run(company, ["37"], by="customer", lang="en")
    assert [one.status for one in found] == ["published"] * 10
    assert [one.unit for one in found] == list(HOSTILE[:10])  # report.top_n of the policy
    assert len({one.path for one in found}) == 10
    assert all(one.path.parent == company / "reports" / "2026-03" for one in found)
    entries = json.loads((company / "reports" / "manifest.json").read_text("utf-8"))["reports"]
    assert {entry["headline"] for entry in entries} == {ascii(one) for one in HOSTILE[:10]}
    assert {entry["by"] for entry in entries} == {CUSTOMER}
    index = (company / "reports" / "index.en.html").read_text("utf-8")
    assert "<script>alert" not in index
    assert "Name of &lt;script&gt;alert(1)&lt;/script&gt;" in index
    for one in found:
        assert one.path.name.split(".")[1] in index
    assert set(status(company).unit) == set(HOSTILE[:10])
    assert not (company.parent / "etc").exists()


def test_one_that_is_named_and_the_largest_where_nobody_is(company, warm):
    (named,) = run(company, ["37"], parameters={"customer": "c001"}, lang="en")
    (other,) = run(company, ["37"], parameters={"customer": "C001"}, lang="en")
    (largest,) = run(company, ["37"], lang="en")
    assert [one.unit for one in (named, other, largest)] == ["c001", "C001", HOSTILE[0]]
    assert len({one.path for one in (named, other, largest)}) == 3
    (again,) = run(company, ["37"], parameters={"customer": "c001"}, lang="en")
    assert again.status == "up-to-date"


@pytest.mark.parametrize(
    ("notebook", "options", "said"),
    [
        ("37", {"parameters": {"customer": "nobody"}}, "No customer has the id or the name"),
        ("37", {"by": "region"}, "--by customer"),
        ("10", {"by": "customer"}, "10_first is not made by customer"),
    ],
)
def test_what_cannot_be_made_is_refused(company, notebook, options, said):
    with pytest.raises(SalesopsError, match=said):
        run(company, [notebook], **options)


@pytest.mark.parametrize(
    ("reports", "unit", "hears"),
    [(["37_customer_onepager"], "", True), ([], "", False), (["37_customer_onepager"], "North", False)],
)
def test_pages_of_customers_go_to_the_companys_people_who_ask_for_them(reports, unit, hears):
    recipient = SimpleNamespace(reports=reports, unit=unit, lang="en")
    result = SimpleNamespace(notebook="37_customer_onepager", unit="North", by=CUSTOMER, lang="en")
    assert _is_for(recipient, result) is hears
