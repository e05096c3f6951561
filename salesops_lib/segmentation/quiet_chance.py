"""Without a contract nobody cancels: the chance that a customer orders no more within the horizon, and the money behind it.

The chances are those of the purchase model that `race.choose` picks, as on the list of likely silent customers;
here they are held against what came, corrected where that helps, and added up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.calibration import LogOddsLine, expected_calibration_error, log_odds_correction
from salesops_lib.segmentation.grades import yearly
from salesops_lib.segmentation.race import choose, learnt
from salesops_lib.segmentation.reviews import GRADES, held_grades
from salesops_lib.segmentation.summary import purchase_days

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from salesops_lib.workspace import Workspace

    Floats = NDArray[np.float64]

_YEAR = 365


def quiet_risk(ws: Workspace) -> Exhibit | Missing:
    """Customers of the last year by grade: how many are expected to order no more within the horizon, and their sales of a year."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("quiet_risk", absent)
    days, end = ws.policy.customers.repeat.winback_days, ws.window.end
    found = choose(ws.facts, end, days)
    if found is None:
        return Missing("quiet_risk", ("order_lines",), "note.history_short")
    model = found.winner
    last = _foretold(ws, model, end - timedelta(days=days), days)
    first = _foretold(ws, model, end - timedelta(days=2 * days), days)
    if last is None:
        return Missing("quiet_risk", ("order_lines",), "note.history_short")
    raw = expected_calibration_error(last.chance, last.came)
    line = LogOddsLine() if first is None else log_odds_correction(first.chance, first.came)
    after = expected_calibration_error(line(last.chance), last.came)
    helps = first is not None and after < raw
    now = learnt(ws.facts, model, end, days)
    assert now is not None  # it was chosen
    seen = _lately(now.seen)
    chance = now.model.probability_active(seen, days)
    chance = log_odds_correction(last.chance, last.came)(chance) if helps else chance
    frame = pd.DataFrame(
        {"stopping": 1 - chance, "amount": yearly(ws).reindex(seen.index).fillna(0)}, seen.index
    )
    frame = frame.assign(grade=held_grades(ws).iloc[:, -1])
    return _shown(ws, frame, {"model": model, "days": days, "error": min(after, raw) if helps else raw, "raw": raw, "n_then": len(last.came)}, helps)  # fmt: skip


class Foretold(NamedTuple):
    """Chances of an order, and whether one came."""

    chance: Floats
    came: NDArray[np.bool_]


def _foretold(ws: Workspace, model: str, day: date, horizon: int) -> Foretold | None:
    """What the model would have said on `day` of customers of the year before, and what came within the horizon."""
    then = learnt(ws.facts, model, day, horizon)
    seen = None if then is None else _lately(then.seen)
    if then is None or seen is None or seen.empty:
        return None
    ordered = purchase_days(ws.facts, day, day + timedelta(days=horizon))
    return Foretold(then.model.probability_active(seen, horizon), seen.index.isin(ordered.index))


def _lately(seen: pd.DataFrame) -> pd.DataFrame:
    """Those that have bought within a year."""
    return seen[(seen["T"] - seen.recency) < _YEAR]


def _shown(ws: Workspace, frame: pd.DataFrame, how: dict[str, object], helps: bool) -> Exhibit:
    frame = frame.assign(loss=frame.stopping * frame.amount)
    own = frame.groupby("grade")
    table = pd.DataFrame(
        {
            "n": own.size(),
            "stopping": own.stopping.sum(),
            "annual_amount": own.amount.sum(),
            "loss": own.loss.sum(),
        }
    )
    table = table.reindex([grade for grade in GRADES if grade in table.index]).reset_index(names="grade")
    table = table.assign(share=table.loss / table.annual_amount.where(table.annual_amount > 0))
    told = {
        "n": len(frame),
        "lost": round(float(frame.stopping.sum())),
        "amount": frame.amount.sum(),
        "loss": frame.loss.sum(),
        "at_stake": frame.loss.sum(),
        **how,
    }
    return Exhibit(
        "quiet_risk", "table", table, metric="bookings",
        findings=(Finding("quiet_risk.expected", told, "bookings", "bad"), Finding("quiet_risk.calibrated" if helps else "quiet_risk.as_it_is", told)),
        units={"grade": "text", "stopping": "count", "annual_amount": "money", "loss": "money"}, sources=("order_lines",), window=ws.trailing(),
        notes=(Finding("note.quiet_risk", how),),
    )  # fmt: skip
