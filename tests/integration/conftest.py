"""Fixtures: the network and DNS once for all tests, a stage for each test or file."""

import os

import pytest
from buses import SystemBus
from doctor import etc, folder, machine
from programs import Stage
from world import lay_out_network

__all__ = ["etc", "folder", "machine"]  # fixtures of the tests of hlbctl doctor


def pytest_configure(config):
    if not os.path.isdir("/run/etc"):
        raise pytest.UsageError("start these tests by tests/integration/run")


@pytest.fixture(scope="session", autouse=True)
def network():
    lay_out_network()


@pytest.fixture(scope="session", autouse=True)
def dns(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("dns"))
    yield stage.dnsmasq()
    stage.close()


@pytest.fixture
def stage(tmp_path):
    """All that one test puts up."""
    stage = Stage(tmp_path)
    yield stage
    stage.close()


@pytest.fixture(scope="module")
def file_stage(tmp_path_factory):
    """What the tests of one file share."""
    stage = Stage(tmp_path_factory.mktemp("stage"))
    yield stage
    stage.close()


@pytest.fixture
def bus(stage):
    """A system bus of the test's own, which nobody has joined yet."""
    return SystemBus(stage)
