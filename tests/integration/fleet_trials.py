"""What befalls a fleet of many hosts, and what its tables answer meanwhile: for the tests, and in full size
for the bench. Times are in seconds."""

import shutil
import signal
import subprocess
import time

from etcds import PEERS, PROGRAMS
from fleet import key
from fleet_hosts import write
from lookups import Hammer
from waiting import until
from world import BUILD, run

BACK = 5  # so long may it take until all is as etcd has it, once that is back
NEW = "new.internal"


class Trials:
    """On hosts that all follow the same catalog, `content`. Its first names are what changes."""

    def __init__(self, stage, etcd, hosts, content):
        self.stage, self.etcd, self.hosts, self.content = stage, etcd, hosts, content
        self.names = list(content)
        self.seen = hosts.watch([*self.names[:10], NEW])
        self.next_address = 0
        self.returned = 0  # when etcd was back last

    def ctl(self, *words):
        return run(BUILD / "hlbctl", "--config", self.hosts.hlbds[0].config_file, *words).stdout

    def timed(self, change, name, addresses, seconds=10):
        """Of each host how long it took from before the change until it answers so."""
        self.seen.settle()
        begun = time.monotonic_ns()
        change()
        return self.seen.all_answer(name, addresses, begun, seconds)

    def put(self, *pairs):
        """Again and again: what is written while a leader gives up, or another is found, fails."""
        return lambda: until(lambda: succeeds(lambda: write(self.etcd, list(pairs))), "etcd takes writes", 20)

    # ---- changes -------------------------------------------------------------------------------

    def drain(self):
        """How long a drain takes, and its end."""
        name = self.names[0]
        target, all_of_it = f"{name}/{self.content[name][0]}", self.content[name]
        drained = self.timed(lambda: self.ctl("drain", target, "--fleet", "--reason", "kernel"), name, all_of_it[1:])
        cleared = self.timed(lambda: self.ctl("clear", target, "--fleet"), name, all_of_it)
        return drained, cleared

    def backend(self):
        """How long it takes that one is added, changed and removed."""
        name = self.names[1]
        first, *others = self.content[name]
        which, new = key("b", name, first), key("b", name, "127.8.0.1")
        yield self.timed(self.put((new, '{"v":1}')), name, [first, *others, "127.8.0.1"])
        yield self.timed(self.put((which, '{"v":1,"priority":7}')), name, [*others, "127.8.0.1"])
        yield self.timed(self.put((new, None)), name, others)
        self.timed(self.put((which, '{"v":1}')), name, [first, *others])

    def service(self):
        value = '{"v":1,"answer":"all","check":{"type":"none"}%s}'
        one, other = key("b", NEW, "127.8.0.1"), key("b", NEW, "127.8.0.2")
        backends = [(one, '{"v":1}'), (other, '{"v":1,"priority":3}')]
        which = key("s", NEW)
        yield self.timed(self.put(*backends, (which, value % "")), NEW, ["127.8.0.1"])
        yield self.timed(self.put((one, None), (which, value % ',"max_addresses":1')), NEW, ["127.8.0.2"])
        yield self.timed(self.put((other, None), (which, None)), NEW, "absent")

    # ---- the engine is away --------------------------------------------------------------------

    def change_one(self):
        """Adds a backend to a service; who is to be answered then."""
        self.next_address += 1
        name = self.names[2]
        address = f"127.8.1.{self.next_address}"
        self.content[name] = [*self.content[name], address]
        return name, (key("b", name, address), '{"v":1}')

    def away(self, leave, seconds, come_back):
        """The engine is away so long: how many answers changed, the lookups of meanwhile, and how long
        it took each host from its return until a change of then is there."""
        self.seen.settle()
        hammer = Hammer(self.stage, self.names[0], seconds, threads=4, pause_us=2000, runtime=self.hosts.runtimes[0])
        begun = time.monotonic_ns()
        leave()
        while hammer.running():
            time.sleep(0.05)
        changed = len(self.seen.changes_since(begun))
        come_back()
        name, pair = self.change_one()
        back = self.timed(self.put(pair), name, self.content[name], 30)
        return changed, hammer.result(), back

    def all_killed(self, seconds):
        every = range(len(self.etcd.members))
        return self.away(lambda: self.etcd.kill(*every), seconds, lambda: self.etcd.restart(*every))

    def all_stopped(self, seconds):
        every = range(len(self.etcd.members))
        return self.away(lambda: self.etcd.pause(*every), seconds, lambda: self.go_on(*every))

    def go_on(self, *members):
        self.etcd.go_on(*members)
        self.put(("/hlb-tests", "1"))()

    def one_stopped(self, member, seconds):
        return self.away(lambda: self.etcd.pause(member), seconds, lambda: self.go_on(member))

    # ---- the engine loses what it had ----------------------------------------------------------

    def lose(self, begin_anew, name, addresses):
        """How long the hosts take, from the engine's return, until they have what is new there; until all
        have said so; and what other answers changed."""
        self.seen.settle()
        before = [hlbd.log().count("hlbctl fleet accept") for hlbd in self.hosts.hlbds]
        begun = time.monotonic_ns()
        begin_anew()
        took = self.seen.all_answer(name, addresses, self.returned, 30)

        def all_say_so():
            now = self.hosts.lines("hlbctl fleet accept")
            return all(after == then + 1 for after, then in zip(now, before))

        until(all_say_so, "one line of each that tells what etcd has lost", 30)
        others = [each for each in self.seen.changes_since(begun) if each[2] != name]
        return took, (time.monotonic_ns() - self.returned) / 1e9, others

    def wipe(self):
        """All members begin anew. What is new there: the service NEW."""
        for number in range(len(self.etcd.members)):
            self.etcd.kill(number)
            shutil.rmtree(self.etcd.data(number))
        self.come_back()

    def save(self):
        """A snapshot as an operator makes it."""
        file = self.etcd.folder / "saved.db"
        file.unlink(missing_ok=True)
        self.etcd.ctl("snapshot", "save", file, members=[0])
        return file

    def restore(self, file):
        """All members go back to it."""
        names = self.etcd.names
        peers = [f"http://{address}:{PEERS}" for address in self.etcd.addresses]
        cluster = ",".join(f"{name}={peer}" for name, peer in zip(names, peers))
        for number, name in enumerate(names):
            self.etcd.kill(number)
            shutil.rmtree(self.etcd.data(number))
            run(PROGRAMS / "etcdctl", "snapshot", "restore", file, "--name", name, "--initial-cluster", cluster,
                "--initial-advertise-peer-urls", peers[number], "--data-dir", self.etcd.data(number),
                env={"ETCDCTL_API": "3", "PATH": "/usr/bin:/bin"})  # fmt: skip
        self.come_back()

    def come_back(self):
        self.etcd.restart(*range(len(self.etcd.members)))
        self.returned = time.monotonic_ns()
        write(self.etcd, new_service("127.8.2.1"))

    def compacted(self, away, seconds):
        """So many hosts are stopped while all changes and is compacted. How long each of them takes then."""
        self.seen.settle()
        self.hosts.signal(signal.SIGSTOP, *away)
        names = [self.change_one() for _ in range(5)]
        for _, pair in names:
            write(self.etcd, [pair])
        gone = self.content[self.names[3]].pop()
        write(self.etcd, [(key("b", self.names[3], gone), None)])
        time.sleep(seconds)
        self.etcd.compact()
        self.hosts.signal(signal.SIGCONT, *away)
        begun = time.monotonic_ns()
        self.seen.all_answer(self.names[3], self.content[self.names[3]], begun, 30)
        return self.seen.all_answer(names[0][0], self.content[names[0][0]], begun, 30)


def succeeds(action):
    try:
        action()
    except subprocess.SubprocessError:  # whatever etcdctl dislikes
        return False
    return True


def new_service(*addresses):
    return [*((key("b", NEW, each), '{"v":1}') for each in addresses),
            (key("s", NEW), '{"v":1,"answer":"all","check":{"type":"none"}}')]  # fmt: skip
