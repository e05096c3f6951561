"""The bridge of the sample company against the changes planted in it, counted from its raw files by pandas."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib import open_workspace, pipeline
from salesops_lib.metrics import Exhibit
from salesops_lib.pipeline import as_of, moves

sys.path.append(str(Path(__file__).parents[1] / "notebooks"))

from built_once import sample_company  # noqa: F401


@pytest.fixture(scope="module")
def ws(sample_company):  # noqa: F811
    opened = open_workspace(sample_company, period="2025-06", lang="en")
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def planted(sample_company):  # noqa: F811
    """Deals and changes as the files hold them; days as text."""
    raw = sample_company / "data" / "raw"
    deals = (
        pd.read_csv(raw / "opportunities.csv", dtype=str)
        .drop_duplicates("Opportunity ID")
        .set_index("Opportunity ID")
    )
    changes = pd.read_csv(raw / "opportunity_history.csv", dtype=str).drop_duplicates()
    return deals, changes


def standing(planted, day):
    """Amount (fen), close date and outcome of each deal at the close of a day."""
    deals, changes = planted
    found = deals[deals.Created <= day].copy()
    closed = found["Close Date"].fillna("9999") <= day
    for field, column in (("amount", "Amount"), ("expected_close_on", "Expected Close")):
        own = changes[changes.Field == field].sort_values("Changed At", kind="stable")
        past = own[own["Changed At"] <= day].groupby("Opportunity ID")["New Value"].last()
        ahead = own[own["Changed At"] > day].groupby("Opportunity ID")["Old Value"].first()
        found[field] = (
            pd.Series(found.index.map(past), found.index)
            .fillna(pd.Series(found.index.map(ahead), found.index))
            .fillna(found[column])
        )
    found["fen"] = (found.amount.astype(float) * 100).round()
    return found.assign(state=found.Outcome.where(closed, "open"))[["fen", "expected_close_on", "state"]]


@pytest.mark.parametrize(("months", "ahead"), [(1, 92), (6, 20)])
def test_the_bridge_is_what_was_planted(ws, planted, months, ahead):
    end = ws.window.end
    start = (pd.Timestamp(ws.window.start) - pd.DateOffset(months=months - 1) - pd.Timedelta(days=1)).date()
    due = end + timedelta(days=ahead)
    a, b = standing(planted, str(start)), standing(planted, str(end))
    both = b.join(a, suffixes=("1", "0"))
    was = (both.state0 == "open") & (both.expected_close_on0 <= str(due))
    stands = (both.state1 == "open") & (both.expected_close_on1 <= str(due))
    change = (both.fen1.fillna(0) - both.fen0.fillna(0)).where(was | (stands & both.state0.notna()), 0)
    wanted = {
        "open_before": both.fen0[was].sum(), "created": both.fen1[stands & both.state0.isna()].sum(),
        "pulled_in": both.fen0[stands & ~was & both.state0.notna()].sum(), "increased": change.clip(lower=0).sum(),
        "decreased": change.clip(upper=0).sum(), "pushed_out": -both.fen1[was & (both.state1 == "open") & ~stands].sum(),
        "won": -both.fen1[was & (both.state1 == "won")].sum(), "lost": -both.fen1[was & (both.state1 == "lost")].sum(),
        "open_after": both.fen1[stands].sum(),
    }  # fmt: skip
    found = moves.movement(ws, start, end, due).iloc[0]
    assert {step: int(found[step]) for step in wanted} == {step: int(value) for step, value in wanted.items()}
    assert wanted["pulled_in"] == 0  # the sample company only ever pushes
    assert all(
        wanted[step] for step in ("open_before", "won", "lost", "increased", "decreased", "open_after")
    )


def test_stages_of_a_day_are_those_entered_by_then(ws, planted):
    deals, changes = planted
    own = changes[changes.Field == "stage"].sort_values("Changed At", kind="stable")
    day = str(ws.window.end)
    past = own[own["Changed At"] <= day].groupby("Opportunity ID")["New Value"].last()
    live = (deals.Created <= day) & (deals["Close Date"].fillna("9999") > day)
    wanted = pd.Series(deals.index[live].map(past)).fillna("lead").value_counts().to_dict()
    found = ws.facts.query(
        f"SELECT stage, COUNT(*) AS n FROM ({as_of.OPEN}) AS s GROUP BY stage", as_of.bound(ws.window.end)
    )
    said = {ws.policy.process.stage(stage).id: n for stage, n in zip(found.stage, found.n)}
    assert said == wanted


def test_all_sections_are_there_and_worded(ws, tmp_path, worded):
    found = [*pipeline.bridge(ws), *pipeline.slips(ws), pipeline.faults(ws)]
    assert all(isinstance(one, Exhibit) for one in found)
    assert worded(ws, found, tmp_path)
