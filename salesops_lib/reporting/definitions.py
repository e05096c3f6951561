"""What the registry says of a metric, as a report shows it: name, unit, definition."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Definition:
    """A metric's entry: one number, one definition.

    `good` is the direction of good news: 1 up, −1 down, 0 neither.
    """

    id: str
    ref: str = ""
    en: str = ""
    zh: str = ""
    formula: str = ""
    unit: str = ""
    date_basis: str = ""
    source: str = ""
    completeness: str = ""
    good: int = 1


def definition(metric_id: str) -> Definition | None:
    """The registry's entry of a metric, or None where it has none."""
    from salesops_lib import metrics

    entry = getattr(metrics, "REGISTRY", {}).get(metric_id)
    if entry is None:
        return None
    given = {
        name: _plain(getattr(entry, name))
        for name in Definition.__dataclass_fields__
        if name != "good" and getattr(entry, name, None) is not None
    }
    return Definition(**given, good=int(getattr(entry, "good", 1)))


def _plain(value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return ", ".join(sorted(map(str, value)) if isinstance(value, (set, frozenset)) else map(str, value))
    return str(value)


def metric_name(metric_id: str, lang: str) -> str:
    """A metric's name in a language; its id made readable where the registry has none.

    >>> metric_name("no_such_metric", "en")
    'No such metric'
    """
    entry = definition(metric_id)
    name = (entry.zh if lang.startswith("zh") else entry.en) if entry else ""
    if name:
        return name
    plain = metric_id.replace("_", " ").strip()
    return plain[:1].upper() + plain[1:]


def metric_unit(metric_id: str, default: str = "money") -> str:
    """A metric's unit by the registry."""
    entry = definition(metric_id)
    return entry.unit if entry and entry.unit else default


def better(metric_id: str) -> str:
    """The direction of good news of a metric: higher, lower or none.

    >>> better("no_such_metric")
    'higher'
    """
    entry = definition(metric_id)
    return {1: "higher", -1: "lower"}.get(entry.good, "none") if entry else "higher"


def anchor(text: str) -> str:
    """A text as part of an HTML id: letters and digits of any language, dashes, nothing else.

    >>> anchor('Win rate <b>"x"</b>')
    'win-rate-b-x-b'
    """
    return re.sub(r"[^\w]+", "-", text.lower()).strip("-") or "x"
