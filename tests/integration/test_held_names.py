"""Names of which DNS gives another part each time: what it gave before is held while it is up."""

import re
import time
from pathlib import Path

import pytest
from lookups import lookup
from name_servers import SERVER, change, host, name_server, srv
from waiting import until
from world import config, saying, service

A, B, C = "127.0.0.11", "127.0.0.12", "127.0.0.13"
PORT = 8090


@pytest.fixture(autouse=True)
def resolv_conf():
    """Where hlbd finds the server to ask."""
    with saying(Path("/etc/resolv.conf"), f"nameserver {SERVER}\n"):
        yield


def addresses():
    return set(lookup("named.test").addresses)


def named(*backends, **keys):
    return config(service("named.test", list(backends), check={"port": PORT}, answer="all", **keys))


def test_what_dns_gave_before_stays_while_it_is_up(stage):
    stage.backend(A, B, C, port=PORT)
    server = name_server(stage, *host("app", A, B))
    hlbd = stage.hlbd(named("app.internal"))
    assert addresses() == {A, B}
    for part in ((B, C), (A,), (C,)):
        change(server, *host("app", *part))
        hlbd.wait_for_log("app\\.internal is .*127.0.0.13")
        time.sleep(2)  # two times to live
        assert addresses() == {A, B, C}
    assert len(re.findall("app.internal is", hlbd.log())) == 2
    for address in (A, B, C):
        assert hlbd.log().count(f"/{address}: ") == 1  # known once


def test_what_dns_gave_before_goes_when_it_dies(stage):
    mortal = stage.backend(A, port=PORT)
    stage.backend(B, port=PORT)
    server = name_server(stage, *host("app", A, B))
    hlbd = stage.hlbd(named("app.internal", when_all_down="all"))
    change(server, *host("app", B))
    time.sleep(3)
    assert addresses() == {A, B}
    mortal.kill()
    hlbd.wait_for_log(rf"/{re.escape(A)}: up -> down")
    hlbd.wait_for_log(rf"app\.internal is {re.escape(B)}\n")
    mortal.start()
    mortal.wait_for_log("ready(.|\n)*ready")
    time.sleep(2)
    assert addresses() == {B}  # it is no backend any more


def test_what_dns_gave_before_is_held_for_so_long_alone(stage):
    stage.backend(A, B, port=PORT)
    server = name_server(stage, *host("app", A, B))
    hlbd = stage.hlbd(named({"name": "app.internal", "hold": "3s"}))
    change(server, *host("app", B))
    since = time.monotonic()
    until(lambda: addresses() == {B}, "the other one alone", 30)
    assert time.monotonic() - since > 1.5
    hlbd.reload(named({"name": "app.internal", "hold": "1h"}))
    assert addresses() == {B}


def test_a_target_of_service_records_is_held_with_its_port(stage):
    stage.backend(A, port=8091)
    stage.backend(B, port=8092)
    both = [*host("a", A), *host("b", B)]
    server = name_server(stage, *both, srv("a", 8091, 1, 10), srv("b", 8092, 1, 10))
    hlbd = stage.hlbd(config(service("named.test", [{"srv": "_app._tcp.internal"}], answer="all")))
    assert addresses() == {A, B}
    for target, port in (("a", 8091), ("b", 8092), ("a", 8091)):
        change(server, *both, srv(target, port, 1, 10))
        time.sleep(2.5)
        assert addresses() == {A, B}
    assert "down" not in hlbd.log()
