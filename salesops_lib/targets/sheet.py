"""The sheet on which a proposal is discussed: one row a measure and unit, one column a month, and what is locked."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.errors import nearest
from salesops_lib.metrics import REGISTRY
from salesops_lib.targets.apportion import LARGEST
from salesops_lib.targets.decomposition import COMPANY

if TYPE_CHECKING:
    from salesops_lib.targets.proposal import Proposal

KEYS = ("measure", "level", "unit")
LOCKED = "locked"
#: What the workbook says to who fills it in.
HINTS = {
    LOCKED: "x: this row stays as written. Months (2026-01, 2026-02): these stay. Empty: allocated again."
    " / 填x：本行保持不变；填月份：仅这些月份不变；留空：重新分配。"
}
_MARKS = frozenset({"x", "×", "y", "yes", "true", "1", "1.0", "lock", "locked", "是", "锁定", "√", "✓", "✔"})
_NO_MARKS = frozenset({"", "n", "no", "false", "0", "0.0", "-", "否"})


def laid_out(proposal: Proposal) -> pd.DataFrame:
    """The proposal as rows to look at and to lock: `measure, level, unit, parent, base, locked`, then the months.

    Amounts are in whole currency units with their decimals, counts as they are.
    """
    made = proposal.targets
    wide = made.pivot(index=[*KEYS, "parent"], columns="period", values="value").reset_index()
    order = {level: place for place, level in enumerate(proposal.ws.policy.targets.decomposition.levels)}
    wide = wide.sort_values(
        ["measure", "level", "unit"], key=lambda c: c.map(order) if c.name == "level" else c
    )
    base = proposal.tree.units[[*KEYS, "base"]]
    wide = wide.merge(base, on=list(KEYS), how="left", validate="1:1")
    minor = 10**proposal.ws.policy.semantics.minor_digits
    scale = wide.measure.map(lambda name: minor if REGISTRY[name].unit == "money" else 1)
    months = list(proposal.tree.months)
    wide[["base", *months]] = wide[["base", *months]].div(scale, axis=0)
    return wide.assign(**{LOCKED: ""})[[*KEYS, "parent", "base", LOCKED, *months]].reset_index(drop=True)


def read_back(sheet: pd.DataFrame, proposal: Proposal) -> tuple[pd.DataFrame, list[str]]:
    """Targets that the sheet locks, and one message for each fault that only its author can judge.

    Parameters
    ----------
    sheet
        As `laid_out` gives it, read from a workbook: cells may hold anything.

    Returns
    -------
    tuple
        `measure, level, unit, period, value` in minor units or counts, as `decompose` takes them; and the faults.
    """
    months = list(proposal.tree.months)
    sheet = sheet.rename(columns=_as_text)  # spreadsheets take 2026-01 for a day
    wanted = [*KEYS, LOCKED, *months]
    if lacking := [name for name in wanted if name not in sheet.columns]:
        return _locks([]), [
            f"The columns {', '.join(lacking)} are not there; write the sheet anew and fill that one in."
        ]
    proposed = laid_out(proposal).set_index(list(KEYS))
    digits = proposal.ws.policy.semantics.minor_digits
    locks: list[tuple[str, str, str, str, int]] = []
    faults: list[str] = []
    seen: set[tuple[str, ...]] = set()
    strays: set[tuple[str, ...]] = set()
    for number, row in zip(range(2, len(sheet) + 2), sheet.to_dict("records"), strict=True):
        key = tuple(_as_text(row[name]) for name in KEYS)
        if not any(map(_as_text, row.values())):
            continue
        where = f"Row {number} ({', '.join(filter(None, key))})"
        if key not in proposed.index:
            strays.add(key[:2])
            alike = [unit for *place, unit in proposed.index if tuple(place) == key[:2]]
            units = alike or list(dict.fromkeys(proposed.index.get_level_values("unit")))
            faults.append(f"{where}: there is no such target; {nearest(key[-1], units)}")
            continue
        if key in seen:
            faults.append(f"{where}: the unit is there twice; keep one row.")
            continue
        seen.add(key)
        scale = digits if REGISTRY[key[0]].unit == "money" else 0
        values, own = {}, []
        for month in months:
            value, fault = _whole(row[month], scale)
            values[month] = value
            own += [f"{where}, {month}: {fault}"] if fault else []
        faults += own
        if own:
            continue
        kept, fault = _kept(row[LOCKED], months)
        if fault:
            faults.append(f"{where}: {fault}")
            continue
        before = {month: round(Decimal(str(proposed.at[key, month])).scaleb(scale)) for month in months}
        changed = [month for month in months if values[month] != before[month] and month not in kept]
        if key[1] == COMPANY and (kept or changed):
            faults.append(
                f"{where}: the company's target is no part of the sheet; change it in the table targets or the policy."
            )
        elif changed:
            faults.append(
                f"{where}, {changed[0]}: changed but not locked; write x under locked to keep it, or put back {before[changed[0]] / 10**scale:,}."
            )
        else:
            locks += [(key[0], key[1], key[2], month, values[month]) for month in kept]
    lost = [key for key in proposed.index if key not in seen and key[:2] not in strays]
    if lost:
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        faults.append(
            f"No row for {', '.join(lost[0])}{more}: put it back; a unit that carries nothing has 0 and x under locked."
        )
    return _locks(locks), faults


def as_table(proposal: Proposal, version: str) -> pd.DataFrame:
    """The proposal as rows of the table targets: whole units of the currency with their decimals, as text."""
    made = proposal.targets
    digits = proposal.ws.policy.semantics.minor_digits
    scales = made.measure.map(lambda name: digits if REGISTRY[name].unit == "money" else 0)
    values = [
        str(Decimal(int(value)).scaleb(-scale)) for value, scale in zip(made.value, scales, strict=True)
    ]
    return pd.DataFrame(
        {"version": version, "scope_type": made.level, "scope_id": made.unit, "measure": made.measure, "period": made.period, "value": values}
    )  # fmt: skip


def _whole(cell: Any, digits: int) -> tuple[int, str]:
    """A cell in minor units, and what is wrong with it."""
    try:
        number = Decimal(str(cell).replace(",", "").strip())
    except InvalidOperation:
        return 0, f"{str(cell)[:40]!r} is not a number."
    if not number.is_finite():
        return (
            0,
            "the cell is empty, or a formula without its value; write a number, 0 where there is no target.",
        )
    if number < 0:
        return 0, f"{number:,} is negative; a target is 0 or more."
    if number.scaleb(digits) > LARGEST:
        return 0, f"{str(cell)[:40]} is too large to be split exactly."
    scaled = round(number.scaleb(digits), 4)  # a spreadsheet's floating point
    if scaled != int(scaled):
        return 0, f"{number:,} is finer than the smallest unit; round it to {digits} decimals."
    return int(scaled), ""


def _as_text(cell: Any) -> str:
    """A cell as text; a day as its month, which is what spreadsheets make of 2026-01."""
    if cell is None or (isinstance(cell, float) and pd.isna(cell)):
        return ""
    return f"{cell:%Y-%m}" if isinstance(cell, date) else str(cell).strip()


def _kept(cell: Any, months: list[str]) -> tuple[list[str], str]:
    """Months that a mark under `locked` keeps, and what is wrong with it."""
    mark = _as_text(cell)
    if mark.casefold() in _MARKS | _NO_MARKS:
        return (months if mark.casefold() in _MARKS else []), ""
    named = re.split(r"[\s,;，；、]+", mark)
    if unknown := [name for name in named if name not in months]:
        return [], f"locked is {unknown[0][:40]!r}; write x, or months such as {months[0]}, or nothing."
    return named, ""


def _locks(rows: list[tuple[str, str, str, str, int]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*KEYS, "period", "value"])
