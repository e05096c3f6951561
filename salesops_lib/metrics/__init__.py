"""The registry of metrics, and the only grouping of big tables."""

from salesops_lib.metrics.exhibit import Exhibit, Finding, Missing
from salesops_lib.metrics.measure import UNASSIGNED, assigned, measure, totals
from salesops_lib.metrics.registry import REGISTRY, Metric

__all__ = [
    "REGISTRY",
    "UNASSIGNED",
    "Exhibit",
    "Finding",
    "Metric",
    "Missing",
    "assigned",
    "measure",
    "totals",
]
