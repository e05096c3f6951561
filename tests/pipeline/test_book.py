"""Open deals judged by the policy: ageing, hygiene, coverage, breaches, deals to inspect; all by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest
from deals import change, closed, deal, goal, moves

from salesops_lib import pipeline

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}
# the packaged policy: lead and needs 60 days at most, quote and contract 45; odds 10, 20, 40, 60 %
QUIET = {"process.hygiene.quiet_days_max": 21}

OPEN = [
    deal(1, "New", 1000, "2026-03-20", rep_id="r1", customer_id="c1"),
    deal(2, "Proposal", 2000, "2025-12-01", rep_id="r1", customer_id="c1"),  # since 10 January in quote: 80 days
    deal(3, "Proposal", 4000, "2026-02-01", rep_id="r2", expected="2026-03-01"),  # since 15 March in quote
    deal(4, "Negotiation", None, "2026-01-01", rep_id="r2", expected=None),  # since 1 March in contract
    deal(5, "Odd stage", 700, "2026-01-01", rep_id=None),
    closed(6, "won", "2026-01-01", "2026-03-05", 900),
    deal(7, "New", 5000, "2026-04-02"),  # not there yet
]  # fmt: skip
HISTORY = [
    *moves(2, ("2025-12-20", "lead", "needs"), ("2026-01-10", "needs", "quote")),
    *moves(3, ("2026-03-15", "lead", "quote")),
    *moves(4, ("2026-01-20", "lead", "needs"), ("2026-02-10", "needs", "quote"), ("2026-03-01", "quote", "contract")),
    *moves(6, ("2026-03-05", "lead", "won")),
    change(3, "2026-03-10", "amount", "50.00", "40.00"),
    *(change(3, day, "expected_close_on", old, new) for day, old, new in [
        ("2026-02-05", "2026-02-10", "2026-02-15"), ("2026-02-12", "2026-02-15", "2026-02-20"), ("2026-02-18", "2026-02-20", "2026-03-01"),
    ]),
]  # fmt: skip


@pytest.fixture(scope="module")
def ws(shared_workspace):
    return shared_workspace(**MARCH, policy=QUIET, opportunities=OPEN, opportunity_changes=HISTORY)


def test_days_in_stage_by_band(ws):
    heat = pipeline.ageing(ws).frame
    cells = {(r.row, r.column): (r.value, r.n) for r in heat.itertuples() if r.n}
    assert cells == {
        ("lead", "0–14"): (1000, 1), ("quote", "61–90"): (2000, 1), ("quote", "15–30"): (4000, 1), ("contract", "15–30"): (0, 1),
        ("Odd stage", "61–90"): (700, 1),
    }  # fmt: skip


def test_stalled_by_age_or_silence(ws, found):
    exhibit = pipeline.ageing(ws)
    frame = exhibit.parts[0].frame.set_index("stage")
    # quote: deal 2 is 80 days there, 45 are allowed, and untouched since; contract: nothing since 1 March, 30 days
    assert frame.n_over.to_dict() == {"lead": 0, "quote": 1, "contract": 0, "Odd stage": 0, "total": 1}
    assert frame.n_idle.to_dict() == {"lead": 0, "quote": 1, "contract": 1, "Odd stage": 1, "total": 3}
    assert (frame.n_stalled["total"], frame.stalled_amount["total"]) == (3, 2700)
    told = found(exhibit)
    assert told["ageing.stalled"].values["amount_share"] == pytest.approx(2700 / 7700)
    assert told["note.activity_is_change"]
    assert told["note.stages_unknown"].values["stages"] == ["Odd stage"]


def test_without_a_history_age_is_that_since_creation(workspace, found):
    exhibit = pipeline.ageing(workspace(**MARCH, opportunities=OPEN))
    assert found(exhibit)["note.age_since_creation"]
    cells = {(r.row, r.column): r.n for r in exhibit.frame.itertuples() if r.n}
    assert cells["quote", "91–180"] == 1  # created on 1 December


def test_activity_counts_where_it_is_known_and_not_later(workspace):
    rows = [
        deal(1, created="2026-01-01", last_activity_on="2026-03-25"), deal(2, created="2026-01-01", last_activity_on="2026-01-09"),
        deal(3, created="2026-01-01", last_activity_on="2026-04-05"),
    ]  # fmt: skip
    ws = workspace(**{**MARCH, "as_of": "2026-04-30"}, policy=QUIET, opportunities=rows)
    frame = pipeline.ageing(ws).parts[0].frame.set_index("stage")
    assert frame.n_idle["total"] == 2  # the call of April is not known at the end of March


def test_hygiene_by_check(ws, found):
    exhibit = pipeline.hygiene(ws)
    frame = exhibit.frame.set_index("check")
    # five deals: one without amount and close date, one past its date, one pushed 3 times (2 allowed), three idle
    assert frame.n_failed.to_dict() == {
        "has_amount": 1,
        "has_expected_close_on": 1,
        "close_in_future": 1,
        "is_active": 3,
        "few_pushes": 1,
    }
    assert frame.amount["close_in_future"] == 4000
    told = found(exhibit)["hygiene.score"].values
    assert told["score"] == pytest.approx(1 - 7 / 25)
    assert (told["n_clean"], told["n"]) == (1, 5)
    assert found(exhibit)["note.hygiene_unheld"].values["names"] == [
        "opportunities.next_step",
        "opportunities.last_activity_on",
    ]


def test_hygiene_by_owner(workspace):
    rows = [deal(n, rep_id="r1", amount=None if n < 2 else 10) for n in range(8)] + [deal(9, rep_id="r2")]
    exhibit = pipeline.hygiene(workspace(**MARCH, opportunities=rows))
    owners = exhibit.parts[0].frame.set_index("owner")
    assert owners.index.tolist() == ["r1"]  # r2 has one deal only
    assert (owners.n_failed["r1"], owners.n["r1"]) == (2, 8)
    assert owners.score["r1"] == pytest.approx(1 - 2 / (8 * 3))  # amount, close date, not past


def test_a_next_step_is_asked_where_the_data_know_it(workspace):
    rows = [deal(1, next_step="call"), deal(2)]
    frame = pipeline.hygiene(workspace(**MARCH, opportunities=rows)).frame.set_index("check")
    assert frame.n_failed["has_next_step"] == 1


def test_without_silence_in_the_policy_activity_is_not_checked(workspace, found):
    exhibit = pipeline.hygiene(workspace(**MARCH, opportunities=OPEN))
    assert "is_active" not in exhibit.frame.check.tolist()
    assert found(exhibit)["note.hygiene_no_quiet"]


CUSTOMERS = [{"customer_id": name, "region": name} for name in ("East", "West")]
GOALS = [*(goal(m, 10) for m in ("2026-04", "2026-05", "2026-06")), *(goal(m, 4, "region", "East") for m in ("2026-04", "2026-05", "2026-06")),
         *(goal(m, 6, "region", "West") for m in ("2026-04", "2026-05", "2026-06"))]  # fmt: skip
DUE = [
    deal(1, "New", 1000, customer_id="East"), deal(2, "Proposal", 1400, customer_id="East"), deal(3, "Proposal", 600, customer_id="West"),
    deal(4, "Proposal", 9000, customer_id="West", expected="2026-08-01"), deal(5, "Proposal", 9000, customer_id="West", expected="2026-03-01"),
    deal(6, "New", 50, customer_id="West", expected=None),
    *(closed(10 + n, "won", "2026-01-01", "2026-02-01", 1000, customer_id="East") for n in range(5)),
    *(closed(20 + n, "lost", "2026-01-01", "2026-02-01", 1000, customer_id="West") for n in range(15)),
]  # fmt: skip


@pytest.fixture(scope="module")
def covered(shared_workspace):
    """Due by June: 2,400 in the East, 600 in the West; targets of 12 and 18 yuan; a win rate of 25 % by value."""
    return shared_workspace(**MARCH, opportunities=DUE, targets=GOALS, customers=CUSTOMERS)


def test_coverage_by_unit(covered, found):
    exhibit = pipeline.coverage(covered)
    frame = exhibit.frame.set_index("unit")
    assert frame.target.to_dict() == {"East": 1200, "West": 1800, "total": 3000}
    assert frame.covered.to_dict() == pytest.approx({"East": 2.0, "West": 1 / 3, "total": 1.0})
    assert frame.expected.to_dict() == pytest.approx({"East": 100 + 560, "West": 240, "total": 900})
    assert frame.required["total"] == pytest.approx(4.0)  # 1 / 25 %
    assert frame.needed.to_dict() == pytest.approx(
        {"East": (1200 - 660) / 0.25, "West": (1800 - 240) / 0.25, "total": (3000 - 900) / 0.25}
    )
    told = found(exhibit)
    assert told["coverage.red"].values["names"] == ["West"]
    assert told["note.deals_without_close"].values["n"] == 1


def test_a_buffer_raises_what_is_required(workspace):
    ws = workspace(
        **MARCH,
        opportunities=DUE,
        targets=GOALS,
        customers=CUSTOMERS,
        policy={"process.coverage.buffer": 1.2},
    )
    assert pipeline.coverage(ws).frame.required.iloc[-1] == pytest.approx(4.8)


def test_odds_from_outside_take_the_place_of_the_policys(covered, found):
    exhibit = pipeline.coverage(covered, odds=pd.Series({"1": 0.5, "2": 0.25}))
    assert exhibit.frame.set_index("unit").expected.to_dict() == pytest.approx(
        {"East": 500 + 350, "West": 240, "total": 1090}
    )
    assert found(exhibit)["note.coverage_own_odds"]


def test_the_published_readings_stand_beside_each_other(workspace, line):
    """Target 1000, won 400, open 1800: 3.0, 1.8 and 0.33 (COVERAGE.md, why definitions come first)."""
    goals = [goal(month, value) for month, value in (("2026-03", 10), ("2026-04", 0), ("2026-05", 0))]
    rows = [deal(1, "New", 1800, expected="2026-04-10"), closed(2, "won", "2026-01-01", "2026-03-05", 400)]
    ws = workspace(
        period="2026-03",
        as_of="2026-03-20",
        opportunities=rows,
        targets=goals,
        order_lines=[line("2026-03-05", 400)],
    )
    exhibit = pipeline.coverage(ws)
    assert exhibit.frame.iloc[-1][["target", "actual", "amount"]].tolist() == [1000, 400, 1800]
    readings = exhibit.parts[0].frame.set_index("reading").value
    assert readings.round(2).to_dict() == {
        "open_over_left": 3.0,
        "open_over_target": 1.8,
        "left_over_open": 0.33,
    }


def test_breaches_by_rule(workspace, found):
    rows = [
        *OPEN[:4],
        deal(8, "Negotiation", 300, "2026-03-01", rep_id="r3", price_approved_on="2026-03-08"),
        deal(9, "Negotiation", 350, "2026-03-01", rep_id="r3", price_approved_on="2026-03-12"),  # in contract since the 10th
    ]  # fmt: skip
    history = [h for h in HISTORY if h["opportunity_id"] in "1234"]
    history += [m for n in (8, 9) for m in moves(n, ("2026-03-10", "lead", "contract"))]
    leads = [
        {"lead_id": "a", "created_on": "2026-03-02", "rep_id": "r5", "response_hours": 3},
        {"lead_id": "b", "created_on": "2026-03-02", "rep_id": "r5", "response_hours": 9, "opportunity_id": "2"},
    ]  # fmt: skip
    ws = workspace(
        **MARCH,
        opportunities=rows,
        opportunity_changes=history,
        leads=leads,
        policy={"process.response.lead_hours": 4},
    )
    exhibit = pipeline.limits(ws)
    told = {(r.rule, r.deal): (r.owner, r.amount, r.days) for r in exhibit.frame.astype(object).itertuples()}
    assert set(told) == {
        ("over_age", "2"),
        ("no_price_pass", "4"),
        ("no_price_pass", "9"),
        ("late_lead", "b"),
    }
    assert told["over_age", "2"] == ("r1", 2000, 35)  # 80 days of 45
    assert told["late_lead", "b"][:2] == ("r5", 2000)
    by_rule = exhibit.parts[0].frame.set_index("rule")
    assert by_rule.n.to_dict() == {"late_lead": 1, "no_price_pass": 2, "over_age": 1}
    assert by_rule.amount["no_price_pass"] == 350


HEAD = "apiVersion: salespolicy/v1\nkind: SalesPolicy\nmetadata: {id: evidence, version: 1.0.0, title: {en: Evidence, zh: 依据}, effective: {from: 2026-01-01}}\n"
EVIDENCE = """
process:
  stages:
    - {id: lead, en: Lead, zh: 线索, rank: 1, p_prior: 0.1, max_age_days: 60, synonyms: [New], evidence: {en: Contact, zh: 联系人}}
    - {id: quote, en: Quotation, zh: 报价, rank: 2, p_prior: 0.4, synonyms: [Proposal], evidence: {en: Sent, zh: 已发}}
    - {id: contract, en: Contract, zh: 合同, rank: 3, p_prior: 0.6, category: commit, synonyms: [Negotiation]}
    - {id: won, en: Won, zh: 赢单, rank: 4, p_prior: 1, category: won}
    - {id: lost, en: Lost, zh: 输单, rank: 5, p_prior: 0, category: lost}
"""


@pytest.fixture
def stages(tmp_path):
    from salesops_lib import policy

    file = tmp_path / "policy.yaml"
    file.write_text(HEAD + EVIDENCE, encoding="utf-8")
    return policy.load(file).process.stages


def test_evidence_is_looked_for_before_the_stage_a_deal_is_in(workspace, stages):
    rows = [
        deal(1, "Negotiation", 100),
        deal(2, "Proposal", 200),
        deal(3, "Proposal", 300),
        deal(4, "New", 400),
    ]
    filed = [
        {"opportunity_id": "1", "stage": "New", "filed_on": "2026-02-01"}, {"opportunity_id": "2", "stage": "lead", "filed_on": "2026-02-01"},
        {"opportunity_id": "3", "stage": "lead", "filed_on": "2026-04-01"},  # after the day
    ]  # fmt: skip
    ws = workspace(
        **{**MARCH, "as_of": "2026-04-30"},
        opportunities=rows,
        stage_evidence=filed,
        policy={"process.stages": stages},
    )
    exhibit = pipeline.limits(ws)
    lacking = exhibit.frame[exhibit.frame.rule == "no_evidence"]
    assert lacking.deal.tolist() == ["3", "1"]  # 1 lacks that of quote, 3 that of lead; most money first
    why = pipeline.inspect(ws).frame.set_index("deal").why
    assert (why["1"].id, why["1"].values["stage"]) == ("inspect.no_evidence", "quote")


def test_deals_to_inspect_by_money_at_risk(ws, found):
    exhibit = pipeline.inspect(ws)
    frame = exhibit.frame
    # 3: past its date, 4,000 × 40 %; 2: over age, 2,000 × 40 %; last 5, whose stage has no odds, and 4 without an amount
    assert frame.deal.tolist() == ["3", "2", "5", "4"]
    assert frame.at_risk[:2].tolist() == [1600, 800]
    assert frame.at_risk[2:].isna().all()
    assert [w.id for w in frame.why] == [
        "inspect.is_past",
        "inspect.is_over",
        "inspect.is_idle",
        "inspect.is_idle",
    ]
    assert [w and w.id for w in frame.also] == ["inspect.is_pushed", "inspect.is_idle", None, None]
    assert frame.why[0].values["days"] == 30
    assert frame.why[1].values | {} == {"days": 80, "most": 45, "stage": "quote"}
    assert found(exhibit)["inspect.some"].values["at_stake"] == 2400


def test_only_a_fall_is_at_risk_where_only_the_amount_fell(workspace):
    rows = [deal(1, "Proposal", 7000, "2026-03-10")]
    ws = workspace(
        **MARCH, opportunities=rows, opportunity_changes=[change(1, "2026-03-20", "amount", "90", "70")]
    )
    row = pipeline.inspect(ws).frame.iloc[0]
    assert (row.at_risk, row.why.id) == (800, "inspect.amount_fell")  # 2,000 × 40 %


def test_odds_from_outside_rank_the_deals(ws):
    odds = pd.Series({"1": 0.3, "2": 0.9, "3": 0.2})
    frame = pipeline.inspect(ws, odds=odds, odds_before=pd.Series({"1": 0.8})).frame
    assert frame.deal.tolist() == ["2", "3", "1", "5", "4"]
    assert frame.at_risk[:3].tolist() == pytest.approx([1800, 800, 500])  # 1: 1,000 × (0.8 − 0.3)
    assert frame.why.iloc[2].id == "inspect.odds_fell"


def test_at_most_ten(workspace, found):
    rows = [deal(n, "Proposal", 100 + n, expected="2026-03-01") for n in range(30)]
    exhibit = pipeline.inspect(workspace(**MARCH, opportunities=rows))
    assert exhibit.frame.deal.tolist() == [str(n) for n in range(29, 19, -1)]
    assert found(exhibit)["inspect.some"].values["n_flagged"] == 30
    with_odds = pipeline.inspect(workspace(**MARCH, opportunities=rows), odds=pd.Series(dtype=float)).frame
    pd.testing.assert_series_equal(with_odds.deal, exhibit.frame.deal)


def test_a_healthy_pipeline_has_nothing_to_inspect(workspace):
    exhibit = pipeline.inspect(workspace(**MARCH, opportunities=[deal(1, created="2026-03-20")]))
    assert exhibit.findings[0].id == "inspect.none"
    assert exhibit.frame.empty


def test_ageing_against_each_deal(company):
    ws, truth = company
    day = date(2025, 12, 31)
    still = truth[truth.end == "open"]
    in_stage = [(day - t.entered[-1]).days for t in still.itertuples()]
    most = [(60, 60, 45, 45)[len(t.entered) - 1] for t in still.itertuples()]
    frame = pipeline.ageing(ws).parts[0].frame.set_index("stage")
    over = [days > limit for days, limit in zip(in_stage, most)]
    assert frame.n["total"] == len(still)
    assert frame.n_over["total"] == sum(over)
    assert frame.stalled_amount["total"] == still.amount[over].sum()


def test_deals_without_any_amount_are_told_by_number(workspace, found):
    rows = [deal(n, "Proposal", None, "2026-01-01") for n in range(6)]
    ws = workspace(**MARCH, opportunities=[*rows, closed(9, "won", "2026-01-01", "2026-02-01")])
    assert found(pipeline.ageing(ws))["ageing.stalled_number"].values["n"] == 6
    assert found(pipeline.limits(ws))["limits.some_number"].values["n"] == 6
    exhibit = pipeline.inspect(ws)
    assert found(exhibit)["inspect.some_number"].values["n_flagged"] == 6
    assert len(exhibit.frame) == 6


def test_lost_deals_that_lose_their_amount_give_no_rate_by_value(workspace, found):
    rows = [closed(n, "won", "2026-01-01", "2026-02-01") for n in range(5)]
    rows += [closed(10 + n, "lost", "2026-01-01", "2026-02-01", amount=None) for n in range(15)]
    ws = workspace(**MARCH, opportunities=[*rows, deal(30)], targets=GOALS)
    exhibit = pipeline.won_shares(ws)
    assert "by_value" not in exhibit.frame.label.tolist()
    assert found(exhibit)["note.lost_unpriced"].values == {"n": 15, "priced": 0}
    covered = pipeline.coverage(ws)
    assert found(covered)["coverage.required_by_number"].values["required"] == pytest.approx(4)
