"""Fixtures for attacks: payloads, a sanitised page of them, workspaces and warm kernels."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path += [
    str(HERE),
    str(HERE.parent / "runs"),
    str(HERE.parent / "reporting"),
    str(HERE.parent / "tables"),
]

from postgres_server import server  # noqa: E402, F401
from standin import shared_zygote, standin, warm  # noqa: E402, F401
