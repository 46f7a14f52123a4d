"""Real programs whose backend falls silent: with close_connections each learns it with the verdict, and
its next request reaches a healthy backend; without, each hangs on."""

import signal
import subprocess
import time
from dataclasses import dataclass

import pytest
from keeping import (
    Keeper, KeepingServer, built, ended, known_to_hosts, lacking, nginx_before,
)  # fmt: skip
from servers import POSTGRES, Mariadb, postgres, redis
from transitions import transitions
from waiting import until
from world import PEER_HOST, config, run, service

CLOSED, KEPT, HEALTHY = "10.99.0.11", "10.99.0.13", "10.99.0.12"
NAMES = {CLOSED: "closed.test", KEPT: "kept.test"}
SILENT = "{ %s, %s }" % (CLOSED, KEPT)  # noqa: UP031
BLACK_HOLE = f"""
flush ruleset
table inet hole {{
  chain input {{ type filter hook input priority 0; ip daddr {SILENT} drop; }}
  chain output {{ type filter hook output priority 0; ip saddr {SILENT} drop; }}
}}
"""
PORTS = [8080, 5432, 6379, 3306]

# Programs that see an error; that see only the answer of another backend; that see nothing until their
# next request; and one that connects to the same address again.
BUSY = ["curl", "requests_stream", "psql", "mariadb", "redis", "java", "go"]
MENDED = ["nginx"]
IDLE = ["requests_pool"]
KINDS = [*BUSY, *MENDED, *IDLE, "cached"]
# Seconds: far more than it takes, and less than the one after which hlbd does it again.
SOON = 0.7
OBSERVED = 7.0  # beyond the last time that hlbd does it


@dataclass
class Outage:
    """What happened, by the clock."""

    silent: float  # since when the backends are
    verdicts: dict  # address: time
    keepers: dict  # (kind, address): Keeper
    over: float
    hlbd: object

    def seen(self, kind, address):
        """What the program has seen since its backend fell silent, by the seconds since the verdict."""
        events = self.keepers[kind, address].events(since=self.silent)
        return [(each.word, each.time - self.verdicts[address], each.text) for each in events]


def servers(stage):
    everywhere = (CLOSED, KEPT, HEALTHY)
    KeepingServer(stage, [8080], everywhere, patient=(CLOSED, KEPT), host=PEER_HOST)
    anybody = ("--protected-mode", "no")
    redis(stage, CLOSED, 6379, "--bind", CLOSED, KEPT, *anybody, host=PEER_HOST)
    redis(stage, HEALTHY, 6379, *anybody, host=PEER_HOST)
    run("redis-cli", "-h", HEALTHY, "LPUSH", "elements", HEALTHY)
    if not lacking("mariadb"):
        Mariadb(stage, "0.0.0.0", 3306, host=PEER_HOST)
    if POSTGRES:
        postgres(stage, "0.0.0.0", 5432, host=PEER_HOST)


def start_keepers(stage, kinds):
    """Each of them twice, all at once."""
    known_to_hosts(stage, {f"static-{NAMES[each]}": (each, HEALTHY) for each in NAMES})
    commands = {kind: built(kind, stage.new_folder()) for kind in ("java", "go") if kind in kinds}
    keepers = {}
    for number, (address, name) in enumerate(NAMES.items()):
        front = f"127.0.0.1:{8100 + number}"
        program = nginx_before(stage, address, HEALTHY, front)
        where = {"nginx": front, "cached": address, "go": f"static-{name}"}
        until(lambda front=front: answers(front), "nginx")
        assert program.running(), program.log()
        for kind in kinds:
            keepers[kind, address] = Keeper(stage, kind, where.get(kind, name), commands.get(kind))
    for each in keepers.values():
        each.wait_until_holding()
    return keepers


def answers(front):
    return run("curl", "-sS", f"http://{front}/", check=False).returncode == 0


def play(stage):
    servers(stage)
    check = {"port": 8080, "path": "/health", "interval": "1s", "timeout": "1s"}
    backends = {each: [each, {"address": HEALTHY, "priority": 1}] for each in NAMES}
    how = {CLOSED: {"close_connections": "stale", "close_ports": PORTS}, KEPT: {}}
    services = [service(NAMES[each], backends[each], check, **how[each]) for each in NAMES]
    hlbd = stage.hlbd(config(*services))
    keepers = start_keepers(stage, [kind for kind in KINDS if not lacking(kind)])
    silent = time.time()
    subprocess.run([*PEER_HOST, "nft", "-f", "-"], input=BLACK_HOLE, check=True, text=True)
    stage.parts.callback(run, *PEER_HOST, "nft", "flush", "ruleset")
    downs = lambda: {each.address: each.time for each in transitions(hlbd.log(), "up -> down")}  # noqa: E731
    until(lambda: CLOSED in downs(), "the verdict")
    until(lambda: ended(hlbd, CLOSED), "connections ended")
    until(lambda: KEPT in downs(), "the other verdict")
    for (kind, _), keeper in keepers.items():
        if kind in IDLE:
            keeper.program.signal(signal.SIGUSR1)
    until(lambda: time.time() > max(downs().values()) + OBSERVED, "the last repeat", 2 * OBSERVED)
    return Outage(silent, downs(), keepers, time.time(), hlbd)


@pytest.fixture(scope="module")
def outage(file_stage):
    return play(file_stage)


def of_kinds(*kinds):
    return pytest.mark.parametrize(
        "kind",
        [pytest.param(kind, marks=pytest.mark.skipif(bool(lacking(kind)), reason=lacking(kind) or ""))
         for kind in kinds],
    )  # fmt: skip


@of_kinds(*BUSY, "cached")
def test_a_program_learns_with_the_verdict_that_its_connection_is_lost(outage, kind):
    word, took, text = outage.seen(kind, CLOSED)[0]
    print(f"{kind}: {took * 1000:.0f} ms after the verdict: {text}")
    assert word == "error"
    assert -0.01 < took < SOON


@of_kinds(*MENDED)
def test_a_program_that_asks_again_by_itself_is_answered_with_the_verdict(outage, kind):
    word, took, text = outage.seen(kind, CLOSED)[-1]
    print(f"{kind}: {took * 1000:.0f} ms after the verdict: {text}")
    assert (word, text) == ("next", HEALTHY)
    assert -0.01 < took < SOON


@of_kinds(*BUSY, *IDLE)
def test_the_next_request_reaches_a_healthy_backend(outage, kind):
    word, took, text = outage.seen(kind, CLOSED)[-1]
    print(f"{kind}: {took * 1000:.0f} ms after the verdict: {text}")
    assert word == "next"
    assert text in (HEALTHY, "some healthy backend")


@of_kinds("cached")
def test_a_program_that_connects_to_the_same_address_again_is_told_again_after_1_and_5_s(outage, kind):
    seen = outage.seen(kind, CLOSED)
    print(seen)
    assert [word for word, *_ in seen] == ["error"] * 3
    times = [took for _, took, _ in seen]
    assert 0.9 < times[1] < 4 and 4.9 < times[2]


@of_kinds(*KINDS)
def test_without_the_option_a_program_hangs_on(outage, kind):
    assert outage.over - outage.verdicts[KEPT] > OBSERVED
    assert outage.seen(kind, KEPT) == []
    assert outage.keepers[kind, KEPT].program.running()
    assert not ended(outage.hlbd, KEPT)
