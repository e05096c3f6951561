"""Block about replays: what a change of the policy is held against before it is adopted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from salesops_lib.policy.values import Block, Rising, Share, Span

#: Groups of gates: cost and shape of pay, fairness of targets, prices.
GateGroup = Literal["sustainability", "targets", "pricing"]


class Bootstrap(Block):
    """How the band of a cost difference is found: what is drawn again, how often, from which seed."""

    unit: Literal["rep", "rep_quarter"] = Field(
        default="rep",
        description="Draw people with all their quarters, or each person's quarters one by one (only right where quarters do not depend on each other).",
    )
    resamples: int = Field(default=2000, ge=200, le=100_000, description="Draws.", examples=[2000])
    level: Share = Field(default=0.90, description="Share of outcomes inside a band.", examples=[0.9])
    seed: int = Field(default=2026, ge=0, description="Seed of the draws.", examples=[2026])


class Behaviour(Block):
    """Assumptions on how people answer to a change; they are stated as ranges, never as points."""

    effort_elasticity: Rising = Field(
        default=(0.0, 0.2),
        description="% more sales for 1 % more pay for the next sale, from and to.",
        examples=[[0.0, 0.2]],
    )
    pull_forward: Rising = Field(
        default=(0.0, 0.1),
        description="Share of a next period's first month that those bring forward who gain by it, from and to.",
        examples=[[0.0, 0.1]],
    )


class Replay(Block):
    """One history under two policies."""

    history: Span | None = Field(
        default=None,
        description="Days replayed, in whole months; the fiscal year of the period and the one before where left out.",
        examples=[{"from": "2024-01-01", "to": "2025-12-31"}],
    )
    bootstrap: Bootstrap = Field(default=Bootstrap(), description="Bands.")
    behaviour: Behaviour = Field(default=Behaviour(), description="Assumed answers to a change.")
    must_hold: tuple[GateGroup, ...] = Field(
        default=("sustainability", "targets", "pricing"),
        description="Gates that a change has to pass.",
        examples=[["sustainability", "pricing"]],
    )
    tenure_years: Rising = Field(
        default=(1.0, 3.0), description="Years of service that part three groups.", examples=[[1, 3]]
    )
    explained: int = Field(
        default=50,
        ge=1,
        le=1000,
        description="Largest changes that are explained line by line.",
        examples=[50],
    )
