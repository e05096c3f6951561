"""Gates: verdicts at their limits, and figures that a hand can check."""

from __future__ import annotations

import pandas as pd
import pytest

from salesops_lib.replay.exhibits import gate_table
from salesops_lib.replay.gates import Gate, _impact, attainments
from salesops_lib.replay.paying import replay
from salesops_lib.reporting.voice import Voice
from tests.replay import worlds


@pytest.mark.parametrize(
    ("after", "low", "high", "verdict"),
    [
        (0.5, 0.5, 0.7, "pass"), (0.7, 0.5, 0.7, "pass"), (0.49, 0.5, 0.7, "fail"), (0.71, 0.5, 0.7, "fail"),
        (0.0, None, 0.0, "pass"), (float("nan"), None, 0.1, "unknown"),
    ],
)  # fmt: skip
def test_a_limit_is_within(after, low, high, verdict):
    assert Gate("targets", "at_goal", 0.6, after, low, high).verdict == verdict


def test_what_failed_before_does_not_fail_anew():
    assert Gate("pricing", "leakage", 0.1, 0.3, None, 0.2).fails_anew
    assert not Gate("pricing", "leakage", 0.25, 0.3, None, 0.2).fails_anew
    assert not Gate("pricing", "leakage", 0.25, 0.1, None, 0.2).fails_anew


def test_attainment_is_that_of_the_weightiest_component():
    policy = worlds.policy(worlds.plan(worlds.tiers((0, 1))))
    found = attainments(replay([worlds.past(worlds.sellers(0.5, 1.0, 1.5, 1.0))], policy, policy), policy)
    assert found.attainment.tolist() == [0.5, 1.0, 1.5, 1.0]


def test_groups_below_the_policys_least_are_not_compared():
    people = pd.DataFrame(
        {
            "payee": [f"p{n}" for n in range(14)],
            "attainment": [1.0] * 4 + [0.9] + [1.0, 0.9, 0.9, 0.9, 1.0] + [0.1] * 4,
        }
    )
    groups = pd.Series({f"p{n}": "abc"[min(n // 5, 2)] for n in range(14)})
    assert _impact(people, people.payee.map(groups), 5) == pytest.approx(0.4 / 0.8)
    assert _impact(people, people.payee.map(groups), 4) == 0
    assert pd.isna(_impact(people, people.payee.map(groups), 6))


@pytest.mark.parametrize(
    ("group", "gate", "why"),
    [
        ("targets", "impact_channel", "grouping"), ("targets", "impact_region", "groups"), ("targets", "gini", "quotas"),
        ("targets", "potential_correlation", "potential"), ("pricing", "leakage", "prices"),
        ("sustainability", "rate_jump", "target"), ("sustainability", "cost_of_sales", "sales"),
    ],
)  # fmt: skip
def test_what_cannot_be_measured_says_what_it_lacks_in_both_languages(group, gate, why):
    lacking = Gate(group, gate, float("nan"), float("nan"), None, 0.1)
    assert (lacking.verdict, lacking.why) == ("unknown", why)
    (note,) = gate_table([lacking]).notes
    for lang in ("en", "zh"):
        assert len(Voice(lang).word(note.id, **note.values)) > 10
