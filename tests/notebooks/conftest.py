"""The sample company and the notebooks under test."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))

from built_once import sample_company  # noqa: F401
