"""Reading YAML 1.2 with the place of every key and value, and every syntax fault."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from salesops_lib.policy.faults import Fault, dotted

Path = tuple[str | int, ...]
Place = tuple[int, int]

#: A policy is written by people; anything larger is a mistake (or an attack).
MAX_BYTES = 1_000_000

_TAG = "tag:yaml.org,2002:"
_OLD_TRUTHS = frozenset({"on", "off", "yes", "no", "y", "n"})


@dataclass
class Tree:
    """A YAML file as plain values (dict, tuple, str, int, float, bool, None) and their places.

    `keys` and `values` give line and column (from 1) by path; `raw` the text of plain scalars.
    """

    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    raw: dict[Path, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Line and column of a value (or its key), or of the nearest thing around it."""
        if key and path in self.keys:
            return self.keys[path]
        while path and path not in self.values:
            path = path[:-1]
        return self.values.get(path, (1, 1))


def read(source: bytes) -> Tree:
    """The tree of a file; what could not be read stands in its `faults`."""
    tree = Tree()
    text = _decode(source, tree)
    if text is None:
        return tree
    root = _compose(text, tree)
    if root is not None:
        tree.data = _Walk(tree).value(root, ())
    elif not tree.faults:
        tree.faults.append(
            Fault(1, 1, "", None, "the file is empty", "begin with apiVersion: salespolicy/v1")
        )
    return tree


def _decode(source: bytes, tree: Tree) -> str | None:
    if len(source) > MAX_BYTES:
        tree.faults.append(
            Fault(1, 1, "", None, f"the file has {len(source):,} bytes, more than {MAX_BYTES:,}")
        )
        return None
    try:
        return source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        column = error.start - source.rfind(b"\n", 0, error.start)
        tree.faults.append(Fault(line, column, "", None, "the file is not UTF-8", "save it again as UTF-8"))
        return None


def _compose(text: str, tree: Tree) -> Any:
    """The root node; after tabs were named they are taken as spaces, so that the rest is read too."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    def compose(source: str) -> Any:
        return YAML(typ="rt").compose(source)

    try:
        try:
            return compose(text)
        except MarkedYAMLError:
            tabs = [(n, line) for n, line in enumerate(text.split("\n"), 1) if re.match(r"[ ]*\t", line)]
            if not tabs:
                raise
            tree.faults += [
                Fault(
                    n,
                    line.index("\t") + 1,
                    "",
                    "\t",
                    "a tab indents the line",
                    "indent with spaces, two for each level",
                )
                for n, line in tabs
            ]
            return compose(re.sub(r"(?m)^[ \t]+", lambda indent: indent[0].replace("\t", "  "), text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        what = " ".join(part for part in (error.context, error.problem) if part)
        tree.faults.append(Fault(line, column, "", None, f"is not YAML: {what}", _syntax_hint(what)))
    except (YAMLError, RecursionError) as error:
        tree.faults.append(Fault(1, 1, "", None, f"is not YAML: {str(error).splitlines()[0]}"))
    return None


def _syntax_hint(what: str) -> str:
    if "mapping values are not allowed" in what:
        return "put text that holds a colon in quotes, or check the indent"
    if "flow" in what or "expected ','" in what:
        return "close the bracket or brace, and put a comma between entries"
    if "could not find expected ':'" in what:
        return "write key: value, with a space after the colon"
    return "check indents, quotes and brackets near this line"


class _Walk:
    """Turns nodes into values, notes places, and collects the faults of single nodes."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.seen: set[int] = set()

    def value(self, node: Any, path: Path) -> Any:
        self.tree.values[path] = _place(node)
        if id(node) in self.seen:
            place = self.tree.keys.get(path) or _place(node)
            message = "an alias (*) repeats another part"
            self.tree.faults.append(Fault(*place, dotted(path), None, message, "write the part out in full"))
            return None
        self.seen.add(id(node))
        kind = type(node).__name__
        if kind == "MappingNode":
            return self._mapping(node, path)
        if kind == "SequenceNode":
            return tuple(self.value(item, (*path, n)) for n, item in enumerate(node.value))
        return self._scalar(node, path)

    def _mapping(self, node: Any, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        lines: dict[str, int] = {}
        for key_node, value_node in node.value:
            if type(key_node).__name__ != "ScalarNode":
                self._fault(key_node, path, None, "a key must be a single word", "write key: value")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in lines:
                message = f"key {key!r} stands here a second time (first on line {lines[key]})"
                self._fault(key_node, here, key, message, "keep one of the two")
                continue
            lines[key] = key_node.start_mark.line + 1
            self.tree.keys[here] = _place(key_node)
            if key.casefold() in _OLD_TRUTHS and _is_plain(key_node):
                message = f"key {key!r} is a truth value to many YAML readers"
                self._fault(
                    key_node,
                    here,
                    key,
                    message,
                    "name it differently, e.g. from and to instead of on and off",
                )
            found[key] = self.value(value_node, here)
        return found

    def _scalar(self, node: Any, path: Path) -> Any:
        text = node.value
        kind = str(node.tag).removeprefix(_TAG)
        if kind in ("str", "timestamp", "value", "merge") or not _is_plain(node):
            return text
        self.tree.raw[path] = text
        if kind == "null":
            return None
        if kind == "bool":
            return text.casefold() == "true"
        try:
            if kind == "int":
                return int(text.replace("_", ""), 0 if re.match(r"[-+]?0[xo]", text) else 10)
            if kind == "float":
                return float(text.replace("_", "").lower().replace(".inf", "inf").replace(".nan", "nan"))
        except ValueError:
            return text
        self._fault(
            node, path, text, f"tag {node.tag} is not supported", "write plain text, numbers, lists and keys"
        )
        return None

    def _fault(self, node: Any, path: Path, value: Any, message: str, hint: str) -> None:
        self.tree.faults.append(Fault(*_place(node), dotted(path), value, message, hint))


def _is_plain(node: Any) -> bool:
    return node.style is None


def _place(node: Any) -> Place:
    return node.start_mark.line + 1, node.start_mark.column + 1
