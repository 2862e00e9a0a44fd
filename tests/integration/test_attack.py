"""Crowds that mean no good: memory stays under what the limits promise, and an honest client is served
all the while. Floods past each limit are in test_limits.py."""

import resource
import socket
import threading
import time

import msgpack
import pytest

from lockqd import DEADLINE, Client, Error, until
from test_hostile import few, padded_ping

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
