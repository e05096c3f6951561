"""What peers forecast, in an environment of their own: statsforecast and mlforecast cap pandas below 3.

    python benchmarks/forecasting_peers.py JOB RESULT

JOB is JSON of `history` (unique_id, ds, y as lists), `freq`, `season`, `horizon`, `arima` (AutoARIMA too); RESULT holds, by model, its CPU seconds
and its frame as lists, or under `said` why it made none.  Called by forecasting.py.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

import lightgbm
import numpy as np
import pandas as pd
from mlforecast import MLForecast
from mlforecast.target_transforms import Differences, LocalStandardScaler
from mlforecast.utils import PredictionIntervals
from statsforecast import StatsForecast
from statsforecast.models import (
    MSTL,
    AutoARIMA,
    AutoCES,
    AutoETS,
    AutoTheta,
    DynamicOptimizedTheta,
    SeasonalNaive,
)

LEVELS = [80, 95]


def each(history: pd.DataFrame, model: object, job: dict) -> pd.DataFrame:
    """One model a series."""
    models = StatsForecast([model], freq=job["freq"], fallback_model=SeasonalNaive(job["season"]))
    return models.forecast(df=history, h=job["horizon"], level=LEVELS)


def boosted(history: pd.DataFrame, job: dict) -> pd.DataFrame:
    """LightGBM across series on lags and month, of differences from the season before, with conformal intervals."""
    season, horizon = job["season"], job["horizon"]
    shortest = history.groupby("unique_id").size().min()
    if shortest < 3 * season + 2 * horizon:
        season = 1
    if shortest < 3 * season + 2 * horizon + 3:
        raise ValueError(f"shortest history has {shortest} periods")
    model = lightgbm.LGBMRegressor(
        n_estimators=200, learning_rate=0.05, num_leaves=15, verbosity=-1, n_jobs=1, random_state=0
    )
    made = MLForecast(
        models={"LightGBM": model},
        freq=job["freq"],
        lags=list(range(1, max(season, 3) + 1)),
        date_features=["month"],
        target_transforms=[Differences([season]), LocalStandardScaler()],
    )
    made.fit(history, prediction_intervals=PredictionIntervals(n_windows=2, h=horizon))
    return made.predict(horizon, level=LEVELS)


def main() -> int:
    """Write what each peer said."""
    warnings.filterwarnings("ignore")
    job = json.loads(Path(sys.argv[1]).read_text())
    history = pd.DataFrame(job["history"]).assign(ds=lambda f: pd.to_datetime(f.ds))
    found = {}
    # with less than two seasons there is none to fit, and CES takes seconds a series
    m = job["season"] if history.groupby("unique_id").size().median() >= 2 * job["season"] else 1
    models = {
        "AutoETS": AutoETS(m),
        "DOT": DynamicOptimizedTheta(m),
        "AutoTheta": AutoTheta(m),
    }
    if m > 1:
        models |= {"CES": AutoCES(m), "MSTL": MSTL(m)}
    if job["arima"]:
        models["AutoARIMA"] = AutoARIMA(season_length=m)
    for name in [*models, "LightGBM"]:
        began = time.process_time()
        try:
            made = boosted(history, job) if name == "LightGBM" else each(history, models[name], job)
        except Exception as error:  # a peer that cannot is told, the others go on
            found[name] = {"said": f"{type(error).__name__}: {error}"[:120]}
            continue
        made.columns = ["unique_id", "ds", "mean"] + [c[c.index("-") + 1 :] for c in made.columns[3:]]
        seconds = time.process_time() - began
        frame = made.replace([np.inf, -np.inf], np.nan).assign(ds=made.ds.astype(str))
        found[name] = {"seconds": seconds, "frame": frame.to_dict("list")}
    Path(sys.argv[2]).write_text(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
