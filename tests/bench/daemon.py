#!/usr/bin/python3
"""The daemon under load, beside two baselines measured in the same run.

    daemon.py BUILD_FOLDER [--quick] [--json] [--rounds N] [--seconds S] [--folder FOLDER]

Starts lockqd three times (memory: volatile; sqlite: durable; redis: over a redis-server of its own
that syncs always, and shares the processors too), a libuv echo server and a libuv server that
makes one SQLite commit of a loop turn, all on unix sockets and TCP; then sends load through
lockq-bench-load, round by round, so that a slow moment of the machine meets all of them. Figures are
medians over the rounds, ratios are medians of the ratios within a round. Load and servers share the
processors. The databases lie in FOLDER (a temporary one where none is named): its disk is what
`durable` measures.
"""
import argparse
import collections
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading

CONNECTIONS = (1, 8, 64, 256)
MAIN = ("unix", 64)
CHECK = ("check of 1,000 keys, 10 locked", "unix", 1)
CHECK_WANTED_US = 1000

# name: server, mode of the load, keys
SERIES = {
    "echo, requests": ("echo", "echo", 1),
    "commit, pairs": ("commit", "commit", 1),
    "volatile, 1 key": ("volatile", "own", 1),
    "volatile, 10 keys": ("volatile", "own", 10),
    "durable, 1 key": ("durable", "own", 1),
    "durable, 10 keys": ("durable", "own", 10),
    "volatile, hot key": ("volatile", "hot", 1),
    "durable, hot key": ("durable", "hot", 1),
    "over redis, 1 key": ("redis", "own", 1),
    "over redis, 10 keys": ("redis", "own", 10),
    "over redis, hot key": ("redis", "hot", 1),
    CHECK[0]: ("volatile", "check", 1000),
}

# what: series above, series below, what it should reach
RATIOS = {
    "volatile pairs / echo requests": ("volatile, 1 key", "echo, requests", 0.35),
    "durable pairs / commit pairs": ("durable, 1 key", "commit, pairs", 0.75),
    "durable, 10 keys / 1 key": ("durable, 10 keys", "durable, 1 key", 0.7),
    "over redis / durable, 1 key": ("over redis, 1 key", "durable, 1 key", 0.4),
}


class Server:
    """A process that serves one address on each transport, ended at the end."""

    def __init__(self, commands, marker):
        self.processes = []
        for command in commands:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            self.processes.append(process)
            seen = []
            while marker not in (line := process.stdout.readline()):
                seen.append(line)
                if line == "":
                    sys.exit(f"{command[0]} did not start:\n{''.join(seen)}")
            # What it says from now on is read and dropped, so that it never waits for us.
            threading.Thread(target=collections.deque, args=(process.stdout, 0), daemon=True).start()

    def stop(self):
        for process in self.processes:
            process.send_signal(signal.SIGTERM)
            process.wait()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bench:
    def __init__(self, build, folder):
        self.load = build / "tests/bench/lockq-bench-load"
        self.addresses = {
            (server, transport): f"unix:{folder}/{server}.sock"
            if transport == "unix"
            else f"tcp:127.0.0.1:{free_port()}"
            for server in ("echo", "commit", "volatile", "durable", "redis")
            for transport in ("unix", "tcp")
        }
        self.servers = []
        self.start(build, folder)

    def start(self, build, folder):
        def listens(server):
            both = (self.addresses[server, "unix"], self.addresses[server, "tcp"])
            return [word for address in both for word in ("--listen", address)]

        daemon = str(build / "scheduler/server/lockqd")
        echo, commit = (str(build / "tests/bench" / f"lockq-bench-{name}") for name in ("echo", "commit"))
        transports = ("unix", "tcp")
        redis = ("--port", "0", "--unixsocket", f"{folder}/redis-server.sock", "--dir", str(folder),
                 *("--appendonly", "yes", "--appendfsync", "always", "--save", ""))
        plans = [
            ([[echo, self.addresses["echo", t]] for t in transports], "ready"),
            ([[commit, self.addresses["commit", t], f"{folder}/{t}.db"] for t in transports], "ready"),
            ([[daemon, "--backend", "memory", *listens("volatile")]], "event=ready"),
            (
                [[daemon, "--backend", "sqlite", "--state-dir", f"{folder}/state", *listens("durable")]],
                "event=ready",
            ),
            ([["redis-server", *redis]], "ready to accept connections"),
            (
                [[daemon, "--backend", "redis", "--redis", f"unix:{folder}/redis-server.sock",
                  "--state-dir", f"{folder}/state-redis", *listens("redis")]],
                "event=ready",
            ),
        ]
        for commands, marker in plans:
            self.servers.append(Server(commands, marker))

    def stop(self):
        for server in reversed(self.servers):
            server.stop()

    def measure(self, cell, seconds):
        """One cell once: (a second, median in us, 99th percentile in us)."""
        name, transport, connections = cell
        server, mode, keys = SERIES[name]
        out = subprocess.run(
            [
                str(self.load),
                *("--addr", self.addresses[server, transport], "--mode", mode),
                *("--connections", str(connections), "--keys", str(keys), "--seconds", str(seconds)),
            ],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        return tuple(float(word) for word in out.split())


def cells_of(quick):
    places = [MAIN] if quick else [(t, n) for t in ("unix", "tcp") for n in CONNECTIONS]
    names = [name for name in SERIES if name != CHECK[0]]
    return [(name, *place) for place in places for name in names if "hot" not in name or place == MAIN] + [CHECK]


def medians(rounds):
    return {cell: tuple(statistics.median(column) for column in zip(*(r[cell] for r in rounds))) for cell in rounds[0]}


def ratios(rounds):
    return {
        what: statistics.median(r[above, *MAIN][0] / r[below, *MAIN][0] for r in rounds)
        for what, (above, below, _) in RATIOS.items()
    }


def print_table(figures, ratio, busy):
    figures = dict(figures)
    _, check_us, check_late_us = figures.pop(CHECK)
    print(f"{os.cpu_count()} processors, load average {busy:.1f} before the first round")
    columns = [n for n in CONNECTIONS if any(cell[2] == n for cell in figures)]
    for transport in ("unix", "tcp"):
        names = [name for name in SERIES if any(cell[:2] == (name, transport) for cell in figures)]
        if not names:
            continue
        print(f"\n{transport + ', a second':24}" + "".join(f"{n:>9} conn" for n in columns))
        for name in names:
            row = (figures.get((name, transport, n)) for n in columns)
            print(f"{name:24}" + "".join(f"{'' if f is None else format(f[0], ',.0f'):>14}" for f in row))
    print(f"\n{'time to an answer, us':24}{'median':>14}{'99 %':>14}   ({MAIN[0]}, {MAIN[1]} connections)")
    for name in SERIES:
        if name != CHECK[0]:
            _, middle, late = figures[name, *MAIN]
            print(f"{name:24}{middle:14,.0f}{late:14,.0f}")
    print(f"\n{CHECK[0]}, one connection: {check_us:,.0f} us, 99 % {check_late_us:,.0f} us; wanted {CHECK_WANTED_US:,}")
    print(f"\n{'ratios':40}{'reached':>10}{'wanted':>10}   ({MAIN[0]}, {MAIN[1]} connections)")
    for what, reached in ratio.items():
        print(f"{what:40}{reached:10.2f}{RATIOS[what][2]:10.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--quick", action="store_true", help="64 connections on a unix socket only")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement")
    parser.add_argument("--folder", help="where the databases lie")
    arguments = parser.parse_args()

    cells = cells_of(arguments.quick)
    rounds, busy = [], os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="lockq-bench-", dir=arguments.folder) as folder:
        bench = Bench(arguments.build, folder)
        try:
            for number in range(arguments.rounds):
                print(f"daemon bench: round {number + 1} of {arguments.rounds}", file=sys.stderr)
                rounds.append({cell: bench.measure(cell, arguments.seconds) for cell in cells})
        except subprocess.CalledProcessError as error:
            sys.exit(error.stderr)
        finally:
            bench.stop()

    figures, ratio = medians(rounds), ratios(rounds)
    if arguments.json:
        rows = [
            {"series": name, "transport": transport, "connections": n, "a_second": f[0], "p50_us": f[1], "p99_us": f[2]}
            for (name, transport, n), f in figures.items()
        ]
        machine = {"processors": os.cpu_count(), "load_average": busy, "rounds": len(rounds)}
        print(json.dumps({**machine, "figures": rows, "ratios": ratio}))
    else:
        print_table(figures, ratio, busy)


if __name__ == "__main__":
    main()
