"""The pipeline: open deals by stage, coverage, what closed, how it moved, and what is wrong with it."""

from salesops_lib.pipeline.bridge import bridge
from salesops_lib.pipeline.faults import faults
from salesops_lib.pipeline.slips import slips
from salesops_lib.pipeline.state import closed_deals, open_deals

__all__ = ["bridge", "closed_deals", "faults", "open_deals", "slips"]
