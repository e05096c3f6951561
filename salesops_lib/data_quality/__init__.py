"""Can the data be trusted: rows accounted for, keys found, how fresh, how complete, what changed (M20.1–M20.9)."""

from salesops_lib.data_quality.audit import accounted, changed, mapping, reasons
from salesops_lib.data_quality.customers import merged_customers
from salesops_lib.data_quality.grade import completeness, freshness, gate, grade, keys, quality_score
from salesops_lib.data_quality.restated_months import restatements
from salesops_lib.data_quality.stability import drift
from salesops_lib.data_quality.totals import control_totals, reconciled, returned

__all__ = [
    "accounted",
    "changed",
    "completeness",
    "control_totals",
    "drift",
    "freshness",
    "gate",
    "grade",
    "keys",
    "mapping",
    "merged_customers",
    "quality_score",
    "reasons",
    "reconciled",
    "restatements",
    "returned",
]
