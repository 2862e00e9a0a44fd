"""The fixed script: three clients, one step after the other, and what must be known after each.

Every step may be repeated: ids make it so. A step that got a named error, or no answer because the
connection or the daemon went, is simply taken again; its answer must then be what it always is.
"""

import socket

from process import PATIENCE, Error, Gone, Violation

GRACE = 600000
CODES = {"bad_request", "unknown_method", "over_limit", "not_found", "op_reused", "wrong_token",
         "not_owner", "not_waiting", "not_granted", "already_claimed", "children_active",
         "no_session", "denied", "going_away", "unavailable", "parse"}


def tokens(view):
    return {"token": view["token"]}


# Who, method, fields (or what they are made of: the views so far), what the answer says.
STEPS = [
    ("A", "submit", {"op": "a", "keys": {"Project": [25]}, "why": "first"}, {"state": "granted"}),
    ("B", "submit", {"op": "b", "keys": ["Project/25/Task/88", "Log"]},
     {"state": "waiting", "ahead": 1}),
    ("C", "submit", {"op": "c", "shared": ["Project"]}, {"state": "waiting", "ahead": 2}),
    ("A", "submit", {"op": "d", "keys": ["Job/1"], "lease": 0, "payload": b"\1\2" * 2000,
                     "meta": {"n": 1}}, {"state": "granted"}),
    ("B", "submit", {"op": "e", "keys": ["Job/1", "Job/2"], "lease": GRACE},
     {"state": "waiting", "ahead": 1}),
    ("C", "submit", {"op": "no", "keys": ["Job/1"], "wait": False},
     {"state": "ended", "end": "refused"}),
    ("C", "submit", {"op": "many", "keys": {"Row": list(range(400))}, "meta": "m" * 4000},
     {"state": "granted"}),
    ("B", "cancel", {"op": "e", "why": "enough"}, {"state": "ended", "end": "cancelled"}),
    ("A", "check", {"keys": ["Project/25", "Job/2", "Row/7"]},
     {"locked": [["Project/25", "Project/25", "a", "exclusive", "granted", 1, 2],
                 ["Row/7", "Row/7", "many", "exclusive", "granted", 1, 0]]}),
    ("C", "release", {"op": "many", "outcome": "done"}, {"state": "ended", "end": "released"}),
    ("A", "release", {"op": "a"}, {"state": "ended", "end": "released"}),
    ("B", "wait", {"op": "b"}, {"state": "granted"}),
    ("A", "explain", {"op": "c"}, {"op": "c", "truncated": False}),
    ("B", "claim", {"op": "d"}, {"state": "granted", "payload": b"\1\2" * 2000}),
    ("B", "renew", lambda views: {"op": "d", **tokens(views["claim d"]), "progress": "half"},
     {"op": "d"}),
    ("B", "extend", lambda views: {"op": "b", **tokens(views["wait b"]), "keys": ["Log/1", "File"]},
     {"state": "granted"}),
    ("A", "submit", {"op": "f", "keys": ["File/9"], "lease": GRACE}, {"state": "waiting",
                                                                      "ahead": 1}),
    ("B", "release", {"op": "b"}, {"state": "ended", "end": "released"}),
    ("C", "acquire", {"op": "c", "shared": ["Project"]}, {"state": "granted"}),
    ("B", "release", lambda views: {"op": "d", **tokens(views["claim d"])},
     {"state": "ended", "end": "released"}),
    ("A", "acquire", {"op": "f", "keys": ["File/9"], "lease": GRACE}, {"state": "granted"}),
    ("A", "submit", {"op": "g", "keys": ["Project"], "lease": 0}, {"state": "waiting", "ahead": 1}),
    ("A", "list", {}, None),
]

ASKED_BEFORE = next(i for i, step in enumerate(STEPS) if step[:3] == ("A", "release", {"op": "a"}))
NOTHING_ASKED = (None, None, None)


class Story:
    """Where the script stands, and everything that was answered so far."""

    def __init__(self, snapshots=None):
        self.snapshots = snapshots  # after each number of steps, from a run without a fault
        self.seen = []              # in that run: the snapshots themselves
        self.done = 0
        self.views, self.tokens = {}, {}
        self.sessions, self.clients = {}, {}
        self.asked = NOTHING_ASKED  # the client, the method and the id of what waits
        self.n_named = self.n_gone = 0

    def copy(self):
        """One that stands where this one does. This one has no clients."""
        other = Story(self.snapshots)
        other.done, other.views = self.done, dict(self.views)
        other.tokens, other.sessions = dict(self.tokens), dict(self.sessions)
        return other

    def client(self, process, name):
        """A client that has said hello: resumes its session if one was answered."""
        if name not in self.clients:
            client = process.client()
            client.socket.settimeout(PATIENCE)
            session = self.sessions.get(name)
            hello = client.call("hello", grace=GRACE,
                                **({"resume": session} if session is not None else {}))
            self.sessions[name] = {k: hello[k] for k in ("session", "secret")}
            self.clients[name] = client
        return self.clients[name]

    def call(self, process, name, method, fields):
        """An answer, whatever it takes; None: the daemon is gone, or about to. A session of which
        no operation was durable dies with the daemon."""
        tries = 0
        while True:
            tries += 1
            if tries > 100:
                raise Violation(f"{method} gets no answer")
            try:
                client = self.client(process, name)
                if (client, method) == self.asked[:2]:
                    return client.answer(self.asked[2])
                return client.call(method, **fields)
            except Error as error:
                self.n_named += 1
                self.asked = NOTHING_ASKED
                if error.code not in CODES:
                    raise Violation(f"{method}: {error}") from error
                if tries > 50:
                    raise Violation(f"{method} {fields.get('op')}: {error}") from error
                if error.code == "no_session" and self.owns_nothing(name):
                    del self.sessions[name]
            except socket.timeout as error:
                raise Violation(f"it hangs at {method}") from error
            except (ConnectionRefusedError, FileNotFoundError):
                self.forget(name)
                return None
            except (Gone, ConnectionError):
                self.n_gone += 1
                self.forget(name)

    def ask_ahead(self, process, name, method, fields):
        """Sends a request whose answer must wait for the next step."""
        try:
            client = self.client(process, name)
            self.asked = (client, method, client.send(method, **fields))
        except (Error, Gone, OSError):
            self.forget(name)

    def owns_nothing(self, name):
        return not any(who == name and method in ("submit", "acquire")
                       for who, method, _, _ in STEPS[:self.done])

    def forget(self, name=None):
        for each in [name] if name else list(self.clients):
            client = self.clients.pop(each, None)
            if client is not None:
                client.close()

    def go_on(self, process, until=len(STEPS)):
        """Takes the steps that are left; False: the daemon ended meanwhile."""
        while self.done < until:
            name, method, fields, wanted = STEPS[self.done]
            fields = fields(self.views) if callable(fields) else fields
            if self.done == ASKED_BEFORE:
                self.ask_ahead(process, *STEPS[self.done + 1][:3])
            view = self.call(process, name, method, fields)
            if view is None:
                return False
            self.believe(method, fields, wanted, view)
            self.done += 1
            if self.snapshots is None:
                self.seen.append(self.told(process))
        return True

    def believe(self, method, fields, wanted, view):
        """Every answer is the expected one, and every token is above all before it."""
        for key, value in (wanted or {}).items():
            if view.get(key) != value:
                raise Violation(f"{method} {fields}: {key} is not {value!r}: {view!r}")
        op, token = view.get("op"), view.get("token")
        self.views[f"{method} {op}"] = view
        if token is None or token == self.tokens.get(op):
            return
        if op in self.tokens or token <= max(self.tokens.values(), default=0):
            raise Violation(f"token {token} of {op} after {self.tokens}")
        self.tokens[op] = token

    def told(self, process):
        """What the daemon knows, as far as it is the same in each run; None: it has ended."""
        page = self.call(process, "A", "list", {"state": ["waiting", "granted", "ended"]})
        if page is None:
            return None
        for record in page["ops"]:
            token = record.get("token")
            if token is not None and self.tokens.get(record["op"], token) != token:
                raise Violation(f"the token of {record['op']} has changed: {record}")
        # A renewal that is repeated is one more change: only the order of the changes is the same.
        order = sorted(r["seq"] for r in page["ops"])
        return [{**{k: r.get(k) for k in ("op", "ticket", "state", "end", "keys", "shared", "n_keys",
                                       "why", "why_ended", "outcome", "lease", "claimed", "meta",
                                       "ahead", "progress")},
                 "changed": order.index(r["seq"])} for r in page["ops"]]

    def compare(self, process, torn=0):
        """What is known must be what was answered, or that and the one step under way; with
        `torn`, up to so many steps less."""
        told = self.told(process)
        if told is None:
            raise Violation("it ended without a fault")
        for n in range(max(0, self.done - torn), min(self.done + 2, len(self.snapshots))):
            if told == self.snapshots[n]:
                return n
        known = [r for r in told if r not in self.snapshots[self.done]]
        wanted = [r for r in self.snapshots[self.done] if r not in told]
        raise Violation(f"after {self.done} steps it knows {known} and not {wanted}")
