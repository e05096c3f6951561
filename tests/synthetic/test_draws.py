"""Chance in SQL: independent of threads, of the right shape, and the alias method exact."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.synthetic.draws import Draws, alias_table


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=60).filter(lambda w: sum(w) > 1e-3))
def test_alias_table_keeps_the_weights(weights):
    keep, other = alias_table(weights)
    n = len(weights)
    probability = np.zeros(n)
    np.add.at(probability, np.arange(n), keep / n)
    np.add.at(probability, other, (1 - keep) / n)
    assert probability == pytest.approx(np.array(weights) / sum(weights), abs=1e-9)


def test_draws_have_their_distribution():
    draws = Draws(9)
    n = 100_000
    with duckdb.connect() as con:
        u, z, k = (
            con.execute(f"""
            SELECT {draws.uniform("u", "range")}, {draws.normal("z", "range")}, {draws.integer("k", "range", 7)}
                FROM range({n})
        """)
            .fetchnumpy()
            .values()
        )
    assert u.min() >= 0
    assert u.max() < 1
    # Standard errors of mean and sd at 100,000 draws: 0.0009 and 0.003; four of them.
    assert u.mean() == pytest.approx(0.5, abs=0.004)
    assert z.mean() == pytest.approx(0, abs=0.013)
    assert z.std() == pytest.approx(1, abs=0.01)
    assert np.bincount(k, minlength=7) == pytest.approx(n / 7, rel=0.04)
    assert abs(np.corrcoef(u[:-1], u[1:])[0, 1]) < 0.013


def test_names_give_unrelated_draws():
    draws = Draws(9)
    with duckdb.connect() as con:
        a, b = (
            con.execute(
                f"SELECT {draws.uniform('a', 'range')}, {draws.uniform('b', 'range')} FROM range(50000)"
            )
            .fetchnumpy()
            .values()
        )
    assert abs(np.corrcoef(a, b)[0, 1]) < 0.02
