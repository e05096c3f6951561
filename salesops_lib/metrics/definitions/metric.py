"""What a definition consists of, and the SQL that definitions are made from."""

from __future__ import annotations

from dataclasses import dataclass

from salesops_lib.metrics.exhibit import Unit


@dataclass(frozen=True)
class Metric:
    """Definition of one figure.

    Parameters
    ----------
    formula, formula_zh
        How it is computed, for readers of either language.
    date_basis
        The day by which it falls into a period; empty for a formula over other metrics.
    completeness
        When a value may be shown as final.
    needs
        `table.column` names without which it is missing.
    relation, sql
        Where and how it is computed; money is cast to BIGINT minor units.
    quotient
        Numerator and denominator of a ratio of sums; its `sql` follows from them.
    """

    id: str
    ref: str
    en: str
    zh: str
    unit: Unit
    formula: str
    date_basis: str = ""
    completeness: str = "all days of the period loaded (C4)"
    source: str = ""
    relation: str = ""
    sql: str = ""
    needs: tuple[str, ...] = ()
    good: int = 1
    formula_zh: str = ""
    quotient: tuple[str, str] | None = None

    def __post_init__(self) -> None:
        if self.quotient:
            object.__setattr__(self, "sql", "CAST({} AS DOUBLE) / NULLIF({}, 0)".format(*self.quotient))

    def name(self, lang: str) -> str:
        """Name in `lang` (en or zh)."""
        return self.zh if lang == "zh" else self.en

    def formula_in(self, lang: str) -> str:
        """Formula in `lang` (en or zh)."""
        return self.formula_zh if lang == "zh" else self.formula


def money(expression: str, where: str = "") -> str:
    return f"CAST(SUM({expression}){filtered(where)} AS BIGINT)"


def count(expression: str, where: str = "") -> str:
    return f"COUNT({expression}){filtered(where)}"


def rounded(expression: str) -> str:
    """A positive DOUBLE as whole minor units, a half up: `round` itself differs between engines."""
    return f"CAST(floor({expression} + 0.5) AS BIGINT)"


def filtered(where: str) -> str:
    return f" FILTER (WHERE {where})" if where else ""
