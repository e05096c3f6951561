"""The counter of processes that were killed for want of memory, wherever a system keeps it."""

import pytest

from salesops_lib.runs import memory

V2 = ("0::/user.slice/run", "user.slice/run/memory.events", "low 0\noom 4\noom_kill 3\noom_group_kill 0\n")
V1 = (
    "9:name=systemd:/\n4:cpu,memory:/job\n0::/",
    "memory/job/memory.oom_control",
    "under_oom 0\noom_kill 2\n",
)


@pytest.mark.parametrize(
    ("own", "counter", "text", "n"), [(*V2, 3), (*V1, 2)], ids=["version 2", "version 1"]
)
def test_the_counter_of_our_own_group(tmp_path, monkeypatch, own, counter, text, n):
    (tmp_path / "cgroup").write_text(own + "\n")
    (tmp_path / counter).parent.mkdir(parents=True)
    (tmp_path / counter).write_text(text)
    monkeypatch.setattr(memory, "_OWN", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "_GROUPS", tmp_path)
    assert memory.kills() == n


def test_where_nobody_counts_it_is_nought(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_OWN", tmp_path / "absent")
    assert memory.kills() == 0
