"""Headers of tables as real systems export them, found without knowing the words of the trade."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from salesops_lib.cleaning.reading.headers import block, find, has_contrast


@dataclass(frozen=True)
class Case:
    """A grid, cells parted by `|`, with the header that a reader of it would name."""

    text: str
    index: int
    names: tuple[str, ...]
    n_rows: int = 1
    preamble: tuple[str, ...] | None = None

    @property
    def grid(self) -> list[tuple[str, ...]]:
        return [tuple(cell.strip() for cell in line.split("|")) for line in self.text.strip().splitlines()]


def names(text: str) -> tuple[str, ...]:
    return tuple(text.split("|"))


CASES = {
    "plain": Case("id|date|amount\n1|2026-01-05|3", 0, names("id|date|amount")),
    "title": Case(
        "Sales 2026||\nid|date|amount\n1|2026-01-05|3", 1, names("id|date|amount"), preamble=("Sales 2026",)
    ),
    "yonyou ledger": Case(
        """
        销售明细账|||||
        公司名称：示例有限公司||期间：2024.01-2024.12||单位：元|
        单据日期|单据号|客户|存货|数量|金额
        2024-01-05|XS0001|甲公司|A产品|3|1,200.00
        2024-01-06|XS0002|乙公司|B产品|5|2,200.00
        """,
        2,
        names("单据日期|单据号|客户|存货|数量|金额"),
        preamble=("销售明细账", "公司名称：示例有限公司", "期间：2024.01-2024.12", "单位：元"),
    ),
    "yonyou balance with levels": Case(
        """
        应收余额表|||||||
        客户编码|客户名称|期初余额||本期发生||期末余额|
        ||方向|金额|借方|贷方|方向|金额
        C01|甲|借|100.00|50.00|20.00|借|130.00
        C02|乙|平||10.00|10.00|平|
        """,
        1,
        names(
            "客户编码|客户名称|期初余额 / 方向|期初余额 / 金额|本期发生 / 借方|本期发生 / 贷方|期末余额 / 方向|期末余额 / 金额"
        ),
        2,
    ),
    "kingdee issues with totals": Case(
        """
        销售出库明细表||||||
        组织：示例公司|||日期：2024-01-01 至 2024-01-31|||
        日期|单据编号|客户|物料名称|销售数量|含税单价|价税合计
        2024-01-02|XSCKD000001|甲公司|螺丝|100|1.13|113.00
        2024-01-03|XSCKD000002|乙公司|螺母|200|2.26|452.00
        合计||||300||565.00
        """,
        2,
        names("日期|单据编号|客户|物料名称|销售数量|含税单价|价税合计"),
    ),
    "keys and values as wide as the table": Case(
        "报表日期|2024-01-31|单位|万元\n日期|客户|金额|数量\n2024-01-01|甲|1.5|2\n2024-01-02|乙|2.5|3",
        1,
        names("日期|客户|金额|数量"),
        preamble=("报表日期", "2024-01-31", "单位", "万元"),
    ),
    "keys with colons": Case(
        "报表日期:|2024-01-31|单位:|万元\n日期|客户|金额|数量\n2024-01-01|甲|1.5|2\n2024-01-02|乙|2.5|3",
        1,
        names("日期|客户|金额|数量"),
        preamble=("报表日期:2024-01-31", "单位:万元"),
    ),
    "maker above": Case(
        "制表人 张三|||制表日期 2024-01-31||\n编号|名称|地区|日期|金额|数量\nC001|甲|华东|2024-01-01|5|1\nC002|乙|华东|2024-01-02|5|1",
        1,
        names("编号|名称|地区|日期|金额|数量"),
    ),
    "two levels, first cell of a merge": Case(
        "地区|产品|2024||2025|\n||金额|数量|金额|数量\n华东|A|1.5|2|1.5|2\n华北|B|2.5|3|4|5",
        0,
        names("地区|产品|2024 / 金额|2024 / 数量|2025 / 金额|2025 / 数量"),
        2,
    ),
    "two levels, merges written out": Case(
        "地区|产品|2024|2024|2025|2025\n地区|产品|金额|数量|金额|数量\n华东|A|1.5|2|1.5|2\n华北|B|2.5|3|4|5",
        0,
        names("地区|产品|2024 / 金额|2024 / 数量|2025 / 金额|2025 / 数量"),
        2,
    ),
    "three levels": Case(
        "地区|2024||||2025|\n|上半年||下半年||上半年|\n|金额|数量|金额|数量|金额|数量\n华东|1|2|1|2|3|4\n华北|1|2|1|2|3|4",
        0,
        names(
            "地区|2024 / 上半年 / 金额|2024 / 上半年 / 数量|2024 / 下半年 / 金额|2024 / 下半年 / 数量|"
            "2025 / 上半年 / 金额|2025 / 上半年 / 数量"
        ),
        3,
    ),
    "title and two levels written out": Case(
        """
        销售日报表|销售日报表|销售日报表|销售日报表
        区域|区域|本月|本月
        省|市|金额|数量
        浙江|杭州|1|2
        浙江|宁波|3|4
        """,
        1,
        names("区域 / 省|区域 / 市|本月 / 金额|本月 / 数量"),
        2,
        preamble=("销售日报表",),
    ),
    "a single group": Case(
        "|2024年|||\n部门|Q1|Q2|Q3|Q4\n销售一部|1|2|3|4\n销售二部|1|2|3|4",
        0,
        names("部门|2024年 / Q1|2024年 / Q2|2024年 / Q3|2024年 / Q4"),
        2,
    ),
    "groups over a full row": Case(
        "客户信息|||订单信息||\n编号|名称|地区|日期|金额|数量\nC001|甲|华东|2024-01-01|5|1\nC002|乙|华东|2024-01-02|5|1",
        0,
        names(
            "客户信息 / 编号|客户信息 / 名称|客户信息 / 地区|订单信息 / 日期|订单信息 / 金额|订单信息 / 数量"
        ),
        2,
    ),
    "budget with a lone last column": Case(
        "部门|预算||实际||差异\n|金额|占比|金额|占比|\n销售|100|50%|90|45%|-10\n市场|100|50%|110|55%|10",
        0,
        names("部门|预算 / 金额|预算 / 占比|实际 / 金额|实际 / 占比|差异"),
        2,
    ),
    "units below": Case(
        "日期|客户|金额|数量\n||万元|件\n2024-01-01|甲|1.5|2\n2024-01-02|乙|2.5|3",
        0,
        names("日期|客户|金额（万元）|数量（件）"),
        2,
    ),
    "units in brackets": Case(
        "产品|金额|重量\n|(元)|(kg)\nA|1|2\nB|3|4", 0, names("产品|金额（元）|重量（kg）"), 2
    ),
    "a column of units": Case("产品|单位|数量\nA|件|2\nB|箱|4", 0, names("产品|单位|数量")),
    "years as names": Case("地区|2022|2023|2024\n华东|1|2|3\n华北|4|5|6", 0, names("地区|2022|2023|2024")),
    "months as numbers": Case(
        "产品|1|2|3|4|5|6\nA|11|12|13|14|15|16\nB|21|22|23|24|25|26", 0, names("产品|1|2|3|4|5|6")
    ),
    "days as names": Case(
        "SKU|2024-01-01|2024-02-01|2024-03-01\nA-100|5|6|7\nA-101|5|6|7",
        0,
        names("SKU|2024-01-01|2024-02-01|2024-03-01"),
    ),
    "no header": Case(
        "1|2024-01-01|甲|3.5\n2|2024-01-02|乙|4.5", 0, names("column 1|column 2|column 3|column 4"), 0
    ),
    "no header, words only": Case(
        "张三|华东|A产品\n李四|华东|B产品\n王五|华北|A产品", 0, names("column 1|column 2|column 3"), 0
    ),
    "no header, codes": Case("001|甲\n002|乙", 0, names("column 1|column 2"), 0),
    "words only": Case("姓名|地区|产品\n李四|华东|B产品\n王五|华北|A产品", 0, names("姓名|地区|产品")),
    "blank names": Case(
        "日期||金额|数量|\n2024-01-01|甲|1.5|2|x\n2024-01-02|乙|2.5|3|y",
        0,
        names("日期|column 2|金额|数量|column 5"),
    ),
    "row numbers without a name": Case("|name|amount\n0|甲|1.5\n1|乙|2.5", 0, names("column 1|name|amount")),
    "Excel pivot": Case(
        "求和项:金额|列标签||\n行标签|2023|2024|总计\n华东|1|2|3\n华北|4|5|9\n总计|5|7|12",
        1,
        names("行标签|2023|2024|总计"),
    ),
    "Excel pivot in English": Case(
        "Sum of Amount|Column Labels||\nRow Labels|2023|2024|Grand Total\nEast|1|2|3\nWest|4|5|9",
        1,
        names("Row Labels|2023|2024|Grand Total"),
    ),
    "Salesforce report": Case(
        """
        Opportunities by Owner
        As of 2024-02-01 09:00:00 Generated by Ann
        Filtered By
        Show: All opportunities
        Opportunity Name|Stage|Amount Currency|Amount|Close Date
        Acme - 10|Closed Won|USD|1,000.00|1/31/2024
        Beta - 2|Prospecting|USD|500.00|2/3/2024
        Confidential Information - Do Not Distribute
        Copyright (c) 2000-2024 example, inc. All rights reserved.
        """,
        4,
        names("Opportunity Name|Stage|Amount Currency|Amount|Close Date"),
    ),
    "SAP list": Case(
        """
        Dynamic List Display
        |SalesDoc|Created On|Net Value|Curr.|Sold-to
        |4500001|01.02.2024|1.234,50|EUR|100023
        |4500002|03.02.2024|234,50|EUR|100024
        """,
        1,
        names("column 1|SalesDoc|Created On|Net Value|Curr.|Sold-to"),
    ),
    "German title with a year": Case(
        "Umsatz 2023 (EUR)|||\nKunde|Datum|Betrag|Menge\nMüller|01.02.2023|1.234,50|3\nMeier|02.02.2023|234,50|4",
        1,
        names("Kunde|Datum|Betrag|Menge"),
    ),
    "names twice, second time technical": Case(
        "订单编号|订单日期|金额|数量\norder_no|order_date|amount|qty\nSO-20240101-1|2024-01-01|1.5|2\nSO-20240101-2|2024-01-02|2.5|3",
        0,
        names("订单编号 / order_no|订单日期 / order_date|金额 / amount|数量 / qty"),
        2,
    ),
    "first record without values": Case(
        "id|amt|date\na|N/A|待定\nb|3|2024-01-01\nc|4|2024-01-02", 0, names("id|amt|date")
    ),
    "header repeated on each page": Case(
        "日期|客户|金额\n2024-01-01|甲|1.5\n日期|客户|金额\n2024-01-02|乙|2.5", 0, names("日期|客户|金额")
    ),
    "totals above": Case(
        "合计||300|565\n日期|客户|数量|金额\n2024-01-02|甲|100|113\n2024-01-03|乙|200|452",
        1,
        names("日期|客户|数量|金额"),
    ),
    "same name twice": Case("id|amount|amount\n1|2|3\n4|5|6", 0, names("id|amount|amount (2)")),
    "header alone": Case("id|date|amount", 0, names("id|date|amount")),
    "one column": Case("amount\n1\n2", 0, names("amount")),
    "comment above": Case(
        "# exported 2024-01-01\nid|date|amount\n1|2024-01-01|2", 1, names("id|date|amount")
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_header_is_found(case: Case) -> None:
    found = find(case.grid)
    assert (found.index, found.n_rows, found.names) == (case.index, case.n_rows, case.names)
    if case.preamble is not None:
        assert found.preamble == case.preamble


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_recorded_place_gives_the_same_names(case: Case) -> None:
    assert block(case.grid, case.index, case.n_rows) == find(case.grid)


def test_nothing_at_all_is_no_header() -> None:
    assert find([]).n_rows == 0


def test_numbered_names_never_meet_a_name_that_is_there() -> None:
    found = find([("a", "a", "a (2)"), ("1", "2", "3")]).names
    assert len(set(found)) == 3
    assert found[2] == "a (2)"


def test_footers_are_no_table() -> None:
    assert not has_contrast([("制表人", "审核"), ("张三", "李四")])


WORDS = st.text(st.sampled_from("客户订单日期金额产品名称数量地区abcdefgXYZ"), min_size=2, max_size=8)
AMOUNTS = st.decimals(0, 10**6, places=2).map(str)
DAYS = st.dates().map(lambda day: f"{day.year:04d}-{day.month:02d}-{day.day:02d}")


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Unique names, and records of words, days and amounts."""
    head = tuple(draw(st.lists(WORDS, min_size=3, max_size=8, unique=True)))
    kinds = [draw(st.sampled_from([WORDS, DAYS, AMOUNTS])) for _ in head[:-1]] + [AMOUNTS]
    rows = draw(st.lists(st.tuples(*kinds), min_size=2, max_size=12))
    assume(not set(head) & {cell for row in rows for cell in row})
    return head, rows


@given(tables())
def test_names_over_any_records_are_found(table: tuple[tuple[str, ...], list[tuple[str, ...]]]) -> None:
    head, rows = table
    found = find([head, *rows])
    assert (found.index, found.n_rows, found.names) == (0, 1, head)


@given(tables(), st.lists(WORDS, min_size=1, max_size=4))
def test_titles_above_only_move_the_header(
    table: tuple[tuple[str, ...], list[tuple[str, ...]]], titles: list[str]
) -> None:
    head, rows = table
    above = [(title, *[""] * (len(head) - 1)) for title in titles]
    found = find([*above, head, *rows])
    assert (found.index, found.names, found.preamble) == (len(titles), head, tuple(titles))


@given(st.lists(st.lists(st.text(max_size=6) | st.none(), max_size=6), max_size=12))
def test_any_grid_has_unique_names_and_a_place(grid: list[list[str | None]]) -> None:
    found = find(grid)
    assert len(set(found.names)) == len(found.names)
    assert all(found.names)
    assert 0 <= found.index <= found.body <= max(len(grid), found.index)
