"""Ownership: sessions, leases, claims."""

import signal
import time

import pytest

from lockqd import Client, Error, until
from test_operations import fails


def test_without_grace_an_operation_is_lost_with_its_connection(daemon):
    a, b = daemon.bare(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b")
    a.close()
    assert b.push()[1]["op"] == "b"
    assert b.call("status", op="a")["end"] == "lost"


def test_a_session_is_resumed_with_its_secret(daemon):
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    who = {"session": a.hello["session"], "secret": a.hello["secret"]}
    a.close()
    with pytest.raises(Error) as caught:
        daemon.client(resume={**who, "secret": "0" * 32})
    assert caught.value.code == "no_session"
    again = daemon.client(resume=who)
    assert again.hello["session"] == who["session"]
    assert again.call("status", op="a")["token"] > 0
    assert again.call("list", mine=True)["ops"][0]["op"] == "a"
    assert again.call("release", op="a")["end"] == "released"


def test_resume_closes_the_older_connection(daemon):
    a = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    pending = a.send("acquire", keys=["A"], op="b")
    again = daemon.client(resume={k: a.hello[k] for k in ("session", "secret")})
    assert a.is_closed() and pending not in a.answers
    assert again.call("release", op="a")["end"] == "released"
    assert again.call("wait", op="b")["state"] == "granted"


def test_a_session_outlives_a_crash_with_its_first_operation(daemon):
    a = daemon.client(grace=60000)
    b = daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b")
    daemon.kill()
    daemon.start()
    a = daemon.client(resume={k: a.hello[k] for k in ("session", "secret")})
    b = daemon.client(resume={k: b.hello[k] for k in ("session", "secret")})
    assert b.call("wait", op="b", timeout=0)["state"] == "waiting"
    a.call("release", op="a")
    assert b.call("wait", op="b")["state"] == "granted"


def test_a_grace_that_was_changed_at_resume_outlives_a_crash(daemon):
    a = daemon.client(grace=50)
    a.call("submit", keys=["A"], op="a")
    who = {k: a.hello[k] for k in ("session", "secret")}
    a = daemon.client(resume=who, grace=60000)
    assert a.hello["grace"] == 60000
    a.call("list")  # answered when the change is durable
    daemon.kill()
    daemon.start()
    again = daemon.client(resume=who)
    assert again.hello["grace"] == 60000
    assert again.call("status", op="a")["state"] == "granted"


def test_after_its_grace_a_session_is_lost_and_its_waiting_operation_never_granted(daemon):
    a, b, c = daemon.client(), daemon.client(grace=200), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b")
    c.call("submit", keys=["A"], op="c")
    dropped = time.time()
    b.close()
    until(lambda: c.call("status", op="b")["state"] == "ended", "the end of b")
    record = c.call("status", op="b")
    assert record["end"] == "lost" and "granted" not in record
    assert record["ended"] >= dropped * 1000 + 190
    a.call("release", op="a")
    assert c.push()[1]["op"] == "c"


def test_a_detached_operation_outlives_every_connection(daemon):
    a = daemon.bare()
    token = a.call("submit", keys=["A"], op="d", lease=60000)["token"]
    a.close()
    daemon.kill()
    daemon.start()
    b = daemon.client()
    record = b.call("status", op="d")
    assert (record["state"], record["token"], record["lease"]) == ("granted", token, 60000)
    assert 0 < record["expires_in"] <= 60000
    fails("not_owner", b, "release", op="d")
    assert b.call("release", op="d", token=token)["end"] == "released"


def test_a_lease_runs_out_and_never_early(daemon):
    a = daemon.client()
    a.call("submit", keys=["A"], op="d", lease=300)
    method, view = a.push()
    assert (method, view["end"]) == ("ended", "expired")
    record = a.call("status", op="d")
    assert record["ended"] - record["granted"] >= 300


def test_renew_extends_a_lease_and_tells_of_waiters(daemon):
    a, b = daemon.client(), daemon.client()
    token = a.call("submit", keys=["A"], op="d", lease=500)["token"]
    answer = a.call("renew", op="d", token=token, lease=60000, progress="half")
    assert answer["op"] == "d" and answer["contended"] is False and answer["expires_in"] > 500
    b.call("submit", keys=["A"], op="b")
    assert a.call("renew", op="d", token=token)["contended"] is True
    assert b.call("status", op="d")["progress"] == "half"
    fails("wrong_token", a, "renew", op="d", token=token + 1)


def test_lease_zero_lasts_until_it_is_released(daemon):
    a = daemon.client()
    view = a.call("submit", keys=["A"], op="d", lease=0)
    assert "expires_in" not in view and a.call("status", op="d")["lease"] == 0


def test_a_claim_hands_the_payload_to_one_worker(daemon):
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    view = a.call("submit", keys=["A"], op="job", lease=200, payload={"rows": [1]}, meta="m")
    assert "payload" not in view and "payload" not in a.call("status", op="job")
    assert "expires_in" not in view, "the lease counts from the claim"
    claimed = b.call("claim", op="job")
    assert claimed["payload"] == {"rows": [1]} and claimed["meta"] == "m"
    assert 0 < claimed["expires_in"] <= 200
    assert b.call("claim", op="job")["payload"] == {"rows": [1]}
    fails("already_claimed", c, "claim", op="job")
    fails("already_claimed", c, "acquire", keys=["A"], op="job", lease=200, payload={"rows": [1]})
    assert b.push()[1]["end"] == "expired", "the claiming session is told"
    assert a.push()[1]["end"] == "expired", "and the submitting one"


def test_an_unclaimed_grant_can_expire(daemon):
    a = daemon.client()
    a.call("submit", keys=["A"], op="job", lease=60000, claim_in=150, payload=1)
    assert a.push()[1]["end"] == "expired"


def test_claim_is_for_granted_detached_operations(daemon):
    a = daemon.client()
    a.call("submit", keys=["A"], op="tied")
    fails("not_owner", a, "claim", op="tied")
    a.call("submit", keys=["A"], op="waits", lease=1000)
    fails("not_granted", a, "claim", op="waits")
    fails("not_found", a, "claim", op="nobody")


def test_of_two_who_acquire_one_operation_one_claims_it(daemon):
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    job = {"keys": ["A"], "op": "job", "lease": 60000}
    first, second = b.send("acquire", **job), None
    b.call("list")
    second = c.send("acquire", **job)
    c.call("list")
    a.call("release", op="a")
    assert b.answer(first)["state"] == "granted"
    with pytest.raises(Error) as caught:
        c.answer(second)
    assert caught.value.code == "already_claimed"


def test_a_stopped_daemon_ends_no_lease_whose_renewal_waits(daemon):
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="d", lease=400)["token"]
    daemon.signal(signal.SIGSTOP)
    request = a.send("renew", op="d", token=token, lease=60000)
    time.sleep(0.8)  # the stall itself: longer than the lease
    daemon.signal(signal.SIGCONT)
    assert a.answer(request)["expires_in"] > 400
    assert a.call("status", op="d")["state"] == "granted"


def test_hello_is_the_first_request_or_none(daemon):
    a = daemon.bare()
    a.call("list")
    fails("bad_request", a, "hello")
    for code, method in (("unknown_method", "nonsense"), ("bad_request", "submit")):
        a = daemon.bare()
        fails(code, a, method)
        assert "hello" in fails("bad_request", a, "hello"), "one that failed was a request, too"
    hello = daemon.client(protocol=7, client="test", grace=0).hello
    assert hello["protocol"] == 1 and hello["namespace"] == "default"
    assert hello["backend"] == "sqlite" and hello["epoch"] > 20000
    assert hello["limits"]["keys"] == 100000
    assert set(hello) >= {"server", "features", "session", "secret", "grace", "seq"}


def test_no_grace_is_longer_than_its_limit(start):
    """The usual one neither."""
    daemon = start(config="grace = 2s\n")
    assert daemon.client(namespace="n").hello["grace"] == 2000
    fails("over_limit", daemon.bare(), "hello", grace=2001)


def test_tcp_serves_as_the_socket_does(start):
    daemon = start("--listen", "tcp:127.0.0.1:0")
    address = next(word[5:] for line in daemon.log for word in line.split()
                   if word.startswith("addr=tcp:"))
    a = Client(address, grace=0)
    assert a.call("submit", keys=["A"])["state"] == "granted"
    assert a.call("list")["ops"][0]["who"].startswith("tcp:127.0.0.1")
