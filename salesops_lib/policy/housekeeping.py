"""Blocks about data and reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from salesops_lib.policy.values import Block, Cycle, Identifier, Language, Rising, Share


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
    pay_visible_to: tuple[Identifier, ...] = Field(
        default=(), description="Who may see the pay of others.", examples=[["hr", "finance"]]
    )


def _limit(value: Any) -> float | date:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    try:
        return value if isinstance(value, date) else date.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("must be a number or a day") from None


#: A number, or a day.
Limit = Annotated[Any, BeforeValidator(_limit)]


class ValueRange(Block):
    """What the values of one column can be."""

    column: str = Field(
        pattern=r"^[a-z_]+\.[a-z_]+$",
        description="Table and column.",
        examples=["order_lines.discount_rate"],
    )
    min: Limit | None = Field(
        default=None, description="Least value, included; money in whole currency units.", examples=[0]
    )
    max: Limit | None = Field(default=None, description="Largest value, included.", examples=[0.6])
    otherwise: Literal["set_aside", "keep"] = Field(
        default="set_aside", description="A row outside is set aside, or kept and listed among the changes."
    )

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.min is None and self.max is None:
            raise ValueError("needs min, max or both")
        if self.min is not None and self.max is not None:
            if isinstance(self.min, date) != isinstance(self.max, date):
                raise ValueError("needs two numbers or two days")
            if self.min > self.max:
                raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Merging(Block):
    """Customers that are in the data under several names."""

    customers: Literal["automatic", "review", "off"] = Field(
        default="automatic",
        description="Merge certain pairs and show likely ones for review, show all for review, or leave customers alone.",
    )
    automatic: Share = Field(default=0.99, description="Probability from which two customers are merged.")
    review: Share = Field(default=0.80, description="Probability from which two are shown for review.")

    @model_validator(mode="after")
    def _review_comes_first(self) -> Self:
        if self.review > self.automatic:
            raise ValueError(f"review {self.review:g} must not be above automatic {self.automatic:g}")
        return self


class Data(Block):
    """Cleaning, and what good data is."""

    duplicates: Literal["keep", "set_aside"] = Field(
        default="keep", description="What happens to exact duplicates of lines without a key."
    )
    date_order: Literal["ask", "dmy", "mdy", "ymd"] = Field(
        default="ask",
        description="Reading of dates like 01/02/2024: ask, day first, month first, or year first.",
    )
    unreadable: Literal["blank", "set_aside"] = Field(
        default="blank",
        description="A day or number that cannot be read, in a column that a row can do without: the cell is blank and listed, "
        "or the row is set aside. Keys, required columns, money, quantities, discounts and the day of a row always set it aside.",
    )
    future_days: int = Field(
        default=366,
        ge=0,
        le=36_600,
        description="Orders, invoices, receipts, returns and deliveries later than so many days after the load are set aside.",
    )
    ranges: tuple[ValueRange, ...] = Field(
        default=(),
        description="What values can be; without an entry discount rates are 0 to 1, survey scores 0 to 10, exchange rates above 0.",
        examples=[[{"column": "order_lines.discount_rate", "min": 0, "max": 0.6}]],
    )
    time_zone: str = Field(
        default="",
        description="IANA zone on whose days moments with an offset count; empty: the day as written.",
        examples=["Asia/Shanghai"],
    )
    merging: Merging = Field(default=Merging(), description="Customers that are one.")
    freshness_days: Mapping[str, int] = Field(
        default_factory=dict,
        description="Days by table after which its newest row is stale.",
        examples=[{"order_lines": 3}],
    )
    freshness_default_days: int = Field(default=35, ge=0, description="The same for tables not listed.")
    grades: QualityGrades = Field(default=QualityGrades(), description="Data grades.")
    reconcile: Reconcile = Field(default=Reconcile(), description="Reconciliation.")
    privacy: Privacy = Field(default=Privacy(), description="Privacy.")
    access: Mapping[str, Literal["own", "team", "region", "all"]] = Field(
        default_factory=dict,
        description="Rows that a role or function may see.",
        examples=[{"ae": "own", "manager": "team"}],
    )

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        from zoneinfo import available_timezones

        if zone and zone not in available_timezones():
            raise ValueError("is not a time zone")
        return zone

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


class ReportCycle(Block):
    """A report that is made regularly."""

    report: Identifier = Field(description="Its notebook.", examples=["10_performance_review"])
    cycle: Cycle = Field(description="How often.")
    workdays: int = Field(
        default=5, ge=0, le=60, description="Working days after the period by which it is out."
    )
    per: Literal["company", "region", "team", "rep"] = Field(
        default="company", description="One for the company, or one for each unit."
    )
    audience: tuple[Identifier, ...] = Field(
        default=(), description="Roles and functions that read it.", examples=[["director"]]
    )


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
    cycles: tuple[ReportCycle, ...] = Field(default=(), description="Reports and when they are due.")
