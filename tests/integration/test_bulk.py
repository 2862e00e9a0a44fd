"""Many keys in one operation and many operations on one key, and what others feel of it.

Costs are compared within one run, generously: a ratio that grows with the numbers would miss these
bounds by a factor of a hundred.
"""

import concurrent.futures
import statistics
import threading
import time

import pytest

from lockqd import DEADLINE, Gone
from test_operations import fails

TASKS = 100000


def timed(function):
    begun = time.perf_counter()
    function()
    return time.perf_counter() - begun


def pair(client, key):
    """One operation on a key, from submit to release."""
    view = client.call("submit", keys=[key])
    assert view["state"] == "granted"
    client.call("release", op=view["op"])


def typical(client, key, times=60):
    return statistics.median(timed(lambda: pair(client, key)) for _ in range(times))


def fill(client, number, prefix, **fields):
    """So many waiters, five hundred at a time; the seconds that each five hundred took."""
    seconds = []
    for begin in range(0, number, 500):
        def some(begin=begin):
            for request in [client.send("submit", op=f"{prefix}{begin + i}", **fields)
                            for i in range(500)]:
                assert client.answer(request)["state"] == "waiting"
        seconds.append(timed(some))
    return seconds


@pytest.mark.parametrize("backend", ["sqlite", "memory"])
@pytest.mark.parametrize("number", [1000, TASKS])
def test_a_bulk_operation_is_one_round_trip_each(start, backend, number):
    """Submit, look, release: one request and one answer, whatever the number of keys."""
    a = start(backend=backend).client()
    view = a.call("submit", keys={"Task": list(range(number))}, op="bulk")
    assert view["state"] == "granted"
    record = a.call("status", op="bulk")
    assert record["n_keys"] == number and len(record["keys"]) == 100
    checked = a.call("check", keys={"Task": list(range(min(number, 10000)))})
    assert len(checked["locked"]) == min(number, 10000)
    assert a.call("submit", keys=[f"Task/{number - 1}"], op="behind")["ahead"] == 1
    assert a.call("submit", keys=[f"Task/{number}"], op="beside")["state"] == "granted"
    assert a.call("release", op="bulk")["end"] == "released"
    assert a.push()[1]["op"] == "behind"


@pytest.mark.parametrize("keys", [
    {"Task": list(range(TASKS + 1))}, [f"T/{i}" for i in range(TASKS + 1)],
    [f"{'x' * 1000}{i}" for i in range(8500)],
])
def test_more_keys_than_may_be_are_over_limit(daemon, keys):
    """100,000 keys, 8 MiB of their text (or of the message): refused whole."""
    a = daemon.client()
    try:
        message = fails("over_limit", a, "submit", keys=keys, op="big")
        assert "100000" in message or "8388608" in message
    except Gone:
        a.is_closed()  # it was the message that was over its limit
        assert a.answers[4294967295][2].startswith("over_limit")
    fails("not_found", daemon.client(), "status", op="big")


def test_a_bulk_operation_waits_for_one_small_one_and_small_ones_for_it(daemon):
    """Its place is one place: whoever came before goes before, whoever comes after goes after."""
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    a.call("submit", keys=["Task/500"], op="small")
    assert b.call("submit", keys={"Task": list(range(1000))}, op="bulk")["ahead"] == 1
    for i in range(1000):
        c.send("submit", keys=[f"Task/{i}"], op=f"after{i}")
    assert c.answer(c.next_id)["blockers"][0]["op"] == "bulk"
    a.call("release", op="small")
    assert b.push()[1]["op"] == "bulk" and c.is_quiet()
    b.call("release", op="bulk")
    assert [c.push()[1]["op"] for _ in range(1000)] == [f"after{i}" for i in range(1000)]


def test_twenty_thousand_waiters_on_one_key_do_not_slow_a_free_one(daemon):
    """Nor a release with all of them behind it, nor the submit of one more."""
    a, b = daemon.client(), daemon.client()
    free_alone = typical(a, "Free")
    a.call("submit", keys=["Hot"], op="w-first")
    seconds = fill(b, 20000, "w", keys=["Hot"])
    free_beside = typical(a, "Free")
    assert free_beside < 50 * free_alone, (free_alone, free_beside)
    # The first thousand have fewer before them than the bound of `ahead`: compare behind it.
    first, last = statistics.median(seconds[4:10]), statistics.median(seconds[-6:])
    assert last < 50 * first, (first, last)
    hand_offs = [timed(lambda: a.call("release", op="w-first"))]
    for i in range(50):
        method, view = b.push()
        assert (method, view["op"]) == ("granted", f"w{i}")
        hand_offs.append(timed(lambda i=i: b.call("release", op=f"w{i}")))
    assert statistics.median(hand_offs) < 50 * free_alone, (free_alone, hand_offs)


def test_a_hundred_thousand_keys_stall_others_by_their_own_cost_at_most(daemon):
    """The longest answer to another client, against what the bulk operation itself takes."""
    a, b = daemon.client(), daemon.client()
    cost = max(timed(lambda: a.call("submit", keys={"Task": list(range(TASKS))}, op="warm")),
               timed(lambda: a.call("release", op="warm")))
    pauses, is_over = [], threading.Event()

    def others():
        while not is_over.is_set():
            pauses.append(timed(lambda: pair(b, "Small")))

    thread = threading.Thread(target=others)
    thread.start()
    bulks = 0
    while bulks < 3 or len(pauses) < 4:
        assert bulks < 12, "others are hardly ever served"
        a.call("submit", keys={"Task": list(range(TASKS))}, op=f"bulk{bulks}")
        a.call("release", op=f"bulk{bulks}")
        bulks += 1
    is_over.set()
    thread.join(DEADLINE)
    # A pair is two requests, each of which may meet a whole bulk step and its commit.
    assert max(pauses) < 4 * cost + 0.1, (cost, max(pauses))


def test_a_storm_of_cancels_and_a_lost_session_with_thousands_of_operations(daemon):
    """Ten thousand leave the line at once: each is told, the one behind them goes next."""
    a, b, c = daemon.client(), daemon.bare(), daemon.client()
    a.call("submit", keys=["Hot"], op="holder")
    fill(b, 5000, "lost", keys=["Hot"])
    fill(c, 5000, "gone", keys=["Hot"])
    for request in [c.send("cancel", op=f"gone{i}") for i in range(5000)]:
        c.answer(request)
    c.call("submit", keys=["Hot"], op="last")
    b.close()
    a.call("release", op="holder")
    method, view = c.push()
    assert (method, view["op"]) == ("granted", "last")


def test_many_clients_share_one_daemon(daemon):
    """A few hundred connections, each with its pairs, on overlapping keys: everybody is served."""
    def work(n):
        client = daemon.client()
        assert client.call("acquire", keys=[f"Task/{n % 7}"], op=f"m{n}")["state"] == "granted"
        client.call("release", op=f"m{n}")

    with concurrent.futures.ThreadPoolExecutor(300) as pool:
        list(pool.map(work, range(300)))
    assert daemon.client().call("stats")["waiting"] == 0
