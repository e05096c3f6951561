"""Open deals at their odds: money at the policy's odds and at those learnt, or numbers where nobody states money."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from salesops_lib import policy
from salesops_lib.pipeline.odds import Odds, weighted
from salesops_lib.pipeline.out_of_time import MODEL, PRIORS, Chosen
from salesops_lib.pipeline.seen import Seen

WS = SimpleNamespace(policy=policy.load(None))
STAGES = {s.id: s.p_prior for s in WS.policy.process.stages if s.is_open}
FIRST, SECOND = list(STAGES)[:2]


def told(amounts, odds, name=MODEL):
    now = pd.DataFrame({"deal": ["a", "b", "c"], "stage": [FIRST, FIRST, SECOND], "amount": amounts})
    chosen = Chosen(name, pd.DataFrame(), pd.DataFrame(), float("nan"), False, 400)
    return Odds(
        date(2026, 3, 31),
        Seen(now, now, now, ()),
        chosen,
        pd.Series(odds, index=["a", "b", "c"], name="odds"),
    )


def test_money_at_both_odds_by_hand():
    exhibit = weighted(WS, told([100.0, 300.0, 1000.0], [0.1, 0.2, 0.5]))
    frame = exhibit.frame.set_index("step")
    assert frame.by_odds.to_dict() == pytest.approx({FIRST: 0.1 * 100 + 0.2 * 300, SECOND: 500})
    assert frame.by_prior.to_dict() == pytest.approx(
        {FIRST: 400 * STAGES[FIRST], SECOND: 1000 * STAGES[SECOND]}
    )
    (finding,) = exhibit.findings
    assert finding.id == "weighted_pipeline.odds"
    assert finding.values["weighted"] == pytest.approx(570)


def test_too_little_history_says_that_the_policys_odds_are_used():
    (finding,) = weighted(WS, told([100.0, 300.0, 1000.0], [0.1, 0.2, 0.5], PRIORS)).findings
    assert finding.id == "weighted_pipeline.priors"


def test_without_any_amount_deals_are_counted():
    (finding,) = weighted(WS, told([np.nan] * 3, [0.1, 0.2, 0.5])).findings
    assert finding.id == "weighted_pipeline.number"
    assert finding.values["wins"] == pytest.approx(0.8)
