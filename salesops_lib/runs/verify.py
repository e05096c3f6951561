"""Whether what is published is what was published: history, manifest and every file of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from salesops_lib import chain
from salesops_lib.errors import RunError
from salesops_lib.runs import publish


@dataclass(frozen=True)
class Verified:
    """What does not hold, one line each, and what was looked at."""

    faults: tuple[str, ...]
    n_lines: int
    n_files: int
    n_unlinked: int
    link: str
    is_keyed: bool

    @property
    def said(self) -> str:
        """What was verified, by which means, and the last link, which changes with every line."""
        how = "signed" if self.is_keyed else f"not signed: {chain.KEY} is not set"
        older = f", {self.n_unlinked} of them from before there was a chain" if self.n_unlinked else ""
        return f"{self.n_lines} lines of history ({how}){older}; {self.n_files} files. Last link {self.link or '–'}"


def verify(root: Path) -> Verified:
    """Check the chain of the history, the manifest's digest and the digest of each published file.

    With a signing key, the line of everything that is published must be signed with it.
    """
    folder = root / "reports"
    lines = list(chain.read(folder / publish.HISTORY))
    faults = [f"reports/{publish.HISTORY}: line {line.number} {line.fault}." for line in lines if line.fault]
    try:
        entries = publish.manifest(folder)
    except RunError:
        entries = []
        faults.append(f"reports/{publish.MANIFEST}: it is not what was written (its digest differs).")
    told = {publish.identity(line.entry): line for line in lines if line.entry}
    files = {name: digest for entry in entries for name, digest in entry["files"].items()}
    for entry in entries:
        line, what = told.get(publish.identity(entry)), " ".join(filter(None, publish.identity(entry)))
        if line is None or line.entry != entry:
            faults.append(
                f"reports/{publish.MANIFEST}: {what} is not what was published last. "
                "Either it was put back or changed, or a publication was cut off; `salesops run --force` makes it anew."
            )
        elif chain.key() and not line.is_signed:
            faults.append(f"reports/{publish.HISTORY}: line {line.number} ({what}) is not signed.")
    for name, digest in sorted(files.items()):
        if fault := _file_fault(folder / name, digest):
            faults.append(f"reports/{name}: {fault}")
    unlinked = sum(not line.link for line in lines if line.entry)
    links = [line.link for line in lines if line.link]
    return Verified(
        tuple(faults), len(lines), len(files), unlinked, links[-1] if links else "", bool(chain.key())
    )


def _file_fault(path: Path, digest: str) -> str:
    try:
        return "" if publish.sha256(path.read_bytes()) == digest else "it was changed after it was published."
    except OSError as problem:
        return f"it cannot be read: {problem.strerror}."
