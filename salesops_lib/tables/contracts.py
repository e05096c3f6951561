"""The canonical tables: grain, columns, types, and the names other systems give them.

This registry is the one place that says what a table is called and holds.  The synonyms
(zh and en) drive the mapping of own columns; the types drive cleaning and the store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

ColumnType = Literal["text", "date", "money", "quantity", "number", "ratio", "integer"]

#: How a column type is stored.  Money is an integer count of minor units (fen, cent).
SQL_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "text": "VARCHAR",
        "date": "DATE",
        "money": "BIGINT",
        "quantity": "DECIMAL(18, 3)",
        "number": "DECIMAL(18, 4)",
        "ratio": "DOUBLE",
        "integer": "BIGINT",
    }
)


@dataclass(frozen=True)
class Column:
    """One column of a canonical table.

    `synonyms` are header names seen in other systems, in any language; they are compared
    after case, spaces and punctuation are folded.
    """

    name: str
    type: ColumnType = "text"
    zh: str = ""
    required: bool = False
    synonyms: tuple[str, ...] = ()
    about: str = ""


@dataclass(frozen=True)
class Table:
    """A canonical table: one row per `grain`, unique by `key`.

    `refers` maps a column to the table whose key it must be found in; a value that is not
    found there is counted as an orphan and shown, never dropped.
    """

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    zh: str = ""
    refers: Mapping[str, str] = field(default_factory=dict)
    dated_by: str = ""

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.name} has no column {name!r}")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.required)


def _c(spec: str, zh: str, *synonyms: str, type: ColumnType = "text", about: str = "") -> Column:
    name = spec.rstrip("!")
    return Column(name, type, zh, spec.endswith("!"), synonyms, about)


_ALL = (
    Table(
        "order_lines",
        "line of an order",
        ("order_id", "line_id"),
        zh="订单明细",
        dated_by="ordered_on",
        refers={"customer_id": "customers", "product_id": "products", "rep_id": "reps"},
        columns=(
            _c("order_id!", "订单号", "order id", "order no", "so no", "invoice no", "invoice", "单号", "订单编号", "订单 id", "发票号码", "sales order", "name"),
            _c("line_id", "行号", "row id", "line no", "line", "行 id", "order line id", "明细号"),
            _c("ordered_on!", "订单日期", "order date", "invoice date", "date", "posting date", "transaction date", "下单日期", "开单日期", "日期", "销售日期", "order_purchase_timestamp", type="date"),
            _c("customer_id", "客户编号", "customer id", "client id", "account id", "sold-to", "客户 id", "客户编码", "客户代码"),
            _c("customer_name", "客户名称", "customer name", "customer", "account", "account name", "client", "客户", "买方"),
            _c("product_id", "产品编号", "product id", "stock code", "sku", "item code", "产品 id", "产品编码", "物料编码", "商品编码"),
            _c("product_name", "产品名称", "product name", "product", "description", "item name", "item", "产品", "商品名称", "品名"),
            _c("category", "产品线", "category", "product line", "family", "series", "item group", "类别", "品类", "产品类别"),
            _c("subcategory", "子类别", "sub-category", "subcategory", "子类", "小类"),
            _c("quantity", "数量", "quantity", "qty", "units", "订购数量", "销售数量", type="quantity"),
            _c("unit_price", "单价", "unit price", "price", "rate", "成交价", "销售单价", type="money"),
            _c("list_price", "标准价", "list price", "price list rate", "目录价", "标价", type="money"),
            _c("net_amount", "净额", "sales", "net amount", "amount", "revenue", "base net amount", "line total", "close value", "销售额", "金额", "不含税金额", "销售金额", type="money"),
            _c("gross_amount", "含税金额", "gross amount", "total incl tax", "价税合计", type="money"),
            _c("tax_amount", "税额", "tax amount", "vat", "tax", type="money"),
            _c("discount_amount", "折扣额", "discount amount", "优惠金额", type="money"),
            _c("discount_rate", "折扣", "discount", "discount rate", "折扣率", type="ratio"),
            _c("cost_amount", "成本", "cost", "cost amount", "cogs", "成本金额", type="money"),
            _c("margin_amount", "毛利", "profit", "margin", "gross profit", "利润", "毛利额", type="money"),
            _c("currency", "币种", "currency", "currency code", "货币"),
            _c("channel", "渠道", "channel", "sales channel", "销售渠道"),
            _c("rep_id", "业务员", "rep id", "sales rep", "salesperson", "sales person", "sales agent", "owner", "销售员", "销售人员", "业务员编号"),
            _c("region", "大区", "region", "territory", "country", "area", "地区", "区域", "国家"),
            _c("segment", "客户类型", "segment", "customer group", "细分", "客户细分"),
            _c("status", "状态", "status", "order status", "订单状态"),
            _c("requested_on", "要求交期", "requested date", "requested delivery date", "要求到货日期", type="date"),
            _c("shipped_on", "发货日期", "ship date", "shipped date", "delivery date", "装运日期", type="date"),
        ),
    ),
    Table(
        "returns", "returned line", ("return_id",), zh="退货", dated_by="returned_on",
        columns=(
            _c("return_id", "退货单号", "return id", "return no", "退单号"),
            _c("order_id!", "订单号", "order id", "order no", "订单 id", "订单编号"),
            _c("line_id", "行号", "line id", "line no"),
            _c("returned_on", "退货日期", "return date", "returned at", type="date"),
            _c("quantity", "数量", "quantity", "qty", type="quantity"),
            _c("net_amount", "退款金额", "refund", "net amount", "amount", type="money"),
            _c("reason", "原因", "reason", "退货原因"),
        ),
    ),
    Table(
        "customers", "customer", ("customer_id",), zh="客户",
        columns=(
            _c("customer_id!", "客户编号", "customer id", "account", "client id", "客户 id", "客户编码"),
            _c("name", "客户名称", "customer name", "account name", "company", "name", "客户"),
            _c("parent_id", "母公司", "parent", "subsidiary of", "parent account", "上级客户"),
            _c("region", "大区", "region", "territory", "office location", "区域", "地区"),
            _c("segment", "客户规模", "segment", "size band", "customer group", "规模", "细分"),
            _c("industry", "行业", "industry", "sector", "所属行业"),
            _c("first_seen_on", "建档日期", "first seen", "created", "customer since", "建立日期", type="date"),
            _c("credit_limit", "信用额度", "credit limit", type="money"),
            _c("credit_days", "账期", "credit days", "payment days", type="integer"),
            _c("potential_amount", "潜力", "potential", "annual potential", "年采购潜力", type="money"),
        ),
    ),
    Table(
        "products", "product", ("product_id",), zh="产品",
        columns=(
            _c("product_id!", "产品编号", "product id", "product", "sku", "stock code", "item code", "产品编码", "物料编码"),
            _c("name", "产品名称", "product name", "item name", "description", "品名"),
            _c("category", "产品线", "category", "family", "series", "product line", "品类", "类别"),
            _c("subcategory", "子类别", "sub-category", "subcategory", "子类"),
            _c("list_price", "标准价", "list price", "sales price", "price", "目录价", type="money"),
            _c("unit_cost", "单位成本", "unit cost", "standard cost", "cost", type="money"),
            _c("unit", "单位", "unit", "uom", "计量单位"),
            _c("launched_on", "上市日期", "launch date", "launched", type="date"),
        ),
    ),
    Table(
        "reps", "salesperson", ("rep_id",), zh="销售人员",
        columns=(
            _c("rep_id!", "业务员编号", "rep id", "employee id", "sales agent", "员工编号", "工号", "销售人员"),
            _c("name", "姓名", "name", "rep name", "员工姓名"),
            _c("role", "岗位", "role", "title", "职位"),
            _c("hired_on", "入职日期", "hire date", "hired", type="date"),
            _c("left_on", "离职日期", "leave date", "termination date", type="date"),
            _c("base_pay", "底薪", "base pay", "salary", type="money"),
            _c("target_variable", "目标浮动薪酬", "target variable", "target incentive", type="money"),
        ),
    ),
    Table(
        "org", "place of a salesperson over a span of days", ("rep_id", "valid_from"), zh="组织",
        refers={"rep_id": "reps"},
        columns=(
            _c("rep_id!", "业务员编号", "rep id", "sales agent", "employee id", "工号", "销售人员"),
            _c("team", "团队", "team", "department", "部门", "小组"),
            _c("region", "大区", "region", "regional office", "territory", "战区", "地区"),
            _c("manager_id", "主管", "manager", "manager id", "supervisor", "上级"),
            _c("valid_from", "生效日期", "valid from", "from", "start date", type="date"),
            _c("valid_to", "失效日期", "valid to", "to", "end date", type="date"),
        ),
    ),
    Table(
        "targets", "target of a measure for a unit and a month", ("version", "scope_type", "scope_id", "measure", "period"), zh="目标",
        columns=(
            _c("version", "版本", "version"),
            _c("scope_type!", "层级", "scope type", "level", "目标层级", about="company, region, team or rep"),
            _c("scope_id!", "对象", "scope id", "scope", "unit", "目标对象"),
            _c("measure!", "指标", "measure", "kpi", "metric", about="a metric id, e.g. bookings"),
            _c("period!", "期间", "period", "month", "月份", about="a month, e.g. 2026-03"),
            _c("value!", "目标值", "value", "target", "quota", "目标", type="number", about="whole currency units, or a count"),
            _c("approved_on", "批准日期", "approved", "approved at", type="date"),
        ),
    ),
    Table(
        "opportunities", "sales opportunity", ("opportunity_id",), zh="商机", dated_by="created_on",
        refers={"customer_id": "customers", "rep_id": "reps", "product_id": "products"},
        columns=(
            _c("opportunity_id!", "商机编号", "opportunity id", "opp id", "deal id", "商机 id"),
            _c("customer_id", "客户编号", "customer id", "account id", "account", "客户"),
            _c("rep_id", "负责人", "owner", "owner id", "sales agent", "rep id", "业务员", "deal owner"),
            _c("product_id", "产品编号", "product id", "product", "产品"),
            _c("amount", "金额", "amount", "close value", "deal value", "expected revenue", "商机金额", "预计金额", type="money"),
            _c("currency", "币种", "currency"),
            _c("stage!", "阶段", "stage", "deal stage", "sales stage", "商机阶段"),
            _c("created_on", "创建日期", "created", "created at", "engage date", "create date", "创建时间", type="date"),
            _c("expected_close_on", "预计成交日期", "expected close", "expected closing", "close date expected", "预计签约日期", type="date"),
            _c("closed_on", "关闭日期", "close date", "closed at", "closed", "成交日期", type="date"),
            _c("outcome", "结果", "outcome", "result", "赢单/输单", about="won, lost or open"),
            _c("loss_reason", "丢单原因", "loss reason", "lost reason"),
            _c("competitor", "竞争对手", "competitor", "rival", "竞品"),
            _c("source", "来源", "source", "lead source", "线索来源"),
        ),
    ),
    Table(
        "opportunity_changes", "change of one field of an opportunity", ("opportunity_id", "changed_on", "field"), zh="商机变更",
        dated_by="changed_on", refers={"opportunity_id": "opportunities"},
        columns=(
            _c("opportunity_id!", "商机编号", "opportunity id", "opp id"),
            _c("changed_on!", "变更日期", "changed at", "changed", type="date"),
            _c("field!", "字段", "field"),
            _c("old_value", "原值", "old", "old value"),
            _c("new_value", "新值", "new", "new value"),
        ),
    ),
    Table(
        "invoices", "invoice", ("invoice_id",), zh="发票", dated_by="invoiced_on", refers={"customer_id": "customers"},
        columns=(
            _c("invoice_id!", "发票号", "invoice id", "invoice no"),
            _c("order_id", "订单号", "order id", "order no"),
            _c("customer_id", "客户编号", "customer id", "客户"),
            _c("invoiced_on!", "开票日期", "invoice date", "invoiced", type="date"),
            _c("due_on", "到期日", "due date", "due", type="date"),
            _c("net_amount!", "不含税金额", "net amount", "amount", "开票金额", type="money"),
            _c("tax_amount", "税额", "tax amount", "tax", type="money"),
            _c("currency", "币种", "currency"),
        ),
    ),
    Table(
        "receipts", "cash receipt", ("receipt_id",), zh="回款", dated_by="received_on", refers={"invoice_id": "invoices"},
        columns=(
            _c("receipt_id!", "回款编号", "receipt id", "payment id"),
            _c("received_on!", "回款日期", "received", "payment date", "收款日期", type="date"),
            _c("customer_id", "客户编号", "customer id", "客户"),
            _c("invoice_id", "发票号", "invoice id", "invoice no"),
            _c("amount!", "回款金额", "amount", "payment amount", "收款金额", type="money"),
            _c("currency", "币种", "currency"),
        ),
    ),
    Table(
        "market", "market size of a category in a region and a quarter", ("period", "category", "region"), zh="市场",
        columns=(
            _c("period!", "期间", "period", "quarter", about="a quarter, e.g. 2026-Q1"),
            _c("category", "产品线", "segment", "category", "family", "品类"),
            _c("region", "大区", "region", "区域"),
            _c("market_amount!", "市场规模", "market value", "market size", type="money"),
            _c("market_low", "下限", "low", "market low", type="money"),
            _c("market_high", "上限", "high", "market high", type="money"),
            _c("leader_amount", "最大对手销售额", "leader sales", "largest rival", type="money"),
            _c("source", "来源", "source"),
            _c("published_on", "发布日期", "published", "published at", type="date"),
        ),
    ),
    Table(
        "competitor_prices", "price of a rival's matched product on a day", ("observed_on", "competitor", "product_id"), zh="竞品价格",
        dated_by="observed_on", refers={"product_id": "products"},
        columns=(
            _c("observed_on!", "日期", "date", "observed", type="date"),
            _c("competitor!", "竞争对手", "competitor", "rival"),
            _c("product_id!", "对标产品", "matched product id", "product id"),
            _c("price!", "价格", "price", "竞品价", type="money"),
            _c("event", "事件", "event", "promo"),
            _c("source", "来源", "source"),
        ),
    ),
    Table(
        "surveys", "answer to a survey", ("survey_id",), zh="满意度调查", dated_by="answered_on", refers={"customer_id": "customers"},
        columns=(
            _c("survey_id!", "问卷编号", "survey id", "response id"),
            _c("customer_id", "客户编号", "customer id", "客户"),
            _c("answered_on!", "回答日期", "answered", "at", type="date"),
            _c("instrument!", "类型", "instrument", about="nps (0–10) or csat (1–5)"),
            _c("score!", "得分", "score", type="number"),
            _c("comment", "意见", "comment", "text"),
        ),
    ),
    Table(
        "expenses", "selling expense of a channel and a month", ("period", "channel", "category"), zh="销售费用",
        columns=(
            _c("period!", "期间", "period", "month"),
            _c("channel", "渠道", "channel"),
            _c("category", "费用类别", "category", "cost centre"),
            _c("amount!", "金额", "amount", type="money"),
        ),
    ),
    Table(
        "trainings", "course of a salesperson", ("rep_id", "course_id"), zh="培训", dated_by="completed_on", refers={"rep_id": "reps"},
        columns=(
            _c("rep_id!", "业务员编号", "rep id", "employee id"),
            _c("course_id!", "课程", "course id", "course"),
            _c("completed_on", "完成日期", "completed", "completed at", type="date"),
            _c("score", "成绩", "score", type="number"),
        ),
    ),
    Table(
        "fx", "exchange rate of a currency in a month", ("currency", "period", "rate_type"), zh="汇率",
        columns=(
            _c("currency!", "币种", "currency"),
            _c("period!", "期间", "period", "month"),
            _c("rate_type!", "类型", "rate type", about="plan, avg or spot"),
            _c("rate!", "汇率", "rate", type="ratio", about="units of group currency for one unit"),
        ),
    ),
)

#: name → contract, in the order in which tables are loaded.
TABLES: Mapping[str, Table] = MappingProxyType({table.name: table for table in _ALL})
