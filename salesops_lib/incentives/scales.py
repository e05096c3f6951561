"""A tiered component as a function of its measure, in the state of each payee and month.

The state is what does not move while a line is added: the tiers that are open, the tier that was
reached, and the quota.  Pay to date and the trace of its lines ask the same function.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.incentives.exact import Ints, product
from salesops_lib.incentives.ladders import Ladder


@dataclass(frozen=True)
class Scale:
    """How tiers weigh a measure.

    Attributes
    ----------
    mode
        How the tiers are read.
    ladders
        Number of tiers that are open → those tiers.
    n_open
        How many are open, payees × months; None where no hurdle closes any.
    reached
        The tier that all is paid at, from 0; None where the mode does not ask.
    yard
        What edges are multiples of, payees × months: a quota, or parts of a unit.
    begins
        Where overage begins, in parts of the ladders' scale.
    """

    mode: str
    ladders: Mapping[int, Ladder]
    n_open: Ints | None
    reached: NDArray[np.int64] | None
    yard: Any
    begins: int = 0

    @property
    def ladder(self) -> Ladder:
        """All tiers, open or not."""
        return self.ladders[max(self.ladders)]

    @property
    def parts(self) -> int:
        """What weights are in."""
        return self.ladder.scale * math.lcm(*(ladder.worth for ladder in self.ladders.values()))

    def at(self, cell: Any) -> Scale:
        """The state at some cells of payees × months."""
        return replace(
            self,
            n_open=None if self.n_open is None else self.n_open[cell],
            reached=None if self.reached is None else self.reached[cell],
            yard=self.yard[cell] if np.ndim(self.yard) else self.yard,
        )

    def weigh(self, x: Any) -> Ints:
        """Weight of a measure to date."""
        return self.pick({n: self._weight(ladder, n, x) for n, ladder in self.ladders.items()})

    def pick(self, weights: Mapping[int, Ints]) -> Ints:
        """Of weights by each number of open tiers, those by the number that is open."""
        found: Ints | None = None
        for n, weight in weights.items():
            ladder = self.ladders[n]
            common = product(weight, self.parts // (ladder.scale * ladder.worth))
            found = common if found is None else np.where(self.n_open == n, common, found)
        assert found is not None
        return found

    def tier(self, x: Any, *, above: bool) -> NDArray[np.int64]:
        """The open tier that x lies in, from 0; on an edge, the one above it or the one below."""
        rank = np.maximum(replace(self.ladder, upper=above).rank(x, self.yard), 0)
        return self.within_open(rank)

    def within_open(self, tier: NDArray[np.int64]) -> NDArray[np.int64]:
        """A tier, or the last one that is open."""
        return tier if self.n_open is None else np.minimum(tier, np.maximum(self.n_open - 1, 0))

    def scaled(self) -> Scale:
        """The same for measures that are in parts of the ladders' scale already."""
        return replace(self, ladders={n: replace(one, scale=1) for n, one in self.ladders.items()})

    def _weight(self, ladder: Ladder, n: int, x: Any) -> Ints:
        if self.reached is None:
            return ladder.marginal(x, self.yard)
        reached = np.minimum(self.reached, max(n - 1, 0))
        if self.mode == "retroactive":
            return ladder.retroactive(x, reached)
        return ladder.overage(x, self.yard, reached, self.begins)
