"""What a report imports is imported once, before kernels are forked: a kernel has nothing left to import."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))

#: Runs a notebook's cells after the preload, and prints the modules that came with them.
CELLS = """
import json, sys
import IPython.display
from salesops_lib.runs import zygote

zygote.preload()
IPython.display.display = lambda *shown, **settings: None
notebook, workspace, output = sys.argv[1:]
cells = [c for c in json.load(open(notebook, encoding="utf-8"))["cells"] if c["cell_type"] == "code"]
names, known = {"__name__": "__main__"}, set(sys.modules)
for cell in cells:
    exec("".join(cell["source"]), names)
    if "parameters" in cell["metadata"].get("tags", []):
        names |= {"workspace": workspace, "lang": "en,zh", "period": "", "output": output}
print(json.dumps(sorted(set(sys.modules) - known)))
"""


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_reports_import_nothing_that_was_not_preloaded(notebook, sample_company, tmp_path):
    ran = subprocess.run(
        [sys.executable, "-c", CELLS, notebook, sample_company, tmp_path],
        capture_output=True,
        text=True,
        check=True,
    )
    late = json.loads(ran.stdout.splitlines()[-1])
    own = {name for name in late if name.partition(".")[0] not in sys.stdlib_module_names}
    assert own <= {"pyarrow.vendored.version"}  # a name that pyarrow alone knows


def test_no_kernel_imports_the_debugger():
    code = "import sys; from salesops_lib.runs import zygote; zygote.preload(); print('pydevd' in sys.modules, 'debugpy' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "False"]
