"""Servers and workspaces for the engines."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "notebooks")]

from postgres_server import server  # noqa: E402, F401
