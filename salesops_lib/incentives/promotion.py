"""Promotion: who meets what moving up takes, and what the others lack."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.incentives.standings import ATTAINMENT, Standings, standings

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.policy.incentives import Promotion
    from salesops_lib.workspace import Workspace


def result(ws: Workspace, rule: Promotion, *, scores: Mapping[str, float] | None = None) -> pd.DataFrame:
    """Who may move up by the last complete quarter. See `qualified`.

    Parameters
    ----------
    scores
        Person → points of the last appraisal; None where there is none yet.
    """
    last = ws.calendar.last_complete(ws.as_of, "quarter")
    quarters: list[Period] = [ws.calendar.shift(last, -back) for back in range(rule.quarters)]
    found = [
        standings(ws, (rule.start,), rule.measure, quarter.start, quarter.end, by=ATTAINMENT)
        for quarter in quarters
    ]
    passed: set[tuple[str, str]] = set()
    if rule.training:
        done = ws.facts.query(
            "SELECT rep_id, course_id FROM trainings WHERE completed_on <= ? ORDER BY rep_id, course_id",
            [ws.as_of],
        )
        passed = set(zip(done.rep_id, done.course_id, strict=True))
    days = [quarter.n_days for quarter in quarters]
    return qualified(rule, found, days, passed=passed, scores=scores)


def qualified(
    rule: Promotion,
    quarters: Sequence[Standings],
    days: Sequence[int],
    *,
    passed: Collection[tuple[str, str]] = (),
    scores: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Everybody in the role at the end of the last quarter, and whether they may move up.

    Parameters
    ----------
    quarters, days
        Standings and days of the last quarters, the latest first.
    passed
        (person, course) pairs.

    Returns
    -------
    pd.DataFrame
        payee, start, end (roles), quarters (in a row up to the last, served whole, in which attainment was enough),
        lowest (attainment of them; missing without any), score (missing where unknown), lacking (courses), is_qualified
        (missing where only the score is unknown), reason: met, quarters, score, training (the first that lacks), or
        score_unknown; those who may first.
    """
    attained = [quarter.reached(ATTAINMENT) for quarter in quarters]
    served = [dict(zip(q.people.payee, q.people.days, strict=True)) for q in quarters]
    now = quarters[0].people
    rows = []
    for payee in sorted(now.payee[now.stays]):
        run: list[Fraction] = []
        for reached, own, whole in zip(attained, served, days, strict=True):
            value = reached.get(payee)
            if value is None or own.get(payee) != whole or value < Fraction(rule.attainment_min):
                break
            run.append(value)
        score = None if scores is None else scores.get(payee)
        lacking = tuple(course for course in rule.training if (payee, course) not in passed)
        is_qualified, reason = _judged(rule, len(run), score, lacking)
        rows.append(
            {
                "payee": payee, "start": rule.start, "end": rule.end, "quarters": len(run),
                "lowest": float(min(run)) if run else None, "score": score, "lacking": lacking,
                "is_qualified": is_qualified, "reason": reason,
            }
        )  # fmt: skip
    order = {True: 0, None: 1, False: 2}
    rows.sort(key=lambda row: (order[row["is_qualified"]], row["payee"]))
    columns = ["payee", "start", "end", "quarters", "lowest", "score", "lacking", "is_qualified", "reason"]
    types = {"quarters": "int64", "lowest": "Float64", "score": "Float64", "is_qualified": "boolean"}
    return pd.DataFrame(rows, columns=columns).astype(types)


def _judged(
    rule: Promotion, quarters: int, score: float | None, lacking: tuple[str, ...]
) -> tuple[bool | None, str]:
    if quarters < rule.quarters:
        return False, "quarters"
    if lacking:
        return False, "training"
    if rule.score_min is None:
        return True, "met"
    if score is None:
        return None, "score_unknown"
    is_enough = Decimal(str(score)) >= Decimal(str(rule.score_min))
    return is_enough, "met" if is_enough else "score"
