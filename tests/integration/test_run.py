"""lockq run: what it gives its command, what it passes on, and what it does when the grant is lost."""

import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from command import as_json, shows, start, state
from lockqd import DEADLINE, lockq, until


@pytest.fixture(name="start_daemon")
def start_daemon_(request):
    """The fixture that starts daemons; here `start` starts the command."""
    return request.getfixturevalue("start")


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

@pytest.mark.parametrize("name, code", [("TERM", 143), ("INT", 130), ("HUP", 129), ("QUIT", 131)])
def test_a_signal_while_waiting_leaves_the_line(held, name, code):
    """It cancels at once: nothing is granted to one who has gone."""
    run = start(held, "run", "Project/25", "--op", "w", "--", "echo", "ran")
    shows(held.holder, "w", "waiting")
    run.send_signal(getattr(signal, "SIG" + name))
    out, _ = run.communicate(timeout=DEADLINE)
    assert (run.returncode, out) == (code, "")
    assert held.holder.call("status", op="w")["end"] == "cancelled"


@pytest.mark.parametrize("name", ["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ALRM", "VTALRM",
                                  "PROF", "IO", "PWR", "RTMIN"])
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


def test_the_end_of_the_command_is_heard_by_one_who_was_told_to_ignore_it(daemon):
    """With SIGCHLD ignored the system forgets a child at its end; the command is to find it so."""
    run = start(daemon, "run", "A", "--op", "r", "--", "awk",
                "/SigIgn/ {print $2; exit 7}", "/proc/self/status",
                preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    out, _ = run.communicate(timeout=DEADLINE)
    assert run.returncode == 7 and int(out, 16) >> (signal.SIGCHLD - 1) & 1
    assert daemon.client().call("status", op="r")["end"] == "released"


def test_a_command_whose_guard_is_killed_ends(daemon):
    """Nobody is left to end it when its keys are somebody else's."""
    run = start(daemon, "run", "A", "--", "sh", "-c", "echo $$; exec sleep 1000")
    command = pathlib.Path("/proc", run.stdout.readline().strip(), "stat")
    run.kill()
    run.wait()
    until(lambda: not command.exists() or command.read_text(encoding="ascii").split()[2] == "Z",
          "the end of the command")


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


def is_running(pid):
    """A child of nobody that has ended may stay a zombie where nothing reaps it."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
def test_a_lost_grant_ends_what_the_command_has_started(daemon, trap):
    """The shell and what it waits for; nothing of it works on without the keys."""
    inner = f"{trap}echo $$; while :; do sleep 0.1; done"
    run = start(daemon, "run", "A", "--op", "r", "--", "sh", "-c", f'{trap}sh -c "$0" & wait; wait',
                inner.replace('"', ''))
    below = int(run.stdout.readline())
    assert lockq(daemon, "kill", "r", "--why", "in the way", "--yes").returncode == 0
    _, err = run.communicate(timeout=DEADLINE)
    assert run.returncode == 79 and not is_running(below)
    assert "(killed: in the way)" in err


def test_a_lost_grant_is_heard_at_once(daemon):
    """Not at the next question, a third of the grace later."""
    a = daemon.client()
    run = start(daemon, "run", "A", "--op", "r", "--", "sh", "-c", "echo up; exec sleep 60")
    assert run.stdout.readline() == "up\n"
    asked = int(lockq(daemon, "stats").stdout.split("requests_total")[1].split()[0])
    a.call("kill", op="r", why="x")
    run.communicate(timeout=DEADLINE)
    assert run.returncode == 79
    after = int(lockq(daemon, "stats").stdout.split("requests_total")[1].split()[0])
    assert after - asked < 6, "run did not have to ask"


def test_a_grant_that_was_lost_before_the_command_ended_is_79(start_daemon):
    """The daemon says so only when it is released: the work was not guarded to its end."""
    daemon = start_daemon("--listen", "tcp:127.0.0.1:0")
    run = start(daemon, "run", "A", "--lease", "1h", "--op", "r", "--", "sh", "-c",
                "echo up; read x", stdin=subprocess.PIPE)
    assert run.stdout.readline() == "up\n"
    os.kill(run.pid, signal.SIGSTOP)
    daemon.client().call("kill", op="r", why="x")
    run.stdin.write("\n")
    run.stdin.close()
    until(lambda: not any(is_running(int(pid)) for pid in children(run.pid)), "the command's end")
    os.kill(run.pid, signal.SIGCONT)
    assert run.wait(DEADLINE) == 79
    run.stdout.close()
    run.stderr.close()


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return file.read().split()


def test_what_is_not_granted_says_why(held):
    """Who stands before it, what has changed, who ended it."""
    err = lockq(held, "run", "-n", "Project/25", "--", "true").stderr
    assert "refused, 1 ahead: held has had Project/25 for" in err and "(ann: nightly)" in err
    err = lockq(held, "run", "-w", "100ms", "Project/25", "--", "true").stderr
    assert "timeout, 1 ahead: held has had Project/25 for" in err
    seen = str(as_json(held, "check", "A")["seq"])
    lockq(held, "run", "A", "--op", "change", "--who", "bob", "--", "true")
    err = lockq(held, "run", "A", "--unchanged-since", seen, "--", "true").stderr
    assert "stale: A was changed by bob (change)" in err
    run = start(held, "run", "Project/25", "--op", "w", "--", "true")
    shows(held.holder, "w", "waiting")
    held.holder.call("kill", op="w", why="no longer")
    assert "not granted: killed: no longer" in run.communicate(timeout=DEADLINE)[1]
