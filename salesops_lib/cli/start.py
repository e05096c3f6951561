"""`salesops demo` and `report`: from nothing, or from one file, straight to reports."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from salesops_lib.cli import app, data, reports

DEMO_LINES = 20_000


@click.command()
@click.option("--orders", default=DEMO_LINES, show_default=True, type=click.IntRange(1_000), help="Order lines to make.")
@click.option("--seed", default=2026, show_default=True, help="Another seed makes another company.")
@reports.LANG
@reports.JOBS
@app.workspace_option
def demo(orders: int, seed: int, lang: str, jobs: int, workspace: str) -> int:
    """Make the sample company, load it, run its monthly reports, and print where they are."""
    from salesops_lib import synthetic
    from salesops_lib.cli import show

    started = time.perf_counter()
    root = app.workspace_or_here(workspace)
    refuse_other_data(root)
    root.mkdir(parents=True, exist_ok=True)
    raw = synthetic.generate(root, orders=orders, seed=seed)
    data.add_files(root, sorted(path for path in raw.iterdir() if path.suffix in RAW_SUFFIXES), yes=True)
    data.load_all(root)
    status = reports.publish(root, lang=lang, jobs=jobs)
    show.console().print(f"Sample company in {show.link(root)}: {time.perf_counter() - started:.1f} s in all.")
    return status


RAW_SUFFIXES = (".csv", ".xlsx", ".tsv", ".gz")


def refuse_other_data(root: Path) -> None:
    """Protect a workspace that holds other data than the sample company's.

    Raises
    ------
    DataError
        If data/sources.yaml names a file outside data/demo.
    """
    from salesops_lib.cleaning.sources import read_sources
    from salesops_lib.errors import DataError

    if not (root / "data" / "sources.yaml").is_file():
        return
    others = [source.file for source in read_sources(root) if not source.file.startswith("data/demo/")]
    if others:
        raise DataError(
            f"The workspace {root} holds other data than the sample company's ({others[0]}).\n"
            "Make the sample company elsewhere: `salesops demo --workspace DIR`."
        )


@click.command()
@data.FILES
@data.YES
@reports.PERIOD
@reports.LANG
@reports.JOBS
@app.workspace_option
def report(
    files: tuple[Path, ...], yes: bool, period: str, lang: str, jobs: int, workspace: str
) -> int:
    """Turn FILEs of your own straight into reports, in a workspace of their own."""
    from salesops_lib.cli import show

    named = app.named_workspace(workspace)
    root = Path(named).expanduser().resolve() if named else own_workspace(files)
    show.console().print(f"Workspace: {show.link(root)}")
    data.add_files(root, files, yes=yes)
    data.load_all(root)
    return reports.publish(root, period=period, lang=lang, jobs=jobs)


def own_workspace(files: Sequence[Path]) -> Path:
    """`salesops-<first file's stem>` in the present folder; used again for the same files only.

    Raises
    ------
    DataError
        If it already holds something else.
    """
    from salesops_lib.cleaning.sources import read_sources
    from salesops_lib.errors import DataError

    root = Path.cwd() / f"salesops-{files[0].name.split('.')[0]}"
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return root
    known = {(root / source.file).resolve() for source in read_sources(root)} if root.is_dir() else set()
    if known and known <= {file.resolve() for file in files}:
        return root
    raise DataError(
        f"{root} exists already and holds something else.\n"
        "Choose another folder with --workspace DIR, or name that one to add the files to it."
    )
