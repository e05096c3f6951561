"""Canonical tables of pay: who is credited, who owns a customer, what befell orders, what was stated."""

from __future__ import annotations

from salesops_lib.tables.contracts import Table
from salesops_lib.tables.contracts import column as _c

PAY = (
    Table(
        "credits",
        "share of a salesperson in an order or one of its lines",
        ("order_id", "line_id", "rep_id", "role"),
        zh="业绩分成",
        refers={"order_id": "order_lines", "rep_id": "reps"},
        columns=(
            _c("order_id!", "订单号", "order id", "order no", "订单编号"),
            _c("line_id", "行号", "line id", "line no", about="all lines of the order where left out"),
            _c("rep_id!", "业务员编号", "credited to", "credited rep", "分成人员", "业绩归属人"),
            _c("role", "角色", "credit role", "分成角色", about="an overlay role of the policy, else direct"),
            _c(
                "share!",
                "分成比例",
                "credit share",
                "split",
                "split percent",
                "业绩比例",
                type="ratio",
                about="direct shares of a line make 1",
            ),
        ),
    ),
    Table(
        "owners",
        "owner of a customer over a span of days",
        ("customer_id", "valid_from"),
        zh="客户归属",
        refers={"customer_id": "customers", "rep_id": "reps"},
        columns=(
            _c("customer_id!", "客户编号", "customer id", "account id", "客户编码"),
            _c("rep_id!", "客户负责人", "customer owner", "account owner", "归属业务员"),
            _c("valid_from!", "归属起始日", "owned from", "valid from", type="date"),
            _c("valid_to", "归属结束日", "owned to", "valid to", type="date"),
        ),
    ),
    Table(
        "order_events",
        "what befell an order after it was credited",
        ("order_id", "line_id", "event", "happened_on"),
        zh="订单事件",
        refers={"order_id": "order_lines"},
        dated_by="happened_on",
        columns=(
            _c("order_id!", "订单号", "order id", "order no", "订单编号"),
            _c("line_id", "行号", "line id", "line no", about="the whole order where left out"),
            _c("event!", "事件", "order event", "订单事件", about="disputed, granted or churned"),
            _c("happened_on!", "发生日期", "happened on", type="date"),
            _c("ended_on", "结束日期", "ended on", type="date", about="day on which a dispute was settled"),
            _c(
                "share",
                "剩余期限占比",
                "share of term left",
                type="ratio",
                about="churned: share of the contract's term that was left",
            ),
        ),
    ),
    Table(
        "payouts",
        "line of a posted statement",
        ("statement", "rep_id", "component", "month", "order_id", "line_id", "kind"),
        zh="已过账提成",
        refers={"rep_id": "reps"},
        columns=(
            _c("statement!", "结算单月份", "statement", "posted period", about="month whose statement it is"),
            _c("rep_id!", "收款人", "payee"),
            _c("plan!", "方案", "plan"),
            _c("component!", "方案项", "component"),
            _c("month!", "归属月份", "earned month", about="month that the line is credited in"),
            _c("order_id", "订单号", "order id"),
            _c("line_id", "行号", "line id"),
            _c("kind", "类别", "kind", about="order or return; empty for pay that no line earns"),
            _c(
                "credited_amount",
                "计业绩数",
                "credited amount",
                type="integer",
                about="in parts of the measure",
            ),
            _c("pay_amount!", "提成额", "pay", type="money"),
            _c("policy_version!", "政策版本", "policy version"),
            _c("data_fingerprint!", "数据指纹", "data fingerprint"),
            _c("posted_on!", "过账日期", "posted on", type="date"),
        ),
    ),
)
