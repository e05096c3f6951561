"""What a header says: its words, in whatever language and however joined, as concepts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from salesops_lib.cleaning.mapping.lexicon import noise, plain, simplified, words

_CAMEL = re.compile(r"(?<=[a-zà-þ0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-zà-þ])")
_INSIDE = re.compile(r"[(\[{【「<]([^)\]}】」>]*)[)\]}】」>]?")
_BRACKETS = re.compile(r"[(\[{【「<)\]}】」>]")
_PATH = re.compile(r"(?<=\S)[./](?=[^\W\d])|\s+/\s+|\s*(?:->|:)\s*(?=\S)")
_WORD = re.compile(r"[^\W\d_]+|[#%$€£¥]|\d+", re.UNICODE)
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff々]")
_PREFIXED = re.compile(r"F(?=[A-Z][a-z])|f(?=[A-Z])")
_UNITS = re.compile(
    r"(?:百万|万|千|亿)?(?:人民币|美元|欧元|港币|元)|百万|[万千亿]|'?000s?|thousands?|millions?|mn|tsd|teur|keur|kusd|kcny|"
    r"cny|rmb|usd|eur|gbp|jpy|hkd|utc|gmt|[¥￥$€£]|k|m"
)
_RATE = re.compile(r"\d+(?:\.\d+)?\s*%")
_INITIALS = re.compile(r"(?<=\b[A-Za-z])\.(?=[A-Za-z]\b)")
_LONGEST_PHRASE = 4
_LINKS = ("s", "n", "es", "en", "er")
_SHORT = {"id", "no", "nr", "dt", "cd", "qty", "amt"}
_POINTERS = frozenset({"id", "name"})


@dataclass(frozen=True)
class Name:
    """A header read: the concepts that it names, and how many words are not known.

    `text` is the folded header, for comparing letter by letter; `outside` are the concepts
    outside brackets, where something stands in brackets.
    """

    text: str
    concepts: frozenset[str]
    outside: frozenset[str] = frozenset()
    n_unknown: int = 0
    is_guessed: bool = False


def fold(text: str) -> str:
    """`text` without case, width, spaces, punctuation and anything in parentheses.

    >>> fold("Invoice_No.") == fold("ＩＮＶＯＩＣＥ　ＮＯ"), fold("销售额（万元）")
    (True, '销售额')
    """
    wide = simplified(unicodedata.normalize("NFKC", text)).casefold()
    bare = _INSIDE.sub("", wide) or wide
    return "".join(character for character in bare if character.isalnum() or character in "%#")


@lru_cache(maxsize=4096)
def read(header: str) -> Name:
    """Concepts of a header.  A stated rate says nothing: "Tax 5%" is a tax.

    >>> sorted(read("FCustId.FNumber").concepts), sorted(read("Auftragsdatum").concepts)
    (['customer', 'id'], ['date', 'order'])
    >>> read("本币价税合计").concepts == read("Gross total (company currency)").concepts
    True
    """
    text = _INITIALS.sub("", _RATE.sub(" ", simplified(unicodedata.normalize("NFKC", header)))).strip()
    inside = [part for part in _INSIDE.findall(text) if not _UNITS.fullmatch(part.strip().casefold())]
    outside = _INSIDE.sub(" ", text)
    segments = _segments(outside) or [text]
    concepts: set[str] = set()
    n_unknown, is_guessed = 0, False
    for index, segment in enumerate(segments):
        found, unknown, guessed = _concepts(segment)
        is_last = index == len(segments) - 1
        if not is_last:
            found = found - _POINTERS if found - _POINTERS else found
        else:
            n_unknown += unknown
        is_guessed |= guessed
        concepts |= found
    within = set().union(*(_concepts(part)[0] for part in inside))
    spelled = fold(_BRACKETS.sub(" ", text)) if within else fold(header)
    bare = frozenset(concepts) if within - concepts else frozenset()
    return Name(spelled, frozenset(concepts | within), bare, n_unknown, is_guessed)


def _segments(text: str) -> list[str]:
    """Pieces of a path as `Order Reference/Order Date`; a phrase such as Sub.Category stays whole."""
    found: list[str] = []
    for segment in filter(str.strip, _PATH.split(text)):
        phrase = f"{found[-1].split()[-1]} {segment.split()[0]}".casefold() if found else ""
        if phrase in words():
            found[-1] = f"{found[-1]} {segment}"
        else:
            found.append(segment)
    return found


def _concepts(segment: str) -> tuple[set[str], int, bool]:
    """Concepts of a piece of a header, the number of unknown words, and whether a word was mended."""
    known = words()
    pieces = list(_pieces(segment))
    concepts: set[str] = set()
    unknown, guessed, at = 0, False, 0
    while at < len(pieces):
        for length in range(min(_LONGEST_PHRASE, len(pieces) - at), 0, -1):
            phrase = " ".join(pieces[at : at + length])
            found = known.get(phrase) or (known.get(phrase[:-1]) if phrase.endswith("s") else None)
            if found:
                concepts.update(found)
                at += length
                break
        else:
            word = pieces[at]
            at += 1
            if word in noise() or word.isdigit() or (len(word) == 1 and word.isascii()):
                continue
            near = _nearest(word)
            concepts.update(near)
            guessed |= bool(near)
            unknown += not near
    return concepts, unknown, guessed


def _pieces(segment: str) -> Iterator[str]:
    """Words of a piece of a header: at blanks and marks, at humps, and inside joined words."""
    text = plain(segment.strip())
    text = _PREFIXED.sub("", text, count=1) if _PREFIXED.match(text) else text
    whole = _WORD.findall(text.replace("_", " "))
    known = words()
    split = [
        [chunk] if chunk.casefold() in known else _WORD.findall(_CAMEL.sub(" ", chunk)) for chunk in whole
    ]
    for chunk in (piece for pieces in split for piece in pieces):
        lowered = chunk.casefold()
        if _CJK.search(lowered):
            for run in re.findall(
                r"[\u3040-\u30ff\u3400-\u9fff々]+|[^\u3040-\u30ff\u3400-\u9fff々]+", lowered
            ):
                yield from _cut(run) if _CJK.search(run) else _joined(run)
        else:
            yield from _joined(lowered)


@lru_cache(maxsize=4096)
def _cut(run: str) -> tuple[str, ...]:
    """Chinese or Japanese characters as known words, as few and as long as can be."""
    known = words()
    best: list[tuple[float, tuple[str, ...]]] = [(0.0, ())]
    for end in range(1, len(run) + 1):
        options = []
        for start in range(max(0, end - 8), end):
            word = run[start:end]
            cost, path = best[start]
            if word in known:
                options.append((cost + (1.0 if len(word) > 1 else 1.4), (*path, word)))
            elif len(word) == 1:
                options.append((cost + (1.2 if word in noise() else 3.0), (*path, word)))
        best.append(min(options))
    return _with_strangers_joined(best[-1][1])


def _with_strangers_joined(path: tuple[str, ...]) -> tuple[str, ...]:
    """Unknown characters side by side as one unknown word."""
    known = words()
    joined: list[str] = []
    was_strange = False
    for word in path:
        is_strange = word not in known and word not in noise()
        if is_strange and was_strange:
            joined[-1] += word
        else:
            joined.append(word)
        was_strange = is_strange
    return tuple(joined)


@lru_cache(maxsize=4096)
def _joined(word: str) -> tuple[str, ...]:
    """Words that were written as one: ordernumber, kundennummer."""
    if (
        word in _singles()
        or word in noise()
        or (word.endswith("s") and word[:-1] in _singles())
        or len(word) < 6
    ):
        return (word,)
    found = _split(word, 4)
    return found if found else (word,)


def _split(word: str, most: int) -> tuple[str, ...]:
    if word in _singles() and (len(word) >= 3 or word in _SHORT):
        return (word,)
    if most == 1:
        return ()
    for end in range(len(word) - 2, 2, -1):
        head = word[:end]
        if head not in _singles():
            continue
        for link in ("", *_LINKS):
            rest = word[end + len(link) :]
            if rest and word[end:].startswith(link) and (tail := _split(rest, most - 1)):
                return (head, *tail)
    return ()


@cache
def _singles() -> frozenset[str]:
    """Single words in Latin letters."""
    return frozenset(word for word in words() if " " not in word and word.isalpha() and not _CJK.search(word))


@cache
def _long_singles() -> tuple[str, ...]:
    return tuple(sorted(word for word in _singles() if len(word) >= 5))


@lru_cache(maxsize=4096)
def _nearest(word: str) -> tuple[str, ...]:
    """Concepts of the known word that a mistyped one is meant to be."""
    if len(word) < 5 or _CJK.search(word):
        return ()
    found = process.extractOne(
        word, _long_singles(), scorer=fuzz.ratio, score_cutoff=90 if len(word) < 8 else 87
    )
    return words()[found[0]] if found else ()
