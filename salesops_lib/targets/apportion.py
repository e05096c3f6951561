"""Whole numbers split in proportion: sums are exact, limits are kept, and the order of rows does not matter."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from salesops_lib.errors import DataError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
#: Largest sum that is split: beyond it neighbouring whole numbers are one in floating point.
LARGEST = 2**53
_ROUNDS = 200


def apportion(
    total: int, weights: ArrayLike, low: ArrayLike | None = None, high: ArrayLike | None = None
) -> Ints:
    """`total` in whole parts proportional to `weights`, each within its limits; the parts add up exactly.

    Parameters
    ----------
    total
        Minor units or a count.
    weights
        One a part, not negative, in any unit.
    low, high
        Whole limits of each part, both ends included; none: from 0 on, without end.

    Raises
    ------
    DataError
        If all weights are zero, or no parts within the limits add up to `total`.

    Notes
    -----
    Largest remainders (Hare–Niemeyer): shares are cut down to whole numbers, what is left goes one by one to the
    largest remainders.  Equal remainders are served in the order given, so the caller sorts the parts by name.
    Where limits bind, the other parts stay in proportion to each other.

    Examples
    --------
    >>> apportion(100, [1, 1, 1]).tolist()
    [34, 33, 33]
    >>> apportion(100, [1, 1, 1], high=[20, 100, 100]).tolist()
    [20, 40, 40]
    """
    share = np.asarray(weights, dtype=float)
    least = np.zeros(len(share), dtype=np.int64) if low is None else np.asarray(low, dtype=np.int64)
    most = np.full(len(share), LARGEST) if high is None else np.asarray(high, dtype=np.int64)
    if abs(total) > LARGEST:
        raise DataError(f"{total:,} is too large to be split exactly; the largest sum is {LARGEST:,}.")
    if total and not (share > 0).any():
        raise DataError("There are no weights to split by: all are zero.")
    room = int(np.minimum(np.where(share > 0, most, least), LARGEST).sum())
    if not int(least.sum()) <= total <= room:
        raise DataError(f"Parts from {int(least.sum()):,} to {room:,} in all cannot make {total:,}.")
    exact = _within(total, share, least.astype(float), most.astype(float))
    parts = np.clip(np.floor(exact).astype(np.int64), least, most)
    remainder = exact - parts
    while left := total - int(parts.sum()):
        step = 1 if left > 0 else -1
        free = np.flatnonzero(parts < most if step > 0 else parts > least)
        weighted = free[share[free] > 0]
        free = weighted if len(weighted) else free
        chosen = free[np.argsort(-step * np.round(remainder[free], 6), kind="stable")][: abs(left)]
        parts[chosen] += step
        remainder[chosen] -= step
    return parts


def _within(total: int, share: Floats, least: Floats, most: Floats) -> Floats:
    """Real parts, proportional where no limit binds: the level λ at which clip(λ·share) makes `total`."""
    positive = share[share > 0]
    if not len(positive) or least.sum() >= total:
        return least
    share = share / positive.sum()
    level = float(total)
    if ((level * share >= least) & (level * share <= most)).all():
        return level * share
    low, high = 0.0, float(max(most[share > 0].max() / share[share > 0].min(), total))
    for _ in range(_ROUNDS):
        level = (low + high) / 2
        if np.clip(level * share, least, most).sum() < total:
            low = level
        else:
            high = level
    return np.clip(high * share, least, most)


def table(rows: Ints, columns: Ints, seed: Floats, fixed: NDArray[np.bool_] | None = None) -> Ints:
    """Whole numbers with the sums of `rows` and `columns`, as near as can be to the proportions of `seed`.

    Parameters
    ----------
    rows, columns
        Sums, whole; both have the same total.
    seed
        rows × columns, not negative; a zero stays zero.
    fixed
        Cells that keep the value of `seed`, which is whole there.

    Raises
    ------
    DataError
        If no such table exists.

    Notes
    -----
    Proportions by iterative fitting of rows and columns (Deming and Stephan 1940); then each row by largest
    remainders, and single units are moved within rows until the columns agree too, where this costs least.

    Examples
    --------
    >>> table(np.array([10, 5]), np.array([8, 7]), np.ones((2, 2))).tolist()
    [[5, 5], [3, 2]]
    """
    kept = np.zeros(seed.shape, dtype=bool) if fixed is None else fixed
    held = np.where(kept, seed, 0).astype(np.int64)
    free_rows, free_columns = rows - held.sum(axis=1), columns - held.sum(axis=0)
    weights = np.where(kept, 0.0, seed)
    stuck = ((weights.sum(axis=1) == 0) & (free_rows != 0)) | (free_rows < 0)
    if stuck.any() or ((weights.sum(axis=0) == 0) & (free_columns != 0)).any() or (free_columns < 0).any():
        raise DataError("Fixed cells and empty months leave no table with these sums.")
    wanted = _fitted(free_rows, free_columns, weights)
    cells = np.array([apportion(int(n), w) if n else np.zeros(len(w), dtype=np.int64)
                      for n, w in zip(free_rows, wanted, strict=True)])  # fmt: skip
    _agree(cells, wanted, weights > 0, free_columns - cells.sum(axis=0))
    return cells + held


def _fitted(rows: Ints, columns: Ints, weights: Floats) -> Floats:
    """`weights` scaled until rows and columns add up to within half a unit, or for so many rounds."""
    wanted = weights.astype(float)
    for _ in range(_ROUNDS):
        sums = wanted.sum(axis=0)
        wanted = wanted * np.divide(columns, sums, out=np.zeros(len(sums)), where=sums > 0)
        sums = wanted.sum(axis=1)
        wanted = wanted * np.divide(rows, sums, out=np.zeros(len(sums)), where=sums > 0)[:, None]
        if np.abs(wanted.sum(axis=0) - columns).max() < 0.5:
            break
    return wanted


def _agree(cells: Ints, wanted: Floats, usable: NDArray[np.bool_], lacking: Ints) -> None:
    """Move units within rows, in place, until every column has what it lacks; rows keep their sums."""
    while lacking.any():
        to = int(np.argmax(lacking))
        path = _path(cells, usable, lacking, to)
        if path is None:
            raise DataError("Fixed cells and empty months leave no table with these sums.")
        amount = min(int(lacking[to]), -int(lacking[path[0]])) if lacking[to] > len(cells) else 1
        legs = []
        for source, target in pairwise(path):
            able = np.flatnonzero(usable[:, source] & usable[:, target] & (cells[:, source] > 0))
            strain = (cells - wanted)[able]
            gain = np.round(strain[:, source] - strain[:, target], 6)
            row = able[np.argmax(gain)]
            legs.append((row, source, target))
            amount = min(amount, int(cells[row, source]))
        for row, source, target in legs:
            cells[row, source] -= amount
            cells[row, target] += amount
        lacking[path[0]] += amount
        lacking[to] -= amount


def _path(cells: Ints, usable: NDArray[np.bool_], lacking: Ints, to: int) -> list[int] | None:
    """Columns from one with too much to column `to`, each with a row that can hand a unit on; the shortest."""
    came: dict[int, int | None] = {to: None}
    queue = deque([to])
    while queue:
        column = queue.popleft()
        if lacking[column] < 0:
            path = [column]
            while (following := came[path[-1]]) is not None:
                path.append(following)
            return path
        givers = usable[:, column] @ (usable & (cells > 0))
        for source in np.flatnonzero(givers):
            if int(source) not in came:
                came[int(source)] = column
                queue.append(int(source))
    return None
