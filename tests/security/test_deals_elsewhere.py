"""A unit's store holds of a deal, while another unit has it, that it is elsewhere; nothing more."""

from __future__ import annotations

from pathlib import Path

import pytest

from salesops_lib import cleaning
from salesops_lib.tables import scope
from salesops_lib.tables.engine import DuckDBEngine
from salesops_lib.workspace import load_policy

FILES = {
    "opportunities": (
        "opportunity_id,customer_id,rep_id,amount,stage,created_on,expected_close_on",
        "O1,C1,mine,1000,quote,2026-01-05,2026-06-30",
        "O2,C2,theirs,777777,quote,2026-01-05,2026-07-31",
    ),
    "opportunity_changes": (
        "opportunity_id,changed_on,field,old_value,new_value",
        # theirs until March, then mine; and the other way round
        "O1,2026-03-01,rep_id,theirs,mine",
        "O1,2026-02-01,amount,888888,1000",
        "O1,2026-02-02,stage,CanaryStage,quote",
        "O2,2026-03-01,rep_id,mine,theirs",
        "O2,2026-04-01,amount,555,777777",
    ),
    "reps": ("rep_id,name,role", "mine,Me,seller", "theirs,CanaryName,seller"),
}


@pytest.fixture(scope="module")
def states(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, object]]]:
    root: Path = tmp_path_factory.mktemp("company")
    for table, rows in FILES.items():
        path = root / f"{table}.csv"
        path.write_text("\n".join(rows) + "\n", encoding="utf-8")
        cleaning.add(root, [path], table=table, yes=True)
    cleaning.load(root, policy=load_policy(root))
    company = DuckDBEngine(root / "data" / "facts.duckdb", read_only=True)
    scope.write_scoped(company, root / "mine.duckdb", "rep", "mine")
    company.close()
    own = DuckDBEngine(root / "mine.duckdb", read_only=True)
    found = own.query("SELECT * FROM deal_states ORDER BY opportunity_id, valid_from")
    own.close()
    return {deal: rows.to_dict("records") for deal, rows in found.groupby("opportunity_id")}


def test_states_under_another_owner_say_only_that_they_are_elsewhere(states):
    away = [row for rows in states.values() for row in rows if row["outcome"] == "elsewhere"]
    assert away
    told = {"opportunity_id", "valid_from", "valid_to", "created_on", "outcome"}
    for row in away:
        assert {name for name, value in row.items() if value == value and value is not None} <= told


def test_one_s_own_states_are_whole(states):
    own = [row for rows in states.values() for row in rows if row["outcome"] == "open"]
    assert {row["rep_id"] for row in own} == {"mine"}
    assert all(row["stage"] == "quote" for row in own)


def test_nothing_of_the_other_owner_is_in_any_state(states):
    text = repr(states)
    for secret in ("theirs", "Canary", "888888", "77777700", "88888800"):
        assert secret not in text
