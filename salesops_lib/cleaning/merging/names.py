"""The parts of a company's name: place, brand, trade, legal form, group, branch, numbers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from rapidfuzz.distance import OSA

from salesops_lib.cleaning.merging.forms import (
    LATIN_DIVISIONS,
    LATIN_FORMS,
    LATIN_GROUP,
    LATIN_TRADES,
    ZH_DIVISIONS,
    ZH_FORMS,
    ZH_GROUP,
    ZH_LIMITED,
    ZH_SURNAMES,
    ZH_TRADES,
)
from salesops_lib.cleaning.merging.places import LATIN_PLACES, ZH_PLACES, ZH_SUFFIXES

_ZH = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
_BRACKETS = str.maketrans(
    "【】〔〕〖〗[]{}「」『』《》〈〉<>", "()()()(){}()()()()()".replace("{", "(").replace("}", ")")
)
_INNER = re.compile(r"\(([^()]*)\)")
_ZH_NUMERAL = re.compile(r"[〇零一二三四五六七八九十]+")
_MAIN = re.compile(rf"^(.{{2,}}?(?:公司|集团|厂|商行|经营部))(.+(?:{'|'.join(ZH_DIVISIONS)}))$")
_DIVISION = re.compile(
    rf"(?:第?[〇零一二三四五六七八九十\d]+)?(?:{'|'.join(d for d in ZH_DIVISIONS if len(d) > 2)}|分厂|分店|分部)$"
)
_NUMBER_WORDS = {
    word: str(n)
    for n, words in enumerate(
        (
            "one first i",
            "two second ii",
            "three third iii",
            "four fourth iv",
            "five fifth",
            "six sixth vi",
            "seven seventh vii",
            "eight eighth viii",
            "nine ninth ix",
            "ten tenth",
        ),
        start=1,
    )
    for word in words.split()
    if word != "i"
}
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"〇": 0}
_LONGEST_PLACE = max(map(len, ZH_PLACES))
_LONGEST_TRADE = max(map(len, ZH_TRADES))


@dataclass(frozen=True)
class Name:
    """A company's name in comparable parts; every part is folded, an absent one is empty.

    Attributes
    ----------
    brand, trade
        What the company calls itself, and what it says it does: 华夏 and 精密工业.
    place
        Where it says it is, without 省 or 市.
    form
        Class of legal form: `limited` for 有限公司, 有限责任公司, Ltd and Co., Ltd.
    group
        `group` or `holding` for a parent, which is another entity than its members.
    branch
        What sets a part of the company apart: branch, office, shop, a remark in brackets.
    numbers
        Numbers in the name, as digits: 第一 and No. 1 are 1.
    """

    brand: str
    trade: str = ""
    place: str = ""
    form: str = ""
    group: str = ""
    branch: str = ""
    numbers: tuple[str, ...] = ()

    @property
    def core(self) -> str:
        """Brand and trade together."""
        return f"{self.brand} {self.trade}".strip() if self.brand.isascii() else self.brand + self.trade

    @property
    def is_company(self) -> bool:
        """Whether the name can be no person's: it states a form, a trade, a group or a place.

        Without those, two to four Chinese characters that open with a surname, or two and three
        Latin words, may be somebody's name.
        """
        if self.form or self.trade or self.group or self.branch or not self.brand:
            return True
        if _ZH.search(self.brand):
            return not (2 <= len(self.brand) <= 4 and self.brand[0] in ZH_SURNAMES)
        return not 2 <= len(self.brand.split()) <= 3

    @property
    def key(self) -> str:
        """Equal for two spellings of one full name."""
        return "|".join(
            (
                self.core.replace(" ", ""),
                self.place,
                self.form,
                self.group,
                self.branch,
                ",".join(self.numbers),
            )
        )


def company_name(text: Any) -> Name:
    """The parts of a company's name.

    Widths, brackets, case, punctuation, traditional characters, accents and invisible marks make
    no difference.  A text without a letter or a digit has no part at all.

    Examples
    --------
    >>> company_name("上海市華夏精密工業有限責任公司")
    Name(brand='华夏', trade='精密工业', place='上海', form='limited', group='', branch='', numbers=())
    >>> company_name("华夏精密工业（上海）有限公司").key == company_name("上海华夏精密工业有限公司").key
    True
    >>> company_name("Harlow Precision Drives Co., Ltd. (China)")
    Name(brand='harlow', trade='precision drives', place='中国', form='limited', group='', branch='', numbers=())
    >>> company_name("华夏有限公司第二分公司").branch, company_name("Acme No. 2 GmbH").numbers
    ('2分公司', ('2',))
    """
    return company_names([text])[0]


def company_names(texts: Iterable[Any]) -> list[Name]:
    """`company_name` of many texts; equal texts are read once."""
    texts = ["" if text is None or text != text else str(text) for text in texts]
    distinct = list(dict.fromkeys(texts))
    parsed = {
        raw: _zh(folded) if _ZH.search(folded) else _latin(folded)
        for raw, folded in zip(distinct, fold(distinct), strict=True)
    }
    return [parsed[text] for text in texts]


def fold(texts: list[str]) -> list[str]:
    """Texts in one width, case and script, without invisible marks; brackets are round.

    Examples
    --------
    >>> fold(["ＡＢＣ【上海】", "華夏 Ｌｔｄ．"])
    ['abc(上海)', '华夏 ltd.']
    """
    seen = [_visible(unicodedata.normalize("NFKC", text)).casefold().translate(_BRACKETS) for text in texts]
    if any(not text.isascii() for text in seen):
        joined = _simplified().convert("\n".join(seen))
        seen = joined.split("\n")
    assert len(seen) == len(texts)
    return seen


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        " " if category in ("Cc", "Zs", "Zl", "Zp") else c
        for c in text
        if (category := unicodedata.category(c)) not in ("Cf", "Cs", "Co", "Cn")
    )


@cache
def _simplified() -> Any:
    import opencc

    return opencc.OpenCC("t2s")


def _zh(text: str) -> Name:
    text = "".join(c for c in text if c.isalnum() or c in "()")
    place, group, form, marks = "", "", "", []
    while match := _INNER.search(text):
        inside = match.group(1)
        text = text[: match.start()] + text[match.end() :]
        if found := _zh_place_alone(inside):
            place = place or found
        elif inside in ZH_GROUP:
            group = _group(inside)
        elif known := dict(ZH_FORMS).get(inside):
            form = known
        elif inside:
            marks.append(_zh_digits(inside))
    text = text.replace("(", "").replace(")", "")
    text, branch = _zh_branch(text)
    text, stated = _zh_form(text)
    for word in ZH_GROUP:
        if text.endswith(word) and len(text) > len(word) + 1:
            text, group = text[: -len(word)], _group(word)
            break
    leading, text = _zh_places(text)
    brand, trade = _zh_split(text)
    return Name(
        brand=_zh_digits(brand),
        trade=trade,
        place=leading or place,
        form=stated if stated not in ("", "company") else form or stated,
        group=group,
        branch="·".join([*([branch] if branch else []), *marks]),
        numbers=_zh_numbers(brand + trade),
    )


def _group(word: str) -> str:
    return "holding" if word in ("控股", "holding", "holdings") else "group"


def _zh_branch(text: str) -> tuple[str, str]:
    """The name without its branch, and the branch."""
    match = _MAIN.match(text)
    if match:
        return match.group(1), _zh_digits(match.group(2))
    match = _DIVISION.search(text)
    if match and match.start() >= 2:
        rest, branch = text[: match.start()], match.group()
        for n in range(min(_LONGEST_PLACE, len(rest) - 2), 1, -1):
            if rest[-n:] in ZH_PLACES:
                rest, branch = rest[:-n], rest[-n:] + branch
                break
        return rest, _zh_digits(branch)
    return text, ""


def _zh_form(text: str) -> tuple[str, str]:
    """The name without its legal form, and the form's class; one slip in 有限公司 is forgiven."""
    strict = [(ending, form) for ending, form in ZH_FORMS if ZH_LIMITED in ending or len(ending) > 4]
    for ending, form in strict:
        if text.endswith(ending) and len(text) > len(ending):
            return text[: -len(ending)], form
    for whole, form in (
        ("股份有限公司", "joint stock"),
        ("有限责任公司", "limited"),
        (ZH_LIMITED, "limited"),
    ):
        for n in (len(whole) + 1, len(whole), len(whole) - 1):
            tail = text[-n:]
            if len(text) > n + 1 and tail[0] in whole[:2] and OSA.distance(tail, whole, score_cutoff=1) == 1:
                return text[:-n], form
    for ending, form in ZH_FORMS:
        if text.endswith(ending) and len(text) > len(ending) + (1 if len(ending) == 1 else 0):
            return text[: -len(ending)], form
    return text, ""


def _zh_places(text: str) -> tuple[str, str]:
    """The narrowest place at the head of a name, and the rest, which keeps two characters or more."""
    found = ""
    for _ in range(3):
        place, rest = _zh_place_at_head(text)
        if not place or len(rest) < 2 or rest in ZH_TRADES:
            break
        found = place if place in ZH_PLACES or not found else found
        text = rest
    return found, text


def _zh_place_at_head(text: str) -> tuple[str, str]:
    for n in range(min(_LONGEST_PLACE, len(text)), 1, -1):
        if text[:n] in ZH_PLACES:
            rest = text[n:]
            return text[:n], _without_suffix(rest)
    match = re.match(r"(\w{2,3})(?:省|市|县)(?=\w{2})", text)
    if match and match.group(1)[-1] not in "超门夜城都":
        return match.group(1), text[match.end() :]
    return "", text


def _without_suffix(rest: str) -> str:
    """What follows a place, without 省, 市 or another word for its kind, be it written once or twice."""
    for suffix in ZH_SUFFIXES:
        while rest.startswith(suffix) and len(rest) > len(suffix) + 1:
            rest = rest[len(suffix) :]
    return rest


def _zh_place_alone(text: str) -> str:
    """The place that a text is, all of it; else nothing."""
    for suffix in ("", *ZH_SUFFIXES):
        name = text.removesuffix(suffix) if suffix else text
        if name in ZH_PLACES:
            return name
    place, rest = _zh_place_at_head(text)
    if place and (rest in ZH_PLACES or not rest):
        return rest or place
    if place and rest:
        return _zh_place_alone(rest)
    return LATIN_PLACES.get(text, "")


def _zh_split(core: str) -> tuple[str, str]:
    """Brand and trade: trade words are taken from the end as long as two characters remain."""
    at = len(core)
    while True:
        for n in range(min(_LONGEST_TRADE, at - 2), 1, -1):
            if core[at - n : at] in ZH_TRADES:
                at -= n
                break
        else:
            return core[:at], core[at:]


def _zh_digits(text: str) -> str:
    """Text with Chinese numerals as digits, without 第."""
    return _ZH_NUMERAL.sub(lambda m: str(_value(m.group())), text.replace("第", ""))


def _zh_numbers(text: str) -> tuple[str, ...]:
    return tuple(str(int(n)) for n in re.findall(r"\d+", _zh_digits(text)) if len(n) < 19)


def _value(numeral: str) -> str:
    """
    >>> [_value(n) for n in ("一", "十", "十二", "二十", "三十五", "二〇")]
    ['1', '10', '12', '20', '35', '20']
    """
    tens, found, ones = numeral.partition("十")
    if not found:
        return "".join(str(_DIGITS[c]) for c in numeral)
    if "十" in ones or len(tens) > 1 or len(ones) > 1:
        return "".join(str(_DIGITS.get(c, 10)) for c in numeral)
    return str(_DIGITS.get(tens, 1) * 10 + _DIGITS.get(ones, 0))


def _latin(text: str) -> Name:
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    place, branch = "", []
    while match := _INNER.search(text):
        inside = " ".join(_words(match.group(1)))
        text = f"{text[: match.start()]} {text[match.end() :]}"
        if inside in LATIN_PLACES:
            place = place or LATIN_PLACES[inside]
        elif inside:
            branch.append(inside)
    words, group = _words(text), ""
    words = words[1:] if words[:1] == ["the"] and len(words) > 1 else words
    words, form, after = _latin_form(words)
    if after and " ".join(after) in LATIN_PLACES and not place:
        place = LATIN_PLACES[" ".join(after)]
    elif after:
        branch.append(" ".join(_NUMBER_WORDS.get(w, w) for w in after))
    words, own = _latin_branch(words)
    branch += own
    while len(words) > 1 and words[-1] in LATIN_GROUP:
        group, words = _group(words[-1]), words[:-1]
    found, words = _latin_place(words)
    brand, trade = _latin_split(words)
    return Name(
        brand=" ".join(brand),
        trade=" ".join(trade),
        place=found or place,
        form=form,
        group=group,
        branch="·".join(branch),
        numbers=_latin_numbers(words),
    )


def _words(text: str) -> list[str]:
    """Words without punctuation; dotted letters are one word: S.p.A. is spa, Inc. is inc."""
    text = re.sub(r"\b(\w(?:[./]\w)+)\b\.?", lambda m: re.sub(r"[./]", "", m.group(1)), text)
    text = re.sub(r"['’`´]", "", text).replace("&", " and ").replace("+", " and ")
    return re.findall(r"[^\W_]+", text)


def _latin_form(words: list[str]) -> tuple[list[str], str, list[str]]:
    """Words before the legal form, its class, and what follows it (a branch or a place)."""
    for end in range(len(words), 1, -1):
        for n in (5, 4, 3, 2, 1):
            start = end - n
            form = LATIN_FORMS.get(" ".join(words[max(start, 0) : end])) if start >= 1 else None
            if form and (end == len(words) or form != "company") and _can_follow(words[end:]):
                return _without_weaker(words[:start]), form, words[end:]
    return words, "", []


def _can_follow(words: list[str]) -> bool:
    return not words or bool(LATIN_DIVISIONS & set(words)) or " ".join(words) in LATIN_PLACES


def _without_weaker(words: list[str]) -> list[str]:
    """Words without a further form before the last one: Acme Company Inc."""
    while len(words) > 1 and words[-1] in ("co", "company"):
        words = words[:-1]
    return words


def _latin_branch(words: list[str]) -> tuple[list[str], list[str]]:
    """Words before a division at the end, and the division with its place or number."""
    if len(words) < 3 or words[-1] not in LATIN_DIVISIONS:
        return words, []
    start = len(words) - 1
    for n in (3, 2, 1):
        before = words[start - n : start]
        if start - n >= 1 and (" ".join(before) in LATIN_PLACES or (n == 1 and before[0].isdigit())):
            start -= n
            break
    return words[:start], [" ".join(_NUMBER_WORDS.get(w, w) for w in words[start:])]


def _latin_place(words: list[str]) -> tuple[str, list[str]]:
    """A place at the head or the end of a name that is more than that."""
    for n in (3, 2, 1):
        if len(words) > n:
            if (head := " ".join(words[:n])) in LATIN_PLACES and words[n] not in LATIN_TRADES:
                return LATIN_PLACES[head], words[n:]
            if (tail := " ".join(words[-n:])) in LATIN_PLACES and words[-n - 1] not in ("of", "and", "de"):
                return LATIN_PLACES[tail], words[:-n]
    return "", words


def _latin_split(words: list[str]) -> tuple[list[str], list[str]]:
    at = len(words)
    while at > 1 and (words[at - 1] in LATIN_TRADES or (words[at - 1] == "and" and at < len(words))):
        at -= 1
    return words[:at], words[at:]


def _latin_numbers(words: list[str]) -> tuple[str, ...]:
    spelt = [
        word if n == 0 and len(word) < 3 else _NUMBER_WORDS.get(word, word) for n, word in enumerate(words)
    ]
    return tuple(str(int(n)) for word in spelt for n in re.findall(r"[0-9]+", word) if len(n) < 19)
