"""What a report says of itself: about what, as of when, under which policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from salesops_lib.reporting.numbers import month
from salesops_lib.reporting.voice import Voice


@dataclass(frozen=True)
class Imprint:
    """Plain facts of a report's header and end; dates are days, `period` is a label like 2026-03."""

    voice: Voice
    period: str = ""
    period_name: str = ""
    as_of: date | None = None
    is_complete: bool = True
    to_date: str = ""
    company: str = ""
    scope: str = ""
    grade: str = ""
    policy_version: str = ""
    policy_sha256: str = ""
    data: str = ""
    loaded: frozenset[str] | None = None


def imprint(workspace: Any, *, grade: str = "", scope: str = "") -> Imprint:
    """The imprint of a workspace, which may lack any of the attributes.

    Read are `facts.rows`, `facts.fingerprint`, `lang`, `period.label`, `as_of`, `window`, `policy`, `calendar`, `currency`,
    `company_name`, `scope`, `grade`; of the policy `version`, `sha256`,
    `semantics.currency` and `report.display_unit`.
    """
    policy = getattr(workspace, "policy", None)
    lang = str(_read(workspace, "lang", "en"))
    currency = _read(workspace, "currency", "") or _read(policy, "semantics.currency", "CNY")
    unit = str(_read(policy, "report.display_unit", "auto"))
    voice = Voice(lang, str(currency), unit, _names(policy, lang))
    period = getattr(workspace, "period", "")
    label = str(getattr(period, "label", period) or "")
    window = _window(workspace, period)
    is_complete = bool(getattr(window, "is_complete", True))
    return Imprint(
        voice=voice,
        period=label,
        period_name=month(label, lang),
        as_of=getattr(workspace, "as_of", None),
        is_complete=is_complete,
        to_date="" if is_complete else _to_date(workspace, period, window, voice),
        company=_company(workspace, lang),
        scope=scope or str(_read(workspace, "scope", "") or ""),
        grade=grade or str(_read(workspace, "grade", "") or ""),
        policy_version=str(_read(policy, "version", "") or ""),
        policy_sha256=str(_read(policy, "sha256", "") or ""),
        data=str(_read(workspace, "facts.fingerprint", "") or ""),
        loaded=_loaded(workspace),
    )


def _loaded(workspace: Any) -> frozenset[str] | None:
    """Tables that hold rows; None where nobody knows."""
    rows = _read(workspace, "facts.rows", None)
    return None if rows is None else frozenset(table for table, n in rows.items() if n)


def _names(policy: Any, lang: str) -> dict[str, str]:
    """What the policy calls its regions, channels, stages …, by id."""
    return dict(policy.names(lang)) if hasattr(policy, "names") else {}


def _read(thing: Any, path: str, default: Any) -> Any:
    for name in path.split("."):
        thing = getattr(thing, name, None)
        if thing is None:
            return default
    return thing


def _window(workspace: Any, period: Any) -> Any:
    window = getattr(workspace, "window", None)
    if window is not None and not callable(window):
        return window
    calendar = getattr(workspace, "calendar", None)
    if calendar is None or not hasattr(period, "start") or getattr(workspace, "as_of", None) is None:
        return None
    return calendar.window(period, workspace.as_of)


def _to_date(workspace: Any, period: Any, window: Any, voice: Voice) -> str:
    calendar, done = getattr(workspace, "calendar", None), getattr(window, "n_workdays", None)
    if calendar is None or done is None or not hasattr(period, "start"):
        return voice.word("ui.to_date_plain")
    total = calendar.working_days(period.start, period.end)
    return voice.word("ui.to_date", done=done, total=total)


def _company(workspace: Any, lang: str) -> str:
    name = _read(workspace, "company_name", "")
    if isinstance(name, dict):
        return str(name.get(lang, ""))
    return str(getattr(name, lang, name) or "") if not isinstance(name, str) else name
