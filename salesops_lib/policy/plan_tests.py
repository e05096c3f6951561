"""Tests that travel in the policy: what a plan must pay in a case that people agreed on."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field, model_validator

from salesops_lib.policy.incentives import Exact, NotNegative
from salesops_lib.policy.values import Block, Identifier


class Given(Block):
    """What one person did in an interval, all of it in its last month."""

    attainment: Mapping[str, Exact] = Field(
        default_factory=dict, description="Attainment of quota by measure.", examples=[{"bookings": 1.1}]
    )
    value: Mapping[str, Exact] = Field(
        default_factory=dict,
        description="Or the measure itself: whole currency units, a count, a ratio.",
        examples=[{"margin_rate": 0.25}],
    )
    quota: Mapping[str, NotNegative] = Field(
        default_factory=dict,
        description="Quota of the interval by measure.",
        examples=[{"bookings": 375_000}],
    )
    score: Mapping[str, Exact] = Field(
        default_factory=dict, description="Score by scorecard.", examples=[{"sc-ae": 100}]
    )
    transactions: tuple[Exact, ...] = Field(
        default=(), description="Lines of the component's measure, one by one.", examples=[[200, 1500]]
    )
    target_incentive: NotNegative | None = Field(
        default=None,
        description="Whole currency units a year; the plan's where left out.",
        examples=[20_000],
    )


class Expected(Block):
    """What it must come to."""

    share: Exact | None = Field(
        default=None, description="Share of the target incentive of the interval.", examples=[1.2]
    )
    pay: Exact | None = Field(default=None, description="Whole currency units.", examples=[22_800])

    @model_validator(mode="after")
    def _either(self) -> Expected:
        if (self.share is None) == (self.pay is None):
            raise ValueError("needs either share or pay")
        return self


class PlanTest(Block):
    """One case."""

    name: str = Field(
        min_length=1, description="What it shows.", examples=["On target earns the target incentive"]
    )
    plan: Identifier = Field(description="A plan.", examples=["ae-2025"])
    component: Identifier | None = Field(
        default=None, description="One component; the whole plan where left out.", examples=["core"]
    )
    given: Given = Field(description="What was done.")
    expect: Expected = Field(description="What it pays.")
