"""Key figures: what the head of a report states, kept as numbers so that reports can be compared.

What a report says of itself (`page.<lang>.json`, and its entry of the manifest) has them by metric
as `key_figures`, beside the `currency` and `display_unit` they are shown in.  No word of a
language is among them; they are worded where they are shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from salesops_lib import metrics as registered
from salesops_lib.metrics import Exhibit, Finding, Missing
from salesops_lib.reporting.definitions import metric_name, metric_unit
from salesops_lib.reporting.numbers import fixed, is_missing, percent, points
from salesops_lib.reporting.voice import Voice

AT_MOST = 12
#: Decimals that a page shows of a unit; money in minor units and counts are whole.
_DECIMALS = {"ratio": 3, "pp": 3, "index": 1, "score": 1, "days": 1, "multiple": 1, "quantity": 2}
Said = Mapping[str, Any]


def stated(shown: Iterable[Exhibit | Missing | Finding]) -> dict[str, float]:
    """The figures that the findings of `shown` name as theirs, by metric, to the digit shown.

    The first of a metric counts; a missing value is none.

    >>> stated([Finding("share.now", {"share": 0.11864}, "market_share", figure="share"), Missing("x", ())])
    {'market_share': 0.119}
    """
    found: dict[str, float] = {}
    for finding in (f for thing in shown for f in _findings(thing) if f.figure):
        if not is_missing(value := finding.values.get(finding.figure)):
            found.setdefault(finding.metric, _rounded(value, metric_unit(finding.metric, "quantity")))
    return dict(islice(found.items(), AT_MOST))


def _findings(thing: Exhibit | Missing | Finding) -> tuple[Finding, ...]:
    if isinstance(thing, Finding):
        return (thing,)
    return thing.findings if isinstance(thing, Exhibit) else ()


def _rounded(value: Any, unit: str) -> float:
    decimals = _DECIMALS.get(unit)
    return round(float(value), decimals) if decimals else round(value)


def compared(before: Said, now: Said, lang: str, metrics: Iterable[str]) -> list[dict[str, str]]:
    """Rows `name`, `before`, `now`, `change`, `share` of two reports' figures, in the registry's order.

    `share` is the change of an amount or a count as a rate; empty where it says nothing.
    """
    order = {metric: n for n, metric in enumerate(registered.REGISTRY)}
    told = [_voice(said, lang) for said in (before, now)]
    return [
        _row(metric, *(said.get("key_figures", {}).get(metric) for said in (before, now)), *told)
        for metric in sorted(metrics, key=lambda m: (order.get(m, len(order)), m))
    ]


def _voice(said: Said, lang: str) -> Voice:
    return Voice(lang, said.get("currency") or "CNY", said.get("display_unit") or "auto")


def _row(metric: str, before: Any, now: Any, then: Voice, voice: Voice) -> dict[str, str]:
    unit, is_both = metric_unit(metric, "quantity"), before is not None and now is not None
    row = {"name": metric_name(metric, voice.lang), "change": "", "share": ""}
    if unit != "money":
        change = _change(now - before, unit, voice) if is_both else ""
        row |= {"before": voice.cell(before, unit), "now": voice.cell(now, unit), "change": change}
    elif then.currency == voice.currency:
        both = voice.money([before, now])
        row |= {"before": both.text(before), "now": both.text(now)}
        if is_both:  # one that their unit does not show is told in its own
            unit_of = voice.money([now - before]) if row["before"] == row["now"] else both
            row["change"] = unit_of.text(now - before, signed=True)
    else:
        row |= {"before": then.field(before, "money"), "now": voice.field(now, "money")}
        return row
    if is_both and unit in ("money", "count") and before > 0 and (rate := round(now / before - 1, 3)):
        row["share"] = percent(rate, signed=True)
    return row


def _change(difference: float, unit: str, voice: Voice) -> str:
    decimals = _DECIMALS.get(unit, 0)
    if unit in ("ratio", "pp"):
        return points(round(difference, decimals), voice.lang)
    return fixed(difference, decimals, signed=True)


def restatement(said: Said, lang: str) -> dict[str, Any]:
    """What the report `said` states otherwise than an earlier one of the same period; empty where nothing.

    Returns
    -------
    dict
        `day` and `run` of the earlier report, what the page `says` of it, and `rows` as of `compared`.
    """
    before = said.get("restates") or {}
    if not before:
        return {}
    voice, day = Voice(lang), before["finished_at"][:10]
    changed = tuple(voice.word(f"part.{part}") for part in before["because"])
    return {
        "day": day,
        "run": before["run_id"],
        "says": voice.word("restated.changed", day=day, names=changed)
        if changed
        else voice.word("restated.unexplained", day=day),
        "rows": compared(before, said, lang, before["key_figures"]),
    }


def latest(entries: Iterable[Said], lang: str) -> dict[str, dict[str, Any]]:
    """By report, the figures of its newest period against those of the one before, as each was reported.

    Like is compared with like: whole companies, and periods that were over, of the kind that the
    report is made for most.  Their rows have no `share`: growth from month to month is per
    working day (C7), which only the reports can tell.

    Returns
    -------
    dict
        By report, `now` and `before` (labels of periods; `before` empty where there is none) and
        `rows` as of `compared`.
    """
    found = {}
    for report, periods in sorted(_reported(entries).items()):
        kinds = Counter(_kind(period) for period in periods)
        usual = max(kinds, key=lambda kind: (kinds[kind], kind))
        now, before, *_ = *sorted((p for p in periods if _kind(p) == usual), reverse=True), ""
        last = periods[now]
        earlier = periods[before] if before else {"currency": last.get("currency")}
        rows = compared(earlier, last, lang, last["key_figures"])
        found[report] = {"now": now, "before": before, "rows": [{**row, "share": ""} for row in rows]}
    return found


def _reported(entries: Iterable[Said]) -> dict[str, dict[str, Said]]:
    """The newest entry with figures of each report and period."""
    found: dict[str, dict[str, Said]] = {}
    for entry in sorted(entries, key=lambda e: (str(e.get("finished_at", "")), str(e.get("lang", "")))):
        if entry.get("key_figures") and entry.get("is_complete") and not entry.get("unit"):
            found.setdefault(entry["report"], {})[entry["period"]] = entry
    return found


def _kind(period: str) -> str:
    """Months, quarters, weeks … by the form of their labels.

    >>> _kind("2026-03") == _kind("2025-12"), _kind("2026-Q1") == _kind("2026-03")
    (True, False)
    """
    return "".join("0" if c.isdigit() else c for c in period)
