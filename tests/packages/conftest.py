"""Fixtures: each release in turn, and machines of it, with the packages installed or without."""

import os
import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[1] / "integration"))  # lookups, waiting
from machine import MACHINES, Machine, installed_layer  # noqa: E402

RELEASES = os.environ.get("RELEASES", "").split()


def pytest_configure(config):
    if not RELEASES:
        raise pytest.UsageError("start these tests by tests/packages/run")


def pytest_generate_tests(metafunc):
    if "release" in metafunc.fixturenames:
        metafunc.parametrize("release", RELEASES, scope="session")


@pytest.fixture
def boot(request):
    """Boots a machine that is off when the test is over, and shows what hlbd said if it failed."""
    running = []

    def boot(release, *layers, **options):
        name = f"{release}-{len(list(MACHINES.iterdir())) if MACHINES.exists() else 0}"
        running.append(Machine(name, release, layers, **options))
        return running[-1]

    yield boot
    for machine in running:
        if machine.container.poll() is None:
            print(f"---- {machine.name} ----\n" + machine.journal()[-6000:])
        machine.close()


@pytest.fixture
def fresh(boot, release):
    """A machine without the packages."""
    return boot(release)


@pytest.fixture
def machine(boot, release):
    """A machine with the packages installed."""
    return boot(release, installed_layer(release))
