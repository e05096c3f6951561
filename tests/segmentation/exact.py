"""Log-likelihoods of the purchase models in 50-digit arithmetic, written without the library's formulas.

Gamma and beta functions of a whole number of purchases are products; the moment of leaving is
integrated by the tanh-sinh rule, halving its step until 20 digits stand.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from decimal import Decimal, localcontext
from fractions import Fraction
from functools import cache
from math import comb
from typing import NamedTuple

DIGITS = 50
_C = Decimal("1.5707963267948966")
_LN_2PI = Decimal("1.83787706640934548356065947281123527972279494727556682563430308")


class Case(NamedTuple):
    """Parameters of a model (in its order) and one history."""

    params: tuple[float, float, float, float]
    x: int
    t: float
    T: float


def cases(n: int, seed: int) -> Iterator[Case]:
    """Random histories and parameters over six decades, with the corners where formulas fail."""
    rng = random.Random(seed)
    for _ in range(n):
        params = tuple(10 ** rng.uniform(-3, 3) for _ in range(4))
        x = rng.choice([0, 1, rng.randrange(30), rng.randrange(1000)])
        T = 10 ** rng.uniform(-1, 4)
        near_end = [1.0, 1 - 1e-12, 1 - 1e-6, 1e-6]
        t = T * rng.choice([rng.random(), rng.random(), rng.choice(near_end)]) if x else 0.0
        yield Case(params, x, t, T)


def beta_geometric(case: Case, more_chances: int) -> Decimal:
    """BG/NBD (`more_chances` 0) and MBG/NBD (1)."""
    with localcontext(prec=DIGITS):
        r, alpha, a, b = map(Decimal, case.params)
        chances = case.x + more_chances
        stays = _product(b, chances) / _product(a + b, chances)
        value = stays * _silent(r, alpha, case.x, Decimal(case.T))
        if chances:
            left = a * _product(b, chances - 1) / _product(a + b, chances)
            value += left * _silent(r, alpha, case.x, Decimal(case.t))
        return (_product(r, case.x) * value).ln()


def pareto(case: Case) -> Decimal:
    """Pareto/NBD."""
    with localcontext(prec=DIGITS):
        r, alpha, s, beta = map(Decimal, case.params)
        t, T, p = Decimal(case.t), Decimal(case.T), r + case.x

        def left_at(tau: Decimal) -> Decimal:
            return (
                -p * ((alpha + tau) / (alpha + t)).ln() - (s + 1) * ((beta + tau) / (beta + t)).ln()
            ).exp()

        integral = integrated(left_at, t, T) / (beta + t) * s
        stays = (-p * ((alpha + T) / (alpha + t)).ln() - s * ((beta + T) / (beta + t)).ln()).exp()
        common = r * (alpha / (alpha + t)).ln() - case.x * (alpha + t).ln() + s * (beta / (beta + t)).ln()
        return _product(r, case.x).ln() + common + (stays + integral).ln()


def gamma_gamma(p: float, q: float, v: float, x: int, mean: float) -> Decimal:
    """Log-density of the mean spend of x purchases."""
    with localcontext(prec=DIGITS):
        P, Q, V, M = map(Decimal, (p, q, v, mean))
        shape = P * x
        return (
            ln_gamma(shape + Q) - ln_gamma(shape) - ln_gamma(Q) + Q * V.ln()
            + (shape - 1) * M.ln() + shape * Decimal(x).ln() - (shape + Q) * (V + M * x).ln()
        )  # fmt: skip


def integrated(function, start: Decimal, end: Decimal) -> Decimal:
    """The integral of `function` from start to end."""
    width = end - start
    if not width:
        return Decimal(0)
    total, previous = Decimal(0), Decimal(-1)
    for level in range(3, 10):
        total += sum(
            weight * function(start + width * place) for place, weight in _tanh_sinh(level, level == 3)
        )
        found = total * width / 2**level
        if abs(found - previous) <= abs(found) * Decimal("1e-20"):
            return found
        previous = found
    return found


def ln_gamma(z: Decimal) -> Decimal:
    """ln Γ(z) by Stirling's series, z moved up to 40 and more."""
    shift = Decimal(1)
    while z < 40:
        shift, z = shift * z, z + 1
    series = sum(
        Decimal(b.numerator) / Decimal(b.denominator) / (2 * k * (2 * k - 1) * z ** (2 * k - 1))
        for k in range(1, 21)
        if (b := _bernoulli(2 * k))
    )
    return (z - Decimal("0.5")) * z.ln() - z + _LN_2PI / 2 + series - shift.ln()


@cache
def _bernoulli(n: int) -> Fraction:
    if n == 0:
        return Fraction(1)
    return -sum((comb(n + 1, k) * _bernoulli(k) for k in range(n)), Fraction(0)) / (n + 1)


@cache
def _tanh_sinh(level: int, is_first: bool) -> list[tuple[Decimal, Decimal]]:
    """Places in 0 to 1 and their weights at the step 2^-level; of later levels those between the earlier ones."""
    nodes = []
    with localcontext(prec=DIGITS):
        for n in range(-5 * 2**level, 5 * 2**level + 1):
            if not is_first and n % 2 == 0:
                continue
            u = Decimal(n) / 2**level
            grown, shrunk = u.exp(), (-u).exp()
            power = _C * (grown - shrunk)
            place, rest = 1 / (1 + (-power).exp()), 1 / (1 + power.exp())
            nodes.append((place, _C * (grown + shrunk) * place * rest))
    return nodes


def _product(z: Decimal, n: int) -> Decimal:
    """Γ(z + n) / Γ(z)."""
    value = Decimal(1)
    for k in range(n):
        value *= z + k
    return value


def _silent(r: Decimal, alpha: Decimal, x: int, until: Decimal) -> Decimal:
    return (r * (alpha / (alpha + until)).ln() - x * (alpha + until).ln()).exp()
