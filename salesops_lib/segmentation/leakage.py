"""Columns that say what is to be foretold: equal or nearly equal to the label, or known only once it is over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from salesops_lib.errors import DataError
from salesops_lib.segmentation.additive import is_number

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

#: One column alone that ranks leavers so well (AUC), or agrees so well with the label (correlation of two
#: yes-or-no columns), repeats the label: a copy with one value in twenty wrong is still found.
ALONE_AUC, ALONE_AGREEMENT = 0.95, 0.8
#: A column is named after the end and ranks leavers this well.
_NAMED_AUC = 0.65
_ENDS = re.compile(
    r"churn|cancel|terminat|attrit|deactivat|unsubscri|流失|退订|解约|注销|离网|销户", re.IGNORECASE
)
#: A value that only those who left have: this share of them at least, and so many.
_ONLY_LEFT_SHARE, _ONLY_LEFT_N, _PURE = 0.05, 20, 0.99
_BINS, _MOST_LEVELS = 20, 50


def leaks(frame: pd.DataFrame, left: NDArray[np.int64], as_of: pd.Series | None = None) -> dict[str, str]:
    """Why each leaking column of `frame` leaks, by column.

    Parameters
    ----------
    frame
        What is known of customers; dates as datetimes.
    left
        1 for a customer that left, 0 for one that stayed.
    as_of
        The day on which each row was known; without it dates are not held against a day.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> left = rng.integers(0, 2, 400)
    >>> frame = pd.DataFrame({"visits": rng.poisson(5, 400), "closing_code": np.where(left == 1, "x", None)})
    >>> list(leaks(frame, left))
    ['closing_code']
    """
    found = {str(name): _why(str(name), frame[name], left, as_of) for name in frame}
    return {name: why for name, why in found.items() if why}


def refuse_leaks(
    frame: pd.DataFrame,
    left: NDArray[np.int64],
    as_of: pd.Series | None = None,
    known_before: Collection[str] = (),
) -> None:
    """Raise a DataError that names every leaking column but those of `known_before`."""
    found = leaks(frame.drop(columns=list(known_before), errors="ignore"), left, as_of)
    if not found:
        return
    listed = "\n".join(f"- {name}: {why}" for name, why in found.items())
    raise DataError(
        f"Churn cannot be foretold from what is known only afterwards; {len(found)} column(s) leak:\n{listed}\n"
        f"Leave them out (frame.drop(columns={list(found)})), or, where one was truly known on the day that the score is for,"
        f" name it in known_before."
    )


def _why(name: str, values: pd.Series, left: NDArray[np.int64], as_of: pd.Series | None) -> str:
    if as_of is not None and pd.api.types.is_datetime64_any_dtype(values):
        late = (values > as_of).to_numpy()
        if late.any():
            return f"{int(late.sum())} of its dates lie after the day that the row is of"
    filled = values.notna().to_numpy() & (values.astype("object").astype(str).str.strip() != "").to_numpy()
    if not filled.all() and (told := _filling(filled, left)):
        return told
    auc = alone(values, left)
    if auc >= ALONE_AUC:
        return (
            f"it alone ranks those who left almost without error (AUC {auc:.3f}), as the label itself would"
        )
    codes, levels = pd.factorize(values.where(pd.Series(filled, values.index)))
    if len(levels) == 2 and filled.all() and (agreed := abs(_agreement(codes, left))) >= ALONE_AGREEMENT:
        return f"it is nearly the label (correlation {agreed:.2f})"
    if not is_number(values) and len(levels) <= _MOST_LEVELS and left.mean() < 0.8:
        for place, level in enumerate(levels):
            own = left[codes == place]
            if len(own) >= max(_ONLY_LEFT_N, _ONLY_LEFT_SHARE * left.sum()) and own.mean() >= _PURE:
                return f"its value {str(level)!r} is that of {len(own)} customers, who all left"
    if _ENDS.search(name) and auc >= _NAMED_AUC:
        return f"its name speaks of the end, and it alone ranks those who left with AUC {auc:.2f}"
    return ""


def _filling(filled: NDArray[np.bool_], left: NDArray[np.int64]) -> str:
    """Whether a column is filled (or empty) for those alone who left."""
    of_left, of_stayed = filled[left == 1], filled[left == 0]
    for word, a, b in (("filled", of_left, of_stayed), ("empty", ~of_left, ~of_stayed)):
        if (
            a.sum() >= max(_ONLY_LEFT_N / 2, _ONLY_LEFT_SHARE * len(a))
            and b.mean() <= 1 - _PURE
            and a.mean() > 10 * b.mean()
        ):
            return f"it is {word} for {int(a.sum())} customers who left and for {int(b.sum())} of {len(b)} who stayed"
    return ""


def alone(values: pd.Series, left: NDArray[np.int64]) -> float:
    """How well a column alone ranks those who left (AUC, ½ to 1); rates of half the rows rank the other half.

    A text with more than fifty values, such as a name, is no category and ranks nobody.
    """
    if pd.api.types.is_datetime64_any_dtype(values):
        values = values.astype("int64").where(values.notna()).astype(float)
    if is_number(values):
        number = pd.Series(values.to_numpy(dtype=float, na_value=np.nan))
        level = number.rank(method="average", pct=True).mul(_BINS).fillna(-1).round().astype(int).to_numpy()
    else:
        level, seen = pd.factorize(values)
        if len(seen) > _MOST_LEVELS:
            return 0.5
    half = np.zeros(len(left), dtype=int)
    for answer in (0, 1):
        half[left == answer] = np.arange((left == answer).sum()) % 2
    found = [_ranked(level, left, half == one) for one in (0, 1)]
    if is_number(values):
        rank = number.rank().fillna(0).to_numpy()
        straight = float(roc_auc_score(left, rank))
        found = [*found, straight, 1 - straight]
    return max(0.5, max(found[2:], default=0.0), float(np.mean(found[:2])))


def _ranked(level: NDArray[np.int64], left: NDArray[np.int64], learns: NDArray[np.bool_]) -> float:
    rates = pd.Series(left[learns]).groupby(level[learns]).mean()
    scores = pd.Series(level[~learns]).map(rates).fillna(left[learns].mean())
    return float(roc_auc_score(left[~learns], scores))


def _agreement(codes: NDArray[np.int64], left: NDArray[np.int64]) -> float:
    return float(np.corrcoef(codes, left)[0, 1])
