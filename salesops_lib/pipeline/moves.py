"""What became of each open deal between two days: one reason a deal, by rank, and its change of amount.

A deal that left counts with its amount on leaving, one that came with its amount before, so that
the change of amount stands apart (M3.8).  One that moved between units counts with the amount that
each of them saw.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.pipeline.as_of import STANDING, bound

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Reasons for coming and going, in the order in which a bridge shows them.
CAME = ("created", "pulled_in", "owner_added")
WENT = ("pushed_out", "won", "lost", "deleted", "owner_removed")
CHANGED = ("increased", "decreased")
#: The columns of a bridge, in order.
FIELDS = ("open_before", *CAME, *CHANGED, *WENT, "open_after")

#: Deals open on either day (each bound twice, the first once more, the day by which they are due
#: twice), and of each the units that held it: a deal that moved is two rows, one a unit.  What was
#: closed on the first day already is not read: a state that closes a deal since begins after it.
_SIDES = """
WITH began AS ({standing} AND outcome IN ('open', 'elsewhere')), ended AS ({standing} AND (outcome = 'open' OR valid_from > ?)), pairs AS (
    SELECT e.opportunity_id, b.outcome AS o0, e.outcome AS o1, COALESCE(b.amount, 0) AS a0, COALESCE(e.amount, 0) AS a1,
           CASE WHEN b.outcome = 'open' AND {due0} THEN 1 ELSE 0 END AS in0, CASE WHEN e.outcome = 'open' AND {due1} THEN 1 ELSE 0 END AS in1,
           {unit0} AS u0, {unit1} AS u1, e.rep_id AS rep_id, b.rep_id AS rep_before
    FROM ended AS e LEFT JOIN began AS b ON b.opportunity_id = e.opportunity_id
    WHERE b.outcome = 'open' OR e.outcome = 'open'
), sides AS (
    SELECT *, u1 AS unit, CASE WHEN u0 = u1 THEN in0 ELSE 0 END AS was, in1 AS stands, CASE WHEN u0 = u1 THEN 1 ELSE 0 END AS stayed FROM pairs
    UNION ALL
    SELECT *, u0 AS unit, in0 AS was, 0 AS stands, 0 AS stayed FROM pairs WHERE u0 <> u1 AND in0 = 1
), reasons AS (
    SELECT *, CASE
        WHEN was = 1 AND stands = 1 THEN 'kept'
        WHEN was = 1 AND o1 = 'deleted' THEN 'deleted'
        WHEN was = 1 AND (stayed = 0 OR o1 = 'elsewhere') THEN 'owner_removed'
        WHEN was = 1 AND o1 IN ('won', 'lost') THEN o1
        WHEN was = 1 THEN 'pushed_out'
        WHEN o0 IS NULL THEN 'created'
        WHEN stayed = 0 OR o0 = 'elsewhere' THEN 'owner_added'
        WHEN o0 = 'open' THEN 'pulled_in'
        ELSE 'created' END AS reason
    FROM sides WHERE was = 1 OR stands = 1
), moves AS (
    SELECT unit, opportunity_id, rep_id, rep_before, reason, was, stands, a0, a1,
           CASE WHEN reason IN ('deleted', 'won', 'lost', 'pushed_out') THEN -a1 WHEN reason = 'owner_removed' THEN -a0
                WHEN reason IN ('created', 'owner_added') THEN a1 WHEN reason = 'pulled_in' THEN a0 ELSE 0 END AS effect,
           CASE WHEN reason IN ('owner_removed', 'owner_added', 'created') THEN 0 ELSE a1 - a0 END AS change
    FROM reasons
)
"""
_TOTALS = """
SELECT unit, reason, COUNT(*) AS n, CAST(SUM(effect) AS BIGINT) AS amount,
       CAST(SUM(CASE WHEN change > 0 THEN change ELSE 0 END) AS BIGINT) AS increased, SUM(CASE WHEN change > 0 THEN 1 ELSE 0 END) AS n_increased,
       CAST(SUM(CASE WHEN change < 0 THEN change ELSE 0 END) AS BIGINT) AS decreased, SUM(CASE WHEN change < 0 THEN 1 ELSE 0 END) AS n_decreased,
       CAST(SUM(CASE WHEN was = 1 THEN a0 ELSE 0 END) AS BIGINT) AS open_before, SUM(was) AS n_before,
       CAST(SUM(CASE WHEN stands = 1 THEN a1 ELSE 0 END) AS BIGINT) AS open_after, SUM(stands) AS n_after
FROM moves GROUP BY unit, reason ORDER BY unit, reason
"""


def _asked(start: date, end: date, due_by: date | None, unit: str) -> tuple[str, list[object]]:
    due = "TRUE" if due_by is None else "{0}.expected_close_on <= ?"
    sql = _SIDES.format(
        standing=STANDING,
        due0=due.format("b"),
        due1=due.format("e"),
        unit0=f"COALESCE(b.{unit}, e.{unit}, '')" if unit else "''",
        unit1=f"COALESCE(e.{unit}, b.{unit}, '')" if unit else "''",
    )
    return sql, [*bound(start), *bound(end), start, *([due_by, due_by] if due_by else [])]


def movement(
    ws: Workspace, start: date, end: date, due_by: date | None = None, unit: str = ""
) -> pd.DataFrame:
    """Movement of the open pipeline from the close of `start` to the close of `end`.

    Parameters
    ----------
    due_by
        Last expected day of closing of the deals that count; None counts all open ones.
    unit
        `region`, `team` or `rep_id`; empty for the company as a whole.

    Returns
    -------
    pd.DataFrame
        One row a unit (its name is the index, empty where nothing names one); columns `open_before`,
        the reasons with their signs, `open_after` in minor units, and `n_…` the deals behind each.
        `open_before` and all reasons add up to `open_after`.
    """
    sql, values = _asked(start, end, due_by, unit)
    found = ws.facts.query(sql + _TOTALS, values)
    numbers = [column for column in found.columns if column not in ("unit", "reason")]
    found = found.assign(**{column: found[column].astype("int64") for column in numbers})
    names = pd.Index(sorted(found.unit.unique()) if unit else [""], name=unit or "unit")
    wide = pd.DataFrame(0, index=names, columns=[*FIELDS, *(f"n_{field}" for field in FIELDS)], dtype="int64")
    sums = found.groupby("unit")[[n for n in numbers if n not in ("n", "amount")]].sum()
    sums = sums.rename(columns={"n_before": "n_open_before", "n_after": "n_open_after"})
    wide.update(sums)
    for reason, own in found[found.reason != "kept"].groupby("reason"):
        wide.loc[own.unit, reason] = own.amount.to_numpy()
        wide.loc[own.unit, f"n_{reason}"] = own.n.to_numpy()
    wide = wide.astype("int64")
    effects = wide[[*CAME, *CHANGED, *WENT]].sum(axis=1)
    assert (wide.open_before + effects == wide.open_after).all(), "the bridge does not close"
    return wide


def movers(ws: Workspace, start: date, end: date, due_by: date | None = None, n: int = 10) -> pd.DataFrame:
    """The `n` deals that moved the open pipeline most; one row a deal, the largest first."""
    sql, values = _asked(start, end, due_by, "")
    return ws.facts.query(
        sql
        + "SELECT m.opportunity_id, COALESCE(c.name, d.customer_id) AS customer, COALESCE(r.name, m.rep_id, m.rep_before) AS owner, m.reason, "
        "CAST(m.a0 AS BIGINT) AS a0, CAST(m.a1 AS BIGINT) AS a1, CAST(m.effect + m.change AS BIGINT) AS delta FROM moves AS m "
        "LEFT JOIN deals AS d ON d.opportunity_id = m.opportunity_id LEFT JOIN customers AS c ON c.customer_id = d.customer_id "
        "LEFT JOIN reps AS r ON r.rep_id = COALESCE(m.rep_id, m.rep_before) "
        f"WHERE m.effect + m.change <> 0 ORDER BY ABS(m.effect + m.change) DESC, m.opportunity_id LIMIT {int(n)}",
        values,
    )
