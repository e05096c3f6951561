"""Opportunities that contradict themselves: used all the same, and flagged in the audit with a reason.

What only the policy can tell (a stage that it does not know, a step back) the report flags.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from salesops_lib.cleaning.audit import Audit, Reason
from salesops_lib.cleaning.derive import loaded
from salesops_lib.tables.engine import literal
from salesops_lib.tables.views import LOST, WON

_TOLD = "lower(COALESCE(outcome, stage))"
#: Column and reason → condition on a row of `opportunities`; `:today` is the day of the load.
_RULES = {
    ("closed_on", "closed before it was created"): "closed_on < created_on",
    ("amount", "won without an amount"): f"{_TOLD} IN {WON} AND COALESCE(amount, 0) = 0",
    ("closed_on", "closed without a day"): f"{_TOLD} IN {WON + LOST} AND closed_on IS NULL",
    ("created_on", "created on a day to come"): "created_on > :today",
    ("closed_on", "closed on a day to come"): f"{_TOLD} IN {WON + LOST} AND closed_on > :today",
}
#: Rows of one opportunity that were not used, for another one names another owner.
_TWO_OWNERS = """
SELECT s.source, count(DISTINCT o.opportunity_id), min(o.opportunity_id)
FROM main.set_aside AS s
JOIN main.opportunities AS o ON o.opportunity_id = json_extract_string(s.record, '$.opportunity_id')
WHERE s.table_name = 'opportunities' AND s.record <> '' AND json_extract_string(s.record, '$.rep_id') <> o.rep_id
GROUP BY s.source ORDER BY s.source
"""


def flag(connection: Any, audit: Audit, today: date) -> None:
    """Add to the audit how many opportunities contradict themselves, by reason; no row is touched."""
    if "opportunities" not in loaded(connection):
        return
    rules = [rule.replace(":today", f"DATE {literal(str(today))}") for rule in _RULES.values()]
    asked = ", ".join(
        f"count(*) FILTER (WHERE {rule}), min(opportunity_id) FILTER (WHERE {rule})" for rule in rules
    )
    found = connection.execute(f"SELECT {asked} FROM main.opportunities").fetchone()
    for place, (column, reason) in enumerate(_RULES):
        if n := found[2 * place]:
            audit.reasons.append(
                Reason("", "opportunities", "flagged", reason, column, n, repr(found[2 * place + 1]))
            )
    for source, n, example in connection.execute(_TWO_OWNERS).fetchall():
        audit.reasons.append(
            Reason(source, "opportunities", "flagged", "two owners", "rep_id", n, repr(example))
        )
