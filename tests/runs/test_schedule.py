import ast
import configparser
import json
import os
import subprocess

import pytest

from salesops_lib import cleaning
from salesops_lib.errors import RunError
from salesops_lib.runs import schedule

#: Days of three months, the last of them whole.
DAYS = [(month, day) for month in (1, 2, 3) for day in (2, 16, 28)] + [(3, 31)]


@pytest.fixture
def job(standin):
    return schedule.Job(standin, ("10_first",), "en,zh", "06:05")


def test_the_line_of_cron_runs_as_cron_runs_it(standin, job):
    """As cron does: by /bin/sh, with nearly no environment, from the root directory."""
    orders = standin / "orders.csv"
    rows = [f"o{n},2026-{month:02}-{day:02},c1,{n}.50" for n, (month, day) in enumerate(DAYS)]
    orders.write_text("\n".join(["order_id,ordered_on,customer_id,net_amount", *rows]) + "\n")
    cleaning.add(standin, [orders], table="order_lines", yes=True)
    line = schedule.cron(job).rstrip("\n")
    minute, hour, *days, command = line.split(" ", 5)
    assert (minute, hour, days) == ("5", "6", ["*", "*", "*"])
    bare = {"HOME": os.environ.get("HOME", "/"), "PATH": "/usr/bin:/bin", "SHELL": "/bin/sh"}
    for _ in range(2):
        subprocess.run(
            ["/bin/sh", "-c", command.replace("\\%", "%")], env=bare, cwd="/", timeout=120, check=True
        )
    log = (standin / "data" / "schedule.log").read_text(encoding="utf-8").splitlines()
    told = [json.loads(text) for text in log if text.startswith("{")]
    assert [(e["event"], e["lang"]) for e in told if e["event"] == "published"] == [
        ("published", "en"),
        ("published", "zh"),
    ]
    assert "No complete month is missing." in log


def test_every_scheduler_gets_the_same_two_commands(job):
    load, run = job.commands()
    assert load in schedule.cron(job)
    assert f"ExecStart={run}" in schedule.systemd(job)
    assert repr(run) in schedule.airflow(job)
    assert "run 10_first --missed --lang en,zh" in schedule.github(job)


def test_lines_are_well_formed(job):
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str
    unit.read_string(schedule.systemd(job))
    assert unit["Timer"]["OnCalendar"] == "*-*-* 06:05:00"
    assert unit["Timer"]["Persistent"] == "true"
    ast.parse(schedule.airflow(job))
    from ruamel.yaml import YAML

    workflow = YAML(typ="safe").load(schedule.github(job))
    assert len(workflow["jobs"]["reports"]["steps"]) == 7


def test_per_cent_signs_are_kept_from_cron_and_systemd(standin, tmp_path):
    job = schedule.Job(tmp_path / "100% ours")
    assert "100\\% ours" in schedule.cron(job)
    assert "100%% ours" in schedule.systemd(job)


def test_what_is_no_scheduler_or_no_time_is_refused(standin, job):
    with pytest.raises(RunError, match="did you mean 'cron'"):
        schedule.lines("corn", job)
    with pytest.raises(RunError, match="no time of day"):
        schedule.Job(standin, at="25:00")
