#!/usr/bin/python3
"""check_examples.py LOCKQD DOCUMENT: the exchanges of the document are what the daemon really says.

An exchange is a code block marked `exchange`. Its lines are `NAME -> request` and `NAME <- message`, in
JSON, each going on in the lines that are indented below it; NAME is a connection, `NAME closes` ends it.
"..." stands for anything.
The blocks are one story: one daemon with an empty state; every method that has a heading comes up in it. What differs from run to run (clock times, what
is left of a duration, what is random or counted from the clock) has to be there and of its type; a token,
a session and a secret that an answer gave may be used in later requests.
"""
import json
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

import msgpack

VARIES = {"age", "expires_in", "submitted", "granted", "ended", "since", "epoch", "server"}
HANDED_OUT = {"token", "session", "secret"}


class Story:
    def __init__(self, address):
        self.address = address
        self.connections = {}
        self.real = {}  # (field, what the document says) -> what the daemon said

    def connection(self, name):
        if name not in self.connections:
            sock = socket.socket(socket.AF_UNIX)
            sock.settimeout(10)
            sock.connect(self.address)
            self.connections[name] = sock, msgpack.Unpacker()
        return self.connections[name]

    def close(self, name):
        self.connections.pop(name)[0].close()

    def send(self, name, request):
        self.connection(name)[0].sendall(msgpack.packb(self.to_real(request)))

    def receive(self, name):
        sock, unpacker = self.connection(name)
        while True:
            for message in unpacker:
                return message
            data = sock.recv(65536)
            if not data:
                raise AssertionError(f"{name}: the daemon closed the connection")
            unpacker.feed(data)

    def to_real(self, value, field=None):
        if isinstance(value, dict):
            return {key: self.to_real(content, key) for key, content in value.items()}
        if isinstance(value, list):
            return [self.to_real(content, field) for content in value]
        return self.real.get((field, value), value)

    def compare(self, said, real, field=None, path=""):
        """Ends with an AssertionError at the first difference."""
        if said == "...":
            return
        if isinstance(said, dict) and isinstance(real, dict):
            assert said.keys() == real.keys(), f"{path}: {sorted(said)} and not {sorted(real)}"
            for key in said:
                self.compare(said[key], real[key], key, f"{path}.{key}")
        elif isinstance(said, list) and isinstance(real, list):
            assert len(said) == len(real), f"{path}: {len(said)} elements and not {len(real)}"
            for i, (one, other) in enumerate(zip(said, real)):
                self.compare(one, other, field, f"{path}[{i}]")
        elif field in VARIES or field in HANDED_OUT:
            assert type(said) is type(real), f"{path}: {said!r} and not {real!r}"
            if field in HANDED_OUT:
                known = self.real.setdefault((field, said), real)
                assert known == real, f"{path}: it was {known!r} and is {real!r}"
        else:
            assert said == real, f"{path}: {said!r} and not {real!r}"


def steps(text):
    """(line number, NAME, ->, JSON) of every step of every exchange."""
    found, inside = [], False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("```"):
            inside = line == "```exchange"
        elif inside and line[:1].isspace():
            found[-1][3] += line
        elif inside and line:
            name, what, rest = re.match(r"(\w+) (->|<-|closes) ?(.*)", line).groups()
            found.append([number, name, what, rest])
    return found


def check_methods(text, played):
    """A heading of lower-case words names methods; each has to be shown."""
    named = set()
    for heading in re.findall(r"^### ([a-z]+(?:, [a-z]+)*)$", text, re.MULTILINE):
        named.update(heading.split(", "))
    shown = {json.loads(rest)[2] for _, _, what, rest in played if what == "->"}
    assert named and named <= shown, f"no example of {sorted(named - shown)}"


def play(story, text):
    played = steps(text)
    check_methods(text, played)
    for number, name, what, rest in played:
        try:
            if what == "->":
                story.send(name, json.loads(rest))
            elif what == "<-":
                story.compare(json.loads(rest), story.receive(name))
            else:
                story.close(name)
        except AssertionError as error:
            sys.exit(f"line {number}: {error}")
    return len(played)


def main(lockqd, document):
    with tempfile.TemporaryDirectory() as folder:
        address = f"{folder}/lockqd.sock"
        daemon = subprocess.Popen(
            [lockqd, "--backend", "memory", "--listen", f"unix:{address}"], stderr=subprocess.PIPE, text=True
        )
        try:
            while "event=ready" not in (line := daemon.stderr.readline()):
                assert line, "the daemon did not start"
            n = play(Story(address), pathlib.Path(document).read_text())
        finally:
            daemon.terminate()
            daemon.wait()
    assert n > 0
    print(f"{n} steps are as the daemon takes them")


if __name__ == "__main__":
    main(*sys.argv[1:])
