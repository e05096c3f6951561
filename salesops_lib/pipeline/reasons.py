"""Why deals are lost and against whom, without ranking what chance alone can tell apart (M8.1, M8.2, C17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import held_back, wilson

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_NOT_STATED = "not_stated"


def lost_reasons(ws: Workspace) -> Exhibit | Missing:
    """Share of lost deals by stated reason over twelve months, with its Wilson interval; one row a reason.

    Reasons of one `place` have overlapping intervals and are in no order among themselves.  Lost deals that state
    no reason are counted in a note; reasons of too few deals are held back (C17).
    """
    if absent := ws.facts.missing("deals.loss_reason", "deals.closed_on"):
        return Missing("lost_reasons", absent)
    window, before = ws.trailing(), ws.trailing(years_back=1)
    now, past = (
        _counted(ws, "loss_reason", span.start, span.end, "outcome = 'lost'") for span in (window, before)
    )
    stated = now[now.label != _NOT_STATED]
    n, earlier = int(stated.n.sum()), past[past.label != _NOT_STATED]
    if not n:
        return Missing("lost_reasons", ("opportunities.loss_reason",), "note.nothing_in_period")
    counts = stated.assign(
        hits=stated.n, of=n, base=stated.label.map(earlier.set_index("label").n / max(earlier.n.sum(), 1))
    )
    frame, n_held = _judged(ws, counts, ["amount"])
    silent = int(now.n.sum()) - n
    notes = _notes(ws, n_held)
    if silent:
        notes.append(Finding("note.reasons_not_stated", {"n": silent, "of": int(now.n.sum())}))
    found = _told(frame, "lost_reasons", "loss_share", n)
    return Exhibit(
        "lost_reasons", "intervals", frame, metric="loss_share", window=window, base=before, sources=("opportunities",), findings=found,
        units={"n": "count", "amount": "money", "place": "count"}, notes=tuple(notes),
    )  # fmt: skip


def won_against(ws: Workspace) -> Exhibit | Missing:
    """Win rate with each rival present over twelve months, with its Wilson interval; the hardest rival first.

    Rivals of one `place` have overlapping intervals and are in no order among themselves.  Deals that name no rival
    are counted in a note: rivals are named late, so such deals are not comparable.
    """
    if absent := ws.facts.missing("deals.competitor", "deals.closed_on"):
        return Missing("won_against", absent)
    window, before = ws.trailing(), ws.trailing(years_back=1)
    now, past = (
        _counted(ws, "competitor", span.start, span.end, "outcome IN ('won', 'lost')")
        for span in (window, before)
    )
    named = now[now.label != _NOT_STATED]
    if named.empty:
        return Missing("won_against", ("opportunities.competitor",), "note.nothing_in_period")
    earlier = past.set_index("label")
    counts = named.assign(
        hits=named.won, of=named.n, base=named.label.map(earlier.won / earlier.n.where(earlier.n > 0))
    )
    frame, n_held = _judged(ws, counts, ["lost_amount"], lowest_first=True)
    notes = _notes(ws, n_held)
    if silent := int(now.n.sum() - named.n.sum()):
        notes.append(Finding("note.rivals_not_stated", {"n": silent, "of": int(now.n.sum())}))
    return Exhibit(
        "won_against", "intervals", frame, metric="rival_win_rate", window=window, base=before, sources=("opportunities",),
        findings=_told(frame, "won_against", "rival_win_rate", int(named.n.sum())), units={"n": "count", "lost_amount": "money", "place": "count"},
        notes=tuple(notes),
    )  # fmt: skip


def places(low: pd.Series, high: pd.Series) -> list[int]:
    """Place of each interval, the highest 1: one more than the intervals that lie wholly above it.

    >>> places(pd.Series([0.5, 0.4, 0.1]), pd.Series([0.7, 0.6, 0.3]))
    [1, 1, 3]
    """
    return [1 + int((low > own).sum()) for own in high]


def _judged(
    ws: Workspace, counts: pd.DataFrame, more: list[str], *, lowest_first: bool = False
) -> tuple[pd.DataFrame, int]:
    held = pd.Series(
        held_back(counts.n.astype(int).tolist(), ws.policy.report.suppress_below), index=counts.index
    )
    shown = counts[~held]
    shares = [wilson(hits, of) for hits, of in zip(shown.hits, shown.of)]
    frame = pd.DataFrame(
        {"label": shown.label.tolist(), "value": [s.value for s in shares], "low": [s.low for s in shares], "high": [s.high for s in shares],
         "n": shown.n.astype(int).tolist(), "base": shown.base.astype(float).tolist(), **{name: shown[name].tolist() for name in more}}
    )  # fmt: skip
    sign = -1 if lowest_first else 1
    ends = (sign * frame.low, sign * frame.high) if not lowest_first else (-frame.high, -frame.low)
    frame["place"] = places(*ends)
    frame = frame.sort_values(["value", "label"], ascending=[lowest_first, True], ignore_index=True)
    return frame, int(held.sum())


def _counted(ws: Workspace, by: str, start: object, end: object, which: str) -> pd.DataFrame:
    return ws.facts.query(
        f"SELECT COALESCE({by}, '{_NOT_STATED}') AS label, COUNT(*) AS n, COUNT(*) FILTER (WHERE outcome = 'won') AS won,"
        " CAST(SUM(amount) AS BIGINT) AS amount, CAST(SUM(amount) FILTER (WHERE outcome = 'lost') AS BIGINT) AS lost_amount"
        f" FROM deals WHERE {which} AND closed_on BETWEEN ? AND ? GROUP BY 1 ORDER BY 1",
        [start, end],
    )


def _notes(ws: Workspace, n_held: int) -> list[Finding]:
    report = ws.policy.report
    notes = [Finding("note.places", {"n": report.wilson_below})]
    if n_held:
        notes.append(Finding("note.suppressed", {"n": n_held, "below": report.suppress_below}))
    return notes


def _told(frame: pd.DataFrame, name: str, metric: str, n: int) -> tuple[Finding, ...]:
    """One group is named only where its interval lies apart from all others."""
    if frame.empty:
        return ()
    first, rest = frame.iloc[0], frame[1:]
    values = {"label": first.label, "rate": first.value, "low": first.low, "high": first.high, "n": n, "n_own": int(first.n),
              "names": frame.label[frame.place == 1].tolist(), "n_groups": len(frame)}  # fmt: skip
    alone = len(rest) and (rest.place > 1).all()
    return (
        Finding(f"{name}.first" if alone else f"{name}.alike", values, metric, "bad" if alone else "neutral"),
    )
