"""The best assignment of headers to columns as a whole."""

from __future__ import annotations

from collections.abc import Mapping

Pairs = Mapping[tuple[int, str], float]


def best(pairs: Pairs) -> dict[str, int]:
    """Column → header so that the sum of the pairs' worths is greatest; each taken at most once.

    The assignment problem, solved by shortest augmenting paths with potentials (Jonker and
    Volgenant, Computing 38, 1987).

    Parameters
    ----------
    pairs
        (header, column) → worth, above 0.  Pairs that are not listed are not allowed.

    Examples
    --------
    >>> best({(0, "a"): 0.9, (1, "a"): 0.85, (0, "b"): 0.8})
    {'b': 0, 'a': 1}
    """
    headers = sorted({header for header, _ in pairs})
    columns = sorted({column for _, column in pairs})
    if not headers:
        return {}
    n, m = len(headers), len(columns) + len(headers)
    cost = [
        [-pairs.get((header, column), 0.0) for column in columns] + [0.0] * len(headers) for header in headers
    ]
    owner = _assigned(cost, n, m)
    taken = {columns[j]: headers[owner[j]] for j in range(len(columns)) if owner[j] >= 0}
    found = {column: header for column, header in taken.items() if (header, column) in pairs}
    return dict(sorted(found.items(), key=lambda item: item[1]))


def _assigned(cost: list[list[float]], n: int, m: int) -> list[int]:
    """For each of `m` columns the row assigned to it, or -1; `n` rows, n ≤ m."""
    row_price, column_price = [0.0] * n, [0.0] * (m + 1)
    owner = [-1] * (m + 1)
    for row in range(n):
        owner[m] = row
        at, least, came, done = m, [float("inf")] * (m + 1), [m] * (m + 1), [False] * (m + 1)
        while owner[at] != -1:
            done[at] = True
            current, step, following = owner[at], float("inf"), m
            line, price = cost[current], row_price[current]
            for j in range(m):
                if done[j]:
                    continue
                reduced = line[j] - price - column_price[j]
                if reduced < least[j]:
                    least[j], came[j] = reduced, at
                if least[j] < step:
                    step, following = least[j], j
            for j in range(m + 1):
                if done[j]:
                    row_price[owner[j]] += step
                    column_price[j] -= step
                else:
                    least[j] -= step
            at = following
        while at != m:
            owner[at], at = owner[came[at]], came[at]
    return owner
