"""The catalogue of messages: every word of a report, in Chinese and English, by id.

Messages live in `messages/*.toml` as `[some.id]` tables with `en` and `zh`.  A placeholder
is `{name}` or `{name:format}`; the formats are those of `voice.Voice.field`.
"""

from __future__ import annotations

import string
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import resources

from salesops_lib.errors import RunError, nearest
from salesops_lib.reporting.numbers import LANGUAGES


def message(id: str, lang: str) -> str:
    """The template of a message.

    Raises
    ------
    RunError
        If there is no such message; the nearest id is named.

    Examples
    --------
    >>> message("legend.actual", "en"), message("legend.actual", "zh")
    ('AC', '实际')
    """
    found = messages().get(id)
    if found is None:
        raise RunError(f"message {id!r} is not in reporting/messages: {nearest(id, messages())}")
    return found["zh" if lang.startswith("zh") else "en"]


def find(id: str, lang: str) -> str | None:
    """The template of a message, or None where the catalogue has none.

    >>> find("column.no_such_column", "en") is None
    True
    """
    return message(id, lang) if id in messages() else None


def fields(template: str) -> list[tuple[str, str, str]]:
    """The parts of a template: literal text, then field name and format ("" at the end).

    >>> fields("{unit}: {actual:money}.")
    [('', 'unit', ''), (': ', 'actual', 'money'), ('.', '', '')]
    """
    parts = string.Formatter().parse(template)
    return [(literal, name or "", spec or "") for literal, name, spec, _ in parts]


@lru_cache(maxsize=1)
def messages() -> Mapping[str, Mapping[str, str]]:
    """All messages by id, from every file of the catalogue.

    Raises
    ------
    RunError
        If an id stands twice or lacks a language.
    """
    found: dict[str, Mapping[str, str]] = {}
    folder = resources.files("salesops_lib.reporting") / "messages"
    for file in sorted(folder.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for key, texts in _leaves(tomllib.loads(file.read_text(encoding="utf-8"))):
            if key in found:
                raise RunError(
                    f"message {key!r} stands twice in reporting/messages ({file.name}); remove one."
                )
            if set(texts) != set(LANGUAGES):
                raise RunError(f"message {key!r} in {file.name} needs en and zh, has {', '.join(texts)}.")
            found[key] = texts
    return found


def _leaves(table: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, Mapping[str, str]]]:
    for key, value in table.items():
        if not isinstance(value, Mapping):
            raise RunError(f"message {prefix + key!r} must be a table with en and zh.")
        if value and all(isinstance(v, str) for v in value.values()):
            yield prefix + key, value
        else:
            yield from _leaves(value, f"{prefix}{key}.")
