"""Workspaces that all tests of a session share, across the workers of pytest-xdist too."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

SAMPLE_LINES, SAMPLE_SEED = 60_000, 2026  # what `salesops demo` makes


def common_folder(factory: pytest.TempPathFactory) -> Path:
    """The temporary folder of the session, the same one in each worker."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def built_once(root: Path, build: Callable[[Path], object]) -> Path:
    """`root` as `build(root)` left it; the first to come builds, the others wait for it."""
    import fcntl

    done = root.with_name(f"{root.name}.done")
    with root.with_name(f"{root.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir(parents=True)
            build(root)
            done.touch()
    return root


def build_sample_company(root: Path) -> None:
    """The workspace of `salesops demo`, loaded, without its reports."""
    from salesops_lib import cleaning, synthetic
    from salesops_lib.cli.start import adopt_policy
    from salesops_lib.workspace import load_policy

    raw = synthetic.generate(root, lines=SAMPLE_LINES, seed=SAMPLE_SEED)
    adopt_policy(root)
    policy = load_policy(root)
    cleaning.add(root, sorted(raw.iterdir()), yes=True, policy=policy)
    cleaning.load(root, policy=policy)


@pytest.fixture(scope="session")
def sample_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Workspace of the sample company with the data of `salesops demo`."""
    return built_once(common_folder(tmp_path_factory) / "sample-company", build_sample_company)
