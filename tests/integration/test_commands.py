"""The command line, sentence by sentence: what each verb does, prints and exits with."""

import json
import os
import re
import signal
import subprocess
import time

import pytest

from lockqd import DEADLINE, Error, lockq, until

VERBS_OF_ONE = ["wait", "claim", "renew", "release", "cancel", "show"]


def start(daemon, *arguments, env=None, **options):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LOCKQ_")}
    environment.update(LOCKQ_ADDR=daemon.address, **(env or {}))
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([os.environ["LOCKQ"], *arguments], text=True, env=environment,
                            **options)


def state(client, op):
    try:
        return client.call("status", op=op)["state"]
    except Error as error:
        assert error.code == "not_found"
        return None


def shows(client, op, wanted):
    until(lambda: state(client, op) == wanted, f"{op} to be {wanted}")


def as_json(daemon, *arguments):
    done = lockq(daemon, *arguments, "-o", "json")
    return json.loads(done.stdout)


@pytest.fixture(name="start_daemon")
def start_daemon_(request):
    """The fixture that starts daemons; here `start` starts the command."""
    return request.getfixturevalue("start")


@pytest.fixture
def held(daemon):
    """ann's session has Project/25."""
    daemon.holder = daemon.client()
    daemon.holder.call("submit", keys=["Project/25"], op="held", who="ann", why="nightly")
    return daemon


# Submit, wait, claim, renew, release, cancel, hold.

def test_submit_prints_the_id_and_the_state(held):
    """A detached operation with a lease of five minutes."""
    done = lockq(held, "submit", "A", "B/1", "-s", "C", "--op", "mine", "--who", "me", "--why",
                 "so")
    assert done.returncode == 0 and done.stdout.split()[:2] == ["mine", "granted"]
    record = held.holder.call("status", op="mine")
    assert (record["keys"], record["shared"], record["lease"]) == (["A", "B/1"], ["C"], 300000)
    assert (record["who"], record["why"]) == ("me", "so")
    done = lockq(held, "submit", "Project/25", "--op", "line")
    assert done.returncode == 0 and done.stdout.split()[:2] == ["line", "waiting"]


def test_submit_without_an_id_gives_one(daemon):
    """And prints it; twice the same command are two operations."""
    ids = {lockq(daemon, "submit", "A").stdout.split()[0] for _ in range(3)}
    assert len(ids) == 3
    assert [r["op"] for r in as_json(daemon, "ls")] and len(as_json(daemon, "ls")) == 3


@pytest.mark.parametrize("text, ms", [
    ("500ms", 500), ("5", 5000), ("5s", 5000), ("2m", 120000), ("1h", 3600000), ("0", 0)])
def test_durations(daemon, text, ms):
    """Milliseconds, seconds with and without their letter, minutes, hours."""
    lockq(daemon, "submit", "A", "--op", "d", "--lease", text)
    assert daemon.client().call("status", op="d")["lease"] == ms


@pytest.mark.parametrize("text", ["", "soon", "-1", "5x", "1.5s", "5 s", "s", "9" * 30])
def test_what_is_no_duration_is_usage(daemon, text):
    done = lockq(daemon, "submit", "A", "--lease", text)
    assert done.returncode == 64 and done.stderr and not done.stdout
    assert as_json(daemon, "ls") == []


def test_keys_come_from_a_file_or_standard_input(daemon, tmp_path):
    """One a line; with those of the command line."""
    (tmp_path / "keys").write_text("A/1\nA/2\n\nB%2F3", encoding="utf-8")
    lockq(daemon, "submit", "C", "--keys-from", str(tmp_path / "keys"), "--op", "file")
    lockq(daemon, "submit", "--keys-from", "-", "--op", "stdin", input="D\nE\n")
    a = daemon.client()
    assert a.call("status", op="file")["keys"] == ["A/1", "A/2", "B%2F3", "C"]
    assert a.call("status", op="stdin")["keys"] == ["D", "E"]
    assert lockq(daemon, "submit", "--keys-from", str(tmp_path / "none")).returncode == 64
    assert lockq(daemon, "submit", "--keys-from", "-", input="").returncode == 64


def test_a_line_of_a_file_may_end_as_it_does_on_windows(daemon):
    """The carriage return is no part of the key: it would lock something else without a word."""
    done = lockq(daemon, "submit", "--keys-from", "-", "--op", "crlf", input="A/1\r\nA/2\r\n")
    if done.returncode == 0:
        assert daemon.client().call("status", op="crlf")["keys"] == ["A/1", "A/2"]
    else:
        assert done.returncode == 64


def test_a_hundred_thousand_keys_go_through_the_command(daemon):
    """Submit and release; one more is over the limit."""
    keys = "".join(f"Task/{i}\n" for i in range(100000))
    done = lockq(daemon, "submit", "--keys-from", "-", "--op", "huge", input=keys)
    assert done.returncode == 0
    assert daemon.client().call("status", op="huge")["n_keys"] == 100000
    assert lockq(daemon, "release", "huge").returncode == 0
    done = lockq(daemon, "submit", "--keys-from", "-", input=keys + "Task/x\n")
    assert done.returncode != 0 and "100000" in done.stderr


def test_wait_waits_until_it_is_granted(held):
    """0 when granted, 75 when its own time is over first (which ends nothing) or it ended."""
    lockq(held, "submit", "Project/25", "--op", "w")
    done = lockq(held, "wait", "w", "-w", "50ms")
    assert done.returncode == 75 and state(held.holder, "w") == "waiting"
    waiting = start(held, "wait", "w", "-o", "json")
    gone = start(held, "wait", "x")
    assert gone.communicate(timeout=DEADLINE)[1] and gone.returncode == 1
    held.holder.call("release", op="held")
    out, _ = waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 0 and json.loads(out)["state"] == "granted"
    lockq(held, "submit", "Project/25", "--op", "c")
    waiting = start(held, "wait", "c")
    lockq(held, "cancel", "c")
    waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 75


def test_claim_takes_it_once(daemon):
    """The payload is in the result; the second one gets none."""
    daemon.client().call("submit", keys=["A"], op="j", lease=60000, payload={"rows": [1]}, meta="m")
    view = as_json(daemon, "claim", "j")
    assert (view["payload"], view["meta"], view["state"]) == ({"rows": [1]}, "m", "granted")
    done = lockq(daemon, "claim", "j")
    assert done.returncode != 0 and "already_claimed" in done.stderr and not done.stdout


def test_renew_and_release_take_the_token_given_or_the_environment_or_ask(daemon):
    """--token, else LOCKQ_TOKEN, else the current one."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="t", lease=60000)["token"]
    assert lockq(daemon, "renew", "t", "--token", str(token)).returncode == 0
    assert lockq(daemon, "renew", "t", "--token", "7").returncode != 0
    for wrong, arguments, code in ((True, [], False), (True, ["--token", str(token)], True),
                                   (False, ["--token", "7"], False), (False, [], True)):
        one = start(daemon, "renew", "t", *arguments, env={"LOCKQ_TOKEN": "7"} if wrong else {})
        one.communicate(timeout=DEADLINE)
        assert (one.returncode == 0) == code, (wrong, arguments)
    assert lockq(daemon, "renew", "t", "--lease", "1h", "--progress", "2 of 3").returncode == 0
    record = a.call("status", op="t")
    assert record["progress"] == "2 of 3" and record["expires_in"] > 60000
    assert lockq(daemon, "release", "t", "--token", "7").returncode != 0
    assert state(a, "t") == "granted"
    assert lockq(daemon, "release", "t", "--outcome", "fine").returncode == 0
    assert lockq(daemon, "release", "t").returncode == 0, "repeated: the same answer"


def test_hold_waits_and_reserves(held):
    """Until released; the result on standard output, what to do on standard error; needs a why."""
    done = lockq(held, "hold", "Z", "--why", "audit", "--op", "z", "-o", "json")
    assert json.loads(done.stdout)["state"] == "granted" and done.stderr
    record = held.holder.call("status", op="z")
    assert (record["lease"], record["why"]) == (0, "audit") and "expires_in" not in record
    waiting = start(held, "hold", "Project/25", "--why", "me too", "--op", "h2")
    shows(held.holder, "h2", "waiting")
    assert waiting.poll() is None
    held.holder.call("release", op="held")
    waiting.communicate(timeout=DEADLINE)
    assert waiting.returncode == 0 and state(held.holder, "h2") == "granted"
    assert lockq(held, "hold", "Project/25", "-n", "--why", "x").returncode == 75
    assert lockq(held, "hold", "Q").returncode == 64 and lockq(held, "check", "Q").returncode == 0


# Looking.

@pytest.mark.parametrize("verb", ["ls", "history"])
def test_json_is_one_document_and_jsonl_one_object_a_line(held, verb):
    """In the protocol's field names."""
    for i in range(3):
        lockq(held, "submit", f"K/{i}", "--op", f"o{i}")
        if verb == "history":
            lockq(held, "release", f"o{i}")
    wanted = ["o0", "o1", "o2"]
    documents = as_json(held, verb)
    lines = [json.loads(line) for line in lockq(held, verb, "-o", "jsonl").stdout.splitlines()]
    for rows in (documents, lines):
        assert sorted(r["op"] for r in rows if r["op"] != "held") == wanted
        assert all({"ticket", "state", "who", "why", "keys", "seq"} <= set(r) for r in rows)


@pytest.mark.parametrize("arguments", [
    ["submit", "A", "--op", "x"], ["wait", "d"], ["claim", "d"], ["renew", "d"], ["show", "d"],
    ["check", "D"], ["check", "Free"], ["ls"], ["history"], ["stats"], ["ping"], ["release", "d"],
    ["cancel", "w"], ["hold", "H", "--why", "y"]])
def test_every_verb_prints_json(held, arguments):
    """One document, the same whether one line or many."""
    lockq(held, "submit", "D", "--op", "d")
    lockq(held, "submit", "D", "--op", "w")
    done = lockq(held, *arguments, "-o", "json")
    assert json.loads(done.stdout) is not None, done.stderr
    if isinstance(json.loads(done.stdout), dict) and "seq" in json.loads(done.stdout):
        assert json.loads(done.stdout)["seq"] >= 0


def test_check_is_0_when_all_are_free_and_1_when_not(held):
    """Reserved counts as not free; the rows tell who."""
    lockq(held, "submit", "Project", "--op", "line")
    for keys, code in ((["Free"], 0), (["Free", "Other/1"], 0), (["Free", "Project/25"], 1),
                       (["Project/26"], 1), (["/"], 1)):
        assert lockq(held, "check", *keys).returncode == code, keys
    result = as_json(held, "check", "Project/25", "Free")
    assert result["locked"][0][:3] == ["Project/25", "Project/25", "held"]
    assert result["ops"]["held"]["who"] == "ann"
    table = lockq(held, "check", "Project/25").stdout
    assert "held" in table and "ann" in table and "nightly" in table


def test_ls_shows_the_line_in_ticket_order(held):
    """State, age, who, why, keys, blocked by; without colour in a pipe."""
    lockq(held, "submit", "Project/25", "Task/1", "--op", "w1", "--who", "bob", "--why", "bulk")
    lockq(held, "submit", "Task/1", "--op", "w2")
    done = lockq(held, "ls")
    rows = done.stdout.splitlines()
    assert done.returncode == 0 and "\033" not in done.stdout
    for word in ("STATE", "AGE", "WHO", "WHY", "KEYS", "BLOCKED"):
        assert word in rows[0].upper()
    assert [row.split()[1] for row in rows[1:]] == ["held", "w1", "w2"]
    for word in ("waiting", "bob", "bulk", "held", "Project/25", "Task/1"):
        assert word in rows[2]
    assert "w1" in rows[3]


def test_show_tells_everything(held):
    """All fields of the record, live or ended."""
    lockq(held, "submit", "Project/25", "--op", "w", "--who", "bob")
    for op in ("held", "w"):
        record, shown = held.holder.call("status", op=op), as_json(held, "show", op)
        record.pop("token", None)
        assert shown == record
        table = lockq(held, "show", op).stdout
        assert all(field in table for field in record)
    lockq(held, "cancel", "w", "--why", "over")
    assert "over" in lockq(held, "show", "w").stdout


def test_history_tells_how_they_ended(held):
    """Waited, held, and the end; only ended ones."""
    lockq(held, "submit", "A", "--op", "r")
    lockq(held, "release", "r", "--outcome", "perfect")
    lockq(held, "submit", "Project/25", "--op", "c")
    lockq(held, "cancel", "c")
    lockq(held, "submit", "Project/25", "--op", "live")
    out = lockq(held, "history").stdout
    assert "released" in out and "perfect" in out and "cancelled" in out and "live" not in out
    assert {r["op"]: r["end"] for r in as_json(held, "history")} == {
        "r": "released", "c": "cancelled"}


@pytest.mark.parametrize("text", ["\033[31mred", "a\nb", "a\tb\rc", "\u009b31m", "\x00x", "\x7f"])
def test_control_bytes_of_others_do_not_reach_the_terminal(daemon, text):
    """Escaped in every table; who, why, keys, ids, outcome, progress."""
    a = daemon.client()
    token = a.call("submit", keys=[["K", text]], op=f"op{text}", who=text, why=text,
                   lease=60000)["token"]
    a.call("renew", op=f"op{text}", token=token, progress=text)
    outs = [lockq(daemon, "ls"), lockq(daemon, "check", "K")]
    if "\x00" not in text:
        outs.append(lockq(daemon, "show", f"op{text}"))
    a.call("release", op=f"op{text}", token=token, outcome=text)
    outs.append(lockq(daemon, "history"))
    for done in outs:
        for line in (done.stdout + done.stderr).split("\n"):
            assert not re.search("[\x00-\x1f\x7f\x80-\x9f]", line), repr(line)
    assert len(outs[0].stdout.splitlines()) == 2, "one operation, one line"


def test_namespaces_by_flag_and_by_environment(daemon):
    """A world of their own; the flag stands before the environment."""
    lockq(daemon, "submit", "A", "--op", "x", "--namespace", "blue")
    assert as_json(daemon, "ls") == []
    assert [r["op"] for r in as_json(daemon, "ls", "--namespace", "blue")] == ["x"]
    for flag, op in (([], ["x"]), (["--namespace", "default"], [])):
        ls = start(daemon, "ls", "-o", "json", *flag, env={"LOCKQ_NAMESPACE": "blue"})
        assert [r["op"] for r in json.loads(ls.communicate(timeout=DEADLINE)[0])] == op


# Exit codes.

@pytest.mark.parametrize("verb", VERBS_OF_ONE)
def test_an_operation_that_is_not_there_is_an_error(daemon, verb):
    """Said on standard error, nothing on standard output."""
    done = lockq(daemon, verb, "nobody")
    assert done.returncode == 1 and "not_found" in done.stderr and done.stdout == ""


@pytest.mark.parametrize("arguments", [
    [], ["nonsense"], ["run"], ["run", "A"], ["run", "A", "--"], ["run", "--", "true"], ["submit"],
    ["hold", "A"], ["check"], ["wait"], ["wait", "a", "b"], ["ls", "-o", "xml"], ["ls", "--nope"],
    ["run", "-E", "256", "A", "--", "true"], ["run", "-E", "x", "A", "--", "true"],
    ["submit", "A//B"], ["submit", ""], ["submit", "A%2"], ["submit", "A", "--op", "12"],
    ["submit", "A", "--op", ""], ["renew", "x", "--token", "abc"],
    ["release", "x", "--token", "-1"], ["ls", "--addr", "nonsense"]])
def test_usage_is_64(daemon, arguments):
    """What cannot be understood, be it by the command or by the daemon."""
    done = lockq(daemon, *arguments)
    assert done.returncode == 64 and done.stderr and not done.stdout


@pytest.mark.parametrize("arguments", [
    ["ls"], ["history"], ["ping"], ["stats"], ["check", "A"], ["submit", "A"], ["wait", "x"],
    ["run", "A", "--", "true"], ["hold", "A", "--why", "x"], ["show", "x"], ["ls", "-o", "json"]])
def test_no_daemon_is_69(daemon, arguments):
    """At once, naming the address; standard output carries no result, for there is none."""
    daemon.kill()
    done = lockq(daemon, *arguments)
    assert done.returncode == 69 and daemon.address in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("options, code", [
    (["-n"], 75), (["--nonblock"], 75), (["-w", "50ms"], 75), (["--timeout", "50ms"], 75),
    (["-n", "-E", "9"], 9), (["-w", "50ms", "-E", "0"], 0)])
def test_what_is_not_granted_is_75_or_as_set(held, options, code):
    """Refused or out of time: the command is not run."""
    done = lockq(held, "run", *options, "Project/25", "--", "echo", "ran")
    assert (done.returncode, done.stdout) == (code, "")


def test_a_cancelled_run_is_75(held):
    """Somebody took it out of the line."""
    a = start(held, "run", "Project/25", "--op", "w", "--lease", "1m", "--", "echo", "ran")
    shows(held.holder, "w", "waiting")
    assert lockq(held, "cancel", "w").returncode == 0
    out, err = a.communicate(timeout=DEADLINE)
    assert (a.returncode, out) == (75, "") and "cancelled" in err


@pytest.mark.parametrize("command, code", [
    (["true"], 0), (["false"], 1), (["sh", "-c", "exit 255"], 255), (["sh", "-c", "exit 75"], 75),
    (["sh", "-c", "kill -KILL $$"], 137), (["sh", "-c", "kill -SEGV $$"], 139),
    (["./does-not-exist"], 127), (["no-such-command-anywhere"], 127), (["/"], 126)])
def test_run_exits_as_the_command_did(daemon, command, code):
    """128 + N for a signal; 126 not runnable; 127 not found. Released in any case."""
    assert lockq(daemon, "run", "A", "--op", "r", "--", *command).returncode == code
    assert daemon.client().call("status", op="r")["end"] == "released"


# What run gives its command.

def test_the_command_gets_its_arguments_untouched(daemon):
    """Options of its own, empty and odd ones."""
    odd = ["-n", "--op", "", "a b", "*", "--", "-w", "$HOME", "\u00e9"]
    done = lockq(daemon, "run", "A", "--", "printf", "%s\\n", *odd)
    assert done.stdout.split("\n")[:-1] == odd


def test_the_command_runs_under_the_keys(held):
    """While it runs they are held, after it they are free."""
    a = held.holder
    run = start(held, "run", "K/1", "-s", "K/2", "--op", "r", "--", "sh", "-c", "echo up; read x",
                stdin=subprocess.PIPE)
    assert run.stdout.readline() == "up\n"
    record = a.call("status", op="r")
    assert (record["state"], record["keys"], record["shared"]) == ("granted", ["K/1"], ["K/2"])
    assert len(a.call("check", keys=["K/1", "K/2"])["locked"]) == 2
    run.communicate("x\n", timeout=DEADLINE)
    assert a.call("check", keys=["K/1", "K/2"])["locked"] == []


def test_the_environment_of_the_command(daemon):
    """LOCKQ_OP, LOCKQ_TOKEN, LOCKQ_KEYS, LOCKQ_ADDR, LOCKQ_NAMESPACE, and what was there before."""
    done = subprocess.run(
        [os.environ["LOCKQ"], "run", "A", "B/1", "--namespace", "blue", "--addr", daemon.address,
         "--", "env"], capture_output=True, text=True, check=True,
        env={**os.environ, "MINE": "kept", "LOCKQ_ADDR": "unix:/wrong"})
    lines = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    assert lines["LOCKQ_ADDR"] == daemon.address and lines["LOCKQ_NAMESPACE"] == "blue"
    assert lines["MINE"] == "kept" and int(lines["LOCKQ_TOKEN"]) > 1 << 32
    record = daemon.client(namespace="blue").call("status", op=lines["LOCKQ_OP"])
    assert record["end"] == "released"
    assert "A" in done.stdout and "B/1" in done.stdout


def test_the_command_inherits_neither_connection_nor_signal_settings(daemon):
    """No descriptor of ours, nothing blocked or ignored: it is as if started by hand."""
    script = ("import os\n"
              "print(sorted(set(os.listdir('/proc/self/fd')) - {'0', '1', '2'}))\n"
              "print([line for line in open('/proc/self/status') if line[:6] in "
              "('SigBlk', 'SigIgn')])")
    bare = subprocess.run(["/usr/bin/python3", "-c", script], capture_output=True, text=True,
                          check=True)
    done = lockq(daemon, "run", "A", "--", "/usr/bin/python3", "-c", script)
    assert done.stdout == bare.stdout


def test_standard_input_goes_through_and_is_not_read_by_run(daemon):
    """Every byte, to its end."""
    data = "".join(f"line {i}\n" for i in range(20000))
    done = lockq(daemon, "run", "A", "--", "cat", input=data)
    assert done.stdout == data
    done = lockq(daemon, "run", "A", "--", "wc", "-c", stdin=subprocess.DEVNULL)
    assert done.stdout.strip() == "0"


# Signals and losses.

@pytest.mark.parametrize("name, code", [("TERM", 143), ("INT", 130), ("HUP", 129)])
def test_a_signal_while_waiting_leaves_the_line(held, name, code):
    """It cancels at once: nothing is granted to one who has gone."""
    run = start(held, "run", "Project/25", "--op", "w", "--", "echo", "ran")
    shows(held.holder, "w", "waiting")
    run.send_signal(getattr(signal, "SIG" + name))
    out, _ = run.communicate(timeout=DEADLINE)
    assert (run.returncode, out) == (code, "")
    assert held.holder.call("status", op="w")["end"] == "cancelled"


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2"])
def test_a_signal_while_running_goes_to_the_command(daemon, name):
    """Which decides what it means; run goes on until it ends, then releases."""
    run = start(daemon, "run", "A", "--op", "r", "--", "bash", "-c",
                f"trap 'echo got; read x; exit 7' {name}; echo up; while :; do sleep 0.02; done",
                stdin=subprocess.PIPE)
    assert run.stdout.readline() == "up\n"
    run.send_signal(getattr(signal, "SIG" + name))
    assert run.stdout.readline() == "got\n"
    assert daemon.client().call("status", op="r")["state"] == "granted"
    run.communicate("x\n", timeout=DEADLINE)
    assert run.returncode == 7
    assert daemon.client().call("status", op="r")["end"] == "released"


def lose(daemon, line):
    """Somebody with the token releases it under the command."""
    op, token = line.split()
    daemon.client().call("release", op=op, token=int(token))


def test_a_lost_grant_ends_a_willing_command(daemon):
    """TERM; exit 79; said on standard error."""
    run = start(daemon, "run", "A", "--", "bash", "-c",
                "trap 'echo bye; exit 0' TERM; echo $LOCKQ_OP $LOCKQ_TOKEN;"
                "while :; do sleep 0.02; done")
    lose(daemon, run.stdout.readline())
    out, err = run.communicate(timeout=DEADLINE)
    assert (run.returncode, out) == (79, "bye\n") and "lost" in err


def test_a_lost_grant_ends_an_unwilling_command_after_five_seconds(daemon):
    """KILL, not before 5 s have passed since TERM."""
    run = start(daemon, "run", "A", "--", "/usr/bin/python3", "-uc",
                "import os,signal,time\n"
                "def told(*_): print('term', time.time())\n"
                "signal.signal(signal.SIGTERM, told)\n"
                "print(os.environ['LOCKQ_OP'], os.environ['LOCKQ_TOKEN'])\n"
                "while True: time.sleep(0.05); print('t', time.time())")
    lose(daemon, run.stdout.readline())
    lines = [line.split() for line in run.communicate(timeout=DEADLINE)[0].splitlines()]
    asked = next(float(word[1]) for word in lines if word[0] == "term")
    lived = max(float(word[1]) for word in lines if word[0] == "t" and len(word) == 2)
    assert run.returncode == 79 and lived - asked > 4.5


def test_a_lost_grant_ends_the_command_also_when_nobody_reads_what_run_says(daemon):
    """Standard error is a pipe whose reader has gone: a message must not cost the command's end."""
    reading, writing = os.pipe()
    run = start(daemon, "run", "A", "--", "sh", "-c", "echo $LOCKQ_OP $LOCKQ_TOKEN; exec sleep 60",
                stderr=writing)
    os.close(writing)
    os.close(reading)
    lose(daemon, run.stdout.readline())
    run.communicate(timeout=DEADLINE)  # which also waits for the command, it has the other end
    assert run.returncode == 79


def test_over_tcp_a_silence_of_a_whole_grace_is_a_loss_and_on_the_socket_it_is_none(start_daemon):
    """The daemon is stopped: the one behind TCP ends its command, the one at the socket goes on."""
    daemon = start_daemon("--listen", "tcp:127.0.0.1:0")
    tcp = re.search(r"addr=(tcp:\S+)", "".join(daemon.log)).group(1)
    far = start(daemon, "run", "A", "--addr", tcp, "--", "sh", "-c", "echo up; exec sleep 60")
    near = start(daemon, "run", "B", "--", "sh", "-c", "echo up; read x; exit 4",
                 stdin=subprocess.PIPE)
    assert far.stdout.readline() == near.stdout.readline() == "up\n"
    silent = time.monotonic()
    daemon.signal(signal.SIGSTOP)
    _, err = far.communicate(timeout=DEADLINE)
    assert far.returncode == 79 and "lost" in err
    assert time.monotonic() - silent > 9, "not before its grace of 10 s is over"
    assert near.poll() is None
    daemon.signal(signal.SIGCONT)
    near.communicate("x\n", timeout=DEADLINE)
    assert near.returncode == 4


def test_run_goes_on_without_the_daemon_and_releases_when_it_is_back(daemon):
    """Gone from the unix socket it has no rival: the command ends meanwhile, its code is kept."""
    run = start(daemon, "run", "A", "--op", "r", "--", "sh", "-c", "echo up; read x; exit 5",
                stdin=subprocess.PIPE)
    assert run.stdout.readline() == "up\n"
    daemon.kill()
    run.stdin.write("x\n")
    run.stdin.close()
    gone = time.monotonic()
    until(lambda: time.monotonic() > gone + 0.5, "some time without a daemon")
    daemon.start()
    assert run.wait(DEADLINE) == 5
    assert daemon.client().call("status", op="r")["end"] == "released"
    run.stdout.close()
    run.stderr.close()


def test_a_waiting_run_keeps_its_place_over_a_crash(held):
    """It resumes its session; granted later it runs once."""
    lockq(held, "hold", "Task/1", "--why", "x", "--op", "h")
    runs = []
    for i in range(3):
        runs.append(start(held, "run", "Task/1", "--op", f"r{i}", "--", "echo", f"ran {i}"))
        shows(held.holder, f"r{i}", "waiting")
    held.kill()
    held.start()
    a = held.client()
    assert [r["op"] for r in a.call("list", key="Task/1")["ops"]] == ["h", "r0", "r1", "r2"]
    assert lockq(held, "release", "h").returncode == 0
    for i, run in enumerate(runs):
        out, err = run.communicate(timeout=DEADLINE)
        assert (run.returncode, out) == (0, f"ran {i}\n"), err
    granted = [a.call("status", op=f"r{i}")["granted"] for i in range(3)]
    assert granted == sorted(granted)


def test_v_tells_what_it_waits_for_and_again_when_that_changes(held):
    """With its place, on standard error."""
    held.holder.call("submit", keys=["Project/25"], op="second", who="bob")
    run = start(held, "run", "-v", "Project/25", "--op", "w", "--", "true")
    first = run.stderr.readline()
    assert "held" in first and "2" in first and "ann" in first
    held.holder.call("cancel", op="second")
    assert "1" in run.stderr.readline()
    held.holder.call("release", op="held")
    run.communicate(timeout=DEADLINE)
    assert run.returncode == 0


def test_parallel_runs_exclude_one_another(daemon, tmp_path):
    """Thirty read, add one and write under one key: none is lost, in the order of their tickets."""
    counter = tmp_path / "n"
    counter.write_text("0", encoding="ascii")
    script = f"n=$(cat {counter}); echo $((n + 1)) > {counter}"
    runs = [start(daemon, "run", "Counter", "--", "sh", "-c", script) for _ in range(30)]
    for run in runs:
        run.communicate(timeout=DEADLINE)
        assert run.returncode == 0
    assert counter.read_text(encoding="ascii").strip() == "30"


def test_a_result_that_cannot_be_written_is_no_success(daemon):
    """A full disk under standard output: the id would be lost without a word."""
    with open("/dev/full", "w", encoding="ascii") as full:
        run = start(daemon, "submit", "A", "--op", "x", stdout=full)
        _, err = run.communicate(timeout=DEADLINE)
    assert run.returncode != 0 and err
