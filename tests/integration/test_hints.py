"""What makes hlbd probe at once: the network is another one, or somebody's connection broke."""

import os
import re
import subprocess
import sys
import time

import pytest
from lan import FAR, NEAR, Lan, far_addresses, firewall
from lookups import lookup
from waiting import until
from world import BUILD, PORT, PRELOAD, config, ip, run, service

# Whatever is found in a test, no regular probe has found it.
SELDOM = {"type": "tcp", "interval": "1h"}
SOON = 20.0  # far less than that


def probes(hlbd, address):
    """What they found, by the log at "debug"."""
    return re.findall(rf"tcp {re.escape(address)}:\d+: (.*) after \d+us", hlbd.log())


# ---- another network ---------------------------------------------------------------------------


def test_a_link_that_goes_down_and_comes_up_is_probed_over_at_once(stage):
    lan = Lan(stage)
    mortal, other = far_addresses(11, 12)
    dying = stage.backend(mortal, host=FAR)
    stage.backend(other, host=FAR)
    hlbd = stage.hlbd(config(service("far.test", [mortal, other], SELDOM, answer="all"),
                             log_level="debug"))  # fmt: skip
    ip(f"link set {NEAR} down")
    hlbd.wait_for_log(rf"tcp {other}:\d+: no route", SOON)
    dying.kill()
    lan.link_up()
    until(lambda: lookup("far.test").addresses == [other], "who died meanwhile is left out", SOON)
    hlbd.wait_for_log(rf"far.test/{mortal}: up -> down: connection refused", SOON)


def test_a_route_that_goes_or_comes_is_probed_over_at_once(stage):
    Lan(stage)
    lost, reached = far_addresses(11, 12)
    stage.backend(lost, reached, host=FAR)
    hlbd = stage.hlbd(config(service("far.test", [lost, reached], SELDOM, answer="all")))
    ip(f"route add unreachable {lost}")
    stage.parts.callback(run, "ip", "route", "del", "unreachable", lost, check=False)
    until(lambda: lookup("far.test").addresses == [reached], "it is left out", SOON)
    hlbd.wait_for_log(rf"{lost}: up -> down", SOON)
    ip(f"route del unreachable {lost}")
    hlbd.wait_for_log(rf"{lost}: down -> up", SOON)


def test_routes_that_flap_make_few_probes_and_none_of_backends_on_loopback(stage):
    Lan(stage)
    far, own = *far_addresses(11), "127.0.0.11"
    stage.backend(far, host=FAR)
    stage.backend(own)
    hlbd = stage.hlbd(config(service("far.test", [far, own], SELDOM), log_level="debug"))
    until(lambda: len(probes(hlbd, far)) == 1, "the first probe")
    for _ in range(60):  # takes a second or two
        ip("route add unreachable 10.98.0.0/16")
        ip("route del unreachable 10.98.0.0/16")
    until(lambda: len(probes(hlbd, far)) > 1, "a probe", SOON)
    assert len(probes(hlbd, far)) <= 5
    assert len(probes(hlbd, own)) == 1


@pytest.mark.skipif(bool(PRELOAD), reason="the sanitizer wants to be loaded first")
def test_a_machine_that_was_asleep_is_probed_over_at_once(stage):
    Lan(stage)
    address = far_addresses(11)[0]
    mortal = stage.backend(address, host=FAR)
    asleep = stage.new_folder() / "seconds"
    env = {"LD_PRELOAD": str(BUILD / "tests/slept.so"), "SLEPT": str(asleep)}
    hlbd = stage.hlbd(config(service("far.test", [address], SELDOM)), env=env)
    mortal.kill()
    asleep.touch()
    os.truncate(asleep, 3600)
    hlbd.wait_for_log("was asleep", SOON)
    hlbd.wait_for_log(rf"{address}: up -> down: connection refused", SOON)


# ---- somebody's connections --------------------------------------------------------------------

# Connects again and again to an address, and says how each attempt ended: "refused 1789.123".
CLIENT = """
import socket, sys, time
address, port, way = sys.argv[1], int(sys.argv[2]), sys.argv[3]
print("ready", flush=True)
while True:
    client = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
    if way != "waits": client.settimeout(float(way))
    try:
        client.connect((address, port))
        client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        while client.recv(4096): pass
        print("served", time.time(), flush=True)
    except OSError as error:
        print("failed", time.time(), flush=True)
    client.close()
    time.sleep(0.01)
"""


def client(stage, address, way="1", port=PORT):
    return stage.program(sys.executable, "-c", CLIENT, address, port, way, ready="ready")


def far_pair(stage, **keys):
    """A service of two far backends, the first of which a test may kill."""
    Lan(stage)
    addresses = far_addresses(11, 12)
    mortal, other = (stage.backend(address, host=FAR) for address in addresses)
    hlbd = stage.hlbd(config(service("far.test", addresses, SELDOM, answer="all"),
                             log_level="debug", **keys))  # fmt: skip
    until(lambda: len(probes(hlbd, addresses[0])) == 1, "the first probe")
    return hlbd, addresses, mortal, other


@pytest.mark.parametrize("way", ["1", "waits"])
@pytest.mark.parametrize("prefix", ["", "::ffff:"], ids=["ipv4", "ipv4-as-ipv6"])
def test_a_far_backend_that_clients_find_dead_is_left_out_at_once(stage, way, prefix):
    hlbd, (dead, alive), mortal, _ = far_pair(stage)
    busy = client(stage, prefix + dead, way)
    busy.wait_for_log("served")
    mortal.kill()
    hlbd.wait_for_log(rf"far.test/{dead}: up -> down: connection refused", SOON)
    assert lookup("far.test").addresses == [alive]


def test_a_far_backend_that_fell_silent_is_noticed_by_the_time_outs_of_clients(stage):
    hlbd, (silent, alive), _, _ = far_pair(stage)
    client(stage, silent, "0.3").wait_for_log("served")
    firewall([f"ip daddr {silent} drop"])
    hlbd.wait_for_log(rf"far.test/{silent}: up -> down: no connection", SOON + 3)


# Has one connection that breaks as nothing comes back any more, and makes no other.
BREAKS = """
import socket, sys
connection = socket.create_connection((sys.argv[1], int(sys.argv[2])))
connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, 1000)
print("connected", flush=True)
sys.stdin.read(1)
connection.sendall(b"anybody there?")
connection.recv(1)
"""


def test_a_far_backend_is_probed_when_a_connection_to_it_breaks_in_silence(stage):
    Lan(stage)
    silent, other = far_addresses(11, 12)
    stage.backend(silent, other, kind="silent", host=FAR)
    hlbd = stage.hlbd(config(service("far.test", [silent, other], SELDOM)))
    with subprocess.Popen([sys.executable, "-c", BREAKS, silent, str(PORT)], text=True,
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as breaks:  # fmt: skip
        breaks.stdout.readline()
        firewall([f"ip daddr {silent} drop"])
        breaks.communicate("x")
    hlbd.wait_for_log(rf"far.test/{silent}: up -> down: no connection", SOON + 3)


def test_nobody_elses_connections_are_watched_unless_wanted(stage):
    hlbd, (dead, _), mortal, _ = far_pair(stage, watch_connections=False)
    client(stage, dead)
    mortal.kill()
    time.sleep(1)
    assert probes(hlbd, dead) == ["connected"]
    hlbd.reload(hlbd.config_file.read_text().replace("false", "true"))
    hlbd.wait_for_log(rf"far.test/{dead}: up -> down", SOON)


def test_connections_that_end_well_make_no_probe(stage):
    hlbd, addresses, _, _ = far_pair(stage)
    clients = [client(stage, address) for address in addresses]
    until(lambda: all(each.log().count("served") > 100 for each in clients), "traffic", 20)
    assert [len(probes(hlbd, address)) for address in addresses] == [1, 1]


def test_a_client_that_stays_with_a_dead_backend_makes_no_more_probes(stage):
    hlbd, (dead, _), mortal, _ = far_pair(stage)
    stuck = client(stage, dead)
    mortal.kill()
    hlbd.wait_for_log(rf"far.test/{dead}: up -> down", SOON)
    before, failed = len(probes(hlbd, dead)), stuck.log().count("failed")
    until(lambda: stuck.log().count("failed") > failed + 100, "failures", 20)
    assert len(probes(hlbd, dead)) == before


def test_a_client_that_fails_where_all_is_well_makes_few_probes(stage):
    hlbd, (address, _), _, _ = far_pair(stage)
    wrong = client(stage, address, port=PORT + 1)
    until(lambda: wrong.log().count("failed") > 150, "failures", 20)
    assert 2 <= len(probes(hlbd, address)) < 12


def test_own_probes_that_fail_are_no_reason_for_others(stage):
    Lan(stage)
    address = far_addresses(11)[0]
    stage.backend(address, host=FAR)
    refused = {"type": "tcp", "port": PORT + 1, "interval": "20ms"}
    services = (service("far.test", [address], SELDOM), service("dead.test", [address], refused))
    hlbd = stage.hlbd(config(*services, log_level="debug"))
    count = lambda: hlbd.log().count("connection refused after")  # noqa: E731
    until(lambda: count() > 50, "failures")
    assert len(re.findall(rf"tcp {address}:{PORT}: ", hlbd.log())) == 1


# ---- kept connections --------------------------------------------------------------------------

# Answers on a connection again and again, and ends it when it has been idle for so many seconds.
PATIENT = """
import socket, sys, threading
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=100)
def serve(client):
    client.settimeout(float(sys.argv[3]))
    try:
        while client.recv(4096):
            client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 0\\r\\n\\r\\n")
    except TimeoutError:
        pass
    client.close()
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    print("accepted", flush=True)
    threading.Thread(target=serve, args=(client,), daemon=True).start()
"""
KEPT = {**SELDOM, "type": "http", "reuse": True}


def patient(stage, address, idle, host=FAR):
    return stage.program(*host, sys.executable, "-c", PATIENT, address, PORT, idle, ready="ready")


def test_a_backend_whose_kept_connection_ends_is_probed_at_once(stage):
    Lan(stage)
    mortal, other = far_addresses(11, 12)
    dying, _ = (patient(stage, address, 1000) for address in (mortal, other))
    hlbd = stage.hlbd(config(service("far.test", [mortal, other], KEPT, answer="all")))
    dying.kill()
    until(lambda: lookup("far.test").addresses == [other], "it is left out", SOON)
    hlbd.wait_for_log(rf"far.test/{mortal}: up -> down: connection refused", SOON)


@pytest.mark.parametrize("idle", [0.2, 0.001])
def test_a_backend_that_ends_idle_connections_gets_few_more_probes_and_no_verdict(stage, idle):
    address = "127.0.0.11"
    backend = patient(stage, address, idle, host=())
    hlbd = stage.hlbd(config(service("tired.test", [address], {**KEPT, "interval": "1s"})))
    time.sleep(6)
    # Six by the interval, and at most one for each of them; a few until that is known.
    assert 8 <= backend.log().count("accepted") <= 20
    assert "down" not in hlbd.log()
