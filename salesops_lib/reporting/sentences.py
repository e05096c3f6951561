"""Findings as sentences: worded by the catalogue, numbers marked and linked, names escaped."""

from __future__ import annotations

from markupsafe import Markup, escape

from salesops_lib.errors import RunError
from salesops_lib.metrics import Finding
from salesops_lib.reporting import catalogue
from salesops_lib.reporting.definitions import anchor
from salesops_lib.reporting.numbers import MoneyUnit, is_missing
from salesops_lib.reporting.voice import TEXT_FORMATS, Voice


def say(finding: Finding, voice: Voice, money: MoneyUnit | None = None) -> Markup:
    """The finding as an HTML-safe sentence, all its money in one unit.

    Numbers stand in `<b class="num">` with the metric's id, linked to its definition.

    Parameters
    ----------
    finding
        Message id and values; money in minor units, rates between 0 and 1.
    voice
        Language and currency.
    money
        The unit of money of the surroundings; chosen for the sentence when not given.

    Raises
    ------
    RunError
        If the message is unknown, or a value that its template names is missing.
    """
    return Markup("").join(_parts(finding, voice, money))


def plain(finding: Finding, voice: Voice, money: MoneyUnit | None = None) -> str:
    """The finding as plain text: for alt texts, workbooks and the index."""
    return "".join(literal + text for literal, text, _ in _worded(finding, voice, money))


def _parts(finding: Finding, voice: Voice, money: MoneyUnit | None) -> list[Markup]:
    parts: list[Markup] = []
    for literal, text, is_number in _worded(finding, voice, money):
        parts.append(escape(literal))
        parts.append(_number(text, finding.metric) if is_number else escape(text))
    return parts


def _number(text: str, metric: str) -> Markup:
    if not metric:
        return Markup('<b class="num">{}</b>').format(text)
    return Markup('<b class="num" data-metric="{}"><a href="#def-{}">{}</a></b>').format(
        metric, anchor(metric), text
    )


def _worded(finding: Finding, voice: Voice, money: MoneyUnit | None) -> list[tuple[str, str, bool]]:
    parts = catalogue.fields(catalogue.message(finding.id, voice.lang))
    amounts = [_value(finding, name) for _, name, spec in parts if spec.rstrip("+") == "money"]
    unit = money or voice.money(
        (v for v in amounts if not is_missing(v) and not isinstance(v, str)), is_table=False
    )
    return [
        (literal, voice.field(_value(finding, name), spec, unit) if name else "", spec not in TEXT_FORMATS)
        for literal, name, spec in parts
    ]


def _value(finding: Finding, name: str) -> object:
    if name not in finding.values:
        given = ", ".join(map(str, finding.values)) or "nothing"
        raise RunError(f"message {finding.id!r} needs the value {name!r}; the finding gives {given}.")
    return finding.values[name]
