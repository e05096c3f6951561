"""Prices: what changed sales, what list price becomes, and what is sold below the floor."""

from salesops_lib.pricing.bridge import price_volume_mix
from salesops_lib.pricing.discipline import floor_breaches, price_waterfall

__all__ = ["floor_breaches", "price_volume_mix", "price_waterfall"]
