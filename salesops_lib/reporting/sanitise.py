"""Nothing but what a report needs: an allow-list over HTML that a notebook has put out.

What is not named here is removed: scripts, handlers, forms, frames, styles, links that leave
the page.  Inline SVG keeps shapes and text, and may point only to its own hatching.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from salesops_lib.reporting.visible import visible

if TYPE_CHECKING:
    from nh3 import Cleaner

_TEXT = (
    "a abbr b br code dd details div dl dt em figcaption figure h1 h2 h3 h4 header i li ol p section small"
)
_TABLE = "span strong sub summary sup table tbody td tfoot th thead tr ul caption colgroup col"
_SVG = "svg g defs path text tspan title desc rect circle line polyline polygon pattern clipPath linearGradient stop"
TAGS = frozenset(f"{_TEXT} {_TABLE} {_SVG}".split())
_SHAPE = {
    "d", "x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "r", "rx", "ry", "width", "height", "points",
    "transform", "fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin",
    "text-anchor", "opacity", "offset", "patternUnits", "gradientUnits", "clip-path",
}  # fmt: skip
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"class", "id"},
    "a": {"href"},
    "b": {"data-metric"},
    "div": {"tabindex"},
    "span": {"style"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "svg": {"viewBox", "width", "height", "role", "aria-labelledby"},
    **{tag: _SHAPE for tag in _SVG.split() if tag not in ("svg", "title", "desc")},
}
_OWN_URL = re.compile(r"url\(#[\w-]+\)")
_OWN_LINK = re.compile(r"#[\w-]+")
_SIZE = re.compile(r"(width|left):\d{1,3}(\.\d+)?%;?")


def sanitise(html: str) -> str:
    """The HTML with only allowed elements and attributes left, and invisible characters written out.

    >>> sanitise('<p onclick="x()">a<script>b</script><a href="javascript:c">d</a></p>')
    '<p>a<a>d</a></p>'
    """
    return visible(_cleaner().clean(visible(html)))  # entities bring some back


@lru_cache(maxsize=1)
def _cleaner() -> Cleaner:
    import nh3

    return nh3.Cleaner(
        tags=set(TAGS),
        clean_content_tags={"script", "style", "iframe", "noscript", "template", "object", "math"},
        attributes=ATTRIBUTES,
        attribute_filter=_kept,
        strip_comments=True,
        link_rel=None,
        url_schemes=set(),
    )


def _kept(tag: str, attribute: str, value: str) -> str | None:
    if attribute == "href":
        return value if _OWN_LINK.fullmatch(value) else None
    if attribute == "style":
        return value if _SIZE.fullmatch(value) else None
    if "url(" in value.lower() and not _OWN_URL.fullmatch(value):
        return None
    return value
