"""Every field of every method: missing, doubled, of the wrong type, out of its limits, unknown."""

import msgpack
import pytest

from lockqd import Daemon, Error
from test_operations import fails

DAY = 86400000
WRONG = {
    "nil": None, "true": True, "int": 1, "negative": -1, "float": 1.5, "str": "x", "bin": b"x",
    "array": ["x"], "map": {"x": 1}, "ext": msgpack.ExtType(5, b"x"), "big": 1 << 63,
}
TEXT = {"str", "bin"}
NUMBER = {"int", "negative", "big"}  # out of their limits is another question
BOOL = {"true"}

# method -> field -> the types that it may have
FIELDS = {
    "hello": {"protocol": NUMBER, "client": set(WRONG), "namespace": TEXT, "grace": NUMBER,
              "resume": {"map"}},
    "submit": {"keys": {"array", "map"}, "shared": {"array", "map"}, "op": TEXT,
               "wait": NUMBER | BOOL, "lease": NUMBER, "claim_in": NUMBER, "who": TEXT,
               "why": TEXT, "meta": set(WRONG), "payload": set(WRONG), "parent": TEXT,
               "parent_token": NUMBER, "unchanged_since": NUMBER, "on_change": TEXT,
               "max_hold": NUMBER, "pass": BOOL},
    "wait": {"op": TEXT, "timeout": NUMBER},
    "claim": {"op": TEXT, "tie": BOOL},
    "extend": {"op": TEXT, "token": NUMBER, "keys": {"array", "map"}, "shared": {"array", "map"}},
    "renew": {"op": TEXT, "token": NUMBER, "lease": NUMBER, "progress": TEXT},
    "release": {"op": TEXT, "token": NUMBER, "keys": {"array", "map"}, "outcome": TEXT,
                "unchanged": BOOL},
    "cancel": {"op": TEXT, "why": TEXT},
    "verify": {"op": TEXT, "token": NUMBER},
    "check": {"keys": {"array", "map"}, "since": NUMBER},
    "status": {"op": TEXT, "after_key": TEXT | {"array"}},
    "list": {"state": {"array"}, "who": TEXT, "key": TEXT | {"array"}, "mine": BOOL,
             "claimed": BOOL, "after": NUMBER, "limit": NUMBER},
    "explain": {"op": TEXT},
    "subscribe": {"grants": BOOL, "ends": BOOL, "contended": BOOL},
    "unsubscribe": {},
    "kill": {"op": TEXT, "why": TEXT},
    "drain": {"on": BOOL},
    "stats": {},
    "ping": {},
}
FIELDS["acquire"] = FIELDS["plan"] = FIELDS["submit"]
RIGHT = {"op": "nobody", "token": 7, "keys": ["Fields/a"], "after_key": "A", "state": ["waiting"],
         "resume": {"session": 1, "secret": "0" * 32}, "key": "A", "claim_in": 5000, "lease": 5000,
         "grace": 0, "protocol": 1, "limit": 5, "after": 0, "mine": True, "claimed": True,
         "timeout": 0, "wait": 0, "shared": ["Fields/b"], "parent": "nobody", "parent_token": 7,
         "unchanged_since": 0, "on_change": "end", "max_hold": 1000, "pass": False, "tie": True,
         "unchanged": True, "since": 0, "grants": True, "ends": True, "contended": True,
         "on": False, "why": "x"}
REQUIRED = {"submit": ["keys"], "acquire": ["keys"], "wait": ["op"], "claim": ["op"],
            "renew": ["op", "token"], "release": ["op"], "cancel": ["op"],
            "verify": ["op", "token"], "extend": ["op", "token", "keys"],
            "explain": ["op"], "plan": ["keys"], "kill": ["op", "why"], "drain": ["on"], "check": ["keys"], "status": ["op"]}


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    """One connection, to ask hundreds of small questions."""
    daemon = Daemon(tmp_path_factory.mktemp("d"), backend="memory")
    yield daemon.bare
    daemon.close()


def good(method, field=None):
    names = set(REQUIRED.get(method, [])) | ({field} if field else set())
    if field == "claim_in":
        names.add("lease")
    return {name: RIGHT.get(name, "x") for name in names}


@pytest.mark.parametrize("method, field, kind", [
    (method, field, kind) for method, fields in FIELDS.items() for field, right in fields.items()
    for kind in WRONG if kind not in right])
def test_a_field_of_the_wrong_type_is_named(client, method, field, kind):
    """Of the wrong type, nil included: bad_request, and the sentence names the field."""
    fields = {**good(method, field), field: WRONG[kind]}
    assert f"'{field}" in fails("bad_request", client(), method, **fields)


@pytest.mark.parametrize("method, field, kind", [
    (method, field, kind) for method, fields in FIELDS.items() for field, right in fields.items()
    for kind in ("negative", "big") if kind in right and right != set(WRONG)
    and not (kind == "big" and field in ("protocol", "token", "after"))])
def test_a_number_that_cannot_be_is_named(client, method, field, kind):
    """Of the wrong value or out of the limit: it is refused and named, and nothing is done."""
    a = client()
    fields = {**good(method, field), field: WRONG[kind]}
    with pytest.raises(Error) as caught:
        a.call(method, **fields)
    assert caught.value.code in ("bad_request", "over_limit"), caught.value
    assert field in str(caught.value)


@pytest.mark.parametrize("method, field", [
    (method, field) for method, fields in REQUIRED.items() for field in fields])
def test_a_missing_field_is_named(client, method, field):
    """Missing: bad_request, and the sentence names it; also with no params at all."""
    fields = good(method)
    del fields[field]
    assert f"'{field}" in fails("bad_request", client(), method, **fields)
    if REQUIRED[method][0] == field:
        a = client()
        with pytest.raises(Error, match=f"bad_request.*'{field}"):
            a.answer(a.send(method, params=[]))


@pytest.mark.parametrize("method", FIELDS)
def test_an_unknown_field_is_named(client, method):
    """Unknown: bad_request, and the sentence names it."""
    assert "'colour'" in fails("bad_request", client(), method, **good(method), colour="red")


@pytest.mark.parametrize("method, field", [
    (method, field) for method, fields in FIELDS.items() for field in fields])
def test_a_field_given_twice_is_named(client, method, field):
    """Given twice, even with the same value: bad_request, and the sentence names it."""
    a = client()
    fields = list(good(method, field).items())
    fields.append((field, dict(fields)[field]))
    body = b"".join(msgpack.packb(k) + msgpack.packb(v) for k, v in fields)
    a.send_bytes(b"\x94\x00\x01" + msgpack.packb(method) + b"\x91" + bytes([0x80 + len(fields)])
                 + body)
    with pytest.raises(Error, match=f"^bad_request: .*'{field}'"):
        a.answer(1)


@pytest.mark.parametrize("method", ["hello", "submit", "list", "ping"])
@pytest.mark.parametrize("key", [1, None, True, b"\xff", "\u00e9" * 300, "x\x00y", "\n"])
def test_a_field_name_may_be_anything_and_is_refused(client, method, key):
    """A field's name that is no text, or strange text, gets an answer; the connection lives."""
    a = client()
    with pytest.raises(Error, match="^bad_request: ") as caught:
        a.answer(a.send(method, params=[{**good(method), key: 1}]))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
    a.call("list")


@pytest.mark.parametrize("text", ["op", "who", "why"])
@pytest.mark.parametrize("value", [b"\xff", b"a\xc3", b"\xed\xa0\x80", b"\xc0\xaf",
                                   b"\xf5\x80\x80\x80"])
def test_invalid_utf8_is_named(client, text, value):
    """Invalid UTF-8: bad_request; surrogates and overlong forms are invalid too."""
    assert f"'{text}'" in fails("bad_request", client(), "submit", keys=["A"], **{text: value})


def test_text_may_be_bin(client):
    """Text comes as str or bin: the same thing, also as a field's name and the method's."""
    a = client()
    a.send_raw([0, 1, b"submit", [{b"op": b"bin", b"keys": [b"Bin/1"], b"who": b"ann"}]])
    assert a.answer(1)["op"] == "bin"
    record = a.answer(a.send("status", params=[{b"op": "bin"}]))
    assert (record["who"], record["keys"]) == ("ann", ["Bin/1"])


# field -> the most it may have, and how that much of it is made
TEXTS = [("op", 128), ("who", 255), ("why", 255)]


@pytest.mark.parametrize("field, most", TEXTS)
def test_a_text_may_have_its_limit_and_no_byte_more(client, field, most):
    """A text at its limit is taken; one byte more is over_limit, naming the value."""
    a = client()
    view = a.call("submit", keys=["Text"], **{field: "x" * most})
    a.call("release", op=view["op"])
    view = a.call("submit", keys=["Text"], **{field: "\u00e9" * (most // 2)})
    a.call("release", op=view["op"])
    for text in ("y" * (most + 1), "\u00e9" * (most // 2 + 1)):
        assert str(most) in fails("over_limit", a, "submit", keys=["Text"], **{field: text})


@pytest.mark.parametrize("field, method, most", [
    ("outcome", "release", 255), ("progress", "renew", 255), ("why", "cancel", 255)])
def test_later_texts_have_the_same_limit(client, field, method, most):
    """outcome, progress and why_ended: 255 bytes; over it nothing is half done."""
    a = client()
    held = a.call("submit", keys=["Later"], op=f"held-{method}")
    a.call("submit", keys=["Later"], op=f"line-{method}")
    op = {"op": f"line-{method}"} if method == "cancel" else {
        "op": held["op"], "token": held["token"]}
    assert str(most) in fails("over_limit", a, method, **op, **{field: "x" * (most + 1)})
    assert a.call("status", op=op["op"])["state"] in ("waiting", "granted")
    a.call(method, **op, **{field: "x" * most})
    record = a.call("status", op=op["op"])
    assert {"outcome": record.get("outcome"), "progress": record.get("progress"),
            "why": record.get("why_ended")}[field] == "x" * most
    a.close()


@pytest.mark.parametrize("lease, code", [
    (0, None), (1, "over_limit"), (99, "over_limit"), (100, None), (7 * DAY, None),
    (7 * DAY + 1, "over_limit")])
def test_a_lease_has_its_limits(client, lease, code):
    """100 ms to 7 days, or 0: too small is over_limit too."""
    a = client()
    if code:
        fails(code, a, "submit", keys=["Lease"], lease=lease)
    else:
        view = a.call("submit", keys=["Lease"], lease=lease)
        a.call("release", op=view["op"], token=view["token"])


@pytest.mark.parametrize("op, code", [
    ("", "bad_request"), ("1", "bad_request"), ("0123456789", "bad_request"), ("1a", None),
    ("-1", None), ("1.5", None), (" ", None), ("a/b", None), ("\u0661", None)])
def test_an_id_is_not_empty_and_not_all_digits(client, op, code):
    """Any other text of 1 to 128 bytes is an id."""
    a = client()
    if code:
        assert "'op'" in fails(code, a, "submit", keys=["Id"], op=op)
    else:
        assert a.call("submit", keys=["Id"], op=op)["op"] == op
        assert a.call("release", op=op)["op"] == op


def test_claim_in_is_for_detached_operations(client):
    """claim_in without lease has no meaning: bad_request that names it."""
    assert "'claim_in'" in fails("bad_request", client(), "submit", keys=["A"], claim_in=5000)


@pytest.mark.parametrize("field, most", [("meta", 4096), ("payload", 65536)])
def test_meta_and_payload_are_limited_by_their_bytes(client, field, most):
    """meta 4 KiB, payload 64 KiB: at the limit taken, over it refused with nothing left behind."""
    a = client()
    view = a.call("submit", keys=["Blob"], lease=60000, **{field: b"x" * (most - 3)})
    a.call("release", op=view["op"], token=view["token"])
    fails("over_limit", a, "submit", keys=["Blob"], lease=60000, op=f"blob-{field}",
          **{field: b"x" * (most + 1)})
    fails("not_found", a, "status", op=f"blob-{field}")


@pytest.mark.parametrize("value", [
    None, True, 0, -5, 1 << 63, -(1 << 63), 1.5, "", "text", b"bin", [], {}, [1, [2, [3]]],
    {"a": {1: None}}, msgpack.ExtType(7, b"abc"), {None: 1, 2: 3},
])
def test_meta_and_payload_are_any_messagepack(client, value):
    """What was put in comes out, byte for byte the same value."""
    a = client()
    a.unpacker = msgpack.Unpacker(raw=False, strict_map_key=False)
    view = a.call("submit", keys=["Any"], lease=60000, meta=value, payload=value)
    claimed = a.call("claim", op=view["op"])
    assert (claimed["meta"], claimed["payload"]) == (value, value)
    assert a.call("status", op=view["op"])["meta"] == value
    a.call("release", op=view["op"], token=view["token"])
