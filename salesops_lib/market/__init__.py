"""The market: trend, where it grows, our share of it, and the rivals."""

from salesops_lib.market.alignments import alignments
from salesops_lib.market.decomposed import trend_parts
from salesops_lib.market.price_cuts import price_cut_effect, price_cuts
from salesops_lib.market.rival_shares import relative_price, rival_shares
from salesops_lib.market.rivals import price_index, win_rates
from salesops_lib.market.share import growth_split, segments, size_and_share, white_space
from salesops_lib.market.trend import heat_map, panels, trend
from salesops_lib.market.unsold import unsold_lines

__all__ = [
    "alignments",
    "growth_split",
    "heat_map",
    "panels",
    "price_cut_effect",
    "price_cuts",
    "price_index",
    "relative_price",
    "rival_shares",
    "segments",
    "size_and_share",
    "trend",
    "trend_parts",
    "unsold_lines",
    "white_space",
    "win_rates",
]
