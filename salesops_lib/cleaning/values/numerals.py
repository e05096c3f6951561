"""Chinese numerals: amounts in words (壹万贰仟叁佰元整), days (二〇二四年一月三十一日), 八五折."""

from __future__ import annotations

from salesops_lib.cleaning.values.spelling import literal, matches

#: Digits one to nine; their place is their value.
ONES = "一二三四五六七八九"
_CAPITALS = "壹贰貳叁參参肆伍陆陸柒捌玖拾佰仟萬億圆块毛两〇"
_COMMON = "一二二三三三四五六六七八九十百千万亿元元角二零"
_SECTION = f"零?(?:[{ONES}]千)?零?(?:[{ONES}]百)?零?(?:[{ONES}]?十)?零?[{ONES}]?"
_AMOUNT = (
    f"(?P<yi>{_SECTION}亿)?(?P<wan>{_SECTION}万)?(?P<rest>{_SECTION})元?"
    f"(?:零?(?P<jiao>[{ONES}])角)?(?:零?(?P<fen>[{ONES}])分)?"
)
#: 一万二 is 12,000 in speech and 10,002 by the letter; 万 alone is no number.
_UNSOUND = f"[百千万亿][{ONES}](?:[元万亿角分]|$)|^[零元]*$|(?:^|[万亿零])[万亿]|零(?:元|$)"
#: Characters that amounts in words consist of, for recognising them.
CHARACTERS = "".join(sorted(set(f"{ONES}{_CAPITALS}{_COMMON}零整正分")))


def words_sql(text: str) -> str:
    """Amount that Chinese numerals write; NULL when it is none, or has two readings.

    >>> import duckdb
    >>> duckdb.sql(f"SELECT {words_sql('t')} FROM (VALUES ('壹万贰仟叁佰元整'), ('一万二')) AS x(t)").fetchall()
    [(Decimal('12300.00'),), (None,)]
    """
    common = f"translate({text}, {literal(_CAPITALS)}, {literal(_COMMON)})"
    common = f"regexp_replace(regexp_replace({common}, '[整正]$', ''), '(^|[^{ONES}])十', '\\1一十', 'g')"
    parts = f"regexp_extract(plainly, {literal(f'^{_AMOUNT}$')}, ['yi', 'wan', 'rest', 'jiao', 'fen'])"
    terms = [
        _ones(f"regexp_extract(places.{part}, '{pattern}', 1)") + f" * {scale * unit}"
        for part, scale in _SCALES
        for pattern, unit in _PLACES
    ]
    terms += [
        f"{_ones(f'places.{part}')} * {unit}::DECIMAL(3, 2)" for part, unit in (("jiao", 0.1), ("fen", 0.01))
    ]
    read = f"list_transform([{parts}], lambda places: {' + '.join(terms)})[1]"
    is_amount = f"{matches('plainly', _AMOUNT)} AND NOT regexp_matches(plainly, {literal(_UNSOUND)})"
    zero = f"CASE WHEN {matches('plainly', '零元?')} THEN 0 WHEN {is_amount} THEN {read} END"
    return f"CAST(list_transform([{common}], lambda plainly: {zero})[1] AS DECIMAL(20, 2))"


_SCALES = (("yi", 100_000_000), ("wan", 10_000), ("rest", 1))
_PLACES = (
    *((f"([{ONES}]){unit}", 10**power) for unit, power in (("千", 3), ("百", 2), ("十", 1))),
    (f"(?:^|[零十])([{ONES}])[万亿]?$", 1),
)


def _ones(digit: str) -> str:
    """Value of a numeral; nothing for none."""
    return f"CAST(strpos({literal('零' + ONES)}, {digit}) - 1 AS BIGINT)"


def digits_sql(text: str) -> str:
    """`text` with the numerals of a date as digits: 二〇二四年一月三十一日 as 2024年1月31日."""
    steps = f"regexp_replace({text}, '廿', '二十', 'g')"
    steps = f"regexp_replace({steps}, '卅', '三十', 'g')"
    steps = f"regexp_replace({steps}, '([{ONES}])十([{ONES}])', '\\1\\2', 'g')"
    steps = f"regexp_replace({steps}, '([{ONES}])十', '\\10', 'g')"
    steps = f"regexp_replace({steps}, '十([{ONES}])', '一\\1', 'g')"
    return f"translate(replace({steps}, '十', '一0'), {literal('〇○零' + ONES)}, '000123456789')"
