"""`salesops run`, `status` and `lab`: reports of a period, their state, and the notebooks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salesops_lib.cli import app

if TYPE_CHECKING:
    from salesops_lib.runs.report import Result

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
@click.option("--from", "first", default="", metavar="P", help="Back-fill: all periods from here …")
@click.option("--to", "last", default="", metavar="P", help="… to here, oldest first.")
@click.option("--missed", is_flag=True, help="Catch up: complete months that were never published.")
@click.option(
    "--by",
    default="",
    metavar="UNIT",
    help="region, team or rep: one report each, with its own rows alone; customer: a page for each of the largest.",
)
@LANG
@JOBS
@click.option(
    "--approved", is_flag=True, help="Refuse a policy that nobody approved (`salesops check --approve`)."
)
@click.option("--force", is_flag=True, help="Also make again what is up to date.")
@click.option(
    "--deadline",
    default=60,
    show_default=True,
    metavar="MINUTES",
    type=click.IntRange(1),
    help="Longest time of a report.",
)
@click.option(
    "--cluster", default="", metavar="ADDRESS", help="Dask scheduler whose workers make the reports."
)
@click.option("--pdf", is_flag=True, help="Also print each page to PDF (needs Chromium).")
@click.option("--send", is_flag=True, help="Tell the policy's recipients (block delivery).")
@click.option(
    "--log",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="How to tell events.",
)
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
    notebooks: tuple[str, ...],
    period: str,
    first: str,
    last: str,
    missed: bool,
    workspace: str,
    **options: Any,
) -> int:
    """Publish the reports of a period.

    NOTEBOOKs are names such as 10_performance_review, or 10; all without one. A report whose data,
    policy, notebook and parameters are those of its published page is up to date and not made again.

    \b
    Exit status: 0 done, 1 refused (the message says what to do), 2 wrong usage,
    3 some reports failed and the others are published, 75 busy (another run holds
    all that is left: the same command may do later), 130 interrupted."""
    root = app.existing_workspace(workspace)
    return publish(root, notebooks, _periods(root, notebooks, period, first, last, missed), **options)


def _periods(
    root: Path, notebooks: tuple[str, ...], period: str, first: str, last: str, missed: bool
) -> str | list[str]:
    """The period, or the periods, that the options name."""
    if (bool(period) + bool(first or last) + missed) > 1:
        raise click.UsageError("Give one of --period, --from with --to, and --missed.")
    if bool(first) != bool(last):
        raise click.UsageError("--from and --to belong together.")
    if not (first or missed):
        return period
    from salesops_lib.runs import backlog
    from salesops_lib.runs.notebooks import find, regular

    if first:
        return backlog.between(root, first, last)
    chosen = find(root, notebooks) if notebooks else regular(root)
    return backlog.missed(root, [path.stem for path in chosen])


def publish(
    root: Path,
    notebooks: tuple[str, ...] = (),
    period: str | list[str] = "",
    *,
    deadline: int = 60,
    log: str = "text",
    send: bool = False,
    **options: Any,
) -> int:
    """Run, show, and give the exit status; `options` are those of `runs.run`."""
    from salesops_lib import runs
    from salesops_lib.cli import show
    from salesops_lib.runs import approvals
    from salesops_lib.workspace import load_policy

    if options.get("approved"):
        approvals.require(root, load_policy(root).sha256)
    if period == []:
        show.console().print("No complete month is missing.")
        return app.DONE
    if send and not load_policy(root).delivery.recipients:
        raise click.UsageError(f"--send: {root / 'policy.yaml'} names no recipients (block delivery).")
    limits = runs.Limits(run_seconds=60 * deadline)
    with show.progress(log) as watch:
        results = runs.run(root, notebooks or None, period=period, limits=limits, watch=watch, **options)
    if log == "text":
        show.outcome(results, root / "reports" / "index.html")
    unsent = _deliver(root, results) if send else 0
    causes = {result.cause for result in results if result.status == "failed"}
    if causes == {"busy"} and not unsent:
        return app.BUSY
    return app.SOME_FAILED if causes or unsent else app.DONE


def _deliver(root: Path, results: list[Result]) -> int:
    """Send, say what went, and give the number of those that did not hear."""
    from salesops_lib.runs.deliver import deliver
    from salesops_lib.workspace import load_policy

    told = deliver(root, load_policy(root), results)
    for sent in told:
        said = sent.problem or "sent"
        click.echo(f"{sent.recipient}: {sent.report}: {said}", err=bool(sent.problem))
    return sum(bool(sent.problem) for sent in told)


@click.command()
@click.option("--verify", is_flag=True, help="Check history, manifest and every published file for changes.")
@app.workspace_option
def status(workspace: str, verify: bool) -> int:
    """Show which reports are done, stale or failed."""
    from salesops_lib import runs
    from salesops_lib.cli import show

    root = app.existing_workspace(workspace)
    if verify:
        return _verify(root)
    table = runs.status(root)
    if table.empty:
        show.console().print("No report has been run yet. Run them with `salesops run`.")
    else:
        show.table(table)
    return app.DONE


def _verify(root: Path) -> int:
    """Say what does not hold, or that all does."""
    from salesops_lib.reporting.visible import visible
    from salesops_lib.runs.verify import verify

    found = verify(root)
    for fault in found.faults:
        click.echo(visible(fault), err=True)
    n = len(found.faults)
    click.echo(f"{n} do{'es' if n == 1 else ''} not hold." if n else "Everything holds.", err=bool(n))
    click.echo(found.said)
    return app.USER_CAN_MEND if n else app.DONE


@click.command()
@click.argument("scheduler", default="cron")
@click.argument("notebooks", nargs=-1)
@LANG
@click.option("--at", default="06:30", show_default=True, metavar="HH:MM", help="Time of day.")
@app.workspace_option
def schedule(scheduler: str, notebooks: tuple[str, ...], lang: str, at: str, workspace: str) -> None:
    """Print the lines that run the reports daily.

    SCHEDULER is cron, systemd, github, airflow or jupyter. Nothing is installed: put the lines where
    that scheduler reads them. Each day loads, then publishes the months that became complete."""
    from salesops_lib.runs import approvals
    from salesops_lib.runs import schedule as schedules
    from salesops_lib.runs.notebooks import find

    root = app.existing_workspace(workspace)
    names = tuple(path.stem for path in find(root, notebooks))
    click.echo(
        schedules.lines(scheduler, schedules.Job(root, names, lang, at, approvals.exist(root))), nl=False
    )


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
