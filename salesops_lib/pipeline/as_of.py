"""The pipeline at the close of a day: what was known then, and where what is known since stands in.

Everything rests on the table `deal_states` (`tables.deal_states`): a row per deal and span of days
over which nothing changed.  A day is therefore a filter, with no window and no ordering to pay for.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Fields that a deal is followed by → the column that says whether its value was known on the day.
KNOWN = {
    "stage": "is_stage_known",
    "amount": "is_amount_known",
    "expected_close_on": "is_close_known",
    "rep_id": "is_owner_known",
}

#: Deals as they stood at the close of a day, which is bound twice; one row a deal that existed.
#: `outcome` is open, won, lost or deleted on that day, and `elsewhere` for a deal that another
#: unit holds; `closed_on` is empty until the deal is closed.  `entered_on` is the day on which
#: the deal came to its stage, empty where nothing tells; `n_pushes` counts how often its close
#: date had been moved back.  `is_…_known` is false where a value is of a later day: neither a
#: history nor a snapshot told it, and the present one stands in.
STANDING = (
    "SELECT opportunity_id, created_on, stage, entered_on, amount, expected_close_on, n_pushes, rep_id, team, region, outcome, closed_on, "
    "is_stage_known, is_amount_known, is_close_known, is_owner_known FROM deal_states WHERE valid_from <= ? AND valid_to > ?"
)

#: Of those the open ones.
OPEN = f"{STANDING} AND outcome = 'open'"


def missing(ws: Workspace) -> tuple[str, ...]:
    """What the pipeline of a day needs and the facts lack; empty where it can be told."""
    return ws.facts.missing("deals.stage", "deal_states")[:1]


def bound(day: date) -> list[date]:
    """The values that `STANDING` and `OPEN` bind.

    >>> bound(date(2026, 3, 31))
    [datetime.date(2026, 3, 31), datetime.date(2026, 3, 31)]
    """
    return [day, day]


def origins(ws: Workspace) -> dict[str, str]:
    """Where the past of each field of a deal is known from.

    Returns
    -------
    dict
        Each field of `KNOWN` → `history` (the source's own changes), `snapshot` (changes between
        snapshots), or `present` (neither: the present value stands for every earlier day).
    """
    if ws.facts.missing("deal_changes"):
        return dict.fromkeys(KNOWN, "present")
    found = ws.facts.query(
        "SELECT field, MIN(origin) AS origin FROM deal_changes GROUP BY field ORDER BY field"
    )
    told = dict(zip(found.field, found.origin))
    return {field: told.get(field, "present") for field in KNOWN}
