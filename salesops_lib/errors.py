"""What a user can put right.

Every message says what is wrong, where, and what to do; it names the offending value and,
when there is one, the nearest valid value.  The command line prints the message alone and
exits with status 1 (75 when another run is in the way); anything that is not a `SalesopsError`
is our mistake and keeps its traceback.  Messages are the only argument, so that an error survives a process boundary.
"""

from __future__ import annotations

from collections.abc import Iterable


class SalesopsError(Exception):
    """Base of all errors that a user can put right."""


class DataError(SalesopsError):
    """A file, a table or a value is not what its contract says."""


class PolicyError(SalesopsError):
    """The policy file has faults; the message lists all of them."""


class RunError(SalesopsError):
    """A report cannot be run, rendered or published."""


class BusyError(RunError):
    """Another run holds what this one needs; a later one may have it."""


def nearest(word: str, valid: Iterable[str], *, shown: int = 8) -> str:
    """Help text for a misspelt `word`: the nearest valid word, and the valid ones.

    Examples
    --------
    >>> nearest("regoin", ["region", "team", "rep"])
    "did you mean 'region'? Valid: region, team, rep."
    """
    import difflib

    choices = list(valid)
    close = difflib.get_close_matches(word, choices, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]!r}? " if close else ""
    listed = ", ".join(choices[:shown]) + (", …" if len(choices) > shown else "")
    return f"{hint}Valid: {listed}."
