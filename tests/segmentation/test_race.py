"""The inner backtest: what is scored, what wins, and how it holds on the two real bases."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from salesops_lib.segmentation import boosting, race
from salesops_lib.segmentation.race import candidates, choose, learnt, scored
from salesops_lib.tables.engine import DuckDBEngine


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
    assert corrected.line.slope == pytest.approx(0.8, abs=0.08)
    assert corrected.line.intercept == pytest.approx(0.7, abs=0.12)


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
    found = [race.fitted(f, "bg_nbd", end, 90) for f in (facts, cut)]
    models = [one.model for one in found]
    assert isinstance(models[0], race.Recalibrated)
    assert models[0].line == models[1].line
    seen = found[1].seen
    assert (models[0].probability_active(seen, 90) == models[1].probability_active(seen, 90)).all()


class Says:
    """A stand-in for boosting that foretells what it is given."""

    def __init__(self, expected):
        self.expected = expected

    def expected_purchases(self, X, time):
        return self.expected

    def probability_active(self, X, time):
        return np.full(len(X), 0.5)


def test_boosting_wins_only_where_its_lead_is_more_than_chance():
    rng = np.random.default_rng(5)
    x = rng.poisson(4, 400)
    earlier = pd.DataFrame({"frequency": x, "recency": np.where(x > 0, 80, 0), "T": 100})
    came = rng.poisson(x * 0.3).astype(float)
    law = candidates()["bg_nbd"].fit(earlier).expected_purchases(earlier, 30)
    best = scored(earlier, came, 30).model[0]
    lucky = law.copy()
    lucky[0] = came[0]  # right about one customer: its gain over n is just that gain's standard error
    assert scored(earlier, came, 30, Says(lucky)).model[0] == best
    far_better = scored(earlier, came, 30, Says(0.5 * came + 0.5 * law))
    assert far_better.model[0] == race.BOOSTED
    assert far_better.rmse[0] == pytest.approx(0.5 * far_better.set_index("model").rmse["bg_nbd"])


def test_customers_of_two_kinds_are_foretold_best_by_boosting(engine_of_kinds):
    """Half buy by the clock, which no law of random purchases knows."""
    end = date(2024, 12, 30)
    found = choose(engine_of_kinds, end, 180)
    assert found.winner == race.BOOSTED
    laws = found.scores.set_index("model").rmse.drop(race.BOOSTED)
    assert found.scores.rmse[0] < 0.97 * laws.min()
    assert found.n_lessons == found.n_known >= 1_000
    assert found.is_corrected
    assert found.scores.calibration_error[0] < 0.06


def test_boosting_knows_nothing_of_what_comes_after_its_day(engine_of_kinds):
    day = date(2024, 1, 5)
    whole = learnt(engine_of_kinds, race.BOOSTED, day, 180)
    engine_of_kinds.execute(f"CREATE TABLE known AS FROM sales WHERE dated_on <= DATE '{day}'")
    cut = Renamed(engine_of_kinds)
    past = learnt(cut, race.BOOSTED, day, 180)
    for time in (180, 90):
        for way in ("expected_purchases", "probability_active"):
            np.testing.assert_array_equal(
                getattr(whole.model, way)(whole.seen, time), getattr(past.model, way)(past.seen, time)
            )


class Renamed:
    """The engine with what was known for all that there is."""

    def __init__(self, engine):
        self.engine = engine

    def query(self, sql, values=()):
        return self.engine.query(sql.replace("FROM sales", "FROM known"), list(values))


def test_boosting_is_left_out_where_little_is_known(engine_of_kinds, store, line):
    assert learnt(engine_of_kinds, race.BOOSTED, date(2022, 7, 1), 180) is None  # no such stretch is over yet
    few = [line(f"2025-{month:02}-01", 5, customer_id=f"c{n}") for n in range(50) for month in range(1, 13)]
    found = choose(store(order_lines=few), date(2025, 12, 31), 60)
    assert found.n_lessons == 0
    assert race.BOOSTED not in set(found.scores.model)


def test_more_customers_than_boosting_takes_are_drawn_always_the_same(engine_of_kinds, monkeypatch):
    monkeypatch.setattr(boosting, "MOST_ROWS", 500)
    one, two = (boosting.lessons(engine_of_kinds, date(2024, 1, 5), 180) for _ in range(2))
    assert len(one.seen) == len(one.bought) == 500 < one.n
    pd.testing.assert_frame_equal(one.seen, two.seen)


def test_what_boosting_reads_by_hand():
    engine = engine_of([("a", "2024-01-01"), ("a", "2024-11-01"), ("a", "2024-12-01"), ("b", "2024-12-05")])
    seen = boosting.standing(engine, date(2024, 12, 31))
    assert seen.n_quarter.to_dict() == {"a": 2, "b": 1}
    assert seen.n_year.to_dict() == {"a": 3, "b": 1}
    # on the day of the last purchase it was the same, whatever day it is looked at
    assert boosting.standing(engine, date(2024, 12, 1)).loc["a", ["n_quarter", "n_year"]].tolist() == [2, 3]


def engine_of(rows):
    engine = DuckDBEngine()
    frame = pd.DataFrame(rows, columns=["customer_id", "dated_on"]).assign(kind="order", net_amount=500)
    engine.register("given", frame.assign(dated_on=pd.to_datetime(frame.dated_on)))
    engine.execute("CREATE TABLE sales AS SELECT * REPLACE (CAST(dated_on AS DATE) AS dated_on) FROM given")
    return engine


@pytest.fixture
def engine_of_kinds():
    """900 customers of three years, seed 7: half buy every 20 to 60 days, half now and then and soon no more."""
    rng, rows = np.random.default_rng(7), []
    for number in range(900):
        regular, clock = number % 2 == 0, rng.uniform(0, 600)
        mean, leave = (rng.uniform(20, 60), 0.02) if regular else (1 / rng.gamma(0.5, 1 / 120), 0.25)
        while clock < 1_095:
            rows.append((f"c{number:03}", pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(clock))))
            if rng.random() < leave:
                break
            clock += max(mean * np.exp(rng.normal(0, 0.25)) if regular else rng.exponential(mean), 1)
    return engine_of(rows)
