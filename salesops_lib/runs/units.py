"""Units that get a report of their own, and a workspace with their rows alone for each."""

from __future__ import annotations

import hashlib
import re
import shutil
import threading
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from salesops_lib.runs import said
from salesops_lib.tables import scope, stores

#: Kind of unit whose page is made of the company's rows: what others do is beside what the customer does.
CUSTOMER = "customer"


@dataclass(frozen=True)
class Unit:
    """One region, team, person or customer: `by` is the kind; the whole company where both are empty."""

    by: str = ""
    name: str = ""

    def __bool__(self) -> bool:
        return bool(self.by)

    @property
    def is_scoped(self) -> bool:
        """Whether its reports see its own rows alone."""
        return bool(self) and self.by != CUSTOMER

    @property
    def file_name(self) -> str:
        """The name as part of a file name: letters, digits, `-` and `_`, told apart where it had others.

        So are ids of customers that are not in capitals: some file systems take two that differ in case for one.

        >>> Unit("region", "华东").file_name, Unit("team", "East/1").file_name
        ('华东', 'East_1-fb6da677')
        >>> Unit(CUSTOMER, "C001").file_name, Unit(CUSTOMER, "c001").file_name
        ('C001', 'c001-aa938de8')
        """
        from salesops_lib.reporting.privacy import unit_shown

        plain = re.sub(r"[^\w-]", "_", unicodedata.normalize("NFC", unit_shown(self.name, self.by)))[:40]
        is_told_apart = plain == self.name and (self.by != CUSTOMER or plain == plain.upper())
        if is_told_apart:
            return plain
        return f"{plain}-{hashlib.sha256(self.name.encode()).hexdigest()[:8]}"

    def data(self, fingerprint: str) -> str:
        """Fingerprint of the store that the unit's reports read, made of the company's with this `fingerprint`."""
        return scope.fingerprint(fingerprint, self.by, self.name) if self.is_scoped else fingerprint


WHOLE = Unit()


class ScopedWorkspaces:
    """Workspaces that hold the rows of one unit each, made when first asked for and removed after last use.

    Parameters
    ----------
    root
        The company's workspace.
    room
        A directory that only this user can enter.
    wanted
        The unit of each report that will ask.
    complete
        What else a unit's store is to hold: called with the new store and its unit.
    """

    def __init__(
        self,
        root: Path,
        room: Path,
        wanted: Iterable[Unit],
        complete: Callable[[Path, Unit], None] = lambda store, unit: None,
    ) -> None:
        self._root, self._room, self._complete = root, room, complete
        self._left = Counter(wanted)
        self._turns = {unit: threading.Lock() for unit in self._left}
        self._count = threading.Lock()

    @contextmanager
    def of(self, unit: Unit) -> Iterator[Path]:
        """The workspace of `unit`; the company's own for the whole, and for a customer."""
        if not unit.is_scoped:
            yield self._root
            return
        folder = self._room / "units" / unit.file_name
        with self._turns[unit]:
            if not folder.exists():
                try:
                    self._make(folder, unit)
                except BaseException:
                    shutil.rmtree(folder, ignore_errors=True)  # nobody finds half a store
                    raise
        try:
            yield folder
        finally:
            with self._count:
                self._left[unit] -= 1
                is_last = self._left[unit] == 0
            if is_last:
                shutil.rmtree(folder, ignore_errors=True)

    def _make(self, folder: Path, unit: Unit) -> None:
        (folder / "data").mkdir(parents=True)
        policy = self._root / "policy.yaml"
        if policy.is_file():
            shutil.copy2(policy, folder / "policy.yaml")
        source = stores.open_facts(self._root)
        try:
            scope.write_scoped(source, folder / stores.FACTS, unit.by, unit.name)
        finally:
            source.close()
        said.put(self._root, folder, unit)
        self._complete(folder / stores.FACTS, unit)
