"""The market: trend, where it grows, our share of it, and the rivals."""

from salesops_lib.market.alignments import alignments
from salesops_lib.market.price_cuts import price_cut_effect, price_cuts
from salesops_lib.market.rivals import price_index, win_rates
from salesops_lib.market.share import growth_split, segments, size_and_share, white_space
from salesops_lib.market.trend import heat_map, panels, trend

__all__ = [
    "alignments",
    "growth_split",
    "heat_map",
    "panels",
    "price_cut_effect",
    "price_cuts",
    "price_index",
    "segments",
    "size_and_share",
    "trend",
    "white_space",
    "win_rates",
]
