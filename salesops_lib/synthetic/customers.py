"""Customers: names, size, home seat, channel, credit, life span, and how often they order."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import N_CUSTOMERS, N_MONTHS, REGIONS
from salesops_lib.synthetic.draws import Draws, alias_table
from salesops_lib.synthetic.organisation import N_SEATS, SEATS_A_TEAM, TEAMS, Organisation

_PLACES = (
    "上海",
    "苏州",
    "无锡",
    "宁波",
    "杭州",
    "天津",
    "沈阳",
    "大连",
    "青岛",
    "济南",
    "广州",
    "深圳",
    "东莞",
    "佛山",
    "成都",
    "重庆",
    "西安",
    "武汉",
    "长沙",
    "合肥",
)
_BRANDS = (
    "华",
    "鼎",
    "恒",
    "瑞",
    "盛",
    "宏",
    "金",
    "泰",
    "远",
    "新",
    "力",
    "精",
    "锐",
    "博",
    "科",
    "嘉",
    "德",
    "凯",
    "中",
    "东",
)
_TRADES = (
    "机械",
    "自动化设备",
    "精密制造",
    "电气",
    "工业科技",
    "包装设备",
    "传动设备",
    "贸易",
    "新能源装备",
    "机床",
)
_WORDS = (
    "Harlow",
    "Brenn",
    "Calder",
    "Duran",
    "Elmont",
    "Fjord",
    "Gradin",
    "Hexley",
    "Ister",
    "Jarrow",
    "Kelmar",
    "Lindal",
    "Morrow",
    "Norden",
    "Ostrava",
    "Pellin",
    "Quarry",
    "Rosedale",
    "Stanmore",
    "Tarn",
)
_KINDS = (
    "Precision",
    "Automation",
    "Machinery",
    "Drives",
    "Industrial",
    "Controls",
    "Packaging",
    "Engineering",
    "Motion",
    "Tooling",
)
_FORMS = ("Ltd", "GmbH", "Inc", "B.V.", "S.p.A.")
_N_LOST = 60
_N_TWINS = 8
_N_LATE_PAYERS = 90
_NEW_SHARE = 0.22


@dataclass(frozen=True)
class Customers:
    """One value a customer; `weight` is [customer, month], in orders relative to 2023-01's total of one."""

    names: list[str]
    region: NDArray[np.int32]
    seat: NDArray[np.int32]
    segment: NDArray[np.int32]
    industry: NDArray[np.int32]
    channel: NDArray[np.int32]
    size: NDArray[np.float64]
    first_seen: list[date]
    credit_days: NDArray[np.int32]
    credit_limit: NDArray[np.int64]
    potential: NDArray[np.int64]
    is_late_payer: NDArray[np.bool_]
    twin: NDArray[np.int32]
    quiet: dict[int, int]
    lost: dict[int, int]
    weight: NDArray[np.float64]

    @property
    def n(self) -> int:
        return len(self.names)

    def choices(self) -> dict[str, NDArray[Any]]:
        """Alias table of customers by month: columns m, slot, keep, other."""
        tables = [alias_table(self.weight[:, month].tolist()) for month in range(N_MONTHS)]
        return {
            "m": np.repeat(np.arange(N_MONTHS, dtype=np.int32), self.n),
            "slot": np.tile(np.arange(self.n, dtype=np.int32), N_MONTHS),
            "keep": np.concatenate([keep for keep, _ in tables]),
            "other": np.concatenate([other for _, other in tables]),
        }


def customer_id(index: int) -> str:
    """
    >>> customer_id(0)
    'C00001'
    """
    return f"C{index + 1:05d}"


def build(draws: Draws, organisation: Organisation, scale: float) -> Customers:
    """Two thousand customers; `scale` is the company's size relative to the default."""
    rng = draws.stream("customers")
    n = N_CUSTOMERS
    rank = rng.permutation(n)
    region = rng.choice(len(REGIONS), n, p=[r.share for r in REGIONS]).astype(np.int32)
    seat = _seats(region, rank)
    segment = np.digitize(rank, [0.06 * n, 0.35 * n]).astype(np.int32)
    pull = np.asarray((rank + 4.0) ** -0.68, dtype=np.float64)
    size = ((rank + 8.0) ** -0.22 / (0.35 * n) ** -0.22) * np.exp(rng.normal(0.0, 0.15, n))
    start, quiet, lost = _life(rng, rank, seat)
    weight = _weights(pull, region, seat, start, quiet, lost, organisation)
    yearly = weight[:, 12:24].sum(axis=1) * size
    wallet = np.array([r.wallet_share for r in REGIONS])[region]
    true_potential = yearly / yearly.sum() * 600e6 * scale / wallet
    potential = np.round(np.maximum(true_potential, 2e4 * scale) * np.exp(rng.normal(0.0, 0.20, n)), -3)
    twin = np.full(n, -1, dtype=np.int32)
    twin[rng.choice(np.flatnonzero((rank >= 60) & (rank < 400)), _N_TWINS, replace=False)] = n + np.arange(
        _N_TWINS
    )
    late = np.zeros(n, dtype=bool)
    late[rng.choice(n, _N_LATE_PAYERS, replace=False)] = True
    return Customers(
        names=_names(rng, region, rank),
        region=region,
        seat=seat,
        segment=segment,
        industry=rng.integers(0, len(company.INDUSTRIES), n).astype(np.int32),
        channel=_channels(rng, region, segment),
        size=size,
        first_seen=_first_seen(rng, start),
        credit_days=rng.choice([30, 45, 60, 90], n, p=[0.35, 0.2, 0.3, 0.15]).astype(np.int32),
        credit_limit=np.round(np.maximum(potential * 0.12, 5e4), -4).astype(np.int64),
        potential=potential.astype(np.int64),
        is_late_payer=late,
        twin=twin,
        quiet=quiet,
        lost=lost,
        weight=weight,
    )


def _seats(region: NDArray[np.int32], rank: NDArray[np.int64]) -> NDArray[np.int32]:
    """Customers of a region dealt to its seats from large to small; the sandbagger gets a good share."""
    seat = np.zeros(len(region), dtype=np.int32)
    for r in range(len(REGIONS)):
        seats = np.array([s for s in range(N_SEATS) if TEAMS[s // SEATS_A_TEAM][1] == r], dtype=np.int32)
        mine = np.flatnonzero(region == r)
        mine = mine[np.argsort(rank[mine])]
        there_and_back = np.concatenate([seats, seats[::-1]])
        seat[mine] = there_and_back[np.arange(len(mine)) % len(there_and_back)]
    return seat


def _life(
    rng: np.random.Generator, rank: NDArray[np.int64], seat: NDArray[np.int32]
) -> tuple[NDArray[np.int32], dict[int, int], dict[int, int]]:
    """Month of the first order (−1 before the data), and the last active month of those who stop."""
    n = len(rank)
    start = np.where(rng.random(n) < _NEW_SHARE, rng.integers(1, N_MONTHS - 1, n), -1).astype(np.int32)
    start[rank < 40] = -1
    regular = np.flatnonzero((rank >= 25) & (rank < 220) & (start < 6))
    quiet = {
        int(c): company.QUIET_AFTER_MONTHS[i % 4]
        for i, c in enumerate(rng.choice(regular, company.N_QUIET, replace=False))
    }
    small = np.flatnonzero((rank >= 400) & (start < 3))
    lost = {int(c): int(rng.integers(8, 22)) for c in rng.choice(small, _N_LOST, replace=False)}
    return start, quiet, lost


def _weights(
    pull: NDArray[np.float64],
    region: NDArray[np.int32],
    seat: NDArray[np.int32],
    start: NDArray[np.int32],
    quiet: dict[int, int],
    lost: dict[int, int],
    organisation: Organisation,
) -> NDArray[np.float64]:
    """Orders of each customer and month: the region's trend, shared by pull, times the owner's factor.

    Lost customers are made up for by the others of the region; those going quiet are not.
    """
    months = np.arange(N_MONTHS)
    alive = start[:, None] <= months
    for customer, last in lost.items():
        alive[customer, last + 1 :] = False
    base = pull[:, None] * alive
    weight = np.zeros_like(base)
    for r, plan in enumerate(REGIONS):
        mine = region == r
        trend = plan.share * (1.0 + plan.growth) ** (months / 12.0)
        if plan.name == company.SLOW_REGION:
            trend = trend * (1.0 - company.SLOW_RATE) ** np.maximum(0, months - company.SLOW_FROM_MONTH + 1)
        weight[mine] = base[mine] / base[mine].sum(axis=0) * trend
    weight *= organisation.intensity[organisation.owner[seat], months]
    for customer, last in quiet.items():
        weight[customer, last + 1 :] = 0.0
    return weight


def _channels(
    rng: np.random.Generator, region: NDArray[np.int32], segment: NDArray[np.int32]
) -> NDArray[np.int32]:
    shares = np.array([(0.80, 0.20, 0.00), (0.55, 0.36, 0.09), (0.38, 0.30, 0.32)])[segment]
    shares[region == company.REGION_NAMES.index("Export")] = (0.40, 0.60, 0.0)
    return (rng.random(len(region))[:, None] > shares.cumsum(axis=1)[:, :2]).sum(axis=1).astype(np.int32)


def _first_seen(rng: np.random.Generator, start: NDArray[np.int32]) -> list[date]:
    days = rng.integers(30, 3000, len(start))
    lead = rng.integers(3, 40, len(start))
    return [
        company.month_start(int(s)) - timedelta(days=int(near))
        if s >= 0
        else company.FIRST_DAY - timedelta(days=int(long))
        for s, near, long in zip(start, lead, days, strict=True)
    ]


def _names(rng: np.random.Generator, region: NDArray[np.int32], rank: NDArray[np.int64]) -> list[str]:
    export = company.REGION_NAMES.index("Export")
    is_english = (region == export) | (rng.random(len(region)) < 0.06)
    n_english = int(is_english.sum())
    english = iter([f"{w} {k} {f}" for w, k, f in _combinations(rng, (_WORDS, _KINDS, _FORMS), n_english)])
    parts = _combinations(rng, (_PLACES, _BRANDS, _BRANDS, _TRADES), len(region) - n_english)
    chinese = iter([f"{p}{a}{b}{t}有限公司" for p, a, b, t in parts])
    names = [next(english if foreign else chinese) for foreign in is_english]
    for place, hostile in zip((6, 15, 24), company.HOSTILE_NAMES, strict=True):
        names[int(np.flatnonzero(rank == place)[0])] = hostile
    return names


def _combinations(
    rng: np.random.Generator, parts: tuple[tuple[str, ...], ...], n: int
) -> list[tuple[str, ...]]:
    """`n` combinations, one of each part, without repetition as long as there are enough."""
    sizes = [len(part) for part in parts]
    total = int(np.prod(sizes))
    codes = rng.permutation(total)[np.arange(n) % total]
    return [
        tuple(part[i] for part, i in zip(parts, row, strict=True))
        for row in zip(*np.unravel_index(codes, sizes), strict=True)
    ]
