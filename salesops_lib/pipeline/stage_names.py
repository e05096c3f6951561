"""The stages that the data name, as the policy orders them, for statements about deals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from salesops_lib.tables.engine import literal

if TYPE_CHECKING:
    from salesops_lib.policy.selling import Stage
    from salesops_lib.workspace import Workspace

#: Place of a stage in which a deal is lost.
LOST = -1


@dataclass(frozen=True)
class StageNames:
    """Open stages in the policy's order, and every name of the data that means a stage of the policy.

    `open` are numbered from 0; the place of winning follows the last, that of losing is `LOST`.
    """

    open: tuple[Stage, ...]
    places: dict[str, int]
    unknown: tuple[str, ...]

    @property
    def won(self) -> int:
        """The place of winning."""
        return len(self.open)

    @cached_property
    def table(self) -> str:
        """Common table `ranks (stage, place, stage_id, odds, max_days)`, one row a name that the data use."""
        rows = ", ".join(self._row(name, place) for name, place in self.places.items())
        return f"ranks AS (SELECT * FROM (VALUES {rows}) AS named(stage, place, stage_id, odds, max_days))"

    def _row(self, name: str, place: int) -> str:
        stage = self.open[place] if 0 <= place < self.won else None
        most = f"{stage.max_age_days}" if stage and stage.max_age_days else "CAST(NULL AS INTEGER)"
        odds = f"{stage.p_prior}" if stage else "0.0"
        stage_id = stage.id if stage else "won" if place == self.won else "lost"
        return f"({literal(name)}, {place}, {literal(stage_id)}, CAST({odds} AS DOUBLE), {most})"


def stage_names(ws: Workspace) -> StageNames | None:
    """The policy's stages and the data's names of them; None where the data name no stage of the policy."""
    tables = ("deals", "deal_states", *(["stage_evidence"] if ws.facts.has("stage_evidence") else []))
    found = ws.facts.query(
        " UNION ".join(f"SELECT DISTINCT stage FROM {table}" for table in tables) + " ORDER BY 1"
    )
    names = [str(name) for name in found.stage.dropna()]
    stages = sorted((s for s in ws.policy.process.stages if s.is_open), key=lambda s: s.rank)
    place_of = {stage.id: place for place, stage in enumerate(stages)}
    places, unknown = {}, []
    for name in names:
        stage = ws.policy.process.stage(name)
        if stage is None:
            unknown.append(name)
        else:
            places[name] = place_of.get(stage.id, len(stages) if stage.category == "won" else LOST)
    return StageNames(tuple(stages), places, tuple(unknown)) if places else None
