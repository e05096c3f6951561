"""How the targets of a year were revised: what changed, who approved it, and why (M1.10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from salesops_lib.metrics import REGISTRY, Exhibit, Finding, Missing
from salesops_lib.targets.decomposition import COMPANY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from salesops_lib.periods import Period
    from salesops_lib.workspace import Workspace

_CELL = ["scope_type", "scope_id", "measure", "period"]
_STEP = ["approved_on", "version", "scope_type", "measure", "approved_by", "reason"]
#: What may be wrong with a change, worst first.
FAULTS = ("not_allowed", "no_approver", "no_day", "no_reason", "too_late", "not_yet", "out_of_order")


def revisions(ws: Workspace) -> tuple[Exhibit | Missing, ...]:
    """The log of a fiscal year's target changes, and the units that they moved most.

    Changes are of a version against the one before it of the same unit, measure and month, in the order in which
    versions come into force: by name.  Values that a version only repeats are no changes.
    """
    if not ws.facts.has("targets"):
        return (Missing("target_revisions", ("targets",)),)
    year = ws.calendar.period_of(ws.window.end, "year")
    versions = _versions(ws, year)
    if versions.empty:
        return (Missing("target_revisions", ("targets.value",), "note.no_targets_of_year"),)
    changes = changed(versions)
    changes = changes.assign(faults=list(_faults(ws, changes)))
    if changes.empty:
        told = {"year": year.label, "n": len(versions.drop_duplicates(["scope_type", "scope_id", "measure"]))}
        return (_log(changes, versions, (Finding("revisions.none", told, "target_revision"),)),)
    return _log(changes, versions, _told(changes, versions, year)), _units(changes)


def changed(versions: pd.DataFrame) -> pd.DataFrame:
    """Values that a version changed, and those that it added.

    Parameters
    ----------
    versions
        `version, scope_type, scope_id, measure, period, value, approved_on, approved_by, reason`, any order; a missing
        version is older than all others.

    Returns
    -------
    pd.DataFrame
        One row a changed value: the columns of `versions`, `before` (missing where it was added after the first
        version of its level and measure) and `delta`.

    Examples
    --------
    >>> two = pd.DataFrame({"version": ["1", "2"], "scope_type": "team", "scope_id": "A", "measure": "bookings",
    ...                     "period": "2025-07", "value": [100.0, 90.0], "approved_on": pd.NaT, "approved_by": "", "reason": ""})
    >>> changed(two)[["before", "value", "delta"]].iloc[0].tolist()
    [100.0, 90.0, -10.0]
    """
    ordered = versions.sort_values([*_CELL, "version"], na_position="first", ignore_index=True)
    cell = ordered.groupby(_CELL, sort=False)
    before = cell.value.shift()
    first = ordered.version.fillna("").groupby([ordered.scope_type, ordered.measure]).transform("min")
    is_added = (cell.cumcount() == 0) & (ordered.version.fillna("") != first)
    made = ordered.assign(before=before, approved_before=cell.approved_on.cummax().groupby(
        [ordered[c] for c in _CELL], sort=False).shift())  # fmt: skip
    made["delta"] = made.value - made.before.fillna(0.0)
    return made[is_added | (before.notna() & (made.delta != 0))].reset_index(drop=True)


def _versions(ws: Workspace, year: Period) -> pd.DataFrame:
    """All versions of a year's targets, in minor units or counts."""
    months = [month.label for month in ws.calendar.months(year)]
    known = {
        name: name if ws.facts.has(f"targets.{name}") else f"CAST(NULL AS {kind}) AS {name}"
        for name, kind in (("version", "VARCHAR"), ("approved_on", "DATE"), ("approved_by", "VARCHAR"), ("reason", "VARCHAR"))
    }  # fmt: skip
    frame = ws.facts.query(
        f"SELECT {', '.join(_CELL)}, CAST(value AS DOUBLE) AS value, {', '.join(known.values())} FROM targets "
        f"WHERE value IS NOT NULL AND period IN ({', '.join('?' for _ in months)}) ORDER BY {', '.join(_CELL)}, version",
        months,
    )
    minor = 10**ws.policy.semantics.minor_digits
    scale = frame.measure.map(lambda m: minor if m in REGISTRY and REGISTRY[m].unit == "money" else 1)
    told = {
        name: frame[name].astype(object).where(frame[name].notna(), "") for name in ("approved_by", "reason")
    }
    return frame.assign(
        value=(frame.value * scale).round(), approved_on=pd.to_datetime(frame.approved_on),
        **{name: text.astype(str).str.strip() for name, text in told.items()},
    )  # fmt: skip


def _faults(ws: Workspace, changes: pd.DataFrame) -> Iterable[tuple[str, ...]]:
    rules = ws.policy.targets.review
    days = {label: ws.calendar.parse(label) for label in changes.period.unique()}
    for row in changes.itertuples():
        month, day = days[row.period], row.approved_on
        named = {name.strip().casefold() for name in re.split(r"[,;/+、，；]", row.approved_by)}
        must = {name.casefold() for name in rules.company_approved_by} if row.scope_type == COMPANY else set()
        allowed = row.scope_type in rules.may_change or (row.scope_type == COMPANY and must and must <= named)
        found = {
            "not_allowed": not allowed,
            "no_approver": not row.approved_by,
            "no_day": pd.isna(day),
            "no_reason": not row.reason,
            "too_late": not pd.isna(day) and day.date() > month.end,
            "not_yet": not pd.isna(day) and day.date() > ws.as_of,
            "out_of_order": not pd.isna(day) and not pd.isna(row.approved_before) and day < row.approved_before,
        }  # fmt: skip
        yield tuple(name for name in FAULTS if found[name])


def _log(changes: pd.DataFrame, versions: pd.DataFrame, findings: tuple[Finding, ...]) -> Exhibit:
    """One row a version, level, measure, approver and reason; money and counts side by side as shares of the year's targets."""
    whole = versions.drop_duplicates(_CELL).groupby(["scope_type", "measure"]).value.sum()
    rows = []
    for key, own in changes.groupby(_STEP, dropna=False, sort=True):
        step = dict(zip(_STEP, key, strict=True))
        first = float(whole[step["scope_type"], step["measure"]])
        faults = [name for name in FAULTS if any(name in faults for faults in own.faults)]
        rows.append({
            "version": step["version"], "approved": Finding("revisions.approved", {"day": step["approved_on"], "by": step["approved_by"] or None}),
            "level": Finding("revisions.level", {"level": step["scope_type"], "measure": step["measure"]}),
            "n_changed": own.scope_id.nunique(), "covers": Finding("revisions.months", {"from": own.period.min(), "to": own.period.max()}),
            "moved_share": own.delta.abs().sum() / first if first else float("nan"),
            "reason": _word(step["reason"]), "fault": _word(f"fault_{faults[0]}") if faults else "",
        })  # fmt: skip
    columns = {
        "version": "text", "approved": "text", "level": "text", "n_changed": "count", "covers": "text",
        "moved_share": "ratio", "fault": "text", "reason": "text",
    }  # fmt: skip
    notes = (Finding("note.revisions"),) if rows else ()
    return Exhibit(
        "target_revisions", "table", pd.DataFrame(rows, columns=list(columns)), metric="target_revision", findings=findings,
        sources=("targets",), units=columns, notes=notes,
    )  # fmt: skip


def _units(changes: pd.DataFrame) -> Exhibit:
    """What each unit's months came to before and after each version, the largest change first; money alone."""
    money = changes[[m in REGISTRY and REGISTRY[m].unit == "money" for m in changes.measure]]
    keys = ["version", "scope_type", "scope_id", "measure"]
    found = money.assign(before=money.before.fillna(0.0)).groupby(keys, dropna=False, sort=True)
    frame = found.agg(
        n=("period", "size"), before=("before", "sum"), value=("value", "sum"), delta=("delta", "sum")
    )
    frame = frame.reset_index().assign(rank=lambda f: f.delta.abs())
    frame = frame.sort_values(["rank", *keys], ascending=[False, *[True] * 4], ignore_index=True)
    frame = frame.assign(
        change=frame.delta / frame.before.where(frame.before > 0),
        level=[_word(one) for one in frame.scope_type],
        measure=[Finding("value.metric", {"value": one}) for one in frame.measure],
    ).rename(columns={"scope_id": "unit", "n": "n_months", "value": "revised"})
    units = {
        "version": "text", "level": "text", "unit": "text", "measure": "text", "n_months": "count", "before": "money", "revised": "money",
        "delta": "money", "change": "ratio",
    }  # fmt: skip
    told: tuple[Finding, ...] = ()
    if len(frame):
        top = frame.iloc[0]
        values = {"unit": top.unit, "delta": top.delta, "version": str(top.version), "n": len(frame)}
        told = (Finding("revisions.largest", values, "target_revision"),)
    return Exhibit(
        "target_changes", "table", frame[list(units)], metric="target_revision", findings=told, sources=("targets",), units=units,
        shown=10,
    )  # fmt: skip


def _told(changes: pd.DataFrame, versions: pd.DataFrame, year: Period) -> tuple[Finding, ...]:
    """How much was moved at the level that changed most in share, and what is wrong with the changes."""
    whole = versions.drop_duplicates(_CELL).groupby(["scope_type", "measure"]).value.sum()
    moved = changes.delta.abs().groupby([changes.scope_type, changes.measure]).sum()
    shares = (moved / whole.reindex(moved.index)).sort_values(ascending=False)
    level, measure = shares.index[0]
    own = changes[(changes.scope_type == level) & (changes.measure == measure)]
    values = {
        "year": year.label, "n": len(changes.drop_duplicates(["version", "approved_on", "approved_by", "reason"])),
        "n_values": len(changes), "level": level, "measure": measure, "share": float(shares.iloc[0]),
        "n_units": own.scope_id.nunique(),
    }  # fmt: skip
    wrong = {name: int(sum(name in faults for faults in changes.faults)) for name in FAULTS}
    found = [Finding("revisions.some", values, "target_revision")]
    found += [
        Finding(f"revisions.{name}", {"n": n, "of": len(changes)}, "target_revision", "bad")
        for name, n in wrong.items()
        if n
    ]
    return tuple(found)


def _word(value: object) -> Finding | str:
    return Finding("value.label", {"value": value}) if value else ""
