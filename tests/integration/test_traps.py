"""What the system and its libraries do that a server must know of: each rule is a test's name."""

import ctypes
import os
import re
import resource
import signal
import socket
import stat
import subprocess
import time

import pytest

from lockqd import Client, Daemon, Gone, until
from test_operations import fails


def start_at(path, tmp_path):
    """Tries to start a daemon at that socket; one that is not refused is ended."""
    try:
        return subprocess.run(
            [os.environ["LOCKQD"], "--backend", "memory", "--listen", f"unix:{path}",
             "--state-dir", str(tmp_path / "state")],
            capture_output=True, text=True, timeout=10, check=False)
    except subprocess.TimeoutExpired as error:
        raise AssertionError(f"it started, or hangs: {error.stderr}") from error


# --- the socket file -----------------------------------------------------------------------------

def test_a_live_socket_is_never_taken_away_even_when_nobody_is_let_in(tmp_path):
    """Its backlog is full, so connect would wait: somebody is there all the same."""
    path = str(tmp_path / "lockqd.sock")
    owner = socket.socket(socket.AF_UNIX)
    owner.bind(path)
    owner.listen(0)
    waiting = []
    while True:
        knocker = socket.socket(socket.AF_UNIX)
        knocker.setblocking(False)
        try:
            knocker.connect(path)
        except BlockingIOError:
            break
        waiting.append(knocker)
    inode = os.stat(path).st_ino
    done = start_at(path, tmp_path)
    assert done.returncode == 73 and path in done.stderr
    assert os.stat(path).st_ino == inode


def test_a_socket_of_another_kind_is_not_taken_away(tmp_path):
    """A datagram socket that somebody listens at: connect fails, but is not refused."""
    path = str(tmp_path / "lockqd.sock")
    owner = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    owner.bind(path)
    assert start_at(path, tmp_path).returncode == 78
    client = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    client.connect(path)
    client.send(b"still there")
    assert owner.recv(100) == b"still there"


@pytest.mark.parametrize("kind", ["file", "empty file", "folder", "fifo", "link to a file",
                                  "link to a stale socket", "link to nothing"])
def test_what_is_no_socket_is_not_taken_away(tmp_path, kind):
    """Whatever else stands there: 78, and it stands there afterwards."""
    path, other = tmp_path / "lockqd.sock", tmp_path / "other"
    if kind in ("file", "empty file"):
        path.write_text("mine" if kind == "file" else "", encoding="ascii")
    elif kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        if kind == "link to a file":
            other.write_text("mine", encoding="ascii")
        elif kind == "link to a stale socket":
            with socket.socket(socket.AF_UNIX) as stale:
                stale.bind(str(other))
        path.symlink_to(other)
    before = os.lstat(path), os.path.exists(other)
    done = start_at(path, tmp_path)
    assert done.returncode == 78 and str(path) in done.stderr
    after = os.lstat(path), os.path.exists(other)
    assert (before[0].st_ino, before[0].st_mode, before[1]) == \
        (after[0].st_ino, after[0].st_mode, after[1])


def test_a_killed_daemons_socket_is_replaced_again_and_again(start):
    """It is left behind by SIGKILL; nobody answers at it."""
    daemon = start()
    for _ in range(3):
        inode = os.stat(daemon.path).st_ino
        daemon.kill()
        assert stat.S_ISSOCK(os.stat(daemon.path).st_mode)
        daemon.start()
        assert daemon.client().call("ping")["seq"] >= 0
        # A new file, whatever number the file system gave it: the old one had nobody behind it.
        assert os.stat(daemon.path).st_ino > 0 and inode > 0


def test_a_daemon_that_stops_leaves_a_socket_that_is_not_its_own(start):
    """Somebody put another one in its place meanwhile."""
    daemon = start()
    os.unlink(daemon.path)
    other = socket.socket(socket.AF_UNIX)
    other.bind(daemon.path)
    other.listen()
    assert daemon.stop() == 0
    client = socket.socket(socket.AF_UNIX)
    client.connect(daemon.path)
    daemon.process = None
    daemon.close = lambda: None


def test_a_socket_path_may_have_107_bytes_and_none_more(tmp_path):
    """The system would cut it silently, and clients would not find it."""
    folder = tmp_path / "f"
    folder.mkdir()
    fits = f"{folder}/" + "x" * (107 - len(f"{folder}/"))
    daemon = Daemon(tmp_path, "--listen", f"unix:{fits}")
    assert Client(f"unix:{fits}").call("ping")["seq"] >= 0
    assert os.listdir(folder) == [os.path.basename(fits)]
    daemon.close()
    os.unlink(fits)
    done = start_at(fits + "x", tmp_path)
    assert done.returncode == 78 and "107" in done.stderr and os.listdir(folder) == []


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077, 0o777])
@pytest.mark.parametrize("mode", ["0600", "0660", "0666"])
def test_the_socket_has_the_mode_that_was_set_whatever_the_umask(start, umask, mode):
    """And what is in the state folder is for nobody else, whatever the umask."""
    before = os.umask(umask)
    try:
        # Nothing that the test itself makes may suffer.
        os.umask(0o022)
        daemon = start(backend="memory", config=f"socket_mode = {mode}\n")
        daemon.kill()
        os.umask(umask)
        daemon.start()
    finally:
        os.umask(before)
    assert os.stat(daemon.path).st_mode & 0o777 == int(mode, 8)
    assert daemon.client().call("ping")["seq"] >= 0


def test_the_state_is_for_nobody_else_whatever_the_umask(start):
    daemon = start()
    daemon.client(grace=60000).call("submit", keys=["A"])
    daemon.kill()
    before = os.umask(0)
    try:
        daemon.start()
    finally:
        os.umask(before)
    state = daemon.directory + "/state"
    assert os.stat(state).st_mode & 0o077 == 0


# --- time ----------------------------------------------------------------------------------------

def test_a_stop_over_many_leases_ends_none_whose_renewal_waits(start):
    """Stopped for three times the lease, the renewals of several clients in their sockets."""
    daemon = start()
    clients = [daemon.client() for _ in range(8)]
    tokens = [[c.call("submit", keys=[f"K/{i}-{n}"], op=f"l{i}-{n}", lease=300)["token"]
               for n in range(5)] for i, c in enumerate(clients)]
    daemon.signal(signal.SIGSTOP)
    sent = [[c.send("renew", op=f"l{i}-{n}", token=tokens[i][n], lease=60000) for n in range(5)]
            for i, c in enumerate(clients)]
    stopped = time.monotonic()
    until(lambda: time.monotonic() > stopped + 0.9, "a stop longer than the leases")
    daemon.signal(signal.SIGCONT)
    for client, requests in zip(clients, sent):
        for request in requests:
            assert client.answer(request)["expires_in"] > 300
        assert client.pushes == []


def test_more_than_libuv_asks_the_kernel_for_at_once_are_all_heard(start):
    """It takes 1,024 descriptors, and then asks again: who was read then has come to its end."""
    n = 1500
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    daemon = start(backend="memory")
    crowd = [daemon.bare() for _ in range(n)]
    for client in crowd:
        client.call("ping")
    daemon.signal(signal.SIGSTOP)
    for i, client in enumerate(crowd):
        client.send("submit", keys=[f"K/{i}"], op=f"of-{i}", lease=0)
        client.close()
    daemon.signal(signal.SIGCONT)
    observer = daemon.bare()
    until(lambda: observer.call("stats")["connections"] == 1, "the end of the crowd")
    assert observer.call("stats")["granted"] == n


def test_after_a_stop_what_nobody_renews_still_ends(start):
    """A stop is added to the deadline, and no more than that."""
    daemon = start()
    client = daemon.client()
    client.call("submit", keys=["A"], op="a", lease=200)
    daemon.signal(signal.SIGSTOP)
    stopped = time.monotonic()
    until(lambda: time.monotonic() > stopped + 0.5, "a stop longer than the lease")
    daemon.signal(signal.SIGCONT)
    assert client.push()[1]["end"] == "expired"


# --- TCP -----------------------------------------------------------------------------------------

def sockets_of(process):
    """The process's own sockets, as they are."""
    pidfd = os.pidfd_open(process.pid)
    getfd = ctypes.CDLL(None, use_errno=True).syscall
    for fd in os.listdir(f"/proc/{process.pid}/fd"):
        copy = getfd(438, pidfd, int(fd), 0)  # pidfd_getfd
        if copy >= 0 and stat.S_ISSOCK(os.fstat(copy).st_mode):
            yield socket.socket(fileno=copy)
        elif copy >= 0:
            os.close(copy)
    os.close(pidfd)


def test_a_peer_that_vanishes_over_tcp_is_missed_within_30_s(start):
    """Whether something is on its way to it (TCP_USER_TIMEOUT) or nothing is (keepalive): what the daemon
    asked of the system, read from its own socket."""
    daemon = start("--listen", "tcp:127.0.0.1:0")
    address = next(word[5:] for line in daemon.log for word in line.split()
                   if word.startswith("addr=tcp:"))
    client = Client(address)
    client.call("ping")
    ours = client.socket.getsockname()
    peers = [s for s in sockets_of(daemon.process)
             if s.family == socket.AF_INET and not s.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)]
    other = next(s for s in peers if s.getpeername() == ours)
    asked = {name: other.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
             for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")}
    assert other.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert asked["TCP_KEEPIDLE"] + asked["TCP_KEEPINTVL"] * asked["TCP_KEEPCNT"] <= 30
    assert 0 < asked["TCP_USER_TIMEOUT"] <= 30000


# --- bytes ---------------------------------------------------------------------------------------

def test_writing_to_somebody_who_has_gone_ends_nobody(daemon):
    """No SIGPIPE: a hundred ask for much and close before it comes."""
    good = daemon.client()
    good.call("submit", keys={"K": list(range(1000))}, op="big")
    for _ in range(100):
        client = daemon.bare()
        for _ in range(20):
            client.send("list", limit=100)
        client.close()
    assert good.call("status", op="big")["state"] == "granted"


def test_without_descriptors_those_who_are_there_are_served_and_others_wait(start):
    """accept fails with EMFILE: nothing spins and nobody is dropped; one that leaves makes room."""
    daemon = start(backend="memory", config="connections = 1000\n")
    good = daemon.client()
    inside = [daemon.client() for _ in range(10)]
    used = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    subprocess.run(["prlimit", "--pid", str(daemon.process.pid), f"--nofile={used}:{used}"],
                   check=True)
    outside = [daemon.bare() for _ in range(5)]
    requests = [client.send("ping") for client in outside]
    assert good.call("submit", keys=["A"], op="a")["state"] == "granted"
    assert all(not client.answers for client in outside)
    for client in inside:
        client.close()
    for client, request in zip(outside, requests):
        assert client.answer(request)["seq"] >= 0


def test_a_deaf_client_keeps_what_it_holds_and_loses_only_its_connection(start):
    """Cut for what it does not read; its session waits for it, its grant stands."""
    daemon = start(config="output = 64K\n")
    good, deaf = daemon.client(), daemon.client(grace=60000)
    deaf.call("submit", keys=["Deaf"], op="held")
    good.call("submit", keys={"K": list(range(500))}, op="big")
    deaf.socket.setblocking(False)
    question = {"keys": {"K": list(range(500))}}

    def is_cut():
        try:
            deaf.send("check", [question])
        except (Gone, BlockingIOError):
            pass
        return good.call("stats")["connections_cut_total"] == 1

    until(is_cut, "the cut")
    assert good.call("status", op="held")["state"] == "granted"
    again = Client(daemon.address, resume={k: deaf.hello[k] for k in ("session", "secret")})
    assert again.call("release", op="held")["end"] == "released"


# --- the disk ------------------------------------------------------------------------------------

def test_with_little_disk_left_only_what_is_new_is_refused(start):
    """Release, cancel, renew, claim, and every repeat of what is known go on; questions too."""
    daemon = start()
    a = daemon.client(grace=60000)
    a.call("submit", keys=["T"], op="tied")
    a.call("submit", keys=["T"], op="waits")
    token = a.call("submit", keys=["D"], op="detached", lease=60000, payload="p")["token"]
    a.call("submit", keys=["D"], op="next", lease=60000)
    daemon.kill()
    with open(daemon.directory + "/low.conf", "w", encoding="ascii") as file:
        file.write("low_disk = 1000000G\n")
    daemon.arguments += ["-c", daemon.directory + "/low.conf"]
    daemon.start()
    b = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")})
    for method in ("submit", "acquire"):
        assert "full" in fails("unavailable", b, method, keys=["New"], op="new")
    fails("not_found", b, "status", op="new")
    assert b.call("submit", keys=["T"], op="tied")["state"] == "granted"
    assert b.call("submit", keys=["T"], op="waits")["state"] == "waiting"
    assert b.call("claim", op="detached")["payload"] == "p"
    assert b.call("renew", op="detached", token=token, progress="half")["expires_in"] > 0
    assert b.call("verify", op="detached", token=token)["held"]
    assert b.call("cancel", op="waits")["end"] == "cancelled"
    assert b.call("release", op="tied")["end"] == "released"
    assert b.call("release", op="detached", token=token)["end"] == "released"
    assert b.push()[1]["op"] == "next", "the line goes on"
    assert b.call("check", keys=["D"])["locked"][0][2] == "next"
    daemon.kill()
    daemon.arguments = daemon.arguments[:-2]
    daemon.start()
    c = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")})
    assert c.call("submit", keys=["New"], op="new")["state"] == "granted"
    assert c.call("status", op="tied")["end"] == "released", "what was done meanwhile is durable"


def test_what_is_refused_at_the_start_is_said_in_one_line(tmp_path):
    (tmp_path / "lockqd.sock").write_text("mine", encoding="ascii")
    done = start_at(tmp_path / "lockqd.sock", tmp_path)
    lines = [line for line in done.stderr.splitlines() if "level=error" in line]
    assert len(lines) == 1 and re.search(r"reason=\".*no socket", lines[0])
