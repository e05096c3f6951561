"""The pipeline page: where it lands, what moved, what it must be, what is stuck, and whether its odds hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from salesops_lib.metrics import Exhibit, Missing
from salesops_lib.pipeline.as_of import NEEDS
from salesops_lib.pipeline.landing import landing
from salesops_lib.pipeline.odds import calibration, odds, weighted

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace

Section = tuple[Exhibit | Missing, ...]


@dataclass(frozen=True)
class Review:
    """Sections of the page, in its order."""

    landing: Section
    weighted: Section = ()
    calibration: Section = ()

    @property
    def movers(self) -> list[Exhibit | Missing]:
        """What the headline says besides the landing."""
        return [section[0] for section in (self.weighted, self.calibration) if section]


def review(ws: Workspace) -> Review:
    """All sections; without deals and stages the first says what it needs."""
    found = odds(ws)
    if found is None:
        return Review((Missing("pipeline_landing", ws.facts.missing(*NEEDS, "deals.created_on")),))
    return Review(landing(ws, found.known, found.day), (weighted(ws, found),), calibration(ws, found))
