"""The probability that two records are one customer, by splink (Fellegi and Sunter, 1969)."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Level:
    """One way in which two values compare.

    `m` and `u` are the chances of meeting it between records of one customer, and of two.
    `frequency` is a column whose own frequency of a value replaces u (rare values say more).
    """

    label: str
    sql: str
    m: float
    u: float
    frequency: str = ""


@dataclass(frozen=True)
class Comparison:
    """Levels of one field, the strongest first; unknown values say nothing."""

    name: str
    unknown: str
    levels: tuple[Level, ...]


def comparison(
    name: str, unknown: str, *levels: Level, other: tuple[float, float] | None = None
) -> Comparison:
    """A comparison whose last level, anything else, takes what the others leave of m and u."""
    m, u = other or (1 - sum(level.m for level in levels), 1 - sum(level.u for level in levels))
    return Comparison(name, unknown, (*levels, Level("differs", "ELSE", max(m, 1e-6), max(u, 1e-6))))


def settings(comparisons: Sequence[Comparison], prior: float, blocking: Sequence[Any] = ()) -> Any:
    """splink's settings of a model; `prior` is the chance that two random records are one customer."""
    from splink import SettingsCreator
    from splink.comparison_library import CustomComparison

    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        probability_two_random_records_match=prior,
        comparisons=[
            CustomComparison(
                output_column_name=c.name, comparison_levels=[_null(c.unknown), *map(_level, c.levels)]
            )
            for c in comparisons
        ],
        blocking_rules_to_generate_predictions=list(blocking),
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )


def _null(condition: str) -> dict[str, Any]:
    return {"sql_condition": condition, "is_null_level": True, "label_for_charts": "unknown"}


def _level(level: Level) -> dict[str, Any]:
    made = {
        "sql_condition": level.sql,
        "label_for_charts": level.label,
        "m_probability": level.m,
        "u_probability": level.u,
    }
    if level.frequency:
        made |= {"tf_adjustment_column": level.frequency, "disable_tf_exact_match_detection": True}
    return made


@contextmanager
def quiet() -> Iterator[None]:
    """splink reports its progress as log messages; nobody asked for them here."""
    logger = logging.getLogger("splink")
    before, logger.disabled = logger.disabled, True
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.disabled = before
        logger.setLevel(level)


def scores_of_pairs(
    connection: Any,
    comparisons: Sequence[Comparison],
    prior: float,
    records: str,
    pairs: str,
    frequencies: Mapping[str, str],
) -> pd.DataFrame:
    """Probability of each given pair under a model whose m and u are all stated.

    Parameters
    ----------
    connection
        DuckDB with the tables.
    comparisons, prior
        The model.
    records, pairs
        Tables: one row a record (`record` and the compared columns), one row a pair (left, right).
    frequencies
        Column → table with the column and `tf_<column>`.

    Returns
    -------
    pd.DataFrame
        left, right, weight (log2 of the odds), probability; sorted by pair.
    """
    from splink import DuckDBAPI, Linker

    with quiet():
        api = DuckDBAPI(connection)
        linker = Linker(
            api.register(records), settings(comparisons, prior), log_level=None, validate_settings=False
        )
        for column, table in frequencies.items():
            linker.table_management.register_term_frequency_lookup(api.register(table), column)
        connection.execute(
            f'CREATE OR REPLACE TABLE blocked AS SELECT \'0\' AS match_key, "left" AS join_key_l, "right" AS join_key_r FROM {pairs}'
        )
        linker.table_management.register_blocked_pairs_for_predict(api.register("blocked"))
        return in_order(linker.inference.predict(warning_mode="never"))


def in_order(predictions: Any) -> pd.DataFrame:
    """splink's predictions as left, right, weight (log2 of the odds), probability; sorted by pair."""
    found = predictions.as_pandas_dataframe()
    first, second = found.record_l.to_numpy(), found.record_r.to_numpy()
    frame = pd.DataFrame(
        {
            "left": pd.Series(first).where(first < second, second),
            "right": pd.Series(second).where(first < second, first),
            "weight": found.match_weight.round(9),
            "probability": found.match_probability.round(9),
        }
    )
    return frame.sort_values(["left", "right"], ignore_index=True)
