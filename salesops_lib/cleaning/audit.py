"""The audit of a load: every row of every source used, merged, set aside or excluded, and why."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

OUTCOMES = ("merged", "set_aside", "excluded", "suspected", "orphan", "unmatched", "flagged")


@dataclass(frozen=True)
class Reason:
    """How many rows of a source or table met one fate, with an example.

    `outcome` is one of `OUTCOMES`: merged rows repeat another row; rows set aside await a
    mended file or rule; excluded rows are none of the table's by a named rule (totals, test
    orders).  Suspected duplicates, orphans, returns without an order and deals that contradict
    themselves (flagged) are used rows, counted
    once more because a reader should know.
    """

    source: str
    table: str
    outcome: str
    reason: str
    column: str
    n_rows: int
    example: str = ""


@dataclass(frozen=True)
class Control:
    """Totals of one money column of one source, in currency units.

    `raw_total` is the sum over used rows before rounding, `stored_total` after it;
    `set_aside_total` and `merged_total` belong to rows that are not used.
    """

    source: str
    table: str
    column: str
    raw_total: Decimal
    stored_total: Decimal
    set_aside_total: Decimal
    merged_total: Decimal

    @property
    def rounding_residual(self) -> Decimal:
        return self.raw_total - self.stored_total


@dataclass(frozen=True)
class SourceAudit:
    """One source and table: what was in it, and what became of it.

    `kind` is `file`, `derived` (made from other tables) or `skipped` (feeds no table).
    """

    source: str
    table: str
    kind: str
    rows_in: int
    used: int
    merged: int
    set_aside: int
    excluded: int = 0
    file: str = ""
    sha256: str = ""
    encoding: str = ""
    confidence: float = 1.0
    currency: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.rows_in == self.used + self.merged + self.set_aside + self.excluded, self


@dataclass(frozen=True)
class ColumnAudit:
    """Completeness of a column in the rows that one source gave to a table.

    `confidence` is that of its mapping, None where nothing measured it; `rule` says how all
    its cells were read ("day first"; "万元 × 10,000").
    """

    source: str
    table: str
    column: str
    header: str
    type: str
    is_required: bool
    n_rows: int
    n_filled: int
    confidence: float | None = None
    rule: str = ""

    @property
    def completeness(self) -> float | None:
        return self.n_filled / self.n_rows if self.n_rows else None


@dataclass(frozen=True)
class Change:
    """How many cells of a column one rule changed; each of them is in the store's `changes`."""

    source: str
    table: str
    column: str
    rule: str
    n_cells: int
    example: str = ""


@dataclass
class Audit:
    """What a load did; also stored beside the facts."""

    sources: list[SourceAudit] = field(default_factory=list)
    columns: list[ColumnAudit] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    fingerprint: str = ""

    @property
    def frame(self) -> pd.DataFrame:
        """One row per source and table.

        Returns
        -------
        pd.DataFrame
            source, table, kind, rows_in, used, merged, set_aside, excluded, suspected, orphans,
            then one column per reason for not using a row, then notes.
            `rows_in = used + merged + set_aside + excluded` holds in each row.
        """
        rows = []
        kinds: dict[str, None] = {}
        for source in self.sources:
            own = [r for r in self.reasons if r.source == source.source and r.table == source.table]
            row: dict[str, Any] = {
                name: getattr(source, name)
                for name in ("source", "table", "kind", "rows_in", "used", "merged", "set_aside", "excluded")
            }
            row["suspected"] = sum(r.n_rows for r in own if r.outcome == "suspected")
            row["orphans"] = sum(
                r.n_rows for r in self.reasons if r.outcome == "orphan" and r.table == source.table
            )
            for reason in own:
                if reason.outcome in ("merged", "set_aside", "excluded"):
                    name = f"{reason.column} {reason.reason}".strip()
                    kinds[name] = None
                    row[name] = row.get(name, 0) + reason.n_rows
            rows.append(row | {"notes": "; ".join(source.notes)})
        frame = pd.DataFrame(rows)
        for name in kinds:
            frame[name] = frame[name].fillna(0).astype("int64")
        first = [name for name in frame.columns if name not in kinds and name != "notes"]
        return frame[[*first, *kinds, "notes"]] if rows else frame

    def controls_frame(self) -> pd.DataFrame:
        """Control totals, one row per source and money column, in currency units."""
        return pd.DataFrame([asdict(c) | {"rounding_residual": c.rounding_residual} for c in self.controls])

    def sources_frame(self) -> pd.DataFrame:
        """What `audit_sources` holds: `frame` without the reasons, with file, digest and net totals."""
        frame = pd.DataFrame([asdict(source) | {"notes": "; ".join(source.notes)} for source in self.sources])
        counted = self.frame
        frame["suspected"], frame["orphans"] = counted["suspected"], counted["orphans"]
        net = {(c.source, c.table): c for c in self.controls if c.column in ("net_amount", "amount")}
        for name in ("raw_total", "stored_total", "set_aside_total", "rounding_residual"):
            frame[name] = [
                float(getattr(net[key], name)) if (key := (s.source, s.table)) in net else None
                for s in self.sources
            ]
        return frame.rename(columns={"table": "table_name"})

    def columns_frame(self) -> pd.DataFrame:
        """What `audit_columns` holds."""
        names = list(ColumnAudit.__dataclass_fields__)
        frame = pd.DataFrame([asdict(c) for c in self.columns], columns=names)
        frame["completeness"] = [c.completeness for c in self.columns]
        return frame.rename(columns={"table": "table_name", "column": "column_name"})

    def reasons_frame(self) -> pd.DataFrame:
        """What `audit_reasons` holds."""
        names = list(Reason.__dataclass_fields__)
        frame = pd.DataFrame([asdict(r) for r in self.reasons], columns=names)
        return frame.rename(columns={"table": "table_name", "column": "column_name"})

    def changes_frame(self) -> pd.DataFrame:
        """What `audit_changes` holds."""
        names = list(Change.__dataclass_fields__)
        frame = pd.DataFrame([asdict(c) for c in self.changes], columns=names)
        return frame.rename(columns={"table": "table_name", "column": "column_name"})

    def to_json(self) -> str:
        """The whole audit as JSON, sums of money as text."""
        controls = [asdict(c) | {"rounding_residual": c.rounding_residual} for c in self.controls]
        body = {
            "fingerprint": self.fingerprint,
            "sources": [asdict(s) for s in self.sources],
            "columns": [asdict(c) | {"completeness": c.completeness} for c in self.columns],
            "reasons": [asdict(r) for r in self.reasons],
            "controls": controls,
            "changes": [asdict(c) for c in self.changes],
        }
        return json.dumps(body, ensure_ascii=False, indent=1, default=str) + "\n"

    @classmethod
    def read(cls, path: Path) -> Audit:
        """The audit that `load` wrote as data/audit.json."""
        return cls.of_json(path.read_text("utf-8"))

    @classmethod
    def of_json(cls, text: str) -> Audit:
        """The audit that `to_json` wrote."""
        body = json.loads(text)
        for column in body["columns"]:
            del column["completeness"]
        totals = ("raw_total", "stored_total", "set_aside_total", "merged_total")
        for control in body["controls"]:
            del control["rounding_residual"]
            control.update({name: Decimal(control[name]) for name in totals})
        return cls(
            [SourceAudit(**{**s, "notes": tuple(s["notes"])}) for s in body["sources"]],
            [ColumnAudit(**c) for c in body["columns"]],
            [Reason(**r) for r in body["reasons"]],
            [Control(**c) for c in body["controls"]],
            [Change(**c) for c in body["changes"]],
            body["fingerprint"],
        )
