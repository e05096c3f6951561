"""Which raw files there are, and how each is written: headers, labels, encodings, faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from salesops_lib.synthetic import company, dirt, pipeline
from salesops_lib.synthetic.catalogue import Catalogue
from salesops_lib.synthetic.customers import Customers, customer_id
from salesops_lib.synthetic.draws import Draws
from salesops_lib.synthetic.files import RawFiles
from salesops_lib.synthetic.organisation import Organisation
from salesops_lib.synthetic.targets import Revision, Row

ORDERS, CUSTOMERS, TARGETS = "orders.csv", "客户档案.csv", "销售目标.xlsx"
_RETURN_REASONS = ("quality", "wrong item", "late", "order error")
_N_REPEATED_CUSTOMERS, _N_SPACED_NAMES = 6, 15
_BLANK_AMOUNT, _SPACED_OWNER, _RECEIPT_THOUSANDS = 0.05, 0.003, 0.002


def _day(number: str) -> str:
    return f"(DATE '{company.FIRST_DAY}' + CAST({number} AS INTEGER))"


def _id(prefix: str, index: str, width: int) -> str:
    return f"'{prefix}' || lpad(CAST({index} + 1 AS VARCHAR), {width}, '0')"


def _one_of(words: Sequence[str], index: str) -> str:
    quoted = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"[{quoted}][{index} + 1]"


def _currency(region: str) -> str:
    return f"CASE WHEN {region} = {company.REGION_NAMES.index('Export')} THEN 'USD' ELSE 'CNY' END"


def write_orders(files: RawFiles, draws: Draws) -> None:
    """The order file: Chinese headers, one line a row, a few lines exported twice."""
    columns = {
        "订单号": ("order_id", _id("SO", "k", 8)),
        "行号": ("line_id", "line_no"),
        "订单日期": ("ordered_on", dirt.order_date(draws, _day("d"))),
        "客户编号": ("customer_id", dirt.customer(draws, _id("C", "written_customer", 5))),
        "产品编号": ("product_id", dirt.product(draws, _id("P", "product", 4))),
        "数量": ("quantity", "quantity"),
        "单价": ("unit_price", dirt.yuan("unit_tc")),
        "标准价": ("list_price", dirt.yuan("list_tc")),
        "金额": ("net_amount", dirt.amount("amount_tc")),
        "成本": ("cost_amount", dirt.yuan("cost_tc")),
        "币种": ("currency", _currency("region")),
        "渠道": ("channel", _one_of(company.CHANNELS, "channel")),
        "业务员": ("rep_id", _id("R", "rep", 3)),
        "大区": ("region", _one_of(company.REGION_NAMES, "region")),
        "状态": ("status", _one_of(company.STATUS_LABELS, "status")),
        "要求交期": ("requested_on", _day("requested_day")),
        "发货日期": ("shipped_on", _day("shipped_day")),
    }
    source = f"""(
        SELECT *, unnest(range(CASE WHEN {dirt.is_fault("duplicate_line")} THEN 2 ELSE 1 END)) AS copy
        FROM (SELECT *, {dirt.fault(draws)} AS fault FROM lines)
    ) ORDER BY i"""
    values = {"status": dict(zip(company.STATUS_LABELS, ("shipped", "cancelled", "open"), strict=True))}
    files.query(ORDERS, "order_lines", columns, source, values=values)


def write_money(files: RawFiles, draws: Draws) -> dict[str, dict[str, int]]:
    """Returns, invoices, receipts; returns the faults of the receipts."""
    files.query(
        "returns.csv",
        "returns",
        {
            "Return ID": ("return_id", "'RT' || lpad(CAST(i AS VARCHAR), 9, '0')"),
            "Order ID": ("order_id", _id("SO", "k", 8)),
            "Line No": ("line_id", "line_no"),
            "Return Date": ("returned_on", _day("back_day")),
            "Qty": ("quantity", "back"),
            "Refund": ("net_amount", dirt.yuan("back_tc")),
            "Reason": ("reason", _one_of(_RETURN_REASONS, "reason")),
        },
        "returned ORDER BY i",
    )
    files.query(
        "invoices.csv",
        "invoices",
        {
            "Invoice No": ("invoice_id", _id("INV", "k", 8)),
            "Order No": ("order_id", _id("SO", "k", 8)),
            "Customer ID": ("customer_id", _id("C", "written_customer", 5)),
            "Invoice Date": ("invoiced_on", _day("d")),
            "Due Date": ("due_on", _day("due_day")),
            "Net Amount": ("net_amount", dirt.yuan("net_tc")),
            "Tax Amount": ("tax_amount", dirt.yuan("tax_tc")),
            "Currency": ("currency", _currency("region")),
        },
        "invoiced ORDER BY k",
    )
    spelt = f"(amount_tc >= 100000 AND {draws.uniform('receipt fault', 'receipt')} < {_RECEIPT_THOUSANDS})"
    thousands = "format('{:,}', amount_tc // 100) || '.' || lpad(CAST(amount_tc % 100 AS VARCHAR), 2, '0')"
    files.query(
        "receipts.csv",
        "receipts",
        {
            "Payment ID": ("receipt_id", _id("RC", "receipt", 9)),
            "Payment Date": ("received_on", _day("d")),
            "Customer ID": ("customer_id", _id("C", "written_customer", 5)),
            "Invoice No": ("invoice_id", _id("INV", "k", 8)),
            "Payment Amount": (
                "amount",
                f"CASE WHEN {spelt} THEN {thousands} ELSE {dirt.yuan('amount_tc')} END",
            ),
            "Currency": ("currency", _currency("region")),
        },
        "received ORDER BY receipt",
    )
    [(found,)] = files.con.execute(f"SELECT count(*) FROM received WHERE {spelt}").fetchall()
    return {"receipts.csv": {"amount_thousands": found}}


def write_customers(files: RawFiles, draws: Draws, customers: Customers) -> dict[str, dict[str, int]]:
    """The customer file in GB18030; twins at the end, a few rows twice, spaces in some names."""
    rng = draws.stream("customer file")
    names = list(customers.names)
    plain = [i for i, name in enumerate(names) if name not in company.HOSTILE_NAMES]
    spaced = rng.choice(plain, _N_SPACED_NAMES, replace=False)
    for n, i in enumerate(spaced):
        names[i] = f"　{names[i]}" if n % 2 else f"{names[i]}  "
    rows = [_customer_row(customers, i, i, names[i]) for i in range(customers.n)]
    repeated = sorted(int(i) for i in rng.choice(customers.n, _N_REPEATED_CUSTOMERS, replace=False))
    rows += [rows[i] for i in repeated]
    rows += [
        _customer_row(customers, i, int(t), twin_name(customers.names[i]))
        for i, t in enumerate(customers.twin)
        if t >= 0
    ]
    headers = {
        "客户编号": "customer_id",
        "客户名称": "name",
        "大区": "region",
        "客户规模": "segment",
        "行业": "industry",
        "建档日期": "first_seen_on",
        "信用额度": "credit_limit",
        "账期": "credit_days",
        "年采购潜力": "potential_amount",
    }
    files.rows(CUSTOMERS, "customers", headers, rows, encoding="gb18030")
    return {CUSTOMERS: {"duplicate_row": _N_REPEATED_CUSTOMERS, "spaces_around_name": _N_SPACED_NAMES}}


def _customer_row(customers: Customers, i: int, written: int, name: str) -> tuple[object, ...]:
    return (
        customer_id(written),
        name,
        company.REGION_NAMES[customers.region[i]],
        company.SEGMENTS[customers.segment[i]],
        company.INDUSTRIES[customers.industry[i]],
        customers.first_seen[i],
        f"{customers.credit_limit[i]}.00",
        customers.credit_days[i],
        f"{customers.potential[i]}.00" if written == i else None,
    )


def twin_name(name: str) -> str:
    """How the same customer was written when it was entered a second time.

    >>> twin_name("上海华鼎机械有限公司"), twin_name("Harlow Drives Ltd")
    ('上海华鼎机械有限责任公司', 'HARLOW DRIVES LTD')
    """
    return name.replace("有限公司", "有限责任公司") if "有限公司" in name else name.upper()


def write_people(files: RawFiles, organisation: Organisation) -> None:
    """Persons, their places over time, their courses."""
    people = sorted(organisation.people, key=lambda p: p.id)
    files.rows(
        "reps.csv",
        "reps",
        {
            "Rep ID": "rep_id",
            "Name": "name",
            "Role": "role",
            "Hire Date": "hired_on",
            "Leave Date": "left_on",
            "Base Pay": "base_pay",
            "Target Variable": "target_variable",
        },
        [
            (p.id, p.name, p.role, p.hired_on, p.left_on, f"{p.base_pay}.00", f"{p.variable}.00")
            for p in people
        ],
    )
    files.rows(
        "org.csv",
        "org",
        {
            "Rep ID": "rep_id",
            "Team": "team",
            "Region": "region",
            "Manager ID": "manager_id",
            "Valid From": "valid_from",
            "Valid To": "valid_to",
        },
        [
            (p.id, team, region, manager, start, end)
            for p in people
            for team, region, manager, start, end in p.places
        ],
    )
    files.rows(
        "trainings.csv",
        "trainings",
        {
            "Rep ID": "rep_id",
            "Course ID": "course_id",
            "Completed": "completed_on",
            "Score": "score",
        },
        organisation.trainings,
    )


def write_products(files: RawFiles, catalogue: Catalogue) -> None:
    """The product master with today's list price and cost."""
    rows = [
        (
            identity,
            catalogue.names[i],
            company.CATEGORY_NAMES[catalogue.category[i]],
            catalogue.subcategories[i],
            f"{catalogue.list_price[i, -1] / 100:.2f}",
            f"{catalogue.unit_cost[i, -1] / 100:.2f}",
            catalogue.units[i],
            company.month_start(int(catalogue.launched[i]))
            if catalogue.launched[i] >= 0
            else date(2012 + i % 10, 1 + i % 12, 1),
        )
        for i, identity in enumerate(catalogue.ids())
    ]
    files.rows(
        "products.csv",
        "products",
        {
            "Product ID": "product_id",
            "Product Name": "name",
            "Category": "category",
            "Subcategory": "subcategory",
            "List Price": "list_price",
            "Unit Cost": "unit_cost",
            "Unit": "unit",
            "Launch Date": "launched_on",
        },
        rows,
    )


def write_targets(
    files: RawFiles, rows: Sequence[Row], revised: Mapping[tuple[str, str, str, int], Revision]
) -> None:
    """The target workbook: a title row, an empty row, then the header; what was revised has its first version too."""
    level = {"company": 0, "region": 1, "team": 2, "rep": 3}
    ordered = sorted(rows, key=lambda row: (row[3], row[2], level[row[0]], row[1]))
    written: list[tuple[object, ...]] = []
    for scope, identity, measure, m, value in ordered:
        cell, year = (scope, identity, measure, company.month_label(m)), 2023 + m // 12
        change = revised.get((scope, identity, measure, m))
        first = change.first if change is not None else value
        written.append((f"{year}.1", *cell, first, f"{year - 1}-12-15", None, None))
        if change is not None:
            by = (change.approved_by or None, change.reason or None)
            written.append((f"{year}.{2 if by[0] else 3}", *cell, value, str(change.approved_on), *by))
    files.sheet(
        TARGETS,
        "targets",
        {
            "版本": "version",
            "层级": "scope_type",
            "对象": "scope_id",
            "指标": "measure",
            "期间": "period",
            "目标值": "value",
            "批准日期": "approved_on",
            "批准人": "approved_by",
            "调整原因": "reason",
        },
        written,
        title="销售目标 Sales targets 2023-2026（单位：元）",
        sheet="目标",
    )


def write_deals(files: RawFiles, draws: Draws) -> dict[str, dict[str, int]]:
    """Opportunities with Chinese stages, from table `deals`; returns their faults."""
    stages = (*company.STAGES, "won", "lost")
    words = pipeline.labels()
    blank = f"(stage < 2 AND {draws.uniform('blank amount', 'o')} < {_BLANK_AMOUNT})"
    spaced = f"({draws.uniform('spaced owner', 'o')} < {_SPACED_OWNER})"
    owner = _id("R", "rep", 3)
    files.query(
        "opportunities.csv",
        "opportunities",
        {
            "Opportunity ID": ("opportunity_id", _id("OP", "o", 5)),
            "Account ID": ("customer_id", _id("C", "customer", 5)),
            "Owner": ("rep_id", f"CASE WHEN {spaced} THEN {owner} || ' ' ELSE {owner} END"),
            "Product ID": ("product_id", _id("P", "product", 4)),
            "Amount": ("amount", f"CASE WHEN {blank} THEN NULL ELSE {dirt.yuan('amount')} END"),
            "Currency": ("currency", "'CNY'"),
            "Deal Stage": ("stage", _one_of([company.STAGE_LABELS[s] for s in stages], "stage")),
            "Created": ("created_on", _day("created")),
            "Expected Close": ("expected_close_on", _day("expected")),
            "Close Date": ("closed_on", _day("nullif(closed, -1)")),
            "Outcome": ("outcome", "CASE stage WHEN 5 THEN 'won' WHEN 6 THEN 'lost' ELSE 'open' END"),
            "Loss Reason": (
                "loss_reason",
                f"CASE WHEN reason >= 0 THEN {_one_of(words['reason'], 'reason')} END",
            ),
            "Competitor": (
                "competitor",
                f"CASE WHEN competitor >= 0 THEN {_one_of(words['competitor'], 'competitor')} END",
            ),
            "Lead Source": ("source", _one_of(words["source"], "source")),
            "Last Activity": ("last_activity_on", _day("activity")),
            "Price Approved": ("price_approved_on", _day("nullif(priced, -1)")),
        },
        "deals ORDER BY o",
        values={"stage": {label: code for code, label in company.STAGE_LABELS.items()}},
    )
    [(n_blank, n_spaced)] = files.con.execute(
        f"SELECT count(*) FILTER ({blank}), count(*) FILTER ({spaced}) FROM deals"
    ).fetchall()
    return {"opportunities.csv": {"blank_amount": n_blank, "spaces_around_owner": n_spaced}}


def write_history(files: RawFiles) -> None:
    """Changes of stage, amount and expected closing day, from table `deal_changes`; stages as codes."""
    stages = (*company.STAGES, "won", "lost")

    def value(side: str) -> str:
        return (
            f"CASE field WHEN 'stage' THEN {_one_of(stages, side)} WHEN 'amount' THEN {dirt.yuan(side)}"
            f" ELSE CAST({_day(side)} AS VARCHAR) END"
        )

    files.query(
        "opportunity_history.csv",
        "opportunity_changes",
        {
            "Opportunity ID": ("opportunity_id", _id("OP", "o", 5)),
            "Changed At": ("changed_on", _day("d")),
            "Field": ("field", "field"),
            "Old Value": ("old_value", value("old")),
            "New Value": ("new_value", value("new")),
        },
        "deal_changes ORDER BY d, o, field DESC",
    )


def write_leads(files: RawFiles) -> None:
    """Leads, from table `made_leads`, and evidence of stages, from table `filed`."""
    files.query(
        "leads.csv",
        "leads",
        {
            "Lead ID": ("lead_id", _id("L", "lead", 5)),
            "Received": ("created_on", _day("d")),
            "Lead Source": ("source", _one_of(pipeline.labels()["source"], "source")),
            "Lead Owner": ("rep_id", _id("R", "rep", 3)),
            "First Response": ("first_response_on", _day("nullif(answered, -1)")),
            "Response Hours": ("response_hours", "nullif(hours, -1)"),
            "Qualified": ("qualified_on", _day("nullif(qualified, -1)")),
            "Opportunity ID": ("opportunity_id", f"CASE WHEN o >= 0 THEN {_id('OP', 'o', 5)} END"),
        },
        "made_leads ORDER BY lead",
    )
    files.query(
        "stage_evidence.csv",
        "stage_evidence",
        {
            "Opportunity ID": ("opportunity_id", _id("OP", "o", 5)),
            "Deal Stage": ("stage", _one_of(company.STAGES, "stage")),
            "Filed On": ("filed_on", _day("d")),
        },
        "filed ORDER BY d, o, stage",
    )


def write_market(files: RawFiles) -> None:
    """Market sizes, rivals' prices and surveys.

    Expects tables `market_report`, `rival_report`, `rival_prices` and `survey_answers`.
    """
    files.query(
        "market.csv",
        "market",
        {
            "Quarter": ("period", "period"),
            "Category": ("category", "category"),
            "Region": ("region", "region"),
            "Market Size": ("market_amount", dirt.yuan("amount")),
            "Market Low": ("market_low", dirt.yuan("low")),
            "Market High": ("market_high", dirt.yuan("high")),
            "Leader Sales": ("leader_amount", dirt.yuan("leader")),
            "Market Units": ("market_units", "units"),
            "Source": ("source", "source"),
            "Published": ("published_on", _day("published")),
        },
        "market_report ORDER BY period, category, region",
    )
    files.query(
        "market_rivals.csv",
        "market",
        {
            "Quarter": ("period", "period"),
            "Category": ("category", "category"),
            "Region": ("region", "region"),
            "Rival": ("rival", "rival"),
            "Rival Sales": ("market_amount", dirt.yuan("amount")),
            "Rival Units": ("market_units", "units"),
            "Source": ("source", "'行业协会 association'"),
            "Published": ("published_on", _day("published")),
        },
        "rival_report ORDER BY period, category, region, rival",
    )
    files.query(
        "competitor_prices.csv",
        "competitor_prices",
        {
            "Date": ("observed_on", _day("d")),
            "Competitor": ("competitor", "rival"),
            "Matched Product ID": ("product_id", _id("P", "product", 4)),
            "Price": ("price", dirt.yuan("price")),
            "Event": ("event", "nullif(event, '')"),
            "Source": ("source", "'经销商报价 dealer quote'"),
        },
        "rival_prices ORDER BY d, rival, product",
    )
    files.query(
        "surveys.csv",
        "surveys",
        {
            "Survey ID": ("survey_id", _id("SV", "survey", 5)),
            "Customer ID": ("customer_id", _id("C", "customer", 5)),
            "Answered": ("answered_on", _day("d")),
            "Instrument": ("instrument", "CASE WHEN is_nps THEN 'nps' ELSE 'csat' END"),
            "Score": ("score", "score"),
            "Comment": ("comment", "nullif(comment, '')"),
        },
        "survey_answers ORDER BY survey",
    )


def write_rates(files: RawFiles) -> None:
    """Exchange rates by month, from table `rates`; the yuan itself at 1."""
    month = "strftime(DATE '2023-01-01' + to_months(m), '%Y-%m')"
    files.query(
        "fx.csv",
        "fx",
        {
            "Currency": ("currency", "currency"),
            "Period": ("period", month),
            "Rate Type": ("rate_type", "rate_type"),
            "Rate": ("rate", "rate"),
        },
        """(SELECT 'USD' AS currency, m, 'avg' AS rate_type, avg AS rate FROM rates
           UNION ALL SELECT 'USD', m, 'plan', plan FROM rates
           UNION ALL SELECT 'CNY', m, unnest(['avg', 'plan']), 1.0 FROM rates)
           ORDER BY m, currency DESC, rate_type""",
    )


def write_expenses(files: RawFiles) -> None:
    """Selling expenses, from table `spent`."""
    files.query(
        "expenses.csv",
        "expenses",
        {
            "Month": ("period", "strftime(DATE '2023-01-01' + to_months(m), '%Y-%m')"),
            "Channel": ("channel", "channel"),
            "Category": ("category", "category"),
            "Amount": ("amount", dirt.yuan("amount")),
        },
        "spent ORDER BY m, channel, category",
    )
