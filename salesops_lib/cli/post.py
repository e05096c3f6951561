"""`salesops post`: a statement period is closed for good."""

from __future__ import annotations

import click

from salesops_lib.cli import app


@click.command()
@click.argument("period")
@app.workspace_option
def post(period: str, workspace: str) -> int:
    """Post the pay of PERIOD, by the policy and the data of now.

    A posted statement is never changed: what late data change is an adjustment in the next one.
    The lines go to payouts/PERIOD.csv, what was posted by which policy to the chain payouts.posted. Both are
    records of what people are paid: back them up, and keep them out of what is shared.

    \b
    salesops post 2025-06
    """
    from salesops_lib.incentives.further import further
    from salesops_lib.runs import posting
    from salesops_lib.workspace import open_workspace

    ws = open_workspace(app.existing_workspace(workspace), period=period)
    try:
        entry = posting.post(ws, ws.period, further=further(ws, ws.period))
        unit = 10**ws.policy.semantics.minor_digits
    finally:
        ws.close()
    click.echo(
        f"{entry['statement']} is posted: {entry['paid'] / unit:,.2f} {ws.policy.semantics.currency} to "
        f"{entry['n_payees']} {'person' if entry['n_payees'] == 1 else 'people'}, {entry['adjusted'] / unit:,.2f} of it for earlier months; "
        f"policy {entry['policy']['version']}, {entry['file']}."
    )
    return app.DONE
