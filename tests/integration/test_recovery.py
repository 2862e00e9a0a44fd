"""What a crash may leave: a prefix of what was asked, whole, with all that was answered in it.

One connection sends many requests at once, the daemon is killed after some of the answers, and what
it knows when it is back is compared with a model that has followed the requests one by one.
"""

import copy
import os
import random
import signal
import subprocess

import pytest

from lockqd import DEADLINE, Client, Error, Gone
from model import Model, normal, random_set

ROUNDS = 40


class Story:
    """Requests, drawn as the model would have them answered, and what each does to a model."""

    def __init__(self, seed):
        self.chance = random.Random(seed)
        self.n_ops = 0

    def draw(self, model):
        """One more request, (method, fields), and its step."""
        tied = [op.name for op in model.live("granted") if op.session]
        waiting = [op.name for op in model.live("waiting")]
        act = self.chance.random() * (1 if len(waiting) < 20 else 0.5)
        if act < 0.3 and tied:
            name = self.chance.choice(tied)
            return ("release", {"op": name}), lambda m: m.finish(name, "released")
        if act < 0.5 and waiting:
            name = self.chance.choice(waiting)
            return ("cancel", {"op": name}), lambda m: m.finish(name, "cancelled")
        self.n_ops += 1
        name = f"o{self.n_ops}"
        if act > 0.95:
            fields = {"op": name, "keys": {"Reserved": [self.n_ops]}, "lease": 0}
            keys = {f"Reserved/{self.n_ops}": "exclusive"}
            return ("submit", fields), lambda m: m.submit(name, keys)
        keys, shared = random_set(self.chance)
        wait = self.chance.random() < 0.85
        fields = {"op": name, "keys": keys, "shared": shared, "wait": wait,
                  "meta": "m" * self.chance.choice([0, 0, 0, 4000])}
        keys = normal(keys, shared)
        return ("submit", fields), lambda m: m.submit(name, keys, "tied", wait)


def told(client):
    """What the daemon knows, in the model's words."""
    seen, after = set(), {}
    while True:
        page = client.call("list", state=["waiting", "granted", "ended"], limit=1000, **after)
        seen |= {(r["op"], r["state"], r.get("end"), r["ticket"]) for r in page["ops"]}
        if "next" not in page:
            return seen
        after = {"after": page["next"]}


def die_while_starting(daemon, chance):
    """A start that is killed at some moment before it is ready, or just after."""
    process = subprocess.Popen([os.environ["LOCKQD"], *daemon.arguments], stderr=subprocess.PIPE)
    try:
        process.wait(chance.random() * 0.02)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(DEADLINE)
    process.stderr.close()


def prefix(model, steps, n_answered, found):
    """Takes the model to what was found and says after how many steps that was: after no fewer
    than were answered."""
    for n, step in enumerate([*steps, None]):
        if n >= n_answered and len(model.ops) == len(found) and model.snapshot() == found:
            return n
        if step is not None:
            step(model)
    raise AssertionError("what is recovered is not what was asked up to some point")


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_recovered_is_a_whole_prefix_with_everything_answered(start, seed):
    """Rule 10. Between the kills the story goes on where it was found."""
    daemon = start()
    story, base = Story(seed), Model()
    client = daemon.client(grace=600000)
    client.call("submit", keys=["Durable"], op="first")  # a session is durable with its first one
    base.submit("first", {"Durable": "exclusive"})
    session = {k: client.hello[k] for k in ("session", "secret")}
    last_token, n_lost, n_kept = 0, 0, 0
    for _ in range(ROUNDS):
        model, steps, ids, late = copy.deepcopy(base), [], [], []
        n_asked = story.chance.randint(1, 150)
        n_early = max(0, n_asked - story.chance.randint(0, 30))
        for n in range(n_asked):
            (method, fields), step = story.draw(model)
            steps.append(step)
            step(model)
            if n < n_early:
                ids.append(client.send(method, **fields))
            else:
                late.append(client.pack(method, **fields))
        n_answered = story.chance.randint(0, n_early)
        for request in ids[:n_answered]:
            view = client.answer(request)
            last_token = max(last_token, view.get("token", 0))
        # The late ones come all at once just before the kill. In some rounds the daemon has no
        # time for them, so that on any machine some are lost.
        is_too_late = story.chance.random() < 0.25
        if is_too_late:
            daemon.signal(signal.SIGSTOP)
        client.send_bytes(b"".join(data for _, data in late))
        ids += [request for request, _ in late]
        daemon.kill()
        try:
            for request in ids[n_answered:]:
                client.answer(request)
                n_answered += 1
        except Gone:
            pass
        while story.chance.random() < 0.3:
            die_while_starting(daemon, story.chance)
        daemon.start()
        client = Client(daemon.address, resume=session)
        stands = prefix(base, steps, n_answered, told(client))
        assert not (is_too_late and stands > n_early)
        n_kept += stands
        n_lost += len(ids) - stands
        # Tickets are global: the one of another namespace shows that none is lost or used twice.
        other = daemon.client(namespace="other", grace=0)
        view = other.call("submit", keys=["A"])
        assert view["state"] == "granted" and view["token"] > last_token
        other.call("release", op=view["op"])
        last_token = view["token"]
        base.tickets += 1
    assert n_kept > ROUNDS and n_lost > ROUNDS, (n_kept, n_lost)


def test_a_waiter_that_was_granted_in_the_crash_is_granted_after_it(start):
    """The release was answered, so the grant that it made stands, told or not."""
    daemon = start()
    for n in range(10):
        a, b = daemon.client(grace=60000), daemon.client(grace=60000)
        a.call("submit", keys=[f"K/{n}"], op=f"a{n}")
        b.call("submit", keys=[f"K/{n}"], op=f"b{n}")
        a.call("release", op=f"a{n}")
        daemon.kill()
        daemon.start()
        again = Client(daemon.address, resume={k: b.hello[k] for k in ("session", "secret")})
        view = again.call("wait", op=f"b{n}", timeout=0)
        assert view["state"] == "granted"
        again.call("release", op=f"b{n}", token=view["token"])


def test_a_daemon_killed_again_and_again_while_starting_loses_nothing(start):
    """Recovery may itself be interrupted at any moment."""
    daemon = start()
    chance = random.Random(3)
    a = daemon.client(grace=600000)
    for i in range(300):
        a.call("submit", keys=[f"K/{i % 20}"], op=f"o{i}", meta="m" * 1000)
    before = told(a)
    token = max(r["token"] for r in a.call("list", state=["granted"])["ops"])
    daemon.kill()
    for _ in range(25):
        die_while_starting(daemon, chance)
    daemon.start()
    again = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")})
    assert told(again) == before
    assert again.call("submit", keys=["New"])["token"] > token


def test_nothing_is_told_before_it_is_durable(start):
    """What a second client saw of an operation is still so after the crash: rule 5."""
    daemon = start()
    chance = random.Random(4)
    for n in range(15):
        writer, reader = daemon.client(grace=60000), daemon.client()
        for i in range(200):
            writer.send("submit", keys=[f"K/{n}-{i}"], op=f"w{n}-{i}")
        seen = []
        for _ in range(chance.randint(1, 6)):
            seen = reader.call("list", key="/", state=["granted"], limit=1000, after=0)["ops"]
        checked = {row[2] for row in reader.call(
            "check", keys=[f"K/{n}-{i}" for i in range(200)])["locked"]}
        daemon.kill()
        daemon.start()
        after = daemon.client()
        for op in checked | {r["op"] for r in seen if r["op"].startswith(f"w{n}-")}:
            try:
                assert after.call("status", op=op)["state"] == "granted"
            except Error as error:
                raise AssertionError(f"{op} was shown and is gone") from error
