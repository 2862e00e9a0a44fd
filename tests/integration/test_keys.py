"""Keys: every form of them, what they cover, and what is no key."""

import msgpack
import pytest

from lockqd import Daemon
from test_operations import fails


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    daemon = Daemon(tmp_path_factory.mktemp("d"), backend="memory")
    yield daemon.bare
    daemon.close()


def stored(a, keys, shared=None):
    """The paths under which a set is kept."""
    fields = {k: v for k, v in (("keys", keys), ("shared", shared)) if v is not None}
    view = a.call("submit", wait=False, **fields)
    assert view["state"] == "granted"
    record = a.call("status", op=view["op"])
    a.call("release", op=view["op"])
    assert (record["n_keys"], record["n_shared"]) == (len(record["keys"]), len(record["shared"]))
    return record["keys"], record["shared"]


@pytest.mark.parametrize("keys, paths", [
    ({"Project": [25]}, ["Project/25"]),
    ({"Project": ["25", 25, b"25"]}, ["Project/25"]),
    ({"Project": [47, 25], "Task": [88]}, ["Project/25", "Project/47", "Task/88"]),
    ({"Project": [], "Task": [88]}, ["Task/88"]),
    ({"A/B": ["c/d"]}, ["A%2FB/c%2Fd"]),
    ({"50%": ["%2F"]}, ["50%25/%252F"]),
    ({b"A": [b"b"]}, ["A/b"]),
    (["Project/25/Task/88"], ["Project/25/Task/88"]),
    ([["Project", 25, "Task", "88"]], ["Project/25/Task/88"]),
    ([["a/b", "c%"]], ["a%2Fb/c%25"]),
    (["a%2Fb/c%25"], ["a%2Fb/c%25"]),
    (["%252F"], ["%252F"]),
    ([["A", 0], ["A", -5], ["A", (1 << 64) - 1], ["A", -(1 << 63)]],
     ["A/-5", "A/-9223372036854775808", "A/0", "A/18446744073709551615"]),
    ([[25], ["25"], "25"], ["25"]),
    (["/"], ["/"]),
    ([[]], ["/"]),
    ([[], "A", "B/1"], ["/"]),
    (["..", ".", "A/../B", " ", "a b"], [" ", ".", "..", "A/../B", "a b"]),
    (["\u00e9/\u6f22"], ["\u00e9/\u6f22"]),
    (["A", "A!", "A/1", "A-/1", "A/"[:1]], ["A", "A!", "A-/1"]),
    (["A/1/2/3", "A/1", "A/1/2"], ["A/1"]),
])
def test_a_key_is_answered_as_a_path(client, keys, paths):
    """Any form goes in; string paths come out, sorted by bytes, each once, without what adds
    nothing."""
    assert stored(client(), keys) == (paths, [])
    assert stored(client(), [], keys) == ([], paths)


@pytest.mark.parametrize("keys, shared, kept", [
    (["A"], ["A"], (["A"], [])),
    (["A"], ["A/1"], (["A"], [])),
    (["A/1"], ["A"], (["A/1"], ["A"])),
    (["A/1"], ["A", "A/2"], (["A/1"], ["A"])),
    (["/"], ["A"], (["/"], [])),
    (["A"], ["/"], (["A"], ["/"])),
    (["A"], [], (["A"], [])),
    ({}, {"A": [1]}, ([], ["A/1"])),
    (["A/1/2"], ["A/1", "A"], (["A/1/2"], ["A"])),
])
def test_of_two_modes_the_stronger_stays(client, keys, shared, kept):
    """In both lists: exclusive. Below another key of the same set in no stronger mode: nothing."""
    assert stored(client(), keys, shared) == kept


@pytest.mark.parametrize("keys", [
    [], {}, {"A": []}, "A", "A/1", [""], [[""]], ["A//B"], ["/A"], ["A/"], ["//"], [["A", ""]],
    {"": [1]}, {"A": [""]}, ["%"], ["A%"], ["A%2"], ["A%2f"], ["A%20"], ["%00"], ["100%/x"],
    [25], [None], [True], [1.5], [{}], [["A", None]], [["A", 1.0]], [["A", ["B"]]], [["A", True]],
    {"A": 25}, {"A": "25"}, {"A": {"x": 1}}, {"A": [None]}, {"A": [[1]]}, {25: [1]}, {None: [1]},
    [b"\xff"], [["A", b"\xc3"]], {"A": [b"\xff"]}, {b"\xff": ["A"]},
])
def test_what_is_no_key_is_a_bad_request_that_names_the_field(client, keys):
    """No key at all, an empty segment, another %, a wrong type, invalid UTF-8."""
    a = client()
    assert "'keys'" in fails("bad_request", a, "submit", keys=keys)
    assert "'shared'" in fails("bad_request", a, "submit", keys=["Good"], shared=keys) \
        if keys not in ([], {}, {"A": []}) else True
    assert "'keys'" in fails("bad_request", a, "check", keys=keys)
    assert a.call("list")["ops"] == []


@pytest.mark.parametrize("key, fits", [
    ("x" * 1024, True), ("x" * 1025, False), ("\u00e9" * 512, True), ("\u00e9" * 513, False),
    ("/".join("abcdefghijklmnop"), True), ("/".join("abcdefghijklmnopq"), False),
    ([str(i) for i in range(16)], True), ([str(i) for i in range(17)], False),
    (["x" * 1024], True), (["x" * 1025], False),
])
def test_a_key_has_1024_bytes_and_16_segments(client, key, fits):
    """At the limit it is a key, over it over_limit."""
    a = client()
    if fits:
        stored(a, [key])
        assert a.call("check", keys=[key])["locked"] == []
    else:
        message = fails("over_limit", a, "submit", keys=[key])
        assert "1024" in message or "16" in message
        fails("over_limit", a, "check", keys=[key])


def test_over_a_limit_in_one_key_nothing_of_the_set_is_taken(client):
    """Nothing is half done."""
    a = client()
    fails("over_limit", a, "submit", keys=["Half/1", "x" * 2000], op="half")
    fails("bad_request", a, "submit", keys=["Half/1", "Half//2"], op="half")
    fails("not_found", a, "status", op="half")
    assert a.call("check", keys=["Half"])["locked"] == []


@pytest.mark.parametrize("held, mode, free, taken", [
    ("Project/25", "keys", ["Project/26", "Project/251", "Project/2", "Task", "Project!", "P"],
     ["Project/25", "Project", "Project/25/Task/88", "/"]),
    ("Project/25", "shared", ["Project/26"], ["Project/25", "Project", "Project/25/Task", "/"]),
    ("/", "keys", [], ["/", "A", "A/1"]),
    ("/", "shared", [], ["/", "A", "A/1"]),
    ("A%2FB", "keys", ["A", "A/B"], ["A%2FB", "A%2FB/1", "/"]),
])
def test_a_key_is_free_iff_an_exclusive_try_on_it_would_be_granted(client, held, mode, free, taken):
    """check and submit agree, for the key itself, what is above it and what is below it."""
    a, b = client(), client()
    a.call("submit", **{mode: [held]}, op=f"cover-{held}-{mode}")
    rows = {row[0]: row for row in b.call("check", keys=free + taken)["locked"]}
    assert sorted(rows) == sorted(taken)
    assert all(row[1] == held for row in rows.values()), "the key really held"
    for key in free:
        stored(b, [key])
    for key in taken:
        assert b.call("submit", keys=[key], wait=False)["end"] == "refused"
    a.close()


@pytest.mark.parametrize("held, asked, state", [
    (("shared", "A"), ("shared", "A"), "granted"),
    (("shared", "A"), ("shared", "A/1"), "granted"),
    (("shared", "A/1"), ("shared", "A"), "granted"),
    (("shared", "A"), ("keys", "A/1"), "ended"),
    (("shared", "A/1"), ("keys", "A"), "ended"),
    (("keys", "A/1"), ("shared", "A"), "ended"),
    (("keys", "A"), ("shared", "A/1"), "ended"),
    (("keys", "A/1"), ("shared", "A/2"), "granted"),
    (("shared", "/"), ("shared", "A/1"), "granted"),
    (("shared", "/"), ("keys", "A/1"), "ended"),
])
def test_shared_keys_share_with_shared_ones_only(client, held, asked, state):
    """Shared with shared goes on any level; an exclusive one excludes what overlaps."""
    a, b = client(), client()
    a.call("submit", **{held[0]: [held[1]]}, op=f"s-{held}-{asked}")
    assert b.call("submit", **{asked[0]: [asked[1]]}, wait=False)["state"] == state
    a.close()
    b.close()


def test_a_key_of_a_list_may_have_any_form(client):
    """`key` of list and `after_key` of status are keys too."""
    a = client()
    a.call("submit", keys={"List": [1], "a/b": ["c"]}, op="list-me")
    for key in ("List/1", ["List", 1], "List", ["a/b", "c"], "a%2Fb/c", "/", []):
        assert [r["op"] for r in a.call("list", key=key)["ops"]] == ["list-me"], key
    assert a.call("list", key="List/2")["ops"] == []
    assert a.call("list", key="List/1/x")["ops"] == []
    assert a.call("status", op="list-me", after_key=["List", 1])["keys"] == ["a%2Fb/c"]
    a.call("release", op="list-me")


@pytest.mark.parametrize("rows, extra", [("locked", {}), ("changed", {"since": 0})])
def test_a_check_whose_answer_would_be_too_long_says_how_far_it_came(daemon, rows, extra):
    """It stops at 4 MiB with `done`, not long before; whoever asks on hears of every key."""
    client = daemon.client()
    keys = [f"K/{'x' * 900}/{i:04}" for i in range(6000)]
    client.call("submit", keys=keys, op="long")
    if rows == "changed":
        client.call("release", op="long")
    told, asked, calls = [], 0, 0
    while asked < len(keys):
        answer = client.call("check", keys=keys[asked:], **extra)
        size = len(msgpack.packb(answer))
        done = answer.get("done", len(keys) - asked)
        assert len(answer[rows]) == done
        assert size <= 4 << 20 and ("done" not in answer or size > 4 * 1000 * 1000)
        told += [row[0] if rows == "locked" else row["key"] for row in answer[rows]]
        asked, calls = asked + done, calls + 1
    assert told == keys and calls > 1
