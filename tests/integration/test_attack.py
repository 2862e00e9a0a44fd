"""Crowds that mean no good, and floods past each limit: memory stays under what the limits promise,
an honest client is served all the while, and the answer names the limit."""

import resource
import socket
import threading
import time

import msgpack
import pytest

from lockqd import DEADLINE, Client, Error, Gone, until
from test_hostile import LAST, few, nested, padded_ping
from test_operations import fails

KIB, MIB = 1 << 10, 1 << 20


@pytest.fixture(autouse=True, scope="module")
def many_descriptors():
    """As many as may be, here and in the daemons that are started."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard < 6000:
        pytest.skip("not enough file descriptors")


class Honest(threading.Thread):
    """Takes a lock and gives it back, again and again; a call that is not answered is a failure."""

    def __init__(self, daemon):
        super().__init__()
        self.client = daemon.client()
        self.is_over = threading.Event()
        self.served = 0
        self.failure = None
        self.start()

    def run(self):
        try:
            while not self.is_over.is_set():
                view = self.client.call("acquire", keys=["Honest", f"H/{self.served}"])
                assert view["state"] == "granted"
                self.client.call("release", op=view["op"])
                self.served += 1
        except Exception as error:  # pylint: disable=broad-except
            self.failure = repr(error)

    def is_served(self):
        """Whether it gets on, with what the others do now."""
        before = self.served
        until(lambda: self.served > before + 5 or self.failure, "the honest client's turn")
        assert self.failure is None, self.failure
        return True

    def close(self):
        self.is_over.set()
        self.join(DEADLINE)
        assert not self.is_alive() and self.failure is None, self.failure


@pytest.fixture
def honest():
    """Makes honest clients, and ends them."""
    made = []

    def make(daemon):
        made.append(Honest(daemon))
        return made[-1]

    yield make
    for client in made:
        client.close()


class Raw:
    """A connection of few bytes: thousands of them are needed."""

    def __init__(self, daemon):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)  # a full backlog makes connect wait
        self.socket.connect(daemon.path)
        self.socket.setblocking(False)

    def push(self, data):
        """Sends what goes in now; False: nothing does, or it was cut off."""
        try:
            return self.socket.send(data) > 0
        except OSError:
            return False

    def close(self):
        self.socket.close()


def ceiling(daemon, before, buffers, connections):
    """What the limits promise: `buffers` for all bytes of all connections, in buffers that are up
    to twice as large as what is in them, and 8 KiB for a connection and its session itself."""
    return before + few(daemon, (2 * buffers + 8 * KIB * connections) // MIB + 16)


# --- crowds --------------------------------------------------------------------------------------

def test_crowds_of_the_deaf_the_idle_and_the_slow_cost_what_the_limits_say(start, honest):
    """4,000 idle clients, 1,000 that never read what they ask for, 300 in the middle of a message,
    200 whose headers promise gigabytes, 100 that send one byte at a time."""
    daemon = start(backend="memory", config="connections = 6000\noutput = 256K\nbuffers = 48M\n")
    good = honest(daemon)
    owner = daemon.client()
    for i in range(200):
        owner.call("submit", keys=[f"K/{i}"], why="x" * 255)
    before = daemon.memory()
    crowd, highest = [], 0

    def check():
        nonlocal highest
        assert good.is_served()
        highest = max(highest, daemon.memory())
        assert highest < ceiling(daemon, before, 48 * MIB, 6000), (before, highest)

    for i in range(4000):
        crowd.append(Raw(daemon))
        if i % 2:
            crowd[-1].push(msgpack.packb([0, 1, "hello", [{"grace": 1000}]]))
        if i % 1000 == 0:
            check()
    check()
    asks = msgpack.packb([0, 1, "list", [{"limit": 1000}]]) * 20
    deaf = [Raw(daemon) for _ in range(1000)]
    for _ in range(10):
        for client in deaf:
            client.push(asks)
        check()
    until(lambda: owner.call("stats")["connections_cut_total"] > 100, "the cutting of the deaf")
    check()
    half = [Raw(daemon) for _ in range(300)]
    for client in half:
        client.push(padded_ping(MIB)[:150 * KIB])
    check()
    bombs = [Raw(daemon) for _ in range(200)]
    for client in bombs:
        client.push(b"\x94\x00\x01\xa6submit\x91\x81\xa4keys\xdd\x00\x7f\xff\xff")
    check()
    slow = [Client(daemon.address) for _ in range(100)]
    for byte in msgpack.packb([0, 1, "submit", [{"keys": ["Slow"], "wait": False}]]):
        for client in slow:
            client.send_bytes(bytes([byte]))
    check()
    states = [client.answer(1)["state"] for client in slow]
    assert states.count("granted") == 1 and states.count("ended") == 99
    assert owner.call("stats")["buffer_bytes"] <= 48 * MIB
    for client in crowd + deaf + half + bombs + slow:
        client.close()
    until(lambda: owner.call("stats")["connections"] == 2, "the leaving of all")
    check()


def test_what_was_large_once_costs_nothing_when_it_is_over(start, honest):
    """1,000 clients that each sent and got a large message, and now do nothing."""
    daemon = start(backend="memory")
    good, owner = honest(daemon), daemon.client()
    owner.call("submit", keys={"K": list(range(700))}, who="x" * 100)
    question = msgpack.packb([0, 2, "check", [{"keys": {"K": list(range(700))}}]])
    before = daemon.memory()
    clients = []
    for _ in range(1000):
        clients.append(daemon.bare())
        clients[-1].send_bytes(padded_ping(60 * KIB)[:-1])
        daemon.bare().call("ping")
        clients[-1].send_bytes(b"x" + question)
        assert len(clients[-1].answer(2)["locked"]) == 700
    assert good.is_served()
    # Neither is anything on its way, nor is anybody in the middle of a message.
    until(lambda: owner.call("stats")["buffer_bytes"] < 64 * KIB, "the end of it")
    assert daemon.memory() < ceiling(daemon, before, 0, 1000)
    for client in clients:
        client.close()


def test_a_storm_of_those_who_come_and_go_keeps_nobody_out(start, honest):
    """Connections that say hello or nothing, and go; sessions and memory do not add up."""
    daemon = start(backend="memory", config="connections = 500\nlingering = 200\n")
    good = honest(daemon)
    before = daemon.memory()
    refused = 0
    for i in range(3000):
        client = Client(daemon.address)
        if i % 3 == 0:
            request = client.send("hello", grace=60000)
            client.send("submit", keys=[f"K/{i}"])
            try:
                client.answer(request)
            except Error as error:
                assert error.code == "over_limit" and "lingering" in str(error)
                refused += 1
        client.close()
    assert refused > 0 and good.is_served()
    # The limit is asked at hello. They come one after the other, and whatever was closed before a
    # connection is read in the turn of its hello at the latest: one may come on top.
    assert daemon.bare().call("stats")["sessions_lingering"] <= 201
    assert daemon.memory() < ceiling(daemon, before, 0, 500)


def test_storms_of_submits_are_held_by_the_limits_of_what_is_alive(start, honest):
    """A flood of operations into one line: over_limit, and memory for so many and no more."""
    daemon = start(backend="memory", config="live_ops = 5000\nremembered = 1000\n")
    good = honest(daemon)
    flood = [daemon.client() for _ in range(8)]
    before = daemon.memory()
    taken = refused = 0
    for n in range(15):
        sent = [(client, client.send("submit", keys=["Hot", f"F/{n}-{i}"], why="x" * 255))
                for client in flood for i in range(100)]
        for client, request in sent:
            try:
                client.answer(request)
                taken += 1
            except Error as error:
                assert error.code == "over_limit" and "live_ops" in str(error)
                refused += 1
        if refused == 0:
            assert good.is_served()
    assert taken >= 4990 and refused > 0
    # An operation of two keys is about 2 KiB with its texts and claims: 5,000 are 10 MiB.
    assert daemon.memory() < before + few(daemon, 10 + 16)
    # Nothing new is taken, so the honest one is refused as well, until there is room again.
    until(lambda: good.failure is not None, "the refusal")
    assert "live_ops" in good.failure
    good.failure = None
    for client in flood:
        client.close()
    other = daemon.client()
    until(lambda: other.call("stats")["sessions_lingering"] == 8, "the lingering")


# --- each limit ----------------------------------------------------------------------------------

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


def reach_connections(client, daemon):
    """Those beyond wait at the door, and come in when somebody leaves."""
    inside = [daemon.client() for _ in range(2)]
    outside = daemon.bare()
    request = outside.send("ping")
    client.call("list")
    assert request not in outside.answers
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
    "message": ("64K", ends_connection(padded_ping(64 * KIB + 1), "message")),
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
