"""Parameters from outside: typed by the notebook's own cell, refused before a kernel starts (FAULTS.md S27-S37)."""

from __future__ import annotations

import json
import time
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.cli import main
from salesops_lib.errors import SalesopsError
from salesops_lib.policy import load as load_policy
from salesops_lib.runs.notebooks import checked

TELL = """
from pathlib import Path
Path(output, "told.txt").write_bytes((level + "\\0" + type(top).__name__ + str(top)).encode("utf-8", "surrogatepass"))"""
EXECUTED = "from pathlib import Path; Path('executed').touch()"


def everything(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*"))


@pytest.fixture
def first(standin):
    return standin / "notebooks" / "10_first.ipynb"


def test_s27_a_text_arrives_equal_and_runs_nothing(standin, warm):
    write_notebook(standin / "notebooks" / "10_first.ipynb", TELL, SHOW)
    text = (
        "a'b\"c\\d\\n\n'''x\"\"\"\u2028\u2029{level}{{top}} %s $HOME `id` ${x} \t é 华东 \U0001f600 "
        "'+__import__('os').system('touch executed')+'"
    )
    (result,) = runs.run(standin, ["10"], lang="en", parameters={"level": text, "top": 7})
    assert result.status == "published", result.message
    told = (result.run_folder / "output" / "told.txt").read_bytes().decode()
    assert told == f"{text}\0int7"
    assert not list(standin.rglob("executed"))


@pytest.mark.parametrize(
    "name",
    [
        "x=1;print(1);y",
        f"top=1\n{EXECUTED}\nx",
        "print",
        "pd",
        "__import__",
        "Top",
        "tоp",
        "",
        " top",
        "top ",
        "levle",
    ],
)
def test_s28_s29_s30_names_that_are_not_declared_are_refused_before_the_start(standin, name):
    """Code, builtins, homoglyphs, misspellings: one rule, the names of the parameters cell."""
    with pytest.raises(SalesopsError, match="has no parameter"):
        runs.run(standin, ["10"], parameters={name: "1"})
    said = CliRunner().invoke(main, ["-w", str(standin), "run", "10", "-p", f"{name}=1"])
    assert said.exit_code == 1
    assert "Traceback" not in said.output
    assert not (standin / "reports" / ".runs").exists()
    assert not list(standin.rglob("executed"))


@pytest.mark.parametrize("name", ["period", "lang", "workspace", "output"])
def test_s29_what_the_runner_fills_is_not_set_from_outside(standin, name):
    with pytest.raises(SalesopsError, match="is not set with -p"):
        runs.run(standin, ["10"], parameters={name: "/etc"})


@pytest.mark.parametrize(
    "text", ["007", "1_000", "1e5", "NaN", "None", "inf", "００７", "true", "NO", "0123", "12:30:45"]
)
def test_s31_s32_text_stays_text(first, text):
    """The command line and YAML's guesses alike: a parameter declared as text is never read as anything else."""
    assert checked(first, {"level": text}) == {"level": text}


@pytest.mark.parametrize(
    "text", ["1_000", "1e5", "NaN", "None", "inf", "００７", "true", "", "3.0", "0x10", "9" * 5000]
)
def test_s31_what_is_no_whole_number_is_refused(first, text):
    with pytest.raises(SalesopsError, match="top must be a whole number"):
        checked(first, {"top": text})


@pytest.mark.parametrize(
    "value", [Decimal(3), date(2026, 1, 1), Path("x"), None, [1], {"a": 1}, True, float("nan"), b"3"]
)
def test_s37_values_of_other_types_are_refused_clearly(first, value):
    with pytest.raises(SalesopsError, match="top must be a whole number"):
        checked(first, {"top": value})


PERIODS = (
    "../../x", "../2026-03", "2026-03/../../x", "/etc/passwd", "2026-03\0", "\0", "CON", "NUL", "2026-03.", "2026-03 .",
    "%2e%2e%2f", "..%c0%af", "2026-03\u2215x", "．．／x", "2" * 300, "{pm.__class__}", "{0.__class__}", "~",
    "２０２６-０３", "2026-13", "2026-00", "9999-12", "0000-01", "-1", "2026-03;ls", "$(touch executed)", "2026-03\u202e",
)  # fmt: skip


@pytest.mark.parametrize("period", PERIODS, ids=ascii)
def test_s33_s34_s35_a_period_that_is_none_writes_nothing_anywhere(standin, period):
    before = everything(standin.parent)
    with pytest.raises(SalesopsError):
        runs.run(standin, ["10"], period=period)
    said = CliRunner().invoke(main, ["-w", str(standin), "run", "10", "--period", period])
    assert said.exit_code == 1
    assert "Traceback" not in said.output
    assert everything(standin.parent) == before


@pytest.mark.parametrize("lang", ["../x", "en\0", "{pm}", "en,../x", "EN", "e" * 300, "en,en;", "en zh"])
def test_s34_a_language_that_is_none_writes_nothing(standin, lang):
    before = everything(standin.parent)
    with pytest.raises(SalesopsError):
        runs.run(standin, ["10"], lang=lang)
    assert everything(standin.parent) == before


@pytest.mark.parametrize(
    "name", ["../10_first", "/etc/passwd", "10_first\0", "{pm}", "..", "*", "n" * 300, "10_first.py"]
)
def test_s33_a_notebook_is_one_of_the_workspaces(standin, name):
    with pytest.raises(SalesopsError, match="is not in"):
        runs.run(standin, [name])


def test_s35_braces_in_the_workspaces_path_are_only_a_name(tmp_path, warm):
    from standin import write_facts

    root = tmp_path / "{pm.__class__} %s $HOME"
    write_facts(root)
    write_notebook(root / "notebooks" / "10_first.ipynb", SHOW)
    (result,) = runs.run(root, ["10"], lang="en")
    assert result.status == "published", result.message
    assert [path.name for path in tmp_path.iterdir()] == [root.name]


def test_s36_tags_and_bombs_in_the_policy_are_refused_at_once(tmp_path):
    bombs = {
        "tag": "company: !!python/object/apply:os.system ['touch executed']\n",
        "bomb": "".join(
            f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" if n else "a0: &a0 [x]\n" for n in range(9)
        ),
    }
    for name, text in bombs.items():
        (tmp_path / f"{name}.yaml").write_text(text)
        began = time.process_time()
        with pytest.raises(SalesopsError):
            load_policy(tmp_path / f"{name}.yaml")
        print(f"{name}: {time.process_time() - began:.2f} s")
    assert not list(tmp_path.glob("executed"))


def test_s33_s52_a_unit_of_another_kind_is_no_parameter(standin):
    with pytest.raises(SalesopsError):
        runs.run(standin, ["10"], by="../x")
    with pytest.raises(SalesopsError, match="has no parameter"):
        runs.run(standin, ["10"], parameters={"region": "South"})


def test_s30_the_manifest_says_with_which_parameters_a_page_was_made(standin, warm):
    runs.run(standin, ["10"], lang="en", parameters={"level": "rep'<script>", "top": "5"})
    (entry,) = json.loads((standin / "reports" / "manifest.json").read_text("utf-8"))["reports"]
    assert entry["parameters"] == {"level": "rep'<script>", "top": 5}
