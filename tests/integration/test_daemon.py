"""The daemon as a process: configuration, files, signals, exit codes, log."""

import os
import re
import signal
import socket
import sqlite3
import subprocess

import pytest

from lockqd import Gone, until


def run(*arguments, **environment):
    return subprocess.run([os.environ["LOCKQD"], *arguments], capture_output=True, text=True,
                          timeout=30, check=False, env={**os.environ, **environment})


def check(tmp_path, text):
    file = tmp_path / "lockqd.conf"
    file.write_text(text, encoding="utf-8")
    return run("--check", "-c", str(file), XDG_RUNTIME_DIR=str(tmp_path))


def test_a_right_configuration_is_0(tmp_path):
    done = check(tmp_path, "# a comment\nkeys = 5000\nmessage = 2M # and another\n"
                           "lease_max = 2h\nlisten = unix:/tmp/x\nlisten = tcp:127.0.0.1:0\n")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("text, line, word", [
    ("kees = 5\n", 1, "kees"),
    ("\nkeys = many\n", 2, "keys"),
    ("keys = 0\n", 1, "keys"),
    ("keys = 5\nkeys = 6\n", 2, "keys"),
    ("keys\n", 1, "name = value"),
    ("listen = file:/x\n", 1, "listen"),
    ("listen = unix:x\n", 1, "listen"),
    ("listen = unix:/" + "x" * 107 + "\n", 1, "107"),
    ("listen = tcp:127.0.0.1:65536\n", 1, "65535"),  # 16 bits would make it 0
    ("listen = tcp:[::1]:" + "9" * 30 + "\n", 1, "65535"),
    ("backend = oracle\n", 1, "backend"),
    ("lease_min = 2m\n\nlease_max = 1m\nkeys = 5\n", 3, "lease_min"),
    ("socket_mode = 9\n", 1, "socket_mode"),
    ("log_level = loud\n", 1, "log_level"),
    ("admin = 4294967296\n", 1, "admin"),  # 32 bits would make it root
    ("admin = 1K\n", 1, "admin"),
    ("socket_mode = -0\n", 1, "socket_mode"),
    ("keys = 5\0 and more\n", 1, "byte 0"),
    ("#" + "x" * 1086 + "\n" + "keys = 0\n", 2, "keys"),
    ("ke\x1b[2Jes = 5\n", 1, "ke?[2Jes"),
])
def test_a_wrong_configuration_is_78_with_file_and_line(tmp_path, text, line, word):
    done = check(tmp_path, text)
    assert done.returncode == 78
    assert f"lockqd.conf:{line}" in done.stderr and word in done.stderr


def test_the_end_of_a_long_comment_is_no_setting(tmp_path):
    assert check(tmp_path, "#" + "x" * 1086 + "keys = 0\n").returncode == 0


def test_a_file_that_cannot_be_read_is_78(tmp_path):
    done = run("--check", "-c", str(tmp_path))
    assert done.returncode == 78 and str(tmp_path) in done.stderr


def test_redis_needs_an_address_that_is_one(tmp_path):
    assert check(tmp_path, "redis = redis://localhost\n").returncode == 0
    assert check(tmp_path, "redis = unix:/run/redis.sock?db=3\n").returncode == 0
    assert run("--check", "--backend", "redis").returncode == 78
    for wrong in ("http://localhost", "redis://", "redis://h:0", "redis://h/x", "unix:relative"):
        done = check(tmp_path, f"redis = {wrong}\n")
        assert done.returncode == 78 and "lockqd.conf:1: redis must be" in done.stderr, wrong


def test_usage_and_version():
    assert run("--fly").returncode == 64
    assert run("--version").stdout.startswith("lockqd ")
    assert "--state-dir" in run("--help").stdout


def test_a_second_daemon_on_the_same_state_is_73_and_says_who_has_it(daemon, tmp_path):
    done = run("--listen", f"unix:{tmp_path}/other.sock", "--state-dir",
               daemon.directory + "/state")
    assert done.returncode == 73
    assert str(daemon.process.pid) in done.stderr


def test_a_second_daemon_on_the_same_socket_is_refused(daemon, tmp_path):
    done = run("--listen", daemon.address, "--state-dir", str(tmp_path / "other"))
    assert done.returncode == 73 and "another daemon answers there" in done.stderr
    assert daemon.client().call("ping")


def test_a_stale_socket_file_is_replaced_and_nothing_else(tmp_path):
    from lockqd import Daemon
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(tmp_path / "lockqd.sock"))
    stale.close()
    daemon = Daemon(tmp_path)
    assert daemon.client().call("ping")
    assert os.stat(daemon.path).st_mode & 0o777 == 0o660
    daemon.close()
    os.unlink(daemon.path)
    (tmp_path / "lockqd.sock").write_text("mine", encoding="utf-8")
    assert run("--listen", daemon.address, "--state-dir", str(tmp_path / "s")).returncode == 78
    assert (tmp_path / "lockqd.sock").read_text(encoding="utf-8") == "mine"


def test_a_socket_path_that_would_be_cut_is_refused(tmp_path):
    done = run("--listen", "unix:/" + "x" * 108, "--state-dir", str(tmp_path / "s"))
    assert done.returncode == 78 and "107" in done.stderr


def test_term_stops_cleanly_and_the_state_is_there_again(daemon):
    client = daemon.client(grace=60000)
    client.call("submit", keys=["A"], op="a")
    assert daemon.stop() == 0
    assert not os.path.exists(daemon.path)
    assert any("event=stopped" in line for line in daemon.log)
    with pytest.raises(Gone):
        client.call("ping")
    daemon.start()
    again = daemon.client(resume={k: client.hello[k] for k in ("session", "secret")})
    assert again.call("status", op="a")["state"] == "granted"


@pytest.mark.parametrize("kind", ["in a folder", "abstract"])
def test_systemd_is_told_when_it_is_ready_and_when_it_stops(start, tmp_path, monkeypatch, kind):
    address = str(tmp_path / "notify") if kind == "in a folder" else f"@{tmp_path}/notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(20)
        manager.bind(address.replace("@", "\0"))
        monkeypatch.setenv("NOTIFY_SOCKET", address)
        daemon = start()
        assert manager.recv(100) == b"READY=1"
        assert daemon.client().call("ping")
        daemon.signal(signal.SIGTERM)
        assert manager.recv(100) == b"STOPPING=1"
        assert daemon.process.wait(20) == 0


def test_hup_reads_the_log_level_again(start):
    daemon = start(config="log_level = info\n")
    daemon.signal(signal.SIGHUP)
    until(lambda: any("event=reloaded" in line for line in daemon.log), "the reload")


def test_every_log_line_is_key_and_value(daemon):
    daemon.stop()
    for line in daemon.log:
        assert re.match(r"^time=\d{4}-\d\d-\d\dT[\d:.]+Z level=\w+ event=\w+( \w+=(\S+|\"[^\"]*\"))*$",
                        line.strip()), line


def test_the_state_directory_remembers_its_backing(daemon, tmp_path):
    daemon.stop()
    state = daemon.directory + "/state"
    with open(state + "/backing", encoding="ascii") as file:
        assert file.read() == "sqlite\n"
    with open(state + "/backing", "w", encoding="ascii") as file:
        file.write("redis\n")
    arguments = ["--listen", f"unix:{tmp_path}/x.sock", "--state-dir", state]
    done = run(*arguments)
    assert done.returncode == 78 and "--forget-backend" in done.stderr


def test_a_database_that_was_changed_is_refused(daemon):
    daemon.client(grace=60000).call("submit", keys=["A"], op="a")
    daemon.stop()
    with sqlite3.connect(daemon.directory + "/state/lockq.db") as db:
        db.execute("UPDATE operation SET keys = '[\"B\"]'")
    db.close()
    done = run(*daemon.arguments)
    assert done.returncode == 74 and "state hash" in done.stderr


def test_the_table_of_the_seed_shows_what_is_granted(daemon):
    client = daemon.client(grace=60000)
    client.call("submit", keys={"Project": [25], "File": ["a/b"]}, op="a")
    client.call("submit", keys=["Project/25"], op="b")
    daemon.stop()
    db = sqlite3.connect(daemon.directory + "/state/lockq.db")
    rows = db.execute("SELECT model_name, object_id, operation_id FROM object_lock "
                      "ORDER BY model_name").fetchall()
    db.close()
    assert rows == [("File", "a/b", "a"), ("Project", "25", "a")]


def test_a_disk_that_is_full_is_74_and_loses_nothing(start):
    daemon = start()
    client = daemon.client(grace=60000)
    client.call("submit", keys=["A"], op="a")
    daemon.kill()
    # The database may not grow: every write past 256 KiB fails, as on a full disk.
    environment = dict(os.environ)
    script = f'ulimit -f 256; trap "" XFSZ; exec "$LOCKQD" "$@"'
    process = subprocess.Popen(["bash", "-c", script, "lockqd", *daemon.arguments],
                               stderr=subprocess.PIPE, text=True, env=environment)
    assert "event=ready" in process.stderr.readline()
    again = daemon.client(resume={k: client.hello[k] for k in ("session", "secret")})
    answered = []
    with pytest.raises(Gone):
        for i in range(2000):
            again.call("submit", keys=[f"K/{i}"], op=f"o{i}", meta="x" * 3000)
            answered.append(f"o{i}")
    log = process.stderr.read()
    assert process.wait() == 74
    assert "nothing that was answered is lost" in log and "lockq.db" in log
    daemon.start()
    again = daemon.client(resume={k: client.hello[k] for k in ("session", "secret")})
    for op in ["a", *answered]:
        assert again.call("status", op=op)["state"] == "granted"


def test_with_little_disk_left_new_submits_are_unavailable(start):
    daemon = start(config="low_disk = 1000000G\n")
    client = daemon.client()
    with pytest.raises(Exception) as caught:
        client.call("submit", keys=["A"])
    assert "unavailable" in str(caught.value)
    assert client.call("list")["ops"] == []
