"""The book: deals open at the close of a day, with all that the policy judges them by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from salesops_lib.metrics import UNASSIGNED, Finding
from salesops_lib.pipeline.as_of import OPEN, bound, missing
from salesops_lib.pipeline.stage_names import StageNames, stage_names
from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.workspace import Workspace

#: What cannot be a day on which anything was done to a deal.
_LONG_AGO = "DATE '1900-01-01'"


@dataclass(frozen=True)
class Book:
    """Open deals of `day`, asked in SQL from the common table `book`, one row a deal.

    Its columns: opportunity_id, stage, stage_id, place, odds, max_days (of the policy's stage, empty where it knows
    none), created_on, in_stage (days in the stage), idle (days since anything was done), amount,
    entered_on, expected_close_on, overdue (days since the expected close), n_pushes, rep_id, team, region; flags
    is_over, is_idle, is_past, is_pushed by the policy's limits; and, where asked for whole, customer_id, product_id,
    source, next_step, price_approved_on.
    """

    ws: Workspace
    day: date
    names: StageNames
    has_stage_history: bool
    has_activity: bool

    def ask(
        self, select: str, *, more: str = "", values: tuple[object, ...] = (), is_whole: bool = False
    ) -> pd.DataFrame:
        """Rows of `select`, which may read `book`, and the further common tables `more` after it.

        With `is_whole` the book also has the columns of deals that nobody follows from day to day.
        """
        return self.ws.facts.query(
            f"WITH {self.names.table}, {self._table(is_whole or self.has_activity)}{more} {select}",
            [*bound(self.day), *values],
        )

    def _table(self, is_whole: bool) -> str:
        hygiene = self.ws.policy.process.hygiene
        today = f"DATE '{self.day}'"
        age = "s.entered_on" if self.has_stage_history else "s.created_on"
        done = "s.valid_from"
        if self.has_activity:  # what was done later was not known
            done = f"GREATEST(s.valid_from, CASE WHEN d.last_activity_on <= {today} THEN d.last_activity_on ELSE {_LONG_AGO} END)"
        quiet = f"idle > {hygiene.quiet_days_max}" if hygiene.quiet_days_max else "FALSE"
        columns = ("customer_id", "product_id", "source", "next_step", "price_approved_on")
        known = self.ws.facts.columns("deals")
        own = "".join(f", d.{c}" if c in known else f", CAST(NULL AS VARCHAR) AS {c}" for c in columns)
        deals = " LEFT JOIN deals AS d ON d.opportunity_id = s.opportunity_id" if is_whole else ""
        standing = OPEN.replace("SELECT ", "SELECT valid_from, ", 1)
        return f"""standing AS ({standing}), aged AS (
    SELECT s.opportunity_id, s.created_on, s.stage, COALESCE(r.stage_id, s.stage, '{UNASSIGNED}') AS stage_id, r.place, r.odds, r.max_days,
           date_diff('day', {age}, {today}) AS in_stage, s.entered_on, CASE WHEN {done} > {_LONG_AGO} THEN date_diff('day', {done}, {today}) END AS idle,
           s.amount, s.expected_close_on, date_diff('day', s.expected_close_on, {today}) AS overdue, s.n_pushes, s.rep_id, s.team, s.region{own if is_whole else ""}
    FROM standing AS s{deals} LEFT JOIN ranks AS r ON r.stage = s.stage
), book AS (
    SELECT *, COALESCE(in_stage > max_days, FALSE) AS is_over, COALESCE({quiet}, FALSE) AS is_idle, COALESCE(overdue > 0, FALSE) AS is_past,
           COALESCE(n_pushes > {hygiene.pushes_max}, FALSE) AS is_pushed FROM aged
)"""

    def notes(self, *, age: bool = False, activity: bool = False) -> list[Finding]:
        """What stands in for what the data do not hold, as far as an exhibit looks at it."""
        found = []
        if age and not self.has_stage_history:
            found.append(Finding("note.age_since_creation"))
        if activity and not self.has_activity and self.ws.policy.process.hygiene.quiet_days_max:
            found.append(Finding("note.activity_is_change"))
        if self.names.unknown:
            found.append(Finding("note.stages_unknown", {"stages": list(self.names.unknown)}))
        return found


def open_book(ws: Workspace, day: date | None = None) -> Book | tuple[str, ...]:
    """The book of a day, the last one of the window where not named; else what it needs."""
    if absent := missing(ws):
        return absent
    names = stage_names(ws)
    if names is None:
        return ("deals.stage",)
    moved = ws.facts.query("SELECT 1 AS found FROM deal_changes WHERE field = 'stage' LIMIT 1")
    return Book(ws, day or ws.window.end, names, len(moved) > 0, ws.facts.has("deals.last_activity_on"))


def named(ws: Workspace, owners: pd.Series) -> pd.Series:
    """Owners by the names of their ids; an id stays where nobody names it, and stands behind a name that two people bear."""
    if ws.facts.missing("reps.name"):
        return owners
    people = ws.facts.query("SELECT rep_id, name FROM reps WHERE name IS NOT NULL ORDER BY rep_id")
    shared = people.name.duplicated(keep=False)
    names = people.name.where(~shared, people.name + " (" + people.rep_id + ")")
    return owners.map(dict(zip(people.rep_id, names))).fillna(owners)


def unit_of(by: str) -> str:
    """A dimension of the book as SQL, deals that name none under `UNASSIGNED`."""
    return f"COALESCE({by}, {literal(UNASSIGNED)})"


def days_before(day: date, days: int) -> date:
    """The first of the `days` that end with `day`."""
    return day - timedelta(days=days - 1)
