"""Only the approved policy runs where that is asked for (FAULTS.md S53)."""

import subprocess

import pytest
from click.testing import CliRunner

from salesops_lib import chain, runs
from salesops_lib import policy as policies
from salesops_lib.cli import main
from salesops_lib.errors import PolicyError
from salesops_lib.runs import approvals, publish


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    monkeypatch.delenv(chain.KEY, raising=False)


def salesops(root, *words):
    return CliRunner().invoke(main, ["-w", str(root), *words])


def change(root, version=""):
    file = root / "policy.yaml"
    text = file.read_text("utf-8") + "report: {top_n: 7}\n"
    if version:
        text = text.replace(f"version: {policies.load(file).version}", f"version: {version}", 1)
    file.write_text(text, "utf-8")
    return file


@pytest.fixture
def approved(standin):
    assert salesops(standin, "check", "--approve", "--as", "Li Wei").exit_code == 0
    return standin


def test_the_record_says_who_when_and_what(approved):
    (line,) = chain.read(approved / "policy.approvals")
    known = policies.load(approved / "policy.yaml")
    assert (line.entry["by"], line.entry["version"], line.entry["sha256"]) == ("Li Wei", str(known.version), known.sha256)  # fmt: skip
    assert line.entry["at"].endswith("+00:00")
    assert "It is the approved policy." in salesops(approved, "check").stdout


def test_the_approved_policy_runs(approved, warm):
    assert salesops(approved, "run", "10", "--approved").exit_code == 0
    (entry,) = publish.manifest(approved / "reports")
    assert entry["policy"]["sha256"] == policies.load(approved / "policy.yaml").sha256


@pytest.mark.parametrize("words", [(), ("--missed",), ("--period", "2026-02")])
def test_another_policy_is_refused_and_nothing_is_run(approved, words):
    change(approved)
    result = salesops(approved, "run", "--approved", *words)
    assert result.exit_code == 1
    assert "is not the approved policy" in result.stderr
    assert "Li Wei" in result.stderr
    assert not (approved / "reports").exists()
    assert "is not the approved policy" in salesops(approved, "check").stdout
    with pytest.raises(PolicyError, match="is not the approved policy"):
        runs.run(approved, ["10"], approved=True)


def test_a_policy_nobody_approved_is_refused(standin):
    result = salesops(standin, "run", "--approved")
    assert (result.exit_code, "was never approved" in result.stderr) == (1, True)


def test_one_version_has_one_content(approved):
    change(approved)
    result = salesops(approved, "check", "--approve", "--as", "Wang Fang")
    assert result.exit_code == 1
    assert "with other contents.\nGive the policy a new version" in result.stderr
    assert len(list(chain.read(approved / "policy.approvals"))) == 1


def test_a_new_version_is_approved_and_the_old_one_no_longer_runs(approved):
    before = (approved / "policy.yaml").read_bytes()
    file = change(approved, version="9.0.0")
    assert salesops(approved, "check", "--approve", "--as", "Wang Fang").exit_code == 0
    assert approvals.standing(file, policies.load(file).sha256) == ""
    file.write_bytes(before)
    assert "version 9.0.0" in approvals.standing(file, policies.load(file).sha256)


def test_a_policy_with_faults_is_not_approved(standin):
    (standin / "policy.yaml").write_text("version: 1\nnonsense: 2\n")
    assert salesops(standin, "check", "--approve", "--as", "Li Wei").exit_code == 1
    assert not approvals.exist(standin)


def test_a_record_that_was_changed_is_refused(approved):
    path = approved / "policy.approvals"
    path.write_text(path.read_text().replace("Li Wei", "Li Bai"))
    result = salesops(approved, "run", "--approved")
    assert result.exit_code == 1
    assert "policy.approvals: line 1 is torn or was changed" in result.stderr


def test_with_a_key_only_signed_approvals_count(approved, monkeypatch):
    file = approved / "policy.yaml"
    sha256 = policies.load(file).sha256
    monkeypatch.setenv(chain.KEY, "secret")
    assert "is not signed" in approvals.standing(file, sha256)
    assert salesops(approved, "check", "--approve", "--as", "Li Wei").exit_code == 0
    assert approvals.standing(file, sha256) == ""
    assert "secret" not in (approved / "policy.approvals").read_text()
    monkeypatch.setenv(chain.KEY, "another")
    with pytest.raises(PolicyError, match="line 2 is not signed with the key"):
        approvals.standing(file, sha256)


def test_scheduled_lines_ask_for_the_approved_policy_where_there_is_one(standin):
    assert "--approved" not in salesops(standin, "schedule").stdout
    salesops(standin, "check", "--approve", "--as", "Li Wei")
    for scheduler in ("cron", "systemd", "github", "airflow"):
        assert " --missed --approved " in salesops(standin, "schedule", scheduler).stdout


def test_git_keeps_the_record():
    asked = subprocess.run(["git", "check-ignore", "-q", approvals.FILE], check=False)
    if asked.returncode == 128:
        pytest.skip("not in a git repository")
    assert asked.returncode == 1


def test_as_without_approve_is_wrong_usage(standin):
    assert salesops(standin, "check", "--as", "x").exit_code == 2
