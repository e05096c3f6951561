"""Who wins what beside the plans: places of contests, awards and promotion, each with the reason."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives import awards, contests, promotion
from salesops_lib.incentives.standings import ATTAINMENT
from salesops_lib.metrics import REGISTRY, Exhibit, Finding

if TYPE_CHECKING:
    from salesops_lib.policy.incentives import Award, Contest, Promotion
    from salesops_lib.workspace import Workspace

_SOURCES = ("order_lines", "reps", "org", "targets")


def contests_won(ws: Workspace) -> tuple[Exhibit, ...]:
    """The contests of the fiscal year that have begun, as they stand on the last day of the period."""
    then = _then(ws)
    year = then.calendar.period_of(then.as_of, "year")
    return tuple(
        _contest(then, contest)
        for contest in ws.policy.incentives.contests
        if contest.window.start <= then.as_of and contest.window.end and contest.window.end >= year.start
    )


def awards_won(ws: Workspace) -> tuple[Exhibit, ...]:
    """The awards of the fiscal year: who wins and why the others do not; until when they run, where it is not over."""
    return tuple(_award(_then(ws), award) for award in ws.policy.incentives.awards)


def may_move_up(ws: Workspace) -> tuple[Exhibit, ...]:
    """Who meets what each promotion takes, by the last quarter that is over with the period."""
    return tuple(_promotion(_then(ws), rule) for rule in ws.policy.incentives.promotion)


def _then(ws: Workspace) -> Workspace:
    """The workspace on the last day of its period: what comes later decides nothing."""
    return replace(ws, as_of=min(ws.as_of, ws.period.end))


def _running(id: str, prize: str, last: object) -> Exhibit:
    return Exhibit(
        id, "table", pd.DataFrame(), findings=(Finding("prize.runs", {"prize": prize, "last": last}),)
    )


def _contest(ws: Workspace, contest: Contest) -> Exhibit:
    places = contests.result(ws, contest)
    if places is None:
        return _running(f"prize_contest.{contest.id}", contest.id, contest.window.end)
    won = places[places.prize > 0]
    told = {"prize": contest.id, "n": len(places), "winners": len(won), "paid": int(won.prize.sum())}
    unit = "ratio" if contest.rank_by == ATTAINMENT else REGISTRY[contest.measure].unit
    scale = 10**ws.policy.semantics.minor_digits if unit == "money" else 1
    frame = _named(ws, places).assign(
        reached=places["value"] * scale, prize=places.prize.where(places.prize > 0)
    )
    return Exhibit(
        f"prize_contest.{contest.id}", "table",
        frame[["payee_id", "name", "paid_role", "place", "reached", "reached_on", "prize", "reason"]],
        findings=(Finding("prize.contest" if len(won) else "prize.contest_nobody", told),), sources=_SOURCES,
        units={"place": "count", "reached": unit, "reached_on": "date", "prize": "exact"},
        notes=(Finding("note.prize_contest", {"measure": contest.measure, "first": contest.window.start, "last": contest.window.end}),),
    )  # fmt: skip


def _award(ws: Workspace, award: Award) -> Exhibit:
    year = ws.calendar.period_of(ws.as_of, "year")
    winners = awards.result(ws, award, year)
    if winners is None:
        return _running(f"prize_award.{award.id}", award.id, year.end)
    n_won = int(winners.is_winner.sum())
    told = {"prize": award.id, "n": len(winners), "winners": n_won, "value": int(winners["value"].sum())}
    nearest = winners.sort_values(
        ["is_winner", "place", "attainment"], ascending=[False, True, False], kind="stable", ignore_index=True
    )
    frame = _named(ws, nearest).assign(prize_value=nearest["value"].where(nearest.is_winner))
    return Exhibit(
        f"prize_award.{award.id}", "table",
        frame[["payee_id", "name", "paid_role", "place", "attainment", "tenure", "prize_value", "reason"]],
        findings=(Finding("prize.award" if n_won else "prize.award_nobody", told),), sources=_SOURCES,
        units={"place": "count", "attainment": "ratio", "tenure": "count", "prize_value": "exact"},
        notes=(Finding("note.prize_award", {"measure": award.measure, "least": float(award.attainment_min)}),),
    )  # fmt: skip


def _promotion(ws: Workspace, rule: Promotion) -> Exhibit:
    found = promotion.result(ws, rule).sort_values(
        ["quarters", "lowest"], ascending=False, kind="stable", ignore_index=True
    )
    told = {"start": rule.start, "end": rule.end, "n": len(found), "quarters": rule.quarters, "least": float(rule.attainment_min),
            "met": int((found.reason == "met").sum()), "unknown": int((found.reason == "score_unknown").sum())}  # fmt: skip
    frame = _named(ws, found.assign(role=rule.start)).rename(columns={"quarters": "quarters_met"})
    return Exhibit(
        f"prize_promotion.{rule.start}-{rule.end}", "table",
        frame.assign(lacking=[", ".join(courses) or None for courses in found.lacking])[
            ["payee_id", "name", "quarters_met", "lowest", "score", "lacking", "reason"]
        ],
        findings=(Finding("prize.promotion_open" if told["unknown"] else "prize.promotion", told),), sources=(*_SOURCES, *(("trainings",) if rule.training else ())),
        units={"quarters_met": "count", "lowest": "ratio", "score": "quantity", "lacking": "text"},
        notes=(Finding("note.prize_promotion", told),),
    )  # fmt: skip


def _named(ws: Workspace, found: pd.DataFrame) -> pd.DataFrame:
    """People by their ids and names, with reason in words, and role where there are several."""
    names = ws.facts.query("SELECT rep_id, COALESCE(name, rep_id) AS name FROM reps").set_index("rep_id").name
    has_several = found.role.nunique() > 1
    return found.assign(
        payee_id=found.payee,
        name=found.payee.map(names).fillna(found.payee),
        paid_role=[Finding("value.label", {"value": role}) if has_several else None for role in found.role],
        reason=[Finding(f"prize.reason.{reason}") for reason in found.reason],
    )
