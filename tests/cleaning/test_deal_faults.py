"""Opportunities that contradict themselves are used, and flagged with a reason."""

from __future__ import annotations

from salesops_lib.cleaning.settings import Settings

ROWS = """opportunity_id,stage,outcome,amount,created_on,closed_on,rep_id
1,Closed Lost,lost,100,2026-02-01,2026-01-01,a
2,Closed Won,won,,2026-01-01,2026-02-01,a
3,Closed Won,won,300,2026-01-01,,a
4,New,open,400,2026-01-01,,a
4,New,open,400,2026-01-01,,b
5,New,,500,2026-12-01,,a
"""


def test_they_are_flagged(loaded) -> None:
    from datetime import date

    audit, query = loaded(policy=Settings(today=date(2026, 3, 1)), opportunities=ROWS)
    found = {r.reason: (r.column, r.n_rows, r.example) for r in audit.reasons if r.outcome == "flagged"}
    assert found == {
        "closed before it was created": ("closed_on", 1, "'1'"),
        "won without an amount": ("amount", 1, "'2'"),
        "closed without a day": ("closed_on", 1, "'3'"),
        "created on a day to come": ("created_on", 1, "'5'"),
        "two owners": ("rep_id", 1, "'4'"),
    }
    assert query("SELECT count(*) FROM opportunities") == [(5,)]
