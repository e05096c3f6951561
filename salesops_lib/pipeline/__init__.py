"""The pipeline: open deals by stage, coverage, what closed, and how it moved from day to day."""

from salesops_lib.pipeline.bridge import bridge
from salesops_lib.pipeline.state import closed_deals, open_deals

__all__ = ["bridge", "closed_deals", "open_deals"]
