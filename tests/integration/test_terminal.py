"""What a person sees at a terminal: rows that fit, trees that hold, and how to go on."""

import fcntl
import json
import os
import pty
import struct
import subprocess
import termios
import unicodedata

import pytest

from command import as_json
from lockqd import lockq

WHY = "nächtlicher Abgleich mit dem ERP-System des Kunden: 明細の再計算 läuft normalerweise drei Minuten"


def at_terminal(daemon, columns, *arguments, answer=None):
    """The exit code and all that the command wrote to a terminal of this width."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 60, columns, 0, 0))
    process = subprocess.Popen([os.environ["LOCKQ"], *arguments], stdin=slave, stdout=slave,
                               stderr=slave, env=dict(os.environ, LOCKQ_ADDR=daemon.address,
                                                      LC_ALL="C.UTF-8"))
    os.close(slave)
    if answer is not None:
        os.write(master, answer)
    text = b""
    try:
        while data := os.read(master, 65536):
            text += data
    except OSError:
        pass  # the other side is closed
    os.close(master)
    return process.wait(60), text.decode().replace("\r\n", "\n")


def width(line):
    for mark in ("\x1b[1m", "\x1b[0m"):
        line = line.replace(mark, "")
    assert "\x1b" not in line
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


@pytest.fixture
def stuck(daemon):
    """A bulk import behind a reservation behind a family, and a long line behind that."""
    a = daemon.client()
    token = a.call("submit", keys=["Project/25"], op="nightly-sync-2026-11-27", lease=0,
                   who="celery@worker-7.internal.example.org", why=WHY)["token"]
    a.call("submit", keys=["Project/25/Task/88"], op="nightly.child", lease=0,
           parent="nightly-sync-2026-11-27", parent_token=token, who="worker", why=WHY)
    a.call("submit", keys=["Project/25", "Project/26"], op="res-anna", lease=0,
           who="anna.schmidt@example.org", why=WHY)
    a.call("submit", keys=[f"Project/26/Task/{i}" for i in range(2000)], op="import", lease=0,
           who="import@batch-2", why=WHY)
    for i in range(50):
        a.call("submit", keys=[f"Project/26/Task/{i}"], op=f"save-{i}", lease=0, why=WHY)
    daemon.client_a = a
    return daemon


@pytest.mark.parametrize("columns", [80, 120, 200])
@pytest.mark.parametrize("arguments", [["ls"], ["explain", "import"], ["explain", "save-7"],
                                       ["check", "Project/26/Task/7", "Project/25"], ["history"]])
def test_a_row_is_one_line(stuck, columns, arguments):
    _, text = at_terminal(stuck, columns, *arguments)
    rows = [line for line in text.splitlines() if not line.startswith("lockq: ")]
    assert rows and max(map(width, rows)) <= columns, text


def test_a_pipe_gets_everything(stuck):
    rows = lockq(stuck, "ls").stdout.splitlines()
    assert len(rows) == 55 and WHY in rows[1] and "\x1b" not in rows[0]


def test_it_says_how_to_go_on(stuck):
    _, text = at_terminal(stuck, 120, "ls")
    assert "lockq: 2 hold, 52 wait; lockq explain OP" in text
    _, text = at_terminal(stuck, 120, "explain", "import")
    assert "nightly-sync-2026-11-27 holds it up: lockq release nightly-sync-2026-11-27 " in text
    assert "lockq kill nightly-sync-2026-11-27 --why TEXT" in text
    assert "TEXT; it expires never" in text
    assert "res-anna holds" not in text and "nightly.child holds it up" not in text


def test_explain_advises_only_what_works(daemon):
    """What is tied to a session cannot be released by others; a lease ends by itself."""
    a = daemon.client()
    a.call("submit", keys=["A"], op="tied")
    a.call("submit", keys=["B"], op="leased", lease=3600000)
    a.call("submit", keys=["A", "B"], op="next")
    _, text = at_terminal(daemon, 120, "explain", "next")
    assert "tied holds it up: end its process, else lockq kill tied --why TEXT" in text
    assert "lockq release tied" not in text
    assert "lockq release leased if" in text and "it expires by itself in 59 m" in text


def test_kill_says_who_would_gain_before_it_asks(stuck):
    code, text = at_terminal(stuck, 120, "kill", "res-anna", "--why", "x", answer=b"n\n")
    assert code == 1 and "would gain: import, of import@batch-2" in text, text
    assert text.index("would gain") < text.index("51 wait for it. Kill res-anna?")
    assert "save-" not in text, "they wait for the import too"
    code, text = at_terminal(stuck, 120, "kill", "nightly-sync-2026-11-27", "--why", "x",
                             answer=b"y\n")
    assert code == 0 and "; and its 1 child" in text and "gains: res-anna" in text, text
    assert stuck.client_a.call("status", op="res-anna")["state"] == "granted"


def test_show_is_for_people_and_json_tells_all(stuck):
    text = lockq(stuck, "show", "import").stdout
    assert "lease        none: until released" in text and "(-o json tells all)" in text
    assert "blockers     res-anna has waited for Project/26 for " in text
    record = as_json(stuck, "show", "import")
    assert record["keys"] == sorted(f"Project/26/Task/{i}" for i in range(2000))
    assert record["shared"] == [] and record["n_keys"] == 2000
    shared = [f"S/{i}" for i in range(250)]
    stuck.client_a.call("submit", keys=["X"], shared=shared, op="both")
    record = as_json(stuck, "show", "both")
    assert record["keys"] == ["X"] and record["shared"] == sorted(shared)


def test_history_gives_the_last_ones(daemon):
    for i in range(5):
        lockq(daemon, "run", "A", "--op", f"h{i}", "--", "true")
    assert [r["op"] for r in as_json(daemon, "history", "--limit", "2")] == ["h3", "h4"]
    lines = lockq(daemon, "history", "--limit", "3", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(line)["op"] for line in lines] == ["h2", "h3", "h4"]
    assert len(as_json(daemon, "history")) == 5
    assert as_json(daemon, "history", "--limit", "99999999999") == as_json(daemon, "history")
