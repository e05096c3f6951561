"""Pay under two policies: what must hold for any history and any two policies, and cases reckoned by hand."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest

from salesops_lib.errors import DataError
from salesops_lib.replay.explain import explained, largest
from salesops_lib.replay.past import Past
from salesops_lib.replay.paying import replay, variants
from tests.replay import worlds

SEED = int(os.environ.get("SALESOPS_SEED", "20261125"))
N_WORLDS = 25


@pytest.fixture
def draw():
    print(f"SALESOPS_SEED={SEED}")
    return random.Random(SEED)


def test_the_same_policy_changes_nothing(draw):
    for _ in range(N_WORLDS):
        pasts, old, _ = worlds.drawn(draw)
        found = replay(pasts, old, old)
        assert not found.quarters.difference.any()
        assert len(explained(found, 50)) == 0


def test_there_and_back_again_is_the_same_with_the_other_sign(draw):
    for _ in range(N_WORLDS):
        pasts, old, new = worlds.drawn(draw)
        there, back = replay(pasts, old, new), replay(pasts, new, old)
        key = ["payee", "year", "quarter", "component"]
        one, other = (found.quarters.set_index(key).difference.sort_index() for found in (there, back))
        assert (one == -other).all()


def test_people_components_and_explanations_add_up(draw):
    for _ in range(N_WORLDS):
        pasts, old, new = worlds.drawn(draw, years=2)
        found = replay(pasts, old, new)
        assert found.people.difference.sum() == found.totals["difference"]
        assert found.totals["after"] - found.totals["before"] == found.totals["difference"]
        changes = largest(found, 10_000)
        assert sum(change.difference for change in changes) == found.totals["difference"]
        lines = explained(found, 12)
        for rank, change in enumerate(changes[:12], start=1):
            of_change = lines[lines["rank"] == rank]
            assert of_change.before.sum() == change.before, (old.incentives.plans, new.incentives.plans)
            assert of_change.after.sum() == change.after


def test_raising_every_rate_never_lowers_pay(draw):
    for _ in range(N_WORLDS):
        steps = sorted(draw.sample(range(1, 20), 3))
        rates = [draw.randrange(1, 30) / 10 for _ in range(4)]
        edges = [0.0, *(step / 10 for step in steps)]
        mode = draw.choice(("marginal", "retroactive", "overage_retroactive"))
        low, high = (
            worlds.policy(
                worlds.plan(worlds.tiers(*zip(edges, values, strict=True), mode=mode, overage_from=edges[1]))
            )
            for values in (rates, [round(rate + draw.randrange(1, 5) / 10, 1) for rate in rates])
        )
        history = worlds.sellers(*(draw.randrange(25) / 10 for _ in range(8)))
        assert (
            replay([worlds.past(history)], low, high).quarters.groupby("payee").difference.sum() >= 0
        ).all()


def test_an_accelerator_reckoned_by_hand():
    """Target 120,000 on a quota of 1.2 million is 10 %: the accelerator from 1.5 to 2 gives 5 points more of what lies above quota."""
    old = worlds.policy(worlds.plan(worlds.tiers((0, 1), (1, 1.5))))
    new = worlds.policy(worlds.plan(worlds.tiers((0, 1), (1, 2))))
    found = replay([worlds.past(worlds.sellers(0.9, 1.0, 1.25))], old, new)
    assert found.people.before.tolist() == [108_000_00, 120_000_00, 165_000_00]
    assert found.people.difference.tolist() == [0, 0, 15_000_00]
    (line,) = explained(found, 50).itertuples()
    assert (line.payee, line.before, line.after, line.difference) == ("p2", 45_000_00, 60_000_00, 15_000_00)
    assert line.line.id == "replay.slice"
    assert line.line.values["low"] == 1.0
    assert line.line.values["high"] == 1.25
    assert line.line.values["old_rate"] == pytest.approx(
        0.15, abs=1e-6
    )  # the slice begins a fen below its edge
    assert line.line.values["new_rate"] == pytest.approx(0.20, abs=1e-6)


def test_a_gate_and_a_highest_pay_are_lines_of_their_own():
    gate = {"kind": "gate", "require": {"measure": "bookings", "at_least": 1.1}}
    old = worlds.policy(worlds.plan(worlds.tiers((0, 1))))
    gated = worlds.policy(worlds.plan(worlds.tiers((0, 1)), links=(gate,)))
    capped = worlds.policy(worlds.plan(worlds.tiers((0, 1), at_most=100_000)))
    past = worlds.past(worlds.sellers(1.0))
    lost, cut = explained(replay([past], old, gated), 50), explained(replay([past], old, capped), 50)
    assert [(line.line.id, line.difference) for line in lost.itertuples()] == [("replay.links", -120_000_00)]
    assert [(line.line.id, line.difference) for line in cut.itertuples()] == [("replay.limit", -20_000_00)]


def test_a_plan_of_next_year_is_replayed_on_this_years_history():
    now = worlds.plan(worlds.tiers((0, 1)), effective={"from": "2025-01-01", "to": "2025-12-31"})
    next_year = worlds.plan(worlds.tiers((0, 2)), id="next", effective={"from": "2026-01-01"})
    found = replay([worlds.past(worlds.sellers(1.0))], worlds.policy(now), worlds.policy(next_year))
    assert found.totals == {"before": 120_000_00, "after": 240_000_00, "difference": 120_000_00}


def test_a_role_that_one_policy_does_not_pay_gets_nothing_there():
    found = replay(
        [worlds.past(worlds.sellers(1.0))], worlds.policy(worlds.plan(worlds.tiers((0, 1)))), worlds.policy()
    )
    assert found.totals["difference"] == -120_000_00
    assert explained(found, 5).line[0].id == "replay.component_dropped"


def test_without_any_plan_there_is_nothing_to_replay():
    with pytest.raises(DataError, match=r"incentives\.plans"):
        replay([worlds.past(worlds.sellers(1.0))], worlds.policy(), worlds.policy())


def test_months_outside_the_span_do_not_count():
    kept = np.arange(12) < 3
    past: Past = worlds.past(worlds.sellers(1.0), kept=kept)
    old, new = (worlds.policy(worlds.plan(worlds.tiers((0, times)))) for times in (1, 2))
    found = replay([past], old, new)
    assert found.totals == {"before": 30_000_00, "after": 60_000_00, "difference": 30_000_00}
    assert found.quarters.quarter.tolist() == ["2025-Q1"]


def test_variants_are_replays(draw):
    pasts, old, new = worlds.drawn(draw)
    for one, found in zip((old, new), variants(pasts, old, (old, new)), strict=True):
        assert found.quarters.equals(replay(pasts, old, one).quarters)
        assert found.totals["difference"] == found.quarters.difference.sum()
