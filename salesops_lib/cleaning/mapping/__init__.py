"""Which canonical table a part of a file feeds, and which header is which column.

A header is read as concepts (`names`, `lexicon`), which patterns tell to be a column (`patterns`);
its values must agree (`values`, `arithmetic`); all columns of a table are assigned at once
(`assignment`).  Confidence above 0.8 means: the name says one thing only, and the values agree.
"""

from salesops_lib.cleaning.mapping.arithmetic import basis
from salesops_lib.cleaning.mapping.conventions import (
    currency,
    decimal_mark,
    float_codes,
    implied,
    marked_returns,
    percent_columns,
    stated_above,
    units,
)
from salesops_lib.cleaning.mapping.matching import NUMBERED, Match, candidates, companion, foreign, matches
from salesops_lib.cleaning.mapping.names import fold
from salesops_lib.cleaning.mapping.values import Evidence, agreement

__all__ = [
    "NUMBERED",
    "Evidence",
    "Match",
    "agreement",
    "basis",
    "candidates",
    "companion",
    "currency",
    "decimal_mark",
    "float_codes",
    "fold",
    "foreign",
    "implied",
    "marked_returns",
    "matches",
    "percent_columns",
    "stated_above",
    "units",
]
