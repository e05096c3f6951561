"""The whole replay of a workspace: which policies, which history, and what is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import DataError
from salesops_lib.incentives.people import profiles
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.policy.override import load_changed
from salesops_lib.replay import exhibits
from salesops_lib.replay.gates import gates
from salesops_lib.replay.histories import NEEDS, histories, span
from salesops_lib.replay.paying import Replayed, replay
from salesops_lib.replay.payouts import paid_out, pay_alike
from salesops_lib.tables import TABLES

if TYPE_CHECKING:
    from salesops_lib.periods import Window
    from salesops_lib.policy import Policy
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]


@dataclass(frozen=True)
class Study:
    """Sections of a page, in its order; without a replay the first says what it needs, and the others are empty."""

    cost: Section
    winners: Section = ()
    payments: Section = ()
    cliffs: Section = ()
    fairness: Section = ()
    gates: Section = ()
    changes: Section = ()
    behaviour: Section = ()
    verdict: tuple[Exhibit, ...] = ()
    failed: tuple[str, ...] = ()
    replayed: Replayed | None = None

    @property
    def asks(self) -> tuple[Finding, ...]:
        """What has to be decided."""
        return tuple(finding for exhibit in self.verdict for finding in exhibit.findings)

    @property
    def sections(self) -> tuple[Section, ...]:
        """All sections that hold something."""
        every = (
            self.cost,
            self.winners,
            self.payments,
            self.cliffs,
            self.fairness,
            self.gates,
            self.changes,
            self.behaviour,
            self.verdict,
        )
        return tuple(section for section in every if section)


def study(ws: Workspace, *, against: str = "", changes: str | Sequence[str] = "", since: str = "") -> Study:
    """The policy of a workspace against another: the file `against`, or its own with `changes`, or both.

    Parameters
    ----------
    against
        The proposed policy, a path from the workspace; its own policy where empty.
    changes
        Values set in the proposed policy, `path=value`, one a line.
    since
        First period of the history; else the policy says it.

    Raises
    ------
    PolicyError
        If the proposed policy has faults, or a change names nothing.
    DataError
        If a plan needs what was not loaded.
    """
    made = changes.splitlines() if isinstance(changes, str) else changes
    made = [change for change in made if change.strip()]
    if not against and not made:
        return Study((Missing("replay_cost", (), "note.no_second_policy"),))
    new = proposed(ws, against, made)
    if not ws.policy.incentives.plans and not new.incentives.plans:
        return Study((Missing("replay_cost", (), "note.no_plans"),))
    if absent := ws.facts.missing(*NEEDS):
        return Study((Missing("replay_cost", absent),))
    window = span(ws, ws.policy, since)
    plans = (*ws.policy.incentives.plans, *new.incentives.plans)
    past, other = (histories(ws, policy, window, plans) for policy in (ws.policy, new))
    found = replay(past, ws.policy, new, under_new=other)
    people = profiles(ws, window.end, ws.policy.replay.tenure_years)
    held = gates(ws, found, people, window)
    return Study(
        cost=(exhibits.cost(found, window),),
        winners=exhibits.winners(found, people),
        payments=_payments(ws, found, window),
        cliffs=(exhibits.cliff_table(found),),
        fairness=(exhibits.fairness(found),),
        gates=(exhibits.gate_table(held),),
        changes=(exhibits.changes(found, people),),
        behaviour=(exhibits.behaviour(found),),
        verdict=(exhibits.recommendation(found, held),),
        failed=tuple(exhibits.failed(held)),
        replayed=found,
    )


def _payments(ws: Workspace, replayed: Replayed, window: Window) -> Section:
    """What is paid out of it; left out where neither what is earned nor how it is paid differs."""
    if pay_alike(replayed.old, replayed.new):
        return ()
    try:
        return (exhibits.payments(paid_out(ws, replayed, window)),)
    except DataError:  # pay is replayed all the same; the statements of pay say what to load
        return (Missing("replay_payments", (), "note.replay_not_paid"),)


def proposed(ws: Workspace, against: str, changes: Sequence[str]) -> Policy:
    """The policy that is held against the workspace's."""
    own = ws.root / "policy.yaml"
    file: Path | None = ws.root / against if against else own if own.is_file() else None
    return load_changed(file, changes, known_tables=frozenset(TABLES))
