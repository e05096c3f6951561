"""The machine's own PostgreSQL, on a loopback port, in a directory of its own."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_CHINESE = ("--locale-provider=icu", "--icu-locale=zh")


def program(name: str) -> str:
    """Path of a program of PostgreSQL; Debian keeps them off the search path."""
    for folder in ("", *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)):
        if found := shutil.which(name, path=folder or None):
            return found
    pytest.skip(f"this machine has no {name}; install PostgreSQL's server to run this test")


def account() -> list[str]:
    """Words that run a command as somebody other than root, whom the server refuses."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("as root, setpriv is needed to start PostgreSQL as another user")
    names = {user.pw_name for user in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in names:
            user = pwd.getpwnam(name)
            return ["setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups"]
    pytest.skip("as root, a user postgres or nobody is needed to start PostgreSQL")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Address of a server that lives as long as the session; it sorts texts as Chinese readers do, not by code points."""
    initdb, ctl, switch = program("initdb"), program("pg_ctl"), account()
    folder = Path(tempfile.mkdtemp(prefix="salesops-postgres-"))
    if switch:
        os.chown(folder, int(switch[1].split("=")[1]), int(switch[2].split("=")[1]))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(*words: str) -> None:
        subprocess.run([*switch, *words], cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=120)

    settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories='' -c fsync=off"
    data = str(folder / "data")
    try:
        run(
            initdb,
            "-D",
            data,
            "-U",
            "tester",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            *_CHINESE,
            "--no-sync",
        )
        run(ctl, "-D", data, "-w", "-l", str(folder / "log"), "-o", settings, "start")
        try:
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            run(ctl, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
