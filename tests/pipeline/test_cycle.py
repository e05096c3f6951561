"""Sales cycle and velocity: by hand, and against what each deal took."""

from __future__ import annotations

import math
from datetime import date, timedelta

import numpy as np
import pytest
from deals import closed, deal

from salesops_lib import pipeline

MARCH = {"period": "2026-03", "as_of": "2026-03-31"}


def on(day, days):
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def test_with_nothing_open_it_is_the_median(workspace):
    deals = [
        closed(n, "won", "2025-10-01", on("2025-10-01", days)) for n, days in enumerate((20, 40, 60, 80, 100))
    ]
    frame = pipeline.cycle(workspace(**MARCH, opportunities=deals)).frame
    assert (frame.value[0], frame.n[0]) == (60, 5)


def test_an_open_deal_counts_as_far_as_it_has_come(workspace):
    """Won after 10, 20, 30 days, open for 15: at 10 of 4, then 1/2 of 3/4: F = 1/4, 5/8, 1; half is reached on day 20."""
    deals = [closed(n, "won", "2026-01-01", on("2026-01-01", days)) for n, days in enumerate((10, 20, 30))]
    frame = pipeline.cycle(workspace(**MARCH, opportunities=[*deals, deal(9, created="2026-03-16")])).frame
    assert frame.value[0] == 20
    # two open for 25 days: F = 1/5, 2/5, and the rest at 30: half only then
    more = [deal(10 + n, created="2026-03-06") for n in range(2)]
    assert pipeline.cycle(workspace(**MARCH, opportunities=[*deals, *more])).frame.value[0] == 30


def test_lost_deals_do_not_lengthen_it(workspace):
    won = [closed(n, "won", "2026-01-01", on("2026-01-01", days)) for n, days in enumerate((10, 20, 30))]
    lost = [closed(10 + n, "lost", "2026-01-01", on("2026-01-01", 60)) for n in range(30)]
    assert pipeline.cycle(workspace(**MARCH, opportunities=[*won, *lost])).frame.value[0] == 20


def test_a_win_after_the_day_is_still_open_then(workspace):
    won = [closed(n, "won", "2026-01-01", on("2026-01-01", 10)) for n in range(3)]
    later = closed(9, "won", "2026-01-01", "2026-04-20")
    ws = workspace(**{**MARCH, "as_of": "2026-04-30"}, opportunities=[*won, later])
    assert pipeline.cycle(ws).frame.n[0] == 3


def test_backwards_and_undated_deals_are_set_aside_and_said(workspace, found):
    won = [closed(n, "won", "2026-01-01", on("2026-01-01", 10)) for n in range(3)]
    wrong = [closed(8, "won", "2026-03-01", "2026-02-01"), deal(9, "won", outcome="won")]
    exhibit = pipeline.cycle(workspace(**MARCH, opportunities=[*won, *wrong]))
    assert exhibit.frame.value[0] == 10
    told = found(exhibit)
    assert told["note.closed_before_created"].values["n"] == 1
    assert told["note.closed_undated"].values["n"] == 1


def test_velocity_by_hand(workspace):
    """40 open, 1 of 4 won, 250.00 each, in 60 days: 40 × 0.25 × 25,000 fen / 60 = 4,167 fen a day (M3.4)."""
    deals = [deal(n, created="2026-03-30") for n in range(40)]
    deals += [closed(100 + n, "won", "2025-12-01", on("2025-12-01", 60), amount=25_000) for n in range(5)]
    deals += [closed(200 + n, "lost", "2025-12-01", on("2025-12-01", 30)) for n in range(15)]
    frame = pipeline.sales_velocity(workspace(**MARCH, opportunities=deals)).frame
    total = frame[frame.is_total].iloc[0]
    assert (total.n, total.win_rate, total.deal_size, total.cycle_days) == (40, 0.25, 25_000, 60)
    assert round(total.velocity) == 4167


def test_units_against_pandas(company):
    ws, truth = company
    frame = pipeline.sales_velocity(ws).frame.set_index("unit")
    since = date(2025, 12, 31) - timedelta(days=ws.policy.process.win_rate_days - 1)
    for region, own in truth.groupby("region"):
        recent = own[[t.end != "open" and t.ended >= since for t in own.itertuples()]]
        assert frame.n[region] == (own.end == "open").sum()
        assert frame.win_rate[region] == pytest.approx((recent.end == "won").mean())
        assert frame.deal_size[region] == pytest.approx(recent.amount[recent.end == "won"].mean())
    assert frame.n["total"] == (truth.end == "open").sum()


def test_the_cycle_against_the_deals_that_had_time(company):
    """Deals old enough to be decided show it plainly; the estimate with open deals agrees with them."""
    ws, truth = company
    old = truth[
        [date(2024, 1, 1) <= t.created <= date(2025, 7, 1) and t.end == "won" for t in truth.itertuples()]
    ]
    plain = np.median([(t.ended - t.created).days for t in old.itertuples()])
    row = pipeline.cycle(ws).frame.iloc[0]
    assert row.low <= plain <= row.high
    assert row.value == pytest.approx(plain, abs=6)


def test_nothing_won_is_said(workspace):
    missing = pipeline.cycle(
        workspace(**MARCH, opportunities=[closed(1, "lost", "2026-01-01", "2026-01-09")])
    )
    assert missing.why == "note.nothing_won"


def test_few_deals_of_a_unit_are_held_back(workspace, found):
    customers = [{"customer_id": name, "region": name} for name in ("East", "West")]
    deals = [
        closed(n, "won", "2026-01-01", on("2026-01-01", 10 + n), customer_id="East" if n < 8 else "West")
        for n in range(10)
    ]
    exhibit = pipeline.cycle(workspace(**MARCH, opportunities=deals, customers=customers))
    assert "West" not in exhibit.frame.label.tolist()
    assert found(exhibit)["note.suppressed"].values["n"] >= 1
    velocity = pipeline.sales_velocity(
        workspace(**MARCH, opportunities=deals, customers=customers)
    ).frame.set_index("unit")
    assert math.isnan(velocity.win_rate["West"])
