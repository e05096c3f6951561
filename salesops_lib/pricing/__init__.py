"""Prices: what changed sales, what list price becomes, and what is sold below the floor."""

from salesops_lib.pricing.bridge import price_volume_mix
from salesops_lib.pricing.discipline import beyond_authority, floor_breaches, price_waterfall

__all__ = ["beyond_authority", "floor_breaches", "price_volume_mix", "price_waterfall"]
