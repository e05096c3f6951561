"""One entry for any history: shapes, bad input, short and constant series."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from salesops_lib.errors import DataError
from salesops_lib.forecasting import forecast
from salesops_lib.periods import Calendar


def history(*series: list[float], start: str = "2020-01-01", freq: str = "MS") -> pd.DataFrame:
    """One series a list, named s0, s1, …"""
    return pd.concat(
        pd.DataFrame({"unique_id": f"s{i}", "ds": pd.date_range(start, periods=len(y), freq=freq), "y": y})
        for i, y in enumerate(series)
    )


@pytest.mark.parametrize("n", [1, 2, 3, 5, 11, 13, 24, 25, 40])
def test_any_length_gets_a_forecast(n: int) -> None:
    y = [100 + 10 * np.sin(t / 2) for t in range(n)]
    made = forecast(history(y), 12, "MS")
    assert len(made) == 12
    assert made.notna().all().all()
    assert (made["lo-95"] <= made["lo-80"]).all()
    assert (made["lo-80"] <= made["mean"]).all()
    assert (made["mean"] <= made["hi-80"]).all()
    assert (made[["mean", "lo-95"]] >= 0).all().all()


def test_forecast_starts_after_each_series_own_end() -> None:
    made = forecast(history([1.0, 2.0], [1.0, 2.0, 3.0]), 1, "MS")
    assert made.ds.dt.strftime("%Y-%m-%d").tolist() == ["2020-03-01", "2020-04-01"]


def test_planted_season_is_found() -> None:
    season = np.array([10, 20, 30, 40, 50, 60, 60, 50, 40, 30, 20, 10], dtype=float)
    made = forecast(history(list(np.tile(season, 5))), 12, "MS")
    assert made["mean"].to_numpy() == pytest.approx(season, rel=1e-6)


@pytest.mark.parametrize("value", [0.0, 7.0, -3.0])
def test_a_constant_stays(value: float) -> None:
    assert forecast(history([value] * 30), 3, "MS")["mean"].tolist() == pytest.approx([value] * 3)


def test_faults_that_only_the_owner_can_judge() -> None:
    good = history([1.0, 2.0, 3.0])
    for bad, said in (
        (pd.concat([good, good.tail(1)]), "2 rows share their period"),
        (good.assign(y=[1, np.inf, 2]), "infinite"),
        (good.assign(y=["1", "x", "2"]), "not numbers"),
        (good.assign(ds=["2020-01-01", "never", "2020-02-01"]), "not a date"),
        (good.drop(columns="y"), "column 'y' is missing"),
        (good.assign(y=np.nan), "no row has a value"),
        (good.head(0), "no rows"),
    ):
        with pytest.raises(DataError, match=said):
            forecast(bad, 2, "MS")
    with pytest.raises(DataError, match="not a frequency"):
        forecast(good, 2, "monthly")
    with pytest.raises(DataError, match="regressors: column ds holds"):
        forecast(good, 2, "MS", regressors=pd.DataFrame({"ds": ["never"], "price": [1.0]}))
    with pytest.raises(DataError, match="'prophet' takes none"):
        forecast(
            good, 2, "MS", model="prophet", regressors=pd.DataFrame({"ds": ["2020-01-01"], "price": [1.0]})
        )
    with pytest.raises(DataError, match="horizon"):
        forecast(good, 0, "MS")
    with pytest.raises(DataError, match="did you mean 'theta'"):
        forecast(good, 2, "MS", model="teta")


def test_gaps_are_told() -> None:
    made = forecast(history([1.0, np.nan, 3.0, 4.0]), 1, "MS")
    assert {"unique_id": "s0", "treatment": "gap", "n": 1} in made.attrs["treatments"]


def months_of_weeks(first, last):
    calendar = Calendar(fiscal_year_start="02-01", scheme="4-5-4", week_start=6)
    months = [calendar.fiscal.period("month", y, n) for y in range(first, last + 1) for n in range(1, 13)]
    return calendar, months


def test_the_53rd_week_is_read_and_forecast_by_its_weeks():
    """700 a week: NRF's year 2023 has 53 weeks, so its January 3,500 for 2,800; other months know nothing of it."""
    calendar, months = months_of_weeks(2017, 2024)
    known = [m for m in months if m.label < "2023-P10"]
    history = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": [pd.Timestamp(m.start) for m in known],
            "y": [100.0 * m.n_days for m in known],
        }
    )
    made = forecast(history, 6, "fiscal_month", calendar=calendar)
    coming = [m for m in months if m.label >= "2023-P10"][:6]
    assert made.ds.dt.date.tolist() == [m.start for m in coming]
    assert [m.n_days for m in coming] == [28, 35, 35, 28, 35, 28]
    assert made["mean"].tolist() == pytest.approx([100.0 * m.n_days for m in coming])


def test_totals_up_to_a_month_are_surer_for_their_size():
    rng = np.random.default_rng(11)
    history = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": pd.date_range("2019-01-01", periods=72, freq="MS"),
            "y": rng.normal(100, 10, 72),
        }
    )
    alone, total = forecast(history, 12, "MS"), forecast(history, 12, "MS", cumulative=True)
    assert total["mean"].tolist() == pytest.approx(alone["mean"].cumsum().tolist())
    width = total["hi-80"] - total["lo-80"]
    # twelve months of independent errors: √12 = 3.5 times the width of one, 12 times were they the same error
    assert 2.0 < width.iloc[-1] / width.iloc[0] < 8.0
    with pytest.raises(DataError, match="cumulative"):
        forecast(history, 12, "MS", cumulative=True, model="prophet")


def test_where_the_calendar_cannot_act_it_is_told():
    history = pd.DataFrame(
        {
            "unique_id": "a",
            "ds": pd.date_range("2022-01-01", periods=36, freq="MS"),
            "y": [*[5.0] * 20, 0.0, 0.0, *[5.0] * 14],
        }
    )
    told = [
        t
        for t in forecast(history, 2, "MS", calendar="DE").attrs["treatments"]
        if t["treatment"] == "no_calendar"
    ]
    assert told == [{"unique_id": "a", "treatment": "no_calendar", "n": 2}]
    assert not [t for t in forecast(history, 2, "MS").attrs["treatments"] if t["treatment"] == "no_calendar"]


def test_the_backtest_is_told():
    """The last year repeated each year: the seasonal naive forecast is never wrong, and one without variation neither."""
    season = np.tile([1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], 5)
    history = pd.DataFrame(
        {"unique_id": "a", "ds": pd.date_range("2020-01-01", periods=60, freq="MS"), "y": season}
    )
    (told,) = forecast(history, 6, "MS").attrs["backtest"]
    assert (told["unique_id"], told["n_origins"]) == ("a", 6)
    assert told["naive_wape"] == 0
    assert told["wape"] < 0.02


MONTHS = pd.date_range("2021-01-01", periods=36, freq="MS")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ds": MONTHS.strftime("%d/%m/%Y")}, "holds '01/01/2021', which is not a date with its year first"),
        ({"ds": MONTHS.strftime("%Y%m").astype(int)}, r"ds holds numbers \(202101\)"),
        ({"ds": MONTHS.where(MONTHS.month > 1)}, "no date in ds in 3 rows"),
        ({"ds": MONTHS.tz_localize("Asia/Shanghai").tz_convert("UTC")}, "times of day in the zone UTC"),
        ({"ds": [f"{year}-01-01" for year in range(9960, 9996)]}, "holds 9960-01-01; correct it"),
        ({"y": MONTHS}, "not numbers"),
        ({"y": 1 + 1j}, "not numbers"),
        ({"y": ["1,234.5"] + ["1"] * 35}, r"in 1 row \(first: '1,234.5'\)"),
        ({"y": 1e200}, "too large"),
        ({"unique_id": [None, *["a"] * 35]}, "no unique_id in 1 row"),
    ],
)
def test_what_cannot_be_read_is_refused_by_its_value(changed: dict, said: str) -> None:
    with pytest.raises(DataError, match=said):
        forecast(history([1.0] * 36, start="2021-01-01").assign(**changed), 2, "MS")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (lambda h: h.drop(columns="unique_id"), r'for a single series use history.assign\(unique_id="all"\)'),
        (lambda h: h.set_index(["unique_id", "ds"]), "it is the index: use history.reset_index"),
        (lambda h: h.rename(columns={"y": "Y"}), "rename 'Y'"),
        (lambda h: pd.concat([h, h.y], axis=1), "'y' names more than one column"),
        (lambda h: h.y, "Series is not a table"),
        (lambda h: h.to_dict("list"), "dict is not a table"),
        (lambda h: "history.csv", "str is not a table"),
    ],
)
def test_what_is_no_history_is_told_with_its_remedy(given, said: str) -> None:
    with pytest.raises(DataError, match=said):
        forecast(given(history([1.0] * 12)), 2, "MS")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"horizon": 3.0}, "use a whole number"),
        ({"horizon": "3"}, "use a whole number"),
        ({"horizon": 10_000}, "beyond the year 2261"),
        ({"levels": 80}, "not a list of levels"),
        ({"levels": (0.8,)}, "write 80 for 80%"),
        ({"levels": ("80",)}, "not a number between 0 and 100"),
        ({"model": None}, "model: None is not a name"),
        ({"calendar": 5}, "5 is no calendar"),
        ({"calendar": "China"}, "'China' is not known. Write an ISO code"),
        ({"as_of": "soon"}, "as_of: 'soon' is not a day"),
        ({"regressors": ["price"]}, "regressors: list is not a table"),
        ({"freq": "D"}, "with 'D' no date lies fewer than 28 periods after the one before"),
    ],
)
def test_arguments_are_checked_one_by_one(arguments: dict, said: str) -> None:
    given = {"horizon": 2, "freq": "MS"} | arguments
    with pytest.raises(DataError, match=said):
        forecast(history([1.0, 2.0] * 12), **given)


def test_regressors_are_checked() -> None:
    prices = pd.DataFrame({"ds": pd.date_range("2020-01-01", periods=26, freq="MS"), "price": 1.0})
    for bad, said in (
        (prices.assign(price="high"), "'price' holds 'high'"),
        (pd.concat([prices, prices.tail(1)]), "two rows are of one period"),
        (prices.head(25), "no value for s0"),
    ):
        with pytest.raises(DataError, match=said):
            forecast(history([1.0, 2.0] * 12), 2, "MS", regressors=bad)


@pytest.mark.parametrize(
    "changed",
    [
        lambda h: h.sample(frac=1, random_state=0),
        lambda h: h.assign(ds=h.ds.dt.tz_localize("Asia/Shanghai")),
        lambda h: h.assign(ds=h.ds.dt.to_period("M")),
        lambda h: h.assign(ds=h.ds.dt.strftime("%Y年%m月%d日")),
        lambda h: h.assign(ds=h.ds.dt.date),
        lambda h: h.assign(y=h.y.astype(str)),
        lambda h: h.assign(y=h.y.astype("Int64"), note="x"),
        lambda h: h.astype({"unique_id": "category"}),
        lambda h: h.astype(
            {"unique_id": "string[pyarrow]", "ds": "timestamp[ns][pyarrow]", "y": "double[pyarrow]"}
        ),
        lambda h: __import__("pyarrow").Table.from_pandas(h),
    ],
)
def test_the_same_history_however_it_is_written(changed) -> None:
    plain = history([10.0, 20.0, 30.0] * 8, [5.0, 4.0] * 12)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = forecast(changed(plain), 3, "MS")
    pd.testing.assert_frame_equal(made, forecast(plain, 3, "MS"))


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "=cmd()", 7])
def test_names_come_back_as_they_are(name: object) -> None:
    assert forecast(history([1.0] * 12).assign(unique_id=name), 1, "MS").unique_id.tolist() == [name]


def test_dates_to_come_are_forecast_from_and_told() -> None:
    made = forecast(history([1.0] * 12, start="2200-01-01"), 1, "MS")
    assert {"unique_id": None, "treatment": "after_today", "n": 12} in made.attrs["treatments"]
