"""Metrics of open deals and of how far they cover what is still to win."""

from __future__ import annotations

from salesops_lib.metrics.definitions.metric import Metric

COVERAGE = [
    Metric(
        "open_pipeline",
        "M3.7o",
        "Open pipeline",
        "在手商机额",
        "money",
        "Σ amount of opportunities open on the as-of day",
        needs=("opportunities.amount",),
        formula_zh="截至数据日 Σ在手商机金额",
    ),
    Metric(
        "weighted_pipeline",
        "M3.7",
        "Weighted pipeline",
        "加权商机额",
        "money",
        "Σ amount × the policy's odds of the stage",
        needs=("opportunities.amount",),
        formula_zh="Σ金额 × 政策规定的阶段赢率",
    ),
    Metric(
        "pipeline_coverage",
        "M3.5",
        "Pipeline coverage",
        "商机覆盖倍数",
        "multiple",
        "open pipeline closing in the period / (target − won); Gong's reading",
        source="Gong, pipeline coverage",
        needs=("opportunities.amount", "targets"),
        formula_zh="期内预计成交的在手商机 ÷（目标 − 已赢）",
    ),
    Metric(
        "pipeline_needed",
        "M3.6",
        "Pipeline still needed",
        "尚需商机额",
        "money",
        "(target − actual − expected from open) / win rate",
        source="Gong, pacing",
        good=-1,
        formula_zh="（目标 − 实际 − 在手预期）÷ 赢单率",
    ),
]
