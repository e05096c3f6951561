"""What reports forecast: kept as it was said, so that it can be held against what came.

A file a day, report and unit below `forecasts/` of the workspace, written by the run that made the report and never
again: what was first said of a day stands.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from salesops_lib.metrics import kept

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.forecasting.ahead import Ahead
    from salesops_lib.workspace import Workspace

FOLDER = kept.FORECASTS
KEYS = ["measure", "level", "unit", "month"]
COLUMNS = ["said_on", "as_of", *KEYS, "expected", "low_80", "high_80", "naive", "scale"]


def said(ws: Workspace, seen: Ahead) -> pd.DataFrame:
    """Forecasts as they are kept: one row a measure, unit and month, amounts in minor units.

    Returns
    -------
    pd.DataFrame
        COLUMNS: `said_on`, the last day that it was made of; `as_of`, the last day loaded then; `naive`, the same month of the year before; `scale`, the
        mean absolute difference of a year in what was known, which MASE divides by.
    """
    from salesops_lib.forecasting.ahead import PART

    months = seen.months[seen.months.level != PART].rename(columns={"label": "month", "median": "expected"})
    past = seen.past.pivot(index="label", columns=KEYS[:3], values="actual")
    before = {m.label: ws.calendar.year_before(m).label for m in seen.coming}
    keys = list(months[KEYS[:3]].itertuples(index=False, name=None))
    years = [ws.calendar.year_before(ws.calendar.parse(label)).label for label in past.index]
    scale = (past - past.reindex(years).set_axis(past.index)).abs().mean()
    naive = [
        past[key].get(before[month], float("nan")) for key, month in zip(keys, months.month, strict=True)
    ]
    days = {"said_on": ws.window.end.isoformat(), "as_of": ws.as_of.isoformat()}
    frame = months.assign(**days, naive=naive, scale=scale.reindex(keys).to_numpy())
    return frame[COLUMNS].round({"low_80": 0, "high_80": 0, "scale": 0}).reset_index(drop=True)


def files(root: Path, before: date) -> list[Path]:
    """Files of what was said earlier than `before` in the workspace `root`, in order."""
    return kept.files(root, FOLDER, before)


def earlier(root: Path, before: date) -> pd.DataFrame:
    """All that was said earlier than `before`; of a day and series what comes first in order of the reports."""
    import pandas as pd

    frames = [
        pd.read_csv(path, keep_default_na=False, na_values=[""], dtype=dict.fromkeys(("said_on", *KEYS), str))
        for path in files(root, before)
    ]
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in COLUMNS})
    whole = pd.concat(frames, ignore_index=True).fillna({"unit": ""})
    return whole.drop_duplicates(["said_on", *KEYS], ignore_index=True)[COLUMNS]
