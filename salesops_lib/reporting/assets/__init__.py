"""Style sheets and templates of pages, read once."""

from __future__ import annotations

from functools import lru_cache
from importlib import resources


@lru_cache(maxsize=8)
def stylesheet(name: str) -> str:
    """Text of a packaged asset.

    >>> "--accent" in stylesheet("exhibit.css")
    True
    """
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
