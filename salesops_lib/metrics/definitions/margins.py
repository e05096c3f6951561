"""Metrics of prices, costs and receivables."""

from __future__ import annotations

from salesops_lib.metrics.definitions.metric import Metric

MARGINS = [
    Metric(
        "price_volume_mix",
        "M15.5",
        "Price–volume–mix bridge",
        "量价结构分解",
        "money",
        "continuing products: price Σ(p₁−p₀)q₁, volume (Q₁/Q₀−1)S₀, mix Σp₀q₁ − S₀Q₁/Q₀; new, lost and FX apart",
        "order date",
        needs=("sales.quantity",),
        formula_zh="延续产品：价格Σ（p₁−p₀）q₁，销量（Q₁/Q₀−1）S₀，结构Σp₀q₁ − S₀Q₁/Q₀；新品、停售与汇率单列",
    ),
    Metric(
        "receivables",
        "M24.6",
        "Receivables",
        "应收余额",
        "money",
        "Σ invoices (tax included where stated) − receipts up to the as-of day",
        "invoice and receipt date",
        needs=("invoices.net_amount", "receipts.amount"),
        good=-1,
        formula_zh="截至数据日 Σ发票（注明税额者含税）− 收款",
    ),
    Metric(
        "floor_breach",
        "M15.3",
        "Sold below floor",
        "低于底价",
        "money",
        "leakage Σ max(0, floor price − price) × quantity",
        "order date",
        needs=("sales.list_amount",),
        good=-1,
        formula_zh="流失 Σmax（0， 底价 − 成交价）× 数量",
    ),
    Metric(
        "expense_ratio",
        "M25.1",
        "Expense ratio",
        "费效比",
        "ratio",
        "selling expense / net sales",
        "order date",
        needs=("expenses.amount",),
        good=-1,
        formula_zh="销售费用 ÷ 净销售额",
    ),
]
