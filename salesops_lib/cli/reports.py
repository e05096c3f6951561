"""`salesops run`, `status` and `lab`: reports of a period, their state, and the notebooks."""

from __future__ import annotations

import click

from salesops_lib.cli import app

LANG = click.option(
    "--lang", default="", metavar="LANG", help="en, zh, or both as en,zh (default: the policy's)."
)
PERIOD = click.option(
    "--period", default="", metavar="P", help="2026-03, 2026-Q1, 2026 … (default: the last complete month)."
)
JOBS = click.option(
    "--jobs", default=2, show_default=True, type=click.IntRange(1), help="Notebooks run at a time."
)


def _pairs(context: click.Context, option: click.Parameter, given: tuple[str, ...]) -> dict[str, str]:
    pairs = dict(pair.partition("=")[::2] for pair in given)
    for pair in given:
        if "=" not in pair:
            raise click.BadParameter(f"{pair!r} is not of the form name=value")
    return pairs


@click.command()
@click.argument("notebooks", nargs=-1)
@PERIOD
@LANG
@JOBS
@click.option(
    "--parameter",
    "-p",
    "parameters",
    multiple=True,
    metavar="NAME=VALUE",
    callback=_pairs,
    help="A further parameter of the notebook; repeat for more.",
)
@app.workspace_option
def run(
    notebooks: tuple[str, ...], period: str, lang: str, jobs: int, parameters: dict[str, str], workspace: str
) -> int:
    """Publish the reports of a period.

    NOTEBOOKs are names such as 10_performance_review, or 10; all without one."""
    return publish(app.existing_workspace(workspace), notebooks, period, lang, jobs, parameters)


def publish(
    root: object,
    notebooks: tuple[str, ...] = (),
    period: str = "",
    lang: str = "",
    jobs: int = 2,
    parameters: dict[str, str] | None = None,
) -> int:
    """Run, show, and give the exit status."""
    from pathlib import Path

    from salesops_lib import runs
    from salesops_lib.cli import show

    place = Path(str(root))
    with show.progress() as watch:
        results = runs.run(
            place, notebooks or None, period=period, lang=lang, jobs=jobs, parameters=parameters, watch=watch
        )
    show.outcome(results, place / "reports" / "index.html")
    return app.SOME_FAILED if any(result.status == "failed" for result in results) else app.DONE


@click.command()
@app.workspace_option
def status(workspace: str) -> int:
    """Show which reports are done, stale or failed."""
    from salesops_lib import runs
    from salesops_lib.cli import show

    table = runs.status(app.existing_workspace(workspace))
    if table.empty:
        show.console().print("No report has been run yet. Run them with `salesops run`.")
    else:
        show.table(table)
    return app.DONE


@click.command()
@click.argument("options", nargs=-1, type=click.UNPROCESSED)
@app.workspace_option
def lab(workspace: str, options: tuple[str, ...]) -> None:
    """Open the notebooks in JupyterLab.

    It listens on this machine only and asks for its token.

    OPTIONS after `--` go to JupyterLab, e.g. `salesops lab -- --no-browser`.
    """
    import os
    import sys

    from salesops_lib.runs.notebooks import folder

    root = app.existing_workspace(workspace)
    os.environ["SALESOPS_WORKSPACE"] = str(root)
    own = ["--ServerApp.ip=127.0.0.1", f"--ServerApp.root_dir={folder(root)}"]
    os.execv(sys.executable, [sys.executable, "-m", "jupyterlab", *own, *options])
