"""What pages of one person may know of the company: quartiles of colleagues, own customers, the own statement."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.errors import RunError, SalesopsError
from salesops_lib.runs import statements
from salesops_lib.runs.units import Unit

if TYPE_CHECKING:
    from salesops_lib.team.peers import Context

_MAKING = threading.Lock()
STATED, REFUSED, WITHOUT_PLANS = "stated", "refused", "without_plans"


def put(root: Path, store: Path, unit: Unit, periods: Sequence[str]) -> None:
    """Write a person's part of some periods into that person's store, with the statements where there are any.

    A statement that cannot be made keeps no page back: the page says that there is none.

    Raises
    ------
    RunError
        If the company's facts cannot be measured.
    """
    from salesops_lib.tables.engine import DuckDBEngine

    try:
        with _MAKING:  # one makes them for all
            made = {period: _made(root, period, *_state(root)) for period in dict.fromkeys(periods)}
    except SalesopsError as problem:
        raise RunError(f"What colleagues do cannot be measured: {problem}") from problem
    engine = DuckDBEngine(store)
    try:
        for period, (found, state) in made.items():
            found.write(engine, unit.name, period, is_refused=state == REFUSED)
        engine.execute("CHECKPOINT")
    finally:
        engine.close()
    for period, (_, state) in made.items():
        if state == STATED:
            statements.put(root, store, unit, [period])


def _state(root: Path) -> tuple[str, str, str]:
    from salesops_lib.incentives.posted import last_link
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(root)
    try:
        return ws.facts.fingerprint, ws.policy.sha256, last_link(root)
    finally:
        ws.close()


@lru_cache(maxsize=4)
def _made(root: Path, period: str, data: str, policy: str, posted: str) -> tuple[Context, str]:
    """What everybody is given of a period, and what became of its statements; the rest says when it is made anew."""
    from salesops_lib.team.peers import context
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(root, period=period)
    try:
        return context(ws), _stated(root, period, has_plans=bool(ws.policy.incentives.plans))
    finally:
        ws.close()


def _stated(root: Path, period: str, *, has_plans: bool) -> str:
    """Whether the period's statements are made, refused for what they lack, or not asked for by any plan."""
    if not has_plans:
        return WITHOUT_PLANS
    try:
        statements.make(root, period)
    except SalesopsError:
        return REFUSED
    return STATED
