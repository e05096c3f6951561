"""What a notebook may hold: the limits of the style guide, cell by cell."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from pathlib import Path

import nbformat
import pytest

from salesops_lib.reporting import catalogue

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
DIGEST_TAGS = {"nbval-check-output", "keep_output"}
MOST_CODE_CELLS, MOST_CODE_LINES = 12, 60
#: Calls that read files or join tables: both belong to the library.
FORBIDDEN_CALLS = re.compile(
    r"open|read(_\w+|lines?)?|read_text|read_bytes|load|loadtxt|merge|join|query|sql|execute|connect"
)
#: Parameters beside those that every run gives.
OWN_PARAMETERS = {"33_policy_replay": ["against", "changes", "since"], "37_customer_onepager": ["customer"]}
CHINESE = re.compile(r"[\u4e00-\u9fff]")

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def cells_of(path: Path, kind: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == kind]


def tags(cell: nbformat.NotebookNode) -> set[str]:
    return set(cell.metadata.get("tags", ()))


def tree_of(path: Path) -> ast.Module:
    return ast.parse("\n".join(cell.source for cell in cells_of(path, "code")))


def test_there_are_notebooks() -> None:
    assert [path.stem for path in NOTEBOOKS] == [
        "01_data_quality",
        "10_performance_review",
        "11_target_attainment",
        "12_team",
        "13_pipeline",
        "14_customers",
        "20_market_review",
        "21_forecast",
        "22_segments",
        "23_customer_value",
        "30_target_setting",
        "31_incentive_statement",
        "32_incentive_design",
        "33_policy_replay",
        "36_rep_onepager",
        "37_customer_onepager",
    ]


@every_notebook
def test_size(path: Path) -> None:
    code = cells_of(path, "code")
    lines = [line for cell in code for line in cell.source.splitlines() if line.strip()]
    assert len(code) <= MOST_CODE_CELLS
    assert len(lines) <= MOST_CODE_LINES


@every_notebook
def test_no_logic(path: Path) -> None:
    logic = (
        ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda, ast.For, ast.While, ast.If, ast.Try,
        ast.comprehension,
    )  # fmt: skip
    found = [
        f"line {node.lineno}: {type(node).__name__}"
        for node in ast.walk(tree_of(path))
        if isinstance(node, logic) and hasattr(node, "lineno")
    ]
    assert found == []


@every_notebook
def test_no_reading_and_no_joining(path: Path) -> None:
    calls = [node.func for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
    names = [call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "") for call in calls]
    assert [name for name in names if FORBIDDEN_CALLS.fullmatch(name)] == []


@every_notebook
def test_imports_are_of_the_library_alone(path: Path) -> None:
    imported = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = [
        node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
        for node in imported
        for alias in node.names
    ]
    assert modules
    assert {module.split(".")[0] for module in modules} == {"salesops_lib"}


@every_notebook
def test_parameters_come_first_each_with_type_value_and_comment(path: Path) -> None:
    first, second, *rest = cells_of(path, "code")
    assert tags(first) - {
        "on-request",
        "statements",
        "peers",
        "forecasts",
        "targets",
        "clusters",
        "one-customer",
    } == {"parameters"}
    assert tags(second) == {"setup"}
    assert not any(tags(cell) & {"parameters", "setup"} for cell in rest)
    statements = ast.parse(first.source).body
    for statement in statements:
        assert isinstance(statement, ast.AnnAssign), ast.unparse(statement)
        assert ast.unparse(statement.annotation) in {"str", "int", "float", "bool", "list", "dict"}
        assert type(ast.literal_eval(statement.value)).__name__ == ast.unparse(statement.annotation)
    comments = {
        token.start[0]
        for token in tokenize.generate_tokens(io.StringIO(first.source).readline)
        if token.type == tokenize.COMMENT and len(token.string) > 5
    }
    assert comments == {statement.lineno for statement in statements}


@every_notebook
def test_every_parameter_is_one_that_runs_give(path: Path) -> None:
    names = [s.target.id for s in ast.parse(cells_of(path, "code")[0].source).body]
    assert names == ["period", "lang", "workspace", "output", *OWN_PARAMETERS.get(path.stem, [])]


@every_notebook
def test_only_the_digest_keeps_its_output(path: Path) -> None:
    *others, last = cells_of(path, "code")
    assert tags(last) == DIGEST_TAGS
    assert last.source == "page.digest()"
    assert [output.output_type for output in last.outputs] == ["execute_result"]
    assert [cell.id for cell in others if cell.outputs or tags(cell) & DIGEST_TAGS] == []


@every_notebook
def test_counts_are_those_of_one_run_from_top_to_bottom(path: Path) -> None:
    code = cells_of(path, "code")
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert code[-1].outputs[0].execution_count == len(code)


@every_notebook
def test_opens_with_title_question_reader_and_cycle(path: Path) -> None:
    first = nbformat.read(path, as_version=4).cells[0]
    assert first.cell_type == "markdown"
    title, blank, *lines = first.source.splitlines()
    assert title.startswith("# ")
    assert blank == ""
    text = " ".join(lines)
    assert "?" in text
    assert "Reader: " in text
    assert "Cycle: " in text


@every_notebook
def test_headings_are_bilingual(path: Path) -> None:
    headings = [
        line
        for cell in cells_of(path, "markdown")
        for line in cell.source.splitlines()
        if line.startswith("#")
    ]
    assert len(headings) >= 4
    for heading in headings:
        english, dot, chinese = heading.partition(" · ")
        assert dot, heading
        assert not CHINESE.search(english), heading
        assert CHINESE.search(chinese), heading


@every_notebook
def test_stem_and_title_are_the_catalogues(path: Path) -> None:
    titles = [catalogue.find(f"report.{path.stem}", lang) for lang in ("en", "zh")]
    heading = nbformat.read(path, as_version=4).cells[0].source.splitlines()[0]
    assert heading == f"# {titles[0]} · {titles[1]}"
    assert f'Page(ws, "{path.stem}"' in "".join(cell.source for cell in cells_of(path, "code"))


@every_notebook
def test_cells_have_ids_of_their_own(path: Path) -> None:
    ids = [cell.id for cell in nbformat.read(path, as_version=4).cells]
    assert len(set(ids)) == len(ids)
    assert all(identity.startswith(path.stem.split("_")[0]) for identity in ids)


@every_notebook
def test_metadata_names_the_language_and_nothing_of_a_machine(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
