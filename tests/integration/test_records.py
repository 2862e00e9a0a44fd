"""What is told about an operation: its views and its record."""

import os
import time

import pytest

RECORD = {"op", "ticket", "state", "seq", "who", "why", "keys", "shared", "n_keys", "n_shared",
          "children", "claimed", "submitted"}
BLOCKER = {"op", "key", "mode", "state", "who", "why", "since"}


# Views.

def test_a_detached_grant_shows_what_is_left_of_its_lease(daemon):
    """expires_in of a lease that counts; none for lease 0, a tied one, or a payload unclaimed."""
    a = daemon.client()
    view = a.call("submit", keys=["A"], lease=60000)
    assert set(view) == {"op", "state", "ticket", "seq", "token", "expires_in"}
    assert 0 < view["expires_in"] <= 60000
    for fields in ({"lease": 0}, {}, {"lease": 60000, "payload": None}):
        view = a.call("submit", keys=[repr(fields)], **fields)
        assert set(view) == {"op", "state", "ticket", "seq", "token"}


def test_a_claim_shows_payload_and_meta_and_nobody_else_does(daemon):
    """payload only to claim and acquire; meta in records and claims."""
    a, b = daemon.client(), daemon.client()
    fields = {"keys": ["A"], "op": "j", "lease": 60000, "payload": "secret", "meta": "m"}
    assert "payload" not in a.call("submit", **fields)
    assert "payload" not in a.call("wait", op="j")
    assert "payload" not in a.call("status", op="j") and "payload" not in a.call("list")["ops"][0]
    claimed = b.call("claim", op="j")
    assert (claimed["payload"], claimed["meta"]) == ("secret", "m")
    assert b.call("acquire", **fields)["payload"] == "secret"
    assert "payload" not in b.call("submit", **fields)
    assert "secret" not in repr(a.call("status", op="j"))


def test_why_ended_is_what_the_canceller_said(daemon):
    """In its view, in the push to others, in the record, and again on a repeat."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b", lease=60000)
    view = a.call("cancel", op="b", why="not today")
    assert set(view) == {"op", "state", "ticket", "seq", "end", "why_ended"}
    assert b.push() == ("ended", view)
    assert b.call("status", op="b")["why_ended"] == "not today"
    assert b.call("cancel", op="b", why="something else") == view
    assert a.call("wait", op="b") == view


def test_blockers_come_key_by_key_holders_before_the_line(daemon):
    """The walk: our keys in byte order, for each its holders, then who waits; each once."""
    a = daemon.client()
    for op, keys in (("b1", {"keys": ["B"]}), ("a1", {"shared": ["A"]}), ("a2", {"shared": ["A"]}),
                     ("aw", {"keys": ["A"]}), ("bw", {"keys": ["B"]}),
                     ("both", {"keys": ["B", "A"]})):
        a.call("submit", op=op, **keys)
    view = a.call("submit", keys=["B", "A"], op="x", wait=False)
    assert [b["op"] for b in view["blockers"]] == ["a1", "a2", "aw", "both", "b1", "bw"]
    assert [b["key"] for b in view["blockers"]] == ["A", "A", "A", "A", "B", "B"]
    assert [b["mode"] for b in view["blockers"]] == ["shared"] * 2 + ["exclusive"] * 4
    assert [b["state"] for b in view["blockers"]] == \
        ["granted", "granted", "waiting", "waiting", "granted", "waiting"]
    assert view["ahead"] == 6 and "ahead_more" not in view


def test_a_blocker_tells_the_key_that_it_named(daemon):
    """Above or below ours: what it asked for, its first such key in byte order."""
    a = daemon.client()
    a.call("submit", keys=["P/3", "P/1/z", "P/1/b", "Q"], op="low", who="w", why="y")
    record = a.call("status", op="low")
    blocker = a.call("submit", keys=["P"], wait=False)["blockers"][0]
    assert blocker == {"op": "low", "key": "P/1/b", "mode": "exclusive", "state": "granted",
                       "who": "w", "why": "y", "since": record["granted"]}
    assert a.call("submit", keys=["P/3/deep"], wait=False)["blockers"][0]["key"] == "P/3"
    assert a.call("submit", keys=["P/1"], wait=False)["blockers"][0]["key"] == "P/1/b"


def test_since_is_the_grant_or_the_submit_while_it_waits(daemon):
    """Of each blocker."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="b")
    since = {b["op"]: b["since"] for b in a.call("submit", keys=["A"], wait=False)["blockers"]}
    assert since == {"a": a.call("status", op="a")["granted"],
                     "b": a.call("status", op="b")["submitted"]}


def test_ahead_counts_each_blocker_once_and_shows_sixteen(daemon):
    """However many keys they share with us."""
    a = daemon.client()
    for i in range(40):
        a.call("submit", keys=["A", "B", "C"], op=f"o{i}")
    view = a.call("submit", keys=["A", "B", "C"], op="x")
    assert view["ahead"] == 40 and "ahead_more" not in view
    assert [b["op"] for b in view["blockers"]] == [f"o{i}" for i in range(16)]
    for i in range(0, 40):
        a.call("release" if i == 0 else "cancel", op=f"o{i}") if i % 2 == 0 else None
    assert a.call("wait", op="x", timeout=0)["ahead"] == 20, "it is of now, not of the submit"


def test_seq_is_that_of_the_operations_own_latest_change(daemon):
    """In views and records; elsewhere the daemon's latest durable one."""
    a = daemon.client()
    first = a.call("submit", keys=["A"], op="a")["seq"]
    second = a.call("submit", keys=["B"], op="b", lease=60000)
    assert a.call("status", op="a")["seq"] == first and second["seq"] > first
    for method, fields in (("check", {"keys": ["A"]}), ("list", {}), ("ping", {}), ("stats", {}),
                           ("verify", {"op": "a", "token": 1})):
        assert a.call(method, **fields)["seq"] == second["seq"], method
    renewed = a.call("renew", op="b", token=second["token"])["seq"]
    assert renewed == second["seq"] + 1 == a.call("status", op="b")["seq"]
    claimed = a.call("claim", op="b")["seq"]
    assert claimed == renewed + 1 and a.call("claim", op="b")["seq"] == claimed
    assert a.call("release", op="a")["seq"] == claimed + 1
    assert a.call("submit", keys=["B"], wait=False)["seq"] == claimed + 1


# Records.

def test_a_record_has_its_fields_and_no_others(daemon):
    """Waiting, granted and ended; tied and detached."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="tied")
    a.call("submit", keys=["B"], op="det", lease=60000)
    a.call("submit", keys=["A"], op="wait")
    a.call("submit", keys=["A"], op="dwait", lease=60000, meta=1)
    a.call("submit", keys=["C"], op="done")
    a.call("release", op="done", outcome="o")
    a.call("submit", keys=["A"], op="gone")
    a.call("cancel", op="gone", why="w")
    names = ("tied", "det", "wait", "dwait", "done", "gone")
    record = {op: a.call("status", op=op) for op in names}
    assert set(record["tied"]) == RECORD | {"session", "granted", "token"}
    assert set(record["det"]) == RECORD | {"lease", "granted", "token", "expires_in"}
    assert set(record["wait"]) == RECORD | {"session", "ahead", "blockers"}
    assert set(record["dwait"]) == RECORD | {"lease", "meta", "ahead", "blockers"}
    assert set(record["done"]) - {"session"} == \
        RECORD | {"end", "granted", "ended", "outcome", "token"}
    assert set(record["gone"]) - {"session"} == RECORD | {"end", "why_ended", "ended"}
    assert all(set(b) == BLOCKER for b in record["wait"]["blockers"])
    assert {r["op"]: r for r in a.call("list")["ops"]}["wait"] == record["wait"]


def test_times_are_unix_milliseconds_in_their_order(daemon):
    """submitted, granted, ended: of the daemon's clock."""
    a = daemon.client()
    begun = time.time() * 1000
    a.call("submit", keys=["A"], op="a")
    a.call("release", op="a")
    r = a.call("status", op="a")
    assert begun - 2000 < r["submitted"] <= r["granted"] <= r["ended"] < time.time() * 1000 + 2000


def test_of_an_ended_one_the_keys_and_meta_are_forgotten(daemon):
    """Its who, why, outcome and progress are remembered."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], shared=["B"], op="a", meta="m", who="w", why="y")["token"]
    a.call("renew", op="a", token=token, progress="99 %")
    a.call("release", op="a", outcome="o")
    r = a.call("status", op="a")
    assert (r["keys"], r["shared"]) == ([], []) and "meta" not in r
    assert (r["who"], r["why"], r["outcome"], r["progress"]) == ("w", "y", "o", "99 %")


def test_who_defaults_to_what_the_socket_tells(daemon):
    """uid:N on a unix socket; given, it is what was given."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="b", who="somebody")
    assert a.call("status", op="a")["who"] == f"uid:{os.getuid()}"
    assert a.call("status", op="b")["who"] == "somebody"


@pytest.mark.parametrize("kind", ["keys", "shared"])
@pytest.mark.parametrize("n", [99, 100, 101, 200, 1234])
def test_all_keys_of_a_record_come_by_after_key(daemon, kind, n):
    """A hundred of each kind at a time, none twice, none left out."""
    a = daemon.client()
    names = sorted(f"T/{i}" for i in range(n))
    a.call("submit", **{kind: names}, op="a")
    got = []
    record = a.call("status", op="a")
    while record[kind]:
        assert len(record[kind]) <= 100 and record[f"n_{kind}"] == n
        got += record[kind]
        record = a.call("status", op="a", after_key=got[-1])
    assert got == names


def test_a_token_is_shown_to_its_own_session_only_if_tied(daemon):
    """A detached one's to all of the namespace; also in list."""
    a, b = daemon.client(), daemon.client()
    tied = a.call("submit", keys=["A"], op="tied")["token"]
    detached = a.call("submit", keys=["B"], op="det", lease=60000)["token"]
    for client, shown in ((a, tied), (b, None)):
        assert client.call("status", op="tied").get("token") == shown
        assert client.call("status", op="det")["token"] == detached
        tokens = {r["op"]: r.get("token") for r in client.call("list")["ops"]}
        assert tokens == {"tied": shown, "det": detached}
    assert b.call("extend", op="tied", token=tied, keys=["A/1"])["token"] == tied, "who knows it"
    done = a.call("release", op="tied")
    assert b.call("release", op="tied", token=tied) == done
    assert "token" not in b.call("status", op="tied")
    assert b.call("verify", op="tied", token=tied)["held"] is False


def test_a_record_names_the_session_that_an_operation_is_tied_to(daemon):
    """That of its submitter without a lease; that of its worker after a claim with tie."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="tied")
    a.call("submit", keys=["B"], op="job", lease=60000)
    assert a.call("status", op="tied")["session"] == a.hello["session"]
    b.call("claim", op="job")
    assert "session" not in a.call("status", op="job")
    b.call("claim", op="job", tie=True)
    assert a.call("status", op="job")["session"] == b.hello["session"]
