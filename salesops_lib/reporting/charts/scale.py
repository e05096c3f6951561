"""From values to pixels, and what a chart may read from a frame."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from salesops_lib.reporting.numbers import is_missing

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Scale:
    """A linear scale from values to pixels.

    >>> Scale(0, 10, 100, 200)(5)
    150.0
    """

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: Any) -> float:
        share = (float(value) - self.low) / ((self.high - self.low) or 1.0)
        return self.start + share * (self.end - self.start)


def number(value: Any) -> float | None:
    """A value as a float; None where it is missing.

    >>> number(3), number(float("nan"))
    (3.0, None)
    """
    return None if is_missing(value) else float(value)


def known(values: Iterable[Any]) -> list[float]:
    """The values that are there, as floats.

    >>> known([1, None, float("nan"), 2])
    [1.0, 2.0]
    """
    return [float(v) for v in values if not is_missing(v)]


def span(values: Iterable[Any]) -> tuple[float, float]:
    """Lowest and highest of the values and zero: bars start at zero.

    >>> span([3, None, 8]), span([-2, 5]), span([])
    ((0.0, 8.0), (-2.0, 5.0), (0.0, 1.0))
    """
    numbers = known(values)
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    return (low, high) if high > low else (0.0, 1.0)


def ticks(low: float, high: float, about: int = 4) -> list[float]:
    """Round values that cover a range, for an axis.

    >>> ticks(0, 0.553), ticks(12, 97)
    ([0.0, 0.2, 0.4, 0.6], [0.0, 25.0, 50.0, 75.0, 100.0])
    """
    import math

    wanted = ((high - low) or 1.0) / about
    size = 10.0 ** math.floor(math.log10(wanted))
    step = next(size * k for k in (1, 2, 2.5, 5, 10) if size * k >= wanted * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(n * step, 10) for n in range(first, last + 1)]


def whole(labels: list[str]) -> list[str]:
    """Labels of an axis without decimals where none of them has any.

    >>> whole(["0.0", "20.0", "40.0"]), whole(["0.0", "2.5"])
    (['0', '20', '40'], ['0.0', '2.5'])
    """
    import re

    bare = [re.sub(r"\.0+(?=\D*$)", "", label) for label in labels]
    return labels if any("." in label for label in bare) else bare


def tone(difference: Any, better: str = "higher") -> str:
    """The colour role of a variance: good, bad, or muted where it is neither.

    >>> tone(5), tone(5, "lower"), tone(0), tone(None)
    ('good', 'bad', 'muted', 'muted')
    """
    if is_missing(difference) or float(difference) == 0 or better not in ("higher", "lower"):
        return "muted"
    return "good" if (float(difference) > 0) == (better == "higher") else "bad"


def column(frame: pd.DataFrame, name: str, default: Any = None) -> pd.Series:
    """A column of the frame, or the default in every row where the frame has none."""
    import pandas as pd

    if name in frame:
        return frame[name]
    return pd.Series([default] * len(frame), index=frame.index, dtype=object)
