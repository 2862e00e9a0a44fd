"""Whose an operation is, over dropped connections, resumed sessions, claims and repeats."""

import socket
import time

import pytest

from lockqd import Client, Gone, until
from test_operations import fails


def resume(client):
    return {k: client.hello[k] for k in ("session", "secret")}


def restart(daemon):
    daemon.kill()
    daemon.start()


def record(client, op):
    return client.call("status", op=op)


# Sessions.

def test_resume_within_the_grace_keeps_everything(daemon):
    """Place, token and state are as before; operations of the session go on being its own."""
    a, b = daemon.client(grace=60000), daemon.client()
    token = a.call("submit", keys=["A"], op="a")["token"]
    b.call("submit", keys=["B"], op="b")
    place = a.call("submit", keys=["B"], op="line")["ticket"]
    a.close()
    again = Client(daemon.address, resume=resume(a))
    assert again.hello["session"] == a.hello["session"]
    assert again.hello["secret"] == a.hello["secret"] and again.hello["grace"] == 60000
    mine = again.call("list", mine=True)["ops"]
    assert [(r["op"], r["ticket"], r["state"]) for r in mine] == [
        ("a", mine[0]["ticket"], "granted"), ("line", place, "waiting")]
    assert record(again, "a")["token"] == token
    assert again.call("cancel", op="line")["end"] == "cancelled"
    assert again.call("submit", keys=["A"], op="a")["state"] == "granted"


def test_a_session_may_be_resumed_again_and_again(daemon):
    """Each connection takes over from the one before, which is closed."""
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    who, connections = resume(a), [a]
    for _ in range(5):
        connections.append(Client(daemon.address, resume=who))
    assert all(c.is_closed() for c in connections[:-1])
    assert connections[-1].call("release", op="a")["end"] == "released"


@pytest.mark.parametrize("change", [
    {"secret": "0" * 32}, {"secret": ""}, {"secret": "x" * 9999}, {"session": 1}, {"session": 0}])
def test_an_unknown_session_or_a_wrong_secret_is_no_session(daemon, change):
    """no_session; the session and its connection do not notice; the stranger may start afresh."""
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    b = daemon.bare()
    fails("no_session", b, "hello", resume={**resume(a), **change})
    assert b.call("hello", grace=0)["session"] != a.hello["session"]
    assert a.call("release", op="a")["end"] == "released"


def test_after_its_grace_a_session_is_no_session(daemon):
    """Its operations have ended as lost, it cannot be resumed."""
    a, b = daemon.client(grace=100), daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.close()
    until(lambda: record(b, "a")["state"] == "ended", "the loss")
    assert record(b, "a")["end"] == "lost"
    fails("no_session", daemon.bare(), "hello", resume=resume(a))


def test_grace_begins_when_the_connection_drops(daemon):
    """However long the session has lived before."""
    a, b = daemon.client(grace=400), daemon.client()
    a.call("submit", keys=["A"], op="a")
    born = time.time()
    until(lambda: a.call("ping") and time.time() > born + 0.6, "an age beyond the grace")
    dropped = time.time()
    a.close()
    until(lambda: record(b, "a")["state"] == "ended", "the loss")
    assert record(b, "a")["ended"] >= dropped * 1000 + 400 - 1


def test_the_usual_grace_is_ten_seconds_and_none_without_hello(daemon):
    """hello without grace: 10000. No hello: 0."""
    a = daemon.client(client="someone")
    assert a.hello["grace"] == 10000
    b = daemon.bare()
    b.call("submit", keys=["B"], op="b")
    a.call("submit", keys=["A"], op="a")
    a.close()
    b.close()
    c = daemon.bare()
    until(lambda: record(c, "b")["state"] == "ended", "the loss")
    assert record(c, "a")["state"] == "granted"


def test_a_dropped_connection_takes_its_whole_line_with_it_and_wakes_the_rest(daemon):
    """Granted and waiting ones end as lost; what they blocked is granted in ticket order."""
    a, b = daemon.bare(), daemon.client()
    for i in range(10):
        a.call("submit", keys=["A"], op=f"a{i}")
        b.call("submit", shared=["A"], op=f"b{i}")
    a.close()
    told = [b.push() for _ in range(10)]
    assert [(m, v["op"]) for m, v in told] == [("granted", f"b{i}") for i in range(10)]
    ended = b.call("list", state=["ended"])["ops"]
    assert [(r["op"], r["end"]) for r in ended] == [(f"a{i}", "lost") for i in range(10)]
    assert ["granted" in r for r in ended] == [True] + [False] * 9, "rule 7"


def test_the_secret_is_told_to_nobody_else(daemon):
    """A record names the session, never its secret."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    assert a.hello["secret"] not in repr(record(b, "a"))
    assert a.hello["secret"] not in repr(b.call("stats"))
    assert a.hello["secret"] != b.hello["secret"]
    assert a.hello["session"] != b.hello["session"]


# Detached operations.

def test_a_detached_one_needs_its_token_even_from_who_submitted(daemon):
    """Ownership goes by operation and token: release without it is not_owner for everybody."""
    a, b = daemon.client(), daemon.client()
    token = a.call("submit", keys=["A"], op="d", lease=60000)["token"]
    fails("not_owner", a, "release", op="d")
    fails("not_owner", b, "release", op="d")
    b.call("claim", op="d")
    fails("not_owner", b, "release", op="d")
    assert record(b, "d")["token"] == token, "its token is shown to all of the namespace"
    assert b.call("release", op="d", token=token)["end"] == "released"


def test_a_late_release_with_an_old_token_touches_nothing(daemon):
    """The id was used again after it was forgotten, or the grant is another's."""
    a = daemon.client()
    old = a.call("submit", keys=["A"], op="d1", lease=100)["token"]
    assert a.push()[1]["end"] == "expired"
    new = a.call("submit", keys=["A"], op="d2", lease=60000)["token"]
    assert "expired" in fails("not_granted", a, "release", op="d1", token=old)
    fails("wrong_token", a, "release", op="d2", token=old)
    fails("wrong_token", a, "renew", op="d2", token=old)
    assert a.call("verify", op="d2", token=old)["held"] is False
    assert a.call("verify", op="d2", token=new)["held"] is True
    fails("not_granted", a, "renew", op="d1", token=old)
    fails("wrong_token", a, "renew", op="d1", token=new)


def test_a_wrong_token_is_always_wrong_token(daemon):
    """Whatever the state: waiting, granted, ended; of detached and of tied ones."""
    a = daemon.client()
    for n, lease in enumerate(({}, {"lease": 60000})):
        view = a.call("submit", keys=["A"], op=f"g{n}", **lease)
        a.call("submit", keys=["A"], op=f"w{n}", **lease)
        for op in (f"g{n}", f"w{n}"):
            for token in (0, 1, view["token"] + 1, (1 << 53) - 1, (1 << 64) - 1):
                fails("wrong_token", a, "release", op=op, token=token)
        a.call("cancel", op=f"w{n}")
        a.call("release", op=f"g{n}", token=view["token"])
        for op in (f"g{n}", f"w{n}"):
            fails("wrong_token", a, "release", op=op, token=view["token"] + 1)


def test_with_a_payload_the_lease_counts_from_the_claim(daemon):
    """Unclaimed it lies there as long as it takes; the lease is whole at the claim."""
    s, c = daemon.client(), daemon.client()
    s.call("submit", keys=["A"], op="job", lease=150, payload=None)
    s.call("submit", keys=["B"], op="plain", lease=150)
    assert s.push()[1]["op"] == "plain", "the one without a payload runs out"
    assert record(s, "job")["state"] == "granted"
    claimed = time.time()
    assert 0 < c.call("claim", op="job")["expires_in"] <= 150
    assert c.push()[1]["end"] == "expired"
    assert record(s, "job")["ended"] >= claimed * 1000 + 150 - 1


def test_claim_in_limits_how_long_a_grant_may_lie(daemon):
    """It ends as expired, not before claim_in is over; a claim in time stops it."""
    s, c = daemon.client(), daemon.client()
    s.call("submit", keys=["A"], op="lies", lease=60000, claim_in=200)
    s.call("submit", keys=["B"], op="taken", lease=60000, claim_in=200, payload=1)
    c.call("claim", op="taken")
    method, view = s.push()
    assert (method, view["op"], view["end"]) == ("ended", "lies", "expired")
    ended = record(s, "lies")
    assert ended["ended"] - ended["granted"] >= 200
    assert record(s, "taken")["state"] == "granted"


def test_claim_in_counts_from_the_grant_not_from_the_submit(daemon):
    """In line nothing runs out."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="first")
    a.call("submit", keys=["A"], op="d", lease=150, claim_in=150)
    begun = time.time()
    until(lambda: a.call("ping") and time.time() > begun + 0.4, "a wait beyond both")
    assert record(a, "d")["state"] == "waiting"
    a.call("release", op="first")
    assert a.push()[0] == "granted"
    assert a.push()[1]["end"] == "expired"
    assert record(a, "d")["ended"] - record(a, "d")["granted"] >= 150


@pytest.mark.parametrize("fields", [
    {"keys": ["B"]}, {"shared": ["A"], "keys": []}, {"lease": 60001}, {"lease": None},
    {"claim_in": 6000}, {"payload": 2}, {"payload": None}, {"keys": ["A", "B"]},
    {"claim_in": None}, {"lease": 0}])
def test_other_content_is_op_reused(daemon, fields):
    """keys, shared, lease, claim_in and payload are content, present or absent; live or ended."""
    a = daemon.client()
    base = {"keys": ["A"], "op": "x", "lease": 60000, "claim_in": 5000, "payload": 1}
    token = a.call("submit", **base)["token"]
    other = {**base, **fields}
    for field in ("lease", "claim_in"):
        if other[field] is None:
            del other[field]
    if "lease" not in other:
        other.pop("claim_in")
    fails("op_reused", a, "submit", **other)
    fails("op_reused", a, "acquire", **other)
    assert a.call("submit", **base)["state"] == "granted"
    a.call("release", op="x", token=token)
    fails("op_reused", a, "submit", **other)
    assert a.call("submit", **base)["end"] == "released"


@pytest.mark.parametrize("fields", [
    {"who": "b"}, {"why": "b"}, {"meta": 2}, {"wait": False}, {"wait": 1}, {"keys": {"A": [1]}},
    {"keys": ["A/1", "A/1", ["A", "1"]]}, {"keys": ["A/1", "A/1/x"]},
    {"shared": ["A/1/y", "B"]}])
def test_the_same_content_is_the_same_operation(daemon, fields):
    """Other fields are ignored on a repeat; sets are compared as they are meant."""
    a = daemon.client()
    base = {"keys": ["A/1"], "shared": ["B"], "op": "x", "who": "a", "why": "a", "meta": 1,
            "lease": 60000}
    view = a.call("submit", **base)
    told = record(a, "x")
    again = a.call("submit", **{**base, **fields})
    assert {**again, "expires_in": 0} == {**view, "expires_in": 0}
    assert {**record(a, "x"), "expires_in": 0} == {**told, "expires_in": 0}


def test_a_repeat_with_another_wait_does_not_end_or_refuse_it(daemon):
    """Already in line: `wait: false` on a repeat finds it there and leaves it."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="b")
    assert a.call("submit", keys=["A"], op="b", wait=False)["state"] == "waiting"
    assert record(a, "b")["state"] == "waiting"


def test_a_forgotten_id_is_free_again(start):
    """Remembered is a number and a time; beyond it not_found, and the id names a new attempt."""
    daemon = start(config="remembered = 5\n")
    a = daemon.client()
    for i in range(8):
        a.call("submit", keys=["A"], op=f"o{i}")
        a.call("release", op=f"o{i}")
    for i in range(3):
        fails("not_found", a, "status", op=f"o{i}")
    ended = a.call("list", state=["ended"])["ops"]
    assert [r["op"] for r in ended] == [f"o{i}" for i in range(3, 8)]
    assert a.call("submit", keys=["B"], op="o0")["state"] == "granted"
    restart(daemon)
    b = daemon.client()
    assert record(b, "o7")["end"] == "released"
    fails("not_found", b, "status", op="o2")


def test_a_connection_that_goes_in_the_middle_of_an_acquire_loses_it(daemon):
    """Tied and without grace: it leaves the line, and nobody is granted in its name."""
    a, b, c = daemon.client(), daemon.bare(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.send("acquire", keys=["A"], op="b")
    until(lambda: len(a.call("list")["ops"]) == 2, "the line")
    c.call("submit", keys=["A"], op="c")
    b.close()
    until(lambda: record(a, "b")["state"] == "ended", "the loss")
    a.call("release", op="a")
    assert c.push()[1]["op"] == "c"


def test_a_detached_one_in_line_outlives_its_connection(daemon):
    """Waiting too; it is granted with nobody there."""
    a, b = daemon.client(), daemon.bare()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="d", lease=60000, payload="work")
    b.close()
    a.call("release", op="a")
    assert a.call("wait", op="d")["state"] == "granted"
    assert a.call("claim", op="d")["payload"] == "work"


def test_half_closing_is_leaving(daemon):
    """A client that ends its sending side has gone; what it asked before still stands."""
    a, b = daemon.bare(), daemon.client()
    a.call("submit", keys=["A"], op="a", lease=60000)
    a.send("submit", keys=["B"], op="b", lease=60000)
    a.socket.shutdown(socket.SHUT_WR)
    until(lambda: len(b.call("list")["ops"]) == 2, "both")
    with pytest.raises(Gone):
        while True:
            a.read()
