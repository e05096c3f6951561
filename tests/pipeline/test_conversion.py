"""Conversion by mature cohorts, win rates and the funnel, by hand and against a count deal by deal."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from deals import STAGES, closed, deal, drawn, moves

from salesops_lib import pipeline
from salesops_lib.pipeline.conversion import mature

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


@pytest.fixture(scope="module")
def ws(shared_workspace):
    """Ten deals of January, created in stage lead; all closed within 10 days, so January is mature at the end of March.

    1–4 lost in lead, 5–6 lost in needs, 7 skips needs and is lost in quote, 8–10 won, 9 straight from lead.
    """
    deals = [closed(n, "lost", "2026-01-05", "2026-01-15") for n in range(1, 8)]
    deals += [closed(n, "won", "2026-01-05", "2026-01-15", amount=3000) for n in (8, 9, 10)]
    deals += [deal(11, created="2026-03-20")]  # too young to be judged
    history = [m for n in range(1, 5) for m in moves(n, ("2026-01-15", "lead", "lost"))]
    history += [
        m for n in (5, 6) for m in moves(n, ("2026-01-08", "lead", "needs"), ("2026-01-15", "needs", "lost"))
    ]
    history += moves(7, ("2026-01-09", "lead", "quote"), ("2026-01-15", "quote", "lost"))
    for n in (8, 10):
        days = ("2026-01-07", "2026-01-09", "2026-01-11", "2026-01-15")
        history += moves(n, *zip(days, STAGES, (*STAGES[1:], "won")))
    history += moves(9, ("2026-01-15", "lead", "won"))
    return shared_workspace(**MARCH, opportunities=deals, opportunity_changes=history)


def test_the_funnel_by_hand(ws):
    frame = pipeline.conversion(ws).frame.set_index("step")
    # lead: 10 entered, 6 went on; needs: 2 by name, 1 skipped, 3 won; quote: 1 + 3; contract: the 3 won
    assert frame.n.to_dict() == {"lead": 10, "needs": 6, "quote": 4, "contract": 3, "won": 3}
    assert frame.rate[:-1].tolist() == pytest.approx([0.6, 4 / 6, 3 / 4, 1.0])
    assert frame.amount["lead"] == 7 * 1000 + 3 * 3000
    assert (frame.low["lead"], frame.high["lead"]) == pytest.approx(
        (0.3127, 0.8318), abs=1e-4
    )  # Wilson, 6 of 10
    assert frame.window_before[:-1].isna().all()


def test_a_month_is_mature_when_95_of_100_would_be_decided(ws):
    cohorts = mature(ws)
    assert cohorts.age == 10  # every deal took ten days
    assert cohorts.last.label == "2026-02"  # its last day is 31 days back, that of March none
    assert pipeline.conversion(ws).frame.n.iloc[0] == 10  # not the deal of March


def test_win_rates_by_number_value_and_cohort(ws, found):
    exhibit = pipeline.won_shares(ws)
    frame = exhibit.frame.set_index("label")
    assert frame.value.to_dict() == pytest.approx({"by_number": 0.3, "by_value": 9 / 16, "by_cohort": 0.3})
    assert frame.n.to_dict() == {"by_number": 10, "by_value": 10, "by_cohort": 10}
    # 16² / (7·1 + 3·9): ten deals of unequal size tell as much as 7.5
    assert found(exhibit)["note.win_rates"].values["n_effective"] == pytest.approx(256 / 34)
    assert frame.high["by_value"] - frame.low["by_value"] > frame.high["by_number"] - frame.low["by_number"]


def test_six_of_twenty(workspace):
    deals = [closed(n, "won" if n < 6 else "lost", "2026-01-05", "2026-02-15") for n in range(20)]
    frame = pipeline.won_shares(workspace(**MARCH, opportunities=deals)).frame
    assert [round(frame[c][0], 2) for c in ("value", "low", "high")] == [0.30, 0.15, 0.52]  # C17


def test_closed_deals_without_stages_are_counted_and_left_out(workspace, found):
    deals = [
        closed(1, "won", "2026-01-05", "2026-01-15"),
        *(closed(n, "lost", "2026-01-05", "2026-01-15") for n in (2, 3)),
    ]
    ws = workspace(
        **MARCH, opportunities=deals, opportunity_changes=moves(1, ("2026-01-10", "lead", "needs"))
    )
    exhibit = pipeline.conversion(ws)
    assert exhibit.frame.n.iloc[0] == 1
    assert found(exhibit)["note.stages_not_noted"].values["n"] == 2


def test_what_comes_later_is_not_used(workspace, ws):
    later = [deal(1, created="2026-01-05"), *(closed(n, "won", "2026-01-05", "2026-04-15") for n in (2, 3))]
    history = [
        m for n in (2, 3) for m in moves(n, ("2026-04-10", "lead", "quote"), ("2026-04-15", "quote", "won"))
    ]
    judged = workspace(**{**MARCH, "as_of": "2026-04-30"}, opportunities=[*later, closed(4, "lost", "2026-01-05", "2026-01-09")],
                       opportunity_changes=[*history, *moves(4, ("2026-01-09", "lead", "lost"))])  # fmt: skip
    frame = pipeline.conversion(judged).frame.set_index("step")
    assert (frame.n["lead"], frame.rate["lead"], frame.n["won"]) == (4, 0.0, 0)
    assert pipeline.won_shares(judged).frame.n[0] == 1


def test_without_a_history_nothing_is_guessed(workspace):
    missing = pipeline.conversion(
        workspace(**MARCH, opportunities=[closed(1, "won", "2026-01-05", "2026-01-15")])
    )
    assert (missing.needs[0], missing.why) == ("opportunity_changes", "note.history_needed")


def test_a_fall_that_chance_does_not_explain_is_told(workspace, found):
    """Of 100 deals a month 80 go on until July 2025, 40 from then; the window before is the half year before."""
    deals, history, number = [], [], 0
    for month in range(18):
        day = (
            date(2024, 7 + month, 1) if month < 6 else date(2025 + (month - 6) // 12, 1 + (month - 6) % 12, 1)
        )
        for place in range(100):
            number += 1
            goes_on = place < (80 if month < 11 else 40)
            end = (day + timedelta(days=20)).isoformat()
            deals.append(closed(number, "lost", day.isoformat(), end))
            steps = [((day + timedelta(days=3)).isoformat(), "lead", "needs")] if goes_on else []
            history += moves(number, *steps, (end, "needs" if goes_on else "lead", "lost"))
    ws = workspace(period="2025-12", as_of="2025-12-31", opportunities=deals, opportunity_changes=history)
    told = found(pipeline.conversion(ws))["conversion.fell"]
    assert (told.values["stage"], told.tone) == ("lead", "bad")
    # June to November against December to May: 80 % in all of the latter
    assert told.values["delta"] == pytest.approx(-0.4)
    assert told.values["high"] < 0


def test_against_a_count_of_each_deal(company):
    """The same funnel, deal by deal in pandas."""
    ws, truth = company
    cohorts = mature(ws)
    closed_days = [
        (t.ended - t.created).days
        for t in truth.itertuples()
        if t.end != "open" and date(2025, 1, 1) <= t.ended
    ]
    assert cohorts.age == pytest.approx(np.quantile(closed_days, 0.95))
    months = cohorts.months(cohorts.n_months)
    entered, went = [0] * 4, [0] * 4
    for t in truth.itertuples():
        days = [*t.entered, *([t.ended] * (5 - len(t.entered)) if t.end == "won" else [])]
        for place in range(4):
            if place < len(days) and months[0].start <= days[place] <= months[-1].end:
                entered[place] += 1
                went[place] += place + 1 < len(days)
    frame = pipeline.conversion(ws).frame
    assert frame.n[:4].tolist() == entered
    assert frame.rate[:4].tolist() == pytest.approx([w / e for w, e in zip(went, entered)])
    assert frame.n[4] == went[3]


def test_the_heat_map_holds_small_cells_back(company):
    ws, _ = company
    heat = pipeline.conversion(ws).parts[0].frame
    assert heat.value[heat.n < ws.policy.report.suppress_below].isna().all()
    assert heat.value[heat.n >= ws.policy.report.suppress_below].between(0, 1).all()
    assert len(heat) == 12 * 4


def test_win_rates_against_pandas(company):
    ws, truth = company
    since = date(2025, 12, 31) - timedelta(days=ws.policy.process.win_rate_days - 1)
    recent = truth[[t.end != "open" and t.ended >= since for t in truth.itertuples()]]
    frame = pipeline.won_shares(ws).frame.set_index("label")
    is_won = recent.end == "won"
    assert frame.value["by_number"] == pytest.approx(is_won.mean())
    assert frame.value["by_value"] == pytest.approx(recent.amount[is_won].sum() / recent.amount.sum())
    assert not math.isnan(frame.base["by_number"])


def test_another_draw_still_adds_up(workspace):
    deals, changes, _ = drawn(300, seed=5)
    ws = workspace(period="2025-12", as_of="2025-12-31", opportunities=deals, opportunity_changes=changes)
    frame = pipeline.conversion(ws).frame
    assert isinstance(frame, pd.DataFrame)
    assert (frame.rate[:-1].between(0, 1)).all()
