"""What is compared on a person's page: the same definitions for the whole company and for one person's store.

A measure needs some cases of a person before it says anything; who has fewer is neither judged nor part of a band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.pricing.discipline import floors
from salesops_lib.targets.attainment import expected_share
from salesops_lib.team.spread import attained

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

#: Cases that a person's measure needs.
FEWEST = 5
#: Measure → whether more of it is better; stages, which are measures too, are better the more deals go on.
DISCIPLINE = {"discount_given": False, "lines_below_floor": False, "paid_in_time": True}
GOOD = {"attainment": True, "pace": True, "win_rate": True, **DISCIPLINE}


def own_measures(ws: Workspace) -> pd.DataFrame:
    """Each person's measures as of the end of the period, on the last twelve months (attainment: the period).

    Returns
    -------
    pd.DataFrame
        One row a person and measure: `rep_id`, `measure` (attainment, or pace while the period runs, an open stage of the policy, win_rate,
        discount_given, lines_below_floor, paid_in_time), `value` (a share), `n` (cases; 1 target for the first two).
    """
    parts = [part(ws) for part in (_attainment, _funnel, _discounts, _paid)]
    found = pd.concat([part for part in parts if len(part)] or [_EMPTY], ignore_index=True)
    found = found.dropna(subset=["rep_id", "value"])
    return found[(found.n >= FEWEST) | found.measure.isin(["attainment", "pace"])].reset_index(drop=True)


_EMPTY = pd.DataFrame({"rep_id": [], "measure": [], "value": [], "n": []}).astype(
    {"rep_id": object, "measure": object}
)


def funnel_stages(ws: Workspace) -> list[str]:
    """Open stages of the policy, in order."""
    return [stage.id for stage in sorted(ws.policy.process.stages, key=lambda one: one.rank) if stage.is_open]


def _attainment(ws: Workspace) -> pd.DataFrame:
    if ws.facts.missing("targets", "sales.rep_id"):
        return _EMPTY
    found = attained(ws).attainment.rename("value").rename_axis("rep_id").reset_index()
    return found.assign(measure="attainment" if expected_share(ws) == 1 else "pace", n=1)


def _funnel(ws: Workspace) -> pd.DataFrame:
    """Win rate, and of the deals that closed after reaching a stage the share that went on from it."""
    if ws.facts.missing("deals.closed_on", "deals.rep_id"):
        return _EMPTY
    window = ws.trailing()
    names = ws.facts.query(
        "SELECT DISTINCT old_value AS name FROM opportunity_changes WHERE field = 'stage' AND old_value IS NOT NULL"
    )
    open_stages = funnel_stages(ws)
    known = [
        (name, stage.id) for name in names.name if (stage := ws.policy.process.stage(name)) and stage.is_open
    ]
    places = [(name, open_stages.index(stage)) for name, stage in known]
    values = (
        ", ".join("(CAST(? AS VARCHAR), CAST(? AS INTEGER))" for _ in places)
        or "(CAST(NULL AS VARCHAR), CAST(NULL AS INTEGER))"
    )
    counts = ws.facts.query(
        f"WITH seen AS (SELECT c.opportunity_id, MAX(s.place) AS reached FROM opportunity_changes AS c JOIN (VALUES {values}) AS s(name, place)"
        "  ON s.name = c.old_value WHERE c.field = 'stage' GROUP BY c.opportunity_id)"
        " SELECT d.rep_id, d.outcome, s.reached, COUNT(*) AS n FROM deals AS d LEFT JOIN seen AS s ON s.opportunity_id = d.opportunity_id"
        " WHERE d.outcome IN ('won', 'lost') AND d.closed_on BETWEEN ? AND ? AND d.rep_id IS NOT NULL GROUP BY d.rep_id, d.outcome, s.reached",
        [*(value for pair in places for value in pair), window.start, window.end],
    )
    if counts.empty:
        return _EMPTY
    rows = []
    for rep_id, own in counts.groupby("rep_id"):
        won = int(own[own.outcome == "won"].n.sum())
        rows.append((rep_id, "win_rate", won, int(own.n.sum())))
        reached = own.dropna(subset=["reached"])
        for place, name in enumerate(open_stages):
            there = reached[reached.reached >= place]
            # a won deal went on from every stage that it had been in; a lost one from those before its last
            on = there[(there.reached > place) | (there.outcome == "won")]
            rows.append((rep_id, name, int(on.n.sum()), int(there.n.sum())))
    frame = pd.DataFrame(rows, columns=["rep_id", "measure", "good", "n"])
    frame = frame[frame.n > 0]
    return frame.assign(value=frame.good / frame.n)[["rep_id", "measure", "value", "n"]]


def _discounts(ws: Workspace) -> pd.DataFrame:
    """Discount off list, and the share of lines below the policy's floor."""
    if ws.facts.missing("sales.list_amount", "sales.rep_id"):
        return _EMPTY
    window = ws.trailing()
    _, floor, bound = floors(ws)
    found = ws.facts.query(
        f"SELECT rep_id, COUNT(*) AS n, CAST(SUM(list_amount) AS DOUBLE) AS listed, CAST(SUM(net_amount) AS DOUBLE) AS net,"
        f" COUNT(*) FILTER (WHERE net_amount < list_amount * {floor}) AS n_below FROM sales"
        " WHERE kind = 'order' AND list_amount > 0 AND net_amount IS NOT NULL AND rep_id IS NOT NULL AND dated_on BETWEEN ? AND ? GROUP BY rep_id",
        [*bound, window.start, window.end],
    )
    given = found.assign(measure="discount_given", value=1 - found.net / found.listed)
    below = found.assign(measure="lines_below_floor", value=found.n_below / found.n)
    return pd.concat([given, below])[["rep_id", "measure", "value", "n"]]


def _paid(ws: Workspace) -> pd.DataFrame:
    """Of invoices that fell due, the share paid in full (to half a per cent) by that day; the order's seller answers for it."""
    if ws.facts.missing("invoices.due_on", "invoices.order_id", "receipts.invoice_id", "sales.rep_id"):
        return _EMPTY
    window = ws.trailing()
    found = ws.facts.query(
        "WITH sellers AS (SELECT order_id, MIN(rep_id) AS rep_id FROM sales WHERE kind = 'order' AND rep_id IS NOT NULL"
        "   GROUP BY order_id HAVING MIN(rep_id) = MAX(rep_id)),"
        " paid AS (SELECT r.invoice_id, SUM(r.amount) AS amount FROM receipts AS r JOIN invoices AS i ON i.invoice_id = r.invoice_id"
        "   WHERE r.received_on <= i.due_on GROUP BY r.invoice_id)"
        " SELECT s.rep_id, COUNT(*) AS n,"
        " COUNT(*) FILTER (WHERE COALESCE(p.amount, 0) >= CAST(0.995 AS DOUBLE) * (i.net_amount + COALESCE(i.tax_amount, 0))) AS good"
        " FROM invoices AS i JOIN sellers AS s ON s.order_id = i.order_id LEFT JOIN paid AS p ON p.invoice_id = i.invoice_id"
        " WHERE i.due_on BETWEEN ? AND ? AND i.net_amount > 0 GROUP BY s.rep_id",
        [window.start, window.end],
    )
    return found.assign(measure="paid_in_time", value=found.good / found.n)[
        ["rep_id", "measure", "value", "n"]
    ]
