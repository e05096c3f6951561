"""What one cell of a grid looks like: a number, a date, a code, a name, a period, a unit."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

_NUMBER = re.compile(
    r"[-+−(]?\s*(?:[A-Z]{3}|[¥$€£₩])?\s*[-+−(]?(?:\d[\d,.' \u00a0]*|\.\d+)(?:e[-+]?\d+)?\s*"
    r"(?:万元?|亿元?|千元?|元|%|‰|k|m|bn?|[A-Z]{3})?\s*[-)]?(?:cr|dr)?",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"(?:\d{4}([-/.])\d{1,2}(?:\1\d{1,2})?|\d{4}年\d{1,2}月(?:\d{1,2}日)?|\d{1,2}([-/.])\d{1,2}\2\d{2,4}"
    r"|\d{1,2}[- ][a-z]{3,9}\.?[- ,]+\d{2,4}|[a-z]{3,9}\.? \d{1,2},? \d{4})"
    r"(?:[T ]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:[ap]m|z|[-+]\d{2}:?\d{2})?)?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:FY|CY)?\s*((?:19|20)\d\d)(?:\s*(?:年度?|A|E|B|F))?", re.IGNORECASE)
_BARE_YEAR = re.compile(r"(?:19|20)\d\d")
_MONTH = re.compile(r"((?:19|20)\d\d)\s*[-/.年]?\s*(?:M|第)?(0?[1-9]|1[0-2])(?:月(?:份)?)?", re.IGNORECASE)
_QUARTER = re.compile(
    r"(?:((?:19|20)\d\d)\s*[-/.年]?\s*)?(?:Q|第)\s*([1-4一二三四])(?:季度?)?", re.IGNORECASE
)
_DAY = re.compile(r"((?:19|20)\d\d)[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?: 00:00(?::00)?)?")
_COUNT = re.compile(r"(\d{1,2})(?:\s*(?:月份?|日|号|周))?")
_PAIR = re.compile(r"[^:：]{1,24}[:：](?!\d\d\b)(?!//)")
_LONGEST = 80
BRACKETS = "()（）[]【】"
BLANK = ("", "-", "--", "—", "/", "\\")
MISSING = frozenset(
    ["n/a", "na", "nan", "null", "none", "nil", "tbd", "unknown", "无", "空", "待定", "未知", "暂无", "不详"]
)
_UNITS = """
元 万元 千元 百万元 亿元 角 分 人民币 人民币元 美元 万美元 欧元 日元 港元 港币 件 个 台 套 箱
盒 包 袋 瓶 桶 支 只 条 张 本 块 卷 双 对 根 批 次 人 家 户 笔 单 天 日 周 月 年 小时 分钟 秒
吨 公斤 千克 克 斤 升 毫升 米 千米 公里 厘米 毫米 平方米 立方米 元/件 元/个 元/台 元/吨 元/公斤
元/千克 元/套 元/箱 百分比 % ‰ pct percent pp bps cny rmb usd eur gbp jpy hkd chf aud cad inr
krw sgd twd ¥ $ € £ k m mn mio bn keur kusd teur k€ k$ thousand million 000s pc pcs pce ea each
unit units st stk piece pieces box boxes set sets pack packs kg g t to lb lbs oz l ml m m2 m3
km cm mm h hr hrs hour hours min d day days wk weeks month months yr year years
"""
_KNOWN_UNITS = frozenset(_UNITS.split())


def kind(cell: str) -> str:
    """What a cell looks like: number, year, date, code (with three digits or more), text, or "" if blank.

    >>> [kind(cell) for cell in ("1.2万", "2024年1月31日", "CA-2016-152156", "金额", "-")]
    ['number', 'date', 'code', 'text', '']
    """
    return _kind(cell[:_LONGEST])


@lru_cache(maxsize=1 << 16)
def _kind(cell: str) -> str:
    text = unicodedata.normalize("NFKC", cell).strip()
    if text in BLANK:
        return ""
    if _DATE.fullmatch(text):
        return "date"
    if _BARE_YEAR.fullmatch(text):
        return "year"
    if _NUMBER.fullmatch(text):
        return "number"
    digits = sum(character.isdigit() for character in text)
    return "code" if digits >= 3 and " " not in text and not is_period(text) else "text"


def is_pair(cell: str) -> bool:
    """Whether a cell holds a key with a colon: "单位：万元", "Report date:".

    >>> is_pair("单位：万元"), is_pair("12:30"), is_pair("金额")
    (True, False, False)
    """
    return bool(_PAIR.match(cell))


def is_unit(cell: str) -> bool:
    """Whether a cell holds a unit and nothing else.

    >>> is_unit("（万元）"), is_unit("单位：件"), is_unit("金额")
    (True, True, False)
    """
    text = cell.strip(BRACKETS + " ").casefold()
    text = text.removeprefix("单位").removeprefix("unit").strip(":： ") or text
    return text in _KNOWN_UNITS


def is_period(cell: str) -> bool:
    """Whether a cell names a year, quarter, month or day.

    >>> [is_period(cell) for cell in ("2024", "2024Q1", "2024年3月", "3")]
    [True, True, True, False]
    """
    return any(read(cell) is not None for read in (_year, _month, _quarter, _day))


def periods(row: Sequence[str]) -> set[int]:
    """Columns of years, months, days or running numbers that rise (or fall) from left to right.

    >>> sorted(periods(["地区", "2022", "2023", "合计"]))
    [1, 2]
    """
    for read in (_year, _month, _quarter, _day, _count):
        found = {index: value for index, cell in enumerate(row) if (value := read(cell)) is not None}
        values = list(dict.fromkeys(found.values()))
        steps = {after - before for before, after in pairwise(values)}
        is_run = len(values) >= 2 and min(steps) > 0
        is_fall = len(values) >= 2 and max(steps) < 0 and read is not _count
        if (
            is_run and (read is not _count or (len(values) >= 4 and values[0] == 1 and steps == {1}))
        ) or is_fall:
            return set(found)
    return set()


def _year(cell: str) -> int | None:
    found = _YEAR.fullmatch(cell)
    return int(found[1]) if found else None


def _month(cell: str) -> int | None:
    found = _MONTH.fullmatch(cell)
    return int(found[1]) * 12 + int(found[2]) if found else None


def _quarter(cell: str) -> int | None:
    found = _QUARTER.fullmatch(cell)
    return int(found[1] or 0) * 4 + "1234一二三四".index(found[2]) % 4 if found else None


def _day(cell: str) -> int | None:
    found = _DAY.fullmatch(cell)
    return (int(found[1]) * 12 + int(found[2])) * 31 + int(found[3]) if found else None


def _count(cell: str) -> int | None:
    found = _COUNT.fullmatch(cell)
    return int(found[1]) if found else None


def holds_day(cell: str) -> bool:
    """Whether a day stands somewhere in a cell.

    >>> holds_day("制表日期 2024-01-31"), holds_day("2024年")
    (True, False)
    """
    return bool(re.search(r"\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}", cell))
