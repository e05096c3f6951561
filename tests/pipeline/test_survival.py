"""Waiting times with some still waiting, against published tables and plain counting."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.pipeline.survival import kaplan_meier, median_to_win, median_wait

# Remission in weeks under 6-MP: Freireich et al., Blood 21 (1963); the table of Kaplan-Meier estimates and
# Greenwood's errors stands in Collett, Modelling Survival Data, and Kleinbaum and Klein, Survival Analysis, ch. 2.
REMISSION = pd.DataFrame(
    [(6, 3, 1), (7, 1, 0), (9, 0, 1), (10, 1, 1), (11, 0, 1), (13, 1, 0), (16, 1, 0), (17, 0, 1), (19, 0, 1), (20, 0, 1),
     (22, 1, 0), (23, 1, 0), (25, 0, 1), (32, 0, 2), (34, 0, 1), (35, 0, 1)],
    columns=["days", "events", "censored"],
)  # fmt: skip


def counted(days, events):
    """Counts by day of single observations."""
    frame = pd.DataFrame({"days": days, "had": events, "left": [1 - e for e in events]})
    return frame.groupby("days", as_index=False).sum()


def test_the_published_table():
    curve = kaplan_meier(REMISSION.days, REMISSION.events, REMISSION.censored)
    assert curve.days.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    published = [0.8571, 0.8067, 0.7529, 0.6902, 0.6275, 0.5378, 0.4482]
    assert curve.survival.tolist() == pytest.approx(published, abs=5e-5)
    errors = [0.0764, 0.0869, 0.0963, 0.1068, 0.1141, 0.1282, 0.1346]
    assert curve.std_error.tolist() == pytest.approx(errors, abs=5e-5)


def test_the_published_median_has_no_upper_end():
    curve = kaplan_meier(REMISSION.days, REMISSION.events, REMISSION.censored)
    median = median_wait(curve)
    assert (median.value, median.low) == (23, 13)  # R: survfit(…, conf.type = "log-log")
    assert math.isnan(median.high)


def test_rows_may_come_in_any_order():
    mixed = REMISSION.sample(frac=1, random_state=1)
    again = kaplan_meier(mixed.days, mixed.events, mixed.censored)
    pd.testing.assert_frame_equal(again, kaplan_meier(REMISSION.days, REMISSION.events, REMISSION.censored))


@given(st.lists(st.integers(0, 60), min_size=1, max_size=40))
def test_with_nobody_waiting_it_is_the_share_itself(days):
    counts = counted(days, [1] * len(days))
    curve = kaplan_meier(counts.days, counts.had, counts.left)
    for row in curve.itertuples():
        assert row.survival == pytest.approx(np.mean(np.array(days) > row.days), abs=1e-12)
        assert 0 <= row.low <= row.survival + 1e-12
        assert row.survival <= row.high + 1e-12 <= 1 + 1e-9


@given(st.lists(st.tuples(st.integers(0, 60), st.sampled_from(["won", "lost"])), min_size=1, max_size=60))
def test_with_nothing_open_it_is_the_plain_median_of_the_wins(deals):
    frame = pd.DataFrame(deals, columns=["days", "end"])
    counts = pd.crosstab(frame.days, frame.end).reindex(columns=["won", "lost"], fill_value=0).reset_index()
    median = median_to_win(counts.days, counts.won, counts.lost, 0 * counts.won)
    won = np.sort(frame.days[frame.end == "won"])
    if not len(won):
        assert math.isnan(median.value)
    else:
        assert median.value == won[(len(won) - 1) // 2]  # the lower of two middle ones
        assert median.low <= median.value <= median.high


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 1)), min_size=1, max_size=60))
def test_with_nothing_lost_and_all_won_in_the_end_it_is_kaplan_meier(deals):
    last = max(day for day, _ in deals) + 1
    counts = counted([d for d, _ in deals] + [last], [e for _, e in deals] + [1])
    median = median_to_win(counts.days, counts.had, 0 * counts.had, counts.left)
    assert median.value == median_wait(kaplan_meier(counts.days, counts.had, counts.left)).value


def test_open_deals_lengthen_what_closed_deals_show():
    """Winning takes a day from 1 to 100 alike, losing too; deals begin over 100 days and are seen on the last."""
    rng = np.random.default_rng(7)
    begun, takes = rng.integers(0, 100, 200_000), rng.integers(1, 101, 200_000)
    is_won = rng.random(200_000) < 0.3
    seen = 100 - begun
    frame = pd.DataFrame({"days": np.minimum(takes, seen)})
    frame["end"] = np.where(takes > seen, "open", np.where(is_won, "won", "lost"))
    counts = pd.crosstab(frame.days, frame.end).reset_index()
    plain = frame.days[frame.end == "won"].median()
    median = median_to_win(counts.days, counts.won, counts.lost, counts.open)
    assert plain < 40  # half of the truth's days are unseen yet
    assert median.value == pytest.approx(50, abs=1.5)
    assert median.low <= 50.5 <= median.high + 1
