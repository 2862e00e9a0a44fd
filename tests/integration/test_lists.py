"""What is told about many operations: lists page by page, rows of check, counters."""


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


# Counters.

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
