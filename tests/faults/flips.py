#!/usr/bin/env python3
"""A bit of a file of the state flips while no daemon runs: does it say so, or tell what is not true?

The script of story.py leaves three states: of a daemon that was killed early, of one that was killed late,
and of one that was stopped. In a copy one bit of one of its files is flipped, and lockqd is started. Either it
refuses with a documented exit code and one clear line, at once or when it meets the damage; or the bit
meant nothing: it knows exactly what was answered, and takes the script to its end. A bit of the write-ahead
log may also cost what came after it, as on a disk that lies: then it must know a whole earlier state.

    flips.py --lockqd PATH [--flips N] [--seed N]

The last line has the figures; the exit code is 1 when there was a violation.
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from process import Process, Violation
from story import STEPS, Story

EARLY, LATE = 9, 18
DOCUMENTED = {73, 74, 78}


class State:
    """What a daemon left behind, and what it had told by then."""

    def __init__(self, name, folder, snapshots, steps, is_killed):
        self.name, self.folder, self.story = name, folder, Story(snapshots)
        os.mkdir(folder)
        process = Process(folder)
        self.story.go_on(process, until=steps)
        if is_killed:
            process.kill()
        else:
            process.stop()
        self.story.forget()
        state = os.path.join(folder, "state")
        self.files = {}
        for file in sorted(os.listdir(state)):
            with open(os.path.join(state, file), "rb") as opened:
                content = opened.read()
            if content:
                self.files[file] = content
        self.database = [file for file in self.files if file.startswith("lockq.db")]

    def choose(self, chance):
        """Mostly of the database and its log, and mostly where something stands."""
        file = chance.choice(self.database if chance.random() < 0.9 else list(self.files))
        content = self.files[file]
        place = chance.randrange(len(content))
        while content[place] == 0 and chance.random() < 0.95:
            place = chance.randrange(len(content))
        return file, place * 8 + chance.randrange(8)


def refused(process):
    """Whether it ended as it is to; else it is a violation."""
    code = process.end()
    errors = [line for line in process.log.splitlines() if "level=error" in line]
    if code not in DOCUMENTED or len(errors) != 1 or process.log.splitlines()[-1] != errors[0]:
        raise Violation(f"exit {code} not with one clear line: {process.log!r}")
    return True


def try_start(folder, story, is_log):
    """Returns whether it refused."""
    process = Process(folder)
    try:
        if not process.is_ready:
            return refused(process)
        if is_log:
            story.sessions.clear()  # they may be among what is lost
        story.compare(process, torn=len(STEPS) if is_log else 0)
        if not is_log and not story.go_on(process):
            return refused(process)
        if process.stop() != 0:
            raise Violation(f"it does not stop: {process.log!r}")
        return False
    except Violation:
        process.kill()
        raise
    finally:
        story.forget()


class Flips:
    def __init__(self, folder, arguments):
        self.folder, self.n = folder, arguments.flips
        self.chance = random.Random(arguments.seed)
        self.outcomes, self.violations = Counter(), 0

    def prepare(self):
        first = os.path.join(self.folder, "first")
        os.mkdir(first)
        process, story = Process(first), Story()
        story.seen.append(story.told(process))
        story.go_on(process)
        story.forget()
        process.stop()
        return [State(name, os.path.join(self.folder, name), story.seen, steps, is_killed)
                for name, steps, is_killed in (("early", EARLY, True), ("late", LATE, True),
                                               ("stopped", LATE, False))]

    def flip(self, job):
        number, state, file, bit = job
        folder = os.path.join(self.folder, str(number))
        shutil.copytree(state.folder, folder, ignore=shutil.ignore_patterns("socket"))
        with open(os.path.join(folder, "state", file), "r+b") as opened:
            opened.seek(bit // 8)
            byte = opened.read(1)[0]
            opened.seek(bit // 8)
            opened.write(bytes([byte ^ 1 << bit % 8]))
        try:
            is_refused = try_start(folder, state.story.copy(), file.endswith("-wal"))
            self.outcomes[file, is_refused] += 1
        except Violation as violation:
            self.violations += 1
            print(f"VIOLATION bit {bit} of {file}, {state.name}: {violation}", flush=True)
        shutil.rmtree(folder)

    def run(self):
        states = self.prepare()
        jobs = []
        for number in range(self.n):
            state = states[number % len(states)]
            jobs.append((number, state, *state.choose(self.chance)))
        with ThreadPoolExecutor(2) as pool:
            for done, _ in enumerate(pool.map(self.flip, jobs), 1):
                if done % 200 == 0:
                    print(f"flips: {done} of {self.n}", file=sys.stderr, flush=True)
        for file in sorted({file for file, _ in self.outcomes}):
            print(f"{file}: {self.outcomes[file, True]} refused, "
                  f"{self.outcomes[file, False]} without a meaning")
        total = sum(n for (_, is_refused), n in self.outcomes.items() if is_refused)
        print(f"flips: flips={self.n} refused={total} violations={self.violations}")
        return 1 if self.violations else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lockqd", required=True)
    parser.add_argument("--flips", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    Process.lockqd = arguments.lockqd
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="lockq-flips-", dir=place) as folder:
        return Flips(folder, arguments).run()


if __name__ == "__main__":
    sys.exit(main())
