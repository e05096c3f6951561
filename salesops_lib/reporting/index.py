"""The index of all reports: which there are, how fresh, how good their data, and what changed.

It is whole without a script; one that its policy names by digest filters it as one types.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from salesops_lib.reporting import figures
from salesops_lib.reporting.assets import stylesheet
from salesops_lib.reporting.catalogue import find
from salesops_lib.reporting.numbers import LANGUAGES, MINUS, month
from salesops_lib.reporting.privacy import unit_shown
from salesops_lib.reporting.template import POLICY, environment, relative_address
from salesops_lib.reporting.voice import Voice

#: Periods that the calendar shows at once; earlier ones are folded.
UNFOLDED = 12
#: What a reader must hear of first.
_WORST = ("failed", "missing", "stale")
Entry = Mapping[str, Any]


def render_index(entries: Sequence[Entry], lang: str = "en", *, title: str = "", at: str = "") -> str:
    """The index page in a language, newest period first.

    Parameters
    ----------
    entries
        One a report, period, unit and language: `report`, `period`, `lang`, `state`, and where
        there are: `unit`, `on_request` (no period lacks it), `title`, `headline`, `as_of` (ISO date), `grade`, `html`, `xlsx`, `pdf`
        (relative addresses), `cause` of its state (a word of the catalogue), and what
        `figures.latest` and `figures.restatement` read.
    lang
        Language of the page.
    title
        Heading; the catalogue's when empty.
    at
        When this was so, an ISO time in UTC.
    """
    voice, reports = Voice(lang), sorted({str(entry.get("report", "")) for entry in entries})
    on_request = {str(entry.get("report", "")) for entry in entries if entry.get("on_request")}
    expected = [report for report in reports if report not in on_request]
    groups: dict[str, dict[str, list[Entry]]] = {}
    for entry in sorted(entries, key=lambda e: [str(e.get(k) or "") for k in ("report", "unit", "lang")]):
        group = groups.setdefault(str(entry.get("period", "")), {})
        group.setdefault(str(entry.get("report", "")), []).append(entry)
    periods: list[dict[str, Any]] = [
        {
            "id": n,
            "name": month(label, lang),
            "cards": {r: _card(f"{n}-{i}", own, voice) for i, (r, own) in enumerate(groups[label].items())},
            "commands": {r: _command(r, label) for r in expected if r not in groups[label]},
        }
        for n, label in enumerate(sorted(groups, reverse=True))
    ]
    total = sum(len(p["cards"]) for p in periods)
    script = stylesheet("index.js")
    return (
        environment()
        .get_template("index.html.j2")
        .render(
            lang="zh-CN" if lang.startswith("zh") else "en",
            title=title or voice.word("ui.index_title"),
            policy=f"{POLICY}; script-src '{_digest(script)}'",
            script=script,
            style=stylesheet("exhibit.css") + stylesheet("page.css") + stylesheet("index.css"),
            others=[(f"index.{one}.html", voice.name("lang", one), one) for one in LANGUAGES if one != lang],
            state_of=voice.word("ui.index_at", day=at[:10], time=at[11:16]) if at else "",
            reports=[(report, voice.name("report", report)) for report in reports],
            folds=[periods[:UNFOLDED], periods[UNFOLDED:]],
            periods=periods,
            changes=_changes(entries, periods, voice),
            n=total,
            found=voice.word("ui.found", n="#", total=str(total)),
            word=voice.word,
        )
    )


def _digest(script: str) -> str:
    """What a content security policy calls a script by."""
    return f"sha256-{b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


def _command(report: str, period: str) -> str:
    return shlex.join(["salesops", "run", report, "--period", period])


def _card(id: str, entries: list[Entry], voice: Voice) -> dict[str, Any]:
    """One report of a period: the whole company in the page's language leads; units are links, and say nothing."""
    whole = [e for e in entries if not e.get("unit")]
    whole.sort(key=lambda e: e.get("lang") != voice.lang)
    lead: Entry = whole[0] if whole else {}
    units: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        if entry.get("unit"):
            units.setdefault(str(entry["unit"]), []).append(_link(entry, voice))
    as_of, grade = str(lead.get("as_of") or ""), lead.get("grade")
    links, standing = [_link(entry, voice) for entry in whole], _standing(whole, voice)
    brief = [
        "" if standing["is_bad"] else standing["state"],
        voice.word("ui.grade_short", grade=grade) if grade else "",
        voice.field(as_of, "date") if as_of else "",
    ]
    return {
        "id": id,
        "title": voice.name("report", str(entries[0].get("report", ""))),
        "find": _findable(entries[0], whole),
        "headline": _unbroken(str(lead.get("headline") or "")),
        **standing,
        "brief": " · ".join(filter(None, brief)),
        "fresh": voice.word("ui.as_of", day=as_of) if as_of else "",
        "grade": voice.word("ui.grade", grade=grade) if grade else "",
        "restated": _restated(lead, voice),
        "html": links[0]["html"] if links else "",
        "links": links,
        "units": [(_unit_name(unit, own[0]), own) for unit, own in units.items()],
        "n_failed": sum(any(link["is_bad"] for link in own) for own in units.values()),
    }


def _unit_name(unit: str, link: dict[str, Any]) -> str:
    """What a unit is called; a customer by its name too, since its id says little."""
    shown = unit_shown(unit, link["by"])
    name = link["scope"] if link["by"] == "customer" else ""
    return f"{name} · {shown}" if name and name != shown else shown


def _link(entry: Entry, voice: Voice) -> dict[str, Any]:
    files = ((kind, relative_address(str(entry.get(kind) or ""))) for kind in ("xlsx", "pdf"))
    state = str(entry.get("state") or "published")
    return {
        "by": str(entry.get("by") or ""),
        "scope": str(entry.get("scope") or ""),
        "html": relative_address(str(entry.get("html") or "")),
        "files": [(kind, address) for kind, address in files if address],
        "language": voice.name("lang", str(entry.get("lang", ""))),
        "state": voice.name("state", state) if state in _WORST else "",
        "is_bad": state in ("failed", "missing"),
        "is_restated": bool(entry.get("restates")),
    }


def _standing(whole: list[Entry], voice: Voice) -> dict[str, Any]:
    """State of the report that needs most attention among its languages, and why, in words."""
    states = [str(entry.get("state") or "published") for entry in whole]
    state = next((s for s in _WORST if s in states), "published" if whole else "")
    entry: Entry = whole[states.index(state)] if state in states else {}
    cause = str(entry.get("cause") or "")
    why = find(f"cause.{cause}", voice.lang) or cause
    if state == "failed" and relative_address(str(entry.get("html") or "")):
        gap = "" if voice.lang.startswith("zh") else " "
        why = f"{why}{gap}{voice.word('ui.last_good')}".strip()
    shown = state or next(iter(states), "")
    return {
        "state": voice.name("state", shown) if shown else "",
        "is_bad": state in ("failed", "missing"),
        "cause": why,
    }


def _findable(entry: Entry, whole: list[Entry]) -> str:
    """What a card is found by, in every language: names, period, state, and what the company's report says."""
    report, period = str(entry.get("report", "")), str(entry.get("period", ""))
    voices = [Voice(lang) for lang in LANGUAGES]
    states = {str(e.get("state") or "published") for e in whole} | {
        "restated" for e in whole if e.get("restates")
    }
    words = [report, period]
    for voice in voices:
        words += [voice.name("report", report), month(period, voice.lang)]
        words += [voice.name("state", state) for state in sorted(states)]
    return " ".join(dict.fromkeys([*words, *(str(e.get("headline") or "") for e in whole)]))


def _restated(lead: Entry, voice: Voice) -> list[str]:
    """A line for each figure that the report states otherwise than an earlier one did."""
    told = figures.restatement(lead, voice.lang)
    return [
        voice.word("restated.line", day=told["day"], **{**row, "change": row["change"] or row["now"]})
        for row in told.get("rows", ())
    ]


def _changes(entries: Iterable[Entry], periods: list[dict[str, Any]], voice: Voice) -> list[dict[str, Any]]:
    """By report: its newest key figures against those of the period before, and the periods that were restated."""
    found = figures.latest(entries, voice.lang)
    return [
        {
            "title": voice.name("report", report),
            "now": month(told["now"], voice.lang),
            "before": month(told["before"], voice.lang) if told["before"] else "",
            "rows": told["rows"],
            "restated": [
                (p["cards"][report]["id"], p["name"])
                for p in periods
                if report in p["cards"] and p["cards"][report]["restated"]
            ],
        }
        for report, told in found.items()
    ]


_AMOUNT = re.compile(rf"[+{MINUS}]?[^\w\s]?\d[\d.,]*(?:%|[kMB]\b)?")


def _unbroken(text: str) -> Markup:
    """A sentence whose numbers stay on one line, sign and currency included."""
    parts, at = [], 0
    for found in _AMOUNT.finditer(text):
        parts += [escape(text[at : found.start()]), Markup('<span class="nb">{}</span>').format(found[0])]
        at = found.end()
    return Markup("").join([*parts, escape(text[at:])])
