"""A flood past each limit: the answer names it and its value, nothing is half done, and the daemon goes on."""

import select
import time

import msgpack
import pytest

from lockqd import DEADLINE, Error, Gone, until
from test_attack import KIB, MIB, Raw
from test_hostile import LAST, nested, padded_ping
from test_operations import fails


def refuses(name, value, method, **fields):
    """The limit is reached by a request that is answered with its name and value."""
    def reach(client, _daemon):
        sentence = fails("over_limit", client, method, **fields)
        assert f"{value}" in sentence and (name in sentence), sentence
    return reach


def after(*steps):
    """What must be there before the limit is reached: each is granted or waits."""
    def wrap(reach):
        def run(client, daemon):
            for fields in steps:
                assert client.call("submit", **fields)["state"] in ("granted", "waiting")
            reach(client, daemon)
        return run
    return wrap


def ends_connection(message, name):
    """The limit is of a frame: one error, then closed."""
    def reach(_client, daemon):
        other = daemon.bare()
        try:
            other.send_bytes(message)
        except Gone:
            pass
        assert other.is_closed()
        error = other.answers.pop(LAST)[2]
        assert error.startswith("over_limit") and name in error, error
    return reach


def reach_namespaces(client, daemon):
    client.call("submit", keys=["A"])
    other = daemon.client(namespace="second")
    other.call("submit", keys=["A"])
    third = daemon.client(namespace="third")
    assert "namespaces" in fails("over_limit", third, "submit", keys=["A"])


def reach_pending(client, _daemon):
    client.call("submit", keys=["A"])
    for i in range(2):
        client.send("acquire", keys=["A"], op=f"p{i}")
    assert "pending" in fails("over_limit", client, "acquire", keys=["A"], op="p2")


def reach_lingering(_client, daemon):
    for i in range(3):
        other = daemon.client(grace=60000)
        other.call("submit", keys=[f"L/{i}"])
        other.close()
    observer = daemon.bare()
    until(lambda: observer.call("stats")["sessions_lingering"] == 3, "the lingering")
    assert "lingering" in fails("over_limit", daemon.bare(), "hello", grace=1000)


def test_a_session_that_owns_nothing_makes_room_for_who_comes(start):
    """Whoever only asks and goes cannot keep others out; whoever owns something keeps its session."""
    daemon = start(backend="memory", config="lingering = 3\n")
    observer = daemon.bare()
    owner = daemon.client(grace=60000)
    op = owner.call("submit", keys=["K"])["op"]
    owner.close()
    for i in range(10):
        asker = daemon.client(grace=60000)
        asker.call("check", keys=["K"])
        asker.close()
        until(lambda: observer.call("stats")["connections"] == 1, "the end of its connection")
    assert observer.call("stats")["sessions_lingering"] == 3
    assert observer.call("status", op=op)["state"] == "granted"
    again = daemon.bare()
    again.call("hello", resume={name: owner.hello[name] for name in ("session", "secret")})
    assert again.call("release", op=op)["end"] == "released"


def reach_connections(client, daemon):
    """Those beyond wait at the door, and come in when somebody leaves."""
    inside = [daemon.client() for _ in range(2)]
    outside = daemon.bare()
    request = outside.send("ping")
    for _ in range(5):  # turns in which it could have come in
        assert client.call("stats")["connections"] == 3
    assert not select.select([outside.socket], [], [], 0)[0]
    inside[0].close()
    assert outside.answer(request)


def reach_output(_client, daemon):
    """One that reads nothing is cut off, and nobody else is."""
    owner = daemon.client()
    for i in range(100):
        owner.call("submit", keys=[f"O/{i}"], why="x" * 255)
    deaf = Raw(daemon)
    request = msgpack.packb([0, 1, "list", [{"limit": 100}]])
    until(lambda: (deaf.push(request * 10),
                   owner.call("stats")["connections_cut_total"] == 1)[1], "the cut")
    deaf.close()


def reach_buffers(_client, daemon):
    """Over it the largest is cut, the others' halves stand."""
    owner = daemon.client()
    small = daemon.bare()
    message = padded_ping(64 * KIB)
    small.send_bytes(message[:1000])
    large = [Raw(daemon) for _ in range(6)]
    for client in large:
        client.socket.settimeout(DEADLINE)
        client.socket.sendall(padded_ping(512 * KIB)[:300 * KIB])
    until(lambda: owner.call("stats")["connections_cut_total"] > 0, "the cut")
    assert owner.call("stats")["buffer_bytes"] <= MIB
    small.send_bytes(message[1000:])
    with pytest.raises(Error, match="bad_request.*'x'"):
        small.answer(1)


def reach_remembered(client, _daemon):
    """The oldest are forgotten."""
    for i in range(4):
        client.call("submit", keys=["A"], op=f"r{i}")
        client.call("release", op=f"r{i}")
    ended = [r["op"] for r in client.call("list", state=["ended"])["ops"]]
    assert ended == ["r1", "r2", "r3"]
    fails("not_found", client, "status", op="r0")


def reach_remembered_ms(client, _daemon):
    client.call("submit", keys=["A"], op="r")
    released = time.monotonic()
    client.call("release", op="r")
    until(lambda: client.call("list", state=["ended"])["ops"] == [], "the forgetting")
    assert time.monotonic() - released >= 0.2


def reach_changed_keys(client, _daemon):
    """Those that changed longest ago are uncertain."""
    since = client.call("list")["seq"]
    for i in range(4):
        client.call("submit", keys=[f"C/{i}"], op=f"c{i}")
        client.call("release", op=f"c{i}")
    answer = client.call("check", keys=[f"C/{i}" for i in range(4)], since=since)
    assert len(answer["changed"]) + len(answer["uncertain"]) == 4 and answer["uncertain"]


def reach_generations(client, _daemon):
    parent = client.call("submit", keys=["G"], op="g0")
    for i in range(1, 10):
        try:
            parent = client.call("submit", keys=["G"], op=f"g{i}", parent=parent["op"],
                                 parent_token=parent["token"])
        except Error as error:
            assert error.code == "over_limit" and "generations" in str(error)
            return
    raise AssertionError("so many generations")


DEEP = "/".join("x" * 4)
LIMITS = {
    "message": ("1M", ends_connection(padded_ping(MIB + 1), "message")),
    "nesting": ("9", ends_connection(nested(10), "nesting")),
    "path": ("64", refuses("path", 64, "submit", keys=["x" * 65])),
    "segments": ("3", refuses("segments", 3, "submit", keys=[DEEP])),
    "keys": ("3", refuses("keys", 3, "submit", keys={"A": [1, 2, 3, 4]})),
    "key_text": ("4K", refuses("key_text", 4096, "submit", keys=[f"{i:0100}" for i in range(42)])),
    "keys_per_check": ("3", refuses("keys_per_check", 3, "check", keys={"A": [1, 2, 3, 4]})),
    "payload": ("10", refuses("payload", 10, "submit", keys=["A"], lease=1000, payload="x" * 11)),
    "meta": ("10", refuses("meta", 10, "submit", keys=["A"], meta="x" * 11)),
    "text": ("20", refuses("text", 20, "submit", keys=["A"], why="x" * 21)),
    "lease_min": ("500", refuses("lease", 500, "submit", keys=["A"], lease=499)),
    "lease_max": ("2s", refuses("lease", 2000, "submit", keys=["A"], lease=2001)),
    "grace": ("1s", lambda client, daemon: refuses("grace", 1000, "hello", grace=1001)(
        daemon.bare(), daemon)),
    "live_ops": ("2", after({"keys": ["A"]}, {"keys": ["A"]})(
        refuses("live_ops", 2, "submit", keys=["B"]))),
    "live_ops_per_session": ("2", after({"keys": ["A"]}, {"keys": ["A"]})(
        refuses("live_ops_per_session", 2, "submit", keys=["B"]))),
    "live_claims": ("5", after({"keys": ["A"]}, {"keys": ["B"]})(
        refuses("live_claims", 5, "submit", keys=["C"]))),
    "live_bytes": ("100", after({"keys": ["A"], "meta": "x" * 60})(
        refuses("live_bytes", 100, "submit", keys=["B"], meta="x" * 60))),
    "namespaces": ("2", reach_namespaces),
    "remembered": ("3", reach_remembered),
    "remembered_ms": ("200ms", reach_remembered_ms),
    "changed_keys": ("3", reach_changed_keys),
    "generations": ("3", reach_generations),
    "connections": ("3", reach_connections),
    "output": ("64K", reach_output),
    "buffers": ("1M", reach_buffers),
    "pending": ("2", reach_pending),
    "lingering": ("3", reach_lingering),
}


def test_every_limit_of_hello_is_flooded_here(start):
    """A new limit needs its flood."""
    assert set(start(backend="memory").client().hello["limits"]) == set(LIMITS)


@pytest.mark.parametrize("name", LIMITS)
def test_past_this_limit_comes_its_name_and_the_daemon_goes_on(start, name):
    value, reach = LIMITS[name]
    daemon = start(backend="memory", config=f"{name} = {value}\n")
    client = daemon.client(grace=100)
    reach(client, daemon)
    assert client.call("ping") and daemon.process.poll() is None
    left = client.call("list")["ops"]
    for record in left:
        if record["state"] == "granted" and "session" in record:
            try:
                client.call("release", op=record["op"])
            except Error:
                pass  # another session's
    assert client.call("check", keys=["Free"])["locked"] == []
