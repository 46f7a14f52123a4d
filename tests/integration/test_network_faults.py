"""What hlbd makes of a network that is broken, slow, or loses packets."""

import re
import signal
import socket
import sys
import time
from dataclasses import dataclass

import pytest
from lan import FAR, FARTHER, NEAR, Lan, far_addresses, firewall, no_firewall
from lookups import lookup, lookups
from programs import Stage
from transitions import transitions
from waiting import until
from world import PORT, config, ip, service

# The defaults of a check, in seconds, and what schedule.h says of it.
INTERVAL, TIMEOUT, FAST = 2.0, 1.0, 0.5
JITTER = 1.1
CONFIRM_HARD, CONFIRM_SOFT = 0.05, 0.2
SLACK = 1.5  # of a loaded machine
DEFAULTS = {"interval": "2s"}  # what world.CHECK changes

# From the fault to the verdict, and from the repair, with the default settings.
DETECTS_HARD = INTERVAL * JITTER + CONFIRM_HARD
DETECTS_SOFT = INTERVAL * JITTER + TIMEOUT + CONFIRM_SOFT + TIMEOUT
RECOVERS = TIMEOUT + INTERVAL * JITTER + FAST * JITTER  # a probe that is under way may fail yet


# ---- faults, all at once, each of a backend of its own -------------------------------------------


@dataclass
class Fault:
    """`rule`: for the far host's firewall, "{}" being the backend. `reason`: what the log says."""

    reason: str
    soft: bool = False
    rule: str = ""
    check: str = "tcp"
    ipv6: bool = False


FAULTS = {
    "syn-black-hole": Fault("no connection in 1s", soft=True, rule="ip daddr {} drop"),
    "syn-black-hole-http": Fault(
        "no connection in 1s", soft=True, rule="ip daddr {} drop", check="http"
    ),
    "syn-black-hole-ipv6": Fault(
        "no connection in 1s", soft=True, rule="ip6 daddr {} drop", ipv6=True
    ),
    "reset": Fault("connection refused", rule="ip daddr {} meta l4proto tcp reject with tcp reset"),
    "reset-ipv6": Fault(
        "connection refused", rule="ip6 daddr {} meta l4proto tcp reject with tcp reset", ipv6=True
    ),
    "port-unreachable": Fault("connection refused", rule="ip daddr {} reject"),
    "host-unreachable": Fault(
        "no route to host", rule="ip daddr {} reject with icmp host-unreachable"
    ),
    "net-unreachable": Fault(
        "network unreachable", rule="ip daddr {} reject with icmp net-unreachable"
    ),
    "prohibited": Fault("no route to host", rule="ip daddr {} reject with icmp admin-prohibited"),
    "unreachable-ipv6": Fault(
        "no route to host", rule="ip6 daddr {} reject with icmpv6 addr-unreachable", ipv6=True
    ),
    "address-removed": Fault("no connection in 1s", soft=True),
    "link-down": Fault("no connection in 1s", soft=True),
    "killed": Fault("connection refused"),
    "stopped": Fault("no response in 1s", soft=True, check="http"),
    "backlog-full": Fault("no connection in 1s", soft=True),
}

# Takes no connection until it gets a SIGUSR1, and from then on every one.
RELUCTANT = """
import signal, socket, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
listener = socket.create_server((sys.argv[1], int(sys.argv[2])), backlog=0)
print("ready", flush=True)
signal.sigwait([signal.SIGUSR1])
while True: listener.accept()[0].close()
"""


# Stands beside each backend, so that no service loses most of its backends, which hlbd would rather
# take for trouble of its own network. It gets no lookup.
STEADY = "127.0.0.200"


class Scene:
    """A backend for each fault, on the far hosts, and the programs that serve them."""

    def __init__(self, stage):
        self.addresses = dict(zip(FAULTS, far_addresses(*range(11, 11 + len(FAULTS))), strict=True))
        self.addresses["link-down"] = "10.97.0.201"
        stage.backend(STEADY)
        own = {"killed", "stopped", "backlog-full", "link-down"}
        self.killed = stage.backend(self.addresses["killed"], host=FAR)
        self.stopped = stage.backend(self.addresses["stopped"], host=FAR)
        self.full = stage.program(*FAR, sys.executable, "-c", RELUCTANT,
                                  self.addresses["backlog-full"], PORT, ready="ready")  # fmt: skip
        stage.backend(self.addresses["link-down"], host=FARTHER)
        stage.backend(*[self.backend(name) for name in FAULTS if name not in own], host=FAR)
        self.waiting = []

    def backend(self, name):
        address = self.addresses[name]
        return address.replace("10.97.0.", "fd97::") if FAULTS[name].ipv6 else address

    def services(self):
        checks = {name: {**DEFAULTS, "type": fault.check} for name, fault in FAULTS.items()}
        beside = {"address": STEADY, "weight": 0}
        services = [service(name, [self.backend(name), beside], check)
                    for name, check in checks.items()]  # fmt: skip
        half_open = service("half-open", [self.backend("stopped")], {**DEFAULTS, "type": "tcp"})
        return [*services, half_open]

    def spoil(self):
        firewall(fault.rule.format(self.backend(name)) for name, fault in FAULTS.items())
        ip(f"-n far addr del {self.addresses['address-removed']}/24 dev eth0")
        ip("-n farther link set eth0 down")
        self.killed.kill()
        self.stopped.signal(signal.SIGSTOP)
        self.fill_backlog()

    def fill_backlog(self):
        for _ in range(4):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex((self.addresses["backlog-full"], PORT))
            self.waiting.append(waiting)

    def repair(self):
        no_firewall()
        ip(f"-n far addr add {self.addresses['address-removed']}/24 dev eth0")
        ip("-n farther link set eth0 up")
        self.killed.start()
        self.stopped.signal(signal.SIGCONT)
        self.full.signal(signal.SIGUSR1)
        for waiting in self.waiting:
            waiting.close()


@dataclass
class Story:
    """What happened to all backends of the scene, told by the log."""

    log: str
    spoilt: float
    repaired: float

    def of(self, name):
        """The transitions of that service since the faults."""
        return [
            each for each in transitions(self.log) if each.name == name and each.time >= self.spoilt
        ]


@pytest.fixture(scope="module")
def story(tmp_path_factory):
    stage = Stage(tmp_path_factory.mktemp("story"))
    try:
        Lan(stage)
        return play(Scene(stage), stage)
    finally:
        stage.close()


def play(scene, stage):
    hlbd = stage.hlbd(config(*scene.services()))

    def all_are(change):
        seen = transitions(hlbd.log(), change)
        return {each.name for each in seen if each.address != STEADY} >= set(FAULTS)

    until(lambda: all_are("unknown -> up"), "all backends up")
    spoilt = time.time()
    scene.spoil()
    until(lambda: all_are("up -> down"), "all faults found", 2 * DETECTS_SOFT)
    assert not [name for name in FAULTS if lookup(name).ok]
    assert lookup("half-open").ok
    repaired = time.time()
    scene.repair()
    until(lambda: all_are("down -> up"), "all repairs found", 2 * RECOVERS)
    assert not [name for name in FAULTS if not lookup(name).ok]
    return Story(hlbd.log(), spoilt, repaired)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_as_soon_as_the_settings_promise_and_told(story, name):
    fault = FAULTS[name]
    down = story.of(name)[0]
    assert (down.change, down.reason, down.in_a_row) == ("up -> down", fault.reason, 2)
    took = down.time - story.spoilt
    print(f"{name}: found after {took:.2f} s")
    assert took < (DETECTS_SOFT if fault.soft else DETECTS_HARD) + SLACK


@pytest.mark.parametrize("name", FAULTS)
def test_a_repair_is_found_as_soon_as_the_settings_promise(story, name):
    _, up = story.of(name)
    assert (up.change, up.in_a_row) == ("down -> up", 2)
    took = up.time - story.repaired
    print(f"{name}: back after {took:.2f} s")
    assert took < RECOVERS + SLACK


def test_a_stopped_process_still_takes_connections_so_that_tcp_alone_passes(story):
    assert not story.of("half-open")


# ---- our own link ------------------------------------------------------------------------------


def test_our_own_link_down_is_no_verdict_on_the_backends(stage):
    lan = Lan(stage)
    addresses = far_addresses(11, 12) + ["fd97::11"]
    quick = {"interval": "400ms", "timeout": "300ms"}
    mortal = stage.backend("10.97.0.12", host=FAR)
    stage.backend("10.97.0.11", "fd97::11", host=FAR)
    hlbd = stage.hlbd(
        config(
            *[service(f"{kind}.test", addresses, {**quick, "type": kind}, answer="all")
              for kind in ("tcp", "http")], log_level="debug"
        )
    )  # fmt: skip
    answers = lambda: set(lookup("http.test").addresses)  # noqa: E731
    until(lambda: answers() == set(addresses), "all up")
    ip(f"link set {NEAR} down")
    try:
        hlbd.wait_for_log("this host's own.*no route from this host: Network is unreachable")
        mortal.kill()
        count = lambda: len(re.findall("no route from this host", hlbd.log()))  # noqa: E731
        until(lambda: count() > 60, "ten attempts of each check")
        assert not transitions(hlbd.log(), "up -> down")
        assert answers() == set(addresses)
    finally:
        lan.link_up()
    # A backend that died in the meantime is found out, and no other is touched.
    until(lambda: answers() == {"10.97.0.11", "fd97::11"}, "the dead backend out of the answers")
    hlbd.wait_for_log("http.test/10.97.0.12: up -> down")
    downs = {(each.address, each.reason) for each in transitions(hlbd.log(), "up -> down")}
    assert downs == {("10.97.0.12", "connection refused")}


def test_a_backend_without_a_route_is_left_out_while_another_is_reached(stage):
    Lan(stage)
    lost, reached = far_addresses(11, 12)
    stage.backend(lost, reached, host=FAR)
    check = {"interval": "400ms", "timeout": "300ms"}
    hlbd = stage.hlbd(config(service("far.test", [lost, reached], check, answer="all")))
    until(lambda: set(lookup("far.test").addresses) == {lost, reached}, "both are found")
    ip(f"route add unreachable {lost}")
    try:
        hlbd.wait_for_log(rf"far.test/{lost}: up -> down: no route from this host: No route to host")
        assert lookup("far.test").addresses == [reached]
    finally:
        ip(f"route del unreachable {lost}")
    until(lambda: set(lookup("far.test").addresses) == {lost, reached}, "it is back")


# ---- delay and loss ----------------------------------------------------------------------------


def latencies(log, kind):
    """Of all passes of that type of check, in seconds."""
    passed = re.findall(rf"{kind} 10\.97\.\S+: (?:connected|HTTP 200.*) after (\d+)us", log)
    return [int(each) / 1e6 for each in passed]


def test_backends_far_away_pass_by_their_answer_to_the_first_syn(stage):
    # By then, 0.7 s after it, four more have been sent, the last of which is answered too late.
    Lan(stage, delay=0.35)
    addresses = far_addresses(11, 12, 13)
    stage.backend(*addresses, host=FAR)
    hlbd = stage.hlbd(
        config(service("far.test", addresses, {**DEFAULTS, "type": "tcp"}), log_level="debug")
    )
    until(lambda: len(latencies(hlbd.log(), "tcp")) >= 6, "two passes of each", 15)
    assert min(latencies(hlbd.log(), "tcp")) == pytest.approx(0.7, abs=0.05)


def test_a_network_that_loses_a_tenth_each_way_takes_no_backend_down(stage):
    Lan(stage, loss=0.1)
    addresses = far_addresses(*range(11, 61))
    backends = stage.backend(*addresses, host=FAR)
    hlbd = stage.hlbd(
        config(
            service("tcp.test", addresses, {**DEFAULTS, "type": "tcp"}, answer="all"),
            service("http.test", addresses[:25], DEFAULTS, answer="all"),
            log_level="debug",
        )
    )
    time.sleep(25)
    log = hlbd.log()
    assert not [each for each in transitions(log, "up -> down") if each.name == "tcp.test"]
    passed = {kind: latencies(log, kind) for kind in ("tcp", "http")}
    failed = {
        kind: re.findall(rf"({kind} \S+): (no .* in 1s|response .* after 1s)", log)
        for kind in ("tcp", "http")
    }
    for kind in ("tcp", "http"):
        asked_again = sum(each > 0.1 for each in passed[kind])
        print(f"{kind}: {len(passed[kind])} passed, {asked_again} after a loss; {failed[kind]}")
    assert sum(each > 0.1 for each in passed["tcp"]) > 0.1 * len(passed["tcp"]), "19 % of SYNs"
    # 0.02 % of the TCP checks fail, and 0.3 % of the HTTP checks, where a lost reply may be sent
    # again too late; so two in a row are a matter of days.
    assert len(failed["tcp"]) < 0.01 * len(passed["tcp"])
    assert len(failed["http"]) < 0.03 * len(passed["http"])
    # True deaths are still found at once, though a refusal may get lost as well.
    backends.kill()
    until(lambda: not lookups("tcp.test").addresses(), "all are found dead", DETECTS_HARD + SLACK)


# ---- a backend without a route -----------------------------------------------------------------


def test_a_reload_where_nothing_changed_changes_nothing_for_a_backend_without_a_route(stage):
    ip("route add unreachable 10.88.0.1")
    stage.parts.callback(ip, "route del unreachable 10.88.0.1")
    text = config(service("lost.test", ["10.88.0.1"]))
    hlbd = stage.hlbd(text)
    assert lookup("lost.test").status == "EAI_AGAIN"
    hlbd.reload(text)
    found = lookups("lost.test", count=10)
    assert found.statuses() == {"EAI_AGAIN"}
    assert found.slowest_us < 150_000  # none is held back for outcomes
