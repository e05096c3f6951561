"""The team's page, and what a person's page is given of the company, are the same on PostgreSQL."""

from __future__ import annotations

import pandas as pd
import pytest
from whole_reports import assert_equal, told

from salesops_lib.team import peers
from salesops_lib.team.own_measures import own_measures
from salesops_lib.workspace import open_workspace
from tests.tables.test_whole_reports import company, elsewhere  # noqa: F401

TEAM = {"12_team": {"period": "2025-Q4"}}


@pytest.mark.postgres
def test_the_team_on_postgresql(company, elsewhere, server, tmp_path):  # noqa: F811
    root = elsewhere(f"{server}#team")
    mine, theirs = told(company, tmp_path / "here", TEAM), told(root, tmp_path / "there", TEAM)
    assert mine.missing == {("12_team", "account_coverage")}
    assert theirs.statements.keys() == mine.statements.keys()
    assert_equal(theirs, mine)


@pytest.mark.postgres
def test_what_pages_of_people_are_given_on_postgresql(company, elsewhere, server):  # noqa: F811
    here, there = (open_workspace(at, period="2025-11") for at in (company, elsewhere(f"{server}#people")))
    try:
        for made in (
            own_measures,
            lambda ws: peers.context(ws).bands,
            lambda ws: peers.context(ws).customers,
        ):
            mine, theirs = (
                made(ws).pipe(lambda f: f.sort_values(list(f.columns), ignore_index=True))
                for ws in (here, there)
            )
            assert len(mine) > 10
            pd.testing.assert_frame_equal(theirs, mine, check_dtype=False, rtol=1e-9)
    finally:
        here.close()
        there.close()
