"""Lines that make a scheduler people already have run the reports; nothing is installed.

All of them do the same once a day: load, then publish what is missing.  A day that was missed
is made up for on the next, an hour that the clock repeats finds everything up to date, and a
month is published on the first day on which its data are complete: no schedule needs to know
how long a month is.
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from salesops_lib.errors import RunError, nearest


@dataclass(frozen=True)
class Job:
    """What is run each day: in which workspace, which notebooks and languages, when, and whether
    under the approved policy alone."""

    root: Path
    notebooks: tuple[str, ...] = ()
    lang: str = ""
    at: str = "06:30"
    approved: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", self.at):
            raise RunError(f"--at {self.at!r} is no time of day. Write it as HH:MM, e.g. 06:30.")

    @property
    def hour_minute(self) -> tuple[int, int]:
        hour, minute = self.at.split(":")
        return int(hour), int(minute)

    def commands(self, python: str = "") -> list[str]:
        """The two commands, quoted for a shell; `python` is this interpreter unless named."""
        own = [python or sys.executable, "-m", "salesops_lib.cli", "-w", str(self.root)]
        language = ["--lang", self.lang] if self.lang else []
        approved = ["--approved"] if self.approved else []
        return [
            shlex.join([*own, "load"]),
            shlex.join([*own, "run", *self.notebooks, "--missed", *approved, *language, "--log", "json"]),
        ]

    @property
    def log(self) -> str:
        return shlex.quote(str(self.root / "data" / "schedule.log"))


def cron(job: Job) -> str:
    """A line of a crontab; an hour that summer time repeats or skips does no harm."""
    hour, minute = job.hour_minute
    command = f"({' && '.join(job.commands())}) >> {job.log} 2>&1".replace("%", "\\%")
    return f"{minute} {hour} * * * {command}\n"


def systemd(job: Job) -> str:
    """A service and a timer; `Persistent` makes up for the time that the machine was off."""
    steps = "\n".join(f"ExecStart={command.replace('%', '%%')}" for command in job.commands())
    return (
        "# ~/.config/systemd/user/salesops.service\n"
        "[Unit]\nDescription=Sales reports\n\n"
        f"[Service]\nType=oneshot\n{steps}\n\n"
        "# ~/.config/systemd/user/salesops.timer\n"
        "[Unit]\nDescription=Sales reports, daily\n\n"
        f"[Timer]\nOnCalendar=*-*-* {job.at}:00\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n\n"
        "# systemctl --user daemon-reload && systemctl --user enable --now salesops.timer\n"
    )


def github(job: Job) -> str:
    """A workflow; its clock is UTC, and its runner sees only what the repository or a secret gives it."""
    hour, minute = job.hour_minute
    own = replace(job, root=Path("."))
    steps = "\n".join(f"      - run: {command}" for command in own.commands("python"))
    return (
        "# .github/workflows/reports.yml\n"
        "name: reports\n"
        f"on:\n  schedule:\n    - cron: '{minute} {hour} * * *'   # UTC\n  workflow_dispatch:\n"
        "concurrency: reports\n"
        "jobs:\n  reports:\n    runs-on: ubuntu-latest\n    timeout-minutes: 90\n    steps:\n"
        "      - uses: actions/checkout@v4\n"
        "      - uses: actions/setup-python@v5\n        with: {python-version: '3.11'}\n"
        "      - run: pip install --require-hashes -r requirements.lock\n"
        "      - run: pip install --no-deps --no-build-isolation -e .\n"
        f"{steps}\n"
        "      - uses: actions/upload-artifact@v4\n        with: {name: reports, path: reports}\n"
    )


def airflow(job: Job) -> str:
    """A DAG of the two commands, and the same report through Airflow's PapermillOperator."""
    hour, minute = job.hour_minute
    load, run = (repr(command) for command in job.commands())
    notebook = job.notebooks[0] if job.notebooks else "10_performance_review"
    return (
        "# dags/salesops.py\n"
        "from datetime import datetime\n\n"
        "from airflow import DAG\n"
        "from airflow.providers.standard.operators.bash import BashOperator\n\n"
        f"with DAG('salesops', schedule='{minute} {hour} * * *', start_date=datetime(2026, 1, 1), catchup=False,\n"
        "         max_active_runs=1):\n"
        f"    load = BashOperator(task_id='load', bash_command={load})\n"
        f"    run = BashOperator(task_id='run', bash_command={run})\n"
        "    load >> run\n\n"
        "# One notebook by papermill itself: it runs, but the page is neither checked nor published.\n"
        "# from airflow.providers.papermill.operators.papermill import PapermillOperator\n"
        f"# PapermillOperator(task_id='notebook', input_nb='{job.root}/notebooks/{notebook}.ipynb',\n"
        f"#                   output_nb='{job.root}/out.ipynb',\n"
        f"#                   parameters={{'workspace': '{job.root}', 'period': '{{{{ ds[:7] }}}}', 'lang': '{job.lang or 'en'}'}})\n"
    )


def jupyter(job: Job) -> str:
    """What to fill in where jupyter-scheduler is installed."""
    hour, minute = job.hour_minute
    notebook = job.notebooks[0] if job.notebooks else "10_performance_review"
    return (
        "# jupyter-scheduler: right-click the notebook, Create Notebook Job, and fill in\n"
        f"#   notebook    notebooks/{notebook}.ipynb\n"
        f"#   parameters  workspace = {job.root}\n"
        f"#               lang = {job.lang or 'en'}\n"
        f"#   schedule    {minute} {hour} * * *\n"
        "# It runs the notebook only.  It neither loads, nor checks the page, nor publishes it, and\n"
        "# does not make up for missed days; for that use cron or systemd.\n"
    )


SCHEDULERS: dict[str, Callable[[Job], str]] = {
    "cron": cron,
    "systemd": systemd,
    "github": github,
    "airflow": airflow,
    "jupyter": jupyter,
}


def lines(scheduler: str, job: Job) -> str:
    """The lines of one of `SCHEDULERS`.

    Raises
    ------
    RunError
        If the scheduler is unknown.
    """
    if scheduler not in SCHEDULERS:
        raise RunError(f"There are no lines for {scheduler!r}: {nearest(scheduler, SCHEDULERS)}")
    return SCHEDULERS[scheduler](job)
