"""A fault of a policy file, and how a list of faults is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Faults printed before the rest is only counted: one screen.
SHOWN = 20


@dataclass(frozen=True, order=True)
class Fault:
    """Something in a policy file that has to be put right.

    Parameters
    ----------
    line, column
        Place in the file, from 1.
    where
        Dotted path, e.g. targets.company[0].measure.
    value
        What stands there; None when the fault is that nothing does.
    message
        What is wrong.
    hint
        What to write instead.
    """

    line: int
    column: int
    where: str
    value: Any
    message: str
    hint: str = ""

    def __str__(self) -> str:
        where = f" {self.where}:" if self.where else ""
        hint = f"; {self.hint}" if self.hint else ""
        return f"{self.line}:{self.column}{where} {self.message}{hint}"


def tell(path: Path, found: Sequence[Fault]) -> str:
    """One screen: the file, how many faults, one line each."""
    count = "1 fault" if len(found) == 1 else f"{len(found)} faults"
    lines = [f"{path}: {count}. Put right, then run `salesops check`."]
    lines += [f"{path.name}:{fault}" for fault in found[:SHOWN]]
    if len(found) > SHOWN:
        lines.append(f"… and {len(found) - SHOWN} more.")
    return "\n".join(lines)


def dotted(path: Sequence[str | int]) -> str:
    """A path through the file as it is written: targets.company[0].measure.

    Examples
    --------
    >>> dotted(("targets", "company", 0, "measure"))
    'targets.company[0].measure'
    """
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def shown(value: Any) -> str:
    """A value as a message quotes it, cut to a line."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
