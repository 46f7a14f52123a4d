"""What makes hlbd probe at once: the network is another one, or somebody's connection broke."""

import os
import re

import pytest
from lan import FAR, NEAR, Lan, far_addresses
from lookups import lookup
from waiting import until
from world import BUILD, PRELOAD, config, ip, service

# Whatever is found in a test, no regular probe has found it.
SELDOM = {"type": "tcp", "interval": "1h"}
SOON = 3.0


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
