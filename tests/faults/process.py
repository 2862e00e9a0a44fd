"""One lockqd, with or without a fault, and what it says and does in the end."""

import os
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from lockqd import Client, Error, Gone  # noqa: E402  pylint: disable=wrong-import-position

__all__ = ["Client", "Error", "Gone", "Fault", "Process", "Violation", "NOTHING_LOST"]

CONFIG = "lockqd.conf"
NOTHING_LOST = "nothing that was answered is lost"
PATIENCE = 20.0  # seconds, after which a daemon hangs; nothing here takes one on an idle machine


class Violation(Exception):
    """The daemon has broken its word."""


class Fault:
    """Which call fails and how; see fault.c. `error` 0: it moves one byte only."""

    def __init__(self, family, error, lasting=False):
        self.family, self.error, self.lasting = family, error, lasting

    def environment(self, n, report):
        return {"FAULT": self.family, "FAULT_AT": str(n), "FAULT_ERRNO": str(self.error),
                "FAULT_REPORT": report, **({"FAULT_LASTING": "1"} if self.lasting else {})}

    def __str__(self):
        how = os.strerror(self.error) if self.error else "one byte at a time"
        return f"{self.family} ({how}{', from then on' if self.lasting else ''})"


class Process:
    """lockqd on a folder: `folder`/state and `folder`/socket. A configuration there is heeded."""

    lockqd = preload = None

    def __init__(self, folder, environment=None):
        self.path = os.path.join(folder, "socket")
        self.state = os.path.join(folder, "state")
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOCKQ_", "FAULT"))}
        if environment is not None:
            clean |= {"LD_PRELOAD": self.preload, **environment}
        file = os.path.join(folder, CONFIG)
        over = ["-c", file] if os.path.exists(file) else ["--backend", "sqlite"]
        self.process = subprocess.Popen(
            [self.lockqd, "--listen", "unix:" + self.path, "--state-dir", self.state, *over],
            stderr=subprocess.PIPE, env=clean)
        self.log = ""
        self.is_ready = self.read_log("event=ready")

    def read_log(self, word=None):
        """Reads until a line with the word is there: True, or the log is over: False."""
        end = time.monotonic() + PATIENCE
        while word is None or word not in self.log:
            rest = end - time.monotonic()
            if rest <= 0 or not select.select([self.process.stderr], [], [], rest)[0]:
                self.kill()
                raise Violation(f"it hangs: {self.log!r}")
            text = os.read(self.process.stderr.fileno(), 65536).decode(errors="replace")
            if not text:
                return False
            self.log += text
        return True

    def client(self, **hello):
        return Client("unix:" + self.path, **hello)

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        """TERM, if it still runs; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.end()

    def end(self):
        """The exit code of one that ends by itself."""
        self.read_log()
        code = self.process.wait(PATIENCE)
        self.process.stderr.close()
        return code

    def kill(self):
        self.process.kill()
        self.process.wait()
