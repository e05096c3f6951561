"""Customers that were one: merged by the load, or waiting for a person's word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from salesops_lib.metrics import Exhibit, Finding, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


def merged_customers(ws: Workspace) -> Exhibit | Missing:
    """Customers merged into another, the least sure first; pairs that wait for a decision are told."""
    if not ws.facts.columns("customer_merges"):
        return Missing("merged_customers", ("customers",))
    frame = ws.facts.query(
        "SELECT customer_id, name, master_id, master_name, probability, rule AS reason, decided_by FROM customer_merges "
        "ORDER BY probability, master_id, customer_id"
    )
    waiting = ws.facts.query(
        "SELECT CAST(COALESCE(SUM(n_rows), 0) AS BIGINT) AS n FROM audit_reasons "
        "WHERE outcome = 'suspected' AND table_name = 'customers' AND column_name = 'customer_id'"
    ).n.item()
    if frame.empty:
        found = [Finding("merged_customers.none")]
    else:
        values = {
            "n": len(frame),
            "n_masters": frame.master_id.nunique(),
            "by_hand": int((frame.decided_by == "person").sum()),
        }
        found = [Finding("merged_customers.merged", values)]
    wait = Finding("merged_customers.waiting", {"n": int(waiting)}, tone="bad")
    notes = (wait,) if waiting and frame.empty else ()
    return Exhibit(
        "merged_customers", "table", frame,
        findings=(*found, wait) if waiting and len(frame) else tuple(found),
        units=dict.fromkeys(("customer_id", "name", "master_id", "master_name", "reason", "decided_by"), "text") | {"probability": "ratio"},
        notes=(*notes, Finding("note.merges_undone")) if len(frame) or waiting else notes,
    )  # fmt: skip
