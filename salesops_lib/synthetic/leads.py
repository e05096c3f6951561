"""What stands around deals: the leads they came from, evidence of their stages, approved prices, last activities."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import N_DAYS, STAGES
from salesops_lib.synthetic.draws import Draws
from salesops_lib.synthetic.pipeline import Pipeline

Columns = dict[str, NDArray[Any]]
_CONTRACT = STAGES.index("contract")
_HOURS_A_DAY = 8


def leads(draws: Draws, deals: Pipeline) -> Columns:
    """Leads by their day, as columns d, hours (to the first answer, -1: none), answered, rep, source, qualified, o (-1: came to nothing).

    Of leads answered as fast as each of `company.LEAD_HOURS` says, the planted share becomes a deal; every deal was a lead.
    """
    rng = draws.stream("leads")
    n_deals = len(deals.deals["o"])
    share = float(np.dot(company.LEAD_SHARES, company.LEAD_ODDS))
    n = round(n_deals / share)
    like = np.concatenate([np.arange(n_deals), rng.integers(0, n_deals, n - n_deals)])
    is_deal = np.arange(n) < n_deals
    came, missed = (
        np.array(company.LEAD_SHARES) * odds
        for odds in (np.array(company.LEAD_ODDS), 1 - np.array(company.LEAD_ODDS))
    )
    speed = np.where(
        is_deal,
        rng.choice(len(came), n, p=came / came.sum()),
        rng.choice(len(missed), n, p=missed / missed.sum()),
    )
    edges = np.array([0.5, *company.LEAD_HOURS, company.LEAD_HOURS_MOST])
    hours = np.ceil(2 * (edges[speed] + rng.random(n) * (edges[speed + 1] - edges[speed]))) / 2
    wait = np.maximum(hours // _HOURS_A_DAY + 1, np.round(8 * np.exp(rng.normal(0.0, 0.6, n)))).astype(
        np.int64
    )
    created = np.maximum(deals.deals["created"][like] - wait, 0)
    answered = created + (hours // _HOURS_A_DAY).astype(np.int64)
    is_answered = is_deal | ((rng.random(n) >= company.LEAD_UNANSWERED) & (answered < N_DAYS))
    found = {
        "d": created, "hours": np.where(is_answered, hours, -1.0), "answered": np.where(is_answered, answered, -1),
        "rep": deals.deals["rep"][like], "source": deals.deals["source"][like],
        "qualified": np.where(is_deal, deals.deals["created"][like], -1), "o": np.where(is_deal, like, -1),
    }  # fmt: skip
    order = np.lexsort((np.arange(n), created))
    return {name: values[order] for name, values in found.items()} | {"lead": np.arange(n)}


def evidence(draws: Draws, deals: Pipeline) -> Columns:
    """Evidence on file of stages that deals have left for the next, as columns o, stage, d; some was never filed."""
    rng = draws.stream("evidence")
    o, stage = np.nonzero((deals.entered[:, 1:] < N_DAYS) & (deals.reached[:, None] > np.arange(len(STAGES))))
    is_filed = rng.random(len(o)) < company.EVIDENCE_FILED
    left = deals.entered[o, stage + 1]
    day = np.maximum(left - rng.integers(0, 4, len(o)), deals.entered[o, stage])
    found = {"o": o[is_filed], "stage": stage[is_filed], "d": day[is_filed]}
    order = np.lexsort((found["stage"], found["o"], found["d"]))
    return {name: values[order] for name, values in found.items()}


def care(draws: Draws, deals: Pipeline) -> Columns:
    """Day of the last activity of each deal, and on which its price was approved before contracting (-1: never); in the order of deals."""
    rng = draws.stream("care")
    n = len(deals.deals["o"])
    closed = deals.deals["closed"]
    last = np.where(closed >= 0, closed, N_DAYS - 1)
    lag = np.where(
        closed >= 0,
        0,
        rng.geometric(0.15, n) - 1 + (rng.random(n) < company.FORGOTTEN_DEALS) * rng.integers(25, 90, n),
    )
    entered = deals.entered[:, _CONTRACT]
    is_there = (deals.reached >= _CONTRACT) & (entered < N_DAYS)
    approved = np.where(
        rng.random(n) < company.PRICE_APPROVED,
        entered - rng.integers(0, 5, n),
        entered + rng.integers(1, 6, n),
    )
    return {
        "activity": np.maximum(last - lag, deals.deals["created"]),
        "priced": np.where(is_there & (approved < N_DAYS), np.maximum(approved, deals.deals["created"]), -1),
    }
