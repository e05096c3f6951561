"""Tables of tiers and points as weights: whole numbers that pay is proportional to.

Weights of a measure `x` held against a quota `q` are exact: edges and values of a table are
brought to common denominators first, so an edge of 62.5 % and a rate of 0.0125 are integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.incentives.exact import Ints, held, largest, product, total, whole


@dataclass(frozen=True)
class Ladder:
    """A table of tiers or points, in whole numbers.

    Attributes
    ----------
    edges
        Where each tier begins, or each point lies, in parts of `scale`.
    values
        What each is worth, in parts of `worth`.
    upper
        Whether a value on an edge belongs to the tier above it.
    """

    edges: tuple[int, ...]
    values: tuple[int, ...]
    scale: int
    worth: int
    upper: bool = True

    @classmethod
    def of(cls, edges: list[Decimal], values: list[Decimal], *, upper: bool = True) -> Ladder:
        """A table as it is written."""
        starts, scale = whole(edges)
        worths, worth = whole(values)
        return cls(tuple(starts), tuple(worths), scale, worth, upper)

    def rank(self, x: Any, q: Any) -> NDArray[np.int64]:
        """The tier that x/q lies in, from 0; −1 below the first edge.

        >>> ladder = Ladder.of([Decimal(0), Decimal("0.5"), Decimal(1)], [Decimal(1)] * 3)
        >>> ladder.rank(np.array([49, 50, 100, 120]), 100).tolist()
        [0, 1, 2, 2]
        """
        bound = max(max(largest(x), 1) * self.scale, max(largest(q), 1) * max(map(abs, self.edges)))
        scaled, q = held(x, bound) * self.scale, held(q, bound)
        reached = np.full(np.broadcast(scaled, q).shape, -1, dtype=np.int64)
        for edge in self.edges:
            at = q * edge
            reached += scaled >= at if self.upper else (scaled > at) | ((edge == 0) & (scaled == at))
        return reached

    def marginal(self, x: Any, q: Any) -> Ints:
        """Each slice at its own value (超额累进); what lies below the first edge counts with the first.

        In parts of `scale` · `worth` (and of q, where x is held against a quota).

        >>> ladder = Ladder.of([Decimal(0), Decimal(300), Decimal(500)], [Decimal("0.03"), Decimal("0.05"), Decimal("0.07")])
        >>> ladder.marginal(np.array([600]), 1).item() / (ladder.scale * ladder.worth)
        26.0
        """
        steps = [after - before for before, after in pairwise(self.values)]
        reach = max(largest(x), 1) * self.scale + max(largest(q), 1) * self.edges[-1]
        bound = reach * max(abs(self.values[0]) + sum(map(abs, steps)), 1)
        scaled, q = held(x, bound) * self.scale, held(q, bound)
        weight: Ints = scaled * self.values[0]
        for edge, step in zip(self.edges[1:], steps, strict=True):
            weight = weight + np.maximum(scaled - q * edge, 0) * step
        return weight

    def retroactive(self, x: Any, reached: NDArray[np.int64]) -> Ints:
        """All of x at the value of the tier that was reached (全额累进)."""
        return product(x, self.scale, self._worth_of(reached))

    def overage(self, x: Any, q: Any, reached: NDArray[np.int64], begins: int) -> Ints:
        """Slices up to `begins` (in parts of `scale`), all above it at the value of the tier reached."""
        scaled, at = product(x, self.scale), product(q, begins)
        below = replace(self, scale=1).marginal(np.minimum(scaled, at), q)
        return total(below, product(np.maximum(total(scaled, product(at, -1)), 0), self._worth_of(reached)))

    def first(self, n: int) -> Ladder:
        """The first `n` tiers alone; the last of them goes on, and none is worth nothing."""
        return replace(self, edges=self.edges[:n] or (0,), values=self.values[:n] or (0,))

    def joined(self) -> Ladder:
        """The points (edge, edge · value) joined by lines, as a table of slices (interpolated)."""
        heights = [edge * value for edge, value in zip(self.edges, self.values, strict=True)]
        slopes = self._slopes(heights)
        common = math.lcm(*(width for _, width in slopes))
        values = [rise * common // width for rise, width in slopes]
        return replace(self, values=(*values, self.values[-1] * common), worth=self.worth * common)

    def line(self, x: Any, q: Any) -> tuple[Ints, int]:
        """The share at x/q on lines between points, and what it is in parts of (and of q).

        Nothing below the first point, flat above the last.

        >>> ladder = Ladder.of([Decimal("0.6"), Decimal(1)], [Decimal(0), Decimal(1)])
        >>> share, parts = ladder.line(np.array([50, 80, 120]), 100)
        >>> (share / parts / 100).tolist()
        [0.0, 0.5, 1.0]
        """
        slopes = self._slopes(list(self.values))
        common = math.lcm(*(width for _, width in slopes))
        steps = [rise * common // width for rise, width in slopes]
        scaled = product(x, self.scale)
        weight = product(q, self.values[0], common)
        for edge, before, after in zip(self.edges, (0, *steps), (*steps, 0), strict=True):
            above = np.maximum(total(scaled, product(q, -edge)), 0)
            weight = total(weight, product(above, after - before))
        has_begun = scaled >= product(q, self.edges[0])
        return product(weight, has_begun.astype(np.int64)), self.worth * common

    def step(self, x: Any, q: Any) -> Ints:
        """The value of the tier or point reached, nothing below the first; in parts of `worth`."""
        return self._worth_of(self.rank(x, q))

    def _worth_of(self, reached: NDArray[np.int64]) -> Ints:
        return np.array([*self.values, 0])[reached]

    def _slopes(self, heights: list[int]) -> list[tuple[int, int]]:
        """Rise and width between each two points."""
        widths = (high - low for low, high in pairwise(self.edges))
        rises = (high - low for low, high in pairwise(heights))
        return list(zip(rises, widths, strict=True))
