"""Personal numbers in what people read: masked in texts, never in figures, never in ids.

A customer called 张三 13812345678 is shown as 张三 138****5678.  Masked are Chinese resident ids,
mobile numbers and licence plates, bank cards and e-mail addresses, with full-width digits too.
An id that is nothing but a code stays as it is, however much it looks like a card.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from salesops_lib.metrics import Exhibit, Finding

if TYPE_CHECKING:
    import pandas as pd

#: Worth a closer look: eleven digits however they are grouped, an at sign, or a province and a letter.
_WORTH = re.compile(r"\d(?:\D{0,3}\d){10}|@|[\u4e00-\u9fff]\W?[A-Z]")
_MAIL = re.compile(r"(?<![\w.%+-])([\w%+-])[\w.%+-]{0,63}(@[\w-]{1,63}(?:\.[\w-]{1,63})+)")
_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_SERIAL = "A-HJ-NP-Z0-9"
_PLATE = re.compile(
    rf"([{_PROVINCES}][A-HJ-NP-Z])[ ·•.-]?(?=[{_SERIAL}]*\d)"
    rf"(?:[A-HJK][{_SERIAL}]\d{{2}}|\d{{4}}|[{_SERIAL}]{{3}})([{_SERIAL}][{_SERIAL}挂学警港澳])(?![A-Za-z\d])"
)
#: Groups of digits with a space or a hyphen between, a country's code before, a check letter at the end.
_RUN = re.compile(r"(?:\(?(?:\+|00)?86\)?[ -]{0,2})?\d{3,}(?:[ -]{1,2}\d{3,})*[Xx]?")
#: Words that may stand before a number without a space; other letters make it part of a code.
_BEFORE = re.compile(r"(?:^|[^A-Za-z])(?:tel|phone|mobile|mob|cell|wechat|wx|vx|card|acct|id|no)\.?$", re.I)
_AREAS = {
    *range(11, 16),
    21,
    22,
    23,
    *range(31, 38),
    *range(41, 47),
    *range(50, 55),
    *range(61, 66),
    71,
    81,
    82,
    83,
}
#: First digits and lengths of cards as they are issued: UnionPay, Visa, Mastercard, JCB, Amex, Diners, Maestro, older Chinese ones.
_CARD = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|35\d{14,17}|(?:5[06-8]|6|9)\d{15,18}"
    r"|(?=\d{16}$)(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d+"
)
_CODE = re.compile(r"[A-Za-z0-9._/#-]+")


def masked(text: str) -> str:
    """`text` with its personal numbers masked, enough left to recognise one's own.

    >>> masked("张三 138 1234 5678, zhang@example.com"), masked("order 2024112512345678")
    ('张三 138****5678, z***@example.com', 'order 2024112512345678')
    """
    return _masked(text)[0]


def unit_shown(name: str, by: str = "") -> str:
    """The name of a region, team, person or customer outside its page; people (`rep`) and customers are named by an id.

    >>> unit_shown("13812345678", "region"), unit_shown("13812345678", "rep")
    ('138****5678', '13812345678')
    """
    return name if by in ("rep", "customer") and _CODE.fullmatch(name) else masked(name)


class Privacy:
    """Masks what one report shows, and counts the personal numbers that it met.

    Parameters
    ----------
    is_id
        Tells whether a code is the id of an order, a customer, a product …
    """

    def __init__(self, is_id: Callable[[str], bool] = lambda code: False) -> None:
        self._is_id = is_id
        self._found: set[str] = set()

    @property
    def n_masked(self) -> int:
        """How many different personal numbers were met."""
        return len(self._found)

    def of(self, value: Any, name: str = "") -> Any:
        """`value` fit to be shown; `name` is that of its column or field."""
        if isinstance(value, str):
            return self._text(value, name)
        if isinstance(value, Finding):
            return replace(value, values=self._values(value.values))
        if isinstance(value, (tuple, list)):
            return type(value)([self.of(one, name) for one in value])
        if isinstance(value, Exhibit):
            parts = {field: self.of(getattr(value, field)) for field in ("findings", "notes", "parts")}
            return replace(value, frame=self._frame(value.frame), **parts)
        return value

    def _text(self, text: str, name: str) -> str:
        shown, found = _masked(text)
        if not found or (_CODE.fullmatch(text) and (name.endswith("_id") or self._is_id(text))):
            return text
        self._found |= found
        return shown

    def _values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.of(value, name) for name, value in values.items()}

    def _frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        import pandas as pd

        changed = {}
        for name in frame.columns:
            if pd.api.types.is_numeric_dtype(frame[name]) or pd.api.types.is_datetime64_any_dtype(
                frame[name]
            ):
                continue
            shown = [self.of(value, str(name)) for value in frame[name]]
            if any(new is not old for new, old in zip(shown, frame[name], strict=True)):
                changed[name] = pd.Series(shown, index=frame.index)
        return frame.assign(**changed)


@lru_cache(maxsize=4096)
def _masked(text: str) -> tuple[str, frozenset[str]]:
    """`text` masked, and what was found in it."""
    plain = _plain(text)
    if not _WORTH.search(plain):
        return text, frozenset()
    parts, found, at = [], set(), 0
    for start, end, shown in sorted(_hits(plain)):
        if start < at:
            continue
        parts += [text[at:start], shown]
        found.add(re.sub(r"[ ()·•.-]", "", plain[start:end]).removeprefix("+").removeprefix("00"))
        at = end
    return "".join([*parts, text[at:]]), frozenset(found)


def _plain(text: str) -> str:
    """The text with every digit, letter, dash and space in ASCII, character by character."""
    return text if text.isascii() else "".join(map(_ascii, text))


def _ascii(c: str) -> str:
    if c.isdecimal():
        return str(unicodedata.decimal(c))
    if "\uff01" <= c <= "\uff5e":
        return chr(ord(c) - 0xFEE0)
    kind = unicodedata.category(c)
    return "-" if kind == "Pd" or c == "\u2212" else " " if kind in ("Zs", "Cf") else c


def _hits(plain: str) -> Iterator[tuple[int, int, str]]:
    for mail in _MAIL.finditer(plain):
        yield mail.start(), mail.end(), f"{mail[1]}***{mail[2]}"
    for plate in _PLATE.finditer(plain):
        yield plate.start(), plate.end(), f"{plate[1]}***{plate[2]}"
    for run in _RUN.finditer(plain):
        if _is_word(plain, run.start(), run.end()):
            yield from _numbers(run[0], run.start())


def _is_word(plain: str, start: int, end: int) -> bool:
    """Whether digits stand for themselves: no letters touch them, and no point makes them a fraction."""
    before, after = plain[max(0, start - 10) : start], plain[end : end + 3]
    if re.search(r"[A-Za-z]$|\d\.$", before) and not _BEFORE.search(before):
        return False
    return not re.match(r"[A-Za-z]|\.\d{1,2}(?!\d)", after)


def _numbers(run: str, at: int) -> Iterator[tuple[int, int, str]]:
    """Personal numbers among neighbouring groups of digits, the longest first."""
    groups = [(m.start(), m.end()) for m in re.finditer(r"\d{3,}[Xx]?", run)]
    first = 0
    while first < len(groups):
        for last in range(min(len(groups), first + 6), first, -1):
            start, end = groups[first][0], groups[last - 1][1]
            if shown := _number(
                re.sub(r"\D", "", run[start:end]) + run[end - 1 : end].strip("0123456789").upper()
            ):
                yield at + start, at + end, shown
                first = last - 1
                break
        first += 1


def _number(digits: str) -> str:
    """The mask of a resident id, a mobile number or a card; empty for any other number."""
    if mobile := re.fullmatch(r"((?:00)?86)?(1[3-9]\d)\d{4}(\d{4})", digits):
        return f"{mobile[1] + ' ' if mobile[1] else ''}{mobile[2]}****{mobile[3]}"
    if _is_resident(digits):
        return digits[:3] + "*" * (len(digits) - 7) + digits[-4:]
    return f"{digits[:4]}****{digits[-4:]}" if _CARD.fullmatch(digits) and _luhn(digits) else ""


def _is_resident(digits: str) -> bool:
    """A resident id of eighteen places whose check digit is right (GB 11643), or one of the old fifteen."""
    if len(digits) not in (15, 18) or int(digits[:2]) not in _AREAS:
        return False
    born = digits[6:14] if len(digits) == 18 else "19" + digits[6:12]
    try:
        date(int(born[:4]), int(born[4:6]), int(born[6:]))
    except ValueError:
        return False
    if len(digits) == 15:
        return digits.isdigit()
    total = sum(int(c) * 2 ** (17 - n) for n, c in enumerate(digits[:17]))
    return born[:2] in ("18", "19", "20") and "10X98765432"[total % 11] == digits[17]


def _luhn(digits: str) -> bool:
    """Whether the check digit of a card is right (ISO/IEC 7812-1, annex B)."""
    doubled = "0246813579"
    return sum(int(doubled[int(c)] if n % 2 else c) for n, c in enumerate(reversed(digits))) % 10 == 0
