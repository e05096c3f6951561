"""Whose each customer is, after people left, moved and came."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from salesops_lib.targets.handovers import owners, successors


def pairs(*rows):
    return pd.DataFrame(rows, columns=["customer_id", "place", "first_on", "last_on"])


def test_chains_are_followed_to_a_place_that_is_filled():
    sold = pairs(
        ("a", "first", "2023-01-01", "2023-03-01"), ("a", "second", "2023-04-01", "2023-08-01"), ("a", "third", "2023-09-01", "2023-12-01"),
        ("b", "first", "2023-01-01", "2023-02-01"),
    )  # fmt: skip
    assert successors(sold, ["third"]) == {"first": "third", "second": "third"}
    assert owners(sold, ["third"]).to_dict() == {"a": "third", "b": "third"}


def test_who_took_a_customer_from_a_colleague_that_is_still_there_keeps_it_alone():
    sold = pairs(
        ("a", "old", "2023-01-01", "2023-03-01"),
        ("a", "new", "2023-04-01", "2023-12-01"),
        ("b", "old", "2023-01-01", "2023-12-01"),
    )
    assert successors(sold, ["old", "new"]) == {}
    assert owners(sold, ["old", "new"]).to_dict() == {"a": "new", "b": "old"}


def test_nobody_came_after_and_nobody_sold():
    sold = pairs(
        ("a", "left", "2023-01-01", "2023-03-01"),
        ("b", "there", "2023-01-01", "2023-02-01"),
        ("b", "left", "2023-02-02", "2023-03-01"),
    )
    assert owners(sold, ["there"]).dropna().to_dict() == {"b": "there"}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("wxyz"), st.integers(1, 300), st.integers(0, 60)),
                min_size=1, max_size=12, unique_by=lambda row: row[:2]), st.sets(st.sampled_from("wxyz")))  # fmt: skip
def test_every_owner_is_there_and_the_order_of_rows_says_nothing(rows, there):
    sold = pairs(
        *(
            (
                c,
                p,
                pd.Timestamp("2024-01-01") + pd.Timedelta(days=d),
                pd.Timestamp("2024-01-01") + pd.Timedelta(days=d + n),
            )
            for c, p, d, n in rows
        )
    )
    found = owners(sold, there)
    assert set(found.dropna()) <= there
    again = owners(sold.iloc[::-1].reset_index(drop=True), there)
    assert found.sort_index().fillna("").tolist() == again.sort_index().fillna("").tolist()
