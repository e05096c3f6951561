"""From pairs to customers: groups that no weak link and no contradiction holds together.

Joining whatever is connected lets one weak link merge two crowds.  Here pairs are taken from
the strongest down, and two groups become one only if

- no pair between them is contradicted, and
- at least half of the pairs between them are links themselves.

So a bridge, one link between two groups of three, joins nothing.  Before that, a record that
could as well belong to either of two groups which contradict each other belongs to neither.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

#: How much better, in bits, a link must be than its rival to be believed.
_MARGIN = 3.0
#: Share of pairs between two groups that must be links.
_SUPPORT = 0.5

Pair = tuple[int, int]


def clusters(
    n: int, links: Iterable[tuple[int, int, float]], apart: Iterable[Pair], together: Iterable[Pair] = ()
) -> list[int]:
    """The group of each record, named by its smallest record.

    Parameters
    ----------
    n
        Number of records, which are 0 to n − 1.
    links
        Pairs (left, right, weight in bits) that are believed.
    apart
        Pairs that must never share a group.
    together
        Pairs that a person has joined: they share one, whatever speaks against it.

    Examples
    --------
    >>> clusters(4, [(0, 1, 9.0), (1, 2, 9.0), (0, 2, 8.0), (2, 3, 5.0)], [])
    [0, 0, 0, 3]
    >>> clusters(3, [(0, 1, 9.0), (1, 2, 9.0)], [(0, 2)])
    [0, 1, 2]
    """
    excluded: dict[int, set[int]] = defaultdict(set)
    for left, right in apart:
        excluded[left].add(right)
        excluded[right].add(left)
    sure = _unrivalled(list(links), excluded)
    joined_by_hand = list(together)
    group = list(range(n))
    members = {k: [k] for k in range(n)}
    linked = {(left, right) for left, right, _ in sure} | set(joined_by_hand)
    for left, right in joined_by_hand:
        _join(group, members, left, right)
    waiting = sorted(sure, key=lambda link: (-link[2], link[0], link[1]))
    joined = True
    while joined:
        joined, left_over = False, []
        for link in waiting:
            one, other = group[link[0]], group[link[1]]
            if one == other:
                continue
            if _may_join(members[one], members[other], linked, excluded):
                _join(group, members, link[0], link[1])
                joined = True
            else:
                left_over.append(link)
        waiting = left_over
    return group


def _join(group: list[int], members: dict[int, list[int]], left: int, right: int) -> None:
    one, other = sorted((group[left], group[right]))
    if one != other:
        for record in members[other]:
            group[record] = one
        members[one] += members.pop(other)


def _unrivalled(
    links: list[tuple[int, int, float]], excluded: dict[int, set[int]]
) -> list[tuple[int, int, float]]:
    """Links without those of a record whose partners exclude each other and are about as likely."""
    if not excluded:
        return links
    partners: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for left, right, weight in links:
        partners[left].append((right, weight))
        partners[right].append((left, weight))
    doubtful: set[Pair] = set()
    for record, found in partners.items():
        for partner, weight in found:
            if any(
                rival in excluded[partner] and rival_weight > weight - _MARGIN
                for rival, rival_weight in found
            ):
                doubtful.add((min(record, partner), max(record, partner)))
    return [link for link in links if (link[0], link[1]) not in doubtful]


def _may_join(one: list[int], other: list[int], linked: set[Pair], excluded: dict[int, set[int]]) -> bool:
    needed = _SUPPORT * len(one) * len(other)
    found = 0
    for a in one:
        barred = excluded.get(a)
        for b in other:
            if barred and b in barred:
                return False
            found += ((a, b) if a < b else (b, a)) in linked
    return found >= needed
