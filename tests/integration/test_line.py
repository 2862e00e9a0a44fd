"""The line against a brute-force model: every view, push, row and record of random histories."""

import random

import pytest

from model import POOL, Model, conflict, normal, overlap, random_set

SESSIONS = 5
STEPS = 700
WAITING = {"op", "state", "ticket", "seq", "ahead", "blockers"}
GRANTED = {"op", "state", "ticket", "seq", "token"}
ENDED = {"op", "state", "ticket", "seq", "end"}


class Play:
    """One random history, played to a daemon and to the model."""

    def __init__(self, daemon, seed):
        self.chance = random.Random(seed)
        self.daemon = daemon
        self.model = Model()
        self.clients = {}
        self.n_sessions = 0
        self.n_ops = 0
        self.seq = 0
        self.tokens = {}
        self.expected = {}  # session -> pushes that it must have got
        for _ in range(SESSIONS):
            self.join()

    def join(self):
        """One with a hello (and no grace) or without: both are lost with their connection."""
        self.n_sessions += 1
        client = self.daemon.client(grace=0) if self.chance.random() < 0.5 else self.daemon.bare()
        self.clients[self.n_sessions] = client
        self.expected[self.n_sessions] = []

    def anybody(self):
        return self.chance.choice(sorted(self.clients))

    def new_seq(self, seq):
        assert seq > self.seq, "every change has the next number"
        self.seq = seq

    def push_grants(self, granted):
        for op in granted:
            if op.session in self.expected:
                self.expected[op.session].append(("granted", op.name))

    def check_view(self, op, view):
        assert (view["op"], view["state"], view.get("end"), view["ticket"]) == op.told()
        if op.state == "waiting":
            assert set(view) == WAITING, view
            blockers = self.model.blockers(op.keys, op.ticket)
            self.check_blockers(op.keys, blockers, view)
        elif op.state == "granted":
            assert set(view) == GRANTED, view
            known = self.tokens.setdefault(op.name, view["token"])
            assert known == view["token"], "one grant, one token"
        else:
            assert set(view) == ENDED | ({"token"} if op.grant else set()), view

    def check_blockers(self, keys, blockers, view):
        assert view["ahead"] == len(blockers)
        assert len(view["blockers"]) == min(16, len(blockers))
        by_name = {op.name: op for op in blockers}
        seen = set()
        for told in view["blockers"]:
            assert set(told) == {"op", "key", "mode", "state", "who", "why", "since"}, told
            op = by_name[told["op"]]
            seen.add(told["op"])
            assert told["state"] == op.state
            assert op.keys[told["key"]] == told["mode"], (told, op.keys)
            assert conflict({told["key"]: told["mode"]}, keys), (told, op.keys, keys)
        assert len(seen) == len(view["blockers"]), "each once"
        if len({op.ticket for op in blockers}) <= 16 and len(keys) == 1 and "/" not in next(
                iter(keys)) and not any("/" in key for op in blockers for key in op.keys):
            # On one plain key the order is plain: holders by grant, then the line.
            plain = sorted(blockers, key=lambda op: (op.state != "granted",
                                                     op.grant if op.grant else op.ticket))
            assert [told["op"] for told in view["blockers"]] == [op.name for op in plain]

    def submit(self):
        session = self.anybody()
        keys, shared = random_set(self.chance)
        wait = self.chance.random() < 0.8
        self.n_ops += 1
        name = f"o{self.n_ops}"
        before = {op.name: op.state for op in self.model.ops.values()}
        op = self.model.submit(name, normal(keys, shared), session, wait)
        method = "submit" if self.chance.random() < 0.7 or (op and op.state == "waiting") \
            else "acquire"
        view = self.clients[session].call(method, op=name, keys=keys, shared=shared, wait=wait)
        if op is None:
            assert set(view) == {"op", "state", "end", "seq", "ahead", "blockers"}, view
            assert (view["state"], view["end"], view["op"]) == ("ended", "refused", name)
            self.check_blockers(normal(keys, shared), self.model.blockers(
                normal(keys, shared), self.model.tickets + 1), view)
            assert view["seq"] == self.seq
        else:
            self.check_view(op, view)
            self.new_seq(view["seq"])
            assert {o.name: o.state for o in self.model.ops.values() if o is not op} == before

    def finish(self, state, method, end):
        candidates = [op for op in self.model.live(state) if op.session in self.clients]
        if not candidates:
            return
        op = self.chance.choice(candidates)
        view = self.clients[op.session].call(method, op=op.name)
        granted = self.model.finish(op.name, end)
        self.check_view(op, view)
        self.new_seq(view["seq"])
        self.push_grants(granted)
        self.collect()

    def release(self):
        self.finish("granted", "release", "released")

    def cancel(self):
        self.finish("waiting", "cancel", "cancelled")

    def leave(self):
        session = self.anybody()
        losing = [op for op in self.model.live("granted", "waiting") if op.session == session]
        self.clients.pop(session).close()
        del self.expected[session]
        self.push_grants(self.model.lose(session))
        self.join()
        other = self.clients[self.anybody()]
        for op in losing:  # the connection's end is seen when it is seen: `wait` says when
            with pytest.raises(Exception, match="not_owner|not_found"):
                other.call("wait", op=op.name)
        while losing:
            record = other.call("status", op=losing[-1].name)
            if record["state"] == "ended":
                assert record["end"] == "lost"
                losing.pop()
        self.collect()

    def collect(self):
        """Every session got what it must have got, in order, and nothing else."""
        for session, client in self.clients.items():
            seq = client.call("list", limit=1)["seq"]
            got, client.pushes = client.pushes, []
            assert [(method, view["op"]) for method, view in got] == self.expected[session]
            self.expected[session] = []
            for _, view in got:
                op = self.model.ops[view["op"]]
                assert set(view) == GRANTED, view
                self.tokens[op.name] = view["token"]
            self.seq = max(self.seq, seq)
        by_grant = sorted((op for op in self.model.ops.values() if op.name in self.tokens),
                          key=lambda op: op.grant)
        tokens = [self.tokens[op.name] for op in by_grant]
        assert tokens == sorted(set(tokens)), "tokens rise with the grants"

    def repeat(self):
        """A repeated submit is the same operation, whoever waits now."""
        candidates = [op for op in self.model.ops.values() if op.session in self.clients]
        if candidates:
            op = self.chance.choice(candidates)
            keys = [k for k, m in op.keys.items() if m == "exclusive"]
            shared = [k for k, m in op.keys.items() if m == "shared"]
            self.chance.shuffle(keys)
            self.check_view(op, self.clients[op.session].call(
                "submit", op=op.name, keys=keys, shared=shared + shared))

    def check(self):
        asked = self.chance.sample(POOL, 5)
        result = self.clients[self.anybody()].call("check", keys=asked)
        rows = {row[0]: row[1:] for row in result["locked"]}
        assert len(rows) == len(result["locked"])
        named = set()
        for key in asked:
            holders, waiting = self.model.row(key)
            if not holders and not waiting:
                assert key not in rows, "it is free"
                continue
            held, op, mode, state, n_holders, n_waiting = rows[key]
            first = (holders or waiting)[0]
            assert (op, state) == (first.name, first.state), (key, rows[key])
            assert first.keys[held] == mode and overlap(held, key)
            assert (n_holders, n_waiting) == (len(holders), len(waiting)), (key, rows[key])
            named.add(op)
        assert set(rows) <= set(asked)
        assert set(result["ops"]) == named
        assert set(result) == {"locked", "ops", "seq"}

    def list(self):
        fields = {}
        ops = self.model.live("granted", "waiting")
        session = self.anybody()
        if self.chance.random() < 0.4:
            fields["key"] = self.chance.choice(POOL)
            ops = [op for op in ops if any(covers_or(fields["key"], k) for k in op.keys)]
        if self.chance.random() < 0.3:
            fields["state"] = [self.chance.choice(["waiting", "granted"])]
            ops = [op for op in ops if op.state == fields["state"][0]]
        if self.chance.random() < 0.2:
            fields["mine"] = True
            ops = [op for op in ops if op.session == session]
        result = self.clients[session].call("list", **fields)
        assert [r["op"] for r in result["ops"]] == [op.name for op in ops], fields
        for record, op in zip(result["ops"], ops):
            assert record["keys"] == sorted(k for k, m in op.keys.items() if m == "exclusive")
            assert record["shared"] == sorted(k for k, m in op.keys.items() if m == "shared")
            assert ("token" in record) == (op.state == "granted" and op.session == session)


def covers_or(asked, key):
    """`list` with a key tells of that key and all below."""
    return asked == "/" or key == asked or key.startswith(asked + "/")


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_everything_told_agrees_with_the_model(start, backend, seed):
    """Who waits, who goes, who is told, by what token, behind whom: rules 1, 2, 3, 4, 6, 7, 9."""
    play = Play(start(backend=backend), seed)
    steps = [play.submit] * 10 + [play.release] * 7 + [play.cancel] * 2 + [play.repeat] * 2 \
        + [play.check] * 2 + [play.list] * 2 + [play.leave]
    for _ in range(STEPS if backend == "memory" else STEPS // 3):
        play.chance.choice(steps)()
    assert play.model.grants > 20
