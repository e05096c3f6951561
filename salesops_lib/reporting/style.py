"""Looks, in one place: roles of colour, sizes, and matplotlib's settings.

A colour has one meaning everywhere.  In pages a role becomes a CSS class, so that charts
follow the reader's light or dark scheme; in a notebook's own figures the hex value stands.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

ROLES = {
    "actual": "#27313f",
    "previous": "#b4bdc9",
    "plan": "#27313e",  # outlined; one step off `actual`, so that a page can tell them apart
    "forecast": "#27313d",  # hatched
    "good": "#0b8577",
    "bad": "#cc4e16",
    "accent": "#1f4f8f",
    "ink": "#1b2430",
    "muted": "#66717f",
    "line": "#d9dee5",
    "band": "#c9d3e0",
    "wash": "#e9edf2",
    "paper": "#ffffff",
}
ROLE_OF_COLOUR = {colour: role for role, colour in ROLES.items()}
LATIN = "DejaVu Sans"
CHINESE = ("PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei")
SIZES = {"small": 11.0, "text": 12.0, "strong": 13.0}

_SETTINGS: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "salesops",
    "hatch.linewidth": 0.8,
    "axes.unicode_minus": True,
    "text.parse_math": False,
    "path.simplify": False,
}


def drawing() -> AbstractContextManager[None]:
    """Settings under which reports draw: the same bytes on every machine.

    Text is laid out with the font that matplotlib brings, and drawn by the reader's fonts.
    """
    import matplotlib as mpl

    return mpl.rc_context({**_SETTINGS, "font.family": [LATIN], "font.size": SIZES["text"]})


def use() -> None:
    """Give an analyst's own matplotlib figures the looks of the reports, until the process ends.

    Called, never done on import: fonts that can write Chinese, quiet axes, the roles' colours.
    """
    import matplotlib as mpl
    from cycler import cycler
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    cycle = [ROLES[r] for r in ("actual", "accent", "previous", "muted")]
    mpl.rcParams.update(
        {
            **_SETTINGS,
            "font.family": [LATIN, *(name for name in CHINESE if name in installed)],
            "font.size": 10,
            "axes.edgecolor": ROLES["line"],
            "axes.labelcolor": ROLES["muted"],
            "axes.prop_cycle": cycler(color=cycle),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "text.color": ROLES["ink"],
            "xtick.color": ROLES["muted"],
            "ytick.color": ROLES["muted"],
        }
    )
