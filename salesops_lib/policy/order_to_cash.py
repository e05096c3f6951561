"""Blocks from the contract to the cash, and what comes after the sale."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, Self

from pydantic import Field, model_validator

from salesops_lib.policy.values import Block, Climbing, Grade, Identifier, Money, Rising, Share


class ContractApproval(Block):
    """A contract beyond a limit needs more signatures."""

    when: Literal["amount", "payment_days", "discount_rate", "term_months"] = Field(
        description="What is compared."
    )
    above: float = Field(ge=0, description="Limit; approval is needed above it.", examples=[5_000_000])
    by: tuple[Identifier, ...] = Field(
        min_length=1, description="Roles or functions that sign.", examples=[["finance", "legal"]]
    )


class Terms(Block):
    """Standard terms of a contract."""

    payment_days: int = Field(default=30, ge=0, le=720, description="Days to pay.")
    late_fee_a_day: Share = Field(
        default=0.0, description="Fee for a day of delay, as a share of what is overdue.", examples=[0.0005]
    )
    renewal_notice_days: int = Field(
        default=60, ge=0, le=720, description="Days before its end on which a renewal is begun."
    )


class Contracts(Block):
    """Contracts."""

    templates: tuple[str, ...] = Field(
        default=(), description="Templates that need no legal review.", examples=[["standard_v7"]]
    )
    terms: Terms = Field(default=Terms(), description="Standard terms.")
    approvals: tuple[ContractApproval, ...] = Field(default=(), description="Approvals.")
    checks: tuple[Literal["signatory", "price_policy", "credit_limit", "legal"], ...] = Field(
        default=(), description="Checked before signing.", examples=[["signatory", "price_policy"]]
    )
    renewal_rate_min: Share | None = Field(
        default=None, description="Least share of contracts due that are renewed, by value.", examples=[0.85]
    )


class Linearity(Block):
    """Sales pressed into the last days of a month."""

    days: int = Field(default=3, ge=1, le=10, description="Last working days of a month.")
    share_max: Share = Field(default=0.5, description="Largest share of the month that they may hold.")


class Orders(Block):
    """Orders and their delivery."""

    min_amount: Money | None = Field(default=None, description="Smallest order.", examples=[2_000])
    confirm_hours: float | None = Field(
        default=None, gt=0, description="Hours to confirm an order.", examples=[24]
    )
    ship_days: float | None = Field(default=None, gt=0, description="Working days to ship.", examples=[5])
    on_time_against: Literal["requested", "promised"] = Field(
        default="promised", description="On time is by the day requested, or by the first day promised."
    )
    on_time_min: Share | None = Field(
        default=None, description="Least share of orders on time and in full.", examples=[0.95]
    )
    cancelled_max: Share | None = Field(
        default=None, description="Largest share of orders cancelled, by value.", examples=[0.03]
    )
    backlog_days_max: int | None = Field(
        default=None, ge=1, description="Days after which an open order is late.", examples=[20]
    )
    linearity: Linearity = Field(default=Linearity(), description="End of the month.")


class Returns(Block):
    """Goods that come back."""

    window_days: int = Field(default=30, ge=0, le=720, description="Days in which goods are taken back.")
    rate_max: Share | None = Field(
        default=None, description="Largest share of sales returned.", examples=[0.025]
    )


class AfterSales(Block):
    """After-sales service."""

    response_hours: float | None = Field(
        default=None, gt=0, description="Working hours to a first answer.", examples=[2]
    )
    resolve_hours: Mapping[str, float] = Field(
        default_factory=dict,
        description="Hours to a solution by severity, the severest first.",
        examples=[{"p1": 24, "p2": 72}],
    )
    complaints_max: float | None = Field(
        default=None, ge=0, description="Most complaints per 1,000 orders.", examples=[8]
    )
    returns: Returns = Field(default=Returns(), description="Returns.")
    warranty_months: int | None = Field(default=None, ge=0, le=240, description="Warranty.", examples=[24])
    survey_after: bool = Field(default=False, description="Is a customer asked after a solved case?")


class Credit(Block):
    """Credit that a grade of customer is given."""

    days: int = Field(ge=0, le=720, description="Days to pay.", examples=[60])
    limit: Money = Field(description="Most that may be open.", examples=[3_000_000])


class StopRule(Block):
    """When nothing more is delivered on credit."""

    overdue_days: int = Field(default=60, ge=1, le=720, description="Days overdue that stop delivery.")
    over_limit: Share = Field(default=0.0, description="Excess over the credit limit that stops delivery.")
    released_by: tuple[Identifier, ...] = Field(
        default=(), description="Who may release an order all the same.", examples=[["finance"]]
    )


class Collections(Block):
    """Receivables and their collection (回款)."""

    credit: Mapping[Grade, Credit] = Field(
        default_factory=dict,
        description="Credit by customer grade.",
        examples=[{"A": {"days": 60, "limit": 3_000_000}}],
    )
    ageing_days: Climbing = Field(
        default=(30, 60, 90, 180, 365),
        description="Days overdue at which a class of age ends.",
        examples=[[30, 60, 90, 180, 365]],
    )
    dso_band: Rising = Field(
        default=(60, 90), description="Days sales outstanding: amber from the first, red from the second."
    )
    overdue_max: Share | None = Field(
        default=None, description="Largest overdue share of receivables.", examples=[0.15]
    )
    reminder_days: tuple[int, ...] = Field(
        default=(),
        description="Days from the due date on which a reminder goes out; before it, negative.",
        examples=[[-3, 7, 15]],
    )
    stop: StopRule = Field(default=StopRule(), description="Stop of delivery.")

    @model_validator(mode="after")
    def _better_grades_get_more(self) -> Self:
        grades = [self.credit[grade] for grade in sorted(self.credit)]
        for better, worse in pairwise(grades):
            if worse.limit > better.limit or worse.days > better.days:
                raise ValueError("gives a worse grade more credit than a better one")
        return self
