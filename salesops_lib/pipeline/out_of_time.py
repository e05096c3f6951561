"""Which odds are used: candidates foretell deals that were decided after all they learnt from.

At the end of each of the last quarters, every candidate learns from what was decided by then, and tells
the odds of the deals open on the days of the quarter that followed.  Deals not decided yet say nothing of
the outcome, and the fast ones are decided first; so what is decided is weighted by the inverse chance of
having been followed that long (inverse probability of censoring; Robins & Rotnitzky 1992).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics.calibration import LogOddsLine, expected_calibration_error, log_odds_correction
from salesops_lib.pipeline.scores import brier, calibration, mean_by_deal
from salesops_lib.pipeline.seen import OUTCOME
from salesops_lib.pipeline.win_odds import WinOdds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from salesops_lib.policy.selling import Process

#: Quarters that candidates foretell, and days of one.
FOLDS, FOLD_DAYS = 4, 91
#: As long as a deal takes: this share of the decided ones took no longer.
_SLOW = 0.95
#: A decided row counts for this many at most, however few were followed as long.
MOST_WEIGHT = 20.0
#: Columns that are not what odds are told from.
APART = ["deal", "day", "amount", *OUTCOME, "weight"]
#: The odds in order of what they know.
PRIORS, STAGES, CELLS, MODEL = "priors", "stages", "cells", "model"
_CELL = ("stage", "product", "rep_id")
_CELL_WEIGHT = 8.0
#: Observations that speak for leaving odds as they are, when they are brought in line; and the line that does.
_HELD, AS_TOLD = 100.0, LogOddsLine()


@dataclass(frozen=True)
class Chosen:
    """The odds in use, and how all candidates did.

    Attributes
    ----------
    name
        `priors`, `stages` or `model`.
    scores
        A row a candidate: name, brier, low, high (95 %), ece, gain and its low, high (Brier score of the
        stages' rates less its own), n (deals), n_rows.
    reliability
        Of the odds in use, as `scores.calibration` gives it; out of time, brought in line by earlier quarters alone.
    has_signal
        True where the model is better than the stages' rates beyond chance.
    """

    name: str
    scores: pd.DataFrame
    reliability: pd.DataFrame
    ece: float
    has_signal: bool
    n_decided: int
    line: LogOddsLine = AS_TOLD
    model: WinOdds | None = None

    def odds(self, rows: pd.DataFrame) -> NDArray[np.float64]:
        """Chance of winning of each row."""
        assert self.model is not None
        return self.line(self.model.predict_proba(told(rows))[:, 1])


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """What odds are told from."""
    return rows.drop(columns=APART, errors="ignore")


def decided(rows: pd.DataFrame, until: pd.Timestamp, population: pd.DataFrame | None = None) -> pd.DataFrame:
    """Rows whose deal was decided by `until`, with their weight for those that were not.

    >>> day = pd.Timestamp("2026-01-01")
    >>> seen = pd.DataFrame({"day": [day, day + pd.Timedelta("9D")] * 2, "won": [True, True, False, None]})
    >>> seen = seen.assign(decided_on=[day + pd.Timedelta("5D"), day + pd.Timedelta("10D")] * 2)
    >>> decided(seen.dropna(), day + pd.Timedelta("10D"), seen).weight.tolist()  # half were followed five days
    [2.0, 1.0, 2.0]
    """
    everyone = rows if population is None else population
    followed = np.sort((until - everyone.day[everyone.day <= until]).dt.days.to_numpy())
    found = rows[(rows.day <= until) & (rows.decided_on <= until)]
    took = (found.decided_on - found.day).dt.days.to_numpy()
    as_long = 1 - np.searchsorted(followed, took, side="left") / max(len(followed), 1)
    weight = 1 / np.maximum(as_long, 1 / MOST_WEIGHT)
    return found.assign(weight=weight, won=found.won.astype(bool))


def choose(rows: pd.DataFrame, until: pd.Timestamp, process: Process) -> Chosen:
    """Let the candidates foretell the last quarters, and learn again from all that is known on `until`."""
    priors = {s.id: s.p_prior for s in process.stages if s.is_open}
    known = decided(rows, until)
    n = known.deal.nunique()
    folds = list(_folds(rows, until, process.odds.min_deals // 2)) if n >= process.odds.min_deals else []
    if not folds:
        return _fallen_back(known, n, priors, process)
    parts = []
    variances: dict[str, float] | None = None
    for origin, later in folds:
        first = decided(rows[rows.day <= origin], origin)
        stages = WinOdds(priors, prior_deals=process.prior_deals, effects=False).fit(
            told(first), first.won, weight=first.weight
        )
        model = WinOdds(priors, prior_deals=process.prior_deals, variances=variances)
        model.fit(told(first), first.won, weight=first.weight, deal=first.deal)
        variances = model.variances_
        parts.append(
            later[["deal", "day", "won", "weight"]].assign(
                fold=origin,
                **{
                    PRIORS: later.get("stage", pd.Series(index=later.index))
                    .map(priors)
                    .fillna(stages._overall),
                    STAGES: stages.predict_proba(told(later))[:, 1],
                    CELLS: _cells(first, later),
                    MODEL: model.predict_proba(told(later))[:, 1],
                },
            )
        )
    test = pd.concat(parts, ignore_index=True)
    scores = _scores(test)
    gain = scores.set_index("name").loc[MODEL]
    has_signal = bool(gain.gain_low > 0)
    name = MODEL if gain.gain > 0 else STAGES
    in_line, line = _in_line(test, name)
    final = WinOdds(priors, prior_deals=process.prior_deals, effects=name == MODEL)
    final.fit(told(known), known.won, weight=known.weight, deal=known.deal)
    won, weight = test.won.to_numpy(bool), test.weight.to_numpy()
    return Chosen(
        name, scores, calibration(in_line, won, weight, test.deal), expected_calibration_error(in_line, won, weight, by="scale"), has_signal, n, line, final
    )  # fmt: skip


def _fallen_back(known: pd.DataFrame, n: int, priors: dict[str, float], process: Process) -> Chosen:
    """The policy's odds, moved by the little that is known."""
    model = WinOdds(priors, prior_deals=process.prior_deals, effects=False)
    if known.won.nunique() == 2 and "stage" in known:
        model.fit(told(known), known.won, weight=known.weight)
    else:
        model._overall, model.rates_, model.variances_ = (
            float(np.mean(list(priors.values()) or [0.5])),
            dict(priors),
            {},
        )
    return Chosen(PRIORS, pd.DataFrame(), pd.DataFrame(), float("nan"), False, n, model=model)


def _folds(rows: pd.DataFrame, until: pd.Timestamp, fewest: int):  # type: ignore[no-untyped-def]
    """Origins, oldest first, each with the decided rows of the quarter that followed.

    An origin before which decisions had not been seen for as long as a deal takes knows the fast ones alone.
    """
    known = decided(rows, until)
    took = (known.decided_on - known.day).dt.days
    begun = known.decided_on.min() + pd.Timedelta(days=float(took.quantile(_SLOW)) if len(took) else 0.0)
    for back in range(FOLDS, 0, -1):
        origin = until - pd.Timedelta(days=FOLD_DAYS * back)
        later = known[(known.day > origin) & (known.day <= origin + pd.Timedelta(days=FOLD_DAYS))]
        first = rows[(rows.day <= origin) & (rows.decided_on <= origin)]
        if (
            origin >= begun
            and len(later)
            and first.deal.nunique() >= fewest
            and first.won.astype(bool).nunique() == 2
        ):
            yield origin, later


def _cells(first: pd.DataFrame, later: pd.DataFrame) -> NDArray[np.float64]:
    """The rates of stage × product × person, each drawn towards that of the stage alone."""
    names = [name for name in _CELL if name in first]
    cells, wanted = _named(first, names), _named(later, names)
    p = np.full(len(later), np.average(first.won, weights=first.weight))
    for depth in (1, len(names)):
        sums = cells.assign(weight=first.weight, hit=first.weight * first.won)
        own = sums.groupby(names[:depth])[["weight", "hit"]].sum().reset_index()
        joined = wanted[names[:depth]].merge(own, on=names[:depth], how="left")
        n, won = joined.weight.fillna(0).to_numpy(), joined.hit.fillna(0).to_numpy()
        p = (_CELL_WEIGHT * p + won) / (_CELL_WEIGHT + n)
    return p


def _named(rows: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Columns as text, where a column that nobody filled is of no kind of its own."""
    return rows[names].astype(object).where(rows[names].notna(), "")


def _scores(test: pd.DataFrame) -> pd.DataFrame:
    won, weight = test.won.to_numpy(bool), test.weight.to_numpy()
    errors = {name: (test[name].to_numpy() - won) ** 2 for name in (PRIORS, STAGES, CELLS, MODEL)}
    found = []
    for name, error in errors.items():
        own = mean_by_deal(error, weight, test.deal)
        gain = mean_by_deal(errors[STAGES] - error, weight, test.deal)
        p = test[name].to_numpy()
        found.append(
            {
                "name": name, "brier": brier(p, won, weight), "low": own.low, "high": own.high, "ece": expected_calibration_error(p, won, weight, by="scale"),
                "gain": gain.value, "gain_low": gain.low, "gain_high": gain.high, "n": test.deal.nunique(), "n_rows": len(test),
            }
        )  # fmt: skip
    return pd.DataFrame(found)


def _in_line(test: pd.DataFrame, name: str) -> tuple[NDArray[np.float64], LogOddsLine]:
    """Odds of each quarter brought in line by the quarters before it, and the line of all."""
    p, won, weight = test[name].to_numpy(), test.won.to_numpy(bool), test.weight.to_numpy()
    found = p.copy()
    for fold in test.fold.unique()[1:]:
        # what was foretold and decided before the quarter began
        before = ((test.fold < fold) & (test.day < fold)).to_numpy()
        own = (test.fold == fold).to_numpy()
        found[own] = log_odds_correction(p[before], won[before], weight[before], held=_HELD)(p[own])
    return found, log_odds_correction(p, won, weight, held=_HELD)
