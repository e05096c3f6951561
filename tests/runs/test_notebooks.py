import pytest
from standin import PARAMETERS, write_notebook

from salesops_lib.errors import RunError
from salesops_lib.runs.notebooks import checked, discover, find, parameters, regular


def test_discovers_notebooks_of_the_workspace_by_name(standin):
    assert [path.stem for path in discover(standin)] == ["10_first", "20_second"]


def test_finds_stem_file_name_number_and_rest_of_name(standin):
    for name in ("10_first", "10_first.ipynb", "notebooks/10_first.ipynb", "10", "first"):
        assert [path.stem for path in find(standin, [name])] == ["10_first"]


def test_same_notebook_is_found_once(standin):
    assert len(find(standin, ["10", "first", "20"])) == 2


def test_unknown_notebook_names_the_nearest(standin):
    with pytest.raises(RunError, match="did you mean '10_first'"):
        find(standin, ["10_frist"])


def test_parameters_are_read_without_executing(standin, tmp_path):
    found = parameters(standin / "notebooks" / "10_first.ipynb")
    assert {name: p.type for name, p in found.items() if name in ("level", "top")} == {
        "level": str,
        "top": int,
    }
    trap = write_notebook(tmp_path / "a.ipynb", parameters=PARAMETERS + "\nx: str = open('/tmp/never', 'w')")
    with pytest.raises(RunError, match="literals only"):
        parameters(trap)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('period: str = ""', "lacks lang, workspace, output"),
        (PARAMETERS + "\nimport os", "line 7 is more than"),
        (PARAMETERS + "\nwhen: date = None", "when is of type date"),
        ("period: str = ", "literals only"),
    ],
)
def test_malformed_parameter_cells_are_refused(tmp_path, source, words):
    with pytest.raises(RunError, match=words):
        parameters(write_notebook(tmp_path / "a.ipynb", parameters=source))


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    path = tmp_path / "a.ipynb"
    path.write_text("{}")
    with pytest.raises(RunError, match="cannot be read as a notebook"):
        parameters(path)
    path.write_text('{"cells": []}')
    with pytest.raises(RunError, match="no cell tagged"):
        parameters(path)


def test_values_take_the_declared_type(standin, tmp_path):
    notebook = standin / "notebooks" / "10_first.ipynb"
    assert checked(notebook, {"top": "5", "level": "007"}) == {"top": 5, "level": "007"}
    other = write_notebook(
        tmp_path / "a.ipynb", parameters=PARAMETERS + "\nshare: float = 0.5\nfull: bool = False\nname = 'x'"
    )
    given = {"share": "0.25", "full": "TRUE", "name": "y"}
    assert checked(other, given) == {"share": 0.25, "full": True, "name": "y"}
    assert checked(other, {"share": 1}) == {"share": 1.0}


@pytest.mark.parametrize("value", ["five", "1.5", "1_000", "００７", 1.5, True, None])
def test_values_of_another_type_are_refused(standin, value):
    with pytest.raises(RunError, match="top must be a whole number"):
        checked(standin / "notebooks" / "10_first.ipynb", {"top": value})


def test_infinite_numbers_are_refused(tmp_path):
    notebook = write_notebook(tmp_path / "a.ipynb", parameters=PARAMETERS + "\nshare: float = 0.5")
    for value in ("nan", "inf"):
        with pytest.raises(RunError, match="must be a number"):
            checked(notebook, {"share": value})


def test_unknown_and_reserved_names_are_refused(standin):
    notebook = standin / "notebooks" / "10_first.ipynb"
    with pytest.raises(RunError, match="did you mean 'level'"):
        checked(notebook, {"levle": "rep"})
    with pytest.raises(RunError, match="use --period"):
        checked(notebook, {"period": "2026-01"})
    with pytest.raises(RunError, match="no parameter 'x=1;print\\(1\\);y'"):
        checked(notebook, {"x=1;print(1);y": "1"})


def test_what_is_on_request_runs_only_when_it_is_named(standin):
    path = standin / "notebooks" / "20_second.ipynb"
    path.write_text(path.read_text("utf-8").replace('"parameters"', '"parameters", "on-request"', 1), "utf-8")
    assert [path.stem for path in regular(standin)] == ["10_first"]
    assert find(standin, ["20"]) == [path]
