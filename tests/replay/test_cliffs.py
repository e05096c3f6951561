"""Cliffs in money, reckoned by hand: target 120,000 a year on a quota of 1.2 million."""

from __future__ import annotations

import pytest

from salesops_lib.replay.cliffs import cliffs, steepest
from salesops_lib.replay.gates import largest_cliffs
from salesops_lib.replay.paying import replay
from tests.replay import worlds

SMOOTH = worlds.tiers((0, 1), (1, 2))
ALL_OF_IT = worlds.tiers((0, 1), (1, 2), mode="retroactive")


def found(old: dict, new: dict, *, old_links: tuple = (), new_links: tuple = ()):
    policies = (
        worlds.policy(worlds.plan(old, links=old_links)),
        worlds.policy(worlds.plan(new, links=new_links)),
    )
    return replay([worlds.past(worlds.sellers(0.9, 1.0, 1.1))], *policies)


def test_a_marginal_accelerator_has_none():
    assert len(cliffs(found(SMOOTH, SMOOTH))) == 0


def test_a_retroactive_one_doubles_pay_at_quota():
    (row,) = cliffs(found(SMOOTH, ALL_OF_IT)).itertuples()
    assert (row.component, row.measure, row.edge, row.change) == ("core", "bookings", 1.0, "added")
    assert row.after == pytest.approx(120_000_00, abs=2)  # the last fen itself pays 0.1 fen
    assert row.months == pytest.approx(12, abs=1e-6)


def test_taken_back_it_is_removed():
    assert cliffs(found(ALL_OF_IT, SMOOTH)).change.tolist() == ["removed"]
    assert largest_cliffs(found(ALL_OF_IT, SMOOTH)) == (pytest.approx(12, abs=1e-6), 0.0)


def test_a_step_and_a_gate_jump():
    step = {"kind": "curve", "between": "step", "weight": 1, "points": ((0.8, 0.5), (1.0, 1.0))}
    gate = {"kind": "gate", "require": {"measure": "bookings", "at_least": 0.5}}
    rows = cliffs(found(step, SMOOTH, new_links=(gate,))).set_index("edge")
    assert rows.before.dropna().to_dict() == {0.8: 60_000_00, 1.0: 60_000_00}
    assert rows.after.dropna().to_dict() == {0.5: pytest.approx(60_000_00, abs=2)}


def test_the_steepest_rate_is_in_rates_at_target():
    run = found(SMOOTH, worlds.tiers((0, 0.5), (0.5, 1.5), (1, 3)))
    assert steepest(run, run.old) == pytest.approx(2, rel=1e-6)
    assert steepest(run, run.new) == pytest.approx(3, rel=1e-6)
