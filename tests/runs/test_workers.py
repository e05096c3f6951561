import importlib.util

import pytest
from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.errors import RunError


@pytest.fixture(scope="module")
def scheduler():
    """Address of a Dask scheduler with two workers, processes of their own."""
    if importlib.util.find_spec("distributed") is None:
        pytest.skip("Dask is not installed: pip install 'salesops[cluster]'")
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.mark.slow
def test_a_cluster_gives_the_same_pages(standin, warm, scheduler):
    write_notebook(standin / "notebooks" / "30_third.ipynb", "raise SystemExit", SHOW)
    labels, heard = ["2026-01", "2026-02"], []
    here = runs.run(standin, period=labels, lang="en,zh")
    bodies = {
        r.path: r.path.read_text().replace(r.run_folder.name, "RUN") for r in here if r.status == "published"
    }
    there = runs.run(standin, period=labels, lang="en,zh", force=True, cluster=scheduler, watch=heard.append)
    assert [(r.notebook, r.period, r.lang, r.status, r.cause) for r in there] == [
        (r.notebook, r.period, r.lang, r.status, r.cause) for r in here
    ]
    assert sum(r.status == "published" for r in there) == 8
    for result in there:
        if result.status == "published":
            assert result.path.read_text().replace(result.run_folder.name, "RUN") == bodies[result.path]
    assert sorted(map(str, heard)) == sorted(map(str, there))
    again = runs.run(standin, ["10", "20"], period=labels, cluster=scheduler)
    assert {r.status for r in again} == {"up-to-date"}


def test_no_scheduler_is_said_so(standin, warm):
    with pytest.raises(RunError, match="No Dask scheduler answers"):
        runs.run(standin, ["10"], cluster="tcp://127.0.0.1:9")
