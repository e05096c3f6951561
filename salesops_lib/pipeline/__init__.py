"""The sales process: the pipeline as it stands and where it lands, how deals move through it, and what stops them."""

from salesops_lib.pipeline.ageing import ageing
from salesops_lib.pipeline.bridge import bridge
from salesops_lib.pipeline.conversion import conversion, won_shares
from salesops_lib.pipeline.coverage import coverage
from salesops_lib.pipeline.cycle import cycle, sales_velocity
from salesops_lib.pipeline.faults import faults
from salesops_lib.pipeline.hygiene import hygiene
from salesops_lib.pipeline.inspect import inspect
from salesops_lib.pipeline.leads import lead_conversion, lead_speed
from salesops_lib.pipeline.limits import limits
from salesops_lib.pipeline.reasons import lost_reasons, won_against
from salesops_lib.pipeline.review import Review, review
from salesops_lib.pipeline.slips import slips
from salesops_lib.pipeline.state import closed_deals, open_deals

__all__ = [
    "Review",
    "ageing",
    "bridge",
    "closed_deals",
    "conversion",
    "coverage",
    "cycle",
    "faults",
    "hygiene",
    "inspect",
    "lead_conversion",
    "lead_speed",
    "limits",
    "lost_reasons",
    "open_deals",
    "review",
    "sales_velocity",
    "slips",
    "won_against",
    "won_shares",
]
