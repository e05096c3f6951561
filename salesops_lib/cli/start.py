"""`salesops demo` and `report`: from nothing, or from one file, straight to reports."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import click

from salesops_lib.cli import app, data, reports

DEMO_LINES = 60_000


@click.command()
@click.option(
    "--orders", default=DEMO_LINES, show_default=True, help="Order lines to make, 10 thousand to 100 million."
)
@click.option("--seed", default=2026, show_default=True, help="Another seed makes another company.")
@click.option("--lang", default="en,zh", show_default=True, metavar="LANG", help="en, zh, or both as en,zh.")
@reports.JOBS
@app.workspace_option
def demo(orders: int, seed: int, lang: str, jobs: int, workspace: str) -> int:
    """Make the sample company and its reports.

    Writes raw files and a policy, loads them, runs the reports of the last complete month, and
    prints where they are.
    """
    from salesops_lib import cleaning, synthetic
    from salesops_lib.cli import show

    started = time.perf_counter()
    root = app.workspace_or_here(workspace)
    refuse_other_data(root)
    raw = synthetic.generate(root, lines=orders, seed=seed)
    adopt_policy(root)
    cleaning.add(root, sorted(raw.iterdir()), yes=True, policy=data.policy_of(root))
    data.load_all(root)
    status = reports.publish(root, lang=lang, jobs=jobs)
    show.console().print(
        f"Sample company in {show.link(root)}: {time.perf_counter() - started:.1f} s in all."
    )
    return status


def refuse_other_data(root: Path) -> None:
    """Protect a workspace that holds other data than the sample company's.

    Raises
    ------
    DataError
        If there are raw files or sources, and the sample company's truth is not beside them, or
        there are sources from elsewhere.
    """
    from salesops_lib.cleaning import read_sources
    from salesops_lib.errors import DataError

    raw, recorded = root / "data" / "raw", root / "data" / "sources.yaml"
    others = [source.file for source in read_sources(root) if not source.file.startswith("data/raw/")]
    if not (root / "data" / "demo" / "truth.json").is_file():
        others += [str(path) for path in (recorded, *raw.glob("*")) if path.is_file()]
    if others:
        raise DataError(
            f"The workspace {root} holds other data than the sample company's: {others[0]}.\n"
            "Make the sample company elsewhere: `salesops demo --workspace DIR`."
        )


def adopt_policy(root: Path) -> None:
    """Give a workspace without a policy the sample company's."""
    import salesops_lib

    own, sample = root / "policy.yaml", Path(salesops_lib.__file__).parent.parent / "policy.yaml"
    if not own.exists() and sample.is_file():
        own.write_bytes(sample.read_bytes())


@click.command()
@data.FILES
@data.YES
@reports.PERIOD
@reports.LANG
@reports.JOBS
@app.workspace_option
def report(
    files: tuple[Path | str, ...], yes: bool, period: str, lang: str, jobs: int, workspace: str
) -> int:
    """Turn FILEs of your own into reports.

    They get a workspace of their own, salesops-<first file> in the present folder. At most three
    questions are asked, each with a default."""
    from salesops_lib.cli import show

    named = app.named_workspace(workspace)
    root = Path(named).expanduser().resolve() if named else own_workspace(files)
    show.console().print(f"Workspace: {show.link(root)}")
    data.add_files(root, files, yes=yes)
    data.load_all(root)
    return reports.publish(root, period=period, lang=lang, jobs=jobs)


def own_workspace(files: Sequence[Path | str]) -> Path:
    """`salesops-<first file's stem>` in the present folder; used again for the same files only.

    Raises
    ------
    DataError
        If it already holds something else.
    """
    from salesops_lib.cleaning.reading.addresses import address, is_url, settled
    from salesops_lib.cleaning.sources import read_sources
    from salesops_lib.errors import DataError

    def place(root: Path, file: Path | str) -> str:
        return settled(address(str(file))) if is_url(str(file)) else str((root / file).resolve())

    named = str(files[0]).partition("#")[0].rstrip("/}").rpartition("/")[2].strip("${")
    root = Path.cwd() / f"salesops-{named.split('.')[0]}"
    if not root.exists() or (root.is_dir() and not any(root.iterdir())):
        return root
    known = {place(root, source.file) for source in read_sources(root)} if root.is_dir() else set()
    if known and known <= {place(Path.cwd(), file) for file in files}:
        return root
    raise DataError(
        f"{root} exists already and holds something else.\n"
        "Choose another folder with --workspace DIR, or name that one to add the files to it."
    )
