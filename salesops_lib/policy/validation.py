"""The model's complaints as faults: where in the file, and what to write instead."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from salesops_lib.errors import nearest
from salesops_lib.policy.faults import Fault, dotted, shown
from salesops_lib.policy.model import Policy
from salesops_lib.policy.yaml_tree import Path, Tree

_TYPE_NAMES = {
    "string": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "tuple": "a list, e.g. [a, b]",
    "dict": "a block of keys",
    "mapping": "a block of keys",
    "model": "a block of keys",
    "date": "a date like 2025-03-31",
}


def model_faults(tree: Tree) -> tuple[Policy | None, list[Fault]]:
    """The policy in a tree when it is sound, and all faults against the model."""
    try:
        return Policy.model_validate(tree.data), []
    except ValidationError as error:
        return None, [_fault(tree, item) for item in error.errors(include_url=False) if not _is_echo(item)]


def _is_echo(error: Any) -> bool:
    """Whether a list is called too short only because an item of it has a fault of its own."""
    value = error["input"]
    return error["type"] == "too_short" and len(value) >= error["ctx"]["min_length"]


def _in_file(tree: Tree, steps: tuple[int | str, ...]) -> Path:
    """`steps` of the model as they stand in the file: without the kinds that tell blocks apart."""
    path: list[int | str] = []
    at = tree.data
    for step in steps:
        if isinstance(at, dict) and step not in at and step == at.get("kind"):
            continue
        path.append(step)
        if isinstance(at, dict):
            at = at.get(step)
        else:
            at = at[step] if isinstance(at, tuple) and isinstance(step, int) and step < len(at) else None
    return tuple(path)


def _fault(tree: Tree, error: Any) -> Fault:
    is_key = error["type"] == "extra_forbidden" or error["loc"][-1:] == ("[key]",)
    steps: Path = tuple(step for step in error["loc"] if step != "[key]")
    if error["type"].startswith("union_tag"):
        return _no_such_kind(tree, error, (*_in_file(tree, steps), "kind"))
    path = _in_file(tree, steps)
    line, column = tree.place(path, key=is_key or error["input"] is None)
    if error["type"] == "extra_forbidden":
        hint = nearest(str(path[-1]), _keys_at(steps[:-1]))
        if error["input"] is None:
            hint = f"put text that holds a comma in quotes; {hint}"
        return Fault(line, column, dotted(path), path[-1], "is not a key of this block", hint)
    if error["type"] == "missing":
        return Fault(line, column, dotted(path), None, "is missing", _example(steps))
    message, hint = _words(error, tree, path)
    return Fault(line, column, dotted(path), error["input"], message, hint or _example(steps))


def _no_such_kind(tree: Tree, error: Any, path: Path) -> Fault:
    """The fault of a block whose kind is not one of those that may stand there."""
    kinds = [kind.strip(" '") for kind in error["ctx"].get("expected_tags", "").split(",")]
    told = error["input"].get("kind") if isinstance(error["input"], dict) else None
    if told is None:
        line, column = tree.place(path[:-1])
        return Fault(line, column, dotted(path), None, "is missing", "say what this block is, by kind")
    return Fault(
        *tree.place(path), dotted(path), told, f"{shown(told)} is not allowed", nearest(str(told), kinds)
    )


def _words(error: Any, tree: Tree, path: Path) -> tuple[str, str]:
    """What is wrong with a value, and what to write when that follows from the error."""
    value, context, kind = error["input"], error.get("ctx", {}), error["type"]
    said = tree.raw.get(path) or shown(list(value) if isinstance(value, tuple) else value)
    if value is None:
        return "has no value", ""
    if kind == "literal_error":
        valid = [part.strip().strip("'") for part in context["expected"].replace(" or ", ", ").split(",")]
        return f"{said} is not allowed", nearest(str(value), valid)
    if kind in _BOUNDS:
        bound = context[_BOUNDS[kind][1]]
        return f"{said} must be {_BOUNDS[kind][0]} {bound:g}", ""
    if kind == "value_error":
        return str(context["error"]) if isinstance(value, dict) else f"{said} {context['error']}", ""
    if kind == "string_type" and path in tree.raw:
        return f"{said} must be text, not a number", f"put it in quotes: '{tree.raw[path]}'"
    if kind in ("bool_type", "bool_parsing") and isinstance(value, str):
        return (
            f"{said} must be true or false",
            "YAML 1.2 reads yes, no, on and off as text; write true or false",
        )
    if kind == "string_pattern_mismatch":
        return f"{said} is not written as it should be", ""
    if kind in ("too_short", "too_long", "string_too_short", "string_too_long"):
        return f"{said} is too {kind.removeprefix('string_').removeprefix('too_')}", ""
    return f"{said} must be {_TYPE_NAMES.get(kind.partition('_')[0], error['msg'])}", ""


_BOUNDS = {
    "greater_than_equal": ("at least", "ge"),
    "greater_than": ("more than", "gt"),
    "less_than_equal": ("at most", "le"),
    "less_than": ("less than", "lt"),
}


def _example(path: Path) -> str:
    """An example of the field at a path, or what the field means."""
    field = _field_at(path)
    while path and (isinstance(path[-1], int) or _field_at(path[:-1]) is field):
        path = path[:-1]
    if field is None:
        return ""
    if field.examples:
        return f"e.g. {path[-1]}: {_written(field.examples[0])}"
    return (field.description or "").rstrip(".")


def _written(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_written(item)}" for key, item in value.items()) + "}"
    return f"[{', '.join(map(str, value))}]" if isinstance(value, list) else str(value)


def _keys_at(path: Path) -> list[str]:
    model = _model(_annotation_at(path))
    return [field.alias or name for name, field in model.model_fields.items()] if model else []


def _field_at(path: Path) -> FieldInfo | None:
    """The field whose value, or part of whose value, stands at a path."""
    while path and isinstance(path[-1], int):
        path = path[:-1]
    model = _model(_annotation_at(path[:-1])) if path else None
    return _fields(model).get(str(path[-1])) if model else _field_at(path[:-1]) if path else None


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _annotation_at(path: Path) -> Any:
    annotation: Any = Policy
    for step in path:
        if (tagged := _of_kind(annotation, step)) is not None:
            annotation = tagged
            continue
        model = _model(annotation)
        if model is not None:
            field = _fields(model).get(str(step))
            annotation = field.annotation if field else None
        else:
            annotation = _item(annotation)
    return annotation


def _of_kind(annotation: Any, kind: str | int) -> type[BaseModel] | None:
    """The model of a union whose blocks are told apart by `kind`."""
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    for model in get_args(annotation) if get_origin(annotation) in (Union, types.UnionType) else ():
        field = getattr(model, "model_fields", {}).get("kind")
        if field is not None and get_args(field.annotation) == (kind,):
            return cast("type[BaseModel]", model)
    return None


def _model(annotation: Any) -> type[BaseModel] | None:
    annotation = _bare(annotation)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


def _item(annotation: Any) -> Any:
    """What a list or a block of free keys holds."""
    annotation = _bare(annotation)
    arguments = get_args(annotation)
    if get_origin(annotation) is tuple and arguments:
        return arguments[0]
    return arguments[1] if get_origin(annotation) is Mapping or len(arguments) == 2 else None


def _bare(annotation: Any) -> Any:
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return _bare(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation
