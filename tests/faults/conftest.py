"""Fixtures shared with tests of runs."""

import sys
from pathlib import Path

sys.path += [str(Path(__file__).parent), str(Path(__file__).parents[1] / "runs")]

from standin import shared_zygote, standin, warm  # noqa: F401
