"""Whether open deals are kept as the policy wants them: complete, in time, worked on (M3.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.metrics.formulas import ratio
from salesops_lib.pipeline.book import Book, named, open_book, unit_of

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace


#: Checks of columns that the book has only where it is asked for whole.
_OF_DEALS = {"has_customer_id", "has_product_id", "has_source", "has_next_step"}


def hygiene(ws: Workspace) -> Exhibit | Missing:
    """Open deals by check of the policy: one row a check, most failures first; then one row an owner.

    `score` is the share of checks passed, over all deals and checks that the data can answer; what they cannot
    is named in a note.  An owner of fewer deals than the policy lets stand alone has no score.
    """
    book = open_book(ws)
    if not isinstance(book, Book):
        return Missing("hygiene", book)
    checks, unheld = _checks(book)
    if not checks:
        return Missing("hygiene", tuple(unheld))
    fails = ", ".join(f"COUNT(*) FILTER (WHERE NOT ({passes})) AS {name}" for name, passes in checks.items())
    money = ", ".join(
        f"CAST(COALESCE(SUM(amount) FILTER (WHERE NOT ({passes})), 0) AS BIGINT) AS money_{name}"
        for name, passes in checks.items()
    )
    clean = " AND ".join(f"({passes})" for passes in checks.values())
    owners = book.ask(
        f"SELECT {unit_of('rep_id')} AS owner, COUNT(*) AS n, CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS amount,"
        f" COUNT(*) FILTER (WHERE {clean}) AS n_clean, CAST(COALESCE(SUM(amount) FILTER (WHERE NOT ({clean})), 0) AS BIGINT) AS open_amount,"
        f" {fails}, {money} FROM book GROUP BY 1 ORDER BY 1",
        is_whole=bool(_OF_DEALS & checks.keys()),
    )
    if owners.empty:
        return Missing("hygiene", ("opportunities",), "note.no_open_deals")
    n = int(owners.n.sum())
    rows = [
        (name, n - int(owners[name].sum()), int(owners[name].sum()), owners[f"money_{name}"].sum())
        for name in checks
    ]
    frame = pd.DataFrame(rows, columns=["check", "n_passed", "n_failed", "amount"])
    frame.insert(1, "rate", frame.n_passed / n)
    frame = frame.sort_values(["n_failed", "check"], ascending=[False, True], ignore_index=True)
    score = ratio(frame.n_passed.sum(), n * len(checks))
    worst = frame.iloc[0]
    values = {"score": score, "n": n, "n_checks": len(checks), "n_clean": int(owners.n_clean.sum()), "share": ratio(owners.n_clean.sum(), n),
              "amount": owners.open_amount.sum(), "check": worst.check, "n_failed": int(worst.n_failed)}  # fmt: skip
    found = [
        Finding(
            "hygiene.score" if worst.n_failed else "hygiene.clean", values, "hygiene_score", "bad" if worst.n_failed else "good",
            figure="score",
        )
    ]  # fmt: skip
    if worst.n_failed:
        told = {
            "check": worst.check,
            "n": int(worst.n_failed),
            "share": 1 - worst.rate,
            "amount": worst.amount,
        }
        name = "hygiene.worst" if worst.amount else "hygiene.worst_number"
        found.append(Finding(name, told, "hygiene_score", "bad"))
    limits = ws.policy.process.hygiene
    notes = book.notes(activity=True)
    if unheld:
        notes.append(Finding("note.hygiene_unheld", {"names": unheld}))
    if limits.quiet_days_max is None:
        notes.append(Finding("note.hygiene_no_quiet"))
    return Exhibit(
        "hygiene", "table", frame, metric="hygiene_score", window=ws.window, findings=tuple(found), sources=("opportunities",),
        units={"check": "text", "rate": "ratio", "n_passed": "count", "n_failed": "count", "amount": "money"}, notes=tuple(notes),
        parts=_owners(ws, owners, list(checks)),
    )  # fmt: skip


def _checks(book: Book) -> tuple[dict[str, str], list[str]]:
    """Check → SQL that holds where a deal passes; and what the policy or the field wants and the data do not hold."""
    ws, limits = book.ws, book.ws.policy.process.hygiene
    checks, unheld = {}, []
    for column in limits.required:
        if ws.facts.has(f"opportunities.{column}"):
            checks[f"has_{column}"] = f"{column} IS NOT NULL" if column != "amount" else "amount > 0"
        else:
            unheld.append(f"opportunities.{column}")
    if limits.past_close_date == "flagged" and ws.facts.has("opportunities.expected_close_on"):
        checks["close_in_future"] = "NOT is_past"
    if ws.facts.has("opportunities.next_step"):
        checks["has_next_step"] = "next_step IS NOT NULL"
    else:
        unheld.append("opportunities.next_step")
    if limits.quiet_days_max:
        checks["is_active"] = "NOT is_idle"
        if not book.has_activity:
            unheld.append("opportunities.last_activity_on")
    if ws.facts.has("deal_changes") and ws.facts.has("opportunities.expected_close_on"):
        checks["few_pushes"] = "NOT is_pushed"
    # a null on either side of a comparison must count as failed
    return {name: f"COALESCE({passes}, FALSE)" for name, passes in checks.items()}, unheld


def _owners(ws: Workspace, owners: pd.DataFrame, checks: list[str]) -> tuple[Exhibit, ...]:
    if not ws.facts.has("deals.rep_id"):
        return ()
    below = ws.policy.report.suppress_below
    failed = owners[checks].sum(axis=1)
    frame = owners.assign(score=1 - failed / (owners.n * len(checks)), n_failed=owners.n - owners.n_clean)
    few = frame.n < below
    frame = (
        frame[~few]
        .assign(owner=lambda f: named(ws, f.owner))
        .sort_values(["score", "owner"], ignore_index=True)
    )
    notes = (Finding("note.suppressed", {"n": int(few.sum()), "below": below}),) if few.any() else ()
    return (
        Exhibit(
            "hygiene_owners", "table", frame[["owner", "score", "n", "n_failed", "open_amount"]], metric="hygiene_score",
            sources=("opportunities",), units={"score": "ratio", "n": "count", "n_failed": "count", "open_amount": "money"}, notes=notes,
        ),
    )  # fmt: skip
