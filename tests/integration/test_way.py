"""Checks that ask elsewhere than at the backend's address, or on a way of their own."""

import socket
import threading

import pytest
from lookups import lookup
from waiting import until
from world import PORT, config, ip, pinged_service, service

A, B, ELSEWHERE, SOURCE = "127.0.0.11", "127.0.0.12", "127.0.0.21", "127.0.0.77"
NAME = "far.test"
TWIN = "10.66.0.2"  # two hosts have it, each on a link of its own


def checked(*backends, **check):
    return config(service(NAME, backends, check=check, answer="all"))


def pinged(*backends, **check):
    return config(pinged_service(NAME, backends, **check))


def answers(*expected):
    until(lambda: sorted(lookup(NAME).addresses) == list(expected), f"{expected} are answered")


def test_another_address_is_asked_in_place_of_the_backends(stage):
    asked = stage.backend(ELSEWHERE)
    stage.hlbd(checked(A, B, address=ELSEWHERE))
    answers(A, B)
    asked.kill()
    answers()


@pytest.fixture
def clients():
    """The addresses of those who connect to A."""
    seen = set()

    def serve(listener):
        with listener:
            while True:
                try:
                    connection, (peer, _) = listener.accept()
                except OSError:
                    return
                with connection:
                    seen.add(peer)
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    listener = socket.create_server((A, PORT))
    threading.Thread(target=serve, args=(listener,), daemon=True).start()
    yield seen
    listener.shutdown(socket.SHUT_RDWR)


def test_it_is_asked_from_the_source(stage, clients):
    stage.hlbd(checked(A, source=SOURCE))
    answers(A)
    assert clients == {SOURCE}


@pytest.fixture
def links(stage):
    """Two hosts of the same address, "left" and "right", each behind the link of its name."""
    for number, host in enumerate(("left", "right"), 1):
        ip(f"netns add {host}")
        stage.parts.callback(ip, f"netns del {host}")
        ip(f"link add {host} type veth peer name eth0 netns {host}")
        stage.parts.callback(ip, f"link del {host}")  # which would outlive its host a while
        ip(f"-n {host} addr add {TWIN}/24 dev eth0")
        ip(f"-n {host} link set eth0 up")
        ip(f"-n {host} link set lo up")
        ip(f"addr add 10.66.0.1/24 dev {host} metric {number}")
        ip(f"link set {host} up")


def put_up(stage, host, address):
    return stage.backend(address, host=("ip", "netns", "exec", host))


@pytest.mark.parametrize("by", [checked, pinged])
def test_it_is_asked_through_the_interface(stage, links, by):
    put_up(stage, "right", TWIN)
    ip("-n left addr flush dev eth0")
    hlbd = stage.hlbd(by(TWIN))
    assert lookup(NAME).addresses == []
    hlbd.reload(by(TWIN, interface="right"))
    answers(TWIN)


@pytest.mark.parametrize("by", [checked, pinged])
def test_it_is_asked_in_the_network_namespace(stage, links, by):
    unseen = "10.67.0.1"
    ip(f"-n left addr add {unseen}/32 dev lo")
    put_up(stage, "left", unseen)
    stage.backend(A)
    of_hlbds_own = service("near.test", [A], check={})
    stage.hlbd(by(unseen, netns="/run/netns/left") + of_hlbds_own)
    answers(unseen)
    assert lookup("near.test").addresses == [A]


@pytest.mark.parametrize(
    ("way", "said"),
    [
        ({"interface": "gone0"}, "interface: No such device"),
        ({"source": "192.0.2.7"}, "source: Cannot assign requested address"),
        ({"netns": "/run/netns/gone"}, "netns: No such file or directory"),
    ],
    ids=["interface", "source", "netns"],
)
def test_a_way_that_isnt_there_says_nothing_of_the_backend(stage, way, said):
    stage.backend(A, B)
    hlbd = stage.hlbd(checked(A, B))
    answers(A, B)
    hlbd.reload(checked(A, B, **way))
    hlbd.wait_for_log("no probe: " + said)
    assert sorted(lookup(NAME).addresses) == [A, B]
