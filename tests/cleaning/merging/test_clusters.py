"""No group by weak links alone, none against a contradiction, none by the order of rows."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.cleaning.merging.clusters import clusters


def test_a_chain_is_cut_where_it_is_weakest():
    chain = [(k, k + 1, 10.0 - k) for k in range(5)]
    assert (
        clusters(6, chain, []) == [0, 0, 0, 3, 3, 5] or max(map(clusters(6, chain, []).count, range(6))) <= 3
    )


def test_one_bridge_between_two_groups_joins_nothing():
    first, second = [(0, 1, 9.0), (0, 2, 9.0), (1, 2, 9.0)], [(3, 4, 9.0), (3, 5, 9.0), (4, 5, 9.0)]
    assert clusters(6, [*first, *second, (2, 3, 5.0)], []) == [0, 0, 0, 3, 3, 3]


def test_a_record_between_two_that_exclude_each_other_belongs_to_neither():
    assert clusters(3, [(0, 1, 9.0), (1, 2, 9.0)], [(0, 2)]) == [0, 1, 2]
    assert clusters(3, [(0, 1, 9.0), (1, 2, 2.0)], [(0, 2)]) == [0, 0, 2]


def test_what_a_person_joined_is_one_and_carries_its_links():
    assert clusters(3, [], [(0, 1)], together=[(0, 1)]) == [0, 0, 2]
    assert clusters(3, [(1, 2, 9.0)], [], together=[(0, 1)]) == [0, 0, 0]


@given(st.integers(0, 10**6))
def test_groups_do_not_depend_on_the_order_of_links(seed):
    rng = random.Random(seed)
    links = [
        (a, b, float(rng.randrange(1, 9))) for a in range(7) for b in range(a + 1, 7) if rng.random() < 0.4
    ]
    apart = [(a, b) for a in range(7) for b in range(a + 1, 7) if rng.random() < 0.1]
    made = clusters(7, links, apart)
    rng.shuffle(links)
    assert clusters(7, links, apart) == made
    assert all(made[a] != made[b] for a, b in apart)
