"""Names that hide something, shown for what they are.

Characters that nobody sees can make two names look alike, or turn the text around them the
other way round.  They are written out, `[U+202E]`, wherever a reader would see the name.
"""

from __future__ import annotations

import re
import unicodedata

#: Controls, overrides and isolates of direction, and what has no width.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
#: Joiners belong into scripts and pictures that are written with them, marks of direction into names that have one.
_JOINERS, _MARKS = "\u200c\u200d", "\u200e\u200f\u061c"


def visible(text: str) -> str:
    """`text` with its invisible characters written out; line ends and tabs stay.

    >>> visible("Acme\\u200b Ltd"), visible("Süd-West 华东")
    ('Acme[U+200B] Ltd', 'Süd-West 华东')
    """
    return _HIDDEN.sub(_shown, text)


def one_line(text: str) -> str:
    """`visible` text without line ends, for places that hold one line.

    >>> one_line("Acme\\nLtd")
    'Acme Ltd'
    """
    return re.sub(r"[\t\n\r\x0b\x0c\u0085\u2028\u2029]+", " ", visible(text))


def _shown(found: re.Match[str]) -> str:
    character, text, at = found[0], found.string, found.start()
    if character in _JOINERS and _is_joined(text, at):
        return character
    if character in _MARKS and any(unicodedata.bidirectional(c) in ("R", "AL") for c in _around(text, at)):
        return character
    return f"[U+{ord(character):04X}]"


def _around(text: str, at: int) -> str:
    return text[max(0, at - 1) : at] + text[at + 1 : at + 2]


def _is_joined(text: str, at: int) -> bool:
    """Whether both neighbours are of a script, or pictures, that join."""
    beside = _around(text, at)
    return len(beside) == 2 and all(
        unicodedata.category(c) in ("Mn", "Mc", "So", "Sk")
        or unicodedata.bidirectional(c) == "AL"
        or "\u0900" <= c <= "\u0dff"
        for c in beside
    )
