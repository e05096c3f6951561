"""Campaigns: planted effects are found, none is found where none was planted, and what was not drawn by lot is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.segmentation.uplift import (
    TLearner,
    average_effect,
    balance,
    campaign,
    qini,
    qini_coefficient,
    qini_curve,
    scored_out_of_fold,
)


def drawn(seed: int, n: int = 4000, effect: float = 0.0, only_large: bool = False) -> pd.DataFrame:
    """Customers of two sizes and three regions; half are treated by lot, their chance to buy rises by `effect`."""
    rng = np.random.default_rng(seed)
    large = rng.random(n) < 0.3
    treated = rng.random(n) < 0.5
    chance = np.where(large, 0.3, 0.15) + effect * treated * (large if only_large else 1)
    return pd.DataFrame(
        {
            "is_large": large.astype(float),
            "orders": rng.poisson(3, n),
            "region": rng.choice(["north", "south", "east"], n),
            "treated": treated,
            "outcome": (rng.random(n) < chance).astype(float),
        }
    )


def test_where_nothing_was_planted_nothing_is_found():
    said = [campaign(drawn(seed), unit="ratio").findings for seed in range(6)]
    assert sum(effect.id == "uplift.none_ratio" for effect, _ in said) >= 5
    assert sum(choice.id == "uplift.no_choice_ratio" for _, choice in said) >= 5


def test_a_planted_segment_that_responds_is_found():
    frame = drawn(1, effect=0.3, only_large=True)
    made = campaign(frame, unit="ratio")
    effect, choice = made.findings
    assert effect.id == "uplift.more_ratio"
    assert effect.values["low"] < 0.09 < effect.values["high"]  # 0.3 of three customers in ten
    assert choice.id == "uplift.choose_ratio"
    known = frame[["is_large", "orders", "region"]]
    score = scored_out_of_fold(known, frame.outcome, frame.treated)
    by_size = pd.Series(score).groupby(frame.is_large).mean()
    assert by_size[1.0] == pytest.approx(0.3, abs=0.06)
    assert by_size[0.0] == pytest.approx(0.0, abs=0.04)
    # the best that a ranking can do: all of the effect within the first three tenths
    assert choice.values["qini"] == pytest.approx(0.09 * (1 - 0.3) / 2, rel=0.4)


def test_the_same_effect_for_all_gives_no_reason_to_choose():
    effect, choice = campaign(drawn(3, effect=0.15), unit="ratio").findings
    assert effect.id == "uplift.more_ratio"
    assert choice.id == "uplift.no_choice_ratio"


def test_a_harmful_campaign_is_called_so():
    effect, _ = campaign(drawn(2, effect=-0.1), unit="ratio").findings
    assert (effect.id, effect.tone) == ("uplift.less_ratio", "bad")


def test_what_was_not_drawn_by_lot_is_refused_and_the_difference_named():
    frame = drawn(1)
    frame["treated"] = (frame.orders > 3) | (np.arange(len(frame)) % 5 == 0)
    with pytest.raises(DataError, match=r"not randomised.*most in orders \(\+1\.\d+ standard deviations\)"):
        campaign(frame)


def test_a_draw_is_refused_as_rarely_as_it_should():
    chances = [
        balance(f.drop(columns=["treated", "outcome"]), f.treated).chance for f in map(drawn, range(200))
    ]
    assert np.sum(np.array(chances) < 0.001) <= 1
    assert np.mean(np.array(chances) < 0.1) == pytest.approx(0.1, abs=0.06)


def test_missing_outcomes_and_small_groups_are_refused():
    frame = drawn(1, n=200)
    with pytest.raises(DataError, match="1 of 200 rows lack outcome or treated, the first is row 7"):
        campaign(frame.assign(outcome=frame.outcome.mask(frame.index == 7)))
    with pytest.raises(DataError, match="at least 30 of each"):
        campaign(frame.head(40))
    with pytest.raises(DataError, match="'maybe'"):
        campaign(frame.assign(treated="maybe"))


def test_a_curve_by_hand():
    # of six, the first two scores hold both answers of the treated; those left out never bought
    curve = qini_curve([1, 0, 1, 0, 0, 0], [1, 0, 1, 0, 1, 0], [3, 3, 2, 2, 1, 1])
    assert curve.x.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 1])
    assert curve.y.tolist() == pytest.approx([0, 1 / 3, 2 / 3, 2 / 3])
    assert qini_coefficient(curve) == pytest.approx(1 / 3 * (1 / 6 + 1 / 2 + 2 / 3) - 1 / 3)


def test_the_curve_ends_at_the_mean_effect_whatever_the_order():
    frame = drawn(4, effect=0.1)
    effect = average_effect(frame.outcome, frame.treated).value
    for score in (frame.orders, -frame.orders, np.zeros(len(frame))):
        assert qini_curve(frame.outcome, frame.treated, score).y.iloc[-1] == pytest.approx(effect)
    assert qini_coefficient(qini_curve(frame.outcome, frame.treated, np.zeros(len(frame)))) == pytest.approx(
        0
    )


def test_the_interval_holds_the_truth_of_a_known_score():
    frames = [drawn(seed, n=2000, effect=0.3, only_large=True) for seed in range(20)]
    found = [qini(f.outcome, f.treated, f.is_large) for f in frames]
    truth = 0.09 * 0.7 / 2
    assert sum(one.low <= truth <= one.high for one in found) >= 17


def test_a_learner_is_what_its_two_models_say():
    frame = drawn(5, effect=0.2)
    learner = TLearner().fit(frame[["orders"]], frame.outcome, frame.treated)
    assert learner.predict(frame[["orders"]]).mean() == pytest.approx(0.2, abs=0.05)
