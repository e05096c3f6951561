"""Many at once, and other places and machines: the same figures everywhere."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from invariants import Guard
from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.runs import backlog, publish

HERE = os.path.dirname(publish.__file__)
LOCALES = ("C", "de_DE.UTF-8", "zh_CN.UTF-8", "tr_TR.UTF-8")
ZONES = ("UTC", "Asia/Shanghai", "America/St_Johns")


@pytest.mark.slow
def test_f26_fifty_periods_with_eight_workers(standin, warm):
    labels = backlog.between(standin, "2025-W03", "2025-W52")
    assert len(labels) == 50
    write_notebook(standin / "notebooks" / "10_first.ipynb", SHOW)
    runs.run(standin, ["20"])
    with Guard(standin) as guard:
        results = runs.run(standin, ["10"], period=labels, jobs=8)
    assert [r.message for r in results if r.status != "published"] == []
    assert {r.attempts for r in results} == {1}
    guard.holds(is_unchanged=False)
    assert len(publish.manifest(standin / "reports")) == 51


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    """A workspace with a small sample company, loaded."""
    from salesops_lib import cleaning, policy, synthetic

    root = tmp_path_factory.mktemp("company")
    synthetic.generate(root, lines=10_000)
    (root / "policy.yaml").write_bytes((Path(__file__).parents[2] / "policy.yaml").read_bytes())
    cleaning.add(root, sorted((root / "data" / "raw").iterdir()), yes=True)
    cleaning.load(root, policy=policy.load(root / "policy.yaml"))
    return root


def figures(root, *, cores=None, **environment):
    """Digests of what the pages say, made by a process in this environment."""
    suite = os.path.dirname(os.path.dirname(HERE))
    command = [sys.executable, "-m", "salesops_lib.cli", "-w", str(root), "run", "10", "--lang", "en,zh", "--force"]  # fmt: skip
    env = {name: value for name, value in os.environ.items() if not name.startswith(("LC_", "LANG"))}
    done = subprocess.run(
        command,
        env={**env, **environment},
        capture_output=True,
        text=True,
        cwd=suite,
        check=False,
        preexec_fn=(lambda: os.sched_setaffinity(0, cores)) if cores else None,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    entries = json.loads((root / "reports" / "manifest.json").read_text(encoding="utf-8"))["reports"]
    assert len(entries) == 2
    return {entry["lang"]: entry["figures"] for entry in entries}


@pytest.fixture(scope="module")
def usual(company):
    return figures(company, PYTHONHASHSEED="0", TZ="UTC", LC_ALL="C.UTF-8")


@pytest.mark.slow
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("locale", LOCALES)
def test_f49_locales_and_time_zones(company, usual, locale, zone):
    """A locale that is not installed is the C locale to the C library; its name is all that differs then."""
    assert figures(company, LC_ALL=locale, LANG=locale, TZ=zone) == usual


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_f50_hash_seeds(company, usual, seed):
    assert figures(company, PYTHONHASHSEED=str(seed)) == usual


@pytest.mark.slow
def test_f50_one_core(company, usual):
    assert figures(company, cores={min(os.sched_getaffinity(0))}) == usual
