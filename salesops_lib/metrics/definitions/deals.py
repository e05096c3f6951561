"""Metrics of opportunities: created, won, lost."""

from __future__ import annotations

from salesops_lib.metrics.definitions.metric import Metric, count, money, rounded
from salesops_lib.metrics.exhibit import Unit

DEALS = [
    Metric(
        "pipeline_created",
        "M3.8c",
        "Pipeline created",
        "新增商机额",
        "money",
        "Σ amount of opportunities by creation date",
        "creation date",
        relation="deals_created",
        sql=money("amount"),
        needs=("opportunities.amount", "opportunities.created_on"),
        formula_zh="Σ按创建日的商机金额",
    ),
    Metric(
        "deals_created",
        "M3.8n",
        "Opportunities created",
        "新增商机数",
        "count",
        "number of opportunities by creation date",
        "creation date",
        relation="deals_created",
        sql=count("*"),
        needs=("opportunities.created_on",),
        formula_zh="按创建日的商机数",
    ),
    Metric(
        "deals_won",
        "M3.1n",
        "Deals won",
        "赢单数",
        "count",
        "opportunities closed as won",
        "closing date",
        relation="deals_closed",
        sql=count("*", "outcome = 'won'"),
        needs=("opportunities.closed_on",),
        formula_zh="赢单关闭的商机数",
    ),
    Metric(
        "deals_lost",
        "M3.1l",
        "Deals lost",
        "输单数",
        "count",
        "opportunities closed as lost",
        "closing date",
        relation="deals_closed",
        sql=count("*", "outcome = 'lost'"),
        needs=("opportunities.closed_on",),
        good=-1,
        formula_zh="输单关闭的商机数",
    ),
    Metric(
        "won_amount",
        "M3.1a",
        "Amount won",
        "赢单额",
        "money",
        "Σ amount of opportunities closed as won",
        "closing date",
        relation="deals_closed",
        sql=money("amount", "outcome = 'won'"),
        needs=("opportunities.amount", "opportunities.closed_on"),
        formula_zh="Σ赢单金额",
    ),
    Metric(
        "win_rate",
        "M3.1",
        "Win rate",
        "赢单率",
        "ratio",
        "won / (won + lost), by number, closed in the period",
        "closing date",
        completeness="Wilson interval below 30 closed deals (C17)",
        source="HubSpot, sales pipeline velocity",
        relation="deals_closed",
        quotient=(count("*", "outcome = 'won'"), count("*", "outcome IN ('won', 'lost')")),
        needs=("opportunities.closed_on",),
        formula_zh="赢单 ÷（赢单 + 输单），按数量、关闭日",
    ),
    Metric(
        "deal_size",
        "M3.4d",
        "Average deal won",
        "平均赢单额",
        "money",
        "amount won / deals won",
        "closing date",
        relation="deals_closed",
        sql=rounded("CAST(AVG(amount) FILTER (WHERE outcome = 'won') AS DOUBLE)"),
        needs=("opportunities.amount", "opportunities.closed_on"),
        formula_zh="赢单额 ÷ 赢单数",
    ),
]


def _of_process(
    id: str, ref: str, en: str, zh: str, unit: Unit, formula: str, formula_zh: str, *needs: str, good: int = 1, source: str = "", day: str = ""
) -> Metric:
    """A figure of the process, computed in the pipeline's room from the deals as of a day."""
    return Metric(
        id, ref, en, zh, unit, formula, day, completeness="deals as known on the last day of the period", source=source,
        needs=needs or ("opportunities.stage",), good=good, formula_zh=formula_zh,
    )  # fmt: skip


PROCESS = [
    _of_process(
        "win_rate_value", "M3.1v", "Win rate by value", "赢单率（按金额）", "ratio",
        "amount won / (amount won + amount lost), closed in the period; interval by Wilson with (Σa)²/Σa² deals",
        "赢单额 ÷（赢单额 + 输单额），按关闭日；区间按有效单数（Σa）²/Σa²的Wilson法",
        "opportunities.amount", "opportunities.closed_on", day="closing date",
    ),
    _of_process(
        "cohort_win_rate", "M3.1k", "Win rate of cohorts", "批次赢单率", "ratio",
        "won / created of deals created in months that are older than 95 % of closed deals took to close",
        "成熟批次中赢单数 ÷ 创建数；批次年龄超过95%已关闭商机的关闭天数",
        "opportunities.created_on", "opportunities.closed_on", day="creation date",
    ),
    _of_process(
        "stage_conversion", "M3.2", "Stage conversion", "阶段转化率", "ratio",
        "entered a later stage or won / entered the stage, by month of entry, mature months only",
        "进入后续阶段或赢单的商机 ÷ 进入本阶段的商机，按进入月份，仅计成熟批次",
        "opportunity_changes", day="entry into the stage",
    ),
    _of_process(
        "cycle_days", "M3.3", "Sales cycle", "赢单周期", "days",
        "median days from creation to winning; open deals censored, lost deals a competing end (Aalen-Johansen; Kaplan-Meier where nothing is lost)",
        "创建至赢单天数的中位数；在手商机按删失、输单按竞争风险处理（Aalen-Johansen；无输单时即Kaplan-Meier）",
        "opportunities.created_on", "opportunities.closed_on", good=-1, day="creation date",
    ),
    _of_process(
        "decision_days", "M3.3d", "Days to a decision", "商机决出天数", "days",
        "median days from creation to winning or losing, open deals censored (Kaplan-Meier)",
        "创建至赢单或输单天数的中位数，在手商机按删失处理（Kaplan-Meier）",
        "opportunities.created_on", "opportunities.closed_on", good=-1, day="creation date",
    ),
    _of_process(
        "sales_velocity", "M3.4", "Sales velocity", "销售速度", "money",
        "open deals × win rate × average deal won / sales cycle, money a day",
        "在手商机数 × 赢单率 × 平均赢单额 ÷ 赢单周期，每日金额",
        "opportunities.amount", "opportunities.closed_on", source="HubSpot, sales pipeline velocity",
    ),
    _of_process(
        "stalled_deals", "M3.10", "Stalled deals", "停滞商机", "money",
        "Σ amount of open deals longer in their stage than the policy allows, or without activity for longer",
        "在阶段停留超限或超期无活动的在手商机金额合计", "opportunities.stage", good=-1,
    ),
    _of_process(
        "hygiene_score", "M3.11", "CRM hygiene", "商机数据规范度", "ratio",
        "checks passed / checks made over all open deals; checks by the policy", "在手商机通过的检查数 ÷ 检查总数，检查项依政策",
        "opportunities.stage",
    ),
    _of_process(
        "lead_response", "M3.12", "Lead response", "线索首次响应", "quantity",
        "median working hours from a lead's arrival to its first answer; unanswered leads censored",
        "线索到达至首次响应的工作小时中位数，未响应者按删失处理", "leads", good=-1, source="ERPNext, lead owner efficiency", day="arrival of the lead",
    ),
    _of_process(
        "lead_conversion", "M3.12c", "Leads becoming opportunities", "线索转商机率", "ratio",
        "leads with an opportunity / leads, by month of arrival, mature months only", "已转商机线索 ÷ 线索，按到达月份，仅计成熟批次",
        "leads", source="ERPNext, lead conversion time", day="arrival of the lead",
    ),
    _of_process(
        "loss_share", "M8.2s", "Share of losses by reason", "丢单原因占比", "ratio",
        "lost deals of a reason / lost deals that state one, Wilson interval", "该原因丢单数 ÷ 已填写原因的丢单数，Wilson区间",
        "opportunities.loss_reason", good=-1, day="closing date",
    ),
    _of_process(
        "process_breaches", "M3.13", "Breaches of the process", "流程违规", "money",
        "Σ amount of open deals that break a rule of the policy: age, evidence, response, price approval",
        "违反流程政策的在手商机金额合计：停留、推进依据、响应、价格审批", "opportunities.stage", good=-1,
    ),
    _of_process(
        "money_at_risk", "M3.14", "Money at risk", "风险金额", "money",
        "amount × odds of winning of a deal with a warning sign", "有预警信号商机的金额 × 赢率", "opportunities.amount", good=-1,
    ),
]
