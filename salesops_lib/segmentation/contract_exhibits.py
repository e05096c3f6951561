"""What `churn` found, as exhibits: who is likely to leave and why, whether such chances came true, how long customers stay."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from salesops_lib.metrics import Exhibit, Finding
from salesops_lib.metrics.formulas import wilson

if TYPE_CHECKING:
    from salesops_lib.segmentation.contract_churn import Churn, Reason

#: Tenures of the table: a page shows no more.
_SHOWN = 12


def contract_exhibits(found: Churn) -> tuple[Exhibit, ...]:
    """The list with its reasons in words, its test, and survival of tenure where one was named; amounts in minor units.

    Examples
    --------
    >>> from salesops_lib.segmentation import churn
    >>> rng = np.random.default_rng(1)
    >>> frame = pd.DataFrame({"months": rng.integers(1, 60, 400), "churned": rng.random(400) < 0.3})
    >>> [shown.id for shown in contract_exhibits(churn(frame, tenure="months", repeats=1))]
    ['churn_list', 'churn_tested', 'churn_tenure']
    """
    shown = [_listed(found), _tested(found)]
    return tuple(shown if found.survival is None else [*shown, _tenure(found.survival)])


def because(reasons: tuple[Reason, ...]) -> Finding:
    """Up to three reasons of a score, as one sentence to be worded."""
    values: dict[str, Any] = {}
    for place, reason in enumerate(reasons, 1):
        shown = f"{reason.value:.6g}" if isinstance(reason.value, float) else str(reason.value)
        values |= {
            f"column_{place}": reason.column,
            f"value_{place}": shown,
            f"odds_{place}": float(np.exp(reason.log_odds)),
        }
    return Finding(f"churn.because_{len(reasons)}", values)


def _listed(found: Churn) -> Exhibit:
    scores = found.scores
    frame = pd.DataFrame({"name": scores.index.astype(str), "leave_chance": scores.chance.to_numpy()})
    units = {"name": "text", "leave_chance": "ratio", "reasons": "text"}
    told: dict[str, Any] = {"n": len(scores), "lost": round(float(scores.chance.sum()))}
    kind = "churn.expected"
    if "at_risk" in scores:
        frame = frame.assign(amount=scores.amount.to_numpy(), at_risk=scores.at_risk.to_numpy())
        units |= {"amount": "money", "at_risk": "money"}
        told |= {
            "amount": scores.amount.sum(),
            "loss": scores.at_risk.sum(),
            "at_stake": scores.at_risk.sum(),
        }
        kind = "churn.expected_money"
    frame = frame.assign(reasons=[because(reasons) for reasons in scores.reasons])
    tested = {
        "auc": found.auc,
        "error": found.error,
        "n": int(found.validation.n.iloc[0]),
        "scheme": f"validated_{found.scheme}",
    }
    return Exhibit(
        "churn_list", "table", frame, findings=(Finding(kind, told, tone="bad"), Finding("churn.tested", tested)), units=units,
        notes=(Finding("note.churn_model"),),
    )  # fmt: skip


def _tested(found: Churn) -> Exhibit:
    table = found.calibration
    shares = [wilson(round(row.came * row.n), int(row.n)) for row in table.itertuples()]
    frame = pd.DataFrame(
        {"label": [str(tenth) for tenth in table.index], "value": table.came.to_numpy(), "low": [s.low for s in shares],
         "high": [s.high for s in shares], "n": table.n.to_numpy(), "base": table.foretold.to_numpy()}
    )  # fmt: skip
    inside = int(((frame.base >= frame.low) & (frame.base <= frame.high)).sum())
    return Exhibit(
        "churn_tested", "intervals", frame, findings=(Finding("churn.inside", {"inside": inside, "n": len(frame)}),),
        units=dict.fromkeys(("value", "low", "high", "base"), "ratio") | {"n": "count"}, notes=(Finding("note.churn_tested"),),
    )  # fmt: skip


def _tenure(table: pd.DataFrame) -> Exhibit:
    picked = (
        table.iloc[np.unique(np.linspace(0, len(table) - 1, _SHOWN).round().astype(int))]
        if len(table)
        else table
    )
    half = table.index[table.survival <= 0.5]
    told = {"tenure": float(half[0])} if len(half) else {"share": table.survival.min() if len(table) else 1.0,
                                                         "tenure": table.index.max() if len(table) else 0.0}  # fmt: skip
    frame = picked.reset_index()[["tenure", "at_risk", "n_left", "hazard", "survival", "low", "high"]]
    return Exhibit(
        "churn_tenure", "table", frame.rename(columns={"at_risk": "n_there", "tenure": "time_there", "n_left": "n_churned"}), findings=(Finding("churn.half" if len(half) else "churn.more_than_half", told),),
        units={"time_there": "quantity", "n_there": "count", "n_churned": "count", "hazard": "ratio", "survival": "ratio", "low": "ratio", "high": "ratio"},
        notes=(Finding("note.churn_tenure"),),
    )  # fmt: skip
