"""The inner backtest: what is scored, what wins, and how it holds on the two real bases."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_lib.segmentation import race
from salesops_lib.segmentation.race import calibration, calibration_error, candidates, choose, scored
from salesops_lib.segmentation.summary import customer_summary


def seen(*rows):
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


def test_scores_of_the_naive_rate_by_hand():
    earlier = seen((4, 30, 40), (0, 0, 40), (2, 20, 20), (1, 7, 35))
    table = scored(earlier, np.array([1.0, 1, 0, 0]), 10).set_index("model")
    # foretold 1, 0, 1, 2/7
    assert table.mae["naive_rate"] == pytest.approx((0 + 1 + 1 + 2 / 7) / 4)
    assert table.rmse["naive_rate"] == pytest.approx(((0 + 1 + 1 + 4 / 49) / 4) ** 0.5)
    assert table.bias["naive_rate"] == pytest.approx((2 + 2 / 7) / 2 - 1)
    assert set(table.index) == set(candidates())


def test_models_that_are_alike_come_in_their_order():
    """Nobody ever leaves, so all three become one; rounding must not choose among them."""
    rng = np.random.default_rng(3)
    x = rng.poisson(rng.gamma(1.5, 6, 400))
    T = np.full(400, 100.0)
    recency = np.where(x > 0, T * rng.random(400) ** (1 / np.maximum(x, 1)), 0)
    came = rng.poisson((x + 1.5) / (T + 1 / 6 * 100) * 30).astype(float)
    table = scored(pd.DataFrame({"frequency": x, "recency": recency, "T": T}), came, 30)
    assert table.rmse.iloc[:3].max() / table.rmse.iloc[0] < 1 + 1e-4
    assert table.model.tolist()[:3] == ["bg_nbd", "mbg_nbd", "pareto_nbd"]


def test_calibration_keeps_equal_chances_together():
    chance = np.array([0.1] * 30 + [0.9] * 10)
    came = np.array([True] * 6 + [False] * 24 + [True] * 8 + [False] * 2)
    table = calibration(chance, came)
    assert table.n.tolist() == [30, 10]
    assert calibration_error(chance, came) == pytest.approx((30 * 0.1 + 10 * 0.1) / 40)


def test_the_winner_is_fitted_to_all_that_is_known(store, line):
    rng = np.random.default_rng(1)
    rows = [
        line(str(day.date()), 100, customer_id=f"c{c}")
        for c in range(60)
        for day in pd.Timestamp("2025-01-01")
        + pd.to_timedelta(np.sort(rng.integers(0, 360, rng.integers(1, 12))), "D")
    ]
    found = choose(store(order_lines=rows), date(2025, 12, 31), 90)
    assert (found.scores.rmse / found.scores.rmse.min()).round(4).is_monotonic_increasing
    assert type(found.model) is type(candidates()[found.scores.model[0]])
    assert found.summary.index.is_unique
    assert len(found.summary) >= found.scores.n[0]
    assert choose(store(order_lines=rows), date(2025, 12, 31), 1_000) is None


def test_cdnow_is_foretold_far_better_than_by_rates(shared_data):
    """Full CDNOW, 39 weeks foretell 39: the limits that issue 7 sets (Brier .166, 1 % of the best)."""
    file = shared_data / "cdnow" / "CDNOW_master.txt"
    read = pd.read_csv(
        file, sep=r"\s+", skiprows=1, names=["customer", "day", "n", "spent"], dtype={"day": str}
    )
    days = read.assign(day=pd.to_datetime(read.day))[["customer", "day"]].drop_duplicates()
    inner = scored(*parted(days, "1997-05-17", 136), 136)
    outer = scored(*parted(days, "1997-09-30", 273), 273).set_index("model")
    chosen = outer.loc[inner.model[0]]
    assert chosen.rmse <= 1.01 * outer.rmse.min()
    assert chosen.brier <= 0.166
    assert chosen.calibration_error <= 0.05
    assert chosen.rmse < 0.85 * outer.rmse["naive_rate"]


def parted(days, split, horizon):
    cut = pd.Timestamp(split)
    own = days[days.day <= cut].groupby("customer").day.agg(["min", "max", "size"])
    later = days[(days.day > cut) & (days.day <= cut + pd.Timedelta(days=horizon))].groupby("customer").size()
    earlier = pd.DataFrame(
        {
            "frequency": own["size"] - 1,
            "recency": (own["max"] - own["min"]).dt.days,
            "T": (cut - own["min"]).dt.days,
        }
    )
    return earlier, later.reindex(own.index).fillna(0).to_numpy(dtype=float)


def test_chances_that_were_too_low_before_are_corrected():
    rng = np.random.default_rng(4)
    truth = rng.uniform(0.05, 0.95, 4000)
    odds = np.log(truth / (1 - truth))
    said = 1 / (1 + np.exp(-(odds - 0.7) / 0.8))  # too low, and too sure
    corrected = race.recalibrated(race.NaiveRate(), said, rng.random(4000) < truth)
    assert isinstance(corrected, race.Recalibrated)
    assert corrected.slope == pytest.approx(0.8, abs=0.08)
    assert corrected.intercept == pytest.approx(0.7, abs=0.12)


def test_few_outcomes_or_a_wrong_order_correct_nothing():
    model = race.NaiveRate()
    said = np.linspace(0.1, 0.9, 300)
    assert race.recalibrated(model, said, np.arange(300) < 20) is model
    assert race.recalibrated(model, said, np.arange(300) < 150) is model  # the less likely bought


def test_what_comes_after_the_end_does_not_enter_the_correction(store, line):
    rows = [
        line(f"2025-{month:02}-{1 + place % 27:02}", 5, customer_id=f"c{place:03}")
        for place in range(300)
        for month in range(1, 13, 1 + place % 5)
        if place % 3 or month < 4
    ]
    end, facts = date(2025, 9, 30), store(order_lines=rows)
    cut = store(order_lines=[row for row in rows if row["ordered_on"] <= "2025-09-30"])
    found = [race.fitted(f, "bg_nbd", customer_summary(f, end), end, 90) for f in (facts, cut)]
    assert isinstance(found[0], race.Recalibrated)
    assert found[0].slope == found[1].slope
    seen = customer_summary(cut, end)
    assert (found[0].probability_active(seen, 90) == found[1].probability_active(seen, 90)).all()
