"""What making reports costs beyond computing them.

`python benchmarks/full_set.py [--workspace DIR] [--rounds 3] [--only abc] [--quick]` prints

(a) the wall time of the full monthly set, in one language and in both, beside the bare computing
    time of its analyses: the code cells of the same notebooks, run one after the other in one
    warm process, which neither renders pages nor publishes (target: at most 2.5 times);
(b) what one more report of one page costs beyond its own computing (target: at most 0.5 s),
    beside plain papermill with nbconvert for the same notebook: the lightest notebook, one after
    the other for several months, less one month, a month;
(c) time per page and memory of the runner for 200 pages of persons beside 20 (target: at most
    1.3 times, and no growth).

Without `--workspace` the sample company is made and loaded first.  `--only b` takes that part alone;
`--quick` takes one round, and 40 pages beside 10.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"


def monthly(place: Path) -> list[str]:
    """The reports of the monthly set: all but those made on request."""
    from salesops_lib.runs.notebooks import regular

    return [path.stem for path in regular(place)]


def code_cells(notebook: Path) -> tuple[str, list[str]]:
    """The parameters cell, and the sources of the others."""
    cells = [c for c in json.loads(notebook.read_text(encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
    sources = ["".join(cell["source"]) for cell in cells]
    tagged = [n for n, cell in enumerate(cells) if "parameters" in cell.get("metadata", {}).get("tags", [])]
    return sources[tagged[0]], [source for n, source in enumerate(sources) if n != tagged[0]]


def months(n: int) -> list[str]:
    """The latest months of the sample company."""
    return [f"{year}-{month:02}" for year in (2025, 2024) for month in range(12, 0, -1)][:n]


def computed(notebook: Path, workspace: Path, lang: str, output: Path, period: str) -> tuple[float, float]:
    """Seconds and CPU seconds of the notebook's own code in this process; what it shows is thrown away."""
    import IPython.display

    output.mkdir(parents=True, exist_ok=True)
    first, rest = code_cells(notebook)
    names: dict[str, Any] = {"__name__": "__main__"}
    shown, IPython.display.display = IPython.display.display, lambda *args, **settings: None
    started, cpu = time.perf_counter(), time.process_time()
    try:
        exec(compile(first, str(notebook), "exec"), names)
        names |= {"workspace": str(workspace), "lang": lang, "period": period, "output": str(output)}
        for source in rest:
            exec(compile(source, str(notebook), "exec"), names)
    finally:
        IPython.display.display = shown
    return time.perf_counter() - started, time.process_time() - cpu


def in_process(task: Callable[..., dict[str, Any]], *args: Any) -> dict[str, Any]:
    """What `task` returns in a fresh process, and `cpu`: seconds of it and all it started, imports too."""
    command = [sys.executable, str(Path(__file__).resolve()), "--task", task.__name__, *map(str, args)]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {**json.loads(done.stdout.splitlines()[-1]), "cpu": cpu}


def bare(workspace: str, lang: str, names: str, n: str = "1") -> dict[str, Any]:
    """Bare computing of n months: the second time that the notebooks' cells run in one process, with one thread."""
    chosen = [(NOTEBOOKS / f"{name}.ipynb", month) for name in names.split(",") for month in months(int(n))]
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(2):
            took = [computed(one, Path(workspace), lang, Path(folder), month) for one, month in chosen]
    each = {one.stem: wall for (one, _), (wall, _) in zip(chosen, took, strict=True)}
    return {"seconds": sum(wall for wall, _ in took), "own_cpu": sum(cpu for _, cpu in took), "each": each}


def made(workspace: str, lang: str, names: str, n: str = "1", jobs: str = "2") -> dict[str, Any]:
    """The runner: `runs.run` of these notebooks for n months, with starting it and its imports."""
    from salesops_lib import runs

    started = time.perf_counter()
    results = runs.run(
        workspace, names.split(","), period=months(int(n)), lang=lang, jobs=int(jobs), force=True
    )
    seconds = time.perf_counter() - started
    if any(result.status != "published" for result in results):
        raise SystemExit(f"not published: {[result.message for result in results]}")
    return {"seconds": seconds, "pages": len(results)}


def plain(workspace: str, lang: str, name: str, n: str) -> dict[str, Any]:
    """Plain papermill, then nbconvert, for n months in one process."""
    started = time.perf_counter()
    import papermill
    from nbconvert import HTMLExporter

    with tempfile.TemporaryDirectory() as folder:
        for month in months(int(n)):
            output = Path(folder, f"{name}.ipynb")
            papermill.execute_notebook(
                str(NOTEBOOKS / f"{name}.ipynb"),
                str(output),
                {"workspace": workspace, "lang": lang, "output": folder, "period": month},
                kernel_name="python3",
                language="python",
                progress_bar=False,
            )
            body, _ = HTMLExporter().from_filename(str(output))
            Path(folder, f"{name}.html").write_text(body, encoding="utf-8")
    return {"seconds": time.perf_counter() - started}


def persons(workspace: str, notebook: str, pages: str) -> dict[str, Any]:
    """So many pages, one a person and month, the latest months first; wall and memory of the runner."""
    from dataclasses import replace

    from salesops_lib import runs
    from salesops_lib.runs import inputs

    left, chosen = int(pages), {}
    for label in months(24):
        found = inputs.read(Path(workspace), label, "en", "rep")
        chosen[label] = replace(found, units=found.units[:left])
        left -= len(chosen[label].units)
        if not left:
            break
    inputs.read = lambda root, label, lang, by: chosen[label]  # no more persons than asked for
    started = time.perf_counter()
    results = runs.run(workspace, [notebook], period=list(chosen), lang="en", by="rep", force=True)
    seconds = time.perf_counter() - started
    failed = sorted({r.cause for r in results if r.status != "published"})
    n_failed = sum(r.status != "published" for r in results)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "pages": len(results), "peak": peak, "failed": n_failed, "causes": failed}


TASKS: dict[str, Callable[..., dict[str, Any]]] = {t.__name__: t for t in (bare, made, plain, persons)}


def sample(folder: Path) -> Path:
    """A workspace with the sample company, loaded."""
    from salesops_lib import cleaning, policy, synthetic

    synthetic.generate(folder)
    (folder / "policy.yaml").write_bytes((ROOT / "policy.yaml").read_bytes())
    cleaning.add(folder, sorted((folder / "data" / "raw").iterdir()), yes=True)
    cleaning.load(folder, policy=policy.load(folder / "policy.yaml"))
    return folder


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--workspace", default="", help="a loaded workspace; its reports are not touched")
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="abc", help="parts to measure, such as b or ab")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--task", nargs="+", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.task:
        print(json.dumps(TASKS[chosen.task[0]](*chosen.task[1:])))
        return
    os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"))
    with tempfile.TemporaryDirectory(prefix="full-set-") as folder:
        place = Path(folder)
        if chosen.workspace:
            shutil.copytree(
                chosen.workspace, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("reports")
            )
        else:
            sample(place)
        rounds = 1 if chosen.quick else chosen.rounds
        _describe(place, rounds)
        if "a" in chosen.only:
            _full_set(place, rounds)
        if "b" in chosen.only:
            _one_more(place, rounds, 4 if chosen.quick else 8)
        if "c" in chosen.only:
            _many(place, (10, 40) if chosen.quick else (20, 200))


def _describe(place: Path, rounds: int) -> None:
    import duckdb

    with duckdb.connect(str(place / "data" / "facts.duckdb"), read_only=True) as store:
        n = store.execute("SELECT COUNT(*) FROM sales").fetchall()[0][0]
    print(
        f"{n:,} sales lines, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, median of {rounds} rounds"
    )


def _median(task: Callable[..., dict[str, Any]], rounds: int, *args: Any) -> float:
    return statistics.median(in_process(task, *args)["seconds"] for _ in range(rounds))


def _full_set(place: Path, rounds: int) -> None:
    names = monthly(place)
    for lang in ("en", "en,zh"):
        computing = _median(bare, rounds, place, lang, ",".join(names))
        wall = _median(made, rounds, place, lang, ",".join(names))
        print(
            f"(a) {len(names)} reports in {lang}: {wall:.2f} s, bare computing {computing:.2f} s, "
            f"ratio {wall / computing:.2f} (target 2.5)"
        )


def _one_more(place: Path, rounds: int, n: int) -> None:
    """The lightest notebook for n months more than one, a month, less their computing."""
    each = in_process(bare, place, "en", ",".join(monthly(place)))["each"]
    light = min(each, key=each.__getitem__)
    found: dict[str, list[tuple[float, float]]] = {"ours": [], "plain": [], "computing": []}
    for _ in range(rounds):
        ours = [in_process(made, place, "en", light, count, 1) for count in (n + 1, 1)]
        by_papermill = [in_process(plain, place, "en", light, count) for count in (2, 1)]
        alone = in_process(bare, place, "en", light, n)
        found["computing"].append((alone["seconds"] / n, alone["own_cpu"] / n))
        for name, (more, less), further in (("ours", ours, n), ("plain", by_papermill, 1)):
            wall, cpu = ((more[unit] - less[unit]) / further for unit in ("seconds", "cpu"))
            found[name].append((wall, cpu))
    for number, unit in enumerate(("s", "CPU s")):
        middle = {name: statistics.median(one[number] for one in values) for name, values in found.items()}
        own = middle["computing"]
        print(
            f"(b) one more report, {light}: {middle['ours']:.2f} {unit}, of it computing {own:.2f}, beyond that "
            f"{middle['ours'] - own:.2f} (target 0.5 s); plain papermill + nbconvert beyond that "
            f"{middle['plain'] - own:.2f}"
        )


def _many(place: Path, sizes: tuple[int, int]) -> None:
    found = [in_process(persons, place, "10_performance_review", size) for size in sizes]
    per_page = [one["seconds"] / one["pages"] for one in found]
    for one, each in zip(found, per_page, strict=True):
        print(
            f"(c) {one['pages']} pages of persons: {one['seconds']:.1f} s, {each:.2f} s a page, "
            f"peak of the runner {one['peak']:.0f} MB, failed {one['failed']} {one['causes']}"
        )
    print(f"(c) time per page {per_page[1] / per_page[0]:.2f} times (target 1.3), ", end="")
    print(f"memory {found[1]['peak'] / found[0]['peak']:.2f} times")


if __name__ == "__main__":
    main()
