"""hlbd as the host sees it: its signals, its notifications, its log, its view of the network."""

import re
import signal
import socket
import time
from collections import Counter

import pytest
from lookups import lookup, lookups
from waiting import until
from world import DNS, PEER_HOST, PORT, RUNTIME, config, ip, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "daemon.test"


@pytest.fixture
def hlbd(stage):
    stage.backend(A)
    return stage.hlbd(config(service(NAME, [A])))


# ---- backends ----------------------------------------------------------------------------------

REASONS = {
    "silent": "no response in",
    "garbage": "not an HTTP response",
    "endless_head": "response head over",
    "half": "connection closed within the response head",
    "redirect": "HTTP 302",
    "error500": "HTTP 500",
    "nobody": "connection refused",
}


def test_backends_that_fail_in_different_ways_are_told_apart_in_the_log(stage):
    services = []
    for number, kind in enumerate(REASONS):
        address = f"127.0.5.{number + 1}"
        if kind != "nobody":
            stage.backend(address, kind=kind)
        services.append(service(f"{kind.replace('_', '-')}.test", [address]))
    hlbd = stage.hlbd(config(*services))
    for number, (kind, reason) in enumerate(REASONS.items()):
        hlbd.wait_for_log(rf"127\.0\.5\.{number + 1}\b.*{reason}")
        healthy = lookup(f"{kind.replace('_', '-')}.test", family="inet").ok
        assert healthy == (kind == "redirect")


def test_a_backend_that_dies_leaves_the_answers_and_comes_back(stage):
    stage.backend(A)
    mortal = stage.backend(B)
    hlbd = stage.hlbd(config(service(NAME, [A, B], answer="all")))
    assert set(lookup(NAME).addresses) == {A, B}
    mortal.kill()
    until(lambda: lookup(NAME).addresses == [A], "the dead backend out of the answers")
    hlbd.wait_for_log(rf"{re.escape(B)}.*connection refused")
    mortal.start()
    until(lambda: set(lookup(NAME).addresses) == {A, B}, "the backend back in the answers")


@pytest.mark.parametrize("address", [B, "10.99.0.1", "fd77::12"])
def test_a_local_backend_that_is_killed_is_left_out_within_a_second_of_a_30s_interval(
    stage, address
):
    stage.backend(A)
    mortal = stage.backend(address)
    slow = {"interval": "30s"}
    hlbd = stage.hlbd(config(service(NAME, [A, address], check=slow, answer="all")))
    assert set(lookup(NAME).addresses) == {A, address}
    mortal.kill()
    until(lambda: lookup(NAME).addresses == [A], "the dead backend out of the answers", 1)
    hlbd.wait_for_log(rf"{re.escape(address)}.*connection refused")


def test_a_local_backend_stays_up_when_one_of_its_two_listeners_dies(stage):
    slow_tcp = {"type": "tcp", "interval": "30s"}
    with shared_listener(B) as first, shared_listener(B) as second:
        hlbd = stage.hlbd(config(service(NAME, [B], check=slow_tcp), log_level="debug"))
        first.close()
        hlbd.wait_for_log(rf"may have died(.|\n)*{re.escape(B)}:{PORT}: connected after")
        assert lookup(NAME).addresses == [B]
        second.close()
        until(lambda: lookup(NAME).addresses == [], "no listener is left", 1)


def shared_listener(address):
    """One of several on the same port, as workers of one server have."""
    opened = socket.socket()
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    opened.bind((address, PORT))
    opened.listen()
    return opened


def test_lookups_see_no_failure_while_backends_die_and_come_back_in_turn(stage):
    backends = [stage.backend(A), stage.backend(B)]
    stage.hlbd(config(service(NAME, [A, B])))
    for mortal in backends * 2:
        alive = {A, B} - {mortal.command[-1]}
        mortal.kill()
        until(lambda alive=alive: set(lookup(NAME).addresses) == alive, f"{alive} alone")
        assert lookups(NAME, count=200).addresses() == alive
        mortal.start()
        until(lambda: lookups(NAME, count=50).addresses() == {A, B}, "both")


# ---- what it tells systemd ---------------------------------------------------------------------


def test_ready_comes_after_the_first_outcomes(stage):
    stage.backend(A)
    stage.hlbd(config(service(NAME, [A, "127.0.0.21"], answer="all")))
    # Nothing is waited for here: at READY the answer is right.
    assert lookup(NAME, family="inet").addresses == [A]


def test_a_reload_before_the_first_outcomes_makes_it_no_sooner_ready(stage):
    stage.backend("127.0.0.11", kind="silent")
    slow = {"interval": "5s", "timeout": "5s"}
    hlbd = stage.hlbd(config(service("app.test", ["127.0.0.11"], slow)), ready=False)
    until((RUNTIME / "bus").exists, "hlbd at work")
    hlbd.signal(signal.SIGHUP)
    hlbd.wait_for_log("reloaded: ")
    assert hlbd.notifications.count("READY", "1") == 0
    hlbd.wait_until_ready()


def test_a_reload_is_announced_with_its_time_and_ended_by_ready(hlbd):
    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    hlbd.reload(config(service(NAME, [A])))
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    messages = hlbd.notifications.all()
    reloading = next(i for i, each in enumerate(messages) if each.get("RELOADING") == "1")
    assert before <= int(messages[reloading]["MONOTONIC_USEC"]) <= after
    assert any(each.get("READY") == "1" for each in messages[reloading:])


def test_the_watchdog_is_fed_while_hlbd_works_and_not_while_it_is_stopped(stage):
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A])), env={"WATCHDOG_USEC": "400000"})
    fed = lambda: hlbd.notifications.count("WATCHDOG", "1")  # noqa: E731
    until(lambda: fed() >= 5, "the watchdog fed five times")
    hlbd.signal(signal.SIGSTOP)
    until(lambda: state_of(hlbd.pid) == "T", "hlbd stopped")
    count = fed()
    time.sleep(0.6)
    assert fed() == count


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0]


def test_sigterm_says_stopping_ends_with_0_and_takes_the_socket_away_but_not_the_answers(hlbd):
    assert (RUNTIME / "bus").is_socket()
    assert hlbd.terminate() == 0
    assert hlbd.notifications.count("STOPPING", "1") == 1
    assert not (RUNTIME / "bus").exists()
    assert lookup(NAME, family="inet").addresses == [A]


# ---- the network -------------------------------------------------------------------------------


@pytest.fixture
def routed_backends(stage):
    """Two backends behind a router; their subnet becomes our own when we get an address in it."""
    for host in (11, 12):
        ip(f"-n peer addr add 10.98.0.{host}/24 dev eth0")
    ip("route add 10.98.0.0/24 via 10.99.0.11")
    stage.backend("10.98.0.11", "10.98.0.12", host=PEER_HOST)
    yield ["10.98.0.11", "10.98.0.12"]
    ip("route flush 10.98.0.0/24")
    ip("addr flush to 10.98.0.0/24")
    ip("-n peer addr flush to 10.98.0.0/24")


def share(name, address):
    firsts = Counter()
    for result in lookups(name, count=2000).results:
        firsts[result.addresses[0]] += result.count
    return firsts[address] / 2000


def is_balanced(name, address):
    return abs(share(name, address) - 0.5) < 0.06


def test_balance_stays_when_the_host_gets_an_address_beside_the_backends(stage, routed_backends):
    near = routed_backends[1]  # shares more leading bits with 10.98.0.13 than the other one
    stage.hlbd(
        config(
            service("spread.test", routed_backends),
            service("all.test", routed_backends, answer="all"),
        )
    )
    assert is_balanced("spread.test", near)
    ip("route del 10.98.0.0/24 via 10.99.0.11")
    ip("addr add 10.98.0.13/24 dev hlb0")
    assert share("all.test", near) == 1, "glibc should now sort the nearer address first"
    until(lambda: is_balanced("spread.test", near), "the balance is back", 5)
    assert not lookups("spread.test", count=100).addresses() & DNS
