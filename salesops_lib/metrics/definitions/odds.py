"""Metrics of the odds of deals."""

from __future__ import annotations

from salesops_lib.metrics.definitions.metric import Metric

ODDS = [
    Metric(
        "deal_odds",
        "M3.7a",
        "Odds of a deal",
        "商机赢率",
        "ratio",
        "chance that an open deal is won once it is decided, from what is known of it on the day; rates of stages drawn towards the policy's, "
        "and effects of groups pooled partially where they foretell better out of time",
        completeness="the policy's odds below odds.min_deals decided deals",
        source="Gelman & Hill, Data Analysis Using Regression and Multilevel Models (2007), ch. 12",
        needs=("opportunities.stage", "opportunities.created_on"),
        formula_zh="以当日已知信息估计在手商机最终赢单（相对于输单）的概率：各阶段历史赢率向制度赢率收缩，样本外更准时再加入分组效应（部分合并）",
    ),
    Metric(
        "calibrated_pipeline",
        "M3.7d",
        "Weighted pipeline at calibrated odds",
        "按校准赢率加权的商机额",
        "money",
        "Σ amount of open deals × their odds (deal_odds)",
        needs=("opportunities.amount", "opportunities.stage"),
        formula_zh="Σ在手商机金额 × 校准赢率",
    ),
    Metric(
        "odds_brier",
        "M3.7b",
        "Brier score of odds",
        "赢率Brier评分",
        "score",
        "mean of (odds − outcome)², out of time, each deal and day weighted for those not decided yet",
        source="Brier, Monthly Weather Review 78 (1950)",
        good=-1,
        formula_zh="样本外（赢率 − 结果）²的加权平均",
    ),
    Metric(
        "odds_calibration_error",
        "M3.7c",
        "Calibration error of odds",
        "赢率校准误差",
        "ratio",
        "mean over tenths of the odds of |share won − mean odds|, weighted by rows, out of time",
        source="Naeini, Cooper & Hauskrecht, AAAI (2015)",
        good=-1,
        formula_zh="按赢率十等分区间，|实际赢率 − 平均预测赢率|的加权平均（样本外）",
    ),
]
