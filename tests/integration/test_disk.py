"""A disk that is slow, or hangs: who asks what is going on is told, and nothing is answered too soon."""

import os

import pytest

from lockqd import until


@pytest.fixture(name="disk")
def fixture_disk(tmp_path, monkeypatch):
    """The folder in which files `slow` and `hangs` say how the disk of a daemon that is started is."""
    folder = tmp_path / "disk"
    folder.mkdir()
    monkeypatch.setenv("LD_PRELOAD", os.environ["SLOW_DISK_LIBRARY"])
    monkeypatch.setenv("SLOW_DISK", str(folder))
    return folder


def test_a_slow_disk_that_hangs_leaves_ping_and_stats_answering(disk, start):
    daemon = start()
    client, other = daemon.client(grace=60000), daemon.client(grace=60000)
    (disk / "slow").touch()
    client.call("submit", keys=["A/1"], op="a")  # it is noticed
    (disk / "hangs").touch()
    waits = client.send("submit", keys=["A/2"], op="b")
    until(lambda: other.call("ping").get("commit_age", 0) >= 1000, "a commit that lasts")
    assert other.call("stats")["commit_age"] >= 1000
    assert other.call("stats")["granted"] == 2, "decided, but told to nobody"
    client.call("ping")
    assert waits not in client.answers
    (disk / "hangs").unlink()
    assert client.answer(waits)["state"] == "granted"
    until(lambda: other.call("ping").get("commit_age", 0) == 0, "the end of the commit")


def test_a_disk_that_hangs_after_a_rest_leaves_ping_answering(disk, start):
    daemon = start()
    client, other = daemon.client(grace=60000), daemon.client(grace=60000)
    (disk / "hangs").touch()
    waits = client.send("submit", keys=["A/1"], op="a")
    until(lambda: other.call("ping").get("commit_age", 0) >= 100, "a commit that lasts")
    assert waits not in client.answers
    (disk / "hangs").unlink()
    assert client.answer(waits)["state"] == "granted"


def test_after_a_slow_commit_the_next_one_keeps_nobody_from_being_heard(disk, start):
    """The disk hangs for the next one; requests that come meanwhile go into one commit behind it."""
    daemon = start()
    clients = [daemon.client(grace=60000) for _ in range(20)]
    other = daemon.client(grace=60000)
    (disk / "slow").touch()
    clients[0].call("submit", keys=["A/0"], op="first")
    (disk / "hangs").touch()
    waits = [client.send("submit", keys=[f"B/{i}"], op=f"b{i}") for i, client in enumerate(clients)]
    until(lambda: other.call("stats")["granted"] == 21, "all of them to be heard")
    before = other.call("stats")["commits_total"]
    (disk / "hangs").unlink()
    for client, request in zip(clients, waits):
        assert client.answer(request)["state"] == "granted"
    assert other.call("stats")["commits_total"] - before <= 3
