"""Whose each customer is: read off who sold to it, who left, and who came after."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd


def owners(pairs: pd.DataFrame, on_board: Collection[str]) -> pd.Series:
    """Place that each customer belongs to.

    Parameters
    ----------
    pairs
        One row a customer and place: `customer_id, place, first_on, last_on`, the first and last sale.  A place is a person in a
        team: who moves on to another team leaves a place behind, as one does who leaves the company.
    on_board
        Places that are filled now.

    Returns
    -------
    pd.Series
        Place by customer; missing where the seller has left, nobody came after, and nobody on board sold to it.

    Notes
    -----
    A customer is its last seller's.  Where that one has left, it is of the person who came after (`successors`), else of the
    last on board who sold to it.  Where the last seller only stood in, between one who left and the one who came after, and has sold
    nothing to it since, it is of the one who came after.

    Examples
    --------
    >>> pairs = pd.DataFrame({
    ...     "customer_id": ["a", "a", "b", "b", "c", "c", "d"],
    ...     "place": ["left", "new", "left", "stand_in", "left", "stand_in", "stand_in"],
    ...     "first_on": ["2023-01-05", "2024-06-01", "2023-02-01", "2024-04-02", "2023-02-01", "2024-05-02", "2023-01-01"],
    ...     "last_on": ["2024-03-01", "2024-09-01", "2024-02-01", "2024-05-01", "2024-02-01", "2024-09-01", "2024-09-02"]})
    >>> owners(pairs, ["new", "stand_in"]).to_dict()
    {'a': 'new', 'b': 'new', 'c': 'stand_in', 'd': 'stand_in'}
    """
    ordered = pairs.sort_values(["customer_id", "last_on", "place"], ignore_index=True)
    last = ordered.drop_duplicates("customer_id", keep="last").set_index("customer_id")
    after = successors(ordered, on_board)
    is_there = last.place.isin(on_board)
    found = last.place.where(is_there, last.place.map(after))
    stayed = ordered[ordered.place.isin(on_board)].drop_duplicates("customer_id", keep="last")
    found = found.fillna(stayed.set_index("customer_id").place)
    if not after:
        return found.rename("place")
    earlier = ordered[ordered.place.isin(after)].merge(
        last[is_there].reset_index(), on="customer_id", suffixes=("", "_now")
    )
    earlier = earlier.assign(heir=earlier.place.map(after))
    came_on = ordered.groupby("place").first_on.min()
    stood_in = earlier[
        (earlier.heir != earlier.place_now)
        & (earlier.first_on_now >= earlier.last_on)
        & (earlier.last_on_now < earlier.heir.map(came_on))
    ]
    back = stood_in.drop_duplicates("customer_id", keep="last").set_index("customer_id").heir
    return back.combine_first(found).rename("place")


def successors(pairs: pd.DataFrame, on_board: Collection[str]) -> dict[str, str]:
    """Places left → the filled one that came after, as far as customers show it.

    Somebody came after another where the other's last sale lies before the own first, and the other had sold to at least half of the own
    customers that anybody before had sold to; the one with most of them.  Of several who came after one, the one with most
    of its customers counts.  Chains are followed to a place that is filled.
    """
    span = pairs.groupby("place").agg(first_on=("first_on", "min"), last_on=("last_on", "max"))
    both = pairs.merge(pairs, on="customer_id", suffixes=("", "_before"))
    before = both.place_before.map(span.last_on) < both.place.map(span.first_on)
    both = both[before & ~both.place_before.isin(on_board)]
    if both.empty:
        return {}
    shared = both.groupby(["place", "place_before"]).size().rename("n").reset_index()
    inherited = both.drop_duplicates(["place", "customer_id"]).groupby("place").size()
    shared = shared[2 * shared.n >= shared.place.map(inherited)]
    shared = shared.assign(left_on=shared.place_before.map(span.last_on))
    shared = shared.sort_values(
        ["place", "n", "left_on", "place_before"], ascending=[True, False, False, True]
    )
    shared = shared.drop_duplicates("place").sort_values(
        ["place_before", "n", "place"], ascending=[True, False, True]
    )
    direct = shared.drop_duplicates("place_before").set_index("place_before").place.to_dict()
    found = {}
    for rep in direct:
        heir = direct[rep]
        while heir not in on_board and heir in direct:  # ends: everybody comes after the one before
            heir = direct[heir]
        if heir in on_board:
            found[rep] = heir
    return found
