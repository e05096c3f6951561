"""Which concepts make a header the name of a canonical column; patterns.toml lists them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from salesops_lib.cleaning.mapping.names import fold, read
from salesops_lib.tables import TABLES

_USUAL = 0.97

#: What the headers of a table's files, or their names, often speak of.
SUBJECTS: Mapping[str, frozenset[str]] = {
    "order_lines": frozenset({"order", "sale", "line"}),
    "returns": frozenset({"returned"}),
    "customers": frozenset({"customer", "account", "parent", "industry", "credit"}),
    "products": frozenset({"product", "cost", "uom"}),
    "reps": frozenset({"employee", "rep", "hired", "salary", "role"}),
    "org": frozenset({"team", "manager"}),
    "targets": frozenset({"target", "scope", "scope_level", "measure"}),
    "opportunities": frozenset({"opportunity", "stage", "probability", "project", "lead"}),
    "opportunity_changes": frozenset({"changed", "old", "new", "field"}),
    "pipeline_snapshots": frozenset({"snapshot"}),
    "stage_evidence": frozenset({"evidence"}),
    "leads": frozenset({"responded", "qualified"}),
    "invoices": frozenset({"invoice", "invoiced", "due", "payable"}),
    "receipts": frozenset({"receipt", "payment"}),
    "market": frozenset({"market", "size", "leader"}),
    "competitor_prices": frozenset({"competitor", "observed"}),
    "surveys": frozenset({"survey", "response", "instrument", "score"}),
    "expenses": frozenset({"expense", "budget"}),
    "trainings": frozenset({"course", "training"}),
    "fx": frozenset({"exchange", "rate"}),
    "credits": frozenset({"credit"}),
    "owners": frozenset({"owner"}),
    "order_events": frozenset({"befallen"}),  # no header says so: it is loaded by its name
    "payouts": frozenset({"posted"}),
}


@dataclass(frozen=True)
class Pattern:
    """Concepts that a name must and may have, and how well such a name fits."""

    must: frozenset[str]
    may: frozenset[str]
    weight: float


@cache
def _listed() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


@cache
def patterns(table: str, column: str) -> tuple[Pattern, ...]:
    """Patterns of a column, the contract's own names among them.

    >>> any({"order", "date"} == pattern.must for pattern in patterns("order_lines", "ordered_on"))
    True
    """
    found = [_pattern(text) for text in filter(None, _listed().get(table, {}).get(column, "").split(","))]
    if found:
        return tuple(found)
    contract = TABLES[table][column]
    names = [
        read(text) for text in (contract.name.replace("_", " "), contract.zh, *contract.synonyms) if text
    ]
    return tuple(
        Pattern(name.concepts, frozenset(), 0.95) for name in names if name.concepts and not name.n_unknown
    )


def _pattern(text: str) -> Pattern:
    parts = text.split()
    weights = [float(part[1:]) for part in parts if part.startswith("@")]
    must = frozenset(part for part in parts if part[0] not in "?@")
    may = frozenset(part[1:] for part in parts if part.startswith("?"))
    return Pattern(must, may, weights[0] if weights else _USUAL)


@cache
def literal_names(table: str, column: str) -> tuple[tuple[str, float], ...]:
    """Folded names of a column in its contract with their weight: its own name first, then its synonyms."""
    contract = TABLES[table][column]
    own = [(fold(contract.name), 1.0), (fold(contract.zh), 0.99)]
    others = [(fold(name), 0.98 - 0.002 * index) for index, name in enumerate(contract.synonyms)]
    return tuple((name, weight) for name, weight in own + others if name)
