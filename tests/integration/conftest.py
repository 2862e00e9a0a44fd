import pytest

from lockqd import Daemon


@pytest.fixture
def start(tmp_path):
    """Starts daemons, each on a directory of its own, and ends them."""
    daemons = []

    def start_one(*arguments, **options):
        directory = tmp_path / f"d{len(daemons)}"
        directory.mkdir()
        daemons.append(Daemon(directory, *arguments, **options))
        return daemons[-1]

    yield start_one
    for daemon in daemons:
        daemon.close()


@pytest.fixture
def daemon(start):
    """A durable one with the defaults."""
    return start()
