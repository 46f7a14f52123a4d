"""Many connections at once: hlbd ends 10,000 with the verdict, and of as many others, and of those that are
alive, none."""

import time
from dataclasses import dataclass

import pytest
from keeping import KEEP, HeldSockets, KeepingServer, closing, ended
from transitions import transitions
from waiting import until
from world import PEER_HOST, PORT, config

A, B = "127.0.8.1", "127.0.8.2"
MANY, LIVELY, BESIDE = 10_000, 1_000, 2_500
# Between the first failed probe and the verdict there is time for seven signs of life.
PATIENT_CHECK = {"fall": 3, "fast_interval": "2s", "interval": "2s", "timeout": "2s"}
OTHER_PORT, OTHER_SERVICE = 9001, 9002


@dataclass
class Crowd:
    """What became of the sockets of a backend that is found to be sick, while it answers; and of others."""

    verdict: float
    log: list  # what was ended, by it
    doomed: dict  # as held_sockets.py tells
    lively: dict
    others: dict  # how many there were, and how many were ended


def play(stage):
    server = KeepingServer(stage, [PORT], [A, B])  # by itself, or checks might have to wait
    KeepingServer(stage, [KEEP], [A])
    KeepingServer(stage, [OTHER_PORT, OTHER_SERVICE], [A])
    KeepingServer(stage, [KEEP], [B])
    KeepingServer(stage, [KEEP], [A], host=PEER_HOST)  # it has a loopback of its own
    hlbd = stage.hlbd(config(
        closing("app.test", [A, B], "stale", PATIENT_CHECK),
        closing("other.test", [A, B], "all", {"path": "/other", "interval": "5s", "timeout": "5s"},
                close_ports=[OTHER_SERVICE]),
    ))  # fmt: skip
    doomed = HeldSockets(stage, "tcp", A, KEEP, MANY)
    lively = HeldSockets(stage, "alive", A, KEEP, LIVELY)
    others = {
        "another port": HeldSockets(stage, "tcp", A, OTHER_PORT, BESIDE),
        "another service": HeldSockets(stage, "tcp", A, OTHER_SERVICE, BESIDE),
        "another address": HeldSockets(stage, "tcp", B, KEEP, BESIDE),
        "another namespace": HeldSockets(stage, "tcp", A, KEEP, BESIDE - 500, host=PEER_HOST),
        "UDP": HeldSockets(stage, "udp", A, KEEP, 500),
    }
    server.sick(A)
    told = doomed.wait_until_all_ended(30)
    until(lambda: ended(hlbd, A), "it in the log")
    (down,) = transitions(hlbd.log(), "up -> down")
    until(lambda: time.time() > down.time + 1.5, "the first repeat")
    return Crowd(down.time, ended(hlbd, A), told, lively.told(),
                 {what: (each.count, each.ended()) for what, each in others.items()})  # fmt: skip


@pytest.fixture(scope="module")
def crowd(file_stage):
    return play(file_stage)


def test_10_000_connections_are_ended_at_once(crowd):
    first, last = (crowd.doomed[key] - crowd.verdict for key in ("first", "last"))
    print(f"the first {first * 1000:.0f} ms after the verdict, the last {last * 1000:.0f} ms")
    assert crowd.doomed["ended"] == MANY
    assert [each.count for each in crowd.log] == [MANY]


def test_of_1_000_that_are_alive_none_is_ended(crowd):
    print(f"{crowd.lively['gap']:.2f} s at most between signs of life")
    assert crowd.lively["ended"] == 0


def test_of_10_000_others_none_is_ended(crowd):
    assert sum(count for count, _ in crowd.others.values()) == 10_000
    assert not [what for what, (_, ended_) in crowd.others.items() if ended_]
