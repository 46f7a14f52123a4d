"""Backends by name: real DNS says where they are, and hlbd follows it."""

import re
import socket
from collections import Counter
from pathlib import Path

import pytest
from lookups import lookup, lookups
from name_servers import SERVER, change, host, name_server, srv
from waiting import until
from world import DNS, config, environment, saying, service

A, B, C = "127.0.0.11", "127.0.0.12", "127.0.0.13"
A6 = "fd77::11"
OTHER_SERVER = "127.0.0.55"
RESOLV_CONF = Path("/etc/resolv.conf")
PORT = 8090
CHECK = {"port": PORT}


@pytest.fixture(autouse=True)
def resolv_conf():
    """Where hlbd finds the servers to ask."""
    with saying(RESOLV_CONF, f"nameserver {SERVER}\n"):
        yield RESOLV_CONF


def addresses(name="named.test"):
    return set(lookup(name).addresses)


def shares(name):
    """How often each address came first."""
    firsts = Counter()
    for result in lookups(name, count=2000).results:
        firsts[result.addresses[0]] += result.count
    return {address: count / 2000 for address, count in firsts.items()}


def not_held(name):
    """The backends of a name that go as soon as DNS gives others."""
    return {"name": f"{name}.internal", "hold": "0s"}


def named(*backends, **keys):
    return config(service("named.test", list(backends), check=CHECK, **keys))


# ---- names -------------------------------------------------------------------------------------


def test_all_addresses_of_a_name_are_used_and_balanced(stage):
    stage.backend(A, B, port=PORT)
    name_server(stage, *host("app", A, B))
    stage.hlbd(named("app.internal"))
    found = shares("named.test")
    assert set(found) == {A, B}
    assert all(abs(share - 0.5) < 0.06 for share in found.values())


def test_ready_comes_only_when_the_names_are_known_and_checked(stage):
    stage.backend(A, port=PORT)
    name_server(stage, *host("app", A))
    stage.hlbd(named("app.internal"))
    assert lookup("named.test", family="inet").addresses == [A]  # nothing is waited for here


def test_addresses_of_both_families_are_used(stage):
    stage.backend(A, A6, port=PORT)
    name_server(stage, *host("app", A, A6))
    stage.hlbd(named("app.internal", answer="all"))
    assert addresses() == {A, A6}
    assert lookup("named.test", family="inet6").addresses == [A6]


def test_weight_priority_and_port_hold_for_all_addresses_of_a_name(stage):
    stage.backend(A, B, port=PORT)
    spare = stage.backend(C, port=8091)
    name_server(stage, *host("main", A), *host("more", B), *host("spare", C))
    hlbd = stage.hlbd(
        named(
            {"name": "main.internal", "weight": 3},
            "more.internal",
            {"name": "spare.internal", "priority": 1, "port": 8091},
            answer="one",
        )
    )
    found = shares("named.test")
    assert set(found) == {A, B}
    assert abs(found[A] - 0.75) < 0.06
    spare.kill()
    hlbd.wait_for_log(rf"named\.test/{re.escape(C)}: up -> down")


def test_a_change_in_dns_is_followed_within_the_time_to_live(stage):
    stage.backend(A, B, port=PORT)
    server = name_server(stage, *host("app", A))
    stage.hlbd(named(not_held("app")))
    assert addresses() == {A}
    change(server, *host("app", B))
    seen = set()

    def moved():
        found = frozenset(addresses())
        seen.add(found)
        return found == {B}

    until(moved, "the new address alone")
    assert frozenset() not in seen, "there was no answer in between"


def test_addresses_join_and_leave_while_the_others_keep_their_state(stage):
    stage.backend(A, B, C, port=PORT)
    server = name_server(stage, *host("app", A, B))
    hlbd = stage.hlbd(named(not_held("app"), answer="all"))
    assert addresses() == {A, B}
    change(server, *host("app", B, C))
    until(lambda: addresses() == {B, C}, "one left, one joined")
    assert len(re.findall(rf"/{re.escape(B)}: ", hlbd.log())) == 1  # known once, at the start


def test_a_dead_dns_keeps_the_last_addresses_and_is_told_once(stage):
    stage.backend(A, port=PORT)
    server = name_server(stage, *host("app", A))
    hlbd = stage.hlbd(named("app.internal"))
    server.kill()
    hlbd.wait_for_log(r"app\.internal can't be looked up \(.+\): what was known of it stays")
    assert addresses() == {A}
    server.start()
    hlbd.wait_for_log(r"app\.internal can be looked up again", 40)
    assert addresses() == {A}
    assert hlbd.log().count("can't be looked up") == 1


def test_a_name_that_is_no_more_keeps_its_last_addresses_and_is_told(stage):
    stage.backend(A, port=PORT)
    server = name_server(stage, *host("app", A))
    hlbd = stage.hlbd(named("app.internal"))
    change(server, *host("other", B))
    hlbd.wait_for_log(r"app\.internal can't be looked up \(there is no such name\)")
    assert addresses() == {A}


def test_a_name_that_never_resolved_holds_nothing_up_and_is_never_left_to_dns(stage):
    stage.backend(A, B, port=PORT)
    server = name_server(stage, *host("app", A))
    hlbd = stage.hlbd(
        config(
            service("named.test", ["app.internal"], check=CHECK),
            service("empty.test", ["missing.internal"], check=CHECK),
        )
    )
    assert addresses() == {A}
    assert lookup("empty.test").status == "EAI_AGAIN"
    hlbd.wait_for_log(r"missing\.internal can't be looked up \(.*\): nothing is known of it yet")
    change(server, *host("app", A), *host("missing", B))
    until(lambda: addresses("empty.test") == {B}, "the name resolves at last", 40)


def test_hlbd_starts_without_dns_and_takes_the_addresses_when_it_comes(stage):
    stage.backend(A, port=PORT)
    server = name_server(stage, *host("app", A))
    server.kill()
    stage.hlbd(named("app.internal"))
    assert lookup("named.test").status == "EAI_AGAIN"
    server.start()
    until(lambda: addresses() == {A}, "the address is known", 40)


def test_a_silent_dns_delays_ready_by_seconds_and_other_services_not_at_all(stage):
    stage.backend(A, B, port=PORT)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((SERVER, 53))
        hlbd = stage.hlbd(
            config(
                service("plain.test", [B], check=CHECK),
                service("named.test", ["app.internal"], check=CHECK),
            ),
            ready=False,
        )
        hlbd.wait_for_log(rf"plain\.test/{re.escape(B)}: unknown -> up")
        until(lambda: addresses("plain.test") == {B}, "the service without names")
        assert hlbd.notifications.count("READY", "1") == 0
        hlbd.wait_until_ready()
        hlbd.wait_for_log(r"app\.internal can't be looked up \(Timeout.*\): nothing is known")
    name_server(stage, *host("app", A))
    until(lambda: addresses() == {A}, "the address is known", 40)


def test_a_reload_adds_a_name_beside_the_one_that_serves(stage):
    stage.backend(A, B, port=PORT)
    name_server(stage, *host("app", A), *host("more", B))
    hlbd = stage.hlbd(named("app.internal", answer="all"))
    hlbd.reload(named("app.internal", "more.internal", answer="all"))
    until(lambda: addresses() == {A, B}, "both names")
    hlbd.reload(named("more.internal", answer="all"))
    until(lambda: addresses() == {B}, "the other name alone")


def test_a_restarted_hlbd_finds_the_names_again(stage):
    stage.backend(A, port=PORT)
    name_server(stage, *host("app", A))
    hlbd = stage.hlbd(named("app.internal"))
    hlbd.kill()
    hlbd.restart()
    assert addresses() == {A}


# ---- service records ---------------------------------------------------------------------------


def test_service_records_say_port_weight_and_priority(stage):
    stage.backend(A, port=8091)
    stage.backend(B, port=8092)
    stage.backend(C, port=8093)
    server = name_server(
        stage, *host("a", A), *host("b", B), *host("c", C),
        srv("a", 8091, 1, 30), srv("b", 8092, 1, 10), srv("c", 8093, 2, 0),
    )  # fmt: skip
    by_srv = {"srv": "_app._tcp.internal", "hold": "0s"}
    stage.hlbd(config(service("named.test", [by_srv], answer="one")))  # the check's port is unused
    found = shares("named.test")
    assert set(found) == {A, B}
    assert abs(found[A] - 0.75) < 0.06
    change(server, *host("a", A), *host("c", C), srv("a", 9, 1, 30), srv("c", 8093, 2, 0))
    until(lambda: addresses() == {C}, "the next priority, now that a's port is wrong")


# ---- who is asked ------------------------------------------------------------------------------


@pytest.mark.parametrize("nscd", [False, True], ids=["without nscd", "with nscd"])
def test_dns_alone_is_asked_and_neither_hosts_nor_hlb_itself(stage, nscd):
    stage.backend(A, port=PORT)
    name_server(stage, *host("app", A))
    hosts = Path("/etc/hosts")
    before = hosts.read_text()
    stage.parts.callback(hosts.write_text, before)
    hosts.write_text(before + f"{C} app.internal\n")
    if nscd:
        stage.nscd(environment())
    assert "files hlb dns" in Path("/etc/nsswitch.conf").read_text()
    stage.hlbd(config(service("named.test", ["app.internal"], check=CHECK)))
    assert addresses() == {A}
    assert addresses("app.internal") == {C}  # what everybody else is told


def test_a_changed_resolv_conf_is_followed(stage, resolv_conf):
    stage.backend(A, B, port=PORT)
    name_server(stage, *host("app", A))
    name_server(stage, *host("app", B), address=OTHER_SERVER)
    stage.hlbd(named(not_held("app")))
    assert addresses() == {A}
    resolv_conf.write_text(f"nameserver {OTHER_SERVER}\n")
    until(lambda: addresses() == {B}, "the other server's address")


def test_the_next_server_is_asked_when_the_first_is_dead(stage, resolv_conf):
    stage.backend(A, port=PORT)
    name_server(stage, *host("app", A), address=OTHER_SERVER)
    resolv_conf.write_text(f"nameserver {SERVER}\nnameserver {OTHER_SERVER}\n")
    hlbd = stage.hlbd(named("app.internal"))
    assert addresses() == {A}
    assert "can't be looked up" not in hlbd.log()


def test_an_answer_too_large_for_a_datagram_is_used_whole(stage):
    many = [f"127.0.6.{number}" for number in range(1, 201)]
    name_server(stage, *host("app", *many))
    stage.hlbd(config(service("named.test", ["app.internal"], check=CHECK, answer="all")))
    assert len(addresses()) == 0  # nobody listens there, but each is known
    stage.backend(*many, port=PORT)
    until(lambda: addresses() == set(many), "all 200 of them")


def test_a_service_that_names_itself_is_refused(stage):
    stage.backend(A, port=PORT)
    name_server(stage, *host("app", A))
    hlbd = stage.hlbd(named("app.internal"))
    hlbd.reload(named("app.internal", "Named.test"))
    hlbd.wait_for_log(r':4:\d+: "named\.test" is the name of a service')
    assert addresses() == {A}
    assert not addresses() & DNS


def test_an_address_serves_on_until_the_name_in_its_place_is_known(stage):
    stage.backend(A, B, port=PORT)
    hlbd = stage.hlbd(named(A))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind((SERVER, 53))
        hlbd.reload(named("app.internal"))
        assert lookups("named.test", count=50).addresses() == {A}
    name_server(stage, *host("app", B))
    seen = set()

    def replaced():
        found = frozenset(addresses())
        seen.add(found)
        return found == {B}

    until(replaced, "the name's address", 40)
    assert frozenset() not in seen, "there was no answer in between"
