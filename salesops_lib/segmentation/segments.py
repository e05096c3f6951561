"""The page of segments: groups that are there by themselves, moves between segments, what each is worth, dependence, churn."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import herfindahl, ratio
from salesops_lib.segmentation.grades import amounts
from salesops_lib.segmentation.groups import groups
from salesops_lib.segmentation.quiet_chance import quiet_risk
from salesops_lib.segmentation.race import choose, learnt
from salesops_lib.segmentation.rfm import CELLS, cells_of
from salesops_lib.segmentation.summary import purchases
from salesops_lib.segmentation.value import worth

if TYPE_CHECKING:
    from salesops_lib.segmentation.race import Choice
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
_YEAR = 365
_NAMES = [cell.name for cell in CELLS]
#: Where a customer stood that had not ordered yet.
_NOT_YET = "not_yet"


@dataclass(frozen=True)
class Review:
    """Sections of the page, in its order."""

    worth: Section
    moves: Section
    clusters: Section
    dependence: Section
    leaving: Section

    @property
    def movers(self) -> list[Exhibit | Missing]:
        """What the headline says besides the worth of segments."""
        return [self.moves[0], self.leaving[0], self.clusters[0], self.dependence[0]]


def review(ws: Workspace) -> Review:
    """All sections; one that cannot be measured says what it needs."""
    return Review(
        worth=segment_worth(ws),
        moves=(segment_moves(ws),),
        clusters=(groups(ws),),
        dependence=(dependence(ws),),
        leaving=(quiet_risk(ws), contract_churn(ws)),
    )


def contract_churn(ws: Workspace) -> Missing:
    """The store has no table of contracts yet (T25): `segmentation.churn` takes one as a frame."""
    return Missing("contract_churn", ("contracts",), "note.contracts_as_frame")


def segment_worth(ws: Workspace) -> Section:
    """What the customers of each RFM cell bought in twelve months and are expected to buy in the next; the test of a year ago."""
    if absent := ws.facts.missing("sales.customer_id"):
        return (Missing("segment_worth", absent),)
    found = choose(ws.facts, ws.window.end, _YEAR)
    if found is None or not found.summary.monetary.gt(0).any():
        return (Missing("segment_worth", ("order_lines",), "note.history_short"),)
    cells = cells_of(ws, ws.trailing())
    told = worth(found.model, found.summary, found.horizon).reindex(cells.index)
    frame = cells.assign(value=told.value, order_chance=told.order_chance)
    own = frame.groupby("cell")
    table = pd.DataFrame(
        {
            "n": own.size(),
            "actual": own.amount.sum(),
            "value": own.value.sum(min_count=1),
            "order_chance": own.order_chance.mean(),
        }
    )
    table = _in_order(table).assign(each=lambda t: t.value / t.n)
    total = table.value.sum()
    top = table.value.idxmax() if table.value.notna().any() else table.index[0]
    values = {"segment": f"rfm_{top}", "value": table.value[top], "share": ratio(table.value[top], total), "n": int(table.n[top]),
              "total": total, "unknown": int(frame.value.isna().sum())}  # fmt: skip
    notes = [Finding("note.value_method", {"model": found.winner, "days": found.horizon})]
    if values["unknown"]:
        notes.append(Finding("note.value_unknown", {"n": values["unknown"]}))
    first = Exhibit(
        "segment_worth", "table", _named(table)[["cell", "n", "actual", "value", "each", "order_chance"]], metric="customer_value",
        findings=(Finding("segment_worth.most", values, "customer_value"),), sources=("order_lines",), window=ws.trailing(), notes=tuple(notes),
        units={"cell": "text", "actual": "money", "value": "money", "each": "money", "order_chance": "ratio"},
    )  # fmt: skip
    return first, _worth_tested(ws, found)


def _worth_tested(ws: Workspace, found: Choice) -> Exhibit | Missing:
    """What was expected of each cell a year ago, by the same model fitted to what was known then, against what came."""
    split = ws.window.end - timedelta(days=found.horizon)
    then = learnt(ws.facts, found.winner, split, found.horizon)
    cells = cells_of(ws, ws.trailing(years_back=1))
    if then is None or cells.empty or not then.seen.monetary.gt(0).any():
        return Missing("segment_worth_tested", ("order_lines",), "note.history_short")
    told = worth(then.model, then.seen, found.horizon).dropna(subset=["value"])
    came = purchases(ws.facts, split, ws.window.end).amount
    frame = pd.DataFrame(
        {
            "cell": cells.cell.reindex(told.index),
            "foretold": told.value,
            "actual": came.reindex(told.index).fillna(0),
        }
    )
    own = frame.dropna(subset=["cell"]).groupby("cell")
    table = _in_order(
        pd.DataFrame({"n": own.size(), "foretold": own.foretold.sum(), "actual": own.actual.sum()})
    )
    table = table.assign(error=table.foretold / table.actual.where(table.actual > 0) - 1)
    off = (table.foretold - table.actual).abs()
    values = {"error": ratio(table.foretold.sum() - table.actual.sum(), table.actual.sum()), "wape": ratio(off.sum(), table.actual.sum()),
              "segment": f"rfm_{off.idxmax()}", "own": table.error[off.idxmax()]}  # fmt: skip
    return Exhibit(
        "segment_worth_tested", "table", _named(table)[["cell", "n", "foretold", "actual", "error"]], metric="customer_value",
        findings=(Finding("segment_worth_tested.error", values, "customer_value"),), sources=("order_lines",),
        units={"cell": "text", "foretold": "money", "actual": "money", "error": "ratio"}, notes=(Finding("note.segment_worth_tested"),),
    )  # fmt: skip


def segment_moves(ws: Workspace) -> Exhibit | Missing:
    """RFM cell a year ago against cell now: number of customers and their money; one row a pair."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("segment_moves", absent)
    then, now = cells_of(ws, ws.trailing(years_back=1)), cells_of(ws, ws.trailing())
    if then.empty or now.empty:
        return Missing("segment_moves", ("order_lines",), "note.two_years_needed")
    frame = now.rename(columns={"cell": "now", "amount": "after"}).join(
        then.rename(columns={"cell": "then", "amount": "before"}), how="left"
    )
    frame = frame.fillna({"then": _NOT_YET, "before": 0})
    cells = (
        frame.groupby(["then", "now"])
        .agg(value=("after", "size"), after=("after", "sum"), before=("before", "sum"))
        .reset_index()
    )
    best = ("core", "loyal")
    left, joined = (
        frame[frame.then.isin(best) & ~frame.now.isin(best)],
        frame[~frame.then.isin(best) & frame.now.isin(best)],
    )
    values = {"n_left": len(left), "lost": (left.before - left.after).sum(), "n_joined": len(joined), "gained": (joined.after - joined.before).sum(),
              "kept": ratio((frame.then.isin(best) & frame.now.isin(best)).sum(), frame.then.isin(best).sum())}  # fmt: skip
    present = [
        [name for name in [*_NAMES, _NOT_YET] if (frame[side] == name).any()] for side in ("then", "now")
    ]
    every = pd.MultiIndex.from_product(
        present, names=["then", "now"]
    )  # so that columns stand in the order of rows
    cells = cells.set_index(["then", "now"]).reindex(every).reset_index()
    shown = pd.DataFrame({"row": [_id(name) for name in cells.then], "column": [_id(name) for name in cells.now], "value": cells.value,
                          "now": cells.after, "before": cells.before})  # fmt: skip
    return Exhibit(
        "segment_moves", "matrix", shown, findings=(Finding("segment_moves.best", values, "net_sales"),), sources=("order_lines",),
        units={"value": "count", "now": "money", "before": "money"}, window=ws.trailing(), base=ws.trailing(years_back=1),
    )  # fmt: skip


def dependence(ws: Workspace) -> Exhibit | Missing:
    """Largest customer, ten largest, HHI and Gini coefficient of the last twelve months and of the twelve before; one row each."""
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("dependence", absent)
    rule = ws.policy.customers.concentration
    years = {"actual": amounts(ws, ws.trailing()), "base": amounts(ws, ws.trailing(years_back=1))}
    bought = {name: own[own > 0].sort_values(ascending=False) for name, own in years.items()}
    if bought["actual"].empty:
        return Missing("dependence", ("sales.customer_id",), "note.nothing_in_period")
    told = {name: _dependence(own, rule.top_n) for name, own in bought.items()}
    frame = (
        pd.DataFrame(told)
        .reset_index(names="measure")
        .assign(measure=lambda t: [Finding("value.label", {"value": m}) for m in t.measure])
    )
    now, before = told["actual"], told["base"]
    values = {"n": min(rule.top_n, len(bought["actual"])), "share": now["top_together"], "base": before["top_together"], "equal": ratio(1, now["hhi"]),
              "change": now["top_together"] - before["top_together"]}  # fmt: skip
    kind = "dependence.now" if bought["base"].empty else "dependence.moved"
    return Exhibit(
        "dependence", "table", frame, metric="concentration", findings=(Finding(kind, values, "concentration"),), sources=("order_lines",),
        units={"measure": "text", "actual": "ratio", "base": "ratio"}, window=ws.trailing(), base=ws.trailing(years_back=1),
        notes=(Finding("note.dependence", {"n": rule.top_n}),),
    )  # fmt: skip


def _dependence(bought: pd.Series, n: int) -> dict[str, float]:
    if bought.empty:
        return dict.fromkeys(("top_one", "top_together", "hhi", "gini_sales"), float("nan"))
    share = bought / bought.sum()
    return {
        "top_one": float(share.iloc[0]),
        "top_together": float(share.head(n).sum()),
        "hhi": herfindahl(bought),
        "gini_sales": gini(bought),
    }


def gini(amounts: pd.Series) -> float:
    """Twice the area between the Lorenz curve and equality: 0 where all bring the same, near 1 where one brings all.

    >>> gini(pd.Series([1, 1])), gini(pd.Series([0, 0, 0, 4]))
    (0.0, 0.75)
    """
    rising = amounts.sort_values().to_numpy(dtype=float)
    n = len(rising)
    place = pd.RangeIndex(1, n + 1).to_numpy()
    return float((2 * place - n - 1) @ rising / (n * rising.sum()))


def _id(cell: str) -> str:
    return cell if cell == _NOT_YET else f"rfm_{cell}"


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    return table.reindex([name for name in _NAMES if name in table.index])


def _named(table: pd.DataFrame) -> pd.DataFrame:
    return (
        table.rename_axis("cell")
        .reset_index()
        .assign(cell=[Finding("value.label", {"value": f"rfm_{name}"}) for name in table.index])
    )
