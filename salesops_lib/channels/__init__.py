"""Channels: sales, margin and selling expense of each (M16.1, M25.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import UNASSIGNED, Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import ratio
from salesops_lib.periods import growth_frame

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

__all__ = ["profit_and_loss"]


def profit_and_loss(ws: Workspace) -> Exhibit | Missing:
    """Net sales, growth, margin, expense and what is left, of each channel; one row a channel, then the total."""
    if absent := ws.facts.missing("sales.channel"):
        return Missing("channels", absent)
    measures = ["net_sales", "gross_margin", "margin_rate"]
    measured = measure(ws.facts, measures, ws.windows, ["channel"]).fillna({"channel": UNASSIGNED})
    wide = measured.pivot(index="channel", columns="window")
    wide = wide.reindex(columns=pd.MultiIndex.from_product([measures, list(ws.windows)]))
    spent = _expenses(ws)
    wide = wide.reindex(wide.index.union(spent.index))
    if wide["net_sales"]["base"].notna().any():
        wide[("net_sales", "base")] = wide["net_sales"]["base"].fillna(0)
    if wide["net_sales"]["actual"].isna().all():
        return Missing("channels", ("sales.channel",), "note.nothing_in_period")
    frame = pd.DataFrame({"name": wide.index, "net_sales": wide["net_sales"]["actual"].to_numpy()})
    grown = growth_frame(wide["net_sales"]["actual"], wide["net_sales"]["base"])
    frame["growth"] = grown.growth.to_numpy()
    frame["share"] = frame.net_sales / frame.net_sales.sum()
    units = {"net_sales": "money", "growth": "ratio", "share": "ratio"}
    if ws.facts.has("sales.cost_amount"):
        frame["gross_margin"] = wide["gross_margin"]["actual"].to_numpy()
        frame["margin_rate"] = wide["margin_rate"]["actual"].to_numpy()
        units |= {"gross_margin": "money", "margin_rate": "ratio"}
    if len(spent):
        frame["expense"] = frame.name.map(spent)
        frame["expense_ratio"] = frame.expense / frame.net_sales
        units |= {"expense": "money", "expense_ratio": "ratio"}
        if "gross_margin" in frame:
            frame["contribution"] = frame.gross_margin.fillna(0) - frame.expense.fillna(0)
            units["contribution"] = "money"
    frame = frame.sort_values("net_sales", ascending=False, ignore_index=True)
    return Exhibit(
        "channels", "table", _with_total(frame), metric="net_sales", window=ws.window, base=ws.base, units=units,
        findings=_told(frame), sources=("order_lines", "returns", "expenses"),
    )  # fmt: skip


def _expenses(ws: Workspace) -> pd.Series:
    """Expense of each channel in the period's months; empty while the period is not complete, as months are whole."""
    if (
        ws.facts.missing("expenses.amount", "expenses.channel")
        or not ws.window.is_complete
        or ws.period.kind == "week"
    ):
        return pd.Series(dtype=float, name="amount")
    months = [month.label for month in ws.calendar.months(ws.period)]
    found = ws.facts.query(
        f"SELECT COALESCE(channel, '{UNASSIGNED}') AS channel, CAST(SUM(amount) AS BIGINT) AS amount FROM expenses WHERE period IN ({', '.join('?' for _ in months)}) GROUP BY COALESCE(channel, '{UNASSIGNED}')",
        months,
    )
    return found.set_index("channel").amount


def _with_total(frame: pd.DataFrame) -> pd.DataFrame:
    total = {"name": "total", "share": 1.0}
    for column in ("net_sales", "gross_margin", "expense", "contribution"):
        if column in frame:
            total[column] = frame[column].sum()
    if "margin_rate" in frame:
        base = (frame.gross_margin / frame.margin_rate).sum()
        total["margin_rate"] = ratio(frame.gross_margin.sum(), base)
    if "expense_ratio" in frame:
        total["expense_ratio"] = ratio(frame.expense.sum(), frame.net_sales.sum())
    return pd.concat([frame, pd.DataFrame([total])], ignore_index=True).assign(
        is_total=[False] * len(frame) + [True]
    )


def _told(frame: pd.DataFrame) -> tuple[Finding, ...]:
    first = frame.iloc[0]
    found = [
        Finding(
            "channels.largest",
            {"unit": first["name"], "share": first.share, "growth": first.growth},
            "net_sales",
        )
    ]
    if "expense_ratio" in frame and frame.expense_ratio.notna().sum() > 1:
        dear, cheap = frame.loc[frame.expense_ratio.idxmax()], frame.loc[frame.expense_ratio.idxmin()]
        values = {
            "unit": dear["name"],
            "ratio": dear.expense_ratio,
            "other": cheap["name"],
            "other_ratio": cheap.expense_ratio,
        }
        found.append(Finding("channels.expense", values, "expense_ratio"))
    return tuple(found)
