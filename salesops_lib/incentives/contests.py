"""Contests: who has which place, and what it wins; a tie as the policy says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.incentives.standings import Standings, standings

if TYPE_CHECKING:
    from salesops_lib.policy.incentives import Contest
    from salesops_lib.workspace import Workspace

Ranked = list[tuple[str, Fraction]]


def result(ws: Workspace, contest: Contest) -> pd.DataFrame | None:
    """The places of a contest at its end; None while it runs. See `places`."""
    end = contest.window.end
    if end is None or end > ws.as_of:
        return None
    found = standings(ws, contest.roles, contest.measure, contest.window.start, end, by=contest.rank_by)
    return places(contest, found, 10**ws.policy.semantics.minor_digits)


def places(contest: Contest, standings: Standings, minor: int = 100) -> pd.DataFrame:
    """Everybody who takes part: place, prize and why.

    Returns
    -------
    pd.DataFrame
        payee, role, value (attainment, or the measure in whole units; missing without one), place (missing
        without one), n_tied (people on it), reached_on (where who got there first decided), prize (minor units),
        reason: won, tied_shared, tied_each, tied_first, same_day (a tie of the first day, which shares),
        beyond_prizes, nothing_done, no_value (no quota, or nothing to divide by); best first, then by payee.

    Raises
    ------
    DataError
        If the policy leaves a tie open, or asks who reached a ratio first.

    Notes
    -----
    Places are counted as in sport: after two on the first place comes the third.  Who did nothing, or less,
    has no place.  Shares of prizes differ by one minor unit at most, and add up to the prizes.
    """
    if contest.tie is None:
        raise DataError(f"{contest.id}: it is not said what a tie wins. Write tie: share, each or first.")
    reached = standings.reached(contest.rank_by)
    placed = [(payee, value) for payee, value in reached.items() if value is not None and value > 0]
    placed.sort(key=lambda one: (-one[1], one[0]))
    found = {row["payee"]: row for row in _placed(contest, placed, standings, minor)}
    roles = dict(zip(standings.people.payee, standings.people.role, strict=True))
    rows = []
    for payee in sorted(
        reached, key=lambda one: (found[one]["place"] if one in found else len(reached) + 1, one)
    ):
        value = reached[payee]
        nothing = {"place": None, "n_tied": 0, "reached_on": None, "prize": 0}
        row = found.get(payee) or {**nothing, "reason": "no_value" if value is None else "nothing_done"}
        rows.append(
            {"payee": payee, "role": roles[payee], "value": None if value is None else float(value), **row}
        )
    columns = ["payee", "role", "value", "place", "n_tied", "reached_on", "prize", "reason"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({"place": "Int64", "value": "Float64", "n_tied": "int64", "prize": "int64"})


def _placed(
    contest: Contest, ranked: Ranked, standings: Standings, minor: int
) -> Iterator[dict[str, object]]:
    prizes = {prize.rank: int(prize.cash * minor) for prize in contest.prizes}
    place = 1
    for _, group in groupby(ranked, key=lambda one: one[1]):
        payees = [payee for payee, _ in group]
        parts: list[tuple[list[str], object]] = [(payees, None)]
        is_decided = contest.tie == "first" and len(payees) > 1
        if is_decided:
            parts = list(_by_day(contest, payees, standings))
        for tied, day in parts:
            won = [prizes.get(place + n, 0) for n in range(len(tied))]
            each = [won[0]] * len(tied) if contest.tie == "each" else shared(sum(won), len(tied))
            reason = _reason(contest, len(tied), is_decided)
            for payee, prize in zip(tied, each, strict=True):
                yield {
                    "payee": payee, "place": place, "n_tied": len(tied), "reached_on": day, "prize": prize,
                    "reason": reason if prize else "beyond_prizes",
                }  # fmt: skip
            place += len(tied)


def _reason(contest: Contest, n_tied: int, is_decided: bool) -> str:
    if n_tied == 1:
        return "tied_first" if is_decided else "won"
    return {"share": "tied_shared", "each": "tied_each", "first": "same_day"}[str(contest.tie)]


def _by_day(
    contest: Contest, payees: Sequence[str], standings: Standings
) -> Iterator[tuple[list[str], object]]:
    if standings.is_ratio:
        raise DataError(
            f"{contest.id}: nobody reaches a ratio first, as it goes up and down. Write tie: share or each."
        )
    days = {payee: standings.reached_on(payee) for payee in payees}
    ordered = sorted(payees, key=lambda one: (str(days[one]), one))
    for day, group in groupby(ordered, key=lambda one: days[one]):
        yield list(group), day


def shared(amount: int, n: int) -> list[int]:
    """An amount in `n` whole parts that differ by one at most and add up to it.

    >>> shared(1000, 3)
    [334, 333, 333]
    """
    return [amount // n + (k < amount % n) for k in range(n)]
