"""What people see of the line, and how they unblock it: explain, plan, kill, drain, news, changes."""

import pytest

from test_operations import fails
from test_pushes import barrier, pushed, resume

NODE = {"op", "state", "key", "mode", "who", "why", "age", "progress", "blockers"}


def test_explain_walks_to_the_root_blockers(daemon):
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="root", who="ann", why="import")["token"]
    a.call("renew", op="root", token=token, progress="half")
    a.call("submit", keys=["A", "B"], op="middle")
    a.call("submit", keys=["B/1"], shared=["A"], op="leaf")
    result = a.call("explain", op="leaf")
    assert result["op"] == "leaf" and result["truncated"] is False and result["seq"] > 0
    leaf = result["tree"]
    assert (leaf["op"], leaf["state"]) == ("leaf", "waiting") and set(leaf) <= NODE
    assert [node["op"] for node in leaf["blockers"]] == ["root", "middle"]
    root, middle = leaf["blockers"]
    assert (root["key"], root["mode"], root["who"], root["why"], root["progress"],
            root["state"]) == ("A", "exclusive", "ann", "import", "half", "granted")
    assert root["blockers"] == [] and root["age"] >= 0
    assert [node["op"] for node in middle["blockers"]] == ["root"]
    assert a.call("explain", op="root")["tree"]["blockers"] == []
    fails("not_found", a, "explain", op="nobody")


def test_explain_has_256_nodes_at_most_and_opens_each_operation_once(daemon):
    a = daemon.client()
    for i in range(300):
        a.call("submit", shared=["A"], op=f"s{i}")
    a.call("submit", keys=["A"], op="x")
    result = a.call("explain", op="x")
    assert result["truncated"] is True and len(result["tree"]["blockers"]) == 255
    b = daemon.client()
    for i in range(12):  # each waits for all before it: opened anew each time it would be 2^12
        b.call("submit", keys=["B"], op=f"b{i}")

    def nodes(node):
        return 1 + sum(nodes(child) for child in node["blockers"])
    assert nodes(b.call("explain", op="b11")["tree"]) <= 256


def test_plan_tells_what_would_happen_and_changes_nothing(daemon):
    a = daemon.client()
    a.call("submit", keys=["A/1", "B"], op="a", who="ann")
    before = a.call("list")
    plan = a.call("plan", keys=["A", "C"], shared=["B/2"], op="new", wait=False, lease=1000)
    assert plan["state"] == "waiting" and plan["n_blocked"] == 2
    assert plan["blocked"] == ["A", "B/2"] and plan["ahead"] == 1
    assert plan["blockers"][0]["op"] == "a" and plan["blockers"][0]["who"] == "ann"
    plan = a.call("plan", keys=["C"])
    assert (plan["state"], plan["ahead"], plan["blocked"], plan["n_blocked"]) == ("granted", 0, [], 0)
    assert a.call("list") == before
    fails("bad_request", a, "plan", keys=[])
    assert a.call("plan", keys={"A": list(range(100))})["n_blocked"] == 1


def test_kill_unblocks_the_line_and_tells_everybody(daemon):
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="stuck")
    b.call("submit", keys=["A"], op="next")
    fails("bad_request", c, "kill", op="stuck")
    view = c.call("kill", op="stuck", why="ann went home")
    assert (view["end"], view["why_ended"]) == ("killed", "ann went home")
    assert pushed(a) == [("ended", "stuck", "killed")]
    assert pushed(b) == [("granted", "next", None)]
    assert c.call("kill", op="stuck", why="again")["seq"] == view["seq"]
    assert c.call("kill", op="stuck", why="again")["why_ended"] == "ann went home"
    b.call("release", op="next")
    assert "released" in fails("not_granted", c, "kill", op="next", why="x")
    fails("not_found", c, "kill", op="nobody", why="x")
    fails("not_granted", a, "release", op="stuck")


def test_nobody_is_an_admin_over_tcp(start):
    import socket
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    daemon = start("--listen", f"tcp:127.0.0.1:{port}")
    from lockqd import Client
    a = Client(f"tcp:127.0.0.1:{port}", grace=1000)
    a.call("submit", keys=["A"], op="a")
    fails("denied", a, "kill", op="a", why="x")
    fails("denied", a, "drain", on=True)


def test_a_daemon_that_drains_takes_nothing_new_and_lets_the_old_go_on(daemon):
    a, b = daemon.client(), daemon.client()
    token = a.call("submit", keys=["A"], op="a")["token"]
    b.call("submit", keys=["A"], op="b")
    result = b.call("drain", on=True)
    assert result["draining"] is True and result["live"] == 2 and result["seq"] > 0
    fails("going_away", b, "submit", keys=["C"], op="c")
    fails("going_away", b, "acquire", keys=["C"])
    assert b.call("submit", keys=["A"], op="b")["state"] == "waiting", "a retry goes on"
    assert a.call("submit", keys=["A/1"], op="child", parent="a")["state"] == "granted"
    assert "refused" not in a.call("extend", op="a", token=token, keys=["D"])
    a.call("release", op="child")
    a.call("release", op="a")
    assert b.push()[1]["op"] == "b"
    result = b.call("drain", on=False)
    assert result["draining"] is False and result["live"] == 1
    assert b.call("submit", keys=["C"], op="c")["state"] == "granted"


def test_subscribers_hear_of_every_grant_of_a_detached_operation(daemon):
    a, b, other = daemon.client(), daemon.client(), daemon.client(namespace="other")
    bare = daemon.bare()
    assert a.call("subscribe", grants=True)["seq"] >= 0
    other.call("subscribe", grants=True, ends=True)
    b.call("submit", keys=["A"], op="tied")
    bare.call("submit", keys=["B"], op="one", lease=60000)
    bare.call("submit", keys=["A"], op="two", lease=60000)
    b.call("release", op="tied")
    assert pushed(a) == [("granted", "one", None), ("granted", "two", None)]
    assert pushed(other) == []
    assert a.call("unsubscribe")["seq"] > 0
    bare.call("submit", keys=["D"], op="three", lease=60000)
    assert pushed(a) == []


def test_subscribers_hear_of_ends_and_of_those_alone_if_they_want(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("subscribe", ends=True)
    b.call("submit", keys=["A"], op="tied")
    b.call("submit", keys=["B"], op="kept", lease=60000)
    b.call("release", op="tied")
    b.call("submit", keys=["B"], op="gone")
    b.call("cancel", op="gone")
    assert pushed(a) == [("ended", "tied", "released"), ("ended", "gone", "cancelled")]
    a.call("subscribe", ends=False, grants=True)
    b.call("submit", keys=["C"], op="more", lease=60000)
    a2 = pushed(a)
    assert a2 == [("granted", "more", None)]


def test_a_subscriber_that_submits_is_told_once(daemon):
    a = daemon.client()
    a.call("subscribe", grants=True, ends=True)
    a.call("submit", keys=["A"], op="a", lease=60000)
    a.call("submit", keys=["A"], op="b", lease=60000)
    a.call("kill", op="a", why="x")
    assert pushed(a) == [("granted", "a", None), ("ended", "a", "killed"), ("granted", "b", None)]


def test_a_subscriber_that_reads_slowly_misses_nothing(daemon):
    """Twenty thousand grants while it does not read; then they come, each once and in order."""
    a, b = daemon.client(), daemon.client()
    a.call("subscribe", grants=True)
    for begin in range(0, 20000, 500):
        sent = [b.send("submit", keys=[f"K/{begin + i}"], op=f"s{begin + i}", lease=60000)
                for i in range(500)]
        for request in sent:
            b.answer(request)
    assert [a.push()[1]["op"] for _ in range(20000)] == [f"s{i}" for i in range(20000)]
    assert b.call("stats")["connections_cut_total"] == 0


def test_a_subscriber_that_reads_slowly_hears_of_grants_that_have_ended(daemon):
    """Of every grant, before its end; the view of one that has ended says so."""
    a, b = daemon.client(), daemon.client()
    a.call("subscribe", grants=True, ends=True)
    ops = [f"s{i}" for i in range(10000)]
    for begin in range(0, len(ops), 500):
        some = ops[begin:begin + 500]
        sent = [b.send("submit", keys=[f"K/{op}"], op=op, lease=60000) for op in some]
        sent += [b.send("kill", op=op, why="w" * 255) for op in some]
        for request in sent:
            b.answer(request)
    heard = [a.push() for _ in range(2 * len(ops))]
    for method in ("granted", "ended"):
        assert [view["op"] for name, view in heard if name == method] == ops
    assert {view["state"] for name, view in heard if name == "granted"} == {"granted", "ended"}
    assert all(view["end"] == "killed" for _, view in heard if view["state"] == "ended")
    place = {(name, view["op"]): i for i, (name, view) in enumerate(heard)}
    assert all(place["granted", op] < place["ended", op] for op in ops)


def test_a_subscription_dies_with_its_connection(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("subscribe", grants=True, contended=True)
    a = daemon.client(resume=resume(a))
    b.call("submit", keys=["B"], op="one", lease=60000)
    assert pushed(a) == []


def test_who_holds_hears_once_that_somebody_waits(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="early")
    b.call("cancel", op="early")
    a.call("subscribe", contended=True)
    barrier(a)
    assert a.pushes == []
    b.call("submit", keys=["A/1"], op="b")
    b.call("submit", keys=["A/2"], op="c")
    barrier(a)
    assert a.pushes == [("contended", {"op": "a"})]
    a.pushes.clear()
    a.call("release", op="a")
    a.call("submit", keys=["Z"], op="detached", lease=60000)
    b.call("submit", keys=["Z"], op="waits")
    barrier(a)
    assert a.pushes == [], "nobody has claimed it"
    a.call("claim", op="detached")
    b.call("submit", keys=["Z"], op="waits too")
    barrier(a)
    assert a.pushes == [("contended", {"op": "detached"})]


def test_a_check_tells_what_changed_since(daemon):
    a, b = daemon.client(), daemon.client()
    before = b.call("check", keys=["P/1"])["seq"]
    a.call("submit", keys=["P/1", "P/2"], op="edit", who="ann")
    a.call("submit", shared=["P/3"], op="look")
    a.call("release", op="look")
    rev = a.call("release", op="edit", keys=["P/2"])["seq"]
    result = b.call("check", keys=["P/1", "P/2", "P/2/x", "P", "P/3", "Q"], since=before)
    assert result["changed"] == [{"key": key, "rev": rev, "op": "edit", "who": "ann"}
                                 for key in ("P/2", "P/2/x", "P")]
    assert result["uncertain"] == []
    assert "changed" not in b.call("check", keys=["P/2"])
    last = a.call("release", op="edit", unchanged=True)["seq"]
    assert b.call("check", keys=["P/1"], since=before)["changed"] == []
    assert b.call("check", keys=["P/2"], since=last)["changed"] == []


def test_who_decided_on_what_is_old_is_stale(daemon):
    a, b = daemon.client(), daemon.client()
    seen = b.call("check", keys=["P/1"])["seq"]
    a.call("submit", keys=["P/1"], op="edit", who="ann")
    waits = b.call("submit", keys=["P/1"], op="late", unchanged_since=seen)
    tells = b.call("submit", keys=["P/1"], op="told", unchanged_since=seen, on_change="tell")
    assert waits["state"] == tells["state"] == "waiting"
    rev = a.call("release", op="edit")["seq"]
    change = [{"key": "P/1", "rev": rev, "op": "edit", "who": "ann"}]
    method, view = b.push()
    assert (method, view["op"], view["end"], view["changed"]) == ("ended", "late", "stale", change)
    method, view = b.push()
    assert (method, view["op"], view["changed"]) == ("granted", "told", change)
    again = b.call("submit", keys=["P/1"], op="late", unchanged_since=seen)
    assert (again["end"], again["changed"]) == ("stale", change)
    view = b.call("submit", keys=["P/1"], op="new", unchanged_since=seen)
    assert (view["state"], view["end"], view["changed"]) == ("ended", "stale", change)
    assert "ticket" not in view
    fails("not_found", b, "status", op="new")
    fails("op_reused", b, "submit", keys=["P/1"], op="told", unchanged_since=seen)


def test_after_a_restart_what_is_not_known_counts_as_changed(daemon):
    a = daemon.client(grace=60000)
    seen = a.call("check", keys=["P/1"])["seq"]
    a.call("submit", keys=["P/1"], op="edit")
    b = daemon.client(grace=60000)
    b.call("submit", keys=["P/1"], op="late", unchanged_since=seen)
    a.call("release", op="edit")
    daemon.kill()
    daemon.start()
    b = daemon.client(resume=resume(b))
    assert b.call("submit", keys=["P/1"], op="late", unchanged_since=seen)["changed"][0]["op"] == "edit"
    result = b.call("check", keys=["P/1", "Q"], since=seen)
    assert result["changed"] == [] and result["uncertain"] == ["P/1", "Q"]
    view = b.call("submit", keys=["Q"], op="q", unchanged_since=seen)
    assert view["end"] == "stale" and view["changed"] == [{"key": "Q"}]
    assert b.call("submit", keys=["Q"], op="q", unchanged_since=result["seq"])["state"] == "granted"


@pytest.mark.parametrize("method", ["explain", "plan", "subscribe", "kill", "drain"])
def test_what_they_answer_comes_after_the_change_that_it_tells_of(daemon, method):
    """Asked right behind a submit, they are answered after it, and with its seq or a later one."""
    a = daemon.client()
    first = a.send("submit", keys=["A"], op="a")
    fields = {"explain": {"op": "a"}, "plan": {"keys": ["A"]}, "subscribe": {"ends": True},
              "kill": {"op": "a", "why": "x"}, "drain": {"on": False}}[method]
    result = a.answer(a.send(method, **fields))
    assert first in a.answers and result["seq"] >= a.answer(first)["seq"]
