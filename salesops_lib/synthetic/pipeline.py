"""Opportunities and the history of their stages, closing dates and amounts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.catalogue import Catalogue
from salesops_lib.synthetic.company import N_DAYS, N_MONTHS, N_OPPORTUNITIES, STAGES
from salesops_lib.synthetic.customers import Customers
from salesops_lib.synthetic.days import Days
from salesops_lib.synthetic.draws import Draws
from salesops_lib.synthetic.organisation import Organisation

_LOSS_REASONS = ("price", "delivery", "function", "relationship", "no budget")
_SOURCES = ("trade fair", "referral", "website", "cold call", "partner")
_N_STAGES = len(STAGES)
_QUOTE = STAGES.index("quote")
_STALE_SHARE = 0.06
_MAX_PUSHES = 8


@dataclass(frozen=True)
class Pipeline:
    """`deals` and `changes` are columns by name; `reached`, `entered` serve the truth.

    `reached` is the last stage index (5 won), `entered` the day of entering each stage
    ([deal, stage], beyond the data when it lies in the future).
    """

    deals: dict[str, NDArray[Any]]
    changes: dict[str, NDArray[Any]]
    segment: NDArray[np.int32]
    reached: NDArray[np.int64]
    entered: NDArray[np.int64]


def build(
    draws: Draws,
    days: Days,
    organisation: Organisation,
    catalogue: Catalogue,
    customers: Customers,
    scale: float,
) -> Pipeline:
    """Six thousand deals, created on working days, worked through the stages by the planted odds."""
    rng = draws.stream("pipeline")
    created, customer = _created(rng, days, customers)
    segment = customers.segment[customer]
    moves_on = rng.random((N_OPPORTUNITIES, _N_STAGES)) < _odds()[segment]
    reached = np.where(moves_on.all(axis=1), _N_STAGES, moves_on.argmin(axis=1))
    stay = np.maximum(
        1, np.round(np.array(company.STAGE_DAYS) * np.exp(rng.normal(0.0, 0.5, moves_on.shape)))
    ).astype(np.int64)
    entered = created[:, None] + np.concatenate(
        [np.zeros((N_OPPORTUNITIES, 1), dtype=np.int64), stay.cumsum(axis=1)], axis=1
    )
    closing = entered[np.arange(N_OPPORTUNITIES), np.minimum(reached + 1, _N_STAGES)]
    is_closed = closing < N_DAYS
    month = np.minimum(np.where(is_closed, closing, N_DAYS - 1), N_DAYS - 1)
    rep = organisation.owner[customers.seat[customer], days.month[month]]
    last, changes = _amounts_and_dates(rng, entered, closing, reached, created, segment, scale)
    current = (np.minimum(entered[:, :_N_STAGES], N_DAYS) < N_DAYS).sum(axis=1) - 1
    stage = np.where(
        is_closed, np.where(reached == _N_STAGES, _N_STAGES, _N_STAGES + 1), np.minimum(current, reached)
    )
    lost = is_closed & (reached < _N_STAGES)
    competitor = np.where(
        (entered[:, _QUOTE] < N_DAYS) & (reached >= _QUOTE) & (rng.random(N_OPPORTUNITIES) < 0.45),
        rng.integers(0, 3, N_OPPORTUNITIES),
        -1,
    )
    deals: dict[str, NDArray[Any]] = {
        "o": np.arange(N_OPPORTUNITIES),
        "customer": customer,
        "rep": rep,
        "product": _products(rng, catalogue, customers.region[customer]),
        "amount": last["amount"],
        "stage": stage,
        "created": created,
        "expected": last["expected"],
        "closed": np.where(is_closed, closing, -1),
        "reason": np.where(lost, rng.choice(5, N_OPPORTUNITIES, p=[0.38, 0.17, 0.20, 0.10, 0.15]), -1),
        "competitor": competitor,
        "source": rng.integers(0, len(_SOURCES), N_OPPORTUNITIES),
    }
    changes = _sorted(_join(changes, _stage_changes(entered, reached, closing)))
    return Pipeline(deals, changes, segment, reached, entered)


def labels() -> dict[str, tuple[str, ...]]:
    """Words behind the codes of `deals`."""
    return {"reason": _LOSS_REASONS, "source": _SOURCES, "competitor": company.COMPETITORS}


def _odds() -> NDArray[np.float64]:
    return np.array(
        [[company.stage_odds(s, g) for s in range(_N_STAGES)] for g in range(len(company.SEGMENTS))]
    )


def _created(
    rng: np.random.Generator, days: Days, customers: Customers
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    share = np.where(days.is_workday, 1.0, 0.0) * 1.10 ** (days.month / 12.0)
    created = np.sort(rng.choice(N_DAYS, N_OPPORTUNITIES, p=share / share.sum()))
    customer = np.empty(N_OPPORTUNITIES, dtype=np.int64)
    for month in range(N_MONTHS):
        mine = days.month[created] == month
        weight = np.sqrt(customers.weight[:, month])
        customer[mine] = rng.choice(customers.n, int(mine.sum()), p=weight / weight.sum())
    return created, customer


def _products(rng: np.random.Generator, catalogue: Catalogue, region: NDArray[np.int32]) -> NDArray[np.int64]:
    product = np.empty(len(region), dtype=np.int64)
    for r, plan in enumerate(company.REGIONS):
        weight = catalogue.popularity * np.array(plan.mix)[catalogue.category] * (catalogue.launched < 0)
        mine = region == r
        product[mine] = rng.choice(catalogue.n, int(mine.sum()), p=weight / weight.sum())
    return product


def _amounts_and_dates(
    rng: np.random.Generator,
    entered: NDArray[np.int64],
    closing: NDArray[np.int64],
    reached: NDArray[np.int64],
    created: NDArray[np.int64],
    segment: NDArray[np.int32],
    scale: float,
) -> tuple[dict[str, NDArray[np.int64]], dict[str, NDArray[Any]]]:
    """Last amount (fen) and expected closing day, and their changes on the way."""
    n = len(created)
    amount = (
        np.round(np.array(company.DEAL_MEDIAN)[segment] * scale * np.exp(rng.normal(0.0, 0.6, n)), -3).astype(
            np.int64
        )
        * 100
    )
    quoted = entered[:, _QUOTE] + 1
    changed = (reached >= _QUOTE) & (quoted < np.minimum(closing, N_DAYS)) & (rng.random(n) < 0.4)
    revised = np.where(changed, np.round(amount * rng.uniform(0.7, 1.2, n), -5).astype(np.int64), amount)
    expected = created + 20 + np.round(70 * np.exp(rng.normal(0.0, 0.35, n))).astype(np.int64)
    neglected = rng.random(n) < _STALE_SHARE
    columns = [_changes(np.flatnonzero(changed), quoted, "amount", amount, revised)]
    for _ in range(_MAX_PUSHES):
        notice = expected - rng.integers(0, 6, n)
        due = (notice > created) & (notice < np.minimum(closing, N_DAYS)) & ~neglected
        pushed = expected + 15 + rng.integers(0, 46, n)
        columns.append(_changes(np.flatnonzero(due), notice, "expected_close_on", expected, pushed))
        expected = np.where(due, pushed, expected)
    return {"amount": revised, "expected": expected}, _join(*columns)


def _changes(
    which: NDArray[np.int64],
    day: NDArray[np.int64],
    field: str,
    old: NDArray[np.int64],
    new: NDArray[np.int64],
) -> dict[str, NDArray[Any]]:
    names = np.full(len(which), field, dtype=object)
    return {"o": which, "d": day[which], "field": names, "old": old[which], "new": new[which]}


def _stage_changes(
    entered: NDArray[np.int64], reached: NDArray[np.int64], closing: NDArray[np.int64]
) -> dict[str, NDArray[Any]]:
    """One row a stage entered after the first, and one for winning or losing; stages as codes."""
    columns = []
    for stage in range(1, _N_STAGES):
        which = np.flatnonzero((reached >= stage) & (entered[:, stage] < N_DAYS))
        columns.append(
            _changes(
                which,
                entered[:, stage],
                "stage",
                np.full(len(reached), stage - 1),
                np.full(len(reached), stage),
            )
        )
    which = np.flatnonzero(closing < N_DAYS)
    outcome = np.where(reached == _N_STAGES, _N_STAGES, _N_STAGES + 1)
    columns.append(_changes(which, closing, "stage", np.minimum(reached, _N_STAGES - 1), outcome))
    return _join(*columns)


def _join(*parts: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _sorted(columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    kind = np.array([("stage", "amount", "expected_close_on").index(f) for f in columns["field"]])
    order = np.lexsort((kind, columns["o"], columns["d"]))
    return {name: values[order] for name, values in columns.items()}
