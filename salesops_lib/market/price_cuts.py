"""What a rival's price cut does to us: an event study of what customers take since (M8.4).

A cut shows in the prices themselves: those of a rival's matched products of a category fall together,
and stay lower.  Where it bit nobody notes, so each region is tried.  The same customers are compared
with themselves a year before, by what they take in an order line of that category, less how their
lines of all other categories changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import Interval
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Prices have to fall this much; less is told apart from chance only with many matched products.
LEAST_CUT = 0.05
#: Months before and after whose prices are compared, and of them the fewest with a price.
_MONTHS, _FEWEST = 3, 2
#: Days after the cut that are looked at, and the fewest that say anything.
_DAYS, _FEWEST_DAYS = 180, 60
#: The same days of the year before, on the same days of the week.
_YEAR = timedelta(days=364)
#: Customers that a region needs: with fewer its interval would not hold.
_FEWEST_CUSTOMERS = 20


@dataclass(frozen=True)
class PriceCut:
    """A rival's prices of a category fell by `change` (below 0) with the prices of `cut_on`."""

    competitor: str
    category: str
    cut_on: date
    change: float


def price_cuts(ws: Workspace) -> list[PriceCut]:
    """Cuts of at least 5 % in the two years before the period's end, the largest of each rival and category.

    The largest comes first.
    """
    prices = ws.facts.query(
        "SELECT c.competitor, p.category, c.product_id, c.observed_on, LN(CAST(c.price AS DOUBLE)) AS log_price "
        "FROM competitor_prices AS c JOIN products AS p ON p.product_id = c.product_id "
        "WHERE c.price > 0 AND p.category IS NOT NULL AND c.observed_on BETWEEN ? AND ? "
        "ORDER BY c.competitor, p.category, c.observed_on, c.product_id",
        [ws.trailing(years_back=1).start, ws.window.end],
    )
    prices = prices.assign(
        observed_on=pd.to_datetime(prices.observed_on),
        log_price=prices.log_price - prices.groupby(["competitor", "product_id"]).log_price.transform("mean"),
    )
    found = [
        cut
        for (competitor, category), own in prices.groupby(["competitor", "category"])
        if (cut := _largest(str(competitor), str(category), own)) and cut.change <= -LEAST_CUT
    ]
    return sorted(found, key=lambda cut: (cut.change, cut.competitor, cut.category))


def _largest(competitor: str, category: str, prices: pd.DataFrame) -> PriceCut | None:
    month = prices.observed_on.dt.to_period("M")
    level = prices.groupby(month).log_price.mean()
    before = level.shift().rolling(_MONTHS, min_periods=_FEWEST).mean()
    after = level[::-1].rolling(_MONTHS, min_periods=_FEWEST).mean()[::-1]
    fall = (after - before).dropna()
    if fall.empty:
        return None
    first = prices.observed_on[month == fall.idxmin()].min()
    return PriceCut(competitor, category, first.date(), float(np.expm1(fall.min())))


def price_cut_effect(ws: Workspace) -> Exhibit | Missing:
    """What customers take in an order line since the largest cut, against the others' lines; one row a region.

    `value` is the change, `low` and `high` its interval (95 % for all regions together), `base` the same
    comparison one year earlier, when there was no cut: where that differs from 0 nothing is concluded.
    """
    if absent := ws.facts.missing(
        "competitor_prices.price", "products.category", "sales.quantity", "sales.customer_id", "sales.region"
    ):
        return Missing("price_cuts", absent)
    known = price_cuts(ws)
    if not known:
        return _nothing(Finding("price_cuts.none", {"least": LEAST_CUT}))
    cut = known[0]
    stop = min(cut.cut_on + timedelta(days=_DAYS - 1), ws.window.end)
    told = {"competitor": cut.competitor, "category": cut.category, "cut": -cut.change, "cut_on": cut.cut_on}
    n_days = (stop - cut.cut_on).days + 1
    if n_days < _FEWEST_DAYS:
        return _nothing(Finding("price_cuts.too_early", {**told, "n": n_days, "least": _FEWEST_DAYS}))
    lines = _lines(ws, cut, stop)
    regions = [
        (region, own) for region, own in lines.groupby("region") if _customers(own) >= _FEWEST_CUSTOMERS
    ]
    if not regions:
        return _nothing(Finding("price_cuts.too_few", {**told, "least": _FEWEST_CUSTOMERS}))
    z = NormalDist().inv_cdf(1 - 0.05 / (2 * len(regions)))
    frame = pd.DataFrame([_row(str(region), own, z) for region, own in regions])
    frame = frame.sort_values(["value", "label"], ignore_index=True)
    notes = [Finding("note.price_cuts", {"n": n_days, "n_regions": len(frame)})]
    if left_out := lines.region.nunique() - len(frame):
        notes.append(Finding("note.price_cuts_few", {"n": left_out, "least": _FEWEST_CUSTOMERS}))
    if len(known) > 1:
        notes.append(Finding("note.price_cuts_more", {"n": len(known) - 1, "least": LEAST_CUT}))
    return Exhibit(
        "price_cuts", "intervals", frame.drop(columns=["sales", "differed"]), metric="price_cut_effect",
        findings=tuple(_findings(frame, told)), sources=("competitor_prices", "order_lines", "products"),
        units={"n": "count"}, notes=tuple(notes),
    )  # fmt: skip


def _nothing(why: Finding) -> Exhibit:
    frame = pd.DataFrame(columns=["label", "value", "low", "high", "n", "base"])
    return Exhibit(
        "price_cuts", "intervals", frame, metric="price_cut_effect", findings=(why,), sources=("competitor_prices",)
    )  # fmt: skip


def _lines(ws: Workspace, cut: PriceCut, stop: date) -> pd.DataFrame:
    """One row per region, customer, span (0: since the cut; 1, 2: years before) and whether of the category.

    `size` is the mean logarithm of a line's quantity, less that of all lines of its product; n its lines.
    """
    spans = {back: (cut.cut_on - back * _YEAR, stop - back * _YEAR) for back in range(3)}
    within = [f"dated_on BETWEEN DATE '{start}' AND DATE '{end}'" for start, end in spans.values()]
    span = " ".join(f"WHEN {test} THEN {back}" for back, test in enumerate(within))
    size = "LN(CAST(quantity AS DOUBLE))"
    return ws.facts.query(
        "SELECT region, customer_id, span, is_hit, AVG(size) AS size, COUNT(*) AS n, SUM(net_amount) AS sales FROM ("
        f"SELECT region, customer_id, net_amount, CASE {span} END AS span, "
        f"CASE WHEN category = {literal(cut.category)} THEN 1 ELSE 0 END AS is_hit, "
        f"{size} - AVG({size}) OVER (PARTITION BY product_id) AS size FROM sales "
        "WHERE kind = 'order' AND quantity > 0 AND region IS NOT NULL AND customer_id IS NOT NULL "
        f"AND ({' OR '.join(within)})) AS sized GROUP BY region, customer_id, span, is_hit "
        "ORDER BY region, customer_id, span, is_hit"
    )


def _customers(lines: pd.DataFrame) -> int:
    """Customers with lines of the category both since the cut and the year before."""
    return int(
        lines[(lines.is_hit == 1) & (lines.span < 2)].groupby("customer_id").span.nunique().eq(2).sum()
    )


def _row(region: str, lines: pd.DataFrame, z: float) -> dict[str, object]:
    effect, before = (_relative(lines, span, z) for span in (0, 1))
    since = lines[(lines.is_hit == 1) & (lines.span == 0)]
    return {
        "label": region, "value": effect.value, "low": effect.low, "high": effect.high, "n": _customers(lines),
        "base": before.value, "sales": float(since.sales.sum()), "differed": before.low > 0 or before.high < 0,
    }  # fmt: skip


def _relative(lines: pd.DataFrame, span: int, z: float) -> Interval:
    """How a line of the category changed from the year before `span`, over how other lines did, less 1."""
    (hit, hit_error), (rest, rest_error) = (_change(lines[lines.is_hit == is_hit], span) for is_hit in (1, 0))
    change, half = hit - rest, z * float(np.hypot(hit_error, rest_error))
    return Interval(*(float(np.expm1(end)) for end in (change, change - half, change + half)))


def _change(lines: pd.DataFrame, span: int) -> tuple[float, float]:
    """Mean change of customers' lines and its standard error, each weighted by the lines that it rests on."""
    both = lines.pivot_table(index="customer_id", columns="span", values=["size", "n"])
    both = both.reindex(columns=pd.MultiIndex.from_product([["size", "n"], [span, span + 1]])).dropna()
    size, n = both["size"].to_numpy(dtype=float), both["n"].to_numpy(dtype=float)
    if len(size) < 2:
        return float("nan"), float("nan")
    change, weight = size[:, 0] - size[:, 1], n.prod(axis=1) / n.sum(axis=1)
    mean = np.average(change, weights=weight)
    spread = np.square(weight * (change - mean)).sum() * len(change) / (len(change) - 1)
    return float(mean), float(np.sqrt(spread) / weight.sum())


def _findings(frame: pd.DataFrame, told: dict[str, object]) -> list[Finding]:
    fell = frame[(frame.high < 0) & ~frame.differed]
    lost = (1 / (1 + fell.value) - 1) * fell.sales
    found: list[Finding] = []
    for row in fell.assign(at_stake=lost).sort_values("at_stake", ascending=False).itertuples():
        values = {
            **told, "region": row.label, "unit": row.label, "change": row.value, "low": row.low, "high": row.high,
            "at_stake": row.at_stake,
        }  # fmt: skip
        found.append(
            Finding("price_cuts.also" if found else "price_cuts.fell", values, "price_cut_effect", "bad")
        )
    alike = frame[(frame.high >= 0) & ~frame.differed]
    if len(alike):
        names = alike.label.tolist()
        found.append(
            Finding("price_cuts.elsewhere" if found else "price_cuts.no_effect", {**told, "names": names})
        )
    if frame.differed.any():
        found.append(Finding("price_cuts.differed", {"names": frame.label[frame.differed].tolist()}))
    return found
