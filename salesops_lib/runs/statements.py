"""Statements of pay for pages of one person each: made once of the whole company, given out row by row."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import RunError, SalesopsError
from salesops_lib.runs.units import Unit

if TYPE_CHECKING:
    from salesops_lib.incentives.statements import Statements

_MAKING = threading.Lock()


def units(root: Path, period: str) -> tuple[Unit, ...]:
    """Whom a statement of the period is made for: who serves in a plan, or left so lately that pay may still come due."""
    from salesops_lib.incentives.facts import payees
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(root, period=period)
    try:
        return tuple(Unit("rep", payee) for payee in payees(ws))
    finally:
        ws.close()


def put(root: Path, store: Path, unit: Unit, periods: Sequence[str]) -> None:
    """Write a person's own statements of some periods into that person's store.

    Raises
    ------
    RunError
        If the statements cannot be made.
    """
    from salesops_lib.incentives.statements import write
    from salesops_lib.tables.engine import DuckDBEngine

    try:
        made = {period: make(root, period) for period in dict.fromkeys(periods)}
    except SalesopsError as problem:
        raise RunError(f"Statements cannot be made: {problem}") from problem
    engine = DuckDBEngine(store)
    try:
        for period, found in made.items():
            write(found, engine, unit.name, period)
        engine.execute("CHECKPOINT")
    finally:
        engine.close()


def make(root: Path, period: str) -> Statements:
    """The statements of everybody; made once, for whoever asks.

    Raises
    ------
    SalesopsError
        If they cannot be made.
    """
    with _MAKING:
        return _made(root, period, *_state(root))


def _state(root: Path) -> tuple[str, str, str]:
    """What statements are made of: facts, policy, and what was posted."""
    from salesops_lib.incentives.posted import last_link
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(root)
    try:
        return ws.facts.fingerprint, ws.policy.sha256, last_link(root)
    finally:
        ws.close()


@lru_cache(maxsize=4)
def _made(root: Path, period: str, data: str, policy: str, posted: str) -> Statements:
    """The statements of a period; the rest of the arguments says when they are made anew."""
    from salesops_lib.incentives.statements import statements
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(root, period=period)
    try:
        return statements(ws)
    finally:
        ws.close()
