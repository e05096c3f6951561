"""Awards that are not money, such as trips: who qualifies, who wins, and why the others do not."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives.standings import ATTAINMENT, Standings, standings

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.policy.incentives import Award
    from salesops_lib.workspace import Workspace


def result(ws: Workspace, award: Award, year: Period) -> pd.DataFrame | None:
    """Who wins an award of a fiscal year; None while it runs. See `winners`."""
    if year.end > ws.as_of:
        return None
    found = standings(ws, award.roles, award.measure, year.start, year.end, by=ATTAINMENT)
    return winners(award, found, 10**ws.policy.semantics.minor_digits)


def winners(award: Award, standings: Standings, minor: int = 100) -> pd.DataFrame:
    """Everybody who takes part: whether they win, and why not.

    Returns
    -------
    pd.DataFrame
        payee, role, attainment (missing without quota), tenure (full months), place (among those who qualify in
        the role; missing for the others), is_winner, value (minor units; what the award is worth), reason: won,
        left (not in the roles on the last day), no_quota, no_hire_day, short_service, below_attainment, tied_out (a tie
        for the last place, of which none wins), beyond_share, beyond_heads; winners first, by place and payee.

    Raises
    ------
    DataError
        If fewer may win than qualify, and the policy does not say what a tie for the last place wins.

    Notes
    -----
    Of a role, `top_share` of those who are in it on the last day may win, rounded down; they are the best of
    those who qualify.  `heads` then limits all roles together.
    """
    if award.is_limited and award.tie is None:
        raise DataError(
            f"{award.id}: it is not said what a tie for the last place wins. Write tie: all_win or none_wins."
        )
    attained = standings.reached(ATTAINMENT)
    people = {str(row.payee): row for row in standings.people.itertuples()}
    reasons = {payee: _unfit(award, people[payee], value) for payee, value in attained.items()}
    place: dict[str, int] = {}
    for role in sorted({str(row.role) for row in people.values()}):
        own = [payee for payee, row in people.items() if row.role == role]
        fit = _best_first({payee: attained[payee] for payee in own if not reasons[payee]})
        place.update(_places(fit))
        n_role = sum(bool(people[payee].stays) for payee in own)
        may_win = int(Fraction(str(award.top_share)) * n_role)
        reasons.update(_cut(award, fit, may_win, "beyond_share"))
    if award.heads is not None:
        left = _best_first({payee: attained[payee] for payee in attained if not reasons[payee]})
        reasons.update(_cut(award, left, award.heads, "beyond_heads"))
    worth = int(award.value * minor)
    rows = [
        {
            "payee": payee, "role": people[payee].role, "attainment": None if value is None else float(value),
            "tenure": people[payee].tenure, "place": place.get(payee), "is_winner": not reasons[payee],
            "value": 0 if reasons[payee] else worth, "reason": reasons[payee] or "won",
        }
        for payee, value in attained.items()
    ]  # fmt: skip
    last = len(rows) + 1
    rows.sort(key=lambda row: (not row["is_winner"], row["place"] or last, row["payee"]))
    columns = ["payee", "role", "attainment", "tenure", "place", "is_winner", "value", "reason"]
    types = {
        "attainment": "Float64",
        "tenure": "Int64",
        "place": "Int64",
        "is_winner": "bool",
        "value": "int64",
    }
    return pd.DataFrame(rows, columns=columns).astype(types)


Ranked = list[tuple[str, Fraction]]


def _unfit(award: Award, person: object, attainment: Fraction | None) -> str:
    """Why a person does not qualify; empty for those who do."""
    if not person.stays:  # type: ignore[attr-defined]
        return "left"
    if attainment is None:
        return "no_quota"
    tenure = person.tenure  # type: ignore[attr-defined]
    if award.tenure_months_min and pd.isna(tenure):
        return "no_hire_day"
    if award.tenure_months_min and int(tenure) < award.tenure_months_min:
        return "short_service"
    return "below_attainment" if attainment < Fraction(award.attainment_min) else ""


def _best_first(attained: dict[str, Fraction | None]) -> Ranked:
    known = [(payee, value) for payee, value in attained.items() if value is not None]
    return sorted(known, key=lambda one: (-one[1], one[0]))


def _places(ranked: Ranked) -> dict[str, int]:
    """Places as in sport: after two on the first comes the third."""
    return {payee: 1 + sum(other > value for _, other in ranked) for payee, value in ranked}


def _cut(award: Award, ranked: Ranked, n: int, beyond: str) -> dict[str, str]:
    """Reasons of those beyond the first `n`; who ties for the last place stays, or goes, as the award says."""
    found: dict[str, str] = {}
    ahead = 0
    for _, group in groupby(ranked, key=lambda one: one[1]):
        tied = [payee for payee, _ in group]
        if ahead >= n:
            found.update(dict.fromkeys(tied, beyond))
        elif ahead + len(tied) > n and award.tie == "none_wins":
            found.update(dict.fromkeys(tied, "tied_out"))
        ahead += len(tied)
    return found
