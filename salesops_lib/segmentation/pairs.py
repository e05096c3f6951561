"""Products that are bought together more often than chance explains: support, confidence, lift (M11.7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.stats import norm

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.tables.engine import Engine
    from salesops_lib.tables.facts import Facts

_BOUGHT = """WITH bought AS (
    SELECT DISTINCT order_id, product_id FROM sales
    WHERE kind = 'order' AND order_id IS NOT NULL AND product_id IS NOT NULL AND dated_on BETWEEN ? AND ?
)
"""
_PRODUCTS = _BOUGHT + "SELECT product_id, COUNT(*) AS n FROM bought GROUP BY product_id ORDER BY product_id"
_BASKETS = _BOUGHT + "SELECT COUNT(DISTINCT order_id) AS n FROM bought"
#: Baskets and products as numbers: what is read is two integers a row, not two names.
_CELLS = (
    _BOUGHT
    + """, products AS (
    SELECT product_id, ROW_NUMBER() OVER (ORDER BY product_id) - 1 AS product
    FROM bought GROUP BY product_id HAVING COUNT(*) >= ?
), baskets AS (
    SELECT order_id, ROW_NUMBER() OVER (ORDER BY order_id) - 1 AS basket FROM bought GROUP BY order_id
)
SELECT CAST(s.basket AS INTEGER) AS basket, CAST(p.product AS INTEGER) AS product
FROM bought AS b JOIN products AS p ON p.product_id = b.product_id JOIN baskets AS s ON s.order_id = b.order_id
"""
)
COLUMNS = ["product_id", "other_id", "n_product", "n_other", "n_both", "support", "confidence", "back_confidence", "lift", "low", "high"]  # fmt: skip


def product_pairs(
    facts: Facts | Engine, start: date, end: date, *, min_support: float = 0.001, level: float = 0.95
) -> pd.DataFrame:
    """Pairs of products that stand together in at least `min_support` of the orders from `start` to `end`.

    Returns
    -------
    pd.DataFrame
        One row a pair, by product_id and other_id: n_product, n_other and n_both (orders), support
        (share of orders with both), confidence (of other_id where product_id stands), back_confidence
        (the reverse), lift with its interval low to high at `level`.  `attrs["n_orders"]` holds the orders.

    Notes
    -----
    lift = share with both / (share with the one × share with the other).  ln lift has the variance
    1/n₁₁ − 1/n₁ − 1/n₂ + (2·lift − 1)/n: the delta method over the four cells of a table.
    Source of the measures: Brin, Motwani, Ullman and Tsur, SIGMOD 1997.

    Examples
    --------
    >>> from datetime import date
    >>> from salesops_lib.tables.engine import DuckDBEngine
    >>> engine = DuckDBEngine()
    >>> engine.execute(
    ...     "CREATE TABLE sales AS SELECT 'order' AS kind, DATE '2025-01-01' AS dated_on, o AS order_id, p AS product_id"
    ...     " FROM (VALUES (1, 'ink'), (1, 'pen'), (2, 'ink'), (2, 'pen'), (3, 'ink'), (4, 'cup')) AS t(o, p)"
    ... )
    >>> product_pairs(engine, date(2025, 1, 1), date(2025, 1, 31), min_support=0.5)[["product_id", "n_both", "confidence"]].values.tolist()
    [['ink', 2, 0.6666666666666666]]
    """
    days = [start, end]
    n_orders = int(facts.query(_BASKETS, days).n.iloc[0])
    least = max(int(np.ceil(min_support * n_orders - 1e-9)), 1)
    products = facts.query(_PRODUCTS, days)
    products = products[products.n >= least]
    cells = facts.query(_CELLS, [*days, least])
    shape = (n_orders, len(products))
    held = sparse.csr_array(
        (np.ones(len(cells), np.int32), (cells.basket.to_numpy(), cells["product"].to_numpy())), shape=shape
    )
    one, other, n_both = _together(held, least)
    names, n = products.product_id.to_numpy(), products.n.to_numpy()
    frame = pd.DataFrame(
        {"product_id": names[one], "other_id": names[other], "n_product": n[one], "n_other": n[other], "n_both": n_both}
    )  # fmt: skip
    frame = measured(frame, n_orders, level=level)
    frame.attrs["n_orders"] = n_orders
    return frame


def measured(pairs: pd.DataFrame, n_orders: int, *, level: float = 0.95) -> pd.DataFrame:
    """Support, confidences, lift and its interval of counts n_product, n_other and n_both.

    >>> counts = pd.DataFrame({"product_id": ["a"], "other_id": ["b"], "n_product": [50], "n_other": [40], "n_both": [20]})
    >>> measured(counts, 100).loc[0, ["support", "confidence", "back_confidence", "lift"]].tolist()
    [0.2, 0.4, 0.5, 1.0]
    """
    n_one, n_other, n_both = (pairs[name].astype(float) for name in ("n_product", "n_other", "n_both"))
    lift = n_both * n_orders / (n_one * n_other)
    variance = 1 / n_both - 1 / n_one - 1 / n_other + (2 * lift - 1) / max(n_orders, 1)
    reach = np.exp(norm.isf((1 - level) / 2) * np.sqrt(variance.clip(lower=0)))
    return pairs.assign(
        support=n_both / max(n_orders, 1), confidence=n_both / n_one, back_confidence=n_both / n_other,
        lift=lift, low=lift / reach, high=lift * reach,
    )[COLUMNS]  # fmt: skip


def linked(pairs: pd.DataFrame, n_orders: int, *, level: float = 0.95) -> pd.Series:
    """Whether each pair stands together more often than chance explains, of all that were looked at.

    The interval is that of one look; here each pair's is widened by the number of pairs (Bonferroni),
    so that among pairs that chance alone made one is named with the chance 1 − `level`.
    """
    strict = measured(pairs, n_orders, level=1 - (1 - level) / max(len(pairs), 1))
    return strict.low > 1


def _together(held: sparse.csr_array, least: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Columns of `held` that share at least `least` rows, each pair once, and how many they share."""
    backwards = sparse.csr_array(held.T)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = [
        (np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64))
    ]
    step = 256  # products at a time: what is held is their row of counts alone
    for first in range(0, held.shape[1], step):
        counts = (backwards[first : first + step] @ held[:, first:]).tocoo()
        chosen = (counts.data >= least) & (counts.col > counts.row)
        found.append(
            (counts.row[chosen] + first, counts.col[chosen] + first, counts.data[chosen].astype(np.int64))
        )
    one, other, n_both = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((other, one))
    return one[order], other[order], n_both[order]
