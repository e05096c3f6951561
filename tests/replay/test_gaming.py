"""Gaming under two policies: who stands just short of a jump, and who is paid for moving a date."""

from __future__ import annotations

import math

from salesops_lib.replay.gaming import exposure
from salesops_lib.replay.gates import attainments
from salesops_lib.replay.paying import replay
from tests.replay import worlds

FLAT = worlds.policy(worlds.plan(worlds.tiers((0, 1))))
STEP = {"kind": "curve", "between": "step", "weight": 1, "points": ((1.0, 1.0),)}


def both(old, new, *attained: float):
    run = replay([worlds.past(worlds.sellers(*attained))], old, new)
    return [
        exposure(run, attainments(run, policy), is_new=is_new)
        for policy, is_new in ((old, False), (new, True))
    ]


def test_a_jump_tempts_those_who_are_just_short_of_it():
    flat, step = both(FLAT, worlds.policy(worlds.plan(STEP)), 0.9, 0.94, 0.95, 0.97, 1.0, 1.2)
    assert (flat.just_short, flat.above_edges, flat.above_expected) == (0, 0, 0.0)
    assert step.just_short == 2  # 95 % and 97 %
    assert step.above_edges == 1
    assert math.isnan(step.above_expected)  # six people say nothing about a smooth distribution


def test_the_same_policy_tempts_alike():
    step = worlds.policy(worlds.plan(STEP))
    one, other = both(step, step, 0.9, 0.97, 1.1)
    assert one[:2] == other[:2]
    assert one.gain_by_pulling == other.gain_by_pulling


def test_a_quarters_bonus_pays_for_bringing_sales_forward():
    """At 98 % of each quarter a tenth of the next month reaches it; at a flat rate a date is worth nothing."""
    quarters = worlds.policy(worlds.plan({**STEP, "interval": "quarter"}))
    flat, bonus = both(FLAT, quarters, 0.98, 0.5)
    assert flat.gain_by_pulling == 0
    assert bonus.gain_by_pulling == 1
