"""Who may write what of a fleet: users of etcd by certificate, with the rights that hlb-fleet(7) gives them."""

import pytest
from authority import Authority
from etcds import EtcdCluster
from fleet import NAME, Fleet, key
from hlbctl import hlbctl
from lookups import Hammer, lookup
from waiting import until
from world import DNS, config, table_of

A, B = "127.0.0.11", "127.0.0.12"
US = "10.99.0.1"
LOCAL = "own.test"
HOST, OPERATOR, WRONG = "hlb-host", "hlb-operator", "stranger"
CATALOG, LOG = "/hlb/1/c/", "/hlb/1/log/"


@pytest.fixture
def etcd(stage):
    etcd = EtcdCluster(stage, authority=Authority(stage.new_folder(), "fleet authority"))
    etcd.allow(HOST, ("read", CATALOG), ("readwrite", CATALOG + "b/"))
    etcd.allow(OPERATOR, ("readwrite", CATALOG), ("readwrite", LOG))
    return etcd


@pytest.fixture
def fleet(etcd):
    fleet = Fleet(etcd)
    for address in (A, B):
        fleet.put("b", NAME, address)
    fleet.put("s", NAME, check={"type": "none"})
    return fleet


def refused_to(etcd, user, name):
    try:
        etcd.ctl("put", name, "{}", user=user)
    except Exception as error:
        assert "permission denied" in error.stderr
        return True
    etcd.delete(name)
    return False


def gets(addresses, name=NAME):
    until(lambda: sorted(lookup(name).addresses) == sorted(addresses), f"{addresses} for {name}")


def test_each_may_write_what_is_its_own(etcd, fleet):
    backend, drain = key("b", NAME, US), key("x", NAME, A)
    mine = {HOST: [backend], OPERATOR: [backend, drain, key("s", "x.internal"), key("accept"), LOG + "1-1"]}
    for user, keys in mine.items():
        for each in {name for names in mine.values() for name in names} | {"/other", "/hlb/1/o/m/x"}:
            assert refused_to(etcd, user, each) == (each not in keys), (user, each)


def test_a_host_registers_and_does_not_drain(stage, bus, etcd, fleet):
    register = f'[[register]]\nservice = "{NAME}"\naddress = "{US}"\n'
    hlbd = stage.hlbd(config() + register + fleet.section(HOST), bus="system", env=bus.env)
    gets([A, B, US])
    done = hlbctl(bus, "--config", hlbd.config_file, "drain", f"{NAME}/{A}", "--fleet")
    assert done.returncode != 0 and "permission denied" in done.stderr
    gets([A, B, US])
    hlbd.write_config(config() + fleet.section(OPERATOR))
    done = hlbctl(bus, "--config", hlbd.config_file, "drain", f"{NAME}/{A}", "--fleet")
    assert done.returncode == 0, done.stderr
    gets([B, US])


def missing(etcd):
    ca, _, _ = etcd.certificate(HOST)
    return f'ca = "{ca}"\n'


def wrong(etcd):
    return section_of(etcd, WRONG)


def foreign(etcd):
    """Signed by somebody else, with the right name."""
    other = Authority(etcd.stage.new_folder(), "another authority")
    other.issue(HOST, [HOST])
    ca, _, _ = etcd.certificate(HOST)
    return f'ca = "{ca}"\ncertificate = "{other.path(HOST)}"\nkey = "{other.path(HOST, "key")}"\n'


def expired(etcd):
    etcd.authority.issue("old", ["old"], days=2, from_day=-5)
    return section_of(etcd, "old")


def not_etcds(etcd):
    """The host knows another authority than etcd's."""
    other = Authority(etcd.stage.new_folder(), "another authority")
    return section_of(etcd, HOST).replace(etcd.authority.certificate, other.certificate)


def section_of(etcd, user):
    return "".join(f'{name} = "{path}"\n' for name, path in zip(["ca", "certificate", "key"], etcd.certificate(user)))


def test_without_a_good_certificate_a_host_is_frozen_and_nothing_leaks(stage, etcd, fleet):
    own = table_of({"name": LOCAL, "backends": [A], "check": {"type": "none"}})
    hlbds, hammers = {}, {}
    for files in [missing, wrong, foreign, expired, not_etcds]:
        runtime = stage.new_folder()
        text = config(own) + fleet.section() + files(etcd)
        hlbds[files] = runtime, stage.hlbd(text, runtime=runtime, ready=False)
    for files, (runtime, hlbd) in hlbds.items():
        hlbd.wait_for_log("fleet: etcd can't be followed: ")
        hammers[files] = Hammer(stage, NAME, seconds=3, threads=2, pause_us=10_000, runtime=runtime)
    for files, (runtime, hlbd) in hlbds.items():
        hlbd.wait_until_ready()
        assert hammers[files].result().statuses() == {"EAI_AGAIN"}, files
        assert lookup(LOCAL, runtime=runtime).addresses == [A]
        assert lookup("anything.internal", runtime=runtime).status == "EAI_AGAIN"
        assert set(lookup("www.example.com", runtime=runtime).addresses) <= DNS
        assert hlbd.log().count("etcd can't be followed") == 1


def test_whom_etcd_knows_no_more_keeps_what_it_had(stage, etcd, fleet):
    hlbd = stage.hlbd(config() + fleet.section(HOST))
    gets([A, B])
    etcd.ctl("role", "revoke-permission", HOST, CATALOG, "--prefix=true")
    etcd.kill(0)
    etcd.restart(0)
    hlbd.wait_for_log("fleet: etcd can't be followed: ")
    gets([A, B])
    hlbd.terminate()
    hlbd.restart()
    gets([A, B])
