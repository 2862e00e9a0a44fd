"""The lockq command of the tests: started with an environment of our own, and what to wait for."""

import json
import os
import subprocess

from lockqd import Error, lockq, until


def start(daemon, *arguments, env=None, **options):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("LOCKQ_")}
    environment.update({"LOCKQ_ADDR": daemon.address, **(env or {})})
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
    return subprocess.Popen([os.environ["LOCKQ"], *arguments], text=True, env=environment,
                            **options)


def state(client, op):
    try:
        return client.call("status", op=op)["state"]
    except Error as error:
        assert error.code == "not_found"
        return None


def shows(client, op, wanted):
    until(lambda: state(client, op) == wanted, f"{op} to be {wanted}")


def as_json(daemon, *arguments):
    done = lockq(daemon, *arguments, "-o", "json")
    return json.loads(done.stdout)
