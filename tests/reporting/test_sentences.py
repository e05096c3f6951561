"""Findings worded: numbers marked and linked, names escaped, faults named."""

from __future__ import annotations

import pytest

from salesops_lib.errors import RunError
from salesops_lib.metrics import Finding
from salesops_lib.reporting.sentences import plain, say
from salesops_lib.reporting.voice import Voice


def _unit(name: str = "East") -> Finding:
    return Finding(
        "t.unit", {"unit": name, "gap": -1_850_000_00, "attainment": 0.766, "n": 7}, "bookings", "bad"
    )


def test_numbers_link_to_their_definition():
    said = say(_unit(), Voice("en", "CNY"))
    number = '<b class="num" data-metric="bookings"><a href="#def-bookings">−¥1.85M</a></b>'
    assert said.startswith(f"East is {number} against plan (")
    assert '<a href="#def-bookings">7 regions</a>' in said


def test_plain_text_has_no_markup():
    assert plain(_unit(), Voice("zh", "CNY")) == "East较目标−185.0万元（达成率76.6%），在7个大区中差额最大。"


def test_without_metric_there_is_no_link():
    finding = Finding("t.share", {"share": 0.5, "change": -0.01})
    assert '<b class="num">50.0%</b>' in say(finding, Voice("en"))


def test_names_from_data_are_escaped(samples):
    for name in samples.HOSTILE:
        said = say(_unit(name), Voice("en"))
        assert "<script" not in said
        assert "<img" not in said
        assert plain(_unit(name), Voice("en")).startswith(name)


def test_a_missing_value_is_an_error_that_names_it():
    with pytest.raises(RunError, match=r"'t.unit' needs the value 'attainment'; the finding gives unit, gap"):
        say(Finding("t.unit", {"unit": "East", "gap": 1}), Voice("en"))


def test_a_growth_that_has_no_rate_reads_in_words():
    values = {"actual": 1_00, "growth": "new", "attainment": None, "pace": 0.5}
    assert plain(Finding("t.lead", values), Voice("en", "USD")).startswith("Bookings of $1.00 are new on")
