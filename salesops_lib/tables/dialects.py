"""Statements of DuckDB's dialect in another engine's, and what comes back in DuckDB's types."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


#: Stands for a bound value while a statement is carried over.
_BOUND = "salesops_bound_value"


@lru_cache(maxsize=500)
def translated(sql: str, dialect: str) -> str:
    """`sql` in another dialect, with `?`, or psycopg's `%s`, for bound values.

    >>> translated("SELECT kind LIKE '%?' FROM sales WHERE region = ?", "postgres")
    "SELECT kind LIKE '%%?' FROM sales WHERE region = %s"
    """
    import sqlglot
    from sqlglot import expressions

    statement = sqlglot.parse_one(sql, read="duckdb")
    for placeholder in list(statement.find_all(expressions.Placeholder)):
        placeholder.replace(expressions.Var(this=_BOUND))
    if dialect == "spark":  # sqlglot writes Spark's percentile_cont as other engines call it
        for quantile in list(statement.find_all(expressions.PercentileCont)):
            exact = expressions.Anonymous(this="percentile", expressions=[quantile.this, quantile.expression])
            quantile.replace(exact)
    carried = statement.sql(dialect)
    if dialect == "postgres":
        return carried.replace("%", "%%").replace(_BOUND, "%s")
    return carried.replace(_BOUND, "?")


def frame(table: pa.Table) -> pd.DataFrame:
    """`table` in the types that DuckDB gives: days as datetimes, decimals as floats, whole numbers whole."""
    import pandas as pd
    import pyarrow as pa

    nullable = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}
    found = {}
    for position, column in enumerate(table.schema):
        cells = table.column(position)
        if pa.types.is_date(column.type):
            cells = cells.cast(pa.timestamp("us"))
        elif pa.types.is_decimal(column.type):
            cells = cells.cast(pa.float64())
        found[position] = cells.to_pandas(types_mapper=nullable.get if cells.null_count else None)
    return pd.DataFrame(found).set_axis(table.column_names, axis="columns")
