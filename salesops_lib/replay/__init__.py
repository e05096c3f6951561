"""Replay: one history under two policies, before one of them is adopted."""
