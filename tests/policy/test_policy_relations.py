"""Faults between blocks: names that do not exist, sums that are not 1, orders that are not kept."""

from __future__ import annotations

import pytest

from salesops_lib import policy
from salesops_lib.metrics.registry import REGISTRY

HEAD = """\
apiVersion: salespolicy/v1
kind: SalesPolicy
metadata: {id: x, version: 2025.1.0, title: {en: A, zh: 甲}, effective: {from: 2025-01-01, to: 2025-12-31}}
org:
  roles: [{id: ae, en: E, zh: 代}, {id: mgr, en: M, zh: 经}]
  functions: [{id: cfo, en: F, zh: 财}]
  channels: [{id: direct, en: D, zh: 直}, {id: web, en: W, zh: 网}]
  categories: [{id: Drives, en: D, zh: 传}]
"""


@pytest.fixture
def told(tmp_path):
    """Faults of `HEAD` + text as printed lines; HEAD has 8 lines."""

    def tell(text: str) -> list[str]:
        file = tmp_path / "policy.yaml"
        file.write_bytes((HEAD + text).encode())
        return [str(fault) for fault in policy.faults(file, known_measures=frozenset(REGISTRY))]

    return tell


CARD = "appraisal: {{scorecards: [{{id: s, en: S, zh: 甲, roles: [{role}], kpis: [{kpis}]}}]}}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("targets: {ramp: {roles: {aw: [0.5]}}}", "9:26 targets.ramp.roles.aw: 'aw' is not a role of org.roles; did you mean 'ae'? Valid: ae, mgr."),
        ("targets: {review: {triggers: [plan_gap]}}", "9:31 targets.review.triggers[0]: 'plan_gap' is not a rule of risk.rules; there is none yet; add it there"),
        ("targets: {relief: {approved_by: [cf]}}", "9:34 targets.relief.approved_by[0]: 'cf' is not a role or function of org; did you mean 'cfo'?"),
        ("targets: {ramp: {default: [0.5, 0.25]}}", "9:33 targets.ramp.default[1]: 0.25 is less than 0.5 before it; put the entries in order"),
        ("targets: {decomposition: {weights: {history: 0.5, potential: 0.4}}}", "targets.decomposition.weights: weights add up to 0.9, not 1"),
        ("targets: {decomposition: {growth_bounds: [0.4, -0.1]}}", "[0.4, -0.1] must rise from left to right; e.g. growth_bounds: [-0.1, 0.4]"),
        (CARD.format(role="ae", kpis="{measure: bookings, weight: 0.5}, {measure: cash_in, weight: 0.4}"), "appraisal.scorecards[0].kpis: weights add up to 0.9, not 1; the weights of a scorecard make 1"),
        (CARD.format(role="ceo", kpis="{measure: bookings, weight: 1}"), "'ceo' is not a role of org.roles"),
        (CARD.format(role="ae", kpis="{measure: booking, weight: 1}"), "'booking' is not a measure; did you mean 'bookings'?"),
        (CARD.format(role="ae", kpis="{measure: bookings, weight: 0.5}, {measure: bookings, weight: 0.5}"), "'bookings' is used already on line 9; give every entry its own measure"),
        ("appraisal: {grades: [{id: A, en: A, zh: 甲, points_from: 80}, {id: B, en: B, zh: 乙, points_from: 90}]}", "appraisal.grades[1].points_from: after 80 points_from must fall; put the entries in order"),
        ("appraisal: {grades: [{id: A, en: A, zh: 甲, points_from: 0}], consequences: [{grade: D, what: {en: x, zh: 甲}}]}", "'D' is not a grade of appraisal.grades"),
        ("appraisal: {reason_required: yes}", "9:30 appraisal.reason_required: 'yes' must be true or false; YAML 1.2 reads yes, no, on and off as text; write true or false"),
        ("pricing: {discounts: {authority: {ae: 0.2, mgr: 0.1}}}", "9:49 pricing.discounts.authority.mgr: 0.1 is less than 0.2 of a lower role"),
        ("pricing: {floors: {default: 0.8}, discounts: {authority: {mgr: 0.25}}}", "pricing.discounts.authority.mgr: 0.25 off list is below the price floor, 0.8; grant at most 0.2, or name mgr in pricing.floors.approved_by"),
        ("pricing: {discounts: {volume: [{quantity: 50, discount: 0.05}, {quantity: 20, discount: 0.06}]}}", "pricing.discounts.volume[1].quantity: after 50 quantity must rise"),
        ("pricing: {waterfall: [invoice, list]}", "9:11 pricing.waterfall: must start with list and name a step once"),
        ("pricing: {promotions: [{id: p, en: P, zh: 促, discount: 0.1, days: {from: 2025-05-01, to: 2025-04-01}}]}", "pricing.promotions[0].days.to: '2025-04-01' lies before from, 2025-05-01"),
        ("pricing: {promotions: [{id: p, en: P, zh: 促, discount: 0.1, days: {from: 2025-12-01, to: 2026-01-31}}]}", "pricing.promotions[0].days.to: '2026-01-31' is not within metadata.effective"),
        ("pricing: {promotions: [{id: p, en: P, zh: 促, discount: 0.1, days: {from: 2025-02-01}, channels: [wbe]}]}", "'wbe' is not a channel of org.channels; did you mean 'web'?"),
        ("channels: {rules: {direct: {target_share: 0.6}, web: {target_share: 0.3}}}", "9:12 channels.rules: shares add up to 0.9, not 1; give every channel its share; all together make 1"),
        ("channels: {rules: {direct: {target_share: 1}, web: {margin: 0.3}}}", "give every channel its share"),
        ("marketing: {kinds: {ads: {budget_share: 0.7}, events: {budget_share: 0.7}}}", "marketing.kinds: shares add up to 1.4, not 1"),
        ("marketing: {kinds: {tv: {budget_share: 1}}}", "marketing.kinds.tv: 'tv' is not allowed; Valid: ads, promotions, events."),
        ("customers: {loyalty: [{id: a, en: A, zh: 甲, amount: 5, rebate: 0.2}, {id: b, en: B, zh: 乙, amount: 9, rebate: 0.1}]}", "customers.loyalty[1].rebate: after 0.2 rebate must rise"),
        ("collections: {credit: {A: {days: 30, limit: 5}, B: {days: 60, limit: 3}}}", "collections: gives a worse grade more credit than a better one"),
        ("collections: {ageing_days: [30, 20]}", "must rise from left to right; e.g. ageing_days: [30, 60, 90, 180, 365]"),
        ("after_sales: {resolve_hours: {p1: 48, p2: 24}}", "after_sales.resolve_hours.p2: 24 is less than 48 before it"),
        ("risk: {rules: [{id: r, en: R, zh: 险, measure: pace, amber: 0.9, red: 0.9, owner: mgr}]}", "risk.rules[0]: amber and red are both 0.9"),
        ("risk: {rules: [{id: r, en: R, zh: 险, measure: pace, amber: 0.95, red: 0.9, clear: 0.93, owner: mgr}]}", "clear, 0.93, lies below amber, 0.95, on the bad side"),
        ("risk: {rules: [{id: r, en: R, zh: 险, measure: pace, amber: 0.95, red: 0.9, owner: boss}]}", "risk.rules[0].owner: 'boss' is not a role or function of org"),
        ("data: {access: {ae: some}}", "data.access.ae: 'some' is not allowed"),
        ("report: {cycles: [{report: x, cycle: montly}]}", "9:38 report.cycles[0].cycle: 'montly' is not allowed; did you mean 'monthly'?"),
    ],
)  # fmt: skip
def test_single_faults(told, text, expected):
    lines = told(text)
    assert any(expected in line for line in lines), lines
    assert len(lines) == 1


def test_a_review_is_triggered_by_warnings_that_exist(told):
    rule = (
        "risk: {rules: [{id: plan_gap, en: R, zh: 险, measure: pace, amber: 0.95, red: 0.9, owner: mgr}]}\n"
    )
    assert told(rule + "targets: {review: {triggers: [plan_gap]}}") == []
    assert "did you mean 'plan_gap'?" in told(rule + "targets: {review: {triggers: [plan_gop]}}")[0]


def test_who_may_pass_the_floor_may_discount_below_it(told):
    rules = "discounts: {authority: {ae: 0.1, mgr: 0.35}}"
    assert told(f"pricing: {{floors: {{default: 0.7, approved_by: [mgr]}}, {rules}}}") == []
    assert len(told(f"pricing: {{floors: {{default: 0.7}}, {rules}}}")) == 1


def test_all_faults_are_told_at_once_in_order(told):
    lines = told(
        "training:\n"
        "  completion_min: 2\n"
        "  courses: [{id: a, en: A, zh: 甲, roles: [aee], hours: -1}]\n"
        "orders: {linearty: {days: 3}}\n"
        "contracts:\n"
        "  approvals: [{when: amonut, above: 1, by: []}]\n"
    )
    assert [line.partition(":")[0] for line in lines] == ["10", "11", "11", "12", "14", "14"]
    assert "did you mean 'linearity'?" in lines[3]
    assert "did you mean 'amount'?" in lines[4]
