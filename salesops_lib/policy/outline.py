"""A policy as a tree of rules for readers: sections, rules and tables, in no language.

What a rule says in words, and how its value is written, is not known here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

from salesops_lib.policy.values import Block, Named, Span, Text, own_fields

if TYPE_CHECKING:
    from salesops_lib.policy.model import Policy

#: Column of a table that holds the keys of a block, and of one that holds its plain values.
KEY, VALUE = "key", "value"
#: Column that holds an entry with a name in two languages.
NAME = "name"


@dataclass(frozen=True)
class Rule:
    """One value, by its dotted path."""

    path: str
    value: Any


@dataclass(frozen=True)
class Table:
    """Entries that have the same fields; `columns` are those that any entry fills."""

    path: str
    columns: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Section:
    """A block: its rules, tables and blocks in order; `entry` is the block itself in a list of its kind."""

    path: str
    parts: tuple[Rule | Table | Section, ...]
    entry: Block | None = None

    @property
    def values(self) -> dict[str, Any]:
        """Values of the section's own rules, by field."""
        return {part.path.rpartition(".")[2]: part.value for part in self.parts if isinstance(part, Rule)}


def outline(policy: Policy) -> tuple[Section, ...]:
    """The sections of a policy, in the order of the format; what is left open is left out.

    Examples
    --------
    >>> from salesops_lib.policy import load
    >>> [section.path for section in outline(load(None))][:3]
    ['metadata', 'semantics', 'calendar']
    """
    sections = [
        _section(name, getattr(policy, name))
        for name in type(policy).model_fields
        if isinstance(getattr(policy, name), Block)
    ]
    return tuple(section for section in sections if section.parts)


def _section(path: str, block: Block, entry: Block | None = None) -> Section:
    parts = (part for name in own_fields(block) for part in _parts(f"{path}.{name}", getattr(block, name)))
    return Section(path, tuple(parts), entry)


def _parts(path: str, value: Any) -> list[Rule | Table | Section]:
    if value is None or value in ((), {}, ""):
        return []
    if is_value(value):
        return [Rule(path, value)]
    if isinstance(value, Block):
        section = _section(path, value)
        return [section] if section.parts else []
    if isinstance(value, Mapping):
        return [_table(path, [_keyed(key, item) for key, item in value.items()])]
    if any(_is_nested(item) or _is_variant(item) for item in value):
        return [_section(path, item, item) for item in value]
    return [_table(path, [row(item) for item in value])]


def is_value(value: Any) -> bool:
    """Whether a value is said as a whole: no block but wordings and spans, no list of blocks."""
    if isinstance(value, tuple):
        return all(is_value(item) for item in value)
    return isinstance(value, Text | Span) or not isinstance(value, Block | Mapping)


def _is_nested(block: Block) -> bool:
    return any(not is_value(getattr(block, name)) for name in own_fields(block))


def _is_variant(block: Block) -> bool:
    """Whether a block is one of several kinds that a list may hold: one of its fields can say one word only."""
    return any(
        len(get_args(field.annotation)) == 1
        for field in type(block).model_fields.values()
        if get_origin(field.annotation) is Literal
    )


def _keyed(key: Any, item: Any) -> dict[str, Any]:
    return {KEY: key, **(row(item) if isinstance(item, Block) else {VALUE: item})}


def row(block: Block) -> dict[str, Any]:
    """Fields of an entry by column; its name under NAME."""
    named = {NAME: block} if isinstance(block, Named) else {}
    return {**named, **{name: getattr(block, name) for name in own_fields(block)}}


def _table(path: str, rows: list[dict[str, Any]]) -> Table:
    names = dict.fromkeys(name for row in rows for name in row)
    columns = [name for name in names if any(row.get(name) not in (None, (), "") for row in rows)]
    return Table(path, tuple(columns), tuple(dict.fromkeys(names) | row for row in rows))
