"""What a report said before: a posted period is not edited in silence (C16).

A report of a period that was over keeps to its figures.  When one made anew states a key figure
otherwise, its entry holds what the earlier one said, `restates`, and its page shows it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from salesops_lib.runs import inputs
from salesops_lib.runs.units import Unit

#: What is kept of the earlier report beside its figures.
_KEPT = ("run_id", "finished_at", "currency", "display_unit")


def earlier(
    entries: Iterable[Mapping[str, Any]], report: str, period: str, unit: Unit
) -> Mapping[str, Any] | None:
    """The newest entry of this report, period and unit, in whichever language; never another unit's."""
    own = (report, period, unit.by, unit.name)
    found = [e for e in entries if (e["report"], e["period"], e.get("by", ""), e.get("unit", "")) == own]
    return max(found, key=lambda entry: entry["finished_at"], default=None)


def restates(
    before: Mapping[str, Any] | None, page: Mapping[str, Any], parts: Mapping[str, Any]
) -> dict[str, Any]:
    """Figures of `before` that `page`, made of `parts`, states otherwise; empty where there are none.

    Where all are equal, what `before` itself restated stands: made again of the same, a page is
    the same.  `because` names the parts that changed.

    >>> once = {"is_complete": True, "key_figures": {"bookings": 10}, "run_id": "a", "finished_at": "2026-01-03",
    ...         "currency": "CNY", "display_unit": "auto", "parts": {"data": "1", "lang": "en"}}
    >>> found = restates(once, {"key_figures": {"bookings": 12}}, {"data": "2", "lang": "zh"})
    >>> found["because"], found["key_figures"]
    (['data'], {'bookings': 10})
    >>> restates({**once, "restates": found}, {"key_figures": {"bookings": 10}}, {"data": "3"}) == found
    True
    """
    if not before or not before.get("is_complete"):
        return {}
    now, known = page.get("key_figures", {}), before.get("parts", {})
    changed = {m: value for m, value in before.get("key_figures", {}).items() if now.get(m) != value}
    if not changed:
        return dict(before.get("restates", {}))
    because = sorted(name for name in parts if name != "lang" and parts[name] != known.get(name))
    return {**{name: before[name] for name in _KEPT}, "because": because, "key_figures": changed}


def key(parts: Mapping[str, Any], restated: Mapping[str, Any]) -> str:
    """The key of a page: its `parts`, and what it restates, where it restates something."""
    return inputs.key({**parts, "restates": restated} if restated else parts)
