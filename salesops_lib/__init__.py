"""salesops: a sales policy as code, and the business measured against it.

A notebook needs three names: `open_workspace` opens policy, facts and calendar for a period,
a domain room (`targets`, `market`, …) measures, and `reporting.Page` shows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from salesops_lib.workspace import Workspace, open_workspace

__version__ = "0.1.0"
__all__ = ["Workspace", "__version__", "open_workspace"]


def __getattr__(name: str) -> Any:
    """Import what is asked for when it is asked for: `import salesops_lib` stays instant."""
    if name in ("Workspace", "open_workspace"):
        from salesops_lib import workspace

        return getattr(workspace, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
