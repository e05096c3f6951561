"""Whole numbers that stay exact: products that do not overflow, quotients rounded once.

Pay is a quotient of integers.  Most of them fit into 64 bits and are computed there; what does
not is estimated in floating point with a bound of its error, and the few that lie so near a tie
that the bound cannot tell are computed with Python's integers.  So the result is always exact.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[Any]
Rounding = Literal["half_even", "half_up"]

#: Integers below are safe in 64 bits with room for one doubling.
_ROOM = 2**61
#: Three roundings of a double, with one to spare: the relative error of an estimate stays below.
_ERROR = 2.0**-51


def whole(values: Iterable[Decimal]) -> tuple[list[int], int]:
    """`values` as integers of a common denominator, and that denominator.

    >>> whole([Decimal("0.5"), Decimal("1.25")])
    ([2, 5], 4)
    """
    fractions = [Fraction(value) for value in values]
    scale = math.lcm(*(fraction.denominator for fraction in fractions))
    return [int(fraction * scale) for fraction in fractions], scale


def ints(values: Any) -> Ints:
    """`values` as an array of integers: of 64 bits where they have room, of Python's elsewhere."""
    array = np.asarray(values)
    if array.dtype == np.int64:
        return array
    if array.dtype == np.uint64:  # what NumPy takes a lone integer of 64 bits for
        array = array.astype(object)
    if array.dtype == object:
        return array if largest(array) >= _ROOM else array.astype(np.int64)
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"whole numbers are needed, not {array.dtype}")
    return array.astype(np.int64, copy=False)


def largest(array: Any) -> int:
    """The largest absolute value."""
    array = np.asarray(array)
    return max(int(array.max()), -int(array.min())) if array.size else 0


def held(array: Any, bound: int) -> Ints:
    """`array` as integers that stay exact as long as nothing computed of them exceeds `bound`."""
    return np.asarray(array).astype(np.int64 if bound < _ROOM else object, copy=False)


def product(*factors: Any) -> Ints:
    """The product of integer arrays (or integers), exactly.

    >>> product(np.array([3, 4]), 10**19).tolist()
    [30000000000000000000, 40000000000000000000]
    """
    arrays = [_array(factor) for factor in factors]
    sizes = [largest(array) for array in arrays]
    dtype = np.int64 if max(math.prod(sizes), *sizes) < _ROOM else object  # a factor may be 0
    result: Ints = arrays[0].astype(dtype, copy=False)
    for array in arrays[1:]:
        result = np.asarray(result * array.astype(dtype, copy=False), dtype=dtype)
    return result


def total(*terms: Any) -> Ints:
    """The sum of integer arrays (or integers), exactly."""
    arrays = [_array(term) for term in terms]
    dtype = np.int64 if sum(largest(array) for array in arrays) < _ROOM else object
    result: Ints = arrays[0].astype(dtype, copy=False)
    for array in arrays[1:]:
        result = np.asarray(result + array.astype(dtype, copy=False), dtype=dtype)
    return result


def quotient(a: Any, b: Any, d: Any, rounding: Rounding = "half_even") -> NDArray[np.int64]:
    """a·b/d, rounded once: to the nearest integer, halves to the even one or away from zero.

    Parameters
    ----------
    a, b
        Integer arrays or integers of any size; they are broadcast.
    d
        Positive ones.

    Examples
    --------
    >>> quotient(np.array([5, 15, -5, 10**18]), 10**6, 10**7).tolist()
    [0, 2, 0, 100000000000000000]
    >>> quotient(np.array([5, 15, -5]), 1, 10, "half_up").tolist()
    [1, 2, -1]
    """
    a, b, d = np.broadcast_arrays(_array(a), _array(b), _array(d))
    if object in (a.dtype, b.dtype, d.dtype):
        return _by_python(a, b, d, rounding)
    estimate = a.astype(np.float64) * b.astype(np.float64)
    fits = (np.abs(estimate) < _ROOM) & (d < _ROOM)
    if fits.all():
        return _by_integers(a * b, d, rounding)
    estimate /= d
    result = np.rint(estimate)
    error = np.abs(estimate) * (2 * _ERROR)
    in_doubt = ~(np.abs(np.abs(estimate - np.floor(estimate)) - 0.5) > error)
    rounded: NDArray[np.int64] = np.where(in_doubt, 0, result).astype(np.int64)
    rounded[in_doubt] = _by_python(a[in_doubt], b[in_doubt], d[in_doubt], rounding)
    return rounded


def reduced(b: Any, d: Any) -> tuple[Ints, Ints]:
    """b/d in lowest terms, so that more of their products fit into 64 bits."""
    b, d = np.broadcast_arrays(_array(b), _array(d))
    if object in (b.dtype, d.dtype):
        b, d = b.astype(object), d.astype(object)
    common = np.gcd(b, d)
    return ints(b // common), ints(d // common)


def _array(value: Any) -> Ints:
    if isinstance(value, int):
        return np.array(value, dtype=object if abs(value) >= _ROOM else np.int64)
    return ints(value)


def _by_integers(numerator: Ints, d: Ints, rounding: Rounding) -> NDArray[np.int64]:
    below = numerator // d
    twice = 2 * (numerator - below * d)
    at_half = (below & 1).astype(bool) if rounding == "half_even" else numerator > 0
    result: NDArray[np.int64] = below + ((twice > d) | ((twice == d) & at_half))
    return result


def _by_python(a: Ints, b: Ints, d: Ints, rounding: Rounding) -> NDArray[np.int64]:
    rows = zip(a.ravel().tolist(), b.ravel().tolist(), d.ravel().tolist(), strict=True)
    return np.array([rounded(x * y, z, rounding) for x, y, z in rows], dtype=np.int64).reshape(a.shape)


def rounded(numerator: int, d: int, rounding: Rounding) -> int:
    """numerator/d as `quotient` rounds it.

    >>> rounded(5, 10, "half_even"), rounded(-5, 10, "half_up")
    (0, -1)
    """
    below, rest = divmod(numerator, d)
    at_half = bool(below & 1) if rounding == "half_even" else numerator > 0
    return below + (2 * rest > d or (2 * rest == d and at_half))
