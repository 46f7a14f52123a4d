"""The rules of judgement, end to end: real backends, hlbd as it runs, lookups through glibc."""

import contextlib
import os
import re
import resource
import signal
import threading
import time

from lookups import lookup, lookups
from waiting import until
from world import PORT, config, service

A, B = "127.0.0.11", "127.0.0.12"
NAME = "judged.test"


def share_of(address):
    """The part of the lookups that get this address first."""
    found = lookups(NAME, count=3000)
    hits = sum(each.count for each in found.results if each.addresses[:1] == [address])
    return hits / sum(each.count for each in found.results)


def test_a_backend_that_comes_back_gets_a_tenth_at_first_and_its_whole_share_in_the_end(stage):
    stage.backend(A)
    mortal = stage.backend(B)
    hlbd = stage.hlbd(config(service(NAME, [A, B], answer="one", slow_start="4s")))
    assert share_of(B) > 0.4, "slow from the start of hlbd on"
    mortal.kill()
    hlbd.wait_for_log(rf"{B}: up -> down")
    mortal.start()
    hlbd.wait_for_log(rf"{B}: down -> up")
    at_first = share_of(B)
    until(lambda: share_of(B) > 0.4, "its whole share")
    assert 0 < at_first < 0.3


def test_a_pass_that_takes_too_long_is_a_failure_that_says_so(stage):
    stage.backend(A, kind="slow")
    hlbd = stage.hlbd(config(service(NAME, [A], check={"interval": "1s", "max_latency": "100ms"})))
    hlbd.wait_for_log(rf"{A}: .*down: took \d+ms, more than the 100ms of max_latency")
    assert lookup(NAME).status == "EAI_AGAIN"


@contextlib.contextmanager
def starved(hlbd, stopped, running):
    """hlbd gets the CPU for so many seconds at a time, between others without it."""
    over = threading.Event()

    def starve():
        while not over.is_set():
            hlbd.signal(signal.SIGSTOP)
            over.wait(stopped)
            hlbd.signal(signal.SIGCONT)
            over.wait(running)

    thread = threading.Thread(target=starve)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def test_what_hlbd_itself_is_late_by_is_no_latency_of_a_backends(stage):
    addresses = [f"127.0.8.{number}" for number in range(1, 11)]
    stage.backend(*addresses, kind="slow")
    check = {"interval": "2s", "timeout": "2s", "max_latency": "800ms"}
    hlbd = stage.hlbd(config(service(NAME, addresses, check=check), log_level="debug"))
    with starved(hlbd, 0.9, 0.3):
        until(lambda: hlbd.log().count("HTTP 200 OK after") > 60, "60 passes", 30)
    latencies = [int(each) for each in re.findall(r"HTTP 200 OK after (\d+)us", hlbd.log())]
    assert max(latencies) > 800_000, "hlbd was never late"
    assert "more than the 800ms of max_latency" not in hlbd.log()


def test_a_backend_that_hangs_is_found_though_hlbd_has_a_twentieth_of_the_cpu(stage):
    stage.backend(A)
    hanging = stage.backend(B)
    check = {"interval": "500ms", "timeout": "250ms"}
    hlbd = stage.hlbd(config(service(NAME, [A, B], check=check, answer="all")))
    hanging.signal(signal.SIGSTOP)
    with starved(hlbd, 0.95, 0.05):
        until(lambda: f"{B}: up -> down" in hlbd.log(), "it is found", 60)
    assert f"{A}: up -> down" not in hlbd.log()


def test_what_flaps_is_told_and_comes_back_later_each_time(stage):
    stage.backend(A)
    mortal = stage.backend(B)
    hlbd = stage.hlbd(config(service(NAME, [A, B], check={"max_flaps": 2})))
    for number in range(1, 4):
        mortal.kill()
        until(lambda: hlbd.log().count(f"{B}: up -> down") == number, f"down for the {number}. time")
        mortal.start()
        until(lambda: hlbd.log().count(f"{B}: down -> up") == number, f"up for the {number}. time")
    needed = [int(each) for each in re.findall(rf"{B} is flapping: now needs (\d+) ", hlbd.log())]
    assert len(needed) >= 2
    assert needed == sorted(set(needed))
    last = re.findall(rf"{B}: down -> up: .*\((\d+) in a row\b", hlbd.log())[-1]
    assert int(last) == needed[-1]


def test_without_descriptors_nothing_is_concluded_and_that_is_said_once(stage):
    stage.backend(A)
    hlbd = stage.hlbd(config(service(NAME, [A])))
    before = resource.prlimit(hlbd.pid, resource.RLIMIT_NOFILE)
    lowest_free = min(set(range(1000)) - {int(each) for each in os.listdir(f"/proc/{hlbd.pid}/fd")})
    resource.prlimit(hlbd.pid, resource.RLIMIT_NOFILE, (lowest_free, before[1]))
    hlbd.wait_for_log(f"http {A}:{PORT} of {NAME} finds nothing out, .*Too many open files")
    deadline = time.monotonic() + 2  # eight intervals
    while time.monotonic() < deadline:
        assert lookup(NAME).addresses == [A]
    resource.prlimit(hlbd.pid, resource.RLIMIT_NOFILE, before)
    hlbd.wait_for_log("info over after .*Too many open files")
    assert hlbd.log().count("finds nothing out") == 1
    assert "-> down" not in hlbd.log()


SERVICES = 10
BACKENDS = 3


def mass_services():
    names = [f"mass{number}.test" for number in range(SERVICES)]
    return {name: [f"127.1.{number}.{each + 1}" for each in range(BACKENDS)]
            for number, name in enumerate(names)}


def test_when_most_backends_of_several_services_fail_that_is_said_once_and_confirmed_twice(stage):
    services = mass_services()
    every = [address for addresses in services.values() for address in addresses]
    backends = stage.backend(*every)
    hlbd = stage.hlbd(config(*(service(name, found) for name, found in services.items())))
    backends.kill()
    until(lambda: hlbd.log().count("up -> down") == len(every), "all left out")
    log = hlbd.log()
    assert log.count("most backends of several services fail at once") == 1
    said = log.index("most backends of several services")
    assert set(re.findall(r"up -> down: .*\((\d) in a row\b", log[said:])) == {"3"}
    backends.start()
    until(lambda: hlbd.log().count("down -> up") == len(every), "all back")
