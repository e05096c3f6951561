"""Blocks about pay: who is credited, when earned pay is paid, and what is taken back."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import Field

from salesops_lib.policy.incentives import (
    Award,
    Contest,
    Dispute,
    Exact,
    Gaming,
    NotNegative,
    PayRules,
    Plan,
    Promotion,
    Spiff,
    Sustainability,
)
from salesops_lib.policy.values import Block, Identifier, Share


class Overlay(Block):
    """A role that is credited beside the owner; never added to the company's total."""

    role: Identifier = Field(description="Role, as in the table credits.", examples=["se"])
    share: Exact = Field(default=Decimal(1), ge=0, le=1, description="Share of the line that counts for it.")


class HandOver(Block):
    """Lines of customers whose salesperson changes."""

    days: int = Field(default=0, ge=0, le=730, description="Days after the change on which credit is shared.")
    former_share: Exact = Field(
        default=Decimal(0), ge=0, le=1, description="Share that stays with the former owner.", examples=[0.5]
    )


class Crediting(Block):
    """Who gets credit for a line; direct credit of a line is all of it, once."""

    by: Literal["order_rep", "customer_owner", "splits"] = Field(
        default="order_rep",
        description="The salesperson of the order; the customer's owner; or the table credits, else the order's.",
    )
    overlays: tuple[Overlay, ...] = Field(default=(), description="Roles credited beside the owner.")
    roll_up_levels: int = Field(
        default=2, ge=0, le=6, description="Levels of managers who are credited with what their people sell."
    )
    house_account: Identifier = Field(default="house", description="Who is credited where nobody is.")
    hand_over: HandOver = Field(default=HandOver(), description="Customers that change hands.")
    returns: Literal["own_day", "order_day"] = Field(
        default="own_day", description="A return is debited on its own day, or reopens the day of its order."
    )
    windfall: NotNegative | None = Field(
        default=None,
        description="An order above this, in whole currency units, waits for a decision.",
        examples=[20_000_000],
    )
    excluded_channels: tuple[Identifier, ...] = Field(
        default=(), description="Channels without credit.", examples=[["ecommerce"]]
    )
    excluded_categories: tuple[str, ...] = Field(
        default=(), description="Product lines without credit.", examples=[["Spare parts"]]
    )


class Release(Block):
    """When a share of earned pay is due."""

    event: Literal["booking", "invoice", "cash_in", "period_close", "clawback_over"] = Field(
        description="What makes it due; clawback_over: nothing can be taken back any more."
    )
    share: Exact = Field(gt=0, le=1, description="Share of what was earned.", examples=[0.6])


class ReleaseRule(Block):
    """In which parts a component is paid."""

    components: tuple[Identifier, ...] = Field(
        default=(), description="Component ids; all others where left out.", examples=[["core"]]
    )
    schedule: tuple[Release, ...] = Field(min_length=1, description="Parts; their shares make 1.")


class Hold(Block):
    """Pay that waits."""

    when: Literal["customer_overdue", "deal_disputed", "windfall"] = Field(description="What holds it.")
    overdue_days: int = Field(default=60, ge=0, description="customer_overdue: days past due.")
    max_days: int = Field(default=180, ge=1, description="Released after, at the latest.")


class Draw(Block):
    """An advance on commission."""

    id: Identifier = Field(description="Name of the draw.", examples=["start"])
    roles: tuple[Identifier, ...] = Field(min_length=1, description="Roles.", examples=[["ae"]])
    kind: Literal["recoverable", "non_recoverable"] = Field(description="Is it taken back from later pay?")
    months: tuple[int, int] = Field(description="First and last month since hire, from 1.", examples=[[1, 3]])
    amount: NotNegative | None = Field(
        default=None, description="Whole currency units a month.", examples=[4000]
    )
    share_of_target: Exact | None = Field(
        default=None, ge=0, le=1, description="Or a share of the month's target incentive.", examples=[0.75]
    )
    recovery_from: int = Field(
        default=1, ge=1, description="Month since hire from which it is taken back.", examples=[4]
    )
    recovery_share: Exact = Field(
        default=Decimal(1), gt=0, le=1, description="Largest share of pay above the draw taken in a month."
    )
    recovery_months: int | None = Field(
        default=None, ge=1, description="What is left after so many months is forgiven.", examples=[12]
    )


class Guarantee(Block):
    """Pay that is not less than before after a change one did not choose."""

    event: Literal["hire", "transfer"] = Field(description="What starts it.")
    months: int = Field(ge=1, le=24, description="How long.", examples=[2])
    of: Literal["target", "average_last_6"] = Field(description="What is guaranteed.")
    share: Exact = Field(default=Decimal(1), gt=0, le=1, description="Share of it.")


class Clawback(Block):
    """Pay that is taken back."""

    event: Literal["cancelled", "returned", "bad_debt", "churned"] = Field(description="What happened.")
    within_days: int = Field(ge=1, le=3650, description="Days after the credit.", examples=[180])
    amount: Literal["full", "remaining_term", "unpaid_share"] = Field(
        default="full",
        description="All of it, the share of the term that is left, or the share not collected.",
    )
    share: Exact = Field(default=Decimal(1), gt=0, le=1, description="Share of that amount.", examples=[0.5])
    attainment: Literal["reduce", "keep"] = Field(
        default="reduce", description="Does attainment fall with it?"
    )


class Cap(Block):
    """The most that is paid."""

    scope: Literal["deal", "person_year"] = Field(description="For one order, or one person and year.")
    amount: NotNegative | None = Field(default=None, description="Whole currency units.", examples=[300_000])
    times_target: NotNegative | None = Field(
        default=None, description="Or a multiple of the annual target incentive.", examples=[4]
    )
    excess: Literal["forfeited", "withheld"] = Field(
        default="forfeited", description="Withheld pay may be granted later; it stays on the statement."
    )


class Payments(Block):
    """When and how much of what is earned is paid."""

    every: Literal["month", "quarter"] = Field(default="month", description="Statements are made for each.")
    release: tuple[ReleaseRule, ...] = Field(
        default=(), description="Parts; all at period close where left out."
    )
    holds: tuple[Hold, ...] = Field(default=(), description="Pay that waits.")
    draws: tuple[Draw, ...] = Field(default=(), description="Advances.")
    guarantees: tuple[Guarantee, ...] = Field(default=(), description="Guaranteed pay.")
    clawbacks: tuple[Clawback, ...] = Field(default=(), description="Pay taken back.")
    clawback_limit: Share | None = Field(
        default=None,
        description="Largest share of a month's pay taken back; the rest is carried.",
        examples=[0.25],
    )
    caps: tuple[Cap, ...] = Field(default=(), description="The most that is paid.")
    leaver_days: int = Field(
        default=90, ge=0, description="Days after leaving in which earned pay is still released."
    )
    absence: Literal["quota_and_target", "target", "none"] = Field(
        default="quota_and_target", description="What is reduced, by days, for hire, leave and transfer."
    )
    pay_currency_rate: Literal["plan", "avg"] = Field(
        default="avg",
        description="Attainment is always at plan rates; pay in another currency at the plan rate or the month's average.",
    )


class Incentives(Block):
    """Pay for performance: who is credited, what it earns, and when it is paid."""

    rules: PayRules = Field(default=PayRules(), description="What all plans share.")
    crediting: Crediting = Field(default=Crediting(), description="Who gets credit.")
    plans: tuple[Plan, ...] = Field(default=(), description="Plans by role.")
    payments: Payments = Field(default=Payments(), description="When earned pay is paid.")
    spiffs: tuple[Spiff, ...] = Field(default=(), description="Short-term amounts for a product.")
    contests: tuple[Contest, ...] = Field(default=(), description="Races.")
    awards: tuple[Award, ...] = Field(default=(), description="Trips and clubs.")
    promotion: tuple[Promotion, ...] = Field(default=(), description="What moving up takes.")
    sustainability: Sustainability = Field(default=Sustainability(), description="Limits of cost and shape.")
    gaming: Gaming = Field(default=Gaming(), description="What counts as a signal that a plan is played.")
    disputes: Dispute = Field(default=Dispute(), description="Time and roles of disputes.")
