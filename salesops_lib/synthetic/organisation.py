"""Seats, the people who fill them, their teams, managers and courses.

A seat owns customers; who sits on it changes with hires, leavers and movers.  A vacant seat
is looked after by the team's lead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from salesops_lib.synthetic import company
from salesops_lib.synthetic.company import N_MONTHS, REGIONS
from salesops_lib.synthetic.draws import Draws

SEATS_A_TEAM = 6
TEAMS = tuple((f"{r.name}-{n + 1}", i) for i, r in enumerate(REGIONS) for n in range(r.n_teams))
N_SEATS = SEATS_A_TEAM * len(TEAMS)
#: The sandbagger's seat: the first of East after the lead's.
SANDBAG_SEAT = 1
_RAMP = (0.60, 0.70, 0.80, 0.90, 0.95)
_N_LEAVERS = 19
#: (seat, month, new team of the same region)
_TEAM_MOVES = ((4, 12, 1), (33, 21, 6))
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_GIVEN = (
    "伟",
    "芳",
    "娜",
    "敏",
    "静",
    "丽",
    "强",
    "磊",
    "洋",
    "勇",
    "艳",
    "杰",
    "涛",
    "明",
    "超",
    "秀英",
    "建国",
    "晓东",
    "海燕",
    "志强",
)
_ENGLISH = (
    "Anna Keller",
    "Daniel Ho",
    "Maria Lopes",
    "James Tan",
    "Olga Petrova",
    "Peter Lindqvist",
    "Sara Conti",
    "Tom Becker",
    "Lucy Zhang",
    "Kevin Liu",
)


@dataclass
class Person:
    """One salesperson or director; days are None where they lie before or after the data."""

    id: str
    name: str
    role: str
    hired_on: date
    left_on: date | None = None
    base_pay: int = 180_000
    variable: int = 80_000
    places: list[tuple[str, str, str, date, date | None]] = field(default_factory=list)


@dataclass(frozen=True)
class Organisation:
    """`post` is the person on each seat and month (−1 vacant), `owner` who answers for it."""

    people: list[Person]
    post: NDArray[np.int32]
    owner: NDArray[np.int32]
    team: NDArray[np.int32]
    intensity: NDArray[np.float64]
    discount_style: NDArray[np.float64]
    trained_in: dict[int, int]
    trainings: list[tuple[str, str, date, int]]

    @property
    def n_sellers(self) -> int:
        return int(self.post.max()) + 1

    @property
    def sandbagger(self) -> int:
        return int(self.post[SANDBAG_SEAT, 0])

    @property
    def puller(self) -> int:
        """Who brings orders forward: the first of another region who kept one seat throughout and took no course."""
        return next(
            int(self.post[s, 0])
            for s in range(N_SEATS)
            if s % SEATS_A_TEAM != 0
            and _region(s) != _region(SANDBAG_SEAT)
            and (self.post[s] == self.post[s, 0]).all()
            and (self.team[s] == self.team[s, 0]).all()
            and int(self.post[s, 0]) not in self.trained_in
        )


def build(draws: Draws) -> Organisation:
    """Sixty seats over 36 months, with leavers, hires, moves and courses."""
    rng = draws.stream("organisation")
    post = _fill_seats(rng)
    team = _teams_of_seats()
    owner = np.where(post >= 0, post, post[team * SEATS_A_TEAM, np.arange(N_MONTHS)])
    people = _people(rng, post, team)
    trained_in = _trained(rng, post)
    return Organisation(
        people=people,
        post=post,
        owner=owner,
        team=team,
        intensity=_intensity(rng, post, trained_in),
        discount_style=rng.normal(0.0, 0.012, int(post.max()) + 1),
        trained_in=trained_in,
        trainings=_trainings(rng, people, trained_in),
    )


def _fill_seats(rng: np.random.Generator) -> NDArray[np.int32]:
    """Person on each seat and month.  Every fifth vacancy is filled by a colleague of another region."""
    post = np.repeat(np.arange(N_SEATS, dtype=np.int32)[:, None], N_MONTHS, axis=1)
    free = [s for s in range(N_SEATS) if s % SEATS_A_TEAM != 0 and s != SANDBAG_SEAT]
    seats = [int(s) for s in rng.choice(free, _N_LEAVERS, replace=False)]
    months = sorted(int(m) for m in rng.integers(3, 34, _N_LEAVERS))
    movers = [s for s in free if s not in seats]
    newcomer = N_SEATS
    for n, (seat, month) in enumerate(zip(seats, months, strict=True)):
        back = min(month + int(rng.integers(0, 3)), N_MONTHS)
        post[seat, month:back] = -1
        if n % 5 == 4:
            home = next(s for s in movers if _region(s) != _region(seat))
            movers.remove(home)
            post[seat, back:] = post[home, 0]
            post[home, back:] = newcomer
        else:
            post[seat, back:] = newcomer
        newcomer += int(back < N_MONTHS)
    return post


def _region(seat: int) -> int:
    return TEAMS[seat // SEATS_A_TEAM][1]


def _teams_of_seats() -> NDArray[np.int32]:
    """Team of each seat and month: two seats, with their people, change to the neighbour team."""
    team = np.repeat(np.arange(N_SEATS, dtype=np.int32)[:, None] // SEATS_A_TEAM, N_MONTHS, axis=1)
    for seat, month, to_team in _TEAM_MOVES:
        team[seat, month:] = to_team
    return team


def _trained(rng: np.random.Generator, post: NDArray[np.int32]) -> dict[int, int]:
    """Person → month in which the course is completed, staggered from 2024-03 to 2025-06."""
    steady = [
        int(post[s, 0])
        for s in range(N_SEATS)
        if s % SEATS_A_TEAM != 0 and s != SANDBAG_SEAT and (post[s] == post[s, 0]).all()
    ]
    chosen = rng.choice(steady, company.N_TRAINED, replace=False)
    cohorts = (14, 17, 20, 23, 26, 29)
    return {int(person): cohorts[n % len(cohorts)] for n, person in enumerate(chosen)}


def _intensity(
    rng: np.random.Generator, post: NDArray[np.int32], trained_in: dict[int, int]
) -> NDArray[np.float64]:
    """Factor on the orders of each person and month: skill × ramp of newcomers × training."""
    n = int(post.max()) + 1
    factor = np.repeat(np.exp(rng.normal(0.0, 0.10, n))[:, None], N_MONTHS, axis=1)
    for person in range(N_SEATS, n):
        first = int(np.argwhere(post == person)[:, 1].min())
        ramp = _RAMP[: N_MONTHS - first]
        factor[person, first : first + len(ramp)] *= ramp
    for person, month in trained_in.items():
        factor[person, month + 1 :] *= 1.0 + company.TRAINING_EFFECT
    return factor


def _people(rng: np.random.Generator, post: NDArray[np.int32], team: NDArray[np.int32]) -> list[Person]:
    n = int(post.max()) + 1
    names = [s + g for s in _SURNAMES for g in _GIVEN]
    picked = [names[i] for i in rng.choice(len(names), n + len(REGIONS), replace=False)]
    english = list(_ENGLISH)
    people: list[Person] = []
    for person in range(n):
        spells = _spells(person, post, team)
        seat, first, _, _ = spells[0]
        is_lead = person < N_SEATS and person % SEATS_A_TEAM == 0
        hired = (
            company.month_start(first)
            if person >= N_SEATS
            else date(int(rng.integers(2014, 2023)), int(rng.integers(1, 13)), 1)
        )
        last = spells[-1][2]
        left = None if last == N_MONTHS - 1 else company.month_start(last + 1) - timedelta(days=1)
        name = english.pop() if REGIONS[_region(seat)].name == "Export" and english else picked[person]
        pay = int(rng.integers(12, 20)) * 10_000 + 80_000 * is_lead
        people.append(
            Person(
                f"R{person + 1:03d}",
                name,
                "manager" if is_lead else ("am" if rng.random() < 0.3 else "ae"),
                hired,
                left,
                pay,
                pay // 2,
            )
        )
    for region in range(len(REGIONS)):
        director = Person(
            f"D{region + 1:02d}",
            picked[n + region],
            "director",
            date(2015 + region, 3, 1),
            None,
            420_000,
            180_000,
        )
        director.places.append(("", REGIONS[region].name, "", director.hired_on, None))
        people.append(director)
    for person in range(n):
        people[person].places.extend(_places(person, people, post, team))
    return people


def _spells(person: int, post: NDArray[np.int32], team: NDArray[np.int32]) -> list[tuple[int, int, int, int]]:
    """(seat, first month, last month, team) of each unbroken stay, in order of time."""
    spells: list[tuple[int, int, int, int]] = []
    for month in range(N_MONTHS):
        seats = np.flatnonzero(post[:, month] == person)
        if not len(seats):
            continue
        seat, of_team = int(seats[0]), int(team[seats[0], month])
        if spells and spells[-1][0] == seat and spells[-1][3] == of_team and spells[-1][2] == month - 1:
            spells[-1] = (seat, spells[-1][1], month, of_team)
        else:
            spells.append((seat, month, month, of_team))
    return spells


def _places(
    person: int, people: list[Person], post: NDArray[np.int32], team: NDArray[np.int32]
) -> list[tuple[str, str, str, date, date | None]]:
    rows = []
    for n, (_, first, last, of_team) in enumerate(_spells(person, post, team)):
        name, region = TEAMS[of_team]
        lead = of_team * SEATS_A_TEAM
        manager = f"D{region + 1:02d}" if person == lead else people[lead].id
        start = people[person].hired_on if n == 0 else company.month_start(first)
        end = None if last == N_MONTHS - 1 else company.month_start(last + 1) - timedelta(days=1)
        rows.append((name, REGIONS[region].name, manager, start, end))
    return rows


def _trainings(
    rng: np.random.Generator, people: list[Person], trained_in: dict[int, int]
) -> list[tuple[str, str, date, int]]:
    rows = [
        (
            people[p].id,
            company.TRAINING_COURSE,
            company.month_start(m) + timedelta(days=int(rng.integers(9, 26))),
            int(rng.integers(68, 99)),
        )
        for p, m in sorted(trained_in.items())
    ]
    rows += [
        (p.id, "ONB-101", p.hired_on + timedelta(days=int(rng.integers(10, 31))), int(rng.integers(60, 99)))
        for p in people
        if p.hired_on >= company.FIRST_DAY
    ]
    return sorted(rows, key=lambda row: (row[2], row[0]))
