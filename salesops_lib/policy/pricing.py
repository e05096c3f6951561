"""Blocks about prices: floors, discounts, promotions, leakage, compliance, elasticity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from salesops_lib.policy.values import Block, Cycle, Identifier, Money, Named, Share, Span


class Floors(Block):
    """Lowest net price as a share of the list price; the product line's own floor goes first."""

    default: Share = Field(default=0.70, description="Floor of product lines not listed.")
    categories: Mapping[str, Share] = Field(
        default_factory=dict, description="Floor by product line.", examples=[{"Sensors": 0.75}]
    )
    margin: Share | None = Field(
        default=None, description="Lowest gross margin of a line, besides the price floor.", examples=[0.15]
    )
    margins: Mapping[str, Share] = Field(
        default_factory=dict, description="The same by product line.", examples=[{"Services": 0.25}]
    )
    approved_by: tuple[Identifier, ...] = Field(
        default=(), description="Who may let a price below floor pass.", examples=[["sales_director"]]
    )

    def of(self, category: str | None) -> float:
        """Floor of a product line as a share of list price."""
        return self.categories.get(category or "", self.default)


class VolumeDiscount(Block):
    """A step of the volume discount."""

    quantity: float = Field(ge=0, description="Quantity of a line from which it holds.", examples=[50])
    discount: Share = Field(description="Discount off list.", examples=[0.03])


class Discounts(Block):
    """Who may grant which discount."""

    authority: Mapping[str, Share] = Field(
        default_factory=dict,
        description="Largest discount off list by role.",
        examples=[{"account_executive": 0.1}],
    )
    deep_from: Share = Field(default=0.25, description="A discount from here on counts as deep.")
    volume: tuple[VolumeDiscount, ...] = Field(
        default=(),
        description="Volume discounts, granted without asking.",
        examples=[[{"quantity": 50, "discount": 0.03}]],
    )


class Leakage(Block):
    """Price lost without anyone having decided it."""

    max_share_of_list: Share = Field(
        default=0.02, description="Leakage above this share of list sales is a finding."
    )


class Promotion(Named):
    """A price promotion."""

    days: Span = Field(description="When it runs.", examples=[{"from": "2025-03-01", "to": "2025-03-31"}])
    discount: Share = Field(description="Discount off list.", examples=[0.08])
    categories: tuple[Identifier, ...] = Field(default=(), description="Product lines; empty: all.")
    channels: tuple[Identifier, ...] = Field(default=(), description="Channels; empty: all.")
    stacks: bool = Field(default=False, description="Does it come on top of other discounts?")
    budget: Money | None = Field(default=None, description="Most that may be given away.", examples=[800_000])


class Compliance(Block):
    """How far practice may be from the price rules."""

    below_floor_max: Share = Field(
        default=0.0, description="Largest share of sales below floor without approval."
    )
    over_authority_max: Share = Field(
        default=0.0, description="Largest share of sales at a discount beyond the authority of who gave it."
    )
    outlier_share: Share = Field(
        default=0.05, description="Lowest prices of comparable lines that are looked at one by one."
    )


class Elasticity(Block):
    """How price sensitivity is measured."""

    by: Literal["category", "product"] = Field(default="category", description="What it is measured for.")
    cycle: Cycle = Field(default="quarterly", description="How often.")
    months: int = Field(default=24, ge=12, le=120, description="Months of sales that it rests on.")


class Pricing(Block):
    """Price floors, discounts and leakage."""

    floors: Floors = Field(default=Floors(), description="Price floors.")
    discounts: Discounts = Field(default=Discounts(), description="Discount authority.")
    leakage: Leakage = Field(default=Leakage(), description="Leakage.")
    bridge_overlap: Share = Field(
        default=0.6,
        description="Share of sales that continuing products must carry for a price-volume-mix bridge by product.",
    )
    promotions: tuple[Promotion, ...] = Field(default=(), description="Promotions.")
    waterfall: tuple[
        Literal[
            "list",
            "volume_discount",
            "promotion",
            "sales_discount",
            "invoice",
            "payment_terms",
            "rebates",
            "freight",
            "pocket",
        ],
        ...,
    ] = Field(
        default=("list", "sales_discount", "invoice"),
        description="Steps from list price down, in order.",
        examples=[["list", "sales_discount", "invoice", "rebates", "pocket"]],
    )
    compliance: Compliance = Field(default=Compliance(), description="Compliance.")
    elasticity: Elasticity = Field(default=Elasticity(), description="Elasticity.")
