"""The lockq command, as people and scripts use it."""

import json
import os
import signal
import subprocess

import pytest

from lockqd import lockq, until


def start_lockq(daemon, *arguments, **options):
    return subprocess.Popen([os.environ["LOCKQ"], *arguments], text=True,
                            env=dict(os.environ, LOCKQ_ADDR=daemon.address),
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def line(daemon):
    return json.loads(lockq(daemon, "ls", "-o", "json").stdout)


def test_run_passes_the_exit_code_standard_input_and_output(daemon):
    done = lockq(daemon, "run", "A", "--", "sh", "-c", "cat; exit 3", input="hello")
    assert (done.returncode, done.stdout) == (3, "hello")
    assert line(daemon) == []


def test_run_tells_the_command_what_it_holds(daemon):
    done = lockq(daemon, "run", "A/1", "-s", "B", "--op", "mine", "--", "sh", "-c",
                 'echo "$LOCKQ_OP,$LOCKQ_TOKEN,$LOCKQ_ADDR,$LOCKQ_NAMESPACE"; echo "$LOCKQ_KEYS"')
    first, *keys = done.stdout.splitlines()
    op, token, address, namespace = first.split(",")
    assert (op, address, namespace) == ("mine", daemon.address, "default")
    assert int(token) > 1 << 32 and keys == ["A/1", "B"]


@pytest.mark.parametrize("command, code", [
    (["sh", "-c", "kill -TERM $$"], 143), (["/nonexistent/command"], 127), (["/etc/passwd"], 126),
])
def test_run_exits_as_the_command_did(daemon, command, code):
    assert lockq(daemon, "run", "A", "--", *command).returncode == code
    assert line(daemon) == []


def test_run_waits_for_its_turn(held):
    waiting = start_lockq(held, "run", "-v", "Project", "--op", "w", "--", "echo", "ran")
    until(lambda: len(line(held)) == 2, "the line")
    assert line(held)[1]["blockers"][0]["op"] == "held"
    held.holder.call("release", op="held")
    out, err = waiting.communicate(timeout=30)
    assert (waiting.returncode, out) == (0, "ran\n")
    assert "held has had Project/25" in err and "ann: nightly" in err


def test_what_is_not_granted_exits_75_or_as_asked(held):
    assert lockq(held, "run", "-n", "Project/25", "--", "true").returncode == 75
    assert lockq(held, "run", "-w", "100ms", "Project/25", "--", "true").returncode == 75
    assert lockq(held, "run", "-n", "-E", "5", "Project/25", "--", "true").returncode == 5
    assert lockq(held, "submit", "-n", "Project/25").returncode == 75


def test_an_interrupt_while_waiting_cancels(held):
    waiting = start_lockq(held, "run", "Project/25", "--op", "w", "--", "true")
    until(lambda: len(line(held)) == 2, "the line")
    waiting.send_signal(signal.SIGINT)
    waiting.communicate(timeout=30)
    assert waiting.returncode == 130
    assert held.holder.call("status", op="w")["end"] == "cancelled"


def test_signals_reach_the_command(daemon):
    running = start_lockq(daemon, "run", "A", "--", "sh", "-c",
                          "trap 'echo got; exit 9' USR1; echo up; while :; do sleep 0.05; done")
    assert running.stdout.readline() == "up\n"
    running.send_signal(signal.SIGUSR1)
    out, _ = running.communicate(timeout=30)
    assert (out, running.returncode) == ("got\n", 9)


def test_run_goes_on_while_the_daemon_is_restarted(daemon):
    running = start_lockq(daemon, "run", "A", "--op", "r", "--", "sh", "-c",
                          "echo up; read line; echo $line", stdin=subprocess.PIPE)
    assert running.stdout.readline() == "up\n"
    daemon.kill()
    daemon.start()
    out, _ = running.communicate("done\n", timeout=30)
    assert (out, running.returncode) == ("done\n", 0)
    assert daemon.client().call("status", op="r")["end"] == "released"


def test_a_lost_grant_ends_the_command_with_79(daemon):
    running = start_lockq(daemon, "run", "--lease", "600ms", "A", "--op", "r", "--", "sh", "-c",
                          "echo up; exec sleep 60")
    assert running.stdout.readline() == "up\n"
    other = daemon.client()
    other.call("release", op="r", token=other.call("status", op="r")["token"])
    _, err = running.communicate(timeout=30)
    assert running.returncode == 79 and "lost" in err


def test_a_bulk_of_keys_comes_from_a_file(daemon):
    done = lockq(daemon, "run", "--keys-from", "-", "--op", "bulk", "--", "true",
                 input="".join(f"Task/{i}\n" for i in range(1000)))
    assert done.returncode == 0
    assert json.loads(lockq(daemon, "show", "bulk", "-o", "json").stdout)["end"] == "released"


def test_a_detached_operation_goes_through_its_life(daemon):
    done = lockq(daemon, "submit", "A", "--op", "d", "--lease", "1h", "--why", "x")
    assert done.returncode == 0 and done.stdout.startswith("d granted")
    assert lockq(daemon, "wait", "d").returncode == 0
    assert lockq(daemon, "claim", "d").returncode == 0
    assert lockq(daemon, "renew", "d", "--progress", "half").returncode == 0
    assert json.loads(lockq(daemon, "show", "d", "-o", "json").stdout)["progress"] == "half"
    assert lockq(daemon, "release", "d", "--token", "7").returncode == 1
    assert lockq(daemon, "release", "d", "--outcome", "fine").returncode == 0
    assert "fine" in lockq(daemon, "history").stdout


def test_hold_reserves_until_released(held):
    assert lockq(held, "hold", "B").returncode == 64, "a reservation says why"
    done = lockq(held, "hold", "B", "--why", "maintenance", "--op", "res")
    assert done.returncode == 0 and "lockq release res" in done.stderr
    assert lockq(held, "check", "B").returncode == 1
    assert lockq(held, "release", "res").returncode == 0
    assert lockq(held, "check", "B").returncode == 0


def test_cancel_says_why(held):
    lockq(held, "submit", "Project/25", "--op", "w")
    assert lockq(held, "cancel", "w", "--why", "no need").returncode == 0
    assert held.holder.call("status", op="w")["why_ended"] == "no need"
    assert lockq(held, "cancel", "held").returncode == 1


def test_check_exits_1_and_tells_by_whom(held):
    done = lockq(held, "check", "Project/25", "Free")
    assert done.returncode == 1 and "ann" in done.stdout and "nightly" in done.stdout
    assert json.loads(lockq(held, "check", "Project/25", "-o", "json").stdout)["locked"]


def test_ls_shows_the_line_as_a_table_and_as_json_lines(held):
    lockq(held, "submit", "Project/25", "--op", "w", "--who", "bob")
    table = lockq(held, "ls").stdout.splitlines()
    assert table[0].split()[:4] == ["TICKET", "OP", "STATE", "AGE"]
    assert "held" in table[2] and "waiting" in table[2] and "\033" not in "".join(table)
    rows = [json.loads(row) for row in lockq(held, "ls", "-o", "jsonl").stdout.splitlines()]
    assert [row["op"] for row in rows] == ["held", "w"]


def test_control_bytes_from_others_are_escaped(daemon):
    daemon.client().call("submit", keys=["A"], op="evil", why="\033[2J\nrow", who="a\u009bb")
    held = daemon.client()
    held.call("submit", keys=["A\x07"], op="bell")
    out = lockq(daemon, "ls").stdout
    assert "\033" not in out and "\x07" not in out and "\u009b" not in out
    assert "\\x1b[2J\\x0arow" in out


def test_ping_and_stats(daemon):
    assert lockq(daemon, "ping").returncode == 0
    assert json.loads(lockq(daemon, "stats", "-o", "json").stdout)["backend"] == "sqlite"
    assert "granted" in lockq(daemon, "stats").stdout


def test_no_daemon_is_69_at_once_and_names_the_address(daemon):
    daemon.kill()
    for verb in (["ping"], ["ls"], ["run", "A", "--", "true"]):
        done = lockq(daemon, *verb)
        assert done.returncode == 69 and daemon.address in done.stderr
    assert lockq(daemon, "ping", "--addr", "nonsense").returncode == 64


@pytest.mark.parametrize("arguments", [[], ["fly"], ["run", "A"], ["run", "--", "true"],
                                       ["submit"], ["wait"], ["ls", "--nope"],
                                       ["submit", "A", "--lease", "soon"]])
def test_usage_is_64(daemon, arguments):
    done = lockq(daemon, *arguments)
    assert done.returncode == 64 and done.stderr


def test_the_example_works_in_a_libuv_loop_over_a_restart(held):
    worker = subprocess.Popen([os.environ["UV_WORKER"], held.address, "10", "Project/25", "X"],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: len(line(held)) == 2, "the line")
    hello = held.holder.hello
    held.kill()
    held.start()
    again = held.client(resume={k: hello[k] for k in ("session", "secret")})
    assert len(line(held)) == 2, "the request that was sent again is the same operation"
    again.call("release", op="held")
    out, err = worker.communicate(timeout=30)
    assert (out, worker.returncode) == ("granted\ndone\n", 0), err
    assert line(held) == []
