"""What moves a period beside its own past: days of each kind, and regressors of the caller's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from salesops_lib.errors import DataError
from salesops_lib.forecasting.calendar_effects import USUAL_EFFECT, features
from salesops_lib.forecasting.inputs import dates_of, frame_of
from salesops_lib.forecasting.panel import Panel, ordinals_of
from salesops_lib.periods import Calendar


@dataclass(frozen=True)
class Kinds:
    """Days of each kind, periods × kinds from ordinal `first`; of the caller's regressors, series × periods × kinds."""

    first: int
    shared: np.ndarray
    own: np.ndarray | None

    @property
    def n(self) -> int:
        return self.shared.shape[1] + (0 if self.own is None else self.own.shape[2])

    def beside(self, chosen: np.ndarray, ordinals: np.ndarray) -> np.ndarray:
        """Series × periods × kinds of some series and the ordinals of their periods."""
        at = np.clip(ordinals - self.first, 0, len(self.shared) - 1)
        if self.own is None:
            return self.shared[at]
        rows = chosen[:, None] if len(self.own) > 1 else np.zeros((1, 1), dtype=int)
        return np.concatenate([self.shared[at], self.own[rows, at]], axis=2)


def kinds_of_days(
    panel: Panel, horizon: int, calendar: Calendar | None, regressors: pd.DataFrame | None
) -> Kinds:
    """Everything whose effect is looked for, from the first period to the last one forecast."""
    first = int(panel.last.min()) - panel.filled.shape[1] + 1
    last = int(panel.last.max()) + horizon
    shared = features(panel.grid, first, last, calendar)
    own = None if regressors is None else _own(panel, horizon, regressors, first, last)
    return Kinds(first, shared - shared.mean(axis=0), own)


def _own(panel: Panel, horizon: int, regressors: pd.DataFrame, first: int, last: int) -> np.ndarray:
    """Regressors in standard deviations, worth a usual effect each; missing ones are refused."""
    regressors = frame_of(regressors, "regressors")
    names = [c for c in regressors.columns if c not in ("unique_id", "ds")]
    if "ds" not in regressors.columns or not names:
        raise DataError(
            "regressors: give a column ds, and one column a regressor, for past and coming periods."
        )
    alone = "unique_id" in regressors.columns
    rows = (
        pd.Index(panel.ids).get_indexer(regressors.unique_id)
        if alone
        else np.zeros(len(regressors), dtype=int)
    )
    dates = dates_of(regressors.ds, "regressors").reset_index(drop=True)
    at = ordinals_of(panel.grid, dates) - first
    inside = (rows >= 0) & (at >= 0) & (at <= last - first)
    twice = pd.DataFrame({"row": rows, "at": at})[inside].duplicated()
    if twice.any():
        day = dates[inside][twice.to_numpy()].iloc[0].date()
        raise DataError(f"regressors: two rows are of one period and series ({day}); keep one of them.")
    table = np.full((len(panel.ids) if alone else 1, last - first + 1, len(names)), np.nan)
    table[rows[inside], at[inside]] = _numbers(regressors[names])[inside]
    wanted = panel.last[:, None] - first + np.arange(1 - panel.lengths.max(), horizon + 1)[None, :]
    needed = np.arange(1 - panel.lengths.max(), horizon + 1)[None, :] > -panel.lengths[:, None]
    found = table[np.arange(len(panel.ids))[:, None] if alone else 0, np.maximum(wanted, 0)]
    for i, name in enumerate(names):
        missing = needed & ~np.isfinite(found[:, :, i])
        if missing.any():
            series, period = np.argwhere(missing)[0]
            day = panel.grid.dates(np.array([wanted[series, period] + first]))[0].astype("datetime64[D]")
            raise DataError(
                f"regressors: {name!r} has no value for {panel.ids[series]} {day} ({int(missing.sum())} missing in all); "
                f"it is needed for every period of the history and the {horizon} after it."
            )
    mean, deviation = np.nanmean(table, axis=(0, 1)), np.nanstd(table, axis=(0, 1))
    scaled = (table - mean) / np.where(deviation > 0, deviation, 1.0)
    usual = USUAL_EFFECT[panel.grid.season in (4, 12, 13)]
    return np.nan_to_num(scaled) * (USUAL_EFFECT[0] / usual)


def _numbers(regressors: pd.DataFrame) -> np.ndarray:
    read = regressors.apply(pd.to_numeric, errors="coerce")
    for name in regressors.columns:
        wrong = regressors[name][read[name].isna() & regressors[name].notna()]
        if len(wrong):
            raise DataError(
                f"regressors: {name!r} holds {wrong.iloc[0]!r}; write numbers, 0 and 1 for no and yes."
            )
    return read.to_numpy(float, na_value=np.nan)
