"""Reproducible chance: streams for small tables, hashes of (seed, name, row) for big ones.

A draw in SQL depends on its seed, its name and its row alone, so that the number of threads
and the order of work cannot change it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

#: Standard deviation of the sum of four uniform 16-bit integers.
_SD_OF_SUM = 65536 / 3**0.5


@dataclass(frozen=True)
class Draws:
    """The chance of one seed.

    Examples
    --------
    >>> Draws(1).stream("size").random() == Draws(1).stream("size").random()
    True
    >>> Draws(1).salt("size") == Draws(2).salt("size")
    False
    """

    seed: int

    def salt(self, name: str) -> int:
        """A number below 2**63 that stands for (seed, name)."""
        digest = blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") >> 1

    def stream(self, name: str) -> np.random.Generator:
        """Generator for a small table, independent of those of other names."""
        return np.random.default_rng(self.salt(name))

    def bits(self, name: str, key: str) -> str:
        """SQL: 64 random bits for the integer expression `key`."""
        return f"hash(xor(CAST({key} AS BIGINT), {self.salt(name)}))"

    def uniform(self, name: str, key: str) -> str:
        """SQL: uniform on [0, 1)."""
        return f"(({self.bits(name, key)} >> 11) * 1.1102230246251565e-16)"

    def integer(self, name: str, key: str, n: int | str) -> str:
        """SQL: uniform on 0 … n − 1."""
        return f"CAST(floor({self.uniform(name, key)} * {n}) AS INTEGER)"

    def normal(self, name: str, key: str) -> str:
        """SQL: nearly standard normal, within ±3.47 (sum of the four quarters of one hash)."""
        h = self.bits(name, key)
        quarters = f"({h} & 65535) + (({h} >> 16) & 65535) + (({h} >> 32) & 65535) + ({h} >> 48)"
        return f"((CAST({quarters} AS DOUBLE) - 131070) / {_SD_OF_SUM:.6f})"


def alias_table(weights: Sequence[float]) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    """`keep` and `other` of Walker's alias method: draws by weight at the cost of one look-up.

    Pick slot j uniformly; take j with probability `keep[j]`, else `other[j]`.  Exact for any
    weights, and an equality join in SQL, where the inverse distribution function would need a
    sort.  Source: Walker, "An efficient method for generating discrete random variables with
    general distributions", ACM TOMS 3 (1977) 253–256; set-up after Vose (1991).

    Examples
    --------
    >>> keep, other = alias_table([1.0, 3.0])
    >>> keep.tolist(), other.tolist()
    ([0.5, 1.0], [1, 1])
    """
    n = len(weights)
    total = float(sum(weights))
    scaled = [w * n / total for w in weights]
    other = list(range(n))
    small = [j for j in range(n) if scaled[j] < 1.0]
    large = [j for j in range(n) if scaled[j] >= 1.0]
    keep = [1.0] * n
    while small and large:
        low, high = small.pop(), large[-1]
        keep[low], other[low] = scaled[low], high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    return np.array(keep), np.array(other, dtype=np.int32)
