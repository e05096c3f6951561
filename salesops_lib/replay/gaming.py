"""How far plans invite gaming: who stands at their edges, and who would gain by moving a date.

People's days are the same under both policies, so shares of last days are no difference of policies;
what differs is what it pays to move a sale.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from salesops_lib.incentives.gaming import bunching
from salesops_lib.replay.behaviour import gains_by_pulling
from salesops_lib.replay.cliffs import cliffs

if TYPE_CHECKING:
    from salesops_lib.replay.paying import Replayed

Floats = NDArray[np.float64]
#: Points of attainment that somebody just short of an edge can still make up, as bunching is looked for.
_NEAR = 0.05


class Exposure(NamedTuple):
    """People and years that a policy tempts: just short of a jump, bunched above edges, paid for a date moved."""

    just_short: int
    above_edges: int
    above_expected: float
    gain_by_pulling: int


def exposure(replayed: Replayed, attainments: pd.DataFrame, *, is_new: bool) -> Exposure:
    """Where the people of a history stand against the edges of one of the two policies.

    Parameters
    ----------
    attainments
        payee, role, attainment: `gates.attainments` of the policy.
    """
    edges = list(_edges(replayed, is_new))
    short, above, expected = 0, 0, 0.0
    for role, edge in edges:
        own = attainments[attainments.role == role].attainment.to_numpy(dtype=float)
        short += int(((own < edge) & (own >= edge - _NEAR)).sum())
        seen = bunching(own, edge) if len(own) else None
        if seen is not None:
            above, expected = above + seen.observed, expected + seen.expected
    return Exposure(short, above, expected if edges else 0.0, _pullers(replayed, is_new))


def _edges(replayed: Replayed, is_new: bool) -> Iterator[tuple[str, float]]:
    """Role and attainment of the jumps of a policy, each once."""
    found = cliffs(replayed)
    own = found[(found.unit == "attainment") & found["after" if is_new else "before"].notna()]
    yield from dict.fromkeys(zip(own.role, own.edge.astype(float), strict=True))


def _pullers(replayed: Replayed, is_new: bool) -> int:
    share = replayed.new.replay.behaviour.pull_forward[1]
    policy = replayed.new if is_new else replayed.old
    return sum(
        int((gains_by_pulling(played, played.after if is_new else played.before, policy, share) > 0).sum())
        for played in replayed.played
    )
