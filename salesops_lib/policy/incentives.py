"""Blocks about pay: rules that all plans share, plans, their components and links.

Amounts are in whole currency units, rates and attainments shares (0.05 is 5 %).  They are kept as
decimals, exactly as they are written: pay is computed from integers, never from floats.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, model_validator

from salesops_lib.policy.values import Block, Identifier, MayBeNamed, Named, Share, Span

#: Decimal places that a rate, an attainment or a weight may have: millionths.
PLACES = 6


def _exact(value: Any) -> Any:
    """A number as the decimal that was written; `0.1` is a tenth and not its nearest float."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    written = Decimal(repr(value))
    if not written.is_finite() or int(written.as_tuple().exponent) < -PLACES:
        raise ValueError(f"has more than {PLACES} decimal places")
    return written


Exact = Annotated[Decimal, BeforeValidator(_exact)]
NotNegative = Annotated[Exact, Field(ge=0, le=1_000_000_000_000)]
Weight = Annotated[Exact, Field(ge=0, le=1)]
Measure = Annotated[str, Field(description="A metric id.", examples=["bookings"])]
Credit = Literal["direct", "overlay", "roll_up"]
Interval = Literal["month", "quarter", "half", "year"]
TierMode = Literal["marginal", "retroactive", "overage_retroactive", "interpolated", "per_transaction"]


class PayRules(Block):
    """What published plans leave open; fixed here, once, for all plans."""

    rounding: Literal["half_even", "half_up"] = Field(
        default="half_even",
        description="How pay to date of a component is rounded to the minor unit; the only rounding there is.",
    )
    tier_edge: Literal["lower_inclusive", "upper_inclusive"] | None = Field(
        default=None,
        description="A value exactly on an edge belongs to the tier above (lower_inclusive) or below it.",
        examples=["lower_inclusive"],
    )
    start_day: Literal["included", "excluded"] | None = Field(
        default=None,
        description="Does the first day count when a month is shared by days?",
        examples=["included"],
    )


class Tier(Block):
    """From here on, up to the next tier: a rate on the measure, or a multiple of the target rate."""

    start: NotNegative = Field(
        alias="from", description="Where the tier begins: an attainment or an amount.", examples=[0.5]
    )
    end: NotNegative | None = Field(
        default=None,
        alias="to",
        description="Where it ends, for readers: where the next one begins.",
        examples=[1.0],
    )
    rate: NotNegative | None = Field(
        default=None, description="Pay for one unit of the measure.", examples=[0.05]
    )
    times: NotNegative | None = Field(
        default=None,
        description="Multiple of the target rate: target incentive × weight / quota.",
        examples=[1.5],
    )


class _Component(Named):
    """What all components have."""

    measure: Measure = Field(default="bookings", description="A metric id.", examples=["bookings"])
    credit: Credit = Field(
        default="direct", description="Whose credit counts: one's own, overlay, or that of one's people."
    )
    weight: Weight = Field(
        default=Decimal(0), description="Share of the target incentive; of a plan they make at most 1."
    )
    interval: Interval | None = Field(
        default=None, description="Performance adds up within; the plan's where left out."
    )
    at_most: NotNegative | None = Field(
        default=None, description="Highest pay of an interval, whole currency units.", examples=[100_000]
    )


class Tiered(_Component):
    """Commission by tiers."""

    kind: Literal["tiered"] = Field(description="What it is.")
    basis: Literal["attainment", "amount"] = Field(
        default="attainment", description="Are the edges attainments of quota, or amounts of the measure?"
    )
    tier_measure: Measure | None = Field(
        default=None,
        description="The measure that picks the tier (分档指标), where it is not the one that is paid (提成指标).",
    )
    mode: TierMode | None = Field(
        default=None,
        description="How the tiers are read: each slice at its rate (超额累进), all at the rate reached (全额累进), all above quota at the rate reached, points joined by lines, or each transaction alone.",
        examples=["marginal"],
    )
    overage_from: NotNegative = Field(
        default=Decimal(1), description="overage_retroactive: where overage begins.", examples=[1.0]
    )
    tiers: tuple[Tier, ...] = Field(
        min_length=1,
        description="Tiers, rising from 0.",
        examples=[[{"from": 0, "times": 1}, {"from": 1, "times": 2}]],
    )

    @property
    def pays_rate(self) -> bool:
        """Whether the tiers state rates; else multiples of the target rate."""
        return self.tiers[0].rate is not None


class Curve(_Component):
    """Bonus by a curve: share of target bonus at each attainment."""

    kind: Literal["curve"] = Field(description="What it is.")
    between: Literal["line", "step"] | None = Field(
        default=None, description="Between two points: a straight line, or the lower one.", examples=["line"]
    )
    points: tuple[tuple[NotNegative, NotNegative], ...] = Field(
        min_length=1,
        description="Attainment and share of target bonus, rising; nothing below the first, flat above the last.",
        examples=[[[0.6, 0.0], [1.0, 1.0], [1.5, 2.0]]],
    )


class UnitRate(_Component):
    """An amount for each unit."""

    kind: Literal["unit_rate"] = Field(description="What it is.")
    per_unit: NotNegative = Field(description="Whole currency units for one unit.", examples=[200])
    from_attainment: NotNegative = Field(
        default=Decimal(0), description="Nothing below this attainment of quota.", examples=[0.5]
    )


class Flat(_Component):
    """A fixed amount for an interval."""

    kind: Literal["flat"] = Field(description="What it is.")
    amount: NotNegative = Field(description="Whole currency units an interval.", examples=[500])


class Scored(_Component):
    """Objectives: share of target bonus by the score of a scorecard."""

    kind: Literal["scored"] = Field(description="What it is.")
    scorecard: Identifier = Field(description="A scorecard of the appraisal.", examples=["sc-ae"])
    most: NotNegative = Field(
        default=Decimal("1.5"), description="Highest share of target bonus; a score of 100 pays 1."
    )


class Axis(Block):
    """One side of a matrix."""

    measure: Measure
    points: tuple[NotNegative, ...] = Field(
        min_length=2, description="Attainments, rising.", examples=[[0.8, 1.0, 1.2]]
    )


class Matrix(_Component):
    """Bonus by two measures at once."""

    kind: Literal["matrix"] = Field(description="What it is.")
    between: Literal["line", "step"] | None = Field(
        default=None,
        description="Between the points: lines both ways, or the lower point.",
        examples=["line"],
    )
    rows: Axis = Field(description="The measure down the side.")
    columns: Axis = Field(description="The measure along the top.")
    payout: tuple[tuple[NotNegative, ...], ...] = Field(
        description="Share of target bonus, one row a point of `rows`.",
        examples=[[[0, 0.5], [0.5, 1.0]]],
    )


Component = Annotated[Tiered | Curve | UnitRate | Flat | Scored | Matrix, Discriminator("kind")]


class Condition(Block):
    """Something that must hold: a bound on an attainment, or on a measure."""

    measure: Measure
    of: Literal["attainment", "value"] = Field(
        default="attainment", description="Is the bound on the attainment or on the measure itself?"
    )
    at_least: Exact | None = Field(default=None, description="Holds from here on.", examples=[0.6])
    at_most: Exact | None = Field(default=None, description="Holds up to here.", examples=[0.3])

    @model_validator(mode="after")
    def _bounded(self) -> Condition:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least or at_most")
        return self


class Gate(Block):
    """Components that pay only where a condition holds."""

    kind: Literal["gate"] = Field(description="What it is.")
    applies_to: tuple[Identifier, ...] = Field(
        default=(), description="Component ids; all of the plan where left out.", examples=[["core"]]
    )
    require: Condition = Field(description="What must hold.")


class Hurdle(Block):
    """Tiers from an edge on that open only where a condition holds; else the tier below goes on."""

    kind: Literal["hurdle"] = Field(description="What it is.")
    applies_to: tuple[Identifier, ...] = Field(
        min_length=1, description="Tiered components.", examples=[["core"]]
    )
    start: NotNegative = Field(alias="from", description="The first tier that needs it.", examples=[1.0])
    require: Condition = Field(description="What must hold.")


class Step(Block):
    """A factor for values from here on."""

    start: Exact = Field(alias="from", description="From this value on.", examples=[0.2])
    times: NotNegative = Field(description="Factor.", examples=[1.1])


class Modifier(Block):
    """A factor on components, by another measure."""

    kind: Literal["modifier"] = Field(description="What it is.")
    applies_to: tuple[Identifier, ...] = Field(
        min_length=1, description="Component ids.", examples=[["core"]]
    )
    measure: Measure
    of: Literal["attainment", "value"] = Field(
        default="value", description="Is the table by attainment or by the measure itself?"
    )
    below: NotNegative = Field(description="Factor below the first step.", examples=[0.75])
    steps: tuple[Step, ...] = Field(
        min_length=1, description="Factors, rising by `from`.", examples=[[{"from": 0.2, "times": 1.0}]]
    )


Link = Annotated[Gate | Hurdle | Modifier, Discriminator("kind")]


class Plan(MayBeNamed):
    """How one role is paid for what it sells, over a span of days."""

    roles: tuple[Identifier, ...] = Field(min_length=1, description="Roles that it pays.", examples=[["ae"]])
    effective: Span = Field(description="Days on which it holds.")
    target_incentive: NotNegative | None = Field(
        default=None,
        description="Whole currency units a year at target; each person's own (table reps) where left out.",
        examples=[80_000],
    )
    interval: Interval = Field(default="year", description="Performance adds up within.")
    quota_of: Literal["interval", "date"] = Field(
        default="interval",
        description="Attainment is held against the quota of the whole interval, or of its months so far.",
    )
    components: tuple[Component, ...] = Field(min_length=1, description="What is paid for.")
    links: tuple[Link, ...] = Field(default=(), description="What opens, closes or changes components.")


class Spiff(MayBeNamed):
    """An amount for each unit of a product sold in a window, until a budget is used up."""

    roles: tuple[Identifier, ...] = Field(
        min_length=1, description="Roles that take part.", examples=[["ae"]]
    )
    window: Span = Field(description="Days on which it runs.")
    category: str | None = Field(
        default=None, description="Product line; all where left out.", examples=["Sensors"]
    )
    per_unit: NotNegative = Field(description="Whole currency units for one unit.", examples=[50])
    min_deal: NotNegative = Field(
        default=Decimal(0), description="Smallest order that counts.", examples=[5000]
    )
    budget: NotNegative | None = Field(
        default=None, description="All of it; the order of credit decides who is paid.", examples=[150_000]
    )
    tie: Literal["order_number", "shared"] | None = Field(
        default=None,
        description="On the day on which the budget runs out, orders are paid by order number, or share what is left.",
        examples=["shared"],
    )


class Prize(Block):
    """What a place wins."""

    rank: int = Field(ge=1, le=1000, description="Place.", examples=[1])
    cash: NotNegative = Field(description="Whole currency units.", examples=[30_000])


class Contest(MayBeNamed):
    """A race for the first places in a window."""

    roles: tuple[Identifier, ...] = Field(
        min_length=1, description="Roles that take part.", examples=[["ae"]]
    )
    measure: Measure
    rank_by: Literal["attainment", "value"] = Field(default="attainment", description="What places are by.")
    window: Span = Field(description="Days that count; prizes are earned on the last.")
    prizes: tuple[Prize, ...] = Field(min_length=1, description="Prizes by place.")
    tie: Literal["share", "each", "first"] | None = Field(
        default=None,
        description="A tie shares the prizes of its places, wins the best of them each, or is broken by who got there first (on one day they share).",
        examples=["share"],
    )


class Award(MayBeNamed):
    """A prize of the fiscal year that is not money: a trip, a club."""

    kind: Literal["trip", "club", "goods"] = Field(default="trip", description="What it is.")
    roles: tuple[Identifier, ...] = Field(
        min_length=1, description="Roles that take part.", examples=[["ae"]]
    )
    measure: Measure
    attainment_min: NotNegative = Field(default=Decimal(1), description="Lowest attainment.", examples=[1.1])
    top_share: Share = Field(
        default=1.0, description="Share of the role that may win, best first.", examples=[0.1]
    )
    tenure_months_min: int = Field(default=0, ge=0, le=600, description="Months of service.", examples=[9])
    value: NotNegative = Field(
        default=Decimal(0), description="Whole currency units a head.", examples=[25_000]
    )
    heads: int | None = Field(default=None, ge=1, description="Most winners.", examples=[20])
    tie: Literal["all_win", "none_wins"] | None = Field(
        default=None,
        description="Those who tie for the last place all win, beyond the number, or none of them does.",
        examples=["all_win"],
    )

    @property
    def is_limited(self) -> bool:
        """Whether fewer may win than qualify."""
        return self.top_share < 1 or self.heads is not None


class Promotion(Block):
    """What one needs to move up."""

    start: Identifier = Field(alias="from", description="Role.", examples=["ae"])
    end: Identifier = Field(alias="to", description="Next role.", examples=["am"])
    measure: Measure = Field(default="bookings", description="A metric id.", examples=["bookings"])
    quarters: int = Field(default=4, ge=1, le=40, description="Quarters in a row.", examples=[4])
    attainment_min: NotNegative = Field(default=Decimal(1), description="Attainment in each.", examples=[1.0])
    score_min: float | None = Field(default=None, ge=0, description="Lowest appraisal score.", examples=[80])
    training: tuple[str, ...] = Field(
        default=(), description="Courses to have passed.", examples=[["negotiation"]]
    )


class Sustainability(Block):
    """What plans may cost and how they may bend; replays hold a change against it, and against targets.fairness."""

    cost_of_sales_max: Share | None = Field(
        default=None, description="Pay / bookings, expected.", examples=[0.075]
    )
    cost_of_sales_p95_max: Share | None = Field(
        default=None, description="Pay / bookings that 95 % of outcomes stay below.", examples=[0.095]
    )
    rate_jump_max: float | None = Field(
        default=None, ge=1, description="Largest marginal rate / target rate.", examples=[2.5]
    )
    cliff_max_months: float | None = Field(
        default=None,
        ge=0,
        description="Largest jump of pay for one more minor unit of sales, in months of target incentive.",
        examples=[0.5],
    )


class Gaming(Block):
    """When days around a quarter's end are a signal that a plan is played: a reason to talk, never a proof."""

    last_days: int = Field(
        default=3, ge=1, le=20, description="Working days before a quarter's end that sales are pulled into."
    )
    release_days: int = Field(
        default=10, ge=1, le=30, description="Working days after it in which held-back orders appear."
    )
    named_odds: float = Field(
        default=0.01,
        gt=0,
        lt=1,
        description="Odds that chance alone names anybody, or any edge; to be named is grave.",
    )


class Dispute(Block):
    """How a statement is contested."""

    open_days: int = Field(default=30, ge=1, description="Days to raise it.")
    answer_days: int = Field(default=5, ge=1, description="Working days to answer.")
    levels: tuple[Identifier, ...] = Field(
        default=(), description="Roles that decide, in order.", examples=[["manager", "director"]]
    )
