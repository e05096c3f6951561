"""Rules about quotas: how the company's target becomes everyone's, and what makes that fair."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from salesops_lib.policy.values import Block, Cycle, Identifier, Named, Rising, Share

Level = Literal["company", "region", "team", "rep"]


class FairShare(Block):
    """What a unit's part of its parent's target rests on; the weights make 1."""

    even: Share = Field(default=0.0, description="Weight of equal parts.")
    history: Share = Field(default=1.0, description="Weight of past sales.")
    potential: Share = Field(default=0.0, description="Weight of market potential.")
    pipeline: Share = Field(default=0.0, description="Weight of the open pipeline.")
    capacity: Share = Field(default=0.0, description="Weight of people, new ones counted by their ramp.")

    @model_validator(mode="after")
    def _make_one(self) -> Self:
        total = self.even + self.history + self.potential + self.pipeline + self.capacity
        if abs(total - 1) > 1e-9:
            raise ValueError(f"weights add up to {total:g}, not 1")
        return self


class Seasonality(Block):
    """A year's target by month."""

    method: Literal["history", "working_days", "even"] = Field(
        default="history", description="Months follow past years, their working days, or are equal."
    )
    years: int = Field(default=3, ge=1, le=10, description="Past years that the season rests on.")
    floor_share: Share = Field(default=0.0, description="Smallest share of a year that a month is given.")


class Decomposition(Block):
    """From the company's target to every unit's; sums stay exact to the minor unit."""

    method: Literal["top_down", "bottom_up", "blended"] = Field(
        default="top_down",
        description="Given from above, gathered from below, or from above and corrected from below.",
    )
    levels: tuple[Level, ...] = Field(
        default=("company", "region", "team", "rep"),
        min_length=1,
        description="Levels that carry targets, from the top.",
    )
    weights: FairShare = Field(default=FairShare(), description="What a unit's part rests on.")
    history_months: int = Field(default=24, ge=12, le=60, description="Months of sales that history means.")
    seasonality: Seasonality = Field(default=Seasonality(), description="Split by month.")
    growth_bounds: Rising = Field(
        default=(-0.5, 1.0),
        description="Growth of a unit's target over its sales of the year before: least and most.",
        examples=[[-0.1, 0.4]],
    )


class Ramp(Block):
    """Share of a full quota by month of service; full afterwards."""

    default: tuple[Share, ...] = Field(
        default=(), description="Months 1, 2, … of any role.", examples=[[0, 0.25, 0.5, 0.75]]
    )
    roles: Mapping[str, tuple[Share, ...]] = Field(
        default_factory=dict, description="A role's own ramp.", examples=[{"am": [0, 0, 0.5]}]
    )

    def steps(self, role: str) -> tuple[float, ...]:
        """Shares of months 1, 2, … of a role; full afterwards."""
        return self.roles.get(role, self.default)

    def share(self, role: str, served: int | None) -> float:
        """Share of a full quota after whole calendar months since the month of joining; full where that is not known.

        >>> Ramp(default=(0.25, 0.5)).share("ae", 0), Ramp(default=(0.25, 0.5)).share("ae", 2)
        (0.25, 1.0)
        """
        steps = self.steps(role)
        return float(steps[served]) if served is not None and 0 <= served < len(steps) else 1.0


class Relief(Block):
    """Lowering a quota in the course of a year."""

    reasons: tuple[Named, ...] = Field(
        default=(),
        description="What entitles to relief.",
        examples=[[{"id": "sick_leave", "en": "Sick leave", "zh": "病假"}]],
    )
    prorate: Literal["calendar_days", "working_days"] = Field(
        default="calendar_days", description="Days by which a quota is reduced."
    )
    approved_by: tuple[Identifier, ...] = Field(
        default=(), description="Roles or functions that must agree.", examples=[["director"]]
    )


class Fairness(Block):
    """What a set of quotas must pass on last year's figures before it is given out."""

    at_goal: Rising = Field(
        default=(0.50, 0.70), description="Share of salespeople at or above goal.", examples=[[0.5, 0.7]]
    )
    size_correlation_max: Share = Field(
        default=0.15, description="Largest correlation of attainment with the size of the territory."
    )
    potential_correlation_max: Share = Field(
        default=0.15, description="Largest correlation of attainment with potential per quota."
    )
    gini_max: Share = Field(default=0.20, description="Largest inequality (Gini) of attainment.")
    impact_ratio_min: Share = Field(
        default=0.80, description="Least ratio of the lowest to the highest group's share at goal."
    )
    impact_by: tuple[Literal["region", "team", "role", "tenure", "channel"], ...] = Field(
        default=("region", "tenure"), description="Groups compared."
    )


class TargetReview(Block):
    """When targets are looked at again, and who may change them."""

    cycle: Cycle = Field(default="quarterly", description="How often targets are reviewed.")
    may_change: tuple[Level, ...] = Field(
        default=("team", "rep"), description="Levels whose targets a review may change."
    )
    company_approved_by: tuple[Identifier, ...] = Field(
        default=(), description="Who must agree to a change of a company target.", examples=[["ceo"]]
    )
    triggers: tuple[Identifier, ...] = Field(
        default=(), description="Rules of risk.rules that bring a review forward.", examples=[["plan_gap"]]
    )
