"""The policy as a document: complete, the same in both languages, safe."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from salesops_lib import policy
from salesops_lib.reporting import render_policy
from salesops_lib.reporting.template import POLICY

SAMPLE = policy.load(Path(__file__).parents[2] / "policy.yaml")
PAGES = {lang: render_policy(SAMPLE, lang, index="index.html") for lang in ("en", "zh")}


@pytest.fixture(autouse=True)
def own_messages():
    """The suite's own catalogue and registry, not the samples'."""


def _clauses(page: str) -> list[str]:
    found = re.findall(r'<p class="clause"><span class="no">([\d.]+)</span><span>(.*?)</span></p>', page)
    return [f"{number} {text}" for number, text in found]


@pytest.mark.parametrize(
    ("lang", "expected"),
    [
        ("en", "1.1 In force: 1 Jan 2025 to 31 Dec 2025."),
        ("en", "10.1 Nothing is sold below 70% of list price."),
        ("en", "10.8 No sale is below floor without approval."),
        ("en", "5.2 Bookings 2025: ¥661,000,000. Orders of all product lines and regions, net of tax."),
        ("en", "6.5 Managers up to 2 levels above are credited with what their people sell."),
        ("zh", "1.1 有效期：2025年1月1日至2025年12月31日。"),
        ("zh", "10.1 成交净价不低于目录价的70%。"),
        ("zh", "16.6 客户逾期60天即停止发货。"),
        ("zh", "23.16 他人薪酬仅人力资源部、财务部可见。"),
    ],
)
def test_clauses_say_what_the_policy_says(lang, expected):
    assert any(clause.startswith(expected) for clause in _clauses(PAGES[lang])), expected


def test_both_languages_have_the_same_clauses_and_tables():
    numbers = {lang: [clause.partition(" ")[0] for clause in _clauses(page)] for lang, page in PAGES.items()}
    assert numbers["en"] == numbers["zh"]
    assert len(numbers["en"]) > 150
    for tag in ("<tr>", "<td", "<h3>", '<section class="so sec policy"'):
        assert PAGES["en"].count(tag) == PAGES["zh"].count(tag)


def test_percentages_are_the_same_in_both_languages():
    shares = [sorted(re.findall(r"[\d.]+(?= ?%)", " ".join(_clauses(page)))) for page in PAGES.values()]
    assert shares[0] == shares[1]


def test_no_clause_is_empty_unfilled_or_in_code():
    for page in PAGES.values():
        for clause in _clauses(page):
            assert not re.search(
                r"[{}¦]|None|\bFalse\b|\bTrue\b|_[a-z]",
                clause.replace("standard_v7", "").replace("framework_v3", ""),
            ), clause
            assert len(clause) > 6


def test_a_table_holds_the_values_of_its_entries():
    rows = re.findall(r"<tr>(.*?)</tr>", PAGES["en"])
    cells = [re.findall(r"<td[^>]*>(.*?)</td>", row) for row in rows]
    assert ["Account executive", "10%"] in cells
    assert ["A", "60", "¥10,000,000"] in cells
    assert [
        "Orders fall",
        "Bookings",
        "Region",
        "Standard deviations (EWMA)",
        "−2.5",
        "−3",
        "",
        "Regional director",
    ] in cells


def test_the_page_is_ours_and_the_same_every_time():
    page = PAGES["en"]
    assert page == render_policy(SAMPLE, "en", index="index.html")
    assert POLICY in page.replace("&#39;", "'")
    assert 'href="index.html"' in page
    assert SAMPLE.sha256 in page
    assert "<script" not in page
    assert not re.search(r'(src|href)="https?:', page)


def test_contents_lead_to_every_section():
    links = re.findall(r'<li><a href="#(s-[\w-]+)">', PAGES["zh"])
    assert links == re.findall(r'<section class="so sec policy" id="(s-[\w-]+)"', PAGES["zh"])


def test_the_default_policy_and_what_it_leaves_open():
    page = render_policy(policy.load(), "en")
    assert "The currency of amounts is not stated." in page
    assert "from 1 Jan 1900" in page
    assert "Targets of the company" not in page
    assert 'href="index.html"' not in page


def test_delivery_addresses_are_not_published(tmp_path):
    text = (Path(__file__).parents[2] / "policy.yaml").read_text(encoding="utf-8")
    file = tmp_path / "policy.yaml"
    block = "delivery: {mail: {host: mx.example.com, sender: a@example.com}, recipients: [{id: x, mail: [boss@example.com]}]}\n"
    file.write_text(text + block, encoding="utf-8")
    assert "example.com" not in render_policy(policy.load(file), "en")


def test_hostile_names_stay_text(tmp_path):
    text = (Path(__file__).parents[2] / "policy.yaml").read_text(encoding="utf-8")
    hostile = text.replace("en: Bearings", 'en: "<script>alert(1)</script><img src=x onerror=y>"')
    hostile = hostile.replace("en: Sales policy 2025", 'en: "</title><script>x</script>"')
    file = tmp_path / "policy.yaml"
    file.write_text(hostile, encoding="utf-8")
    page = render_policy(policy.load(file), "en")
    assert "<script" not in page
    assert "<img" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
