"""Can the data be trusted: rows accounted for, keys found, how fresh, how complete (M20.1–M20.9)."""

from salesops_lib.data_quality.audit import accounted, control_totals, mapping, reasons
from salesops_lib.data_quality.grade import completeness, freshness, gate, grade, keys, quality_score

__all__ = [
    "accounted",
    "completeness",
    "control_totals",
    "freshness",
    "gate",
    "grade",
    "keys",
    "mapping",
    "quality_score",
    "reasons",
]
