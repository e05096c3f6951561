"""The page of segments: sums that agree, moves and dependence by hand, chances corrected out of time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from salesops_lib.metrics import Exhibit
from salesops_lib.metrics.calibration import LogOddsLine, expected_calibration_error, log_odds_correction
from salesops_lib.segmentation import review
from salesops_lib.segmentation.quiet_chance import quiet_risk
from salesops_lib.segmentation.segments import dependence, gini, segment_moves, segment_worth
from salesops_lib.segmentation.value import customer_value

YEAR = {"period": "2025-12", "as_of": "2025-12-31", "policy": {"customers.repeat.winback_days": 90}}


@pytest.fixture(scope="module")
def ws(shared_workspace, line):
    """Sixty customers at random intervals of 10 to 60 days over three years; a third of them stop at some time."""
    rng = np.random.default_rng(11)
    rows = []
    for number in range(60):
        gap, stop = 10 + number % 6 * 10, pd.Timestamp("2026-01-01")
        if number % 3 == 0:
            stop = pd.Timestamp("2023-06-01") + pd.Timedelta(days=int(rng.integers(0, 900)))
        day = pd.Timestamp("2023-01-01") + pd.Timedelta(days=float(rng.exponential(gap)))
        while day < stop:
            rows.append(
                line(str(day.date()), int(1000 * np.exp(rng.normal(2, 0.5))), customer_id=f"c{number:02}")
            )
            day += pd.Timedelta(days=float(np.ceil(rng.exponential(gap))))
    return shared_workspace(**YEAR, order_lines=rows)


def test_worth_of_segments_adds_up_to_that_of_customers(ws):
    first, tested = segment_worth(ws)
    valued, *_ = customer_value(ws)
    assert first.frame.value.sum() == pytest.approx(valued.frame.value.sum())
    assert first.frame.n.sum() == len(valued.frame)
    assert tested.frame.n.sum() <= 60
    assert abs(tested.findings[0].values["error"]) < 0.5


def test_moves_hold_each_customer_once(ws):
    moves = segment_moves(ws)
    worth, _ = segment_worth(ws)
    assert moves.frame.value.sum() == worth.frame.n.sum()
    assert moves.frame.now.sum() == worth.frame.actual.sum()


def test_moves_by_hand(workspace, line):
    days = {"a": ["2024-12-20", "2025-12-20"], "b": ["2024-12-20"], "c": ["2025-12-20"]}
    rows = [line(day, 500, customer_id=name) for name, own in days.items() for day in own]
    found = segment_moves(workspace(period="2025-12", as_of="2025-12-31", order_lines=rows)).frame.dropna(
        subset=["value"]
    )
    cells = {(row.row, row.column): (row.value, row.now, row.before) for row in found.itertuples()}
    assert cells == {
        ("rfm_occasional", "rfm_occasional"): (1, 500, 500),
        ("rfm_occasional", "rfm_asleep"): (1, 0, 500),
        ("not_yet", "rfm_occasional"): (1, 500, 0),
    }


def test_dependence_by_hand(workspace, line):
    amounts = {"2025-05-01": {"a": 600, "b": 300, "c": 100}, "2024-05-01": {"a": 500, "b": 500}}
    rows = [
        line(day, amount, customer_id=name) for day, own in amounts.items() for name, amount in own.items()
    ]
    made = dependence(workspace(period="2025-12", as_of="2025-12-31", order_lines=rows))
    frame = made.frame.assign(measure=[m.values["value"] for m in made.frame.measure]).set_index("measure")
    assert frame.actual.to_dict() == pytest.approx(
        {"top_one": 0.6, "top_together": 1.0, "hhi": 0.46, "gini_sales": 1 / 3}
    )
    assert frame.base.to_dict() == pytest.approx(
        {"top_one": 0.5, "top_together": 1.0, "hhi": 0.5, "gini_sales": 0.0}
    )
    assert gini(pd.Series([1, 2, 3, 4])) == pytest.approx(0.25)


def test_money_at_risk_adds_up(ws):
    made = quiet_risk(ws)
    told = made.findings[0].values
    assert made.frame.loss.sum() == pytest.approx(told["loss"])
    assert made.frame.stopping.sum() == pytest.approx(told["lost"], abs=0.5)
    assert (made.frame.loss <= made.frame.annual_amount + 1e-6).all()
    assert told["error"] <= told["raw"]


def test_chances_that_are_off_are_corrected():
    rng = np.random.default_rng(0)
    true = rng.beta(2, 2, 20_000)
    told = 1 / (1 + np.exp(-(2 * np.log(true / (1 - true)) + 1)))  # too sure, and too high
    came = rng.random(20_000) < true
    line = log_odds_correction(told[:10_000], came[:10_000])
    assert line.slope == pytest.approx(0.5, abs=0.04)
    assert line.intercept == pytest.approx(-0.5, abs=0.06)
    assert (
        expected_calibration_error(line(told[10_000:]), came[10_000:])
        < 0.02
        < expected_calibration_error(told[10_000:], came[10_000:])
    )
    assert log_odds_correction(told[:5], np.ones(5, dtype=bool)) == LogOddsLine()


def test_every_section_is_made(ws):
    seen = review(ws)
    assert isinstance(seen.leaving[0], Exhibit)
    assert seen.leaving[1].why == "note.contracts_as_frame"
    assert len(seen.movers) == 4
