"""The peer of benchmarks/suite.py: the same two reports by bare DuckDB + papermill + nbconvert.

No policy, no audit, no contract, no second language: read the CSV, run the grouping that the
reports need, draw each result with matplotlib, convert with nbconvert's own template.
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
import papermill
from nbconvert import HTMLExporter

SETUP = """
import duckdb, matplotlib.pyplot as plt, pandas as pd
con = duckdb.connect(store, read_only=True)
def show(sql, kind="bar"):
    frame = con.execute(sql).fetchdf()
    ax = frame.set_index(frame.columns[0]).select_dtypes("number").plot(kind=kind, figsize=(8, 3))
    plt.show()
    return frame.head(15)
"""
MONTH = "ordered_on BETWEEN DATE '2025-12-01' AND DATE '2025-12-31'"
YEAR = "ordered_on BETWEEN DATE '2025-01-01' AND DATE '2025-12-31'"
AGO = "ordered_on BETWEEN DATE '2024-12-01' AND DATE '2024-12-31'"
SUMS = f"SUM(amount) AS amount, SUM(amount) FILTER (WHERE {AGO}) AS ago"
PERFORMANCE = [
    f"SELECT 'total' AS total, SUM(amount) FILTER (WHERE {MONTH}) AS amount, SUM(amount) FILTER (WHERE {AGO}) AS ago, "
    f"COUNT(DISTINCT order_id) FILTER (WHERE {MONTH}) AS orders, COUNT(DISTINCT customer_id) FILTER (WHERE {MONTH}) AS customers FROM lines",
    f"SELECT channel, {SUMS} FROM lines WHERE {MONTH} OR {AGO} GROUP BY channel",
    f"SELECT rep_id, {SUMS} FROM lines WHERE {MONTH} OR {AGO} GROUP BY rep_id ORDER BY amount DESC LIMIT 15",
    f"SELECT product_id, {SUMS}, SUM(quantity) FILTER (WHERE {MONTH}) AS q1 FROM lines WHERE {MONTH} OR {AGO} GROUP BY product_id LIMIT 50",
    "SELECT date_trunc('month', ordered_on) AS month, SUM(amount) AS amount FROM lines GROUP BY month ORDER BY month",
    f"SELECT customer_id, SUM(amount) AS amount FROM lines WHERE {YEAR} GROUP BY customer_id ORDER BY amount DESC LIMIT 10",
    "SELECT customer_id, MAX(ordered_on) AS last_on, COUNT(*) AS n FROM lines GROUP BY customer_id ORDER BY n DESC LIMIT 10",
    f"SELECT channel, SUM(list_price * quantity) AS list, SUM(amount) AS amount FROM lines WHERE {MONTH} GROUP BY channel",
]
MARKET = [
    "SELECT date_trunc('quarter', ordered_on) AS quarter, SUM(amount) AS amount FROM lines GROUP BY quarter ORDER BY quarter",
    f"SELECT channel, {SUMS} FROM lines GROUP BY channel",
    f"SELECT product_id, {SUMS} FROM lines GROUP BY product_id ORDER BY amount DESC LIMIT 20",
    f"SELECT customer_id, SUM(amount) AS amount FROM lines WHERE {YEAR} GROUP BY customer_id ORDER BY amount DESC LIMIT 10",
    "SELECT date_trunc('month', ordered_on) AS month, SUM(amount) AS amount FROM lines GROUP BY month ORDER BY month",
    "SELECT year(ordered_on) AS year, month(ordered_on) AS month, SUM(amount) AS amount FROM lines GROUP BY year, month ORDER BY year, month",
]


def main(raw: Path, out: Path) -> None:
    """Load `raw` and write two pages into `out`."""
    import duckdb

    out.mkdir(parents=True, exist_ok=True)
    store = out / "straight.duckdb"
    store.unlink(missing_ok=True)
    connection = duckdb.connect(str(store))
    connection.execute(
        f"CREATE TABLE lines AS SELECT 订单号 AS order_id, CAST(订单日期 AS DATE) AS ordered_on, 客户编号 AS customer_id, 产品编号 AS product_id, "
        f"TRY_CAST(数量 AS DOUBLE) AS quantity, TRY_CAST(金额 AS DOUBLE) AS amount, TRY_CAST(标准价 AS DOUBLE) AS list_price, 业务员 AS rep_id, "
        f"渠道 AS channel FROM read_csv('{raw}', all_varchar=true) WHERE TRY_CAST(订单日期 AS DATE) IS NOT NULL"
    )
    connection.close()
    for name, statements in (("performance", PERFORMANCE), ("market", MARKET)):
        source, result = out / f"{name}.ipynb", out / f"{name}.out.ipynb"
        nbformat.write(_notebook(statements), source)
        papermill.execute_notebook(
            str(source), str(result), {"store": str(store)}, progress_bar=False, log_output=False
        )
        body, _ = HTMLExporter().from_filename(str(result))
        (out / f"{name}.html").write_text(body, encoding="utf-8")


def _notebook(statements: list[str]) -> nbformat.NotebookNode:
    cells = [
        nbformat.v4.new_code_cell('store = ""', metadata={"tags": ["parameters"]}),
        nbformat.v4.new_code_cell(SETUP),
    ]
    cells += [nbformat.v4.new_code_cell(f'show("""{sql}""")') for sql in statements]
    metadata = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python"},
    }
    return nbformat.v4.new_notebook(cells=cells, metadata=metadata)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
