"""Forecasting: where the next periods will land, and how wrong that has been."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesops_lib.forecasting.entry import forecast
    from salesops_lib.forecasting.hierarchy import reconcile
    from salesops_lib.forecasting.landing import review
    from salesops_lib.forecasting.months_ahead import outlook
    from salesops_lib.forecasting.parts import explain

__all__ = ["explain", "forecast", "outlook", "reconcile", "review"]

_HOMES = {
    "explain": "parts",
    "forecast": "entry",
    "outlook": "months_ahead",
    "reconcile": "hierarchy",
    "review": "landing",
}


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: pandas alone takes longer than `import` may."""
    if name in _HOMES:
        found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
