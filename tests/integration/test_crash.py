"""Killed with SIGKILL at any moment under load and started again."""

import itertools
import random
import threading
import time

from lockqd import Client, Error, Gone

KILLS = 60
CLIENTS = 12
KEYS = [f"Task/{i}" for i in range(8)] + ["Task", "Project/1", "Project/1/Task/2"]


def overlap(a, b):
    return a == b or a.startswith(b + "/") or b.startswith(a + "/")


def conflict(a, b):
    """Whether two operations, as {path: is_shared}, exclude one another."""
    return any(overlap(p, q) and not (s and t) for p, s in a.items() for q, t in b.items())


class Worker(threading.Thread):
    """Acquires random sets, counts under them, and releases; comes back after every crash."""

    def __init__(self, number, address, shared):
        super().__init__()
        self.number = number
        self.address = address
        self.shared = shared
        self.random = random.Random(number)
        self.client = None
        self.session = None
        self.facts = []  # (op, state, ticket, seq, token, end)
        self.sets = {}  # op -> {path: is_shared}
        self.failure = None

    def run(self):
        try:
            for n in itertools.count():
                if self.shared.is_over.is_set():
                    break
                self.work(f"w{self.number}-{n}")
        except Exception as error:  # pylint: disable=broad-except
            self.failure = repr(error)

    def connect(self):
        while True:
            try:
                if self.session is None:
                    self.client = Client(self.address, grace=60000)
                    self.session = {k: self.client.hello[k] for k in ("session", "secret")}
                else:
                    self.client = Client(self.address, resume=self.session)
                return
            except (OSError, Gone):
                time.sleep(0.005)  # the daemon is being started: nothing tells when
            except Error as error:
                # A session is durable with its first operation, and not before.
                if error.code != "no_session" or self.facts:
                    raise
                self.session = None

    def call(self, method, **fields):
        """Repeats the request until it is answered; a repeat is the same request."""
        while True:
            try:
                if self.client is None:
                    self.connect()
                return self.client.call(method, **fields)
            except (OSError, Gone):
                self.client = None

    def hear(self, view):
        self.facts.append(tuple(view.get(k) for k in
                                ("op", "state", "ticket", "seq", "token", "end")))
        return view

    def work(self, op):
        keys = self.random.sample(KEYS, self.random.choice([1, 1, 2, 3]))
        chosen = {key: self.random.random() < 0.3 for key in keys}
        self.sets[op] = chosen
        fields = {"op": op, "keys": [k for k, s in chosen.items() if not s],
                  "shared": [k for k, s in chosen.items() if s]}
        view = self.hear(self.call("submit", **fields))
        if view["state"] == "waiting" and self.random.random() < 0.1:
            try:
                self.hear(self.call("cancel", op=op))
                return
            except Error as error:
                assert error.code == "not_waiting", error
        view = self.hear(self.call("acquire", **fields))
        assert view["state"] == "granted", view
        self.shared.count(chosen, lambda: time.sleep(self.random.random() * 0.002))
        self.hear(self.call("release", op=op))


class Shared:
    """Counters that only the locks guard."""

    def __init__(self):
        self.is_over = threading.Event()
        self.counters = dict.fromkeys(KEYS, 0)
        self.increments = dict.fromkeys(KEYS, 0)
        self.lock = threading.Lock()

    def count(self, chosen, pause):
        exclusive = [k for k, is_shared in chosen.items() if not is_shared]
        before = {k: self.counters[k] for k in exclusive}
        pause()
        for key in exclusive:
            self.counters[key] = before[key] + 1
        with self.lock:
            for key in exclusive:
                self.increments[key] += 1


def all_records(client):
    after, records = 0, {}
    while after is not None:
        page = client.call("list", state=["waiting", "granted", "ended"], after=after, limit=1000)
        records.update((r["op"], r) for r in page["ops"])
        after = page.get("next")
    return records


def check_facts(workers, records):
    """Nothing that was answered is lost or has become something else."""
    order = ["waiting", "granted", "ended"]
    for worker in workers:
        for op, state, ticket, _seq, token, end in worker.facts:
            record = records[op]
            assert record["ticket"] == ticket
            assert order.index(record["state"]) >= order.index(state), (op, state, record)
            if token is not None:
                assert record["end"] == "released" or record["state"] == "granted", record
            if end is not None:
                assert record["end"] == end


def check_order(workers, records):
    """Of two that exclude one another the later ticket is granted only after the earlier ended;
    tokens rise with the grants."""
    sets = {op: s for worker in workers for op, s in worker.sets.items()}
    granted = {op: (seq, token) for worker in workers
               for op, state, _, seq, token, _ in worker.facts if state == "granted"}
    by_grant = sorted(granted.values())
    assert [token for _, token in by_grant] == sorted(token for _, token in by_grant)
    ops = sorted((op for op in sets if op in records), key=lambda op: records[op]["ticket"])
    compared = 0
    for i, later in enumerate(ops):
        if later not in granted:
            continue
        for earlier in ops[max(0, i - 300):i]:
            if conflict(sets[earlier], sets[later]):
                compared += 1
                assert records[earlier]["state"] == "ended"
                assert records[earlier]["seq"] < granted[later][0], (earlier, later)
    return compared


def test_nothing_that_was_answered_is_lost_over_many_kills(start):
    """60 kills under load: answers stand, the line keeps its order, sessions resume, tokens rise,
    and counters that only the locks guard are exact."""
    daemon = start()
    shared = Shared()
    workers = [Worker(i, daemon.address, shared) for i in range(CLIENTS)]
    chance = random.Random(1)
    epochs = []
    for worker in workers:
        worker.start()
    for _ in range(KILLS):
        time.sleep(0.02 + chance.random() * 0.15)  # the random moment, not a synchronisation
        daemon.kill()
        daemon.start()
        with_epoch = daemon.client()
        epochs.append(with_epoch.hello["epoch"])
        with_epoch.close()
    shared.is_over.set()
    for worker in workers:
        worker.join(120)
        assert not worker.is_alive(), "a waiter is stuck"
        assert worker.failure is None, worker.failure
    records = all_records(daemon.client())
    check_facts(workers, records)
    compared = check_order(workers, records)
    assert shared.counters == shared.increments
    assert epochs == sorted(set(epochs)), "each start has a new epoch"
    n_ops = sum(len(worker.sets) for worker in workers)
    print(f"{KILLS} kills, {n_ops} operations, {compared} pairs compared")
    assert n_ops > KILLS and compared > KILLS
