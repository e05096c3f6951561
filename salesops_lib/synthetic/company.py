"""What is planted: the parameters of the sample company that an analysis should find again.

Everything here is fiction.  Months are counted from 0 = 2023-01, days from 0 = 2023-01-01.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

FIRST_DAY = date(2023, 1, 1)
LAST_DAY = date(2025, 12, 31)
N_DAYS = (LAST_DAY - FIRST_DAY).days + 1
N_MONTHS = 36
YEARS = (2023, 2024, 2025)

#: Our price over the market's by category; each rival's share of the market in 2023-Q1 and its growth a year.
RELATIVE_PRICE = (1.05, 0.97, 1.10, 1.00, 0.92)
RIVAL_SHARES, RIVAL_DRIFT = (0.24, 0.16, 0.11), (-0.03, 0.06, 0.00)

#: Reviews of the targets of 2025: the share of the first team's that the second takes over from August on, and the
#: share by which one person's fourth quarter is lowered when its first month is over.
REVIEWED_ON, REVIEWED_FROM, REVIEWED_SHARE = date(2025, 7, 15), 31, 0.04
EASED_ON, EASED_TEAM, EASED_SHARE = date(2025, 11, 20), "West-1", 0.10

#: Amounts of deals, budgets and the like are stated for a company of this many order lines.
DEFAULT_LINES = 60_000
N_CUSTOMERS = 2_000
N_OPPORTUNITIES = 6_000

CHANNELS = ("direct", "agents", "ecommerce")
SEGMENTS = ("large", "medium", "small")
STAGES = ("lead", "needs", "demo", "quote", "contract")
STAGE_LABELS: Mapping[str, str] = {
    "lead": "线索",
    "needs": "需求确认",
    "demo": "演示",
    "quote": "报价",
    "contract": "合同",
    "won": "赢单",
    "lost": "输单",
}
STATUS_LABELS = ("已完成", "已取消", "待发货")
COMPETITORS = ("Nordwerk", "恒力传动", "Kanto Seiki")
INDUSTRIES = (
    "machine tools",
    "automotive",
    "packaging",
    "logistics",
    "wind power",
    "electronics",
    "food",
    "metallurgy",
)


class Region(NamedTuple):
    """`share` of orders in 2023-01; `growth` of orders a year; own share of customers' purchases.

    `attainment` is planned for 2025 as a whole and for 2025-12; `mix` is by category.
    """

    name: str
    share: float
    growth: float
    n_teams: int
    wallet_share: float
    market_tilt: float
    attainment: tuple[float, float]
    mix: tuple[float, ...]


class Category(NamedTuple):
    """List prices between `low` and `high` yuan; `line_amount` yuan at list on an average line."""

    name: str
    n_products: int
    low: float
    high: float
    line_amount: float
    cost_share: float
    elasticity: float
    market_growth: float
    market_share: float
    unit: str
    nouns: tuple[tuple[str, str], ...]


REGIONS = (
    Region("East", 0.36, 0.14, 3, 0.34, 0.005, (0.955, 0.942), (0.28, 0.18, 0.24, 0.18, 0.12)),
    Region("North", 0.20, 0.185, 2, 0.22, 0.000, (1.020, 1.040), (0.36, 0.24, 0.14, 0.16, 0.10)),
    Region("South", 0.20, 0.14, 2, 0.30, 0.010, (0.955, 0.938), (0.22, 0.14, 0.32, 0.22, 0.10)),
    Region("West", 0.14, 0.13, 2, 0.26, -0.010, (0.880, 0.820), (0.34, 0.26, 0.14, 0.12, 0.14)),
    Region("Export", 0.10, 0.15, 1, 0.12, -0.005, (0.950, 0.930), (0.44, 0.22, 0.20, 0.12, 0.02)),
)

CATEGORIES = (
    Category(
        "Bearings",
        60,
        20,
        800,
        20_500,
        0.58,
        -1.8,
        0.04,
        0.16,
        "件",
        (("Ball bearing", "球轴承"), ("Roller bearing", "滚子轴承"), ("Linear guide", "直线导轨")),
    ),
    Category(
        "Drives",
        40,
        600,
        7_000,
        34_000,
        0.60,
        -1.2,
        0.06,
        0.12,
        "台",
        (("Servo drive", "伺服驱动器"), ("Gearbox", "减速机"), ("Inverter", "变频器")),
    ),
    Category(
        "Sensors",
        45,
        120,
        2_500,
        22_500,
        0.50,
        -1.5,
        0.09,
        0.09,
        "只",
        (("Proximity sensor", "接近传感器"), ("Encoder", "编码器"), ("Pressure sensor", "压力传感器")),
    ),
    Category(
        "Controls",
        35,
        400,
        6_000,
        29_000,
        0.49,
        -0.9,
        0.07,
        0.10,
        "套",
        (("PLC module", "可编程控制器"), ("Touch panel", "触摸屏"), ("Motion card", "运动控制卡")),
    ),
    Category(
        "Services",
        20,
        300,
        2_500,
        15_500,
        0.44,
        -0.6,
        0.08,
        0.05,
        "人天",
        (("Commissioning", "安装调试"), ("Maintenance", "维护保养"), ("Calibration", "校准")),
    ),
)

REGION_NAMES = tuple(region.name for region in REGIONS)
CATEGORY_NAMES = tuple(category.name for category in CATEGORIES)

# Demand through the year.
SEASON = (0.94, 0.93, 1.06, 1.00, 1.00, 1.07, 0.94, 0.95, 1.04, 0.98, 1.02, 1.07)
WEEKDAY = (1.04, 1.08, 1.03, 1.00, 0.88, 0.80, 0.75)
WORKING_DAY_ELASTICITY = 0.8
WEEKEND_SHARE = 0.05
MONTH_END = (1.70, 1.50, 1.30)
QUARTER_END = 1.15
SPRING_FESTIVALS = (date(2023, 1, 22), date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17))
#: (first, last) day relative to New Year's Day → factor on a working day's orders.
FESTIVAL_FACTORS: Mapping[tuple[int, int], float] = {(-5, -1): 0.60, (0, 15): 0.70, (16, 35): 1.12}

# Prices.
LIST_PRICE_RISE = (0.0, 0.030, 0.025)
STEEL_SURCHARGE = ("Bearings", 18, 0.04)
COST_RISE = (0.0, 0.020, 0.020)
CHANNEL_DISCOUNT = (0.07, 0.14, 0.03)
SEGMENT_DISCOUNT = (0.05, 0.025, 0.0)
DISCOUNT_SPREAD = 0.14
MAX_DISCOUNT = 0.28
QUANTITY_SIGMA = 0.5
FLOOR_SHARE_OF_LIST = 0.70
STRAY_VIOLATIONS = 0.0015

# Special events.
LEAK_TEAM, LEAK_CHANNEL, LEAK_SINCE, LEAK_SHARE, LEAK_DISCOUNT = (
    "South-2",
    "agents",
    date(2025, 4, 1),
    0.55,
    (0.32, 0.40),
)
SLOW_REGION, SLOW_FROM_MONTH, SLOW_RATE = "West", 27, 0.045
TRAINING_COURSE, TRAINING_EFFECT, N_TRAINED = "VS-201", 0.15, 24
QUIET_AFTER_MONTHS = (27, 28, 29, 30)
N_QUIET = 12
HOLD_SHARE, HOLD_REACHED_AT = 0.85, 0.82
HOLD_QUARTERS = (0, 1, 2, 4, 5, 6, 8, 9, 10)
PULL_SHARE, PULL_FROM_DAYS, PULL_INTO_DAYS = 0.85, 5, 3
PRICE_CUT_DAY, PRICE_CUT_RIVAL, PRICE_CUT_CATEGORY = date(2025, 3, 10), "恒力传动", "Sensors"
PRICE_CUT_SIZE, PRICE_CUT_EFFECT, PRICE_CUT_REGIONS = 0.15, 0.75, ("East", "South")

# Pipeline: odds of moving on from a stage; a segment's exponent makes them harder or easier.
STAGE_ODDS = (0.70, 0.78, 0.80, 0.74, 0.86)
SEGMENT_HARDNESS = (1.20, 1.00, 0.92)
STAGE_DAYS = (9.0, 16.0, 18.0, 22.0, 13.0)
DEAL_MEDIAN = (1_500_000, 700_000, 300_000)

# Leads: working hours up to which an answer is fast or middling, how many are answered so, and the odds that they become deals.
LEAD_HOURS, LEAD_HOURS_MOST = (4.0, 24.0), 120.0
LEAD_SHARES, LEAD_ODDS = (0.88, 0.09, 0.03), (0.45, 0.30, 0.15)
LEAD_UNANSWERED = 0.04
#: Shares of stages whose evidence was filed, of contracts whose price passed before, and of open deals that lie forgotten.
EVIDENCE_FILED, PRICE_APPROVED, FORGOTTEN_DEALS = 0.93, 0.95, 0.10

OVER_ASSIGNMENT: Mapping[str, float] = {"region": 1.03, "team": 1.05, "rep": 1.08}
COMPANY_ATTAINMENT: Mapping[str, tuple[float, float, float]] = {
    "bookings": (1.01, 1.02, 0.97),
    "revenue": (1.00, 1.01, 0.98),
    "cash_in": (0.99, 0.98, 0.95),
    "gross_margin": (1.01, 1.00, 0.96),
    "new_customers": (1.05, 0.97, 0.93),
}

#: Growth that the plan for the year after the data asks of every region.
PLANNED_GROWTH = 1.08

#: name → why it is there.  They sit on well-known customers, so that they reach the reports.
HOSTILE_NAMES: Mapping[str, str] = {
    "<script>alert(1)</script> 贸易有限公司": "markup",
    "=cmd|' /C calc'!A0": "spreadsheet formula",
    "广州\u202e司公限有运航 Ltd": "right-to-left override",
}


def stage_odds(stage: int, segment: int) -> float:
    """Probability of moving on from `stage`, for a customer of `segment` (indices)."""
    return float(STAGE_ODDS[stage] ** SEGMENT_HARDNESS[segment])


def month_label(month: int) -> str:
    """
    >>> month_label(0), month_label(35)
    ('2023-01', '2025-12')
    """
    return f"{FIRST_DAY.year + month // 12}-{month % 12 + 1:02d}"


def month_start(month: int) -> date:
    """
    >>> month_start(36)
    datetime.date(2026, 1, 1)
    """
    return date(FIRST_DAY.year + month // 12, month % 12 + 1, 1)


def day_number(day: date) -> int:
    """
    >>> day_number(date(2025, 12, 31))
    1095
    """
    return (day - FIRST_DAY).days
