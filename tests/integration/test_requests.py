"""Bad input: a named error for each, and nothing lost."""

import os
import random

import msgpack
import pytest

from lockqd import Client, Gone
from test_operations import fails


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One daemon for many small questions."""
    from lockqd import Daemon
    daemon = Daemon(tmp_path_factory.mktemp("d"), backend="memory")
    yield daemon
    daemon.close()


BAD = [
    ("submit", {}, "keys"),
    ("submit", {"keys": []}, "keys"),
    ("submit", {"keys": {"Project": []}}, "keys"),
    ("submit", {"keys": "A"}, "keys"),
    ("submit", {"keys": ["A//B"]}, "keys"),
    ("submit", {"keys": ["/A"]}, "keys"),
    ("submit", {"keys": ["A/"]}, "keys"),
    ("submit", {"keys": [""]}, "keys"),
    ("submit", {"keys": ["A%2f"]}, "keys"),
    ("submit", {"keys": ["A%"]}, "keys"),
    ("submit", {"keys": [["A", ""]]}, "keys"),
    ("submit", {"keys": [["A", 1.5]]}, "keys"),
    ("submit", {"keys": [b"\xff\xfe"]}, "keys"),
    ("submit", {"keys": ["A"], "wait": -1}, "wait"),
    ("submit", {"keys": ["A"], "wait": "long"}, "wait"),
    ("submit", {"keys": ["A"], "op": ""}, "op"),
    ("submit", {"keys": ["A"], "op": "12"}, "op"),
    ("submit", {"keys": ["A"], "op": 12}, "op"),
    ("submit", {"keys": ["A"], "lease": "1"}, "lease"),
    ("submit", {"keys": ["A"], "claim_in": 5}, "claim_in"),
    ("submit", {"keys": ["A"], "who": 5}, "who"),
    ("submit", {"keys": ["A"], "key": "A"}, "key"),
    ("submit", {"keys": ["A"], "parent": ""}, "parent"),
    ("submit", {"keys": ["A"], "parent_token": 1}, "parent_token"),
    ("submit", {"keys": ["A"], "unchanged_since": -1}, "unchanged_since"),
    ("submit", {"keys": ["A"], "on_change": "tell"}, "on_change"),
    ("submit", {"keys": ["A"], "unchanged_since": 1, "on_change": "no"}, "on_change"),
    ("submit", {"keys": ["A"], "max_hold": "1"}, "max_hold"),
    ("submit", {"keys": ["A"], "pass": True}, "pass"),
    ("submit", {"keys": ["A"], "pass": True, "wait": False}, "pass"),
    ("submit", {"keys": ["A"], "pass": True, "wait": False, "max_hold": 10001}, "pass"),
    ("submit", {"keys": ["A"], "pass": True, "max_hold": 10000}, "pass"),
    ("release", {"op": "x", "keys": []}, "keys"),
    ("release", {"op": "x", "unchanged": 1}, "unchanged"),
    ("extend", {"op": "x", "keys": ["A"]}, "token"),
    ("extend", {"op": "x", "token": 1}, "keys"),
    ("extend", {"op": "x", "token": 1, "keys": []}, "keys"),
    ("release", {}, "op"),
    ("release", {"op": "x", "token": "1"}, "token"),
    ("renew", {"op": "x"}, "token"),
    ("claim", {"op": "x", "tie": 1}, "tie"),
    ("verify", {"op": "x"}, "token"),
    ("wait", {}, "op"),
    ("check", {}, "keys"),
    ("list", {"state": ["gone"]}, "state"),
    ("list", {"mine": 1}, "mine"),
    ("ping", {"x": 1}, "x"),
    ("hello", {"resume": {"session": 1}}, "resume"),
    ("hello", {"namespace": 5}, "namespace"),
    ("hello", {"namespace": ""}, "namespace"),
]


@pytest.mark.parametrize("method, fields, named", BAD)
def test_what_is_not_understood_is_named(shared, method, fields, named):
    message = fails("bad_request", shared.bare(), method, **fields)
    assert f"'{named}" in message


LIMITS = [
    ("submit", {"keys": ["A"], "op": "x" * 129}),
    ("submit", {"keys": ["A"], "who": "x" * 256}),
    ("submit", {"keys": ["A"], "why": "x" * 256}),
    ("submit", {"keys": ["A"], "meta": "x" * 5000}),
    ("submit", {"keys": ["A"], "lease": 1000, "payload": b"x" * 70000}),
    ("submit", {"keys": ["A"], "lease": 99}),
    ("submit", {"keys": ["A"], "lease": 8 * 86400000}),
    ("submit", {"keys": ["x" * 1025]}),
    ("submit", {"keys": ["/".join("x" * 17)]}),
    ("check", {"keys": {"T": list(range(10001))}}),
    ("list", {"limit": 1001}),
    ("list", {"limit": 0}),
    ("hello", {"grace": 3600001}),
]


@pytest.mark.parametrize("method, fields", LIMITS)
def test_over_a_limit_the_limit_and_its_value_are_named(shared, method, fields):
    message = fails("over_limit", shared.bare(), method, **fields)
    assert any(c.isdigit() for c in message)


def test_a_field_given_twice_is_refused(shared):
    a = shared.bare()
    raw = msgpack.packb([0, 1, "submit"])[1:]
    pairs = msgpack.packb("keys") + msgpack.packb(["A"])
    a.send_bytes(b"\x94" + raw + b"\x91\x82" + pairs + pairs)
    a.next_id = 1
    with pytest.raises(Exception) as caught:
        a.answer(1)
    assert "bad_request" in str(caught.value) and "keys" in str(caught.value)


@pytest.mark.parametrize("method", ["nope", "Kill", "extends", "plan ", ""])
def test_another_method_is_unknown(shared, method):
    fails("unknown_method", shared.bare(), method)


@pytest.mark.parametrize("keys", [
    {"Project": [25]}, {"Project": ["25"]}, ["Project/25"], [["Project", 25]],
    [[b"Project", "25"]], ["Project/25", "Project/25", ["Project", "25"]],
])
def test_every_form_of_a_key_is_the_same_key(shared, keys):
    a, b = shared.bare(), shared.bare()
    assert a.call("submit", keys=keys)["state"] == "granted"
    result = b.call("check", keys=["Project/25"])
    assert result["locked"][0][1] == "Project/25"
    a.close()


def test_a_slash_in_a_segment_is_escaped(shared):
    a = shared.bare()
    a.call("submit", keys={"File": ["a/b%"]}, op="esc")
    assert a.call("status", op="esc")["keys"] == ["File/a%2Fb%25"]


@pytest.mark.parametrize("message", [
    b"\xc1", b"\x93\x00\x01\xa4ping", b"\xa5hello", b"\x94\x00\x01\xa4ping\xc0",
    b"\x94\x00\xff\xa4ping\x90", b"\x94\x05\x01\xa4ping\x90",
])
def test_a_wrong_shape_gets_one_error_and_the_end(shared, message):
    a = shared.bare()
    stands = a.send("submit", keys=["Stands"], op=f"before-{message.hex()}")
    a.send_bytes(message + b"\x90" * 4)
    assert a.is_closed()
    assert a.answers[stands][2] is None, "what came whole before it stands"
    assert a.answers[4294967295][2].startswith("parse: ")


def test_nesting_and_size_over_the_limit_end_the_connection(shared):
    for message in (b"\x94\x00\x01\xa4ping" + b"\x91" * 20,
                    b"\x94\x00\x01\xa4ping\xc6\xff\xff\xff\xff",
                    b"\xdd\xff\xff\xff\xff", b"\xdf\x7f\xff\xff\xff"):
        a = shared.bare()
        a.send_bytes(message)
        assert a.is_closed()
        assert a.answers[4294967295][2].startswith("over_limit: ")


def test_a_request_may_come_one_byte_at_a_time(shared):
    a = shared.bare()
    for byte in msgpack.packb([0, 1, "submit", [{"keys": ["Slow"]}]]):
        a.send_bytes(bytes([byte]))
    assert a.answer(1)["state"] == "granted"


def test_notifications_from_a_client_are_dropped_and_counted(shared):
    a = shared.bare()
    before = a.call("stats")["notifications_dropped_total"]
    a.send_raw([2, "nvim_error_event", [0, "what"]])
    assert a.call("stats")["notifications_dropped_total"] == before + 1


def test_hostile_bytes_reserve_no_memory_and_crash_nothing(start):
    daemon = start(backend="memory")
    before = daemon.memory("VmSize")
    chance = random.Random(7)
    half = []
    for _ in range(200):
        a = daemon.bare()
        a.send_bytes(b"\x94\x00\x01\xa6submit\x91\x81\xa4keys\xdd\x00\x7f\xff\xff")
        half.append(a)
    for _ in range(300):
        a = daemon.bare()
        try:
            a.send_bytes(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 300))))
        except Gone:
            pass
        a.close()
    assert daemon.bare().call("ping")["seq"] >= 0
    assert daemon.memory("VmSize") < before + (64 << 20)


def test_one_that_does_not_read_is_cut_and_others_are_served(start):
    daemon = start(backend="memory", config="output = 256K\n")
    a, b = daemon.client(), daemon.client()
    for i in range(100):
        b.call("submit", keys=[f"K/{i}"], op=f"op-{i}", why="x" * 200)
    request = msgpack.packb([0, 1, "list", [{"limit": 100}]])
    with pytest.raises(Gone):
        while True:
            a.send_bytes(request * 10)
    assert b.call("list", limit=1)["ops"]
    assert a.is_closed()
    assert b.call("stats")["connections_cut_total"] == 1


def test_only_so_many_answers_may_be_pending(start):
    daemon = start(backend="memory", config="pending = 5\n")
    a, b = daemon.client(), daemon.client()
    b.call("submit", keys=["A"])
    for i in range(5):
        a.send("acquire", keys=["A"], op=f"p{i}")
    fails("over_limit", a, "acquire", keys=["A"], op="p5")
    fails("not_found", a, "status", op="p5")
    assert a.call("submit", keys=["A"], op="p6")["state"] == "waiting"


@pytest.mark.parametrize("name, value, submits", [
    ("live_ops", 3, [["A"], ["B"], ["C"], ["D"]]),
    ("live_ops_per_session", 3, [["A"], ["B"], ["C"], ["D"]]),
    ("live_claims", 8, [["A/1"], ["B/1"], ["C/1"]]),
])
def test_limits_of_what_is_alive(start, name, value, submits):
    daemon = start(backend="memory", config=f"{name} = {value}\n")
    a = daemon.client()
    for keys in submits[:-1]:
        last = a.call("submit", keys=keys)
    message = fails("over_limit", a, "submit", keys=submits[-1])
    assert name in message and str(value) in message
    a.call("release", op=last["op"])
    assert a.call("submit", keys=submits[-1])["state"] == "granted"


def test_connections_beyond_the_limit_wait_until_one_leaves(start):
    daemon = start(backend="memory", config="connections = 3\n")
    clients = [daemon.client() for _ in range(3)]
    waiting = daemon.bare()
    request = waiting.send("ping")
    assert clients[0].call("ping")
    clients[1].close()
    assert waiting.answer(request)["seq"] >= 0


def test_the_address_is_one_that_msgpack_rpc_clients_know(shared):
    assert os.path.exists(shared.path)
    assert Client("unix:" + shared.path).call("ping")["seq"] >= 0
