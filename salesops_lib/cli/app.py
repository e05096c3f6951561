"""The `salesops` command: its verbs, where the workspace is, and what each exit status means."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from salesops_lib import __version__
from salesops_lib.errors import BusyError, SalesopsError

DONE, USER_CAN_MEND, SOME_FAILED, INTERRUPTED = 0, 1, 3, 130
#: Nothing is wrong, the same command may do later: EX_TEMPFAIL of sysexits.h.
BUSY = 75


class Suite(click.Group):
    """A group that turns errors into one screen and an exit status."""

    def main(self, args: Sequence[str] | None = None, prog_name: str | None = None, **extra: Any) -> NoReturn:  # type: ignore[override]
        extra.pop("standalone_mode", None)
        try:
            previous = signal.signal(signal.SIGTERM, _interrupt)
        except ValueError:  # not in the main thread: the host handles signals
            previous = None
        try:
            status = super().main(args, prog_name or "salesops", standalone_mode=False, **extra)
        except click.ClickException as wrong:
            wrong.show()
            sys.exit(wrong.exit_code)
        except (KeyboardInterrupt, click.Abort):
            click.echo("Interrupted; nothing is half-written.", err=True)
            sys.exit(INTERRUPTED)
        except SalesopsError as error:
            from salesops_lib.reporting.visible import visible

            click.echo(visible(str(error)), err=True)
            sys.exit(BUSY if isinstance(error, BusyError) else USER_CAN_MEND)
        except Exception:
            sys.exit(_our_mistake())
        finally:
            if previous is not None:
                signal.signal(signal.SIGTERM, previous)
        sys.exit(status if isinstance(status, int) else DONE)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


def _our_mistake() -> int:
    click.echo(traceback.format_exc(), err=True)
    click.echo(
        f"This is our mistake, not yours (salesops {__version__}). "
        "Please report it with the lines above and the command you gave.",
        err=True,
    )
    return USER_CAN_MEND


def workspace_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Let `--workspace` stand after the verb too."""
    option = click.option(
        "--workspace",
        "-w",
        metavar="DIR",
        default="",
        help="Workspace to open (default: SALESOPS_WORKSPACE, else the nearest folder above with policy.yaml or data/).",
    )
    return option(command)


def named_workspace(workspace: str) -> str:
    """The workspace named on the command line, after the verb or before it; may be empty."""
    context = click.get_current_context().find_root()
    return workspace or (context.params.get("workspace") or "")


def existing_workspace(workspace: str) -> Path:
    """The workspace to open.

    Raises
    ------
    DataError
        If there is none.
    """
    from salesops_lib.workspace import find_root

    return find_root(named_workspace(workspace))


def workspace_or_here(workspace: str) -> Path:
    """The workspace to open or begin: the one named, the one we are in, else the present folder."""
    from salesops_lib.errors import DataError
    from salesops_lib.workspace import find_root

    named = named_workspace(workspace)
    if named:
        return Path(named).expanduser().resolve()
    try:
        return find_root()
    except DataError:
        if os.environ.get("SALESOPS_WORKSPACE"):
            raise
        return Path.cwd()


@click.group(cls=Suite, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="salesops")
@workspace_option
def main(workspace: str) -> None:
    """Measure a business against its sales policy, and write reports that anyone can open.

    \b
    salesops demo                 the sample company: data, policy, reports
    salesops report orders.csv    your own file straight to reports
    """


def _add_commands() -> None:
    from salesops_lib.cli import data, post, replays, reports, start, targets

    for command in (
        start.demo,
        start.report,
        data.add,
        data.load,
        data.check,
        reports.run,
        replays.replay,
        post.post,
        targets.targets,
        reports.status,
        reports.schedule,
        reports.lab,
    ):
        main.add_command(command)


_add_commands()
