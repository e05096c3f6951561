"""`salesops replay`: one history under two policies, said in the terminal or published as a page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from salesops_lib.cli import app
from salesops_lib.cli.reports import LANG

if TYPE_CHECKING:
    from salesops_lib.replay import Study
    from salesops_lib.workspace import Workspace

#: Rows of a table that a terminal shows; the page has more, its workbook all.
_ROWS = 8


@click.command()
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="PATH=VALUE",
    help="Change one value of the proposed policy; repeat for more.",
)
@click.option(
    "--against",
    default="",
    metavar="POLICY",
    help="The proposed policy (default: the workspace's own, with --set).",
)
@click.option(
    "--from",
    "since",
    default="",
    metavar="P",
    help="First period replayed (default: the policy's replay.history).",
)
@click.option(
    "--to", "period", default="", metavar="P", help="Last period replayed (default: the last complete month)."
)
@LANG
@click.option("--page", is_flag=True, help="Publish the page 33_policy_replay too.")
@click.option("--strict", is_flag=True, help="Exit with 3 if a gate does not hold.")
@app.workspace_option
def replay(
    changes: tuple[str, ...],
    against: str,
    since: str,
    period: str,
    lang: str,
    page: bool,
    strict: bool,
    workspace: str,
) -> int:
    """Replay the history under another policy.

    The workspace's policy is the one in force; POLICY, or it with --set, is the one proposed. What
    it would have cost, who gains and loses, and whether the gates of the block `replay` hold.

    \b
    salesops replay --set 'incentives.plans[id=ae].components[core].tiers[1].times=2'
    salesops replay --against proposal.yaml --from 2024-01 --to 2025-12 --page
    """
    from salesops_lib.replay import study
    from salesops_lib.workspace import open_workspace

    if not changes and not against:
        raise click.UsageError("Name a second policy: --set PATH=VALUE, --against POLICY, or both.")
    root = app.existing_workspace(workspace)
    against = str(Path(against).expanduser().resolve()) if against else ""
    ws = open_workspace(root, period=period, lang=lang)
    try:
        found = study(ws, against=against, changes=changes, since=since)
        _tell(ws, found)
    finally:
        ws.close()
    status = (
        _publish(
            root, ws.period.label, lang, {"against": against, "changes": "\n".join(changes), "since": since}
        )
        if page
        else app.DONE
    )
    if found.failed:
        click.echo(f"Gates that do not hold: {', '.join(found.failed)}.")
    elif found.replayed is not None:
        click.echo("No gate fails.")
    return app.SOME_FAILED if strict and found.failed else status


def _tell(ws: Workspace, found: Study) -> None:
    """The sections of the page as text: what was found, and the first rows of its tables."""
    from salesops_lib.cli import show
    from salesops_lib.metrics import Missing
    from salesops_lib.reporting import told

    for title, sentences, rows in told(ws, found.sections, rows=_ROWS):
        show.console().print(f"\n{title}", style="bold", markup=False)
        for sentence in sentences:
            click.echo(f"  {sentence}")
        if len(rows):
            show.table(rows)
    if any(isinstance(section[0], Missing) for section in found.sections):
        click.echo("Nothing was replayed.")


def _publish(root: Path, period: str, lang: str, parameters: dict[str, str]) -> int:
    """The page, by the runner, whatever was published before: the proposed policy is no part of its key."""
    from salesops_lib.cli.reports import publish

    given = {name: value for name, value in parameters.items() if value}
    return publish(root, ("33_policy_replay",), period, lang=lang, parameters=given, force=True)
