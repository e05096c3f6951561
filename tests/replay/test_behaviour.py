"""Assumed answers to a change: ranges that hold the static replay at their quiet end."""

from __future__ import annotations

from salesops_lib.policy.replay import Behaviour
from salesops_lib.replay.behaviour import responses
from salesops_lib.replay.paying import replay
from tests.replay import worlds

OLD = worlds.policy(worlds.plan(worlds.tiers((0, 1))))


def told(new, **ranges):
    behaviour = Behaviour(**ranges)
    new = new.model_copy(update={"replay": new.replay.model_copy(update={"behaviour": behaviour})})
    return responses(replay([worlds.past(worlds.sellers(0.5, 1.0, 1.2))], OLD, new)).set_index("response")


def test_the_same_plan_is_answered_by_nothing():
    rows = told(OLD)
    assert (rows[["low", "high", "sales_low", "sales_high"]] == 0).all(axis=None)


def test_effort_follows_what_the_next_sale_pays():
    """Twice the rate is, by the mean of both, two thirds more; at an elasticity of 0.3 sales grow by a fifth."""
    rows = told(worlds.policy(worlds.plan(worlds.tiers((0, 2)))), effort_elasticity=(0.0, 0.3))
    sold = round(2.7 * 1_200_000_00)
    assert rows.loc["static", "low"] == rows.loc["static", "high"] == round(2.7 * 120_000_00)
    assert rows.loc["effort", "low"] == rows.loc["static", "low"]
    assert rows.loc["effort", "sales_high"] == sold // 5
    assert rows.loc["effort", "high"] == rows.loc["static", "high"] + round(2.7 * 0.2 * 240_000_00)


def test_sales_are_brought_forward_only_by_those_who_gain_more_than_before():
    bonus = {"kind": "curve", "between": "step", "weight": 1, "interval": "quarter", "points": ((1.0, 1.0),)}
    new = worlds.policy(worlds.plan(bonus))
    history = worlds.sellers(0.98)  # a quarter's step is 2 % away; the fourth quarter then fails anyway
    run = replay(
        [worlds.past(history)],
        OLD,
        new.model_copy(
            update={"replay": new.replay.model_copy(update={"behaviour": Behaviour(pull_forward=(0.0, 0.2))})}
        ),
    )
    rows = responses(run).set_index("response")
    assert rows.loc["pull_forward", "low"] == rows.loc["static", "low"]
    assert (
        rows.loc["pull_forward", "high"] == rows.loc["static", "low"] + 30_000_00
    )  # the first quarter's bonus
