"""Real processes: 64 clients that do random work while the daemon is killed, stopped and started.

    crowd.py --lockqd FILE --crowd FILE --judge FILE [--kills N] [--operations N] [--seed N]
             [--redis-kills N] [--directory DIR]

Kills the daemon with SIGKILL at random moments, some while it starts, stops and continues it, and
starts it again at once; goes on until there were so many kills and so many operations. Then
everything must come to its end, nothing may be left, and the judge replays what the clients asked
and heard. Prints one line of figures; exits 1 if anything is not as it should be, and then leaves
the directory behind. With --redis-kills the daemon is over a redis-server, which is killed so many
times as well, in any order with the daemon's, and stopped and continued; and at quiet moments, in
which the clients are stopped, its mirror must be what the daemon says is held. A seed gives the same clients and the same moments as far as a machine does.
"""

import argparse
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from lockqd import Daemon, Gone  # noqa: E402 pylint: disable=wrong-import-position
from redis_server import Redis, compare_mirror  # noqa: E402 pylint: disable=wrong-import-position

REMEMBERED = 15000
REMEMBERED_OVER_REDIS = 3000  # there are more kills, and each start reads all of it
# Its file is rewritten again and again, also under the kills, and is short when it is read.
OFTEN_REWRITTEN = ["--auto-aof-rewrite-min-size", "1mb"]
HEAR, STATUS, ENDED = 1, 9, 3
WORLDS = [f"world-{i}" for i in range(4)]
ENDS = ["", "released", "cancelled", "timeout", "expired", "lost"]
PATIENCE = 90.0  # seconds in which everything ends when nothing new begins


class Failure(Exception):
    pass


FAILURES = (Failure, RuntimeError, OSError, Gone)  # also of the helper: the daemon has gone


def arguments():
    parser = argparse.ArgumentParser()
    for name in ("--lockqd", "--crowd", "--judge"):
        parser.add_argument(name, required=True)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--operations", type=int, default=500000)
    parser.add_argument("--redis-kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--directory")
    return parser.parse_args()


class Run:
    def __init__(self, options, directory):
        self.options = options
        self.directory = directory
        self.chance = random.Random(options.seed)
        self.kills = self.stops = self.in_start = self.redis_kills = self.compared = 0
        os.environ["LOCKQD"] = options.lockqd
        self.redis = Redis(directory, OFTEN_REWRITTEN) if options.redis_kills > 0 else None
        self.remembered = REMEMBERED_OVER_REDIS if self.redis else REMEMBERED
        over = {"backend": "redis"} if self.redis else {}
        self.daemon = Daemon(directory, *(["--redis", self.redis.url] if self.redis else []),
                             config=f"remembered = {self.remembered}\n", **over)
        self.crowd = subprocess.Popen(
            [options.crowd, "--socket", self.daemon.path, "--directory", directory,
             "--seed", str(options.seed)], start_new_session=True)  # to stop all of it

    # --- trouble ---

    def expect_life(self):
        code = self.daemon.process.poll()
        if code is not None:
            raise Failure(f"lockqd ended by itself with {code}: {''.join(self.daemon.log)}")
        if self.crowd.poll() is not None:
            raise Failure(f"lockq-crowd ended with {self.crowd.returncode}")

    def kill(self):
        self.expect_life()
        self.daemon.kill()
        self.kills += 1
        while self.chance.random() < 0.1 and self.kills < self.options.kills:
            self.kill_in_start()
        self.daemon.start()

    def kill_redis(self):
        """Sometimes the daemon dies while Redis is away."""
        self.expect_life()
        self.redis.kill()
        self.redis_kills += 1
        time.sleep(self.chance.choice([0, 0, 0.02, 0.1]))
        dies_too = self.chance.random() < 0.2
        if dies_too:
            self.daemon.kill()
            self.kills += 1
        self.redis.start()
        if dies_too:
            self.daemon.start()

    def compare(self):
        """The mirror against the daemon's word, while the clients are stopped."""
        self.expect_life()
        os.killpg(self.crowd.pid, signal.SIGSTOP)
        clients = {world: self.daemon.client(namespace=world) for world in WORLDS}
        try:
            self.compared += compare_mirror(self.redis, clients)
        except AssertionError as error:
            raise Failure(f"the mirror: {error}") from error
        finally:
            os.killpg(self.crowd.pid, signal.SIGCONT)
            for client in clients.values():
                client.close()

    def kill_in_start(self):
        """Killed again before it is ready, or just then."""
        starting = subprocess.Popen([self.options.lockqd, *self.daemon.arguments],
                                    stderr=subprocess.DEVNULL)
        time.sleep(self.chance.random() * 0.06)
        if starting.poll() is not None:
            raise Failure(f"lockqd did not start: {starting.returncode}")
        starting.kill()
        starting.wait()
        self.kills += 1
        self.in_start += 1

    def stop_and_continue(self):
        self.expect_life()
        stopped = self.redis if self.redis and self.chance.random() < 0.5 else self.daemon
        stopped.signal(signal.SIGSTOP)
        time.sleep(self.chance.choice([0.01, 0.05, 0.2, 0.4]) + self.chance.random() * 0.05)
        stopped.signal(signal.SIGCONT)
        self.stops += 1

    def make_trouble(self):
        kinds = self.options.redis_kills - self.redis_kills, self.options.kills - self.kills
        if self.chance.random() < 0.08:
            self.stop_and_continue()
        elif self.chance.random() * sum(kinds) < kinds[0]:
            self.kill_redis()
        else:
            self.kill()

    def trouble(self):
        longest = 0.04 if self.redis else 0.1
        while self.kills < self.options.kills or self.redis_kills < self.options.redis_kills:
            time.sleep(0.01 + self.chance.random() * longest)  # the random moment
            self.make_trouble()
            if self.redis and self.chance.random() < 0.1:
                self.compare()
            if self.kills % 50 == 0:
                print(f"crowd: {self.kills} kills", file=sys.stderr)

    # --- the end ---

    def tickets(self):
        client = self.daemon.bare()
        stats = client.call("stats")
        client.close()
        return stats["ticket"]

    def go_on(self):
        """Until there are enough operations, without kills."""
        told = time.monotonic()
        while (done := self.tickets()) < self.options.operations:
            self.expect_life()
            time.sleep(0.5)
            if time.monotonic() > told + 10:
                told = time.monotonic()
                print(f"crowd: {done} operations", file=sys.stderr)

    def end_crowd(self):
        self.crowd.terminate()
        try:
            code = self.crowd.wait(PATIENCE)
        except subprocess.TimeoutExpired as error:
            raise Failure("the clients do not end") from error
        if code != 0:
            raise Failure(f"lockq-crowd ended with {code}")

    def expect_nothing_left(self):
        for world in WORLDS:
            client = self.daemon.client(namespace=world)
            left = client.call("list")["ops"]
            stats = client.call("stats")
            client.close()
            if left:
                raise Failure(f"still there: {left[:3]}")
        for name in ("waiting", "granted", "live_claims", "live_keys", "live_bytes"):
            if stats[name] != 0:
                raise Failure(f"nothing is there, but {name} is {stats[name]}")

    def write_records(self):
        """What the daemon remembers at the end, as one more history: it must be what was told."""
        with open(os.path.join(self.directory, "history.end"), "wb") as file:
            for world in WORLDS:
                self.write_world(self.daemon.client(namespace=world), file)

    def write_world(self, client, file):
        after = 0
        while after is not None:
            page = client.call("list", state=["ended"], after=after, limit=1000)
            for record in page["ops"]:
                file.write(self.pack(record))
            after = page.get("next")
        client.close()

    @staticmethod
    def pack(record):
        client, number = re.match(r"c(\d+)-(\d+)$", record["op"]).groups()
        end = ENDS.index(record["end"]) if record["end"] in ENDS else len(ENDS) + 1
        return struct.pack("<BBBBHHQQQQQQQ", HEAR, STATUS, ENDED, end, int(client), 0,
                           int(client) << 32 | int(number), time.monotonic_ns() // 1000,
                           record["ticket"], record["seq"], record.get("token", 0), 0, 0)

    def judge(self):
        done = subprocess.run([self.options.judge, self.directory, str(self.remembered)], stdout=subprocess.PIPE,
                              text=True, check=False)
        figures = done.stdout.strip()
        over = f"redis_kills={self.redis_kills} mirrored={self.compared} " if self.redis else ""
        print(f"crowd: kills={self.kills} stops={self.stops} killed_in_start={self.in_start} {over}"
              f"seed={self.options.seed} {figures}", flush=True)
        if done.returncode != 0:
            raise Failure("the histories cannot be")

    def run(self):
        try:
            self.work()
        except FAILURES as failure:
            print(f"crowd: {failure}", file=sys.stderr)
            self.crowd.kill()
            self.crowd.wait()
            self.judge()  # it may know why
            raise
        self.judge()

    def work(self):
        self.trouble()
        self.go_on()
        self.end_crowd()
        self.expect_nothing_left()
        self.daemon.kill()
        self.daemon.start()
        self.expect_nothing_left()
        if self.redis and self.redis.mirror():
            raise Failure(f"the mirror at the end: {self.redis.mirror()}")
        self.write_records()
        if self.daemon.stop() != 0:
            raise Failure("lockqd did not stop cleanly")

    def close(self):
        self.crowd.kill()
        self.crowd.wait()
        self.daemon.close()
        if self.redis:
            self.redis.kill()


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # and nothing is left running
    directory = options.directory or tempfile.mkdtemp(prefix="lockq-crowd-")
    os.makedirs(directory, exist_ok=True)
    run = Run(options, directory)
    try:
        run.run()
    except FAILURES as failure:
        print(f"crowd: seed {options.seed}: {failure}\ncrowd: see {directory}", file=sys.stderr)
        return 1
    finally:
        run.close()
    shutil.rmtree(directory)
    return 0


if __name__ == "__main__":
    sys.exit(main())
