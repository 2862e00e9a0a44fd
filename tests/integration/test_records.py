"""What is told about operations: views, records, lists page by page, rows of check, counters."""

import os
import time

import pytest

from lockqd import Client
from test_operations import fails

RECORD = {"op", "ticket", "state", "seq", "who", "why", "keys", "shared", "n_keys", "n_shared",
          "children", "claimed", "submitted"}
BLOCKER = {"op", "key", "mode", "state", "who", "why", "since"}


def line(client, **fields):
    return [r["op"] for r in client.call("list", **fields)["ops"]]


def pages(client, **fields):
    """All of a list, page by page, and how many pages it took."""
    ops, n, after = [], 0, {}
    while True:
        page = client.call("list", **fields, **after)
        assert set(page) <= {"ops", "next", "seq"}
        ops += page["ops"]
        n += 1
        if "next" not in page:
            return ops, n
        assert not after or page["next"] > after["after"]
        after = {"after": page["next"]}


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


# Lists.

def test_next_is_there_iff_more_may_follow(daemon):
    """For each limit all operations come, each once, in ticket order."""
    a = daemon.client()
    names = [f"o{i}" for i in range(30)]
    for op in names:
        a.call("submit", keys=[f"K/{op}"], op=op)
    for limit in (1, 7, 10, 29, 30, 31, 1000):
        ops, n = pages(a, limit=limit)
        assert [r["op"] for r in ops] == names
        assert [r["ticket"] for r in ops] == sorted(r["ticket"] for r in ops)
        assert -(-30 // limit) <= n <= 30 // limit + 1
    assert "next" not in a.call("list", limit=31)
    assert line(a) == names, "100 are the usual limit"


def test_a_list_is_filtered_by_each_of_its_fields(daemon):
    """state, who, key, mine, claimed; alone and together."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A/1"], op="a1", who="ann")
    a.call("submit", shared=["A/2"], op="a2", who="bob", lease=60000)
    b.call("submit", keys=["A"], op="top", who="ann")
    b.call("submit", keys=["B"], op="b", who="ann", lease=60000)
    a.call("claim", op="b")
    b.call("submit", keys=["C"], op="c", who="ann")
    b.call("release", op="c")
    assert line(a) == ["a1", "a2", "top", "b"]
    assert line(a, state=["ended"]) == ["c"]
    assert line(a, state=["granted"]) == ["a1", "a2", "b"]
    assert line(a, state=["waiting", "ended", "granted"]) == ["a1", "a2", "top", "b", "c"]
    assert line(a, who="ann") == ["a1", "top", "b"]
    assert line(a, who="an") == []
    assert line(a, key="A") == ["a1", "a2", "top"]
    assert line(a, key="A/1") == ["a1"], "that key and all below"
    assert line(a, key="/") == ["a1", "a2", "top", "b"]
    assert line(a, mine=True) == ["a1", "a2", "b"], "submitted or claimed by this session"
    assert line(b, mine=True) == ["top", "b"]
    assert line(a, claimed=True) == ["b"]
    assert line(b, mine=True, who="ann", state=["waiting"], key="A") == ["top"]


def test_a_list_looks_at_no_more_than_ten_thousand_operations(daemon):
    """It says so by `next`, even with an empty page, and the pages find what there is."""
    a = daemon.client()
    for begin in range(0, 12000, 1000):
        for request in [a.send("submit", keys=["Hot"], op=f"o{begin + i}",
                               who="needle" if begin + i == 11900 else "hay") for i in range(1000)]:
            a.answer(request)
    first = a.call("list", who="needle")
    assert first["ops"] == [] and first["next"] > 0
    ops, n = pages(a, who="needle", limit=1)
    assert [r["op"] for r in ops] == ["o11900"] and n <= 3
    ops, n = pages(a, limit=1000)
    assert [r["op"] for r in ops] == [f"o{i}" for i in range(12000)]


def test_no_answer_exceeds_the_message_limit(daemon):
    """A list of big records is cut into pages that fit, with `next`."""
    a = daemon.client()
    for i in range(100):
        a.call("submit", keys=[f"L/{i}-{j}-{'x' * 1000}" for j in range(100)], op=f"o{i}")
    before = a.unpacker.tell()
    page = a.call("list", limit=1000)
    assert "next" in page and a.unpacker.tell() - before <= 8 << 20
    ops, _ = pages(a, limit=1000)
    assert [r["op"] for r in ops] == [f"o{i}" for i in range(100)]


def test_no_answer_exceeds_a_lower_message_limit(start):
    """list and check stop before it, and go on when asked again."""
    daemon = start(config="message = 1M\n")
    a = daemon.client()
    for i in range(600):
        a.call("submit", keys=["K" * 900 + f"/{i}"], op=f"o{i}", meta="m" * 4000)
    before = a.unpacker.tell()
    ops, n = pages(a, limit=1000)
    assert a.unpacker.tell() - before <= n << 20
    assert [r["op"] for r in ops] == [f"o{i}" for i in range(600)]
    asked = ["K" * 900 + f"/{i}" for i in range(600)]
    rows = []
    while len(rows) < 600:
        before = a.unpacker.tell()
        answer = a.call("check", keys=asked[len(rows):])
        assert a.unpacker.tell() - before <= 1 << 20
        assert answer.get("done", 600 - len(rows)) == len(answer["locked"]) > 0
        rows += answer["locked"]
    assert [row[0] for row in rows] == asked


# Check.

def test_check_answers_one_row_for_each_key_that_is_not_free(daemon):
    """Who, in what mode and state, how many hold and wait; keys asked twice once."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", shared=["S/1"], op="r1", who="ann", why="read")
    b.call("submit", shared=["S/1"], op="r2")
    b.call("submit", keys=["S/1"], op="w1")
    b.call("submit", keys=["S", "T"], op="w2", who="bob", why="all")
    result = a.call("check", keys=["T", "S/1", "S/2", "U", "S/1", "S"])
    rows = {row[0]: row[1:] for row in result["locked"]}
    assert len(result["locked"]) == 4
    assert rows["S/1"] == ["S/1", "r1", "shared", "granted", 2, 2]
    assert rows["S"] == ["S/1", "r1", "shared", "granted", 2, 2]
    assert rows["S/2"] == ["S", "w2", "exclusive", "waiting", 0, 1], "reserved"
    assert rows["T"] == ["T", "w2", "exclusive", "waiting", 0, 1]
    assert set(result["ops"]) == {"r1", "w2"}
    assert set(result["ops"]["r1"]) == {"who", "why", "since"}
    assert (result["ops"]["w2"]["who"], result["ops"]["w2"]["why"]) == ("bob", "all")
    assert result["ops"]["r1"]["since"] == a.call("status", op="r1")["granted"]
    assert result["ops"]["w2"]["since"] == a.call("status", op="w2")["submitted"]


def test_check_tells_the_progress_of_the_holder(daemon):
    """What it told by renew, session-tied too."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a")["token"]
    answer = a.call("renew", op="a", token=token, progress="3 of 7")
    assert set(answer) == {"op", "contended", "seq"}
    assert a.call("check", keys=["A"])["ops"]["a"]["progress"] == "3 of 7"
    assert a.call("status", op="a")["progress"] == "3 of 7"


def test_check_stops_at_four_mebibytes_and_says_how_far_it_came(daemon):
    """`done` keys are answered; the rest is asked again."""
    a = daemon.client()
    keys = [f"C/{i:04}-{'x' * 1000}" for i in range(6000)]
    a.call("submit", keys=keys, op="a")
    seen, asked = [], keys
    while asked:
        result = a.call("check", keys=asked)
        seen += [row[0] for row in result["locked"]]
        asked = asked[result["done"]:] if "done" in result else []
    assert seen == keys


def test_reading_changes_nothing(daemon):
    """seq stands still over any number of questions."""
    a = daemon.client()
    seq = a.call("submit", keys=["A"], op="a")["seq"]
    for _ in range(3):
        for method, fields in (("check", {"keys": ["A"]}), ("status", {"op": "a"}), ("list", {}),
                               ("verify", {"op": "a", "token": 1}), ("wait", {"op": "a"}),
                               ("submit", {"keys": ["A"], "op": "a"}), ("stats", {}),
                               ("acquire", {"keys": ["A"], "op": "a"}), ("ping", {})):
            assert a.call(method, **fields)["seq"] == seq, method


# Namespaces and counters.

def test_a_namespace_sees_nothing_of_another(daemon):
    """Keys, ids, lists, checks, pushes."""
    a, b, c = daemon.client(namespace="one"), daemon.client(namespace="two"), daemon.client()
    for client in (a, b, c):
        token = client.call("submit", keys=["A"], op="same", lease=60000)["token"]
    fails("wrong_token", a, "release", op="same", token=token)
    for client in (a, b, c):
        assert line(client) == ["same"] and client.call("check", keys=["A"])["locked"]
    token = a.call("status", op="same")["token"]
    a.call("release", op="same", token=token)
    assert a.call("check", keys=["/"])["locked"] == [] and line(b) == ["same"]
    fails("not_found", a, "cancel", op="nobody")
    stats = c.call("stats")
    assert "two" in repr(stats) and all(not isinstance(v, (dict, list)) for v in stats.values())


def test_the_counters_of_namespaces_have_their_whole_names(daemon):
    """A name may have any character in it, one that ends a string of C, too."""
    names = ["a\0b", "a\0c", "a.b", "é" * 64]
    for name in names:
        daemon.client(namespace=name).call("submit", keys=["A"], lease=0)
    stats = daemon.client().call("stats")
    assert {k: v for k, v in stats.items() if k.startswith("namespace.")} == {
        f"namespace.{name}": 1 for name in names}


def test_a_namespace_lives_by_what_it_owns(start):
    """hello alone makes none; over the limit a submit there is over_limit; an emptied one makes
    room."""
    daemon = start(backend="memory", config="namespaces = 3\n")
    clients = [daemon.client(namespace=f"n{i}") for i in range(10)]
    for client in clients[:3]:
        client.call("submit", keys=["A"], op="a")
    assert "3" in fails("over_limit", clients[3], "submit", keys=["A"], op="a")
    fails("not_found", clients[3], "status", op="a")
    clients[0].call("release", op="a")
    assert clients[3].call("submit", keys=["A"], op="a")["state"] == "granted"
    fails("over_limit", clients[0], "submit", keys=["A"], op="b")
    assert clients[0].call("status", op="a")["end"] == "released", "it is still remembered"


def test_a_session_resumes_in_its_own_namespace(daemon):
    """Without saying so again."""
    a = daemon.client(namespace="one", grace=60000)
    a.call("submit", keys=["A"], op="a")
    again = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")},
                   namespace="one")
    assert again.hello["namespace"] == "one" and line(again) == ["a"]


def test_counters_count(daemon):
    """Gauges follow what there is; stats and ping tell the durable seq."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["A"], op="b")
    stats = a.call("stats")
    assert (stats["waiting"], stats["granted"]) == (1, 1)
    assert stats["seq"] == a.call("ping")["seq"]
    a.call("release", op="a")
    a.call("release", op="b")
    stats = a.call("stats")
    assert (stats["waiting"], stats["granted"]) == (0, 0)
    assert stats["live_claims"] == stats["live_keys"] == 0, "nothing is left behind"
