#!/usr/bin/env python3
"""A real lockqd whose n-th call of a kind fails, n = 1, 2, 3 ... until the script passes untouched.

Each run gives the daemon a preloaded library (fault.c) and takes it through the script of story.py,
once from nothing and once from what a killed daemon had left behind. The daemon must go on, with a
named error or a lost connection at most, or end with a documented exit code and one clear line: no
wrong answer, no signal, no hang, nothing kept that was to be given back. Then it is started without
the fault, must know exactly what was answered (or that and the one step under way), and takes the
script to its end.

    faults.py --lockqd PATH --preload PATH [--redis] [--all] [--only WORD]

With --redis the daemon is over a real Redis, each run with a prefix of its own there, and what may
fail is what is between the two; such a daemon may also wait, if it says so, and go on. With many
calls to a family only the first ones are failed one by one, then every k-th; --all takes all. The
last line has the figures; the exit code is 1 when there was a violation.
"""

import argparse
import errno
import os
import re
import shutil
import signal
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from process import CONFIG, NOTHING_LOST, Fault, Process, Violation
from story import STEPS, Story
from redis_server import Redis  # on the path since process

FAULTS = [
    Fault("alloc", errno.ENOMEM), Fault("alloc", errno.ENOMEM, lasting=True),
    Fault("recv", errno.EINTR), Fault("recv", errno.ECONNRESET), Fault("recv", 0),
    Fault("send", errno.EINTR), Fault("send", errno.ENOBUFS), Fault("send", 0),
    Fault("accept", errno.EMFILE), Fault("accept", errno.ECONNABORTED), Fault("accept", errno.EINTR),
    Fault("pread", errno.EIO), Fault("pread", errno.EINTR), Fault("pread", 0),
    Fault("pwrite", errno.EIO), Fault("pwrite", errno.ENOSPC, lasting=True),
    Fault("pwrite", errno.EINTR), Fault("pwrite", 0),
    Fault("read", errno.EIO), Fault("read", errno.EINTR), Fault("read", 0),
    Fault("write", errno.ENOSPC, lasting=True), Fault("write", errno.EINTR), Fault("write", 0),
    Fault("fsync", errno.EIO), Fault("fsync", errno.EIO, lasting=True),
    Fault("open", errno.EMFILE), Fault("open", errno.EROFS, lasting=True),
    Fault("ftruncate", errno.EIO), Fault("rename", errno.EIO), Fault("unlink", errno.EIO),
    Fault("stat", errno.EIO), Fault("lock", errno.ENOLCK), Fault("mkdir", errno.EROFS),
    Fault("chmod", errno.EPERM), Fault("socket", errno.EMFILE), Fault("descriptor", errno.EMFILE),
    Fault("pipe", errno.EMFILE), Fault("watch", errno.ENOSPC), Fault("wait", errno.EINTR),
    Fault("wake", errno.EINTR), Fault("thread", errno.EAGAIN), Fault("random", errno.ENOSYS),
    Fault("close", errno.EIO),
]
FAULTS_OVER_REDIS = [
    Fault("alloc", errno.ENOMEM), Fault("alloc", errno.ENOMEM, lasting=True),
    Fault("connect", errno.ECONNREFUSED), Fault("connect", errno.EINTR), Fault("connect", errno.EAGAIN),
    Fault("poll", errno.ENOMEM), Fault("poll", errno.EINTR), Fault("socket", errno.EMFILE),
    Fault("recv", errno.EINTR), Fault("recv", errno.ECONNRESET), Fault("recv", 0),
    Fault("send", errno.EINTR), Fault("send", errno.EPIPE), Fault("send", 0),
    Fault("read", errno.EIO), Fault("read", 0), Fault("write", errno.ENOSPC, lasting=True),
    Fault("fsync", errno.EIO), Fault("open", errno.EMFILE), Fault("lock", errno.ENOLCK),
    Fault("thread", errno.EAGAIN), Fault("random", errno.ENOSYS), Fault("close", errno.EIO),
]
ONE_BY_ONE = 200  # then in steps
STEPPED = 60      # so many more
DOCUMENTED = {71, 73, 74, 78}
# What libuv can not do without: it aborts, and the daemon says so.
ABORTING = {"pipe", "watch"}
# What a failed call must not be taken for: somebody might move a good state away.
ACCUSATION = re.compile("meta row|state hash|contradicts|not a database|has version|forgotten|another daemon|"
                        "not of lockq|somebody else")
KILLED_AFTER = 9  # steps: what the second beginning finds


class Report:
    """What the preloaded library wrote."""

    def __init__(self, path):
        with open(path, "a+", encoding="ascii") as file:
            file.seek(0)
            text = file.read()
        os.unlink(path)
        self.reached = "reached" in text
        self.counts = {k: int(v) for k, v in re.findall(r"(\w+)=(-?\d+)", text)}


class Backing:
    """What is outside of the folder of a daemon: nothing, or keys in a Redis."""

    def __init__(self, redis=None):
        self.redis = redis

    @staticmethod
    def prefix(folder):
        return os.path.basename(folder) + ":"

    def make(self, folder):
        os.makedirs(folder, exist_ok=True)
        if self.redis:
            with open(os.path.join(folder, CONFIG), "w", encoding="ascii") as file:
                file.write(f"redis = {self.redis.url}\nredis_prefix = {self.prefix(folder)}\n")

    def copy(self, old, new):
        shutil.copytree(old, new, ignore=shutil.ignore_patterns("socket"))
        self.make(new)
        if self.redis:
            old, new = self.prefix(old), self.prefix(new)
            for key in self.redis.call("KEYS", old + "*"):
                self.redis.call("COPY", key, new + key[len(old):])

    def remove(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        if self.redis:
            for key in self.redis.call("KEYS", self.prefix(folder) + "*"):
                self.redis.call("DEL", key)


class Beginning:
    """Where a run begins: a folder to be copied, and the story up to there."""

    def __init__(self, name, backing, folder, story):
        self.name, self.backing, self.folder, self.story = name, backing, folder, story
        self.counts, self.descriptors = {}, 0

    def copy(self, folder):
        self.backing.copy(self.folder, folder)
        return self.story.copy()


class Run:
    """One run with a fault, the judgement, and the run after it."""

    def __init__(self, beginning, folder, fault, n):
        self.beginning, self.fault, self.n = beginning, fault, n
        self.folder, self.report = folder, None
        self.code = self.n_named = 0

    def play(self):
        story = self.beginning.copy(self.folder)
        report = os.path.join(self.folder, "report")
        process = Process(self.folder, self.fault.environment(self.n, report))
        self.code = self.first(process, story)
        self.n_named = story.n_named
        self.report = Report(report)
        self.judge(process.log)
        self.again(story)
        self.beginning.backing.remove(self.folder)

    def first(self, process, story):
        """To the end of the script, or of the daemon; its exit code."""
        try:
            if not process.is_ready or not story.go_on(process):
                return process.end()
            self.look_at_descriptors(process)
            return process.stop()
        except Violation:
            process.kill()
            raise
        finally:
            story.forget()

    def look_at_descriptors(self, process):
        """Every connection is counted: those of three clients at most are open."""
        n = process.descriptors()
        self.beginning.descriptors = self.beginning.descriptors or n
        if n > self.beginning.descriptors + 3:
            raise Violation(f"{n} open descriptors, usually {self.beginning.descriptors}")

    def judge(self, log):
        errors = [line for line in log.splitlines()
                  if "level=error" in line and "event=store_away" not in line]
        # Without random numbers it ends on the spot.
        kept = 0 if "event=no_random" in log else self.report.counts.get("live", 0)
        if kept > self.beginning.counts.get("live", kept):
            raise Violation(f"exit {self.code}: {kept} pieces of memory are left, usually "
                            f"{self.beginning.counts['live']}: {log!r}")
        if ACCUSATION.search(log):
            raise Violation(f"it accuses the state: {log!r}")
        if self.code == 0:
            if errors or "event=stopped" not in log:
                raise Violation(f"exit 0: {log!r}")
        elif self.code == -signal.SIGABRT and self.fault.family in ABORTING:
            if len(errors) != 1 or "event=aborted" not in log or NOTHING_LOST not in log:
                raise Violation(f"it aborts without a clear line: {log!r}")
        elif self.code == 78 and re.fullmatch(r"lockqd: \S+\.conf: .+\n", log):
            return  # it could not read that
        elif self.code not in DOCUMENTED:
            raise Violation(f"exit {self.code}: {log!r}")
        elif len(errors) == 2 and self.fault.lasting and "event=out_of_memory" in errors[1]:
            return  # it has given a reason, and on its way out there was no memory either
        elif len(errors) != 1 or log.splitlines()[-1] != errors[0]:
            raise Violation(f"exit {self.code} not with one clear line: {log!r}")
        elif self.code in (71, 74) and "event=refused" not in log and NOTHING_LOST not in log:
            raise Violation(f"exit {self.code} and no word of what was answered: {log!r}")
        elif re.search(r"Success|Undefined error|reason=\S*:? *$", errors[0]):
            raise Violation(f"exit {self.code} without a reason: {log!r}")

    def again(self, story):
        """Without the fault."""
        process = Process(self.folder)
        try:
            if not process.is_ready:
                raise Violation(f"it does not start again: {process.log!r}")
            story.compare(process)
            if not story.go_on(process):
                raise Violation(f"it ended without a fault: {process.log!r}")
            story.compare(process)
        except Violation:
            process.kill()
            raise
        finally:
            story.forget()
        if process.stop() != 0:
            raise Violation(f"it does not stop: {process.log!r}")


class Faults:
    """All of it, two runs side by side."""

    def __init__(self, folder, arguments, backing):
        self.folder, self.arguments, self.backing = folder, arguments, backing
        self.beginnings = []
        self.violations, self.codes = [], Counter()
        self.runs = self.reached = self.named = 0

    def prepare(self):
        """The two beginnings, and how often each family is called from there."""
        first = os.path.join(self.folder, "first")
        self.backing.make(first)
        process, story = Process(first), Story()
        story.seen.append(story.told(process))
        story.go_on(process)
        story.forget()
        process.stop()
        for name, steps in (("nothing", 0), ("a killed daemon", KILLED_AFTER)):
            folder = os.path.join(self.folder, "from" + str(steps))
            self.backing.make(folder)
            begun = Story(story.seen)
            if steps > 0:
                process = Process(folder)
                begun.go_on(process, until=steps)
                process.kill()
                begun.forget()
            self.beginnings.append(Beginning(name, self.backing, folder, begun))
        for beginning in self.beginnings:
            run = Run(beginning, os.path.join(self.folder, "count"), Fault("none", 0), 0)
            run.play()
            beginning.counts = run.report.counts

    def numbers(self, fault, beginning):
        """n of each run, in order; the last ones are beyond what was counted."""
        counted = beginning.counts.get(fault.family, 0)
        step = 1
        if not self.arguments.all:
            step = max(1, (counted - ONE_BY_ONE) // STEPPED)
        n = 1
        while True:
            yield n
            n += 1 if n < ONE_BY_ONE else step

    def fail_each(self, fault, beginning):
        """n = 1, 2, 3 ... until the fault is not reached any more."""
        folder = os.path.join(self.folder, f"{id(fault)}-{id(beginning)}")
        n_runs, codes = 0, Counter()
        for n in self.numbers(fault, beginning):
            run = Run(beginning, folder, fault, n)
            n_runs += 1
            try:
                run.play()
            except Violation as violation:
                self.violations.append(f"{fault} n={n} from {beginning.name}: {violation}")
                print(f"VIOLATION {self.violations[-1]}", flush=True)
                self.backing.remove(folder)
            if run.report is not None and not run.report.reached:
                break
            codes[run.code] += 1
            self.reached += 1
            self.named += run.n_named
        self.runs += n_runs
        self.codes += codes
        print(f"{fault}, from {beginning.name}: {n_runs} runs to n={n}; exits "
              f"{dict(sorted(codes.items()))}", flush=True)

    def run(self):
        self.prepare()
        faults = FAULTS_OVER_REDIS if self.backing.redis else FAULTS
        faults = [f for f in faults if self.arguments.only in str(f)]
        jobs = [(f, b) for f in faults for b in self.beginnings]
        with ThreadPoolExecutor(2) as pool:
            for job in [pool.submit(self.fail_each, *job) for job in jobs]:
                job.result()
        stops = sum(n for code, n in self.codes.items() if code != 0)
        print(f"faults: families={len({f.family for f in faults})} runs={self.runs} "
              f"reached={self.reached} stops={stops} named={self.named} "
              f"violations={len(self.violations)}")
        return 1 if self.violations else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lockqd", required=True)
    parser.add_argument("--preload", required=True)
    parser.add_argument("--redis", action="store_true")
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", default="")
    arguments = parser.parse_args()
    Process.lockqd, Process.preload = arguments.lockqd, arguments.preload
    # In memory, where there is such a place: what is tried here are failures, not a disk's speed.
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lockq-faults-", dir=place) as folder:
        redis = Redis(folder) if arguments.redis else None
        try:
            return Faults(folder, arguments, Backing(redis)).run()
        finally:
            if redis:
                redis.kill()


if __name__ == "__main__":
    sys.exit(main())
