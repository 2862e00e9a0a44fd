"""What a restart of the daemon leaves as it was, and what starts afresh."""

import time

from lockqd import until
from test_operations import fails
from test_ownership import record, restart, resume


def test_grace_begins_again_when_the_daemon_is_ready(daemon):
    """A restart is a dropped connection."""
    a = daemon.client(grace=500)
    a.call("submit", keys=["A"], op="a")
    daemon.kill()
    down = time.time()
    until(lambda: time.time() > down + 0.6, "a time down longer than the grace")
    ready = time.time()
    daemon.start()
    b = daemon.client()
    assert record(b, "a")["state"] == "granted"
    until(lambda: record(b, "a")["state"] == "ended", "the loss")
    assert record(b, "a")["end"] == "lost" and record(b, "a")["ended"] >= (ready + 0.5) * 1000 - 1


def test_a_restart_changes_nothing_that_was_told(daemon):
    """Records are the same, for waiting, granted and ended ones."""
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], shared=["B/1"], op="held", who="ann", why="w", meta={"m": [1]})
    token = a.call("submit", keys=["D"], op="det", lease=0, meta=None)["token"]
    a.call("renew", op="det", token=token, progress="half way")
    a.call("submit", keys=["A", "D"], op="line", why="next")
    a.call("submit", keys=["D/5"], op="line2", lease=60000, payload=b"p")
    a.call("submit", keys=["D/5"], op="gone")
    a.call("cancel", op="gone", why="no need")
    a.call("submit", keys=["E"], op="done")
    a.call("release", op="done", outcome="fine")
    names = ["held", "det", "line", "line2", "gone", "done"]
    before = [record(a, op) for op in names]
    released = a.call("release", op="done")
    restart(daemon)
    again = daemon.client(resume=resume(a))
    assert [record(again, op) for op in names] == before
    assert again.call("release", op="done") == released, "a repeated release, the same answer"
    assert again.call("submit", keys=["E"], op="done") == released
    assert again.call("cancel", op="gone", why="?")["why_ended"] == "no need"
    fails("op_reused", again, "submit", keys=["E", "F"], op="done")


def test_seq_and_tokens_and_tickets_rise_over_crashes(daemon):
    """Never reused, whatever happened in between; tokens below 2^53."""
    last = (0, 0, 0)
    for n in range(6):
        a = daemon.bare()
        for i in range(3):
            # What the crash left behind ends with its session, perhaps after this was read.
            view = a.call("acquire", keys=["A"], op=f"r{n}-{i}")
            now = (view["ticket"], view["token"], view["seq"])
            assert all(x > y for x, y in zip(now, last)), (now, last)
            last = now
            if i < 2:
                seq = a.call("release", op=f"r{n}-{i}")["seq"]
                assert seq > view["seq"]
        assert view["token"] >> 32 == daemon.client().hello["epoch"] and view["token"] < 1 << 53
        restart(daemon)


def test_an_orderly_stop_keeps_what_a_crash_keeps(daemon):
    """TERM: waiting ones keep their order, sessions resume."""
    a, b = daemon.client(grace=60000), daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    for i in range(5):
        b.call("submit", keys=["A"], op=f"b{i}")
    assert daemon.stop() == 0
    daemon.start()
    a, b = daemon.client(resume=resume(a)), daemon.client(resume=resume(b))
    line = [r["op"] for r in a.call("list")["ops"]]
    assert line == ["a"] + [f"b{i}" for i in range(5)]
    a.call("release", op="a")
    assert b.push()[1]["op"] == "b0"


def test_a_lease_starts_afresh_at_recovery(daemon):
    """Stored as a duration; a renewed one as renewed."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=100000)["token"]
    short = a.call("submit", keys=["B"], op="b", lease=1000)["token"]
    a.call("renew", op="b", token=short, lease=100000)
    until(lambda: record(a, "a")["expires_in"] < 98500, "some of the lease to be over")
    restart(daemon)
    b = daemon.client()
    assert record(b, "a")["expires_in"] > 98500 and record(b, "a")["token"] == token
    assert record(b, "b")["expires_in"] > 98500


def test_a_time_in_line_starts_afresh_at_recovery(daemon):
    """And ends as timeout, not before that time is over again."""
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="t", wait=700)
    daemon.kill()
    ready = time.time()
    daemon.start()
    b = daemon.client()
    until(lambda: record(b, "t")["state"] == "ended", "the timeout")
    assert record(b, "t")["end"] == "timeout"
    assert record(b, "t")["ended"] >= (ready + 0.7) * 1000 - 1


def test_refused_is_not_remembered_over_a_crash_either(daemon):
    """Refused leaves nothing behind: the id is free."""
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="r", wait=False)
    restart(daemon)
    b = daemon.client()
    fails("not_found", b, "status", op="r")
    assert b.call("submit", keys=["R"], op="r")["state"] == "granted"


def test_a_claim_outlives_a_crash(daemon):
    """Claimed is claimed: by the same session, resumed, again with its payload; by nobody else."""
    s, c = daemon.client(), daemon.client(grace=60000)
    token = s.call("submit", keys=["A"], op="job", lease=60000, payload=[1, {"x": b"y"}],
                   meta="m")["token"]
    c.call("claim", op="job")
    restart(daemon)
    other, again = daemon.client(), daemon.client(resume=resume(c))
    assert record(other, "job")["claimed"] is True
    fails("already_claimed", other, "claim", op="job")
    view = again.call("claim", op="job")
    assert (view["token"], view["payload"], view["meta"]) == (token, [1, {"x": b"y"}], "m")
    assert [r["op"] for r in again.call("list", mine=True)["ops"]] == ["job"]


def test_an_unclaimed_payload_outlives_a_crash(daemon):
    """Submitted by one, the daemon crashed, claimed by another."""
    daemon.client().call("submit", keys=["A"], op="job", lease=60000, payload="p" * 60000)
    restart(daemon)
    b = daemon.client()
    assert "expires_in" not in record(b, "job")
    assert b.call("claim", op="job")["payload"] == "p" * 60000


def test_who_was_passed_sixteen_times_is_passed_no_more(daemon):
    """Whatever happened in between; and a daemon that is asked how far it is never goes back."""
    few = {"wait": False, "max_hold": 10000, "pass": True}
    a, b, c = daemon.client(grace=60000), daemon.client(grace=60000), daemon.client()
    a.call("submit", keys=["Row/1"], op="a")
    b.call("submit", keys=["Row/1", "Row/2"], op="bulk")
    seq = 0
    for i in range(16):
        if i % 6 == 5:
            restart(daemon)
            c = daemon.client()
        assert c.call("submit", keys=["Row/2"], op=f"c{i}", **few)["state"] == "granted"
        before, seq = seq, c.call("ping")["seq"]
        assert seq > before
        c.call("release", op=f"c{i}")
    restart(daemon)
    view = daemon.client().call("submit", keys=["Row/2"], op="more", **few)
    assert (view["end"], view["blockers"][0]["op"]) == ("refused", "bulk")


def test_without_a_store_seq_rises_when_somebody_is_passed(start):
    few = {"wait": False, "max_hold": 10000, "pass": True}
    client = start(backend="memory").client()
    client.call("submit", keys=["Row/1"], op="a")
    client.call("submit", keys=["Row/1", "Row/2"], op="bulk")
    before = client.call("ping")["seq"]
    client.call("submit", keys=["Row/2"], op="c", **few)
    assert client.call("ping")["seq"] > before
