"""Without a contract nobody cancels: the chance that a customer orders no more within the horizon, and the money behind it.

The chances are those of the purchase model that `race.choose` picks, as on the list of likely silent customers;
here they are held against what came, corrected where that helps, and added up.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.segmentation.grades import yearly
from salesops_lib.segmentation.race import calibration_error, candidates, choose
from salesops_lib.segmentation.reviews import GRADES, held_grades
from salesops_lib.segmentation.summary import customer_summary, purchase_days

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from salesops_lib.workspace import Workspace

    Floats = NDArray[np.float64]

_YEAR = 365
_NEAR = 1e-6


class Line(NamedTuple):
    """A straight correction of log odds; (0, 1) leaves a chance as it is."""

    base: float = 0.0
    slope: float = 1.0

    def __call__(self, chance: Floats) -> Floats:
        """The corrected chance.

        >>> Line()(np.array([0.25])).tolist()
        [0.25]
        """
        return 1 / (1 + np.exp(-(self.base + self.slope * _log_odds(chance))))


def corrected(chance: Floats, came: NDArray[np.bool_]) -> Line:
    """The line that makes chances agree with what came (Platt's scaling); none where all came, or nobody did."""
    if came.all() or not came.any():
        return Line()
    fitted = LogisticRegression(C=1e6, max_iter=1000).fit(_log_odds(chance)[:, None], came)
    return Line(float(fitted.intercept_[0]), float(fitted.coef_[0, 0]))


def _log_odds(chance: Floats) -> Floats:
    safe = np.clip(chance, _NEAR, 1 - _NEAR)
    return np.asarray(np.log(safe / (1 - safe)))


def quiet_risk(ws: Workspace) -> Exhibit | Missing:
    """Customers of the last year by grade: how many are expected to order no more within the horizon, and their sales of a year."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("quiet_risk", absent)
    days, end = ws.policy.customers.repeat.winback_days, ws.window.end
    found = choose(ws.facts, end, days)
    if found is None:
        return Missing("quiet_risk", ("order_lines",), "note.history_short")
    model = str(found.scores.model.iloc[0])
    last = _foretold(ws, model, end - timedelta(days=days), days)
    first = _foretold(ws, model, end - timedelta(days=2 * days), days)
    if last is None:
        return Missing("quiet_risk", ("order_lines",), "note.history_short")
    raw = calibration_error(last.chance, last.came)
    line = Line() if first is None else corrected(first.chance, first.came)
    after = calibration_error(line(last.chance), last.came)
    helps = first is not None and after < raw
    seen = found.summary[(found.summary["T"] - found.summary.recency) < _YEAR]
    chance = np.asarray(candidates()[model].fit(found.summary).probability_active(seen, days))
    chance = corrected(last.chance, last.came)(chance) if helps else chance
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
    earlier = customer_summary(ws.facts, day)
    if earlier.empty:
        return None
    fitted = candidates()[model].fit(earlier)
    seen = earlier[(earlier["T"] - earlier.recency) < _YEAR]
    if seen.empty:
        return None
    ordered = purchase_days(ws.facts, day, day + timedelta(days=horizon))
    return Foretold(np.asarray(fitted.probability_active(seen, horizon)), seen.index.isin(ordered.index))


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
