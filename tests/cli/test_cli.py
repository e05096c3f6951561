import json
import os
import re
import subprocess
import sys
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from standin import write_notebook

from salesops_lib.cli import app, data, main, reports, show, start
from salesops_lib.errors import DataError
from salesops_lib.runs.report import Result


def salesops(*args, **settings):
    return CliRunner().invoke(main, [str(arg) for arg in args], **settings)


def test_help_lists_every_command():
    said = salesops("--help").stdout
    for verb in ("demo", "report", "add", "load", "check", "run", "post", "targets", "status", "lab"):
        assert re.search(rf"^  {verb} ", said, re.MULTILINE)
    assert "..." not in said.partition("Commands:")[2]


def test_help_imports_nothing_heavy():
    code = (
        "import sys, salesops_lib.cli\n"
        "heavy = {'pandas', 'duckdb', 'papermill', 'matplotlib', 'rich', 'pydantic', 'numpy', 'joblib'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_version_and_wrong_usage():
    assert salesops("--version").exit_code == 0
    for wrong in (["fly"], ["run", "--jobs", "0"], ["run", "-p", "top"], ["report"], ["add", "nowhere.csv"]):
        result = salesops(*wrong)
        assert result.exit_code == 2, wrong
        assert "Usage:" in result.stderr


def test_workspace_stands_before_or_after_the_verb(standin, monkeypatch):
    monkeypatch.delenv("SALESOPS_WORKSPACE", raising=False)
    for args in (["-w", standin, "status"], ["status", "--workspace", standin]):
        assert "No report has been run yet" in salesops(*args).stdout
    monkeypatch.setenv("SALESOPS_WORKSPACE", str(standin))
    assert salesops("status").exit_code == 0
    monkeypatch.delenv("SALESOPS_WORKSPACE")
    monkeypatch.chdir(standin / "notebooks")
    assert salesops("status").exit_code == 0


def test_run_publishes_prints_paths_and_status_shows_them(standin, warm):
    result = salesops("-w", standin, "run", "10", "20", "--period", "2026-02", "-p", "top=9", "--jobs", "2")
    assert result.exit_code == 0, result.output
    page = standin / "reports" / "2026-02" / "10_first.en.html"
    assert "2026-02 team 9" in page.read_text()
    assert str(page) in result.stdout
    assert f"All reports: {standin / 'reports' / 'index.html'}" in result.stdout
    assert re.search(r"published +2026-02 20_second \(en\) +\d+\.\d s", result.stdout)
    shown = salesops("-w", standin, "status").stdout
    assert re.search(r"10_first +2026-02 +en +published +A", shown)


def test_some_reports_failed_is_status_3(standin, warm):
    write_notebook(standin / "notebooks" / "20_second.ipynb", "1/0")
    result = salesops("-w", standin, "run")
    assert result.exit_code == 3
    assert "10_first.en.html" in result.stdout
    assert "20_second (en) failed:" in result.stderr
    assert "No page was published." in result.stderr


def test_busy_is_status_75_where_nothing_else_failed(standin, warm, monkeypatch):
    from salesops_lib import runs
    from salesops_lib.runs import publish
    from salesops_lib.runs.turns import turn

    write_notebook(standin / "notebooks" / "20_second.ipynb", "1/0")
    limits = runs.Limits
    monkeypatch.setattr(runs, "Limits", lambda **given: limits(run_seconds=5))
    with turn(publish.reports_folder(standin), "2026-03/10_first", 0):
        assert salesops("-w", standin, "run").exit_code == 3
        held = salesops("-w", standin, "run", "10")
    assert (held.exit_code, "BUSY: another run has been making 2026-03/10_first" in held.stderr) == (75, True)


def test_a_publisher_that_keeps_the_lock_is_status_75(standin, warm, monkeypatch):
    from salesops_lib.runs import publish

    reports = publish.reports_folder(standin)
    (reports / "manifest.json").write_text("damaged")
    monkeypatch.setattr(publish, "LOCK_SECONDS", 0.1)
    with publish.locked(reports):
        result = salesops("-w", standin, "run", "10")
    assert (result.exit_code, result.stderr.startswith("BUSY: another run is publishing")) == (75, True)


def test_status_verify_names_what_was_changed(standin, warm):
    assert salesops("-w", standin, "run", "10").exit_code == 0
    sound = salesops("-w", standin, "status", "--verify")
    assert (sound.exit_code, "Everything holds." in sound.stdout) == (0, True)
    (standin / "reports" / "2026-03" / "10_first.en.html").write_text("better")
    result = salesops("-w", standin, "status", "--verify")
    assert result.exit_code == 1
    named = "reports/2026-03/10_first.en.html: it was changed after it was published.\n1 does not hold."
    assert named in result.stderr


def test_check_names_a_sound_policy_and_lists_every_fault(standin):
    sound = salesops("-w", standin, "check")
    assert sound.exit_code == 0, sound.output
    assert re.search(r"no faults\.\n.+version .+ sha256 [0-9a-f]{64}", sound.stdout)
    broken = standin / "broken.yaml"
    text = (standin / "policy.yaml").read_text(encoding="utf-8")
    broken.write_text(
        text.replace("semantics:", "semantix:").replace("calendar:", "calender:"), encoding="utf-8"
    )
    result = salesops("check", broken)
    assert result.exit_code == 1
    assert len(re.findall(r"broken\.yaml:\d+:\d+", result.stderr)) >= 2
    assert "semantics" in result.stderr
    assert "calendar" in result.stderr
    assert salesops("check", standin / "nowhere.yaml").exit_code == 1


def test_check_without_a_policy_file_says_so(tmp_path):
    result = salesops("-w", tmp_path, "check")
    assert result.exit_code == 1
    assert "does not exist" in result.stderr


def test_our_mistakes_keep_their_traceback(standin, monkeypatch):
    def broken(root):
        raise ZeroDivisionError("planted")

    from salesops_lib import runs

    monkeypatch.setattr(runs, "status", broken, raising=False)
    result = salesops("-w", standin, "status")
    assert result.exit_code == 1
    assert "ZeroDivisionError: planted" in result.stderr
    assert "our mistake" in result.stderr


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_interrupted_is_status_130(standin, monkeypatch, stop):
    from salesops_lib import runs

    def interrupted(root):
        raise stop

    monkeypatch.setattr(runs, "status", interrupted, raising=False)
    result = salesops("-w", standin, "status")
    assert result.exit_code == 130
    assert "Interrupted" in result.stderr


def test_lab_opens_on_loopback_with_the_workspace_set(standin, monkeypatch):
    seen = []
    monkeypatch.setenv("SALESOPS_WORKSPACE", "")
    monkeypatch.setattr(
        os, "execv", lambda path, args: seen.append((path, args, os.environ["SALESOPS_WORKSPACE"]))
    )
    assert salesops("-w", standin, "lab").exit_code == 0
    ((path, args, workspace),) = seen
    assert path == sys.executable
    assert args[1:3] == ["-m", "jupyterlab"]
    assert "--ServerApp.ip=127.0.0.1" in args
    assert f"--ServerApp.root_dir={standin / 'notebooks'}" in args
    assert not any("token" in arg for arg in args)
    assert workspace == str(standin)


def test_questions_are_put_with_their_default():
    question = SimpleNamespace(
        kind="date_order",
        source="a.csv",
        subject="date order",
        options=("dmy", "mdy"),
        default="dmy",
        values=("01/02/2026",),
    )

    @click.command()
    def ask():
        click.echo("answer " + data.ask(question))

    result = CliRunner().invoke(ask, input="\n")
    assert "are dates like 01/02/2026 day first" in result.output
    assert result.output.endswith("answer dmy\n")
    assert CliRunner().invoke(ask, input="mdy\n").output.endswith("answer mdy\n")


def test_an_optional_question_takes_an_empty_answer():
    question = SimpleNamespace(
        kind="column",
        source="a.csv",
        subject="orders.ordered_on",
        options=("when", ""),
        default="",
        values=("x",),
    )

    @click.command()
    def ask():
        click.echo(repr(data.ask(question)))

    assert CliRunner().invoke(ask, input="\n").output.endswith("''\n")


def test_own_workspace_is_fresh_or_that_of_the_same_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "orders.2026.csv"
    assert start.own_workspace([file]) == tmp_path / "salesops-orders"
    (tmp_path / "salesops-orders").mkdir()
    assert start.own_workspace([file]) == tmp_path / "salesops-orders"
    (tmp_path / "salesops-orders" / "note.txt").write_text("mine")
    with pytest.raises(DataError, match="exists already"):
        start.own_workspace([file])


def test_terminals_get_a_line_a_report(monkeypatch):
    from rich.console import Console

    screen = Console(force_terminal=True, width=80, record=True)
    monkeypatch.setattr(show, "console", lambda: screen)
    with show.progress() as watch:
        watch(Result("10_first", "2026-03", "en", "begun"))
        watch(Result("10_first", "2026-03", "en", "published", seconds=1.25, attempts=2))
    assert "published  2026-03 10_first (en)  1.2 s, attempt 2" in screen.export_text()


def test_each_event_is_one_line_of_json(capsys):
    evil = 'a"\n{"event": "published"}\x1b[2J\u2028'
    with show.progress("json") as watch:
        watch(Result("10_first", "2026-03", "en", "begun"))
        watch(Result("10_first", "2026-03", "en", "failed", cause="error", message=evil))
    said = capsys.readouterr()
    begun, failed = map(json.loads, said.err.splitlines())
    assert (begun["event"], failed["event"], failed["message"]) == ("begun", "failed", evil)
    assert said.out == ""
    assert said.err.isprintable() or "\n" in said.err
    assert "\x1b" not in said.err


def test_periods_are_named_in_one_way(standin):
    for options, words in {
        ("--period", "2026-01", "--missed"): "Give one of",
        ("--from", "2026-01"): "belong together",
    }.items():
        result = salesops("-w", standin, "run", *options)
        assert result.exit_code == 2
        assert words in result.stderr
    crossed = salesops("-w", standin, "run", "--from", "2026-03", "--to", "2026-01")
    assert crossed.exit_code == 1
    assert "is before --from" in crossed.stderr
    mixed = salesops("-w", standin, "run", "--from", "2026-03", "--to", "2026")
    assert mixed.exit_code == 1
    assert "one kind" in mixed.stderr


def test_missed_periods_are_caught_up(standin, warm):
    assert salesops("-w", standin, "run", "10", "--period", "2025-12").exit_code == 0
    result = salesops("-w", standin, "run", "10", "--missed", "--log", "json", "--jobs", "1")
    assert result.exit_code == 0, result.output
    done = [json.loads(line) for line in result.stderr.splitlines()]
    assert [e["period"] for e in done if e["event"] == "published"] == ["2026-01", "2026-02", "2026-03"]
    again = salesops("-w", standin, "run", "10", "--from", "2025-12", "--to", "2026-03")
    assert again.stdout.count("up-to-date") == 4
    assert "No complete month is missing" in salesops("-w", standin, "run", "10", "--missed").stdout


def test_workspace_or_here_prefers_what_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SALESOPS_WORKSPACE", raising=False)
    with main.make_context("salesops", ["status"]):
        assert app.workspace_or_here("") == tmp_path
        assert app.workspace_or_here("x") == tmp_path / "x"
    monkeypatch.setenv("SALESOPS_WORKSPACE", str(tmp_path / "nowhere"))
    with main.make_context("salesops", ["status"]), pytest.raises(DataError, match="not a directory"):
        app.workspace_or_here("")


def test_pairs_keep_everything_after_the_first_equals_sign():
    assert reports._pairs(None, None, ("a=b=c", "d=")) == {"a": "b=c", "d": ""}
