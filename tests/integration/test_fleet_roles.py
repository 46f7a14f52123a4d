"""Users of a fleet's etcd, made by the very commands that hlb-fleet(7) gives."""

import re

import pytest
from authority import Authority
from etcds import EtcdCluster
from fleet import NAME, Fleet, key
from hlbctl import hlbctl
from lookups import lookup
from waiting import until
from world import HERE, config

A, B = "127.0.0.11", "127.0.0.12"


@pytest.fixture
def etcd(stage):
    etcd = EtcdCluster(stage, authority=Authority(stage.new_folder(), "authority of the fleet"))
    users = (HERE.parents[1] / "hlbd/man/hlb-fleet.7").read_text().partition(".Ss Users\n")[2].partition("\n.Sh ")[0]
    commands = re.findall(r"^etcdctl (.*)$", users, re.MULTILINE)
    assert "auth enable" in commands
    for command in commands:
        etcd.ctl(*command.split())
    return etcd


@pytest.fixture
def host(stage, bus, etcd):
    """An hlbd by a host's certificate. To be called with words for its hlbctl, and with whose certificate
    they go, if not the host's."""
    fleet = Fleet(etcd)
    stage.backend(A, B)
    fleet.add_service(backends=[A, B])
    hlbd = stage.hlbd(config() + fleet.section(user="hlb-host"), bus="system", env=bus.env)
    until(lambda: hlbctl(bus).returncode in (0, 1, 2), "hlbctl's view of it")
    until(lambda: sorted(lookup(NAME).addresses) == [A, B], "the fleet's service")

    def ctl(*words, user=None):
        _, certificate, private = etcd.certificate(user) if user else (None, None, None)
        identity = ["--certificate", certificate, "--key", private] if user else []
        return hlbctl(bus, "--config", hlbd.config_file, *words, *identity)

    return ctl


def refused(result):
    return result.returncode == 1 and "permission denied" in result.stderr


def test_a_host_reads_and_registers_and_changes_nothing_else(etcd, host):
    assert refused(host("drain", f"{NAME}/{A}", "--fleet"))
    assert refused(host("fleet", "accept", "--yes"))
    assert refused(host("fleet", "log"))
    assert sorted(lookup(NAME).addresses) == [A, B]
    assert host("register", NAME, "10.99.0.1").returncode == 0
    assert host("deregister", NAME, "10.99.0.1").returncode == 0
    shown = host("fleet")
    assert shown.returncode == 0 and "members: etcd1\n" in shown.stdout


def test_an_operator_changes_what_hosts_follow(etcd, host):
    drained = host("drain", f"{NAME}/{A}", "--fleet", "--reason", "kernel", user="hlb-operator")
    assert drained.returncode == 0, drained.stderr
    until(lambda: lookup(NAME).addresses == [B], "the drain")
    assert "kernel" in host("fleet", "log", user="hlb-operator").stdout
    assert host("clear", f"{NAME}/{A}", "--fleet", user="hlb-operator").returncode == 0
    until(lambda: sorted(lookup(NAME).addresses) == [A, B], "its end")
    assert host("fleet", "accept", "--yes", user="hlb-operator").returncode == 0


def test_a_user_without_a_role_gets_nothing(etcd, host):
    etcd.ctl("user", "add", "stranger", "--no-password")
    assert refused(host("fleet", "log", user="stranger"))
    assert refused(host("drain", f"{NAME}/{A}", "--fleet", user="stranger"))
    assert not etcd.ctl("get", key("x", NAME, A))
