"""Where the pipeline lands: exact where it can be worked out, honest about its spread, closed to the future."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from salesops_lib.pipeline.landing import Landing, _Book, _widening, land

DAY = date(2026, 1, 1)
NUMBER = int(np.datetime64(DAY, "D").astype(np.int64))


def company(seed, *, n=2500, rate=0.5, median=50.0, amount=100.0):
    """Two years of deals: as seen every two weeks, and the book; amounts alike, and what comes in 30 days after DAY."""
    rng = np.random.default_rng(seed)
    created = NUMBER - rng.integers(-30, 730, n)
    won = rng.random(n) < rate
    ends = created + np.maximum(1, rng.exponential(median, n)).astype(int)
    rows = []
    for day in range(NUMBER - 728, NUMBER + 1, 14):
        at = np.flatnonzero((created <= day) & (ends > day))
        rows.append(
            pd.DataFrame(
                {
                    "deal": at, "day": pd.Timestamp(DAY) - pd.Timedelta(days=NUMBER - day), "stage": "lead",
                    "age_days": day - created[at], "amount": amount,
                    "decided_on": pd.to_datetime(np.where(ends[at] <= NUMBER, ends[at], np.datetime64("NaT").astype("int64")), unit="D"),
                    "won": np.where(ends[at] <= NUMBER, won[at], None), "final": amount,
                }
            )
        )  # fmt: skip
    seen = pd.concat(rows, ignore_index=True)
    known = created <= NUMBER
    book = _Book(
        created[known], np.where(won & (ends <= NUMBER), ends, -1)[known], np.full(known.sum(), amount)
    )
    came = amount * (won & (ends > NUMBER) & (ends <= NUMBER + 30)).sum()
    return seen, seen[seen.day == pd.Timestamp(DAY)], book, came


def test_what_is_expected_is_what_waits_times_its_chance():
    """Of an exponential wait of 50 days (floored), 30 days see the end of 1 − e^(−0.6) = 45 %; half of them are won."""
    past, now, book, _ = company(1)
    made = land(past, now, book, DAY, DAY + timedelta(days=1), 30)
    assert made.won == 0
    assert made.open == pytest.approx(len(now) * 100 * 0.5 * (1 - np.exp(-0.6)), rel=0.15)
    # created at 3.3 a day for 30 days, each won before the end with 0.5 × (1 − mean of e^(−u/50)): about 12 deals
    assert made.new == pytest.approx(100 * 2500 / 760 * 0.5 * (30 - 50 * (1 - np.exp(-0.6))), rel=0.35)
    assert made.quantile(0.5) == pytest.approx(made.open + made.new, rel=0.05)


def test_four_in_five_months_come_within_p10_to_p90():
    """Sixty companies: 80 % of 60 is 48, with a standard deviation of 3."""
    held = 0
    for seed in range(60):
        past, now, book, came = company(seed, n=900)
        made = land(past, now, book, DAY, DAY + timedelta(days=1), 30)
        held += made.quantile(0.1) <= came <= made.quantile(0.9)
    assert 40 <= held <= 56


def test_what_is_won_already_is_sure():
    past, now, book, _ = company(2)
    start = DAY - timedelta(days=20)
    made = land(past, now, book, DAY, start, 10)
    won = 100 * ((book.won_on >= NUMBER - 20) & (book.won_on <= NUMBER)).sum()
    assert made.won == won > 0
    assert made.draws.min() >= won


def test_an_amount_that_shrinks_on_its_way_shrinks_the_landing():
    past, now, book, _ = company(3)
    plain = land(
        past.assign(log_amount=1.0), now.assign(log_amount=1.0), book, DAY, DAY + timedelta(days=1), 30
    )
    less = land(
        past.assign(log_amount=1.0, final=60.0),
        now.assign(log_amount=1.0),
        book,
        DAY,
        DAY + timedelta(days=1),
        30,
    )
    assert less.open == pytest.approx(0.6 * plain.open)


def test_nothing_after_the_day_is_read():
    """A landing as of half a year ago is the same whether or not the months after it are known."""
    past, _, book, _ = company(4)
    early = DAY - timedelta(days=182)
    now = past[past.day == pd.Timestamp(early)]
    number = NUMBER - 182
    whole = land(past, now, book, early, early + timedelta(days=1), 30)
    cut = past[past.day <= pd.Timestamp(early)]
    cut = cut.assign(
        won=cut.won.where(cut.decided_on <= pd.Timestamp(early)),
        decided_on=cut.decided_on.where(cut.decided_on <= pd.Timestamp(early)),
    )
    there = book.created <= number
    known = _Book(
        book.created[there], np.where(book.won_on <= number, book.won_on, -1)[there], book.amount[there]
    )
    assert land(cut, now, known, early, early + timedelta(days=1), 30).draws == pytest.approx(whole.draws)


def test_too_little_history_gives_no_landing():
    past, now, book, _ = company(5, n=12)
    assert land(past, now, book, DAY, DAY + timedelta(days=1), 30) is None


def test_without_open_deals_only_what_comes_is_left():
    past, now, book, _ = company(6)
    made = land(past, now.head(0), book, DAY, DAY + timedelta(days=1), 30)
    assert made.open == 0
    assert made.new > 0


def test_chances_are_never_none_or_one():
    made = Landing(0, 1, 0, np.full(100, 5.0))
    assert made.chance(6) == pytest.approx(1 / 102)
    assert made.chance(5) == pytest.approx(101 / 102)


def test_the_spread_grows_where_months_fell_outside():
    """Twelve months that all came at the very edge of what was drawn make it wider; twelve in the middle do not make it narrower."""
    made = Landing(0, 1, 0, np.random.default_rng(0).normal(100, 10, 4000))
    edge = pd.DataFrame({"value": [120.0] * 12, "landing": [made] * 12})
    middle = pd.DataFrame({"value": [100.0] * 12, "landing": [made] * 12})
    # root of (20 + 12 × 2²) / 32; that of 20 / 32 would narrow it
    assert _widening(edge) == pytest.approx(np.sqrt(68 / 32), rel=0.03)
    assert _widening(middle) == 1
    wide = made.widened(2)
    assert np.median(wide.draws) == pytest.approx(np.median(made.draws))
    assert wide.quantile(0.9) - wide.quantile(0.1) == pytest.approx(
        2 * (made.quantile(0.9) - made.quantile(0.1))
    )


def test_chances_learnt_from_few_deals_are_drawn_wider():
    """The same book, judged by a thirtieth of the history: what was learnt is less sure, and so is the landing."""
    past, now, book, _ = company(8, n=6000)
    few = past[past.deal.isin(past.deal.drop_duplicates().sample(frac=1 / 30, random_state=0))]
    wide, sure = (land(rows, now, book, DAY, DAY + timedelta(days=1), 30).draws for rows in (few, past))
    # a share known from a thirtieth of the deals errs by the root of thirty as much; the rest is the luck of the deals
    assert wide.std() / wide.mean() > 1.2 * sure.std() / sure.mean()
