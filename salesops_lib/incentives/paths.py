"""How credited lines move along the tiers of a component."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from salesops_lib.incentives.exact import Ints, product
from salesops_lib.incentives.scales import Scale


@dataclass(frozen=True)
class Path:
    """From where to where each line moves, in the state at its cell of the history.

    Attributes
    ----------
    origin, end
        The measure before and after.
    cell
        Payee and month of the state, as one number.
    weight
        Weight to date after the line.
    base
        The part of it that does not lie on the path.
    scale
        The tiers in that state; None for a component without.
    averaged
        Where the line is paid at the average rate instead.
    """

    origin: Ints
    end: Ints
    cell: NDArray[np.int64]
    weight: Ints
    scale: Scale | None = None
    base: Any = 0
    averaged: Any = False

    def tiers(self) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
        """The first and the last tier that each line touches, from 0; −1 at the average rate."""
        if self.scale is None:
            return None
        if self.scale.reached is not None:
            first = last = self.scale.within_open(self.scale.reached)
        else:
            rises = self.end >= self.origin
            low = self.scale.tier(np.minimum(self.origin, self.end), above=True)
            high = np.maximum(self.scale.tier(np.maximum(self.origin, self.end), above=False), low)
            first, last = np.where(rises, low, high), np.where(rises, high, low)
        return np.where(self.averaged, -1, first), np.where(self.averaged, -1, last)

    def take(self, rows: NDArray[np.int64]) -> Path:
        """Some of the lines."""
        return replace(
            self,
            origin=self.origin[rows],
            end=self.end[rows],
            cell=self.cell[rows],
            weight=self.weight[rows],
            base=self.base[rows] if np.ndim(self.base) else self.base,
            scale=self.scale.at(rows) if self.scale else None,
        )

    def within(self, tier: int) -> tuple[Ints, Ints]:
        """The ends of each line's part in a tier, in parts of the ladder's scale; equal where it has none."""
        assert self.scale is not None
        ladder, yard = self.scale.ladder, self.scale.yard
        low = product(np.minimum(self.origin, self.end), ladder.scale)
        high = product(np.maximum(self.origin, self.end), ladder.scale)
        bottom = np.maximum(low, product(yard, ladder.edges[tier])) if tier else low
        top = high
        if tier + 1 < len(ladder.edges):
            is_last = False if self.scale.n_open is None else self.scale.n_open <= tier + 1
            top = np.where(is_last, high, np.minimum(high, product(yard, ladder.edges[tier + 1])))
        if self.scale.n_open is not None and tier:
            top = np.where(self.scale.n_open <= tier, bottom, top)
        return bottom, np.maximum(top, bottom)


def tier_column(tiers: NDArray[np.int64] | None, n: int) -> pa.Array:
    """Tiers from 1, nothing where there are none."""
    if tiers is None:
        return pa.nulls(n, pa.int8())
    return pa.array((tiers + 1).astype(np.int8), mask=tiers < 0)
