"""A policy with single values changed, as `--set path=value` states them; no file is touched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path as File
from typing import TYPE_CHECKING, Annotated, Any, get_origin

from salesops_lib.errors import PolicyError, nearest
from salesops_lib.policy import yaml_tree
from salesops_lib.policy.faults import dotted, shown, tell
from salesops_lib.policy.loading import DEFAULT, judged
from salesops_lib.policy.yaml_tree import Path, Tree

if TYPE_CHECKING:
    from salesops_lib.policy.model import Policy

_STEP = re.compile(r"(?P<key>[^.=\[\]]+)|\[(?:id=)?(?P<item>[^\[\]]+)\]")
_CHANGE = re.compile(r"\s*(?P<path>[^.=\[\]\s]+(?:\.[^.=\[\]\s]+|\[[^\[\]]+\])*)\s*=(?P<value>.*)", re.DOTALL)


def load_changed(
    path: File | str | None,
    changes: Sequence[str],
    *,
    known_measures: frozenset[str] | None = None,
    known_tables: frozenset[str] | None = None,
) -> Policy:
    """The policy in a file with `changes` made, each written `path=value`.

    A step of a path is a key, `[n]` (from 0) or `[id=…]`; the value is read as it would be in the
    file.  The changed policy is checked as a whole.  Its version carries the mark of its changes;
    where they change nothing it is the policy of the file.

    Parameters are those of `loading.load`.

    Raises
    ------
    PolicyError
        If a change names nothing that a policy has, or the changed policy has faults; all are told.

    Examples
    --------
    >>> changed = load_changed(None, ["pricing.floors.default=0.8", "process.stages[id=lead].p_prior=0.1"])
    >>> changed.pricing.floors.default, changed.process.stages[0].p_prior
    (0.8, 0.1)
    """
    file = DEFAULT if path is None else File(path)
    try:
        source = file.read_bytes()
    except OSError as error:
        raise PolicyError(
            f"{file}: the file cannot be read: {(error.strerror or str(error)).lower()}."
        ) from error
    tree = yaml_tree.read(source)
    written = tree.data
    for change in changes if isinstance(written, dict) else ():
        _make(tree, change)
    policy, found = judged(tree, known_measures, known_tables)
    if policy is None or found:
        told = tell(file, found)
        raise PolicyError(
            f"With {' '.join(f'--set {change}' for change in changes)}:\n{told}" if changes else told
        )
    policy._path = file.resolve()
    policy._sha256 = sha256(source).hexdigest()
    return policy if tree.data == written else _marked(policy, source, changes)


def _marked(policy: Policy, source: bytes, changes: Sequence[str]) -> Policy:
    """The policy under a version and a hash of its own."""
    digest = sha256(b"\0".join([source, *(change.encode() for change in changes)])).hexdigest()
    version = f"{policy.version}+set.{digest[:8]}"
    changed = policy.model_copy(update={"metadata": policy.metadata.model_copy(update={"version": version})})
    changed._sha256 = digest
    return changed


def _make(tree: Tree, change: str) -> None:
    """Change one value of a tree."""
    match = _CHANGE.fullmatch(change)
    if match is None:
        raise PolicyError(
            f"--set {shown(change)} is not of the form path=value, e.g. pricing.floors.default=0.75 "
            "or incentives.plans[id=ae].components[0].tiers[1].times=2."
        )
    path = _path(tree, match["path"])
    tree.data = _with(tree.data, path, _value(tree, path, match["path"], match["value"].strip()))


def _path(tree: Tree, text: str) -> Path:
    """The steps of a path as it is written, every list's item found."""
    steps: list[str | int] = []
    here: Any = tree.data
    for match in _STEP.finditer(text):
        item = match["item"]
        step: str | int = match["key"] if item is None else _item(here, item, steps, text)
        if item is None and not isinstance(here, dict | None):
            raise PolicyError(_unknown(tree, text, (*steps, step)))
        steps.append(step)
        here = here.get(step) if isinstance(here, dict) else here[step] if isinstance(step, int) else None
        if here is None and tuple(steps) not in tree.values and not _is_known(tuple(steps)):
            raise PolicyError(_unknown(tree, text, tuple(steps)))
    return tuple(steps)


def _item(here: Any, item: str, steps: Sequence[str | int], text: str) -> int:
    """Position of an item of a list, by its number or its id."""
    items = here if isinstance(here, tuple) else ()
    ids = [str(one.get("id")) for one in items if isinstance(one, dict) and "id" in one]
    where = dotted(steps)
    if item.isdecimal() and int(item) < len(items):
        return int(item)
    if item in ids:
        return next(n for n, one in enumerate(items) if isinstance(one, dict) and str(one.get("id")) == item)
    if not items:
        raise PolicyError(f"--set {text}: {where} is no list, so it has no [{item}].")
    valid = [f"{where}[id={one}]" for one in ids] or [f"{where}[{n}]" for n in range(len(items))]
    raise PolicyError(
        f"--set {text}: a policy has no {shown(f'{where}[{item}]')}; {nearest(f'{where}[{item}]', valid)}"
    )


def _unknown(tree: Tree, text: str, path: Path) -> str:
    """What is said of a path that leads nowhere: the nearest that leads somewhere."""
    beside = (known for known in (*tree.values, *_beside(path)) if known[:-1] == path[:-1])
    valid = dict.fromkeys(dotted(known) for known in beside if known)
    if not valid:
        return f"--set {text}: {dotted(path[:-1])} is a single value; set it itself."
    return f"--set {text}: a policy has no {shown(dotted(path))}; {nearest(dotted(path), valid)}"


def _is_known(path: Path) -> bool:
    """Whether the model has a field, or free keys, at a path that the file leaves out."""
    from salesops_lib.policy import validation

    above = validation._annotation_at(path[:-1])
    if (
        get_origin(above) is Annotated or validation._model(above) is None
    ):  # of several kinds, or of free keys
        return True
    return path in _beside(path)


def _beside(path: Path) -> list[Path]:
    """The model's fields at a path's last step."""
    from salesops_lib.policy import validation

    return [(*path[:-1], key) for key in validation._keys_at(path[:-1])]


def _value(tree: Tree, path: Path, path_text: str, text: str) -> Any:
    """A value as the file would hold it; its places are those of what it replaces."""
    if "\n" in text or "\r" in text:
        raise PolicyError(f"--set {path_text}: the value {shown(text)} has several lines; write it in one.")
    read = yaml_tree.read(f"value: {text}".encode("utf-8", "replace"))
    if read.faults or not isinstance(read.data, dict) or list(read.data) != ["value"]:
        why = f" ({read.faults[0].message})" if read.faults else ""
        raise PolicyError(
            f"--set {path_text}: {shown(text)} cannot be read as a value{why}; put text in quotes: \"{path_text}='…'\"."
        )
    for place in [known for known in tree.raw if known[: len(path)] == path]:
        del tree.raw[place]
    tree.raw.update({(*path, *rest): raw for (_, *rest), raw in read.raw.items()})
    return read.data["value"]


def _with(node: Any, path: Path, value: Any) -> Any:
    """`node` with `value` at `path`; blocks on the way that are left out are made."""
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(node, tuple):
        return tuple(_with(item, rest, value) if n == first else item for n, item in enumerate(node))
    block = node if isinstance(node, dict) else {}
    return {**block, first: _with(block.get(first), rest, value)}
