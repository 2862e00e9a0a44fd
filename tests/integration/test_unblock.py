"""The commands with which a person understands the line and unblocks it; and nested runs."""

import json
import os
import subprocess
import time

from lockqd import lockq, until


def run_in(daemon, *arguments, **environment):
    """lockq with an environment of its own."""
    return subprocess.run([os.environ["LOCKQ"], *arguments], capture_output=True, text=True,
                          timeout=60, check=False,
                          env=dict(os.environ, LOCKQ_ADDR=daemon.address, **environment))


def test_explain_draws_the_tree_to_the_root(daemon):
    a = daemon.client()
    a.call("submit", keys=["P/1"], op="root", who="ann", why="import")
    a.call("submit", keys=["P/1", "Q"], op="middle", who="bob")
    a.call("submit", keys=["Q"], op="leaf", who="eve\x1b[2J")
    result = lockq(daemon, "explain", "leaf")
    lines = result.stdout.splitlines()
    assert result.returncode == 0 and len(lines) == 3, result
    assert lines[0].startswith("leaf  waits ") and "\x1b" not in result.stdout
    assert lines[1].startswith("`- middle  waits for Q ") and lines[1].endswith("bob")
    assert lines[2].startswith("   `- root  holds P/1 ") and lines[2].endswith("ann: import")
    whole = json.loads(lockq(daemon, "explain", "leaf", "-o", "json").stdout)
    assert whole["tree"]["blockers"][0]["blockers"][0]["op"] == "root"
    assert lockq(daemon, "explain", "nobody").returncode == 1
    assert lockq(daemon, "explain").returncode == 64


def test_plan_says_what_would_happen(daemon):
    a = daemon.client()
    a.call("submit", keys=["P/1"], op="a", who="ann", why="edit")
    free = lockq(daemon, "plan", "P/2", "-s", "Q")
    assert (free.returncode, free.stdout) == (0, "would be granted at once\n")
    result = lockq(daemon, "plan", "P", "Q")
    assert result.returncode == 1
    lines = result.stdout.splitlines()
    assert lines[0] == "would wait, 1 ahead:"
    assert lines[1].startswith("  a  holds P/1 ") and lines[1].endswith("ann: edit")
    assert lines[2] == "blocked keys: P"
    whole = json.loads(lockq(daemon, "plan", "P", "-o", "json").stdout)
    assert whole["state"] == "waiting" and whole["n_blocked"] == 1
    assert len(a.call("list")["ops"]) == 1


def test_kill_says_who_loses_and_who_gains(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["P"], op="stuck", who="ann", why="import")
    b.call("submit", keys=["P"], op="next", who="bob")
    b.call("submit", keys=["P"], op="third", who="cy")
    assert lockq(daemon, "kill", "stuck").returncode == 64
    result = lockq(daemon, "kill", "stuck", "--why", "ann went home", "--yes")
    assert (result.returncode, result.stdout) == (0, "stuck killed\n")
    assert "loses: stuck, granted" in result.stderr and "ann: import; P\n" in result.stderr
    history = lockq(daemon, "history").stdout
    assert history.splitlines()[1].endswith("ann went home")
    assert "gains: next, of bob" in result.stderr and "still waits: third" in result.stderr
    assert a.push()[1]["why_ended"] == "ann went home"
    assert lockq(daemon, "kill", "nobody", "--why", "x").returncode == 1
    again = lockq(daemon, "kill", "stuck", "--why", "once more")
    assert (again.returncode, again.stdout, again.stderr) == (0, "stuck killed\n", "")
    view = json.loads(lockq(daemon, "kill", "third", "--why", "x", "-o", "json").stdout)
    assert view["end"] == "killed"


def test_kill_asks_first_on_a_terminal(daemon):
    import pty
    a = daemon.client()
    a.call("submit", keys=["P"], op="a")
    for answer, code, state in [(b"n\n", 1, "granted"), (b"y\n", 0, "ended")]:
        master, slave = pty.openpty()
        process = subprocess.Popen([os.environ["LOCKQ"], "kill", "a", "--why", "x"], stdin=slave,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env=dict(os.environ, LOCKQ_ADDR=daemon.address))
        os.close(slave)
        os.write(master, answer)
        _, talk = process.communicate(timeout=60)
        os.close(master)
        assert process.returncode == code and b"Kill a?" in talk, talk
        assert a.call("status", op="a")["state"] == state


def test_drain_waits_until_nothing_is_left(daemon):
    a = daemon.client()
    a.call("submit", keys=["P"], op="a")
    result = lockq(daemon, "drain")
    assert (result.returncode, result.stdout) == (0, "draining, 1 live\n")
    refused = lockq(daemon, "run", "Q", "--", "true")
    assert refused.returncode == 69 and "draining" in refused.stderr
    process = subprocess.Popen([os.environ["LOCKQ"], "drain", "--wait"], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, LOCKQ_ADDR=daemon.address))
    assert process.stderr.readline() == "lockq: draining, 1 live\n"
    a.call("release", op="a")
    assert process.communicate(timeout=60)[0] == "draining, 0 live\n"
    assert process.returncode == 0
    assert lockq(daemon, "undrain").stdout == "takes new operations, 0 live\n"
    assert lockq(daemon, "run", "Q", "--", "true").returncode == 0


def test_a_run_inside_a_run_becomes_a_child(daemon):
    inner = f'{os.environ["LOCKQ"]} run P/1 --op inner -- {os.environ["LOCKQ"]} show inner'
    result = run_in(daemon, "run", "P", "--op", "outer", "--", "sh", "-c", inner)
    assert result.returncode == 0, result
    assert "parent       outer" in result.stdout
    alone = f'{os.environ["LOCKQ"]} run P/1 -n --no-parent -- true'
    assert run_in(daemon, "run", "P", "--", "sh", "-c", alone).returncode == 75


def test_a_run_under_a_parent_that_has_ended_says_so(daemon):
    a = daemon.client()
    token = a.call("submit", keys=["P"], op="gone")["token"]
    a.call("release", op="gone")
    result = run_in(daemon, "run", "Q", "--", "true", LOCKQ_OP="gone", LOCKQ_TOKEN=str(token))
    assert result.returncode == 75 and "gone" in result.stderr and "--no-parent" in result.stderr
    result = run_in(daemon, "run", "Q", "--no-parent", "--", "true", LOCKQ_OP="gone",
                    LOCKQ_TOKEN=str(token))
    assert result.returncode == 0


def test_a_nested_run_that_would_wait_for_itself_is_a_deadlock(daemon):
    """Two scripts that each hold what the other wants inside: one is told, the other goes on."""
    a = daemon.client()
    a.call("submit", keys=["Q"], op="other")
    inner = f'{os.environ["LOCKQ"]} run Q -- true'
    process = subprocess.Popen([os.environ["LOCKQ"], "run", "P", "--op", "mine", "--", "sh", "-c",
                                inner], stderr=subprocess.PIPE, text=True,
                               env=dict(os.environ, LOCKQ_ADDR=daemon.address))
    until(lambda: any(op.get("parent") == "mine" for op in a.call("list")["ops"]), "the child")
    view = a.call("submit", keys=["P"], op="other.p", parent="other")
    assert view["end"] == "deadlock" and view["blockers"][0]["op"] == "mine"
    a.call("release", op="other")
    assert process.wait(60) == 0


def test_max_hold_ends_the_command_with_the_grant(daemon):
    begun = time.monotonic()
    result = lockq(daemon, "run", "P", "--max-hold", "300ms", "--lease", "900ms", "--", "sleep", "50")
    assert result.returncode == 79 and time.monotonic() - begun < 40


def test_run_refuses_what_has_changed_since_one_looked(daemon):
    a = daemon.client()
    seen = a.call("check", keys=["P"])["seq"]
    assert lockq(daemon, "run", "P", "--unchanged-since", str(seen), "--", "true").returncode == 0
    result = lockq(daemon, "run", "P", "--unchanged-since", str(seen), "--", "true")
    assert result.returncode == 75 and "stale" in result.stderr
