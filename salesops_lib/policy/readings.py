"""What a table of pay would pay under each of its readings, for those who left the reading open.

Published plans use the same tier table in five ways.  These few lines show the difference at one
example; what is paid is computed by `incentives`, which is held to them in the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import pairwise

Tiers = Sequence[tuple[Fraction, Fraction]]


def of_tiers(tiers: Tiers, x: Fraction, overage_from: Fraction = Fraction(1)) -> Mapping[str, Fraction]:
    """What `tiers` (from, value) pay for x under each mode.

    Examples
    --------
    >>> table = [(Fraction(0), Fraction(1)), (Fraction(1), Fraction(2))]
    >>> {mode: float(paid) for mode, paid in of_tiers(table, Fraction(3, 2)).items()}
    {'marginal': 2.0, 'retroactive': 3.0, 'overage_retroactive': 2.0, 'interpolated': 3.0}
    """
    reached = at_edge(tiers, x, "lower_inclusive")
    points = [(start, start * value) for start, value in tiers]
    return {
        "marginal": _slices(tiers, x),
        "retroactive": reached * x,
        "overage_retroactive": _slices(tiers, min(x, overage_from))
        + reached * max(x - overage_from, Fraction(0)),
        "interpolated": on_line(points, x) + tiers[-1][1] * max(x - tiers[-1][0], Fraction(0)),
    }


def at_edge(tiers: Tiers, x: Fraction, edge: str) -> Fraction:
    """The value of the tier that x lies in."""
    reached = [value for start, value in tiers if x > start or (x == start and edge == "lower_inclusive")]
    return reached[-1] if reached else tiers[0][1]


def on_line(points: Tiers, x: Fraction) -> Fraction:
    """The height at x on the lines between `points`; flat above the last, nothing below the first."""
    if x < points[0][0]:
        return Fraction(0)
    for (low, before), (high, after) in pairwise(points):
        if x < high:
            return before + (after - before) * (x - low) / (high - low)
    return points[-1][1]


def _slices(tiers: Tiers, x: Fraction) -> Fraction:
    ends = [start for start, _ in tiers[1:]] + [max(x, tiers[-1][0])]
    parts = ((start, end, value) for (start, value), end in zip(tiers, ends, strict=True))
    return sum((value * max(min(x, end) - start, Fraction(0)) for start, end, value in parts), Fraction(0))
