"""The daemon over a real Redis: which is chosen, who has it, and what happens while it is away."""

import os
import random
import signal
import subprocess
import time

import pytest

from lockqd import DEADLINE, Error, Gone, until
from redis_server import Redis, compare_mirror


@pytest.fixture
def redis(tmp_path):
    server = Redis(tmp_path)
    yield server
    server.kill()


@pytest.fixture
def over(start, redis):
    """A daemon over that Redis."""
    return start("--redis", redis.url, backend="redis")


def run(*arguments):
    return subprocess.run([os.environ["LOCKQD"], *arguments], capture_output=True, text=True,
                          timeout=DEADLINE, check=False)


def same_without(daemon, *words):
    """The daemon's arguments without some of them."""
    return [word for word in daemon.arguments if word not in words]


def said(daemon, event):
    return any(f"event={event}" in line for line in daemon.log)


def resume(client):
    return {key: client.hello[key] for key in ("session", "secret")}


# --- which is chosen ------------------------------------------------------------------------------


def test_auto_is_redis_where_one_is_set_and_everybody_is_told(start, redis):
    daemon = start(backend="auto", config=f"redis = {redis.url}\n")
    client = daemon.client()
    assert client.hello["backend"] == client.call("stats")["backend"] == "redis"
    assert any("backend=redis" in line for line in daemon.log)
    noted = open(daemon.directory + "/state/backing", encoding="ascii").read().split()
    assert noted == ["redis", redis.call("HGET", "lockq:meta", "store")]
    assert not os.path.exists(daemon.directory + "/state/lockq.db")


def test_a_redis_that_does_not_answer_is_an_error_and_nothing_is_noted(tmp_path):
    state = str(tmp_path / "state")
    arguments = ["--listen", f"unix:{tmp_path}/s", "--state-dir", state]
    done = run(*arguments, "--redis", f"unix:{tmp_path}/nobody")
    assert done.returncode == 74
    assert f"unix:{tmp_path}/nobody: cannot connect" in done.stderr
    assert not os.path.exists(state + "/backing")


def test_a_note_that_cannot_be_written_leaves_the_old_one(start, redis):
    """The state is in SQLite, and that must not be forgotten by an attempt to leave it that fails."""
    daemon = start(backend="sqlite")
    daemon.stop()
    note = daemon.directory + "/state/backing"
    arguments = [*same_without(daemon, "--backend", "sqlite"), "--redis", redis.url, "--forget-backend"]
    few_bytes = ["prlimit", "--fsize=20", "--"]  # enough for the lock, not for the note
    done = subprocess.run([*few_bytes, os.environ["LOCKQD"], *arguments], capture_output=True, text=True,
                          timeout=DEADLINE, check=False)
    assert done.returncode != 0
    assert open(note, encoding="ascii").read() == "sqlite\n"
    assert run(*same_without(daemon, "--backend", "sqlite"), "--redis", redis.url).returncode == 78


def test_another_backing_needs_to_be_told_to_forget(over, redis):
    over.client(grace=60000).call("submit", keys=["A"], op="a")
    over.stop()
    arguments = same_without(over, "--redis", redis.url, "--backend", "redis")
    done = run(*arguments)
    assert done.returncode == 78 and "--forget-backend" in done.stderr and "redis" in done.stderr
    over.arguments = [*arguments, "--forget-backend"]
    over.start()
    client = over.client()
    assert client.hello["backend"] == "sqlite" and client.call("list")["ops"] == []


def test_a_redis_that_can_lose_answers_is_74_and_says_what_to_set(tmp_path, redis):
    redis.call("CONFIG", "SET", "appendfsync", "everysec")
    arguments = ["--listen", f"unix:{tmp_path}/s", "--state-dir", str(tmp_path / "state"),
                 "--redis", redis.url]
    done = run(*arguments)
    assert done.returncode == 74 and "set appendfsync always" in done.stderr
    assert done.stderr.count("\n") == 1


def test_one_that_has_forgotten_everything_is_not_taken_for_a_new_one(over, redis):
    over.client(grace=60000).call("submit", keys=["A"], op="a")
    over.stop()
    redis.call("FLUSHALL")
    done = run(*over.arguments)
    assert done.returncode == 74 and "forgotten what it had" in done.stderr
    over.arguments.append("--forget-backend")
    over.start()
    assert over.client().call("list")["ops"] == []


# --- whose it is ----------------------------------------------------------------------------------


def test_a_second_daemon_on_the_same_redis_is_73_and_says_who_has_it(over, redis, tmp_path):
    arguments = ["--listen", f"unix:{tmp_path}/s", "--state-dir", str(tmp_path / "other"),
                 "--redis", redis.url]
    done = run(*arguments)
    assert done.returncode == 73
    assert f"host {os.uname().nodename} pid {over.process.pid}" in done.stderr
    over.client().call("ping")


def test_two_prefixes_are_two_stores(start, over, redis):
    other = start("--redis", redis.url, backend="redis", config="redis_prefix = shop:\n")
    over.client(grace=60000).call("submit", keys=["P/1"], op="a")
    other.client(grace=60000).call("submit", keys=["P/2"], op="b")
    assert redis.call("SMEMBERS", "locked:P") == ["1"]
    assert redis.call("SMEMBERS", "shop:locked:P") == ["2"]


def test_the_owner_key_is_renewed_while_nothing_happens(over, redis):
    redis.call("PEXPIRE", "lockq:owner", 5500)
    until(lambda: redis.call("PTTL", "lockq:owner") > 6000, "the renewal")
    assert over.process.poll() is None


def test_one_that_was_stopped_and_wakes_after_another_took_over_writes_nothing(start, over, redis):
    client = over.client(grace=60000)
    client.call("submit", keys=["Project/1"], op="a", lease=0)
    over.signal(signal.SIGSTOP)
    until(lambda: redis.call("GET", "lockq:owner") is None, "the end of the owner key")  # 15 s
    new = start("--redis", redis.url, backend="redis")
    other = new.client(grace=60000)
    token = other.call("status", op="a")["token"]
    other.call("release", op="a", token=token)
    later = other.call("submit", keys=["Project/1"], op="b", lease=0)
    before = redis.call("HGETALL", "lockq:meta"), redis.call("HGETALL", "lockq:ops")
    asked = client.send("verify", op="a", token=token)  # it would say yes
    late = client.send("submit", keys=["Project/2"], op="late", lease=0)
    over.signal(signal.SIGCONT)
    for request in asked, late:
        with pytest.raises((Error, Gone), match="unavailable|closed|reset"):
            client.answer(request)
    assert over.process.wait(DEADLINE) == 74
    until(lambda: any("taken it over" in line for line in over.log), "the reason")
    assert later["token"] > token
    assert before[1] == redis.call("HGETALL", "lockq:ops")
    assert redis.mirror() == {"Project": {"1": "b"}}
    compare_mirror(redis, {"default": other})


# --- away -----------------------------------------------------------------------------------------


def test_while_redis_is_away_nothing_is_answered_and_nothing_runs_out(over, redis):
    client = over.client(grace=60000)
    client.call("submit", keys=["A/1"], op="a", lease=1500)
    redis.kill()
    waits = client.send("submit", keys=["A/2"], op="b", lease=0)
    until(lambda: said(over, "store_away"), "the word that it is away")

    until(lambda: client.call("ping")["commit_age"] >= 5000, "a long time")
    for probe in (client, over.client(grace=0), over.bare()):
        with pytest.raises(Error, match="unavailable"):
            probe.call("submit", keys=["A/3"], op="late", lease=0)
        assert probe.call("stats")["backend"] == "redis"
    assert waits not in client.answers
    redis.start()
    assert client.answer(waits)["state"] == "granted"
    # Its lease of 1.5 s is not over, although more than 5 s have passed.
    assert client.call("status", op="a")["state"] == "granted"
    until(lambda: said(over, "store_back"), "the word that it is back")
    with pytest.raises(Error, match="not_found"):
        client.call("status", op="late")
    assert redis.call("SISMEMBER", "locked:A", "2") == 1


def test_a_redis_that_is_loading_is_waited_for(over, redis):
    client = over.client(grace=60000)
    for n in range(600):  # one commit each, so that there is something to load for a second
        client.call("submit", keys=[f"B/{n}"], op=f"b{n}", lease=0)
    redis.kill()
    redis.settings += ["--key-load-delay", "300"]
    redis.begin()
    waits = client.send("submit", keys=["C/1"], op="c", lease=0)
    until(lambda: any("loading" in line.lower() for line in over.log), "the word that it loads")
    assert waits not in client.answers
    assert client.answer(waits)["state"] == "granted"


def test_term_ends_it_while_redis_is_away(over, redis):
    client = over.client(grace=60000)
    redis.kill()
    client.send("submit", keys=["A/2"], op="b", lease=0)
    until(lambda: said(over, "store_away"), "the word that it is away")
    assert over.stop() == 0


def test_a_redis_that_comes_back_empty_ends_it_with_74(over, redis):
    client = over.client(grace=60000)
    client.call("submit", keys=["A/1"], op="a")
    redis.kill()
    for folder, _, files in os.walk(redis.directory, topdown=False):
        for file in files:
            if file != "log":
                os.unlink(os.path.join(folder, file))
    redis.start()
    with pytest.raises(Gone):
        client.call("submit", keys=["A/2"], op="b")
    assert over.process.wait(DEADLINE) == 74
    until(lambda: any("nothing that was answered is lost" in line for line in over.log), "why")


def test_what_was_answered_is_there_after_kills_of_either(over, redis):
    client = over.client(grace=60000)
    tokens = []
    for n in range(30):
        view = client.call("submit", keys=[f"K/{n}", "All/" + str(n % 3)], op=f"o{n}", lease=0)
        tokens.append(view.get("token"))
        if n % 3 == 0:
            redis.kill()
            redis.start()
        if n % 3 == 1:
            over.kill()
            over.start()
            client = over.client(resume=resume(client))
        if n % 3 == 2:
            redis.kill()
            over.kill()
            redis.start()
            over.start()
            client = over.client(resume=resume(client))
        compare_mirror(redis, {"default": client})
    granted = [t for t in tokens if t is not None]
    assert granted == sorted(set(granted)) and len(granted) == 3
    assert [r["op"] for r in client.call("list")["ops"]] == [f"o{n}" for n in range(30)]


# --- moving ---------------------------------------------------------------------------------------


def records(daemon):
    client, found, after = daemon.client(grace=60000), [], 0
    while after is not None:
        page = client.call("list", state=["waiting", "granted", "ended"], after=after, limit=1000)
        found += page["ops"]
        after = page.get("next")
    return [{k: v for k, v in record.items() if k not in ("expires_in", "children")}
            for record in found]


def test_the_state_moves_from_one_backing_to_the_other_and_back(start, redis):
    daemon = start(config=f"redis = {redis.url}\n")
    client = daemon.client(grace=60000)
    first = client.call("submit", keys=["P/1"], op="a", lease=0, payload=b"\x00\xff", meta={"x": 1})
    client.call("submit", keys=["P/2"], op="c")
    client.call("release", op="c")
    client.call("submit", keys=["P"], shared=["Q/ä"], op="b", lease=0)
    before = records(daemon)
    assert run(*daemon.arguments, "--migrate", "sqlite", "redis").returncode == 73  # it runs
    daemon.stop()
    done = run(*daemon.arguments, "--migrate", "sqlite", "redis")
    assert done.returncode == 0, done.stderr
    assert "event=migrated from=sqlite to=redis operations=3" in done.stderr
    assert run(*daemon.arguments).returncode == 78  # it says --backend sqlite
    daemon.arguments[daemon.arguments.index("sqlite")] = "redis"
    daemon.start()
    assert records(daemon) == before
    again = daemon.client(resume=resume(client))
    again.call("release", op="a", token=first["token"])
    after = records(daemon)
    assert compare_mirror(redis, {"default": again}) == 1
    daemon.stop()
    done = run(*daemon.arguments, "--migrate", "redis", "sqlite")
    assert done.returncode == 78 and "--forget-backend" in done.stderr  # an older state is there
    done = run(*daemon.arguments, "--migrate", "redis", "sqlite", "--forget-backend")
    assert done.returncode == 0, done.stderr
    daemon.arguments[daemon.arguments.index("redis")] = "sqlite"
    daemon.start()
    assert records(daemon) == after


def test_a_move_that_is_killed_half_way_has_done_nothing(start, redis):
    daemon = start(config=f"redis = {redis.url}\n")
    client = daemon.client(grace=60000)
    for n in range(0, 4000, 400):
        for request in [client.send("submit", keys=[f"P/{(n + k) % 3000}"], op=f"o{n + k}", lease=0)
                        for k in range(400)]:
            client.answer(request)
    highest = client.call("submit", keys=["Q/1"], op="last", lease=0)["token"]
    before = records(daemon)
    daemon.stop()
    chance = random.Random(4)
    places, kills = ["sqlite", "redis"], 0
    for number in range(24):
        is_killed = number % 4 != 3
        moving = subprocess.Popen(
            [os.environ["LOCKQD"], *daemon.arguments, "--migrate", *places, "--forget-backend"],
            stderr=subprocess.DEVNULL)
        if is_killed:
            time.sleep(chance.random() * 0.1)  # the random moment
            moving.kill()
        code = moving.wait(DEADLINE)
        kills += code != 0
        assert is_killed or code == 0
        with open(daemon.directory + "/state/backing", encoding="ascii") as file:
            noted = file.read().split()[0]
        assert code != 0 or noted == places[1]
        if noted == places[1]:
            daemon.arguments[daemon.arguments.index("--backend") + 1] = noted
            places.reverse()
    assert kills > 2
    daemon.start()
    assert records(daemon) == before
    again = daemon.client(grace=60000)
    assert again.call("submit", keys=["Q/2"], op="new", lease=0)["token"] > highest
    if places[0] == "redis":
        assert compare_mirror(redis, {"default": again}) == 3002


def test_a_migration_needs_two_backings_and_an_address(tmp_path):
    base = ["--listen", f"unix:{tmp_path}/s", "--state-dir", str(tmp_path / "state")]
    assert run(*base, "--migrate", "sqlite").returncode == 64
    assert run(*base, "--migrate", "sqlite", "sqlite").returncode == 64
    assert run(*base, "--migrate", "sqlite", "memory").returncode == 64
    done = run(*base, "--migrate", "sqlite", "redis")
    assert done.returncode == 78 and "redis" in done.stderr
