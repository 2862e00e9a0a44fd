"""What ends by itself: never early, in the end always, and in good order with everything else."""

import random
import signal
import socket
import threading
import time

import msgpack
import pytest

from lockqd import DEADLINE, until
from model import conflict, normal, random_set
from test_operations import fails


def record(client, op):
    return client.call("status", op=op)


def ended(client, op):
    until(lambda: record(client, op)["state"] == "ended", f"the end of {op}")
    return record(client, op)


def everything(client):
    after, records = {}, {}
    while True:
        page = client.call("list", state=["waiting", "granted", "ended"], limit=1000, **after)
        records.update((r["op"], r) for r in page["ops"])
        if "next" not in page:
            return records
        after = {"after": page["next"]}


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_no_lease_and_no_time_in_line_ends_early(start, backend):
    """Five hundred of each, of all lengths; each ends, none before its time."""
    a = start(backend=backend).client()
    chance = random.Random(5)
    a.call("submit", keys=["Hot"], op="holder")
    times = {}
    for i in range(500):
        times[f"l{i}"], times[f"t{i}"] = chance.randint(100, 900), chance.randint(1, 900)
        a.send("submit", keys=[f"K/{i}"], op=f"l{i}", lease=times[f"l{i}"])
        a.send("submit", keys=["Hot"], op=f"t{i}", wait=times[f"t{i}"])
    told = {}
    while len(told) < 1000:
        method, view = a.push()
        assert method == "ended" and view["op"] not in told
        told[view["op"]] = view["end"]
    records = everything(a)
    for op, ms in times.items():
        r = records[op]
        begun = r["granted"] if op[0] == "l" else r["submitted"]
        assert r["end"] == told[op] == ("expired" if op[0] == "l" else "timeout")
        assert r["ended"] - begun >= ms, (op, ms, r)
    assert records["holder"]["state"] == "granted"


def test_no_time_counts_from_before_it_was_asked_for(start):
    """Requests that come while the daemon is busy with what others sent in the same turn: their
    times begin when they are read, not when the turn began."""
    daemon = start(backend="memory")
    daemon.client(grace=60000).call("submit", keys=["Hot"], op="holder", lease=0)
    bulk = [msgpack.packb([0, 1, "submit", [{"keys": {f"B{i}": list(range(25000))}}]])
            for i in range(12)]
    for n in range(4):
        busy, late = [daemon.bare() for _ in bulk], [daemon.bare() for _ in range(10)]
        requests = [msgpack.packb([0, 1, "acquire", [{"keys": ["Hot"], "wait": 300,
                                                      "op": f"w{n}-{i}"}]]) for i in range(10)]
        daemon.signal(signal.SIGSTOP)
        for client, message in zip(busy, bulk):
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
            client.send_bytes(message)
        for client, request in zip(late, requests):
            client.send_bytes(request[:5])
        daemon.signal(signal.SIGCONT)
        asked = []
        for client, request in zip(late, requests):
            time.sleep(0.01)  # somewhere in that turn
            asked.append(time.monotonic())
            client.send_bytes(request[5:])
        for client, begun in zip(late, asked):
            assert client.answer(1)["end"] == "timeout"
            assert time.monotonic() - begun >= 0.3
        for client in busy + late:
            client.close()
        good = daemon.client()
        until(lambda: len(good.call("list")["ops"]) == 1, "the end of the rest")


def test_what_ends_makes_room_in_the_same_step(daemon):
    """An expiry grants who waits, a timeout frees whom it stood before."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="lease", lease=150)
    a.call("submit", keys=["A", "B"], op="w1")
    end, grant = a.push(), a.push()
    assert (end[1]["end"], grant[1]["op"]) == ("expired", "w1")
    assert grant[1]["seq"] == end[1]["seq"] + 1
    a.call("submit", keys=["B", "C"], op="impatient", wait=150)
    b.call("submit", keys=["C"], op="behind")
    assert a.push()[1]["end"] == "timeout"
    assert b.push()[1]["op"] == "behind"


def test_renewing_moves_the_end_away(daemon):
    """Again and again; when it stops, the last one counts."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=1000)["token"]
    begun = time.monotonic()
    while time.monotonic() < begun + 2:
        last = time.time() * 1000
        assert 0 < a.call("renew", op="a", token=token)["expires_in"] <= 1000
    assert ended(a, "a")["end"] == "expired" and record(a, "a")["ended"] >= last + 1000 - 20


def test_a_renewal_may_shorten_a_lease(daemon):
    """The new lease counts from the renewal, also if that is sooner than the old end."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=600000)["token"]
    assert a.call("renew", op="a", token=token, lease=200)["expires_in"] <= 200
    assert ended(a, "a")["end"] == "expired"
    assert record(a, "a")["ended"] - record(a, "a")["granted"] >= 200


def test_what_is_tied_to_a_session_is_not_given_a_lease_by_renewing(daemon):
    """The error names the field; to tell its progress is what it may be renewed for."""
    a = daemon.client()
    tokens = {"tied": a.call("submit", keys=["A"], op="tied")["token"],
              "job": a.call("submit", keys=["B"], op="job", lease=60000)["token"]}
    a.call("claim", op="job", tie=True)
    for op, token in tokens.items():
        assert "'lease'" in fails("bad_request", a, "renew", op=op, token=token, lease=1000)
        assert "expires_in" not in a.call("renew", op=op, token=token, progress="half")
        assert record(a, op)["progress"] == "half"


def test_a_renewal_keeps_the_new_lease_for_the_next(daemon):
    """renew without a lease renews by the last one that was said."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=1000)["token"]
    a.call("renew", op="a", token=token, lease=60000)
    assert a.call("renew", op="a", token=token)["expires_in"] > 1000
    assert record(a, "a")["lease"] == 60000


def test_a_reservation_may_be_given_an_end_and_a_lease_its_freedom(daemon):
    """lease 0 by renew: until released; from 0 to a number: it runs out."""
    a = daemon.client()
    free = a.call("submit", keys=["A"], op="free", lease=150)["token"]
    assert "expires_in" not in a.call("renew", op="free", token=free, lease=0)
    bound = a.call("submit", keys=["B"], op="bound", lease=0)["token"]
    assert a.call("renew", op="bound", token=bound, lease=200)["expires_in"] <= 200
    assert ended(a, "bound")["end"] == "expired"
    assert record(a, "free")["state"] == "granted"


@pytest.mark.parametrize("lease", [1, 99, 604800001])
def test_a_renewal_keeps_the_limits_of_a_lease(daemon, lease):
    """Too short and too long are over_limit, and nothing is renewed."""
    a = daemon.client()
    view = a.call("submit", keys=["A"], op="a", lease=60000)
    fails("over_limit", a, "renew", op="a", token=view["token"], lease=lease)
    assert record(a, "a")["lease"] == 60000 and record(a, "a")["seq"] == view["seq"]


def test_a_released_one_does_not_expire_afterwards(daemon):
    """Its time is forgotten with it; the id stays released."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=150)["token"]
    a.call("release", op="a", token=token)
    a.call("submit", keys=["B"], op="b", lease=300)
    assert a.push()[1]["op"] == "b"
    assert record(a, "a")["end"] == "released" and a.pushes == []


def test_a_granted_one_does_not_time_out(daemon):
    """`wait` is about the line only."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="b", wait=200)
    a.call("release", op="a")
    assert a.push()[0] == "granted"
    a.call("submit", keys=["B"], op="c", lease=500)
    assert a.push()[1]["op"] == "c" and record(a, "b")["state"] == "granted"


def test_ended_ones_are_remembered_for_their_time(start):
    """remembered_ms: after it they are not found, and their ids are free."""
    daemon = start(config="remembered_ms = 300ms\n")
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    released = time.monotonic()
    a.call("release", op="a")
    until(lambda: a.call("list", state=["ended"])["ops"] == [], "the forgetting")
    assert time.monotonic() > released + 0.3
    fails("not_found", a, "status", op="a")
    assert a.call("submit", keys=["B"], op="a")["state"] == "granted"


def test_release_cancel_and_renew_work_when_everything_is_full(start):
    """Never refused because the daemon is full: operations, claims, bytes, disk."""
    daemon = start(config="live_ops = 3\nlow_disk = 0\n")
    a = daemon.client()
    tokens = [a.call("submit", keys=[f"K/{i}"], op=f"o{i}", lease=60000)["token"] for i in range(2)]
    a.call("submit", keys=["K/0"], op="w")
    assert "3" in fails("over_limit", a, "submit", keys=["X"], op="x")
    assert a.call("submit", keys=["K/0"], op="w")["state"] == "waiting", "a repeat is no new one"
    a.call("renew", op="o0", token=tokens[0], progress="p" * 255)
    a.call("claim", op="o1")
    a.call("cancel", op="w", why="w" * 255)
    assert a.call("submit", keys=["X"], op="x")["state"] == "granted"
    a.call("release", op="o0", token=tokens[0], outcome="o" * 255)


class Worker(threading.Thread):
    """Submits at random, with leases and times in line, hears what comes of it."""

    def __init__(self, number, daemon, until_time):
        super().__init__()
        self.client = daemon.client()
        self.chance = random.Random(number)
        self.number = number
        self.until_time = until_time
        self.sets, self.grants, self.failure = {}, {}, None

    def hear(self, view):
        if view["state"] == "granted":
            assert self.grants.setdefault(view["op"], (view["token"], view["seq"]))[0] \
                == view["token"]

    def run(self):
        try:
            for n in range(100000):
                if time.monotonic() > self.until_time:
                    break
                self.step(f"w{self.number}-{n}")
                while self.client.pushes:
                    self.hear(self.client.pushes.pop(0)[1])
        except Exception as error:  # pylint: disable=broad-except
            self.failure = repr(error)

    def step(self, op):
        keys, shared = random_set(self.chance, 2)
        self.sets[op] = normal(keys, shared)
        fields = {"op": op, "keys": keys, "shared": shared, "wait": self.chance.choice(
            [False, 50, 200, 600]), "lease": self.chance.randint(100, 200)}
        view = self.client.call("submit", **fields)
        self.hear(view)
        act = self.chance.random()
        if view["state"] == "granted" and act < 0.8:
            self.client.call("release", op=op, token=view["token"])
        elif view["state"] == "waiting" and act < 0.3:
            self.hear(self.client.call("wait", op=op, timeout=30))


def test_a_storm_of_leases_and_timeouts_keeps_the_order(start):
    """Eight clients, three seconds: of two that exclude one another the later is granted after the
    earlier has ended; tokens rise with the grants; what is left over ends by itself."""
    daemon = start()
    workers = [Worker(i, daemon, time.monotonic() + 3) for i in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(DEADLINE)
        assert worker.failure is None, worker.failure
    a = daemon.client()
    until(lambda: a.call("list", limit=1)["ops"] == [], "the end of all")
    records = everything(a)
    grants = {}
    for worker in workers:
        worker.client.call("list", limit=1)
        for _, view in worker.client.pushes:
            worker.hear(view)
        grants.update(worker.grants)
    sets = {op: s for worker in workers for op, s in worker.sets.items() if op in records}
    assert {op for op, r in records.items() if "granted" in r} == set(grants)
    by_seq = sorted(grants.values(), key=lambda g: g[1])
    assert by_seq == sorted(by_seq), "tokens rise with the grants"
    line = sorted(sets, key=lambda op: records[op]["ticket"])
    compared = 0
    for i, later in enumerate(line):
        if later in grants:
            for earlier in line[max(0, i - 150):i]:
                if conflict(sets[earlier], sets[later]):
                    compared += 1
                    assert records[earlier]["seq"] < grants[later][1], (earlier, later)
    ends = {r["end"] for r in records.values()}
    assert ends == {"released", "expired", "timeout"} and compared > 100, (ends, compared)
