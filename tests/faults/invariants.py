"""What must hold whatever goes wrong in a run: I1 to I5 of the catalogue, checked in one place.

I1 what is published is as it was, or complete and new, with the digests of its manifest;
I2 whoever reads it meanwhile never finds it absent or half;
I3 the record of the run says how it ended, and why;
I4 no process of the run is alive 10 seconds later;
I5 run again without the fault it publishes, with the figures of a run never disturbed.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path

from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.runs import ledger, publish

HERTZ = 50
NOTEBOOK = "10_first"


def processes(root: Path) -> list[int]:
    """Processes that work in the workspace or were told of it: kernels and all they started."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            is_dead = (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z"
            told = f"SALESOPS_WORKSPACE={root}".encode() in (entry / "environ").read_bytes().split(b"\0")
            if not is_dead and (told or Path(os.readlink(entry / "cwd")).is_relative_to(root)):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


class Reader(threading.Thread):
    """Reads every published file again and again, as people do; remembers what was wrong."""

    def __init__(self, root: Path) -> None:
        super().__init__(daemon=True)
        self._reports, self._over = root / "reports", threading.Event()
        self._paths = [p for e in publish.manifest(self._reports) for p in e["files"]]
        self.wrong: list[str] = []
        self.n_reads, self.seconds = 0, 0.0

    def run(self) -> None:
        started = time.monotonic()
        while not self._over.is_set():
            self._read()
            self.n_reads += 1
            self._over.wait(1 / HERTZ)
        self.seconds = time.monotonic() - started

    def _read(self) -> None:
        try:
            json.loads((self._reports / publish.MANIFEST).read_text(encoding="utf-8"))
            for path in self._paths:
                content = (self._reports / path).read_bytes()
                if not content or (path.endswith(".html") and not content.rstrip().endswith(b"</html>")):
                    self.wrong.append(f"{path} is half: {content[-40:]!r}")
        except (OSError, ValueError) as problem:
            self.wrong.append(repr(problem))

    def end(self) -> None:
        self._over.set()
        self.join()


class Guard:
    """Around a fault: `with Guard(workspace) as guard: …`, then `guard.holds(…)`.

    The workspace has `10_first` published when it begins; its records begin with the fault's.
    """

    def __init__(self, root: Path) -> None:
        self.root, self.reports = root, root / "reports"

    def __enter__(self) -> Guard:
        self.before = self._files()
        self._known = {known["run_id"] for known in ledger.records(self.reports)}
        self.figures = {publish.identity(e): e["figures"] for e in publish.manifest(self.reports)}
        self._reader = Reader(self.root)
        self._reader.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._reader.end()

    def _files(self) -> dict[str, str]:
        files = {name: text for e in publish.manifest(self.reports) for name, text in e["files"].items()}
        return {name: files[name] for name in sorted(files)}

    def records(self) -> list[dict[str, object]]:
        return [known for known in ledger.records(self.reports) if known["run_id"] not in self._known]

    def holds(
        self, *causes: str, state: str = "FAILED", is_unchanged: bool = True, notebook: str = NOTEBOOK
    ) -> None:
        """Check I1 to I4; `causes` are those that the run may name, none where it was never begun."""
        with publish.locked(self.reports):  # the next publisher ends what was cut off
            entries = publish.manifest(self.reports)
        assert all(publish.is_intact(self.reports, entry) for entry in entries), "I1"
        if is_unchanged:
            assert self._files() == self.before, "I1"
        assert self._reader.wrong == [], "I2"
        assert self._reader.seconds < 1 or self._reader.n_reads >= 20 * self._reader.seconds, "I2: too slow"
        if causes:
            last = [known for known in self.records() if known["report"] == notebook][-1]
            assert last["state"] == state, ("I3", last)
            assert last["cause"] in causes, ("I3", last)
        deadline = time.monotonic() + 10
        while processes(self.root) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert processes(self.root) == [], "I4"

    def mended(self, *, notebook: str = NOTEBOOK, period: str = "") -> None:
        """Check I5: without the fault the report is published, with the figures it always had."""
        write_notebook(self.root / "notebooks" / f"{notebook}.ipynb", SHOW)
        (result,) = runs.run(self.root, [notebook], period=period, force=True)
        assert result.status == "published", ("I5", result.message)
        entries = {publish.identity(e): e for e in publish.manifest(self.reports)}
        key = (result.period, notebook, "", result.lang)
        assert entries[key]["figures"] == self.figures.get(key, entries[key]["figures"]), "I5"
        assert publish.is_intact(self.reports, entries[key]), "I5"
