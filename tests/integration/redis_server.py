"""A real redis-server in a folder of its own, on a unix socket, that loses nothing; and a client that
speaks just enough of its protocol to look at what is there."""

import os
import signal
import socket
import subprocess
import time

STARTS = 4  # each cuts one file
SAFE = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""]


class RedisError(Exception):
    pass


class Redis:
    def __init__(self, directory, settings=()):
        self.directory = os.path.join(str(directory), "redis")
        os.makedirs(self.directory, exist_ok=True)
        self.path = os.path.join(self.directory, "redis.sock")
        self.url = "unix:" + self.path
        self.settings = [*SAFE, *settings]
        self.process = None
        self.start()

    def begin(self):
        """Starts, or starts again on what it has; it may still load that when this returns."""
        with open(os.path.join(self.directory, "log"), "a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", "0", "--unixsocket", self.path, "--dir",
                 self.directory, *self.settings], stdout=log, stderr=log)

    def start(self):
        """The same; it answers when this returns."""
        self.begin()
        begun = 1
        while True:
            try:
                if self.call("PING") == "PONG":
                    return
            except (OSError, RedisError, EOFError):
                pass
            if self.process.poll() is not None:
                if begun == STARTS or not self.has_mended_its_file():
                    raise RuntimeError(f"redis-server ended with {self.process.returncode}")
                self.begin()
                begun += 1
            time.sleep(0.002)

    def has_mended_its_file(self):
        """Redis 7.0 cuts half a commit off a file that is not its last one, and ends all the same;
        a service manager starts it again, and then it has what it had."""
        with open(os.path.join(self.directory, "log"), encoding="utf-8") as log:
            return log.read().endswith("the truncated file is not the last file\n")

    def end(self, how):
        if self.process is None:
            return
        self.process.send_signal(how)
        self.process.send_signal(signal.SIGCONT)
        self.process.wait()
        self.process = None

    def kill(self):
        self.end(signal.SIGKILL)

    def stop(self):
        self.end(signal.SIGTERM)

    def signal(self, number):
        self.process.send_signal(number)

    def call(self, *words):
        """One command on a connection of its own."""
        with socket.socket(socket.AF_UNIX) as link:
            link.settimeout(30)
            link.connect(self.path)
            message = b"*%d\r\n" % len(words)
            for word in words:
                data = word if isinstance(word, bytes) else str(word).encode()
                message += b"$%d\r\n%s\r\n" % (len(data), data)
            link.sendall(message)
            with link.makefile("rb") as answer:
                return self.read(answer)

    def read(self, answer):
        line = answer.readline()
        if not line:
            raise EOFError
        kind, rest = line[:1], line[1:-2]
        if kind == b"+":
            return rest.decode()
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b":":
            return int(rest)
        if int(rest) < 0:
            return None
        if kind == b"*":
            return [self.read(answer) for _ in range(int(rest))]
        return answer.read(int(rest) + 2)[:-2].decode("utf-8", "surrogateescape")

    def mirror(self):
        """What it shows as held: {model: {id: operation}}; and if sets and hashes do not agree,
        what nothing else is."""
        shown = {}
        for key in self.call("KEYS", "locked:*"):
            model = key[len("locked:"):]
            pairs = self.call("HGETALL", "locked-by:" + model)
            shown[model] = dict(zip(pairs[::2], pairs[1::2]))
            if set(self.call("SMEMBERS", key)) != set(shown[model]):
                shown[model] = {"the set and the hash": "differ"}
        if {k[len("locked-by:"):] for k in self.call("KEYS", "locked-by:*")} != set(shown) or \
                set(self.call("SMEMBERS", "lockq:mirror")) != set(shown):
            shown["the models"] = {}
        return shown


def decoded(segment):
    return segment.replace("%2F", "/").replace("%25", "%")


def held(clients):
    """What the daemon says is held, as the mirror should show it, {model: {id: [operations]}}; and
    the keys of which `check` does not say the same as `list`."""
    found, differ = {}, []
    for namespace, client in clients.items():
        paths = {}
        after = 0
        while after is not None:
            page = client.call("list", state=["granted"], after=after, limit=1000)
            for record in page["ops"]:
                for path in record["keys"] + record["shared"]:
                    if path.count("/") == 1:
                        paths.setdefault(path, []).append(record["op"])
            after = page.get("next")
        rows = {row[0]: row for row in client.call("check", keys=sorted(paths))["locked"]} \
            if paths else {}
        for path, ops in paths.items():
            row = rows.get(path)
            if row is None or row[4] != "granted" or row[5] < len(ops):
                differ.append((path, ops, row))
            model, _, name = path.partition("/")
            model = model if namespace == "default" else namespace + ":" + model
            found.setdefault(model, {})[decoded(name)] = ops
    return found, differ


def compare_mirror(redis, clients, attempts=200):
    """At a quiet moment, which is one in which nothing changed while it was looked at."""
    some = next(iter(clients.values()))
    for _ in range(attempts):
        before = some.call("stats")
        expected, differ = held(clients)
        shown = redis.mirror()
        after = some.call("stats")
        if before["commit_age"] or after["commit_age"] or before["seq"] != after["seq"] or \
                before["commits_total"] != after["commits_total"]:
            continue
        assert not differ, differ
        assert {m: set(ids) for m, ids in shown.items()} == \
            {m: set(ids) for m, ids in expected.items()}
        for model, ids in shown.items():
            for name, op in ids.items():
                assert op in expected[model][name], (model, name)
        return sum(len(ids) for ids in shown.values())
    raise AssertionError("no moment was quiet")
