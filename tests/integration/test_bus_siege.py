"""hlbd's loop and its end don't depend on the bus, nor on whoever asks there without pause."""

import shutil
import signal
import struct
import time

import pytest
from lookups import Hammer, lookup
from raw_bus import OBJECTS, Client, Siege, dbus_string, padded
from scraping import samples, scrape
from waiting import until
from world import RUNTIME, config, run, service, toml

A, B = "127.0.0.11", "127.0.0.12"
NAME, CROWD = "app.test", "crowd.test"
METRICS = str(RUNTIME / "metrics")
MANY = [f"127.{1 + i // 250}.0.{1 + i % 250}" for i in range(4000)]
SOME = MANY[:700]
AT_ONCE = 2.5  # seconds, and before a thread that can't end is left behind


def text(crowd, **check):
    app = service(NAME, [A, B], {"type": "tcp", "port": 8083})
    return config(app, service(CROWD, crowd, {"type": "tcp", **check}), metrics=METRICS)


def start(stage, bus, crowd, **check):
    """hlbd on the bus; and the backends."""
    ours = {address: stage.backend(address, port=8083) for address in (A, B)}
    everywhere = stage.backend("0.0.0.0")
    hlbd = stage.hlbd(text(crowd, **check), bus="system", env=bus.env)
    until(lambda: bus.resolve(NAME).returncode == 0, "org.hlb1 on the bus", 20)
    return hlbd, ours, everywhere


def lags():
    """How often the loop was late by how much: {upper bound: times}."""
    buckets = [(name, times) for name, times in samples(scrape(METRICS)).items()
               if name.startswith("hlb_loop_lag_seconds_bucket")]  # fmt: skip
    return {float(name.split('"')[1].replace("+Inf", "inf")): times for name, times in buckets}


def lags_since(before):
    return {bound: times - before[bound] for bound, times in sorted(lags().items())}


def test_who_asks_for_all_backends_without_pause_makes_the_loop_late_by_nothing(stage, bus):
    hlbd, backends, _ = start(stage, bus, MANY, interval="60s")
    # The first states of thousands, in one turn, are the loop's own work.
    until(lambda: "more backends have their first state" in hlbd.log(), "all first states", 20)
    before = lags()
    with Siege(bus.socket, clients=4) as siege:
        until(lambda: siege.answers > 0, "the first answer", 60)
        hammer = Hammer(stage, NAME, seconds=6, threads=2)
        backends[A].kill()
        until(lambda: lookup(NAME).addresses == [B], "the backend left out")
        late = [each for each in (lookup(NAME).addresses for _ in range(20)) if each != [B]]
        found = hammer.result()
        until(lambda: siege.answers > 4, "an answer for each", 60)
    since = lags_since(before)
    print(f"{siege.answers} answers of {siege.bytes} bytes; the loop's lags: {since}")
    assert late == []
    assert found.statuses() == {"OK"} and found.addresses() <= {A, B}
    assert siege.bytes > len(MANY) * 500
    assert since[0.1] == since[float("inf")] > 0


def unchecked(name, backends):
    lines = (f'name = "{name}"', f"backends = {toml(backends)}", 'check = { type = "none" }')
    return "\n".join(("[[service]]", *lines)) + "\n"


def with_30_000_backends(stage, bus):
    """hlbd, its services, and somebody on the bus."""
    blocks = [[f"127.{i}.{j // 250}.{1 + j % 250}" for j in range(1000)] for i in range(30)]
    many = [unchecked(f"s{i}.test", addresses) for i, addresses in enumerate(blocks)]
    hlbd = stage.hlbd(config(*many), bus="system", env=bus.env)
    until(lambda: bus.resolve("s0.test").returncode == 0, "org.hlb1 on the bus", 20)
    client = stage.add(Client(bus.socket, user="nobody"))
    return hlbd, many, client


def test_where_there_would_be_too_many_objects_there_are_none_and_all_is_listed(stage, bus):
    hlbd, many, client = with_30_000_backends(stage, bus)
    kind, all_objects = client.ask(b"GetManagedObjects", b"", b"", *OBJECTS)
    assert kind == 2 and b"/org/hlb1/service" not in all_objects
    kind, rows = client.ask(b"ListBackends", b"s", dbus_string(b""))
    assert kind == 2 and rows.count(b"not checked") == 30_000
    hlbd.reload(config(*many[:2]))
    until(lambda: len(client.ask(b"GetManagedObjects", b"", b"", *OBJECTS)[1]) > 2000 * 500,
          "the objects of the few that are left")  # fmt: skip


def peak_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))


def test_who_sends_30_mb_makes_the_loop_late_by_nothing_and_is_refused(stage, bus):
    hlbd, _, _ = start(stage, bus, SOME, interval="60s")
    before, lag_before = peak_kib(hlbd.pid), lags()
    body = padded(dbus_string(b"x" * 30_000_000), 4) + padded(dbus_string(b"drain"))
    body += struct.pack("<Q", 0) + dbus_string(b"")
    client = stage.add(Client(bus.socket, user="nobody"))
    for _ in range(5):
        client.send(b"SetOverride", b"ssts", body)
    for _ in range(5):
        kind, answer = client.answer()
        assert kind == 3 and b"the target is longer than 262144 bytes" in answer
    since = lags_since(lag_before)
    print(f"{peak_kib(hlbd.pid) - before} KiB more at the peak; the loop's lags: {since}")
    assert since[0.1] == since[float("inf")] > 0
    assert peak_kib(hlbd.pid) - before < 150_000


def test_lists_of_connections_are_made_as_the_bus_takes_them(stage, bus):
    hlbd, many, client = with_30_000_backends(stage, bus)
    kind, first = client.ask(b"ListConnections", b"s", dbus_string(b""))
    assert kind == 2 and first.count(b"127.29.") == 1000
    before, calls = peak_kib(hlbd.pid), 100
    for _ in range(calls):
        client.send(b"ListConnections", b"s", dbus_string(b""))
    client.answer()  # so hlbd has them all
    bus.program.signal(signal.SIGSTOP)
    try:
        seen = [-1, 0]
        until(lambda: seen.append(unread(bus)) or time.sleep(0.5) or seen[-2] == seen[-1] > 0,
              "the bus's socket full", 30)  # fmt: skip
        assert peak_kib(hlbd.pid) - before < calls * len(first) / 1024 / 4
    finally:
        bus.program.signal(signal.SIGCONT)
    assert [client.answer()[0] for _ in range(calls - 1)] == [2] * (calls - 1)


def test_what_happens_while_the_bus_is_frozen_is_told_when_it_goes_on(stage, bus):
    _, backends, everywhere = start(stage, bus, SOME, interval="1s")
    monitor = bus.monitor(stage)
    bus.program.signal(signal.SIGSTOP)
    try:
        everywhere.kill()
        until(lambda: lookup(CROWD).status == "EAI_AGAIN", "the crowd known to be dead", 20)
        backends[A].kill()
        until(lambda: lookup(NAME).addresses == [B], "the backend left out")
    finally:
        bus.program.signal(signal.SIGCONT)

    monitor.wait_for_log(f'BackendChanged.*"{NAME}","{A}","up","down"', 30)
    log = monitor.log()
    assert [each for each in SOME if f'"{CROWD}","{each}","up","down"' not in log] == []
    rows = bus.ask("ListBackends", "s", CROWD)[0]
    assert {row[4] for row in rows} == {"down"} and len(rows) == len(SOME)


def seconds_to_end(hlbd, end):
    began = time.monotonic()
    end()
    status = hlbd.process.wait(30)
    return status, time.monotonic() - began


def test_hlbd_ends_at_once_while_all_backends_are_being_told(stage, bus):
    hlbd, _, _ = start(stage, bus, MANY, interval="60s")
    with Siege(bus.socket, clients=4) as siege:
        until(lambda: siege.answers > 0, "the first answer", 60)
        status, seconds = seconds_to_end(hlbd, lambda: hlbd.signal(signal.SIGTERM))
    print(f"ended after {seconds:.3f} s")
    assert status == 0 and seconds < AT_ONCE
    assert "stopping" in hlbd.log()


def signalled(hlbd):
    hlbd.signal(signal.SIGTERM)


def without_its_folder(_):
    shutil.rmtree(RUNTIME)


def unread(bus):
    """How many bytes the bus hasn't read from all its sockets."""
    lines = run("ss", "--no-header", "-xn").stdout.splitlines()
    return sum(int(line.split()[2]) for line in lines if str(bus.socket) in line)


@pytest.mark.parametrize("end, status", [(signalled, 0), (without_its_folder, 1)])
def test_hlbd_ends_at_once_while_the_bus_is_frozen(stage, bus, end, status):
    hlbd, _, _ = start(stage, bus, MANY, interval="60s")
    client = stage.add(Client(bus.socket, user="nobody"))
    for _ in range(16):
        client.send(b"GetManagedObjects", b"", b"", *OBJECTS)
    client.answer()
    bus.program.signal(signal.SIGSTOP)
    try:
        seen = [-1, 0]  # the socket holds some of the answers, and hlbd the rest
        until(lambda: seen.append(unread(bus)) or time.sleep(0.5) or seen[-2] == seen[-1] > 0,
              "the bus's socket full", 30)  # fmt: skip
        ended_with, seconds = seconds_to_end(hlbd, lambda: end(hlbd))
    finally:
        bus.program.signal(signal.SIGCONT)
    print(f"{seen[-1]} bytes unread; ended after {seconds:.3f} s")
    assert ended_with == status and seconds < AT_ONCE
