"""The pipeline as it stands: open deals by stage, coverage, and what closed."""

from salesops_lib.pipeline.state import closed_deals, open_deals

__all__ = ["closed_deals", "open_deals"]
