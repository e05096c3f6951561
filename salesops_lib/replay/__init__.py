"""Replay: one history under two policies, before one of them is adopted."""

from salesops_lib.replay.paying import Replayed, replay
from salesops_lib.replay.study import Study, study

__all__ = ["Replayed", "Study", "replay", "study"]
