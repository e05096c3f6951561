"""A report as a notebook writes it: a header, sections, and an end, shown as they are made.

    page = Page(ws, "10_performance_review")
    page.headline(finding)
    page.section(exhibit)
    page.close(output)

In JupyterLab the cells show the finished looks; `template.render` later makes the same
outputs into one self-contained page for each language.  Figures are computed once, whatever
the number of languages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting.edition import Edition


class Page:
    """A report in the making, in each language of its workspace; making one shows its header.

    Parameters
    ----------
    workspace
        What the report is about: languages, period, as-of date, policy, calendar.
    report_id
        Stem of the notebook: names the report's title in the catalogue.
    grade
        Grade of the data by its quality checks, shown in the header.
    scope
        Whom the report covers; the whole company when empty.
    one_sheet
        True prints it on one sheet: small, in two columns, without definitions and provenance, which the screen shows.
    """

    def __init__(
        self, workspace: Any, report_id: str, *, grade: str = "", scope: str = "", one_sheet: bool = False
    ) -> None:
        languages = getattr(workspace, "languages", ())
        spoken = [replace(workspace, lang=lang) for lang in languages[1:]]
        self.editions = [
            Edition(ws, report_id, grade=grade, scope=scope, one_sheet=one_sheet)
            for ws in (workspace, *spoken)
        ]

    def headline(
        self,
        *leads: Exhibit | Missing | Finding,
        movers: Sequence[Exhibit | Missing | Finding] = (),
        asks: Exhibit | Sequence[Finding] = (),
        heading: str = "ui.movers",
    ) -> None:
        """Show the first block: one sentence, what moved, and what has to be decided.

        Parameters
        ----------
        leads
            The first of them that found anything gives the sentence.
        movers
            Each gives its first finding; at most four are shown.
        asks
            An exhibit of actions, with owners and days, or findings; at most three are shown.
        heading
            The catalogue's word above `movers`.
        """
        for edition in self.editions:
            edition.headline(*leads, movers=movers, asks=asks, heading=heading)

    def section(self, *exhibits: Exhibit | Missing) -> None:
        """Show exhibits as one numbered section, the first leading.

        One that cannot be measured says in one line what it needs.
        """
        for edition in self.editions:
            edition.section(*exhibits)

    def digest(self) -> dict[str, str]:
        """The first finding of each section as plain text, by id: what a test compares."""
        return self.editions[0].digest()

    def close(self, output: str | Path = "") -> None:
        """Show definitions and provenance; write `page.<lang>.json`, `.xlsx` and what is kept into `output` when given."""
        for edition in self.editions:
            edition.close(output)
