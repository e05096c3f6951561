"""Blocks about the ways to the market and what they cost: channels, marketing, expenses, tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from salesops_lib.policy.values import Block, Identifier, Money, Named, Rising, Share, Text


class ChannelRule(Block):
    """What a channel is for, and what it gets."""

    target_share: Share | None = Field(
        default=None, description="Wanted share of sales; all channels make 1.", examples=[0.55]
    )
    margin: Share | None = Field(
        default=None, description="Margin that the partner is given off list.", examples=[0.12]
    )
    registration_days: int | None = Field(
        default=None,
        ge=1,
        le=366,
        description="Days for which a registered deal belongs to the partner.",
        examples=[90],
    )
    parity_min: float | None = Field(
        default=None,
        gt=0,
        le=1.5,
        description="Least price against the same item's in direct sales.",
        examples=[0.97],
    )


class Channels(Block):
    """Channels."""

    rules: Mapping[str, ChannelRule] = Field(
        default_factory=dict,
        description="Rules by channel.",
        examples=[{"agents": {"target_share": 0.3, "margin": 0.12}}],
    )
    share_tolerance: Share = Field(
        default=0.05, description="Distance from a wanted share that is a finding."
    )
    across_regions: Literal["allowed", "flagged", "refused"] = Field(
        default="flagged", description="Sales of a partner outside its region (窜货)."
    )
    supply_weeks_max: float | None = Field(
        default=None, gt=0, description="Most weeks of stock at a partner.", examples=[8]
    )


class CampaignKind(Block):
    """A kind of marketing support."""

    budget_share: Share = Field(description="Share of the budget; all kinds make 1.", examples=[0.5])
    measured_by: Literal["holdout", "difference", "leads", "not_measured"] = Field(
        default="difference",
        description="How its effect is measured: units held out, difference in differences, leads, or not at all.",
    )


class Marketing(Block):
    """Marketing support: advertising, promotions, public relations."""

    budget: Money | None = Field(default=None, description="Budget of the year.", examples=[12_000_000])
    kinds: Mapping[Literal["ads", "promotions", "events"], CampaignKind] = Field(
        default_factory=dict,
        description="Budget and measurement by kind.",
        examples=[{"ads": {"budget_share": 0.5, "measured_by": "holdout"}}],
    )
    payback_months_max: float | None = Field(
        default=None,
        gt=0,
        description="Months in which a new customer's margin must pay back its cost.",
        examples=[18],
    )
    return_min: float = Field(
        default=0.0, description="Least return: (incremental margin − spend) / spend.", examples=[0.2]
    )


class Expenses(Block):
    """Selling expenses against what they sell (费效比): expense / net sales."""

    ratio_band: Rising = Field(
        default=(0.15, 0.20), description="Expense ratio: amber from the first, red from the second."
    )
    channels: Mapping[str, Share] = Field(
        default_factory=dict, description="Largest expense ratio by channel.", examples=[{"ecommerce": 0.12}]
    )
    approved_by: tuple[Identifier, ...] = Field(
        default=(), description="Who agrees to spending beyond it.", examples=[["finance"]]
    )


class Tool(Named):
    """A tool of the sales force."""

    purpose: Text | None = Field(default=None, description="What it is for.")
    weekly_use_min: Share | None = Field(
        default=None, description="Least share of licences used in a week.", examples=[0.8]
    )


class Tools(Block):
    """Sales tools."""

    items: tuple[Tool, ...] = Field(default=(), description="Tools.")
    entry_days_max: float | None = Field(
        default=None, gt=0, description="Days after which an activity must be recorded.", examples=[2]
    )
