"""A report's voice: its language, its currency, and how each unit is written in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from salesops_lib.errors import RunError, nearest
from salesops_lib.reporting import catalogue, numbers
from salesops_lib.reporting.definitions import metric_name
from salesops_lib.reporting.numbers import MISSING, MoneyUnit, is_missing
from salesops_lib.tables import TABLES

FORMATS = (
    "money", "exact", "rate", "pct", "pct0", "chance", "pp", "count", "quantity", "ratio", "multiple", "index", "score", "days",
    "date", "month", "text", "metric", "label", "names", "tables",
)  # fmt: skip
TEXT_FORMATS = frozenset({"", "text", "metric", "label", "names", "tables", "month", "date"})


@dataclass(frozen=True)
class Voice:
    """Language, currency and the policy's display unit of one report.

    `names` are the policy's own names of its ids in this language, such as stages.

    >>> Voice("en", "GBP").cell(0.0512, "ratio", signed=True)
    '+5.1%'
    """

    lang: str = "en"
    currency: str = "CNY"
    display_unit: str = "auto"
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), hash=False)

    def word(self, id: str, **values: object) -> str:
        """A label of the catalogue, its fields filled.

        >>> Voice("zh").word("legend.previous")
        '同期'
        """
        return "".join(
            literal + (self.field(values[name], spec) if name else "")
            for literal, name, spec in catalogue.fields(catalogue.message(id, self.lang))
        )

    def name(self, group: str, key: str) -> str:
        """The catalogue's word for `group.key`, else the key made readable.

        >>> Voice("en").name("column", "shelf_space")
        'Shelf space'
        """
        text = catalogue.find(f"{group}.{key}", self.lang)
        if text is not None:
            return text
        plain = str(key).replace("_", " ").strip()
        return plain[:1].upper() + plain[1:]

    def said(self, key: object) -> str:
        """A value of a frame in words: an id that is known by its name, anything else as it is; parts joined by · each.

        >>> Voice("zh").said("new_products"), Voice("zh").said("East"), Voice("zh", names={"East": "华东"}).said("East · East-1")
        ('新产品', 'East', '华东 · East-1')
        """
        text = str(key)
        if " · " in text and text not in self.names:
            return " · ".join(map(self.said, text.split(" · ")))
        return self.names.get(text) or catalogue.find(f"label.{text}", self.lang) or text

    def phrase(self, text: str) -> str:
        """A set phrase of the registry in the report's language.

        >>> Voice("zh").phrase("order date"), Voice("en").phrase("order date")
        ('订单日期', 'order date')
        """
        return catalogue.find(f"phrase.{text}", self.lang) or text

    def money(self, minors: Iterable[object], *, is_table: bool = True) -> MoneyUnit:
        """The one unit in which these amounts are shown together, in a table or a sentence."""
        return numbers.money_unit(
            minors, self.currency, self.lang, display_unit=self.display_unit, is_table=is_table
        )

    @property
    def exact(self) -> MoneyUnit:
        """The unit of amounts that people are paid, to the minor unit."""
        return numbers.exact_unit(self.currency, self.lang)

    def cell(self, value: object, unit: str, *, money: MoneyUnit | None = None, signed: bool = False) -> str:
        """A value as a table's cell or a chart's label shows it: money without its unit.

        >>> Voice("en").cell(3.217, "multiple"), Voice("zh").cell(0.4, "ratio")
        ('3.2×', '40.0%')
        """
        if is_missing(value):
            return MISSING
        if unit == "money":
            return (money or self.money([value])).number(value, signed=signed)
        if isinstance(value, str) or unit in ("text", "code"):
            return self._text(value)
        if unit == "exact":
            return self.exact.number(value, signed=signed)
        if unit == "rate":
            return numbers.percent(value, 2, signed=signed)
        if unit == "ratio":
            return numbers.percent(value, signed=signed)
        if unit == "pp":
            return numbers.points(value, self.lang)
        if unit == "date":
            return numbers.day(value, self.lang)
        if unit == "multiple":
            return numbers.fixed(value, 1, signed=signed) + "×"
        return numbers.fixed(value, numbers.places(value, unit), signed=signed)

    def field(self, value: object, spec: str, money: MoneyUnit | None = None) -> str:
        """A value as a sentence shows it, by the format its message names.

        `exact` is money to the minor unit, `rate` a percentage with two places; `money`, `pct`, `count`, … with a trailing `+` write the sign of gains too; `a|b`
        counts things: one a, two b; `pct0` is for shares that are set, not measured, `chance` for what nobody can be sure of: it never says 0 % or 100 %.

        >>> Voice("en").field(2, "region|regions"), Voice("zh", "CNY").field(1_234_567_800, "money+")
        ('2 regions', '+1,235万元')
        >>> [Voice("en").field(chance, "chance") for chance in (0.0003, 0.314, 0.9999)]
        ['<1%', '31%', '>99%']
        """
        rate, kind = getattr(value, "rate", None), getattr(value, "kind", None)
        if isinstance(kind, str):  # a Growth: a rate, or the reason why there is none
            value = rate if rate is not None else kind
        if is_missing(value):
            return MISSING
        if "|" in spec:
            one, _, many = spec.partition("|")
            return f"{numbers.fixed(value)} {one if value == 1 else many}"
        plain, signed = spec.rstrip("+"), spec.endswith("+")
        if plain and plain not in FORMATS:
            raise RunError(f"format {spec!r} of a message is unknown: {nearest(plain, FORMATS)}")
        if plain in TEXT_FORMATS:
            return self._worded(value, plain)
        if isinstance(value, str):
            return self._text(value)
        if plain == "money":
            return (money or self.money([value], is_table=False)).text(value, signed=signed)
        if plain == "exact":
            return self.exact.text(value, signed=signed)
        if plain == "pp":
            return numbers.points(value, self.lang, signed=signed)
        if plain == "chance" and not 0.01 <= float(value) <= 0.99:  # type: ignore[arg-type]
            return "<1%" if float(value) < 0.5 else ">99%"  # type: ignore[arg-type]
        if plain in ("pct0", "chance"):
            return numbers.fixed(100 * float(value), signed=signed) + "%"  # type: ignore[arg-type]
        if plain == "days":
            return self._days(value, signed)
        return self.cell(value, "ratio" if plain == "pct" else plain, signed=signed)

    def _worded(self, value: object, plain: str) -> str:
        if plain == "date":
            return numbers.day(value, self.lang)
        if plain == "month":
            return numbers.month(value, self.lang)
        if plain == "metric":
            return metric_name(str(value), self.lang)
        if plain == "label":
            text = str(value)
            return self.names.get(text) or self.name("label" if text not in TABLES else "table", text)
        if plain == "tables":
            return self._listed([self.name("table", t) for t in value])  # type: ignore[attr-defined]
        if plain == "names":
            return self._listed([self._text(v) for v in value])  # type: ignore[attr-defined]
        return self._text(value)

    def _listed(self, names: list[str]) -> str:
        if self.lang.startswith("zh"):
            return "、".join(names)
        if len(names) < 2:
            return "".join(names)
        return ", ".join(names[:-1]) + " and " + names[-1]

    def _days(self, value: object, signed: bool) -> str:
        text = numbers.fixed(value, numbers.places(value, "days"), signed=signed)
        if self.lang.startswith("zh"):
            return text + "天"
        return text + ("\u00a0day" if abs(float(value)) == 1 else "\u00a0days")  # type: ignore[arg-type]

    def _text(self, value: object) -> str:
        if isinstance(value, str):
            if value in ("new", "n.m.", "missing"):
                return numbers.growth_word(value, self.lang)
            return self.names.get(value, value)
        if hasattr(value, "year") and hasattr(value, "day"):
            return numbers.day(value, self.lang)
        if isinstance(value, bool):
            return self.word("ui.yes") if value else self.word("ui.no")
        if isinstance(value, int):
            return numbers.fixed(value)
        if isinstance(value, float):
            return numbers.fixed(value, numbers.places(value, ""))
        return str(value)
