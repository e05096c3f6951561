"""Currencies as they are written, and their minor units."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from salesops_lib.cleaning.values.spelling import is_one_of, literal, lookup

_DOLLARS = ("USD", "HKD", "CAD", "AUD", "SGD", "TWD", "NZD", "MXN")
_CODES = (
    "COD", "AED", "ARS", "AUD", "BDT", "BGN", "BHD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK",
    "DKK", "EGP", "EUR", "GBP", "HKD", "HUF", "IDR", "ILS", "INR", "JPY", "KES", "KRW", "KWD", "LKR",
    "MAD", "MOP", "MXN", "MYR", "NGN", "NOK", "NZD", "OMR", "PEN", "PHP", "PKR", "PLN", "QAR", "RON",
    "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
)  # fmt: skip
#: Mark or word → the currencies that it may stand for.
MARKS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {code.lower(): (code,) for code in _CODES}
    | {
        "rmb": ("CNY",), "cnh": ("CNY",), "cn¥": ("CNY",), "人民币": ("CNY",), "¥": ("CNY", "JPY"),
        "元": ("CNY", "TWD", "HKD"), "圆": ("CNY",), "块": ("CNY",), "円": ("JPY",), "日元": ("JPY",),
        "日圆": ("JPY",), "jp¥": ("JPY",), "us$": ("USD",), "美元": ("USD",), "美金": ("USD",),
        "hk$": ("HKD",), "港元": ("HKD",), "港币": ("HKD",), "nt$": ("TWD",), "新台币": ("TWD",),
        "台币": ("TWD",), "s$": ("SGD",), "新加坡元": ("SGD",), "a$": ("AUD",), "澳元": ("AUD",),
        "c$": ("CAD",), "加元": ("CAD",), "mop$": ("MOP",), "澳门元": ("MOP",), "€": ("EUR",),
        "欧元": ("EUR",), "£": ("GBP",), "英镑": ("GBP",), "₩": ("KRW",), "韩元": ("KRW",),
        "₹": ("INR",), "卢比": ("INR", "PKR", "LKR"), "₽": ("RUB",), "卢布": ("RUB",), "r$": ("BRL",),
        "฿": ("THB",), "泰铢": ("THB",), "₫": ("VND",), "越南盾": ("VND",), "$": _DOLLARS,
    }
)  # fmt: skip
#: Any mark or word, longest first, for a regular expression.
ANY_MARK = "|".join(re.escape(mark) for mark in sorted(MARKS, key=len, reverse=True))


def digits_of(currency: str) -> int:
    """Decimal places of a currency's minor unit; 2 for an unknown one.

    >>> digits_of("CNY"), digits_of("JPY")
    (2, 0)
    """
    from babel.numbers import get_currency_precision

    return get_currency_precision(currency) if currency else 2


def codes_sql(mark: str) -> str:
    """The currencies that a mark may stand for, as one text: `USD`, or `CNY JPY`; NULL for none."""
    return lookup(f"lower({mark})", {word: " ".join(codes) for word, codes in MARKS.items()})


def currency_sql(text: str) -> str:
    """ISO code of a currency column's value: 人民币, RMB and cny are CNY; other text stays.

    A sign that several currencies share ($, ¥) stays as it is.
    """
    known = {word: codes[0] for word, codes in MARKS.items() if len(codes) == 1}
    is_code = f"strlen({text}) = 3 AND {text} BETWEEN 'AAA' AND 'ZZZ' AND {text}[-1] >= 'A' AND {text} NOT IN ('RMB', 'CNH')"
    return f"CASE WHEN {is_code} THEN {text} ELSE COALESCE({lookup(f'lower({text})', known)}, {text}) END"


def other_digits_sql(currency: str, usual: str) -> str:
    """Decimal places of `currency` where they are not those of the `usual` one; else NULL.

    Most rows hold the usual currency, and are only compared with it.
    """
    cases = " ".join(
        f"WHEN {is_one_of(currency, codes)} THEN {places}"
        for places, codes in _by_digits().items()
        if places != digits_of(usual)
    )
    return f"CASE WHEN {currency} <> {literal(usual)} THEN CASE {cases} END END"


def minor_units(exact: str, digits: int, whole: int = 12) -> str:
    """Money in minor units, rounded once, half to even; `whole` digits stand before the point."""
    width = whole + 1 + digits if whole <= 12 else 22
    rounded = f"CAST(round_even({exact}, {digits}) AS DECIMAL({width}, {digits}))"
    return f"CAST({rounded} * {10**digits} AS BIGINT)"


@cache
def _by_digits() -> dict[int, tuple[str, ...]]:
    from babel.numbers import list_currencies

    found: dict[int, list[str]] = {}
    for code in sorted(list_currencies("en")):
        found.setdefault(digits_of(code), []).append(code)
    return {places: tuple(codes) for places, codes in found.items()}
