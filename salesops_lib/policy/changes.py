"""What differs between two versions of a policy, and whether it can change anyone's pay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal, TypeGuard

from salesops_lib.policy.values import Block, Named, Span, Text, own_fields

if TYPE_CHECKING:
    from datetime import date

    from salesops_lib.policy.model import Policy

Difference = tuple[str, "tuple[Entry, ...]", Any, Any]

#: What the succession of versions is judged by, not their differences.
_SUCCESSION = frozenset({"metadata.version", "metadata.supersedes", "metadata.effective"})

#: Blocks and rules that no pay rests on.  A rule that is not listed can change pay: a block that
#: is new, or forgotten here, warns once too often rather than once too seldom.
_UNPAID = frozenset(
    {
        "metadata", "report", "delivery", "forecast", "market", "marketing", "training", "risk",
        "channels", "contracts", "orders", "after_sales", "expenses", "tools", "replay", "tests",
        "org.functions", "calendar.events", "calendar.align", "targets.pace_band", "targets.achievable_chance", "targets.achievable_to_median", "targets.fairness",
        "targets.review", "process.coverage", "process.win_rate_days", "process.prior_deals",
        "process.odds", "process.cycle_days_max", "process.hygiene", "process.response",
        "pricing.leakage", "pricing.bridge_overlap", "pricing.waterfall", "pricing.elasticity",
        "pricing.discounts.deep_from", "customers.quiet_after", "customers.quiet_min_orders",
        "customers.rfm", "customers.grades.steadiness", "customers.groups", "customers.concentration", "customers.service", "customers.history", "customers.repeat",
        "data.freshness_days", "data.freshness_default_days", "data.grades", "data.reconcile",
        "data.privacy", "data.access",
    }
)  # fmt: skip
#: What an entry of a list is known by, the first that its block has.
_KEYS = ("id", "measure", "column", "when", "by", "grade", "quantity", "name")


@dataclass(frozen=True)
class Entry:
    """An entry of a list or block of free keys: `key` is the value of its `field` ("key" for a free key)."""

    table: str
    field: str
    key: Any
    item: Any


@dataclass(frozen=True)
class Change:
    """One difference; `old` or `new` is None where a rule or an entry was added or taken out.

    `rule` is the dotted path without entries, as in `outline`; `entries` lead to it, the outermost first.
    """

    rule: str
    entries: tuple[Entry, ...]
    old: Any
    new: Any
    is_wording: bool
    can_change_pay: bool


@dataclass(frozen=True)
class Notice:
    """Something about the succession of two versions that does not fit."""

    id: Literal[
        "same_version",
        "older_version",
        "patch_only",
        "supersedes",
        "supersedes_nothing",
        "gap",
        "overlap",
        "not_later",
    ]
    values: Mapping[str, Any]


def changes(old: Policy, new: Policy) -> tuple[Change, ...]:
    """All differences between two policies, in the order of the newer one's blocks.

    Examples
    --------
    >>> from salesops_lib.policy import load
    >>> policy = load(None)
    >>> newer = policy.model_copy(update={"forecast": policy.forecast.model_copy(update={"horizon_months": 8})})
    >>> [(c.rule, c.old, c.new, c.can_change_pay) for c in changes(policy, newer)]
    [('forecast.horizon_months', 6, 8, False)]
    """
    found = []
    for rule, entries, before, after in _differences(old, new, "", ()):
        if rule not in _SUCCESSION:
            is_wording = _is_wording(rule, before, after)
            found.append(Change(rule, entries, before, after, is_wording, not is_wording and _is_paid(rule)))
    return tuple(found)


def succession(old: Policy, new: Policy) -> tuple[Notice, ...]:
    """What does not fit between the versions and validity of two policies.

    Wording may change with a patch (2025.1.0 → 2025.1.1); a rule needs a new minor version or year.
    """
    found = changes(old, new)
    notices: list[Notice] = []
    before, after = _numbers(old.version), _numbers(new.version)
    versions = {"old": old.version, "new": new.version}
    if before == after:
        return (Notice("same_version", versions),) if found else ()
    if after < before:
        notices.append(Notice("older_version", versions))
    elif before[:2] == after[:2] and any(not change.is_wording for change in found):
        rules = sum(not change.is_wording for change in found)
        notices.append(Notice("patch_only", {**versions, "n": rules}))
    if new.metadata.supersedes != old.version:
        said = new.metadata.supersedes
        notices.append(Notice("supersedes" if said else "supersedes_nothing", {**versions, "said": said}))
    last, first = old.metadata.effective.end, new.metadata.effective.start
    if last is not None and (days := gap(last, first)):
        kind: Literal["gap", "overlap"] = "gap" if days > 0 else "overlap"
        notices.append(Notice(kind, {"days": abs(days), "last": last, "first": first}))
    elif last is None and first <= old.metadata.effective.start:
        notices.append(Notice("not_later", {"last": old.metadata.effective.start, "first": first}))
    return tuple(notices)


def gap(last: date, first: date) -> int:
    """Days without a policy between the last day of one and the first of the next; overlap negative."""
    return (first - last - timedelta(days=1)).days


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _differences(old: Any, new: Any, rule: str, entries: tuple[Entry, ...]) -> Iterator[Difference]:
    """Where two parts of a policy differ: rule, entries, and both values."""
    if old == new:
        return
    if isinstance(new, Named) and isinstance(old, Named) and (old.en, old.zh) != (new.en, new.zh):
        yield f"{rule}.name", entries, old, new
    if isinstance(new, Block) and type(old) is type(new) and not isinstance(new, Text | Span):
        for name in own_fields(new):
            yield from _differences(
                getattr(old, name), getattr(new, name), f"{rule}.{name}".strip("."), entries
            )
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _entries(dict(old), dict(new), "key", rule, entries)
    elif _are_blocks(old) and _are_blocks(new):
        field, before, after = _keyed(old, new)
        yield from _entries(before, after, field, rule, entries)
        if set(before) == set(after) and list(before) != list(after):
            yield rule, entries, tuple(before), tuple(after)
    else:
        yield rule, entries, old, new


def _entries(
    old: dict[Any, Any], new: dict[Any, Any], field: str, rule: str, entries: tuple[Entry, ...]
) -> Iterator[Difference]:
    for key in [*new, *(key for key in old if key not in new)]:
        item = new.get(key, old.get(key))
        path = rule if isinstance(item, Block) else f"{rule}.value"
        yield from _differences(old.get(key), new.get(key), path, (*entries, Entry(rule, field, key, item)))


def _keyed(old: Sequence[Block], new: Sequence[Block]) -> tuple[str, dict[Any, Block], dict[Any, Block]]:
    """Both lists by what their entries are known by, or by position where that is not unique."""
    for field in _KEYS:
        if all(hasattr(item, field) for item in (*old, *new)):
            before, after = ({getattr(item, field): item for item in side} for side in (old, new))
            if len(before) == len(old) and len(after) == len(new):
                return field, before, after
    return "", dict(enumerate(old, 1)), dict(enumerate(new, 1))


def _are_blocks(items: Any) -> TypeGuard[tuple[Block, ...]]:
    return isinstance(items, tuple) and all(isinstance(i, Block) and not isinstance(i, Text) for i in items)


def _is_wording(rule: str, old: Any, new: Any) -> bool:
    sides = [side for side in (old, new) if side is not None]
    return rule.startswith("metadata.") or rule.endswith(".name") or all(_is_text(side) for side in sides)


def _is_text(value: Any) -> bool:
    return isinstance(value, Text) or (isinstance(value, tuple) and value != () and all(map(_is_text, value)))


def _is_paid(rule: str) -> bool:
    steps = rule.split(".")
    return not any(".".join(steps[:n]) in _UNPAID for n in range(1, len(steps) + 1))
