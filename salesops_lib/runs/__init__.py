"""Reports of a period: notebooks executed through papermill, rendered and published whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesops_lib.runs.batch import run
    from salesops_lib.runs.execute import Limits
    from salesops_lib.runs.ledger import status
    from salesops_lib.runs.notebooks import discover
    from salesops_lib.runs.report import Result

__all__ = ["Limits", "Result", "discover", "run", "status"]

_HOMES = {
    "Limits": "execute",
    "Result": "report",
    "discover": "notebooks",
    "run": "batch",
    "status": "ledger",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    return getattr(import_module(f"salesops_lib.runs.{_HOMES[name]}"), name)
