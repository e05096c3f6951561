"""Set up .venv from the lock, and run a command in it: `python3 bootstrap.py [--dev] [COMMAND …]`.

Needs Python 3.11 or newer and nothing else.  uv does the work when it is on the PATH, pip
otherwise; both install exactly the hashes of the lock.  A second call with an unchanged lock
does nothing.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
PYTHON = BIN / ("python.exe" if os.name == "nt" else "python")


def main(arguments: list[str]) -> int:
    if sys.version_info < (3, 11):
        print(f"salesops needs Python 3.11 or newer; this is {sys.version.split()[0]}.", file=sys.stderr)
        print("Install a newer one and call it by name, e.g. `python3.12 bootstrap.py`.", file=sys.stderr)
        return 1
    wants_dev = "--dev" in arguments
    command = [argument for argument in arguments if argument != "--dev"]
    try:
        _install(wants_dev)
    except subprocess.CalledProcessError as problem:
        print(f"Set-up failed at: {' '.join(map(str, problem.cmd))}", file=sys.stderr)
        print(
            "The lines above say why; a missing network is the usual reason. Then run the same again.",
            file=sys.stderr,
        )
        return 1
    if not command:
        print(f"Ready: {VENV}")
        return 0
    environment = {
        **os.environ,
        "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
        "VIRTUAL_ENV": str(VENV),
    }
    return subprocess.call(
        [shutil.which(command[0], path=environment["PATH"]) or command[0], *command[1:]], env=environment
    )


def _install(wants_dev: bool) -> None:
    if PYTHON.exists() and (
        _is_installed("requirements-dev") or (not wants_dev and _is_installed("requirements"))
    ):
        return
    lock = ROOT / ("requirements-dev.lock" if wants_dev else "requirements.lock")
    print(f"Setting up {VENV} from {lock.name} …", flush=True)
    uv = shutil.which("uv")
    if not PYTHON.exists():
        _call(
            *(
                [uv, "venv", "--quiet", "--python", sys.executable, VENV]
                if uv
                else [sys.executable, "-m", "venv", VENV]
            )
        )
    # Python compiles what it imports; compiling all that is installed would add a fifth to its size.
    pip = [PYTHON, "-m", "pip", "--disable-pip-version-check", "install", "--no-compile"]
    installer = [uv, "pip", "install", "--python", PYTHON] if uv else pip
    _call(*installer, "--quiet", "--require-hashes", "-r", lock)
    _call(*installer, "--quiet", "--no-build-isolation", "--no-deps", "-e", ROOT)
    _stamp(lock.stem).write_text(_digest(lock.stem))


def _is_installed(stem: str) -> bool:
    return _stamp(stem).is_file() and _stamp(stem).read_text() == _digest(stem)


def _stamp(stem: str) -> Path:
    return VENV / f"installed-{stem}"


def _digest(stem: str) -> str:
    return hashlib.sha256(
        (ROOT / f"{stem}.lock").read_bytes() + (ROOT / "pyproject.toml").read_bytes()
    ).hexdigest()


def _call(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
