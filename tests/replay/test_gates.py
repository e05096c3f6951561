"""Gates: verdicts at their limits, and figures that a hand can check."""

from __future__ import annotations

import math

import pytest

from salesops_lib.metrics.formulas import Interval
from salesops_lib.replay.exhibits import gate_table
from salesops_lib.replay.gates import Gate, attainments
from salesops_lib.replay.paying import replay
from salesops_lib.reporting.voice import Voice
from tests.replay import worlds


def gate(group: str, name: str, before: float, after: float, low: float | None, high: float | None) -> Gate:
    """A gate of figures without error."""
    return Gate(group, name, *(Interval(value, value, value) for value in (before, after)), low, high)


@pytest.mark.parametrize(
    ("after", "low", "high", "verdict"),
    [
        (0.5, 0.5, 0.7, "pass"), (0.7, 0.5, 0.7, "pass"), (0.49, 0.5, 0.7, "fail"), (0.71, 0.5, 0.7, "fail"),
        (0.0, None, 0.0, "pass"), (math.nan, None, 0.1, "unknown"),
    ],
)  # fmt: skip
def test_a_limit_is_within(after, low, high, verdict):
    assert gate("pricing", "leakage", 0.6, after, low, high).verdict == verdict


def test_what_failed_before_does_not_fail_anew():
    assert gate("pricing", "leakage", 0.1, 0.3, None, 0.2).fails_anew
    assert not gate("pricing", "leakage", 0.25, 0.3, None, 0.2).fails_anew
    assert not gate("pricing", "leakage", 0.25, 0.1, None, 0.2).fails_anew


def test_an_interval_that_includes_the_limit_fails_nothing_and_says_so():
    known = Interval(0.06, 0.02, 0.2)
    unclear = Gate("targets", "impact_region", known, Interval(0.06, 0.02, 1.9), 0.8, None)
    assert (unclear.verdict, unclear.fails_anew) == ("open", False)
    assert Gate("targets", "impact_region", unclear.after, known, 0.8, None).fails_anew
    (note,) = gate_table([unclear]).notes
    said = [Voice(lang).word(note.id, **note.values) for lang in ("en", "zh")]
    assert "between 2.0% and 190.0%" in said[0]
    assert "2.0%至190.0%" in said[1]
    table = gate_table([unclear])
    assert table.findings[0].id == "replay.gates_hold"
    assert table.findings[0].values["open"] == 1


def test_attainment_is_that_of_the_weightiest_component():
    policy = worlds.policy(worlds.plan(worlds.tiers((0, 1))))
    found = attainments(replay([worlds.past(worlds.sellers(0.5, 1.0, 1.5, 1.0))], policy, policy), policy)
    assert found.attainment.tolist() == [0.5, 1.0, 1.5, 1.0]


@pytest.mark.parametrize(
    ("group", "name", "why"),
    [
        ("targets", "impact_channel", "grouping"), ("targets", "impact_region", "groups"), ("targets", "gini", "quotas"),
        ("targets", "potential_correlation", "potential"), ("pricing", "leakage", "prices"),
        ("sustainability", "rate_jump", "target"), ("sustainability", "cost_of_sales", "sales"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_says_what_it_lacks_in_both_languages(group, name, why):
    lacking = gate(group, name, math.nan, math.nan, None, 0.1)
    assert lacking.verdict == "unknown"
    (note,) = gate_table([lacking]).notes
    assert note.id == f"note.gate_unknown.{why}"
    for lang in ("en", "zh"):
        assert len(Voice(lang).word(note.id, **note.values)) > 10
