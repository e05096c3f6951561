"""The company's target taken apart: company → region → team → person × month, exact to the minor unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.errors import DataError, nearest
from salesops_lib.targets.apportion import LARGEST, Floats, Ints, apportion, table

if TYPE_CHECKING:
    from salesops_lib.policy.quotas import Decomposition
    from salesops_lib.policy.selling import OverAssignment

#: What a unit's part can rest on: columns of `units`.
BASES = ("history", "potential", "pipeline", "capacity")
COMPANY = "company"
#: Minor units of rounding at the first level below the company.
_ROUNDINGS = 2
Truths = NDArray[np.bool_]


@dataclass(frozen=True)
class Tree:
    """What is taken apart, and along which lines.

    Attributes
    ----------
    units
        One row a measure and unit below the company: `measure, level, unit, parent` and, as far as the policy's
        weights ask for them, `history, potential, pipeline, capacity`; `base` is the sales of the year before that
        growth is held against (missing: no bound), `commit` what the field says it will bring.
    totals
        The company's target of the year by measure, in minor units or a count.
    seasons
        Measure → share of the year of each month, in the order of `months`.
    months
        Labels of the months.
    presence
        Unit × month, share of a full quota that a unit can carry; units not named carry it in full.
    locks
        `measure, level, unit, period, value`: targets that stay; an empty period locks the year.
    digits
        Decimals of measures whose targets are in minor units: messages say them in whole units.
    """

    units: pd.DataFrame
    totals: Mapping[str, int]
    seasons: Mapping[str, Sequence[float]]
    months: Sequence[str]
    presence: pd.DataFrame | None = None
    locks: pd.DataFrame | None = None
    digits: Mapping[str, int] = field(default_factory=dict)

    def said(self, measure: str, value: int) -> str:
        """A target as messages write it.

        >>> Tree(pd.DataFrame(), {}, {}, [], digits={"bookings": 2}).said("bookings", 123_456_789)
        '1,234,567.89'
        """
        digits = self.digits.get(measure, 0)
        return f"{Decimal(int(value)).scaleb(-digits):,}"


def decompose(tree: Tree, rules: Decomposition, over: OverAssignment) -> pd.DataFrame:
    """Targets of every unit, month and measure.

    Returns
    -------
    pd.DataFrame
        `measure, level, unit, parent, period, value`, whole numbers, sorted by level, unit and month.

    Raises
    ------
    DataError
        If units are unknown or written twice, a basis is missing, there is nothing to split by, locked targets
        exceed their parent's, or growth bounds cannot be met.

    Notes
    -----
    The children of a parent are given its year times the level's over-assignment, rounded half to even once, and of
    each month as much of it as the parent has there: the sums hold exactly in every month and for the year.
    Ties of largest remainders go to the unit first by name, then to the earlier month.
    """
    _check(tree, rules)
    found = []
    for measure, total in tree.totals.items():
        parents = {COMPANY: apportion(int(total), _season(tree, rules, measure))}
        found.append(_rows(measure, COMPANY, {COMPANY: parents[COMPANY]}, {COMPANY: ""}, tree.months))
        own = tree.units[tree.units.measure == measure].sort_values("unit")
        reserve = Decimal(1)
        for depth, level in enumerate(rules.levels[1:], start=1):
            factor = Decimal(str(getattr(over, level)))
            reserve *= factor
            bounds = Bounds(*rules.growth_bounds, float(reserve), _ROUNDINGS * depth**2)
            values: dict[str, Ints] = {}
            parent_of: dict[str, str] = {}
            for parent, children in own[own.level == level].groupby("parent", sort=True):
                cells = _children(tree, rules, measure, level, children, parents[str(parent)], factor, bounds)
                values |= dict(zip(children.unit, cells, strict=True))
                parent_of |= dict.fromkeys(children.unit, str(parent))
            found.append(_rows(measure, level, values, parent_of, tree.months))
            parents = values
    return pd.concat(found, ignore_index=True)


def fair_shares(children: pd.DataFrame, rules: Decomposition) -> Floats:
    """Share of each sibling by the policy's weights, Σ = 1 (M2.1).

    By "bottom_up" the shares are those of what the field commits, by "blended" half of each; where no sibling has
    committed anything, the weights alone decide.

    Examples
    --------
    >>> from salesops_lib.policy.quotas import Decomposition, FairShare
    >>> two = pd.DataFrame({"unit": ["a", "b"], "history": [3.0, 1.0], "potential": [1.0, 1.0]})
    >>> fair_shares(two, Decomposition(weights=FairShare(history=0.5, potential=0.5))).tolist()
    [0.625, 0.375]
    """
    weights = rules.weights
    shares = np.full(len(children), weights.even / len(children))
    for basis in BASES:
        if weight := getattr(weights, basis):
            values = children[basis].to_numpy(dtype=float)
            if values.sum() > 0:
                shares = shares + weight * values / values.sum()
    if shares.sum() > 0:
        shares = shares / shares.sum()  # a basis in which no sibling has anything says nothing
    committed = children.commit.fillna(0).to_numpy(dtype=float) if "commit" in children else np.zeros(1)
    if rules.method == "top_down" or committed.sum() <= 0:
        return shares
    field = committed / committed.sum()
    return field if rules.method == "bottom_up" else (shares + field) / 2


def _children(
    tree: Tree,
    rules: Decomposition,
    measure: str,
    level: str,
    children: pd.DataFrame,
    parent: Ints,
    factor: Decimal,
    bounds: Bounds,
) -> Ints:
    """Targets of the children of one parent, unit × month."""
    name = f"{measure}, {level}s of {children.parent.iloc[0]}"
    said = partial(tree.said, measure)
    pool = int((factor * int(parent.sum())).to_integral_value(ROUND_HALF_EVEN))
    columns = apportion(pool, parent)
    locked, fixed, cells = _locked(tree, measure, level, children)
    shares = fair_shares(children, rules)
    low, high = bounds.of(children, locked, fixed, cells)
    room = int(np.where(shares > 0, high, low).sum())
    wider = bounds.rounding * len(children)
    if low.sum() - wider <= pool <= room + wider and not low.sum() <= pool <= room:
        low, high = bounds.of(children, locked, fixed, cells, widened=bounds.rounding)
    if (held := int(low[locked].sum() + cells[~locked].sum())) > pool:
        raise DataError(
            f"{name}: locked targets make {said(held)}, the parent has only {said(pool)} to give. "
            "Raise the parent's target or unlock some of them."
        )
    if locked.all() and held != pool:
        raise DataError(
            f"{name}: all are locked and make {said(held)}, the parent has {said(pool)} to give. "
            f"Unlock one of them, or give out {said(pool - held)} more."
        )
    if pool > low.sum() and not (shares[low < high] > 0).any():
        raise DataError(
            f"{name}: there is nothing to split by; none of them has any "
            f"{', '.join(basis for basis in BASES if getattr(rules.weights, basis))}. "
            "Give targets.decomposition.weights an even part, or fill the column."
        )
    room = int(np.where(shares > 0, high, low).sum())
    if not int(low.sum()) <= pool <= room:
        raise DataError(
            f"{name}: {said(pool)} cannot be given out, the bounds on growth ({rules.growth_bounds[0]:+.0%} to "
            f"{rules.growth_bounds[1]:+.0%}) and locked targets allow {said(int(low.sum()))} to {said(room)}. "
            "Change targets.decomposition.growth_bounds, the over-assignment or the target."
        )
    rows = apportion(pool, shares, low, high)
    presence = _presence(tree, children)
    seed = np.where(fixed, cells, np.outer(np.maximum(rows, 1.0), columns.astype(float)) * presence)
    try:
        return table(rows, columns, seed.astype(float), fixed)
    except DataError as fault:
        raise DataError(
            f"{name}: {fault} Unlock some months, or look at who is there in which month."
        ) from None


@dataclass(frozen=True)
class Bounds:
    """Growth allowed to a unit's own part, without the reserve that over-assignment adds down to its level.

    Attributes
    ----------
    rounding
        Minor units by which targets may pass a bound where the roundings of the levels above leave no other way.
    """

    least: float
    most: float
    reserve: float
    rounding: int

    def of(
        self, children: pd.DataFrame, locked: Truths, fixed: Truths, cells: Ints, *, widened: int = 0
    ) -> tuple[Ints, Ints]:
        """Least and most of each child's year, what is locked included."""
        base = children.base.to_numpy(dtype=float) if "base" in children else np.full(len(children), np.nan)
        bound = np.isfinite(base) & (base > 0)
        base = np.where(bound, base, 0.0) * self.reserve
        low = np.where(bound, np.ceil(base * (1 + self.least) - 1e-6), 0).astype(np.int64)
        high = np.where(bound, np.floor(base * (1 + self.most) + 1e-6), LARGEST).astype(np.int64)
        low, high = np.maximum(low - widened, 0), high + widened
        low = np.maximum(low, np.where(fixed, cells, 0).sum(axis=1))
        high = np.maximum(high, low)
        year = cells.sum(axis=1)
        return np.where(locked, year, low), np.where(locked, year, high)


def _locked(tree: Tree, measure: str, level: str, children: pd.DataFrame) -> tuple[Truths, Truths, Ints]:
    """Children whose year is locked; cells that are; their values, a locked year standing in its first month."""
    shape = (len(children), len(tree.months))
    fixed, cells, locked = (
        np.zeros(shape, dtype=bool),
        np.zeros(shape, dtype=np.int64),
        np.zeros(shape[0], dtype=bool),
    )
    if tree.locks is None:
        return locked, fixed, cells
    own = tree.locks[(tree.locks.measure == measure) & (tree.locks.level == level)]
    place = {unit: row for row, unit in enumerate(children.unit)}
    years = {}
    for lock in own[own.unit.isin(place)].itertuples():
        if lock.period:
            cell = place[lock.unit], list(tree.months).index(lock.period)
            fixed[cell], cells[cell] = True, lock.value
        else:
            years[place[lock.unit]] = int(lock.value)
    for row, value in years.items():
        spare = value - int(cells[row].sum())
        if spare < 0 or (spare and fixed[row].all()):
            raise DataError(
                f"{measure}, {children.unit.iloc[row]}: the year is locked at {tree.said(measure, value)}, its locked months make "
                f"{tree.said(measure, int(cells[row].sum()))}. Unlock one of them."
            )
        locked[row] = True
        if spare:
            cells[row, int(np.argmin(fixed[row]))] += spare
    locked |= fixed.all(axis=1)
    return locked, fixed, cells


def _presence(tree: Tree, children: pd.DataFrame) -> Floats:
    if tree.presence is None:
        return np.ones((len(children), len(tree.months)))
    return (
        tree.presence.reindex(index=children.unit, columns=list(tree.months))
        .fillna(1.0)
        .to_numpy(dtype=float)
    )


def _season(tree: Tree, rules: Decomposition, measure: str) -> Floats:
    """Share of the year of each month, none below the policy's floor."""
    shares = np.asarray(tree.seasons[measure], dtype=float)
    if not shares.sum() > 0:
        raise DataError(
            f"{measure}: no month has a share of the year; give targets.decomposition.seasonality another method."
        )
    shares, floor = shares / shares.sum(), rules.seasonality.floor_share
    if floor * len(shares) > 1 + 1e-9:
        raise DataError(
            f"targets.decomposition.seasonality.floor_share: {len(shares)} months of at least {floor:.1%} make more than a year; "
            f"the floor can be {1 / len(shares):.1%} at most."
        )
    raised = np.zeros(len(shares), dtype=bool)
    while (lifted := (shares < floor - 1e-12) & ~raised).any():
        raised |= lifted
        rest = shares[~raised].sum()
        shares = np.where(raised, floor, shares * (1 - floor * raised.sum()) / rest)
    return shares


def _check(tree: Tree, rules: Decomposition) -> None:
    """Refuse a tree that does not hang together, with the first fault found."""
    if rules.levels[0] != COMPANY:
        raise DataError(
            f"targets.decomposition.levels: begins with {rules.levels[0]!r}; the first level is company."
        )
    units = tree.units
    keys = ["measure", "level", "unit"]
    if len(twice := units[units.duplicated(keys)]):
        raise DataError(f"{', '.join(map(str, twice[keys].iloc[0]))}: the unit is there twice; keep one row.")
    needed = [basis for basis in BASES if getattr(rules.weights, basis)]
    for basis in needed:
        values = units[basis] if basis in units else pd.Series(np.nan, index=units.index)
        wrong = units[~(np.isfinite(values.astype(float)) & (values.astype(float) >= 0))]
        if len(wrong):
            row = wrong.iloc[0]
            raise DataError(
                f"{basis} of {len(wrong)} of {len(units)} units is missing or negative, first of {row.unit} ({row.measure}, "
                f"{row.level}). Fill it, or give targets.decomposition.weights.{basis} no weight."
            )
    for measure in tree.totals:
        above = {COMPANY}
        for level in rules.levels[1:]:
            own = units[(units.measure == measure) & (units.level == level)]
            stray = own[~own.parent.isin(above)]
            if len(stray):
                row = stray.iloc[0]
                raise DataError(
                    f"{row.unit} ({level}) hangs under {row.parent!r}, which is not there; {nearest(str(row.parent), sorted(above))}"
                )
            if childless := sorted(above - set(own.parent)):
                raise DataError(
                    f"{measure}: {childless[0]} has no {level} to give its target to; take the level out or name one."
                )
            above = set(own.unit)
        if measure not in tree.seasons or len(tree.seasons[measure]) != len(tree.months):
            raise DataError(
                f"{measure}: a share of the year is needed for each of {len(tree.months)} months."
            )
    if tree.locks is not None:
        _check_locks(tree)


def _check_locks(tree: Tree) -> None:
    assert tree.locks is not None
    known = set(tree.units[["measure", "level", "unit"]].itertuples(index=False, name=None))
    if len(twice := tree.locks[tree.locks.duplicated(["measure", "level", "unit", "period"])]):
        raise DataError(f"{twice.unit.iloc[0]} {twice.period.iloc[0]}: locked twice; keep one.")
    for lock in tree.locks.itertuples():
        if (lock.measure, lock.level, lock.unit) not in known:
            raise DataError(f"Locked target of {lock.unit!r} ({lock.measure}, {lock.level}): there is no such unit; "
                            f"{nearest(str(lock.unit), sorted(set(tree.units.unit)))}")  # fmt: skip
        if lock.period and lock.period not in tree.months:
            raise DataError(
                f"Locked target of {lock.unit}: {lock.period!r} is not a month of the year; {nearest(str(lock.period), list(tree.months))}"
            )
        if lock.value < 0 or lock.value != int(lock.value):
            raise DataError(
                f"Locked target of {lock.unit}: {lock.value} is not a whole number of minor units, 0 or more."
            )


def _rows(
    measure: str, level: str, values: Mapping[str, Ints], parents: Mapping[str, str], months: Sequence[str]
) -> pd.DataFrame:
    units = sorted(values)
    return pd.DataFrame(
        {
            "measure": measure,
            "level": level,
            "unit": np.repeat(units, len(months)),
            "parent": np.repeat([parents[unit] for unit in units], len(months)),
            "period": np.tile(list(months), len(units)),
            "value": np.concatenate([values[unit] for unit in units]),
        }
    )
