"""Days and periods: the ways in which people and programs write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from salesops_lib.cleaning.values import numerals
from salesops_lib.cleaning.values.spelling import is_blank, literal, matches, plain

UNREADABLE, TOO_EARLY, IN_FUTURE = 1, 2, 3
FIRST_DAY = date(1900, 1, 1)
#: What programs write for no day: MySQL's zero, Excel's day 0, dates without digits.
BLANK_DAY = (
    r"0{1,4}[-/.]0{1,2}[-/.]0{1,4}(?:[ T].*)?|0{8}|0|1900[-/.]0?1[-/.]0{1,2}(?:[ T].*)?|[-/. :年月日]+"
)
_PATTERNS = {"dmy": "%d/%m/%Y", "mdy": "%m/%d/%Y"}
_MONTHS = "janfebmaraprmayjunjulaugsepoctnovdec"
MONTH = (
    r"(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|"
    r"oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_NTH = r"(\d{1,2})(?:st|nd|rd|th)?"
_GAP = r"[-/., ]+"
_NOON = "上午|下午|凌晨|早上|中午|晚上"
_CLOCK = (
    rf"(?:{_NOON})? ?(?:[01]?\d|2[0-3])[:时点](?:[0-5]?\d)?(?:[:分][0-5]?\d(?:[.,]\d+)?)?[秒分]? ?(?:[ap]\.?m\.?|{_NOON})?"
    r"|24:00(?::00)?|(?:[01]\d|2[0-3])[0-5]\d[0-5]\d"
)
_ZONE = r"z|utc|gmt|(?:utc|gmt)?[-+]\d\d?(?::?\d\d)?"
_WHOLE = rf"(?i)^(?P<day>.*?[^t, ])(?:(?:t|[, ]+)(?P<clock>{_CLOCK}) ?(?P<zone>{_ZONE})?)?$"
_WEEKDAY = r"(?i)[(（]?(?:星期|周|礼拜)[一二三四五六日天][)）]?|^(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?[., ]+"


def month_number(text: str) -> str:
    """Number of the month whose English name stands in `text`, as text."""
    name = f"lower(regexp_extract({text}, '(?i){MONTH}', 1)[:3])"
    return f"CAST((strpos('{_MONTHS}', {name}) + 2) // 3 AS VARCHAR)"


@dataclass(frozen=True)
class Shape:
    """One way of writing a day: its pattern, and the rule that its reading is known by."""

    pattern: str
    day: str
    rule: str = ""


@dataclass(frozen=True)
class Day:
    """How one column of days is read.

    Attributes
    ----------
    order
        `ymd`, `dmy` or `mdy`: order of dates written with numbers only.  Without `dmy` or `mdy`
        a date like 03/04/2026 is not read at all; with one, a date that is impossible in that order
        is not turned round.  `roc` reads 113/1/31 in years of the Republic, `epoch` reads seconds
        and milliseconds since 1970.
    header
        Header of the column: one that says 民国, or timestamp, is read like `roc` or `epoch`.
    zone
        IANA name; moments with an offset count on the day that it was there.  Empty: the day as
        it is written.
    last
        Last day that can be; None: any.

    Notes
    -----
    Years of two digits are of this century.  24:00 belongs to the day that it ends.  A serial
    number is Excel's, of the 1900 system, from 1954 to 2118.
    """

    order: str = "ymd"
    header: str = ""
    zone: str = ""
    last: date | None = None

    def is_sound(self, day: str) -> str:
        """Whether a day lies where days can lie."""
        early = f"{day} >= DATE '{FIRST_DAY}'"
        return f"{early} AND {day} <= DATE '{self.last}'" if self.last else early

    def fast(self, text: str) -> str:
        """Day that `text` plainly writes, by DuckDB's own cast; NULL for all else."""
        iso = f"TRY_CAST({text} AS DATE)"
        if self.zone:
            iso = f"CASE WHEN strlen({text}) <= 16 THEN {iso} END"
        compact = (
            f"WHEN strlen({text}) = 8 AND {text} > '19' THEN CAST(try_strptime({text}, '%Y%m%d') AS DATE)"
        )
        compact += f" WHEN {text}[5:5] = '年' THEN CAST(try_strptime({text}, '%Y年%m月%d日') AS DATE)"
        if self.order not in _PATTERNS:
            return f"CASE WHEN {text}[5:5] IN ('-', '/') THEN {iso} {compact} END"
        parsed = f"CAST(try_strptime({text}, {literal(_PATTERNS[self.order])}) AS DATE)"
        return (
            f"CASE WHEN {text}[5:5] IN ('-', '/') AND {text}[3:3] BETWEEN '0' AND '9' AND {text}[2:2] BETWEEN '0' AND '9' "
            f"THEN {iso} WHEN {text}[-3:-3] NOT IN ('/', '-', '.') THEN {parsed} END"
        )

    @property
    def _shapes(self) -> tuple[Shape, ...]:
        numbers = r"(\d{1,2})([-/.])(\d{1,2})[-/.]"
        day, month = ("3", "1") if self.order == "mdy" else ("1", "3")
        found = [
            Shape(r"(\d{4}) ?[-/.年 ] ?(\d{1,2}) ?[-/.月 ] ?(\d{1,2}) ?日?", r"\1-\2-\3"),
            Shape(r"(\d{4})(\d\d)(\d\d)(?:(?:[01]\d|2[0-3])[0-5]\d[0-5]\d)?", r"\1-\2-\3"),
        ]
        if self.order in _PATTERNS:
            found += [
                Shape(rf"{numbers}(\d{{4}})", rf"\4-\{month}-\{day}"),
                Shape(rf"{numbers}(\d\d)", rf"20\4-\{month}-\{day}", "two-digit year"),
            ]
        if self.order == "roc" or re.search(r"民国|民國|\bROC\b|Minguo", self.header):
            found.append(Shape(r"0?(\d{2,3})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", r"\1r-\2-\3", "民国 year"))
        found += [
            Shape(rf"{_NTH}{_GAP}(?:of )?{MONTH}{_GAP}(\d{{4}})", r"\3-\2-\1", "text month"),
            Shape(rf"{_NTH}{MONTH}(\d{{4}})", r"\3-\2-\1", "text month"),
            Shape(rf"{_NTH}{_GAP}{MONTH}{_GAP}'?(\d\d)", r"20\3-\2-\1", "text month"),
            Shape(rf"{MONTH}{_GAP}{_NTH}{_GAP}(\d{{4}})", r"\3-\1-\2", "text month"),
            Shape(rf"(\d{{4}}){_GAP}{MONTH}{_GAP}{_NTH}", r"\1-\2-\3", "text month"),
            Shape(
                r"(?:中华|中華)?民[国國] ?(\d{1,3}|元)年(\d{1,2})月(\d{1,2})日?", r"\1r-\2-\3", "民国 year"
            ),
            Shape(r"(\d\d)年(\d{1,2})月(\d{1,2})日?", r"20\1-\2-\3", "two-digit year"),
        ]
        return tuple(found)

    @property
    def _counts_seconds(self) -> bool:
        return self.order == "epoch" or bool(re.search(r"(?i)timestamp|epoch|unix|时间戳", self.header))

    def pieces(self, text: str) -> str:
        """Struct of the day's text, clock and zone; empty where there is no day's text."""
        narrow = f"regexp_replace({plain(text)}, {literal(_WEEKDAY)}, '')"
        narrow = f"trim(replace(replace({narrow}, '号', '日'), '日', '日 '))"
        in_words = f"regexp_matches({narrow}, '[{numerals.ONES}〇]+年')"
        narrow = f"CASE WHEN {in_words} THEN {numerals.digits_sql(narrow)} ELSE {narrow} END"
        return f"regexp_extract({narrow}, {literal(_WHOLE)}, ['day', 'clock', 'zone'])"

    def written(self, text: str, p: str) -> str:
        """Struct of the day as year-month-day text, and of the rule that read it."""
        shapes = " ".join(
            f"WHEN {self._is(shape, p)} THEN struct_pack(day := {self._iso(shape, p)}, rule := {literal(shape.rule)})"
            for shape in self._shapes
        )
        found = f"CASE {shapes} {self._serials(p)} ELSE struct_pack(day := '', rule := '') END"
        return f"CASE WHEN NOT {is_blank(text, BLANK_DAY)} THEN {found} END"

    def found(self, p: str, w: str) -> str:
        """The day as written, or in the company's zone when it has a clock with an offset."""
        day = f"TRY_CAST({w}.day AS DATE)"
        if not self.zone:
            return day
        offset = f"CASE WHEN lower({p}.zone) IN ('z', 'utc', 'gmt') THEN '+00' ELSE regexp_replace({p}.zone, '(?i)utc|gmt', '') END"
        moment = f"TRY_CAST({w}.day || ' ' || trim({p}.clock) || {offset} AS TIMESTAMPTZ) AT TIME ZONE {literal(self.zone)}"
        return f"CASE WHEN {p}.zone <> '' THEN CAST({moment} AS DATE) ELSE {day} END"

    def read(self, text: str, p: str, w: str, q: str) -> str:
        """Struct of `value`, `why` (there is none) and `rule`, from what the steps before found.

        NULL where `text` is a word for nothing.
        """
        in_words = f"regexp_matches({text}, '[{numerals.ONES}〇]年')"
        rule = f"CASE WHEN {in_words} THEN 'day in words' ELSE nullif({w}.rule, '') END"
        reasons = (
            f"CASE WHEN {q} IS NULL THEN {UNREADABLE} WHEN {q} < DATE '{FIRST_DAY}' THEN {TOO_EARLY} "
            + (f"WHEN {q} > DATE '{self.last}' THEN {IN_FUTURE} " if self.last else "")
            + "END"
        )
        struct = f"struct_pack(value := CASE WHEN {self.is_sound(q)} THEN {q} END, why := {reasons}, rule := {rule})"
        return f"CASE WHEN {w}.day IS NOT NULL THEN {struct} END"

    @staticmethod
    def _is(shape: Shape, p: str) -> str:
        return matches(f"{p}.day", f"(?i){shape.pattern}")

    @staticmethod
    def _iso(shape: Shape, p: str) -> str:
        """The day as year-month-day text, whatever its shape."""
        iso = f"regexp_replace({p}.day, {literal(f'(?i)^(?:{shape.pattern})$')}, {literal(shape.day)})"
        if MONTH in shape.pattern:
            return f"regexp_replace({iso}, '(?i){MONTH}', {month_number(f'{p}.day')})"
        if shape.rule == "民国 year":
            year = f"regexp_extract(replace({iso}, '元', '1'), '^([0-9]+)r', 1)"
            return f"CAST(CAST({year} AS INTEGER) + 1911 AS VARCHAR) || regexp_replace({iso}, '^.*r', '')"
        return iso

    def _serials(self, p: str) -> str:
        """Days counted from an epoch: Excel's, and where the column says so, Unix's."""
        count = f"TRY_CAST({p}.day AS DOUBLE)"
        excel = f"CAST(DATE '1899-12-30' + CAST(floor({count}) AS INTEGER) AS VARCHAR)"
        cases = f"WHEN {matches(f'{p}.day', _SERIAL)} THEN struct_pack(day := {excel}, rule := 'Excel serial day')"
        if self._counts_seconds:
            zone = literal(self.zone or "UTC")
            for pattern, factor in ((r"[12]?\d{9}(?:\.\d+)?", "1e6"), (r"[12]?\d{12}", "1e3")):
                moment = f"make_timestamptz(CAST({count} * {factor} AS BIGINT)) AT TIME ZONE {zone}"
                unix = f"CAST(CAST({moment} AS DATE) AS VARCHAR)"
                cases += f" WHEN {matches(f'{p}.day', pattern)} THEN struct_pack(day := {unix}, rule := 'seconds since 1970')"
        return cases

    def reasons(self) -> dict[int, str]:
        """Why a text is not read → what to tell."""
        return {
            UNREADABLE: "cannot be read as date",
            TOO_EARLY: f"is before {FIRST_DAY}",
            IN_FUTURE: "is in the future",
        }


_SERIAL = r"[2-7]\d{4}(?:\.\d+)?"
