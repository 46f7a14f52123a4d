"""A host in a fleet: what etcd's keys say is what its programs get, and stays when etcd is gone."""

import json
import re
import shutil

import pytest
from etcds import EtcdCluster
from fleet import NAME, Fleet, key
from hlbctl import hlbctl
from lookups import lookup
from waiting import until
from world import DNS, config, service, table_of

A, B, C = "127.0.0.11", "127.0.0.12", "127.0.0.13"
LOCAL = "own.test"


@pytest.fixture
def etcd(stage):
    return EtcdCluster(stage)


@pytest.fixture
def fleet(etcd):
    return Fleet(etcd)


@pytest.fixture
def host(stage, bus, fleet):
    """Starts this host's hlbd with [fleet] and these services of its own."""

    def start(*services, **changes):
        text = config(*services) + fleet.section(**changes)
        hlbd = stage.hlbd(text, bus="system", env=bus.env)
        until(lambda: hlbctl(bus).returncode in (0, 1, 2), "hlbctl's view of it")
        return hlbd

    return start


def answered(name=NAME):
    return sorted(lookup(name).addresses)


def gets(addresses, name=NAME, seconds=5):
    until(lambda: answered(name) == sorted(addresses), f"{addresses} for {name}", seconds)


def trouble(bus):
    return [each for each in json.loads(hlbctl(bus, "status", "--json").stdout)["hlbd"]["degraded"] if "fleet" in each]


# ---- the catalog -------------------------------------------------------------------------------


def test_services_of_the_fleet_are_answered_beside_the_hosts_own(stage, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[A, B])
    host(service(LOCAL, [A]))
    assert answered() == [A, B]
    assert answered(LOCAL) == [A]


def test_whatever_changes_in_the_catalog_is_answered_soon(stage, fleet, host):
    stage.backend(A, B, C)
    fleet.add_service(backends=[A], aliases=["alias.internal"])
    hlbd = host()
    gets([A])
    fleet.put("b", NAME, B)
    gets([A, B], "alias.internal")
    fleet.delete("b", NAME, A)
    gets([B])
    fleet.put("b", NAME, A, priority=1)
    fleet.put("b", NAME, C, weight=0)
    until(lambda: f"{NAME}/{C}: unknown -> up" in hlbd.log(), "the third is checked")
    gets([B])
    fleet.add_service("other.internal", [C])
    gets([C], "other.internal")
    fleet.delete("s", NAME)
    until(lambda: set(answered()) <= DNS, "the service has gone")
    gets([C], "other.internal")


def test_a_service_without_backends_is_nobody_elses(fleet, host):
    fleet.add_service(backends=[])
    host()
    assert lookup(NAME).status == "EAI_AGAIN"


def test_a_backend_of_the_fleet_is_checked_by_each_host(stage, fleet, host):
    backend = stage.backend(A)
    stage.backend(B)
    fleet.add_service(backends=[A, B])
    host()
    backend.kill()
    gets([B])


def test_the_hosts_own_service_wins_and_it_is_warned_of(stage, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[B])
    hlbd = host(service(NAME, [A]))
    assert answered() == [A]
    assert NAME in "".join(line for line in hlbd.log().splitlines() if "warn" in line)


def test_the_hosts_own_service_may_take_its_backends_from_the_fleet(stage, fleet, host):
    stage.backend(A, B, C)
    fleet.add_service(backends=[A])
    host(service(LOCAL, [C, {"fleet": NAME}]))
    gets([A, C], LOCAL)
    fleet.put("b", NAME, B)
    gets([A, B, C], LOCAL)


# ---- what is refused ---------------------------------------------------------------------------

REFUSED = {
    "no JSON": "{",
    "another version": '{"v":2,"check":{"type":"none"}}',
    "exec": '{"v":1,"check":{"type":"exec","command":["/bin/true"]}}',
    "a hook": '{"v":1,"check":{"type":"none"},"on_change":["/bin/true"]}',
    "a file": '{"v":1,"check":{"type":"file","path":"/etc/passwd"}}',
    "a path": '{"v":1,"check":{"type":"tls","port":443,"ca":"/etc/shadow"}}',
    "a foreign alias": '{"v":1,"aliases":["www.google.com"],"check":{"type":"none"}}',
    "a bad value": '{"v":1,"answer":"some","check":{"type":"none"}}',
    "what this version lacks": '{"v":1,"needs":["teleport"],"check":{"type":"none"}}',
    "bytes": "\\xff\\xfe",
    "a very long one": '{"v":1,"check":{"type":"none"},"x":"' + 70_000 * "x" + '"}',
}


@pytest.mark.parametrize("value", REFUSED.values(), ids=REFUSED.keys())
def test_a_value_that_is_refused_leaves_all_as_it_was(stage, bus, etcd, fleet, host, value):
    stage.backend(A, B)
    fleet.add_service(backends=[A])
    fleet.add_service("other.internal", [B])
    hlbd = host()
    gets([A])
    etcd.put(key("s", NAME), value)
    hlbd.wait_for_log(f"fleet: c/s/{NAME}: ")
    assert answered() == [A] and answered("other.internal") == [B]
    shown = hlbctl(bus, "fleet").stdout
    assert f"c/s/{NAME}" in shown
    hlbd.terminate()
    hlbd.restart()
    assert answered() == [A], "after a restart, too"


def test_foreign_names_and_addresses_are_refused(stage, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[A])
    fleet.add_service("www.example.com", [B])
    fleet.put("b", NAME, "10.0.0.1")
    hlbd = host()
    gets([A])
    assert set(answered("www.example.com")) <= DNS
    for refused in ("c/s/www.example.com", f"c/b/{NAME}/10.0.0.1"):
        assert hlbd.log().count(refused) == 1


# ---- overrides of the fleet --------------------------------------------------------------------


def test_a_drain_of_the_fleet_is_in_force_here_and_says_who(stage, bus, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[A, B])
    host()
    gets([A, B])
    fleet.put("x", NAME, A, kind="drain", by="alice@ops1", why="kernel")
    gets([B])
    status = hlbctl(bus, "status", NAME).stdout
    assert "alice@ops1" in status and "kernel" in status and "fleet" in status
    assert "--fleet" in hlbctl(bus, "clear", f"{NAME}/{A}").stderr
    fleet.delete("x", NAME, A)
    gets([A, B])


def test_this_hosts_operator_has_the_last_word(stage, bus, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[A, B])
    host()
    fleet.put("x", NAME, A, kind="drain", by="alice@ops1")
    gets([B])
    assert hlbctl(bus, "up", f"{NAME}/{A}").returncode == 0
    assert answered() == [A, B]
    assert hlbctl(bus, "clear", f"{NAME}/{A}").returncode == 0
    assert answered() == [B]


def test_one_with_an_end_ends_by_itself_and_is_over_after_a_restart(stage, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[A, B])
    fleet.put("x", NAME, A, kind="drain", until="2026-01-01T00:00:00Z", by="alice@ops1")
    fleet.put("x", NAME, B, kind="drain", until="2996-01-01T00:00:00Z", by="alice@ops1")
    hlbd = host()
    assert answered() == [A]
    hlbd.terminate()
    hlbd.restart()
    assert answered() == [A]


def test_hlbctl_drains_and_clears_on_all_hosts_and_the_log_says_who(stage, bus, etcd, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[A, B])
    hlbd = host()
    gets([A, B])

    def ctl(*words):
        return hlbctl(bus, "--config", hlbd.config_file, *words)

    tried = ctl("drain", f"{NAME}/{A}", "--fleet", "--dry-run").stdout
    assert "no override -> drain" in tried and "2 backends answered now, 1 then" in tried
    done = ctl("drain", f"{NAME}/{A}", "--fleet", "--for", "1h", "--reason", "kernel")
    assert done.returncode == 0, done.stderr
    gets([B])
    refused = ctl("drain", NAME, "--fleet")
    assert refused.returncode != 0 and "no backend left" in refused.stderr
    assert "kernel" in ctl("status", NAME).stdout
    assert "root@" in ctl("events").stdout
    assert ctl("clear", f"{NAME}/{A}").returncode != 0
    assert "--fleet" in ctl("clear", f"{NAME}/{A}").stderr
    assert ctl("clear", "*", "--fleet").returncode == 0
    gets([A, B])
    log = ctl("fleet", "log").stdout
    assert f"drain {NAME}/{A} for 1h" in log and "kernel" in log and "clear *" in log
    assert not etcd.ctl("get", "--prefix", key("x"))


def test_hlbctl_waits_until_etcd_has_another_leader(stage, bus):
    etcd = EtcdCluster(stage, members=3)
    fleet = Fleet(etcd)
    fleet.add_service(backends=[A, B])
    settings = stage.new_folder() / "hlbd.toml"
    settings.write_text(fleet.section())
    leader = etcd.leader()
    etcd.kill(leader)
    done = hlbctl(bus, "--config", settings, "drain", f"{NAME}/{A}", "--fleet")
    assert done.returncode == 0, done.stderr
    others = [number for number in range(3) if number != leader]
    assert "drain" in etcd.ctl("get", key("x", NAME, A), members=others)
    log = hlbctl(bus, "--config", settings, "fleet", "log").stdout
    assert log.count("drain") == 1


# ---- the engine comes and goes -----------------------------------------------------------------


def test_nothing_changes_while_etcd_is_away_and_all_is_caught_up_with(stage, bus, etcd, fleet, host):
    stage.backend(A, B, C)
    fleet.add_service(backends=[A, B])
    hlbd = host()
    gets([A, B])
    etcd.kill(0)
    hlbd.wait_for_log("fleet: .*(frozen|can't be followed)")
    assert answered() == [A, B]
    until(lambda: trouble(bus), "it is told")
    hlbd.terminate()
    hlbd.restart()
    assert answered() == [A, B], "from the snapshot"
    etcd.restart(0)
    fleet.put("b", NAME, C)
    gets([A, B, C])
    until(lambda: not trouble(bus), "it is over")


def test_what_was_compacted_meanwhile_is_listed_anew(stage, etcd, fleet, host):
    stage.backend(A, B, C)
    fleet.add_service(backends=[A, B])
    hlbd = host()
    gets([A, B])
    hlbd.terminate()
    fleet.delete("b", NAME, A)
    fleet.put("b", NAME, C)
    etcd.compact()
    hlbd.restart()
    gets([B, C])
    assert hlbd.log().count("can't be") == 0, "neither lost nor refused"


def test_names_of_the_fleet_are_nobody_elses_before_it_is_known(stage, fleet, etcd, host):
    stage.backend(A, B)
    fleet.add_service(backends=[B])
    etcd.pause(0)
    host(service(LOCAL, [A]))
    assert answered(LOCAL) == [A]
    assert lookup(NAME).status == "EAI_AGAIN"
    assert set(answered("www.example.com")) <= DNS
    etcd.go_on(0)
    gets([B], seconds=10)
    until(lambda: set(answered("nobody.internal")) <= DNS, "what the fleet doesn't have is left to DNS")


def test_what_a_wiped_etcd_lacks_stays_until_it_is_accepted(stage, bus, fleet, etcd, host):
    stage.backend(A, B, C)
    fleet.add_service(backends=[A, B])
    fleet.add_service("gone.internal", [C])
    hlbd = host()
    gets([A, B])
    etcd.wipe(0)
    fleet.add_service("new.internal", [A])
    gets([A], "new.internal", seconds=10)
    assert answered() == [A, B] and answered("gone.internal") == [C]
    assert hlbd.log().count("hlbctl fleet accept") == 1
    assert "fleet accept" in "".join(trouble(bus))
    assert hlbctl(bus, "--config", hlbd.config_file, "fleet", "accept").returncode != 0, "asks"
    done = hlbctl(bus, "--config", hlbd.config_file, "fleet", "accept", "--yes", "--reason", "a new etcd")
    assert done.returncode == 0, done.stderr
    until(lambda: set(answered()) <= DNS and set(answered("gone.internal")) <= DNS, "they are given up")
    assert answered("new.internal") == [A]
    log = hlbctl(bus, "--config", hlbd.config_file, "fleet", "log").stdout
    assert "accept" in log and "a new etcd" in log and "root@" in log


# ---- registration ------------------------------------------------------------------------------

US = "10.99.0.1"
REGISTER = f"""
[[register]]
service = "{NAME}"
address = "{US}"
weight = 3
deregister_on_stop = true
"""


def test_a_backend_is_registered_while_its_host_is_up(stage, bus, etcd, fleet, host):
    stage.backend(US)
    fleet.add_service()
    hlbd = host(REGISTER)
    gets([US])
    value = json.loads(etcd.ctl("get", "--print-value-only", key("b", NAME, US)))
    assert value["weight"] == 3 and value["by"]
    fleet.delete("b", NAME, US)
    until(lambda: etcd.ctl("get", key("b", NAME, US)), "it is put back")
    hlbd.terminate()
    assert not etcd.ctl("get", key("b", NAME, US)), "it goes with a stop"
    hlbd.restart()
    until(lambda: etcd.ctl("get", key("b", NAME, US)), "it is registered again")
    hlbd.kill()
    assert etcd.ctl("get", key("b", NAME, US)), "and with nothing else"


def test_what_somebody_else_has_written_is_left_alone(stage, bus, etcd, fleet, host):
    stage.backend(US)
    fleet.add_service(backends=[US])
    host(REGISTER)
    gets([US])
    until(lambda: "registration: somebody else has written" in hlbctl(bus).stdout, "it is told")
    assert "weight" not in json.loads(etcd.ctl("get", "--print-value-only", key("b", NAME, US)))


def test_hlbctl_registers_and_deregisters(stage, bus, etcd, fleet, host):
    stage.backend(US)
    fleet.add_service()
    hlbd = host()
    for bad in ([NAME, "127.0.0.1"], [NAME, US, "--forget-after", "1s"], ["www.example.com", US]):
        refused = hlbctl(bus, "--config", hlbd.config_file, "register", *bad)
        assert refused.returncode == 1 and not etcd.ctl("get", "--prefix", key("b")), bad
    words = [NAME, US, "--weight", "7"]
    done = hlbctl(bus, "--config", hlbd.config_file, "register", *words)
    assert done.returncode == 0, done.stderr
    gets([US])
    narrower = stage.new_folder() / "hlbd.toml"
    narrower.write_text(config() + fleet.section(allow=["192.0.2.0/24"]))
    assert hlbctl(bus, "--config", narrower, "register", *words).returncode == 1
    done = hlbctl(bus, "--config", narrower, "deregister", NAME, US)
    assert done.returncode == 0, done.stderr
    until(lambda: lookup(NAME).status == "EAI_AGAIN", "it has no backend any more")


# ---- with and without --------------------------------------------------------------------------


def test_the_fleet_comes_and_goes_by_a_reload(stage, fleet, host):
    stage.backend(A, B)
    fleet.add_service(backends=[B])
    fleet.put("x", NAME, B, kind="drain", by="alice")
    hlbd = host(service(LOCAL, [A]))
    assert lookup(NAME).status == "EAI_AGAIN"
    hlbd.reload(config(service(LOCAL, [A])))
    assert answered(LOCAL) == [A] and set(answered()) <= DNS
    fleet.delete("x", NAME, B)
    hlbd.reload(config(service(LOCAL, [A])) + fleet.section())
    gets([B])


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
def test_a_host_alone_has_nothing_of_it(stage):
    own = table_of({"name": LOCAL, "backends": [A], "check": {"type": "none"}})
    trace = stage.new_folder() / "trace"
    strace = ("strace", "-D", "-f", "-o", trace, "-e", "trace=socket,connect,openat,rename")
    hlbd = stage.hlbd(config(own), prefix=strace)
    assert answered(LOCAL) == [A] and set(answered()) <= DNS
    hlbd.terminate()
    until(lambda: "+++ exited" in trace.read_text(), "the trace")
    made = trace.read_text()
    assert not re.search("AF_INET6?, SOCK_STREAM", made) and "fleet.snapshot" not in made
    assert not list((hlbd.config_file.parent / "state").glob("*fleet*"))
