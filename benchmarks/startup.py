"""What starting costs: CPU seconds of `import salesops_lib`, `salesops --help` and a policy, beside a bare Python.

`python benchmarks/startup.py` runs each in a fresh process nine times and prints the medians.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys

COMMANDS = {
    "bare python": ["-c", "pass"],
    "import salesops_lib": ["-c", "import salesops_lib"],
    "salesops --help": ["-m", "salesops_lib.cli", "--help"],
    "load the packaged policy": ["-c", "from salesops_lib import policy; policy.load(None)"],
}


def cpu_seconds(arguments: list[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    bare = statistics.median(cpu_seconds(COMMANDS["bare python"]) for _ in range(9))
    for name, arguments in COMMANDS.items():
        found = statistics.median(cpu_seconds(arguments) for _ in range(9))
        print(f"{name:26} {found:.3f} s CPU, {found / bare:.1f} times a bare start")
