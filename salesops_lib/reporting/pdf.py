"""A page as a PDF for those who print or archive, made by the machine's own Chromium."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from salesops_lib.errors import RunError

SECONDS = 90.0
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
#: Nothing is fetched and nothing is kept; that nothing runs is the page's own policy.
_CLOSED = (
    "--headless",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)


def browser() -> str:
    """The Chromium that prints: `SALESOPS_CHROMIUM`, else the first one found; empty where there is none."""
    named = os.environ.get("SALESOPS_CHROMIUM", "")
    if named:
        return named if shutil.which(named) else ""
    return next((found for name in _NAMES if (found := shutil.which(name))), "")


def pdf(page: Path, target: Path, *, seconds: float = SECONDS) -> Path:
    """Print the HTML file `page` to `target` on A4, with the looks of its style sheet for print.

    Parameters
    ----------
    page
        A report page; it is opened from disk, without network.
    target
        Replaced when it exists, as a whole or not at all.
    seconds
        Longest time that the browser may take.

    Raises
    ------
    RunError
        If there is no browser, or it fails or takes too long.
    """
    program = browser()
    if not program:
        raise RunError(
            "A PDF needs Chromium or Chrome, and none is found here.\n"
            "Install one (e.g. `apt install chromium`), or name it in SALESOPS_CHROMIUM."
        )
    with tempfile.TemporaryDirectory(prefix="salesops-pdf-") as room:
        made = Path(room) / "page.pdf"
        options = [*_CLOSED, f"--user-data-dir={room}/profile", f"--print-to-pdf={made}"]
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            options.append("--no-sandbox")  # Chromium's sandbox refuses to start for root
        said = _run([program, *options, page.resolve().as_uri()], page, seconds)
        if not made.is_file() or made.read_bytes()[:5] != b"%PDF-":
            raise RunError(f"{program} made no PDF of {page}: {_last_line(said)}")
        staged = target.with_name(f".{target.name}.new")
        shutil.copyfile(made, staged)
        os.replace(staged, target)
    return target


def _run(command: list[str], page: Path, seconds: float) -> str:
    """What the browser said; it and its children are ended when it takes too long."""
    try:
        running = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as problem:
        raise RunError(f"{command[0]} cannot be started: {problem.strerror}.") from problem
    try:
        _, said = running.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
        raise RunError(f"{command[0]} took longer than {seconds:g} s to print {page}.") from None
    return said.decode("utf-8", "replace")


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing."
