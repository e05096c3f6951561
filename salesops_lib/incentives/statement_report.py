"""The report of statements: one person's own, or all of them for the pay office."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_lib.incentives import pay_office, statements
from salesops_lib.incentives.own_statement import OwnStatement
from salesops_lib.incentives.prize_report import awards_won, contests_won, may_move_up
from salesops_lib.incentives.statement_standing import next_tiers, standing_table
from salesops_lib.metrics import Exhibit, Missing

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]
_NEEDS = ("sales", "reps")


@dataclass(frozen=True)
class Report:
    """Sections of a page, in its order: a person's from `paid` to `corrections`, the pay office's `everybody` to `nobody`."""

    lead: Section
    paid: Section = ()
    origin: Section = ()
    standing: Section = ()
    open: Section = ()
    year: Section = ()
    corrections: Section = ()
    everybody: Section = ()
    contests: Section = ()
    awards: Section = ()
    promotion: Section = ()
    nobody: Section = ()

    @property
    def movers(self) -> Section:
        """What the headline says beside the amount."""
        return (*self.standing, *self.open, *self.year)


def statement(ws: Workspace) -> Report:
    """The statement of the person whose store the workspace holds; all of them in the company's own.

    Raises
    ------
    DataError
        If a plan needs what was not loaded.
    """
    scope = ws.facts.scope_kind
    if scope and scope != "rep":
        return _without(Missing("statement_steps", (), "note.statement_scope"))
    if scope:
        made = statements.read(ws)
        if made is None:
            return _without(Missing("statement_steps", (), "note.statement_none"))
        return own_report(OwnStatement(ws, made))
    if not ws.policy.incentives.plans:
        return _without(Missing("statement_payees", (), "note.no_plans"))
    if absent := ws.facts.missing(*_NEEDS):
        return _without(Missing("statement_payees", absent))
    made = statements.statements(ws)
    everybody = (pay_office.exceptions(made), pay_office.payees(ws, made))
    return Report(
        everybody[1:],
        everybody=everybody,
        contests=contests_won(ws),
        awards=awards_won(ws),
        promotion=may_move_up(ws),
        nobody=(pay_office.nobody(ws),),
    )


def _without(missing: Missing) -> Report:
    return Report((missing,), paid=(missing,))


def own_report(own: OwnStatement) -> Report:
    """The report of one person."""
    steps = own.steps()
    return Report(
        (steps,),
        paid=(steps, own.places()),
        origin=(own.tiers(),),
        standing=(standing_table(own.ws, own.made.standing), next_tiers(own.ws, own.made.standing)),
        open=(own.open(),),
        year=(own.year(),),
        corrections=own.corrections(),
    )
