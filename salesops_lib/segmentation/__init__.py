"""Customers: who moved, who carries the sales, how their grade changed, who goes quiet, what they are worth."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from salesops_lib.segmentation.baskets import bought_together, orders_due, product_gaps
from salesops_lib.segmentation.bridge import customer_bridge
from salesops_lib.segmentation.cohorts import cohorts
from salesops_lib.segmentation.grades import concentration, going_quiet, top_customers
from salesops_lib.segmentation.loyalty import order_gaps, repurchase
from salesops_lib.segmentation.portfolio import abc_xyz, grade_standing
from salesops_lib.segmentation.reviews import abc_migration, grade_moves, grade_value
from salesops_lib.segmentation.rfm import rfm_cells
from salesops_lib.segmentation.service import service_given, whale_curve

if TYPE_CHECKING:
    from salesops_lib.segmentation.contract_churn import churn
    from salesops_lib.segmentation.segments import review

__all__ = [
    "abc_migration",
    "abc_xyz",
    "bought_together",
    "churn",
    "cohorts",
    "concentration",
    "customer_bridge",
    "going_quiet",
    "grade_moves",
    "grade_standing",
    "grade_value",
    "order_gaps",
    "orders_due",
    "product_gaps",
    "repurchase",
    "review",
    "rfm_cells",
    "service_given",
    "top_customers",
    "whale_curve",
]

_HOMES = {"churn": "contract_churn", "review": "segments"}


def __getattr__(name: str) -> Any:
    """Import what rests on scikit-learn when it is asked for."""
    if name in _HOMES:
        found = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = found
        return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
