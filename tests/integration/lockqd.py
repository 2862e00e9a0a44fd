"""A real daemon and a client of our own for the tests: sockets and msgpack, nothing of the project.

The paths of the two programs come from the environment: LOCKQD and LOCKQ.
"""

import os
import select
import signal
import socket
import subprocess
import threading
import time

import msgpack

DEADLINE = 30.0  # seconds; generous, for a loaded machine: no test measures time by it


class Error(Exception):
    """What the daemon answered instead of a result: "code: sentence"."""

    @property
    def code(self):
        return str(self).split(":")[0]


class Gone(Exception):
    """The connection is closed."""


class Client:
    """One connection. Requests may be pipelined; pushes are kept in order in `pushes`."""

    def __init__(self, address, **hello):
        kind, _, rest = address.partition(":")
        if kind == "unix":
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(rest)
        else:
            host, _, port = rest.rpartition(":")
            self.socket = socket.create_connection((host.strip("[]"), int(port)))
        self.socket.settimeout(DEADLINE)
        self.unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 28)
        self.next_id = 0
        self.answers = {}
        self.pushes = []
        self.hello = self.call("hello", **hello) if hello is not None and hello != {} else None

    def send(self, method, params=None, **fields):
        """Sends a request and returns its id."""
        request_id, data = self.pack(method, params, **fields)
        self.send_bytes(data)
        return request_id

    def pack(self, method, params=None, **fields):
        """The id and the bytes of a request that is to be sent later."""
        self.next_id += 1
        return self.next_id, msgpack.packb(
            [0, self.next_id, method, params if params is not None else [fields]])

    def send_raw(self, message):
        self.send_bytes(msgpack.packb(message))

    def send_bytes(self, data):
        try:
            self.socket.sendall(data)
        except OSError as error:
            raise Gone(str(error)) from error

    def read(self):
        """Takes in what comes next."""
        try:
            data = self.socket.recv(1 << 20)
        except socket.timeout:
            raise
        except OSError as error:
            raise Gone(str(error)) from error
        if not data:
            raise Gone("closed")
        self.unpacker.feed(data)
        for message in self.unpacker:
            if message[0] == 1:
                self.answers[message[1]] = message
            else:
                self.pushes.append((message[1], message[2][0]))

    def answer(self, request_id):
        """The result of a request; raises Error."""
        while request_id not in self.answers:
            self.read()
        _, _, error, result = self.answers.pop(request_id)
        if error is not None:
            raise Error(error)
        return result

    def call(self, method, **fields):
        return self.answer(self.send(method, **fields))

    def push(self):
        """The next notification, as (method, view)."""
        while not self.pushes:
            self.read()
        return self.pushes.pop(0)

    def is_quiet(self):
        """Whether nothing has been pushed: everything before a ping's answer has arrived."""
        self.call("list", limit=1)
        return not self.pushes

    def is_closed(self):
        """Reads until the daemon closes the connection."""
        try:
            while True:
                self.read()
        except Gone:
            return True

    def close(self):
        self.socket.close()


class Daemon:
    """lockqd on a directory of its own."""

    def __init__(self, directory, *arguments, backend="sqlite", config=None):
        self.directory = str(directory)
        self.path = os.path.join(self.directory, "lockqd.sock")
        self.address = "unix:" + self.path
        self.arguments = ["--listen", self.address, "--state-dir", self.directory + "/state",
                          "--backend", backend, *arguments]
        if config is not None:
            name = os.path.join(self.directory, "lockqd.conf")
            with open(name, "w", encoding="utf-8") as file:
                file.write(config)
            self.arguments += ["-c", name]
        self.log = []
        self.start()

    def start(self):
        """Starts, and waits until it is ready at all its addresses."""
        self.log = []
        environment = {k: v for k, v in os.environ.items() if not k.startswith("LOCKQ_")}
        self.process = subprocess.Popen(
            [os.environ["LOCKQD"], *self.arguments], stderr=subprocess.PIPE, text=True,
            env=environment)
        wanted = self.arguments.count("--listen")
        while sum("event=ready" in line for line in self.log) < wanted:
            line = self.process.stderr.readline()
            if not line:
                raise RuntimeError(f"exit {self.process.wait()}: {''.join(self.log)}")
            self.log.append(line)
        self.reader = threading.Thread(target=self.drain, args=(self.process.stderr,), daemon=True)
        self.reader.start()
        return self

    def drain(self, stream):
        for line in stream:
            self.log.append(line)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.reader.join()
        self.process.stderr.close()

    def stop(self):
        """TERM; returns the exit code."""
        self.process.terminate()
        code = self.process.wait(DEADLINE)
        self.reader.join()
        self.process.stderr.close()
        return code

    def signal(self, which):
        os.kill(self.process.pid, which)

    def memory(self, name="VmRSS"):
        """A line of /proc/PID/status, in bytes."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
        raise KeyError(name)

    def client(self, **hello):
        """A connection that has said hello."""
        return Client(self.address, **(hello or {"grace": 10000}))

    def bare(self):
        """A connection that says no hello."""
        return Client(self.address)

    def close(self):
        if self.process.poll() is None:
            self.signal(signal.SIGCONT)
            self.kill()


def until(condition, what="it"):
    """Waits for a condition that another process brings about."""
    end = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come about")
        select.select([], [], [], 0.01)


def lockq(daemon, *arguments, **options):
    """Runs the command to its end."""
    environment = dict(os.environ, LOCKQ_ADDR=daemon.address)
    for name in ("LOCKQ_OP", "LOCKQ_TOKEN", "LOCKQ_NAMESPACE"):
        environment.pop(name, None)
    return subprocess.run([os.environ["LOCKQ"], *arguments], capture_output=True, text=True,
                          timeout=DEADLINE, env=environment, check=False, **options)
