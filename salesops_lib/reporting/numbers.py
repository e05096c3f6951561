"""How numbers read: in Chinese and English, one unit of money per table or sentence.

Money comes in minor units, rates between 0 and 1.  A missing number is "–", a growth without
a base is "new", one without meaning is "n.m."; the minus is a true minus sign.
Halves are rounded up, as spreadsheets show them.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

MISSING = "–"
MINUS = "−"
LANGUAGES = ("en", "zh")
UNKNOWN_CURRENCY = "XXX"  # ISO 4217: amounts are shown without a sign
VANISHING = Decimal("0.05")  # of a unit: shown as 0.1 or less

_SCALES = {
    "en": (("", Decimal(1)), ("k", Decimal(10**3)), ("M", Decimal(10**6)), ("B", Decimal(10**9))),
    "zh": (("", Decimal(1)), ("万", Decimal(10**4)), ("亿", Decimal(10**8))),
}
_DISPLAY_UNITS = {
    ("yuan", "en"): ("", Decimal(1)),
    ("yuan", "zh"): ("", Decimal(1)),
    ("wan", "zh"): ("万", Decimal(10**4)),
    ("k", "en"): ("k", Decimal(10**3)),
    ("k", "zh"): ("千", Decimal(10**3)),
    ("m", "en"): ("M", Decimal(10**6)),
    ("m", "zh"): ("百万", Decimal(10**6)),
}
_ZH_UNITS = {
    UNKNOWN_CURRENCY: "",
    "CNY": "元",
    "USD": "美元",
    "EUR": "欧元",
    "GBP": "英镑",
    "JPY": "日元",
    "HKD": "港元",
}
_NATIVE_LOCALE = {"CNY": "zh_CN", "USD": "en_US", "GBP": "en_GB", "EUR": "de_DE", "JPY": "ja_JP"}
_WORDS = {
    ("new", "en"): "new",
    ("new", "zh"): "新增",
    ("n.m.", "en"): "n.m.",
    ("n.m.", "zh"): "不适用",
    ("missing", "en"): MISSING,
    ("missing", "zh"): MISSING,
}


def is_missing(value: object) -> bool:
    """Whether `value` is a missing one: None, NaN, NaT or pandas' NA.

    >>> is_missing(None), is_missing(float("nan")), is_missing(0)
    (True, True, False)
    """
    if value is None:
        return True
    if isinstance(value, str):
        return value == ""
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA refuses to be a truth value
        return True


@lru_cache(maxsize=64)
def precision(currency: str) -> int:
    """Digits of `currency` after the point: how many minor units' digits a major unit has.

    >>> precision("CNY"), precision("JPY")
    (2, 0)
    """
    from babel.numbers import get_currency_precision

    return int(get_currency_precision(currency))


@lru_cache(maxsize=64)
def symbol(currency: str) -> str:
    """The short sign of a currency, as used at home; none for the unknown one.

    >>> symbol("CNY"), symbol("GBP"), symbol("USD"), symbol("XXX")
    ('¥', '£', '$', '')
    """
    if currency == UNKNOWN_CURRENCY:
        return ""
    from babel.numbers import get_currency_symbol

    native = get_currency_symbol(currency, locale=_NATIVE_LOCALE.get(currency, "en_US"))
    return unicodedata.normalize("NFKC", native)


@lru_cache(maxsize=64)
def currency_name(currency: str, lang: str) -> str:
    """The name of a currency in a language.

    >>> currency_name("GBP", "zh"), currency_name("CNY", "en")
    ('英镑', 'Chinese Yuan')
    """
    from babel.numbers import get_currency_name

    return str(get_currency_name(currency, locale="zh_CN" if lang == "zh" else "en_US"))


@dataclass(frozen=True)
class MoneyUnit:
    """One unit of money for a whole table or sentence: a scale and its decimals.

    >>> unit = MoneyUnit("CNY", "zh", "万", Decimal(10000), 1)
    >>> unit.number(1_234_567_800), unit.header, unit.text(-1_234_567_800)
    ('1,234.6', '万元', '−1,234.6万元')
    >>> [MoneyUnit("XXX", *known).text(8_380_000) for known in (("en", "k", Decimal(1000), 1), ("zh", "万", Decimal(10000), 2))]
    ['83.8k', '8.38万']
    """

    currency: str
    lang: str
    prefix: str
    scale: Decimal
    decimals: int

    @property
    def header(self) -> str:
        """The unit as a table's header or an axis shows it."""
        if self.lang == "zh":
            return self.prefix + _ZH_UNITS.get(self.currency, currency_name(self.currency, "zh"))
        sign = symbol(self.currency)
        return f"{sign}{self.prefix}" if len(sign) <= 1 else f"{sign} {self.prefix}".strip()

    def scaled(self, minor: object) -> Decimal:
        """An amount in minor units as a number of this unit."""
        return _decimal(minor) / (Decimal(10) ** precision(self.currency)) / self.scale

    def number(self, minor: object, *, signed: bool = False) -> str:
        """The amount without its unit, for a cell below a header."""
        if is_missing(minor):
            return MISSING
        return fixed(self.scaled(minor), self.decimals, signed=signed)

    def text(self, minor: object, *, signed: bool = False) -> str:
        """The amount with its unit, for a sentence."""
        if is_missing(minor):
            return MISSING
        digits = self.number(minor, signed=signed)
        if self.lang == "zh":
            return digits + self.header
        sign = digits[0] if digits[0] in f"+{MINUS}" else ""
        gap = "" if len(symbol(self.currency)) <= 1 else "\u00a0"
        return f"{sign}{symbol(self.currency)}{gap}{digits[len(sign) :]}{self.prefix}"


def money_unit(
    minors: Iterable[object], currency: str, lang: str, *, display_unit: str = "auto", is_table: bool = False
) -> MoneyUnit:
    """The one unit in which a set of amounts reads best.

    Parameters
    ----------
    minors
        Amounts in minor units that stand together in one table or sentence.
    currency
        ISO code.
    lang
        "en" counts in k, M and B; "zh" in 万 and 亿.
    display_unit
        The policy's `report.display_unit`: auto, yuan, wan, k or m.  A unit that the language
        has no word for is taken as auto.
    is_table
        For a table or chart, which needs more digits than a sentence: 亿 only from ten of it.

    Examples
    --------
    >>> money_unit([1_234_567_800], "CNY", "zh").header
    '万元'
    >>> money_unit([2_400_000_00, 120_000_00], "GBP", "en").text(120_000_00)
    '£0.12M'
    """
    digits = Decimal(10) ** precision(currency)
    sizes = [abs(_decimal(v)) / digits for v in minors if not is_missing(v)]
    sizes = [v for v in sizes if v]
    largest, smallest = (max(sizes), min(sizes)) if sizes else (Decimal(0), Decimal(0))
    fixed_unit = _DISPLAY_UNITS.get((display_unit, lang))
    prefix, scale = fixed_unit or _fitting_scale(largest, smallest, _SCALES[_language(lang)], is_table)
    return MoneyUnit(currency, _language(lang), prefix, scale, _decimals(largest / scale, scale, currency))


def exact_unit(currency: str, lang: str) -> MoneyUnit:
    """The unit of amounts that people are paid: every minor unit is shown.

    >>> exact_unit("CNY", "zh").text(1_234_567_89), exact_unit("GBP", "en").text(-5)
    ('1,234,567.89元', '−£0.05')
    """
    return MoneyUnit(currency, _language(lang), "", Decimal(1), precision(currency))


def _fitting_scale(
    largest: Decimal, smallest: Decimal, scales: tuple[tuple[str, Decimal], ...], is_table: bool
) -> tuple[str, Decimal]:
    """The largest scale that the largest amount fills, less where the smallest would vanish in it."""
    fills = [10 if is_table and prefix == "亿" else 1 for prefix, _ in scales]
    at = max((i for i, (_, scale) in enumerate(scales) if largest >= scale * fills[i]), default=0)
    while at and smallest < scales[at][1] * VANISHING and largest < scales[at - 1][1] * 100_000:
        at -= 1
    return scales[at]


def _decimals(largest: Decimal, scale: Decimal, currency: str) -> int:
    if largest >= 1000:
        return 0
    if scale == 1:
        return 0 if largest >= 100 else precision(currency)
    return 1 if largest >= 10 else 2


def fixed(value: object, decimals: int = 0, *, signed: bool = False) -> str:
    """A number with grouped thousands and a true minus; never "−0".

    >>> fixed(-1234.5, 1), fixed(0.04, 1, signed=True), fixed(3, signed=True)
    ('−1,234.5', '0.0', '+3')
    """
    if is_missing(value):
        return MISSING
    number = _decimal(value).quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = _grouped(abs(number), decimals)
    if number == 0:
        return text
    return (MINUS if number < 0 else "+" if signed else "") + text


@lru_cache(maxsize=8)
def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


@lru_cache(maxsize=4096)
def _grouped(number: Decimal, decimals: int) -> str:
    from babel.numbers import format_decimal

    return str(format_decimal(number, format=_pattern(decimals), locale="en_US"))


def places(value: object, unit: str = "") -> int:
    """Decimals with which a plain number is shown.

    >>> [places(number) for number in (12, 12.5, 0.25, 1234.5)], places(7, "score")
    ([0, 1, 2, 0], 1)
    """
    if unit in ("index", "score"):
        return 1
    number = abs(float(value))  # type: ignore[arg-type]
    if unit == "count" or number == int(number) or number >= 1000:
        return 0
    return 1 if number >= 10 or unit == "days" else 2


def decimals(values: Iterable[float]) -> int:
    """Decimals of whole numbers that stand in one column with others, so that all are written alike.

    >>> decimals([17.8, 12, 6]), decimals([0.15, 0, 0.2]), decimals([1, 2])
    (1, 2, 0)
    """
    return min((places(value) for value in values if places(value)), default=0)


def percent(rate: object, decimals: int = 1, *, signed: bool = False) -> str:
    """A rate as a percentage; "new" and "n.m." pass through as they are.

    >>> percent(0.0512, signed=True), percent(-1), percent(None)
    ('+5.1%', '−100.0%', '–')
    """
    if is_missing(rate):
        return MISSING
    return fixed(_decimal(rate) * 100, decimals, signed=signed) + "%"


def points(share: object, lang: str, decimals: int = 1, *, signed: bool = True) -> str:
    """A change of a share in percentage points.

    >>> points(0.012, "en"), points(-0.012, "zh")
    ('+1.2\\xa0pp', '−1.2个百分点')
    """
    if is_missing(share):
        return MISSING
    text = fixed(_decimal(share) * 100, decimals, signed=signed)
    return text + ("个百分点" if _language(lang) == "zh" else "\u00a0pp")


def growth_word(kind: str, lang: str) -> str:
    """What stands in place of a growth rate that has no value.

    >>> growth_word("new", "zh"), growth_word("n.m.", "en"), growth_word("missing", "en")
    ('新增', 'n.m.', '–')
    """
    return _WORDS.get((kind, _language(lang)), kind)


def day(value: object, lang: str) -> str:
    """A date as it is written in a report.

    >>> from datetime import date
    >>> day(date(2026, 3, 31), "en"), day(date(2026, 3, 31), "zh")
    ('31 Mar 2026', '2026年3月31日')
    """
    if is_missing(value):
        return MISSING
    from babel.dates import format_date

    pattern, locale = ("y年M月d日", "zh_CN") if _language(lang) == "zh" else ("d MMM y", "en_US")
    return str(format_date(_date(value), format=pattern, locale=locale))


def month(label: object, lang: str, *, short: bool = False) -> str:
    """A period's label as people say it; anything that is no month stays as it is.

    >>> month("2026-03", "en"), month("2026-03", "zh"), month("2026-03", "en", short=True), month("W5", "en")
    ('Mar 2026', '2026年3月', 'Mar', 'W5')
    >>> month("2025-P07", "en"), month("2025-P07", "zh"), month("2025-P07", "zh", short=True)  # months of weeks
    ('P7 2025', '2025年第7期', '第7期')
    """
    text = str(label)
    year, dash, number = text.partition("-")
    if dash and len(year) == 4 and year.isdigit() and number[:1] == "P" and number[1:].isdigit():
        own = f"第{int(number[1:])}期" if _language(lang) == "zh" else f"P{int(number[1:])}"
        return own if short else f"{year}年{own}" if _language(lang) == "zh" else f"{own} {year}"
    if not (dash and len(year) == 4 and year.isdigit() and number.isdigit() and 1 <= int(number) <= 12):
        return _quarter(text, lang)
    if _language(lang) == "zh":
        return f"{int(number)}月" if short else f"{year}年{int(number)}月"
    from babel.dates import get_month_names

    name = str(get_month_names("abbreviated", locale="en_US")[int(number)])
    return name if short else f"{name} {year}"


def _quarter(text: str, lang: str) -> str:
    """Names "2026-Q1" and "2026-H1"; leaves anything else."""
    year, _, part = text.partition("-")
    if not (len(year) == 4 and year.isdigit() and len(part) == 2 and part[0] in "QH" and part[1] in "1234"):
        return f"{text}年" if _language(lang) == "zh" and len(text) == 4 and text.isdigit() else text
    if _language(lang) == "en":
        return f"{part} {year}"
    return (
        f"{year}年第{'一二三四'[int(part[1]) - 1]}季度"
        if part[0] == "Q"
        else f"{year}年{'上下'[int(part[1]) - 1]}半年"
    )


def _date(value: Any) -> Any:
    from datetime import date, datetime

    if isinstance(value, str):
        return date.fromisoformat(value[:10])
    if isinstance(value, datetime):
        return value.date()
    return value


def _decimal(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    number = value.item() if hasattr(value, "item") else value
    if isinstance(number, float):
        if math.isinf(number):
            raise ValueError(f"a number to be shown is {number}")
        return Decimal(repr(number))
    return Decimal(str(number))


def _language(lang: str) -> str:
    return "zh" if str(lang).lower().startswith("zh") else "en"
