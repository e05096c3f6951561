"""A figure as compact, accessible SVG for a page: live text, roles as classes, no outside links.

matplotlib writes colours and fonts into every element; here each colour becomes a class
(`f-actual`, `s-muted`), so that a page's style sheet decides, in light, dark and print.
"""

from __future__ import annotations

import io
import re
import warnings
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from salesops_lib.reporting.style import ROLE_OF_COLOUR, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure, SubFigure

_SVG = "{http://www.w3.org/2000/svg}"
_NUMBER = re.compile(r"-?\d+\.\d+")
_KEPT = {"d", "x", "y"}
_STYLES = {"stroke-width", "stroke-dasharray", "stroke-linecap", "stroke-linejoin", "text-anchor", "opacity"}
_DEFAULTS = {("stroke-linejoin", "miter"), ("stroke-linecap", "butt"), ("text-anchor", "start")}


def svg(figure: Figure | SubFigure, *, id: str, title: str, description: str = "", classes: str = "") -> str:
    """The figure as an inline `<svg role="img">`, the same bytes every time.

    Parameters
    ----------
    figure
        Drawn by one of `charts.plot_*`.
    id
        Unique within the page; ids inside derive from it.
    title, description
        What the picture shows, for those who cannot see it; plain text.
    classes
        Further CSS classes.
    """
    raw = _written(figure)
    root = ET.fromstring(raw)
    _, _, width, height = root.get("viewBox", "0 0 0 0").split()
    made = ET.Element("svg", {
        "class": f"plot {classes}".strip(),
        "viewBox": f"0 0 {_short(width)} {_short(height)}",
        "width": _short(width),
        "height": _short(height),
        "role": "img",
        "aria-labelledby": f"{id}-t {id}-d" if description else f"{id}-t",
    })  # fmt: skip
    ET.SubElement(made, "title", {"id": f"{id}-t"}).text = title
    if description:
        ET.SubElement(made, "desc", {"id": f"{id}-d"}).text = description
    hatches = list(root.iter(f"{_SVG}pattern"))
    if hatches:
        made.append(_hatch(f"{id}-h"))
    within = {inner for hatch in hatches for inner in hatch}
    titles = _titles(figure, root)
    for element in root.iter():
        shape = element.tag.removeprefix(_SVG)
        if shape in ("path", "text") and element not in within:
            _append(made, element, shape, f"{id}-h", titles.get(element, ""))
    return ET.tostring(made, encoding="unicode").replace(" />", "/>")


def _titles(figure: Figure | SubFigure, root: ET.Element) -> dict[ET.Element, str]:
    """What shapes say when they are pointed at: labels of patches, by the group that matplotlib writes them in."""
    labels = {
        str(patch.get_gid()): str(patch.get_label())
        for axes in figure.axes
        for patch in axes.patches
        if patch.get_gid() and patch.get_label()
    }
    groups = (group for group in root.iter(f"{_SVG}g") if group.get("id") in labels)
    return {path: labels[group.get("id", "")] for group in groups for path in group.iter(f"{_SVG}path")}


def _written(figure: Figure | SubFigure) -> str:
    buffer = io.StringIO()
    with drawing(), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(  # type: ignore[union-attr]
            buffer, format="svg", metadata={"Date": None, "Creator": None}, transparent=True
        )
    return re.sub(r"<!DOCTYPE[^>]*>", "", buffer.getvalue())


def _hatch(id: str) -> ET.Element:
    """Definition of the hatching that stands for a forecast."""
    made = ET.Element("defs")
    tile = {"id": id, "patternUnits": "userSpaceOnUse", "width": "5", "height": "5"}
    pattern = ET.SubElement(made, "pattern", tile)
    ET.SubElement(pattern, "rect", {"class": "f-paper", "width": "5", "height": "5"})
    ET.SubElement(
        pattern, "path", {"class": "s-forecast", "d": "M-1 1L1-1M0 5L5 0M4 6L6 4", "stroke-width": "1.1"}
    )
    return made


def _append(made: ET.Element, element: ET.Element, shape: str, hatch: str, title: str) -> None:
    style = _style(element)
    classes, rest = _colours(style)
    if shape == "path" and not classes and "fill" not in rest:
        return
    attributes = {k: _rounded(v) for k, v in element.attrib.items() if k in _KEPT}
    if "url(" in rest.pop("fill", ""):
        attributes["fill"] = f"url(#{hatch})"
        classes = classes.replace("f-none", "").strip()
    attributes |= {k: _rounded(v) for k, v in rest.items() if k in _STYLES and (k, v) not in _DEFAULTS}
    if shape == "text":
        classes += f" t{_size_class(style.get('font-size', ''))}" + (" b" if style.get("font-weight") else "")
    copy = ET.SubElement(made, shape, {"class": classes.strip(), **attributes})
    copy.text = element.text if shape == "text" else None
    if title:
        ET.SubElement(copy, "title").text = title


def _style(element: ET.Element) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in element.get("style", "").split(";") if ":" in part)
    return {key.strip(): value.strip() for key, value in pairs}


def _colours(style: dict[str, str]) -> tuple[str, dict[str, str]]:
    """Classes for the colours of a style, and what is left of it."""
    rest, classes = dict(style), []
    for key, prefix in (("fill", "f"), ("stroke", "s")):
        value = rest.get(key, "")
        if value in ROLE_OF_COLOUR:
            classes.append(f"{prefix}-{ROLE_OF_COLOUR[value]}")
            rest.pop(key)
        elif value == "none":
            classes.append(f"{prefix}-none")
            rest.pop(key)
    return " ".join(classes), rest


def _size_class(size: str) -> str:
    return str(round(float(size.removesuffix("px") or 0)))


def _rounded(text: str) -> str:
    packed = re.sub(r"\s*([MLCQZz])\s*", r"\1", text.replace("\n", ""))
    return _NUMBER.sub(lambda m: _short(m.group()), packed)


def _short(number: str) -> str:
    text = f"{float(number):.1f}".removesuffix(".0")
    return "0" if text == "-0" else text
