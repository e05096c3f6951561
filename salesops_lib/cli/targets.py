"""`salesops targets`: a proposal of next year's targets as a workbook, and back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from salesops_lib.cli import app

if TYPE_CHECKING:
    import pandas as pd

    from salesops_lib.targets.proposal import Proposal


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--period",
    default="",
    help="The year after its fiscal year is planned (default: the last complete month).",
)
@app.workspace_option
def targets(file: Path | None, period: str, workspace: str) -> int:
    """Write next year's targets as proposed; with FILE, read them back.

    In the workbook, put x under `locked` on rows that stay as written, or the months that do (2026-01, 2026-02); the
    others are allocated again, sums stay exact.  Reading back writes targets/YEAR.csv, which `salesops add` and `salesops load` take as the table targets.

    \b
    salesops targets                      writes targets/YEAR.xlsx
    salesops targets targets/2026.xlsx    reads it, writes targets/2026.csv
    """
    from salesops_lib.cli import show
    from salesops_lib.errors import DataError
    from salesops_lib.reporting.workbook import write_form
    from salesops_lib.targets.proposal import propose
    from salesops_lib.targets.sheet import HINTS, KEYS, as_table, laid_out
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(app.existing_workspace(workspace), period=period)
    try:
        proposal = propose(ws)
        workbook = ws.root / "targets" / f"{proposal.year.label}.xlsx"
        if file is None:
            if workbook.exists():
                raise DataError(
                    f"{workbook} is there already, perhaps filled in. Read it back, or move it away."
                )
            workbook.parent.mkdir(exist_ok=True)
            write_form(laid_out(proposal), workbook, "targets", keys=len(KEYS), hints=HINTS)
            named = workbook.relative_to(ws.root)
            show.console().print(
                f"{show.link(workbook)}: mark rows that stay, then `salesops targets {named}`."
            )
            return app.DONE
        locks = _locks(file, proposal)
        settled = proposal.with_locks(locks)
        workbook.parent.mkdir(exist_ok=True)
        written = workbook.with_suffix(".csv")
        waiting = written.with_suffix(".tmp")
        as_table(settled, _version(proposal)).to_csv(waiting, index=False)
        waiting.replace(written)
        show.console().print(
            f"{show.link(written)}: {len(locks)} months locked, {len(settled.targets):,} targets. "
            f"Then `salesops add {written.relative_to(ws.root)} --table targets` and `salesops load`."
        )
        return app.DONE
    finally:
        ws.close()


def _locks(file: Path, proposal: Proposal) -> pd.DataFrame:
    """What the workbook locks; all its faults at once, one a line.

    Raises
    ------
    DataError
        If the file cannot be read or has faults.
    """
    import pandas as pd

    from salesops_lib.errors import DataError
    from salesops_lib.targets.sheet import read_back

    try:
        sheet = pd.read_excel(file, "targets", dtype=object, engine="calamine")
    except Exception as fault:
        raise DataError(
            f"{file}: no workbook with a sheet targets ({fault}). Write one with `salesops targets`."
        ) from None
    locks, faults = read_back(sheet, proposal)
    if faults:
        raise DataError("\n".join([f"{file}: {len(faults)} to put right; nothing is written.", *faults]))
    return locks


def _version(proposal: Proposal) -> str:
    """The year's next version after those in the table targets."""
    ws = proposal.ws
    if not ws.facts.has("targets"):
        return f"{proposal.year.label}.1"
    found = ws.facts.query(
        "SELECT DISTINCT version FROM targets WHERE version LIKE ?", [f"{proposal.year.label}.%"]
    ).version
    numbers = [int(tail) for tail in found.str.rsplit(".", n=1).str[-1] if tail.isdigit()]
    return f"{proposal.year.label}.{max(numbers, default=0) + 1}"
