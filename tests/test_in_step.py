"""What is said in several places says the same: dependencies, locks, commands, layers, package."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
LOCKS = {
    "run": ROOT / "requirements.lock",
    "dev": ROOT / "requirements-dev.lock",
    "spark": ROOT / "requirements-spark.lock",
}
EACH = pytest.mark.parametrize("which", LOCKS)


def required(*extras: str) -> list[Requirement]:
    """What pyproject asks for, with its own extras resolved."""
    found = [Requirement(text) for text in PROJECT["dependencies"]]
    waiting = list(extras)
    while waiting:
        for text in PROJECT["optional-dependencies"][waiting.pop()]:
            requirement = Requirement(text)
            if requirement.name == PROJECT["name"]:
                waiting += requirement.extras
            else:
                found.append(requirement)
    return found


WANTED = {
    "run": required("build"),
    "dev": required("dev"),
    "spark": [requirement for requirement in required("spark") if requirement.name == "pyspark"],
}


def entries(path: Path) -> list[tuple[Requirement, list[str]]]:
    """Each pin of a lock with its hashes."""
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    whole = "\n".join(lines).replace("\\\n", " ")
    parsed = []
    for line in filter(None, map(str.strip, whole.splitlines())):
        pin, *hashes = re.split(r"\s+--hash=", line)
        parsed.append((Requirement(pin.strip()), [entry.strip() for entry in hashes]))
    return parsed


def pins(path: Path) -> dict[str, set[str]]:
    """Versions of each package; more than one where markers tell them apart."""
    found: dict[str, set[str]] = {}
    for requirement, _ in entries(path):
        found.setdefault(canonicalize_name(requirement.name), set()).add(str(requirement.specifier))
    return found


# --- dependencies ------------------------------------------------------------------------------


@EACH
def test_every_requirement_is_pinned_at_a_version_it_admits(which: str) -> None:
    locked = pins(LOCKS[which])
    for requirement in WANTED[which]:
        versions = locked.get(canonicalize_name(requirement.name), set())
        assert versions, f"{requirement} is not in {LOCKS[which].name}: run `make lock`"
        for version in versions:
            assert requirement.specifier.contains(version.removeprefix("=="), prereleases=True), (
                requirement,
                version,
            )


@EACH
def test_every_line_is_one_exact_version_with_hashes(which: str) -> None:
    for requirement, hashes in entries(LOCKS[which]):
        assert re.fullmatch(r"==[^,*]+", str(requirement.specifier)), requirement
        assert requirement.url is None
        assert hashes, requirement
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", entry) for entry in hashes), requirement


@EACH
def test_locks_name_no_host_and_no_index(which: str) -> None:
    text = LOCKS[which].read_text("utf-8")
    assert not re.search(
        r"://|--(?:extra-)?index-url|--find-links|--trusted-host|--no-index|^-[ife]\b", text, flags=re.M
    )


def test_the_test_tools_come_on_top_of_what_runs() -> None:
    run, dev = pins(LOCKS["run"]), pins(LOCKS["dev"])
    assert {name: dev.get(name) for name in run} == run
    assert set(dev) - set(run)


def test_what_is_installed_here_is_what_is_locked() -> None:
    from importlib.metadata import version

    for requirement in WANTED["run"]:
        assert f"=={version(requirement.name)}" in pins(LOCKS["run"])[canonicalize_name(requirement.name)]


def test_conda_gets_the_same_environment() -> None:
    from ruamel.yaml import YAML

    told = YAML(typ="safe").load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, lock = told["dependencies"]
    assert (told["name"], pip, lock) == (PROJECT["name"], "pip", {"pip": ["-r requirements.lock"]})
    said = SpecifierSet(python.removeprefix("python"))
    least = SpecifierSet(PROJECT["requires-python"])
    minors = [f"3.{minor}" for minor in range(8, 20) if said.contains(f"3.{minor}")]
    assert minors[0] == str(least).removeprefix(">=")
    assert all(least.contains(minor) for minor in minors)


def test_bootstrap_asks_for_the_same_python() -> None:
    least = PROJECT["requires-python"].removeprefix(">=")
    text = (ROOT / "bootstrap.py").read_text("utf-8")
    assert f"sys.version_info < ({least.replace('.', ', ')})" in text
    assert f"Python {least}" in text


# --- commands ----------------------------------------------------------------------------------

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def commands(pattern: str) -> list[str]:
    """What `pattern` finds in code of README and CONTRIBUTING, comments left out."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8")
        blocks = re.findall(r"^```\w*\n(.*?)^```", text, flags=re.M | re.S)
        inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
        code = [line.split("#")[0] for block in blocks for line in block.splitlines()] + inline
        found += [match for line in code for match in re.findall(pattern, line.strip())]
    return found


def test_make_targets_that_are_named_exist() -> None:
    known = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), flags=re.M))
    phony = set(re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text("utf-8"), flags=re.M)[1].split())
    named = set(commands(r"^make ([a-z]+)"))
    assert {"demo", "test", "lab"} <= named
    assert named <= known == phony


def test_salesops_commands_and_options_that_are_named_exist() -> None:
    from salesops_lib.cli import main

    named = commands(r"^(?:python3 bootstrap\.py )?salesops ([a-z]+)(.*)$")
    assert {"demo", "report", "add", "load", "check", "run", "status", "lab"} <= {
        command for command, _ in named
    }
    for command, rest in named:
        known = main.commands[command]
        options = {
            text for parameter in known.params for text in (*parameter.opts, *parameter.secondary_opts)
        }
        assert set(re.findall(r"(?<!\S)--?[a-z][\w-]*", rest)) <= options, (command, rest)


def test_bootstrap_commands_that_are_named_are_those_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    variables = dict(re.findall(r"^([A-Z]+) \??= (.+)$", makefile, flags=re.M))
    recipes = re.findall(r"^\t@?(.+)$", makefile, flags=re.M)
    while any("$(" in recipe for recipe in recipes):
        recipes = [re.sub(r"\$\((\w+)\)", lambda m: variables[m[1]], recipe) for recipe in recipes]
    named = commands(r"^python3 bootstrap\.py .+$")
    assert named
    for command in named:
        assert any(command.startswith(recipe) for recipe in recipes), command


def test_files_that_are_linked_exist() -> None:
    for page in PAGES:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name} links {link}"


def test_ci_runs_the_command_that_readme_names() -> None:
    assert "\nmake test" in (ROOT / ".ci" / "run").read_text("utf-8")


# --- the house ---------------------------------------------------------------------------------


def test_imports_point_down(monkeypatch: pytest.MonkeyPatch) -> None:
    from importlinter.cli import lint_imports

    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == 0


def test_importing_the_library_imports_nothing_heavy() -> None:
    code = "import json, sys, salesops_lib; print(json.dumps(sorted(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {
        "pandas",
        "numpy",
        "duckdb",
        "pyarrow",
        "matplotlib",
        "sklearn",
        "prophet",
        "pydantic",
        "papermill",
        "click",
        "rich",
    }
    assert not heavy & set(json.loads(run.stdout))


def test_the_wheel_holds_every_file_of_the_package(tmp_path: Path) -> None:
    """Messages, stylesheets, templates and the default policy travel with the code."""
    from flit_core.wheel import make_wheel_in

    wheel = make_wheel_in(ROOT / "pyproject.toml", tmp_path).file
    with zipfile.ZipFile(wheel) as archive:
        held = set(archive.namelist())
    package = ROOT / "salesops_lib"
    files = [f for f in package.rglob("*") if f.is_file() and "__pycache__" not in f.parts]
    assert {f.relative_to(ROOT).as_posix() for f in files} <= held
    assert {".toml", ".css", ".yaml", ".py"} <= {f.suffix for f in files}


def test_a_workspace_of_its_own_finds_the_suites_notebooks(tmp_path: Path) -> None:
    from salesops_lib.reporting import catalogue
    from salesops_lib.runs.notebooks import discover

    found = [path.stem for path in discover(tmp_path)]
    assert found == sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
    for stem in found:
        assert all(catalogue.find(f"report.{stem}", lang) for lang in ("en", "zh"))
