"""Who is likely to fall silent, by the purchase model that foretold the last stretch best (M11.4)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import wilson
from salesops_lib.segmentation.boosting import LEAST_ROWS
from salesops_lib.segmentation.grades import quiet_customers, yearly
from salesops_lib.segmentation.race import choose, fitted
from salesops_lib.segmentation.reviews import held_grades, names
from salesops_lib.segmentation.summary import purchase_days

if TYPE_CHECKING:
    from salesops_lib.segmentation.race import Candidate, Choice
    from salesops_lib.workspace import Workspace

_YEAR = 365
Section = tuple[Exhibit | Missing, ...]


def silence(ws: Workspace) -> Section:
    """The customers likely to fall silent, how such lists did before, and how well the models foretell."""
    if absent := ws.facts.missing("sales.customer_id"):
        return (Missing("likely_silent", absent),)
    found = choose(ws.facts, ws.window.end, ws.policy.customers.repeat.winback_days)
    if found is None:
        return (Missing("likely_silent", ("order_lines",), "note.history_short"),)
    return likely_silent(ws, found), lists_tested(ws, found), model_race(found)


def likely_silent(ws: Workspace, found: Choice) -> Exhibit:
    """Customers whose chance of an order is less than half of what it was on the day of their last one.

    Who has bought nothing for a year is lost already, and left to the customer bridge.  One row a customer, the largest expected loss first: a mean year's bookings times the chance of
    no order.
    """
    told = foretold(found.model, found.summary, found.horizon)
    quiet = told[told.is_silent & (told.silent_days < _YEAR)].assign(
        name=names(ws), grade=held_grades(ws).iloc[:, -1], annual_amount=yearly(ws)
    )
    quiet = quiet.assign(loss=(1 - quiet.order_chance) * quiet.annual_amount.fillna(0))
    ranked = quiet.sort_index().sort_values("loss", ascending=False, kind="stable")
    columns = ["name", "loss", "annual_amount", "grade", "silent_days", "mean_gap", "order_chance"]
    values = {"n": len(quiet), "amount": quiet.annual_amount.sum(), "loss": quiet.loss.sum(), "days": found.horizon,
              "at_stake": quiet.loss.sum()}  # fmt: skip
    some = (
        Finding("likely_silent.some", values, "bookings", "bad"),
        Finding("likely_silent.expected", values),
    )
    rule = {"days": found.horizon, "model": found.winner}
    return Exhibit(
        "likely_silent", "ranking", ranked[columns].reset_index(drop=True), metric="bookings",
        findings=some if len(quiet) else (Finding("likely_silent.none"),), sources=("order_lines", "customers"), window=ws.trailing(),
        units={"loss": "money", "annual_amount": "money", "grade": "text", "silent_days": "count", "mean_gap": "count", "order_chance": "ratio"},
        notes=(Finding("note.likely_silent_rule", rule), *corrected(found), Finding("note.purchase_days")),
    )  # fmt: skip


def corrected(found: Choice) -> tuple[Finding, ...]:
    """A note where chances are corrected."""
    return (Finding("note.chances_corrected", {"days": found.horizon}),) if found.is_corrected else ()


def foretold(model: Candidate, seen: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Chance of an order within the horizon, and whether it has halved since the day of the last order (is_silent).

    One row a customer, with silent_days and the mean gap between its order days.
    """
    chance = model.probability_active(seen, horizon)
    promised = model.probability_active(seen.assign(T=seen.recency), horizon)
    return pd.DataFrame(
        {
            "order_chance": chance,
            "is_silent": chance < promised / 2,
            "silent_days": seen["T"] - seen.recency,
            "mean_gap": seen.recency / seen.frequency.where(seen.frequency > 0),
        },
        index=seen.index,
    )


def lists_tested(ws: Workspace, found: Choice) -> Exhibit | Missing:
    """Of the customers that each list would have named one horizon ago, the share that has not ordered since.

    Of customers that had bought within the year before; `base` is the share that the model expected
    of the same customers.
    """
    split = ws.window.end - timedelta(days=found.horizon)
    ordered = purchase_days(ws.facts, split, ws.window.end)
    then = fitted(ws.facts, found.winner, split, found.horizon)
    assert then is not None  # it took part in the race of that day
    told = foretold(then.model, then.seen, found.horizon)
    recent = told.index[told.silent_days < _YEAR]
    named = {
        "own_rhythm": recent.intersection(quiet_customers(ws, split).customer_id),
        "chance_halved": recent.intersection(told.index[told.is_silent]),
        "bought_within_year": recent,
    }
    shares = [wilson(int((~ids.isin(ordered.index)).sum()), len(ids)) for ids in named.values()]
    frame = pd.DataFrame(
        {"label": list(named), "value": [s.value for s in shares], "low": [s.low for s in shares],
         "high": [s.high for s in shares], "n": [len(ids) for ids in named.values()],
         "base": [1 - told.order_chance.loc[ids].mean() for ids in named.values()]}
    )  # fmt: skip
    frame = frame[frame.n >= max(ws.policy.report.suppress_below, 1)].reset_index(drop=True)
    if len(frame) < 2:
        return Missing("lists_tested", ("order_lines",), "note.nobody_was_silent")
    first = frame.iloc[0]
    values = {"list": first.label, "n": first.n, "share": first.value, "low": first.low, "high": first.high,
              "expected": first.base, "days": found.horizon}  # fmt: skip
    differs = first.base < first.low or first.base > first.high
    return Exhibit(
        "lists_tested", "intervals", frame, findings=(Finding("lists_tested.differs" if differs else "lists_tested.alike", values),),
        units=dict.fromkeys(("value", "low", "high", "base"), "ratio") | {"n": "count"}, sources=("order_lines",),
        notes=(Finding("note.lists_reference"),),
    )  # fmt: skip


def model_race(found: Choice) -> Exhibit:
    """How well each model foretold the days that are known; one row a model, the best first."""
    best = found.scores.iloc[0]
    naive = found.scores.set_index("model").rmse["naive_rate"]
    told = {"model": best.model, "days": found.horizon, "rmse": best.rmse, "naive": naive,
            "error": best.calibration_error, "brier": best.brier, "n": best.n}  # fmt: skip
    return Exhibit(
        "model_race", "table", found.scores.assign(model=[Finding("value.label", {"value": name}) for name in found.scores.model]), findings=(Finding("model_race.found", told), Finding("model_race.calibration", told)),
        units={"model": "text", "rmse": "quantity", "mae": "quantity", "bias": "ratio", "brier": "quantity", "calibration_error": "ratio"},
        sources=("order_lines",), notes=(Finding("note.chosen_on_them"), boosting(found)),
    )  # fmt: skip


def boosting(found: Choice) -> Finding:
    """What gradient boosting learnt from, or that it was left out and why."""
    if not found.n_lessons:
        return Finding("note.boosting_left_out", {"days": found.horizon, "least": LEAST_ROWS})
    drawn = found.n_lessons < found.n_known
    told = {"n": found.n_lessons, "of": found.n_known, "days": found.horizon}
    return Finding("note.boosting_drawn" if drawn else "note.boosting_learnt", told)
