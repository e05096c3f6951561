"""What customers will be worth: purchases and spend expected in the next twelve months, and the error of such a view (M10.8)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.calibration import tenths
from salesops_lib.metrics.formulas import ratio, wilson
from salesops_lib.segmentation.race import choose, fitted, learnt
from salesops_lib.segmentation.reviews import held_grades, names
from salesops_lib.segmentation.silence import corrected, model_race
from salesops_lib.segmentation.spending import GammaGamma
from salesops_lib.segmentation.summary import purchase_days, purchases

if TYPE_CHECKING:
    from salesops_lib.segmentation.race import Candidate, Choice
    from salesops_lib.workspace import Workspace

_YEAR = 365
Section = tuple[Exhibit | Missing, ...]


def customer_value(ws: Workspace) -> Section:
    """Customers by what they will be worth, how far off that was a year ago, and how the models did."""
    if absent := ws.facts.missing("sales.customer_id"):
        return (Missing("customer_value", absent),)
    found = choose(ws.facts, ws.window.end, _YEAR)
    if found is None or not found.summary.monetary.gt(0).any():
        return (Missing("customer_value", ("order_lines",), "note.history_short"),)
    tested = value_tested(ws, found)
    return valued(ws, found, tested), tested, model_race(found), chances_tested(ws, found)


def worth(model: Candidate, seen: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Purchases, spend of each, value (their product) and chance of an order within the horizon; one row a customer.

    Spend, and so value, is missing for customers without repeat purchase where the spread of spend
    among customers is so wide that it has no mean.
    """
    spending = GammaGamma().fit(seen)
    bought = model.expected_purchases(seen, horizon)
    spend = pd.Series(spending.predict(seen), seen.index).replace(np.inf, np.nan)
    chance = model.probability_active(seen, horizon)
    return pd.DataFrame(
        {"purchases": bought, "spend": spend, "value": bought * spend, "order_chance": chance}, seen.index
    )


def valued(ws: Workspace, found: Choice, tested: Exhibit | Missing) -> Exhibit:
    """Value of each customer in the next twelve months, the largest first; the error of a year ago beside it."""
    told = worth(found.model, found.summary, found.horizon)
    frame = told.assign(name=names(ws), grade=held_grades(ws).iloc[:, -1])
    ranked = frame.sort_index().sort_values("value", ascending=False, kind="stable").reset_index(drop=True)
    top = ranked.head(ws.policy.report.top_n)
    total = frame.value.sum()
    values = {
        "n": int(frame.value.notna().sum()),
        "value": total,
        "n_top": len(top),
        "share": ratio(top.value.sum(), total),
    }
    beside = (
        (Finding(tested.findings[0].id, tested.findings[0].values),) if isinstance(tested, Exhibit) else ()
    )
    unknown = int(frame.value.isna().sum())
    return Exhibit(
        "customer_value", "ranking", ranked[["name", "value", "grade", "purchases", "spend", "order_chance"]], metric="customer_value",
        findings=(Finding("customer_value.total", values, "customer_value"), *beside), sources=("order_lines", "customers"),
        units={"value": "money", "spend": "money", "grade": "text", "purchases": "quantity", "order_chance": "ratio"},
        notes=(
            Finding("note.value_method", {"model": found.winner, "days": found.horizon}),
            *corrected(found),
            *((Finding("note.value_unknown", {"n": unknown}),) if unknown else ()),
        ),
    )  # fmt: skip


def value_tested(ws: Workspace, found: Choice) -> Exhibit | Missing:
    """Value foretold a year ago against what was bought since, by grade of value; one row a quarter of customers."""
    split = ws.window.end - timedelta(days=found.horizon)
    then = learnt(ws.facts, found.winner, split, found.horizon)
    if then is None or not then.seen.monetary.gt(0).any():
        return Missing("value_tested", ("order_lines",), "note.history_short")
    told = worth(then.model, then.seen, found.horizon).dropna(subset=["value"])
    came = purchases(ws.facts, split, ws.window.end).amount.reindex(told.index).fillna(0)
    before = (
        purchases(ws.facts, split - timedelta(days=found.horizon), split).amount.reindex(told.index).fillna(0)
    )
    quarter = (told.value.rank(ascending=False, method="first", pct=True) * 4).clip(0, 3.999).astype(int) + 1
    frame = pd.DataFrame({"quarter": quarter, "target": told.value, "actual": came, "base": before})
    table = (
        frame.groupby("quarter")
        .agg(n=("actual", "size"), foretold=("target", "sum"), actual=("actual", "sum"))
        .reset_index()
    )
    table = table.assign(error=table.foretold / table.actual.where(table.actual > 0) - 1)
    values = {
        "error": ratio(told.value.sum() - came.sum(), came.sum()),
        "wape": ratio((told.value - came).abs().sum(), came.sum()),
        "naive": ratio((before - came).abs().sum(), came.sum()),
        "n": len(told),
    }
    return Exhibit(
        "value_tested", "table", table, metric="customer_value", findings=(Finding("value_tested.error", values),), sources=("order_lines",),
        units={"quarter": "count", "foretold": "money", "error": "ratio"}, notes=(Finding("note.value_tested"),),
    )  # fmt: skip


def chances_tested(ws: Workspace, found: Choice) -> Exhibit:
    """Chance of an order that was foretold against the share that ordered; one row a tenth of customers."""
    split = ws.window.end - timedelta(days=found.horizon)
    then = fitted(ws.facts, found.winner, split, found.horizon)
    assert then is not None  # it took part in the race of that day
    ordered = then.seen.index.isin(purchase_days(ws.facts, split, ws.window.end).index)
    table = tenths(then.model.probability_active(then.seen, found.horizon), ordered)
    shares = [wilson(round(row.came * row.n), int(row.n)) for row in table.itertuples()]
    frame = pd.DataFrame(
        {"label": [f"{tenth}" for tenth in table.index], "value": table.came.to_numpy(), "low": [s.low for s in shares],
         "high": [s.high for s in shares], "n": table.n.to_numpy(), "base": table.foretold.to_numpy()}
    )  # fmt: skip
    inside = int(((frame.base >= frame.low) & (frame.base <= frame.high)).sum())
    return Exhibit(
        "chances_tested", "intervals", frame, findings=(Finding("chances_tested.inside", {"inside": inside, "n": len(frame)}),),
        units=dict.fromkeys(("value", "low", "high", "base"), "ratio") | {"n": "count"}, sources=("order_lines",),
        notes=(Finding("note.chances_tested"),),
    )  # fmt: skip
