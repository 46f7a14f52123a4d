"""The socket takes any local user: what one of them does must not harm the lookups of others."""

import os
import random
import socket
import stat
import struct
import sys
import time

import pytest
from leases import lease_left
from lookups import Hammer, lookups
from waiting import until
from world import BUILD, RUNTIME, config, service

A = "127.0.0.11"
NAME = "peer.test"
SOCKET = "/run/hlb/bus"
DEADLINE_US = 300_000 + 200_000  # the module's, and a loaded machine's
MEMORY_GROWTH_KIB = 64 * 1024

# What every client sends first: SASL EXTERNAL, then the D-Bus messages.
GREETING = b"\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n"


@pytest.fixture
def hlbd(stage):
    stage.backend(A)
    return stage.hlbd(config(service(NAME, [A])))


@pytest.fixture
def over_the_bus(hlbd, stage):
    return stage.bus_alone()


def connected():
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(5)
    client.connect(SOCKET)
    return client


def resident_kib(program):
    with open(f"/proc/{program.pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def header(body_length=0, fields_length=0, kind=1, version=1):
    """The fixed part of a D-Bus message's header, little-endian."""
    return struct.pack("<cBBBIII", b"l", kind, 0, version, body_length, 1, fields_length)


def noise(seed):
    return random.Random(seed).randbytes(4096)


ABUSES = {
    "nothing": b"",
    "half-of-a-greeting": GREETING[:10],
    "no-greeting": b"GET / HTTP/1.1\r\n\r\n",
    "a-greeting-without-end": b"\0" + b"AUTH EXTERNAL " + b"3" * 65536,
    "lines-without-end": b"\0" + b"AUTH EXTERNAL 30\r\n" * 10_000,
    "half-of-a-header": GREETING + header()[:7],
    "half-of-a-message": GREETING + header(fields_length=100) + b"x" * 50,
    "a-huge-body": GREETING + header(body_length=0x7FFFFFF0),
    "huge-fields": GREETING + header(fields_length=0xFFFFFFF0),
    "a-body-of-64-MiB-announced": GREETING + header(body_length=1 << 26) + b"x" * 65536,
    "another-version": GREETING + header(version=9),
    "another-kind": GREETING + header(kind=77),
    "noise": noise(1),
    "noise-behind-the-greeting": GREETING + noise(2),
}


def send(client, data):
    try:
        client.sendall(data)
    except OSError:
        pass  # hlbd had enough before we had


@pytest.mark.parametrize("abuse", ABUSES)
def test_others_are_answered_in_time_beside(hlbd, over_the_bus, abuse):
    clients = [connected() for _ in range(20)]
    for client in clients:
        send(client, ABUSES[abuse])
    found = lookups(NAME, runtime=over_the_bus, count=20, family="inet")
    assert found.addresses() == {A} and found.statuses() == {"OK"}
    assert found.slowest_us < DEADLINE_US
    for client in clients:
        client.close()
    assert hlbd.running()


def test_no_lookup_is_turned_away_when_many_follow_each_other(stage, hlbd, over_the_bus):
    found = Hammer(stage, NAME, seconds=3, threads=8, pause_us=0, runtime=over_the_bus).result()
    assert found.statuses() == {"OK"} and found.addresses() == {A}
    assert found.slowest_us < DEADLINE_US
    assert hlbd.running()


def is_closed(client):
    client.setblocking(False)
    try:
        return client.recv(65536) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def test_2_000_idle_connections_are_bounded_closed_and_harm_nobody(hlbd, over_the_bus):
    before = resident_kib(hlbd)
    clients = []
    for _ in range(2000):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.settimeout(2)
        try:
            client.connect(SOCKET)
        except OSError:
            client.close()  # refused is an answer, too
            continue
        clients.append(client)
    assert hlbd.running()
    assert resident_kib(hlbd) - before < MEMORY_GROWTH_KIB
    # The same user's lookups come late, or not, but those over the table always do.
    assert lookups(NAME, count=100, family="inet").statuses() == {"OK"}
    until(lambda: all(map(is_closed, clients)), "all of the idle connections closed", 30)

    found = lookups(NAME, runtime=over_the_bus, count=20, family="inet")
    assert found.addresses() == {A}
    assert found.slowest_us < DEADLINE_US
    for client in clients:
        client.close()


def test_another_user_is_answered_beside_2_000_idle_connections_of_one(stage, hlbd, over_the_bus):
    idle = stage.program(
        "setpriv", "--reuid=65534", "--clear-groups", sys.executable, "-c", HOLD_2000, SOCKET,
        ready="holding",
    )  # fmt: skip
    found = lookups(NAME, runtime=over_the_bus, count=50, family="inet")
    assert found.statuses() == {"OK"} and found.addresses() == {A}
    assert found.slowest_us < DEADLINE_US
    assert idle.running() and hlbd.running()


# Connects again whatever is closed, so that the pressure lasts.
HOLD_2000 = """
import socket, sys, time
held = []
announced = False
while True:
    for _ in range(2000 - len(held)):
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        client.setblocking(False)
        try:
            client.connect(sys.argv[1])
        except OSError:
            break
        held.append(client)
    if not announced:
        print("holding", len(held), flush=True)
        announced = True
    time.sleep(0.05)
    still = []
    for client in held:
        try:
            if client.recv(4096):
                still.append(client)
        except BlockingIOError:
            still.append(client)
        except OSError:
            pass
    held = still
"""


@pytest.mark.skipif(BUILD.name == "asan", reason="its allocator keeps what is freed for a while")
def test_a_thousand_hasty_clients_leave_no_memory_behind(hlbd, over_the_bus):
    def round_of_abuse():
        for number in range(500):
            client = connected()
            send(client, GREETING + noise(number))
            client.close()

    round_of_abuse()
    before = resident_kib(hlbd)
    for _ in range(3):
        round_of_abuse()
    # Until what is still queued has been dealt with.
    until(lambda: lookups(NAME, runtime=over_the_bus, family="inet").statuses() == {"OK"}, "an answer")
    assert resident_kib(hlbd) - before < 4 * 1024


def test_a_connection_that_dribbles_its_bytes_is_closed_too(hlbd):
    client = connected()
    start = time.monotonic()
    try:
        for byte in GREETING + header(fields_length=4096) + b"x" * 4096:
            client.sendall(bytes([byte]))
            time.sleep(0.05)
            if is_closed(client):
                break
            client.settimeout(5)
            assert time.monotonic() - start < 30, "a connection that makes no call is kept"
    except ConnectionError:
        pass
    client.close()
    assert hlbd.running()


# ---- fairness ----------------------------------------------------------------------------------


def abusers(stage, script, *users):
    """The script once for each user, and its log's end when all are at it."""
    command = (sys.executable, "-c", script, SOCKET)
    return [
        stage.program("setpriv", f"--reuid={user}", "--clear-groups", *command, ready="at it")
        for user in users
    ]


FLOOD = """
import socket, sys, threading
def flood():
    signals = bytes.fromhex("6c04000100000000010000000000000 0".replace(" ", "")) * 4096
    while True:
        client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            client.connect(sys.argv[1])
            client.sendall(b"\\0AUTH EXTERNAL\\r\\nDATA\\r\\nBEGIN\\r\\n")
            sending = [threading.Thread(target=send, args=(client, signals)) for _ in range(3)]
            [each.start() for each in sending]
            [each.join() for each in sending]
        except OSError:
            pass
        client.close()
def send(client, signals):
    try:
        while True:
            client.sendall(signals)
    except OSError:
        pass
print("at it", flush=True)
flood()
"""

CONNECT_AND_CLOSE = """
import socket, sys
print("at it", flush=True)
while True:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            client.connect(sys.argv[1])
        except OSError:
            pass
"""

USERS = (65534, 65533, 65532, 65531)
HOLD_300 = HOLD_2000.replace("2000", "300").replace('"holding", len(held)', '"at it"')


@pytest.mark.parametrize(
    ("script", "users"),
    [(FLOOD, USERS[:1]), (CONNECT_AND_CLOSE, USERS[:1]), (HOLD_300, USERS)],
    ids=["floods-of-signals", "connecting-and-closing", "1200-connections-held"],
)
def test_root_is_answered_and_the_lease_current_beside(stage, hlbd, script, users):
    runtime = stage.sockets_alone("bus", "bus.root")
    programs = abusers(stage, script, *users)
    hammer = Hammer(stage, NAME, seconds=3, threads=1, pause_us=10_000, runtime=runtime)
    least = 60.0
    while hammer.running():
        least = min(least, lease_left())
        time.sleep(0.01)
    found = hammer.result()
    assert found.statuses() == {"OK"} and found.addresses() == {A}
    assert least > 1
    assert all(program.running() for program in programs) and hlbd.running()


def test_nobody_but_root_and_hlbd_can_connect_to_roots_socket(stage, hlbd):
    status = os.stat(RUNTIME / "bus.root")
    assert stat.S_ISSOCK(status.st_mode) and status.st_mode & 0o777 == 0o600
    assert status.st_uid == os.stat(RUNTIME).st_uid


def test_root_asks_as_all_do_where_its_socket_is_nobodys(stage, hlbd):
    runtime = stage.bus_alone()
    for left_by_a_dead_hlbd in (False, True):
        if left_by_a_dead_hlbd:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as gone:
                gone.bind(str(runtime / "bus.root"))
        found = lookups(NAME, runtime=runtime, family="inet")
        assert found.statuses() == {"OK"} and found.addresses() == {A}
    found = lookups(NAME, runtime=stage.sockets_alone("bus.root"), family="inet")
    assert found.statuses() == {"OK"} and found.addresses() == {A}
