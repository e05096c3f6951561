"""Metrics of the data themselves."""

from __future__ import annotations

from salesops_lib.metrics.definitions.metric import Metric

QUALITY = [
    Metric(
        "rows_accounted",
        "M20.1",
        "Rows accounted for",
        "行数核对",
        "count",
        "rows in = used + merged + set aside + excluded, each with its reason",
        formula_zh="读入行 = 采用 + 合并 + 搁置 + 排除，逐一注明原因",
    ),
    Metric(
        "completeness",
        "M20.2",
        "Completeness",
        "完整率",
        "ratio",
        "rows with a value / rows, per column",
        formula_zh="有值行 ÷ 总行数，按列",
    ),
    Metric(
        "freshness",
        "M20.3",
        "Freshness",
        "数据时效",
        "days",
        "as-of day − last day loaded, per table",
        good=-1,
        formula_zh="数据日 − 最近一行日期，按表",
    ),
    Metric(
        "orphans",
        "M20.7",
        "Orphan keys",
        "孤立主键",
        "count",
        "values that the referred table does not hold",
        good=-1,
        formula_zh="在被引用表中找不到的键值",
    ),
    Metric(
        "data_grade",
        "M20.9",
        "Data grade",
        "数据等级",
        "text",
        "A–D from the share of rows set aside, completeness and orphans; limits in the policy",
        formula_zh="按采用行占比 × 键匹配率评定A–D，界限见政策",
    ),
]
