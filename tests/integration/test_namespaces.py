"""Namespaces: worlds of their own, and how long they live."""

from lockqd import Client
from test_lists import line
from test_operations import fails


def test_a_namespace_sees_nothing_of_another(daemon):
    """Keys, ids, lists, checks, pushes."""
    a, b, c = daemon.client(namespace="one"), daemon.client(namespace="two"), daemon.client()
    for client in (a, b, c):
        token = client.call("submit", keys=["A"], op="same", lease=60000)["token"]
    fails("wrong_token", a, "release", op="same", token=token)
    for client in (a, b, c):
        assert line(client) == ["same"] and client.call("check", keys=["A"])["locked"]
    token = a.call("status", op="same")["token"]
    a.call("release", op="same", token=token)
    assert a.call("check", keys=["/"])["locked"] == [] and line(b) == ["same"]
    fails("not_found", a, "cancel", op="nobody")
    stats = c.call("stats")
    assert "two" in repr(stats) and all(not isinstance(v, (dict, list)) for v in stats.values())


def test_the_counters_of_namespaces_have_their_whole_names(daemon):
    """A name may have any character in it, one that ends a string of C, too."""
    names = ["a\0b", "a\0c", "a.b", "é" * 64]
    for name in names:
        daemon.client(namespace=name).call("submit", keys=["A"], lease=0)
    stats = daemon.client().call("stats")
    assert {k: v for k, v in stats.items() if k.startswith("namespace.")} == {
        f"namespace.{name}": 1 for name in names}


def test_a_namespace_lives_by_what_it_owns(start):
    """hello alone makes none; over the limit a submit there is over_limit; an emptied one makes
    room."""
    daemon = start(backend="memory", config="namespaces = 3\n")
    clients = [daemon.client(namespace=f"n{i}") for i in range(10)]
    for client in clients[:3]:
        client.call("submit", keys=["A"], op="a")
    assert "3" in fails("over_limit", clients[3], "submit", keys=["A"], op="a")
    fails("not_found", clients[3], "status", op="a")
    clients[0].call("release", op="a")
    assert clients[3].call("submit", keys=["A"], op="a")["state"] == "granted"
    fails("over_limit", clients[0], "submit", keys=["A"], op="b")
    assert clients[0].call("status", op="a")["end"] == "released", "it is still remembered"


def test_a_session_resumes_in_its_own_namespace(daemon):
    """Without saying so again."""
    a = daemon.client(namespace="one", grace=60000)
    a.call("submit", keys=["A"], op="a")
    again = Client(daemon.address, resume={k: a.hello[k] for k in ("session", "secret")},
                   namespace="one")
    assert again.hello["namespace"] == "one" and line(again) == ["a"]
