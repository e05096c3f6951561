"""Workbooks: numbers as numbers, text as text, no formula, the same bytes."""

from __future__ import annotations

import re
import zipfile
from datetime import date

import pytest

from salesops_lib.metrics import Exhibit
from salesops_lib.reporting import Voice, write_workbook


@pytest.fixture
def book(samples, tmp_path):
    def make(lang="en", name="a.xlsx", exhibits=None):
        chosen = exhibits or [e for e in samples.exhibits(lang) if isinstance(e, Exhibit)]
        return write_workbook(
            chosen, tmp_path / name, voice=Voice(lang, "CNY"), title="T", about=["As of today"]
        )

    return make


def _sheet(path, name):
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()


def test_one_sheet_an_exhibit_and_an_index(book):
    from python_calamine import CalamineWorkbook

    names = CalamineWorkbook.from_path(book()).sheet_names
    assert names[0] == "Contents"
    assert {"attainment_by_region", "bookings_by_month", "growth_bridge", "top_customers"} <= set(names)


def test_money_stands_in_whole_units_and_rates_as_numbers(book):
    rows = _sheet(book(), "attainment_by_region")
    assert rows[4][:4] == ["Unit", "Actual", "Target", "Previous year"]
    east = rows[5]
    assert east[:4] == ["East", 14_200_000.0, 12_500_000.0, 12_900_000.0]
    assert east[rows[4].index("Attainment")] == pytest.approx(1.136)
    assert rows[10][2] == ""  # no target is no number, not zero


def test_all_rows_are_there(book):
    assert len(_sheet(book(), "top_customers")) == 5 + 23


def test_a_scorecard_keeps_each_metrics_unit(book):
    rows = _sheet(book(), "scorecard")
    assert [row[1] for row in rows[5:9]] == [46_012_345.0, 41_800_000.0, 0.312, 38.0]


def test_actions_are_worded_and_dated(book):
    rows = _sheet(book("zh"), "next_steps")
    assert rows[5][0] == "确定西南大区的追补方案，金额185.0万元"
    assert rows[5][2] == date(2026, 4, 10)


def test_nothing_is_a_formula_or_a_link(book, samples):
    path = book()
    with zipfile.ZipFile(path) as parts:
        xml = "".join(parts.read(n).decode() for n in parts.namelist() if n.startswith("xl/worksheets/"))
    assert "<f>" not in xml
    assert "<f " not in xml
    assert "hyperlink" not in xml
    names = [row[0] for row in _sheet(path, "sources")][6:]
    assert names == list(samples.HOSTILE)


def test_same_exhibits_same_bytes(book):
    assert book(name="a.xlsx").read_bytes() == book(name="b.xlsx").read_bytes()


def test_awkward_sheet_names_are_made_valid_and_unique(book, samples):
    frame = samples.table().frame
    ids = ["a" * 40, "a" * 40 + "b", "x/y:z", "X-Y-Z", "history"]
    path = book(exhibits=[Exhibit(i, "table", frame) for i in ids])
    from python_calamine import CalamineWorkbook

    names = CalamineWorkbook.from_path(path).sheet_names[1:]
    assert names == ["a" * 31, "a" * 29 + "-2", "x-y-z", "X-Y-Z-2", "history-2"]
    assert all(len(n) <= 31 and not re.search(r"[\[\]:*?/\\]", n) for n in names)
