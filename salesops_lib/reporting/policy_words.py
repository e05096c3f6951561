"""Rules of a policy in words: the catalogue's sentence of a path, its values as people write them.

A policy states exact values, so nothing is rounded here: 661,000,000 stays itself, 0.125 is 12.5%.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from salesops_lib.reporting import catalogue, numbers
from salesops_lib.reporting.definitions import metric_name, metric_unit
from salesops_lib.reporting.voice import Voice

if TYPE_CHECKING:
    from salesops_lib.policy import Policy

#: Columns of numbers, set to the right.
NUMBERS = frozenset(
    {"share", "signed", "points", "amount", "number", "target", "limit", "beyond", "bound", "edge", "level"}
)


class Clerk:
    """Says rules and values of one policy in one language."""

    def __init__(self, policy: Policy, lang: str) -> None:
        self.voice = Voice(lang, policy.semantics.currency, names=policy.names(lang))
        self.lang = self.voice.lang
        components = (component for plan in policy.incentives.plans for component in plan.components)
        named = (*components, *policy.training.courses, *policy.risk.rules)
        self.names = {item.id: getattr(item, lang) for item in named} | dict(self.voice.names)

    def word(self, id: str, **values: Any) -> str:
        """A message of the catalogue, its fields written by their formats."""
        return self._filled(catalogue.message(id, self.lang), values)

    def name(self, path: str) -> str:
        """What a section, table or rule is called; its key made readable where the catalogue has no name."""
        key = path.rpartition(".")[2]
        return catalogue.find(f"policy.{path}", self.lang) or self.voice.name("policy.word", key)

    def called(self, entry: Any) -> str:
        """The name of an entry of a list: its own in this language, else its id."""
        return str(getattr(entry, self.lang, getattr(entry, "id", "")))

    def rule(self, path: str, value: Any, row: Mapping[str, Any] | None = None) -> str:
        """The sentence of a rule; its name and value where the catalogue has none; empty where nothing is said.

        `row` are the other values of its entry, for limits in the unit of their measure.
        """
        template = catalogue.find(f"policy.{path}.{_literal(value)}", self.lang)
        if template is None:
            template = catalogue.find(f"policy.{path}", self.lang) or self._unworded(path)
        return self._filled(template, {**(row or {}), **_fields(value)})

    def entry(self, path: str, row: Mapping[str, Any]) -> str | None:
        """The one sentence of an entry of a list, where the catalogue has one."""
        template = catalogue.find(f"policy.{path}.*", self.lang)
        if template is None:
            return None
        parts = template.split("¦")
        said = [
            p
            for p in parts
            if all(row[field] not in (None, ()) for _, field, _ in catalogue.fields(p) if field)
        ]
        return self._filled("".join(said), row)

    def column(self, path: str) -> tuple[str, str]:
        """Heading of a column, and the template of its cells; no heading where the rule is a sentence."""
        template = catalogue.find(f"policy.{path}", self.lang) or self._unworded(path)
        heading, _, cell = template.partition("：" if self.lang == "zh" else ": ")
        return (heading, cell) if cell and "{" not in heading else ("", template)

    def cell(self, template: str, value: Any, row: Mapping[str, Any]) -> str:
        """A cell of a table; empty where nothing is set."""
        if value is None or value == ():
            return ""
        said = self._filled(template, {**row, **_fields(value)})
        return said[:1].upper() + said[1:] if template.startswith(_WORDS) else said

    def _unworded(self, path: str) -> str:
        return self.name(path) + ("：" if self.lang == "zh" else ": ") + "{value:name}"

    def _filled(self, template: str, values: Mapping[str, Any]) -> str:
        parts = []
        for literal, field, spec in catalogue.fields(template):
            parts += [literal, self.say(values[field], spec, values) if field else ""]
        return "".join(parts)

    def say(self, value: Any, spec: str, row: Mapping[str, Any] | None = None) -> str:
        """A value in one of the `FORMATS`, or counted by `one|many`."""
        if spec in ("curve", "grid") and isinstance(value[0], tuple):
            link = " → " if spec == "curve" else ", "
            return "; ".join(link.join(map(_share, row_of)) for row_of in value)
        if isinstance(value, tuple):
            return self._listed([self.say(item, spec, row) for item in value], spec)
        if value is None:
            return numbers.MISSING
        if "|" in spec:
            one, _, many = spec.partition("|")
            return f"{_exact(value)} {one if value == 1 else many}"
        return self._ways[spec or "text"](self, value, row or {})

    def _listed(self, said: list[str], spec: str) -> str:
        glue = "; " if spec == "wording" else ", "
        if self.lang == "zh":
            glue = "；" if spec == "wording" else "、"
        last = catalogue.message(f"policy.word.{'or' if spec == 'anyone' else 'and'}", self.lang)
        if spec == "wording" or len(said) < 2:
            return glue.join(said) or numbers.MISSING
        return glue.join(said[:-1]) + last + said[-1]

    def _name(self, value: Any, row: Mapping[str, Any]) -> str:
        """What the policy calls one of its ids."""
        return self._text(value, row) if hasattr(value, self.lang) else self.names.get(str(value), str(value))

    def _word(self, value: Any, row: Mapping[str, Any]) -> str:
        """What we call one of the words that a value may be."""
        text = str(value).lower() if isinstance(value, bool) else str(value)
        return catalogue.find(f"policy.word.{text}", self.lang) or text

    def _text(self, value: Any, row: Mapping[str, Any]) -> str:
        return str(getattr(value, self.lang, value))

    def _grade(self, value: Any, row: Mapping[str, Any]) -> str:
        return f"{value.id} {getattr(value, self.lang)}"

    def _amount(self, value: Any, row: Mapping[str, Any]) -> str:
        unit = numbers.MoneyUnit(
            self.voice.currency, self.lang, "", Decimal(1), 0 if value == int(value) else 2
        )
        return unit.text(Decimal(str(value)) * 10 ** numbers.precision(self.voice.currency))

    def _of_unit(self, value: Any, unit: str) -> str:
        if unit == "money":
            return self._amount(value, {})
        return _share(value) if unit == "ratio" else _exact(value)

    def _target(self, value: Any, row: Mapping[str, Any]) -> str:
        return self._of_unit(value, metric_unit(str(row.get("measure", ""))))

    def _limit(self, value: Any, row: Mapping[str, Any]) -> str:
        if row.get("method") == "threshold":
            return self._target(value, row)
        return _share(value, signed=True) if row.get("method") == "change" else _exact(value)

    def _beyond(self, value: Any, row: Mapping[str, Any]) -> str:
        kind = row.get("when")
        return self._of_unit(value, {"amount": "money", "discount_rate": "ratio"}.get(str(kind), "number"))

    def _edge(self, value: Any, row: Mapping[str, Any]) -> str:
        """Where a tier begins: an attainment, or an amount of the component's measure."""
        return self._target(value, row) if row.get("basis") == "amount" else _share(value)

    def _level(self, value: Any, row: Mapping[str, Any]) -> str:
        """A bound on an attainment, or on the measure itself."""
        return self._target(value, row) if row.get("of") == "value" else _share(value)

    def _bound(self, value: Any, row: Mapping[str, Any]) -> str:
        return numbers.day(value, self.lang) if isinstance(value, date) else _exact(value)

    def _month_day(self, value: Any, row: Mapping[str, Any]) -> str:
        from babel.dates import format_date

        day = date.fromisoformat(f"2000-{value}")
        return str(format_date(day, "M月d日" if self.lang == "zh" else "d MMMM", locale=_LOCALES[self.lang]))

    def _span(self, value: Any, row: Mapping[str, Any]) -> str:
        key = "from" if value.end is None else "from_to"
        return self.word(f"policy.document.{key}", first=value.start, last=value.end)

    def _country(self, value: Any, row: Mapping[str, Any]) -> str:
        from babel import Locale

        return str(Locale.parse(_LOCALES[self.lang]).territories.get(value, value))

    def _currency(self, value: Any, row: Mapping[str, Any]) -> str:
        return (
            f"{numbers.currency_name(value, self.lang)} ({value})"
            if self.lang == "en"
            else f"{numbers.currency_name(value, 'zh')}（{value}）"
        )

    def _points(self, value: Any, row: Mapping[str, Any]) -> str:
        unit = "个百分点" if self.lang == "zh" else "\u00a0pp"
        return _exact(Decimal(str(value)) * 100) + unit

    _ways: Mapping[str, Callable[[Clerk, Any, Mapping[str, Any]], str]] = {
        "name": _name,
        "word": _word,
        "anyone": _name,
        "grade": _grade,
        "text": _text,
        "wording": _text,
        "amount": _amount,
        "target": _target,
        "limit": _limit,
        "beyond": _beyond,
        "bound": _bound,
        "month_day": _month_day,
        "span": _span,
        "country": _country,
        "currency": _currency,
        "points": _points,
        "edge": _edge,
        "level": _level,
        "share": lambda self, value, row: _share(value),
        "curve": lambda self, value, row: _share(value),
        "grid": lambda self, value, row: _share(value),
        "signed": lambda self, value, row: _share(value, signed=True),
        "number": lambda self, value, row: _exact(value),
        "day": lambda self, value, row: numbers.day(value, self.lang),
        "period": lambda self, value, row: numbers.month(value, self.lang),
        "measure": lambda self, value, row: metric_name(str(value), self.lang),
        "report": lambda self, value, row: self.voice.name("report", str(value)),
        "table": lambda self, value, row: self.voice.name("table", str(value)),
        "rows": lambda self, value, row: catalogue.message(f"policy.rows.{value}", self.lang),
        "attainment": lambda self, value, row: catalogue.message(f"policy.attainment.{value}", self.lang),
        "language": lambda self, value, row: catalogue.message(f"policy.language.{value}", self.lang),
    }


#: How messages of a policy may write a value.
FORMATS = frozenset(Clerk._ways)
#: Cells that begin with a word of ours begin with a capital.
_WORDS = ("{value:word}", "{value:rows}", "{value:attainment}")
_LOCALES = {"en": "en_US", "zh": "zh_CN"}


def _literal(value: Any) -> str:
    """A value as the last step of a message's id: a word, true, false or a number."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float | Decimal):
        return _exact(value)
    return value if isinstance(value, str) else ""


def _fields(value: Any) -> dict[str, Any]:
    """The placeholders that a value fills: itself, and the ends of a pair."""
    is_pair = isinstance(value, tuple) and len(value) == 2
    return {"value": value, **({"low": value[0], "high": value[1]} if is_pair else {})}


def _exact(value: Any, *, signed: bool = False) -> str:
    """A number with the digits it has.

    >>> _exact(1200.0), _exact(0.15), _exact(-3)
    ('1,200', '0.15', '−3')
    """
    number = Decimal(str(value)).normalize()
    return numbers.fixed(number, max(0, -int(number.as_tuple().exponent)), signed=signed)


def _share(value: Any, *, signed: bool = False) -> str:
    """A share as the percentage it is.

    >>> _share(0.125), _share(0.0005), _share(0.4, signed=True)
    ('12.5%', '0.05%', '+40%')
    """
    return _exact(Decimal(str(value)) * 100, signed=signed) + "%"
