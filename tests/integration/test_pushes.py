"""What is told without being asked, to whom, in what order; and what answers instead."""

import pytest

from lockqd import Client, Error
from test_operations import fails


def resume(client):
    return {k: client.hello[k] for k in ("session", "secret")}


def barrier(*clients):
    """Everything caused so far has reached these: an answer leaves after what was before it."""
    for client in clients:
        client.call("list", limit=1)


def pushed(client):
    barrier(client)
    got, client.pushes = client.pushes, []
    return [(method, view["op"], view.get("end")) for method, view in got]


@pytest.fixture
def held(daemon):
    """`x` has A."""
    daemon.x = daemon.client()
    daemon.x.call("submit", keys=["A"], op="held")
    return daemon


def test_the_answer_of_a_submit_precedes_every_push_about_its_operation(daemon):
    """Even when the grant is made by a request of the same packet."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="first")
    ids = {}
    order = []
    for i in range(50):
        ids[a.send("submit", keys=["A"], op=f"o{i}")] = f"o{i}"
        if i % 5 == 4:
            ids[a.send("release", op="first" if i == 4 else f"o{i // 5 - 1}")] = None
    seen = set()
    while len(seen) < 60:
        data = a.socket.recv(1 << 16)
        a.unpacker.feed(data)
        for message in a.unpacker:
            if message[0] == 1:
                seen.add(message[1])
                assert message[2] is None, message
                if ids[message[1]]:
                    order.append(ids[message[1]])
            else:
                assert message[1] == "granted"
                assert message[2][0]["op"] in order, "pushed before its submit was answered"


def test_messages_leave_in_the_order_of_the_events(daemon):
    """Releasing gives its answer; the grants thereby are told in ticket order, with rising seq."""
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="all")
    for i in range(20):
        b.call("submit", shared=["A"], op=f"r{i}")
    released = a.call("release", op="all")
    barrier(b)
    assert [view["op"] for _, view in b.pushes] == [f"r{i}" for i in range(20)]
    seqs = [released["seq"]] + [view["seq"] for _, view in b.pushes]
    assert seqs == list(range(seqs[0], seqs[0] + 21)), "each change has the next number"
    tokens = [view["token"] for _, view in b.pushes]
    assert tokens == sorted(set(tokens))


def test_what_is_granted_at_once_is_not_pushed(daemon):
    """The view was the answer."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    a.call("submit", keys=["B"], op="b", lease=1000)
    a.call("acquire", keys=["C"], op="c")
    a.call("release", op="a")
    assert pushed(a) == []


@pytest.mark.parametrize("how", ["acquire", "wait"])
def test_an_acquire_or_wait_of_the_session_answers_instead_of_the_push(held, how):
    """granted goes to the submitting session unless its acquire or wait answers."""
    a = held.client()
    a.call("submit", keys=["A"], op="a")
    fields = {"keys": ["A"], "op": "a"} if how == "acquire" else {"op": "a"}
    requests = [a.send(how, **fields) for _ in range(3)]
    barrier(a)
    held.x.call("release", op="held")
    views = [a.answer(request) for request in requests]
    assert [view["state"] for view in views] == ["granted"] * 3
    assert pushed(a) == []


def test_a_wait_of_another_session_does_not_answer_for_the_submitting_one(held):
    """A detached operation: the one that submitted is pushed, the one that waits is answered."""
    a, b = held.client(), held.client()
    a.call("submit", keys=["A"], op="d", lease=60000)
    request = b.send("wait", op="d")
    barrier(b)
    held.x.call("release", op="held")
    assert b.answer(request)["state"] == "granted"
    assert pushed(a) == [("granted", "d", None)]
    assert pushed(b) == []


def test_a_wait_that_is_over_lets_the_push_through_again(held):
    """wait ends with its timeout and changes nothing; the grant is then pushed."""
    a = held.client()
    a.call("submit", keys=["A"], op="a")
    assert a.call("wait", op="a", timeout=20)["state"] == "waiting"
    assert a.call("wait", op="a", timeout=0)["state"] == "waiting"
    held.x.call("release", op="held")
    assert pushed(a) == [("granted", "a", None)]


@pytest.mark.parametrize("how", ["push", "acquire", "wait"])
def test_a_timeout_is_told_once(held, how):
    """ended with `timeout`, not before its time, by push or by the answer that waits for it."""
    a = held.client()
    fields = {"keys": ["A"], "op": "t", "wait": 120}
    if how == "acquire":
        view = a.answer(a.send("acquire", **fields))
    else:
        a.call("submit", **fields)
        view = a.answer(a.send("wait", op="t")) if how == "wait" else a.push()[1]
    assert (view["state"], view["end"]) == ("ended", "timeout")
    record = a.call("status", op="t")
    assert record["ended"] - record["submitted"] >= 120
    assert pushed(a) == []
    assert pushed(held.x) == []


def test_whoever_ends_an_operation_is_not_told_of_it(held):
    """ended goes to each session that did not ask for it itself."""
    a = held.client()
    a.call("submit", keys=["A"], op="a")
    a.call("cancel", op="a")
    a.call("submit", keys=["A"], op="d", lease=1000)
    held.x.call("cancel", op="d")
    assert pushed(a) == [("ended", "d", "cancelled")]
    held.x.call("release", op="held")
    assert pushed(held.x) == []


def test_the_submitting_and_the_claiming_session_are_told_of_an_end(daemon):
    """Of three sessions the one that released is not told, the two others are."""
    s, c, r = daemon.client(), daemon.client(), daemon.client()
    for n, who in enumerate((s, c, r)):
        token = s.call("submit", keys=["A"], op=f"d{n}", lease=60000)["token"]
        c.call("claim", op=f"d{n}")
        who.call("release", op=f"d{n}", token=token)
        told = [client is not who and client is not r for client in (s, c, r)]
        expected = [[("ended", f"d{n}", "released")] if t else [] for t in told]
        assert [pushed(client) for client in (s, c, r)] == expected


def test_one_that_submitted_and_claimed_is_told_once(daemon):
    """Both roles, one push."""
    a = daemon.client()
    a.call("acquire", keys=["A"], op="d", lease=100)
    assert a.push()[1]["end"] == "expired"
    assert pushed(a) == []


def test_an_ended_pending_wait_answers_instead_of_the_push(held):
    """Cancelled by another while the session waits: its wait answers, no push."""
    a = held.client()
    a.call("submit", keys=["A"], op="d", lease=1000)
    request = a.send("wait", op="d")
    barrier(a)
    held.x.call("cancel", op="d", why="enough")
    view = a.answer(request)
    assert (view["end"], view["why_ended"]) == ("cancelled", "enough")
    assert pushed(a) == []


def test_a_cancel_of_ones_own_pending_acquire_answers_both(held):
    """The acquire no longer waits, so it is answered."""
    a = held.client()
    request = a.send("acquire", keys=["A"], op="a")
    barrier(a)
    assert a.call("cancel", op="a")["end"] == "cancelled"
    assert a.answer(request)["end"] == "cancelled"
    assert pushed(a) == []


def test_after_resume_nothing_old_is_pushed_and_no_deferred_answer_comes(held):
    """What happened while nobody listened is asked for, not pushed."""
    a = held.client(grace=60000)
    a.call("submit", keys=["A"], op="granted-meanwhile")
    a.send("acquire", keys=["A"], op="deferred")
    barrier(a)
    a.close()
    held.x.call("release", op="held")
    again = Client(held.address, resume=resume(a))
    assert pushed(again) == [] and again.answers == {}
    mine = again.call("list", mine=True)["ops"]
    assert [(r["op"], r["state"]) for r in mine] == [
        ("granted-meanwhile", "granted"), ("deferred", "waiting")]
    again.call("release", op="granted-meanwhile")
    assert pushed(again) == [("granted", "deferred", None)], "what is new is pushed again"


def test_a_session_without_a_connection_misses_pushes_and_nothing_else(held):
    """Nobody there to be told: the operation is granted all the same."""
    a = held.client(grace=60000)
    a.call("submit", keys=["A"], op="a")
    a.close()
    held.x.call("release", op="held")
    record = held.x.call("status", op="a")
    assert record["state"] == "granted" and "token" not in record


def test_requests_behind_a_pending_acquire_are_answered(held):
    """Responses come in any order; nothing waits behind an acquire."""
    a = held.client()
    pending = a.send("acquire", keys=["A"], op="a")
    requests = [a.send("submit", keys=["B"], op="b"), a.send("release", op="b"), a.send("ping"),
                a.send("check", keys=["A"]), a.send("stats"), a.send("status", op="a")]
    for request in requests:
        a.answer(request)
    assert pending not in a.answers


def test_a_hundred_requests_in_one_packet_are_each_answered(daemon):
    """Pipelining: as many answers as requests, matched by id."""
    a = daemon.client()
    ids = [a.send("submit", keys=[f"K/{i}"], op=f"p{i}") for i in range(500)]
    ids += [a.send("release", op=f"p{i}") for i in range(500)]
    assert {a.answer(i)["state"] for i in ids} == {"granted", "ended"}
    barrier(a)
    assert a.answers == {} and a.pushes == []


@pytest.mark.parametrize("request_id", [0, 1, 4294967294])
def test_any_request_id_below_the_reserved_one_is_given_back(daemon, request_id):
    """A uint32 below 4294967295, in whatever width it was packed."""
    a = daemon.bare()
    a.send_raw([0, request_id, "ping", []])
    assert a.answer(request_id)
    for width in (b"\xce" + request_id.to_bytes(4, "big"), b"\xcf" + request_id.to_bytes(8, "big"),
                  b"\xd3" + request_id.to_bytes(8, "big")):
        a.send_bytes(b"\x94\x00" + width + b"\xa4ping\x90")
        assert a.answer(request_id)


def test_of_those_who_acquire_a_detached_one_the_first_claims_it(held):
    """Answered in the order in which they asked: one gets it, the others already_claimed."""
    clients = [held.client() for _ in range(4)]
    job = {"keys": ["A"], "op": "job", "lease": 60000, "payload": {"n": 1}}
    requests = []
    for client in clients:
        requests.append(client.send("acquire", **job))
        barrier(client)
    held.x.call("release", op="held")
    view = clients[0].answer(requests[0])
    assert (view["state"], view["payload"]) == ("granted", {"n": 1})
    for client, request in zip(clients[1:], requests[1:]):
        with pytest.raises(Error, match="^already_claimed"):
            client.answer(request)
    assert clients[0].call("status", op="job")["claimed"] is True
    fails("already_claimed", clients[1], "claim", op="job")
    assert pushed(clients[0]) == []
