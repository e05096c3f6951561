"""Blocks about selling: targets, process, customers, market, forecast."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from salesops_lib.policy.quotas import Decomposition, Fairness, Ramp, Relief, TargetReview
from salesops_lib.policy.values import (
    Block,
    Cycle,
    Day,
    Grade,
    Identifier,
    Metric,
    Money,
    Named,
    PeriodLabel,
    Rising,
    Share,
    Text,
)


class TargetMeasure(Block):
    """A measure that units have targets for (the figures are in the data table `targets`)."""

    weight: Share | None = Field(
        default=None,
        description="Weight among the targeted measures; all weights add up to 1.",
        examples=[0.6],
    )
    better: Literal["higher", "lower"] = Field(
        default="higher", description="Is a higher or a lower value better?"
    )


class CompanyTarget(Block):
    """A SMART target of the whole company."""

    id: Identifier = Field(description="Name of the target.", examples=["bookings-2025"])
    measure: Metric
    value: float = Field(
        gt=0,
        description="Target: whole currency units, a count, or a share between 0 and 1.",
        examples=[560_000_000],
    )
    period: PeriodLabel = Field(
        description="Time-bound: period to reach it in.", examples=["2025", "2025-H1"]
    )
    owner: Identifier = Field(description="Role that answers for it.", examples=["sales_director"])
    specific: Text | None = Field(default=None, description="Specific: what exactly is meant.")
    achievable: Text | None = Field(default=None, description="Achievable: what the figure rests on.")
    relevant: Text | None = Field(default=None, description="Relevant: which aim of the company it serves.")
    reviews: tuple[Day, ...] = Field(
        default=(), description="Days on which it is reviewed.", examples=[["2025-04-15", "2025-07-15"]]
    )


class OverAssignment(Block):
    """How much more the children of a level are given than their parent: Σ children = factor × parent."""

    region: float = Field(default=1.0, ge=1, le=1.5, description="Regions against the company.")
    team: float = Field(default=1.0, ge=1, le=1.5, description="Teams against their region.")
    rep: float = Field(default=1.0, ge=1, le=1.5, description="Salespeople against their team.")


class Targets(Block):
    """What is targeted, and how attainment is judged."""

    measures: Mapping[str, TargetMeasure] = Field(
        default_factory=dict, description="Targeted measures by metric id."
    )
    company: tuple[CompanyTarget, ...] = Field(default=(), description="SMART targets of the company.")
    over_assignment: OverAssignment = Field(default=OverAssignment(), description="Over-assignment by level.")
    pace_band: Rising = Field(
        default=(0.90, 0.97),
        description="Pace (landing / target) below the first is red, below the second amber.",
        examples=[[0.9, 0.97]],
    )
    achievable_chance: Rising = Field(
        default=(0.3, 0.8),
        description="A target is achievable where its chance of being reached is from the first to the second.",
    )
    achievable_to_median: Rising = Field(
        default=(0.9, 1.3),
        description="And where it is from the first to the second times the median landing.",
    )
    decomposition: Decomposition = Field(default=Decomposition(), description="Decomposition.")
    ramp: Ramp = Field(default=Ramp(), description="Quotas of new people.")
    relief: Relief = Field(default=Relief(), description="Relief.")
    fairness: Fairness = Field(default=Fairness(), description="Fairness.")
    review: TargetReview = Field(default=TargetReview(), description="Review.")


class Stage(Named):
    """A stage of the sales process."""

    rank: int = Field(ge=0, le=99, description="Order of the stage; every stage has its own.")
    p_prior: Share = Field(
        description="Odds of winning from here, before own history is known.", examples=[0.3]
    )
    max_age_days: int | None = Field(
        default=None, ge=1, description="Days after which a deal in this stage is stale.", examples=[45]
    )
    category: Literal["pipeline", "best_case", "commit", "won", "lost"] = Field(
        default="pipeline", description="Forecast category."
    )
    synonyms: tuple[str, ...] = Field(
        default=(), description="Names of the stage in other systems.", examples=[["Proposal", "报价"]]
    )
    evidence: Text | None = Field(default=None, description="What must be on file before a deal leaves it.")

    @property
    def is_open(self) -> bool:
        """True unless the deal is won or lost."""
        return self.category not in ("won", "lost")


class Coverage(Block):
    """How much open pipeline a target needs."""

    needed: float = Field(
        default=3.0, gt=0, description="Open pipeline wanted per unit of target left.", examples=[3.0]
    )
    red_below: float = Field(default=2.0, gt=0, description="Coverage below this is red.", examples=[2.0])
    buffer: float = Field(
        default=1.0,
        ge=1,
        le=3,
        description="What the win rate asks for is wanted this many times over: required = buffer / win rate.",
        examples=[1.2],
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.red_below > self.needed:
            raise ValueError(f"red_below, {self.red_below:g}, is above needed, {self.needed:g}")
        return self


class Hygiene(Block):
    """What an open deal in the CRM must look like."""

    required: tuple[
        Literal["amount", "expected_close_on", "customer_id", "product_id", "rep_id", "source"], ...
    ] = Field(
        default=("amount", "expected_close_on"),
        description="Columns that must be filled.",
        examples=[["amount", "expected_close_on"]],
    )
    past_close_date: Literal["flagged", "allowed"] = Field(
        default="flagged", description="Open deals whose expected close has passed."
    )
    pushes_max: int = Field(
        default=2, ge=0, le=20, description="How often the expected close may be put off."
    )
    quiet_days_max: int | None = Field(
        default=None, ge=1, description="Days without any activity.", examples=[14]
    )


class Response(Block):
    """How fast a customer is answered."""

    lead_hours: float | None = Field(
        default=None, gt=0, description="Working hours to the first answer to a lead.", examples=[4]
    )
    quote_hours: float | None = Field(
        default=None, gt=0, description="Working hours from request to quotation.", examples=[24]
    )


class Odds(Block):
    """When own history takes the place of prior odds."""

    min_deals: int = Field(default=300, ge=30, description="Closed deals that calibrated odds need.")
    calibration_error_max: Share = Field(
        default=0.05, description="Largest mean distance of odds from what came true."
    )


class Process(Block):
    """The sales process."""

    stages: tuple[Stage, ...] = Field(
        default=(), description="Stages in order, with exactly one won and at least one lost."
    )
    coverage: Coverage = Field(default=Coverage(), description="Pipeline coverage.")
    win_rate_days: int = Field(default=180, ge=30, description="Days of closed deals that win rates rest on.")
    prior_deals: float = Field(
        default=8, ge=0, description="How many deals the prior odds of a stage count for."
    )
    odds: Odds = Field(default=Odds(), description="Calibrated odds.")
    cycle_days_max: int | None = Field(
        default=None, ge=1, description="Wanted median of days from opening to winning.", examples=[90]
    )
    hygiene: Hygiene = Field(default=Hygiene(), description="Order in the CRM.")
    response: Response = Field(default=Response(), description="Answering customers.")

    @cached_property
    def _by_name(self) -> dict[str, Stage]:
        names: dict[str, Stage] = {}
        for stage in self.stages:
            for name in (stage.id, stage.en, stage.zh, *stage.synonyms):
                names.setdefault(fold(name), stage)
        return names

    def stage(self, name: str) -> Stage | None:
        """The stage that a system calls `name` (id, display name or synonym, any case), or None."""
        return self._by_name.get(fold(name))


def fold(name: str) -> str:
    """A name without case, surrounding and double spaces, for comparison."""
    return " ".join(name.split()).casefold()


class Grades(Block):
    """ABC grades of customers by cumulative share of sales."""

    cuts: Rising = Field(
        default=(0.80, 0.95),
        description="A up to the first share, B up to the second, the rest C.",
        examples=[[0.8, 0.95]],
    )
    window_months: int = Field(default=12, ge=1, le=60, description="Months of sales that grades rest on.")
    review: Cycle = Field(default="quarterly", description="How often customers are graded.")
    downgrade_after: int = Field(
        default=1, ge=1, le=8, description="Reviews in a row below a grade that take it away."
    )
    fall_margin: Share = Field(
        default=0.0,
        description="Part of the grade below that a customer must have fallen through before a review counts as below its grade.",
        examples=[0.5],
    )
    steadiness: Rising = Field(
        default=(0.5, 1.0),
        description="Variation of monthly sales (standard deviation over mean): X up to the first, Y up to the second, Z beyond.",
    )


class RecencyFrequencyMoney(Block):
    """Fixed edges between low, middle and high of what a customer does."""

    silent_days: Rising = Field(
        default=(90, 180),
        description="Days since the last order: high up to the first, low beyond the second.",
    )
    order_days: Rising = Field(
        default=(2, 6), description="Days with orders: middle from the first, high from the second."
    )
    amount: Rising | None = Field(
        default=None,
        description="Net sales in whole currency units: middle from the first, high from the second; not looked at where left out.",
        examples=[[50_000, 500_000]],
    )


class Groups(Block):
    """When groups of customers (clusters) count as such, and how long they stay as they are."""

    most: int = Field(default=8, ge=2, le=20, description="Most groups tried.")
    agreement_min: Share = Field(
        default=0.9,
        description="Least agreement of bootstrap samples on the groups (adjusted Rand index); below, there are none.",
    )
    density_max: float = Field(
        default=0.5,
        gt=0,
        le=10,
        description="Most customers midway between two groups, as a share of those around the emptier of them; beyond, the two are one crowd.",
    )
    refit_months: int = Field(
        default=12, ge=1, le=60, description="Months after which groups are looked for again."
    )
    drift_max: float = Field(
        default=0.25,
        gt=0,
        le=5,
        description="Growth of the customers' mean squared distance from their group after which groups are looked for again.",
    )


class Concentration(Block):
    """Dependence on few customers."""

    top_n: int = Field(default=10, ge=1, le=1000, description="Customers counted together.")
    share_band: Rising = Field(
        default=(0.30, 0.50), description="Their share of sales: amber from the first, red from the second."
    )


class Service(Block):
    """What a grade of customer is served with."""

    contact_days: int = Field(ge=1, le=366, description="Longest time between contacts.", examples=[14])
    response_hours: float = Field(gt=0, description="Working hours to an answer.", examples=[4])


class History(Block):
    """What is kept of a customer."""

    keep_years: int = Field(default=7, ge=1, le=30, description="Years that records are kept.")
    records: tuple[Literal["orders", "returns", "complaints", "contacts", "prices"], ...] = Field(
        default=("orders", "returns"), description="Records kept."
    )


class LoyaltyTier(Named):
    """A step of the loyalty programme."""

    amount: Money = Field(description="Net sales of 12 months from which it holds.", examples=[500_000])
    rebate: Share = Field(description="Rebate on later sales.", examples=[0.005])


class Repeat(Block):
    """Repeat purchase."""

    window_days: int = Field(default=365, ge=30, le=1100, description="Days in which a second order counts.")
    rate_target: Share | None = Field(
        default=None, description="Wanted share of customers with a second order.", examples=[0.45]
    )
    winback_days: int = Field(
        default=180, ge=30, description="Days without an order after which winning back begins."
    )


class Customers(Block):
    """Grading and watching customers."""

    grades: Grades = Field(default=Grades(), description="ABC grades.")
    rfm: RecencyFrequencyMoney = Field(
        default=RecencyFrequencyMoney(), description="Edges of recency, frequency and money."
    )
    quiet_after: float = Field(
        default=5.0,
        gt=1,
        le=20,
        description="A customer is quiet after this multiple k of its median time between orders; chance alone does that with 2^-k.",
    )
    quiet_min_orders: int = Field(
        default=4, ge=3, description="Orders that a usual time between orders needs."
    )
    new_after_months: int = Field(
        default=24, ge=6, description="Months without an order after which a customer counts as new again."
    )
    groups: Groups = Field(default=Groups(), description="Groups of customers (clusters).")
    concentration: Concentration = Field(default=Concentration(), description="Concentration.")
    service: Mapping[Grade, Service] = Field(
        default_factory=dict,
        description="Service by grade.",
        examples=[{"A": {"contact_days": 14, "response_hours": 4}}],
    )
    history: History = Field(default=History(), description="Customer records.")
    loyalty: tuple[LoyaltyTier, ...] = Field(
        default=(), description="Loyalty programme, from the lowest step up."
    )
    repeat: Repeat = Field(default=Repeat(), description="Repeat purchase.")


class Satisfaction(Block):
    """Surveys of customers."""

    n_min: int = Field(default=30, ge=5, description="Answers below which a score is shown as uncertain.")
    csat_target: float | None = Field(
        default=None, ge=1, le=5, description="Wanted mean score of 1–5.", examples=[4.2]
    )
    nps_target: float | None = Field(
        default=None, ge=-100, le=100, description="Wanted net promoter score.", examples=[35]
    )
    cycle: Cycle = Field(default="quarterly", description="How often customers are asked.")
    error_max: float = Field(
        default=15, gt=0, le=100, description="Largest half-width of the score's interval, in points."
    )


class Needs(Block):
    """What customers want and do not get."""

    sources: tuple[Literal["loss_reasons", "surveys", "tickets", "visits"], ...] = Field(
        default=("loss_reasons",), description="Where it is heard."
    )
    cycle: Cycle = Field(default="quarterly", description="How often it is summed up.")
    top_n: int = Field(default=10, ge=3, le=50, description="Needs listed.")


class Market(Block):
    """Market, rivals and satisfaction."""

    share_target: Share | None = Field(
        default=None, description="Wanted share of the market.", examples=[0.08]
    )
    share_by: tuple[Literal["region", "category"], ...] = Field(
        default=(), description="Groups that share is shown for.", examples=[["region", "category"]]
    )
    cycle: Cycle = Field(default="monthly", description="How often the market is reviewed.")
    rivals: tuple[Named, ...] = Field(default=(), description="Rivals watched.")
    rivals_tracked: tuple[Literal["price", "share", "launches", "promotions", "lost_deals"], ...] = Field(
        default=("price", "lost_deals"), description="What is noted of rivals."
    )
    price_index_band: Rising = Field(
        default=(1.08, 1.15), description="Own price / rival's: amber from the first, red from the second."
    )
    needs: Needs = Field(default=Needs(), description="Customers' needs.")
    satisfaction: Satisfaction = Field(default=Satisfaction(), description="Satisfaction.")


class Forecast(Block):
    """How the outlook is computed and tested."""

    horizon_months: int = Field(default=6, ge=1, le=36, description="Months ahead.")
    levels: Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=1)] = Field(
        default=(0.80, 0.95), description="Prediction intervals, rising.", examples=[[0.8, 0.95]]
    )
    wape_max: Share = Field(
        default=0.15, description="Error (WAPE) above which the outlook is called unreliable."
    )
    beats_naive_by: Share = Field(
        default=0.0, description="Least gain in accuracy over last year's same month.", examples=[0.1]
    )
    coverage_band: Rising = Field(
        default=(0.70, 0.90), description="Share of actuals that an 80 % interval should have held."
    )
