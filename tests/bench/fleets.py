"""Many hosts of one fleet on three members of etcd: how soon all of their tables have what changes, what
changes while etcd is away or has lost what it had, how soon they start, and what following costs a host.

Half of the figures is the machine's, which all hosts and members share here.
"""

import os
import statistics
import sys
import time

import engine
import servers
from etcds import EtcdCluster
from fleet import Fleet, key
from fleet_hosts import QUIET, Hosts, catalog, fill
from fleet_trials import NEW, Trials
from programs import Stage
from rows import Samples
from waiting import until
from world import config, saying, service

HOSTS = int(os.environ.get("FLEET_HOSTS", "50"))
AWAY = float(os.environ.get("FLEET_AWAY", "60"))  # seconds that etcd is gone
STOPPED = AWAY / 2  # longer than what hosts, and leases, wait for a sign of life
CUT_OFF = 10  # hosts, while etcd is compacted
IDLE = 20  # seconds

ATTEMPTS = {
    "changes": ["drain", "clear", "backend-added", "backend-changed", "backend-removed",
                "service-added", "service-changed", "service-removed"],
    "killed": ["killed-changed", "killed-failed", "killed"],
    "stopped": ["stopped-changed", "stopped-failed", "stopped"],
    "leader": ["leader-changed", "leader-failed", "leader"],
    "member": ["member-changed", "member-failed", "member"],
    "compacted": ["compacted"],
    "restored": ["restored", "restored-said", "restored-changed", "restored-accepted"],
    "wiped": ["wiped", "wiped-said", "wiped-changed", "wiped-accepted"],
    "starts": ["start", "start-alone", "start-one"],
    "costs": ["memory-fleet", "memory-local", "idle-fleet", "idle-local"],
}  # fmt: skip


def fleet():
    """Samples of each case: nanoseconds, or counts."""
    cases = [case for cases in ATTEMPTS.values() for case in cases]
    results = {f"fleet-{case}": "not measured" for case in cases + [f"{case}-worst" for case in cases]}
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, range(os.cpu_count()))
    stage = Stage(servers.FOLDER / "fleet")
    stage.folder.mkdir(parents=True, exist_ok=True)
    try:
        with saying("/etc/nsswitch.conf", "hosts: hlb\n"):
            Measured(stage, results).all()
    finally:
        stage.close()
        os.sched_setaffinity(0, cores)
    return results


class Measured:
    """One fleet after the other; what can't be measured is left out, with a word on it."""

    def __init__(self, stage, results):
        self.stage, self.results = stage, results

    def all(self):
        self.costs()
        self.starts()
        self.many = self.up(catalog(services=10, backends=10))
        for name in ["changes", "killed", "stopped", "leader", "member", "compacted", "restored", "wiped"]:
            print(f"bench: fleet, {name} …", file=sys.stderr, flush=True)
            try:
                getattr(self, name)()
            except (AssertionError, OSError) as error:
                print(f"bench: {error}", file=sys.stderr)

    def keep(self, case, took, number=0):
        """The median, and the worst, of what the hosts took in seconds."""
        for name, figure in [(case, statistics.median(took)), (f"{case}-worst", max(took))]:
            self.keep_one(name, figure * 1e9, number)

    def keep_one(self, case, figure, number=0):
        if not isinstance(self.results.get(f"fleet-{case}"), Samples):
            self.results[f"fleet-{case}"] = Samples()
        self.results[f"fleet-{case}"][number] = figure

    def up(self, content):
        etcd = EtcdCluster(self.stage, 3)
        fill(etcd, content)
        hosts = Hosts(self.stage, Fleet(etcd), HOSTS)
        hosts.wait_until_ready()
        return Trials(self.stage, etcd, hosts, content)

    def changes(self):
        for number in range(engine.ROUNDS):
            took = [*self.many.drain(), *self.many.backend(), *self.many.service()]
            for case, each in zip(ATTEMPTS["changes"], took):
                self.keep(case, each, number)

    def was_away(self, case, outcome):
        changed, lookups, back = outcome
        self.keep(case, back)
        self.keep_one(f"{case}-changed", changed)
        self.keep_one(f"{case}-failed", sum(each.count for each in lookups.results if not each.ok))

    def killed(self):
        self.was_away("killed", self.many.all_killed(AWAY))

    def stopped(self):
        self.was_away("stopped", self.many.all_stopped(STOPPED))

    def leader(self):
        self.was_away("leader", self.many.one_stopped(self.many.etcd.leader(), STOPPED))

    def member(self):
        others = [number for number in range(3) if number != self.many.etcd.leader()]
        self.was_away("member", self.many.one_stopped(others[0], STOPPED))

    def compacted(self):
        self.keep("compacted", self.many.compacted(range(CUT_OFF), 7))

    def lost(self, case, begin_anew, name, without):
        took, said, others = self.many.lose(begin_anew, NEW, ["127.8.2.1"])
        self.keep(case, took)
        self.keep_one(f"{case}-said", said * 1e9)
        self.keep_one(f"{case}-changed", len(others))
        self.keep(f"{case}-accepted", self.many.timed(
            lambda: self.many.ctl("fleet", "accept", "--yes"), name, without))  # fmt: skip

    def restored(self):
        many = self.many
        saved, name, before = many.save(), many.names[4], many.content[many.names[4]]
        many.timed(many.put((key("b", name, "127.8.3.1"), '{"v":1}')), name, [*before, "127.8.3.1"])
        self.lost("restored", lambda: many.restore(saved), name, before)
        many.timed(many.put((key("s", NEW), None)), NEW, "absent")

    def wiped(self):
        self.lost("wiped", self.many.wipe, self.many.names[4], "absent")

    def starts(self):
        print("bench: fleet, starts …", file=sys.stderr, flush=True)
        etcd = EtcdCluster(self.stage, 3, net=12)
        fill(etcd, catalog(services=100, backends=10))
        hosts = Hosts(self.stage, Fleet(etcd), HOSTS)
        self.keep("start", hosts.wait_until_ready())
        hosts.watch(["s99.internal"]).settle()
        hosts.unwatch()
        for hlbd in hosts.hlbds:
            hlbd.terminate()
        etcd.kill(0, 1, 2)
        hosts.restart()
        self.keep("start-alone", hosts.wait_until_ready(times=2))
        hosts.kill()
        first = hosts.hlbds[0]
        begun = time.monotonic()
        first.start()
        until(lambda: first.notifications.count("READY", "1") == 3, "READY from one alone")
        self.keep("start-one", [time.monotonic() - begun])
        first.kill()

    def costs(self):
        print("bench: fleet, costs …", file=sys.stderr, flush=True)
        content = catalog(services=100, backends=10)
        text = config(*(service(name, each, answer="all", check=None) for name, each in content.items()))
        text = text.replace('{ type = "http", port = 8082, interval = "250ms" }', f'{{ type = "{QUIET["type"]}" }}')
        self.costs_of("local", self.stage.hlbd(text, runtime=self.folder()))
        etcd = EtcdCluster(self.stage, 3, net=11)
        fill(etcd, content)
        self.costs_of("fleet", self.stage.hlbd(config() + Fleet(etcd).section(), runtime=self.folder()))
        etcd.kill(0, 1, 2)

    def costs_of(self, whose, hlbd):
        time.sleep(3)  # until a snapshot is saved
        self.keep_one(f"memory-{whose}", engine.private_bytes(hlbd.pid))
        before = engine.cpu_time(hlbd.pid)
        time.sleep(IDLE)
        self.keep_one(f"idle-{whose}", (engine.cpu_time(hlbd.pid) - before) / IDLE / 1e7)  # percent
        hlbd.kill()

    def folder(self):
        runtime = self.stage.new_folder() / "run"
        runtime.mkdir()
        return runtime
