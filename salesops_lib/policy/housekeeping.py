"""Blocks about data and reports."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from salesops_lib.policy.values import Block, Language, Rising, Share


class QualityGrades(Block):
    """Lowest share of sound rows for the grades A to C; below is D."""

    A: Share = Field(default=0.99, description="Grade A from here.")
    B: Share = Field(default=0.97, description="Grade B from here.")
    C: Share = Field(default=0.90, description="Grade C from here; below is D.")

    @model_validator(mode="after")
    def _fall(self) -> Self:
        if not self.A > self.B > self.C:
            raise ValueError(f"grades must fall from A to C, not {self.A:g}, {self.B:g}, {self.C:g}")
        return self


class Reconcile(Block):
    """Agreement with the books."""

    tolerance: Share = Field(default=0.005, description="Largest difference to finance's total, as a share.")


class Privacy(Block):
    """Protection of persons in shared reports."""

    min_group: int = Field(default=5, ge=1, description="Smallest group of persons shown.")


class Data(Block):
    """Cleaning, and what good data is."""

    duplicates: Literal["keep", "set_aside"] = Field(
        default="keep", description="What happens to exact duplicates of lines without a key."
    )
    date_order: Literal["ask", "dmy", "mdy", "ymd"] = Field(
        default="ask",
        description="Reading of dates like 01/02/2024: ask, day first, month first, or year first.",
    )
    freshness_days: Mapping[str, int] = Field(
        default_factory=dict,
        description="Days by table after which its newest row is stale.",
        examples=[{"order_lines": 3}],
    )
    freshness_default_days: int = Field(default=35, ge=0, description="The same for tables not listed.")
    grades: QualityGrades = Field(default=QualityGrades(), description="Data grades.")
    reconcile: Reconcile = Field(default=Reconcile(), description="Reconciliation.")
    privacy: Privacy = Field(default=Privacy(), description="Privacy.")

    def freshness_of(self, table: str) -> int:
        """Days after which the newest row of a table is stale."""
        return self.freshness_days.get(table, self.freshness_default_days)


class Actions(Block):
    """The list of decisions that a report asks for."""

    at_most: int = Field(default=5, ge=1, le=20, description="Longest list.")
    due_workdays: int = Field(
        default=10, ge=1, le=120, description="Working days after the last day of data."
    )
    default_owner: str = Field(default="sales_director", description="Role that owns what has no manager.")


class Report(Block):
    """How figures are shown, and when they are held back."""

    language: Language = Field(default="en", description="Language unless --lang says otherwise.")
    display_unit: Literal["auto", "yuan", "wan", "k", "m"] = Field(
        default="auto", description="Unit of money in tables."
    )
    comment_band: Rising = Field(
        default=(0.9, 1.1),
        description="Attainment outside this band asks for a comment.",
        examples=[[0.9, 1.1]],
    )
    quality_gate: Literal["A", "B", "C", "D", "none"] = Field(
        default="D", description="Data of this grade or worse is not published; none publishes all."
    )
    top_n: int = Field(default=10, ge=3, le=50, description="Rows of a ranking.")
    wilson_below: int = Field(default=30, ge=1, description="Rates on fewer cases get an interval.")
    suppress_below: int = Field(
        default=5, ge=1, description="Rates on fewer cases are not shown in shared reports."
    )
    actions: Actions = Field(default=Actions(), description="Decisions asked for.")
