"""Periods to make up for: a range of the past, or those that a machine slept through."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import RunError

if TYPE_CHECKING:
    from salesops_lib.periods import Calendar, Period
    from salesops_lib.runs.publish import Entry

LONGEST = 500


def between(root: Path | str, first: str, last: str) -> list[str]:
    """Labels of all periods from `first` to `last`, oldest first; both are of one kind.

    Raises
    ------
    RunError
        If they are of two kinds, out of order, or more than 500 periods apart.
    """
    calendar = _calendar(Path(root))
    begin, end = calendar.parse(first), calendar.parse(last)
    if begin.kind != end.kind:
        raise RunError(
            f"--from {first} is a {begin.kind} and --to {last} is a {end.kind}. Name two of one kind, "
            "e.g. --from 2026-01 --to 2026-03."
        )
    if end.start < begin.start:
        raise RunError(f"--to {last} is before --from {first}. Swap them.")
    return _labels(calendar, begin, end)


def missed(root: Path | str, notebooks: list[str], kind: str = "month") -> list[str]:
    """Labels of the complete periods that no run has published, oldest first.

    The count begins after the oldest published period of `notebooks`; where nothing is
    published yet, only the last complete period is missed.
    """
    from salesops_lib.runs import publish
    from salesops_lib.workspace import open_workspace

    place = Path(root)
    ws = open_workspace(place)
    try:
        calendar, as_of = ws.calendar, ws.as_of
    finally:
        ws.close()
    current = calendar.period_of(as_of, kind)
    last = current if calendar.is_complete(current, as_of) else calendar.shift(current, -1)
    entries = [e for e in publish.manifest(place / "reports") if e["report"] in notebooks]
    done = [_published(calendar, kind, name, entries) for name in notebooks]
    firsts = [min(periods, key=lambda p: p.start) for periods in done if periods]
    if not firsts:
        return [last.label]
    whole = set.intersection(*({p.label for p in periods} for periods in done))
    return [p for p in _labels(calendar, min(firsts, key=lambda p: p.start), last) if p not in whole]


def _published(calendar: Calendar, kind: str, notebook: str, entries: list[Entry]) -> list[Period]:
    found = [calendar.parse(e["period"]) for e in entries if e["report"] == notebook]
    return [period for period in found if period.kind == kind]


def _labels(calendar: Calendar, first: Period, last: Period) -> list[str]:
    labels, period = [], first
    while period.start <= last.start:
        labels.append(period.label)
        if len(labels) > LONGEST:
            raise RunError(f"From {first.label} to {last.label} are more than {LONGEST} periods. Name fewer.")
        period = calendar.shift(period, 1)
    return labels


def _calendar(root: Path) -> Calendar:
    from salesops_lib.periods import Calendar
    from salesops_lib.workspace import load_policy

    return Calendar(**load_policy(root).calendar_settings())
