"""What a run depends on: period, languages, policy, data, library; and the key of it all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from salesops_lib.runs.notebooks import reads_clusters, reads_forecasts, reads_peers, reads_statements
from salesops_lib.runs.units import WHOLE, Unit
from salesops_lib.tables import scope

LISTED_PACKAGES = (
    "salesops",
    "pandas",
    "numpy",
    "duckdb",
    "pyarrow",
    "matplotlib",
    "papermill",
    "scikit-learn",
    "prophet",
)


@dataclass(frozen=True)
class Inputs:
    """What all reports of a run read.

    Attributes
    ----------
    period
        Label of the period reported on, such as "2026-03".
    languages
        Languages to write, in the order asked for.
    data
        Fingerprint of the facts loaded.
    units
        Whom a report is made for, each; the whole company where nobody asked for units.
    language
        The policy's language, that of the index.
    posted
        What pay was posted, for notebooks that read statements.
    forecasts
        What was forecast before the period's last day, for notebooks that grade it.
    clusters
        Groups of customers kept before the period's last day, for notebooks that assign customers to them.
    """

    root: Path
    period: str
    languages: tuple[str, ...]
    policy_version: str
    policy_sha256: str
    data: str
    units: tuple[Unit, ...] = (WHOLE,)
    language: str = "en"
    posted: str = ""
    forecasts: str = ""
    clusters: str = ""

    def parts(self, notebook: Path, lang: str, parameters: Mapping[str, Any], data: str) -> dict[str, Any]:
        """What a report depends on, by name; `data` is the fingerprint of what it reads."""
        is_stated = reads_statements(notebook) or reads_peers(notebook)
        posted = {"posted": self.posted} if self.posted and is_stated else {}
        said = {"forecasts": self.forecasts} if self.forecasts and reads_forecasts(notebook) else {}
        groups = {"clusters": self.clusters} if self.clusters and reads_clusters(notebook) else {}
        return {
            "notebook": hashlib.sha256(notebook.read_bytes()).hexdigest(),
            "parameters": dict(parameters),
            "period": self.period,
            "lang": lang,
            "policy": self.policy_sha256,
            "data": data,
            "library": library(),
            "packages": packages(),
            **posted,
            **said,
            **groups,
        }


def key(parts: Mapping[str, Any]) -> str:
    """Equal for runs that must give the same report: the digest of the `Inputs.parts` of each."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def read(root: Path, period: str = "", lang: str = "", by: str = "") -> Inputs:
    """The inputs of the workspace `root`.

    Parameters
    ----------
    period
        Empty for the last complete month.
    lang
        `en`, `zh`, or both as `en,zh`; empty for the policy's language.
    by
        `region`, `team` or `rep` for one report each; empty for the whole company.

    Raises
    ------
    DataError
        If there are no facts, or none of that period, or a language or kind of unit is unknown.
    PolicyError
        If the policy has faults.
    """
    from salesops_lib import workspace
    from salesops_lib.incentives.posted import last_link
    from salesops_lib.metrics import kept

    ws = workspace.open_workspace(root, period=period, lang=lang)
    try:
        named = scope.units(ws.facts, by, ws.window.start, ws.window.end) if by else ()
        return Inputs(
            root=ws.root,
            period=ws.period.label,
            languages=ws.languages,
            policy_version=str(ws.policy.version),
            policy_sha256=ws.policy.sha256,
            data=ws.facts.fingerprint,
            units=tuple(Unit(by, name) for name in named) or (WHOLE,),
            language=ws.policy.report.language,
            posted=last_link(ws.root),
            forecasts=kept.digest(ws.root, kept.FORECASTS, ws.window.end),
            clusters=kept.digest(ws.root, kept.SEGMENTS, ws.window.end),
        )
    finally:
        ws.close()


@cache
def library() -> str:
    """Hash of the library's own files."""
    import salesops_lib

    folder = Path(salesops_lib.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def packages() -> dict[str, str]:
    """Versions of the packages that figures can depend on."""
    import platform

    found = {"python": platform.python_version()}
    for name in LISTED_PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found
