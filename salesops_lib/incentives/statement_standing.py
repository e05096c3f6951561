"""Where one stands and what the next tier takes, as the tables of a statement."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from salesops_lib.incentives.crediting import parts_of
from salesops_lib.incentives.statement_cells import is_money, key, named
from salesops_lib.metrics import Exhibit, Finding

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

_STANDING = [
    "component",
    "measure",
    "period",
    "actual",
    "n_units",
    "quota",
    "attainment",
    "tier",
    "pay_to_date",
]
_NEXT = ["component", "tier", "edge", "short", "n_units", "until", "worth", "rate_now", "rate_next"]


def standing_table(ws: Workspace, standing: pd.DataFrame) -> Exhibit:
    """Measure, quota, attainment, tier and pay to date of each component; see `prospects.standing`."""
    found = [_stood(ws, row) for row in standing.itertuples()]
    told = sorted((row for row in found if row["attainment"] is not None and row["quota"]), key=_by_pay)
    findings = tuple(
        Finding(
            "statement.standing",
            {
                "component": row["component"].values["value"], "period": row["period"], "attained": row["attainment"],
                "pay": row["pay_to_date"], "quota": row["quota"],
            },
        )
        for row in told
    )  # fmt: skip
    return Exhibit(
        "statement_standing", "table", pd.DataFrame(found, columns=_STANDING), findings=findings,
        units={"actual": "money", "quota": "money", "pay_to_date": "exact", "n_units": "quantity"},
    )  # fmt: skip


def _by_pay(row: dict[str, Any]) -> int:
    return -int(row["pay_to_date"])


def _stood(ws: Workspace, row: Any) -> dict[str, Any]:
    actual, quota, tier = (None if pd.isna(v) else int(v) for v in (row.actual, row.quota, row.tier))
    in_money, known = is_money(row.measure), actual is not None
    of = Finding("statement.tier.of", {"n": tier, "of": int(row.n_tiers)})
    return {
        "component": named(row), "measure": Finding("value.metric", {"value": row.measure}) if known else None,
        "period": ws.calendar.period_of(ws.calendar.parse(row.last).end, row.interval).label,
        "actual": actual if in_money else None,
        "n_units": actual / parts_of(ws, row.measure) if actual is not None and not in_money else None,
        "quota": quota if in_money else None, "attainment": actual / quota if quota and actual is not None else None,
        "tier": of if row.kind == "tiered" and tier is not None else None, "pay_to_date": int(row.pay_to_date),
    }  # fmt: skip


def next_tiers(ws: Workspace, standing: pd.DataFrame) -> Exhibit:
    """What the next tier of each component takes, and what exactly it is worth; see `prospects.standing`."""
    found = [(_row(ws, row), _told(ws, row)) for row in standing[standing.short.notna()].itertuples()]
    findings = sorted((finding for _, finding in found), key=lambda one: -one.values["worth"])
    return Exhibit(
        "statement_next", "table", pd.DataFrame([row for row, _ in found], columns=_NEXT),
        findings=tuple(findings) or (_without_next(standing),), notes=(Finding("note.statement_next", {}),) if found else (),
        units={"short": "exact", "worth": "exact", "rate_now": "rate", "rate_next": "rate", "n_units": "quantity", "until": "date"},
    )  # fmt: skip


def _row(ws: Workspace, row: Any) -> dict[str, Any]:
    part, in_money = parts_of(ws, row.measure), is_money(row.measure)
    which = "quota" if row.by_quota else "amount" if in_money else "count"
    edge = float(row.edge) * (part if which == "amount" else 1)
    tier = Finding("statement.tier.number", {"n": int(row.tier) + 1}) if row.kind == "tiered" else None
    return {
        "component": named(row), "tier": tier, "edge": Finding(f"statement.edge.{which}", {"edge": edge}),
        "short": int(row.short) if in_money else None, "n_units": None if in_money else int(row.short) / part,
        "until": ws.calendar.parse(row.last).end, "worth": int(row.worth),
        "rate_now": row.rate_now if in_money else None, "rate_next": row.rate_next if in_money else None,
    }  # fmt: skip


def _told(ws: Workspace, row: Any) -> Finding:
    in_money = is_money(row.measure)
    values = {
        "component": key(row), "n": int(row.tier) + 1, "worth": int(row.worth), "until": ws.calendar.parse(row.last).end,
        "short": int(row.short) if in_money else int(row.short) / parts_of(ws, row.measure), "edge": float(row.edge),
        "now": row.rate_now, "next": row.rate_next, "measure": row.measure,
    }  # fmt: skip
    if not in_money:
        return Finding("statement.next_units", values)
    return Finding("statement.next" if row.kind == "tiered" else "statement.next_point", values)


def _without_next(standing: pd.DataFrame) -> Finding:
    """Why no next tier is told."""
    tiers = standing[standing.tier.notna()]
    which = "over" if len(tiers) and tiers.is_over.all() else "closed" if tiers.is_closed.any() else "none"
    return Finding(f"statement.next_{which}", {})
