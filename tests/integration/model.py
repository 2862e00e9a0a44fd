"""A brute-force reading of DESIGN.md section 3, to judge a daemon by: slow, small, nothing clever.

An operation is a dict of paths to "exclusive" or "shared". Whether two of them exclude one another
is asked key by key; who may go is asked by looking at everybody who came before.
"""

import random

# The marks sort before the slash: what is below a key does not stand next to it.
POOL = ["A", "B", "C", "A/1", "A/2", "A/1/x", "A/1/y", "B/1", "B/2", "D/1", "A!", "A/1-", "A-/1",
        "/"]


def covers(above, below):
    return above == "/" or below == above or below.startswith(above + "/")


def overlap(p, q):
    return covers(p, q) or covers(q, p)


def conflict(a, b):
    return any(overlap(p, q) and "exclusive" in (m, n)
               for p, m in a.items() for q, n in b.items())


def normal(keys, shared):
    """What is left of a set when everything that adds nothing is dropped."""
    modes = {**dict.fromkeys(shared, "shared"), **dict.fromkeys(keys, "exclusive")}
    return {p: m for p, m in modes.items()
            if not any(q != p and covers(q, p) and n in (m, "exclusive")
                       for q, n in modes.items())}


class Op:
    def __init__(self, name, keys, session, ticket):
        self.name = name
        self.keys = keys
        self.session = session
        self.ticket = ticket
        self.state = "waiting"
        self.end = None
        self.grant = None  # the number of its grant

    def told(self):
        return (self.name, self.state, self.end, self.ticket)


class Model:
    """The operations of one namespace, and what happens to them."""

    def __init__(self):
        self.ops = {}
        self.alive = []  # by ticket
        self.tickets = 0
        self.grants = 0

    def live(self, *states):
        return [op for op in self.alive if op.state in states]

    def blockers(self, keys, ticket):
        """Who keeps this set waiting: whoever is granted, or waits with an earlier ticket."""
        return [op for op in self.live("granted", "waiting")
                if op.ticket != ticket and conflict(op.keys, keys)
                and (op.state == "granted" or op.ticket < ticket)]

    def settle(self):
        """Grants what can be granted, in ticket order; returns those."""
        granted = []
        for op in self.live("waiting"):
            if not self.blockers(op.keys, op.ticket):
                self.grants += 1
                op.state, op.grant = "granted", self.grants
                granted.append(op)
        return granted

    def submit(self, name, keys, session=None, wait=True):
        """The operation, or None when it is refused."""
        if not wait and self.blockers(keys, self.tickets + 1):
            return None
        self.tickets += 1
        op = self.ops[name] = Op(name, keys, session, self.tickets)
        self.alive.append(op)
        self.settle()
        return op

    def finish(self, name, end):
        """Ends one; returns what is granted thereby."""
        self.end(self.ops[name], end)
        return self.settle()

    def end(self, op, end):
        op.state, op.end = "ended", end
        self.alive.remove(op)

    def lose(self, session):
        """A session is over: its operations end, none of them is granted on the way."""
        for op in self.live("granted", "waiting"):
            if op.session == session:
                self.end(op, "lost")
        return self.settle()

    def row(self, key):
        """Of `check`: the operations that an exclusive try on the key meets, holders by grant."""
        met = [op for op in self.live("granted", "waiting")
               if conflict(op.keys, {key: "exclusive"})]
        holders = sorted((op for op in met if op.state == "granted"), key=lambda op: op.grant)
        return holders, [op for op in met if op.state == "waiting"]

    def snapshot(self):
        return {op.told() for op in self.ops.values()}


def random_set(chance: random.Random, most=4):
    """The lists `keys` and `shared` of a request."""
    chosen = [chance.choice(POOL if chance.random() < 0.98 else ["/"])
              for _ in range(chance.randint(1, most))]
    chosen = [key for key in chosen if key != "/" or chance.random() < 0.2] or ["C"]
    keys = [key for key in chosen if chance.random() < 0.6]
    return keys, [key for key in chosen if key not in keys]
