"""Recommendation with its interval, and why deals are lost."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib import customer_voice

YEAR = {"period": "2025-12", "as_of": "2025-12-31"}


def answers(promoters, passives, detractors, *, customer="e", day="2025-06-02", instrument="NPS"):
    scores = [9, 10] * promoters + [7, 8] * passives + [0, 6] * detractors
    scores = (
        scores[:promoters]
        + scores[2 * promoters :][:passives]
        + scores[2 * promoters + 2 * passives :][:detractors]
    )
    return [
        {"survey_id": f"{customer}{day}{instrument}{n}", "customer_id": customer, "answered_on": day, "instrument": instrument, "score": s}
        for n, s in enumerate(scores)
    ]  # fmt: skip


PLACES = [{"customer_id": "e", "region": "East"}, {"customer_id": "w", "region": "West"}]


@pytest.fixture(scope="module")
def exhibit(shared_workspace):
    """45 promoters, 35 passives, 20 detractors in all; the year before 60 to 10 of 100."""
    surveys = [*answers(41, 34, 20), *answers(4, 0, 0, customer="w"), *answers(0, 1, 0, customer="nobody"),
               *answers(60, 30, 10, day="2024-06-03"), *answers(0, 0, 9, instrument="csat")]  # fmt: skip
    return customer_voice.promoter_score(shared_workspace(**YEAR, surveys=surveys, customers=PLACES))


def test_the_total_is_25_plus_minus_15(exhibit):
    total = exhibit.frame.iloc[0]
    assert (total.label, total.value, total.n, total.base) == (
        "total",
        pytest.approx(25),
        100,
        pytest.approx(50),
    )
    assert (total.low, total.high) == (pytest.approx(10, abs=0.05), pytest.approx(40, abs=0.05))


def test_small_groups_are_held_back_and_that_is_said(exhibit, found):
    assert exhibit.frame.label.tolist() == ["total", "East"]  # 4 of West and 1 unknown are below 5
    assert found(exhibit)["note.suppressed"].values == {"n": 2, "below": 5}
    assert exhibit.frame.value[1] == pytest.approx(100 * 21 / 95)


def test_a_small_group_cannot_be_worked_out_from_the_total(workspace, found):
    """3 of West: the total less East would give them away, so East is held back too (FAULTS.md S51)."""
    surveys = [*answers(42, 34, 20), *answers(3, 0, 0, customer="w"), *answers(2, 0, 0, day="2024-06-03")]
    exhibit = customer_voice.promoter_score(workspace(**YEAR, surveys=surveys, customers=PLACES))
    assert exhibit.frame.label.tolist() == ["total"]
    assert pd.isna(exhibit.frame.base[0])  # two answers of the year before are too few as well
    assert found(exhibit)["note.suppressed"].values == {"n": 2, "below": 5}


def test_a_move_beyond_the_interval_is_a_move(exhibit, found):
    assert found(exhibit)["nps.moved"].tone == "bad"


def test_a_move_inside_the_interval_is_none(workspace, found):
    surveys = [*answers(45, 35, 20), *answers(50, 30, 20, day="2024-06-03")]
    assert "nps.same" in found(
        customer_voice.promoter_score(workspace(**YEAR, surveys=surveys, customers=PLACES))
    )


def test_without_a_year_before_there_is_only_now(workspace, found):
    made = customer_voice.promoter_score(workspace(**YEAR, surveys=answers(45, 35, 20)))
    assert "nps.now" in found(made)
    assert pd.isna(made.frame.base[0])


def test_too_few_answers_are_not_shown_at_all(workspace):
    assert customer_voice.promoter_score(workspace(**YEAR, surveys=answers(2, 1, 1))).needs == (
        "surveys.score",
    )


def test_loss_reasons(workspace, found):
    lost = {"stage": "x", "created_on": "2025-01-02", "closed_on": "2025-06-02", "outcome": "lost"}
    ws = workspace(
        **YEAR,
        opportunities=[
            lost | {"opportunity_id": "1", "loss_reason": "price", "amount": 300}, lost | {"opportunity_id": "2", "loss_reason": "price", "amount": 300},
            lost | {"opportunity_id": "3", "loss_reason": "delivery", "amount": 300}, lost | {"opportunity_id": "4", "amount": 100},
            lost | {"opportunity_id": "5", "loss_reason": "price", "amount": 9999, "closed_on": "2024-12-31"},
            lost | {"opportunity_id": "6", "loss_reason": "price", "amount": 9999, "outcome": "won"},
        ],
    )  # fmt: skip
    exhibit = customer_voice.loss_reasons(ws)
    assert exhibit.frame[["name", "amount", "n"]].values.tolist() == [
        ["price", 600, 2],
        ["delivery", 300, 1],
        ["not_stated", 100, 1],
    ]
    assert exhibit.frame.share.tolist() == [0.6, 0.3, 0.1]
    assert found(exhibit)["losses.first"].values["amount"] == 1000


def test_what_is_needed(workspace):
    ws = workspace(**YEAR)
    assert customer_voice.promoter_score(ws).needs == ("surveys.score", "surveys.instrument")
    assert customer_voice.loss_reasons(ws).needs == ("opportunities.loss_reason", "deals.closed_on")
