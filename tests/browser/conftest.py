"""Fixtures of browser tests."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [str(HERE), str(HERE.parent / "security"), str(HERE.parent / "reporting")]

from opening import browser  # noqa: E402, F401
