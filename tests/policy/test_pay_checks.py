"""Faults of the blocks about pay; a plan that could be read in two ways is refused with both readings."""

from __future__ import annotations

import itertools
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

from salesops_lib import policy
from salesops_lib.incentives.ladders import Ladder
from salesops_lib.policy import readings

HEAD = """\
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata: {id: x, version: 2025.1.0, title: {en: A, zh: 甲}, effective: {from: 2025-01-01}}
org: {roles: [{id: ae, en: A, zh: 甲}]}
incentives:
  rules: {%s}
  plans:
    - {id: p, roles: [ae], effective: {from: 2025-01-01}, components: [
"""
RULES = "tier_edge: lower_inclusive, start_day: included"
CORE = "{id: core, en: C, zh: 提, kind: tiered, mode: marginal, weight: 1, tiers: [{from: 0, times: 1}, {from: 1, times: 2}]}"


@pytest.fixture
def told(tmp_path):
    """Faults of a policy with these components and what follows, as printed lines."""

    def tell(components: str, after: str = "", rules: str = RULES) -> list[str]:
        file = tmp_path / "policy.yaml"
        file.write_text(HEAD % rules + f"{components}\n]{after}}}\n", encoding="utf-8")
        return [
            str(fault) for fault in policy.faults(file, known_measures=frozenset({"bookings", "margin_rate"}))
        ]

    return tell


def test_a_sound_plan_has_no_faults(told):
    assert told(CORE) == []


@pytest.mark.parametrize(
    ("components", "expected"),
    [
        (CORE.replace("mode: marginal, ", "").replace("{from: 1, times: 2}", "{from: 1, times: 1.4}, {from: 1.2, times: 1.6}"),
         "mode is left open, and at 110.0% of quota this table pays: marginal 114.0% of target; retroactive 154.0% of target; overage_retroactive 114.0% of target; interpolated 166.0% of target"),
        (CORE.replace("from: 0,", "from: 0.1,"), "the first tier begins at 0.1; what lies below has no tier; write from: 0"),
        (CORE.replace("{from: 1,", "{from: 0,"), "from must rise"),
        (CORE.replace("from: 0, times", "from: 0, to: 0.9, times"), "0.9 and the next from, 1, leave a hole; write to: 1"),
        (CORE.replace("from: 0, times", "from: 0, to: 1.1, times"), "1.1 and the next from, 1, leave an overlap"),
        (CORE.replace("times: 2", "rate: 2"), "mixes rate and times"),
        (CORE.replace("times: 2", "rate: 2, times: 2"), "needs either rate or times"),
        (CORE.replace("weight: 1, ", "weight: 0.6, "), "weights add up to 0.6, not 1"),
        (CORE.replace("weight: 1, ", ""), "pays a share of the target incentive and has no weight"),
        (CORE.replace("mode: marginal", "mode: marginal, basis: amount"), "times is a multiple of the target rate, which needs attainment"),
        (CORE.replace("mode: marginal", "mode: per_transaction"), "per_transaction reads each line by its own amount"),
        (CORE.replace("mode: marginal", "mode: marginal, tier_measure: margin_rate"), "marginal slices the measure that is paid"),
        (CORE.replace("times: 2", "times: 2.1234567"), "2.1234567 has more than 6 decimal places"),
        (CORE.replace("mode: marginal", "mode: margnal"), "'margnal' is not allowed; did you mean 'marginal'?"),
        (CORE.replace("kind: tiered", "kind: tierd"), "components[0].kind: 'tierd' is not allowed; did you mean 'tiered'?"),
        (CORE.replace("kind: tiered, ", ""), "components[0].kind: is missing"),
        (CORE.replace("tiers:", "tier:"), "components[0].tier: is not a key of this block; did you mean 'tiers'?"),
        (CORE + ", " + CORE, "'core' is used already"),
        ("{id: c, en: C, zh: 线, kind: curve, weight: 1, points: [[0.6, 0.2], [1.0, 1.0]]}",
         "between is left open, and at 80.0% this pays: line 60.0%; step 20.0% of target"),
        ("{id: c, en: C, zh: 线, kind: curve, weight: 1, between: line, points: [[1.0, 0.2], [0.8, 1.0]]}", "0.8 after 1: must rise"),
        ("{id: m, en: M, zh: 阵, kind: matrix, weight: 1, between: line, rows: {measure: bookings, points: [0.8, 1]}, columns: {measure: margin_rate, points: [0.1, 1]}, payout: [[0, 1]]}",
         "needs 2 × 2 values, one row a point of rows"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_what_to_write(told, components, expected):
    found = told(components)
    assert any(expected in line for line in found), found


def test_an_open_edge_is_refused_with_the_pay_under_each_rule(told):
    table = "tiers: [{from: 0, rate: 0.03}, {from: 500_000, rate: 0.05}, {from: 1_000_000, rate: 0.08}]"
    retroactive = "{id: core, en: C, zh: 提, kind: tiered, basis: amount, mode: retroactive, " + table + "}"
    (found,) = told(retroactive, rules="start_day: included")
    assert "exactly at 1,000,000.00 this pays: lower_inclusive 80,000.00; upper_inclusive 50,000.00" in found


def test_an_open_day_count_is_refused_with_both_quotas(told):
    """Published month example: goal 20, 30 days, start on the 15th (seanmmasters.com, quota-002)."""
    (found,) = told(CORE, rules="tier_edge: lower_inclusive")
    assert "has a quota of: included 10.67; excluded 10.00" in found


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (", links: [{kind: gate, applies_to: [cor], require: {measure: bookings, at_least: 1}}]", "'cor' is not a component of this plan; did you mean 'core'?"),
        (", links: [{kind: hurdle, applies_to: [core], from: 0.9, require: {measure: bookings, at_least: 1}}]", "0.9 is no edge of core that tiers could wait at; edges above the first: 1"),
        (", links: [{kind: gate, require: {measure: bookings}}]", "needs at_least or at_most"),
        (", links: [{kind: modifier, applies_to: [core], measure: bokings, below: 1, steps: [{from: 1, times: 1}]}]", "'bokings' is not a measure; did you mean 'bookings'?"),
    ],
)  # fmt: skip
def test_links_name_what_is_there(told, after, expected):
    assert any(expected in line for line in told(CORE, after))


def test_nobody_has_two_plans_on_one_day(told):
    second = "}\n    - {id: q, roles: [ae], effective: {from: 2025-06-01}, components: [" + CORE + "]"
    (found,) = told(CORE, second)
    assert (
        "role 'ae' has plan 'p' (line 8) on 2025-06-01 as well; end one plan the day before the other begins"
        in found
    )


def test_payments_and_contests(told):
    after = (
        "}\n  payments:\n    release: [{schedule: [{event: booking, share: 0.5}, {event: clawback_over, share: 0.1}]}]\n"
        "    draws: [{id: d, roles: [ae], kind: recoverable, months: [3, 1]}]\n"
        "    caps: [{scope: deal, amount: 1, times_target: 2}]\n"
        "  contests: [{id: c, roles: [ae], measure: bookings, window: {from: 2025-01-01},"
        " prizes: [{rank: 1, cash: 3000}, {rank: 2, cash: 1000}]}]\n  disputes: {levels: [ae]"
    )
    found = "\n".join(told(CORE, after))
    assert "shares add up to 0.6, not 1" in found
    assert "needs either amount or share_of_target" in found
    assert "nothing can be taken back any more, and there are no clawbacks" in found
    assert "[3, 1] is no span of months" in found
    assert "needs either amount or times_target" in found
    assert (
        "tie is left open, and two who share the first place win: share 2,000 each; each 3,000 each; first 3,000 and 1,000"
        in found
    )


def test_prizes_say_what_ties_win_and_when_they_end(told):
    after = (
        "}\n  contests: [{id: c, roles: [ae], measure: bookings, window: {from: 2025-01-01}, prizes: [{rank: 1, cash: 3000}]},"
        " {id: d, roles: [ae], measure: bookings, tie: each, window: {from: 2025-01-01, to: 2025-03-31},"
        " prizes: [{rank: 1, cash: 3000}, {rank: 1, cash: 2000}]}]\n"
        "  spiffs: [{id: s, roles: [ae], window: {from: 2025-01-01}, per_unit: 50, budget: 1000}, {id: t, roles: [ae],"
        " window: {from: 2025-01-01}, per_unit: 50}]\n"
        "  awards: [{id: trip, roles: [ae], measure: bookings, heads: 8}, {id: club, roles: [ae], measure: bookings}]\n"
        "  disputes: {levels: [ae]"
    )
    found = told(CORE, after)
    assert len(found) == 5
    said = "\n".join(found)
    assert "has no last day, so nobody ever wins" in said
    assert "win: share 1,500 each; each 3,000 each; first 3,000 and 0" in said
    assert "with 50.00 left of the budget, are paid: order_number 50.00 and 0.00; shared 25.00 each" in said
    assert "for the last of 8 places there win: all_win 9; none_wins 7" in said


def test_readings_are_what_the_engine_pays():
    """On a grid of tables and amounts, the readings told are the engine's, exactly."""
    steps = [Fraction(n, 4) for n in range(9)]
    for values in itertools.product([Fraction(0), Fraction(1, 2), Fraction(2)], repeat=3):
        table = list(zip([Fraction(0), Fraction(1, 2), Fraction(5, 4)], values, strict=True))
        ladder = Ladder.of(
            [Decimal("0"), Decimal("0.5"), Decimal("1.25")], [Decimal(float(v)) for v in values]
        )
        for x in steps:
            done, quota = np.array([int(x * 1000)]), 1000
            reached = ladder.rank(done, quota)
            engine = {
                "marginal": (ladder.marginal(done, quota), ladder),
                "retroactive": (ladder.retroactive(done, reached), ladder),
                "overage_retroactive": (ladder.overage(done, quota, reached, ladder.scale), ladder),
                "interpolated": (ladder.joined().marginal(done, quota), ladder.joined()),
            }
            told = readings.of_tiers(table, x)
            for mode, (weight, parts) in engine.items():
                assert Fraction(int(weight[0]), parts.scale * parts.worth * quota) == told[mode], (
                    mode,
                    values,
                    x,
                )


@pytest.mark.parametrize(
    ("clawback", "expected"),
    [
        ("event: bad_debt, within_days: 90", "bad_debt leaves the order as it was sold, so attainment does not fall"),
        ("event: returned, within_days: 90, amount: unpaid_share", "returned has no unpaid_share; write amount: full, and a share if not all of it"),
        ("event: churned, within_days: 90, amount: unpaid_share, attainment: keep", "churned has no unpaid_share; write amount: full or remaining_term"),
        ("event: cancelled, within_days: 90, share: 0.5", "all of its pay fall with it; write attainment: reduce, and no share"),
        ("event: cancelled, within_days: 90, attainment: keep", "all of its pay fall with it; write attainment: reduce, and no share"),
    ],
)  # fmt: skip
def test_clawbacks_take_what_the_event_leaves(told, clawback, expected):
    after = "}\n  payments:\n    clawbacks: [{" + clawback + "}]\n  disputes: {levels: [ae]"
    assert any(expected in line for line in told(CORE, after))
