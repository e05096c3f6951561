"""From last year's customers to this year's, in money (M11.5, M11.6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing, measure
from salesops_lib.metrics.formulas import retention
from salesops_lib.segmentation.grades import unnamed

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def customer_bridge(ws: Workspace) -> Exhibit | Missing:
    """Trailing twelve months against the twelve before: new, reactivated, expansion, contraction, lost.

    A customer is new when its first order ever loaded falls into the twelve months,
    reactivated when it had bought earlier but not in the twelve before, lost when it bought
    then and not now.  The steps close to the minor unit (C19).
    """
    if absent := ws.facts.missing("sales.customer_id"):
        return Missing("customers", absent)
    windows = {"actual": ws.trailing(), "base": ws.trailing(years_back=1)}
    day = ws.facts.query("SELECT MIN(dated_on) AS day FROM sales WHERE kind = 'order'").day.iloc[0]
    if pd.isna(day):
        return Missing("customers", ("order_lines",), "note.two_years_needed")
    first = day.date()
    if first > windows["base"].start and (first - windows["base"].start).days > 31:
        return Missing("customers", ("order_lines",), "note.two_years_needed")
    wide = measure(ws.facts, ["bookings", "new_customers"], windows, ["customer_id"]).pivot(
        index="customer_id", columns="window"
    )
    wide = wide[wide.index.notna()].reindex(
        columns=pd.MultiIndex.from_product([["bookings", "new_customers"], list(windows)])
    )
    now, before = wide["bookings"]["actual"].fillna(0), wide["bookings"]["base"].fillna(0)
    steps = _steps(now, before, wide["new_customers"]["actual"].fillna(0) > 0)
    frame = pd.DataFrame(
        {
            "step": ["previous_year", *steps.index, "actual"],
            "amount": [before.sum(), *steps.amount, now.sum()],
            "role": ["start", *["effect"] * len(steps), "end"],
            "n": [int((before > 0).sum()), *steps.n, int((now > 0).sum())],
        }
    )
    kept = retention(
        before.sum(), -steps.amount["contraction"], -steps.amount["lost_customers"], steps.amount["expansion"]
    )
    values = {"gross": kept.gross, "net": kept.net, "n_new": int(steps.n["new_customers"]), "n_lost": int(steps.n["lost_customers"]),
              "new": steps.amount["new_customers"], "lost": -steps.amount["lost_customers"], "at_stake": -steps.amount["lost_customers"]}  # fmt: skip
    return Exhibit(
        "customers", "bridge", frame, metric="customer_bridge", window=windows["actual"], base=windows["base"], sources=("order_lines",),
        findings=(Finding("customers.retained", values, "net_retention", "good" if kept.net >= 1 else "bad", "net"),), units={"n": "count"},
        notes=unnamed(ws, windows["actual"]),
    )  # fmt: skip


def _steps(now: pd.Series, before: pd.Series, is_new: pd.Series) -> pd.DataFrame:
    """Amount and number of customers of each step, in order."""
    change = now - before
    had, has = before > 0, now > 0
    kinds = {
        "new_customers": is_new & has & ~had,
        "reactivated": ~is_new & has & ~had,
        "expansion": had & has & (change > 0),
        "contraction": had & has & (change < 0),
        "lost_customers": had & ~has,
    }
    return pd.DataFrame(
        {step: {"amount": change[mask].sum(), "n": int(mask.sum())} for step, mask in kinds.items()}
    ).T
