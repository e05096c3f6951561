"""`salesops add`, `load` and `check`: files, tables and the policy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from salesops_lib.cli import app

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.cleaning import Audit, Source
    from salesops_lib.policy import Policy

YES = click.option("--yes", "-y", is_flag=True, help="Take the default answer to every question.")

QUESTIONS = {
    "column": "{source}: which column is {subject}? (empty: none)",
    "table": "{source}: which table is this?",
    "amounts": "{source}: is {subject} net of tax, or gross?",
    "unit": "{source}: how many currency units is one unit of {subject}?",
    "date_order": "{source}: are dates like {values} day first (dmy) or month first (mdy)?",
}
#: At and below this confidence a column is marked, for the user to look at.
SURE = 0.8
_LONGEST_SAMPLE = 18
_LONGEST_SAMPLES = 30


class FileOrAddress(click.Path):
    """A file that exists, or the address of a database such as `sqlite:///sales.db`."""

    name = "file"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if isinstance(value, str) and ("://" in value or value.startswith("${")):
            return value
        return super().convert(value, param, ctx)


FILES = click.argument(
    "files", nargs=-1, required=True, type=FileOrAddress(exists=True, dir_okay=False, path_type=Path)
)


class Total(click.ParamType):
    """`column=number`, a total that the books state."""

    name = "column=total"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        column, mark, total = str(value).partition("=")
        if not mark or not column.strip() or not total.strip():
            self.fail(f"{value!r} is no column=total; write it like net_amount=2297200.86", param, ctx)
        return column.strip(), total.strip().replace(",", "")


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


def add_files(
    root: Path,
    files: Sequence[Path | str],
    table: str | None = None,
    *,
    yes: bool,
    control: Mapping[str, str] | None = None,
) -> None:
    """Record `files` as sources of `root` and show how they were understood."""
    from salesops_lib import cleaning

    asking: Callable[[Any], str] | None = None if yes else ask
    found = cleaning.add(
        root, files, table=table, yes=yes, ask=asking, policy=policy_of(root), control=control
    )
    show_sources(found)


def show_sources(sources: Sequence[Source]) -> None:
    """Each source as a table of its columns, and below it what is unsure, assumed or not used."""
    from rich.markup import escape

    from salesops_lib.cli import show

    out = show.console()
    for source in (source for source in sources if source.table):
        show.table(mapped(source), escape(f"{source.name} → {source.table}"))
        for line in remarks(source):
            out.print(f"  {escape(line)}")
        out.print()
    for source in sources:
        if not source.table:
            reason = "; ".join(source.reasons) or "nothing in it was recognised"
            out.print(escape(f"{source.name}: not used: {reason}"))


def mapped(source: Source) -> pd.DataFrame:
    """Columns of a source on one screen: header, confidence and up to three values of each."""
    import pandas as pd

    rows = []
    for column, header in source.columns.items():
        sure = source.confidences.get(column, source.confidence)
        marked = f"{sure:.0%}" if sure > SURE else f"? {sure:.0%}"
        rows.append((column, header, marked, _samples(source.samples.get(header, ()))))
    return pd.DataFrame(rows, columns=["column", "header in the file", "sure", "values"])


def _samples(values: Sequence[str]) -> str:
    """Values side by side, shortened to what fits into a narrow terminal."""
    shown = " · ".join(_clipped(" ".join(value.split()), _LONGEST_SAMPLE) for value in values[:3])
    return _clipped(shown, _LONGEST_SAMPLES)


def _clipped(text: str, width: int) -> str:
    """`text` in at most `width` cells of a terminal; an ideograph takes two.

    >>> _clipped("上海华信电子有限公司", 9), _clipped("Acme", 9)
    ('上海华信…', 'Acme')
    """
    from rich.cells import cell_len

    if cell_len(text) <= width:
        return text
    while cell_len(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + "…"


def remarks(source: Source) -> list[str]:
    """What the table of a source does not say: unsure columns, assumptions, headers not used."""
    unsure = [c for c in source.columns if source.confidences.get(c, source.confidence) <= SURE]
    said = [f"? unsure, please check: {', '.join(unsure)}"] if unsure else []
    stated = {
        "amounts": f"amounts are {source.amounts} of tax" if source.amounts == "net" else "amounts hold tax",
        "units": "; ".join(f"{column} × {factor:,g}" for column, factor in source.units.items()),
        "control": "; ".join(f"{column} must add up to {total}" for column, total in source.control.items()),
    }
    said += [text for name, text in stated.items() if text and getattr(source, name)]
    said += list(source.reasons)
    return said + ([f"not used: {', '.join(source.unmapped)}"] if source.unmapped else [])


@click.command()
@FILES
@click.option(
    "--table", "-t", default=None, metavar="T", help="Table that the files feed (default: guessed)."
)
@click.option(
    "--control",
    "-c",
    multiple=True,
    type=Total(),
    help="Total from the books that a column must add up to, e.g. net_amount=2297200.86.",
)
@YES
@app.workspace_option
def add(
    files: tuple[Path | str, ...],
    table: str | None,
    control: tuple[tuple[str, str], ...],
    yes: bool,
    workspace: str,
) -> None:
    """Record which tables and columns FILEs hold.

    FILE is a text file, a workbook, a zip of them, or the address of a database. Tables and columns are
    guessed from headers (zh and en) and values, shown, and written to data/sources.yaml."""
    from salesops_lib.cli import show

    root = app.workspace_or_here(workspace)
    add_files(root, files, table, yes=yes, control=dict(control))
    show.console().print(
        f"Recorded in {show.link(root / 'data' / 'sources.yaml')}. Load them with `salesops load`."
    )


def load_all(root: Path) -> None:
    """Load every source of `root` and print the audit."""
    from salesops_lib import cleaning
    from salesops_lib.cli import show

    audit = cleaning.load(root, policy=policy_of(root))
    show.table(summary(audit), "rows in = used + merged + set aside + excluded")
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
            and reason.outcome in ("merged", "set_aside", "excluded")
        ]
        counts = (source.rows_in, source.used, source.merged, source.set_aside, source.excluded)
        rows.append((source.source, source.table or "not used", *counts, "; ".join([*own, *source.notes])))
    return pd.DataFrame(
        rows, columns=["source", "table", "rows in", "used", "merged", "set aside", "excluded", "why"]
    )


@click.command()
@app.workspace_option
def load(workspace: str) -> None:
    """Clean all sources into the store.

    Every row is accounted for: rows in = used + merged + set aside + excluded, each with its reason."""
    load_all(app.existing_workspace(workspace))


@click.command()
@click.argument("policy", required=False, type=click.Path(path_type=Path))
@click.argument("newer", required=False, type=click.Path(path_type=Path))
@click.option("--lang", default="", help="Language of what changed: en or zh (default: the newer policy's).")
@click.option(
    "--html",
    "folder",
    is_flag=False,
    flag_value="-",
    default=None,
    metavar="[DIR]",
    help="Write policy.en.html and policy.zh.html (default: reports/ of the workspace).",
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of policies, for editors.")
@click.option("--approve", is_flag=True, help="Record that this policy is the approved one.")
@click.option("--as", "by", default="", metavar="NAME", help="Who approves (default: the user logged in).")
@app.workspace_option
def check(
    policy: Path | None,
    newer: Path | None,
    lang: str,
    folder: str | None,
    schema: bool,
    approve: bool,
    by: str,
    workspace: str,
) -> int:
    """List every fault of a policy, or say what a newer version changes.

    POLICY is a file (default: the workspace's); each fault comes with line, column and what to write.
    Approvals stand beside it in policy.approvals; `salesops run --approved` takes no other policy.
    With NEWER, both are read, and what differs is said in words, with whether pay can change."""
    from salesops_lib import policy as policies
    from salesops_lib.runs import approvals

    if by and not approve:
        raise click.UsageError("--as belongs to --approve.")

    if schema:
        click.echo(policies.schema())
        return app.DONE
    file = policy or existing_policy(workspace)
    files = [file, newer] if newer else [file]
    sound = [_is_sound(each) for each in files]
    if not all(sound):
        return app.USER_CAN_MEND
    known = [policies.load(each) for each in files]
    if newer:
        _tell_changes(known[0], known[1], lang)
        return app.DONE
    if (tests := _tests_held(file, known[0])) is None:
        return app.USER_CAN_MEND
    title = known[0].metadata.title
    held = f" {tests} tests of its plans hold." if tests else ""
    click.echo(f"{file}: no faults.{held}")
    click.echo(f"{title.en} / {title.zh}, version {known[0].version}, sha256 {known[0].sha256}")
    if policy is None and (history := file.parent / "policies").is_dir():
        kept = policies.versions(history, **known_names())
        count = "1 version" if len(kept) == 1 else f"{len(kept)} versions"
        click.echo(f"{history}: {count}, without gap or overlap since {kept[0].metadata.effective.start}.")
    if approve:
        click.echo(approvals.approve(file, known[0], by or _user()))
    elif approvals.exist(file.parent):
        click.echo(approvals.standing(file, known[0].sha256) or "It is the approved policy.")
    if folder is not None:
        _write_documents(known[0], file.parent / "reports" if folder == "-" else Path(folder))
    return app.DONE


def _is_sound(file: Path) -> bool:
    """Whether a policy has no faults; they are printed if it has."""
    from salesops_lib import policy as policies

    found = policies.faults(file, **known_names())
    if found:
        count = "1 fault" if len(found) == 1 else f"{len(found)} faults"
        click.echo("\n".join(f"{file}:{fault}" for fault in found), err=True)
        click.echo(f"{file}: {count}.", err=True)
    return not found


def _tests_held(file: Path, policy: Policy) -> int | None:
    """How many tests the policy carries; None where some fail, which are printed."""
    from salesops_lib.incentives import plan_tests

    outcomes = plan_tests.run(policy)
    failed = [one for one in outcomes if one.said]
    for one in failed:
        click.echo(f"{file}: tests[{one.number}] {one.name!r} {one.said}", err=True)
    if failed:
        click.echo(f"{file}: {len(failed)} of {len(outcomes)} tests of its plans fail.", err=True)
    return None if failed else len(outcomes)


def _tell_changes(old: Policy, new: Policy, lang: str) -> None:
    from salesops_lib.reporting import tell_changes
    from salesops_lib.reporting.visible import visible
    from salesops_lib.workspace import languages_of

    spoken = languages_of(lang or new.report.language)[0]
    click.echo("\n".join(visible(line) for line in tell_changes(old, new, spoken)))


def _write_documents(policy: Policy, folder: Path) -> None:
    """Write the policy as people read it, in both languages.

    Raises
    ------
    RunError
        If the folder cannot be written to.
    """
    from salesops_lib.errors import RunError
    from salesops_lib.reporting import render_policy
    from salesops_lib.workspace import LANGUAGES

    for lang in LANGUAGES:
        path = folder / f"policy.{lang}.html"
        index = "index.html" if (folder / "index.html").is_file() else ""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(render_policy(policy, lang, index=index), encoding="utf-8")
        except OSError as problem:
            raise RunError(
                f"Cannot write {path}: {problem.strerror or problem}. Name another folder with --html DIR."
            ) from problem
        click.echo(path)


def _user() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        raise click.UsageError("--approve: the system does not say who you are. Add --as NAME.") from None


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
