"""Append-only files whose lines hold on to each other: what was changed, removed or added shows.

A line is `<sha256 of its text> <link>[:<signature>] <text>`, the text one JSON object; the link is
the digest of the link before it and of the line's own.  Where the environment has
SALESOPS_SIGNING_KEY each link is signed with it (HMAC-SHA256); the key is never written anywhere.
Lines of older files have no link; they are read and hold on to nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY = "SALESOPS_SIGNING_KEY"
_LINE = re.compile(rb"([0-9a-f]{64}) (?:([0-9a-f]{64})(?::([0-9a-f]{64}))? )?(\{.*)")


@dataclass(frozen=True)
class Line:
    """One line as it was read; `fault` says what does not hold, `signature` may be empty."""

    number: int
    entry: dict[str, Any]
    link: str
    signature: str
    fault: str = ""

    @property
    def is_signed(self) -> bool:
        """Whether it bears the signature of the key at hand."""
        return bool(key()) and hmac.compare_digest(self.signature, _signature(self.link))


def key() -> bytes:
    """The signing key; empty where the environment has none."""
    return os.environ.get(KEY, "").encode()


def append(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Add a line for each of `entries` and wait until they are on the disk; none is added if that fails."""
    import fcntl

    with path.open("ab") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        before, link = handle.tell(), _last_link(path)
        added = [b""] if before and not path.read_bytes().endswith(b"\n") else []  # the last line may be torn
        for entry in entries:
            text = json.dumps(entry, ensure_ascii=False, sort_keys=True, default=str).encode()
            digest = _sha256(text)
            link = _sha256(f"{link} {digest}".encode())
            signed = f":{_signature(link)}" if key() else ""
            added.append(f"{digest} {link}{signed} ".encode() + text)
        try:
            handle.write(b"\n".join([*added, b""]))
            handle.flush()
            os.fsync(handle.fileno())
        except OSError:
            with contextlib.suppress(OSError):
                os.truncate(path, before)
            raise


def read(path: Path) -> Iterator[Line]:
    """All lines in their order, those that do not hold among them."""
    link, is_linked = _first_link(path), False
    for number, line in enumerate(_lines(path), start=1):
        parsed = _LINE.fullmatch(line)
        entry = _entry(parsed[4]) if parsed and parsed[1].decode() == _sha256(parsed[4]) else None
        if parsed is None or entry is None:
            yield Line(number, {}, "", "", "is torn or was changed")
            continue
        digest, found, signature = (part.decode() if part else "" for part in parsed.group(1, 2, 3))
        fault = ""
        if found and found != _sha256(f"{link} {digest}".encode()):
            fault = "does not follow the line before it: lines were removed, added or moved"
        elif is_linked and not found:
            fault = "has no link, though lines before it have"
        elif signature and key() and not hmac.compare_digest(signature, _signature(found)):
            fault = f"is not signed with the key of {KEY}"
        link, is_linked = found or link, is_linked or bool(found)
        yield Line(number, entry, found, signature, fault)


def _lines(path: Path) -> list[bytes]:
    return [line for line in path.read_bytes().split(b"\n") if line] if path.exists() else []


def _entry(text: bytes) -> dict[str, Any] | None:
    try:
        return dict(json.loads(text))
    except ValueError:
        return None


def _last_link(path: Path) -> str:
    """The link that the next line holds on to: of the last line that has one."""
    for line in reversed(_lines(path)):
        parsed = _LINE.fullmatch(line)
        if parsed and parsed[2] and parsed[1].decode() == _sha256(parsed[4]):
            return parsed[2].decode()
    return _first_link(path)


def _first_link(path: Path) -> str:
    """Where the chain of a file begins; its name, so that no line counts in another file."""
    return _sha256(path.name.encode())


def _signature(link: str) -> str:
    return hmac.new(key(), link.encode(), "sha256").hexdigest()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
