"""What a domain function hands to a report: a frame of a known kind, and what was found.

A domain function measures and decides what is worth saying; it neither words nor draws.
Reports know the kinds below and no domain: each kind has one chart, one table and one sheet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.periods import Window

#: File of a report's output that holds what is kept of its exhibits.
KEPT = "kept.csv"

Unit = Literal[
    "money",
    "exact",
    "rate",
    "code",
    "count",
    "quantity",
    "ratio",
    "pp",
    "index",
    "score",
    "days",
    "date",
    "text",
    "multiple",
]

Kind = Literal[
    "scorecard",  # metric, actual, target, base, growth, attainment, pace        one row a metric
    "standing",  # unit, actual, target, base, gap, attainment, growth, pace, is_total   one row a unit
    "bridge",  # step, amount, role (start | effect | end)                     in drawing order
    "series",  # label, actual, base, target, is_complete                      one row a month, in time
    "multiples",  # panel, label, actual, base, target                            one row a panel and month
    "matrix",  # row, column, value, base, growth                              one row a cell
    "ranking",  # name, <value>, share, …                                       best first
    "intervals",  # label, value, low, high, n, base                              one row a unit
    "bands",  # label, value, low, high, n, base     one's own value, and the middle half of n colleagues
    "fan",  # label, actual, base, target, median, low_80, high_80, low_95, high_95
    "flow",  # step, n, amount, rate                                         in order of the process
    "curve",  # x, y, label                                                   a cumulative share
    "decomposition",  # label, actual, trend, season, rest, is_unusual            one row a month, in time
    "icicle",  # level, unit, parent, target, growth, share, depth, is_above    parents first, each before its parts
    "profile",  # attainment, pays, is_unit              a curve, and a dot for each unit (is_unit)
    "actions",  # what (Finding), owner, due_on, amount
    "table",  # any columns; see units
]


@dataclass(frozen=True)
class Finding:
    """A statement with its numbers, to be worded later in any language.

    `id` names a message of the catalogue; `values` fill its fields.  Money is in minor
    units, rates between 0 and 1.  `metric` links the sentence to its definition; `tone` is
    what a reader should feel: good, bad or neutral.  `figure` names the value that is the metric
    of all that the report covers, which later reports are compared by; empty where none is.
    """

    id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    metric: str = ""
    tone: str = "neutral"
    figure: str = ""


@dataclass(frozen=True)
class Exhibit:
    """A measured result of one kind, ready to be drawn, worded and exported.

    Parameters
    ----------
    id
        Names the section: its label in the catalogue, its anchor and its workbook sheet.
    kind
        Which columns `frame` has, and so how it is drawn.
    frame
        The numbers.  Money in minor units, rates between 0 and 1, missing is missing.
    metric
        The metric that the values show: gives their unit, name and definition.
    findings
        What was found, most important first; the first one is the section's title.
    units
        `Unit` of each column that is not the metric's own.
    window, base
        The days that `actual` and `base` cover.
    sources
        Canonical tables that were read.
    notes
        What the reader must know to read it right: exclusions, alignment, restatements.
    parts
        Further exhibits of the same section.
    shown
        Rows of a table that a page shows beside its totals, 15 where 0; the workbook holds all.
    kept
        What the workspace keeps of it, so that later reports can hold it against what came; None where nothing.
    """

    id: str
    kind: Kind
    frame: pd.DataFrame
    metric: str = ""
    findings: tuple[Finding, ...] = ()
    units: Mapping[str, str] = field(default_factory=dict)
    window: Window | None = None
    base: Window | None = None
    sources: tuple[str, ...] = ()
    notes: tuple[Finding, ...] = ()
    parts: tuple[Exhibit, ...] = ()
    shown: int = 0
    kept: pd.DataFrame | None = None


@dataclass(frozen=True)
class Missing:
    """A section that cannot be measured: which tables or columns it needs.

    >>> Missing("attainment", ("targets",)).needs
    ('targets',)
    """

    id: str
    needs: tuple[str, ...]
    why: str = ""
