"""Metrics of forecasts and of how they came out."""

from __future__ import annotations

from salesops_lib.metrics.definitions.metric import Metric

FORECASTS = [
    Metric(
        "forecast",
        "M6.6",
        "Forecast",
        "预测",
        "money",
        "exponential smoothing and Theta, combined by past losses, of amounts or of rates a working day as these missed less; conformal intervals of rolling-origin errors",
        formula_zh="指数平滑与Theta按历史误差加权组合，按金额或工作日日均（取误差较小者）；区间取自滚动起点误差（共形）",
    ),
    Metric(
        "forecast_error",
        "M6.6w",
        "Forecast error (WAPE)",
        "预测误差(WAPE)",
        "ratio",
        "Σ|error| / Σ|actual| over rolling origins",
        source="Hyndman, Foresight 4 (2006)",
        good=-1,
        formula_zh="滚动起点 Σ|误差| ÷ Σ|实际|",
    ),
    Metric(
        "forecast_wape",
        "M6.6a",
        "Error of published forecasts (WAPE)",
        "已发布预测的误差(WAPE)",
        "ratio",
        "Σ|said − came| / Σ|came|, of all forecasts that reports made before the month began, of months that are over",
        source="Hyndman, Foresight 4 (2006)",
        good=-1,
        formula_zh="Σ|预测 − 实际| ÷ Σ|实际|；取各报告在该月开始前作出的全部预测，仅计已结束月份",
    ),
    Metric(
        "forecast_mase",
        "M6.6b",
        "Scaled error of published forecasts (MASE)",
        "已发布预测的标度误差(MASE)",
        "index",
        "mean of |said − came| / mean absolute difference to the year before, in what was known when it was said",
        source="Hyndman and Koehler, International Journal of Forecasting 22 (2006)",
        good=-1,
        formula_zh="|预测 − 实际| ÷ 预测时已知数据的平均绝对同比差，取平均",
    ),
    Metric(
        "forecast_bias",
        "M6.6c",
        "Bias of published forecasts",
        "已发布预测的偏差",
        "ratio",
        "Σ(said − came) / Σ|came|; above zero: too high",
        formula_zh="Σ(预测 − 实际) ÷ Σ|实际|；大于零表示偏高",
    ),
    Metric(
        "forecast_coverage",
        "M6.6d",
        "Coverage of the 80 % interval",
        "80%区间覆盖率",
        "ratio",
        "share of months that came inside the 80 % interval said before",
        formula_zh="实际落入此前80%预测区间的比例",
    ),
    Metric(
        "forecast_value_added",
        "M6.7",
        "Forecast value added",
        "预测增值",
        "pp",
        "WAPE of the same month of the year before − WAPE of the forecast, on the same months",
        good=1,
        formula_zh="上年同月法WAPE − 预测WAPE，取相同月份",
    ),
]
