"""The pipeline page: where it lands, what moved, what it must be, what is stuck, and whether its odds hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.pipeline.ageing import ageing
from salesops_lib.pipeline.as_of import missing
from salesops_lib.pipeline.bridge import bridge
from salesops_lib.pipeline.conversion import conversion, won_shares
from salesops_lib.pipeline.coverage import coverage
from salesops_lib.pipeline.cycle import cycle, sales_velocity
from salesops_lib.pipeline.faults import faults
from salesops_lib.pipeline.hygiene import hygiene
from salesops_lib.pipeline.inspect import inspect
from salesops_lib.pipeline.landing import landing
from salesops_lib.pipeline.leads import lead_conversion, lead_speed
from salesops_lib.pipeline.limits import limits
from salesops_lib.pipeline.odds import calibration, odds, weighted
from salesops_lib.pipeline.reasons import lost_reasons, won_against
from salesops_lib.pipeline.slips import slips

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]


@dataclass(frozen=True)
class Review:
    """Sections of the page, in its order."""

    landing: Section
    bridge: Section = ()
    coverage: Section = ()
    stuck: Section = ()
    inspect: Section = ()
    process: Section = ()
    losses: Section = ()
    odds: Section = ()
    faults: Section = ()

    @property
    def movers(self) -> list[Exhibit | Missing]:
        """What the headline says besides the landing."""
        return [section[0] for section in (self.bridge, self.coverage, self.inspect, self.odds) if section]


def review(ws: Workspace) -> Review:
    """All sections; without deals and stages the first says what it needs."""
    found = odds(ws)
    if found is None:
        return Review((Missing("pipeline_landing", missing(ws) or ws.facts.missing("deals.created_on")),))
    return Review(
        landing(ws, found.known, found.day),
        tuple(bridge(ws)),
        (coverage(ws, odds=found.now), weighted(ws, found)),
        (ageing(ws), *slips(ws), hygiene(ws), limits(ws)),
        (inspect(ws, odds=found.now),),
        (conversion(ws), won_shares(ws), cycle(ws), sales_velocity(ws), lead_speed(ws), lead_conversion(ws)),
        (lost_reasons(ws), won_against(ws)),
        calibration(ws, found),
        (faults(ws),),
    )
