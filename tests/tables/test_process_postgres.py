"""The sales process asked in PostgreSQL: every exhibit as DuckDB makes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from salesops_lib import pipeline
from salesops_lib.metrics import Exhibit
from salesops_lib.tables import postgres as room
from salesops_lib.tables.facts import Facts
from salesops_lib.tables.postgres import PostgresEngine
from salesops_lib.workspace import Workspace

sys.path.append(str(Path(__file__).parents[1] / "pipeline"))

from deals import change, drawn, goal

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def here(shared_workspace) -> Workspace:
    """Drawn deals with all that the process looks at: rivals, reasons, activity, price passes, evidence, leads, targets."""
    deals, changes, _ = drawn(300, seed=3)
    for number, row in enumerate(deals):
        row |= {
            "competitor": f"X{number % 3}" if number % 2 else None, "loss_reason": "price" if number % 3 else "fit", "source": "web",
            "next_step": "call" if number % 4 else None, "last_activity_on": "2025-12-20" if number % 5 else "2025-10-01",
            "price_approved_on": "2025-12-01" if number % 6 else None,
        }  # fmt: skip
    changes += [change(n, "2025-12-15", "amount", "900000", "10") for n in range(0, 300, 7)]
    leads = [
        {"lead_id": str(n), "created_on": f"2025-{1 + n % 12:02d}-{1 + n % 27:02d}", "source": ["web", "fair"][n % 2], "rep_id": "r1",
         "first_response_on": f"2025-12-{1 + n % 27:02d}" if n % 3 else None, "response_hours": n % 11 if n % 2 else None,
         "opportunity_id": str(n) if n % 4 == 0 else None}
        for n in range(200)
    ]  # fmt: skip
    months = ("2026-01", "2026-02", "2026-03")
    return shared_workspace(
        period="2025-12", as_of="2025-12-31", opportunities=deals, opportunity_changes=changes, leads=leads,
        customers=[{"customer_id": name, "name": f"{name} Ltd", "region": name} for name in ("East", "West")],
        stage_evidence=[{"opportunity_id": str(n), "stage": "lead", "filed_on": "2025-06-01"} for n in range(0, 300, 2)],
        targets=[goal(m, 9_000) for m in months] + [goal(m, 4_000, "region", "East") for m in months],
        policy={"process.hygiene.quiet_days_max": 21, "process.response.lead_hours": 4},
    )  # fmt: skip


@pytest.fixture(scope="module")
def there(server: str, here: Workspace) -> Iterator[Workspace]:
    room.publish(here.facts.engine, f"{server}#process")
    facts = Facts(PostgresEngine(f"{server}#process"))
    yield replace(here, facts=facts)
    facts.close()


@pytest.mark.parametrize(
    "name", [n for n in pipeline.__all__ if n not in ("Review", "bridge", "faults", "review", "slips")]
)
def test_every_exhibit_is_what_duckdb_makes_of_it(here, there, name):
    ask = getattr(pipeline, name)
    mine, theirs = ask(here), ask(there)
    assert isinstance(mine, Exhibit)
    for one, other in zip((mine, *mine.parts), (theirs, *theirs.parts), strict=True):
        assert len(one.frame)
        pd.testing.assert_frame_equal(
            other.frame, one.frame, check_exact=False, rtol=1e-9, atol=0, check_dtype=False
        )
    assert [f.id for f in (*theirs.findings, *theirs.notes)] == [f.id for f in (*mine.findings, *mine.notes)]
