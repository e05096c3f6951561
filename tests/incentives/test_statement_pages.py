"""Statements of the sample company as pages and workbooks, in both languages."""

from __future__ import annotations

import json

import openpyxl
import pytest

from salesops_lib.incentives import statement_report
from salesops_lib.incentives.own_statement import OwnStatement
from salesops_lib.incentives.statements import statements
from salesops_lib.reporting import Page
from salesops_lib.workspace import open_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def ws(sample_company):
    opened = open_workspace(sample_company, period="2025-11", lang="en,zh")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def made(ws):
    return statements(ws)


def test_everybodys_sums_are_exact(ws, made):
    """Making the exhibits demands that slices, steps, open lines and the year agree to the minor unit."""
    for payee in made.people.payee:
        statement_report.own_report(OwnStatement(ws, made.of(payee)))


@pytest.mark.parametrize("role", ["ae", "am", "manager", "director"])
def test_page_and_workbook_say_what_is_paid(ws, made, tmp_path, role):
    payee = made.people[made.people.role == role].payee.iloc[0]
    own = OwnStatement(ws, made.of(payee))
    report = statement_report.own_report(own)
    page = Page(ws, "31_incentive_statement")
    page.headline(*report.lead, movers=report.movers, heading="ui.in_short")
    for section in (
        report.paid,
        report.origin,
        report.standing,
        report.open,
        report.year,
        report.corrections,
    ):
        page.section(*section)
    page.close(tmp_path)
    amount = f"{own.paid / 100:,.2f}"
    for lang in ("en", "zh"):
        assert amount in json.loads((tmp_path / f"page.{lang}.json").read_text("utf-8"))["headline"]
        book = openpyxl.load_workbook(tmp_path / f"page.{lang}.xlsx")
        steps = [row for row in book["statement_steps"].iter_rows(min_row=5, values_only=True) if row[0]]
        assert steps[-1][1] == pytest.approx(own.paid / 100, abs=1e-9)
        slices = list(book["statement_slices"].iter_rows(min_row=5, values_only=True))
        paid = [row[-2] for row in slices if isinstance(row[-2], int | float)]
        assert round(sum(paid[:-1]), 2) == round(paid[-1], 2) == round(own.made.slices.pay.sum() / 100, 2)
        assert len(paid) - 1 == len(own.made.slices)  # every slice, whatever the page shows
