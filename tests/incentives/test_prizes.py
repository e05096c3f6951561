"""Spiffs, contests, awards and promotion of a small company, computed by hand."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.incentives import awards, contests, promotion, spiffs
from salesops_lib.incentives.further import further
from salesops_lib.incentives.payments import paid
from salesops_lib.incentives.standings import Standings, standings
from salesops_lib.policy.incentives import Award, Contest, PayRules, Plan, Promotion, Spiff

RACE = {
    "id": "race", "en": "Race", "zh": "竞赛", "roles": ("ae",), "measure": "bookings", "rank_by": "value", "tie": "share",
    "window": {"from": "2025-01-01", "to": "2025-03-31"}, "prizes": ({"rank": 1, "cash": 300}, {"rank": 2, "cash": 100}),
}  # fmt: skip
SPIFF = {
    "id": "push", "roles": ("ae",), "window": {"from": "2025-01-01", "to": "2025-01-31"}, "category": "Sensors",
    "per_unit": 2, "min_deal": 1_000, "budget": 30, "tie": "order_number",
}  # fmt: skip
TRIP = {"id": "trip", "roles": ("ae",), "measure": "bookings", "attainment_min": 1, "value": 5_000}
#: order, day, who, amount, units, product line
ORDERS = (
    ("S1", "2025-01-10", "ann", 200_000, 10, "Sensors"),
    ("S2", "2025-01-10", "bob", 100_000, 4, "Sensors"),
    ("S3", "2025-01-20", "bob", 100_000, 4, "Sensors"),
    ("S4", "2025-01-21", "cai", 50_000, 9, "Sensors"),
    ("S5", "2025-02-03", "cai", 90_000, 9, "Motors"),
)


@pytest.fixture
def company(workspace):
    def make(*, orders=ORDERS, period="2025-03", as_of="2025-12-31", more=None, **tables):
        flat = {"id": "base", "en": "Base", "zh": "基础", "kind": "flat", "amount": 10}
        plan = {"id": "ae", "roles": ("ae",), "effective": {"from": "2025-01-01"}, "components": (flat,)}
        data = {
            "order_lines": [
                {"order_id": o, "line_id": "1", "ordered_on": day, "net_amount": net, "quantity": n, "rep_id": who, "customer_id": "c",
                 "category": line, "currency": "CNY"}
                for o, day, who, net, n, line in orders
            ],
            "reps": [
                {"rep_id": who, "role": "ae", "hired_on": hired, "target_variable": 0}
                for who, hired in (("ann", "2024-01-01"), ("bob", "2024-07-02"), ("cai", "2020-05-05"))
            ],
            "targets": [
                {"version": "1", "scope_type": "rep", "scope_id": who, "measure": "bookings", "period": f"2025-{m:02}", "value": value}
                for who, value in (("ann", 500), ("bob", 1_000)) for m in range(1, 13)
            ],
        }  # fmt: skip
        rules = PayRules(tier_edge="lower_inclusive", start_day="included")
        policy = {"incentives.plans": (Plan.model_validate(plan),), "incentives.rules": rules, **(more or {})}
        return workspace(period=period, as_of=as_of, policy=policy, **{**data, **tables})

    return make


def test_spiff_is_paid_in_the_order_of_credit_until_the_budget_is_used_up(company):
    """20 for S1, 8 for S2, then 2 are left for S3; S4 is below 1,000, S5 no sensor."""
    found = spiffs.result(company(), Spiff.model_validate(SPIFF), date(2025, 3, 31))
    assert found.order_id.tolist() == ["S1", "S2", "S3", "S4"]
    assert found.due.tolist() == [2_000, 800, 800, 0]
    assert found.pay.tolist() == [2_000, 800, 200, 0]
    assert found.reason.tolist() == ["paid", "paid", "paid_in_part", "below_min_deal"]


def test_budget_that_runs_out_is_shared_by_the_orders_of_the_day(company):
    """14 are left on 10 January, for 20 of S1 and 8 of S2: 10 and 4."""
    spiff = Spiff.model_validate({**SPIFF, "budget": 14, "tie": "shared"})
    found = spiffs.result(company(), spiff, date(2025, 3, 31))
    assert found.pay.tolist() == [1_000, 400, 0, 0]
    assert found.reason.tolist() == ["paid_in_part", "paid_in_part", "budget_used_up", "below_min_deal"]
    with pytest.raises(DataError, match=r"push: it is not said who is paid .* Write tie"):
        spiffs.result(company(), Spiff.model_validate({**SPIFF, "tie": None}), date(2025, 3, 31))


def test_tie_shares_the_prizes_of_its_places_or_wins_the_best_each(company):
    """Ann and Bob sold 2,000 each, Cai 1,400."""
    ws = company()
    found = contests.result(ws, Contest.model_validate(RACE))
    assert found.payee.tolist() == ["ann", "bob", "cai"]
    assert found.place.tolist() == [1, 1, 3]
    assert found.prize.tolist() == [20_000, 20_000, 0]
    assert found.reason.tolist() == ["tied_shared", "tied_shared", "beyond_prizes"]
    each = contests.result(ws, Contest.model_validate({**RACE, "tie": "each"}))
    assert each.prize.tolist() == [30_000, 30_000, 0]


def test_who_got_there_first_wins_and_on_one_day_they_share(company):
    """Ann had her 2,000 on 10 January, Bob his on the 20th."""
    first = Contest.model_validate({**RACE, "tie": "first"})
    found = contests.result(company(), first)
    assert found.place.tolist() == [1, 2, 3]
    assert found.prize.tolist() == [30_000, 10_000, 0]
    assert found.reached_on.tolist()[:2] == [date(2025, 1, 10), date(2025, 1, 20)]
    assert found.reason.tolist() == ["tied_first", "tied_first", "beyond_prizes"]
    level = [("S1", "2025-01-10", who, 200_000, 1, "Sensors") for who in ("ann", "bob")]
    orders = [(f"{order}{who}", *rest[:1], who, *rest[2:]) for order, *rest in level for who in [rest[1]]]
    same = contests.result(company(orders=orders), first)
    assert same.prize.tolist() == [20_000, 20_000, 0]
    assert same.reason.tolist() == ["same_day", "same_day", "nothing_done"]


def test_contest_by_attainment_shows_who_has_no_quota(company):
    """Ann 2,000 / 1,500, Bob 2,000 / 3,000; Cai was asked for nothing."""
    ws = company()
    found = contests.result(ws, Contest.model_validate({**RACE, "rank_by": "attainment"}))
    assert found.value.tolist()[:2] == pytest.approx([4 / 3, 2 / 3])
    assert found.reason.tolist() == ["won", "won", "no_value"]
    assert contests.result(company(as_of="2025-03-30"), Contest.model_validate(RACE)) is None


def test_award_says_why_others_do_not_win(company):
    """In the year Ann 2,000 / 6,000 and Bob 2,000 / 12,000."""
    ws = company()
    year = ws.calendar.parse("2025")
    found = awards.result(ws, Award.model_validate({**TRIP, "attainment_min": 0.15}), year)
    assert found.payee.tolist() == ["ann", "bob", "cai"]
    assert found.value.tolist() == [500_000, 500_000, 0]
    assert found.tenure.tolist() == [24, 17, 67]
    assert found.reason.tolist() == ["won", "won", "no_quota"]
    short = awards.result(
        ws, Award.model_validate({**TRIP, "attainment_min": 0.15, "tenure_months_min": 18}), year
    )
    assert short.reason.tolist() == ["won", "short_service", "no_quota"]
    third = Award.model_validate({**TRIP, "attainment_min": 0.15, "top_share": 0.34, "tie": "none_wins"})
    assert awards.result(ws, third, year).reason.tolist() == ["won", "beyond_share", "no_quota"]
    with pytest.raises(DataError, match=r"trip: .* Write tie: all_win or none_wins"):
        awards.result(ws, Award.model_validate({**TRIP, "heads": 1}), year)


def test_tie_for_the_last_place_wins_or_loses_together():
    """One head; Ann and Bob are level, Cai is behind."""
    people = pd.DataFrame({
        "payee": ["cai", "bob", "ann"], "role": "ae", "asked": 100, "tenure": pd.array([9, 9, None], dtype="Int64"), "stays": True,
    })  # fmt: skip
    daily = pd.DataFrame({"payee": ["ann", "bob", "cai"], "day": date(2025, 1, 1), "done": [120, 120, 110]})
    for tie, reasons in (
        ("all_win", ["won", "won", "beyond_heads"]),
        ("none_wins", ["tied_out", "tied_out", "beyond_heads"]),
    ):
        award = Award.model_validate({**TRIP, "heads": 1, "tie": tie})
        found = awards.winners(award, Standings(people, daily))
        assert found.payee.tolist() == ["ann", "bob", "cai"]
        assert found.place.tolist() == [1, 1, 3]
        assert found.reason.tolist() == reasons
    tenured = Award.model_validate({**TRIP, "tenure_months_min": 9})
    assert awards.winners(tenured, Standings(people, daily)).reason.tolist() == ["won", "won", "no_hire_day"]


def test_promotion_counts_quarters_in_a_row(company):
    """Ann reaches 1,500 in the last two quarters, Bob 3,000 in the last one only."""
    orders = [
        ("S1", "2025-07-10", "ann", 150_000, 1, "Sensors"), ("S2", "2025-10-10", "ann", 160_000, 1, "Sensors"),
        ("S3", "2025-10-10", "bob", 300_000, 1, "Sensors"),
    ]  # fmt: skip
    ws = company(
        orders=orders, trainings=[{"rep_id": "ann", "course_id": "deal", "completed_on": "2025-05-05"}]
    )
    rule = {"from": "ae", "to": "am", "quarters": 2}
    found = promotion.result(ws, Promotion.model_validate(rule)).set_index("payee")
    assert found.quarters.to_dict() == {"ann": 2, "bob": 1, "cai": 0}
    assert found.reason.to_dict() == {"ann": "met", "bob": "quarters", "cai": "quarters"}
    judged = Promotion.model_validate({**rule, "quarters": 1, "score_min": 80, "training": ("deal",)})
    unknown = promotion.result(ws, judged).set_index("payee")
    assert unknown.reason.to_dict() == {"ann": "score_unknown", "bob": "training", "cai": "quarters"}
    assert pd.isna(unknown.is_qualified["ann"])
    assert promotion.result(ws, judged, scores={"ann": 79.9}).set_index("payee").reason["ann"] == "score"
    assert promotion.result(ws, judged, scores={"ann": 80}).is_qualified.tolist()[0]


def test_what_is_earned_beside_the_plans_is_paid_with_them(company):
    """Ann 20 in January and the shared 200 in March, beside 10 a year."""
    rules = {
        "incentives.spiffs": (Spiff.model_validate(SPIFF),),
        "incentives.contests": (Contest.model_validate(RACE),),
    }
    ws = company(more=rules)
    found = further(ws)
    assert found.groupby(["component", "month"]).amount.sum().to_dict() == {
        ("push", "2025-01"): 3_000, ("race", "2025-03"): 40_000,
    }  # fmt: skip
    months = paid(ws, further=found).months
    ann = months[months.payee == "ann"].set_index("month")
    alone = paid(ws).months
    base = alone[alone.payee == "ann"].set_index("month")
    assert (ann.paid - base.paid).tolist() == [2_000, 0, 20_000]
    assert ws.policy.names("zh")["race"] == "竞赛"
    assert ws.policy.names("zh")["push"] == "push"


def test_windows_and_measures_that_have_no_places_are_refused(company):
    ws = company()
    with pytest.raises(DataError, match="no whole months"):
        standings(ws, ("ae",), "bookings", date(2025, 1, 2), date(2025, 3, 31), by="attainment")
    with pytest.raises(DataError, match="is a ratio, of which there is no quota"):
        standings(ws, ("ae",), "margin_rate", date(2025, 1, 1), date(2025, 3, 31), by="attainment")
    with pytest.raises(DataError, match="less is better"):
        standings(ws, ("ae",), "returned", date(2025, 1, 1), date(2025, 3, 31), by="value")
