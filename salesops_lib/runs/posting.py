"""Posting of statements: each into a file of its own, which is never written again."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib import chain
from salesops_lib.errors import DataError
from salesops_lib.incentives.payments import paid
from salesops_lib.incentives.posted import CHAIN, COLUMNS, FOLDER, posted, postings
from salesops_lib.incentives.posting import KEY, statement
from salesops_lib.runs import approvals
from salesops_lib.runs.publish import sha256
from salesops_lib.runs.turns import held

if TYPE_CHECKING:
    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

_PATIENCE = 30.0


def post(ws: Workspace, period: Period, *, further: pd.DataFrame | None = None) -> dict[str, Any]:
    """Post the statement of a period; its line of the chain.

    Raises
    ------
    DataError
        If it is posted already, is not the next one, or is not over.
    PolicyError
        If the workspace has approvals, and the policy is not the approved one.
    """
    folder = ws.root / FOLDER
    folder.mkdir(exist_ok=True)
    if (ws.root / approvals.FILE).exists():
        approvals.require(ws.root, ws.policy.sha256)
    busy = f"BUSY: another process has been posting to {folder} for {_PATIENCE:.0f} s. Wait for it to end."
    with held(folder / ".lock", _PATIENCE, busy):
        known = postings(ws.root)
        found = paid(ws, period, further=further)
        label = _demand_next(ws, period, [str(line["statement"]) for line in known], found.statements)
        rows = statement(found, label, posted(ws.root))
        name = f"{FOLDER}/{label}.csv"
        moment = datetime.now(UTC).isoformat(timespec="seconds")
        content = _content(ws, label, rows, moment[:10])
        _write(ws.root / name, content)
        entry = {
            "statement": label, "file": name, "sha256": sha256(content), "n_lines": len(rows),
            "n_payees": int(rows.payee.nunique()), "paid": int(rows.amount.sum()),
            "adjusted": int(rows[rows.month < label].amount.sum()),
            "policy": {"version": str(ws.policy.version), "sha256": ws.policy.sha256},
            "data_fingerprint": ws.facts.fingerprint, "posted_at": moment,
        }  # fmt: skip
        chain.append(ws.root / CHAIN, [entry])
    return entry


def _demand_next(ws: Workspace, period: Period, known: list[str], computed: tuple[str, ...]) -> str:
    """The label of the period's statement, which must be the first that is not posted."""
    months = (
        [month.label for month in ws.calendar.months(period)] if period.kind != "month" else [period.label]
    )
    label = months[-1]
    if label in known:
        raise DataError(
            f"{label} is posted, and a posted statement is never changed.\n"
            "What has changed since is an adjustment in the next one."
        )
    if period.end > ws.as_of:
        raise DataError(
            f"{label} ends on {period.end}, and the data reach to {ws.as_of}. Post it when it is over and loaded."
        )
    if label not in computed:
        raise DataError(
            f"{label} ends no statement: they are made for each {ws.policy.incentives.payments.every}.\n"
            f"Name one of {', '.join(computed[-3:])}."
        )
    if known and computed.index(label) != computed.index(known[-1]) + 1:
        following = computed[computed.index(known[-1]) + 1] if known[-1] != computed[-1] else "a later one"
        raise DataError(
            f"{known[-1]} is the last posted statement, so {following} is the next one, not {label}."
        )
    return label


def _content(ws: Workspace, label: str, rows: pd.DataFrame, day: str) -> bytes:
    digits = ws.policy.semantics.minor_digits
    shown = rows.assign(
        statement=label, amount=[_decimal(int(amount), digits) for amount in rows.amount],
        kind=["order" if order else "" for order in rows.order_id], policy_version=str(ws.policy.version),
        data_fingerprint=ws.facts.fingerprint, posted_on=day,
    )  # fmt: skip
    columns = ["statement", *KEY, "kind", "amount", "policy_version", "data_fingerprint", "posted_on"]
    return shown[columns].rename(columns=COLUMNS).to_csv(index=False, lineterminator="\n").encode("utf-8")


def _decimal(amount: int, digits: int) -> str:
    """Minor units as the decimal that the table payouts is loaded from.

    >>> _decimal(-5, 2), _decimal(120, 0)
    ('-0.05', '120')
    """
    size = f"{abs(amount):0{digits + 1}}"
    return ("-" if amount < 0 else "") + (f"{size[:-digits]}.{size[-digits:]}" if digits else size)


def _write(path: Path, content: bytes) -> None:
    """Put `content` in place, whole, and on the disk."""
    draft = path.with_suffix(".new")
    with draft.open("wb") as handle:
        handle.write(content)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(draft, path)
