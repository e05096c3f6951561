"""The notebooks of a workspace, and the parameters that each declares."""

from __future__ import annotations

import ast
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from salesops_lib.errors import RunError, nearest

Value = str | int | float | bool

#: Parameters that the runner fills itself.
RESERVED = ("period", "lang", "workspace", "output")


@dataclass(frozen=True)
class Parameter:
    """A literal of the parameters cell: its name, its type and its default."""

    name: str
    type: type
    default: Value | None


def folder(root: Path) -> Path:
    """Where the notebooks of the workspace `root` are: its own folder, else the suite's.

    Raises
    ------
    RunError
        If there is neither.
    """
    import salesops_lib

    own, suite = root / "notebooks", Path(salesops_lib.__file__).parent.parent / "notebooks"
    for place in (own, suite):
        if place.is_dir():
            return place
    raise RunError(f"There are no notebooks in {own} nor in {suite}.\nRun from a clone of the suite.")


def discover(root: Path | str) -> list[Path]:
    """All notebooks of the workspace `root`, by name."""
    return sorted(path for path in folder(Path(root)).glob("*.ipynb") if not path.name.startswith("."))


def regular(root: Path | str) -> list[Path]:
    """The notebooks that are run when none is named: all but those whose first code cell is tagged `on-request`."""
    return [path for path in discover(root) if not is_on_request(path)]


def is_on_request(notebook: Path) -> bool:
    """Whether its first code cell is tagged `on-request`."""
    return '"on-request"' in notebook.read_text("utf-8", errors="replace")


def reads_statements(notebook: Path) -> bool:
    """Whether its first code cell is tagged `statements`: by person it is made for all who are paid, of their statements."""
    return '"statements"' in notebook.read_text("utf-8", errors="replace")


def reads_peers(notebook: Path) -> bool:
    """Whether its first code cell is tagged `peers`: by person it reads quartiles of colleagues and the own statement."""
    return '"peers"' in notebook.read_text("utf-8", errors="replace")


def reads_forecasts(notebook: Path) -> bool:
    """Whether its first code cell is tagged `forecasts`: it holds what was forecast before against what came."""
    return '"forecasts"' in notebook.read_text("utf-8", errors="replace")


def reads_clusters(notebook: Path) -> bool:
    """Whether its first code cell is tagged `clusters`: it assigns customers to groups that were found before."""
    return '"clusters"' in notebook.read_text("utf-8", errors="replace")


def is_of_customer(notebook: Path) -> bool:
    """Whether its first code cell is tagged `one-customer`: it is made for one, named by its parameter `customer`."""
    return '"one-customer"' in notebook.read_text("utf-8", errors="replace")


def find(root: Path | str, names: Sequence[str]) -> list[Path]:
    """The notebooks called `names`, in that order: stems, file names, paths or bare numbers (`10`).

    Raises
    ------
    RunError
        If a name is unknown or a number stands for several notebooks.
    """
    known = {path.stem: path for path in discover(root)}
    return list(dict.fromkeys(_one(name, known, Path(root)) for name in names))


def _one(name: str, known: Mapping[str, Path], root: Path) -> Path:
    stem = Path(name).stem if name.endswith(".ipynb") else name
    if stem in known:
        return known[stem]
    numbered = [
        path for key, path in known.items() if key.split("_")[0] == stem or key.split("_", 1)[-1] == stem
    ]
    if len(numbered) == 1:
        return numbered[0]
    if not known:
        raise RunError(f"Notebook {name!r} is not there: {folder(root)} holds no notebooks.")
    raise RunError(f"Notebook {name!r} is not in {folder(root)}: {nearest(stem, known)}")


def parameters(notebook: Path) -> dict[str, Parameter]:
    """What the cell tagged `parameters` declares; nothing is executed.

    Raises
    ------
    RunError
        If the file is no notebook, has no such cell, or the cell holds more than literals.
    """
    try:
        cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise RunError(f"{notebook} cannot be read as a notebook: {problem}.") from problem
    tagged = [cell for cell in cells if "parameters" in cell.get("metadata", {}).get("tags", [])]
    if not tagged:
        raise RunError(f"{notebook} has no cell tagged `parameters`.\nAdd one with {_expected()}.")
    declared = {parameter.name: parameter for parameter in _declared("".join(tagged[0]["source"]), notebook)}
    lacking = [name for name in RESERVED if name not in declared]
    if lacking:
        raise RunError(
            f"{notebook}: the parameters cell lacks {', '.join(lacking)}.\nIt must declare {_expected()}."
        )
    return declared


def _expected() -> str:
    return ", ".join(f'{name}: str = ""' for name in RESERVED)


def _declared(source: str, notebook: Path) -> list[Parameter]:
    found = []
    try:
        for line in ast.parse(source).body:
            if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name) and line.value:
                found.append(_parameter(line.target.id, line.value, line.annotation))
            elif (
                isinstance(line, ast.Assign)
                and len(line.targets) == 1
                and isinstance(line.targets[0], ast.Name)
            ):
                found.append(_parameter(line.targets[0].id, line.value, None))
            elif not (isinstance(line, ast.Expr) and isinstance(line.value, ast.Constant)):
                raise ValueError(f"line {line.lineno} is more than `name: type = value`")
    except (SyntaxError, ValueError) as problem:
        raise RunError(f"{notebook}: the parameters cell may hold literals only: {problem}.") from problem
    return found


def _parameter(name: str, value: ast.expr, annotation: ast.expr | None) -> Parameter:
    default = ast.literal_eval(value)
    declared = ast.unparse(annotation).split("|")[0].strip() if annotation else type(default).__name__
    types = {kind.__name__: kind for kind in (str, int, float, bool)}
    if declared not in types:
        raise ValueError(f"{name} is of type {declared}; a parameter is one of {', '.join(types)}")
    return Parameter(name, types[declared], default)


def checked(notebook: Path, given: Mapping[str, Any]) -> dict[str, Value]:
    """`given` in the types that `notebook` declares; text is read as the declared type.

    Raises
    ------
    RunError
        If a name is not declared, is filled by the runner, or a value is of another type.
    """
    declared = parameters(notebook)
    own = {name: known for name, known in declared.items() if name not in RESERVED}
    values: dict[str, Value] = {}
    for name, value in given.items():
        if name in RESERVED:
            raise RunError(f"Parameter {name!r} is not set with -p: {_instead(name)}")
        if name not in own:
            valid = nearest(name, own) if own else "it has none of its own."
            raise RunError(f"{notebook.stem} has no parameter {name!r}: {valid}")
        values[name] = _typed(notebook, own[name], value)
    return values


def _instead(name: str) -> str:
    options = {"period": "use --period.", "lang": "use --lang.", "workspace": "use --workspace."}
    return options.get(name, "the runner chooses the folder.")


def _typed(notebook: Path, parameter: Parameter, value: Any) -> Value:
    kind = parameter.type
    if type(value) is kind:
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if isinstance(value, str) and value.isascii() and "_" not in value:
        truths = {"true": True, "false": False}
        try:
            read: Value = truths[value.lower()] if kind is bool else kind(value)
        except (KeyError, ValueError):
            pass
        else:
            if not isinstance(read, float) or math.isfinite(read):
                return read
    wanted = {"bool": "true or false", "int": "a whole number", "float": "a number", "str": "text"}[
        kind.__name__
    ]
    raise RunError(
        f"{notebook.stem}: parameter {parameter.name} must be {wanted}, not {value!r} "
        f"(its default is {parameter.default!r})."
    )
