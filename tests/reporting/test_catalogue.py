"""Messages: complete in both languages, same placeholders, faults named."""

from __future__ import annotations

import pytest

from salesops_lib.errors import RunError
from salesops_lib.reporting import catalogue
from salesops_lib.reporting.voice import FORMATS


def _placeholders(template: str) -> set[str]:
    return {name for _, name, _ in catalogue.fields(template) if name}


def test_languages_name_the_same_placeholders():
    differing = {
        key: (_placeholders(texts["en"]), _placeholders(texts["zh"]))
        for key, texts in catalogue.messages().items()
        if _placeholders(texts["en"]) != _placeholders(texts["zh"])
    }
    assert differing == {}


def test_every_format_is_known():
    unknown = {
        (key, spec)
        for key, texts in catalogue.messages().items()
        if not key.startswith("policy.")  # these have formats of their own: test_policy_words.py
        for text in texts.values()
        for _, name, spec in catalogue.fields(text)
        if name and "|" not in spec and spec.rstrip("+") not in ("", *FORMATS)
    }
    assert unknown == set()


def test_unknown_message_names_the_nearest():
    with pytest.raises(RunError, match=r"'legend.actul'.*did you mean 'legend.actual'"):
        catalogue.message("legend.actul", "en")


@pytest.mark.parametrize(
    ("table", "said"),
    [({"a": {"en": "x"}}, "needs en and zh, has en"), ({"a": "x"}, "must be a table with en and zh")],
)
def test_faulty_files_are_refused(tmp_path, monkeypatch, table, said):
    folder = tmp_path / "messages"
    folder.mkdir()
    lines = [f"[{k}]\nen = 'x'\n" if isinstance(v, dict) else f"{k} = '{v}'\n" for k, v in table.items()]
    (folder / "a.toml").write_text("".join(lines))
    monkeypatch.undo()
    monkeypatch.setattr(catalogue.resources, "files", lambda _: tmp_path)
    with pytest.raises(RunError, match=said):
        catalogue.messages.__wrapped__()


def test_an_id_stands_once(tmp_path, monkeypatch):
    folder = tmp_path / "messages"
    folder.mkdir()
    for name in ("a.toml", "b.toml"):
        (folder / name).write_text("[x]\nen = 'x'\nzh = 'x'\n")
    monkeypatch.undo()
    monkeypatch.setattr(catalogue.resources, "files", lambda _: tmp_path)
    with pytest.raises(RunError, match=r"'x' stands twice .*b\.toml"):
        catalogue.messages.__wrapped__()
