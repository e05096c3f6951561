"""Where the pipeline lands: won so far, what open deals will bring, and what deals not yet created will.

For each span from the day to the end of a period, the chance that an open deal is won within as many days
is learnt from deals seen on past days, all of which have been followed that long.  Deals not yet created
are drawn from what such spans brought before.  The whole is drawn many times; the spread is widened by
what past month ends showed to be missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import norm

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.goals import targets_of
from salesops_lib.pipeline.out_of_time import told
from salesops_lib.pipeline.seen import MONTHS_BACK, WEEK
from salesops_lib.pipeline.win_odds import WinOdds

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from salesops_lib.periods import Period
    from salesops_lib.pipeline.seen import Seen
    from salesops_lib.workspace import Workspace

#: Draws of a landing, and deals that are drawn one by one; of more the smaller ones are summed up, as a normal sum.
DRAWS, _SINGLE = 4_000, 500
#: Draws of what was learnt, each of which serves as many draws of the deals.
_LEARNT = 200
#: For how many past months the drawn spread counts itself.
_HELD = 20.0
#: Days of creation that tell how many deals come now.
_RECENT = 91
#: The fewest decided rows that chances within a span are learnt from.
_FEWEST = 100
_SPAN = 365


@dataclass(frozen=True)
class Landing:
    """Draws of what a span from a day brings, minor units.

    Attributes
    ----------
    won
        Won in the period before the day is over.
    open, new
        Expected from the open deals, and from deals not yet created.
    draws
        Of the whole.
    variances
        Of effects, as the chances have learnt them.
    """

    won: float
    open: float
    new: float
    draws: NDArray[np.float64]
    variances: Mapping[str, float] = field(default_factory=dict)

    def quantile(self, share: float) -> float:
        """What is not exceeded with that chance."""
        return float(np.quantile(self.draws, share))

    def chance(self, target: float) -> float:
        """P(target): chance of reaching it, one hit and one miss added."""
        return float(((self.draws >= target).sum() + 1) / (len(self.draws) + 2))

    def widened(self, by: float) -> Landing:
        """The same middle, and a spread `by` times as wide; nothing falls below what is won."""
        middle = np.median(self.draws)
        wide = np.maximum(middle + by * (self.draws - middle), self.won)
        return Landing(self.won, self.open, self.new, wide, self.variances)


@dataclass(frozen=True)
class _Book:
    """Deals of the window once: when they were created and won, and for how much."""

    created: NDArray[np.int64]
    won_on: NDArray[np.int64]  # -1: not won by the last day
    amount: NDArray[np.float64]


def landing(ws: Workspace, known: Seen, day: date) -> tuple[Exhibit | Missing, ...]:
    """The landing of the month and quarter after `day`, and how landings of past month ends came out.

    Two exhibits: `pipeline_landing`, one row a period, and `landing_errors`, one row a past month.
    """
    book = _book(ws, day)
    first = ws.calendar.period_of(day + timedelta(days=1))
    found = []
    for kind in ("month", "quarter"):
        period = ws.calendar.period_of(first.start, kind)
        made = land(known.past, known.now, book, day, period.start, (period.end - day).days)
        if made is not None:
            found.append((period, made))
    if not found:
        return (Missing("pipeline_landing", ("opportunities",), "note.landing_history"),)
    past = _past(ws, known, book, day, found[0][1].variances)
    factor = _widening(past)
    found = [(period, made.widened(factor)) for period, made in found]
    return _exhibit(ws, known, book, day, found), _errors(past, factor)


def land(
    past: pd.DataFrame,
    now: pd.DataFrame,
    book: _Book,
    day: date,
    start: date,
    span: int,
    variances: Mapping[str, float] | None = None,
) -> Landing | None:
    """Draws of what is won from `start` to `span` days after `day`; None where too little was followed that long.

    `past` may hold rows of any day: those after `day` less the span are not read, nor what was decided after `day`.
    """
    today = _number(day)
    until = pd.Timestamp(day)
    rows = past[past.day <= until - pd.Timedelta(days=span)]
    within = (rows.won == True) & (rows.decided_on <= rows.day + pd.Timedelta(days=span))  # noqa: E712
    within &= rows.decided_on <= until
    if within.sum() < _FEWEST / 10 or (~within).sum() < _FEWEST / 10 or len(rows) < _FEWEST:
        return None
    model = WinOdds(prior_deals=1.0, variances=variances)
    model.fit(told(rows), within, overlap=_overlap(rows, span))
    amount = now.amount.fillna(_typical(book, today)).to_numpy(float)
    ratio = _revision(rows[within.to_numpy()])
    rng = np.random.default_rng(0)
    won = float(book.amount[(book.won_on >= _number(start)) & (book.won_on <= today)].sum())
    opened, expected = (
        _drawn_open(rng, model, told(now), amount, ratio) if len(now) else (np.zeros(DRAWS), 0.0)
    )
    new = _drawn_new(rng, book, today, span)
    return Landing(won, expected, float(new.mean()), won + opened + new, model.variances_)


def _overlap(rows: pd.DataFrame, span: int) -> float:
    """How many of the days on which a deal was seen lie in one span."""
    days = rows.day.drop_duplicates()
    return max(1.0, span * (len(days) - 1) / max((days.max() - days.min()).days, 1))


def _drawn_open(
    rng: np.random.Generator, model: WinOdds, now: pd.DataFrame, amount: NDArray[Any], ratio: NDArray[Any]
) -> tuple[NDArray[np.float64], float]:
    """What open deals bring in each draw, and in the mean: won by chances that are themselves only learnt."""
    level, takes, off = model.uncertain(now, _LEARNT, rng)
    p = expit(level)
    order = np.argsort(-amount * np.sqrt(p * (1 - p)), kind="stable")
    single, rest = order[:_SINGLE], order[_SINGLE:]
    total = np.zeros((_LEARNT, DRAWS // _LEARNT))
    for deal in np.array_split(single, max(1, len(single) // 100)):
        odds = expit(level[deal][:, None] + takes[deal] @ off).T[:, None, :]
        wins = rng.random((*total.shape, len(deal))) < odds
        total += (wins * rng.choice(ratio, wins.shape) * amount[deal]).sum(axis=-1)
    mean, square = ratio.mean(), (ratio**2).mean()
    if len(rest):
        small = np.where(np.isin(np.arange(len(p)), rest), amount, 0.0)
        expected = p * small * mean
        spread = (p * small**2 * square - expected**2).sum()
        means = expected.sum() + ((expected * (1 - p)).astype(np.float32) @ takes) @ off
        total += np.maximum(rng.normal(means[:, None], np.sqrt(spread), total.shape), 0)
    return total.ravel(), float((p * amount).sum() * mean)


def _drawn_new(rng: np.random.Generator, book: _Book, today: int, span: int) -> NDArray[np.float64]:
    """Wins of deals created within the span: as many and as large as in the spans of the last year, at today's rate of creation."""
    starts = np.arange(today - span, today - span - _SPAN, -7)
    starts = starts[starts >= book.created.min(initial=today)]
    quick = (book.won_on >= 0) & (
        book.won_on - book.created < span
    )  # of the others none is created and won in a span
    created, won_on, amount = book.created[quick], book.won_on[quick], book.amount[quick]
    own = [(created > start) & (won_on <= start + span) for start in starts]
    counts, amounts = [int(which.sum()) for which in own], [amount[which] for which in own]
    if not sum(counts):
        return np.zeros(DRAWS)
    known = book.created[book.created <= today]
    recent = (known > today - _RECENT).sum() / _RECENT
    usual = (known > starts[-1]).sum() / max(today - starts[-1], 1)
    pool = np.concatenate(amounts)
    # as sure as the deals are many that tell it: those won in spans that do not overlap, and those created of late
    seen = 1 / (1 / max(sum(counts) * 7 / span, 1) + 1 / max(recent * _RECENT, 1))
    rate = rng.gamma(seen, np.mean(counts) * recent / usual / seen, DRAWS)
    n = rng.poisson(rate)
    if n.mean() > _SINGLE:
        return np.maximum(rng.normal(n * pool.mean(), np.sqrt(n) * pool.std()), 0)
    drawn = rng.choice(pool, int(n.sum()))
    return np.bincount(np.repeat(np.arange(DRAWS), n), drawn, DRAWS).astype(float)


def _revision(won: pd.DataFrame) -> NDArray[np.float64]:
    """What deals were won for, against what they stood at on the day; 1 where no history tells."""
    if "log_amount" not in won:
        return np.ones(1)
    ratio = (won.final / won.amount)[won.log_amount.notna()].dropna().to_numpy(float)
    return np.clip(ratio, 0, 5) if len(ratio) >= _FEWEST / 10 else np.ones(1)


def _typical(book: _Book, today: int) -> float:
    """What a deal without an amount is taken for: the median of those won."""
    won = book.amount[(book.won_on >= 0) & (book.won_on <= today)]
    return float(np.median(won)) if len(won) else 0.0


def _book(ws: Workspace, day: date) -> _Book:
    found = ws.facts.query(
        "SELECT created_on, CASE WHEN outcome = 'won' AND closed_on <= ? THEN closed_on END AS won_on, "
        "CASE WHEN outcome = 'won' AND closed_on <= ? THEN CAST(amount AS DOUBLE) END AS amount "
        "FROM deals WHERE created_on BETWEEN ? AND ? ORDER BY opportunity_id",
        [day, day, day - timedelta(days=3 * _SPAN), day],
    )
    days = pd.to_datetime(found.won_on)
    return _Book(
        _numbers(pd.to_datetime(found.created_on)),
        np.where(days.notna(), _numbers(days), -1),
        found.amount.fillna(0).to_numpy(float),
    )


def _past(ws: Workspace, known: Seen, book: _Book, day: date, variances: Mapping[str, float]) -> pd.DataFrame:
    """Landings of the months before, each as of the end of the month before it; label, value (what came), n (deals won), landing."""
    last = ws.calendar.last_complete(day)
    found = []
    for back in range(MONTHS_BACK - 1, -1, -1):
        month = ws.calendar.shift(last, -back)
        as_of = month.start - timedelta(days=1)
        opened = known.then[known.then.day == pd.Timestamp(as_of)]
        made = land(known.past, opened, book, as_of, month.start, (month.end - as_of).days, variances)
        if made is not None:
            won = (book.won_on >= _number(month.start)) & (book.won_on <= _number(month.end))
            found.append(
                {
                    "label": month.label,
                    "value": float(book.amount[won].sum()),
                    "n": int(won.sum()),
                    "landing": made,
                }
            )
    return pd.DataFrame(found, columns=["label", "value", "n", "landing"])


def _widening(past: pd.DataFrame) -> float:
    """How much wider than drawn the errors of past landings were: the root of their mean squared normal score.

    Never narrower: what is drawn is what the data alone leave open, and a company has more surprises than that.
    """
    ranks = [(row.landing.draws < row.value).mean() for row in past.itertuples()]
    scores = norm.ppf(np.clip(ranks, 1 / DRAWS, 1 - 1 / DRAWS))
    return max(1.0, float(np.sqrt((_HELD + (scores**2).sum()) / (_HELD + len(scores)))))


def _exhibit(
    ws: Workspace, known: Seen, book: _Book, day: date, found: list[tuple[Period, Landing]]
) -> Exhibit:
    share = _share_of_bookings(ws, day)
    rows = []
    for period, made in found:
        goal = _goal(ws, period, share)
        rows.append(
            {
                "period": period.label, "won_so_far": made.won, "from_open": made.open, "from_new": made.new,
                "p10": made.quantile(0.1), "p50": made.quantile(0.5), "p90": made.quantile(0.9), "goal": goal,
                "chance": made.chance(goal) if pd.notna(goal) else np.nan,
            }
        )  # fmt: skip
    frame = pd.DataFrame(rows)
    money = dict.fromkeys(("won_so_far", "from_open", "from_new", "p10", "p50", "p90", "goal"), "money")
    notes = [Finding("note.pipeline_landing", {"n": len(known.now)})]
    if pd.notna(share) and frame.goal.notna().any():
        notes.append(Finding("note.landing_goal_share", {"share": share}))
    return Exhibit(
        "pipeline_landing", "table", frame, metric="won_amount", findings=tuple(_told(frame, _before(known, book, day, *found[0]))),
        units={**money, "chance": "ratio"}, sources=("opportunities", "opportunity_changes", "targets"), notes=tuple(notes),
    )  # fmt: skip


def _told(frame: pd.DataFrame, before: float | None) -> list[Finding]:
    found = []
    for row in frame.itertuples():
        values = {
            "period": row.period,
            "expected": row.p50,
            "low": row.p10,
            "high": row.p90,
            "goal": row.goal,
            "chance": row.chance,
        }
        has_goal = pd.notna(row.goal)
        tone = "neutral" if not has_goal else "good" if row.chance >= 0.5 else "bad"
        found.append(
            Finding(f"pipeline_landing.{'chance' if has_goal else 'range'}", values, "won_amount", tone)
        )
    if before is not None:
        change = float(frame.p50.iloc[0]) - before
        told = {
            "period": frame.period.iloc[0],
            "before": before,
            "now": float(frame.p50.iloc[0]),
            "change": change,
        }
        found.append(Finding("pipeline_landing.change", told, "won_amount", "good" if change >= 0 else "bad"))
    return found


def _before(known: Seen, book: _Book, day: date, period: Period, now: Landing) -> float | None:
    """What a week ago would have been expected of the period, from what was known then."""
    as_of = day - WEEK
    opened = known.then[known.then.day == pd.Timestamp(as_of)]
    made = land(known.past, opened, book, as_of, period.start, (period.end - as_of).days, now.variances)
    return None if made is None else made.quantile(0.5)


def _errors(past: pd.DataFrame, factor: float) -> Exhibit | Missing:
    """How landings of past months, told at the end of the month before, came out; one row a month."""
    if past.empty:
        return Missing("landing_errors", ("opportunities",), "note.landing_history")
    made = [landing.widened(factor) for landing in past.landing]
    frame = pd.DataFrame(
        {
            "label": past.label, "value": past.value, "low": [m.quantile(0.1) for m in made],
            "high": [m.quantile(0.9) for m in made], "base": [m.quantile(0.5) for m in made], "n": past.n,
        }
    )  # fmt: skip
    held = int(((frame.value >= frame.low) & (frame.value <= frame.high)).sum())
    values = {
        "n": len(frame), "held": held, "error": float((frame.value - frame.base).abs().sum() / frame.value.sum()),
        "bias": float((frame.base - frame.value).sum() / frame.value.sum()),
    }  # fmt: skip
    return Exhibit(
        "landing_errors", "intervals", frame, metric="won_amount", findings=(Finding("landing_errors.held", values, "won_amount"),), units={"n": "count"},
        sources=("opportunities", "opportunity_changes"), notes=(Finding("note.landing_errors", {"factor": factor}),),
    )  # fmt: skip


def _goal(ws: Workspace, period: Period, share: float) -> float:
    """The target of won deals, else the part of the bookings target that deals brought in the last year."""
    months = ws.calendar.months(period) if period.kind != "month" else [period]
    own = np.sum(targets_of(ws, "won_amount", months))
    return float(own) if pd.notna(own) else float(np.sum(targets_of(ws, "bookings", months)) * share)


def _share_of_bookings(ws: Workspace, day: date) -> float:
    """Amount won over bookings of the year before the day; missing where bookings are not known, or are less."""
    if ws.facts.missing("targets.value", "sales.net_amount"):
        return float("nan")
    start = day - timedelta(days=_SPAN)
    booked = ws.facts.query(
        "SELECT CAST(SUM(net_amount) AS DOUBLE) AS amount FROM sales WHERE dated_on > ? AND dated_on <= ?",
        [start, day],
    ).amount.item()
    won = ws.facts.query(
        "SELECT CAST(SUM(amount) AS DOUBLE) AS amount FROM deals WHERE outcome = 'won' AND closed_on > ? AND closed_on <= ?",
        [start, day],
    ).amount.item()
    return won / booked if booked and won and won <= booked else float("nan")


def _number(day: date) -> int:
    return int(np.datetime64(day, "D").astype(np.int64))


def _numbers(days: pd.Series) -> NDArray[np.int64]:
    return days.to_numpy("datetime64[D]").astype(np.int64)
