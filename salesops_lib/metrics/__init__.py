"""The registry of metrics, and the only grouping of big tables."""

from salesops_lib.metrics.exhibit import Exhibit, Finding, Missing

__all__ = ["Exhibit", "Finding", "Missing"]
