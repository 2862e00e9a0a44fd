"""Operations: granted whole, in line, first come first served."""

import pytest

from lockqd import Error

VIEW = {"op", "state", "ticket", "seq", "token", "end", "why_ended", "ahead", "ahead_more",
        "blockers", "expires_in"}


def fails(code, client, method, **fields):
    with pytest.raises(Error) as caught:
        client.call(method, **fields)
    assert caught.value.code == code, caught.value
    return str(caught.value)


def test_a_free_set_is_granted_at_once(daemon):
    view = daemon.client().call("submit", keys={"Project": [25, 47], "Task": ["88"]}, op="import")
    assert view["state"] == "granted" and view["op"] == "import"
    assert view["ticket"] >= 1 and view["token"] > 1 << 32 and view["seq"] >= 1
    assert set(view) <= VIEW


def test_an_overlapping_set_waits_and_is_told_when_its_turn_comes(daemon):
    a, b = daemon.client(), daemon.client()
    first = a.call("submit", keys=["Project/25", "Project/47"], op="bulk", who="ann", why="edit")
    view = b.call("submit", keys=["Project/47"], op="small")
    assert view["state"] == "waiting" and view["ahead"] == 1 and "token" not in view
    blocker = view["blockers"][0]
    assert (blocker["op"], blocker["key"], blocker["mode"], blocker["state"]) == \
        ("bulk", "Project/47", "exclusive", "granted")
    assert (blocker["who"], blocker["why"]) == ("ann", "edit") and blocker["since"] > 0
    a.call("release", op="bulk")
    method, granted = b.push()
    assert method == "granted" and granted["op"] == "small" and granted["state"] == "granted"
    assert granted["token"] > first["token"] and granted["seq"] > view["seq"]


def test_a_later_reader_does_not_overtake_a_waiting_writer(daemon):
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    a.call("submit", shared=["Orders"], op="a")
    assert b.call("submit", keys=["Orders"], op="b")["state"] == "waiting"
    assert c.call("submit", shared=["Orders"], op="c")["state"] == "waiting"
    a.call("release", op="a")
    assert b.push()[1]["op"] == "b"
    assert c.is_quiet()
    b.call("release", op="b")
    assert c.push()[1]["op"] == "c"


def test_readers_share(daemon):
    a, b = daemon.client(), daemon.client()
    assert a.call("submit", shared=["Orders"])["state"] == "granted"
    assert b.call("submit", shared=["Orders"])["state"] == "granted"


@pytest.mark.parametrize("held, asked, state", [
    ("Project", "Project/25", "waiting"),
    ("Project/25/Task/88", "Project/25", "waiting"),
    ("Project/25/Task/88", "Project/26", "granted"),
    ("Project/25", "Project/251", "granted"),
    ("/", "Anything", "waiting"),
    ("Anything", "/", "waiting"),
])
def test_a_key_covers_what_is_below_it(daemon, held, asked, state):
    daemon_client = daemon.client()
    daemon_client.call("submit", keys=[held])
    assert daemon.client().call("submit", keys=[asked])["state"] == state


def test_nothing_is_held_while_waiting(daemon):
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A", "B"], op="b")
    assert c.call("submit", keys=["C"], op="c")["state"] == "granted"
    assert c.call("submit", keys=["B"], op="d")["state"] == "waiting", "b was there before"
    b.call("cancel", op="b")
    assert c.push()[1]["op"] == "d"


def test_refused_leaves_nothing_behind(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    view = b.call("submit", keys=["A"], op="r", wait=False)
    assert (view["state"], view["end"], view["ahead"]) == ("ended", "refused", 1)
    assert "ticket" not in view and view["blockers"][0]["op"] == "a"
    fails("not_found", b, "status", op="r")
    assert "op" not in b.call("submit", keys=["A"], wait=0)
    a.call("release", op="a")
    assert b.call("submit", keys=["A"], op="r", wait=False)["state"] == "granted"


def test_a_wait_in_line_can_have_an_end(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    view = b.call("submit", keys=["A"], op="b", wait=150)
    assert view["state"] == "waiting"
    method, ended = b.push()
    assert method == "ended" and ended["end"] == "timeout"
    record = b.call("status", op="b")
    assert record["ended"] - record["submitted"] >= 150 and record["keys"] == []


def test_acquire_is_answered_when_the_turn_has_come(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    request = b.send("acquire", keys=["A"], op="b")
    assert b.call("ping")["seq"] >= 0
    a.call("release", op="a")
    assert b.answer(request)["state"] == "granted"
    assert b.is_quiet(), "an acquire answers instead of a push"


def test_wait_gives_the_view_when_its_time_is_over_and_ends_nothing(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b")
    view = b.call("wait", op="b", timeout=50)
    assert view["state"] == "waiting" and view["ahead"] == 1
    request = b.send("wait", op="b")
    a.call("release", op="a")
    assert b.answer(request)["state"] == "granted"
    fails("not_owner", a, "wait", op="b")
    fails("not_found", a, "wait", op="nobody")


def test_an_id_names_one_attempt(daemon):
    a, b = daemon.client(), daemon.client()
    first = a.call("submit", keys=["A", "B"], op="x", who="me")
    again = a.call("submit", keys=["B", "A", "A/1"], op="x", who="other", wait=False)
    assert again == first
    fails("op_reused", a, "submit", keys=["A"], op="x")
    fails("op_reused", a, "submit", keys=["A"], shared=["B"], op="x")
    fails("not_owner", b, "submit", keys=["A", "B"], op="x")
    ended = a.call("release", op="x")
    assert a.call("submit", keys=["A", "B"], op="x") == ended
    daemon.kill()
    daemon.start()
    c = daemon.client()
    fails("op_reused", c, "submit", keys=["C"], op="x")


def test_without_an_id_the_daemon_gives_the_tickets_digits(daemon):
    view = daemon.client().call("submit", keys=["A"])
    assert view["op"] == str(view["ticket"])


def test_release_needs_the_token_or_the_session(daemon):
    a, b = daemon.client(), daemon.client()
    token = a.call("submit", keys=["A"], op="a")["token"]
    fails("not_owner", b, "release", op="a")
    fails("wrong_token", b, "release", op="a", token=token + 1)
    fails("wrong_token", b, "release", op="a", token=0)
    view = b.call("release", op="a", token=token, outcome="fine")
    assert view["end"] == "released"
    assert a.push() == ("ended", {**view, "token": token}), "it ended by another's request"
    assert b.call("release", op="a", token=token) == view
    fails("wrong_token", b, "release", op="a", token=token + 1)
    assert b.call("status", op="a")["outcome"] == "fine"


def test_cancel_takes_a_waiting_one_out_of_the_line(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b")
    fails("not_owner", a, "cancel", op="b")
    message = fails("not_waiting", a, "cancel", op="a")
    assert "granted" in message
    view = b.call("cancel", op="b", why="changed my mind")
    assert (view["end"], view["why_ended"]) == ("cancelled", "changed my mind")
    assert b.call("cancel", op="b") == view
    b.call("submit", keys=["A"], op="d", lease=1000)
    assert a.call("cancel", op="d")["end"] == "cancelled", "a detached one anybody can cancel"


def test_verify_tells_whether_a_grant_holds(daemon):
    a = daemon.client()
    view = a.call("submit", keys=["A"], op="a", lease=60000)
    held = a.call("verify", op="a", token=view["token"])
    assert held["held"] is True and 0 < held["expires_in"] <= 60000
    assert a.call("verify", op="a", token=view["token"] + 1)["held"] is False
    a.call("release", op="a", token=view["token"])
    assert a.call("verify", op="a", token=view["token"])["held"] is False
    fails("not_found", a, "verify", op="b", token=1)


def test_check_tells_who_is_met(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["Project/25"], op="a", who="ann")
    b.call("submit", keys=["Project"], op="b")
    result = a.call("check", keys=["Project/25", "Project", "Project/26", "Other", "Project/25"])
    rows = {row[0]: row[1:] for row in result["locked"]}
    assert len(result["locked"]) == len(rows) == 3
    assert rows["Project/25"] == ["Project/25", "a", "exclusive", "granted", 1, 1]
    assert rows["Project"] == ["Project/25", "a", "exclusive", "granted", 1, 1]
    assert rows["Project/26"] == ["Project", "b", "exclusive", "waiting", 0, 1]
    assert result["ops"]["a"]["who"] == "ann" and result["ops"]["a"]["since"] > 0


def test_list_goes_page_by_page_in_ticket_order(daemon):
    a = daemon.client()
    for i in range(25):
        a.call("submit", keys=[f"K/{i}"], op=f"op-{i}", who=f"w{i % 2}")
    seen, after = [], 0
    while after is not None:
        page = a.call("list", limit=10, after=after)
        seen += [r["op"] for r in page["ops"]]
        after = page.get("next")
    assert seen == [f"op-{i}" for i in range(25)]
    assert len(a.call("list", who="w1")["ops"]) == 12
    assert [r["op"] for r in a.call("list", key="K/7")["ops"]] == ["op-7"]
    assert len(a.call("list", key="K")["ops"]) == 25
    assert daemon.client().call("list", mine=True)["ops"] == []
    a.call("release", op="op-3")
    assert [r["op"] for r in a.call("list", state=["ended"])["ops"]] == ["op-3"]


def test_a_record_tells_everything(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], shared=["B"], op="a", who="ann", why="because", meta={"x": [1]})
    record = b.call("status", op="a")
    assert record["keys"] == ["A"] and record["shared"] == ["B"]
    assert (record["n_keys"], record["n_shared"], record["children"]) == (1, 1, 0)
    assert record["meta"] == {"x": [1]} and record["claimed"] is False
    assert "token" not in record, "the token of a tied operation is its session's"
    assert a.call("status", op="a")["token"] > 0
    assert record["submitted"] <= record["granted"]


def test_keys_beyond_the_first_hundred_come_by_after_key(daemon):
    a = daemon.client()
    a.call("submit", keys={"T": list(range(250))}, op="a")
    names = sorted(f"T/{i}" for i in range(250))
    record = a.call("status", op="a")
    assert record["keys"] == names[:100] and record["n_keys"] == 250
    assert a.call("status", op="a", after_key=names[199])["keys"] == names[200:]


def test_namespaces_are_separate_worlds(daemon):
    a = daemon.client(namespace="one")
    b = daemon.client(namespace="two")
    assert a.call("submit", keys=["A"], op="x")["state"] == "granted"
    assert b.call("submit", keys=["A"], op="x")["state"] == "granted"
    assert [r["op"] for r in b.call("list")["ops"]] == ["x"]
    fails("not_found", daemon.client(), "status", op="x")


def test_answers_keep_the_order_of_what_made_them(daemon):
    a = daemon.client()
    ids = [a.send("submit", keys=["A"], op=f"o{i}") for i in range(3)]
    ids += [a.send("release", op="o0"), a.send("list")]
    for request in ids:
        a.answer(request)
    assert a.push()[1]["op"] == "o1"


def test_a_thousand_and_a_hundred_thousand_keys_are_one_round_trip(daemon):
    a, b = daemon.client(), daemon.client()
    keys = {"Task": list(range(1000))}
    assert a.call("submit", keys=keys, op="k")["state"] == "granted"
    assert len(b.call("check", keys=keys)["locked"]) == 1000
    a.call("release", op="k")
    assert a.call("submit", keys={"T": list(range(100000))}, op="h")["state"] == "granted"
    assert b.call("submit", keys=["T/77777"], op="s")["state"] == "waiting"
    a.call("release", op="h")
    assert b.push()[1]["op"] == "s"
    fails("over_limit", a, "submit", keys={"T": list(range(100001))})


def test_many_waiters_on_one_key_do_not_disturb_a_free_one(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["Hot"], op="holder")
    for start in range(0, 20000, 1000):
        ids = [b.send("submit", keys=["Hot"], op=f"w{start + i}") for i in range(1000)]
        views = [b.answer(i) for i in ids]
    assert views[-1]["ahead"] == 1000 and views[-1]["ahead_more"] is True
    assert len(views[-1]["blockers"]) == 16
    assert a.call("submit", keys=["Free"], op="free")["state"] == "granted"
    a.call("release", op="holder")
    assert b.push()[1]["op"] == "w0"
