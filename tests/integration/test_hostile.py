"""Bytes from somebody who means no good, or whose program is broken: nobody else notices."""

import random
import signal
import socket
import time

import msgpack
import pytest

from lockqd import Client, Error, Gone, until
from test_operations import fails

MIB = 1 << 20
LAST = 4294967295


def padded_ping(size):
    """A ping of exactly so many bytes, by a field that it does not know."""
    head = b"\x94\x00\x01\xa4ping\x91\x81\xa1x"
    body = size - len(head) - 5
    return head + b"\xc6" + body.to_bytes(4, "big") + b"x" * body


def nested(levels):
    """A submit whose deepest array is on that level; the message itself is level 1."""
    assert levels > 3
    return b"\x94\x00\x01\xa6submit\x91\x82\xa4keys\x91\xa1N\xa4meta" + b"\x91" * (levels - 4) \
        + b"\x90"


def last_words(client):
    """What the daemon said before it closed the connection."""
    assert client.is_closed()
    message = client.answers.pop(LAST)
    assert message[3] is None
    return message[2].split(":")[0]


def few(daemon, mebibytes):
    """So many bytes; more under a sanitizer, which keeps what was freed."""
    return mebibytes * MIB * (16 if daemon.memory("VmSize") > 1 << 40 else 1)


@pytest.fixture
def volatile(start):
    return start(backend="memory")


def test_a_message_may_have_8_mib_and_no_byte_more(volatile):
    """At the limit it is read (and refused for its field); over it: over_limit and closed."""
    a = volatile.bare()
    a.send_bytes(padded_ping(8 * MIB))
    with pytest.raises(Error, match="bad_request.*'x'"):
        a.answer(1)
    a.next_id = 1
    a.call("ping")
    b = volatile.bare()
    try:
        b.send_bytes(padded_ping(8 * MIB + 1))
    except Gone:
        pass
    assert last_words(b) == "over_limit"


def test_nesting_is_counted_from_the_outer_array(volatile):
    """Eight levels are read; nine are over_limit and the end."""
    a = volatile.bare()
    a.send_bytes(nested(8))
    assert a.answer(1)["state"] == "granted"
    b = volatile.bare()
    b.send_bytes(nested(9))
    assert last_words(b) == "over_limit"


@pytest.mark.parametrize("message", [
    b"\xc1", b"\x94\x00\x01\xc1", b"\x94\x00\x01\xa4ping\x91\x81\xc1\x01",
    b"\xc0", b"\x01", b"\xa5hello", b"\x80", b"\x90", b"\x91\x00", b"\x92\x00\x01",
    b"\x95\x00\x01\xa4ping\x90\x90", b"\x94\x03\x01\xa4ping\x90", b"\x94\xc0\x01\xa4ping\x90",
    b"\x94\xa1x\x01\xa4ping\x90", b"\x94\x00\xc0\xa4ping\x90", b"\x94\x00\xa1x\xa4ping\x90",
    b"\x94\x00\x01\x05\x90", b"\x94\x00\x01\xc0\x90", b"\x94\x00\x01\x90\x90",
    b"\x94\x00\xce\xff\xff\xff\xff\xa4ping\x90",
    b"\x94\x00\xcf\x00\x00\x00\x01\x00\x00\x00\x00\xa4ping\x90",
    b"\x94\x00\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00\xa4ping\x90", b"\x93\x02\xa4ping",
    b"\x94\x02\x01\xa4ping\x90", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"SSH-2.0-OpenSSH_9.2\r\n", b"\r\n",
    b"\xd9", b"\xc7\xff\x01",
], ids=lambda m: m.hex()[:24])
def test_what_is_no_message_ends_its_connection_only(volatile, message):
    """A broken or misshapen one: one error with the last id, then closed (or, where it could still
    become a message, more is waited for); whole requests before it stand; others do not notice."""
    a, b = volatile.bare(), volatile.client()
    a.next_id = 99
    before = a.send("submit", keys=["Before"], op="stands", lease=60000)
    a.send_bytes(message)
    a.socket.shutdown(socket.SHUT_WR)
    assert a.is_closed()
    assert a.answers[before][2] is None
    if LAST in a.answers:
        assert a.answers[LAST][2].split(":")[0] in ("parse", "over_limit")
    assert set(a.answers) <= {before, LAST, 1}
    assert b.call("status", op="stands")["state"] == "granted"


def test_what_comes_behind_a_broken_message_is_not_executed(volatile):
    """After parse the stream means nothing."""
    a, b = volatile.bare(), volatile.client()
    more = [0, 2, "submit", [{"keys": ["A"], "op": "x", "lease": 0}]]
    a.send_bytes(b"\xc1" + msgpack.packb(more))
    assert last_words(a) == "parse" and a.answers == {}
    fails("not_found", b, "status", op="x")


def test_half_a_message_is_waited_for_and_then_read(volatile):
    """However it is cut into pieces, at each of its bytes."""
    data = msgpack.packb([0, 7, "check", [{"keys": {"Project": [25, 47]}}]])
    for cut in range(1, len(data)):
        a = volatile.bare()
        a.send_bytes(data[:cut])
        volatile.bare().call("ping")
        assert 7 not in a.answers
        a.send_bytes(data[cut:])
        assert a.answer(7)["locked"] == []
        a.close()


def test_a_slow_sender_keeps_nobody_waiting(volatile):
    """One byte at a time, with others served between the bytes."""
    a, b = volatile.bare(), volatile.client()
    for byte in msgpack.packb([0, 1, "submit", [{"keys": {"Task": list(range(300))}}]]):
        a.send_bytes(bytes([byte]))
        b.send("ping")
    b.answer(b.next_id)
    assert a.answer(1)["state"] == "granted"


def test_lengths_that_are_only_claimed_take_no_memory(volatile):
    """Headers that promise gigabytes, in every place where one may stand."""
    huge = [b"\xdd\xff\xff\xff\xff", b"\xdf\xff\xff\xff\xff", b"\xdb\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff", b"\xc9\xff\xff\xff\xff\x01", b"\xdc\xff\xff", b"\xde\xff\xff",
            b"\xdd\x00\x7f\xff\xf0", b"\xdf\x00\x3f\xff\xf0", b"\xdb\x00\x7f\xff\x00"]
    places = [b"", b"\x94", b"\x94\x00", b"\x94\x00\x01", b"\x94\x00\x01\xa6submit",
              b"\x94\x00\x01\xa6submit\x91", b"\x94\x00\x01\xa6submit\x91\x81",
              b"\x94\x00\x01\xa6submit\x91\x81\xa4keys",
              b"\x94\x00\x01\xa6submit\x91\x81\xa4keys\x91",
              b"\x94\x00\x01\xa6submit\x91\x81\xa4keys\x81\xa1A",
              b"\x94\x00\x01\xa6submit\x91\x81\xa4meta"]
    before = volatile.memory("VmSize"), volatile.memory()
    clients = []
    for place in places:
        for header in huge * 3:
            clients.append(volatile.bare())
            try:
                clients[-1].send_bytes(place + header)
            except Gone:
                pass
    volatile.bare().call("list")
    assert volatile.memory("VmSize") < before[0] + few(volatile, 32)
    assert volatile.memory() < before[1] + few(volatile, 32)


def test_unfinished_messages_of_all_together_have_a_bound(start):
    """Over `buffers` the largest is cut, and the daemon's memory stays what it was."""
    daemon = start(backend="memory", config="buffers = 16M\n")
    good = daemon.client()
    before = daemon.memory()
    clients = [daemon.bare() for _ in range(12)]
    for client in clients:
        try:
            client.send_bytes(padded_ping(8 * MIB)[:4 * MIB])
        except Gone:
            pass
    good.call("list")
    until(lambda: good.call("stats")["buffer_bytes"] <= 16 * MIB, "the bound")
    assert good.call("stats")["connections_cut_total"] > 0
    assert daemon.memory() < before + few(daemon, 48)
    assert good.call("submit", keys=["A"])["state"] == "granted"


def test_one_that_never_reads_is_cut_and_its_session_lives(start):
    """At its output limit; meanwhile others are served; afterwards it may resume."""
    daemon = start(backend="memory", config="output = 1M\n")
    a, b = daemon.client(grace=60000), daemon.client()
    a.call("submit", keys={"K": list(range(1000))}, op="mine")
    request = msgpack.packb([0, 1, "check", [{"keys": {"K": list(range(1000))}}]])
    served = 0
    with pytest.raises(Gone):
        while True:
            a.send_bytes(request)
            b.call("check", keys=["K/1"])
            served += 1
    assert served > 10
    assert b.call("status", op="mine")["state"] == "granted"
    again = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")})
    assert again.call("release", op="mine")["end"] == "released"


def test_one_that_does_not_read_its_pushes_is_not_cut_for_them(start):
    """Pushes are made as the output drains: a thousand unread ones cut nobody off."""
    daemon = start(backend="memory", config="output = 64K\n")
    a, b = daemon.client(), daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="holder")
    for begin in range(0, 3000, 100):
        for request in [b.send("submit", shared=["A"], op=f"{'o' * 100}{begin + i}")
                        for i in range(100)]:
            b.answer(request)
    a.call("release", op="holder")
    a.call("list")
    got = [b.push()[1]["op"] for _ in range(3000)]
    assert got == [f"{'o' * 100}{i}" for i in range(3000)]


def test_random_bytes_change_nothing(start):
    """Garbage, and true messages with a few bytes changed: the daemon lives and answers others,
    its memory stays, what it holds stays."""
    daemon = start(backend="memory")
    chance = random.Random(20)
    good = daemon.client()
    good.call("submit", keys=["Precious"], op="precious")
    seeds = [msgpack.packb(m) for m in (
        [0, 1, "hello", [{"protocol": 1, "namespace": "n", "grace": 5, "resume": {
            "session": 5, "secret": "0" * 32}}]],
        [0, 2, "submit", [{"keys": {"A": [1, "2"]}, "shared": ["A/3", ["B", 4]], "op": "f",
                           "wait": 5, "lease": 100, "claim_in": 10, "who": "w", "why": "y",
                           "meta": [1, {}], "payload": b"xx"}]],
        [0, 3, "acquire", [{"keys": ["A"], "wait": False}]],
        [0, 4, "wait", [{"op": "f", "timeout": 1}]],
        [0, 5, "claim", [{"op": "f"}]], [0, 6, "renew", [{"op": "f", "token": 1 << 40}]],
        [0, 7, "release", [{"op": "f", "token": 1 << 40, "outcome": "x"}]],
        [0, 8, "cancel", [{"op": "f", "why": "x"}]], [0, 9, "check", [{"keys": [["A", 1], "B/2"]}]],
        [0, 10, "status", [{"op": "f", "after_key": "A"}]],
        [0, 11, "list", [{"state": ["ended"], "key": "A", "after": 1, "limit": 2, "mine": True}]],
        [0, 12, "stats", []], [2, "x", [1]])]
    before = daemon.memory()
    for n in range(4000):
        data = bytearray(b"".join(chance.choice(seeds) for _ in range(chance.randint(1, 4))))
        for _ in range(chance.randint(1, 4)):
            at = chance.randrange(len(data))
            act = chance.random()
            if act < 0.6:
                data[at] = chance.choice([chance.randrange(256), 0xC0, 0xC1, 0xDD, 0xDF, 0xFF])
            elif act < 0.8:
                del data[at:at + chance.randint(1, 5)]
            else:
                data[at:at] = bytes(chance.randrange(256) for _ in range(chance.randint(1, 5)))
            if not data:
                data = bytearray(b"\xc1")
        if n % 10 == 0:
            data = bytearray(chance.randrange(256) for _ in range(chance.randint(1, 200)))
        client = daemon.bare()
        try:
            client.send_bytes(bytes(data))
            client.socket.shutdown(socket.SHUT_WR)
            client.is_closed()
        except (Gone, ValueError, OSError):
            pass
        client.close()
    assert daemon.process.poll() is None
    assert good.call("status", op="precious")["state"] == "granted"
    assert daemon.memory() < before + few(daemon, 32)


def test_a_flood_of_connections_is_served_up_to_the_limit(start):
    """More than may be there at once wait; nobody who is there notices."""
    daemon = start(backend="memory", config="connections = 50\n")
    good = daemon.client()
    flood = [daemon.bare() for _ in range(45)]
    for client in flood:
        client.send("ping")
    for client in flood:
        client.answer(1)
    more = [daemon.bare() for _ in range(20)]
    requests = [client.send("ping") for client in more]
    assert good.call("submit", keys=["A"])["state"] == "granted"
    for client in flood:
        client.close()
    for client, request in zip(more, requests):
        assert client.answer(request)


def test_a_stall_ends_no_lease_whose_renewal_waits(start):
    """Stopped past the lease, the renewal in the socket: continued, the lease lives. Rule 8."""
    daemon = start()
    a = daemon.client()
    for n in range(3):
        token = a.call("submit", keys=[f"K/{n}"], op=f"d{n}", lease=250)["token"]
        daemon.signal(signal.SIGSTOP)
        request = a.send("renew", op=f"d{n}", token=token, lease=60000)
        stopped = time.monotonic()
        until(lambda: time.monotonic() > stopped + 0.6, "a stall longer than the lease")
        daemon.signal(signal.SIGCONT)
        assert a.answer(request)["expires_in"] > 250
        assert a.call("status", op=f"d{n}")["state"] == "granted"
    assert a.pushes == []


def test_a_stall_ends_no_grace_of_one_who_waits_to_resume(start):
    """The connection dropped, the daemon was stopped past the grace, the hello waits: resumed."""
    daemon = start()
    a = daemon.client(grace=300)
    a.call("submit", keys=["A"], op="a")
    daemon.signal(signal.SIGSTOP)
    a.close()
    again = daemon.bare()
    request = again.send("hello", resume={k: a.hello[k] for k in ("session", "secret")})
    stopped = time.monotonic()
    until(lambda: time.monotonic() > stopped + 0.8, "a stall longer than the grace")
    daemon.signal(signal.SIGCONT)
    assert again.answer(request)["session"] == a.hello["session"]
    assert again.call("release", op="a")["end"] == "released"
