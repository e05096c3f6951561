"""Spiffs, contests and awards equal their plain reference, in any order of rows."""

from __future__ import annotations

import os
import random
from dataclasses import replace

import pandas as pd

from salesops_lib.incentives.awards import winners
from salesops_lib.incentives.contests import places
from salesops_lib.incentives.spiffs import paid_lines
from tests.incentives import random_pay, reference_prizes

SEED = int(os.environ.get("SALESOPS_SEED", "20261126"))
N = 40
COLUMNS = ["payee", "credited_on", "order_id", "line_id", "kind", "amount", "order_amount"]


def test_spiffs_pay_what_the_reference_pays_within_the_budget():
    print(f"SALESOPS_SEED={SEED}")
    draw = random.Random(SEED)
    n_short = 0
    for number in range(N):
        spiff, lines = random_pay.spiff(draw), random_pay.spiff_lines(draw)
        rounding = draw.choice(("half_even", "half_up"))
        frame = pd.DataFrame(lines, columns=COLUMNS).astype({"amount": "int64", "order_amount": "int64"})
        found = paid_lines(spiff, frame, rounding=rounding)
        asked = reference_prizes.spiff_pay(spiff, lines, rounding)
        got = {reference_prizes.key(row): row["pay"] for row in found.to_dict("records")}
        assert got == asked, f"seed {SEED}, spiff {number}: {spiff}"
        again = paid_lines(spiff, frame.sample(frac=1, random_state=number), rounding=rounding)
        pd.testing.assert_frame_equal(found, again)
        if spiff.budget is not None:
            spent = found.groupby("credited_on").pay.sum().cumsum()
            assert (spent <= int(spiff.budget * 100)).all()
            n_short += found.reason.isin(["paid_in_part", "budget_used_up"]).any()
        assert (found.groupby(["payee", "order_id"]).pay.sum() >= 0).all()
    assert n_short > N // 20


def test_contests_have_the_places_and_prizes_of_the_reference():
    draw = random.Random(SEED)
    n_tied = 0
    for number in range(N):
        contest, zero_quota = random_pay.contest(draw), random_pay.zero_quota(draw)
        standings = random_pay.standings(draw, zero_quota)
        found = places(contest, standings)
        asked = reference_prizes.contest_places(contest, standings)
        said = f"seed {SEED}, contest {number}: {contest}\n{found}"
        placed = found[found.place.notna()]
        assert set(placed.payee) == set(asked), said
        for row in placed.itertuples():
            place, tied, exact = asked[row.payee]
            assert (row.place, row.n_tied) == (place, tied), said
            assert abs(row.prize - exact) < 1, said
        by_place = placed.groupby("place").agg(prize=("prize", "sum"), n=("prize", "size"))
        for place, row in by_place.iterrows():  # not a unit is lost
            assert row.prize == sum(asked[p][2] for p in placed.payee[placed.place == place]), said
        assert (found.prize[found.place.isna()] == 0).all()
        n_tied += (placed.n_tied > 1).any()
        pd.testing.assert_frame_equal(found, places(contest, shuffled(standings, number)))
    assert n_tied > N // 20


def test_awards_have_the_winners_of_the_reference():
    draw = random.Random(SEED)
    reasons = set()
    for number in range(N):
        award, standings = random_pay.award(draw), random_pay.standings(draw, random_pay.zero_quota(draw))
        found = winners(award, standings)
        asked = reference_prizes.award_winners(award, standings)
        assert set(found.payee[found.is_winner]) == asked, f"seed {SEED}, award {number}: {award}\n{found}"
        assert found.is_winner.equals(found.reason == "won")
        reasons |= set(found.reason)
        pd.testing.assert_frame_equal(found, winners(award, shuffled(standings, number)))
    assert reasons >= {"won", "left", "below_attainment", "beyond_share", "beyond_heads"}


def shuffled(standings, seed):
    return replace(
        standings,
        people=standings.people.sample(frac=1, random_state=seed),
        daily=standings.daily.sample(frac=1, random_state=seed),
    )
