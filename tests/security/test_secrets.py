"""Passwords, foreign files and people's data stay where they are (FAULTS.md S41, S42, S45-S49, S57, S59, S60)."""

from __future__ import annotations

import os
import stat
import sys
import zipfile
from pathlib import Path

import duckdb
import pytest
from click.testing import CliRunner
from standin import SHOW, write_notebook

from salesops_lib import runs
from salesops_lib.cli import main
from salesops_lib.errors import SalesopsError
from salesops_lib.policy import DEFAULT
from salesops_lib.workspace import open_workspace

CANARY = "s3cr3t-c4n4ry"
PERSON = "Zhang Wei 13812345678"
DELIVERY = """
delivery:
  mail: {host: mail.example, sender: reports@example.com, user: robot, password: SALESOPS_MAIL_PASSWORD}
  recipients:
    - {id: boss, mail: [boss@example.com]}
    - {id: chat, webhook: SALESOPS_CHAT}
"""


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`, members of zips on their own."""
    found = {}
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            found[str(path.relative_to(folder))] = path.read_bytes()
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    found |= {f"{path.name}/{name}": archive.read(name) for name in archive.namelist()}
    return found


def holding(folder: Path, secret: str) -> list[str]:
    return [name for name, content in contents(folder).items() if secret.encode() in content]


@pytest.fixture
def secretive(standin, monkeypatch):
    """A workspace whose runner has passwords in its environment, under names of any kind."""
    for name in ("SALESOPS_MAIL_PASSWORD", "SALESOPS_CHAT", "PGPASSWORD", "MY_DSN", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, f"https://user:{CANARY}@hooks.example/{CANARY}")
    policy = standin / "policy.yaml"
    policy.write_text(policy.read_text("utf-8") + DELIVERY, encoding="utf-8")
    return standin


def test_s45_s46_no_password_reaches_a_run_its_log_or_the_page(secretive):
    """A good run and a failed one, with kernels started plainly so that they see today's environment."""
    write_notebook(secretive / "notebooks" / "20_second.ipynb", "x = {}\nx['region']", SHOW)
    results = runs.run(secretive, lang="en")
    assert [result.status for result in results] == ["published", "failed"]
    assert holding(secretive, CANARY) == []


def test_s46_a_password_in_an_error_stays_in_the_run_folder(secretive, warm):
    """An error's text may hold a URL with a password: the page and the index do not repeat it."""
    source = f"raise ConnectionRefusedError('https://robot:{CANARY}@hooks.example')"
    write_notebook(secretive / "notebooks" / "10_first.ipynb", source, SHOW)
    (result,) = runs.run(secretive, ["10"], lang="en", limits=runs.Limits(attempts=1))
    assert result.status == "failed"
    page = next(result.run_folder.glob("*.html"))
    assert CANARY not in page.read_text("utf-8")
    assert CANARY not in (secretive / "reports" / "index.html").read_text("utf-8")
    inside = [name for name in holding(secretive, CANARY) if not name.startswith("notebooks")]
    assert all(name.startswith("reports/.runs/") for name in inside)


def test_s47_what_a_cell_prints_is_on_no_page(secretive):
    write_notebook(
        secretive / "notebooks" / "10_first.ipynb", "import os\nprint(dict(os.environ))\nos.environ", SHOW
    )
    (result,) = runs.run(secretive, ["10"], lang="en")
    assert result.status == "published", result.message
    inside = holding(secretive, CANARY)
    assert inside  # the cell did print it: the executed notebook in the run folder has it
    assert all(name.startswith("reports/.runs/") for name in inside)


def test_s48_people_in_an_error_are_not_on_the_page_that_is_left(standin, warm):
    write_notebook(standin / "notebooks" / "10_first.ipynb", f"float('{PERSON}')", SHOW)
    (result,) = runs.run(standin, ["10"], lang="en")
    assert result.status == "failed"
    shared = [path for path in (standin / "reports").glob("*") if path.is_file()]
    shared += [*result.run_folder.glob("*.html")]
    assert shared
    assert [path.name for path in shared if PERSON in path.read_text("utf-8")] == []


def test_s57_outputs_that_a_notebook_brings_are_not_published(standin, warm):
    """Stale outputs of another region, under our own mark, in a notebook that is run."""
    import nbformat

    path = standin / "notebooks" / "10_first.ipynb"
    notebook = nbformat.read(path, as_version=4)
    mark = {"salesops": {"part": "section", "id": "old", "label": "South"}}
    stale = nbformat.v4.new_output("display_data", {"text/html": f"<p>{CANARY}</p>"}, metadata=mark)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [stale], 99
    nbformat.write(notebook, path)
    (result,) = runs.run(standin, ["10"], lang="en")
    assert result.status == "published", result.message
    assert CANARY not in result.path.read_text("utf-8")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('https://evil.example/a.csv')",
        "COPY (SELECT 1) TO '/tmp/salesops-out.csv'",
        "INSTALL httpfs",
        "LOAD httpfs",
        "ATTACH '/tmp/salesops-other.duckdb' AS other",
        "CREATE SECRET s (TYPE s3)",
        "SET enable_external_access = true",
        "PRAGMA database_list; COPY (SELECT 1) TO '/tmp/salesops-out.csv'",
    ],
)
def test_s41_facts_as_a_notebook_opens_them_reach_nothing_else(standin, sql):
    ws = open_workspace(standin)
    try:
        with pytest.raises(duckdb.Error):
            ws.facts.query(sql)
    finally:
        ws.close()
    assert not Path("/tmp/salesops-out.csv").exists()


def test_s39_a_value_is_bound_whatever_it_says(workspace, line):
    name = "x'; COPY sales TO '/tmp/salesops-out.csv'; --"
    ws = workspace(
        period="2026-04",
        order_lines=[line("2026-04-02", 100, region=name), line("2026-04-02", 7, region="N")],
    )
    found = ws.facts.query("SELECT SUM(net_amount) AS net FROM sales WHERE region = ?", [name])
    assert found.net.item() == 100
    assert ws.facts.query("SELECT COUNT(*) AS n FROM sales WHERE region = ?", ["' OR 1=1 --"]).n.item() == 0


@pytest.mark.parametrize(
    "file", ["https://evil.example/a.csv", "/etc/passwd", "../../etc/passwd", "file:///etc/passwd"]
)
def test_s42_the_policy_names_no_file_and_no_address_to_read(tmp_path, file):
    """The policy has no key that is opened; a source outside the workspace is the user's own `add`."""
    from salesops_lib.policy import load

    path = tmp_path / "policy.yaml"
    text = Path(DEFAULT).read_text("utf-8")
    path.write_text(f"{text}\nsource: {file}\n", encoding="utf-8")
    with pytest.raises(SalesopsError, match="source"):
        load(path)


def test_s59_kernels_talk_over_sockets_in_a_room_of_their_own(standin):
    """No TCP port; the connection file and its folder are this user's."""
    source = """
import json, os, stat
from pathlib import Path
from ipykernel.connect import get_connection_file
file = Path(get_connection_file())
told = json.loads(file.read_text())
modes = [stat.S_IMODE(p.stat().st_mode) for p in (file, file.parent.parent)]
Path(output, "told.json").write_text(json.dumps([told["transport"], told["key"], modes]))"""
    write_notebook(standin / "notebooks" / "10_first.ipynb", source, SHOW)
    (result,) = runs.run(standin, ["10"], lang="en")
    assert result.status == "published", result.message
    import json

    transport, key, (file, room) = json.loads((result.run_folder / "output" / "told.json").read_text("utf-8"))
    assert transport == "ipc"
    assert len(key) >= 32
    assert not (file | room) & (stat.S_IRWXG | stat.S_IRWXO)


def test_s60_the_lab_listens_here_alone_and_asks_for_its_token(standin, monkeypatch):
    started = []
    monkeypatch.setattr(os, "execv", lambda program, words: started.append((program, words)))
    monkeypatch.setenv("SALESOPS_WORKSPACE", "")
    result = CliRunner().invoke(main, ["-w", str(standin), "lab"])
    assert result.exit_code == 0
    ((program, words),) = started
    assert program == sys.executable
    assert "--ServerApp.ip=127.0.0.1" in words
    assert not [
        w
        for w in words
        if "token" in w.lower()
        or "password" in w.lower()
        or "xsrf" in w.lower()
        or ("root" in w and "allow" in w)
    ]
