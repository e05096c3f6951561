"""Words of headers in many languages and what they mean; lexicon.toml lists them."""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_TAXES = ("vat", "tax", "taxes", "gst", "mwst", "ust", "tva", "iva", "impuestos", "taxe", "steuer")
_NET = (
    "excl",
    "excl of",
    "exclusive of",
    "excluding",
    "ex",
    "exc",
    "without",
    "before",
    "net of",
    "not incl",
)
_NET_ELSEWHERE = ("sin", "hors", "ohne", "exkl")
_GROSS = ("incl", "inclusive of", "including", "inc", "with", "after")
_GROSS_ELSEWHERE = ("con", "inkl", "avec", "mit")

_TRADITIONAL = str.maketrans(
    "帐訂單戶產數額價編號稱業務員發銷貨類別狀態幣稅關閉創間區備註據賬帳應實際總計淨優惠買賣購規錄員會級門點團隊經預結開標準種條碼國際",
    "账订单户产数额价编号称业务员发销货类别状态币税关闭创间区备注据账账应实际总计净优惠买卖购规录员会级门点团队经预结开标准种条码国际",
)


def simplified(text: str) -> str:
    """Traditional characters of headers as simplified ones.

    >>> simplified("訂單編號")
    '订单编号'
    """
    return text.translate(_TRADITIONAL)


def plain(text: str) -> str:
    """`text` with Latin letters without their accents.

    >>> plain("Désignation"), plain("订单")
    ('Designation', '订单')
    """
    apart = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join(c for c in apart if not "\u0300" <= c <= "\u036f"))


@cache
def _lists() -> Mapping[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def _divided(listed: str) -> list[str]:
    return [" ".join(word.split()) for word in listed.split(",")]


@cache
def noise() -> frozenset[str]:
    """Words that say nothing.

    >>> "the" in noise()
    True
    """
    return frozenset(_divided(_lists()["noise"]))


@cache
def words() -> Mapping[str, tuple[str, ...]]:
    """Word or phrase → its concepts; blanks in phrases are single.

    >>> words()["单号"], words()["sold to"], words()["excl vat"]
    (('document', 'id'), ('customer',), ('net',))
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in ("things", "facets", "sap"):
        for concepts, listed in _lists()[part].items():
            for word in _divided(listed):
                found.setdefault(plain(word), tuple(concepts.split("+")))
    for tax in _TAXES:
        found |= {f"{word} {tax}": ("net",) for word in (*_NET, *_NET_ELSEWHERE)}
        found |= {f"{word} {tax}": ("gross",) for word in (*_GROSS, *_GROSS_ELSEWHERE)}
        found |= {f"{tax} {word}": ("net",) for word in ("excl", "excluded")}
        found |= {f"{tax} {word}": ("gross",) for word in ("incl", "included")}
    return found
