"""Odds are chosen by foretelling later quarters; what is not decided yet is made up for."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.pipeline import out_of_time
from salesops_lib.policy.selling import Process, Stage

DAY = pd.Timestamp("2026-01-01")
STAGES = (
    Stage(id="lead", en="Lead", zh="线索", rank=1, p_prior=0.1),
    Stage(id="won", en="Won", zh="赢单", rank=8, p_prior=1, category="won"),
    Stage(id="lost", en="Lost", zh="输单", rank=9, p_prior=0, category="lost"),
)
PROCESS = Process(stages=STAGES)


def history(n, seed, *, won_days=60, lost_days=60, rate=0.4, effect=0.0):
    """Deals of two years as seen every two weeks while open; lost ones may take longer, people may differ."""
    rng = np.random.default_rng(seed)
    created = rng.integers(0, 730, n)
    who = rng.integers(0, 10, n)
    won = rng.random(n) < rate + effect * np.where(who < 5, 1, -1)
    took = np.maximum(1, rng.exponential(np.where(won, won_days, lost_days))).astype(int)
    rows = []
    for day in range(0, 731, 14):
        at = np.flatnonzero((created <= day) & (day < created + took))
        rows.append(
            pd.DataFrame(
                {
                    "deal": at,
                    "day": day,
                    "end": created[at] + took[at],
                    "won": won[at],
                    "rep_id": who[at].astype(str),
                }
            )
        )
    seen = pd.concat(rows, ignore_index=True)
    start = DAY - pd.Timedelta(days=730)
    seen = seen.assign(
        day=start + pd.to_timedelta(seen.day, unit="D"),
        decided_on=start + pd.to_timedelta(seen.end, unit="D"),
        stage="lead",
    )
    open_yet = seen.decided_on > DAY
    return seen.assign(
        amount=1.0,
        final=1.0,
        decided_on=seen.decided_on.where(~open_yet),
        won=seen.won.astype(object).where(~open_yet),
    ).drop(columns="end"), rate


@pytest.mark.parametrize("seed", range(4))
def test_slow_losses_do_not_flatter_the_odds(seed):
    """Lost deals take five times as long: those decided yet are mostly won; weighted they are not."""
    rows, _ = history(3000, seed, won_days=30, lost_days=150)
    recent = rows[rows.day > DAY - pd.Timedelta(days=180)]
    known = out_of_time.decided(recent, DAY)
    truth, _ = history(3000, seed, won_days=30, lost_days=150)
    # of all open rows as long ago as two years minus half a year nearly every deal is decided: their share is the truth
    settled = truth[truth.day <= DAY - pd.Timedelta(days=450)].dropna(subset="won")
    share = settled.won.astype(bool).mean()
    plain, weighted = known.won.mean(), np.average(known.won, weights=known.weight)
    assert plain - share > 0.015  # three standard errors of some 2,500 rows of 600 deals
    assert abs(weighted - share) < abs(plain - share)


def test_few_decided_deals_leave_the_policys_odds():
    rows, _ = history(150, 1)
    chosen = out_of_time.choose(rows, DAY, PROCESS)
    assert chosen.name == "priors"
    assert chosen.scores.empty
    # (8 × 0.1 + wins) / (8 + rows): between the policy's odds and what was seen
    assert 0.1 < chosen.odds(rows.head(1))[0] < 0.5


def test_no_signal_is_an_answer():
    rows, rate = history(3000, 2)
    chosen = out_of_time.choose(rows, DAY, PROCESS)
    assert not chosen.has_signal
    assert chosen.ece < 0.05
    assert np.abs(chosen.odds(rows) - rate).mean() < 0.05


def test_a_planted_signal_is_found():
    rows, _ = history(3000, 3, effect=0.25)
    chosen = out_of_time.choose(rows, DAY, PROCESS)
    assert chosen.has_signal
    assert chosen.name == "model"
    told = chosen.odds(rows)
    strong = rows.rep_id.astype(int).to_numpy() < 5
    assert told[strong].mean() - told[~strong].mean() == pytest.approx(0.5, abs=0.1)
    by_name = chosen.scores.set_index("name")
    assert by_name.brier["model"] < by_name.brier["stages"] < by_name.brier["priors"]


def test_nothing_known_after_an_origin_is_learnt_from():
    """Outcomes decided after the day do not move what is said on it."""
    rows, _ = history(2000, 4)
    early = DAY - pd.Timedelta(days=200)
    known = rows[rows.day <= early]
    turned = known.assign(won=known.won.where(~(known.decided_on > early), True))
    first, second = (out_of_time.decided(r, early) for r in (known, turned))
    pd.testing.assert_frame_equal(first, second)


def test_an_origin_before_deals_were_followed_is_no_origin():
    """Decisions began to be kept ninety days ago: no quarter can be foretold yet."""
    rows, _ = history(3000, 5)
    began = DAY - pd.Timedelta(days=90)
    rows = rows[rows.decided_on.isna() | (rows.decided_on >= began)]
    assert out_of_time.choose(rows, DAY, PROCESS).name == "priors"


@pytest.mark.parametrize("has_stages", [True, False])
def test_a_column_that_nobody_filled_takes_no_part(has_stages):
    """Products are named by nobody: odds are told all the same, as without them."""
    rows, _ = history(2000, 6)
    rows = rows if has_stages else rows.drop(columns="stage")
    chosen = out_of_time.choose(
        rows.assign(product=pd.Series([None] * len(rows), rows.index, dtype=object)), DAY, PROCESS
    )
    plain = out_of_time.choose(rows, DAY, PROCESS)
    assert chosen.scores.brier.tolist() == pytest.approx(plain.scores.brier.tolist(), abs=2e-3)
