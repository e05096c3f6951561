"""Exhibits of every kind, in both languages, with the names and numbers that break pages."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import pandas as pd

from salesops_lib.metrics import Exhibit, Finding, Metric, Missing

HOSTILE = (
    "<script>mark()</script>",
    '<img src=x onerror="mark()">',
    "<svg onload=mark()>",
    '<a href="javascript:mark()">a</a>',
    '<iframe srcdoc="<script>parent.mark()</script>"></iframe>',
    "<style>@import url(http://evil.example/a.css)</style>",
    '<meta http-equiv="refresh" content="0;url=http://evil.example">',
    '<form action="http://evil.example"><input name=a></form>',
    "x onmouseover=mark() y",
    '"><script>mark()</script>',
    "</script><script>mark()</script>",
    "</style><script>mark()</script>",
    "</title><script>mark()</script>",
    "&lt;script&gt;mark()&lt;/script&gt;",
    "+ADw-script+AD4-mark()+ADw-/script+AD4-",
    "＝cmd|' /C calc'!A0",
    "=1+1",
    "$x^2$ \\frac{a}{b}",
)

MESSAGES = {
    "t.lead": (
        "Bookings of {actual:money} are {growth:pct+} on the same days last year; attainment {attainment:pct} with {pace:pct} of the month gone.",
        "签约额{actual:money}，同比{growth:pct+}（同口径）；达成率{attainment:pct}，序时进度{pace:pct}。",
    ),
    "t.unit": (
        "{unit} is {gap:money+} against plan ({attainment:pct}), the widest gap of {n:region|regions}.",
        "{unit}较目标{gap:money+}（达成率{attainment:pct}），在{n:count}个大区中差额最大。",
    ),
    "t.volume": (
        "Volume contributes {amount:money+} of the change; price {price:money+}.",
        "销量贡献{amount:money+}，价格{price:money+}。",
    ),
    "t.series": (
        "{label:month} is {value:money}, the highest of twelve months.",
        "{label:month}为{value:money}，为近十二个月最高。",
    ),
    "t.share": (
        "The ten largest customers make {share:pct} of bookings, {change:pp} more than a year ago.",
        "前十大客户占签约额{share:pct}，较上年{change:pp}。",
    ),
    "t.note": ("Compared on the same number of working days ({align:label}).", "对比口径：{align:label}。"),
    "t.ask": (
        "Agree a recovery plan for {unit} worth {amount:money}",
        "确定{unit}的追补方案，金额{amount:money}",
    ),
    "t.win": (
        "No unit's win rate differs from the average by more than chance.",
        "各单位赢单率与均值的差异均在随机波动范围内。",
    ),
    "t.fan": (
        "The quarter is expected to land at {median:money} ({low:money} to {high:money}).",
        "预计本季度落在{median:money}（{low:money}至{high:money}）。",
    ),
}


def _metric(id, ref, en, zh, formula, unit, date_basis, source, completeness, good=1):
    return Metric(
        id, ref, en, zh, unit, formula, date_basis, completeness, source, good=good, formula_zh=formula
    )


REGISTRY = {
    d.id: d
    for d in (
        _metric(
            "bookings",
            "M1.1",
            "Bookings",
            "签约额",
            "sum(net_amount)",
            "money",
            "order date",
            "orders",
            "as_of >= end",
        ),
        _metric(
            "revenue", "M1.2", "Revenue", "营业收入", "sum(invoiced)", "money", "invoice date", "invoices", ""
        ),
        _metric(
            "margin_rate",
            "M2.3",
            "Gross margin",
            "毛利率",
            "margin / bookings",
            "ratio",
            "order date",
            "orders",
            "",
        ),
        _metric(
            "new_customers",
            "M4.1",
            "New customers",
            "新增客户",
            "count of first orders",
            "count",
            "order date",
            "orders",
            "",
        ),
        _metric(
            "days_to_cash",
            "M7.1",
            "Days to cash",
            "回款天数",
            "mean(days)",
            "days",
            "receipt date",
            "receipts",
            "",
            -1,
        ),
        _metric(
            "win_rate",
            "M3.2",
            "Win rate",
            "赢单率",
            "won / (won + lost)",
            "ratio",
            "closing date",
            "opportunities",
            "",
        ),
    )
}
ZH_UNITS = [
    "华东大区",
    "华南大区",
    "华北大区",
    "西南大区",
    "东北与内蒙古大区第二销售部",
    "西北大区",
    "海外事业部（含港澳台）",
]
EN_UNITS = [
    "East",
    "South",
    "North",
    "Southwest",
    "Northeast and Inner Mongolia, second sales office",
    "Northwest",
    "Overseas",
]


def messages() -> dict[str, dict[str, str]]:
    return {key: {"en": en, "zh": zh} for key, (en, zh) in MESSAGES.items()}


def workspace(lang: str = "en", *, complete: bool = False) -> SimpleNamespace:
    """What `Page` reads of a workspace."""
    window = SimpleNamespace(
        start=date(2026, 3, 1), end=date(2026, 3, 16), n_workdays=11, is_complete=complete
    )
    calendar = SimpleNamespace(window=lambda period, as_of: window, working_days=lambda start, end: 22)
    policy = SimpleNamespace(
        version="2026.1.0", sha256="3f6c" * 16, semantics=SimpleNamespace(currency="CNY"),
        report=SimpleNamespace(display_unit="auto"),
    )  # fmt: skip
    return SimpleNamespace(
        lang=lang, period=SimpleNamespace(label="2026-03", start=date(2026, 3, 1), end=date(2026, 3, 31)),
        as_of=date(2026, 3, 16), policy=policy, calendar=calendar, grade="B",
        company_name="云山精密仪器有限公司" if lang == "zh" else "Cloudhill Instruments",
    )  # fmt: skip


WINDOW = SimpleNamespace(start=date(2026, 3, 1), end=date(2026, 3, 16), n_workdays=11, is_complete=False)
BASE = SimpleNamespace(start=date(2025, 3, 1), end=date(2025, 3, 17), n_workdays=11, is_complete=False)


def scorecard() -> Exhibit:
    frame = pd.DataFrame({
        "metric": ["bookings", "revenue", "margin_rate", "new_customers", "days_to_cash", "win_rate"],
        "actual": [46_012_345_00, 41_800_000_00, 0.312, 38, 52.4, 0.27],
        "target": [90_000_000_00, 84_000_000_00, 0.33, 45, None, None],
        "base": [41_000_000_00, 42_500_000_00, 0.298, 0, 49.1, None],
        "growth": [0.1222, -0.0165, 0.047, None, 0.0672, None],
        "growth_kind": ["rate", "rate", "rate", "new", "rate", "missing"],
        "attainment": [0.5112, 0.4976, 0.945, 0.844, None, None],
        "pace": [1.02, 0.99, None, None, None, None],
    })  # fmt: skip
    return Exhibit(
        "scorecard",
        "scorecard",
        frame,
        findings=(_lead(),),
        window=WINDOW,
        base=BASE,
        sources=("orders", "invoices"),
    )


def _lead() -> Finding:
    values = {"actual": 46_012_345_00, "growth": 0.1222, "attainment": 0.5112, "pace": 0.5}
    return Finding("t.lead", values, "bookings", "good")


def standing(lang: str = "en") -> Exhibit:
    units = ZH_UNITS if lang == "zh" else EN_UNITS
    actual = [
        14_200_000_00,
        9_800_000_00,
        8_100_000_00,
        6_050_000_00,
        4_400_000_00,
        2_962_345_00,
        -350_000_00,
    ]
    target = [12_500_000_00, 10_400_000_00, 8_000_000_00, 7_900_000_00, 4_100_000_00, None, 1_200_000_00]
    base = [12_900_000_00, 9_100_000_00, 8_600_000_00, 5_200_000_00, None, 3_100_000_00, 800_000_00]
    frame = pd.DataFrame({"unit": units, "actual": actual, "target": target, "base": base})
    total = {
        "unit": "合计" if lang == "zh" else "Total",
        "actual": sum(actual),
        "target": 44_100_000_00,
        "base": 39_700_000_00,
    }
    frame = pd.concat([frame, pd.DataFrame([total])], ignore_index=True)
    frame["gap"] = frame["actual"] - frame["target"]
    frame["attainment"] = frame["actual"] / frame["target"]
    frame["growth"] = frame["actual"] / frame["base"] - 1
    frame["growth_kind"] = ["rate", "rate", "rate", "rate", "new", "rate", "n.m.", "rate"]
    frame.loc[frame["growth_kind"] != "rate", "growth"] = None
    frame["is_total"] = [False] * 7 + [True]
    worst = {"unit": units[3], "gap": -1_850_000_00, "attainment": 0.766, "n": 7}
    return Exhibit(
        "attainment_by_region", "standing", frame, metric="bookings",
        findings=(Finding("t.unit", worst, "bookings", "bad"), Finding("t.lead", _lead().values, "bookings", "good")),
        window=WINDOW, base=BASE, sources=("orders", "targets"), notes=(Finding("t.note", {"align": "workday"}),),
        parts=(series(), bridge(lang)),
    )  # fmt: skip


def bridge(lang: str = "en") -> Exhibit:
    names = ["上年同期", "价格", "销量", "结构", "新增客户", "流失客户", "汇率影响", "本期"] if lang == "zh" else [
        "Previous year", "Price", "Volume", "Mix", "New customers", "Lost customers", "Exchange rates", "Actual"]  # fmt: skip
    amounts = [
        41_000_000_00,
        1_250_000_00,
        3_900_000_00,
        -620_000_00,
        2_400_000_00,
        -1_600_000_00,
        -317_655_00,
        46_012_345_00,
    ]
    frame = pd.DataFrame({"step": names, "amount": amounts, "role": ["start", *["effect"] * 6, "end"]})
    found = Finding("t.volume", {"amount": 3_900_000_00, "price": 1_250_000_00}, "bookings")
    return Exhibit(
        "growth_bridge", "bridge", frame, metric="bookings", findings=(found,), sources=("orders",)
    )


def months(n: int = 13, last: str = "2026-03") -> list[str]:
    return [str(p) for p in pd.period_range(end=last, periods=n, freq="M")]


def series() -> Exhibit:
    actual = [71, 74, 69, 83, 80, 77, 92, 88, 85, 96, 61, 58, 46]
    base = [66, 70, 71, 75, 74, 76, 84, 80, 83, 90, 52, 66, 41]
    target = [72, 75, 76, 80, 80, 80, 88, 88, 88, 95, 60, 70, 90]
    frame = pd.DataFrame({"label": months(), "actual": actual, "base": base, "target": target})
    frame[["actual", "base", "target"]] *= 1_013_577_00
    frame["is_complete"] = [True] * 12 + [False]
    found = Finding("t.series", {"label": "2025-12", "value": 96 * 1_013_577_00}, "bookings")
    return Exhibit(
        "bookings_by_month", "series", frame, metric="bookings", findings=(found,), sources=("orders",)
    )


def multiples(lang: str = "en") -> Exhibit:
    units = ZH_UNITS if lang == "zh" else EN_UNITS
    rows = [
        {
            "panel": u,
            "label": m,
            "actual": (30 - 3 * k + (n * (k + 2)) % 7) * 100_000_00,
            "base": (28 - 3 * k + n % 4) * 100_000_00,
        }
        for k, u in enumerate(units[:6])
        for n, m in enumerate(months(12))
    ]
    return Exhibit("regions_in_time", "multiples", pd.DataFrame(rows), metric="bookings", sources=("orders",))


def decomposition() -> Exhibit:
    labels = months(30)
    frame = pd.DataFrame(
        {
            "label": labels,
            "actual": [(50 + n) * 100_000_00 for n in range(30)],
            "trend": [(50.5 + 0.98 * n) * 100_000_00 for n in range(30)],
            "season": [0.1 - 0.02 * (n % 12) for n in range(30)],
            "rest": [0.01 * (n % 3 - 1) for n in range(30)],
            "is_unusual": [n == 7 for n in range(30)],
        }
    )
    units = {"season": "ratio", "rest": "ratio"}
    return Exhibit("in_parts", "decomposition", frame, metric="bookings", sources=("orders",), units=units)


def icicle(lang: str = "en") -> Exhibit:
    units = ZH_UNITS if lang == "zh" else EN_UNITS
    rows = [("company", "company", "", 100_000_000_00, 0.08, 1.0, 0)]
    for n, unit in enumerate(units[:5]):
        rows.append(("region", unit, "company", (30 - 5 * n) * 1_000_000_00, 0.02 * n, (30 - 5 * n) / 100, 1))
        for k in range(3):
            team = f"{unit}-{k + 1}"
            share = (0.7, 0.3, 0.0)[k]  # the last one carries nothing
            rows.append(("team", team, unit, rows[-1 - k * 3][3] * share, (0.1, -0.2, None)[k], share, 2))
            rows += [("rep", f"{HOSTILE[0] if n == 0 else unit} {k}{p}", team, share * 1_000_00, 0.3 * p, 0.5, 3) for p in range(2)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=["level", "unit", "parent", "target", "growth", "share", "depth"])
    frame["is_above"] = frame.growth > 0.05
    return Exhibit("target_tree", "icicle", frame, metric="bookings", sources=("targets",), shown=len(frame))


def matrix(lang: str = "en") -> Exhibit:
    units = (ZH_UNITS if lang == "zh" else EN_UNITS)[:5]
    products = (
        ["传感器", "分析仪", "流量计", "服务"]
        if lang == "zh"
        else ["Sensors", "Analysers", "Flow meters", "Service"]
    )
    rows = [
        {
            "row": u,
            "column": p,
            "value": (40 - 7 * i + 5 * j) * 110_000_00,
            "base": 1,
            "growth": ((i * 7 + j * 5) % 9 - 4) / 12,
        }
        for i, u in enumerate(units)
        for j, p in enumerate(products)
        if (i, j) != (2, 3)
    ]
    rows[3]["growth"] = None
    return Exhibit("where", "matrix", pd.DataFrame(rows), metric="bookings", sources=("orders", "products"))


def ranking(lang: str = "en") -> Exhibit:
    names = [f"{'客户' if lang == 'zh' else 'Customer'} {n:02d}" for n in range(1, 24)]
    names[1] = (
        "上海某某自动化工程技术股份有限公司张江高科技园区第三分公司"
        if lang == "zh"
        else "The Extraordinarily Long Company Name of Northern Europe GmbH & Co. KG"
    )
    names[2:5] = [HOSTILE[0], HOSTILE[1], "=1+1"]
    value = [int(9_000_000_00 * 0.84**n) for n in range(23)]
    frame = pd.DataFrame({"name": names, "value": value, "share": [v / 60_000_000_00 for v in value]})
    frame["growth"] = [0.3, -0.12, None, 0.04, -0.4] + [0.01] * 18
    found = Finding("t.share", {"share": 0.612, "change": 0.018}, "bookings", "bad")
    return Exhibit(
        "top_customers",
        "ranking",
        frame,
        metric="bookings",
        units={"value": "money"},
        findings=(found,),
        sources=("orders", "customers"),
    )


def intervals(lang: str = "en") -> Exhibit:
    units = (ZH_UNITS if lang == "zh" else EN_UNITS)[:6]
    frame = pd.DataFrame({
        "label": units, "value": [0.31, 0.27, 0.30, 0.22, 0.35, None], "low": [0.24, 0.2, 0.15, 0.14, 0.2, None],
        "high": [0.39, 0.35, 0.52, 0.33, 0.53, None], "n": [160, 150, 20, 80, 34, 3], "base": [0.28] * 6,
    })  # fmt: skip
    return Exhibit(
        "win_rates",
        "intervals",
        frame,
        metric="win_rate",
        findings=(Finding("t.win", metric="win_rate"),),
        sources=("opportunities",),
    )


def fan() -> Exhibit:
    labels = months(18, "2026-09")
    n = len(labels)
    actual = [70 + (i * 5) % 11 + i for i in range(12)] + [None] * 6
    median = [None] * 12 + [84, 86, 87, 90, 91, 94]
    width = [0] * 12 + [3, 5, 6, 8, 9, 11]
    frame = pd.DataFrame(
        {
            "label": labels,
            "actual": actual,
            "median": median,
            "base": [66 + i % 6 + i * 0.8 for i in range(n)],
            "target": [None] * 9 + [88] * 9,
        }
    )
    for level, k in (("80", 1.0), ("95", 1.6)):
        frame[f"low_{level}"] = [None if m is None else m - k * w for m, w in zip(median, width, strict=True)]
        frame[f"high_{level}"] = [
            None if m is None else m + k * w for m, w in zip(median, width, strict=True)
        ]
    columns = [c for c in frame if c != "label"]
    frame[columns] = frame[columns].astype(float) * 1_000_000_00
    found = Finding(
        "t.fan", {"median": 257_000_000_00, "low": 243_000_000_00, "high": 271_000_000_00}, "bookings"
    )
    return Exhibit("outlook", "fan", frame, metric="bookings", findings=(found,), sources=("orders",))


def flow(lang: str = "en") -> Exhibit:
    steps = (
        ["线索", "合格商机", "方案报价", "商务谈判", "赢单"]
        if lang == "zh"
        else ["Lead", "Qualified", "Proposal", "Negotiation", "Won"]
    )
    frame = pd.DataFrame({
        "step": steps, "n": [1240, 512, 260, 148, 92], "amount": [None, 310_000_000_00, 182_000_000_00, 96_000_000_00, 46_000_000_00],
        "rate": [None, 0.413, 0.508, 0.569, 0.622],
    })  # fmt: skip
    return Exhibit("funnel", "flow", frame, metric="bookings", sources=("opportunities",))


def curve(lang: str = "en") -> Exhibit:
    x = [i / 50 for i in range(51)]
    y = [1 - (1 - v) ** 4 for v in x]
    label = [None] * 51
    label[10], label[25] = (
        ("前20%客户", "前50%客户") if lang == "zh" else ("20% of customers", "half of the customers")
    )
    frame = pd.DataFrame({"x": x, "y": y, "label": label})
    return Exhibit("concentration", "curve", frame, sources=("orders",))


def profile() -> Exhibit:
    points = [(0.0, 0.0), (0.5, 0.2), (1.0, 1.0), (1.0, 1.2), (2.0, 2.4)]
    people = [(0.62, 0.4), (1.04, 1.25), (2.7, 3.3)]
    rows = [(*point, False) for point in points] + [(*person, True) for person in people]
    return Exhibit(
        "pay_curve", "profile", pd.DataFrame(rows, columns=["attainment", "pays", "is_unit"]), sources=("orders",),
        units={"attainment": "ratio", "pays": "ratio"},
    )  # fmt: skip


def actions(lang: str = "en") -> Exhibit:
    ask = Finding(
        "t.ask",
        {"unit": (ZH_UNITS if lang == "zh" else EN_UNITS)[3], "amount": 1_850_000_00},
        "bookings",
        "bad",
    )
    frame = pd.DataFrame(
        {
            "what": [ask, ask],
            "owner": ["王芳", "O'Neil <b>"],
            "due_on": [date(2026, 4, 10), None],
            "amount": [1_850_000_00, None],
        }
    )
    return Exhibit("next_steps", "actions", frame, sources=("opportunities",))


def table() -> Exhibit:
    frame = pd.DataFrame(
        {"source": ["orders.csv", *HOSTILE], "rows_in": [51_290 + n for n in range(1 + len(HOSTILE))]}
    )
    frame["used"] = frame["rows_in"] - 12
    frame["set_aside"] = 12
    return Exhibit("sources", "table", frame, sources=("orders",))


def exhibits(lang: str = "en") -> list[Exhibit | Missing]:
    return [
        scorecard(), standing(lang), matrix(lang), multiples(lang), ranking(lang), intervals(lang), fan(), flow(lang), decomposition(),
        icicle(lang), curve(lang), profile(), actions(lang), table(),
        Missing("receivables", ("invoices", "receipts.received_on"), "no receipts were loaded"),
    ]  # fmt: skip
