"""The pipeline: open deals as of a day, their odds, where they land, coverage, and what closed."""

from salesops_lib.pipeline.review import Review, review
from salesops_lib.pipeline.state import closed_deals, open_deals

__all__ = ["Review", "closed_deals", "open_deals", "review"]
