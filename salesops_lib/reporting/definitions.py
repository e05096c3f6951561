"""What the registry says of a metric, as a report shows it: name, unit, definition."""

from __future__ import annotations

import re

from salesops_lib import metrics
from salesops_lib.metrics import Metric


def definition(metric_id: str) -> Metric | None:
    """The registry's entry of a metric, or None where it has none."""
    return metrics.REGISTRY.get(metric_id)


def metric_name(metric_id: str, lang: str) -> str:
    """A metric's name in a language; its id made readable where the registry has none.

    >>> metric_name("no_such_metric", "en")
    'No such metric'
    """
    entry = definition(metric_id)
    if entry:
        return entry.name(lang)
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
