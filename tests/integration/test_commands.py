"""The command line, sentence by sentence: what each verb does, prints and exits with."""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

from command import as_json, shows, start, state
from lockqd import DEADLINE, lockq

VERBS_OF_ONE = ["wait", "claim", "renew", "release", "cancel", "show"]


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


def test_a_key_with_a_byte_0_is_refused_by_its_line(daemon):
    """Cut there it would be another key, and lock something else without a word."""
    done = lockq(daemon, "submit", "--keys-from", "-", input="A\nB/1\0x\n")
    assert done.returncode == 64 and "-:2" in done.stderr and as_json(daemon, "ls") == []


@pytest.mark.parametrize("arguments, env", [
    (["--token", "0"], {}), (["--token", ""], {}), ([], {"LOCKQ_TOKEN": "x"}),
    ([], {"LOCKQ_TOKEN": "12x"}), ([], {"LOCKQ_TOKEN": "0"})])
def test_what_is_no_token_releases_nothing(daemon, arguments, env):
    """Passed over, the daemon would be asked for the current one, and a rival's grant be given
    back."""
    assert lockq(daemon, "submit", "A", "--op", "t").returncode == 0
    one = start(daemon, "release", "t", *arguments, env=env)
    _, err = one.communicate(timeout=DEADLINE)
    assert one.returncode == 64 and "token" in err.lower()
    assert state(daemon.client(), "t") == "granted"


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


@pytest.mark.parametrize("name, code", [("INT", 130), ("TERM", 143), ("HUP", 129)])
def test_who_gives_up_waiting_in_hold_leaves_nothing_behind(held, name, code):
    """Granted later it would hold for ever, and nobody would know."""
    waiting = start(held, "hold", "Project/25", "--why", "audit", "--op", "h")
    shows(held.holder, "h", "waiting")
    waiting.send_signal(getattr(signal, "SIG" + name))
    out, _ = waiting.communicate(timeout=DEADLINE)
    assert (waiting.returncode, out) == (code, "")
    assert held.holder.call("status", op="h")["end"] == "cancelled"


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


def test_check_takes_more_keys_than_one_request_may_have(daemon):
    """And goes on where a long answer stopped: none is told to be free that was not looked at."""
    a = daemon.client()
    keys = [f"K/{i:05}/" + "x" * 300 for i in range(25000)]
    done = lockq(daemon, "check", "--keys-from", "-", input="\n".join(keys))
    assert (done.returncode, done.stdout) == (0, "free\n")
    a.call("submit", keys=[keys[24999]], op="last", who="ann")
    done = lockq(daemon, "check", "--keys-from", "-", input="\n".join(keys))
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 2 and "last" in done.stdout
    a.call("release", op="last")
    a.call("submit", keys=keys, op="all")
    done = lockq(daemon, "check", "--keys-from", "-", input="\n".join(keys))
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 25001, done.stderr
    assert lockq(daemon, "check", "-o", "json", "--keys-from", "-",
                 input="\n".join(keys)).returncode == 64


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
    ["release", "x", "--token", "-1"], ["ls", "--addr", "nonsense"],
    ["ls", "--addr", "tcp:127.0.0.1:71161"]])
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


def test_a_result_that_cannot_be_written_is_no_success(daemon):
    """A full disk under standard output: the id would be lost without a word."""
    with open("/dev/full", "w", encoding="ascii") as full:
        run = start(daemon, "submit", "A", "--op", "x", stdout=full)
        _, err = run.communicate(timeout=DEADLINE)
    assert run.returncode != 0 and err


def test_what_is_printed_where_nobody_reads_does_not_go_to_the_daemon(held):
    """A connection in the place of a closed output would take it for requests."""
    for i in range(100):
        held.holder.call("submit", keys=[f"K/{i}"])
    for command in ('"$LOCKQ" ls >&-', '"$LOCKQ" run Project/25 -v -w 1ms -- true 2>&-'):
        environment = {**os.environ, "LOCKQ_ADDR": held.address}
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True,
                              text=True, timeout=DEADLINE, check=False)
        assert done.returncode == (75 if "run" in command else 1), done
    stats = held.holder.call("stats")
    assert stats["errors_total"] == 0 and stats["connections_cut_total"] == 0


@pytest.mark.parametrize("arguments, named", [
    (["drain", "x"], "x"), (["ping", "x"], "x"), (["ls", "x"], "x"), (["show", "a", "b"], "one"),
    (["ls", "--lease", "5"], "--lease"), (["hold", "A", "--why", "x", "--lease", "5"], "--lease"),
    (["check", "-s", "A"], "--shared"), (["submit", "A", "--bogus"], "--bogus"),
    (["submit", "A", "-Z"], "-Z"), (["submit", "A", "--lease"], "--lease"),
    (["submit", "--keys-from", "/"], "/"), (["submit", "--keys-from", "/nowhere"], "/nowhere"),
    (["sumbit", "A"], "sumbit"),
])
def test_what_a_verb_does_not_take_is_refused_by_name(daemon, arguments, named):
    """A lease that was passed over would hold for longer than was meant; and nothing is done."""
    done = lockq(daemon, *arguments)
    assert done.returncode == 64 and named in done.stderr and done.stderr.startswith("lockq: ")
    assert done.stderr.count("\n") == 1, "what is wrong is not lost in a page of help"
    assert done.stdout == "" and as_json(daemon, "ls") == []
    assert lockq(daemon, "submit", "A", "-n").returncode == 0, "it does not drain"


def test_each_verb_has_a_help_of_its_own(daemon):
    everything = lockq(daemon, "--help").stdout
    verbs = re.findall(r"^  ([a-z]+) +", everything, re.M)
    assert len(verbs) == 19
    for verb in verbs:
        done = lockq(daemon, verb, "--help")
        assert done.returncode == 0 and done.stdout.startswith(f"usage: lockq {verb} ")
        assert done.stdout == lockq(daemon, "help", verb).stdout
    assert "--yes" in lockq(daemon, "kill", "--help").stdout
    assert "--yes" not in lockq(daemon, "ls", "--help").stdout
    assert max(map(len, everything.splitlines())) <= 100


def test_where_no_daemon_was_named_the_error_says_how_to_name_one(daemon, tmp_path):
    daemon.kill()
    run = start(daemon, "ping", env={"LOCKQ_ADDR": "", "RUNTIME_DIRECTORY": str(tmp_path)})
    _, err = run.communicate(timeout=DEADLINE)
    assert run.returncode == 69 and f"{tmp_path}/lockqd.sock" in err and "LOCKQ_ADDR" in err
    assert "LOCKQ_ADDR" not in lockq(daemon, "ping").stderr


def test_an_error_about_an_operation_names_it(daemon):
    assert "not_found: nope: " in lockq(daemon, "show", "nope").stderr
    assert "not_found: nope: " in lockq(daemon, "kill", "nope", "--why", "x", "--yes").stderr


def test_an_error_about_an_operation_does_not_name_a_key_for_it(held):
    """Where keys are given, the id is that of --op."""
    done = lockq(held, "run", "Project/25", "--op", "held", "--", "true")
    assert done.returncode != 0 and "not_owner: held: " in done.stderr


def test_a_socket_that_is_closed_to_the_user_is_77(daemon):
    """There is a daemon; it is another permission that is missing."""
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")

    def become_nobody():
        os.setgid(65534)
        os.setuid(65534)

    os.chmod(daemon.path, 0o600)
    for directory in [daemon.directory, *map(str, pathlib.Path(daemon.directory).parents)]:
        if os.stat(directory).st_uid == os.geteuid() and directory != "/":
            os.chmod(directory, os.stat(directory).st_mode | 0o055)
    # A copy: where the program itself lies may be closed to others.
    program = shutil.copy(os.environ["LOCKQ"], daemon.directory)
    run = start(daemon, "ping", executable=program, preexec_fn=become_nobody)
    _, err = run.communicate(timeout=DEADLINE)
    assert run.returncode == 77 and daemon.path in err
