"""Parents and children, more and less, ties: how an operation passes from process to process."""

import os
import pwd
import signal
import tempfile
import time

import pytest

from lockqd import Daemon, until
from test_operations import fails
from test_pushes import pushed, resume


def test_a_child_runs_under_its_parent(daemon):
    a, b = daemon.client(), daemon.client()
    task = a.call("submit", keys=["Project/25"], op="task")
    save = a.call("submit", keys=["Project/25/Row/1"], op="save", parent="task")
    assert save["state"] == "granted"
    assert b.call("submit", keys=["Project/25/Row/2"], op="other")["state"] == "waiting"
    record = a.call("status", op="save")
    assert record["parent"] == "task" and record["children"] == 0
    assert a.call("status", op="task")["children"] == 1
    assert "children" in fails("children_active", a, "release", op="task")
    a.call("release", op="save")
    assert a.call("release", op="task", token=task["token"])["end"] == "released"
    assert b.push()[1]["op"] == "other"


def test_who_may_submit_a_child(daemon):
    """The session of the parent, or anybody with its token."""
    a, b = daemon.client(), daemon.client()
    task = a.call("submit", keys=["A"], op="task", lease=60000)
    fails("not_owner", a, "submit", keys=["A/1"], parent="task")
    fails("wrong_token", b, "submit", keys=["A/1"], parent="task", parent_token=1)
    fails("not_found", b, "submit", keys=["A/1"], parent="nobody", parent_token=1)
    view = b.call("submit", keys=["A/1"], op="child", parent="task", parent_token=task["token"])
    assert view["state"] == "granted"
    waits = b.call("submit", keys=["A/1"], op="waits", parent="task", parent_token=task["token"])
    assert waits["state"] == "waiting" and waits["blockers"][0]["op"] == "child"
    for method in ("submit", "plan"):
        said = fails("not_granted", b, method, keys=["A/1/x"], parent="waits")
        assert "the parent is waiting" in said
    b.call("submit", keys=["A/1"], op="left")
    b.call("cancel", op="left")
    said = fails("not_granted", b, "submit", keys=["A/1/x"], parent="left")
    assert "the parent ended as cancelled" in said
    fails("op_reused", b, "submit", keys=["A/1"], op="child")
    again = b.call("submit", keys=["A/1"], op="child", parent="task", parent_token=5)
    assert again["ticket"] == view["ticket"], "parent_token is not content"


def test_a_parent_that_ends_takes_its_children_along_the_youngest_first(daemon):
    a, b = daemon.client(), daemon.client()
    task = a.call("submit", keys=["A"], op="task", lease=60000)
    for name, parent, token in [("one", "task", task["token"]), ("deep", "one", None),
                                ("two", "task", task["token"])]:
        fields = {"parent_token": token} if token else {}
        b.call("submit", keys=[f"B/{name}"], op=name, parent=parent, **fields)
    a.call("kill", op="task", why="by hand")
    assert pushed(b) == [("ended", "two", "killed"), ("ended", "deep", "killed"),
                         ("ended", "one", "killed")]
    seqs = [b.call("status", op=op)["seq"] for op in ("two", "deep", "one", "task")]
    assert seqs == sorted(seqs)


def test_a_deadlock_is_told_at_once_and_names_the_circle(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A"], op="one")
    b.call("submit", keys=["B"], op="two")
    assert a.call("submit", keys=["B"], op="one.b", parent="one")["state"] == "waiting"
    view = b.call("submit", keys=["A"], op="two.a", parent="two")
    assert (view["state"], view["end"], view["op"]) == ("ended", "deadlock", "two.a")
    assert "ticket" not in view
    assert [blocker["op"] for blocker in view["blockers"]] == ["one", "one.b", "two"]
    fails("not_found", b, "status", op="two.a")
    b.call("release", op="two")
    assert a.push()[1]["op"] == "one.b"


def test_families_survive_a_kill_of_the_daemon(daemon):
    a, b = daemon.client(grace=60000), daemon.client(grace=60000)
    a.call("submit", keys=["A"], op="task")
    a.call("submit", keys=["A/1"], op="child", parent="task")
    b.call("submit", keys=["B"], op="holder")
    b.call("submit", keys=["B"], op="first")
    a.call("submit", keys=["B"], op="waits", parent="task")
    daemon.kill()
    daemon.start()
    a, b = daemon.client(resume=resume(a)), daemon.client(resume=resume(b))
    assert a.call("status", op="child")["parent"] == "task"
    fails("children_active", a, "release", op="task")
    b.call("release", op="holder")
    assert a.push()[1]["op"] == "waits"
    assert b.call("status", op="first")["state"] == "waiting"


def test_extend_adds_keys_at_once_or_not_at_all(daemon):
    a, b = daemon.client(), daemon.client()
    token = a.call("submit", keys=["A"], op="a")["token"]
    b.call("submit", keys=["B"], op="b")
    b.call("submit", keys=["C"], shared=["A/1"], op="waits")
    view = a.call("extend", op="a", token=token, keys=["C"], shared=["D"])
    assert view["state"] == "granted" and "refused" not in view
    view = a.call("extend", op="a", token=token, keys=["E", "B/1"])
    assert view["refused"] is True and view["state"] == "granted"
    assert view["blockers"][0]["op"] == "b" and view["ahead"] == 1
    record = a.call("status", op="a")
    assert (record["keys"], record["shared"]) == (["A", "C"], ["D"])
    seq = record["seq"]
    assert a.call("extend", op="a", token=token, keys=["A"])["seq"] == seq, "it has it already"
    fails("wrong_token", a, "extend", op="a", token=5, keys=["X"])
    fails("not_found", a, "extend", op="nobody", token=token, keys=["X"])


def test_extensions_and_what_is_given_back_survive_a_kill(daemon):
    a = daemon.client(grace=60000)
    token = a.call("submit", keys=["A", "B"], op="a")["token"]
    a.call("extend", op="a", token=token, keys=["C"], shared=["D"])
    a.call("release", op="a", keys=["B"])
    daemon.kill()
    daemon.start()
    a, b = daemon.client(resume=resume(a)), daemon.client()
    record = a.call("status", op="a")
    assert (record["keys"], record["shared"], record["token"]) == (["A", "C"], ["D"], token)
    assert b.call("submit", keys=["B"])["state"] == "granted"
    assert b.call("submit", keys=["C"])["state"] == "waiting"


def test_keys_are_given_back_one_by_one(daemon):
    a, b = daemon.client(), daemon.client()
    a.call("submit", keys=["A/1", "A/2", "B"], op="a")
    b.call("submit", shared=["B"], op="b")
    view = a.call("release", op="a", keys=["B", "nobody"])
    assert view["state"] == "granted"
    assert b.push()[1]["op"] == "b"
    assert a.call("release", op="a", keys=["B"])["state"] == "granted", "not held: ignored"
    fails("bad_request", a, "release", op="a", keys=[])
    a.call("release", op="a", keys=["A/1"])
    view = a.call("release", op="a", keys={"A": [2]})
    assert (view["state"], view["end"]) == ("ended", "released")


def test_a_worker_that_dies_frees_what_it_claimed_with_a_tie(daemon):
    a, b, c = daemon.client(), daemon.client(grace=100), daemon.client()
    token = a.call("submit", keys=["A"], op="job", lease=300, payload={"do": "it"})["token"]
    a.close()
    view = b.call("claim", op="job", tie=True)
    assert view["payload"] == {"do": "it"} and "expires_in" not in view
    fails("already_claimed", c, "claim", op="job", tie=True)
    time.sleep(0.5)  # the lease is over, and counts no more
    assert c.call("verify", op="job", token=token)["held"]
    assert b.call("claim", op="job", tie=True)["payload"] == {"do": "it"}
    c.call("submit", keys=["A"], op="next")
    b.close()
    assert c.push()[1]["op"] == "next"
    assert c.call("status", op="job")["end"] == "lost"
    fails("not_granted", c, "release", op="job", token=token)
    assert "lost" in fails("not_granted", c, "claim", op="job")


def test_max_hold_ends_a_grant_whatever_is_renewed(daemon):
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=60000, max_hold=300)["token"]
    assert a.call("renew", op="a", token=token)["expires_in"] <= 300
    method, view = a.push()
    assert (method, view["end"]) == ("ended", "expired")
    assert a.call("submit", keys=["A"], op="tied", max_hold=60000)["expires_in"] <= 60000


def test_a_stopped_daemon_takes_nothing_from_a_hold(daemon):
    """A hold that was over while the daemon stood still ends only after its input was read."""
    a = daemon.client()
    token = a.call("submit", keys=["A"], op="a", lease=400)["token"]
    daemon.signal(signal.SIGSTOP)
    time.sleep(0.6)
    request = a.send("renew", op="a", token=token)
    daemon.signal(signal.SIGCONT)
    assert a.answer(request)["expires_in"] > 0


def test_one_may_pass_those_who_wait(daemon):
    a, b, c = daemon.client(), daemon.client(), daemon.client()
    a.call("submit", keys=["Row/1"], op="a")
    b.call("submit", keys=["Row/1", "Row/2"], op="bulk")
    few = {"wait": False, "max_hold": 10000, "pass": True}
    for i in range(16):
        assert c.call("submit", keys=["Row/2"], op=f"c{i}", **few)["state"] == "granted"
        c.call("release", op=f"c{i}")
    view = c.call("submit", keys=["Row/2"], op="more", **few)
    assert (view["end"], view["blockers"][0]["op"]) == ("refused", "bulk")
    assert c.call("submit", keys=["Row/1"], op="no", **few)["end"] == "refused"
    for wrong in [{"wait": False, "pass": True}, {"max_hold": 10000, "pass": True},
                  {"wait": False, "max_hold": 10001, "pass": True}]:
        fails("bad_request", c, "submit", keys=["Row/3"], **wrong)


@pytest.mark.skipif(os.getuid() != 0, reason="only root becomes somebody else")
def test_nobody_but_an_admin_kills_or_drains():
    """Somebody else on the unix socket is denied, and is not once the setting `admin` names them."""
    for admin, may in [("", False), ("admin = nobody\n", True)]:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            daemon = Daemon(folder, config="socket_mode = 0666\n" + admin)
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
            try:
                a = daemon.client()
            finally:
                os.seteuid(0)
            a.call("submit", keys=["A"], op="a")
            if may:
                assert a.call("kill", op="a", why="x y")["end"] == "killed"
                assert a.call("drain", on=True)["draining"] is True
                uid = pwd.getpwnam("nobody").pw_uid
                until(lambda: any(f"event=draining by=uid:{uid}" in line for line in daemon.log), "the log")
                assert a.call("drain", on=False)["draining"] is False
                until(lambda: any(f"event=undrained by=uid:{uid}" in line for line in daemon.log), "the log")
                assert any(f'event=killed op=a by=uid:{uid} why="x y"' in line for line in daemon.log)
            else:
                fails("denied", a, "kill", op="a", why="x")
                fails("denied", a, "drain", on=True)
            daemon.close()
