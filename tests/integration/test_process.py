"""lockqd as an operator meets it: addresses, signals, log lines, exit codes, from the contract."""

import os
import re
import signal
import socket
import subprocess

import pytest

from lockqd import DEADLINE, Client, Gone, until
from test_operations import fails

LINE = re.compile(r"^\S+ (\w+=(\"([^\"\\]|\\.)*\"|[^\s\"]+) ?)+$")


def run(*arguments, **environment):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("LOCKQ_")}
    return subprocess.run([os.environ["LOCKQD"], *arguments], capture_output=True, text=True,
                          timeout=DEADLINE, check=False, env={**clean, **environment})


def addresses(daemon):
    return [re.search(r"addr=(\S+)", line).group(1) for line in daemon.log if "event=ready" in line]


def test_ready_is_said_for_each_address_when_clients_may_come(start):
    """unix and TCP, IPv4 and (where there is one) IPv6, several at once; each serves the same."""
    more = ["tcp:127.0.0.1:0"] + (["tcp:[::1]:0"] if os.path.exists("/proc/net/if_inet6") else [])
    daemon = start(*(word for address in more for word in ("--listen", address)))
    told = addresses(daemon)
    assert len(told) == 1 + len(more)
    for n, address in enumerate(told):
        Client(address, grace=60000).call("submit", keys=[f"A/{n}"], op=f"o{n}")
    for address in told:
        ops = [r["op"] for r in Client(address).call("list")["ops"]]
        assert ops == [f"o{n}" for n in range(len(told))]


def test_over_tcp_everything_is_as_on_the_unix_socket(start):
    """Waiting, pushes, claims, sessions resumed from one kind of address to the other."""
    daemon = start("--listen", "tcp:127.0.0.1:0")
    tcp = next(a for a in addresses(daemon) if a.startswith("tcp:"))
    a, b = Client(tcp, grace=60000), Client(tcp, grace=60000)
    a.call("submit", keys=["A"], op="a")
    b.call("submit", keys=["A"], op="b")
    b.close()
    again = Client(daemon.address, resume={k: b.hello[k] for k in ("session", "secret")})
    a.call("release", op="a")
    assert again.push()[1]["op"] == "b"
    assert again.call("release", op="b")["end"] == "released"
    big = a.call("submit", keys={"T": list(range(50000))}, op="big")
    assert big["state"] == "granted" and a.call("release", op="big")["end"] == "released"


def test_term_answers_what_was_asked_and_stops(daemon):
    """What came before the signal is answered, what is answered is kept; exit 0; no socket left."""
    a, b = daemon.client(grace=60000), daemon.client()
    b.call("submit", keys=["Z"], op="z")
    pending = b.send("acquire", keys=["Z"], op="p")
    for i in range(300):
        a.send("submit", keys=[f"K/{i}"], op=f"o{i}")
    a.answer(1 + 150)
    code = daemon.stop()
    with pytest.raises(Gone):
        while True:
            a.read()
    answered = {m[3]["op"] for m in a.answers.values() if m[2] is None}
    refused = [m[2] for m in a.answers.values() if m[2] is not None]
    assert all(error.startswith("going_away") for error in refused)
    assert code == 0 and not os.path.exists(daemon.path)
    assert b.is_closed() and b.answers.get(pending, [1, 0, "going_away"])[2] is not None
    daemon.start()
    again = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")})
    kept = {r["op"] for r in again.call("list", limit=1000)["ops"]}
    assert answered <= kept


@pytest.mark.parametrize("which", [signal.SIGTERM, signal.SIGINT])
def test_term_and_int_stop_cleanly(daemon, which):
    """Also with clients that are in the middle of a message or do not read."""
    half, deaf = daemon.bare(), daemon.client()
    half.send_bytes(b"\x94\x00\x01")
    for _ in range(50):
        deaf.send("list")
    daemon.bare().call("ping")
    daemon.signal(which)
    assert daemon.process.wait(DEADLINE) == 0
    daemon.reader.join()
    assert "event=stopped" in daemon.log[-1]


def test_hup_with_a_broken_file_changes_nothing(start):
    """It is said, and the daemon goes on with what it had."""
    daemon = start(config="log_level = info\n")
    a = daemon.client()
    a.call("submit", keys=["A"], op="a")
    with open(daemon.directory + "/lockqd.conf", "w", encoding="ascii") as file:
        file.write("log_level = deafening\n")
    daemon.signal(signal.SIGHUP)
    until(lambda: any("lockqd.conf:1" in line for line in daemon.log), "the complaint")
    assert a.call("status", op="a")["state"] == "granted"
    with open(daemon.directory + "/lockqd.conf", "w", encoding="ascii") as file:
        file.write("log_level = debug\n")
    n_lines = len(daemon.log)
    daemon.signal(signal.SIGHUP)
    until(lambda: len(daemon.log) > n_lines, "the reload")
    assert a.call("release", op="a")["end"] == "released"


def test_hup_during_the_start_ends_nothing(tmp_path):
    """Its start may be long; here it is before a Redis that does not speak."""
    with socket.socket(socket.AF_UNIX) as redis:
        redis.bind(str(tmp_path / "redis.sock"))
        redis.listen()
        with subprocess.Popen(
                [os.environ["LOCKQD"], "--listen", f"unix:{tmp_path}/lockqd.sock", "--state-dir",
                 str(tmp_path / "state"), "--redis", f"unix:{tmp_path}/redis.sock"]) as process:
            silent, _ = redis.accept()
            process.send_signal(signal.SIGHUP)
            silent.close()
            redis.close()
            assert process.wait(DEADLINE) == 74


def test_no_client_can_write_a_log_line_of_its_own(start):
    """Line ends, quotes, control bytes in whatever it sends; at the most talkative level."""
    daemon = start(config="log_level = debug\n")
    evil = "x\"\nlevel=error event=ready addr=unix:/evil \033[31m\r\u009b"
    a = daemon.client(client=evil, namespace=evil[:100])
    a.call("submit", keys=[[evil]], op=evil, who=evil, why=evil, meta=evil)
    a.call("release", op=evil, outcome=evil)
    fails("unknown_method", a, evil)
    fails("bad_request", a, "ping", **{evil: 1})
    a.send_bytes(b"\xc1" + evil.encode())
    assert a.is_closed()
    daemon.stop()
    for line in daemon.log:
        assert LINE.match(line.rstrip("\n")), repr(line)
    assert len(addresses(daemon)) == 1


def test_check_reads_the_configuration_and_touches_nothing(tmp_path):
    """Neither state nor socket; 0 or 78."""
    done = run("--check", "--state-dir", str(tmp_path / "state"), "--listen",
               f"unix:{tmp_path}/socket")
    assert done.returncode == 0 and os.listdir(tmp_path) == []
    (tmp_path / "conf").write_text("\n\nnonsense = 1\n", encoding="ascii")
    done = run("--check", "-c", str(tmp_path / "conf"))
    assert done.returncode == 78 and f"{tmp_path}/conf:3" in done.stderr
    assert "nonsense" in done.stderr
    assert run("--check", "-c", str(tmp_path / "none")).returncode == 78


def test_flags_stand_before_the_environment_and_that_before_the_file(start, tmp_path):
    """Of the address: each in turn."""
    (tmp_path / "conf").write_text(f"listen = unix:{tmp_path}/file\nstate_dir = {tmp_path}/s\n",
                                   encoding="ascii")
    base = [os.environ["LOCKQD"], "-c", str(tmp_path / "conf"), "--backend", "memory"]
    for name, environment, flags in (
            ("file", {}, []), ("env", {"LOCKQ_ADDR": f"unix:{tmp_path}/env"}, []),
            ("flag", {"LOCKQ_ADDR": f"unix:{tmp_path}/env"},
             ["--listen", f"unix:{tmp_path}/flag"])):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("LOCKQ_")}
        process = subprocess.Popen(base + flags, stderr=subprocess.PIPE, text=True,
                                   env={**clean, **environment})
        line = process.stderr.readline()
        while line and "event=ready" not in line:
            line = process.stderr.readline()
        process.terminate()
        process.communicate(timeout=DEADLINE)
        assert f"addr=unix:{tmp_path}/{name} " in line


def test_a_state_that_is_none_is_74_with_path_and_reason(tmp_path):
    """A database that is something else is not overwritten."""
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "lockq.db").write_text("no database " * 100, encoding="ascii")
    done = run("--state-dir", str(tmp_path / "state"), "--listen", f"unix:{tmp_path}/s",
               "--backend", "sqlite")
    assert done.returncode == 74 and f"{tmp_path}/state/lockq.db" in done.stderr
    assert "nothing that was answered is lost" in done.stderr
    assert (tmp_path / "state" / "lockq.db").read_text(encoding="ascii").startswith("no database")


def test_two_daemons_never_share_a_state(start, tmp_path):
    """The second exits 73 and says who has it; after a crash of the first it may start."""
    daemon = start()
    daemon.client(grace=60000).call("submit", keys=["A"], op="a")
    other = ["--listen", f"unix:{tmp_path}/other", "--state-dir", daemon.directory + "/state",
             "--backend", "sqlite"]
    for _ in range(3):
        done = run(*other)
        assert done.returncode == 73 and str(daemon.process.pid) in done.stderr
    assert daemon.client().call("status", op="a")["state"] == "granted"
    daemon.kill()
    daemon.start()
    assert daemon.client().call("status", op="a")["state"] == "granted"
