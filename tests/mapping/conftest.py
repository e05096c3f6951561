"""Makes the modules beside the tests importable, and judges every header set once."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


@pytest.fixture(scope="session")
def verdicts(tmp_path_factory):
    """set id → verdict on what the mapper proposes without asking."""
    from header_sets import all_sets, look

    folder = tmp_path_factory.mktemp("sets")
    return {made.id: look(made, folder / made.id) for made in all_sets()}
