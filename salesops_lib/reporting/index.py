"""The index of all reports: which there are, how fresh, how good their data."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from salesops_lib.reporting.assets import stylesheet
from salesops_lib.reporting.numbers import MINUS, month
from salesops_lib.reporting.privacy import unit_shown
from salesops_lib.reporting.template import POLICY, environment, relative_address
from salesops_lib.reporting.voice import Voice


def render_index(entries: Sequence[Mapping[str, Any]], lang: str = "en", *, title: str = "") -> str:
    """The page `reports/index.html`, newest period first.

    Parameters
    ----------
    entries
        One a report, period, unit and language: `report`, `period`, `lang`, `state`, and where
        there are: `unit`, `title`, `headline`, `as_of` (ISO date), `grade`, `html`, `xlsx`, `pdf`
        (relative addresses), `cause` of a failure.
    lang
        Language of the page.
    title
        Heading; the catalogue's when empty.
    """
    voice = Voice(lang)
    groups: dict[str, list[dict[str, Any]]] = {}
    for entry in sorted(entries, key=lambda e: str(e.get("report", ""))):
        groups.setdefault(str(entry.get("period", "")), []).append(_card(entry, voice))
    periods = [{"name": month(p, lang), "cards": _merged(groups[p])} for p in sorted(groups, reverse=True)]
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            lang="zh-CN" if lang.startswith("zh") else "en",
            title=title or voice.word("ui.index_title"),
            policy=POLICY,
            style=stylesheet("exhibit.css") + stylesheet("page.css") + stylesheet("index.css"),
            periods=periods,
            n=sum(len(p["cards"]) for p in periods),
            word=voice.word,
        )
    )


def _card(entry: Mapping[str, Any], voice: Voice) -> dict[str, Any]:
    state, report = str(entry.get("state", "published")), str(entry.get("report", ""))
    as_of = str(entry.get("as_of") or "")
    return {
        "report": report,
        "lang": str(entry.get("lang", "")),
        "unit": unit_shown(str(entry.get("unit") or "")),
        "title": voice.name("report", report),
        "headline": _unbroken(str(entry.get("headline") or "")),
        "state": voice.name("state", state),
        "is_failed": state == "failed",
        "cause": str(entry.get("cause") or ""),
        "fresh": voice.word("ui.as_of", day=as_of) if as_of else "",
        "grade": voice.word("ui.grade", grade=entry["grade"]) if entry.get("grade") else "",
        "html": relative_address(str(entry.get("html") or "")),
        "files": _files(entry),
        "language": voice.name("lang", str(entry.get("lang", ""))),
        "is_own": str(entry.get("lang", "")) == voice.lang,
    }


def _files(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What lies beside a page: kind and relative address."""
    addresses = ((kind, relative_address(str(entry.get(kind) or ""))) for kind in ("xlsx", "pdf"))
    return [(kind, address) for kind, address in addresses if address]


_AMOUNT = re.compile(rf"[+{MINUS}]?[^\w\s]?\d[\d.,]*(?:%|[kMB]\b)?")


def _unbroken(text: str) -> Markup:
    """A sentence whose numbers stay on one line, sign and currency included."""
    parts, at = [], 0
    for found in _AMOUNT.finditer(text):
        parts += [escape(text[at : found.start()]), Markup('<span class="nb">{}</span>').format(found[0])]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])


def _merged(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One card a report: the whole company in the page's language leads; languages and units are links."""
    merged: dict[str, dict[str, Any]] = {}
    for card in sorted(cards, key=lambda c: (c["report"], bool(c["unit"]), not c["is_own"], c["unit"])):
        lead = merged.setdefault(card["report"], _lead(card))
        if card["unit"]:
            lead["units"].setdefault(card["unit"], []).append(card)
        else:
            lead["links"].append(card)
    return list(merged.values())


def _lead(card: dict[str, Any]) -> dict[str, Any]:
    """What a report's card says; where only units have it, it speaks for none of them."""
    bare = dict.fromkeys(("headline", "html", "cause"), "") if card["unit"] else {}
    return {**card, **bare, "links": [], "units": {}}
