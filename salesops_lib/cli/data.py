"""`salesops add`, `load` and `check`: files, tables and the policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salesops_lib.cli import app

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.cleaning import Audit, Source

FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
YES = click.option("--yes", "-y", is_flag=True, help="Take the default answer to every question.")

QUESTIONS = {
    "table": "{source}: which table is this?",
    "column": "{source}: which column is {subject}? (empty: none)",
    "date_order": "{source}: are dates like {values} day first (dmy) or month first (mdy)?",
}


def ask(question: Any) -> str:
    """Put one of cleaning's questions on the terminal."""
    values = ", ".join(question.values[:3])
    text = QUESTIONS[question.kind].format(source=question.source, subject=question.subject, values=values)
    options = [option for option in question.options if option]
    if values and question.kind != "date_order":
        click.echo(f"  for example: {values}")
    choice = click.Choice([*options, ""]) if "" in question.options else click.Choice(options)
    return str(click.prompt(text, default=question.default, type=choice, show_choices=True))


def policy_of(root: Path) -> Any:
    """The workspace's policy, or the packaged one where it has none."""
    from salesops_lib import policy

    file = root / "policy.yaml"
    return policy.load(file if file.is_file() else None, **known_names())


def known_names() -> dict[str, frozenset[str]]:
    """Measures and tables that a policy may name."""
    from salesops_lib.metrics.registry import REGISTRY
    from salesops_lib.tables import TABLES

    return {"known_measures": frozenset(REGISTRY), "known_tables": frozenset(TABLES)}


def add_files(root: Path, files: Sequence[Path], table: str | None = None, *, yes: bool) -> None:
    """Record `files` as sources of `root` and show how they were understood."""
    from salesops_lib import cleaning

    asking: Callable[[Any], str] | None = None if yes else ask
    _show_sources(cleaning.add(root, files, table=table, yes=yes, ask=asking, policy=policy_of(root)))


def _show_sources(sources: Sequence[Source]) -> None:
    import pandas as pd

    from salesops_lib.cli import show

    rows = []
    for source in sources:
        columns = [f"{header} → {column}" for column, header in source.columns.items()]
        if source.table:
            rows.append((source.name, source.table, ", ".join(columns), ", ".join(source.unmapped)))
        else:
            rows.append((source.name, "not used", "; ".join(source.reasons), ""))
    show.table(pd.DataFrame(rows, columns=["source", "table", "columns", "columns not used"]))


@click.command()
@FILES
@click.option(
    "--table", "-t", default=None, metavar="T", help="Table that the files feed (default: guessed)."
)
@YES
@app.workspace_option
def add(files: tuple[Path, ...], table: str | None, yes: bool, workspace: str) -> None:
    """Record which tables and columns FILEs hold.

    Both are guessed from headers (zh and en) and values, shown, and written to data/sources.yaml."""
    from salesops_lib.cli import show

    root = app.workspace_or_here(workspace)
    add_files(root, files, table, yes=yes)
    show.console().print(
        f"Recorded in {show.link(root / 'data' / 'sources.yaml')}. Load them with `salesops load`."
    )


def load_all(root: Path) -> None:
    """Load every source of `root` and print the audit."""
    from salesops_lib import cleaning
    from salesops_lib.cli import show

    audit = cleaning.load(root, policy=policy_of(root))
    show.table(summary(audit), "rows in = used + merged + set aside")
    show.console().print(f"Each row and reason: {show.link(root / 'data')}")


def summary(audit: Audit) -> pd.DataFrame:
    """The audit on one screen: rows of each source, and why some are not used."""
    import pandas as pd

    rows = []
    for source in audit.sources:
        own = [
            f"{reason.n_rows:,} {reason.column} {reason.reason}".replace("  ", " ")
            for reason in audit.reasons
            if (reason.source, reason.table) == (source.source, source.table)
            and reason.outcome in ("merged", "set_aside")
        ]
        counts = (source.rows_in, source.used, source.merged, source.set_aside)
        rows.append((source.source, source.table or "not used", *counts, "; ".join([*own, *source.notes])))
    return pd.DataFrame(rows, columns=["source", "table", "rows in", "used", "merged", "set aside", "why"])


@click.command()
@app.workspace_option
def load(workspace: str) -> None:
    """Clean all sources into the store.

    Every row is accounted for: rows in = used + merged + set aside, each with its reason."""
    load_all(app.existing_workspace(workspace))


@click.command()
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@app.workspace_option
def check(policy: Path | None, workspace: str) -> int:
    """List every fault of a policy.

    POLICY is a file (default: the workspace's); each fault comes with line, column and what to write."""
    from salesops_lib import policy as policies

    file = policy or existing_policy(workspace)
    found = policies.faults(file, **known_names())
    if found:
        count = "1 fault" if len(found) == 1 else f"{len(found)} faults"
        click.echo("\n".join(f"{file}:{fault}" for fault in found), err=True)
        click.echo(f"{file}: {count}.", err=True)
        return app.USER_CAN_MEND
    known = policies.load(file)
    title = known.metadata.title
    click.echo(f"{file}: no faults.")
    click.echo(f"{title.en} / {title.zh}, version {known.version}, sha256 {known.sha256}")
    return app.DONE


def existing_policy(workspace: str) -> Path:
    """policy.yaml of the workspace.

    Raises
    ------
    PolicyError
        If it has none.
    """
    from salesops_lib.errors import PolicyError

    file = app.existing_workspace(workspace) / "policy.yaml"
    if not file.is_file():
        raise PolicyError(
            f"{file} does not exist; reports use the packaged policy.\nName a policy file, or write one there."
        )
    return file
