"""The example of a job that passes from process to process; and a client that knows nothing of us."""

import os
import shutil
import subprocess
import time

import pytest

from test_operations import fails


def start(daemon, *arguments, **options):
    return subprocess.Popen([os.environ["HANDOVER"], arguments[0], daemon.address, *arguments[1:]],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **options)


def submit(daemon, *arguments):
    return subprocess.run([os.environ["HANDOVER"], "submit", daemon.address, *arguments],
                          stdout=subprocess.PIPE, text=True, timeout=60, check=True).stdout


def work(worker, op):
    worker.stdin.write(op + "\n")
    worker.stdin.flush()
    return worker.stdout.readline().split()


def test_a_job_is_submitted_enqueued_and_run_in_three_processes(daemon):
    assert submit(daemon, "job-1", "Row/1", "Row/2") == "job-1 granted\n"
    dispatcher = start(daemon, "dispatch")
    assert dispatcher.stdout.readline() == "job-1\n"
    assert submit(daemon, "job-2", "Row/2") == "job-2 waiting\n"
    assert submit(daemon, "job-2", "Row/2") == "job-2 waiting\n", "repeated: the same job"
    one, two = start(daemon, "work", "0"), start(daemon, "work", "0")
    assert work(one, "job-1")[:2] == ["job-1", "runs"]
    assert one.stdout.readline() == "job-1 done\n"
    assert dispatcher.stdout.readline() == "job-2\n"
    assert work(two, "job-2")[:2] == ["job-2", "runs"]
    assert two.stdout.readline() == "job-2 done\n"
    assert work(one, "job-2") == ["job-2", "not_granted"], "delivered twice, it runs once"
    for process in (one, two):
        process.stdin.close()
        assert process.wait(60) == 0
    dispatcher.kill()


def test_a_dispatcher_misses_nothing_over_a_restart_of_the_daemon(daemon):
    """Its subscription dies with the connection; its session, which owns nothing, with the daemon."""
    dispatcher = start(daemon, "dispatch")
    submit(daemon, "job-1", "Row/1")
    assert dispatcher.stdout.readline() == "job-1\n"
    daemon.kill()
    daemon.start()
    submit(daemon, "job-2", "Row/2")
    seen = ""
    while seen != "job-2\n":
        seen = dispatcher.stdout.readline()
        assert seen in ("job-1\n", "job-2\n"), "told again, because nobody has claimed it"
    submit(daemon, "job-3", "Row/3")
    while seen != "job-3\n":
        seen = dispatcher.stdout.readline()
        assert seen
    dispatcher.kill()
    dispatcher.wait(60)


def test_a_killed_worker_frees_its_job_and_a_zombie_is_refused(daemon):
    a = daemon.client()
    submit(daemon, "job-1", "Row/1")
    submit(daemon, "job-2", "Row/1")
    dispatcher = start(daemon, "dispatch")
    assert dispatcher.stdout.readline() == "job-1\n"
    worker = start(daemon, "work", "60000")
    _, _, token = work(worker, "job-1")
    assert a.call("verify", op="job-1", token=int(token))["held"]
    begun = time.monotonic()
    worker.kill()
    assert dispatcher.stdout.readline() == "job-2\n"
    assert time.monotonic() - begun < 20, "the grace is a second"
    assert a.call("status", op="job-1")["end"] == "lost"
    fails("not_granted", a, "release", op="job-1", token=int(token))
    new = a.call("status", op="job-2")["token"]
    assert new > int(token)
    fails("wrong_token", a, "release", op="job-2", token=int(token))
    dispatcher.kill()


LUA = """
local function call(channel, method, params)
  return vim.rpcrequest(channel, method, params)
end
local one = vim.fn.sockconnect('pipe', '%(path)s', {rpc = true})
local two = vim.fn.sockconnect('pipe', '%(path)s', {rpc = true})
local first = call(one, 'submit', {keys = {'Project/25'}, op = 'nvim-1'})
local second = call(two, 'submit', {keys = {Project = {25}}, op = 'nvim-2'})
local refused = pcall(call, two, 'release', {op = 'nvim-1'})
call(one, 'release', {op = 'nvim-1'})
local granted = call(two, 'wait', {op = 'nvim-2'})
local released = call(two, 'release', {op = 'nvim-2'})
io.stdout:write(table.concat({first.state, second.state, tostring(second.ahead),
  tostring(refused), granted.state, released['end']}, ' '))
vim.cmd('qall!')
"""


@pytest.mark.skipif(shutil.which("nvim") is None, reason="Debian's package neovim is not there")
def test_neovim_submits_waits_is_granted_and_releases(daemon, tmp_path):
    """A MessagePack-RPC client that knows nothing of lockq, and answers pushes in its own way."""
    script = tmp_path / "story.lua"
    script.write_text(LUA % {"path": daemon.path}, encoding="utf-8")
    done = subprocess.run(["nvim", "--headless", "-u", "NONE", "-i", "NONE", "-n",
                           "-c", f"luafile {script}"], capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, HOME=str(tmp_path)), check=False)
    assert done.stdout == "granted waiting 1 false granted released", done
    assert daemon.client().call("list")["ops"] == []
