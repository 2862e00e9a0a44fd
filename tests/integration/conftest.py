import os

import pytest

from lockqd import Daemon
from redis_server import Redis


@pytest.fixture
def start(tmp_path):
    """Starts daemons, each on a directory of its own, and ends them. With LOCKQ_TEST_REDIS in the
    environment those that do not ask for a backend are over a Redis of their own."""
    daemons, servers = [], []

    def start_one(*arguments, **options):
        directory = tmp_path / f"d{len(daemons)}"
        directory.mkdir()
        if os.environ.get("LOCKQ_TEST_REDIS") and "backend" not in options:
            servers.append(Redis(directory))
            arguments = [*arguments, "--redis", servers[-1].url]
            options["backend"] = "redis"
        daemons.append(Daemon(directory, *arguments, **options))
        return daemons[-1]

    yield start_one
    for daemon in daemons:
        daemon.close()
    for server in servers:
        server.kill()


@pytest.fixture
def daemon(start):
    """A durable one with the defaults."""
    return start()


@pytest.fixture
def held(daemon):
    """ann's session has Project/25."""
    daemon.holder = daemon.client()
    daemon.holder.call("submit", keys=["Project/25"], op="held", who="ann", why="nightly")
    return daemon
