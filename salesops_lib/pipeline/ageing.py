"""Where deals grow old: stage by days in it, and what is stalled (M3.10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import ratio
from salesops_lib.pipeline.book import Book, open_book

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: First days of the bands of the heat map, by which stages of different limits can be read side by side.
_BANDS = (0, 15, 31, 61, 91, 181)


def ageing(ws: Workspace) -> Exhibit | Missing:
    """Money of open deals by stage and days in it; below it what is stalled, one row a stage.

    A deal is stalled when it is longer in its stage than the policy allows (`n_over`), or nothing was done to it
    for longer than the policy allows (`n_idle`); a deal may be both.  Where no deal states an amount, numbers of deals.
    """
    book = open_book(ws)
    if not isinstance(book, Book):
        return Missing("ageing", book)
    edges = " ".join(f"WHEN in_stage >= {first} THEN {first}" for first in reversed(_BANDS))
    cells = book.ask(
        f"SELECT stage_id, place, max_days, CASE {edges} END AS band, is_over, is_idle, COUNT(*) AS n, COUNT(amount) AS n_priced,"
        " CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS amount FROM book GROUP BY stage_id, place, max_days, 4, is_over, is_idle ORDER BY 1, 4, 5, 6"
    )
    if cells.empty:
        return Missing("ageing", ("opportunities",), "note.no_open_deals")
    cells = cells.sort_values(["place", "stage_id"], kind="stable")
    value = "amount" if cells.n_priced.sum() else "n"
    heat = _heat(cells, value)
    stages = _stalled(cells)
    stalled = stages.iloc[-1]
    values = {"n": int(stalled.n_stalled), "amount": stalled.stalled_amount, "share": ratio(stalled.n_stalled, stalled.n),
              "amount_share": ratio(stalled.stalled_amount, stalled.amount), "n_over": int(stalled.n_over), "n_idle": int(stalled.n_idle),
              "at_stake": stalled.stalled_amount}  # fmt: skip
    found = [
        Finding(
            "ageing.none" if not values["n"] else "ageing.stalled" if value == "amount" else "ageing.stalled_number", values, "stalled_deals", "bad" if values["n"] else "good",
            figure="amount" if value == "amount" else "n",
        )
    ]  # fmt: skip
    own = stages[:-1]
    if values["n"] and len(own) > 1:
        worst = own.sort_values(
            ["stalled_amount", "n_stalled", "stage"], ascending=[False, False, True]
        ).iloc[0]
        counted = "stalled_amount" if value == "amount" else "n_stalled"
        told = {"stage": worst.stage, "n": int(worst.n_stalled), "amount": worst.stalled_amount,
                "share": ratio(worst[counted], stalled[counted])}  # fmt: skip
        found.append(
            Finding(
                "ageing.worst" if value == "amount" else "ageing.worst_number", told, "stalled_deals", "bad"
            )
        )
    notes = book.notes(age=True, activity=True)
    if unknown := int(cells.n[cells.band.isna()].sum()):
        notes.append(Finding("note.age_unknown", {"n": unknown}))
    detail = Exhibit(
        "stalled", "table", stages, metric="stalled_deals", window=ws.window, sources=("opportunities", "opportunity_changes"),
        units={"stage": "text", "n": "count", "amount": "money", "max_days": "days", "n_over": "count", "n_idle": "count", "n_stalled": "count",
               "stalled_amount": "money", "share": "ratio"},
    )  # fmt: skip
    return Exhibit(
        "ageing", "matrix", heat, metric="open_pipeline" if value == "amount" else "", window=ws.window, findings=tuple(found),
        sources=("opportunities", "opportunity_changes"), units={"value": "money" if value == "amount" else "count", "n": "count"},
        notes=tuple(notes), parts=(detail,),
    )  # fmt: skip


def _heat(cells: pd.DataFrame, value: str) -> pd.DataFrame:
    """Every stage with every band, so that gaps show as gaps."""
    known = cells[cells.band.notna()]
    summed = known.groupby(["stage_id", "band"])[["amount", "n"]].sum()
    rows = []
    for stage in dict.fromkeys(known.stage_id):
        for place, first in enumerate(_BANDS):
            there = (stage, first) in summed.index
            label = f"{first}–{_BANDS[place + 1] - 1}" if place + 1 < len(_BANDS) else f"≥ {first}"
            rows.append(
                {"row": stage, "column": label, "value": float(summed.loc[(stage, first), value]) if there else float("nan"),
                 "n": int(summed.loc[(stage, first), "n"]) if there else 0}
            )  # fmt: skip
    return pd.DataFrame(rows, columns=["row", "column", "value", "n"])


def _stalled(cells: pd.DataFrame) -> pd.DataFrame:
    is_stalled = cells.is_over | cells.is_idle
    counted = cells.assign(
        n_over=cells.n.where(cells.is_over, 0), n_idle=cells.n.where(cells.is_idle, 0),
        n_stalled=cells.n.where(is_stalled, 0), stalled_amount=cells.amount.where(is_stalled, 0),
    )  # fmt: skip
    sums = ["n", "amount", "n_over", "n_idle", "n_stalled", "stalled_amount"]
    frame = counted.groupby("stage_id", sort=False, as_index=False).agg(
        {"max_days": "first", **dict.fromkeys(sums, "sum")}
    )
    total = pd.DataFrame([{"stage_id": "total", **counted[sums].sum().to_dict()}])
    frame = pd.concat([frame.assign(is_total=False), total.assign(is_total=True)], ignore_index=True)
    frame = frame.rename(columns={"stage_id": "stage"})
    frame["max_days"] = frame.max_days.astype(float)
    frame["share"] = [ratio(a, b) for a, b in zip(frame.stalled_amount, frame.amount)]
    return frame[
        [
            "stage",
            "n",
            "amount",
            "max_days",
            "n_over",
            "n_idle",
            "n_stalled",
            "stalled_amount",
            "share",
            "is_total",
        ]
    ]
