"""What the library's own source may not do, read from its syntax trees (FAULTS.md S38-S40, S43, S44, S60, S61)."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import salesops_lib

ROOT = Path(salesops_lib.__file__).parent
REPOSITORY = ROOT.parent
SOURCES = sorted(ROOT.rglob("*.py"))

#: Calls by dotted name, whoever they are called on, and why they are not made.
FORBIDDEN = {
    "eval": "runs text",
    "exec": "runs text",
    "compile": "makes text into code",
    "__import__": "imports by text",
    "os.system": "runs a shell",
    "os.popen": "runs a shell",
    "subprocess.getoutput": "runs a shell",
    "pickle.load": "runs what a file says",
    "pickle.loads": "runs what a file says",
    "joblib.load": "runs what a file says",
    "joblib.dump": "writes what only pickle reads",
    "pandas.read_pickle": "runs what a file says",
    "pd.read_pickle": "runs what a file says",
    "marshal.loads": "runs what a file says",
    "shelve.open": "runs what a file says",
    "dill.load": "runs what a file says",
    "yaml.unsafe_load": "makes objects by tag",
    "yaml.full_load": "makes objects by tag",
    "tempfile.mktemp": "a name that somebody else may take",
    "pd.eval": "runs text",
    "pd.read_html": "asks the network",
}


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in SOURCES:
        yield path, ast.parse(path.read_text(encoding="utf-8"))


def calls() -> Iterator[tuple[str, str, ast.Call]]:
    """Where, the dotted name of what is called, and the call."""
    for path, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", _dotted(node.func), node


def _dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "?"


def test_s43_s44_nothing_runs_text_or_unpickles_a_file():
    found = [f"{where} {name}: {FORBIDDEN[name]}" for where, name, _ in calls() if name in FORBIDDEN]
    assert found == []


def test_s44_yaml_is_read_by_the_safe_reader_alone():
    for where, name, call in calls():
        if name.endswith("YAML"):
            kinds = {k.arg: ast.unparse(k.value) for k in call.keywords}
            kind = kinds.get("typ") or (ast.unparse(call.args[0]) if call.args else "'rt'")
            assert kind in ("'safe'", "'rt'"), where  # `rt` keeps comments and makes no objects by tag
        assert not name.endswith((".unsafe_load", ".full_load")), where
    assert not any(
        re.search(r"^\s*import yaml|^\s*from yaml", path.read_text("utf-8"), re.M) for path in SOURCES
    )


def test_no_shell_is_started():
    for where, name, call in calls():
        for keyword in call.keywords:
            assert keyword.arg != "shell" or ast.unparse(keyword.value) == "False", where
        if name.startswith("subprocess.") and name.rpartition(".")[2] in (
            "run",
            "Popen",
            "call",
            "check_output",
        ):
            assert call.args, where
            assert not isinstance(call.args[0], ast.JoinedStr | ast.Constant), (
                where
            )  # a list, never a line of text


def test_s38_no_frame_is_asked_by_text():
    """`DataFrame.query` and `.eval` run names of local variables; ours are engines' `query(sql, values)`."""
    for where, name, call in calls():
        method = name.rpartition(".")[2]
        assert method != "eval", where
        if method == "query":
            owner = name.rpartition(".")[0]
            assert re.search(r"(engine|facts|store|self|files|connection)$", owner), f"{where} {name}"
        assert not (method == "query" and any(k.arg in ("local_dict", "engine") for k in call.keywords)), (
            where
        )


SQL = re.compile(
    r"^\s*(SELECT|WITH|INSERT|UPDATE|DELETE|CREATE|DROP|ALTER|COPY|ATTACH|DETACH|SET|PRAGMA|EXPORT|INSTALL|LOAD)\b"
)


#: Fields between quotes that were looked at, by file, and why they are safe.
REVIEWED = {
    ("market/share.py", "keys"): "names of columns that our own calls give",
    ("synthetic/files.py", "path"): "quotes doubled on the line before",
    ("synthetic/orders.py", "name"): "tables of the sample company, named in the code",
}


def test_s39_s40_values_of_sql_are_bound_or_quoted():
    """Between quotes of a statement stand constants of the module, what `quoted` or `literal` made, or REVIEWED."""
    found = []
    for path, tree in trees():
        where = str(path.relative_to(ROOT))
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr) and _is_sql(node):
                fields = [field for field in _between_quotes(node) if (where, field) not in REVIEWED]
                found += [f"{where}:{node.lineno} {{{field}}}: use quoted() or literal()" for field in fields]
    assert found == []


def _is_sql(node: ast.JoinedStr) -> bool:
    first = node.values[0] if node.values else None
    return isinstance(first, ast.Constant) and bool(SQL.match(str(first.value)))


def _between_quotes(node: ast.JoinedStr) -> Iterator[str]:
    before = ""
    for part in node.values:
        if isinstance(part, ast.FormattedValue) and before.endswith(("'", '"')):
            inside = ast.unparse(part.value)
            if not inside.strip("_").isupper():
                yield inside
        before = str(part.value) if isinstance(part, ast.Constant) else ""


@pytest.mark.parametrize(
    "word", ["disable_check_xsrf", "0.0.0.0", "allow_remote_access", "--allow-root", "token=''", 'token=""']
)
def test_s60_no_command_or_file_of_ours_opens_jupyter_to_others(word):
    files = [*SOURCES, REPOSITORY / "Makefile", REPOSITORY / "bootstrap.py", *REPOSITORY.glob("docs/*.md")]
    files += [*REPOSITORY.glob("*.toml"), *REPOSITORY.glob("environment.yml")]
    said = [
        path
        for path in files
        if path.is_file() and word in path.read_text("utf-8") and path.name != "security.md"
    ]
    assert said == []
    assert not list(REPOSITORY.glob("jupyter_*config*"))


def test_s61_every_package_is_pinned_with_its_digest():
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (REPOSITORY / name).read_text("utf-8")
        pinned = re.findall(r"^([a-z0-9][\w.\-\[\]]*)==(\S+)", text, re.M | re.I)
        assert len(pinned) > 50
        blocks = re.split(r"^(?=[a-z0-9][\w.\-\[\]]*==)", text, flags=re.M | re.I)[1:]
        assert [block.split("==")[0] for block in blocks if "--hash=sha256:" not in block] == []
        assert "--extra-index-url" not in text
        assert "salesops" not in [package for package, _ in pinned]
